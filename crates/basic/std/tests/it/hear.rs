//! HEAR: what each type takes and stores, and the sentences for what it does not take.

use std::collections::{BTreeSet, HashMap};

use botserver_basic_std::{
    hear::{
        HearContext, HearInput, HearRejection, declines, empty_value, input_spec, missing_capability, sentence,
        validate, way_out,
    },
    parse_date,
};
use botserver_basic_types::{FileHandle, HearType, Value};

fn context() -> HearContext<'static> {
    HearContext { today: parse_date("2026-11-22").expect("a date"), locale: "en" }
}

fn answer(kind: &HearType, text: &str) -> Result<Value, HearRejection> {
    validate(kind, &HearInput { text, attachments: &[] }, &context())
}

/// Asserts what is stored for each answer.
fn accepts(kind: &HearType, table: &[(&str, &str)]) {
    for (text, stored) in table {
        let value = answer(kind, text).unwrap_or_else(|_| panic!("{kind:?} rejects {text:?}"));
        assert_eq!(botserver_basic_types::ops::to_text(&value), *stored, "{kind:?} {text:?}");
    }
}

fn rejects(kind: &HearType, table: &[&str]) {
    for text in table {
        if let Ok(value) = answer(kind, text) {
            panic!("{kind:?} takes {text:?} as {value:?}");
        }
    }
}

#[test]
fn any() {
    accepts(&HearType::Any, &[("  hi \n", "hi"), ("", "")]);
}

#[test]
fn people() {
    accepts(
        &HearType::Email,
        &[
            ("Ana@Example.COM", "ana@example.com"),
            (" a.b+c@d-e.org ", "a.b+c@d-e.org"),
            ("root@intranet", "root@intranet"),
        ],
    );
    rejects(
        &HearType::Email,
        &["", "ana", "ana@", "@x.org", "a b@x.org", "a@x..org", "a@-x.org", "a..b@x.org", "a@b@c d"],
    );
    accepts(
        &HearType::Name,
        &[
            ("john DOE", "John Doe"),
            ("maria  da silva", "Maria Da Silva"),
            ("McDonald", "McDonald"),
            ("josé", "José"),
            ("Лев", "Лев"),
            ("jean-luc o'neill", "Jean-Luc O'neill"),
        ],
    );
    rejects(&HearType::Name, &["", "x", "R2D2", "ana@x", &"a".repeat(101), "--"]);
    accepts(
        &HearType::Mobile,
        &[
            ("11 99999-8888", "(11) 99999-8888"),
            ("4155551234", "(415) 555-1234"),
            ("+1 415 555 1234", "+14155551234"),
            ("5511999998888", "+5511999998888"),
        ],
    );
    rejects(&HearType::Mobile, &["", "123", "call me", "1234567890123456", "415-555-CALL"]);
    accepts(
        &HearType::Zipcode,
        &[
            ("01310100", "01310-100"),
            ("01310-100", "01310-100"),
            ("94103", "94103"),
            ("941031234", "94103-1234"),
            ("sw1a1aa", "SW1A 1AA"),
            ("M1 1AE", "M1 1AE"),
        ],
    );
    rejects(&HearType::Zipcode, &["", "123", "1234567", "ABC", "é1 1AA", "1A 1AA"]);
    accepts(
        &HearType::Language,
        &[
            ("English", "en"),
            ("português", "pt"),
            ("Portugues", "pt"),
            ("español", "es"),
            ("pt-BR", "pt"),
            ("FR", "fr"),
            ("alemão", "de"),
        ],
    );
    rejects(&HearType::Language, &["", "Klingon", "x", "12"]);
}

#[test]
fn numbers() {
    accepts(
        &HearType::Integer,
        &[
            ("42", "42"),
            ("1,234", "1234"),
            ("1.234.567", "1234567"),
            ("12 345", "12345"),
            ("-7", "-7"),
            ("+7", "7"),
            ("007", "7"),
        ],
    );
    rejects(&HearType::Integer, &["", "1.5", "1,5", "12,34", "abc", "1e3", "--1", "99999999999999999999", "1,234.567"]);
    assert_eq!(answer(&HearType::Integer, "42"), Ok(Value::Int(42)));
    accepts(
        &HearType::Number,
        &[
            ("3.5", "3.5"),
            ("3,5", "3.5"),
            ("1.234,56", "1234.56"),
            ("1,234.56", "1234.56"),
            (".5", "0.5"),
            ("-2", "-2"),
            ("1,234", "1.234"),
            ("5.", "5"),
        ],
    );
    rejects(&HearType::Number, &["", "abc", "inf", "NaN", "1,2,3", "1.2.3", "1e3", ",", "-", "1.234,567,8"]);
    assert_eq!(answer(&HearType::Number, "2"), Ok(Value::Float(2.0)));
    accepts(
        &HearType::Money,
        &[
            ("R$ 1.234,56", "1234.56"),
            ("$1,234.56", "1234.56"),
            ("€ 10", "10"),
            ("12,5", "12.5"),
            ("1.234", "1234"),
            ("1,234", "1234"),
            ("0,125", "0.13"),
            ("£ 3.999", "3999"),
            ("1 234,50", "1234.5"),
        ],
    );
    rejects(&HearType::Money, &["", "-5", "R$", "ten", "1,2,3", "$-5"]);
}

