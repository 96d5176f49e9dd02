//! JSON as functions; reading it is part of `basic/types`.

use botserver_basic_types::{FunctionDecl, Heap, Result, Val, ops};

use crate::{
    args::{arg, new_text, plain},
    written,
};

pub(crate) const FUNCTIONS: &[FunctionDecl] = &[
    plain(
        "JSON",
        &["TOJSON", "JSON_STRINGIFY", "TO_JSON", "STRINGIFY"],
        "value",
        (1, 1),
        "The value as JSON text.",
        r#"JSON({a: [1, "x"]}) > {"a":[1,"x"]}"#,
        stringify,
    ),
    plain(
        "JSON_PARSE",
        &["JSON PARSE", "PARSE_JSON", "FROM_JSON", "PARSE"],
        "text",
        (1, 1),
        "The value that a JSON text describes; what is no text is given back as it is.",
        r#"JSON_PARSE("[1, 2]")[1] > 2"#,
        parse,
    ),
];

fn stringify(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let json = written::json(heap, arg(args, 0))?;
    new_text(heap, json)
}

fn parse(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let Val::Text(text) = arg(args, 0) else { return Ok(arg(args, 0).clone()) };
    if text.trim().is_empty() {
        return Ok(Val::Null);
    }
    match ops::read_json(heap, text) {
        // Models wrap JSON in a Markdown fence.
        Err(error) if error.trappable && text.contains("```") => match ops::json_view(heap, text)? {
            Val::Null => Err(error),
            found => Ok(found),
        },
        result => result,
    }
}
