//! Whether a server lists the model that it is asked for. A server that lists nothing is no fault, and neither is a name
//! that stands for another one.

use std::cmp::Reverse;

use botserver_ports::{ChatModel as _, ModelEndpoint, ModelError};

use crate::{HttpModels, target::Target};

/// Names that a sentence lists.
const NAMED: usize = 5;
/// Characters of a name that a sentence takes from a server.
const LONGEST: usize = 100;

/// What a server's list says about one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listing {
    /// The list is empty: it says nothing.
    Empty,
    /// The model is in the list.
    Listed,
    /// The server answers, and its list does not have the model: a sentence, with the nearest names.
    Unlisted(String),
}

impl HttpModels {
    /// Looks for the endpoint's model in the list of its server; an error is that of a server that cannot list.
    pub async fn listing(&self, endpoint: &ModelEndpoint) -> Result<Listing, ModelError> {
        let names = self.models(endpoint).await?;
        let host = Target::of(endpoint)?.host;
        Ok(listing(&host, &endpoint.model, &names))
    }
}

fn listing(host: &str, wanted: &str, names: &[String]) -> Listing {
    if names.is_empty() {
        return Listing::Empty;
    }
    if names.iter().any(|listed| is_same(listed, wanted)) {
        return Listing::Listed;
    }
    let wanted_lower = wanted.to_lowercase();
    let alike = |name: &str| {
        let name = name.to_lowercase();
        let (short, long) =
            if name.len() < wanted_lower.len() { (&name, &wanted_lower) } else { (&wanted_lower, &name) };
        // A variant of the same model is nearer than one that is spelled like it.
        let is_variant = short.len() > 2 && long.contains(short.as_str());
        strsim::jaro_winkler(&name, &wanted_lower) + f64::from(u8::from(is_variant))
    };
    let mut nearest: Vec<(u32, &str)> =
        names.iter().map(|name| ((alike(name) * 1_000.0) as u32, name.as_str())).collect();
    // Those that are as near keep the server's order.
    nearest.sort_by_key(|(score, _)| Reverse(*score));
    let shown: Vec<String> = nearest
        .iter()
        .take(NAMED)
        .map(|(_, name)| format!("`{}`", name.chars().take(LONGEST).collect::<String>()))
        .collect();
    let which = if names.len() > NAMED { "the nearest names in its list:" } else { "it lists" };
    let shown = shown.join(", ");
    Listing::Unlisted(format!("{host} answers, but does not list a model `{wanted}`; {which} {shown}"))
}

/// Ollama lists `name:latest` and takes `name`; Anthropic and OpenAI list `name-20250929` or `name-2025-09-29` and take
/// `name`.
fn is_same(listed: &str, wanted: &str) -> bool {
    let wanted = wanted.trim_start_matches("models/");
    let Some(rest) = listed.strip_prefix(wanted) else { return false };
    let is_date = |rest: &str| {
        let digits = rest.chars().filter(char::is_ascii_digit).count();
        digits == 8 && rest.chars().all(|c| c.is_ascii_digit() || c == '-')
    };
    rest.is_empty() || rest == ":latest" || rest.strip_prefix('-').is_some_and(is_date)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(wanted: &str, names: &[&str]) -> Listing {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        listing("host:1", wanted, &names)
    }

    #[test]
    fn a_list_that_has_the_model_under_a_longer_name_has_it() {
        assert_eq!(found("m", &[]), Listing::Empty);
        for (wanted, listed) in [
            ("small", "small:latest"),
            ("qwen3:8b", "qwen3:8b"),
            ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929"),
            ("gpt-4o", "gpt-4o-2024-08-06"),
            ("models/gemini-3-flash", "gemini-3-flash"),
        ] {
            assert_eq!(found(wanted, &["x", listed]), Listing::Listed, "{wanted}");
        }
    }

    #[test]
    fn a_list_without_the_model_is_told_with_the_nearest_names() {
        let said = |wanted, names| match found(wanted, names) {
            Listing::Unlisted(said) => said,
            other => panic!("{other:?}"),
        };
        let text = said("other", &["fake-1"]);
        assert_eq!(text, "host:1 answers, but does not list a model `other`; it lists `fake-1`");
        let many = ["a", "b", "gpt-4o-mini-tts", "c", "d", "gpt-4.1", "gpt-4o-audio"];
        let text = said("gpt-4o", &many);
        assert!(text.contains("the nearest names in its list: `gpt-4o-audio`, `gpt-4o-mini-tts`, `gpt-4.1`"), "{text}");
        assert!(said("gpt-4", &["gpt-4o"]).contains("does not list"));
    }
}
