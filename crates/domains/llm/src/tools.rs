//! Scripts as tools: the JSON Schema that a model is shown, and the way from the arguments that it wrote to the typed
//! values that the script gets.

use botserver_basic_syntax::ast::ParamType;
use botserver_basic_types::{
    Value,
    ops::{self, Number},
};
use botserver_basic_vm::{ParamInfo, ScriptInfo};
use botserver_ports::ToolSpec;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

/// Longest name of a tool, by the providers' rules.
const LONGEST_NAME: usize = 64;

/// A script that a model may call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// The script's stem.
    pub script: String,
    /// One line for people.
    pub title: String,
    /// What the model is shown.
    pub spec: ToolSpec,
    /// Not a script, but something that the server does itself.
    #[serde(default)]
    pub built_in: bool,
}

/// The name of the tool that reads the bot's tables.
pub const READ_TABLES: &str = "read_tables";
/// The name of the tool that searches the bot's documents.
const SEARCH_DOCUMENTS: &str = "search_documents";

impl Tool {
    /// A script as a tool.
    pub fn of(script: &ScriptInfo) -> Self {
        let description = script.description.as_deref().unwrap_or_default().trim().to_owned();
        let title = description.lines().next().filter(|line| !line.is_empty()).unwrap_or(&script.name).to_owned();
        let spec = ToolSpec { name: tool_name(&script.name), description, schema: schema(&script.params) };
        Self { script: script.name.to_string(), title, spec, built_in: false }
    }

    /// The search in the documents that the conversation uses, with words that the model chooses. It reads and changes
    /// nothing.
    pub fn search_documents() -> Self {
        let description =
            "Searches the documents of this bot and returns the passages that fit best, each with a number \
                           to cite it by, like [1]. Use it when the passages at hand do not answer the question; ask \
                           with the words that the documents would use."
                .to_owned();
        let schema = json!({
            "type": "object",
            "properties": {"query": {"type": "string", "description": "What to look for, complete in itself."}},
            "required": ["query"],
            "additionalProperties": false,
        });
        let spec = ToolSpec { name: SEARCH_DOCUMENTS.to_owned(), description, schema };
        Self { script: SEARCH_DOCUMENTS.to_owned(), title: "Search in the documents".to_owned(), spec, built_in: true }
    }

    /// Questions to the bot's tables, of which `tables` says one a line. It reads and changes nothing.
    pub fn read_tables(tables: &str) -> Self {
        let description = format!(
            "Reads rows of the tables of this bot. Answer questions about them from these rows only; ask again with \
             another filter if they do not fit. The tables and their columns:\n{tables}"
        );
        let text = |description: &str| json!({"type": "string", "description": description});
        let schema = json!({
            "type": "object",
            "properties": {
                "table": text("The name of the table."),
                "filter": text(
                    "Which rows, such as: price < 10 AND name LIKE '%tea%'. With =, <>, <, <=, >, >=, LIKE, IN (...), \
                     BETWEEN, IS NULL, AND, OR, NOT. All rows without it.",
                ),
                "order": text("Columns to order by, such as: price DESC, name"),
                "limit": {"type": "integer", "description": "Rows, 50 at most."},
            },
            "required": ["table"],
            "additionalProperties": false,
        });
        let spec = ToolSpec { name: READ_TABLES.to_owned(), description, schema };
        Self { script: READ_TABLES.to_owned(), title: "Read the tables".to_owned(), spec, built_in: true }
    }
}

/// The name that providers accept.
pub(crate) fn tool_name(script: &str) -> String {
    let accepted = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' };
    script.chars().map(accepted).take(LONGEST_NAME).collect()
}

