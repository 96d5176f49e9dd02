//! Opening the chat socket, over TCP to a server or over a pipe inside this process.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::{Context, Result, anyhow};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, duplex},
    net::TcpStream,
    task::JoinSet,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{self, client::IntoClientRequest, http::HeaderValue},
};

/// The chat socket's subprotocol.
const PROTOCOL: &str = "botserver.chat.v1";
/// What may be under way inside this process.
const PIPE_BYTES: usize = 256 * 1024;

/// The socket of a server on this machine.
pub(super) async fn to_server(listening: SocketAddr, bot: &str) -> Result<WebSocketStream<TcpStream>> {
    let address = reachable(listening);
    let stream = TcpStream::connect(address).await.with_context(|| format!("cannot reach the server at {address}"))?;
    stream.set_nodelay(true)?;
    open(stream, &address.to_string(), bot).await
}

/// A server that listens everywhere is reached here.
fn reachable(listening: SocketAddr) -> SocketAddr {
    let ip = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listening.port())
}

/// The socket of a router in this process, which is served until the second part is dropped.
pub(super) async fn to_router(router: axum::Router, bot: &str) -> Result<(WebSocketStream<DuplexStream>, JoinSet<()>)> {
    let (ours, theirs) = duplex(PIPE_BYTES);
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let connection = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(theirs), TowerToHyperService::new(router))
            .with_upgrades();
        // When the pipe closes the conversation is over; who talks has been told by then.
        let _ = connection.await;
    });
    Ok((open(ours, "localhost", bot).await?, serving))
}

async fn open<S: AsyncRead + AsyncWrite + Unpin>(stream: S, host: &str, bot: &str) -> Result<WebSocketStream<S>> {
    let plain = bot.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if bot.is_empty() || !plain {
        return Err(anyhow!("`{bot}` cannot be a bot's name"));
    }
    let address = format!("ws://{host}/api/v1/bots/{bot}/socket");
    let mut request = address.into_client_request()?;
    request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static(PROTOCOL));
    match client_async(request, stream).await {
        Ok((socket, _)) => Ok(socket),
        Err(tungstenite::Error::Http(response)) if response.status() == 404 => {
            Err(anyhow!("there is no bot `{bot}` that serves; the owner's page lists all and what is wrong with them"))
        }
        Err(tungstenite::Error::Http(response)) => {
            Err(anyhow!("the server refused the conversation ({})", response.status()))
        }
        Err(error) => Err(anyhow!(error).context("the conversation cannot be opened")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_listens_everywhere_is_reached_on_this_machine() {
        let reach = |text: &str| reachable(text.parse().expect("an address")).to_string();
        assert_eq!(reach("0.0.0.0:80"), "127.0.0.1:80");
        assert_eq!(reach("[::]:80"), "[::1]:80");
        assert_eq!(reach("192.0.2.1:80"), "192.0.2.1:80");
    }
}
