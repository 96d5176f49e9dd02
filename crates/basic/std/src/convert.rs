//! Conversions, tests of what a value is, and choices between values.

use botserver_basic_types::{BasicError, FunctionDecl, Heap, Object, Result, Val, ops, ops::Number};

use crate::{
    args::{ANY, arg, field, int, new_object, new_text, plain, text},
    decimal,
};

pub(crate) const FUNCTIONS: &[FunctionDecl] = &[
    plain(
        "PARSEINT",
        &["PARSE_INT"],
        "text",
        (1, 1),
        "The whole part of the number at the start of a text, 0 if there is none.",
        r#"PARSEINT("12.7 apples") > 12"#,
        parse_int,
    ),
    plain(
        "VAL",
        &["PARSEFLOAT", "PARSE_FLOAT"],
        "text",
        (1, 1),
        "The number at the start of a text, 0 if there is none.",
        r#"VAL("12 apples") > 12"#,
        val,
    ),
    plain("STR", &["CSTR", "TOSTRING"], "value", (1, 1), "The value as text.", "STR(2.50) > 2.5", str),
    plain(
        "CINT",
        &["CLNG", "TOINT"],
        "value",
        (1, 1),
        "The value as a whole number, halves away from zero.",
        r#"CINT("2.5") > 3"#,
        cint,
    ),
    plain(
        "CDBL",
        &["TOFLOAT", "TONUMBER", "TO_NUMBER"],
        "value",
        (1, 1),
        "The value as a number.",
        r#"CDBL("2.5") * 2 > 5"#,
        cdbl,
    ),
    plain(
        "CBOOL",
        &["TOBOOL"],
        "value",
        (1, 1),
        "Whether the value counts as true in IF.",
        r#"CBOOL("false") > false"#,
        cbool,
    ),
    plain(
        "IS_NUMERIC",
        &["IS NUMERIC", "ISNUMERIC"],
        "value",
        (1, 1),
        "Whether a value is a number or text that spells one.",
        r#"IS_NUMERIC(" 1e3 ") > true"#,
        is_numeric,
    ),
    plain(
        "ISNULL",
        &["IS_NULL"],
        "value",
        (1, 1),
        "Whether a value is null, empty text or a recordset without rows, like `= NULL`.",
        "ISNULL(NULL) > true",
        is_null,
    ),
    plain(
        "EXISTS",
        &[],
        "value",
        (1, 1),
        "Whether a value is there: not null, not empty text, not a recordset without rows.",
        "EXISTS(0) > true",
        exists,
    ),
    plain(
        "ISEMPTY",
        &["IS_EMPTY"],
        "value",
        (1, 1),
        "Whether a value is null, or a text, list or object with nothing in it; 0 and false are not empty.",
        "ISEMPTY([]) > true",
        is_empty,
    ),
    plain(
        "ISARRAY",
        &["IS_ARRAY"],
        "value",
        (1, 1),
        "Whether a value is a list or recordset.",
        "ISARRAY([1]) > true",
        is_array,
    ),
    plain(
        "ISOBJECT",
        &["IS_OBJECT"],
        "value",
        (1, 1),
        "Whether a value has named fields.",
        "ISOBJECT({a: 1}) > true",
        is_object,
    ),
    plain(
        "ISSTRING",
        &["IS_STRING"],
        "value",
        (1, 1),
        "Whether a value is text.",
        r#"ISSTRING("a") > true"#,
        is_string,
    ),
    plain(
        "ISNUMBER",
        &["IS_NUMBER"],
        "value",
        (1, 1),
        "Whether a value is a number, not text that spells one.",
        r#"ISNUMBER("1") > false"#,
        is_number,
    ),
    plain(
        "ISBOOL",
        &["IS_BOOL", "ISBOOLEAN"],
        "value",
        (1, 1),
        "Whether a value is true or false.",
        "ISBOOL(TRUE) > true",
        is_bool,
    ),
    plain(
        "TYPEOF",
        &["TYPENAME"],
        "value",
        (1, 1),
        "null, boolean, integer, float, string, date, array or object.",
        "TYPEOF(2.5) > float",
        type_of,
    ),
    plain(
        "NVL",
        &["COALESCE", "IFNULL"],
        "values…",
        (1, ANY),
        "The first value that is neither null nor empty text.",
        r#"NVL("", NULL, "x") > x"#,
        nvl,
    ),
    plain(
        "CHOOSE",
        &[],
        "index, values…",
        (2, ANY),
        "The value at an index that counts from 1; null if there is none.",
        r#"CHOOSE(2, "a", "b") > b"#,
        choose,
    ),
    plain(
        "SWITCH_FUNC",
        &[],
        "value, case, result, …, [default]",
        (3, ANY),
        "The result after the first case that equals the value, or the default.",
        r#"SWITCH_FUNC(2, 1, "one", 2, "two", "many") > two"#,
        switch,
    ),
    plain(
        "ERROR",
        &[],
        "message",
        (1, 1),
        "An object that stands for an error: `error` is true, `message` says what.",
        r#"ERROR("no stock").message > no stock"#,
        error,
    ),
    plain(
        "IS_ERROR",
        &["ISERROR"],
        "value",
        (1, 1),
        "Whether a value is an object made by ERROR.",
        r#"IS_ERROR(ERROR("x")) > true"#,
        is_error,
    ),
    plain(
        "GET_ERROR_MESSAGE",
        &[],
        "value",
        (1, 1),
        "The message of an object made by ERROR; empty for others.",
        r#"GET_ERROR_MESSAGE(ERROR("x")) > x"#,
        error_message,
    ),
];

