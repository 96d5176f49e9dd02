//! HEAR types with a written form of their own: CPF, CNPJ, CREDITCARD, URL, UUID, COLOR.

use super::people::host_label;
use crate::text::fold;

fn digits_of(text: &str, separators: &[char]) -> Option<Vec<u32>> {
    text.chars().filter(|c| !separators.contains(c) && !c.is_whitespace()).map(|c| c.to_digit(10)).collect()
}

fn all_equal<T: PartialEq>(items: &[T]) -> bool {
    items.windows(2).all(|pair| pair.first() == pair.last())
}

/// The check digit over values with weights, by the rule of the Brazilian tax office.
fn modulo_11(values: impl Iterator<Item = u32>, weights: impl Iterator<Item = u32>) -> u32 {
    let rest = values.zip(weights).map(|(value, weight)| value * weight).sum::<u32>() % 11;
    if rest < 2 { 0 } else { 11 - rest }
}

/// The tax number of a Brazilian person: `000.000.000-00`.
pub(super) fn cpf(text: &str) -> Option<String> {
    let digits = digits_of(text, &['.', '-'])?;
    let [head @ .., first, second] = digits.as_slice() else { return None };
    if head.len() != 9 || all_equal(&digits) {
        return None;
    }
    let sound = modulo_11(head.iter().copied(), (2..=10).rev()) == *first
        && modulo_11(digits.iter().copied().take(10), (2..=11).rev()) == *second;
    let plain: String = digits.iter().filter_map(|digit| char::from_digit(*digit, 10)).collect();
    let part = |from: usize, to: usize| plain.get(from..to).unwrap_or_default();
    sound.then(|| format!("{}.{}.{}-{}", part(0, 3), part(3, 6), part(6, 9), part(9, 11)))
}

/// The tax number of a Brazilian company: `00.000.000/0000-00`. Since July 2026 the first twelve
/// places may be letters too; a letter counts as its code less that of `0`.
pub(super) fn cnpj(text: &str) -> Option<String> {
    let plain: String = text
        .chars()
        .filter(|c| !matches!(c, '.' | '-' | '/') && !c.is_whitespace())
        .map(|c| c.to_ascii_uppercase())
        .collect();
    if plain.len() != 14 || !plain.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()) {
        return None;
    }
    let values: Vec<u32> = plain.bytes().map(|byte| u32::from(byte - b'0')).collect();
    let [head @ .., first, second] = values.as_slice() else { return None };
    if *first > 9 || *second > 9 || all_equal(&values) {
        return None;
    }
    let weights = || (2..=9).cycle();
    let first_due = modulo_11(head.iter().rev().copied(), weights());
    let second_due = modulo_11(values.iter().rev().skip(1).copied(), weights());
    let part = |from: usize, to: usize| plain.get(from..to).unwrap_or_default();
    (first_due == *first && second_due == *second)
        .then(|| format!("{}.{}.{}/{}-{}", part(0, 2), part(2, 5), part(5, 8), part(8, 12), part(12, 14)))
}

/// A card number that passes the Luhn check, with all but eight digits masked.
pub(super) fn credit_card(text: &str) -> Option<String> {
    let digits = digits_of(text, &['-', '.'])?;
    if !(13..=19).contains(&digits.len()) || all_equal(&digits) {
        return None;
    }
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| match (index % 2, digit * 2) {
            (0, _) => *digit,
            (_, doubled) => doubled / 10 + doubled % 10,
        })
        .sum();
    let plain: String = digits.iter().filter_map(|digit| char::from_digit(*digit, 10)).collect();
    let ends = (plain.get(..4)?, plain.get(plain.len() - 4..)?);
    sum.is_multiple_of(10).then(|| format!("{} **** **** {}", ends.0, ends.1))
}

/// A web address with a dotted host and without port, user and blanks; `https://` is added.
pub(super) fn url(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let (scheme, rest) = if lower.starts_with("https://") {
        ("https://", text.get(8..)?)
    } else if lower.starts_with("http://") {
        ("http://", text.get(7..)?)
    } else {
        ("https://", text)
    };
    if text.len() > 2_048 || rest.contains(char::is_whitespace) || rest.contains(char::is_control) {
        return None;
    }
    let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let labels: Vec<&str> = host.split('.').collect();
    let top = labels.last()?;
    let dotted = labels.len() >= 2 && labels.iter().all(|label| host_label(label));
    let named = top.chars().count() >= 2 && !top.bytes().all(|byte| byte.is_ascii_digit());
    (dotted && named).then(|| format!("{scheme}{}{path}", host.to_lowercase()))
}

/// A UUID written with or without hyphens, in braces or as a URN, in its canonical form.
pub(super) fn uuid(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let bare = lower.strip_prefix("urn:uuid:").unwrap_or(&lower);
    let bare = bare.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')).unwrap_or(bare);
    let hyphens_sound = match bare.len() {
        32 => !bare.contains('-'),
        36 => [8, 13, 18, 23].iter().all(|at| bare.as_bytes().get(*at) == Some(&b'-')),
        _ => false,
    };
    let plain: String = bare.chars().filter(|c| *c != '-').collect();
    if !hyphens_sound || plain.len() != 32 || !plain.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let part = |from: usize, to: usize| plain.get(from..to).unwrap_or_default();
    Some(format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)))
}

/// A colour as `#RRGGBB`, from its name in English, Portuguese or Spanish, `#rgb`, `#rrggbb` or
/// `rgb(r, g, b)`.
pub(super) fn color(text: &str) -> Option<String> {
    let lower = fold(text);
    if let Some(hex) = named_color(&lower) {
        return Some(hex.to_owned());
    }
    if let Some(channels) = lower.strip_prefix("rgb(").and_then(|rest| rest.strip_suffix(')')) {
        let channels: Vec<u8> = channels.split(',').map(|part| part.trim().parse().ok()).collect::<Option<_>>()?;
        let [red, green, blue] = channels.as_slice() else { return None };
        return Some(format!("#{red:02X}{green:02X}{blue:02X}"));
    }
    let hex = lower.strip_prefix('#').unwrap_or(&lower);
    if !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let full = match hex.len() {
        3 if lower.starts_with('#') => hex.chars().flat_map(|digit| [digit, digit]).collect(),
        6 => hex.to_owned(),
        _ => return None,
    };
    Some(format!("#{}", full.to_ascii_uppercase()))
}

fn named_color(name: &str) -> Option<&'static str> {
    Some(match name {
        "black" | "preto" | "negro" => "#000000",
        "white" | "branco" | "blanco" => "#FFFFFF",
        "red" | "vermelho" | "rojo" => "#FF0000",
        "green" | "verde" => "#008000",
        "blue" | "azul" => "#0000FF",
        "yellow" | "amarelo" | "amarillo" => "#FFFF00",
        "orange" | "laranja" | "naranja" => "#FFA500",
        "purple" | "roxo" | "morado" => "#800080",
        "pink" | "rosa" => "#FFC0CB",
        "brown" | "marrom" | "marron" => "#A52A2A",
        "gray" | "grey" | "cinza" | "gris" => "#808080",
        "cyan" | "ciano" | "cian" => "#00FFFF",
        "magenta" => "#FF00FF",
        _ => return None,
    })
}
