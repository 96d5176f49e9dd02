//! The few sentences the server itself says in a conversation, in the person's language.

mod courtesy;

use std::{collections::HashMap, sync::LazyLock};

pub(crate) use courtesy::courtesy;

static CATALOGUES: LazyLock<HashMap<&'static str, HashMap<String, String>>> = LazyLock::new(|| {
    [("en", include_str!("en.json")), ("pt", include_str!("pt.json")), ("es", include_str!("es.json"))]
        .into_iter()
        // The files are part of the build and a test reads them all; an unreadable one would be empty.
        .map(|(locale, text)| (locale, serde_json::from_str(text).unwrap_or_default()))
        .collect()
});

/// A sentence by key; English where the language is not ours.
pub(crate) fn sentence(key: &str, locale: &str) -> &'static str {
    let language = locale.split(['-', '_']).next().unwrap_or_default().to_lowercase();
    let find = |language: &str| CATALOGUES.get(language)?.get(key).map(String::as_str);
    find(&language).or_else(|| find("en")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_every_sentence() {
        let keys = |language| {
            let mut keys: Vec<_> = CATALOGUES[language].keys().cloned().collect();
            keys.sort();
            keys
        };
        assert!(!keys("en").is_empty());
        assert_eq!(keys("en"), keys("pt"));
        assert_eq!(keys("en"), keys("es"));
        assert_eq!(sentence("failed_title", "pt-BR"), CATALOGUES["pt"]["failed_title"]);
        assert_eq!(sentence("failed_title", "de"), CATALOGUES["en"]["failed_title"]);
    }
}
