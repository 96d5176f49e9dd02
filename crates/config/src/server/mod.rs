//! The server's settings: built-in defaults < `config.toml` < environment < flags. Unknown names are errors that
//! name the nearest known one; every value knows where it came from.

mod keys;
mod load;

use std::{collections::BTreeMap, fmt, net::SocketAddr, path::PathBuf, time::Duration};

use botserver_kernel::Secret;

pub use self::keys::{ServerKey, server_keys};
use self::load::Value;
use crate::{BotDefaults, Entry, Origin, Scope, Sources, kind};

/// How the server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the documentation of every field is in `server_keys`")]
pub struct ServerSettings {
    pub listen: SocketAddr,
    pub public_url: Option<String>,
    pub max_connections: usize,
    pub max_body_bytes: u64,
    pub request_timeout_seconds: u64,
    pub cors_allowed_origins: Vec<String>,
    pub trusted_proxies: Vec<String>,
}

/// What a commit waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the meaning of both stands in `server_keys`")]
pub enum Durability {
    Full,
    Off,
}

/// Where data is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the documentation of every field is in `server_keys`")]
pub struct StorageSettings {
    pub database: Secret<String>,
    pub durability: Durability,
    pub objects: Secret<String>,
}

/// Where packages are found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the documentation of every field is in `server_keys`")]
pub struct BotsSettings {
    pub dir: PathBuf,
    pub optimize: bool,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum LogFormat {
    Text,
    Json,
}

/// What is logged.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the documentation of every field is in `server_keys`")]
pub struct LogSettings {
    pub level: String,
    pub format: LogFormat,
}

/// How long sign-ins and owner links last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the documentation of every field is in `server_keys`")]
pub struct AuthTimes {
    pub session_idle_timeout: Duration,
    pub session_lifetime: Duration,
    pub owner_link_lifetime: Duration,
}

/// How much one visitor may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the documentation of every field is in `server_keys`")]
pub struct LimitsSettings {
    pub messages_per_minute: u32,
    pub queued_messages: u32,
    pub reads_per_minute: u32,
    pub changes_per_minute: u32,
    pub requests_per_address: u32,
    pub upload_max_bytes: u64,
}

/// What packages may reach.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the documentation of every field is in `server_keys`")]
pub struct OutboundSettings {
    pub allow: Vec<String>,
}

/// What bots may not change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the documentation of every field is in `server_keys`")]
pub struct LockedSettings {
    pub keys: Vec<String>,
}

/// The settings of the server, complete and checked.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "one field per section")]
pub struct Settings {
    pub data_dir: PathBuf,
    pub server: ServerSettings,
    pub storage: StorageSettings,
    pub bots: BotsSettings,
    pub log: LogSettings,
    pub auth: AuthTimes,
    pub limits: LimitsSettings,
    pub outbound: OutboundSettings,
    pub locked: LockedSettings,
    /// `[bot_defaults]` with the locks: what every bot's `config.csv` is laid over.
    pub bot_defaults: BotDefaults,
    values: Values,
}

/// A mistake in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it was written.
    pub origin: Origin,
    /// One sentence.
    pub message: String,
    /// What to do, if we know.
    pub help: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.origin, self.message)?;
        match &self.help {
            Some(help) => write!(out, " ({help})"),
            None => Ok(()),
        }
    }
}

/// Settings that cannot be used: every mistake, not only the first.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the settings cannot be used:{}", self.lines())]
pub struct SettingsError {
    /// The mistakes.
    pub problems: Vec<Problem>,
}

impl SettingsError {
    fn lines(&self) -> String {
        self.problems.iter().flat_map(|problem| ["\n  ".to_owned(), problem.to_string()]).collect()
    }
}

#[derive(Clone)]
struct Values(BTreeMap<&'static str, Value>);

impl fmt::Debug for Values {
    /// Values may be secrets.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_map().entries(self.0.iter().map(|(key, value)| (key, value.origin.to_string()))).finish()
    }
}

impl Values {
    fn text(&self, key: &str) -> &str {
        self.0.get(key).map_or("", |value| value.text.as_str())
    }

    fn list(&self, key: &str) -> Vec<String> {
        kind::list(self.text(key)).map(str::to_owned).collect()
    }

    /// Checked while loading, so a value that does not read is a bug in the table of keys; its zero is caught by
    /// `every_default_is_read`.
    fn integer(&self, key: &str) -> u64 {
        kind::integer(self.text(key)).and_then(|number| u64::try_from(number).ok()).unwrap_or_default()
    }

    fn bytes(&self, key: &str) -> u64 {
        kind::bytes(self.text(key)).unwrap_or_default()
    }

    fn duration(&self, key: &str) -> Duration {
        Duration::from_secs(kind::seconds(self.text(key)).unwrap_or_default())
    }
}

