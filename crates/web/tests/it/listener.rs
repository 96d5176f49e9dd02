//! Over a real listener: limits on connections, heads and time, and the shutdown.

use std::{net::SocketAddr, time::Duration};

use botserver_web::{ServeLimits, WebSettings, serve};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::support::TestSite;

pub(crate) struct Running {
    pub(crate) site: TestSite,
    pub(crate) address: SocketAddr,
    server: JoinSet<usize>,
}

impl Running {
    pub(crate) async fn start(limits: ServeLimits, settings: WebSettings) -> Self {
        let site = TestSite::with_settings(settings);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut server = JoinSet::new();
        server.spawn(serve(listener, site.router.clone(), limits, site.shutdown.clone()));
        Self { site, address, server }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("a connection")
    }

    /// Sends bytes and reads until the server closes.
    async fn talk(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect().await;
        // The server may close before it has read everything.
        let _ = stream.write_all(bytes.as_ref()).await;
        rest(&mut stream).await
    }

    pub(crate) async fn stop(mut self) -> usize {
        self.site.shutdown.cancel();
        self.server.join_next().await.expect("a server").expect("no panic")
    }
}

async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset after the answer is as good as an end.
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

const GET: &str = "GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_head_that_never_ends_is_cut_off() {
    let limits = ServeLimits { head_timeout: Duration::from_millis(30), ..ServeLimits::default() };
    let server = Running::start(limits, WebSettings::default()).await;
    let text = server.talk("GET /livez HTTP/1.1\r\nhost: x\r\nx-slow: ").await;
    assert!(!text.contains("200 OK"), "{text}");
    // And one that says nothing at all.
    assert_eq!(server.talk("").await, "");
    assert!(server.talk(GET).await.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn a_body_that_never_comes_is_given_up() {
    let settings = WebSettings { request_timeout: Duration::from_millis(30), ..WebSettings::default() };
    let server = Running::start(ServeLimits::default(), settings).await;
    let head =
        "POST /api/v1/orders HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{";
    let text = server.talk(head).await;
    assert!(text.starts_with("HTTP/1.1 503") && text.contains("\"code\":\"timeout\""), "{text}");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let server = Running::start(ServeLimits::default(), WebSettings::default()).await;
    let large = format!("GET /livez HTTP/1.1\r\nhost: x\r\nx-large: {}\r\n\r\n", "x".repeat(100_000));
    let many = format!("GET /livez HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(200));
    let address = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(100_000));
    for bytes in [large, many, address] {
        let text = server.talk(&bytes).await;
        assert!(text.starts_with("HTTP/1.1 431") || text.starts_with("HTTP/1.1 414"), "{text}");
    }
    for garbage in [b"\0\0\0\0\r\n\r\n".as_slice(), b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03", b"GET\r\n\r\n"] {
        let text = server.talk([garbage, b"\r\n\r\n"].concat()).await;
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 400"), "{text}");
    }
    assert!(server.talk(GET).await.starts_with("HTTP/1.1 200 OK"), "the server keeps serving");
}

#[tokio::test]
async fn one_connection_too_many_hears_why() {
    let limits = ServeLimits { max_connections: 1, ..ServeLimits::default() };
    let server = Running::start(limits, WebSettings::default()).await;
    let mut first = server.connect().await;
    first.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("sent");
    let mut begin = [0; 15];
    first.read_exact(&mut begin).await.expect("an answer");
    assert_eq!(&begin, b"HTTP/1.1 200 OK");
    let refused = server.talk(GET).await;
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("too_many_connections"), "{refused}");
    drop(first);
    // The server sees the end of the first one a moment later.
    while !server.talk(GET).await.starts_with("HTTP/1.1 200 OK") {}
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_cut_off() {
    let limits = ServeLimits { write_timeout: Duration::from_millis(30), ..ServeLimits::default() };
    let server = Running::start(limits, WebSettings::default()).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /api/v1/endless HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("sent");
    server.site.shared.dropped.notified().await;
}

#[tokio::test]
async fn a_shutdown_lets_requests_finish() {
    let server = Running::start(ServeLimits::default(), WebSettings::default()).await;
    let mut idle = server.connect().await;
    let mut busy = server.connect().await;
    busy.write_all(b"GET /api/v1/wait HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("sent");
    server.site.shared.arrived.notified().await;
    server.site.shutdown.cancel();
    assert_eq!(rest(&mut idle).await, "", "an idle connection is closed at once");
    server.site.shared.go_on.notify_one();
    let text = rest(&mut busy).await;
    assert!(text.starts_with("HTTP/1.1 200 OK") && text.ends_with("done"), "{text}");
    let address = server.address;
    assert_eq!(server.stop().await, 0);
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_request_that_does_not_finish_is_cut_off_and_counted() {
    let limits = ServeLimits { drain: Duration::from_millis(30), ..ServeLimits::default() };
    let server = Running::start(limits, WebSettings::default()).await;
    let mut busy = server.connect().await;
    busy.write_all(b"GET /api/v1/wait HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("sent");
    server.site.shared.arrived.notified().await;
    assert_eq!(server.stop().await, 1);
    assert_eq!(rest(&mut busy).await, "");
}

#[tokio::test]
async fn who_is_still_sending_a_refused_body_reads_why() {
    let server =
        Running::start(ServeLimits::default(), WebSettings { body_limit_bytes: 1_000, ..Default::default() }).await;
    let body = vec![b'x'; 16 << 20];
    for _ in 0..3 {
        let mut stream = TcpStream::connect(server.address).await.expect("connected");
        let head = format!(
            "POST /api/v1/orders HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            server.address,
            body.len()
        );
        stream.write_all(head.as_bytes()).await.expect("sent");
        stream.write_all(&body).await.expect("nobody hangs up in the middle");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer and an end");
        assert!(answer.contains("connection: close"), "{answer}");
        assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("\"code\":\"too_large\""), "{answer}");
    }
    server.stop().await;
}
