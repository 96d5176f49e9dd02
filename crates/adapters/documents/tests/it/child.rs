//! The child process: what it gives, what its limits do, what becomes of it when it is cancelled or dies.

use std::{
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use botserver_documents::{ChildExtractor, read_document};
use botserver_ports::{DocumentExtractor as _, ExtractError, ExtractLimits, ExtractRequest};
use tokio_util::sync::CancellationToken;

use crate::support::{bytes_in_child, extractor, fixture, in_child};

fn request(name: &str) -> ExtractRequest {
    ExtractRequest { path: fixture(name), name: name.to_owned(), limits: ExtractLimits::default() }
}

#[tokio::test]
async fn a_child_gives_what_the_reader_gives() {
    for name in ["docx-pandoc.docx", "xlsx-libreoffice.xlsx", "pdf-chromium.pdf", "html-hand.html", "csv-comma.csv"] {
        let limits = ExtractLimits::default();
        let here = read_document(&fixture(name), name, limits);
        assert_eq!(in_child(fixture(name), name, limits).await, here, "{name}");
    }
}

#[tokio::test]
async fn pages_are_counted_while_they_are_read() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let progress = {
        let heard = Arc::clone(&heard);
        Box::new(move |done, of| heard.lock().unwrap().push((done, of)))
    };
    let document = extractor().extract(request("pdf-200-pages.pdf"), progress, CancellationToken::new()).await.unwrap();
    assert_eq!(document.pages, Some(200));
    let heard = heard.lock().unwrap();
    assert!(heard.len() > 10 && heard.is_sorted(), "{heard:?}");
    assert_eq!(heard.last(), Some(&(200, Some(200))));
}

/// A server that was killed leaves no child behind, also one that is in the middle of a document.
#[cfg(unix)]
#[test]
fn a_child_ends_with_its_parent() {
    let folder = tempfile::tempdir().unwrap();
    let endless = folder.path().join("a.md");
    // Whoever opens it waits for a writer that never comes.
    assert!(Command::new("mkfifo").arg(&endless).status().unwrap().success());
    let mut child = Command::new(env!("CARGO_BIN_EXE_botserver-extract"))
        .args(["-o", "json", "--with-parent"])
        .arg(&endless)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdin.take());
    assert!(!child.wait().unwrap().success());
}

#[tokio::test]
async fn errors_keep_their_kind() {
    let limits = ExtractLimits::default();
    let read = |name: &'static str| in_child(fixture(name), name, limits);
    assert_eq!(read("pdf-encrypted.pdf").await, Err(ExtractError::Encrypted));
    assert_eq!(read("pdf-scanned.pdf").await, Err(ExtractError::NoText));
    assert!(matches!(bytes_in_child("a.docx", b"PK\x03\x04 broken", limits).await, Err(ExtractError::Damaged(_))));
    assert!(matches!(bytes_in_child("a.exe", b"MZ\x90\0\x03\0\0\0", limits).await, Err(ExtractError::Unsupported(_))));
    assert!(matches!(read("is-not-there.pdf").await, Err(ExtractError::Damaged(_))));
}

#[tokio::test]
async fn too_many_pages_are_refused() {
    let limits = ExtractLimits { pages: 199, ..ExtractLimits::default() };
    let outcome = in_child(fixture("pdf-200-pages.pdf"), "a.pdf", limits).await;
    let Err(ExtractError::Limit(why)) = outcome else { panic!("{outcome:?}") };
    assert!(why.contains("200 pages") && why.contains("199"), "{why}");
}

#[tokio::test]
async fn too_much_text_is_refused() {
    let limits = ExtractLimits { output: 20_000, ..ExtractLimits::default() };
    let outcome = in_child(fixture("pdf-200-pages.pdf"), "a.pdf", limits).await;
    assert!(matches!(outcome, Err(ExtractError::Limit(_))), "{outcome:?}");
}

#[tokio::test]
async fn too_little_time_is_told() {
    let limits = ExtractLimits { time: Duration::from_millis(1), ..ExtractLimits::default() };
    let outcome = in_child(fixture("pdf-200-pages.pdf"), "a.pdf", limits).await;
    assert!(matches!(outcome, Err(ExtractError::Limit(_))), "{outcome:?}");
}

#[tokio::test]
async fn too_little_memory_kills_the_child_alone() {
    // Enough to start; the page becomes a tree of some hundred megabytes.
    let limits = ExtractLimits { memory: 160 << 20, ..ExtractLimits::default() };
    let page = "<p>a<b>b</b>".repeat(800_000);
    let outcome = bytes_in_child("a.html", page.as_bytes(), limits).await;
    let Err(ExtractError::Died(why)) = outcome else { panic!("{outcome:?}") };
    assert!(why.contains("memory"), "{why}");
}

