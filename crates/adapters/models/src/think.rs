//! Local models write what they think into the text itself: `<think>…</think>` at its beginning. This takes it apart,
//! wherever the pieces are cut. Knows no protocol.

const TAGS: &[(&str, &str)] = &[("<think>", "</think>"), ("<thinking>", "</thinking>")];

/// What a piece of text turns out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Text(String),
    Reasoning(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Only blanks so far, or the beginning of a tag.
    Before,
    /// Inside; the tag that ends it.
    Inside(&'static str),
    /// The thinking is over; blanks between it and the text are left out.
    Between,
    Text,
}

/// Splits one answer.
#[derive(Debug)]
pub(crate) struct Splitter {
    place: Place,
    /// What cannot be judged yet.
    held: String,
}

impl Default for Splitter {
    fn default() -> Self {
        Self { place: Place::Before, held: String::new() }
    }
}

impl Splitter {
    /// Takes a piece of the text.
    pub(crate) fn feed(&mut self, piece: &str) -> Vec<Part> {
        if self.place == Place::Text {
            return vec![Part::Text(piece.to_owned())];
        }
        self.held.push_str(piece);
        let mut parts = Vec::new();
        while self.step(&mut parts) {}
        parts
    }

    /// What is left at the end of the answer.
    pub(crate) fn finish(&mut self) -> Option<Part> {
        let held = std::mem::take(&mut self.held);
        if held.is_empty() {
            return None;
        }
        Some(if let Place::Inside(_) = self.place { Part::Reasoning(held) } else { Part::Text(held) })
    }

    /// True if it got further and may get further still.
    fn step(&mut self, parts: &mut Vec<Part>) -> bool {
        match self.place {
            Place::Before => {
                let start = self.held.trim_start();
                if let Some((open, close)) = TAGS.iter().find(|(open, _)| start.starts_with(open)) {
                    self.held = start.split_at(open.len()).1.to_owned();
                    self.place = Place::Inside(close);
                    return true;
                }
                if TAGS.iter().any(|(open, _)| open.starts_with(start)) {
                    return false;
                }
                self.place = Place::Text;
                true
            }
            Place::Inside(close) => {
                if let Some(at) = self.held.find(close) {
                    let (thought, rest) = self.held.split_at(at);
                    push(parts, Part::Reasoning, thought);
                    self.held = rest.split_at(close.len()).1.to_owned();
                    self.place = Place::Between;
                    return true;
                }
                // The tag may be cut in the middle.
                let kept =
                    (1..close.len()).rev().find(|&size| self.held.ends_with(close.split_at(size).0)).unwrap_or(0);
                let (thought, rest) = self.held.split_at(self.held.len() - kept);
                push(parts, Part::Reasoning, thought);
                self.held = rest.to_owned();
                false
            }
            Place::Between => {
                self.held = self.held.trim_start().to_owned();
                if self.held.is_empty() {
                    return false;
                }
                self.place = Place::Text;
                true
            }
            Place::Text => {
                push(parts, Part::Text, &std::mem::take(&mut self.held));
                false
            }
        }
    }
}

fn push(parts: &mut Vec<Part>, make: impl Fn(String) -> Part, text: &str) {
    if !text.is_empty() {
        parts.push(make(text.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reasoning and text, whatever way the answer is cut.
    fn split(answer: &str) -> (String, String) {
        let split_in = |size: usize| {
            let (mut splitter, mut reasoning, mut text) = (Splitter::default(), String::new(), String::new());
            let characters: Vec<char> = answer.chars().collect();
            let mut parts: Vec<Part> =
                characters.chunks(size).flat_map(|part| splitter.feed(&part.iter().collect::<String>())).collect();
            parts.extend(splitter.finish());
            for part in parts {
                match part {
                    Part::Text(part) => text.push_str(&part),
                    Part::Reasoning(part) => reasoning.push_str(&part),
                }
            }
            (reasoning, text)
        };
        let whole = split_in(answer.chars().count().max(1));
        for size in 1..answer.len() {
            assert_eq!(split_in(size), whole, "in parts of {size}: {answer}");
        }
        whole
    }

    #[test]
    fn thinking_at_the_beginning_is_taken_out() {
        let check = |answer: &str, reasoning: &str, text: &str| {
            assert_eq!(split(answer), (reasoning.to_owned(), text.to_owned()), "{answer}");
        };
        check("<think>hm ü</think>\n\nYes", "hm ü", "Yes");
        check("\n<think>\na < b </thin\n</think>Yes <think>no</think>", "\na < b </thin\n", "Yes <think>no</think>");
        check("<thinking>hm</thinking>Yes", "hm", "Yes");
        check("<think>never ends", "never ends", "");
        check("<th", "", "<th");
        check("<thesis> is", "", "<thesis> is");
        check("  plain", "", "  plain");
        check("", "", "");
    }
}
