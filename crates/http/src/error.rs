//! What can go wrong with an outbound request. Messages name the host and never the rest of the address,
//! which may carry secrets.

use std::time::Duration;

use botserver_kernel::{ErrorKind, Fault};

use crate::HostPort;

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A request that got no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text is no address.
    #[error("`{shown}` is not a web address")]
    BadUrl {
        /// Its beginning, without a query.
        shown: String,
    },
    /// Another protocol than HTTP.
    #[error("only http and https addresses can be fetched, not {scheme}")]
    Scheme {
        /// What was asked for.
        scheme: String,
    },
    /// The address lies in a network that packages, scripts and people may not reach.
    #[error(
        "{host} is an address inside a private network; the operator can open it with \
         outbound.allow = [\"{}\"]",
        HostPort::new(host.as_str(), *port)
    )]
    Refused {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// The name has no address.
    #[error("{host} was not found")]
    Unknown {
        /// The host.
        host: String,
    },
    /// Nobody answers there.
    #[error("{host} does not answer")]
    Connect {
        /// The host.
        host: String,
    },
    /// The certificate or the handshake is not acceptable.
    #[error("{host} has no acceptable certificate")]
    Certificate {
        /// The host.
        host: String,
    },
    /// It took too long.
    #[error("{host} did not answer within {} seconds", after.as_secs_f64().ceil())]
    Timeout {
        /// The host.
        host: String,
        /// The limit.
        after: Duration,
    },
    /// The answer is larger than allowed.
    #[error("the answer of {host} is larger than {limit} bytes")]
    TooLarge {
        /// The host.
        host: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// The chain of redirects does not end.
    #[error("{host} redirects more than {limit} times")]
    TooManyRedirects {
        /// The host that was asked first.
        host: String,
        /// The limit.
        limit: usize,
    },
    /// A redirect to something that is no address.
    #[error("{host} redirects to something that is not a web address")]
    BadRedirect {
        /// The host.
        host: String,
    },
    /// A header that cannot be sent.
    #[error("`{name}` is not a header that can be sent")]
    BadHeader {
        /// Its name.
        name: String,
    },
    /// The connection broke or what came was not HTTP.
    #[error("the answer of {host} broke off or cannot be read")]
    Broken {
        /// The host.
        host: String,
    },
    /// What stands between the client and the network let nothing out, or answers as the network did.
    #[error("{message}")]
    Exchange {
        /// Why.
        message: String,
    },
    /// The client itself could not be set up.
    #[error("outbound requests are not possible: {reason}")]
    Setup {
        /// Why.
        reason: String,
    },
}

impl Fault for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::BadUrl { .. } | Self::Scheme { .. } | Self::BadHeader { .. } => ErrorKind::Invalid,
            Self::Refused { .. } => ErrorKind::Forbidden,
            Self::TooLarge { .. } => ErrorKind::TooLarge,
            Self::Setup { .. } => ErrorKind::Internal,
            _ => ErrorKind::Unavailable,
        }
    }
}
