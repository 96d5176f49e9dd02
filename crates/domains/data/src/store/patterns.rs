//! Patterns of LIKE (`%` any characters, `_` one) in the notations of the databases. Case is folded by
//! writing both cases of every letter, because neither database folds letters beyond A to Z reliably.

/// For SQLite's GLOB, which minds case.
pub(crate) fn glob(pattern: &str, ignore_case: bool) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    for character in pattern.chars() {
        match character {
            '%' => out.push('*'),
            '_' => out.push('?'),
            '*' | '?' | '[' => {
                out.push('[');
                out.push(character);
                out.push(']');
            }
            other => match cases(other).filter(|_| ignore_case) {
                Some(both) => {
                    out.push('[');
                    out.push_str(&both);
                    out.push(']');
                }
                None => out.push(other),
            },
        }
    }
    out
}

/// For PostgreSQL's `~`.
pub(crate) fn regex(pattern: &str) -> String {
    let mut out = String::from("^");
    for character in pattern.chars() {
        match character {
            '%' => out.push_str(".*"),
            '_' => out.push('.'),
            other => {
                if let Some(both) = cases(other) {
                    out.push('[');
                    out.push_str(&both);
                    out.push(']');
                    continue;
                }
                // Escaping a letter or digit would give it a meaning.
                if !other.is_alphanumeric() && other != ' ' {
                    out.push('\\');
                }
                out.push(other);
            }
        }
    }
    out.push('$');
    out
}

/// Both cases of a letter, if they are one character each and differ.
fn cases(character: char) -> Option<String> {
    let single = |mut all: Box<dyn Iterator<Item = char>>| all.next().filter(|_| all.next().is_none());
    let lower = single(Box::new(character.to_lowercase()))?;
    let upper = single(Box::new(character.to_uppercase()))?;
    (lower != upper).then(|| [lower, upper].iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_written_so_that_only_percent_and_underscore_are_special() {
        assert_eq!(glob("a%b_c*[?]", false), "a*b?c[*][[][?]]");
        assert_eq!(glob("É%1", true), "[éÉ]*1");
        assert_eq!(regex("a.%_(ß)"), "^[aA]\\..*.\\(ß\\)$");
    }
}
