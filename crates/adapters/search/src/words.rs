//! From text to terms: words, folded to lower case and stemmed by a language. Knows neither documents nor readers.

use std::{borrow::Cow, collections::HashSet, sync::OnceLock};

use frostem::{Algorithm, Stemmer};
use tantivy::tokenizer::{
    AsciiFoldingFilter, Language, LowerCaser, RawTokenizer, SimpleTokenizer, StopWordFilter, TextAnalyzer,
};

/// Letters of a word that count; what is longer is data.
const LONGEST: usize = 64;

/// Makes terms of one language.
pub(crate) struct Words {
    stemmer: Option<Stemmer>,
}

impl Words {
    /// For a language as ISO 639-1, with or without a region; words of one that we have no stemmer for stay as they are.
    pub(crate) fn of(language: &str) -> Self {
        let algorithm = match primary(language) {
            "ar" => Algorithm::Arabic,
            "ca" => Algorithm::Catalan,
            "da" => Algorithm::Danish,
            "nl" => Algorithm::Dutch,
            "en" => Algorithm::English,
            "fi" => Algorithm::Finnish,
            "fr" => Algorithm::French,
            "de" => Algorithm::German,
            "el" => Algorithm::Greek,
            "hu" => Algorithm::Hungarian,
            "it" => Algorithm::Italian,
            "no" | "nb" | "nn" => Algorithm::Norwegian,
            "pt" => Algorithm::Portuguese,
            "ro" => Algorithm::Romanian,
            "ru" => Algorithm::Russian,
            "es" => Algorithm::Spanish,
            "sv" => Algorithm::Swedish,
            "ta" => Algorithm::Tamil,
            "tr" => Algorithm::Turkish,
            _ => return Self { stemmer: None },
        };
        Self { stemmer: Some(Stemmer::new(algorithm)) }
    }

    /// The term of a word as a question asks for it.
    pub(crate) fn term(&self, word: &str) -> String {
        let stem = self.stemmer.as_ref().map_or(Cow::Borrowed(word), |stemmer| stemmer.stem(word));
        plain(&stem).into_owned()
    }

    /// The terms of a word as a document has it: beside the first one that is found when somebody leaves out the
    /// accents, which changes the stem.
    fn terms_of(&self, word: &str) -> [Option<String>; 2] {
        let term = self.term(word);
        if word.is_ascii() {
            return [Some(term), None];
        }
        let second = self.term(&plain(word));
        let second = (second != term).then_some(second);
        [Some(term), second]
    }

    /// The terms of a text of a document.
    pub(crate) fn terms(&self, text: &str) -> Vec<String> {
        split(text).flat_map(|word| self.terms_of(&word)).flatten().collect()
    }
}

fn primary(language: &str) -> &str {
    language.split(['-', '_']).next().unwrap_or_default()
}

/// Without accents.
fn plain(word: &str) -> Cow<'_, str> {
    if word.is_ascii() {
        return Cow::Borrowed(word);
    }
    let mut folder = TextAnalyzer::builder(RawTokenizer::default()).filter(AsciiFoldingFilter).build();
    let mut stream = folder.token_stream(word);
    stream.next().map_or(Cow::Borrowed(word), |token| Cow::Owned(token.text.clone()))
}

/// The words of a text in lower case. Scripts that put no blanks between words give a word for each sign.
pub(crate) fn split(text: &str) -> impl Iterator<Item = String> {
    let runs = text.split(|letter: char| !letter.is_alphanumeric()).filter(|run| !run.is_empty());
    runs.flat_map(|run| {
        let mut words = Vec::new();
        let mut word = String::new();
        let mut letters = 0;
        for letter in run.chars() {
            if is_a_word(letter) {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                words.push(letter.to_string());
                letters = 0;
            } else if letters < LONGEST {
                word.extend(letter.to_lowercase());
                letters += 1;
            }
        }
        if !word.is_empty() {
            words.push(word);
        }
        words
    })
}

const fn is_a_word(letter: char) -> bool {
    // Thai, Lao, Khmer; kana; Han.
    matches!(letter as u32, 0x0e00..=0x0eff | 0x1780..=0x17ff | 0x3040..=0x30ff | 0x3400..=0x9fff | 0xf900..=0xfaff | 0x2_0000..=0x3_ffff)
}

