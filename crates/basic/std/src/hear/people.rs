//! HEAR types about a person: EMAIL, NAME, MOBILE, ZIPCODE, LANGUAGE.

use crate::text::{fold, proper};

/// A mail address, lower case. A domain without a dot passes (`root@intranet`).
pub(super) fn email(text: &str) -> Option<String> {
    let (local, domain) = text.rsplit_once('@')?;
    let local_sound = (1..=64).contains(&local.len())
        && local.split('.').all(|part| !part.is_empty())
        && local.chars().all(|c| c.is_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c));
    let domain_sound = (1..=253).contains(&domain.len()) && domain.split('.').all(host_label);
    (local_sound && domain_sound).then(|| text.to_lowercase())
}

/// One part of a host name between dots.
pub(super) fn host_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.chars().all(|c| c.is_alphanumeric() || c == '-')
}

/// Letters of any script, blanks, `-` and `'`, 2 to 100 characters; words all in one case get a
/// capital first letter, mixed ones (`McDonald`) stay.
pub(super) fn name(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let name = words.join(" ");
    let sound = (2..=100).contains(&name.chars().count())
        && name.chars().any(char::is_alphabetic)
        && name.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '-' | '\'' | '’' | '\u{300}'..='\u{36f}'));
    sound.then(|| words.into_iter().map(name_word).collect::<Vec<_>>().join(" "))
}

fn name_word(word: &str) -> String {
    let mixed = word.chars().any(char::is_lowercase) && word.chars().skip(1).any(char::is_uppercase);
    if !mixed {
        return proper(word);
    }
    let mut letters = word.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// Ten to fifteen digits; eleven as `(11) 99999-8888`, ten as `(415) 555-1234`, others and those
/// written with a leading `+` as `+` and the digits.
pub(super) fn mobile(text: &str) -> Option<String> {
    if !text.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '(' | ')' | '-' | '.' | '/') || c.is_whitespace())
    {
        return None;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let international = text.starts_with('+');
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    match digits.len() {
        11 if !international => Some(format!("({}) {}-{}", part(0, 2), part(2, 7), part(7, 11))),
        10 if !international => Some(format!("({}) {}-{}", part(0, 3), part(3, 6), part(6, 10))),
        10..=15 => Some(format!("+{digits}")),
        _ => None,
    }
}

/// Brazilian (8 digits), US (5 or 9 digits) and British postal codes.
pub(super) fn zipcode(text: &str) -> Option<String> {
    let compact: String = text.chars().filter(|c| !matches!(c, '-' | '.') && !c.is_whitespace()).collect();
    if !compact.is_empty() && compact.bytes().all(|byte| byte.is_ascii_digit()) {
        let part = |from: usize, to: usize| compact.get(from..to).unwrap_or_default();
        return match compact.len() {
            8 => Some(format!("{}-{}", part(0, 5), part(5, 8))),
            9 => Some(format!("{}-{}", part(0, 5), part(5, 9))),
            5 => Some(compact),
            _ => None,
        };
    }
    british_postcode(&compact.to_ascii_uppercase())
}

/// `A9 9AA`, `A99 9AA`, `AA9 9AA`, `AA99 9AA`, `A9A 9AA`, `AA9A 9AA`.
fn british_postcode(code: &str) -> Option<String> {
    if !code.is_ascii() || !(5..=7).contains(&code.len()) {
        return None;
    }
    let (outward, inward) = code.split_at(code.len() - 3);
    let shape = |part: &str| -> String {
        part.chars()
            .map(|c| {
                if c.is_ascii_digit() {
                    '9'
                } else if c.is_ascii_alphabetic() {
                    'A'
                } else {
                    '?'
                }
            })
            .collect()
    };
    let outward_sound = matches!(shape(outward).as_str(), "A9" | "A99" | "AA9" | "AA99" | "A9A" | "AA9A");
    (outward_sound && shape(inward) == "9AA").then(|| format!("{outward} {inward}"))
}

/// The ISO 639-1 code of a language named in English, Portuguese or Spanish; any two letters, also
/// with a region (`pt-BR`), are taken as a code.
pub(super) fn language(text: &str) -> Option<String> {
    let word = fold(text);
    let code = match word.as_str() {
        "english" | "ingles" => "en",
        "portuguese" | "portugues" => "pt",
        "spanish" | "espanhol" | "espanol" | "castellano" => "es",
        "french" | "frances" => "fr",
        "german" | "alemao" | "aleman" => "de",
        "italian" | "italiano" => "it",
        "japanese" | "japones" => "ja",
        "chinese" | "chines" | "chino" => "zh",
        "korean" | "coreano" => "ko",
        "russian" | "russo" | "ruso" => "ru",
        "arabic" | "arabe" => "ar",
        "hindi" => "hi",
        "dutch" | "holandes" | "neerlandes" => "nl",
        "polish" | "polones" | "polaco" => "pl",
        "turkish" | "turco" => "tr",
        code => {
            let (language, region) = code.split_once(['-', '_']).unwrap_or((code, ""));
            let region_sound = region.is_empty() || (2..=4).contains(&region.len());
            let letters = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
            return (language.len() == 2 && region_sound && letters(language) && letters(region))
                .then(|| language.to_owned());
        }
    };
    Some(code.to_owned())
}
