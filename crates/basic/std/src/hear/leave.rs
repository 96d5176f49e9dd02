//! The words by which people leave a question that they do not want to answer.

use botserver_basic_types::HearType;

use super::{choices, rejection::message};
use crate::text::fold;

/// Without accents and capitals.
const WORDS: &str = "cancel, cancel that, cancel it, stop, stop it, stop that, quit, exit, abort, never mind, nevermind, \
    forget it, forget about it, cancelar, cancela, cancele, parar, pare, sair, desistir, desisto, esquece, esqueca, \
    deixa, deixa pra la, deixa para la, detener, salir, olvidalo, dejalo, abbrechen, abbruch, stopp, vergiss es, \
    annuler, arreter, arrete, laisse tomber, annulla, annullare, lascia stare, lascia perdere";

/// Whether a person says with this that they do not want to answer: the whole text is a word for it in one of many
/// languages. Where it is an answer (the no of a BOOLEAN, an option of a menu, a password) it is only that.
pub fn declines(kind: &HearType, text: &str) -> bool {
    let answers = match kind {
        HearType::Boolean => choices::boolean(text).is_some(),
        HearType::Menu { options, .. } => options.iter().any(|option| fold(option.trim()) == fold(text.trim())),
        HearType::Password => text.chars().count() >= 8,
        _ => false,
    };
    !answers && is_word_for_it(text)
}

/// One sentence that tells a person of such a word.
pub fn way_out(locale: &str) -> &'static str {
    message("way_out", locale)
}

fn is_word_for_it(text: &str) -> bool {
    // Nothing as long as this is one of the words.
    if text.len() > 60 {
        return false;
    }
    let text = fold(text.trim().trim_matches(['/', '.', '!', '¡', '"', '\'', '“', '”', '«', '»', '…', ' ']));
    let text = text.strip_suffix(" please").or_else(|| text.strip_suffix(" por favor")).unwrap_or(&text);
    let text = text.trim_end_matches(',');
    WORDS.split(", ").any(|word| word == text)
}