#[test]
fn booleans() {
    for word in [
        "yes",
        "Y",
        "true",
        "1",
        "sim",
        "S",
        "si",
        "sí",
        "oui",
        "ja",
        "da",
        "ok",
        "yeah",
        "yep",
        "sure",
        "confirm",
        "confirmed",
        "accept",
        "agreed",
        "agree",
        "Yes!",
    ] {
        assert_eq!(answer(&HearType::Boolean, word), Ok(Value::Bool(true)), "{word}");
    }
    for word in [
        "no", "N", "false", "0", "não", "NAO", "non", "nein", "net", "nope", "cancel", "deny", "denied", "reject",
        "declined", "disagree",
    ] {
        assert_eq!(answer(&HearType::Boolean, word), Ok(Value::Bool(false)), "{word}");
    }
    rejects(&HearType::Boolean, &["", "maybe", "2"]);
}

#[test]
fn dates_and_hours() {
    accepts(
        &HearType::Date,
        &[
            ("25/12/2026", "2026-12-25"),
            ("25-12-2026", "2026-12-25"),
            ("2026-12-25", "2026-12-25"),
            ("2026/12/25", "2026-12-25"),
            ("25.12.2026", "2026-12-25"),
            ("12/25/2026", "2026-12-25"),
            ("03/04/2026", "2026-04-03"),
            ("25 Dec 2026", "2026-12-25"),
            ("25 december 2026", "2026-12-25"),
            ("December 25, 2026", "2026-12-25"),
            ("25 de dezembro de 2026", "2026-12-25"),
            ("25 de diciembre de 2026", "2026-12-25"),
            ("today", "2026-11-22"),
            ("Hoje", "2026-11-22"),
            ("hoy", "2026-11-22"),
            ("tomorrow", "2026-11-23"),
            ("amanhã", "2026-11-23"),
            ("amanha", "2026-11-23"),
            ("mañana", "2026-11-23"),
            ("yesterday", "2026-11-21"),
            ("ontem", "2026-11-21"),
            ("ayer", "2026-11-21"),
        ],
    );
    rejects(&HearType::Date, &["", "31/02/2026", "soon", "25/12", "2026", "13/13/2026"]);
    accepts(
        &HearType::Hour,
        &[
            ("9:30", "09:30"),
            ("14:30", "14:30"),
            ("2:30 PM", "14:30"),
            ("2:30pm", "14:30"),
            ("12:05 am", "00:05"),
            ("12 pm", "12:00"),
            ("14h30", "14:30"),
            ("14h", "14:00"),
            ("2:30 p.m.", "14:30"),
        ],
    );
    rejects(&HearType::Hour, &["", "25:00", "14:60", "14", "2:3", "13:00 PM", "noonish", "1:2:3:4"]);
}

