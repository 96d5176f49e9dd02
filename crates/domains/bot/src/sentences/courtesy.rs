//! Thanks, greetings and the like: what is no question gets no search, but a short answer of the same kind, in the
//! language it came in.

use super::sentence;

/// A longer message is about something.
const MOST_WORDS: usize = 8;

/// Phrases of one kind in one language, separated by `|`.
struct Phrases {
    /// The key of the sentence that answers them.
    answer: &'static str,
    /// The language; empty where it does not tell.
    language: &'static str,
    said: &'static str,
}

/// In the order in which they decide what a message is that has several: "thanks, bye" is a goodbye.
const KNOWN: &[Phrases] = &[
    Phrases {
        answer: "courtesy_farewell",
        language: "en",
        said: "bye|bye bye|goodbye|good bye|see you|see you later|see you soon|see ya|have a nice day|have a good day|\
               good night|take care",
    },
    Phrases {
        answer: "courtesy_farewell",
        language: "pt",
        said: "até logo|até mais|até amanhã|até breve|tchauzinho|boa noite e até amanhã|tenha um bom dia",
    },
    Phrases {
        answer: "courtesy_farewell",
        language: "es",
        said: "adiós|adios|hasta luego|hasta pronto|hasta mañana|nos vemos|que tengas un buen día|chau",
    },
    Phrases { answer: "courtesy_farewell", language: "", said: "ciao|tchau|chao" },
    Phrases {
        answer: "courtesy_thanks",
        language: "en",
        said: "thanks|thank you|thank you very much|thanks a lot|many thanks|thx|ty|cheers|much appreciated|thank u|\
               thanks so much|that was helpful|that helps|great help",
    },
    Phrases {
        answer: "courtesy_thanks",
        language: "pt",
        said: "obrigado|obrigada|muito obrigado|muito obrigada|valeu|brigado|brigada|obg|agradeço|grato|grata|ajudou muito",
    },
    Phrases {
        answer: "courtesy_thanks",
        language: "es",
        said: "gracias|muchas gracias|mil gracias|te lo agradezco|muy amable|gracias por todo|gracias por la ayuda",
    },
    Phrases { answer: "courtesy_thanks", language: "", said: "🙏|❤" },
    Phrases {
        answer: "courtesy_greeting",
        language: "en",
        said: "hello|hi|hey|hello there|hi there|hey there|good morning|good afternoon|good evening|howdy|greetings|\
               how are you|how are you doing|is anybody there|anyone there",
    },
    Phrases {
        answer: "courtesy_greeting",
        language: "pt",
        said: "olá|oi|bom dia|boa tarde|boa noite|tudo bem|tudo bom|e aí|como vai|opa",
    },
    Phrases {
        answer: "courtesy_greeting",
        language: "es",
        said: "hola|buenos días|buenos dias|buenas tardes|buenas noches|buenas|qué tal|que tal|cómo estás|como estas",
    },
    Phrases { answer: "courtesy_greeting", language: "", said: "ola|👋" },
    Phrases {
        answer: "courtesy_assent",
        language: "en",
        said: "okay|alright|all right|fine|great|good|very good|perfect|cool|nice|yes|no|yep|nope|sure|got it|i see|\
               understood|that is all|that s all|that will be all|nothing else|no thanks|no thank you|never mind|\
               sounds good|wonderful|excellent|awesome|will do",
    },
    Phrases {
        answer: "courtesy_assent",
        language: "pt",
        said: "certo|tá|tá bom|tá certo|está bem|está bom|beleza|entendi|sim|não|perfeito|ótimo|legal|combinado|\
               só isso|é só isso|mais nada|nada mais|deixa|muito bom|joia",
    },
    Phrases {
        answer: "courtesy_assent",
        language: "es",
        said: "vale|bien|muy bien|está bien|de acuerdo|entendido|entiendo|sí|perfecto|genial|claro|eso es todo|nada más|\
               listo|estupendo|buenísimo",
    },
    Phrases { answer: "courtesy_assent", language: "", said: "ok|k|oki|okey|super|bravo|👍|👌|si|nao" },
];

/// What may stand between phrases.
const BETWEEN: &[&str] = &[
    "and",
    "e",
    "y",
    "then",
    "so",
    "very",
    "much",
    "again",
    "you",
    "there",
    "all",
    "everybody",
    "bot",
    "então",
    "pues",
];

fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for letter in text.to_lowercase().chars() {
        if letter.is_alphanumeric() {
            word.push(letter);
            continue;
        }
        if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if "👍👌🙏👋❤".contains(letter) {
            words.push(letter.to_string());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// The answer to a message that is nothing but courtesy, in its language or else in this one.
pub(crate) fn courtesy(text: &str, locale: &str) -> Option<&'static str> {
    let words = words(text);
    if words.is_empty() || words.len() > MOST_WORDS || text.contains("```") {
        return None;
    }
    let mut rest = words.as_slice();
    let mut found: Option<(usize, &Phrases)> = None;
    while !rest.is_empty() {
        let known = KNOWN.iter().enumerate().filter_map(|(rank, own)| Some((longest(own, rest)?, rank, own)));
        // The longest phrase; of equal ones the kind that decides.
        match known.max_by_key(|(length, rank, _)| (*length, std::cmp::Reverse(*rank))) {
            Some((length, rank, own)) => {
                rest = rest.get(length..).unwrap_or_default();
                if found.is_none_or(|(best, _)| rank < best) {
                    found = Some((rank, own));
                }
            }
            None if found.is_some() && BETWEEN.contains(&rest[0].as_str()) => {
                rest = rest.get(1..).unwrap_or_default();
            }
            None => return None,
        }
    }
    let (_, own) = found?;
    Some(sentence(own.answer, if own.language.is_empty() { locale } else { own.language }))
}

/// The length of the longest of these phrases that the words begin with.
fn longest(phrases: &Phrases, words: &[String]) -> Option<usize> {
    let begins = |phrase: &str| {
        let phrase: Vec<&str> = phrase.split_whitespace().collect();
        let same = words.len() >= phrase.len() && words.iter().zip(&phrase).all(|(word, own)| word == own);
        (same && !phrase.is_empty()).then_some(phrase.len())
    };
    phrases.said.split('|').filter_map(begins).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn courtesies_are_answered_in_their_language() {
        for (text, key, language) in [
            ("Thanks!", "courtesy_thanks", "en"),
            ("ok thank you very much", "courtesy_thanks", "en"),
            ("thanks, bye", "courtesy_farewell", "en"),
            ("Hello there", "courtesy_greeting", "en"),
            ("Obrigada!!", "courtesy_thanks", "pt"),
            ("oi, tudo bem?", "courtesy_greeting", "pt"),
            ("¡Muchas gracias!", "courtesy_thanks", "es"),
            ("adiós", "courtesy_farewell", "es"),
            ("That's all.", "courtesy_assent", "en"),
            ("👍", "courtesy_assent", "pt"),
            ("OK", "courtesy_assent", "pt"),
        ] {
            assert_eq!(courtesy(text, "pt"), Some(sentence(key, language)), "{text}");
        }
    }

    #[test]
    fn what_is_about_something_is_no_courtesy() {
        for text in [
            "thank you card",
            "hello world in BASIC",
            "Do I get a good morning allowance?",
            "no smoking",
            "ok but what about Jena?",
            "and",
            "yes, how do I return it?",
            "?",
            "",
        ] {
            assert_eq!(courtesy(text, "en"), None, "{text}");
        }
    }
}
