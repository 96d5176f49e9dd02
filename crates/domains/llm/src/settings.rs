//! Which model a bot uses, from its settings and from what the conversation chose (USE MODEL).
//!
//! A key never travels to an address that somebody else chose: a key of the operator's settings goes to the provider
//! itself or to an address of the operator's settings, not to one that a package names.

use std::num::NonZeroU32;

use botserver_config::BotConfig;
use botserver_kernel::Secret;
use botserver_ports::{ModelEndpoint, ModelLimits};
use url::Url;

/// Tokens that a model takes when nobody says it: what the small ones take.
const WINDOW: usize = 8_192;
/// Windows of well-known families, by the beginning of the name.
const WINDOWS: &[(&str, usize)] = &[
    ("gpt-4.1", 1_000_000),
    ("gpt-5", 400_000),
    ("gpt-4o", 128_000),
    ("gpt-4-turbo", 128_000),
    ("o1", 200_000),
    ("o3", 200_000),
    ("o4", 200_000),
    ("claude", 200_000),
    ("gemini", 1_000_000),
];
/// Tokens kept for the answer when the settings do not limit it.
const RESERVED: usize = 2_048;

/// What is asked for when nobody has named a model: servers with one model take any name.
const UNNAMED: &str = "default";

/// A model, ready to be asked.
#[derive(Clone, Debug)]
pub struct ModelSettings {
    /// Where it is.
    pub endpoint: ModelEndpoint,
    /// 0 to 2.
    pub temperature: Option<f64>,
    /// Tokens of an answer.
    pub max_tokens: Option<u32>,
    /// Tokens that it takes, the answer included.
    pub window: usize,
    /// Of these, kept for the answer.
    pub reserved: usize,
    /// How long it may take.
    pub limits: ModelLimits,
    /// Whether it sees pictures.
    pub vision: bool,
    /// Calls of this bot's models per minute; any number of them if absent.
    pub calls_per_minute: Option<NonZeroU32>,
    /// Where the model was set, for people: `shop.gbot/config.csv:3`.
    pub origin: String,
}

impl ModelSettings {
    /// The model of a bot; `None` when nobody has configured one. `chosen` is what USE MODEL said: `fast`, `quality`,
    /// `code`, `auto`, or a model's name.
    pub fn resolve(config: &BotConfig, chosen: Option<&str>) -> Option<Self> {
        let set = |key: &str| config.text(key).map(str::trim).filter(|text| !text.is_empty());
        let url = set("llm-url");
        let (key_name, provider) = ["llm-key", "openai-key", "anthropic-key"]
            .into_iter()
            .find(|key| set(key).is_some())
            .map_or((None, None), |key| (Some(key), provider_of_key(key)));
        let named = set("llm-provider").map(str::to_lowercase);
        if url.is_none() && key_name.is_none() {
            return None;
        }
        let provider = named.or_else(|| url.and_then(provider_of_address)).or(provider).unwrap_or("openai".to_owned());
        let model = chosen
            .and_then(|chosen| model_for(config, chosen))
            .or_else(|| set("llm-model").or_else(|| set("model-default")).map(str::to_owned))
            .unwrap_or_else(|| UNNAMED.to_owned());
        let max_tokens = config.integer("llm-max-tokens").or_else(|| config.integer("max-tokens"));
        let max_tokens = max_tokens.and_then(|tokens| u32::try_from(tokens).ok());
        let window = config.integer("llm-context-window").and_then(|tokens| usize::try_from(tokens).ok());
        let window = window.unwrap_or_else(|| window_of(&model));
        let reserved = max_tokens.map_or(RESERVED, |tokens| tokens as usize).min(window / 2);
        let key = key_name.filter(|key| url.is_none() || config.is_operators("llm-url") || !config.is_operators(key));
        Some(Self {
            endpoint: ModelEndpoint {
                provider,
                url: url.map(|url| base_address(url, set("llm-endpoint-path"))),
                key: key.and_then(set).map(|key| Secret::new(key.to_owned())),
                model,
                trusted: url.is_none() || config.is_operators("llm-url"),
            },
            temperature: config.number("llm-temperature").or_else(|| config.number("temperature")),
            max_tokens,
            window,
            reserved,
            limits: ModelLimits::default(),
            vision: config.boolean("llm-vision"),
            calls_per_minute: calls_per_minute(config),
            origin: config.origin(url.map_or(key_name.unwrap_or_default(), |_| "llm-url")).to_string(),
        })
    }
}

impl ModelSettings {
    /// Whether somebody has named the model.
    pub fn is_named(&self) -> bool {
        self.endpoint.model != UNNAMED
    }
}

/// `llm-rate-limit`; 0 is no limit.
fn calls_per_minute(config: &BotConfig) -> Option<NonZeroU32> {
    let calls = config.integer("llm-rate-limit")?;
    NonZeroU32::new(u32::try_from(calls).unwrap_or(u32::MAX))
}

fn provider_of_key(key: &str) -> Option<String> {
    match key {
        "openai-key" => Some("openai".to_owned()),
        "anthropic-key" => Some("anthropic".to_owned()),
        _ => None,
    }
}

