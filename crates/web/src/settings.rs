//! The settings of the HTTP side as plain data; `server` fills them from the configuration.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
    time::Duration,
};

use ipnet::IpNet;
use parking_lot::RwLock;
use url::Url;

use crate::rate::RatePolicy;

/// How the HTTP side behaves.
#[derive(Clone, Debug)]
pub struct WebSettings {
    /// The address that people use, when it is not the one we listen on: decides `Secure` cookies and is
    /// our own origin.
    pub public_url: Option<Url>,
    /// Peers whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Other sites that may show the chat in a frame and call the API.
    pub allowed_origins: AllowedOrigins,
    /// A request that has no answer after this gets 503; handlers may extend it.
    pub request_timeout: Duration,
    /// The largest body that an extractor reads into memory.
    pub body_limit_bytes: usize,
    /// Requests of one address.
    pub rate_per_address: RatePolicy,
    /// Reading requests of one visitor.
    pub rate_of_reads: RatePolicy,
    /// Changing requests of one visitor.
    pub rate_of_writes: RatePolicy,
}

impl Default for WebSettings {
    fn default() -> Self {
        Self {
            public_url: None,
            trusted_proxies: vec![
                IpNet::from(IpAddr::from([127, 0, 0, 1])),
                IpNet::from(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1u16])),
            ],
            allowed_origins: AllowedOrigins::default(),
            request_timeout: Duration::from_mins(1),
            body_limit_bytes: 1024 * 1024,
            rate_per_address: RatePolicy::per_minute("address", 3_000),
            rate_of_reads: RatePolicy::per_minute("reads", 1_000),
            rate_of_writes: RatePolicy::per_minute("writes", 100),
        }
    }
}

impl WebSettings {
    /// Is that address one of our own proxies?
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted_proxies.iter().any(|range| range.contains(&address))
    }
}

/// The sites that the operator trusts with the whole server (`server.cors_allowed_origins`), and those that may show
/// one bot in a frame (its own `cors-allowed-origins`). Clones share the sets, so that a change is seen everywhere.
#[derive(Clone, Debug, Default)]
pub struct AllowedOrigins(Arc<RwLock<Origins>>);

#[derive(Debug, Default)]
struct Origins {
    all: BTreeSet<String>,
    by_bot: BTreeMap<String, BTreeSet<String>>,
}

/// The origins among these texts, and what is none.
fn origins<'a>(texts: impl IntoIterator<Item = &'a str>) -> (BTreeSet<String>, Vec<String>) {
    let (mut set, mut refused) = (BTreeSet::new(), Vec::new());
    for text in texts.into_iter().map(str::trim).filter(|text| !text.is_empty()) {
        match origin_of(text) {
            Some(origin) => drop(set.insert(origin)),
            None => refused.push(text.to_owned()),
        }
    }
    (set, refused)
}

impl AllowedOrigins {
    /// Replaces the sites that may do everything; returns what is not an origin of the form `https://host[:port]`.
    pub fn set<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let (set, refused) = origins(texts);
        self.0.write().all = set;
        refused
    }

    /// Replaces the sites that may show a bot in a frame; returns what is not an origin.
    pub fn set_bot<'a>(&self, bot: &str, texts: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let (set, refused) = origins(texts);
        let mut own = self.0.write();
        if set.is_empty() {
            own.by_bot.remove(bot);
        } else {
            own.by_bot.insert(bot.to_owned(), set);
        }
        refused
    }

    /// May a page of this `Origin` call the server with a visitor's cookie?
    pub fn allows(&self, origin: &str) -> bool {
        let own = self.0.read();
        !own.all.is_empty() && origin_of(origin).is_some_and(|origin| own.all.contains(&origin))
    }

    /// The origins that may show a bot's page in a frame, each after a blank, as a Content-Security-Policy lists them.
    pub(crate) fn as_csp_sources(&self, bot: &str) -> String {
        let own = self.0.read();
        let of_bot = own.by_bot.get(bot).into_iter().flatten();
        own.all.iter().chain(of_bot).fold(String::new(), |list, origin| list + " " + origin)
    }
}

/// The serialised origin of a web address: scheme, host and a port that is not the scheme's own.
pub(crate) fn origin_of(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let plain = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    let origin = url.origin();
    (matches!(url.scheme(), "http" | "https") && plain && origin.is_tuple() && url.username().is_empty())
        .then(|| origin.ascii_serialization())
}
