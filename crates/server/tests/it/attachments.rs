//! Files that people attach: whatever they are called and whatever is in them, they stay in their place and with their
//! owner.

use std::{fs, os::unix::fs::symlink, path::Path};

use serde_json::json;

use crate::live::{Body, Setup, Visitor, on_both, texts};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";

/// The files below a folder, by their path.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                found.push(entry.path().display().to_string());
            }
        }
    }
    found.sort();
    found
}

async fn mime_of(visitor: &Visitor, conversation: &str, name: &str, declared: &str, bytes: &[u8]) -> (String, String) {
    let kind: &'static str = declared.to_owned().leak();
    let path = format!("/api/v1/conversations/{conversation}/attachments?filename={name}");
    let stored = visitor.call("POST", &path, Body::Bytes(kind, bytes.to_vec())).await.expect(201).json();
    let url = stored["url"].as_str().expect("an address").to_owned();
    let given = visitor.get(&url).await.expect(200);
    assert_eq!(given.body, bytes, "{name}");
    assert_eq!(given.header("content-type"), stored["mime_type"].as_str().unwrap());
    assert_eq!(given.header("x-content-type-options"), "nosniff");
    assert!(given.header("content-security-policy").starts_with("default-src 'none'"), "{name}");
    let disposition = given.header("content-disposition").split(';').next().unwrap_or_default().to_owned();
    (given.header("content-type").to_owned(), disposition)
}

on_both! {
    async fn a_file_is_stored_given_back_and_used_by_a_dialog(setup: Setup) {
        let live = setup.start();
        let visitor = live.visitor().await;
        let conversation = visitor.begin("probe").await;
        let stored = visitor.upload(&conversation, "résumé 2.png", PNG).await.expect(201).json();
        assert_eq!(
            (&stored["filename"], &stored["mime_type"], &stored["size"]),
            (&json!("résumé 2.png"), &json!("image/png"), &json!(PNG.len()))
        );
        let given = visitor.get(stored["url"].as_str().unwrap()).await.expect(200);
        assert_eq!((given.body.as_slice(), given.header("content-length")), (PNG, &*PNG.len().to_string()));
        assert_eq!(given.header("content-disposition"), "inline; filename*=UTF-8''r%C3%A9sum%C3%A9%202.png");
        // A message brings it, and a dialog that asks for a file takes it and gives it back.
        assert_eq!(visitor.hears(&conversation, "Photo").await, ["Welcome.", "A file, please."]);
        let path = format!("/api/v1/conversations/{conversation}/messages?wait=30");
        let answer = visitor.post(&path, json!({"attachments": [stored["id"]]})).await.expect(200).json();
        assert_eq!(texts(&answer["messages"]), ["Thank you."], "{answer}");
        assert_eq!(answer["messages"][1]["parts"][0]["url"], stored["url"], "{answer}");
        // Another visitor can neither read nor send it; nor does it belong to another conversation of its owner.
        let other = live.visitor().await;
        other.get(stored["url"].as_str().unwrap()).await.problem(404, "not_found");
        for (who, conversation) in [(&other, other.begin("probe").await), (&visitor, visitor.begin("probe").await)] {
            let path = format!("/api/v1/conversations/{conversation}/messages");
            who.post(&path, json!({"attachments": [stored["id"]]})).await.problem(404, "not_found");
        }
        // It outlives a crash, and ends with its conversation.
        assert_eq!(files(&live.data().join("objects")).len(), 1);
        visitor.call("DELETE", &format!("/api/v1/conversations/{conversation}"), Body::None).await.expect(204);
        visitor.get(stored["url"].as_str().unwrap()).await.problem(404, "not_found");
        assert_eq!(files(&live.data().join("objects")), Vec::<String>::new());
    }

    async fn what_is_no_file_leaves_nothing_behind(setup: Setup) {
        let live = setup.set("LIMITS__UPLOAD_MAX_BYTES", "64 KB").start();
        let visitor = live.visitor().await;
        let conversation = visitor.begin("probe").await;
        visitor.upload(&conversation, "empty.txt", b"").await.problem(400, "invalid");
        visitor.upload(&conversation, "huge.bin", &vec![7; (64 << 10) + 1]).await.problem(413, "too_large");
        visitor.upload(&conversation, "huger.bin", &vec![7; 20 << 20]).await.problem(413, "too_large");
        visitor.upload(&conversation, "fits.bin", &vec![7; 64 << 10]).await.expect(201);
        let path = format!("/api/v1/conversations/{conversation}/attachments");
        visitor.call("POST", &path, Body::Bytes("text/plain", b"no name".to_vec())).await.problem(400, "bad_query");
        // An upload that breaks off.
        broken_upload(&visitor, &live.base, &conversation).await;
        visitor.get("/api/v1/me").await.expect(200);
        assert_eq!(files(&live.data().join("objects")).len(), 1, "{:?}", files(&live.data().join("objects")));
    }
}

