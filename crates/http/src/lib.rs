//! The one outbound HTTP client of the product: guarded against requests into private networks, with
//! limits on time and size. Nobody else builds a client. Knows no script, no bot and no provider.
//!
//! Invariant: a connection for an untrusted address goes to exactly the addresses that were checked; there
//! is no second look-up that could answer differently.

mod address;
mod client;
mod error;
mod exchange;
mod mask;
mod message;
mod policy;
mod resolver;
mod target;

pub use address::is_public;
pub use client::HttpClient;
pub use error::{Error, Result};
pub use exchange::Exchange;
pub use mask::mask_keys;
pub use message::{Request, Response, StreamingResponse};
pub use policy::{HostPort, OutboundPolicy, Trust};
pub use reqwest::{
    Method, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};
pub use resolver::{Resolve, Resolved, SystemResolver};
pub use target::parse_url;
