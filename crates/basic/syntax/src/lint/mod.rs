//! What is right by the language and hardly meant: names that nothing gives a value, parameters that nothing reads,
//! columns that a table does not have, secrets in scripts. Looks at all scripts of a package together; only warnings.

pub(crate) mod secrets;

use std::{collections::BTreeMap, sync::Arc};

use botserver_basic_types::{BinaryOp, Diagnostic, Severity, Value};

use crate::{
    Grammar,
    ast::{ArgExpr, Expr, ExprKind, Hear, KeywordCall, Loc, Name, Script, Stmt, StmtKind},
    codes::Code,
    names::PREDEFINED,
    nearest,
    walk::{self, Visit},
};

/// Further names that some run of a script finds set: by the message, a webhook, a mail or a step of a workflow.
const AT_TIMES: &[&str] = &[
    "from", "text", "message", "today", "now", "hour", "time", "date", "method", "path", "email", "result", "error",
    "err", "high", "low", "on", "off",
];

/// Looks at the sound scripts of a package; `variables` are those that the host gives to every script.
pub fn lint(scripts: &[&Script], grammar: &Grammar, variables: &[String]) -> Vec<Diagnostic> {
    let tables = columns_of_tables(scripts);
    let mut found = Vec::new();
    for script in scripts {
        let mut own = Vec::new();
        let mut seen = Seen::default();
        walk::script(script, &mut seen);
        let mut notes = Notes { script, found: &mut own };
        notes.unassigned(&seen, grammar, variables);
        notes.unused_params(&seen);
        notes.shadowed(&seen, grammar);
        notes.asked_params(&seen);
        notes.unknown_columns(&seen, &tables);
        notes.mere_values(&seen);
        for loc in &seen.secrets {
            let help = "Keep it in config.csv, as a `param-…` setting, and name the setting here.";
            notes.warn(
                Code::Secret,
                *loc,
                "this text looks like a password or a key".to_owned(),
                Some(help.to_owned()),
            );
        }
        own.sort_by_key(|finding: &Diagnostic| finding.span.start);
        found.append(&mut own);
    }
    found
}

/// What one script says.
#[derive(Default)]
struct Seen<'a> {
    /// Each name that is read, and where for the first time.
    read: BTreeMap<Arc<str>, &'a Name>,
    assigned: BTreeMap<Arc<str>, &'a Name>,
    hears: Vec<&'a Hear>,
    calls: Vec<&'a KeywordCall>,
    secrets: Vec<Loc>,
    /// The first of the values that are saved by their place.
    new_keys: Vec<Loc>,
    /// A comparison, and the mere value that AND or OR joins with it.
    alone: Vec<(&'a Expr, &'a Expr)>,
}

impl<'a> Visit<'a> for Seen<'a> {
    fn expr(&mut self, expr: &'a Expr) {
        match &expr.kind {
            ExprKind::Variable(name) => {
                self.read.entry(name.key.clone()).or_insert(name);
            }
            ExprKind::Keyword(call) => self.call(call),
            // `x = 1 OR 2`
            ExprKind::Binary(BinaryOp::Or | BinaryOp::And, left, right)
                if matches!(left.kind, ExprKind::Binary(BinaryOp::Equal | BinaryOp::NotEqual, ..))
                    && matches!(right.kind, ExprKind::Literal(Value::Text(_) | Value::Int(_) | Value::Float(_))) =>
            {
                self.alone.push((left, right));
            }
            ExprKind::Literal(Value::Text(text)) if secrets::is_key(text) => self.secret(expr.loc),
            _ => {}
        }
    }

    fn assigned(&mut self, name: &'a Name) {
        self.assigned.entry(name.key.clone()).or_insert(name);
    }

    fn given(&mut self, name: &'a str, value: &'a Expr) {
        if let ExprKind::Literal(Value::Text(text)) = &value.kind
            && secrets::is_secret(name, text)
        {
            self.secret(value.loc);
        }
    }

    fn hear(&mut self, hear: &'a Hear) {
        self.hears.push(hear);
    }

    fn stmt(&mut self, stmt: &'a Stmt) {
        if let StmtKind::Keyword(call) = &stmt.kind {
            self.call(call);
        }
    }
}

impl<'a> Seen<'a> {
    fn call(&mut self, call: &'a KeywordCall) {
        self.calls.push(call);
        for (_, arg) in &call.args {
            if let ArgExpr::Assignments(pairs) = arg
                && let Some((_, value)) = pairs.first()
            {
                self.new_keys.push(value.loc);
            }
        }
    }

