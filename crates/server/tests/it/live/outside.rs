//! The world outside of the server.

use std::sync::Arc;

use axum::{Router, extract::State, routing::get};
use tokio::{net::TcpListener, sync::Semaphore, task::JoinSet, time::timeout};

use super::PATIENCE;

/// A place outside that answers when it is told to.
pub(crate) struct Slow {
    pub(super) address: String,
    gates: Arc<Gates>,
    _server: JoinSet<()>,
}

struct Gates {
    arrived: Semaphore,
    go_on: Semaphore,
}

impl Slow {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let gates = Arc::new(Gates { arrived: Semaphore::new(0), go_on: Semaphore::new(0) });
        let hold = async |State(gates): State<Arc<Gates>>| {
            gates.arrived.add_permits(1);
            gates.go_on.acquire().await.expect("open").forget();
            "done"
        };
        let router = Router::new().route("/hold", get(hold)).with_state(gates.clone());
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.expect("it serves until the test ends") });
        Self { address, gates, _server: server }
    }

    /// Waits until a script has asked.
    pub(crate) async fn arrived(&self) {
        timeout(PATIENCE, self.gates.arrived.acquire()).await.expect("a script asks").expect("open").forget();
    }

    /// Lets one request have its answer.
    pub(crate) fn answer(&self) {
        self.gates.go_on.add_permits(1);
    }
}
