//! What the web page needs to offer the right input for a HEAR. Hints only: [`super::validate`] judges.

use botserver_basic_types::HearType;
use serde::Serialize;

use super::rejection::{message, message_key};

/// How an answer can be entered; free typing stays possible everywhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InputSpec {
    /// The type in lower case, such as `email`, `date`, `menu`, `file`.
    pub kind: String,
    /// Answers to offer as buttons; sending one's text is a valid answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// True when other text than the options is welcome too.
    pub free: bool,
    /// Media types to pick files from, such as `image/*`; empty for any file, or no file at all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accept: Vec<String>,
    /// A pattern that most good answers match, in the syntax of HTML's `pattern`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<&'static str>,
    /// The on-screen keyboard, in the words of HTML's `inputmode`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_mode: Option<&'static str>,
    /// What the page may fill in by itself, in the words of HTML's `autocomplete`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub autocomplete: Option<&'static str>,
    /// True when the answer must not be shown.
    pub secret: bool,
}

/// The input for a type; the labels of yes and no come in the language of `locale`.
pub fn input_spec(kind: &HearType, locale: &str) -> InputSpec {
    let plain = InputSpec {
        kind: message_key(kind).to_owned(),
        options: Vec::new(),
        free: false,
        accept: Vec::new(),
        pattern: None,
        input_mode: None,
        autocomplete: None,
        secret: false,
    };
    match kind {
        HearType::Any => InputSpec { free: true, ..plain },
        HearType::Email => InputSpec { input_mode: Some("email"), autocomplete: Some("email"), ..plain },
        HearType::Name => InputSpec { autocomplete: Some("name"), ..plain },
        HearType::Integer => InputSpec { input_mode: Some("numeric"), pattern: Some(r"[+\-]?[0-9][0-9., ]*"), ..plain },
        HearType::Number | HearType::Money => InputSpec { input_mode: Some("decimal"), ..plain },
        HearType::Boolean => {
            InputSpec { options: vec![message("yes", locale).to_owned(), message("no", locale).to_owned()], ..plain }
        }
        HearType::Mobile => InputSpec { input_mode: Some("tel"), autocomplete: Some("tel"), ..plain },
        HearType::Zipcode => InputSpec { autocomplete: Some("postal-code"), ..plain },
        HearType::Cpf => InputSpec {
            input_mode: Some("numeric"),
            pattern: Some(r"[0-9]{3}\.?[0-9]{3}\.?[0-9]{3}-?[0-9]{2}"),
            ..plain
        },
        HearType::Cnpj => InputSpec {
            pattern: Some(r"[0-9A-Za-z]{2}\.?[0-9A-Za-z]{3}\.?[0-9A-Za-z]{3}/?[0-9A-Za-z]{4}-?[0-9]{2}"),
            ..plain
        },
        HearType::Url => InputSpec { input_mode: Some("url"), autocomplete: Some("url"), ..plain },
        HearType::CreditCard => InputSpec {
            input_mode: Some("numeric"),
            autocomplete: Some("cc-number"),
            pattern: Some(r"[0-9][0-9 \-]{11,22}[0-9]"),
            ..plain
        },
        HearType::Password => InputSpec { secret: true, pattern: Some(".{8,}"), autocomplete: Some("off"), ..plain },
        HearType::Menu { options, free } => InputSpec { options: options.clone(), free: *free, ..plain },
        HearType::Image | HearType::QrCode => InputSpec { accept: vec!["image/*".to_owned()], ..plain },
        HearType::Audio => InputSpec { accept: vec!["audio/*".to_owned()], ..plain },
        HearType::Video => InputSpec { accept: vec!["video/*".to_owned()], ..plain },
        HearType::Date
        | HearType::File
        | HearType::Hour
        | HearType::Language
        | HearType::Uuid
        | HearType::Color
        | HearType::Login => plain,
    }
}