    fn secret(&mut self, loc: Loc) {
        if !self.secrets.contains(&loc) {
            self.secrets.push(loc);
        }
    }
}

/// The columns of each table that the package declares, in lower case.
fn columns_of_tables(scripts: &[&Script]) -> BTreeMap<String, Vec<String>> {
    let tables = scripts.iter().flat_map(|script| &script.tables);
    let columns = |table: &crate::ast::TableDecl| table.columns.iter().map(|own| own.name.to_lowercase()).collect();
    tables.map(|table| (table.name.to_lowercase(), columns(table))).collect()
}

struct Notes<'a, 'f> {
    script: &'a Script,
    found: &'f mut Vec<Diagnostic>,
}

impl Notes<'_, '_> {
    fn warn(&mut self, code: Code, loc: Loc, message: String, help: Option<String>) {
        let (code, span) = (Arc::from(code.id()), self.script.span(loc));
        self.found.push(Diagnostic { code, severity: Severity::Warning, message, span, help });
    }

    /// Names that are read and that nothing gives a value. An INCLUDE may bring what is missing.
    fn unassigned(&mut self, seen: &Seen<'_>, grammar: &Grammar, variables: &[String]) {
        if !self.script.includes.is_empty() {
            return;
        }
        let given = |key: &str| {
            let plain = key.trim_end_matches('$');
            PREDEFINED.contains(&plain)
                || AT_TIMES.contains(&plain)
                || key.starts_with(['$', '@'])
                || grammar.variables().iter().any(|own| **own == *key)
                || variables.iter().any(|own| own.eq_ignore_ascii_case(key))
                || is_value_of_the_language(grammar, plain)
        };
        for (key, name) in &seen.read {
            if seen.assigned.contains_key(key) || given(key) {
                continue;
            }
            // `SAVE "t", id, name`: without a value a new key is made.
            if &**key == "id" && seen.new_keys.contains(&name.loc) {
                continue;
            }
            let message = format!("`{}` is read here, and nothing in this script gives it a value", name.text);
            let known = seen.assigned.values().map(|own| &*own.text);
            let help = match &**key {
                "none" | "nil" | "undefined" | "nul" => Some("Did you mean `NULL`?".to_owned()),
                _ => nearest(&name.text, known).map(|near| format!("Did you mean `{near}`?")),
            };
            self.warn(Code::NeverAssigned, name.loc, message, help);
        }
    }

    /// Parameters that a model or a person fills in for nothing.
    fn unused_params(&mut self, seen: &Seen<'_>) {
        if self.script.body.is_empty() || !self.script.includes.is_empty() {
            return;
        }
        for param in &self.script.params {
            if !seen.read.contains_key(&param.name.key) {
                let message = format!("the parameter `{}` is never used", param.name.text);
                let help = "Use it, or remove its PARAM: whoever calls the tool is asked for it.".to_owned();
                self.warn(Code::UnusedParam, param.name.loc, message, Some(help));
            }
        }
    }

    /// A SUB or FUNCTION, or a variable, that hides a word of the language.
    fn shadowed(&mut self, seen: &Seen<'_>, grammar: &Grammar) {
        for procedure in &self.script.procedures {
            let name = &procedure.name;
            if grammar.function(&name.text).is_some() {
                let message =
                    format!("the function `{}` of the language is hidden by this one", name.text.to_uppercase());
                self.warn(Code::Shadowed, name.loc, message, Some("Give it a name of its own.".to_owned()));
            }
        }
        for name in seen.assigned.values() {
            // Who only ever means the variable has taken the name on purpose.
            let before = seen.read.get(&name.key).is_some_and(|read| read.loc.start < name.loc.start);
            if before
                && is_value_of_the_language(grammar, &name.key)
                && !self.script.params.iter().any(|own| own.name.key == name.key)
            {
                let message = format!(
                    "`{}` is a word of the language too; in this script it means the variable everywhere",
                    name.text
                );
                self.warn(Code::Shadowed, name.loc, message, Some("Give the variable a name of its own.".to_owned()));
            }
        }
    }

