//! Text as people write it: folding accents and case for comparison, raising first letters.

/// Lower case without the accents of Latin letters, so that `Não`, `nao` and `NAO` are equal.
pub(crate) fn fold(text: &str) -> String {
    text.chars()
        .flat_map(char::to_lowercase)
        .filter(|c| !matches!(c, '\u{300}'..='\u{36f}'))
        .map(|c| match c {
            'á' | 'à' | 'â' | 'ã' | 'ä' | 'å' => 'a',
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'í' | 'ì' | 'î' | 'ï' => 'i',
            'ó' | 'ò' | 'ô' | 'õ' | 'ö' => 'o',
            'ú' | 'ù' | 'û' | 'ü' => 'u',
            'ç' => 'c',
            'ñ' => 'n',
            'ý' | 'ÿ' => 'y',
            other => other,
        })
        .collect()
}

/// Each word with its first letter raised and the rest lowered: PROPER.
pub(crate) fn proper(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut inside = false;
    for c in text.chars() {
        let letter = c.is_alphanumeric() || (inside && matches!(c, '\'' | '’' | '\u{300}'..='\u{36f}'));
        match (letter, inside) {
            (true, true) => result.extend(c.to_lowercase()),
            (true, false) => result.extend(c.to_uppercase()),
            _ => result.push(c),
        }
        inside = letter;
    }
    result
}
