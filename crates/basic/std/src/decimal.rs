//! Decimal digits of numbers: rounding half away from zero on the digits that people see, grouping of
//! thousands, and reading numbers as people type them. Knows no locale but the marks it is given.

use botserver_basic_types::ops;

/// A number as decimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    /// True below zero; never true when all digits are zero.
    pub negative: bool,
    /// At least one digit.
    pub integer: String,
    /// As many digits as asked for.
    pub fraction: String,
}

impl Decimal {
    /// A whole number.
    pub(crate) fn from_int(value: i64, places: usize) -> Self {
        Self { negative: value < 0, integer: value.unsigned_abs().to_string(), fraction: "0".repeat(places) }
    }

    /// A number rounded half away from zero. What is rounded is the number as it prints (fifteen
    /// digits), so 1.005 gives 1.01 although its binary fraction lies a little below.
    pub(crate) fn from_float(value: f64, places: usize) -> Self {
        let shown = ops::float_to_text(value.abs());
        let (integer, fraction) = shown.split_once('.').unwrap_or((&shown, ""));
        let mut digits: Vec<u8> =
            integer.bytes().chain(fraction.bytes().chain(std::iter::repeat(b'0')).take(places)).collect();
        if fraction.as_bytes().get(places).is_some_and(|digit| *digit >= b'5') {
            increment(&mut digits);
        }
        let fraction: String = digits.split_off(digits.len() - places).into_iter().map(char::from).collect();
        let integer: String = digits.into_iter().map(char::from).collect();
        let zero = integer.bytes().chain(fraction.bytes()).all(|digit| digit == b'0');
        Self { negative: value < 0.0 && !zero, integer, fraction }
    }

    /// The whole part with a mark between groups of three digits.
    pub(crate) fn grouped(&self, mark: &str) -> String {
        let digits = self.integer.len();
        let mut result = String::with_capacity(digits + digits / 3 * mark.len());
        for (index, digit) in self.integer.chars().enumerate() {
            if index > 0 && (digits - index).is_multiple_of(3) {
                result.push_str(mark);
            }
            result.push(digit);
        }
        result
    }
}

fn increment(digits: &mut Vec<u8>) {
    for digit in digits.iter_mut().rev() {
        if *digit == b'9' {
            *digit = b'0';
        } else {
            *digit += 1;
            return;
        }
    }
    digits.insert(0, b'1');
}

/// Rounds half away from zero to a number of decimals; a negative number rounds to tens, hundreds, ….
pub(crate) fn round(value: f64, places: i32) -> f64 {
    if !value.is_finite() || places > 15 {
        return value;
    }
    if places < 0 {
        let scale = 10_f64.powi((-places).min(308));
        return round(value / scale, 0) * scale;
    }
    let digits = Decimal::from_float(value, places as usize);
    let sign = if digits.negative { "-" } else { "" };
    format!("{sign}{}.{}", digits.integer, digits.fraction).parse().unwrap_or(value)
}

/// Which reading a lone mark gets when it could group thousands: `1,234`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoneMark {
    /// It is the decimal mark: 1.234.
    Decimal,
    /// Three digits after it make it a thousands mark: 1234. Amounts of money have no third decimal.
    ThousandsIfThreeDigits,
    /// It may only group thousands.
    Thousands,
}

/// Reads a number as people type it: blanks and thousands marks are allowed, of `,` and `.` the last
/// is the decimal mark when both occur. Returns the plain spelling with `.`, without blanks.
pub(crate) fn read_typed(text: &str, lone: LoneMark) -> Option<String> {
    let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let (sign, digits) = match plain.strip_prefix(['+', '-']) {
        Some(rest) => (if plain.starts_with('-') { "-" } else { "" }, rest),
        None => ("", plain.as_str()),
    };
    let marks: Vec<(usize, char)> = digits.char_indices().filter(|(_, c)| matches!(c, ',' | '.')).collect();
    let sound = digits.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '.'))
        && digits.contains(|c: char| c.is_ascii_digit());
    if !sound || digits.len() > 40 {
        return None;
    }
    let decimal_at = match marks.as_slice() {
        [] => None,
        [(at, _)] => {
            let three = digits.len() - at == 4 && (1..=3).contains(at) && !digits.starts_with('0');
            match lone {
                LoneMark::Thousands => None,
                LoneMark::ThousandsIfThreeDigits if three => None,
                LoneMark::Decimal | LoneMark::ThousandsIfThreeDigits => Some(*at),
            }
        }
        [.., (_, before), (at, last)] => (before != last).then_some(*at),
    };
    if decimal_at.is_some() && lone == LoneMark::Thousands {
        return None;
    }
    let (integer, fraction) = match decimal_at {
        Some(at) => (digits.get(..at)?, digits.get(at + 1..)?),
        None => (digits, ""),
    };
    if fraction.contains([',', '.']) {
        return None;
    }
    let mut groups = integer.split([',', '.']);
    let first = groups.next().unwrap_or_default();
    let mut whole = first.to_owned();
    let mut grouped = false;
    for group in groups {
        if group.len() != 3 {
            return None;
        }
        grouped = true;
        whole.push_str(group);
    }
    // One kind of mark groups, the other one is decimal.
    let group_marks = integer.contains(',') && integer.contains('.');
    if group_marks || (grouped && !(1..=3).contains(&first.len())) {
        return None;
    }
    let whole = if whole.is_empty() { "0" } else { &whole };
    Some(if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}
