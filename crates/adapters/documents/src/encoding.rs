//! Bytes of a text to text: a mark at the beginning, a declaration, UTF-8, UTF-16 by its zeros, or a guess by the
//! letters. Knows no format.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// How much of a text the guess looks at.
const GUESSED: usize = 64 << 10;

/// The encoding of a text; `declared` is what the text says of itself.
pub(crate) fn detect(bytes: &[u8], declared: Option<&'static Encoding>) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return encoding;
    }
    let head = &bytes[..bytes.len().min(GUESSED)];
    if let Some(encoding) = by_zeros(head) {
        return encoding;
    }
    if is_utf8(bytes) {
        return UTF_8;
    }
    if let Some(encoding) = declared.filter(|encoding| *encoding != UTF_8) {
        return encoding;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(head, head.len() == bytes.len());
    detector.guess(None, Utf8Detection::Deny)
}

/// The text. Bytes that mean nothing in the encoding become `�`.
pub(crate) fn decode<'a>(bytes: &'a [u8], declared: Option<&'static Encoding>) -> Cow<'a, str> {
    detect(bytes, declared).decode(bytes).0
}

/// UTF-16 without a mark: every second byte of Western text is zero.
fn by_zeros(head: &[u8]) -> Option<&'static Encoding> {
    let pairs = head.len() / 2;
    if pairs < 2 {
        return None;
    }
    let zeros = |odd: usize| head.chunks_exact(2).filter(|pair| pair[odd] == 0).count();
    let (first, second) = (zeros(0), zeros(1));
    if second * 2 > pairs && first * 10 < pairs {
        Some(UTF_16LE)
    } else if first * 2 > pairs && second * 10 < pairs {
        Some(UTF_16BE)
    } else {
        None
    }
}

fn is_utf8(bytes: &[u8]) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(_) => true,
        // Cut in the middle of a letter, at the very end.
        Err(error) => error.error_len().is_none(),
    }
}

/// True for bytes that no text has, in whatever encoding.
pub(crate) fn is_binary(head: &[u8]) -> bool {
    if Encoding::for_bom(head).is_some() || by_zeros(head).is_some() {
        return false;
    }
    let odd = head.iter().filter(|byte| matches!(byte, 0..=8 | 14..=26 | 28..=31 | 127)).count();
    head.contains(&0) || odd * 20 > head.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn umlauts_of_every_encoding_are_read() {
        let text = "Grüße aus Köln, schöne Straße für 5 Mark";
        let mut little = Vec::new();
        for unit in text.encode_utf16() {
            little.extend(unit.to_le_bytes());
        }
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let western = encoding_rs::WINDOWS_1252.encode(text).0.into_owned();
        for bytes in [text.as_bytes().to_vec(), little, big, western] {
            assert_eq!(decode(&bytes, None), text);
            assert!(!is_binary(&bytes));
        }
    }

    #[test]
    fn a_declaration_counts_when_the_bytes_allow_it() {
        let bytes = encoding_rs::ISO_8859_2.encode("Łódź").0;
        assert_eq!(decode(&bytes, Some(encoding_rs::ISO_8859_2)), "Łódź");
        assert_eq!(decode("Łódź".as_bytes(), Some(encoding_rs::ISO_8859_2)), "Łódź", "it is UTF-8 in truth");
    }

    #[test]
    fn programs_are_no_text() {
        assert!(is_binary(b"\x7fELF\x02\x01\x01\0\0\0\0"));
        assert!(is_binary(&[1, 2, 3, 4, 5, 6]));
        assert!(!is_binary(b"plain\ttext\r\n"));
    }
}
