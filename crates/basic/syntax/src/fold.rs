//! Words in one case for looking them up. Nearly all words of scripts are short and plain, and those are
//! folded without memory of their own.

/// Longer words are rare enough to be folded on the heap.
const SHORT: usize = 32;

/// Looks something up by the lower-case spelling of a word.
pub(crate) fn lower<T>(word: &str, look: impl FnOnce(&str) -> T) -> T {
    fold(word, <[u8]>::make_ascii_lowercase, str::to_lowercase, look)
}

/// Looks something up by the upper-case spelling of a word.
pub(crate) fn upper<T>(word: &str, look: impl FnOnce(&str) -> T) -> T {
    fold(word, <[u8]>::make_ascii_uppercase, str::to_uppercase, look)
}

#[inline]
fn fold<T>(word: &str, plain: fn(&mut [u8]), any: fn(&str) -> String, look: impl FnOnce(&str) -> T) -> T {
    let mut short = [0; SHORT];
    if word.is_ascii()
        && let Some(folded) = short.get_mut(..word.len())
    {
        folded.copy_from_slice(word.as_bytes());
        plain(folded);
        if let Ok(folded) = str::from_utf8(folded) {
            return look(folded);
        }
    }
    look(&any(word))
}

#[cfg(test)]
mod tests {
    use super::{lower, upper};

    #[test]
    fn words_of_every_kind_are_folded() {
        let long = "Long".repeat(20);
        for word in ["", "Total", "ÄPFEL", "straße", "İx", &long] {
            assert_eq!(lower(word, str::to_owned), word.to_lowercase());
            assert_eq!(upper(word, str::to_owned), word.to_uppercase());
        }
    }
}
