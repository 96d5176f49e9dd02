//! Language models that could be used on this machine. Only an offer: none is used before somebody sets it.

use botserver_config::Settings;
use botserver_http::HttpClient;
use botserver_models::Offer;

use super::Finding;
use crate::{bootstrap, models};

const MODELS: &str = "models";

/// Looks at the usual addresses of local servers, and at the names of keys in the environment.
pub(super) async fn examine(settings: &Settings) -> Vec<Finding> {
    let Ok(policy) = bootstrap::outbound(settings) else { return Vec::new() };
    let found = models::offers(&HttpClient::new(policy), Some(settings.server.listen.port())).await;
    if found.is_empty() {
        let message = "no language model was found on this machine; bots quote their documents without one";
        return vec![Finding::ok(MODELS, message)];
    }
    found.into_iter().map(|offer| Finding::ok(MODELS, describe(&offer))).collect()
}

fn describe(offer: &Offer) -> String {
    match offer {
        Offer::Server { software, url, models } => {
            let model = models.first().map_or("NAME", String::as_str);
            let address = url.trim_start_matches("http://").split('/').next().unwrap_or_default();
            format!(
                "{software} answers at {url}; to use it: `llm-url,{url}` and `llm-model,{model}` in config.csv, and \
                 outbound.allow = [\"{address}\"] in config.toml"
            )
        }
        Offer::Key { variable, provider } => format!(
            "{variable} is set; to use it: bot_defaults.llm-provider = \"{provider}\" and bot_defaults.llm-key in \
             config.toml, and `llm-model,NAME` in config.csv"
        ),
    }
}
