//! What an editor shows of the things of a package, as Markdown.

use std::fmt::Write as _;

use botserver_basic_syntax::ast::{ColumnDecl, ColumnType, ParamDecl, ParamType, Procedure, TableDecl};
use lsp_types::{MarkupContent, MarkupKind};

use crate::{
    language::{Language, core_page, function_page, keyword_page},
    resolve::Target,
    script::{Kind, Occurrence, Role, Script},
    view::View,
};

pub(crate) fn markdown(value: String) -> MarkupContent {
    MarkupContent { kind: MarkupKind::Markdown, value }
}

/// What is to be said about a thing.
pub(crate) fn page(target: &Target, language: &Language, own: &Script, view: &View) -> Option<String> {
    match target {
        Target::Name(found) => Some(name_page(found, own, view)),
        Target::Included(name) => {
            let (script, procedure) = view.procedure(own, name)?;
            Some(format!("```basic\n{}\n```\n\nOf `{}`.", procedure_line(procedure), script.path()))
        }
        Target::Keyword(index) => language.keywords.get(*index).map(keyword_page),
        Target::Core(core) => Some(core_page(core)),
        Target::Function(function) => Some(function_page(function)),
        Target::Table(name) => view.table(name).map(|(script, table)| table_page(script, table)),
        Target::Column { table, column } => {
            let (script, table, column) = view.column(table, column)?;
            let head = format!("```basic\n{} {}\n```", column.name, column_type(column));
            Some(format!("{head}\n\nColumn of the table `{}` ({}).", table.name, script.path()))
        }
        Target::Field { .. } => None,
        Target::Script(name) => view.script(name).map(|script| script_page(script)),
        Target::Collection(name) => {
            let known = view.collections.iter().any(|own| own.eq_ignore_ascii_case(name.trim()));
            known.then(|| format!("The collection `{name}`: documents of the package."))
        }
        Target::Setting(name) => {
            let setting = view.setting(name)?;
            Some(format!(
                "`{}`: the setting `param-{}` of {}, line {}.",
                setting.name, setting.name, setting.file, setting.line
            ))
        }
    }
}

fn name_page(found: &Occurrence, own: &Script, view: &View) -> String {
    let text_of = |at: &Occurrence| own.text().get(at.loc.start as usize..at.loc.end as usize).unwrap_or(&found.key);
    match found.kind {
        Kind::Procedure => own.procedure(&found.key).map_or_else(String::new, |procedure| {
            format!("```basic\n{}\n```{}", procedure_line(procedure), comment_above(own, procedure))
        }),
        Kind::Label => {
            let set = own.definition(found).map(|at| own.tree.position(at.loc).0);
            set.map_or_else(
                || format!("The label `{}`.", found.key),
                |line| format!("The label `{}`, line {line}.", found.key),
            )
        }
        Kind::Variable => {
            if let Some(param) = own.param(&found.key) {
                return param_page(param);
            }
            let spelling = own.spellings.get(&found.key).cloned().unwrap_or_else(|| found.key.clone());
            let Some(first) = own.definition(found) else {
                return format!("`{spelling}`: nothing in this script gives it a value.");
            };
            let (line, _) = own.tree.position(first.loc);
            let source = own.text().lines().nth(line as usize - 1).unwrap_or("").trim();
            let mut page = format!("```basic\n{}\n```\n\nVariable, ", source.chars().take(120).collect::<String>());
            let verb = if first.role == Role::Declares { "declared" } else { "first set" };
            let _ = write!(page, "{verb} in line {line} as `{}`.", text_of(first));
            let table = own.shapes.get(&found.key).and_then(|shape| shape.table.as_deref());
            if let Some(table) = table {
                let _ = write!(page, " Holds rows of `{table}`");
                if let Some((_, table)) = view.table(table) {
                    let columns: Vec<String> =
                        table.columns.iter().map(|column| format!("`{}`", column.name)).collect();
                    let _ = write!(page, ": {}", columns.join(", "));
                }
                page.push('.');
            }
            page
        }
    }
}