impl Settings {
    /// Reads all layers and checks them.
    pub fn load(sources: &Sources<'_>) -> Result<Self, SettingsError> {
        let layers = load::load(sources);
        let (values, mut problems) = (Values(layers.values), layers.problems);
        let mut bot_defaults = layers.bot_defaults;
        let locked = LockedSettings { keys: values.list("locked.keys") };
        for key in &locked.keys {
            bot_defaults.lock(key);
        }
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let settings = Self {
            data_dir: sources.data_dir.clone(),
            server: ServerSettings {
                listen: values.text("server.listen").parse().unwrap_or(any),
                public_url: Some(values.text("server.public_url").trim_end_matches('/').to_owned())
                    .filter(|url| !url.is_empty()),
                max_connections: usize::try_from(values.integer("server.max_connections")).unwrap_or(usize::MAX),
                max_body_bytes: values.bytes("server.max_body_bytes"),
                request_timeout_seconds: values.integer("server.request_timeout_seconds"),
                cors_allowed_origins: values.list("server.cors_allowed_origins"),
                trusted_proxies: values.list("server.trusted_proxies"),
            },
            storage: StorageSettings {
                database: Secret::new(values.text("storage.database").to_owned()),
                durability: if values.text("storage.durability").eq_ignore_ascii_case("off") {
                    Durability::Off
                } else {
                    Durability::Full
                },
                objects: Secret::new(values.text("storage.objects").to_owned()),
            },
            bots: BotsSettings {
                dir: PathBuf::from(values.text("bots.dir")),
                optimize: kind::boolean(values.text("bots.optimize")).unwrap_or(true),
            },
            log: LogSettings {
                level: values.text("log.level").to_owned(),
                format: if values.text("log.format").eq_ignore_ascii_case("json") {
                    LogFormat::Json
                } else {
                    LogFormat::Text
                },
            },
            auth: AuthTimes {
                session_idle_timeout: values.duration("auth.session_idle_timeout"),
                session_lifetime: values.duration("auth.session_lifetime"),
                owner_link_lifetime: values.duration("auth.owner_link_lifetime"),
            },
            limits: LimitsSettings {
                messages_per_minute: values.integer("limits.messages_per_minute") as u32,
                queued_messages: values.integer("limits.queued_messages") as u32,
                reads_per_minute: values.integer("limits.reads_per_minute") as u32,
                changes_per_minute: values.integer("limits.changes_per_minute") as u32,
                requests_per_address: values.integer("limits.requests_per_address") as u32,
                upload_max_bytes: values.bytes("limits.upload_max_bytes"),
            },
            outbound: OutboundSettings { allow: values.list("outbound.allow") },
            locked,
            bot_defaults,
            values,
        };
        problems.extend(settings.validate());
        if problems.is_empty() { Ok(settings) } else { Err(SettingsError { problems }) }
    }

    /// What is wrong although every single value can be read.
    pub fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |key: &str, message: String, help: &str| {
            let help = Some(help.to_owned()).filter(|help| !help.is_empty());
            problems.push(Problem { origin: self.origin(key), message, help });
        };
        if let Some(url) = &self.server.public_url
            && url.contains(['?', '#'])
        {
            problem(
                "server.public_url",
                format!("`server.public_url`: `{url}` has a query"),
                "Write scheme, host and path only.",
            );
        }
        let database = self.storage.database.expose();
        if !["sqlite://", "postgres://", "postgresql://"].iter().any(|scheme| database.starts_with(scheme)) {
            let shown = load::shown("storage.database", database).0;
            let help = "Use sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME.";
            problem("storage.database", format!("`storage.database`: `{shown}` is no database this build knows"), help);
        }
        let objects = self.storage.objects.expose();
        if !objects.starts_with("file://") {
            let shown = load::shown("storage.objects", objects).0;
            problem(
                "storage.objects",
                format!("`storage.objects`: `{shown}` is no store this build knows"),
                "Use file://PATH.",
            );
        }
        if self.bots.dir.as_os_str().is_empty() {
            problem("bots.dir", "`bots.dir` is empty".to_owned(), "");
        }
        if self.log.level.is_empty() {
            problem("log.level", "`log.level` is empty".to_owned(), "Use error, warn, info, debug or trace.");
        }
        for (key, bytes) in [
            ("server.max_body_bytes", self.server.max_body_bytes),
            ("limits.upload_max_bytes", self.limits.upload_max_bytes),
        ] {
            if bytes == 0 {
                problem(key, format!("`{key}` is 0, so nothing could be sent"), "");
            }
        }
        for (key, time) in [
            ("auth.session_idle_timeout", self.auth.session_idle_timeout),
            ("auth.session_lifetime", self.auth.session_lifetime),
            ("auth.owner_link_lifetime", self.auth.owner_link_lifetime),
        ] {
            if time.is_zero() {
                problem(key, format!("`{key}` is 0, so nobody could sign in"), "");
            }
        }
        for key in &self.locked.keys {
            if !key.contains('*') && crate::bot_key(&key.to_lowercase()).is_none() {
                let near = crate::nearest(
                    key,
                    crate::bot_key_groups().iter().flat_map(|group| group.keys).map(|key| key.name),
                );
                let help = near.map(|near| format!("Did you mean `{near}`?")).unwrap_or_default();
                problem("locked.keys", format!("`locked.keys`: `{key}` is no key of a bot's config.csv"), &help);
            }
        }
        problems
    }

    /// Where the value of a setting came from.
    pub fn origin(&self, key: &str) -> Origin {
        self.values.0.get(key).map_or(Origin::Default, |value| value.origin.clone())
    }

    /// All settings with their origins, secrets masked.
    pub fn entries(&self) -> Vec<Entry> {
        let server = server_keys().iter().map(|key| {
            let value = self.values.0.get(key.name);
            Entry {
                key: key.name.to_owned(),
                value: value.map(|value| key.kind.shown(&value.text)),
                origin: value.map_or(Origin::Default, |value| value.origin.clone()),
                secret: key.kind.is_hidden(),
                locked: false,
                scope: Scope::Server,
            }
        });
        server.chain(self.bot_defaults.entries()).collect()
    }
}
