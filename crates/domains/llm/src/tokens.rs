//! Counts texts as the model does, or nearly so where its tokenizer is not known.

use botserver_context::Tokens;
use tiktoken_rs::{CoreBPE, bpe_for_model, o200k_base_singleton};

/// An allowance for families with smaller vocabularies, which split texts into more pieces than OpenAI's newest
/// tokenizer: the window must not overflow because we counted with the wrong one.
const MARGIN: (usize, usize) = (9, 8);
/// Texts that are longer are counted by a sample: a megabyte would take seconds.
const LONGEST: usize = 200_000;

/// The tokenizer of a model. The first use of one loads its vocabulary (about 0.2 s): not on a thread that serves.
pub(crate) struct Tokenizer {
    bpe: &'static CoreBPE,
    exact: bool,
    name: String,
}

impl Tokenizer {
    /// The tokenizer for a model's name.
    pub(crate) fn for_model(model: &str) -> Self {
        let short = model.rsplit('/').next().unwrap_or(model);
        match bpe_for_model(short) {
            Ok(bpe) => Self { bpe, exact: true, name: format!("the tokenizer of {short}") },
            Err(_) => Self {
                bpe: o200k_base_singleton(),
                exact: false,
                name: "o200k_base and an eighth: this model's own tokenizer is not known here".to_owned(),
            },
        }
    }

    fn with_margin(&self, count: usize) -> usize {
        if self.exact { count } else { (count * MARGIN.0).div_ceil(MARGIN.1) }
    }
}

impl Tokens for Tokenizer {
    fn count(&self, text: &str) -> usize {
        let sample = beginning(text, LONGEST);
        let count = self.bpe.count_ordinary(sample);
        let count = if sample.len() < text.len() { count * text.len().div_ceil(sample.len().max(1)) } else { count };
        self.with_margin(count)
    }

    fn cut<'a>(&self, text: &'a str, most: usize) -> &'a str {
        if self.count(text) <= most {
            return text;
        }
        // The longest beginning that fits; its length is searched because cutting tokens apart would cut letters apart.
        let (mut fits, mut too_long) = (0, text.len());
        while too_long - fits > 1 {
            let middle = beginning(text, fits.midpoint(too_long));
            if middle.len() <= fits {
                break;
            }
            if self.count(middle) <= most { fits = middle.len() } else { too_long = middle.len() }
        }
        beginning(text, fits)
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

/// At most so many bytes, whole letters.
fn beginning(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_as_openai_does() {
        let tokenizer = Tokenizer::for_model("gpt-4o");
        assert_eq!(tokenizer.count("hello world"), 2);
        assert_eq!(tokenizer.count(""), 0);
        assert!(Tokenizer::for_model("smollm2").count("hello world") >= 2);
    }

    #[test]
    fn cutting_keeps_letters_whole_and_fits() {
        let tokenizer = Tokenizer::for_model("gpt-4o");
        let text = "Größe und Übermaß 🦀 – ".repeat(50);
        for most in [0, 1, 7, 40] {
            let cut = tokenizer.cut(&text, most);
            assert!(text.starts_with(cut));
            assert!(tokenizer.count(cut) <= most);
            assert!(most < 7 || !cut.is_empty());
        }
        assert_eq!(tokenizer.cut("short", 100), "short");
    }
}
