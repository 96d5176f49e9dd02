//! What the operator allows, and where an address comes from.

use std::{fmt, str::FromStr};

/// Who chose the address of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trust {
    /// A package, script, person, model or fetched page: only public addresses and those that the
    /// operator opened.
    Untrusted,
    /// The operator's own settings: any address, for this request and not for where it redirects.
    Operator,
}

/// A host and a port that the operator opened: `erp.internal:8080`, `[::1]:9000`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPort {
    host: String,
    port: u16,
}

/// A text that is no host and port.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a host with a port, such as `erp.internal:8080`")]
pub struct HostPortError(String);

impl HostPort {
    /// From its parts; an IPv6 address without brackets.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into().trim_end_matches('.').to_lowercase(), port }
    }
}

impl FromStr for HostPort {
    type Err = HostPortError;

    fn from_str(text: &str) -> Result<Self, HostPortError> {
        let bad = || HostPortError(text.chars().take(100).collect());
        let (host, port) = text.trim().rsplit_once(':').ok_or_else(bad)?;
        let port = port.parse().map_err(|_| bad())?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if host.is_empty() || host.contains(['/', '@', '?', '#', ' ']) {
            return Err(bad());
        }
        Ok(Self::new(host, port))
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(out, "[{}]:{}", self.host, self.port)
        } else {
            write!(out, "{}:{}", self.host, self.port)
        }
    }
}

/// The operator's settings for outbound requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboundPolicy {
    /// Private addresses that packages may reach all the same (`outbound.allow`).
    pub allow: Vec<HostPort>,
}

impl OutboundPolicy {
    pub(crate) fn allows(&self, host: &str, port: u16) -> bool {
        let host = host.trim_end_matches('.');
        self.allow.iter().any(|own| own.port == port && own.host.eq_ignore_ascii_case(host))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_and_port_reads_back() {
        for text in ["erp.internal:8080", "[::1]:9000", "127.0.0.1:80"] {
            assert_eq!(text.parse::<HostPort>().unwrap().to_string(), text);
        }
        for bad in ["", "erp", "erp:", "erp:99999", ":80", "http://erp:80", "a b:1"] {
            assert!(bad.parse::<HostPort>().is_err(), "{bad}");
        }
        let policy = OutboundPolicy { allow: vec!["Erp.Internal:8080".parse().unwrap()] };
        assert!(policy.allows("erp.internal.", 8080));
        assert!(!policy.allows("erp.internal", 80));
    }
}
