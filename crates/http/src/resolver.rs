//! From names to addresses. The guarded resolver checks every address of a name and hands exactly those
//! to the connection, so an answer that changes between check and use (DNS rebinding) gains nothing.

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
};

use crate::is_public;

/// The addresses of a name, to come.
pub type Resolved = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Looks names up; tests bring their own.
pub trait Resolve: Send + Sync {
    /// All addresses of the name.
    fn resolve(&self, host: &str) -> Resolved;
}

/// The machine's own resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, host: &str) -> Resolved {
        let host = host.to_owned();
        Box::pin(async move { Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect()) })
    }
}

/// A name that leads into a private network.
#[derive(Debug, thiserror::Error)]
#[error("a private address")]
pub(crate) struct PrivateAddress;

/// A name that has no address.
#[derive(Debug, thiserror::Error)]
#[error("no address")]
pub(crate) struct NoAddress;

/// What reqwest asks when it connects.
#[derive(Clone)]
pub(crate) struct Checked {
    pub(crate) inner: Arc<dyn Resolve>,
    /// Refuse private addresses.
    pub(crate) guarded: bool,
}

impl reqwest::dns::Resolve for Checked {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let look_up = self.inner.resolve(name.as_str());
        let guarded = self.guarded;
        Box::pin(async move {
            let addresses = look_up.await.map_err(|_| NoAddress)?;
            if addresses.is_empty() {
                return Err(NoAddress.into());
            }
            // One private address among public ones is refused too: which one gets used is up to chance.
            if guarded && !addresses.iter().all(|address| is_public(*address)) {
                return Err(PrivateAddress.into());
            }
            let addresses = addresses.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as reqwest::dns::Addrs)
        })
    }
}
