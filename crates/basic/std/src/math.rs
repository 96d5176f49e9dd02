//! Numbers. Whole results are whole numbers; what has no result (the root of -1) is an error, never a
//! silent not-a-number.

use std::cmp::Ordering;

use botserver_basic_types::{BasicError, FunctionDecl, Heap, Result, Val, ops, ops::Number};

use crate::{
    args::{ANY, arg, field, float, int_or, items, plain},
    decimal,
};

pub(crate) const FUNCTIONS: &[FunctionDecl] = &[
    plain("ABS", &[], "number", (1, 1), "The number without its sign.", "ABS(-3) > 3", abs),
    plain(
        "ROUND",
        &[],
        "number, [decimals]",
        (1, 2),
        "The number rounded, halves away from zero.",
        "ROUND(2.345, 2) > 2.35",
        round,
    ),
    plain("INT", &[], "number", (1, 1), "The whole part of a number.", "INT(-2.7) > -2", truncate),
    plain("FIX", &[], "number", (1, 1), "The whole part of a number.", "FIX(2.7) > 2", truncate),
    plain("FLOOR", &[], "number", (1, 1), "The next whole number below.", "FLOOR(-2.1) > -3", floor),
    plain("CEIL", &["CEILING"], "number", (1, 1), "The next whole number above.", "CEIL(2.1) > 3", ceil),
    plain(
        "SGN",
        &["SIGN"],
        "number",
        (1, 1),
        "-1, 0 or 1, as the number is below, at or above zero.",
        "SGN(-5) > -1",
        sign,
    ),
    plain("SQR", &["SQRT"], "number", (1, 1), "The square root.", "SQR(16) > 4", square_root),
    plain("POW", &["POWER"], "base, exponent", (2, 2), "The base raised to the exponent.", "POW(2, 10) > 1024", power),
    plain("EXP", &[], "number", (1, 1), "e raised to the number.", "EXP(0) > 1", exponential),
    plain("LOG", &["LN"], "number", (1, 1), "The natural logarithm.", "LOG(1) > 0", logarithm),
    plain("LOG10", &[], "number", (1, 1), "The logarithm to base 10.", "LOG10(1000) > 3", logarithm_10),
    plain("SIN", &[], "radians", (1, 1), "The sine of an angle.", "SIN(0) > 0", sine),
    plain("COS", &[], "radians", (1, 1), "The cosine of an angle.", "COS(0) > 1", cosine),
    plain("TAN", &[], "radians", (1, 1), "The tangent of an angle.", "TAN(0) > 0", tangent),
    plain("ASIN", &[], "number", (1, 1), "The angle of a sine, in radians.", "ASIN(0) > 0", arc_sine),
    plain("ACOS", &[], "number", (1, 1), "The angle of a cosine, in radians.", "ACOS(1) > 0", arc_cosine),
    plain("ATN", &["ATAN"], "number", (1, 1), "The angle of a tangent, in radians.", "ATN(0) > 0", arc_tangent),
    plain(
        "PI",
        &[],
        "",
        (0, 0),
        "The ratio of a circle's circumference to its diameter.",
        "ROUND(PI(), 5) > 3.14159",
        pi,
    ),
    plain(
        "MAX",
        &[],
        "values… | list, [field]",
        (1, ANY),
        "The greatest of the arguments, of a list, or of a field over rows; null if there is none.",
        "MAX(3, 7, 5) > 7",
        max,
    ),
    plain(
        "MIN",
        &[],
        "values… | list, [field]",
        (1, ANY),
        "The least of the arguments, of a list, or of a field over rows; null if there is none.",
        "MIN([3, 7, 5]) > 3",
        min,
    ),
    plain(
        "SUM",
        &[],
        "values… | list, [field]",
        (1, ANY),
        "The sum of the arguments, of a list, or of a field over rows; nulls are left out.",
        r#"SUM([{v: 1}, {v: 2}], "v") > 3"#,
        sum,
    ),
    plain(
        "AVG",
        &["AVERAGE"],
        "values… | list, [field]",
        (1, ANY),
        "The mean of the arguments, of a list, or of a field over rows; nulls are left out; null if there is none.",
        "AVG([1, 2, 6]) > 3",
        average,
    ),
    plain(
        "MOD",
        &[],
        "number, divisor",
        (2, 2),
        "The remainder of a division, with the sign of the number.",
        "MOD(7, 3) > 1",
        modulo,
    ),
];

