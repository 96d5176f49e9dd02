//! What the log says of a model that did not answer: who, where and how, never what anybody wrote and never a key.

use botserver_ports::{ModelEndpoint, ModelError};
use url::Url;

use crate::records::word;

/// One line for a call that failed. `told` if the owner's page is told by other means.
pub(crate) fn log(bot: &str, endpoint: &ModelEndpoint, error: &ModelError, told: bool) {
    let host = error.host.clone().or_else(|| {
        let url = endpoint.url.as_deref().and_then(|url| Url::parse(url).ok())?;
        url.host_str().map(str::to_owned)
    });
    tracing::warn!(
        bot,
        model = %endpoint.model,
        provider = %endpoint.provider,
        host = host.unwrap_or_default(),
        fault = %word(error.fault),
        status = error.status,
        request_id = error.request_id,
        told,
        "the language model did not answer"
    );
}
