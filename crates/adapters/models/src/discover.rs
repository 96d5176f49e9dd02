//! What could be used on this machine: local servers that answer, and names of keys in the environment. Only an offer: it
//! never uses what it finds, and never reads the value of a key.

use std::time::Duration;

use botserver_http::{HttpClient, Method, Request, Trust};
use futures_util::future::join_all;
use serde_json::Value as Json;

/// A local server answers at once or is not there.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// Software, its usual address, and where else than `/v1/models` its models are listed.
const SERVERS: &[(&str, &str, &str)] = &[
    ("ollama", "http://127.0.0.1:11434", "/api/tags"),
    ("llamacpp", "http://127.0.0.1:8080", "/v1/models"),
    ("vllm", "http://127.0.0.1:8000", "/v1/models"),
    ("lmstudio", "http://127.0.0.1:1234", "/v1/models"),
];

/// Addresses of the operator's that are looked at.
const MOST_ADDRESSES: usize = 10;

/// Names under which people keep their keys, and the provider.
const KEYS: &[(&str, &str)] = &[
    ("OPENAI_API_KEY", "openai"),
    ("ANTHROPIC_API_KEY", "anthropic"),
    ("GEMINI_API_KEY", "gemini"),
    ("GOOGLE_API_KEY", "gemini"),
    ("OPENROUTER_API_KEY", "openrouter"),
    ("GROQ_API_KEY", "groq"),
    ("MISTRAL_API_KEY", "mistral"),
    ("DEEPSEEK_API_KEY", "deepseek"),
    ("XAI_API_KEY", "xai"),
    ("TOGETHER_API_KEY", "together"),
    ("FIREWORKS_API_KEY", "fireworks"),
    ("CEREBRAS_API_KEY", "cerebras"),
    ("NVIDIA_API_KEY", "nvidia"),
];

/// Something that the owner may choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offer {
    /// A server on this machine.
    Server {
        /// The program that usually has this address, and the provider's name for the settings: `ollama`, `llamacpp`,
        /// `vllm`, `lmstudio`.
        software: &'static str,
        /// For `llm-url`.
        url: String,
        /// The models it has.
        models: Vec<String>,
    },
    /// A key in the environment.
    Key {
        /// The variable.
        variable: &'static str,
        /// For `llm-provider`.
        provider: &'static str,
    },
}

/// Looks at the usual addresses on this machine and at the names in the environment.
///
/// `environment` tells whether a variable is set to something. `allowed` are the addresses, `host:port`, that the operator
/// has opened: those on this machine are looked at too. `own_port` is left out: that is ourselves.
pub async fn discover(
    http: &HttpClient,
    environment: &(dyn Fn(&str) -> bool + Sync),
    own_port: Option<u16>,
    allowed: &[String],
) -> Vec<Offer> {
    let own = own_port.map(|port| format!(":{port}"));
    let servers = SERVERS.iter().filter(|(_, address, _)| own.as_ref().is_none_or(|own| !address.ends_with(own)));
    let more: Vec<String> = allowed.iter().filter_map(|text| address_here(text)).collect();
    let more = more.iter().filter(|address| {
        let usual = SERVERS.iter().any(|(_, usual, _)| usual == address);
        !usual && own.as_ref().is_none_or(|own| !address.ends_with(own))
    });
    let usual = servers.map(|&(software, address, list)| (Some(software), address, list));
    let places = usual.chain(more.take(MOST_ADDRESSES).map(|address| (None, address.as_str(), "/api/tags")));
    let found = join_all(places.map(|(software, address, list)| look(http, software, address, list))).await;
    let keys = KEYS.iter().filter(|(variable, _)| environment(variable));
    let keys = keys.map(|&(variable, provider)| Offer::Key { variable, provider });
    found.into_iter().flatten().chain(keys).collect()
}

/// The address of a server on this machine, if the operator's entry is one.
fn address_here(allowed: &str) -> Option<String> {
    let (host, port) = allowed.trim().rsplit_once(':')?;
    let here = matches!(host, "127.0.0.1" | "localhost" | "[::1]") && port.parse::<u16>().is_ok();
    here.then(|| format!("http://{host}:{port}"))
}