    /// A tool that asks the person for what the model has given it.
    fn asked_params(&mut self, seen: &Seen<'_>) {
        for hear in &seen.hears {
            let Some(target) = hear.target.as_ref().filter(|target| target.path.is_empty()) else { continue };
            // `IF NOT city THEN HEAR city`: whoever starts the tool with a button has given nothing.
            let looked = seen.read.get(&target.name.key).is_some_and(|read| read.loc.start < target.loc.start);
            let asked =
                self.script.params.iter().find(|param| param.required && !looked && param.name.key == target.name.key);
            if let Some(param) = asked {
                let message = format!(
                    "HEAR asks the person for `{}`, which whoever calls this tool has given already",
                    param.name.text
                );
                let help = format!("Declare it as OPTIONAL and ask with `IF NOT {} THEN`.", param.name.text);
                self.warn(Code::HearOfParam, target.loc, message, Some(help));
            }
        }
    }

    /// `IF day = "sat" OR "sun"`: the second text is no comparison.
    fn mere_values(&mut self, seen: &Seen<'_>) {
        for (comparison, value) in &seen.alone {
            let text = |loc: Loc| self.script.source.get(loc.start as usize..loc.end as usize).unwrap_or("");
            let (whole, shown) = (text(comparison.loc), text(value.loc));
            let same = match &comparison.kind {
                ExprKind::Binary(_, left, right) => {
                    Some((text(left.loc), whole.get(text(left.loc).len()..whole.len() - text(right.loc).len())))
                }
                _ => None,
            };
            let help = match same {
                Some((name, Some(sign))) if name.len() < 40 => {
                    Some(format!("Each side names what it compares: `{name} {} {shown}`.", sign.trim()))
                }
                _ => None,
            };
            let message = format!("{shown} alone is no comparison, it always counts as the same");
            self.warn(Code::MereValue, value.loc, message, help);
        }
    }

    /// The name that a value is assigned to, where it stands before the value.
    fn name_before(&self, name: &str, value: Loc) -> Option<Loc> {
        let before = self.script.source.get(..value.start as usize)?;
        let line = before.rfind('\n').map_or(0, |at| at + 1);
        let at = line + before[line..].to_ascii_lowercase().rfind(&name.to_ascii_lowercase())?;
        Some(Loc::new(at as u32, (at + name.len()) as u32))
    }

    /// Columns in conditions, orders and assignments of a table that the package declares.
    fn unknown_columns(&mut self, seen: &Seen<'_>, tables: &BTreeMap<String, Vec<String>>) {
        for call in &seen.calls {
            let arg = |name: &str| call.args.iter().find(|(own, _)| **own == *name).map(|(_, arg)| arg);
            let Some(ArgExpr::Expr(table)) = arg("table") else { continue };
            let ExprKind::Literal(Value::Text(table)) = &table.kind else { continue };
            let Some(columns) = tables.get(&table.to_lowercase()) else { continue };
            if arg("join").is_some() {
                continue;
            }
            let mut named: Vec<(String, Loc)> = Vec::new();
            for (own, arg) in &call.args {
                match arg {
                    ArgExpr::Condition(condition) => columns_in(condition, &mut named),
                    // Values by their place have the names of variables.
                    ArgExpr::Assignments(pairs) if matches!(&**own, "assigns" | "set") => {
                        let place = |name: &str, value: &Expr| self.name_before(name, value.loc).unwrap_or(value.loc);
                        named.extend(pairs.iter().map(|(name, value)| (name.to_string(), place(name, value))));
                    }
                    ArgExpr::Order(keys) => named.extend(keys.iter().map(|key| (key.column.clone(), call.loc))),
                    ArgExpr::Assignments(_)
                    | ArgExpr::Expr(_)
                    | ArgExpr::Exprs(_)
                    | ArgExpr::Word(_)
                    | ArgExpr::Columns(_) => {}
                }
            }
            for (name, loc) in named {
                let key = name.to_lowercase();
                if key == "id" || columns.contains(&key) {
                    continue;
                }
                let message = format!("the table `{table}` has no column `{name}`");
                let help =
                    nearest(&name, columns.iter().map(String::as_str)).map(|near| format!("Did you mean `{near}`?"));
                self.warn(Code::UnknownColumn, loc, message, help);
            }
        }
    }
}

/// The columns that a condition names.
fn columns_in(condition: &Expr, named: &mut Vec<(String, Loc)>) {
    if let ExprKind::Column { name, .. } = &condition.kind {
        named.push((name.to_string(), condition.loc));
    }
    condition.kind.each_child(&mut |child| columns_in(child, named));
}

/// True for a word that is a value by itself: `TODAY`, `PI`.
fn is_value_of_the_language(grammar: &Grammar, name: &str) -> bool {
    grammar.function(name).is_some_and(|function| function.max == 0)
        || grammar
            .keywords
            .iter()
            .any(|own| own.returns && own.forms.iter().any(|form| form.eq_ignore_ascii_case(name)))
}
