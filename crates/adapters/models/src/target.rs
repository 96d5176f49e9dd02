//! From settings to an address: which protocol is spoken where. The addresses of well-known providers stand here.

use botserver_http::{Trust, Url, parse_url};
use botserver_ports::{ModelEndpoint, ModelError, ModelFault};

/// What is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    OpenAi,
    Anthropic,
    Gemini,
}

/// Providers that speak OpenAI's protocol, and where.
const ADDRESSES: &[(&str, &str)] = &[
    ("openai", "https://api.openai.com/v1"),
    ("anthropic", "https://api.anthropic.com/v1"),
    ("gemini", "https://generativelanguage.googleapis.com/v1beta"),
    ("openrouter", "https://openrouter.ai/api/v1"),
    ("groq", "https://api.groq.com/openai/v1"),
    ("mistral", "https://api.mistral.ai/v1"),
    ("deepseek", "https://api.deepseek.com/v1"),
    ("xai", "https://api.x.ai/v1"),
    ("together", "https://api.together.xyz/v1"),
    ("fireworks", "https://api.fireworks.ai/inference/v1"),
    ("cerebras", "https://api.cerebras.ai/v1"),
    ("nvidia", "https://integrate.api.nvidia.com/v1"),
    ("ollama", "http://127.0.0.1:11434/v1"),
    ("llamacpp", "http://127.0.0.1:8080/v1"),
    ("vllm", "http://127.0.0.1:8000/v1"),
    ("lmstudio", "http://127.0.0.1:1234/v1"),
];

/// Where requests go.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) protocol: Protocol,
    /// Without a slash at the end.
    base: Url,
    pub(crate) trust: Trust,
    /// For sentences.
    pub(crate) host: String,
}

impl Target {
    pub(crate) fn of(endpoint: &ModelEndpoint) -> Result<Self, ModelError> {
        let provider = endpoint.provider.trim().to_lowercase();
        let (protocol, version) = match provider.as_str() {
            "anthropic" | "claude" => (Protocol::Anthropic, "/v1"),
            "gemini" | "google" => (Protocol::Gemini, "/v1beta"),
            _ => (Protocol::OpenAi, "/v1"),
        };
        let given = endpoint.url.as_deref().map(str::trim).filter(|url| !url.is_empty());
        let own = || {
            let name = match provider.as_str() {
                "claude" => "anthropic",
                "google" => "gemini",
                "llama.cpp" => "llamacpp",
                name => name,
            };
            ADDRESSES.iter().find(|(known, _)| *known == name).map(|(_, address)| *address)
        };
        let Some(text) = given.or_else(own) else {
            let message = format!("No address is set for the model (llm-url), and none is known for `{provider}`.");
            return Err(ModelError::new(ModelFault::Address, message));
        };
        let mut base = parse_url(text).map_err(|error| ModelError::new(ModelFault::Address, format!("{error}.")))?;
        let path = base.path().trim_end_matches('/');
        // People copy the whole address out of a provider's page.
        let path = ["/chat/completions", "/messages"].iter().find_map(|end| path.strip_suffix(end)).unwrap_or(path);
        let path = if path.is_empty() { version } else { path }.to_owned();
        base.set_path(&path);
        let trust = if endpoint.trusted { Trust::Operator } else { Trust::Untrusted };
        let host = base.host_str().unwrap_or_default().to_owned();
        Ok(Self { protocol, base, trust, host })
    }

    /// An address below the base; its query stays.
    pub(crate) fn url(&self, path: &str) -> String {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/{path}", self.base.path().trim_end_matches('/')));
        url.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_completed() {
        let check = |provider: &str, url: &str, expected: &str| {
            let endpoint = ModelEndpoint {
                provider: provider.to_owned(),
                url: (!url.is_empty()).then(|| url.to_owned()),
                key: None,
                model: "m".to_owned(),
                trusted: false,
            };
            assert_eq!(Target::of(&endpoint).unwrap().url("chat/completions"), expected);
        };
        check("openai", "", "https://api.openai.com/v1/chat/completions");
        check("", "http://localhost:8081", "http://localhost:8081/v1/chat/completions");
        check("openai", "http://localhost:8081/", "http://localhost:8081/v1/chat/completions");
        check("openai", "https://a.example/openai/v1/", "https://a.example/openai/v1/chat/completions");
        check("openai", "https://a.example/v1/chat/completions", "https://a.example/v1/chat/completions");
        check("openai", "https://a.example/x?api-version=2", "https://a.example/x/chat/completions?api-version=2");
        check("Groq", "", "https://api.groq.com/openai/v1/chat/completions");
        let endpoint = ModelEndpoint {
            provider: "nobody".to_owned(),
            url: None,
            key: None,
            model: "m".to_owned(),
            trusted: false,
        };
        assert_eq!(Target::of(&endpoint).unwrap_err().fault, ModelFault::Address);
    }
}
