//! The language of a text as ISO 639-1, for the stemming of its words.

use whatlang::Lang;

/// How much of a text is looked at.
const LOOKED_AT: usize = 6_000;
/// Of a shorter text nobody can tell.
const SHORTEST: usize = 40;

/// The language; `None` when the text does not tell, or is in one whose words nobody here can stem.
pub(crate) fn detect<'a>(texts: impl Iterator<Item = &'a str>) -> Option<&'static str> {
    let mut sample = String::new();
    for text in texts {
        sample.extend(text.chars().take(LOOKED_AT));
        sample.push('\n');
        if sample.len() > LOOKED_AT {
            break;
        }
    }
    let letters = sample.chars().filter(|letter| letter.is_alphabetic()).count();
    let found = whatlang::detect(&sample)?;
    (letters >= SHORTEST && (found.is_reliable() || letters >= 400)).then(|| code(found.lang())).flatten()
}

/// The languages with a stemmer.
const fn code(language: Lang) -> Option<&'static str> {
    Some(match language {
        Lang::Ara => "ar",
        Lang::Dan => "da",
        Lang::Deu => "de",
        Lang::Ell => "el",
        Lang::Eng => "en",
        Lang::Spa => "es",
        Lang::Fin => "fi",
        Lang::Fra => "fr",
        Lang::Hun => "hu",
        Lang::Ita => "it",
        Lang::Nld => "nl",
        Lang::Nob => "no",
        Lang::Por => "pt",
        Lang::Ron => "ro",
        Lang::Rus => "ru",
        Lang::Swe => "sv",
        Lang::Tam => "ta",
        Lang::Tur => "tr",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_is_enough() {
        let portuguese = "A loja está aberta de segunda a sexta-feira, das nove da manhã às seis da tarde, e fecha nos \
                          feriados nacionais. As devoluções são aceites no prazo de trinta dias.";
        let english = "The shop is open from Monday to Friday, from nine in the morning until six, and is closed on \
                       public holidays. Returns are accepted within thirty days.";
        assert_eq!(detect([portuguese].into_iter()), Some("pt"));
        assert_eq!(detect([english].into_iter()), Some("en"));
        assert_eq!(detect(["12345, 67"].into_iter()), None);
        assert_eq!(detect(std::iter::empty()), None);
    }
}
