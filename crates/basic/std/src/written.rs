//! Values as documents: JSON, CSV, XML, YAML, and the codes BASE64 and HASH.

use std::fmt::Write as _;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use botserver_basic_types::{BasicError, FunctionDecl, Handle, Heap, Result, Val, ops};
use sha2::{Digest as _, Sha256};

use crate::args::{arg, check_text, field, new_text, plain, text};

pub(crate) const FUNCTIONS: &[FunctionDecl] = &[
    plain(
        "CSV",
        &["TOCSV"],
        "rows",
        (1, 1),
        "Rows as CSV text with a header line.",
        r#"CSV([{a: 1, b: "x"}]) > a,b\n1,x\n"#,
        csv_text,
    ),
    plain(
        "XML",
        &["TOXML"],
        "value, [root]",
        (1, 2),
        "The value as XML inside one root element.",
        r"XML({a: 1}) > <root><a>1</a></root>",
        xml_text,
    ),
    plain(
        "TOYAML",
        &["YAML"],
        "value",
        (1, 1),
        "The value as YAML, easy to read for people and models.",
        r"TOYAML({a: [1, 2]}) > a:\n  - 1\n  - 2\n",
        yaml_text,
    ),
    plain(
        "BASE64",
        &["BASE64_ENCODE"],
        "text",
        (1, 1),
        "The text in Base64.",
        r#"BASE64("olá") > b2zDoQ=="#,
        base64_text,
    ),
    plain(
        "BASE64_DECODE",
        &["FROM_BASE64", "UNBASE64"],
        "text",
        (1, 1),
        "The text that a Base64 text stands for.",
        r#"BASE64_DECODE("b2zDoQ==") > olá"#,
        base64_decoded,
    ),
    plain(
        "HASH",
        &["SHA256"],
        "text",
        (1, 1),
        "The SHA-256 of the text, in hexadecimal.",
        r#"LEFT(HASH("abc"), 8) > ba7816bf"#,
        hash,
    ),
];

/// Deeper than this a value contains itself.
const MAX_DEPTH: usize = 128;

fn too_deep() -> BasicError {
    BasicError::limit("a value contains itself or is nested more than 128 deep")
}

/// A value as JSON text.
pub(crate) fn json(heap: &Heap, value: &Val) -> Result<String> {
    Ok(match value {
        Val::Text(text) => serde_json::Value::from(&**text).to_string(),
        Val::Null | Val::Secret(_) => "null".to_owned(),
        Val::Float(number) if !number.is_finite() => "null".to_owned(),
        Val::Date(_) | Val::File(_) => heap.detach(value)?.to_json().to_string(),
        _ => ops::text_of(heap, value)?.into_owned(),
    })
}

fn csv_text(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let shown = csv(heap, arg(args, 0))?;
    new_text(heap, shown)
}

/// Rows as CSV; a list of lists as lines, anything else as one column.
pub(crate) fn csv(heap: &Heap, value: &Val) -> Result<String> {
    let one = std::slice::from_ref(value);
    let rows = match value {
        Val::Null => &[],
        Val::Array(handle) | Val::Rows(handle, _) => heap.array(*handle),
        _ => one,
    };
    let mut names: Vec<&str> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for row in rows {
        let fields = if let Val::Object(handle) = row { heap.object(*handle) } else { None };
        names.extend(fields.into_iter().flatten().map(|(name, _)| &**name).filter(|name| seen.insert(*name)));
    }
    let mut writer =
        csv::WriterBuilder::new().flexible(true).terminator(csv::Terminator::Any(b'\n')).from_writer(Vec::new());
    let mut size = 0;
    let mut write = |cells: Vec<String>| {
        size += cells.iter().map(|cell| cell.len() + 1).sum::<usize>();
        check_text(heap, size)?;
        writer.write_record(&cells).map_err(|error| BasicError::invalid(error.to_string()))
    };
    if !names.is_empty() {
        write(names.iter().map(|name| (*name).to_owned()).collect())?;
    }
    for row in rows {
        let cells: Vec<Val> = match row {
            Val::Array(handle) => heap.array(*handle).to_vec(),
            Val::Object(_) => names.iter().map(|name| field(heap, row, name)).collect(),
            other => vec![other.clone()],
        };
        let mut length = 0;
        let shown = cells.iter().map(|cell| {
            let text = ops::text_of(heap, cell)?;
            heap.spend(16 + text.len())?;
            length += text.len();
            check_text(heap, length)?;
            Ok(text.into_owned())
        });
        write(shown.collect::<Result<_>>()?)?;
    }
    let bytes = writer.into_inner().map_err(|error| BasicError::invalid(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| BasicError::invalid(error.to_string()))
}

fn xml_text(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let root = match arg(args, 1) {
        Val::Null => "root".into(),
        _ => text(heap, args, 1)?,
    };
    let shown = xml(heap, arg(args, 0), &root)?;
    drop(root);
    new_text(heap, shown)
}

/// A value as XML: fields as elements, elements of a list as `<item>`.
pub(crate) fn xml(heap: &Heap, value: &Val, root: &str) -> Result<String> {
    let mut out = String::new();
    write_xml(heap, root, value, &mut out, 0)?;
    Ok(out)
}

fn write_xml(heap: &Heap, name: &str, value: &Val, out: &mut String, depth: usize) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(too_deep());
    }
    check_text(heap, out.len())?;
    heap.spend(32 + name.len())?;
    let name = xml_name(name);
    let _ = write!(out, "<{name}>");
    match value {
        Val::Array(handle) | Val::Rows(handle, _) => {
            for item in heap.array(*handle) {
                write_xml(heap, "item", item, out, depth + 1)?;
            }
        }
        Val::Object(handle) => {
            for (name, value) in heap.object(*handle).into_iter().flatten() {
                write_xml(heap, name, value, out, depth + 1)?;
            }
        }
        other => {
            let text = ops::text_of(heap, other)?;
            heap.spend(text.len())?;
            for c in text.chars() {
                match c {
                    '&' => out.push_str("&amp;"),
                    '<' => out.push_str("&lt;"),
                    '>' => out.push_str("&gt;"),
                    // XML 1.0 has no way to write other control characters.
                    '\n' | '\r' | '\t' => out.push(c),
                    c if c.is_control() => {}
                    c => out.push(c),
                }
            }
        }
    }
    let _ = write!(out, "</{name}>");
    Ok(())
}