/// The provider's name of a server at no usual address, from what its list says.
fn software_of(path: &str, list: &Json) -> &'static str {
    match list["data"][0]["owned_by"].as_str() {
        _ if path == "/api/tags" => "ollama",
        Some("llamacpp") => "llamacpp",
        Some("vllm") => "vllm",
        _ => "openai",
    }
}

async fn look(http: &HttpClient, software: Option<&'static str>, address: &str, list: &str) -> Option<Offer> {
    let paths: &[&str] = if list == "/v1/models" { &["/v1/models"] } else { &[list, "/v1/models"] };
    for path in paths {
        let Ok(mut request) = Request::new(Method::GET, &format!("{address}{path}"), Trust::Operator) else { continue };
        request.timeout = PATIENCE;
        let Ok(response) = http.send(request).await else { continue };
        let body = response.is_success().then(|| serde_json::from_slice::<Json>(&response.body).ok()).flatten();
        // Any program may listen there: only a list of models counts.
        let Some(body) = body.filter(|body| body["data"].is_array() || body["models"].is_array()) else { continue };
        let Some(models) = crate::names(&body) else { continue };
        let software = software.unwrap_or_else(|| software_of(path, &body));
        return Some(Offer::Server { software, url: format!("{address}/v1"), models });
    }
    None
}

#[cfg(test)]
mod tests {
    use botserver_http::OutboundPolicy;
    use botserver_testkit::FakeModel;

    use super::*;

    #[tokio::test]
    async fn a_server_is_offered_with_its_models_and_nothing_else_is() {
        let model = FakeModel::start().await.unwrap();
        model.set_models(&["small", "large"]);
        let http = HttpClient::new(OutboundPolicy::default());
        let address = format!("http://{}", model.address());
        let expected = Offer::Server {
            software: "ollama",
            url: model.url(),
            models: vec!["small".to_owned(), "large".to_owned()],
        };
        // The fake has no list of Ollama's, so the other one is asked.
        assert_eq!(look(&http, Some("ollama"), &address, "/api/tags").await, Some(expected));
        // Another program: it answers, but not with models.
        assert_eq!(look(&http, Some("vllm"), &format!("{address}/fake/seen?"), "/v1/models").await, None);
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", nobody.local_addr().unwrap());
        drop(nobody);
        assert_eq!(look(&http, Some("vllm"), &address, "/v1/models").await, None);
    }

    #[tokio::test]
    async fn addresses_that_the_operator_has_opened_are_looked_at_if_they_are_here() {
        let model = FakeModel::start().await.unwrap();
        let http = HttpClient::new(OutboundPolicy::default());
        let allowed = ["models.example:443".to_owned(), model.address().to_string(), "127.0.0.1:x".to_owned()];
        let servers = async |own: Option<u16>| {
            let found = discover(&http, &|_| false, own, &allowed).await;
            let here = |offer: &Offer| matches!(offer, Offer::Server { url, .. } if *url == model.url());
            found.into_iter().filter(here).collect::<Vec<_>>()
        };
        let models = vec!["fake-model".to_owned()];
        assert_eq!(servers(None).await, [Offer::Server { software: "openai", url: model.url(), models }]);
        assert_eq!(servers(Some(model.address().port())).await, [], "that would be ourselves");
        assert_eq!(software_of("/v1/models", &serde_json::json!({"data": [{"owned_by": "llamacpp"}]})), "llamacpp");
        assert_eq!(software_of("/api/tags", &serde_json::json!({"models": []})), "ollama");
    }

    #[tokio::test]
    async fn keys_are_offered_by_their_names() {
        let http = HttpClient::new(OutboundPolicy::default());
        let found = discover(&http, &|name| ["GROQ_API_KEY", "HOME"].contains(&name), None, &[]).await;
        let keys: Vec<_> = found.into_iter().filter(|offer| matches!(offer, Offer::Key { .. })).collect();
        assert_eq!(keys, [Offer::Key { variable: "GROQ_API_KEY", provider: "groq" }]);
    }
}
