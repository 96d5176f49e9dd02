//! Time and size.

use std::{fmt::Write as _, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    http::header::{CONTENT_ENCODING, CONTENT_TYPE},
    routing::any,
};
use botserver_http::{Error, Method, Request, Trust};
use futures_util::{StreamExt, stream};
use tokio::io::AsyncWriteExt;

use crate::{client, serve};

fn get(url: String) -> Request {
    Request::new(Method::GET, &url, Trust::Untrusted).unwrap()
}

#[tokio::test]
async fn a_body_that_never_ends_is_stopped() {
    let endless = || async {
        Body::from_stream(stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 64 * 1024]))))
    };
    let server = serve(Router::new().fallback(any(endless))).await;
    let error = client(&[server]).send(get(format!("http://{server}/"))).await.unwrap_err();
    assert_eq!(error, Error::TooLarge { host: "127.0.0.1".into(), limit: 10 * 1024 * 1024 });
}

#[tokio::test]
async fn an_announced_length_is_refused_before_a_byte_is_read() {
    let server = serve(Router::new().fallback(any(async || vec![0_u8; 2000]))).await;
    let mut request = get(format!("http://{server}/"));
    request.max_body = 1999;
    let error = client(&[server]).send(request.clone()).await.unwrap_err();
    assert_eq!(error, Error::TooLarge { host: "127.0.0.1".into(), limit: 1999 });
    request.max_body = 2000;
    assert_eq!(client(&[server]).send(request).await.unwrap().body.len(), 2000);
}

#[tokio::test]
async fn a_body_that_stalls_and_a_server_that_is_silent_run_into_the_time_limit() {
    let stalls = || async {
        let first = stream::once(async { Ok::<_, std::io::Error>(Bytes::from_static(b"first")) });
        Body::from_stream(first.chain(stream::pending()))
    };
    let server = serve(Router::new().route("/stalls", any(stalls)).fallback(any(std::future::pending::<()>))).await;
    for path in ["stalls", "silent"] {
        let mut request = get(format!("http://{server}/{path}"));
        request.timeout = Duration::from_millis(200);
        let error = client(&[server]).send(request.clone()).await.unwrap_err();
        assert!(matches!(error, Error::Timeout { .. }), "{path}: {error}");
        assert_eq!(error.to_string(), "127.0.0.1 did not answer within 1 seconds");
    }
    let mut request = get(format!("http://{server}/stalls"));
    request.timeout = Duration::from_millis(200);
    let mut streaming = client(&[server]).open(request).await.unwrap();
    assert_eq!(streaming.body.next().await.unwrap().unwrap(), "first");
    assert!(matches!(streaming.body.next().await.unwrap(), Err(Error::Timeout { .. })));
    assert!(streaming.body.next().await.is_none());
}

#[tokio::test]
async fn compressed_bodies_stay_as_they_are() {
    let bomb = || async { ([(CONTENT_ENCODING, "gzip")], Bytes::from_static(b"\x1f\x8b\x08bomb")) };
    let server = serve(Router::new().fallback(any(bomb))).await;
    let answer = client(&[server]).send(get(format!("http://{server}/"))).await.unwrap();
    assert_eq!(&answer.body[..], b"\x1f\x8b\x08bomb");
    assert_eq!(answer.text(), None);
}

#[tokio::test]
async fn text_comes_in_the_character_set_that_the_sender_names() {
    let latin = || async { ([(CONTENT_TYPE, "text/html; charset=ISO-8859-1")], Bytes::from_static(b"pre\xe7o")) };
    let server = serve(Router::new().fallback(any(latin))).await;
    let answer = client(&[server]).send(get(format!("http://{server}/"))).await.unwrap();
    assert_eq!(answer.text().as_deref(), Some("preço"));
    assert_eq!(answer.media_type().as_deref(), Some("text/html"));
}

#[tokio::test]
async fn too_many_headers_and_what_is_not_http_are_errors() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "the test's runtime ends it")]
    tokio::spawn(async move {
        let mut heads = ["HTTP/1.1 200 OK\r\n".to_owned(), "SSH-2.0-OpenSSH\r\n\r\n".to_owned()].into_iter();
        while let Ok((mut socket, _)) = listener.accept().await {
            let Some(mut head) = heads.next() else { return };
            if head.starts_with("HTTP") {
                for index in 0..90 {
                    let _ = write!(head, "x-{index}: {}\r\n", "y".repeat(1000));
                }
                head.push_str("content-length: 0\r\n\r\n");
            }
            // The client may hang up before it has read everything.
            let _ = socket.write_all(head.as_bytes()).await;
            let _ = socket.shutdown().await;
        }
    });
    let client = client(&[address]);
    let error = client.send(get(format!("http://{address}/"))).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. } | Error::Broken { .. }), "{error}");
    let error = client.send(get(format!("http://{address}/"))).await.unwrap_err();
    assert_eq!(error, Error::Broken { host: "127.0.0.1".into() });
}

#[test]
fn headers_that_frame_the_message_cannot_be_set() {
    let request = || get("http://a.example/".to_owned());
    for name in ["Host", "Content-Length", "Transfer-Encoding", "Connection", "a b", "", "x\r\ny"] {
        assert!(request().header(name, "1").is_err(), "{name}");
    }
    assert!(request().header("X-Fine", "a\r\nInjected: b").is_err());
    assert!(request().header("X-Fine", " value ").is_ok());
}
