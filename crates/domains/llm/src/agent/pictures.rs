//! Pictures that people attach: which are shown to a model that sees, and what one costs of its window.

use botserver_ports::ModelPicture;

/// What every provider takes, and how such a file begins.
const TYPES: &[(&str, &[u8])] = &[
    ("image/png", b"\x89PNG\r\n\x1a\n"),
    ("image/jpeg", b"\xff\xd8\xff"),
    ("image/webp", b"RIFF"),
    ("image/gif", b"GIF8"),
];
/// Bytes of a picture: what the strictest provider takes.
const LARGEST: u64 = 5 << 20;
/// Pictures of one request, the newest ones.
const MOST: usize = 4;
/// Tokens of one picture: what providers count for a large one. They do it by width and height, each in its own way, so
/// this is an estimate, and a high one.
pub(super) const TOKENS: usize = 1_600;

/// Whether a file of this type and size is a picture that a model can be shown.
pub fn is_shown(media_type: &str, size: u64) -> bool {
    size <= LARGEST && TYPES.iter().any(|(own, _)| *own == media_type)
}

/// Whether the bytes are what their type says.
pub(super) fn is_one(media_type: &str, data: &[u8]) -> bool {
    let begins = |(own, magic): &(&str, &[u8])| *own == media_type && data.starts_with(magic);
    is_shown(media_type, data.len() as u64)
        && TYPES.iter().any(begins)
        && (media_type != "image/webp" || data.get(8..12) == Some(b"WEBP"))
}

/// The pictures of a request: those of the message first, then of earlier ones from the newest back, as many as the
/// model may be shown and as half of its window has room for.
pub(super) fn choose(
    budget: usize,
    message: &[ModelPicture],
    earlier: &[&[ModelPicture]],
) -> (Vec<ModelPicture>, Vec<Vec<ModelPicture>>) {
    let most = MOST.min(budget / 2 / TOKENS);
    let asked: Vec<_> = message.iter().take(most).cloned().collect();
    let mut left = most - asked.len();
    let mut shown: Vec<_> = earlier
        .iter()
        .rev()
        .map(|pictures| {
            let taken = pictures.len().min(left);
            left -= taken;
            pictures.iter().take(taken).cloned().collect()
        })
        .collect();
    shown.reverse();
    (asked, shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(id: &str) -> ModelPicture {
        let (name, media_type) = (format!("{id}.png"), "image/png".to_owned());
        ModelPicture { id: id.to_owned(), name, media_type, data: bytes::Bytes::new() }
    }

    fn ids(pictures: &[ModelPicture]) -> Vec<&str> {
        pictures.iter().map(|own| own.id.as_str()).collect()
    }

    #[test]
    fn the_newest_are_shown_as_far_as_there_is_room() {
        let (a, b, c) = ([picture("a"), picture("b")], [picture("c")], [picture("d"), picture("e")]);
        let earlier: [&[_]; 3] = [&a, &b, &c];
        let (asked, shown) = choose(100_000, &[picture("f")], &earlier);
        assert_eq!(ids(&asked), ["f"]);
        assert_eq!(shown.iter().map(|own| ids(own)).collect::<Vec<_>>(), [vec![], vec!["c"], vec!["d", "e"]]);
        let (asked, shown) = choose(2 * TOKENS, &[picture("f"), picture("g")], &earlier);
        assert_eq!((ids(&asked), shown.concat().len()), (vec!["f"], 0));
        assert_eq!(choose(1_000, &[picture("f")], &earlier).0, []);
    }

    #[test]
    fn a_picture_is_what_it_says_and_not_too_large() {
        assert!(is_one("image/png", b"\x89PNG\r\n\x1a\n..."));
        assert!(is_one("image/webp", b"RIFF\0\0\0\0WEBPVP8 "));
        assert!(!is_one("image/webp", b"RIFF\0\0\0\0WAVEfmt "));
        assert!(!is_one("image/png", b"GIF89a"));
        assert!(!is_one("image/svg+xml", b"<svg"));
        assert!(is_shown("image/jpeg", LARGEST) && !is_shown("image/jpeg", LARGEST + 1));
    }
}