#[test]
fn documents() {
    accepts(&HearType::Cpf, &[("52998224725", "529.982.247-25"), ("529.982.247-25", "529.982.247-25")]);
    rejects(&HearType::Cpf, &["", "11111111111", "52998224726", "5299822472", "529982247255", "529x98224725"]);
    accepts(
        &HearType::Cnpj,
        &[
            ("11222333000181", "11.222.333/0001-81"),
            ("11.222.333/0001-81", "11.222.333/0001-81"),
            ("12.ABC.345/01DE-35", "12.ABC.345/01DE-35"),
        ],
    );
    rejects(&HearType::Cnpj, &["", "11111111111111", "11222333000182", "1122233300018", "12ABC34501DE36"]);
    accepts(
        &HearType::CreditCard,
        &[
            ("4111 1111 1111 1111", "4111 **** **** 1111"),
            ("378282246310005", "3782 **** **** 0005"),
            ("5555-5555-5555-4444", "5555 **** **** 4444"),
        ],
    );
    rejects(&HearType::CreditCard, &["", "4111111111111112", "411111", "0000000000000000", "4111x11111111111"]);
    accepts(
        &HearType::Url,
        &[
            ("example.com", "https://example.com"),
            ("HTTP://Example.com/Path?q=1#x", "http://example.com/Path?q=1#x"),
            ("https://a.b.example.org/", "https://a.b.example.org/"),
            ("münchen.de", "https://münchen.de"),
        ],
    );
    rejects(
        &HearType::Url,
        &[
            "",
            "localhost",
            "http://",
            "example.com:80",
            "me@example.com",
            "a b.com",
            "ftp://x.org",
            "1.2.3.4",
            "https://.com",
            "javascript:alert(1)",
        ],
    );
    let canonical = "123e4567-e89b-12d3-a456-426614174000";
    accepts(
        &HearType::Uuid,
        &[
            ("123E4567-E89B-12D3-A456-426614174000", canonical),
            ("123e4567e89b12d3a456426614174000", canonical),
            ("{123e4567-e89b-12d3-a456-426614174000}", canonical),
            ("urn:uuid:123e4567-e89b-12d3-a456-426614174000", canonical),
        ],
    );
    rejects(
        &HearType::Uuid,
        &["", "123e4567", "123e4567-e89b-12d3-a456-42661417400g", "123e-4567e89b-12d3-a456-426614174000"],
    );
    accepts(
        &HearType::Color,
        &[
            ("blue", "#0000FF"),
            ("Vermelho", "#FF0000"),
            ("#abc", "#AABBCC"),
            ("#3366ff", "#3366FF"),
            ("3366ff", "#3366FF"),
            ("rgb(255, 0,16)", "#FF0010"),
        ],
    );
    rejects(&HearType::Color, &["", "blurple", "#12", "#12345g", "rgb(256,0,0)", "rgb(1,2)"]);
}

#[test]
fn passwords_are_secrets() {
    let Ok(Value::Secret(secret)) = answer(&HearType::Password, "correct horse ") else { panic!("a secret") };
    assert_eq!(&*secret, "correct horse ");
    rejects(&HearType::Password, &["", "short", "1234567"]);
}

#[test]
fn menus() {
    let options = ["Buy", "Sell", "Sell later", "Não"].map(String::from).to_vec();
    let menu = HearType::Menu { options: options.clone(), free: false };
    accepts(
        &menu,
        &[
            ("buy", "Buy"),
            ("1", "Buy"),
            ("2.", "Sell"),
            ("3)", "Sell later"),
            ("sell", "Sell"),
            ("late", "Sell later"),
            ("nao", "Não"),
            (" BUY ", "Buy"),
        ],
    );
    rejects(&menu, &["", "0", "5", "ell", "rent"]);
    let free = HearType::Menu { options: vec!["done".into()], free: true };
    accepts(&free, &[("DONE", "done"), ("one", "one"), ("1", "1"), ("three apples", "three apples"), ("", "")]);
    let rejection = answer(&menu, "rent").expect_err("not an option");
    assert_eq!(sentence(&rejection, "en"), "Please choose one of: Buy, Sell, Sell later, Não.");
    assert_eq!(sentence(&rejection, "pt-BR"), "Por favor, escolha uma das opções: Buy, Sell, Sell later, Não.");
}

#[test]
fn attachments() {
    let file = |name: &str, mime: &str| FileHandle {
        url: format!("/f/{name}").as_str().into(),
        filename: name.into(),
        mime_type: mime.into(),
        size: 3,
    };
    let files = [
        file("a.pdf", "application/pdf"),
        file("b.png", "image/png"),
        file("c.ogg", "Audio/OGG"),
        file("d.mp4", "video/mp4"),
    ];
    let with = |kind: &HearType, files: &[FileHandle]| {
        validate(kind, &HearInput { text: "here", attachments: files }, &context())
    };
    for (kind, index) in [(HearType::File, 0), (HearType::Image, 1), (HearType::Audio, 2), (HearType::Video, 3)] {
        assert_eq!(with(&kind, &files), Ok(Value::File(files[index].clone())), "{kind:?}");
        assert!(with(&kind, &[]).is_err(), "{kind:?}");
    }
    assert!(with(&HearType::Image, &files[..1]).is_err());
    assert!(missing_capability(&HearType::QrCode).is_some());
    assert!(missing_capability(&HearType::Email).is_none());
}

#[test]
fn giving_up_stores_empty_text_or_null() {
    assert_eq!(empty_value(&HearType::Email), Value::text(""));
    assert_eq!(empty_value(&HearType::Date), Value::text(""));
    assert_eq!(empty_value(&HearType::Integer), Value::Null);
    assert_eq!(empty_value(&HearType::File), Value::Null);
}

fn all_types() -> Vec<HearType> {
    let mut kinds: Vec<HearType> = HearType::names().filter_map(HearType::from_name).collect();
    kinds.push(HearType::Menu { options: vec!["a".into()], free: false });
    kinds
}

