//! The known keys of `config.csv`, as data: kind and default of each, in the groups of the reference.
//! `*` in a name stands for one or more characters.

use std::{collections::HashMap, sync::LazyLock};

use crate::Kind;

/// A known key, or a pattern of keys.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BotKey {
    /// `llm-model`, `conn-*-port`.
    pub name: &'static str,
    /// How its value is read.
    pub kind: Kind,
    /// Its documented default.
    pub default: Option<&'static str>,
    /// What it does today.
    pub works: Works,
}

/// Whether a key has an effect in this build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Works {
    /// It is checked and kept for when its part of the server comes.
    NotYet,
    /// Wherever it is set.
    Everywhere,
    /// Only among the operator's defaults: a package cannot raise its own limits.
    ForOperators,
}

/// Keys that belong together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BotKeyGroup {
    /// For headings.
    pub title: &'static str,
    /// The keys.
    pub keys: &'static [BotKey],
}

const fn key(name: &'static str, kind: Kind) -> BotKey {
    BotKey { name, kind, default: None, works: Works::NotYet }
}

const fn or(name: &'static str, kind: Kind, default: &'static str) -> BotKey {
    BotKey { name, kind, default: Some(default), works: Works::NotYet }
}

/// A key that has an effect today.
const fn works(key: BotKey) -> BotKey {
    BotKey { works: Works::Everywhere, ..key }
}

/// A key that has an effect today in the operator's defaults.
const fn operators(key: BotKey) -> BotKey {
    BotKey { works: Works::ForOperators, ..key }
}

use Kind::{Boolean, Bytes, Colour, List, Seconds, Secret, Text, TimeZone, Url};
const COUNT: Kind = Kind::COUNT;
const SHARE: Kind = Kind::SHARE;
const PORT: Kind = Kind::PORT;
const POSITIVE: Kind = Kind::Integer { min: 1, max: i64::MAX };
const AMOUNT: Kind = Kind::Number { min: 0.0, max: f64::MAX };

