//! What the log says of a request, and what it must not say.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use tracing_subscriber::fmt::MakeWriter;

use crate::support::{TestSite, request};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn a_line_names_the_route_and_the_cause_but_no_text_of_anybody() {
    let lines = Lines::default();
    let subscriber =
        tracing_subscriber::fmt().with_writer(lines.clone()).with_ansi(false).with_max_level(tracing::Level::TRACE);
    let guard = tracing::subscriber::set_default(subscriber.finish());
    let site = TestSite::new();
    site.get("/api/v1/things/usr_00000000000000000000000000000001?count=1&token=whisper").await;
    site.get("/whisper/c/whisper?token=whisper").await;
    site.get("/whisper/whisper/whisper/whisper").await;
    let headers = [("content-type", "application/json"), ("cookie", "who=whisper")];
    site.send(request("POST", "/api/v1/orders", &headers, r#"{"item": "whisper", "count": "whisper"}"#)).await;
    site.get_with("/api/v1/fail/internal", &[("x-request-id", "find-me")]).await;
    site.get("/api/v1/fail/panic").await;
    drop(guard);
    let text = String::from_utf8(lines.0.lock().expect("no panic").clone()).expect("text");
    assert!(!text.contains("whisper"), "{text}");
    for wanted in [
        "route=\"/api/v1/things/{id}\"",
        "route=\"/{bot}/c/{conversation}\"",
        "route=\"unmatched\"",
        "code=\"wrong_shape\"",
        "status=400",
        "the kettle is cold: password=hunter2",
        "somebody left the gas on",
    ] {
        assert!(text.contains(wanted), "{wanted} is not in\n{text}");
    }
    let cause = text.lines().find(|line| line.contains("the kettle is cold")).expect("a line");
    assert!(cause.contains("ERROR") && cause.contains("find-me"), "{cause}");
}