/// A result that must be a number; `why` says what was wrong with the argument.
fn finite(value: f64, why: &str) -> Result<Val> {
    if value.is_nan() {
        return Err(BasicError::invalid(why));
    }
    if value.is_infinite() {
        return Err(BasicError::new(6, "the result is too large for a number"));
    }
    Ok(Val::Float(value))
}

/// A float without fraction as a whole number, if it fits.
fn whole(value: f64) -> Val {
    // 2^63 itself does not fit; -2^63 does.
    if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value) {
        Val::Int(value as i64)
    } else {
        Val::Float(value)
    }
}

fn rounded(args: &[Val], rule: fn(f64) -> f64) -> Result<Val> {
    Ok(match ops::to_number(arg(args, 0))? {
        Number::Int(value) => Val::Int(value),
        Number::Float(value) => whole(rule(value)),
    })
}

fn abs(_: &mut Heap, args: &[Val]) -> Result<Val> {
    Ok(match ops::to_number(arg(args, 0))? {
        Number::Int(value) => value.checked_abs().map_or_else(|| Val::Float((value as f64).abs()), Val::Int),
        Number::Float(value) => Val::Float(value.abs()),
    })
}

fn round(_: &mut Heap, args: &[Val]) -> Result<Val> {
    let places = int_or(args, 1, 0)?.clamp(-400, 400) as i32;
    Ok(match ops::to_number(arg(args, 0))? {
        Number::Int(value) if places >= 0 => Val::Int(value),
        number if places <= 0 => whole(decimal::round(number.as_f64(), places)),
        number => Val::Float(decimal::round(number.as_f64(), places)),
    })
}

fn truncate(_: &mut Heap, args: &[Val]) -> Result<Val> {
    rounded(args, f64::trunc)
}

fn floor(_: &mut Heap, args: &[Val]) -> Result<Val> {
    rounded(args, f64::floor)
}

fn ceil(_: &mut Heap, args: &[Val]) -> Result<Val> {
    rounded(args, f64::ceil)
}

fn sign(_: &mut Heap, args: &[Val]) -> Result<Val> {
    let value = float(args, 0)?;
    Ok(Val::Int(i64::from(value > 0.0) - i64::from(value < 0.0)))
}

fn square_root(_: &mut Heap, args: &[Val]) -> Result<Val> {
    finite(float(args, 0)?.sqrt(), "a negative number has no square root")
}

fn power(_: &mut Heap, args: &[Val]) -> Result<Val> {
    ops::power(arg(args, 0), arg(args, 1))
}

fn exponential(_: &mut Heap, args: &[Val]) -> Result<Val> {
    finite(float(args, 0)?.exp(), "not a number")
}

fn logarithm_of(args: &[Val], rule: fn(f64) -> f64) -> Result<Val> {
    let value = float(args, 0)?;
    if value <= 0.0 {
        return Err(BasicError::invalid("only numbers above zero have a logarithm"));
    }
    finite(rule(value), "not a number")
}

fn logarithm(_: &mut Heap, args: &[Val]) -> Result<Val> {
    logarithm_of(args, f64::ln)
}

fn logarithm_10(_: &mut Heap, args: &[Val]) -> Result<Val> {
    logarithm_of(args, f64::log10)
}

fn sine(_: &mut Heap, args: &[Val]) -> Result<Val> {
    finite(float(args, 0)?.sin(), "not an angle")
}

fn cosine(_: &mut Heap, args: &[Val]) -> Result<Val> {
    finite(float(args, 0)?.cos(), "not an angle")
}

