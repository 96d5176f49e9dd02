//! The server's settings as data: kind, default and meaning of each.

use std::path::Path;

use crate::Kind;

/// A setting of the server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ServerKey {
    /// `section.key`.
    pub name: &'static str,
    /// How its value is read.
    pub kind: Kind,
    /// Built in; `DATA` stands for the data directory.
    pub default: Option<&'static str>,
    /// What it does.
    pub doc: &'static str,
}

const fn key(name: &'static str, kind: Kind, default: Option<&'static str>, doc: &'static str) -> ServerKey {
    ServerKey { name, kind, default, doc }
}

const AT_LEAST_ONE: Kind = Kind::Integer { min: 1, max: 1_000_000_000 };

#[rustfmt::skip]
const KEYS: &[ServerKey] = &[
    key("server.listen", Kind::Listen, Some("127.0.0.1:8080"), "Address and port to listen on."),
    key("server.public_url", Kind::Url, None, "Address under which people reach this server; needed behind a proxy."),
    key("server.max_connections", AT_LEAST_ONE, Some("20000"), "Open connections; more are refused."),
    key("server.max_body_bytes", Kind::Bytes, Some("1 MB"), "Largest body of a request that is no upload."),
    key("server.request_timeout_seconds", Kind::Integer { min: 1, max: 3_600 }, Some("75"), "Longest time a request may take; `?wait` takes up to 60."),
    key("server.cors_allowed_origins", Kind::Origins, Some(""), "Other origins whose pages may call this server and open the chat socket."),
    key("server.trusted_proxies", Kind::Networks, Some("127.0.0.1, ::1"), "Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed: addresses, or ranges such as 10.0.0.0/8."),
    key("storage.database", Kind::Connection, Some("sqlite://DATA/botserver.db"), "sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME."),
    key("storage.durability", Kind::Choice(&["full", "off"]), Some("full"), "full: what was answered survives a power cut. off: nothing waits for the disk; for tests and throw-away installations."),
    key("storage.objects", Kind::Connection, Some("file://DATA/objects"), "Where files of conversations are kept."),
    key("bots.dir", Kind::Text, Some("DATA/bots"), "Folder of the bot packages."),
    key("bots.optimize", Kind::Boolean, Some("true"), "Scripts are compiled with all optimisations. Without them they do the same, slower; to tell a fault of the compiler from one of a script."),
    key("log.level", Kind::Text, Some("info"), "error, warn, info, debug, trace, or a filter such as `info,botserver_packages=debug`."),
    key("log.format", Kind::Choice(&["text", "json"]), Some("text"), "text for people, json for collectors."),
    key("auth.session_idle_timeout", Kind::Seconds, Some("30m"), "A sign-in of the owner ends after this time without a request."),
    key("auth.session_lifetime", Kind::Seconds, Some("30d"), "A sign-in of the owner ends after this time in any case."),
    key("auth.owner_link_lifetime", Kind::Seconds, Some("24h"), "How long an owner link works."),
    key("limits.messages_per_minute", AT_LEAST_ONE, Some("60"), "Messages a visitor may send in a minute."),
    key("limits.queued_messages", Kind::Integer { min: 1, max: 1_000 }, Some("20"), "Messages that may wait while a turn runs."),
    key("limits.reads_per_minute", AT_LEAST_ONE, Some("1000"), "Reading requests of a visitor in a minute."),
    key("limits.changes_per_minute", AT_LEAST_ONE, Some("100"), "Changing requests of a visitor in a minute."),
    key("limits.requests_per_address", AT_LEAST_ONE, Some("3000"), "Requests of one address in a minute, whoever sends them; this machine is not counted."),
    key("limits.upload_max_bytes", Kind::Bytes, Some("10 MB"), "Largest file a person may attach."),
    key("outbound.allow", Kind::HostPorts, Some(""), "Private addresses (host:port) that packages may reach."),
    key("locked.keys", Kind::List, Some(""), "Keys that config.csv of a bot may not set; `llm-*` locks all that begin so."),
];

/// The settings of the server.
pub fn server_keys() -> &'static [ServerKey] {
    KEYS
}

/// A setting by name.
pub(super) fn find(name: &str) -> Option<&'static ServerKey> {
    KEYS.iter().find(|key| key.name == name)
}

/// The section whose keys are those of `config.csv`.
pub(super) const BOT_DEFAULTS: &str = "bot_defaults";

/// The setting that a misspelled name probably means.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    crate::nearest(name, KEYS.iter().map(|key| key.name))
}

impl ServerKey {
    /// The default with the data directory put in.
    pub(super) fn default_in(&self, data_dir: &Path) -> Option<String> {
        self.default.map(|text| text.replace("DATA", &data_dir.display().to_string()))
    }
}
