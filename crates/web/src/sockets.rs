//! WebSockets: origin check, small buffers, one count of open ones, and a shutdown that waits for them.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, ws::WebSocketUpgrade},
    response::Response,
};
use botserver_kernel::ErrorKind;
use http::{HeaderMap, StatusCode, request::Parts};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use axum::extract::ws::{CloseFrame, Message, WebSocket};

use crate::{
    Problem,
    metrics::{GaugeHandle, Metrics},
    origin,
    settings::WebSettings,
};

/// The largest frame and message of a protocol. Whoever talks refuses a longer one in words.
pub const MAX_FRAME_BYTES: usize = 64 * 1024;
/// What is longer than this is not read at all: the socket ends.
pub const CUT_OFF_BYTES: usize = 4 * MAX_FRAME_BYTES;
/// Frames of people are short; a longer one is read in several goes. Both buffers are paid for by every open socket.
const READ_BYTES: usize = 1024;
/// Frames that are fed without a flush gather up to this and leave in one go.
const GATHER_BYTES: usize = 1024;
/// What one socket may have waiting to be sent.
const MAX_WAITING_BYTES: usize = 1024 * 1024;

/// All open sockets. Clones share them.
#[derive(Clone)]
pub struct Sockets {
    settings: Arc<WebSettings>,
    tasks: TaskTracker,
    shutdown: CancellationToken,
    open: GaugeHandle,
}

impl Sockets {
    /// `shutdown` is the server's; every socket's task gets it and ends soon after it is cancelled.
    pub fn new(settings: Arc<WebSettings>, metrics: &Metrics, shutdown: CancellationToken) -> Self {
        let open = metrics.gauge("sockets_open", "Open WebSockets");
        Self { settings, tasks: TaskTracker::new(), shutdown, open }
    }

    /// Accepts a socket that speaks `protocol` and runs `talk` with it.
    pub fn accept<F, W>(&self, upgrade: SocketUpgrade, protocol: &'static str, talk: F) -> Result<Response, Problem>
    where
        F: FnOnce(WebSocket, CancellationToken) -> W + Send + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        origin::check_socket(&upgrade.headers, &self.settings)?;
        if !upgrade.inner.requested_protocols().any(|name| name.as_bytes() == protocol.as_bytes()) {
            return Err(Problem::invalid(
                "wrong_subprotocol",
                format!("The socket must ask for the subprotocol `{protocol}`."),
            ));
        }
        let (shutdown, open, running) = (self.shutdown.clone(), self.open.clone(), self.tasks.token());
        Ok(upgrade
            .inner
            .protocols([protocol])
            .read_buffer_size(READ_BYTES)
            .write_buffer_size(GATHER_BYTES)
            .max_write_buffer_size(MAX_WAITING_BYTES)
            .max_message_size(CUT_OFF_BYTES)
            .max_frame_size(CUT_OFF_BYTES)
            .on_upgrade(move |socket| async move {
                let counted = Open::count(open);
                talk(socket, shutdown).await;
                drop((counted, running));
            }))
    }

    /// Resolves when every socket's task has ended. Call it after the shutdown began.
    pub async fn drained(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// How many are open.
    pub fn open(&self) -> usize {
        usize::try_from(self.open.get()).unwrap_or_default()
    }
}

/// True if a socket broke because a frame was longer than [`CUT_OFF_BYTES`]: nothing more can be read from it, but its
/// client can still be told.
pub fn was_cut_off(error: &axum::Error) -> bool {
    use tokio_tungstenite::tungstenite::Error;
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<Error>());
    matches!(source, Some(Error::Capacity(_)))
}

/// Counts down however the task ends.
struct Open(GaugeHandle);

impl Open {
    fn count(gauge: GaugeHandle) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A request that wants to become a socket.
pub struct SocketUpgrade {
    inner: WebSocketUpgrade,
    headers: HeaderMap,
}

impl<S: Send + Sync> FromRequestParts<S> for SocketUpgrade {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let inner = WebSocketUpgrade::from_request_parts(parts, state).await.map_err(|_| {
            Problem::new(ErrorKind::Invalid, "not_a_socket", "This address speaks WebSocket (version 13) only.")
                .with_status(StatusCode::UPGRADE_REQUIRED)
        })?;
        Ok(Self { inner, headers: parts.headers.clone() })
    }
}