/// What people ask with; the lists of stop words are made for documents and lack it.
const ASKING: &[(&str, &[&str])] = &[
    (
        "en",
        &[
            "about", "am", "can", "could", "did", "do", "does", "from", "get", "had", "has", "have", "how", "i",
            "many", "may", "me", "might", "much", "must", "my", "our", "shall", "should", "so", "than", "them",
            "there", "us", "we", "were", "what", "when", "where", "which", "who", "whom", "whose", "why", "would",
            "you", "your",
        ],
    ),
    (
        "pt",
        &[
            "é", "são", "onde", "quando", "como", "qual", "quais", "quem", "quanto", "quantos", "posso", "pode",
            "devo", "deve", "podem", "preciso", "há", "está", "tem", "fazer", "faço",
        ],
    ),
    (
        "es",
        &[
            "es", "son", "dónde", "cuándo", "cómo", "cuál", "quién", "cuánto", "qué", "puedo", "puede", "pueden",
            "debo", "debe", "hay",
        ],
    ),
    ("de", &["wo", "wann", "wie", "wer", "warum", "welche", "welcher", "welches", "wieviel", "gibt", "darf", "dürfen"]),
    ("fr", &["où", "quand", "comment", "quel", "quelle", "quels", "quelles", "combien", "pourquoi", "peut", "puis"]),
];

/// Languages with a list of stop words.
const LISTS: &[(&str, Language)] = &[
    ("da", Language::Danish),
    ("nl", Language::Dutch),
    ("en", Language::English),
    ("fi", Language::Finnish),
    ("fr", Language::French),
    ("de", Language::German),
    ("hu", Language::Hungarian),
    ("it", Language::Italian),
    ("no", Language::Norwegian),
    ("pt", Language::Portuguese),
    ("ru", Language::Russian),
    ("es", Language::Spanish),
    ("sv", Language::Swedish),
];

/// The words of a question.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Those that say what it is about; all of them when none does.
    pub(crate) words: Vec<String>,
    /// Stop words are all there is.
    pub(crate) is_empty_talk: bool,
}

/// The words of a question that say what it is about: without stop words of these languages. A question is also empty
/// talk when all its words are stop words of one other language.
pub(crate) fn telling(text: &str, languages: &[&str]) -> Asked {
    let mut seen = HashSet::new();
    let all: Vec<String> = split(text).filter(|word| seen.insert(word.clone())).collect();
    let kept: Vec<String> = all.iter().filter(|word| !is_stop_word(word, languages)).cloned().collect();
    let says_nothing = |language: &str| all.iter().all(|word| is_stop_word(word, &[language]));
    if !all.is_empty() && (kept.is_empty() || LISTS.iter().any(|(language, _)| says_nothing(language))) {
        return Asked { words: all, is_empty_talk: true };
    }
    Asked { words: kept, is_empty_talk: false }
}

fn is_stop_word(word: &str, languages: &[&str]) -> bool {
    static FILTERS: OnceLock<Vec<(&str, TextAnalyzer)>> = OnceLock::new();
    let filters = FILTERS.get_or_init(|| {
        let made = LISTS.iter().filter_map(|(name, language)| {
            let words = TextAnalyzer::builder(SimpleTokenizer::default()).filter(LowerCaser);
            Some((*name, words.filter(StopWordFilter::new(*language)?).build()))
        });
        made.collect()
    });
    languages.iter().map(|language| primary(language)).any(|language| {
        ASKING.iter().any(|(name, words)| *name == language && words.contains(&word))
            || filters.iter().any(|(name, filter)| *name == language && !filter.clone().token_stream(word).advance())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_stemmed_by_their_language_and_found_without_accents() {
        let check = |language: &str, text: &str, question: &str| {
            let words = Words::of(language);
            let (terms, asked) = (words.terms(text), words.term(&split(question).next().unwrap()));
            assert!(terms.contains(&asked), "{language}: {terms:?} lack {asked:?}");
        };
        check("en", "Refunds were requested", "requesting");
        check("en-GB", "Refunds were requested", "REFUND");
        check("pt", "As devoluções", "devolução");
        check("pt", "A devolução", "devolucao");
        check("de", "Die Häuser", "Haus");
        check("de", "Die Häuser", "Hauser");
        check("zh", "退款政策", "款");
        check("xx", "Qwertz-77", "qwertz");
        assert!(Words::of("en").terms("...").is_empty());
    }

    #[test]
    fn stop_words_say_nothing_unless_there_is_nothing_else() {
        assert_eq!(telling("What is the refund policy?", &["en"]).words, ["refund", "policy"]);
        assert_eq!(telling("Qual é a política de devolução?", &["en", "pt"]).words, ["política", "devolução"]);
        for (text, languages) in
            [("To be or not to be", vec!["en"]), ("what is the?", vec!["pt"]), ("o que é isso?", vec!["en"])]
        {
            assert!(telling(text, &languages).is_empty_talk, "{text}");
        }
        for text in ["refund", "退款", "E-204", ""] {
            assert!(!telling(text, &["en"]).is_empty_talk, "{text}");
        }
    }
}