/// JSON Schema of the parameters.
fn schema(params: &[ParamInfo]) -> Json {
    let properties: Map<String, Json> = params.iter().map(|param| (param.name.to_string(), property(param))).collect();
    let required: Vec<&str> = params.iter().filter(|param| param.required).map(|param| &*param.name).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn property(param: &ParamInfo) -> Json {
    let (kind, format) = match param.kind {
        ParamType::String | ParamType::Phone => ("string", None),
        ParamType::Email => ("string", Some("email")),
        ParamType::File => ("string", Some("uri")),
        ParamType::Date => ("string", Some("date")),
        ParamType::DateTime => ("string", Some("date-time")),
        ParamType::Integer => ("integer", None),
        ParamType::Number => ("number", None),
        ParamType::Boolean => ("boolean", None),
        ParamType::Array => ("array", None),
        ParamType::Object => ("object", None),
    };
    let mut own = Map::new();
    own.insert("type".to_owned(), kind.into());
    if let Some(format) = format {
        own.insert("format".to_owned(), format.into());
    }
    if kind == "array" {
        // Some providers refuse a list without a word about what is in it.
        own.insert("items".to_owned(), json!({}));
    }
    if !param.options.is_empty() {
        own.insert("enum".to_owned(), param.options.iter().map(|option| json!(option)).collect());
    }
    let example = param.example.as_ref().filter(|value| !value.is_null()).map(ops::to_text);
    let mut description = param.description.as_deref().unwrap_or_default().to_owned();
    if let Some(example) = example.filter(|_| param.options.is_empty()) {
        let end = match description.trim_end().chars().last() {
            None => "",
            Some('.' | '!' | '?' | ':' | ';' | '…') => " ",
            Some(_) => ". ",
        };
        description = format!("{}{end}For example: {example}", description.trim_end());
    }
    if !description.is_empty() {
        own.insert("description".to_owned(), description.into());
    }
    if let Some(default) = param.default.as_ref().filter(|value| !value.is_null()) {
        own.insert("default".to_owned(), default.to_json());
    }
    Json::Object(own)
}

/// The arguments as the script's parameters; the error is for the model, so that it can do better.
pub fn arguments(script: &ScriptInfo, written: &str) -> Result<Vec<(String, Value)>, String> {
    let written = if written.trim().is_empty() { "{}" } else { written };
    let given: Json = serde_json::from_str(written).map_err(|error| format!("the arguments are not JSON: {error}"))?;
    let Json::Object(given) = given else { return Err("the arguments must be a JSON object".to_owned()) };
    let mut values = Vec::with_capacity(script.params.len());
    let mut wrong = Vec::new();
    for param in &script.params {
        let found = given.iter().find(|(name, _)| name.eq_ignore_ascii_case(&param.name)).map(|(_, value)| value);
        match found.filter(|value| !value.is_null()) {
            Some(value) => match typed(param, value) {
                Ok(value) => values.push((param.name.to_string(), value)),
                Err(reason) => wrong.push(format!("`{}` {reason}", param.name)),
            },
            None if param.required => wrong.push(format!("`{}` is missing", param.name)),
            None => {}
        }
    }
    let unknown = given.keys().filter(|name| !script.params.iter().any(|param| param.name.eq_ignore_ascii_case(name)));
    wrong.extend(unknown.map(|name| format!("`{name}` is no parameter of this tool")));
    if wrong.is_empty() { Ok(values) } else { Err(wrong.join("; ")) }
}

fn typed(param: &ParamInfo, given: &Json) -> Result<Value, String> {
    let text = || match given {
        Json::String(text) => Some(text.trim().to_owned()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(on) => Some(on.to_string()),
        _ => None,
    };
    if !param.options.is_empty() {
        let text = text().ok_or("must be a text")?;
        let option = param.options.iter().find(|option| option.eq_ignore_ascii_case(&text));
        let among = || format!("must be one of: {}", param.options.join(", "));
        return option.map(Value::text).ok_or_else(among);
    }
    let number = || text().and_then(|text| ops::parse_number(&text));
    match param.kind {
        ParamType::String | ParamType::Email | ParamType::Phone | ParamType::File => match given {
            // A text that was asked for and came as a structure is still a text to the script.
            Json::Array(_) | Json::Object(_) => Ok(Value::text(given.to_string())),
            _ => Ok(Value::text(text().unwrap_or_default())),
        },
        ParamType::Integer => match number() {
            Some(Number::Int(value)) => Ok(Value::Int(value)),
            Some(Number::Float(value)) if value.fract() == 0.0 && value.abs() < 9e15 => Ok(Value::Int(value as i64)),
            _ => Err("must be a whole number".to_owned()),
        },
        ParamType::Number => match number() {
            Some(Number::Int(value)) => Ok(Value::Int(value)),
            Some(Number::Float(value)) => Ok(Value::Float(value)),
            None => Err("must be a number".to_owned()),
        },
        ParamType::Boolean => match text().map(|text| text.to_lowercase()).as_deref() {
            Some("true" | "yes" | "1") => Ok(Value::Bool(true)),
            Some("false" | "no" | "0") => Ok(Value::Bool(false)),
            _ => Err("must be true or false".to_owned()),
        },
        ParamType::Date | ParamType::DateTime => {
            let date = text().and_then(|text| ops::parse_iso(&text));
            date.map(Value::Date).ok_or_else(|| "must be a date such as 2026-01-31".to_owned())
        }
        ParamType::Array => match structure(given) {
            Some(list @ Json::Array(_)) => Ok(Value::from_json(&list)),
            _ => Err("must be a list".to_owned()),
        },
        ParamType::Object => match structure(given) {
            Some(object @ Json::Object(_)) => Ok(Value::from_json(&object)),
            _ => Err("must be an object".to_owned()),
        },
    }
}

/// A structure, also one that came as the text of one.
fn structure(given: &Json) -> Option<Json> {
    match given {
        Json::String(text) => serde_json::from_str(text).ok(),
        other => Some(other.clone()),
    }
}

/// The names of tools, for the sentence about one that does not exist.
pub(crate) fn names(tools: &[Tool]) -> String {
    let names: Vec<&str> = tools.iter().map(|tool| &*tool.spec.name).collect();
    if names.is_empty() { "there are none".to_owned() } else { format!("there are: {}", names.join(", ")) }
}

/// A tool by the name that the model was shown.
pub(crate) fn find<'t>(tools: &'t [Tool], name: &str) -> Option<&'t Tool> {
    tools.iter().find(|tool| tool.spec.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_a_sentence_of_its_own() {
        let told = |description: Option<&str>| {
            let param = ParamInfo {
                name: "query".into(),
                kind: ParamType::String,
                options: Vec::new(),
                example: Some(Value::text("tea")),
                description: description.map(Into::into),
                required: true,
                default: None,
            };
            property(&param)["description"].as_str().unwrap().to_owned()
        };
        assert_eq!(told(Some("What to look up")), "What to look up. For example: tea");
        assert_eq!(told(Some("What to look up. ")), "What to look up. For example: tea");
        assert_eq!(told(None), "For example: tea");
    }
}
