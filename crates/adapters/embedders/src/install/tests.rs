//! Downloads from a server of the test: whole, cut, changed, without ranges, and onto a disk that takes nothing.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::body::Bytes;
use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, Response, StatusCode, header},
};
use botserver_http::{HostPort, OutboundPolicy};
use futures_util::stream;
use parking_lot::Mutex;

use super::*;

/// How the server behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Manners {
    /// Breaks the first answer off after so many bytes.
    cut: Option<usize>,
    /// Sends other bytes of the same length.
    lies: bool,
    /// Knows no ranges.
    whole_only: bool,
    /// Sends ranges that nobody asked for.
    wrong_part: bool,
    /// Refuses.
    status: Option<u16>,
}

struct Server {
    manners: Mutex<Manners>,
    file: Vec<u8>,
    requests: AtomicUsize,
    /// The ranges that were asked for.
    ranges: Mutex<Vec<Option<String>>>,
}

async fn give(State(server): State<Arc<Server>>, headers: HeaderMap) -> Response<Body> {
    let manners = *server.manners.lock();
    let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    server.ranges.lock().push(range.clone());
    let first = server.requests.fetch_add(1, Ordering::SeqCst) == 0;
    if let Some(status) = manners.status {
        return Response::builder().status(status).body(Body::from("no")).unwrap();
    }
    let from = range.filter(|_| !manners.whole_only).map(|range| {
        let from: usize = range.trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap();
        from
    });
    let mut file = server.file.clone();
    if manners.lies {
        for byte in &mut file {
            *byte ^= 1;
        }
    }
    let part = file.split_off(from.unwrap_or_default());
    let mut response = Response::builder().header(header::CONTENT_LENGTH, part.len());
    if let Some(from) = from {
        let said = if manners.wrong_part { from + 1 } else { from };
        let range = format!("bytes {said}-{}/{}", server.file.len() - 1, server.file.len());
        response = response.status(StatusCode::PARTIAL_CONTENT).header(header::CONTENT_RANGE, range);
    }
    let body = match manners.cut.filter(|_| first) {
        Some(cut) => {
            let begun = Bytes::copy_from_slice(&part[..cut]);
            let pieces = [Ok(begun), Err(io::Error::other("cut on purpose"))];
            // The first piece must be on its way before the connection breaks.
            Body::from_stream(stream::unfold(pieces.into_iter(), async |mut pieces| {
                tokio::task::yield_now().await;
                Some((pieces.next()?, pieces))
            }))
        }
        None => Body::from(part),
    };
    response.body(body).unwrap()
}

