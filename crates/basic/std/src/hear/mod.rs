//! The validators of HEAR: what a person typed or attached, turned into the value that the script
//! gets, or a rejection that says in one line what was expected. Knows no channel and no clock; the
//! runtime sends the sentence and waits again.

mod choices;
mod documents;
mod input_spec;
mod leave;
mod people;
mod rejection;
mod when;

use botserver_basic_types::{Date, FileHandle, HearType, Value};

pub use input_spec::{InputSpec, input_spec};
pub use leave::{declines, way_out};
pub use rejection::{HearRejection, sentence};

use crate::decimal::{self, LoneMark};

/// What arrived while a HEAR was waiting.
#[derive(Clone, Copy, Debug, Default)]
pub struct HearInput<'a> {
    /// The text of the message, perhaps empty.
    pub text: &'a str,
    /// Its files, stored already.
    pub attachments: &'a [FileHandle],
}

/// What a validator may know about the conversation.
#[derive(Clone, Copy, Debug)]
pub struct HearContext<'a> {
    /// The day in the bot's time zone, for `today` and `tomorrow`.
    pub today: Date,
    /// The conversation's language, such as `pt-BR`.
    pub locale: &'a str,
}

/// The value to store for an answer, or why it is not acceptable.
pub fn validate(kind: &HearType, input: &HearInput<'_>, ctx: &HearContext<'_>) -> Result<Value, HearRejection> {
    let text = input.text.trim();
    let accepted = match kind {
        HearType::Any => Some(Value::text(text)),
        HearType::Email => people::email(text).map(Value::text),
        HearType::Name => people::name(text).map(Value::text),
        HearType::Integer => integer(text),
        HearType::Number => number(text),
        HearType::Money => money(text),
        HearType::Boolean => choices::boolean(text).map(Value::Bool),
        HearType::Date => when::date(text, ctx.today).map(Value::text),
        HearType::Hour => when::hour(text).map(Value::text),
        HearType::Mobile => people::mobile(text).map(Value::text),
        HearType::Zipcode => people::zipcode(text).map(Value::text),
        HearType::Language => people::language(text).map(Value::text),
        HearType::Cpf => documents::cpf(text).map(Value::text),
        HearType::Cnpj => documents::cnpj(text).map(Value::text),
        HearType::Url => documents::url(text).map(Value::text),
        HearType::Uuid => documents::uuid(text).map(Value::text),
        HearType::Color => documents::color(text).map(Value::text),
        HearType::CreditCard => documents::credit_card(text).map(Value::text),
        // Blanks at the ends may belong to a password.
        HearType::Password => (input.text.chars().count() >= 8).then(|| Value::Secret(input.text.into())),
        HearType::Menu { options, free } => choices::menu(text, options, *free).map(Value::text),
        HearType::File => input.attachments.first().cloned().map(Value::File),
        HearType::Image => attachment(input, "image/"),
        HearType::Audio => attachment(input, "audio/"),
        HearType::Video => attachment(input, "video/"),
        HearType::QrCode | HearType::Login => None,
    };
    accepted.ok_or_else(|| HearRejection::of(kind))
}

/// What a HEAR stores when it gives up after too many wrong answers: empty text, or null where the
/// value would not have been text.
pub fn empty_value(kind: &HearType) -> Value {
    match kind {
        HearType::Integer
        | HearType::Number
        | HearType::Money
        | HearType::Boolean
        | HearType::Password
        | HearType::File
        | HearType::Image
        | HearType::Audio
        | HearType::Video
        | HearType::Login => Value::Null,
        _ => Value::text(""),
    }
}

/// The capability that a type needs and that these validators do not have; the compiler warns and
/// the runtime raises instead of waiting for an answer that cannot come.
pub fn missing_capability(kind: &HearType) -> Option<&'static str> {
    match kind {
        HearType::QrCode => Some("reading QR codes from pictures"),
        HearType::Login => Some("sign-in with another service"),
        _ => None,
    }
}

/// A whole number; `,`, `.` and blanks may group thousands.
fn integer(text: &str) -> Option<Value> {
    decimal::read_typed(text, LoneMark::Thousands)?.parse().ok().map(Value::Int)
}

/// A number whose decimal mark is `.` or `,`.
fn number(text: &str) -> Option<Value> {
    decimal::read_typed(text, LoneMark::Decimal)?.parse().ok().map(Value::Float)
}

/// An amount, not negative, rounded to two decimals.
fn money(text: &str) -> Option<Value> {
    let bare = text.replace("R$", "").replace(['$', '€', '£', '¥'], "");
    let amount: f64 = decimal::read_typed(&bare, LoneMark::ThousandsIfThreeDigits)?.parse().ok()?;
    (!amount.is_sign_negative()).then(|| Value::Float(decimal::round(amount, 2)))
}

fn attachment(input: &HearInput<'_>, media: &str) -> Option<Value> {
    let fits =
        |file: &&FileHandle| file.mime_type.get(..media.len()).is_some_and(|start| start.eq_ignore_ascii_case(media));
    input.attachments.iter().find(fits).cloned().map(Value::File)
}