#[tokio::test]
async fn a_cancelled_child_ends() {
    let cancel = CancellationToken::new();
    let progress = {
        let cancel = cancel.clone();
        Box::new(move |_, _| cancel.cancel())
    };
    let outcome = extractor().extract(request("pdf-200-pages.pdf"), progress, cancel).await;
    assert_eq!(outcome, Err(ExtractError::Cancelled));

    let cancelled = CancellationToken::new();
    cancelled.cancel();
    let outcome = extractor().extract(request("pdf-200-pages.pdf"), Box::new(|_, _| {}), cancelled).await;
    assert_eq!(outcome, Err(ExtractError::Cancelled));
}

/// What a shell does in the place of the child.
async fn shell(script: &str, limits: ExtractLimits) -> Result<botserver_ports::Extracted, ExtractError> {
    let request = ExtractRequest { limits, ..request("text-utf8.txt") };
    let extractor = ChildExtractor::new("/bin/sh", ["-c", script]);
    extractor.extract(request, Box::new(|_, _| {}), CancellationToken::new()).await
}

#[tokio::test]
async fn every_death_is_an_error_of_its_document() {
    let limits = ExtractLimits::default();
    for script in [
        "exit 0",
        "exit 101",
        "kill -SEGV $$",
        "kill -KILL $$",
        "kill -ABRT $$",
        "echo nonsense",
        "printf '{\"block\":{\"kind\":\"text\",\"text\":\"cut'",
        "echo '{\"block\":{\"kind\":\"text\",\"text\":\"no end\"}}'",
    ] {
        let outcome = shell(script, limits).await;
        assert!(matches!(outcome, Err(ExtractError::Died(_))), "{script}: {outcome:?}");
    }
    let nowhere = ChildExtractor::new("/nowhere/at/all", [] as [&str; 0]);
    let outcome = nowhere.extract(request("text-utf8.txt"), Box::new(|_, _| {}), CancellationToken::new()).await;
    assert!(matches!(outcome, Err(ExtractError::Died(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_child_that_never_stops_talking_or_never_says_a_word_is_ended() {
    let limits = ExtractLimits { output: 1 << 20, ..ExtractLimits::default() };
    let endless = "while :; do echo '{\"block\":{\"kind\":\"text\",\"text\":\"again and again and again\"}}'; done";
    assert!(matches!(shell(endless, limits).await, Err(ExtractError::Limit(_))));
    assert!(matches!(shell("exec cat /dev/zero", limits).await, Err(ExtractError::Limit(_))));
    let loud = "echo '{\"end\":{\"title\":null,\"pages\":null,\"warnings\":[]}}'; exec cat /dev/zero >&2";
    assert!(shell(loud, limits).await.is_ok(), "nobody waits for the noise on stderr");
    let limits = ExtractLimits { time: Duration::from_millis(200), ..limits };
    assert!(matches!(shell("exec sleep 600", limits).await, Err(ExtractError::Limit(_))));
}

#[tokio::test]
async fn a_child_inherits_nothing() {
    let script = "test -z \"$HOME\" && test \"$(pwd)\" = / && \
                  echo '{\"end\":{\"title\":null,\"pages\":null,\"warnings\":[]}}'";
    assert!(shell(script, ExtractLimits::default()).await.is_ok());
}

fn typed(args: &[&str]) -> (Option<i32>, String, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_botserver-extract")).args(args).stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_person_gets_markdown() {
    let (status, out, _) = typed(&[fixture("docx-pandoc.docx").to_str().unwrap()]);
    assert_eq!(status, Some(0));
    assert!(out.contains("## Mahlgrade\n"), "{out}");
    assert!(out.contains("| Grad | Körnung | Geeignet für |\n|---|---|---|\n| 1 | sehr fein | Espresso |\n"), "{out}");

    let (status, out, err) = typed(&[fixture("pdf-encrypted.pdf").to_str().unwrap()]);
    assert_eq!((status, out.as_str()), (Some(1), ""));
    assert_eq!(err, "pdf-encrypted.pdf: the document is encrypted; save it without a password\n");

    assert_eq!(typed(&[]).0, Some(2));
    assert_eq!(typed(&["--colour", "x"]).0, Some(2));
}

#[test]
fn a_program_gets_lines_of_json() {
    let (status, out, _) = typed(&["-o", "json", fixture("text-utf8.txt").to_str().unwrap()]);
    assert_eq!(status, Some(0));
    let lines: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["block"]["kind"], "text");
    assert!(lines.last().unwrap()["end"].is_object(), "{lines:?}");
}