/// A rejection of a type without the answer that caused it.
fn rejection(kind: &HearType) -> HearRejection {
    HearRejection { key: kind.name().to_lowercase().leak(), args: Vec::new() }
}

fn catalogue(language: &str) -> HashMap<String, String> {
    let path = format!("{}/src/hear/messages/{language}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).expect("a catalogue")).expect("JSON")
}

#[test]
fn catalogues_have_the_same_keys_and_placeholders() {
    let keys = |language: &str| catalogue(language).into_keys().collect::<BTreeSet<_>>();
    assert_eq!(keys("en"), keys("pt"));
    assert_eq!(keys("en"), keys("es"));
    for language in ["en", "pt", "es"] {
        assert!(catalogue(language)["menu"].contains("{options}"), "{language}");
    }
}

#[test]
fn every_type_has_a_name_a_sentence_in_each_language_and_an_input() {
    for kind in all_types() {
        let rejection = rejection(&kind);
        let sentences = ["en", "pt", "es"].map(|locale| sentence(&rejection, locale));
        for sentence in &sentences {
            assert!(
                !sentence.is_empty() && sentence.ends_with('.') && !sentence.contains('\n'),
                "{kind:?}: {sentence}"
            );
        }
        assert_ne!(sentences[0], sentences[1], "{kind:?}");
        assert_eq!(sentence(&rejection, "xx"), sentences[0], "other languages get English");
    }
    for kind in all_types() {
        assert_eq!(input_spec(&kind, "en").kind, kind.name().to_lowercase());
    }
    for name in HearType::names() {
        assert!(HearType::from_name(&name.to_lowercase()).is_some(), "{name}");
    }
    assert_eq!(HearType::from_name("Credit Card"), Some(HearType::CreditCard));
    assert_eq!(HearType::from_name("What is it?"), None);
}

/// A sentence that shows an example must take it.
#[test]
fn the_examples_in_the_sentences_are_accepted() {
    for language in ["en", "pt", "es"] {
        for kind in all_types() {
            let text = sentence(&rejection(&kind), language);
            let Some((_, example)) = text
                .trim_end_matches('.')
                .split_once(", like ")
                .or_else(|| text.trim_end_matches('.').split_once(", como "))
            else {
                continue;
            };
            if matches!(kind, HearType::File | HearType::Image | HearType::Audio | HearType::Video) {
                continue;
            }
            for example in example.split(" or ").flat_map(|part| part.split(" ou ")).flat_map(|part| part.split(" o "))
            {
                assert!(answer(&kind, example).is_ok(), "{language} {kind:?}: {example:?}");
            }
        }
    }
}

#[test]
fn input_specs_serialise() {
    let menu = input_spec(&HearType::Menu { options: vec!["a".into(), "b".into()], free: true }, "en");
    assert_eq!(
        serde_json::to_value(menu).expect("JSON"),
        serde_json::json!({"kind": "menu", "options": ["a", "b"], "free": true, "secret": false})
    );
    assert_eq!(input_spec(&HearType::Boolean, "pt").options, ["Sim", "Não"]);
    assert_eq!(input_spec(&HearType::Image, "en").accept, ["image/*"]);
    assert!(input_spec(&HearType::Password, "en").secret);
    for kind in all_types() {
        let spec = input_spec(&kind, "es");
        for option in &spec.options {
            assert!(answer(&kind, option).is_ok(), "{kind:?} offers {option}");
        }
    }
}

#[test]
fn words_that_leave_a_question() {
    for text in
        ["cancel", "Cancel.", " STOP! ", "never mind", "cancelar", "Deixa pra lá", "¡Olvídalo!", "/cancel", "abbrechen"]
    {
        assert!(declines(&HearType::Date, text), "{text}");
        assert!(declines(&HearType::Any, text), "{text}");
    }
    for text in ["", "cancel the blue room", "no", "25/12/2026", "stop sign", "x".repeat(100_000).as_str()] {
        assert!(!declines(&HearType::Any, text), "{text}");
    }
    // Where the word is an answer, it is one.
    assert!(!declines(&HearType::Boolean, "cancel"));
    assert!(declines(&HearType::Boolean, "stop"));
    let menu = HearType::Menu { options: vec!["Go on".into(), "Cancel".into()], free: false };
    assert!(!declines(&menu, "cancel") && declines(&menu, "quit"));
    assert!(declines(&HearType::Password, "cancel") && !declines(&HearType::Password, "cancelar"));
    for locale in ["en", "pt", "es"] {
        let word = way_out(locale).split(['“', '”', '«', '»']).nth(1).expect("a quoted word");
        assert!(declines(&HearType::Name, word), "{word}");
    }
}
