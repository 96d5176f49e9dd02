//! The listener: HTTP/1.1 with a bound on connections, on the time a head may take and on a peer that
//! does not read, and a shutdown that lets running requests finish.

use std::{sync::Arc, time::Duration};

use axum::{Router, body::Body};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::Service;

use crate::{guarded_stream::GuardedStream, request::Peer};

/// What one listener allows.
#[derive(Clone, Copy, Debug)]
pub struct ServeLimits {
    /// Open connections, sockets included; the next one is told 503 and closed.
    pub max_connections: usize,
    /// How long a request's head may take, and how long a connection may idle between requests.
    pub head_timeout: Duration,
    /// How long a peer may not read while we have something to send.
    pub write_timeout: Duration,
    /// The largest head; larger ones get 431.
    pub max_head_bytes: usize,
    /// The most headers; more get 431.
    pub max_headers: usize,
    /// How long running requests may take after the shutdown began.
    pub drain: Duration,
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self {
            max_connections: 16_000,
            head_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            max_head_bytes: 32 * 1024,
            max_headers: 100,
            drain: Duration::from_secs(20),
        }
    }
}

/// How many refused connections may hear the refusal at once; more are just closed.
const REFUSALS: usize = 64;
const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\n\
    retry-after: 5\r\nconnection: close\r\ncontent-length: 197\r\n\r\n\
    {\"type\":\"urn:botserver:problem:too_many_connections\",\"title\":\"The server cannot do this right now\",\
    \"status\":503,\"detail\":\"All connections are in use.\",\"code\":\"too_many_connections\",\"retry_after\":5}";

/// Serves until `shutdown`, then waits for the running requests, at most `limits.drain`.
///
/// Returns how many connections had to be cut off. Sockets are waited for by `Sockets::drained`.
pub async fn serve(listener: TcpListener, router: Router, limits: ServeLimits, shutdown: CancellationToken) -> usize {
    let free = Arc::new(Semaphore::new(limits.max_connections));
    let refusals = Arc::new(Semaphore::new(REFUSALS));
    let connections = TaskTracker::new();
    let cut_off = CancellationToken::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // A peer that went away is nothing; without file descriptors it helps to wait for some.
                if !is_about_the_peer(&error) {
                    tracing::error!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                continue;
            }
        };
        // Small frames go out at once; where the system refuses this it only costs time.
        let _ = stream.set_nodelay(true);
        if let Ok(permit) = free.clone().try_acquire_owned() {
            let stream = GuardedStream::new(stream, permit, limits.write_timeout);
            let connection =
                connection(stream, Peer(peer.ip()), router.clone(), limits, shutdown.clone(), cut_off.clone());
            connections.spawn(connection);
        } else if let Ok(permit) = refusals.clone().try_acquire_owned() {
            connections.spawn(async move {
                refuse(stream).await;
                drop(permit);
            });
        }
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(limits.drain, connections.wait()).await.is_ok() {
        return 0;
    }
    let left = connections.len();
    tracing::warn!(left, "requests did not end in time and are cut off");
    cut_off.cancel();
    connections.wait().await;
    left
}

async fn connection(
    stream: GuardedStream,
    peer: Peer,
    router: Router,
    limits: ServeLimits,
    shutdown: CancellationToken,
    cut_off: CancellationToken,
) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        router.clone().call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_headers(limits.max_headers)
        .max_buf_size(limits.max_head_bytes.max(8192))
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(connection);
    let mut stopping = false;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended with an error");
                }
                return;
            }
            () = shutdown.cancelled(), if !stopping => {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
            () = cut_off.cancelled() => return,
        }
    }
}

/// Says why, and reads what was sent so that closing does not reset the answer away.
async fn refuse(mut stream: TcpStream) {
    let talk = async {
        stream.write_all(REFUSAL).await?;
        stream.shutdown().await?;
        let mut sink = [0; 4096];
        while tokio::io::AsyncReadExt::read(&mut stream, &mut sink).await? > 0 {}
        std::io::Result::Ok(())
    };
    // Whatever goes wrong here, the connection is closed next.
    let _ = tokio::time::timeout(Duration::from_secs(1), talk).await;
}

fn is_about_the_peer(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_refusal_has_the_length_it_claims() {
        let text = std::str::from_utf8(super::REFUSAL).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.contains(&format!("content-length: {}", body.len())), "{}", body.len());
        serde_json::from_str::<serde_json::Value>(body).expect("JSON");
    }
}