fn tangent(_: &mut Heap, args: &[Val]) -> Result<Val> {
    finite(float(args, 0)?.tan(), "not an angle")
}

fn arc_sine(_: &mut Heap, args: &[Val]) -> Result<Val> {
    finite(float(args, 0)?.asin(), "a sine lies between -1 and 1")
}

fn arc_cosine(_: &mut Heap, args: &[Val]) -> Result<Val> {
    finite(float(args, 0)?.acos(), "a cosine lies between -1 and 1")
}

fn arc_tangent(_: &mut Heap, args: &[Val]) -> Result<Val> {
    finite(float(args, 0)?.atan(), "not a number")
}

fn pi(_: &mut Heap, _: &[Val]) -> Result<Val> {
    Ok(Val::Float(std::f64::consts::PI))
}

fn modulo(_: &mut Heap, args: &[Val]) -> Result<Val> {
    ops::modulo(arg(args, 0), arg(args, 1))
}

/// The values that MAX, SUM and friends look at, nulls and empty texts left out.
fn operands(heap: &mut Heap, args: &[Val]) -> Result<Vec<Val>> {
    let is_list = |value: &Val| matches!(value, Val::Array(_) | Val::Rows(..));
    let values = match args {
        [first, Val::Text(name)] if is_list(first) => {
            items(heap, args, 0)?.iter().map(|row| field(heap, row, name)).collect()
        }
        [first, rest @ ..] if is_list(first) => {
            let mut values = items(heap, args, 0)?;
            values.extend_from_slice(rest);
            values
        }
        [Val::Null] => Vec::new(),
        [Val::Text(text)] if text.trim_start().starts_with('[') => items(heap, args, 0)?,
        _ => args.to_vec(),
    };
    heap.spend(values.len().saturating_mul(8))?;
    Ok(values.into_iter().filter(|value| !ops::is_null(heap, value)).collect())
}

/// The greatest or least value; texts that all spell numbers count as numbers, as in SUM.
pub(crate) fn extreme(heap: &Heap, mut values: Vec<Val>, wanted: Ordering) -> Result<Val> {
    let numbers: Option<Vec<Val>> = values
        .iter()
        .map(|value| match value {
            Val::Int(_) | Val::Float(_) => Some(value.clone()),
            Val::Text(text) => ops::parse_number(text).map(Val::from),
            _ => None,
        })
        .collect();
    values = numbers.unwrap_or(values);
    let mut best: Option<Val> = None;
    for value in values {
        let better = match &best {
            None => true,
            Some(best) => ops::compare(heap, &value, best)? == Some(wanted),
        };
        if better {
            best = Some(value);
        }
    }
    Ok(best.unwrap_or_default())
}

/// The sum, whole while all values are and it fits.
pub(crate) fn total(values: &[Val]) -> Result<Val> {
    let mut sum = Val::Int(0);
    for value in values {
        sum = match (sum, ops::to_number(value)?) {
            (Val::Int(a), Number::Int(b)) => a.checked_add(b).map_or_else(|| Val::Float(a as f64 + b as f64), Val::Int),
            (Val::Int(a), Number::Float(b)) => ops::finite(a as f64 + b)?,
            (Val::Float(a), b) => ops::finite(a + b.as_f64())?,
            (other, _) => other,
        };
    }
    Ok(sum)
}

/// The mean; null of nothing.
pub(crate) fn mean(values: &[Val]) -> Result<Val> {
    if values.is_empty() {
        return Ok(Val::Null);
    }
    Ok(Val::Float(ops::to_number(&total(values)?)?.as_f64() / values.len() as f64))
}

fn max(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let values = operands(heap, args)?;
    extreme(heap, values, Ordering::Greater)
}

fn min(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let values = operands(heap, args)?;
    extreme(heap, values, Ordering::Less)
}

fn sum(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    total(&operands(heap, args)?)
}

fn average(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    mean(&operands(heap, args)?)
}
