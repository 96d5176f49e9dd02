//! What may stand between the client and the network: it answers from a recording, or listens to what goes by.

use crate::{Request, Response, Result};

/// Between the client and the network.
pub trait Exchange: Send + Sync {
    /// The answer, if it is known without going out. An error keeps the request from going out.
    fn answer(&self, request: &Request) -> Result<Option<Response>>;

    /// What came of a request that went out.
    fn heard(&self, request: &Request, outcome: &Result<Response>);
}
