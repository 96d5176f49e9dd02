//! Reading the arguments of a function and making its result, with the limits of the heap.

use std::borrow::Cow;

use botserver_basic_types::{
    BasicError, Date, FunctionDecl, FunctionKind, Handle, Heap, NativeFn, Object, Result, Text, Val, ops,
};

use crate::civil;

/// A declaration of a plain function.
pub(crate) const fn plain(
    name: &'static str,
    aliases: &'static [&'static str],
    params: &'static str,
    (min, max): (u8, u8),
    doc: &'static str,
    example: &'static str,
    run: NativeFn,
) -> FunctionDecl {
    FunctionDecl { name, aliases, params, min, max, kind: FunctionKind::Plain, doc, example, run }
}

/// A declaration of a function that changes its variable when written as a statement.
pub(crate) const fn mutating(
    name: &'static str,
    aliases: &'static [&'static str],
    params: &'static str,
    (min, max): (u8, u8),
    doc: &'static str,
    example: &'static str,
    run: NativeFn,
) -> FunctionDecl {
    FunctionDecl { name, aliases, params, min, max, kind: FunctionKind::Mutating, doc, example, run }
}

/// Any number of arguments.
pub(crate) const ANY: u8 = u8::MAX;

static MISSING: Val = Val::Null;

/// The argument at a position; null when it was not given.
pub(crate) fn arg(args: &[Val], index: usize) -> &Val {
    args.get(index).unwrap_or(&MISSING)
}

/// An argument as text.
pub(crate) fn text<'a>(heap: &'a Heap, args: &'a [Val], index: usize) -> Result<Cow<'a, str>> {
    let value = arg(args, index);
    if let Val::Text(text) = value {
        // Whoever asks for it reads it.
        heap.note_bytes(text.len());
    }
    ops::text_of(heap, value)
}

/// An argument as a whole number, its fraction cut off.
pub(crate) fn int(args: &[Val], index: usize) -> Result<i64> {
    ops::to_integer(arg(args, index))
}

/// An argument as a whole number, or a default when it was not given or is null.
pub(crate) fn int_or(args: &[Val], index: usize, default: i64) -> Result<i64> {
    match arg(args, index) {
        Val::Null => Ok(default),
        value => ops::to_integer(value),
    }
}

/// A count: negative ones are zero.
pub(crate) fn count(args: &[Val], index: usize) -> Result<usize> {
    Ok(usize::try_from(int(args, index)?.max(0)).unwrap_or(usize::MAX))
}

/// An argument as a float.
pub(crate) fn float(args: &[Val], index: usize) -> Result<f64> {
    Ok(ops::to_number(arg(args, index))?.as_f64())
}

/// An argument as a date: a date, or text that reads as one; `None` for null and empty text.
pub(crate) fn date(args: &[Val], index: usize) -> Result<Option<Date>> {
    match arg(args, index) {
        Val::Date(date) => Ok(Some(*date)),
        Val::Null => Ok(None),
        Val::Text(text) if text.trim().is_empty() => Ok(None),
        Val::Text(text) => civil::parse(text).map(Some).ok_or_else(|| not_a_date(&format!("\"{}\"", clip(text)))),
        other => Err(not_a_date(ops::type_name(other))),
    }
}

fn not_a_date(what: &str) -> BasicError {
    BasicError::type_mismatch(format!("{what} is not a date")).with_help("Write dates as YYYY-MM-DD.")
}

/// The start of a text, for messages.
pub(crate) fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}

/// A text as a result, counted against the heap's limits.
pub(crate) fn new_text(heap: &mut Heap, text: impl Into<String>) -> Result<Val> {
    let text = text.into();
    check_text(heap, text.len())?;
    heap.charge(text.len())?;
    Ok(Val::Text(Text::new(text)))
}

/// An error when a text of that many bytes would be too long; asked before it is made.
pub(crate) fn check_text(heap: &Heap, len: usize) -> Result<()> {
    if len > heap.limits.text_len {
        return Err(BasicError::limit(format!("a text may have at most {} MiB", heap.limits.text_len >> 20)));
    }
    Ok(())
}

/// An error when a list of that many elements would be too long; asked before it is made.
pub(crate) fn check_array(heap: &Heap, len: usize) -> Result<()> {
    if len > heap.limits.array_len {
        return Err(BasicError::limit(format!("an array may hold at most {} elements", heap.limits.array_len)));
    }
    Ok(())
}

/// A list as a result.
pub(crate) fn new_array(heap: &mut Heap, items: Vec<Val>) -> Result<Val> {
    heap.new_array(items).map(Val::Array)
}

/// A list as a result, a recordset if its elements come from one.
pub(crate) fn new_like(heap: &mut Heap, source: &Val, items: Vec<Val>) -> Result<Val> {
    let handle = heap.new_array(items)?;
    Ok(if matches!(source, Val::Rows(..)) { Val::Rows(handle, false) } else { Val::Array(handle) })
}

/// An object as a result.
pub(crate) fn new_object(heap: &mut Heap, fields: Object) -> Result<Val> {
    heap.new_object(fields).map(Val::Object)
}

/// The list in an argument: an array, a recordset, or the JSON list in a text; `None` for null and
/// empty text, which count as an empty list; error 13 for anything else.
pub(crate) fn list(heap: &mut Heap, args: &[Val], index: usize) -> Result<Option<Handle>> {
    let value = arg(args, index);
    match value {
        Val::Array(handle) | Val::Rows(handle, _) => return Ok(Some(*handle)),
        Val::Null => return Ok(None),
        Val::Text(text) if text.is_empty() => return Ok(None),
        Val::Text(text) => {
            if let Val::Array(handle) = ops::json_view(heap, text)? {
                return Ok(Some(handle));
            }
        }
        _ => {}
    }
    Err(BasicError::type_mismatch(format!("a list is needed here, not {}", ops::type_name(value))))
}

/// A copy of the elements of the list in an argument.
pub(crate) fn items(heap: &mut Heap, args: &[Val], index: usize) -> Result<Vec<Val>> {
    let Some(handle) = list(heap, args, index)? else { return Ok(Vec::new()) };
    let items = heap.array(handle);
    heap.spend(items.len().saturating_mul(4))?;
    Ok(items.to_vec())
}

/// The elements behind a handle of [`list`].
pub(crate) fn elements(heap: &Heap, handle: Option<Handle>) -> &[Val] {
    handle.map_or(&[], |handle| heap.array(handle))
}

/// A field of a record, found as `.name` finds it; null when it is missing or the value is no record.
pub(crate) fn field(heap: &Heap, record: &Val, name: &str) -> Val {
    let handle = match record {
        Val::Object(handle) => *handle,
        Val::Rows(handle, _) => match heap.array(*handle).first() {
            Some(Val::Object(handle)) => *handle,
            _ => return Val::Null,
        },
        _ => return Val::Null,
    };
    ops::index_of(heap, handle, name)
        .and_then(|index| heap.object(handle)?.get_index(index))
        .map_or(Val::Null, |(_, value)| value.clone())
}
