//! Why an answer was not taken, as a message key with arguments, and the sentence for it from the
//! catalogues in `messages/`: one short line that names the expected form and shows an example.

use std::{collections::HashMap, sync::LazyLock};

use botserver_basic_types::HearType;
use serde::Serialize;

/// Why an answer was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HearRejection {
    /// Key of the sentence in the catalogues.
    pub key: &'static str,
    /// What the sentence names, such as the options of a menu.
    pub args: Vec<(&'static str, String)>,
}

impl HearRejection {
    /// The rejection for a type.
    pub(super) fn of(kind: &HearType) -> Self {
        let args = match kind {
            HearType::Menu { options, .. } => vec![("options", options.join(", "))],
            _ => Vec::new(),
        };
        Self { key: message_key(kind), args }
    }
}

/// The key of a type in the catalogues: its name in lower case.
pub(super) fn message_key(kind: &HearType) -> &'static str {
    match kind {
        HearType::Any => "any",
        HearType::Email => "email",
        HearType::Name => "name",
        HearType::Integer => "integer",
        HearType::Number => "number",
        HearType::Boolean => "boolean",
        HearType::Date => "date",
        HearType::Hour => "hour",
        HearType::Money => "money",
        HearType::Mobile => "mobile",
        HearType::Zipcode => "zipcode",
        HearType::Language => "language",
        HearType::Cpf => "cpf",
        HearType::Cnpj => "cnpj",
        HearType::Url => "url",
        HearType::Uuid => "uuid",
        HearType::Color => "color",
        HearType::CreditCard => "creditcard",
        HearType::Password => "password",
        HearType::Menu { .. } => "menu",
        HearType::File => "file",
        HearType::Image => "image",
        HearType::Audio => "audio",
        HearType::Video => "video",
        HearType::QrCode => "qrcode",
        HearType::Login => "login",
    }
}

type Catalogue = HashMap<String, String>;

/// English first: what the others lack is taken from there.
static CATALOGUES: LazyLock<[(&str, Catalogue); 3]> = LazyLock::new(|| {
    [
        ("en", include_str!("messages/en.json")),
        ("pt", include_str!("messages/pt.json")),
        ("es", include_str!("messages/es.json")),
    ]
    .map(|(language, json)| (language, serde_json::from_str(json).unwrap_or_default()))
});

/// A text of the catalogue in a language such as `pt` or `pt-BR`, English for others.
pub(super) fn message(key: &str, locale: &str) -> &'static str {
    let language = locale.split(['-', '_']).next().unwrap_or_default();
    let [english, ..] = &*CATALOGUES;
    let (_, own) = CATALOGUES.iter().find(|(name, _)| name.eq_ignore_ascii_case(language)).unwrap_or(english);
    own.get(key).or_else(|| english.1.get(key)).map_or("", String::as_str)
}

/// The sentence that tells a person what to type instead.
pub fn sentence(rejection: &HearRejection, locale: &str) -> String {
    let mut text = message(rejection.key, locale).to_owned();
    for (name, value) in &rejection.args {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    text
}
