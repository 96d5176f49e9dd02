//! What makes vectors of the bots' documents: a service that their settings name, or the model that is installed here.

use std::{collections::HashMap, sync::Arc};

use botserver_config::{BotConfig, Settings};
use botserver_embedders::{LocalEmbedder, LocalOptions, ModelFolder, OpenAiEmbedder, OpenAiSettings};
use botserver_http::{HttpClient, Trust};
use botserver_kernel::Secret;
use botserver_knowledge::Embedders;
use botserver_ports::Embedder;
use parking_lot::Mutex;

/// The model that runs in the server's own process when it is installed.
const LOCAL_MODEL: &str = "all-minilm-l6-v2";

/// What makes vectors for a bot: the service of its settings, else the local model if it is installed, else nothing.
pub(crate) fn embedders(settings: &Settings, client: &Arc<HttpClient>) -> Embedders {
    let client = client.clone();
    let models = ModelFolder::new(settings.data_dir.join("models"));
    let made: Mutex<HashMap<String, Arc<dyn Embedder>>> = Mutex::default();
    Arc::new(move |_, config| {
        if let Some(url) = set(config, "embedding-url") {
            let service = service(config, url);
            let key = format!("{service:?} {}", service.key.as_ref().map_or("", |key| key.expose()));
            let mut made = made.lock();
            let own = made.entry(key).or_insert_with(|| Arc::new(OpenAiEmbedder::new(client.clone(), service)));
            return Some(own.clone());
        }
        let name = set(config, "embedding-model").unwrap_or(LOCAL_MODEL);
        local(&models, name, &mut made.lock())
    })
}

/// Nothing makes vectors: documents are found by their words.
pub(crate) fn none() -> Embedders {
    Arc::new(|_, _| None)
}

fn set<'c>(config: &'c BotConfig, key: &str) -> Option<&'c str> {
    config.text(key).map(str::trim).filter(|text| !text.is_empty())
}

fn service(config: &BotConfig, url: &str) -> OpenAiSettings {
    let operators = config.is_operators("embedding-url");
    // A key of the operator does not go where a package points.
    let key = set(config, "embedding-key").filter(|_| operators || !config.is_operators("embedding-key"));
    OpenAiSettings {
        url: url.trim_end_matches('/').trim_end_matches("/embeddings").to_owned(),
        key: key.map(|key| Secret::new(key.to_owned())),
        model: set(config, "embedding-model").unwrap_or("default").to_owned(),
        dimensions: config.integer("embedding-dimensions").and_then(|number| usize::try_from(number).ok()),
        trust: if operators { Trust::Operator } else { Trust::Untrusted },
    }
}

/// The installed model; one for all bots. It is looked for again until it is there, so that `model pull` works while the
/// server runs.
fn local(models: &ModelFolder, name: &str, made: &mut HashMap<String, Arc<dyn Embedder>>) -> Option<Arc<dyn Embedder>> {
    if let Some(own) = made.get(name) {
        return Some(own.clone());
    }
    if !models.is_installed(name) {
        return None;
    }
    match LocalEmbedder::open(&models.path(name), LocalOptions::default()) {
        Ok(own) => {
            let own: Arc<dyn Embedder> = Arc::new(own);
            made.insert(name.to_owned(), own.clone());
            Some(own)
        }
        Err(error) => {
            tracing::error!(%error, "the local embedding model cannot be used; documents are found by their words only");
            None
        }
    }
}

/// A line for whoever starts a server whose bots have documents and no way to compare meanings.
pub(crate) fn hint(settings: &Settings) -> Option<String> {
    let models = ModelFolder::new(settings.data_dir.join("models"));
    (!models.is_installed(LOCAL_MODEL)).then(|| {
        let data = settings.data_dir.display();
        format!(
            "Documents are found by their words; to find them by meaning too: \
             botserver model pull {LOCAL_MODEL} --data {data}"
        )
    })
}
