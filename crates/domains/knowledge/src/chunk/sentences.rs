//! Sentences of a text, and pieces of one that is too long to stay whole.

use unicode_segmentation::UnicodeSegmentation as _;

use super::TokenCount;

/// The sentences, without the blanks between them. A line break inside of one ends nothing: lines are wrapped anywhere.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    // One byte for one byte, so that the places are those of the text itself.
    let flat = text.replace(['\n', '\r', '\t'], " ");
    flat.split_sentence_bound_indices()
        .filter_map(|(start, sentence)| text.get(start..start + sentence.len()))
        .map(str::trim)
        .filter(|sentence| !sentence.is_empty())
        .collect()
}

/// The text itself, or, when it has more than so many tokens, pieces that end at a blank where there is one.
pub(super) fn pieces<'a>(text: &'a str, most: usize, count: &TokenCount) -> Vec<&'a str> {
    if count(text) <= most {
        return vec![text];
    }
    // Four characters a token, and a token each where the writing has no blanks.
    let chars = most.max(1) * 2;
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.char_indices().nth(chars).map_or(rest.len(), |(index, _)| index);
        let end = if end == rest.len() {
            end
        } else {
            rest[..end].rfind(char::is_whitespace).filter(|blank| *blank > end / 2).unwrap_or(end)
        };
        let piece = rest[..end].trim();
        if !piece.is_empty() {
            pieces.push(piece);
        }
        rest = rest[end..].trim_start();
    }
    pieces
}
