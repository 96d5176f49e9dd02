//! Number patterns: placeholders (`#,##0.00`), the letters `n f N2 C2 P`, and currencies of a locale
//! named in brackets (`C2[pt]`). Rounds half away from zero.

use botserver_basic_types::ops::Number;

use crate::decimal::Decimal;

/// How a locale writes numbers and its money.
struct Locale {
    group: &'static str,
    point: &'static str,
    symbol: &'static str,
    symbol_first: bool,
}

fn locale(tag: &str) -> Locale {
    let (group, point, symbol, symbol_first) = match tag.to_ascii_lowercase().as_str() {
        "pt" | "pt-br" | "br" => (".", ",", "R$ ", true),
        "pt-pt" | "es" | "es-es" | "de" | "de-de" | "it" | "it-it" | "nl" => (".", ",", " €", false),
        "fr" | "fr-fr" => ("\u{202f}", ",", " €", false),
        "en-gb" | "gb" => (",", ".", "£", true),
        "ja" | "ja-jp" | "zh" | "zh-cn" => (",", ".", "¥", true),
        _ => (",", ".", "$", true),
    };
    Locale { group, point, symbol, symbol_first }
}

fn digits(number: Number, places: usize) -> Decimal {
    match number {
        Number::Int(value) => Decimal::from_int(value, places),
        Number::Float(value) => Decimal::from_float(value, places),
    }
}

/// A number by a pattern; `None` if the pattern says nothing about numbers, or the number is none.
pub(crate) fn apply(number: Number, pattern: &str) -> Option<String> {
    if !number.as_f64().is_finite() {
        return None;
    }
    named(number, pattern).or_else(|| placeholders(number, pattern))
}

/// `n`, `F`, `N0`–`N4`, `C2[pt]`, `P1`, `currency`, `percent`, `fixed`, `standard`.
fn named(number: Number, pattern: &str) -> Option<String> {
    let pattern = pattern.trim();
    match pattern {
        "n" | "F" | "f" => return Some(written(number, 2, &plain_locale(), false)),
        _ => {}
    }
    match pattern.to_ascii_lowercase().as_str() {
        "currency" => return Some(written(number, 2, &locale("en"), true)),
        "standard" => return Some(written(number, 2, &locale("en"), false)),
        "fixed" => return Some(written(number, 2, &plain_locale(), false)),
        "percent" => return Some(percent(number, 2)),
        _ => {}
    }
    let (code, tag) = match pattern.split_once('[') {
        Some((code, rest)) => (code, rest.strip_suffix(']')?),
        None => (pattern, "en"),
    };
    let places = match code.get(1..)? {
        "" => 2,
        digits => digits.parse::<usize>().ok().filter(|places| *places <= 15)?,
    };
    match code.get(..1)? {
        "N" | "n" => Some(written(number, places, &locale(tag), false)),
        "C" | "c" => Some(written(number, places, &locale(tag), true)),
        "F" | "f" => Some(written(number, places, &plain_locale(), false)),
        "P" | "p" => Some(percent(number, places)),
        _ => None,
    }
}

const fn plain_locale() -> Locale {
    Locale { group: "", point: ".", symbol: "", symbol_first: true }
}

fn written(number: Number, places: usize, locale: &Locale, money: bool) -> String {
    let digits = digits(number, places);
    let mut shown = String::new();
    if digits.negative {
        shown.push('-');
    }
    if money && locale.symbol_first {
        shown.push_str(locale.symbol);
    }
    shown.push_str(&digits.grouped(locale.group));
    if places > 0 {
        shown.push_str(locale.point);
        shown.push_str(&digits.fraction);
    }
    if money && !locale.symbol_first {
        shown.push_str(locale.symbol);
    }
    shown
}

fn percent(number: Number, places: usize) -> String {
    format!("{}%", written(Number::Float(number.as_f64() * 100.0), places, &plain_locale(), false))
}

/// `#,##0.00` with any text around it: `#` shows a digit if there is one, `0` always, a `,` between
/// them groups thousands, `%` multiplies by 100, a leading `+` shows the sign of positive numbers too.
/// Unlike some dialects there is always a digit before the decimal mark.
fn placeholders(number: Number, pattern: &str) -> Option<String> {
    let start = pattern.find(['#', '0'])?;
    // `.00` starts with its mark.
    let start = if pattern.get(..start)?.ends_with('.') { start - 1 } else { start };
    let rest = pattern.get(start..)?;
    let length = rest.find(|c: char| !matches!(c, '#' | '0' | ',' | '.')).unwrap_or(rest.len());
    let (mask, suffix) = rest.split_at(length);
    // A mark at the end of a sentence belongs to the text: `0.`, `#,##0,`.
    let trimmed = mask.trim_end_matches([',', '.']);
    let suffix_marks = mask.get(trimmed.len()..)?;
    let (whole, fraction) = trimmed.split_once('.').unwrap_or((trimmed, ""));
    if fraction.contains([',', '.']) {
        return None;
    }
    let prefix = pattern.get(..start)?;
    let (prefix, plus) = match prefix.strip_suffix('+') {
        Some(before) => (before, true),
        None => (prefix, false),
    };
    let number = if suffix.starts_with('%') { Number::Float(number.as_f64() * 100.0) } else { number };
    let mut digits = digits(number, fraction.len().min(15));
    let least_whole = whole.chars().filter(|c| *c == '0').count().clamp(1, 30);
    while digits.integer.len() < least_whole {
        digits.integer.insert(0, '0');
    }
    let least_fraction = fraction.rfind('0').map_or(0, |last| last + 1);
    while digits.fraction.len() > least_fraction && digits.fraction.ends_with('0') {
        digits.fraction.pop();
    }
    let mut shown = String::from(prefix);
    match (digits.negative, plus) {
        // The sign stands before the currency: -R$ 5.
        (true, _) => shown.insert(0, '-'),
        (false, true) => shown.push('+'),
        (false, false) => {}
    }
    shown.push_str(&digits.grouped(if whole.contains(',') { "," } else { "" }));
    if !digits.fraction.is_empty() {
        shown.push('.');
        shown.push_str(&digits.fraction);
    }
    shown.push_str(suffix_marks);
    shown.push_str(suffix);
    Some(shown)
}