/// The comment right above a procedure.
fn comment_above(own: &Script, procedure: &Procedure) -> String {
    let (line, _) = own.tree.position(procedure.loc);
    let before: Vec<&str> = own.text().lines().take((line as usize).saturating_sub(1)).collect();
    let mut comment: Vec<&str> = Vec::new();
    for line in before.iter().rev().map(|line| line.trim()) {
        let Some(text) = line.strip_prefix('\'').or_else(|| line.strip_prefix("//")) else { break };
        comment.push(text.trim());
    }
    comment.reverse();
    if comment.is_empty() { String::new() } else { format!("\n\n{}", comment.join("\n")) }
}

/// `SUB name(a, b)`
pub(crate) fn procedure_line(procedure: &Procedure) -> String {
    let params: Vec<&str> = procedure.params.iter().map(|param| &*param.text).collect();
    let word = if procedure.returns { "FUNCTION" } else { "SUB" };
    format!("{word} {}({})", procedure.name.text, params.join(", "))
}

fn param_page(param: &ParamDecl) -> String {
    let mut page =
        format!("```basic\nPARAM {} AS {}\n```\n\nParameter of this script", param.name.text, param_type(param.kind));
    page.push_str(if param.required { "." } else { ", optional." });
    if let Some(text) = &param.description {
        let _ = write!(page, " {text}");
    }
    if !param.options.is_empty() {
        let _ = write!(page, "\n\nOne of `{}`.", param.options.join("`, `"));
    }
    page
}

fn script_page(script: &Script) -> String {
    let tree = &script.tree;
    let mut page = tree.description.as_deref().map(|text| format!("{text}\n\n")).unwrap_or_default();
    let _ = write!(page, "`{}`", script.path());
    for param in &tree.params {
        let optional = if param.required { "" } else { ", optional" };
        let about = param.description.as_deref().map(|text| format!(": {text}")).unwrap_or_default();
        let _ = write!(page, "\n* `{}` {}{optional}{about}", param.name.text, param_type(param.kind));
    }
    page
}

fn table_page(script: &Script, table: &TableDecl) -> String {
    let mut page = format!("```basic\nTABLE {}\n", table.name);
    for column in &table.columns {
        let _ = writeln!(page, "  {} {}", column.name, column_type(column));
    }
    let _ = write!(page, "END TABLE\n```\n\nDeclared in `{}`.", script.path());
    page
}

/// `string(40) key`
pub(crate) fn column_type(column: &ColumnDecl) -> String {
    let name = match column.kind {
        ColumnType::String => "string",
        ColumnType::Text => "text",
        ColumnType::Integer => "integer",
        ColumnType::BigInt => "bigint",
        ColumnType::Decimal => "decimal",
        ColumnType::Double => "double",
        ColumnType::Boolean => "boolean",
        ColumnType::Date => "date",
        ColumnType::DateTime => "datetime",
        ColumnType::Time => "time",
        ColumnType::Uuid => "uuid",
        ColumnType::Json => "json",
        ColumnType::Binary => "binary",
    };
    let size = match (column.length, column.scale) {
        (Some(length), Some(scale)) => format!("({length},{scale})"),
        (Some(length), None) => format!("({length})"),
        _ => String::new(),
    };
    let mut text = format!("{name}{size}");
    if column.key {
        text.push_str(" key");
    }
    if let Some((table, _)) = &column.references {
        let _ = write!(text, " references {table}");
    }
    text
}

const fn param_type(kind: ParamType) -> &'static str {
    match kind {
        ParamType::String => "string",
        ParamType::Email => "email",
        ParamType::Phone => "phone",
        ParamType::File => "file",
        ParamType::Date => "date",
        ParamType::DateTime => "datetime",
        ParamType::Integer => "integer",
        ParamType::Number => "number",
        ParamType::Boolean => "boolean",
        ParamType::Array => "array",
        ParamType::Object => "object",
    }
}
