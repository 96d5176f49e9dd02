//! What a script declares, as plain data: for tools, schedules, webhooks, events and tables.
//! Kept in the image beside the code; knows nothing of how any of it is used.

use std::sync::Arc;

use botserver_basic_syntax::ast;
use botserver_basic_types::{Diagnostic, Value};
use serde::{Deserialize, Serialize};

/// The declarations of one script.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ScriptInfo {
    /// Path inside the package.
    pub file: Arc<str>,
    /// File stem in lower case: what CALL and tools name it by.
    pub name: Arc<str>,
    /// First line was `#workflow`.
    pub workflow: bool,
    /// True when the file can be offered as a tool: it has a PARAM or a DESCRIPTION.
    pub tool: bool,
    /// `DESCRIPTION "…"`.
    pub description: Option<Arc<str>>,
    /// `PARAM`, in order.
    pub params: Vec<ParamInfo>,
    /// `SET SCHEDULE` at top level whose arguments are constants.
    pub schedules: Vec<ScheduleInfo>,
    /// `WEBHOOK "name"`.
    pub webhooks: Vec<Arc<str>>,
    /// `ALLOW ROLE "r"`: any of them may run the script; empty means everybody.
    pub allowed_roles: Vec<Arc<str>>,
    /// `TABLE … END TABLE`.
    pub tables: Vec<ast::TableDecl>,
    /// `CREATE INDEX n ON t(c)`.
    pub indexes: Vec<ast::IndexDecl>,
    /// `ON INSERT OF "t" … END ON` and friends.
    pub events: Vec<EventInfo>,
    /// Scripts that it names by fixed names, as written: by CALL and RUN, INCLUDE, as tools and suggestions.
    #[serde(default)]
    pub uses: Vec<Arc<str>>,
    /// Its procedures in the order of their code, those of INCLUDEs among them: what debuggers need to know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub procedures: Vec<ProcedureInfo>,
    /// Why the script cannot run, if it cannot: the first error of its text.
    pub broken: Option<Diagnostic>,
}

/// A SUB or FUNCTION.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProcedureInfo {
    /// As spelled.
    pub name: Arc<str>,
    /// Its parameters and its own variables, in the order of their registers.
    pub locals: Vec<Arc<str>>,
}

/// A PARAM.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParamInfo {
    /// As spelled.
    pub name: Arc<str>,
    /// Its type.
    pub kind: ast::ParamType,
    /// The allowed values, empty for any.
    pub options: Vec<Arc<str>>,
    /// `LIKE`.
    pub example: Option<Value>,
    /// `DESCRIPTION`.
    pub description: Option<Arc<str>>,
    /// False after OPTIONAL or DEFAULT.
    pub required: bool,
    /// `DEFAULT`, when it is a constant.
    pub default: Option<Value>,
}

/// A SET SCHEDULE.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScheduleInfo {
    /// The constants as written: cron, phrase, name, file or arguments.
    pub args: Vec<Value>,
    /// What runs, when the schedule has a body of its own; otherwise the script.
    pub entry: Option<Entry>,
    /// Line of the declaration.
    pub line: u32,
}

impl ScheduleInfo {
    /// When it runs, as a cron expression: the first of its texts that is one or stands for one.
    pub fn cron(&self) -> Option<String> {
        self.args.iter().filter_map(Value::as_text).find_map(botserver_basic_std::schedule::to_cron)
    }
}

/// An event handler.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventInfo {
    /// What is waited for.
    pub event: ast::Event,
    /// What runs.
    pub entry: Entry,
    /// Line of the declaration.
    pub line: u32,
}

/// Where a run of a script starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Entry {
    /// The statements outside of procedures and handlers.
    #[default]
    Main,
    /// A handler or the body of a schedule, by the number that the script's declarations give.
    Handler(u16),
}

impl ScriptInfo {
    /// The JSON schema of the script's arguments, as tool definitions for models and MCP want it.
    pub fn json_schema(&self) -> serde_json::Value {
        let properties: serde_json::Map<_, _> =
            self.params.iter().map(|param| (param.name.to_string(), param.json_schema())).collect();
        let required: Vec<&str> = self.params.iter().filter(|param| param.required).map(|param| &*param.name).collect();
        serde_json::json!({
            "type": "object", "properties": properties, "required": required, "additionalProperties": false,
        })
    }
}

impl ParamInfo {
    fn json_schema(&self) -> serde_json::Value {
        use ast::ParamType;
        let (kind, format) = match self.kind {
            ParamType::String | ParamType::Phone => ("string", None),
            ParamType::Email => ("string", Some("email")),
            ParamType::File => ("string", Some("uri-reference")),
            ParamType::Date => ("string", Some("date")),
            ParamType::DateTime => ("string", Some("date-time")),
            ParamType::Integer => ("integer", None),
            ParamType::Number => ("number", None),
            ParamType::Boolean => ("boolean", None),
            ParamType::Array => ("array", None),
            ParamType::Object => ("object", None),
        };
        let mut schema = serde_json::Map::new();
        schema.insert("type".to_owned(), kind.into());
        if let Some(format) = format {
            schema.insert("format".to_owned(), format.into());
        }
        if let Some(text) = &self.description {
            schema.insert("description".to_owned(), text.to_string().into());
        }
        if !self.options.is_empty() {
            let options: Vec<_> = self.options.iter().map(ToString::to_string).collect();
            schema.insert("enum".to_owned(), options.into());
        }
        if let Some(example) = &self.example {
            schema.insert("examples".to_owned(), vec![example.to_json()].into());
        }
        if let Some(default) = &self.default {
            schema.insert("default".to_owned(), default.to_json());
        }
        schema.into()
    }
}