/// Promises more than it sends.
async fn broken_upload(visitor: &Visitor, base: &str, conversation: &str) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let address = base.trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("the server");
    let head = format!(
        "POST /api/v1/conversations/{conversation}/attachments?filename=half.txt HTTP/1.1\r\nhost: {address}\r\n\
         cookie: {}\r\ncontent-length: 60000\r\n\r\nonly this",
        visitor.cookie()
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    stream.shutdown().await.expect("shut");
    let mut answer = Vec::new();
    // Whether there is an answer is the server's business; that it ends is ours.
    let _ = stream.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP/1.1 201"), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_name_leads_out_of_the_store() {
    let live = Setup::new().start();
    let visitor = live.visitor().await;
    let conversation = visitor.begin("probe").await;
    let before = files(&live.data().join(".."));
    for (name, kept) in [
        ("../../../etc/passwd", "passwd"),
        ("..\\..\\botserver.db", "botserver.db"),
        ("/etc/shadow", "shadow"),
        ("....//....//x", "x"),
        ("..", "file"),
        (".", "file"),
        ("", "file"),
        ("/", "file"),
        ("a\0b.txt", "ab.txt"),
        ("line\r\nSet-Cookie: x=1", "lineSet-Cookie: x=1"),
        ("CON", "CON"),
        ("\u{202e}gpj.exe", "\u{202e}gpj.exe"),
        (&"x".repeat(5_000), &"x".repeat(200)),
        ("<img src=x onerror=alert(1)>.png", "<img src=x onerror=alert(1)>.png"),
        ("\"; filename=\"evil.html", "\"; filename=\"evil.html"),
    ] {
        let stored = visitor.upload(&conversation, name, b"some text").await.expect(201).json();
        assert_eq!(stored["filename"], kept, "{name:?}");
        let given = visitor.get(stored["url"].as_str().unwrap()).await.expect(200);
        let disposition = given.header("content-disposition");
        assert!(disposition.starts_with("attachment; filename*=UTF-8''"), "{disposition}");
        assert!(!disposition.contains('"') && !disposition.contains('<'), "{disposition}");
        assert!(given.headers.get("set-cookie").is_none());
    }
    // Whatever came, came to the store and is called as we call it.
    let new: Vec<String> = files(&live.data().join("..")).into_iter().filter(|file| !before.contains(file)).collect();
    let store = live.data().join("objects").display().to_string();
    assert!(new.iter().all(|file| file.contains("/objects/") || file.contains("botserver.db")), "{new:?} {store}");
    for id in ["../../botserver.db", "..%2f..%2fbotserver.db", "att_..", "%2e%2e", "att_0123"] {
        let answer = visitor.get(&format!("/api/v1/attachments/{id}")).await;
        assert!(answer.status.is_client_error(), "{id}: {}", answer.status);
        assert!(!answer.text().contains("SQLite"), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_type_is_what_the_bytes_say_and_nothing_runs_in_the_browser() {
    let live = Setup::new().start();
    let visitor = live.visitor().await;
    let conversation = visitor.begin("probe").await;
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>".as_slice();
    let html = b"<!DOCTYPE html><script>alert(1)</script>".as_slice();
    for (name, declared, bytes, kind, disposition) in [
        ("a.png", "image/png", PNG, "image/png", "inline"),
        // A picture by its bytes, whatever it claims.
        ("a.html", "text/html", PNG, "image/png", "inline"),
        // No picture, whatever it claims: it may claim to be one, and is shown as nothing else.
        ("a.png", "image/png", b"\0\x01\x02".as_slice(), "image/png", "inline"),
        ("a.html", "text/html", html, "application/octet-stream", "attachment"),
        ("a.txt", "text/plain", html, "text/plain", "attachment"),
        ("a.txt", "text/html", b"<script>alert(1)</script>".as_slice(), "application/octet-stream", "attachment"),
        ("a.svg", "image/svg+xml", svg, "application/octet-stream", "attachment"),
        ("a.xml", "text/xml; charset=utf-8", b"<x/>".as_slice(), "application/octet-stream", "attachment"),
        ("a.js", "text/javascript", b"alert(1)".as_slice(), "application/octet-stream", "attachment"),
        ("a.txt", "text/plain", b"hello".as_slice(), "text/plain", "attachment"),
        ("a.bin", "x", b"hello".as_slice(), "application/octet-stream", "attachment"),
        ("a.bin", "a/b/c", b"hello".as_slice(), "application/octet-stream", "attachment"),
        // What curl says of any body is no type of the file, nor is nothing: its name tells.
        ("notes.txt", "application/x-www-form-urlencoded", b"hello".as_slice(), "text/plain", "attachment"),
        ("a.CSV", "", b"a,b".as_slice(), "text/csv", "attachment"),
        ("a.bin", "application/x-www-form-urlencoded", b"x".as_slice(), "application/octet-stream", "attachment"),
        ("file", "", b"x".as_slice(), "application/octet-stream", "attachment"),
        ("a.html", "", html, "application/octet-stream", "attachment"),
        ("a.svg", "application/x-www-form-urlencoded", svg, "application/octet-stream", "attachment"),
        ("a.zip", "application/zip", b"PK\x03\x04rest".as_slice(), "application/zip", "attachment"),
    ] {
        let (found, shown) = mime_of(&visitor, &conversation, name, declared, bytes).await;
        assert_eq!((&*found, &*shown), (kind, disposition), "{name} as {declared}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_in_the_store_leads_nowhere() {
    let live = Setup::new().start();
    let visitor = live.visitor().await;
    let conversation = visitor.begin("probe").await;
    let stored = visitor.upload(&conversation, "a.txt", b"mine").await.expect(201).json();
    let url = stored["url"].as_str().unwrap();
    let place = files(&live.data().join("objects")).pop().expect("the file");
    let outside = live.data().join("botserver.db");
    fs::remove_file(&place).expect("removed");
    symlink(&outside, &place).expect("a link");
    let answer = visitor.get(url).await;
    assert!(!answer.status.is_success(), "{}", answer.text());
    assert!(!answer.text().contains("SQLite"));
    // Nor is anything written through one.
    let folder = Path::new(&place).parent().expect("a folder").to_owned();
    fs::remove_dir_all(&folder).expect("removed");
    let elsewhere = live.data().join("elsewhere");
    fs::create_dir(&elsewhere).expect("a folder");
    symlink(&elsewhere, &folder).expect("a link");
    let answer = visitor.upload(&conversation, "b.txt", b"mine").await;
    assert!(!answer.status.is_success(), "{}", answer.text());
    assert_eq!(files(&elsewhere), Vec::<String>::new());
    visitor.get("/api/v1/me").await.expect(200);
}
