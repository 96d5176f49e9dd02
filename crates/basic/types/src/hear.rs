//! What HEAR asks for. The validators live in `basic/std`; the waiting is done by the runtime.

use serde::{Deserialize, Serialize};

use crate::Value;

/// The kind of answer a HEAR accepts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
#[expect(missing_docs, reason = "the names are the documentation; rules are in the language guide")]
pub enum HearType {
    #[default]
    Any,
    Email,
    Name,
    Integer,
    Number,
    Boolean,
    Date,
    Hour,
    Money,
    Mobile,
    Zipcode,
    Language,
    Cpf,
    Cnpj,
    Url,
    Uuid,
    Color,
    CreditCard,
    Password,
    Menu {
        /// The options, as shown.
        options: Vec<String>,
        /// True for `…, *`: anything else is taken as text.
        free: bool,
    },
    File,
    Image,
    Audio,
    Video,
    QrCode,
    Login,
}

/// A HEAR that waits for the person's next message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HearRequest {
    /// What is accepted.
    pub kind: HearType,
    /// Said first, if given.
    pub prompt: Option<String>,
    /// Stored when the answer is empty.
    pub default: Option<Value>,
}

/// Every way to write a type after `HEAR x AS`; the first name of a row is the one shown to people.
const NAMES: &[(HearType, &[&str])] = &[
    (HearType::Any, &["ANY", "STRING", "TEXT"]),
    (HearType::Email, &["EMAIL"]),
    (HearType::Name, &["NAME"]),
    (HearType::Integer, &["INTEGER", "INT"]),
    (HearType::Number, &["NUMBER", "FLOAT", "DECIMAL", "DOUBLE"]),
    (HearType::Boolean, &["BOOLEAN", "BOOL"]),
    (HearType::Date, &["DATE"]),
    (HearType::Hour, &["HOUR", "TIME"]),
    (HearType::Money, &["MONEY", "CURRENCY", "AMOUNT"]),
    (HearType::Mobile, &["MOBILE", "PHONE", "TELEPHONE"]),
    (HearType::Zipcode, &["ZIPCODE", "ZIP", "CEP", "POSTALCODE"]),
    (HearType::Language, &["LANGUAGE", "LANG"]),
    (HearType::Cpf, &["CPF"]),
    (HearType::Cnpj, &["CNPJ"]),
    (HearType::Url, &["URL", "LINK"]),
    (HearType::Uuid, &["UUID", "GUID"]),
    (HearType::Color, &["COLOR", "COLOUR"]),
    (HearType::CreditCard, &["CREDITCARD", "CARD"]),
    (HearType::Password, &["PASSWORD", "PASS", "SECRET"]),
    (HearType::File, &["FILE", "DOCUMENT", "DOC", "PDF"]),
    (HearType::Image, &["IMAGE", "PHOTO", "PICTURE"]),
    (HearType::Audio, &["AUDIO", "VOICE", "SOUND"]),
    (HearType::Video, &["VIDEO"]),
    (HearType::QrCode, &["QRCODE", "QR"]),
    (HearType::Login, &["LOGIN", "AUTH"]),
];

impl HearType {
    /// The type a script names, by any of its spellings: case, blanks, `_` and `-` do not matter
    /// (`credit card` is `CREDITCARD`). A menu has no name, it is written as its options.
    pub fn from_name(name: &str) -> Option<Self> {
        let plain: String =
            name.chars().filter(|c| !matches!(c, ' ' | '_' | '-')).map(|c| c.to_ascii_uppercase()).collect();
        NAMES.iter().find(|(_, names)| names.contains(&plain.as_str())).map(|(kind, _)| kind.clone())
    }

    /// All spellings that [`Self::from_name`] knows, upper case, for suggestions and completion.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().flat_map(|(_, names)| names.iter().copied())
    }

    /// The spelling shown to people: `CREDITCARD`; `MENU` for a menu.
    pub fn name(&self) -> &'static str {
        NAMES.iter().find(|(kind, _)| kind == self).and_then(|(_, names)| names.first()).copied().unwrap_or("MENU")
    }
}