/// A server of two files, the client that may reach it, and the entry of the catalogue for it.
async fn server(manners: Manners) -> (Arc<Server>, HttpClient, ModelEntry) {
    let file: Vec<u8> = (0..300_000_u32).map(|number| (number * 7 % 251) as u8).collect();
    let (size, sha256) = (file.len() as u64, digits(Sha256::new_with_prefix(&file)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let own = Arc::new(Server {
        manners: Mutex::new(manners),
        file,
        requests: AtomicUsize::new(0),
        ranges: Mutex::default(),
    });
    let router = Router::new().fallback(give).with_state(own.clone());
    #[expect(clippy::disallowed_methods, reason = "the test's runtime ends it")]
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let build = Build { url: Some(format!("http://{address}/model.onnx")), package: None, size, sha256 };
    let model = ModelEntry {
        name: "tiny".to_owned(),
        about: "A test".to_owned(),
        home: "https://models.example/tiny".to_owned(),
        licence: "Apache-2.0".to_owned(),
        dimensions: 4,
        max_tokens: 8,
        files: vec![ModelFile { name: "model.onnx".to_owned(), builds: vec![build] }],
    };
    let allow = vec![HostPort::new(address.ip().to_string(), address.port())];
    (own, HttpClient::new(OutboundPolicy { allow }), model)
}

/// Where a test installs.
fn place() -> (tempfile::TempDir, ModelFolder) {
    let folder = tempfile::tempdir().unwrap();
    let models = ModelFolder::new(folder.path().join("models"));
    (folder, models)
}

#[tokio::test]
async fn a_download_tells_how_far_it_is_and_arrives_whole() {
    let (own, http, model) = server(Manners::default()).await;
    let (_folder, models) = place();
    let mut seen = Vec::new();
    models
        .pull_entry(&http, &model, &mut |progress: Progress<'_>| seen.push((progress.done, progress.size)))
        .await
        .unwrap();
    assert!(seen.is_sorted() && seen.last() == Some(&(300_000, 300_000)), "{seen:?}");
    assert!(models.is_installed("tiny"));
    assert_eq!(fs::read(models.path("tiny").join("model.onnx")).unwrap(), own.file);
    assert_eq!(fs::read_dir(&models.root).unwrap().count(), 1, "nothing is left beside it");
}

#[tokio::test]
async fn a_cut_download_goes_on_where_it_broke_off() {
    for manners in [
        Manners { cut: Some(100_000), ..Manners::default() },
        Manners { cut: Some(100_000), whole_only: true, ..Manners::default() },
    ] {
        let (own, http, model) = server(manners).await;
        let (_folder, models) = place();
        let error = models.pull_entry(&http, &model, &mut |_: Progress<'_>| ()).await.unwrap_err();
        assert!(matches!(error, InstallError::Download { .. }), "{error}");
        assert!(error.to_string().contains("--from FILE"), "{error}");
        assert!(!models.is_installed("tiny") && models.installed().is_empty());
        let part = models.root.join("tiny.part/model.onnx.part");
        let kept = fs::metadata(&part).unwrap().len();
        assert!(kept > 0 && kept <= 100_000, "{kept}");
        models.pull_entry(&http, &model, &mut |_: Progress<'_>| ()).await.unwrap();
        assert_eq!(own.ranges.lock().as_slice(), [None, Some(format!("bytes={kept}-"))], "{manners:?}");
        assert_eq!(fs::read(models.path("tiny").join("model.onnx")).unwrap(), own.file);
    }
}

#[tokio::test]
async fn what_is_not_the_file_is_not_kept() {
    let (own, http, model) = server(Manners { lies: true, ..Manners::default() }).await;
    let (_folder, models) = place();
    let error = models.pull_entry(&http, &model, &mut |_: Progress<'_>| ()).await.unwrap_err();
    assert!(matches!(&error, InstallError::Changed { expected, .. } if *expected == model.files[0].builds[0].sha256));
    assert!(error.to_string().contains("--from FILE"), "{error}");
    assert!(!models.is_installed("tiny") && models.installed().is_empty() && !models.path("tiny").exists());
    assert_eq!(fs::read_dir(models.root.join("tiny.part")).unwrap().count(), 0);
    // Once the server is honest again, it works from the beginning.
    own.manners.lock().lies = false;
    models.pull_entry(&http, &model, &mut |_: Progress<'_>| ()).await.unwrap();
    assert_eq!(own.ranges.lock().as_slice(), [None, None]);
}

#[tokio::test]
async fn another_part_than_the_one_asked_for_is_not_appended() {
    for (status, wrong_part) in [(None, true), (Some(416), false)] {
        let (own, http, model) = server(Manners { wrong_part, status, ..Manners::default() }).await;
        let (_folder, models) = place();
        let staging = models.stage(&model).unwrap();
        fs::write(staging.join("model.onnx.part"), &own.file[..1_000]).unwrap();
        let error = models.pull_entry(&http, &model, &mut |_: Progress<'_>| ()).await.unwrap_err();
        assert!(matches!(error, InstallError::Download { .. }), "{error}");
        *own.manners.lock() = Manners::default();
        models.pull_entry(&http, &model, &mut |_: Progress<'_>| ()).await.unwrap();
        assert_eq!(fs::read(models.path("tiny").join("model.onnx")).unwrap(), own.file);
    }
}

#[tokio::test]
async fn a_server_that_refuses_is_named_by_its_status() {
    let (_, http, model) = server(Manners { status: Some(403), ..Manners::default() }).await;
    let (_folder, models) = place();
    let error = models.pull_entry(&http, &model, &mut |_: Progress<'_>| ()).await.unwrap_err();
    assert!(error.to_string().contains("status 403") && error.to_string().contains("--from FILE"), "{error}");
}

#[tokio::test]
async fn a_disk_that_takes_nothing_is_named() {
    let (own, http, model) = server(Manners::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let in_the_way = folder.path().join("models");
    fs::write(&in_the_way, "a file").unwrap();
    let error = ModelFolder::new(&in_the_way).pull_entry(&http, &model, &mut |_: Progress<'_>| ()).await.unwrap_err();
    assert!(
        matches!(&error, InstallError::Disk { path, .. } if path.starts_with(in_the_way.to_str().unwrap())),
        "{error}"
    );
    assert_eq!(own.requests.load(Ordering::SeqCst), 0, "nothing is downloaded that cannot be kept");
}
