//! What the owner of a document that failed can do about it, told by the reason that is stored with it.

use botserver_ports::ExtractError;

use crate::{
    Document, DocumentState,
    service::{NO_DOCUMENT, TOO_LARGE},
};

impl Document {
    /// What to do about it, if it failed.
    pub fn remedy(&self) -> Option<&'static str> {
        if self.state != DocumentState::Failed {
            return None;
        }
        self.error.as_deref().map(remedy)
    }
}

fn remedy(reason: &str) -> &'static str {
    let begins = |error: &ExtractError| reason.starts_with(&error.to_string());
    if reason.ends_with(NO_DOCUMENT) || reason.contains("no format that is read") {
        "Take it out of the folder, or save it as something that is read: PDF, Word, Markdown."
    } else if reason.contains("what is in it is no text") {
        "Take it out of the folder, or put the text there that it should be."
    } else if reason.contains(TOO_LARGE) {
        "Split it, or raise that limit in the bot's config.csv."
    } else if begins(&ExtractError::Encrypted) {
        "Save it without a password in the same place; it is then read by itself."
    } else if begins(&ExtractError::NoText) {
        "Run text recognition over it and put the result in its place."
    } else if begins(&ExtractError::Damaged(String::new())) {
        "Open it in the program that made it, save it again, and put that in its place."
    } else if begins(&ExtractError::Died(String::new())) || reason.starts_with("it was tried") {
        "Try it once more on the owner's page, or with `botserver kb reindex`; if that fails too, split it."
    } else {
        "Save it again as PDF or Markdown, or in smaller parts, and put that in its place."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_own_remedy() {
        let reasons = [
            ".png files are no documents that can be read".to_owned(),
            "the file has 60 MB; documents of this kind may have 50 MB (`kb-pdf-max-size`)".to_owned(),
            "its name ends with .txt, but what is in it is no text (it is image/png)".to_owned(),
            ExtractError::Encrypted.to_string(),
            ExtractError::NoText.to_string(),
            ExtractError::Damaged("no end".to_owned()).to_string(),
            ExtractError::Died("signal 6".to_owned()).to_string(),
            ExtractError::Limit("the document has more than 5000 pages; split it".to_owned()).to_string(),
        ];
        let remedies: std::collections::HashSet<&str> = reasons.iter().map(|own| remedy(own)).collect();
        assert_eq!(remedies.len(), reasons.len());
    }
}
