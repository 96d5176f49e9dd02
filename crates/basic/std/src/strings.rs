//! Text functions. Positions count characters from 1; on lists the same functions count from 0.

use std::borrow::Cow;

use botserver_basic_types::{BasicError, FunctionDecl, Heap, Result, Text, Val, ops};

use crate::{
    args::{
        arg, check_array, check_text, count, elements, int, int_or, list, mutating, new_array, new_like, new_text,
        plain, text,
    },
    text::proper,
};

pub(crate) const FUNCTIONS: &[FunctionDecl] = &[
    plain(
        "LEN",
        &["LENGTH", "SIZE"],
        "value",
        (1, 1),
        "The number of characters of a text, elements of a list, rows, or fields of an object.",
        r#"LEN("ação") > 4"#,
        len,
    ),
    plain(
        "LEFT",
        &[],
        "text, count",
        (2, 2),
        "The first characters of a text, or the first elements of a list.",
        r#"LEFT("abc", 2) > ab"#,
        left,
    ),
    plain(
        "RIGHT",
        &[],
        "text, count",
        (2, 2),
        "The last characters of a text, or the last elements of a list.",
        r#"RIGHT("abc", 2) > bc"#,
        right,
    ),
    plain(
        "MID",
        &["SUBSTRING"],
        "text, start, [count]",
        (2, 3),
        "Characters from a position counted from 1; on a list, elements from a position counted from 0.",
        r#"MID("abcd", 2, 2) > bc"#,
        mid,
    ),
    plain(
        "UCASE",
        &["UPPER", "UPPERCASE", "TOUPPERCASE"],
        "text",
        (1, 1),
        "The text in capital letters.",
        r#"UCASE("olá") > OLÁ"#,
        ucase,
    ),
    plain(
        "LCASE",
        &["LOWER", "LOWERCASE", "TOLOWERCASE"],
        "text",
        (1, 1),
        "The text in small letters.",
        r#"LCASE("OLÁ") > olá"#,
        lcase,
    ),
    plain(
        "PROPER",
        &["CAPITALIZE"],
        "text",
        (1, 1),
        "Every word with a capital first letter and the rest small.",
        r#"PROPER("ana MARIA") > Ana Maria"#,
        proper_case,
    ),
    plain("TRIM", &[], "text", (1, 1), "The text without blanks at both ends.", r#"TRIM("  a ") + "." > a."#, trim),
    plain("LTRIM", &[], "text", (1, 1), "The text without blanks at its start.", r#"LTRIM("  a") > a"#, ltrim),
    plain("RTRIM", &[], "text", (1, 1), "The text without blanks at its end.", r#"RTRIM("a  ") + "." > a."#, rtrim),
    plain(
        "REPLACE",
        &[],
        "text, old, new",
        (3, 3),
        "The text with every `old` replaced, case-sensitive.",
        r#"REPLACE("a-b-c", "-", "+") > a+b+c"#,
        replace,
    ),
    plain(
        "SPLIT",
        &[],
        "text, [separator]",
        (1, 2),
        "A list of the parts between separators (`,` unless given); an empty separator gives the characters.",
        r#"SPLIT("a;b", ";") > ["a","b"]"#,
        split,
    ),
    plain(
        "JOIN",
        &[],
        "list, [separator] | left, right, key",
        (1, 3),
        "The elements as one text with a separator between them (`,` unless given); with three arguments, the records of two lists that agree in a field.",
        r#"JOIN([1, 2, 3], "-") > 1-2-3"#,
        join,
    ),
    plain(
        "INSTR",
        &[],
        "[start], text, part",
        (2, 3),
        "The position of a part from 1, case-sensitive; 0 if it does not occur or is empty.",
        r#"INSTR("banana", "na") > 3"#,
        instr,
    ),
    plain(
        "CONTAINS",
        &[],
        "container, item",
        (2, 2),
        "Whether a text has a part, a list an element, an object a field.",
        r"CONTAINS([1, 2], 2) > true",
        contains,
    ),
    plain("CHR", &[], "code", (1, 1), "The character of a Unicode number.", "CHR(65) > A", chr),
    plain(
        "ASC",
        &[],
        "text",
        (1, 1),
        "The Unicode number of the first character; 0 for empty text.",
        r#"ASC("A") > 65"#,
        asc,
    ),
    plain("HEX", &[], "number", (1, 1), "A whole number in base 16.", "HEX(255) > FF", hex),
    plain("STRING", &[], "count, character", (2, 2), "A character repeated.", r#"STRING(3, "*") > ***"#, string),
    plain("REPEAT", &[], "text, count", (2, 2), "A text repeated.", r#"REPEAT("ab", 2) > abab"#, repeat),
    mutating("REVERSE", &[], "value", (1, 1), "A text or list back to front.", r#"REVERSE("abc") > cba"#, reverse),
    plain(
        "EXTRACT_BETWEEN",
        &[],
        "text, before, after",
        (3, 3),
        "What stands between two parts of a text, empty if one of them is not there.",
        r#"EXTRACT_BETWEEN("Ana <a@b.pt>", "<", ">") > a@b.pt"#,
        extract_between,
    ),
    plain(
        "EXTRACT_BEFORE",
        &[],
        "text, part",
        (2, 2),
        "What stands before the first place of a part; the whole text if it is not there.",
        r#"EXTRACT_BEFORE("a@b.pt", "@") > a"#,
        extract_before,
    ),
    plain(
        "EXTRACT_AFTER",
        &[],
        "text, part",
        (2, 2),
        "What stands behind the first place of a part, empty if it is not there.",
        r#"EXTRACT_AFTER("a@b.pt", "@") > b.pt"#,
        extract_after,
    ),
    plain(
        "STARTSWITH",
        &["STARTS_WITH"],
        "text, part",
        (2, 2),
        "Whether a text starts with a part, case-sensitive.",
        r#"STARTSWITH("abc", "ab") > true"#,
        starts_with,
    ),
    plain(
        "ENDSWITH",
        &["ENDS_WITH"],
        "text, part",
        (2, 2),
        "Whether a text ends with a part, case-sensitive.",
        r#"ENDSWITH("abc", "bc") > true"#,
        ends_with,
    ),
];

/// Length as LEN counts it.
pub(crate) fn length(heap: &Heap, value: &Val) -> Result<usize> {
    Ok(match value {
        Val::Null => 0,
        Val::Array(handle) | Val::Rows(handle, _) => heap.array(*handle).len(),
        Val::Object(handle) => heap.object(*handle).map_or(0, indexmap::IndexMap::len),
        other => {
            let text = ops::text_of(heap, other)?;
            heap.note_bytes(text.len());
            text.chars().count()
        }
    })
}

fn len(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    Ok(Val::Int(length(heap, arg(args, 0))? as i64))
}

/// Byte offset of the character at an index, or of the end.
fn offset(text: &str, index: usize) -> usize {
    match text.as_bytes().get(..index) {
        // Each character has a byte at least.
        None => return text.len(),
        Some(start) if start.is_ascii() => return index,
        Some(_) => {}
    }
    text.char_indices().nth(index).map_or(text.len(), |(at, _)| at)
}

/// The part of an argument between two character positions; the argument itself if that is all of it.
fn part(heap: &mut Heap, args: &[Val], from: usize, to: usize) -> Result<Val> {
    let whole = ops::text_of(heap, arg(args, 0))?;
    let start = offset(&whole, from);
    let rest = whole.get(start..).unwrap_or_default();
    let found = rest.get(..offset(rest, to.saturating_sub(from))).unwrap_or_default();
    heap.note_bytes(start + found.len());
    if found.len() == whole.len()
        && let Val::Text(same) = arg(args, 0)
    {
        return Ok(Val::Text(same.clone()));
    }
    let found = found.to_owned();
    new_text(heap, found)
}

/// Elements between two positions.
fn slice(heap: &mut Heap, source: &Val, from: usize, to: usize) -> Result<Option<Val>> {
    let (Val::Array(handle) | Val::Rows(handle, _)) = source else { return Ok(None) };
    let items = heap.array(*handle);
    let to = to.min(items.len());
    let items = items.get(from.min(to)..to).unwrap_or_default().to_vec();
    new_like(heap, source, items).map(Some)
}

fn left(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let count = count(args, 1)?;
    match slice(heap, arg(args, 0), 0, count)? {
        Some(found) => Ok(found),
        None => part(heap, args, 0, count),
    }
}

fn right(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let count = count(args, 1)?;
    let from = length(heap, arg(args, 0))?.saturating_sub(count);
    match slice(heap, arg(args, 0), from, usize::MAX)? {
        Some(found) => Ok(found),
        None => part(heap, args, from, usize::MAX),
    }
}

fn mid(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let is_list = matches!(arg(args, 0), Val::Array(_) | Val::Rows(..));
    let start = int(args, 1)?.saturating_sub(i64::from(!is_list)).max(0);
    let from = usize::try_from(start).unwrap_or(usize::MAX);
    let taken = usize::try_from(int_or(args, 2, i64::MAX)?.max(0)).unwrap_or(usize::MAX);
    let to = from.saturating_add(taken);
    match slice(heap, arg(args, 0), from, to)? {
        Some(found) => Ok(found),
        None => part(heap, args, from, to),
    }
}

/// A text made from the argument; the argument itself if nothing changed.
fn mapped(heap: &mut Heap, args: &[Val], change: fn(&str) -> Cow<'_, str>) -> Result<Val> {
    let whole = text(heap, args, 0)?;
    heap.note(whole.len());
    let changed = change(&whole);
    if let Val::Text(same) = arg(args, 0)
        && changed == **same
    {
        return Ok(Val::Text(same.clone()));
    }
    let changed = changed.into_owned();
    new_text(heap, changed)
}

fn ucase(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    mapped(heap, args, |text| Cow::Owned(text.to_uppercase()))
}

fn lcase(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    mapped(heap, args, |text| Cow::Owned(text.to_lowercase()))
}

fn proper_case(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    mapped(heap, args, |text| Cow::Owned(proper(text)))
}

fn trim(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    mapped(heap, args, |text| Cow::Borrowed(text.trim()))
}

fn ltrim(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    mapped(heap, args, |text| Cow::Borrowed(text.trim_start()))
}

fn rtrim(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    mapped(heap, args, |text| Cow::Borrowed(text.trim_end()))
}

fn replace(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let (whole, old, new) = (text(heap, args, 0)?, text(heap, args, 1)?, text(heap, args, 2)?);
    let hits = if old.is_empty() { 0 } else { whole.matches(&*old).count() };
    if hits == 0 {
        let same = whole.into_owned();
        return match arg(args, 0) {
            Val::Text(text) => Ok(Val::Text(text.clone())),
            _ => new_text(heap, same),
        };
    }
    check_text(heap, whole.len().saturating_sub(hits * old.len()).saturating_add(hits.saturating_mul(new.len())))?;
    let changed = whole.replace(&*old, &new);
    new_text(heap, changed)
}

fn split(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let whole = text(heap, args, 0)?;
    let separator = if args.len() > 1 { text(heap, args, 1)? } else { Cow::Borrowed(",") };
    let parts: Vec<Val> = if whole.is_empty() {
        Vec::new()
    } else if separator.is_empty() {
        check_array(heap, whole.chars().count())?;
        whole.chars().map(|c| Val::Text(Text::new(c))).collect()
    } else {
        check_array(heap, whole.matches(&*separator).count() + 1)?;
        whole.split(&*separator).map(|part| Val::Text(Text::new(part))).collect()
    };
    let bytes = whole.len();
    drop((whole, separator));
    heap.note(parts.len().saturating_mul(32));
    heap.charge(bytes)?;
    new_array(heap, parts)
}

fn join(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    if args.len() == 3 {
        return crate::records::join(heap, args);
    }
    let handle = list(heap, args, 0)?;
    let separator = if args.len() > 1 { text(heap, args, 1)? } else { Cow::Borrowed(",") };
    let mut joined = String::new();
    for (index, item) in elements(heap, handle).iter().enumerate() {
        if index > 0 {
            joined.push_str(&separator);
        }
        ops::write_text(heap, item, &mut joined)?;
    }
    drop(separator);
    new_text(heap, joined)
}

fn instr(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    // `INSTR(start, text, part)`; a number in third place is a start too.
    let (start, whole, wanted) = match (args.len(), arg(args, 0), arg(args, 2)) {
        (3, Val::Int(_) | Val::Float(_), _) => (int(args, 0)?, 1, 2),
        (3, _, Val::Int(_) | Val::Float(_)) => (int(args, 2)?, 0, 1),
        (3, _, _) => (int(args, 0)?, 1, 2),
        _ => (1, 0, 1),
    };
    let (whole, wanted) = (text(heap, args, whole)?, text(heap, args, wanted)?);
    let skipped = usize::try_from(start.max(1) - 1).unwrap_or(usize::MAX);
    let rest = whole.get(offset(&whole, skipped)..).unwrap_or_default();
    if wanted.is_empty() || rest.is_empty() {
        return Ok(Val::Int(0));
    }
    let before = rest.find(&*wanted).and_then(|at| rest.get(..at));
    Ok(Val::Int(before.map_or(0, |before| (skipped + before.chars().count() + 1) as i64)))
}

fn contains(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    ops::contains(heap, arg(args, 0), arg(args, 1)).map(Val::Bool)
}

fn chr(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let code = int(args, 0)?;
    let found = u32::try_from(code).ok().and_then(char::from_u32);
    let found = found.ok_or_else(|| BasicError::invalid(format!("{code} is not the number of a character")))?;
    new_text(heap, found)
}

fn asc(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    Ok(Val::Int(text(heap, args, 0)?.chars().next().map_or(0, |c| i64::from(u32::from(c)))))
}

fn hex(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let digits = format!("{:X}", int(args, 0)?);
    new_text(heap, digits)
}

fn string(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let character = match arg(args, 1) {
        Val::Int(_) | Val::Float(_) => u32::try_from(int(args, 1)?).ok().and_then(char::from_u32),
        _ => text(heap, args, 1)?.chars().next(),
    };
    let count = count(args, 0)?;
    let Some(character) = character else { return new_text(heap, "") };
    check_text(heap, count.saturating_mul(character.len_utf8()))?;
    new_text(heap, String::from(character).repeat(count))
}

fn repeat(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let whole = text(heap, args, 0)?;
    let count = count(args, 1)?;
    check_text(heap, count.saturating_mul(whole.len()))?;
    let repeated = if whole.is_empty() { String::new() } else { whole.repeat(count) };
    drop(whole);
    new_text(heap, repeated)
}

fn reverse(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let source = arg(args, 0);
    if let Val::Array(handle) | Val::Rows(handle, _) = source {
        let items = heap.array(*handle).iter().rev().cloned().collect();
        return new_like(heap, source, items);
    }
    let reversed: String = text(heap, args, 0)?.chars().rev().collect();
    new_text(heap, reversed)
}

fn starts_with(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    Ok(Val::Bool(text(heap, args, 0)?.starts_with(&*text(heap, args, 1)?)))
}

fn ends_with(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    Ok(Val::Bool(text(heap, args, 0)?.ends_with(&*text(heap, args, 1)?)))
}

fn extract_between(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let (whole, before, after) = (text(heap, args, 0)?, text(heap, args, 1)?, text(heap, args, 2)?);
    let inside =
        whole.split_once(&*before).and_then(|(_, rest)| rest.split_once(&*after)).map_or("", |(inside, _)| inside);
    let inside = inside.to_owned();
    new_text(heap, inside)
}

fn extract_before(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let (whole, part) = (text(heap, args, 0)?, text(heap, args, 1)?);
    let found = whole.split_once(&*part).map_or(&*whole, |(before, _)| before).to_owned();
    new_text(heap, found)
}

fn extract_after(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let (whole, part) = (text(heap, args, 0)?, text(heap, args, 1)?);
    let found = whole.split_once(&*part).map_or("", |(_, after)| after).to_owned();
    new_text(heap, found)
}