#[rustfmt::skip]
const GROUPS: &[BotKeyGroup] = &[
    BotKeyGroup { title: "Bot, theme, identity", keys: &[
        works(key("bot-name", Text)), works(key("bot-description", Text)), key("version", Text), works(key("welcome-message", Text)),
        works(or("start-dialog", Text, "start")), works(key("answer-mode", Text)), works(key("system-prompt", Text)),
        works(key("theme-color", Colour)), works(key("theme-color1", Colour)), works(key("theme-color2", Colour)), works(key("theme-logo", Text)),
        works(key("theme-title", Text)),
        key("server-url", Url), key("server-host", Text), key("server-port", PORT), key("server-api", Text),
        key("sites-root", Text), key("mcp-server", Text), works(key("cors-allowed-origins", Kind::Origins)),
        works(key("hear-timeout-secs", Seconds)), works(key("time-zone", TimeZone)), works(or("package-strict", Boolean, "false")),
        key("default-accounts", Text), key("default-role", Text), key("website", Text), key("website-max-documents", COUNT),
        key("enable-voice", Boolean), key("enable-suggestions", Boolean), key("auto-reply", Boolean),
        key("max-context-messages", COUNT), key("sync-interval", Seconds), key("sync-products", Boolean),
        key("sync-orders", Boolean), key("sync-inventory", Boolean), key("sync-contacts", Boolean),
        works(key("param-*", Text)),
    ] },
    BotKeyGroup { title: "Language model", keys: &[
        works(key("llm-url", Url)), works(key("llm-key", Secret)), works(key("llm-model", Text)), works(key("llm-provider", Text)),
        works(key("llm-temperature", Kind::Number { min: 0.0, max: 2.0 })), works(key("temperature", Kind::Number { min: 0.0, max: 2.0 })),
        works(key("llm-max-tokens", POSITIVE)), works(key("max-tokens", POSITIVE)), works(key("llm-context-window", POSITIVE)),
        works(key("llm-models", List)), works(or("llm-vision", Boolean, "false")), works(or("llm-rate-limit", COUNT, "20")), key("llm-tpm-limit", COUNT), works(key("llm-endpoint-path", Text)),
        works(key("openai-key", Secret)), works(key("anthropic-key", Secret)), works(key("model-default", Text)), works(key("model-fast", Text)),
        works(key("model-quality", Text)), works(key("model-code", Text)), or("model-routing-strategy", Text, "auto"),
        or("model-fallback-enabled", Boolean, "true"), or("model-fallback-order", List, "quality,fast,local"),
        or("llm-cache", Boolean, "false"), or("llm-cache-ttl", Seconds, "3600"), or("llm-cache-semantic", Boolean, "true"),
        or("llm-cache-threshold", SHARE, "0.95"), works(or("history-limit", COUNT, "50")), works(or("tool-timeout", Seconds, "30")),
        or("llm-server", Boolean, "false"), key("llm-server-path", Text), or("llm-server-host", Text, "0.0.0.0"),
        or("llm-server-port", PORT, "8081"), or("llm-server-gpu-layers", COUNT, "0"), or("llm-server-ctx-size", COUNT, "4096"),
        or("llm-server-n-predict", COUNT, "1024"), or("llm-server-parallel", COUNT, "6"),
        or("llm-server-cont-batching", Boolean, "true"), or("llm-server-mlock", Boolean, "false"),
        or("llm-server-no-mmap", Boolean, "false"), or("llm-server-n-moe", COUNT, "0"),
        key("llm-server-reasoning-format", Text), or("llm-server-ubatch-size", COUNT, "512"),
    ] },
    BotKeyGroup { title: "Embedding and retrieval", keys: &[
        works(key("embedding-url", Url)), works(key("embedding-model", Text)), works(key("embedding-key", Secret)),
        works(key("embedding-dimensions", POSITIVE)), or("embedding-batch-size", POSITIVE, "16"), or("embedding-timeout", Seconds, "60"),
        key("embedding-concurrent", POSITIVE), key("vectordb-url", Url), key("qdrant-url", Url),
        works(or("rag-hybrid-enabled", Boolean, "true")), works(or("rag-dense-weight", SHARE, "0.7")), works(or("rag-sparse-weight", SHARE, "0.3")),
        works(key("rag-search-tool", Boolean)), or("rag-rrf-k", POSITIVE, "60"), works(or("rag-top-k", POSITIVE, "10")), or("rag-max-results", POSITIVE, "10"),
        works(or("rag-min-score", AMOUNT, "0")), works(or("rag-chunk-size", POSITIVE, "512")), works(or("rag-chunk-overlap", COUNT, "50")),
        or("rag-reranker-enabled", Boolean, "false"), key("rag-reranker-model", Text), or("rag-reranker-top-n", POSITIVE, "20"),
        or("rag-cache-enabled", Boolean, "true"), or("rag-cache-ttl", Seconds, "3600"), works(or("bm25-enabled", Boolean, "true")),
        or("bm25-k1", AMOUNT, "1.2"), or("bm25-b", SHARE, "0.75"), key("bm25-stemming", Boolean), key("bm25-stopwords", Boolean),
        works(or("kb-pdf-max-size", Bytes, "50 MB")), works(or("kb-*-max-size", Bytes, "50 MB")), works(or("kb-max-collections", COUNT, "50")),
        or("website-max-depth", COUNT, "3"), or("website-max-pages", COUNT, "100"), or("website-expires", Seconds, "1d"),
    ] },
    BotKeyGroup { title: "Memory", keys: &[
        or("episodic-memory-enabled", Boolean, "true"), key("episodic-memory-auto-summarize", Boolean),
        or("episodic-memory-history", COUNT, "2"), or("episodic-memory-max-episodes", COUNT, "100"),
        or("episodic-memory-model", Text, "fast"), or("episodic-memory-retention-days", COUNT, "365"),
        or("episodic-memory-threshold", COUNT, "4"), or("user-memory-enabled", Boolean, "true"),
        works(or("user-memory-default-ttl", Seconds, "0")), works(or("user-memory-max-keys", COUNT, "1000")),
    ] },
    BotKeyGroup { title: "Several agents", keys: &[
        or("a2a-enabled", Boolean, "true"), or("a2a-timeout", Seconds, "30"), or("a2a-max-hops", COUNT, "5"),
        or("a2a-retry-count", COUNT, "3"), or("a2a-queue-size", COUNT, "100"), key("a2a-persist-messages", Boolean),
        key("a2a-protocol-version", Text), or("delegate-timeout", Seconds, "30"), key("delegate-message-max-size", Bytes),
        key("bot-reflection-enabled", Boolean), or("bot-reflection-interval", COUNT, "10"), key("bot-reflection-prompt", Text),
        key("bot-reflection-types", List), key("bot-improvement-auto-apply", Boolean),
        or("bot-improvement-threshold", AMOUNT, "6.0"), key("reflection-*", Text),
    ] },
    BotKeyGroup { title: "E-mail", keys: &[
        key("email-from", Text), key("email-server", Text), or("email-port", PORT, "587"), key("email-user", Text),
        key("email-pass", Secret), key("email-max-recipients", COUNT), key("email-rate-limit", COUNT),
        or("email-attachment-max-size", Bytes, "25 MB"), or("email-read-pixel", Boolean, "false"), key("smtp-server", Text),
        key("imap-server", Text),
    ] },
    BotKeyGroup { title: "SMS", keys: &[
        key("sms-provider", Text), key("sms-fallback-provider", Text), key("sms-default-priority", Text),
        key("twilio-account-sid", Text), key("twilio-auth-token", Secret), key("twilio-phone-number", Text),
        key("twilio-from-number", Text), key("twilio-messaging-service-sid", Text), key("twilio-status-callback", Text),
        key("vonage-api-key", Secret), key("vonage-api-secret", Secret), key("vonage-from-number", Text),
        key("messagebird-api-key", Secret), key("messagebird-originator", Text), key("aws-access-key", Secret),
        key("aws-secret-key", Secret), key("aws-region", Text), key("sms-custom-url", Url), key("sms-custom-method", Text),
        key("sms-custom-auth-header", Secret), key("sms-custom-body-template", Text),
    ] },
    BotKeyGroup { title: "WhatsApp, Teams, Telegram, Instagram", keys: &[
        key("whatsapp-phone-number-id", Text), key("whatsapp-business-account-id", Text), key("whatsapp-api-key", Secret),
        or("whatsapp-api-version", Text, "v17.0"), key("whatsapp-verify-token", Secret), key("whatsapp-rate-limit", COUNT),
        key("teams-app-id", Text), key("teams-app-password", Secret), key("teams-tenant-id", Text), key("teams-bot-id", Text),
        key("teams-service-url", Url), key("telegram-bot-token", Secret), key("instagram-access-token", Secret),
        key("instagram-account-id", Text), key("instagram-verify-token", Secret), key("channel-*", Text),
    ] },
    BotKeyGroup { title: "Social networks", keys: &[
        key("facebook-*", Text), key("linkedin-*", Text), key("twitter-*", Text), key("bluesky-*", Text), key("threads-*", Text),
        key("discord-*", Text), key("tiktok-*", Text), key("youtube-*", Text), key("pinterest-*", Text), key("reddit-*", Text),
        key("wechat-*", Text), key("snapchat-*", Text),
    ] },
    BotKeyGroup { title: "Media", keys: &[
        key("botmodels-enabled", Boolean), key("botmodels-host", Text), or("botmodels-port", PORT, "8085"),
        key("botmodels-api-key", Secret), key("botmodels-https", Boolean), key("botmodels-*", Text),
        key("image-generator-*", Text), key("video-generator-*", Text), key("default-generator", Text),
        key("weather-api-key", Secret), key("face-api-provider", Text), key("azure-face-*", Text), key("opencv-model-path", Text),
    ] },
    BotKeyGroup { title: "Sandbox", keys: &[
        or("sandbox-enabled", Boolean, "true"), key("sandbox-runtime", Text), or("sandbox-timeout", Seconds, "30"),
        or("sandbox-memory-mb", POSITIVE, "256"), or("sandbox-cpu-percent", POSITIVE, "50"), or("sandbox-network", Boolean, "false"),
        key("sandbox-python-packages", List), key("sandbox-allowed-paths", List),
    ] },
    BotKeyGroup { title: "Connections", keys: &[
        key("conn-*-server", Text), key("conn-*-name", Text), key("conn-*-username", Text), key("conn-*-password", Secret),
        key("conn-*-port", PORT), key("conn-*-driver", Text), key("custom-server", Text), key("custom-port", PORT),
        key("custom-database", Text), key("custom-username", Text), key("custom-password", Secret),
        key("oauth-*-enabled", Boolean), key("oauth-*-client-id", Text), key("oauth-*-client-secret", Secret),
        key("oauth-*-redirect-uri", Url), key("database-*", Text), key("drive-*", Text), key("http-*", Text), key("soap-*", Text),
        key("meet-*", Text), key("calendar-*", Text), key("crm-enabled", Boolean), key("attendant-*", Text), key("lead-score-*", Text),
    ] },
    BotKeyGroup { title: "Limits", keys: &[
        or("api-rate-limit", COUNT, "100"), or("session-timeout", Seconds, "1800"), key("session-max-concurrent", COUNT),
        key("session-message-history", COUNT), works(or("session-rate-limit", COUNT, "60")), works(or("session-variable-limit", Bytes, "1 MB")),
        works(or("upload-max-size", Bytes, "10 MB")), key("upload-allowed-types", List), key("upload-timeout", Seconds),
        operators(or("package-max-size", Bytes, "100 MB")), operators(or("script-max-size", Bytes, "1 MB")), or("user-file-limit", Bytes, "10 MB"),
        operators(or("user-file-count", COUNT, "1000")), works(or("loop-max-iterations", POSITIVE, "100000")),
        works(or("database-max-rows", POSITIVE, "10000")),
        works(or("goto-max-iterations", POSITIVE, "1000000")), or("extract-archive-max-size", Bytes, "100 MB"),
        or("extract-max-depth", COUNT, "10"), or("extract-max-files", COUNT, "10000"), or("download-link-expiry", Seconds, "86400"),
        key("download-link-base-url", Url), key("download-max-size", Bytes), key("user-storage-quota", Bytes),
        key("sse-enabled", Boolean), or("sse-heartbeat", Seconds, "30"), key("sse-max-connections", COUNT),
    ] },
];