/// The longest start of a text that spells a number.
fn numeric_prefix(text: &str) -> &str {
    let text = text.trim_start();
    let bytes = text.as_bytes();
    let digits = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let start = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    let mut end = digits(start);
    if bytes.get(end) == Some(&b'.') {
        end = digits(end + 1);
    }
    if !text.get(..end).is_some_and(|number| number.contains(|c: char| c.is_ascii_digit())) {
        return "";
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    text.get(..end).unwrap_or_default()
}

fn parse_int(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    Ok(match val(heap, args)? {
        Val::Float(value) if value.trunc().abs() < 9e15 => Val::Int(value.trunc() as i64),
        other => other,
    })
}

fn val(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    Ok(match arg(args, 0) {
        same @ (Val::Int(_) | Val::Float(_)) => same.clone(),
        Val::Bool(value) => Val::Int(i64::from(*value)),
        _ => match ops::parse_number(numeric_prefix(&text(heap, args, 0)?)) {
            Some(Number::Float(value)) if !value.is_finite() => Val::Int(0),
            found => found.map_or(Val::Int(0), Val::from),
        },
    })
}

fn str(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    if let same @ Val::Text(_) = arg(args, 0) {
        return Ok(same.clone());
    }
    let shown = text(heap, args, 0)?.into_owned();
    new_text(heap, shown)
}

fn cint(_: &mut Heap, args: &[Val]) -> Result<Val> {
    match ops::to_number(arg(args, 0))? {
        Number::Int(value) => Ok(Val::Int(value)),
        Number::Float(value) => {
            let rounded = decimal::round(value, 0);
            if (-9.223_372_036_854_775e18..=9.223_372_036_854_775e18).contains(&rounded) {
                Ok(Val::Int(rounded as i64))
            } else {
                Err(BasicError::new(6, "the number is too large for a whole number"))
            }
        }
    }
}

fn cdbl(_: &mut Heap, args: &[Val]) -> Result<Val> {
    Ok(Val::Float(ops::to_number(arg(args, 0))?.as_f64()))
}

fn cbool(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    Ok(Val::Bool(ops::truthy(heap, arg(args, 0))))
}

fn is_numeric(_: &mut Heap, args: &[Val]) -> Result<Val> {
    Ok(Val::Bool(match arg(args, 0) {
        Val::Int(_) | Val::Float(_) => true,
        Val::Text(text) => ops::parse_number(text).is_some(),
        _ => false,
    }))
}

fn is_null(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    Ok(Val::Bool(ops::is_null(heap, arg(args, 0))))
}

fn exists(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    Ok(Val::Bool(!ops::is_null(heap, arg(args, 0))))
}

fn is_empty(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    Ok(Val::Bool(match arg(args, 0) {
        Val::Null => true,
        Val::Text(text) | Val::Secret(text) => text.is_empty(),
        Val::Array(handle) | Val::Rows(handle, _) => heap.array(*handle).is_empty(),
        Val::Object(handle) => heap.object(*handle).is_none_or(indexmap::IndexMap::is_empty),
        Val::Bool(_) | Val::Int(_) | Val::Float(_) | Val::Date(_) | Val::File(_) => false,
    }))
}

fn is_array(_: &mut Heap, args: &[Val]) -> Result<Val> {
    Ok(Val::Bool(matches!(arg(args, 0), Val::Array(_) | Val::Rows(..))))
}

fn is_object(_: &mut Heap, args: &[Val]) -> Result<Val> {
    Ok(Val::Bool(matches!(arg(args, 0), Val::Object(_) | Val::File(_))))
}

fn is_string(_: &mut Heap, args: &[Val]) -> Result<Val> {
    Ok(Val::Bool(matches!(arg(args, 0), Val::Text(_) | Val::Secret(_))))
}

fn is_number(_: &mut Heap, args: &[Val]) -> Result<Val> {
    Ok(Val::Bool(matches!(arg(args, 0), Val::Int(_) | Val::Float(_))))
}

fn is_bool(_: &mut Heap, args: &[Val]) -> Result<Val> {
    Ok(Val::Bool(matches!(arg(args, 0), Val::Bool(_))))
}

fn type_of(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    new_text(heap, ops::type_name(arg(args, 0)))
}

fn nvl(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let found = args.iter().find(|value| !ops::is_null(heap, value));
    Ok(found.or(args.last()).cloned().unwrap_or_default())
}

fn choose(_: &mut Heap, args: &[Val]) -> Result<Val> {
    let index = usize::try_from(int(args, 0)?).unwrap_or(0);
    Ok(if index == 0 { Val::Null } else { arg(args, index).clone() })
}

fn switch(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let mut rest = args.get(1..).unwrap_or_default();
    while let [case, result, after @ ..] = rest {
        if ops::equal(heap, arg(args, 0), case)? {
            return Ok(result.clone());
        }
        rest = after;
    }
    Ok(rest.first().cloned().unwrap_or_default())
}

fn error(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let message = str(heap, args)?;
    let fields: Object = [("error".into(), Val::Bool(true)), ("message".into(), message)].into_iter().collect();
    new_object(heap, fields)
}

/// Only objects count: a recordset with a column `error` is data.
fn holds_error(heap: &Heap, value: &Val) -> bool {
    matches!(value, Val::Object(_)) && ops::truthy(heap, &field(heap, value, "error"))
}

fn is_error(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    Ok(Val::Bool(holds_error(heap, arg(args, 0))))
}

fn error_message(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let value = arg(args, 0);
    if !holds_error(heap, value) {
        return new_text(heap, "");
    }
    let message = field(heap, value, "message");
    str(heap, &[message])
}
