//! Sockets: who may open one, what it may send, and how it ends.

use botserver_web::{CUT_OFF_BYTES, MAX_FRAME_BYTES, ServeLimits, WebSettings};
use futures_util::{SinkExt, StreamExt};
use http::HeaderValue;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};

use crate::listener::Running;

type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn open(server: &Running, protocol: Option<&str>, origin: Option<&str>) -> Result<Client, Error> {
    let mut request = format!("ws://{}/api/v1/socket", server.address).into_client_request().expect("a request");
    for (name, value) in [("sec-websocket-protocol", protocol), ("origin", origin)] {
        if let Some(value) = value {
            request.headers_mut().insert(name, HeaderValue::from_str(value).expect("a value"));
        }
    }
    connect_async(request).await.map(|(client, _)| client)
}

fn refusal(opened: Result<Client, Error>) -> (u16, String) {
    match opened {
        Err(Error::Http(response)) => {
            let body = response.body().clone().unwrap_or_default();
            (response.status().as_u16(), String::from_utf8_lossy(&body).into_owned())
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_socket_talks_and_is_waited_for_at_shutdown() {
    let server = Running::start(ServeLimits::default(), WebSettings::default()).await;
    let own = format!("http://{}", server.address);
    let mut client = open(&server, Some("other.v1, test.v1"), Some(&own)).await.expect("open");
    client.send(Message::text("hello")).await.expect("sent");
    assert_eq!(client.next().await.expect("an answer").expect("a frame"), Message::text("hello"));
    let sockets = server.site.shared.sockets.clone();
    assert_eq!(sockets.open(), 1);
    assert_eq!(server.stop().await, 0);
    sockets.drained().await;
    assert_eq!(sockets.open(), 0);
}

#[tokio::test]
async fn other_sites_and_other_protocols_are_refused() {
    let server = Running::start(ServeLimits::default(), WebSettings::default()).await;
    let (status, body) = refusal(open(&server, Some("test.v1"), Some("https://evil.example")).await);
    assert!(status == 403 && body.contains("foreign_origin"), "{body}");
    let (status, body) = refusal(open(&server, Some("test.v1"), Some("null")).await);
    assert!(status == 403, "{body}");
    for protocol in [None, Some("test.v2")] {
        let (status, body) = refusal(open(&server, protocol, None).await);
        assert!(status == 400 && body.contains("wrong_subprotocol"), "{body}");
    }
    let plain = server.site.get("/api/v1/socket").await;
    plain.problem(426, "not_a_socket");
    assert!(open(&server, Some("test.v1"), None).await.is_ok(), "a program without an origin");
}

#[tokio::test]
async fn a_frame_that_is_too_large_ends_the_socket_only() {
    let server = Running::start(ServeLimits::default(), WebSettings::default()).await;
    let mut client = open(&server, Some("test.v1"), None).await.expect("open");
    // What a protocol refuses is read; only what is much longer is not.
    for size in [MAX_FRAME_BYTES, CUT_OFF_BYTES] {
        client.send(Message::binary(vec![7; size])).await.expect("sent");
        assert_eq!(client.next().await.expect("an answer").expect("a frame").len(), size);
    }
    // The server may close while we still send.
    let _ = client.send(Message::binary(vec![7; CUT_OFF_BYTES + 1])).await;
    while let Some(Ok(frame)) = client.next().await {
        assert!(!frame.is_binary(), "the frame came back");
    }
    assert!(open(&server, Some("test.v1"), None).await.is_ok());
}

#[tokio::test]
async fn a_socket_counts_as_a_connection_as_long_as_it_is_open() {
    let limits = ServeLimits { max_connections: 1, ..ServeLimits::default() };
    let server = Running::start(limits, WebSettings::default()).await;
    let client = open(&server, Some("test.v1"), None).await.expect("open");
    let (status, body) = refusal(open(&server, Some("test.v1"), None).await);
    assert!(status == 503 && body.contains("too_many_connections"), "{body}");
    drop(client);
    while open(&server, Some("test.v1"), None).await.is_err() {}
}