/// The native protocol of addresses that have one; everything else speaks OpenAI's.
fn provider_of_address(url: &str) -> Option<String> {
    let host = Url::parse(url).ok()?.host_str()?.to_owned();
    match host.as_str() {
        "api.anthropic.com" => Some("anthropic".to_owned()),
        "generativelanguage.googleapis.com" if !url.contains("/openai") => Some("gemini".to_owned()),
        _ => None,
    }
}

/// The name behind `fast`, `quality` and `code`; any other word is a model's name.
fn model_for(config: &BotConfig, chosen: &str) -> Option<String> {
    let chosen = chosen.trim();
    let key = match chosen.to_lowercase().as_str() {
        "" | "auto" | "default" | "local" => return None,
        word @ ("fast" | "quality" | "code") => format!("model-{word}"),
        _ => return Some(chosen.to_owned()),
    };
    config.text(&key).map(str::trim).filter(|model| !model.is_empty()).map(str::to_owned)
}

fn window_of(model: &str) -> usize {
    let name = model.rsplit('/').next().unwrap_or(model).to_lowercase();
    WINDOWS.iter().find(|(family, _)| name.starts_with(family)).map_or(WINDOW, |(_, tokens)| *tokens)
}

/// The address without what the protocol itself adds. Old packages give the bare host: there `/v1` is meant.
fn base_address(url: &str, path: Option<&str>) -> String {
    let url = url.trim_end_matches('/');
    let whole = match path {
        Some(path) => format!("{url}/{}", path.trim_matches('/')),
        None => url.to_owned(),
    };
    let base = whole.trim_end_matches("/chat/completions").trim_end_matches('/');
    match Url::parse(base) {
        Ok(parsed) if parsed.path() == "/" => format!("{base}/v1"),
        _ => base.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use botserver_config::{BotDefaults, Origin};

    use super::*;

    fn config(lines: &str, operator: &[(&str, &str)]) -> BotConfig {
        let mut defaults = BotDefaults::default();
        for (key, value) in operator {
            defaults.set(key, *value, Origin::Environment { variable: "X".into() });
        }
        BotConfig::parse("shop.gbot/config.csv", lines.as_bytes(), &defaults).0
    }

    fn resolved(lines: &str, operator: &[(&str, &str)]) -> ModelSettings {
        ModelSettings::resolve(&config(lines, operator), None).expect("a model")
    }

    #[test]
    fn without_address_and_key_there_is_no_model() {
        assert!(ModelSettings::resolve(&config("llm-model,gpt-4o", &[]), None).is_none());
    }

    #[test]
    fn addresses_of_all_shapes_mean_the_same_place() {
        for url in ["http://h:1", "http://h:1/", "http://h:1/v1", "http://h:1/v1/", "http://h:1/v1/chat/completions"] {
            let own = resolved(&format!("llm-url,{url}"), &[]);
            assert_eq!(own.endpoint.url.as_deref(), Some("http://h:1/v1"), "{url}");
        }
        let own = resolved("llm-url,https://h/api\nllm-endpoint-path,/openai/chat/completions", &[]);
        assert_eq!(own.endpoint.url.as_deref(), Some("https://h/api/openai"));
    }

    #[test]
    fn providers_are_known_by_name_key_or_address() {
        assert_eq!(resolved("anthropic-key,k", &[]).endpoint.provider, "anthropic");
        assert_eq!(resolved("llm-url,https://api.anthropic.com/v1", &[]).endpoint.provider, "anthropic");
        assert_eq!(resolved("llm-url,http://localhost:11434", &[]).endpoint.provider, "openai");
        assert_eq!(resolved("llm-provider,Gemini\nllm-key,k", &[]).endpoint.provider, "gemini");
    }

    #[test]
    fn a_key_of_the_operator_does_not_go_where_a_package_points() {
        let own = resolved("llm-url,https://evil.example/v1", &[("llm-key", "secret")]);
        assert!(own.endpoint.key.is_none());
        assert!(!own.endpoint.trusted);
        let own = resolved("llm-url,https://own.example/v1\nllm-key,own", &[("openai-key", "secret")]);
        assert_eq!(own.endpoint.key.map(|key| key.expose().clone()).as_deref(), Some("own"));
        let own = resolved("llm-model,m", &[("llm-url", "http://localhost:1"), ("llm-key", "secret")]);
        assert!(own.endpoint.key.is_some() && own.endpoint.trusted);
    }

    #[test]
    fn a_bot_calls_its_models_twenty_times_a_minute_unless_it_says_otherwise() {
        let calls =
            |lines: &str| resolved(&format!("llm-url,http://h\n{lines}"), &[]).calls_per_minute.map(NonZeroU32::get);
        assert_eq!(calls(""), Some(20));
        assert_eq!(calls("llm-rate-limit,3"), Some(3));
        assert_eq!(calls("llm-rate-limit,0"), None);
        assert_eq!(calls("llm-rate-limit,99999999999"), Some(u32::MAX));
    }

    #[test]
    fn use_model_chooses_by_word_or_name() {
        let config = config("llm-url,http://h\nllm-model,m\nmodel-fast,small", &[]);
        let model = |chosen| ModelSettings::resolve(&config, Some(chosen)).map(|own| own.endpoint.model);
        assert_eq!(model("fast").as_deref(), Some("small"));
        assert_eq!(model("quality").as_deref(), Some("m"));
        assert_eq!(model("AUTO").as_deref(), Some("m"));
        assert_eq!(model("other-7b").as_deref(), Some("other-7b"));
    }
}