/// A field's name as the name of an element.
fn xml_name(name: &str) -> String {
    let mut safe: String =
        name.chars().map(|c| if c.is_alphanumeric() || matches!(c, '_' | '-' | '.') { c } else { '_' }).collect();
    if !safe.starts_with(|c: char| c.is_alphabetic() || c == '_') {
        safe.insert(0, '_');
    }
    safe
}

fn yaml_text(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let shown = yaml(heap, arg(args, 0))?;
    new_text(heap, shown)
}

/// A value as YAML in block style.
pub(crate) fn yaml(heap: &Heap, value: &Val) -> Result<String> {
    let mut out = String::new();
    write_yaml(heap, value, 0, &mut out)?;
    Ok(out)
}

enum Block<'a> {
    Items(&'a [Val]),
    Fields(Handle),
    Scalar,
}

/// Empty lists and objects are written in one line, like scalars.
fn block<'a>(heap: &'a Heap, value: &Val) -> Block<'a> {
    match value {
        Val::Rows(handle, true) => match heap.array(*handle) {
            [Val::Object(only)] => Block::Fields(*only),
            items => Block::Items(items),
        },
        Val::Array(handle) | Val::Rows(handle, _) if !heap.array(*handle).is_empty() => {
            Block::Items(heap.array(*handle))
        }
        Val::Object(handle) if heap.object(*handle).is_some_and(|fields| !fields.is_empty()) => Block::Fields(*handle),
        _ => Block::Scalar,
    }
}

fn write_yaml(heap: &Heap, value: &Val, depth: usize, out: &mut String) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(too_deep());
    }
    check_text(heap, out.len())?;
    heap.spend(32)?;
    match block(heap, value) {
        Block::Items(items) => {
            for item in items {
                indent(depth, out);
                out.push('-');
                let start = out.len();
                if let Block::Scalar = block(heap, item) {
                    out.push(' ');
                    write_yaml(heap, item, depth + 1, out)?;
                } else {
                    write_yaml(heap, item, depth + 1, out)?;
                    // The first line of the inner block stands beside the dash.
                    out.replace_range(start..start + 2 * (depth + 1), " ");
                }
            }
        }
        Block::Fields(handle) => {
            for (name, value) in heap.object(handle).into_iter().flatten() {
                indent(depth, out);
                write_yaml_scalar(name, out);
                out.push(':');
                if let Block::Scalar = block(heap, value) {
                    out.push(' ');
                } else {
                    out.push('\n');
                }
                write_yaml(heap, value, depth + 1, out)?;
            }
        }
        Block::Scalar => {
            match value {
                Val::Text(text) => {
                    heap.spend(text.len())?;
                    write_yaml_scalar(text, out);
                }
                Val::Array(_) | Val::Rows(..) => out.push_str("[]"),
                Val::Object(_) => out.push_str("{}"),
                Val::Null | Val::Secret(_) => out.push_str("null"),
                other => ops::write_text(heap, other, out)?,
            }
            out.push('\n');
        }
    }
    Ok(())
}

fn indent(depth: usize, out: &mut String) {
    out.extend(std::iter::repeat_n("  ", depth));
}

/// Plain where YAML cannot mistake the text for something else, else in the double quotes of JSON.
fn write_yaml_scalar(text: &str, out: &mut String) {
    const WORDS: &[&str] = &["null", "~", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let first_safe = text.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '/' | '(' | '$' | '+'));
    let plain = first_safe
        && text.trim_end() == text
        && !text.ends_with(':')
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.contains(char::is_control)
        && ops::parse_number(text).is_none()
        && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(text));
    if plain {
        out.push_str(text);
    } else {
        let _ = write!(out, "{}", serde_json::Value::from(text));
    }
}

fn base64_text(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    heap.note(text(heap, args, 0)?.len());
    let coded = BASE64_STANDARD.encode(text(heap, args, 0)?.as_bytes());
    new_text(heap, coded)
}

fn base64_decoded(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    heap.note(text(heap, args, 0)?.len());
    let coded: String = text(heap, args, 0)?.chars().filter(|c| !c.is_whitespace()).collect();
    let bytes = BASE64_STANDARD.decode(coded).map_err(|_| BasicError::invalid("this is not Base64"))?;
    let decoded = String::from_utf8(bytes).map_err(|_| BasicError::invalid("this Base64 does not hold text"))?;
    new_text(heap, decoded)
}

fn hash(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    heap.note(text(heap, args, 0)?.len().saturating_mul(4));
    let digest = Sha256::digest(text(heap, args, 0)?.as_bytes());
    let mut shown = String::with_capacity(64);
    for byte in digest {
        let _ = write!(shown, "{byte:02x}");
    }
    new_text(heap, shown)
}