struct Table {
    exact: HashMap<&'static str, BotKey>,
    patterns: Vec<BotKey>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let all = || GROUPS.iter().flat_map(|group| group.keys).copied();
    Table {
        exact: all().filter(|key| !key.name.contains('*')).map(|key| (key.name, key)).collect(),
        patterns: all().filter(|key| key.name.contains('*')).collect(),
    }
});

/// The known keys by group, for the reference and for editors.
pub fn bot_key_groups() -> &'static [BotKeyGroup] {
    GROUPS
}

/// What is known about a key (in its canonical spelling: lower case, `-` between words).
pub fn bot_key(name: &str) -> Option<BotKey> {
    if let Some(key) = TABLE.exact.get(name) {
        return Some(*key);
    }
    let mut key = TABLE.patterns.iter().copied().find(|key| matches(key.name, name))?;
    if key.kind == Kind::Text && looks_secret(name) {
        key.kind = Kind::Secret;
    }
    Some(key)
}

/// The setting of the server that does for everybody what the key would do for one bot.
pub(super) fn server_setting(name: &str) -> Option<&'static str> {
    Some(match name {
        "server-url" => "server.public_url",
        "server-host" | "server-port" => "server.listen",
        "session-timeout" => "auth.session_idle_timeout",
        "api-rate-limit" => "limits.changes_per_minute",
        _ => return None,
    })
}

/// The key or pattern that a misspelled name probably means.
pub(super) fn nearest_key(name: &str) -> Option<&'static str> {
    crate::nearest(
        name,
        GROUPS.iter().flat_map(|group| group.keys).map(|key| key.name).filter(|name| !name.contains('*')),
    )
}

/// The keys with a default.
pub(super) fn defaults() -> impl Iterator<Item = (&'static str, &'static str)> {
    GROUPS.iter().flat_map(|group| group.keys).filter_map(|key| Some((key.name, key.default?)))
}

/// Keys whose value should not be shown although nothing is known about them.
pub(super) fn looks_secret(name: &str) -> bool {
    const ENDINGS: &[&str] = &["key", "secret", "token", "password", "pass", "passwd", "credential", "credentials"];
    name.rsplit('-').next().is_some_and(|last| ENDINGS.iter().any(|ending| last.ends_with(ending)))
}

/// One `*` stands for one or more characters.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, tail)) => name.len() > head.len() + tail.len() && name.starts_with(head) && name.ends_with(tail),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_fits_its_kind_and_every_name_is_canonical_and_unique() {
        let mut seen = std::collections::HashSet::new();
        for key in GROUPS.iter().flat_map(|group| group.keys) {
            assert_eq!(super::super::canonical(key.name), key.name);
            assert!(seen.insert(key.name), "{} twice", key.name);
            if let Some(default) = key.default {
                assert_eq!(key.kind.check(default), Ok(()), "{}", key.name);
            }
        }
    }

    #[test]
    fn patterns_match_and_secrets_are_recognised() {
        assert_eq!(bot_key("conn-erp-password").map(|key| key.kind), Some(Kind::Secret));
        assert_eq!(bot_key("conn-erp-port").map(|key| key.kind), Some(Kind::PORT));
        assert_eq!(bot_key("oauth-google-client-secret").map(|key| key.kind), Some(Kind::Secret));
        assert_eq!(bot_key("facebook-page-token").map(|key| key.kind), Some(Kind::Secret));
        assert_eq!(bot_key("param-host").map(|key| key.name), Some("param-*"));
        assert_eq!(bot_key("conn-erp-colour"), None);
        assert_eq!(bot_key("param-"), None);
    }
}
