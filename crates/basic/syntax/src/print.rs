//! The tree as a compact s-expression, one statement a line: for tests and for looking at what the
//! parser understood. Not a formatter of source.

use std::fmt::Write;

use botserver_basic_types::{BinaryOp, UnaryOp, Value, ops};

use crate::ast::{
    ArgExpr, Block, CasePattern, Expr, ExprKind, Hear, HearKind, KeywordCall, LValue, LoopTest, OnError, ParamDecl,
    Resume, Script, Step, Stmt, StmtKind, TableDecl, TextPart,
};

/// The whole script.
pub fn print(script: &Script) -> String {
    let mut out = Printer::default();
    if script.workflow {
        out.line("workflow");
    }
    if let Some(text) = &script.description {
        out.line(&format!("description {text:?}"));
    }
    for param in &script.params {
        out.param(param);
    }
    for schedule in &script.schedules {
        out.line(&format!("schedule {}", exprs(&schedule.args)));
        if let Some(body) = &schedule.body {
            out.block(body);
        }
    }
    for (name, _) in &script.webhooks {
        out.line(&format!("webhook {name:?}"));
    }
    for (role, _) in &script.allowed_roles {
        out.line(&format!("allow-role {role:?}"));
    }
    for table in &script.tables {
        out.table(table);
    }
    for index in &script.indexes {
        let unique = if index.unique { " unique" } else { "" };
        out.line(&format!("index{unique} {:?} on {} ({})", index.name, index.table, index.columns.join(" ")));
    }
    for event in &script.events {
        out.line(&format!("on {:?}", event.event));
        match &event.body {
            Some(body) => out.block(body),
            None => out.line("  whole script"),
        }
    }
    for (file, _) in &script.includes {
        out.line(&format!("include {file:?}"));
    }
    for procedure in &script.procedures {
        let kind = if procedure.returns { "function" } else { "sub" };
        let params: Vec<&str> = procedure.params.iter().map(|name| &*name.key).collect();
        out.line(&format!("{kind} {} ({})", procedure.name.key, params.join(" ")));
        out.block(&procedure.body);
    }
    for stmt in &script.body {
        out.stmt(stmt);
    }
    out.text
}

#[derive(Default)]
struct Printer {
    text: String,
    indent: usize,
}

impl Printer {
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.text, "{:indent$}{text}", "", indent = self.indent * 2);
    }

    fn block(&mut self, block: &Block) {
        self.indent += 1;
        for stmt in block {
            self.stmt(stmt);
        }
        self.indent -= 1;
    }

    fn param(&mut self, param: &ParamDecl) {
        let mut text = format!("param {} {:?}", param.name.text, param.kind);
        if !param.options.is_empty() {
            let _ = write!(text, " enum={:?}", param.options);
        }
        if let Some(example) = &param.example {
            let _ = write!(text, " like={}", literal(example));
        }
        if let Some(description) = &param.description {
            let _ = write!(text, " description={description:?}");
        }
        if let Some(default) = &param.default {
            let _ = write!(text, " default={}", expr(default));
        }
        if !param.required {
            text.push_str(" optional");
        }
        self.line(&text);
    }

    fn table(&mut self, table: &TableDecl) {
        let mut text = format!("table {}", table.name);
        if let Some(connection) = &table.connection {
            let _ = write!(text, " on {connection}");
        }
        if !table.read_roles.is_empty() || !table.write_roles.is_empty() {
            let _ = write!(text, " read={:?} write={:?}", table.read_roles, table.write_roles);
        }
        self.line(&text);
        self.indent += 1;
        for column in &table.columns {
            let mut text = format!("{} {:?}", column.name, column.kind);
            if let Some(length) = column.length {
                let _ = write!(text, "({length}{})", column.scale.map(|scale| format!(",{scale}")).unwrap_or_default());
            }
            for (set, word) in [
                (column.key, " key"),
                (column.not_null, " not-null"),
                (column.unique, " unique"),
                (column.indexed, " indexed"),
            ] {
                text.push_str(if set { word } else { "" });
            }
            if let Some((other, name)) = &column.references {
                let _ = write!(
                    text,
                    " references={other}{}",
                    name.as_ref().map(|name| format!("({name})")).unwrap_or_default()
                );
            }
            for (name, value) in
                [("default", &column.default), ("check", &column.check), ("generated", &column.generated)]
            {
                if let Some(value) = value {
                    let _ = write!(text, " {name}={value:?}");
                }
            }
            if !column.read_roles.is_empty() || !column.write_roles.is_empty() {
                let _ = write!(text, " read={:?} write={:?}", column.read_roles, column.write_roles);
            }
            self.line(&text);
        }
        for unique in &table.uniques {
            self.line(&format!("unique ({})", unique.join(" ")));
        }
        for (own, other, columns) in &table.foreign_keys {
            self.line(&format!("foreign ({}) {other} ({})", own.join(" "), columns.join(" ")));
        }
        for check in &table.checks {
            self.line(&format!("check {check:?}"));
        }
        self.indent -= 1;
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Assign { target, value } => self.line(&format!("(set {} {})", lvalue(target), expr(value))),
            StmtKind::Const { name, value } => self.line(&format!("(const {} {})", name.key, expr(value))),
            StmtKind::Dim { name, sizes, redim } => {
                let word = if *redim { "redim" } else { "dim" };
                self.line(&format!("({word} {} {})", name.key, exprs(sizes)));
            }
            StmtKind::If { branches, otherwise } => {
                for (index, (condition, body)) in branches.iter().enumerate() {
                    let word = if index == 0 { "if" } else { "else-if" };
                    self.line(&format!("{word} {}", expr(condition)));
                    self.block(body);
                }
                if let Some(body) = otherwise {
                    self.line("else");
                    self.block(body);
                }
            }
            StmtKind::ForEach { variable, collection, body } => {
                self.line(&format!("for-each {} {}", variable.key, expr(collection)));
                self.block(body);
            }
            StmtKind::For { variable, from, to, step, body } => {
                let step = step.as_ref().map(|step| format!(" step {}", expr(step))).unwrap_or_default();
                self.line(&format!("for {} {} to {}{step}", variable.key, expr(from), expr(to)));
                self.block(body);
            }
            StmtKind::While { condition, body } => {
                self.line(&format!("while {}", expr(condition)));
                self.block(body);
            }
            StmtKind::Do { head, body, tail } => {
                let test = |test: &Option<LoopTest>| match test {
                    Some(test) => format!(" {} {}", if test.until { "until" } else { "while" }, expr(&test.condition)),
                    None => String::new(),
                };
                self.line(&format!("do{}", test(head)));
                self.block(body);
                self.line(&format!("loop{}", test(tail)));
            }
            StmtKind::ExitLoop(kind) => self.line(&format!("(exit {kind:?})")),
            StmtKind::ContinueLoop(kind) => self.line(&format!("(continue {kind:?})")),
            StmtKind::ExitProcedure => self.line("(exit procedure)"),
            StmtKind::Exit => self.line("(exit)"),
            StmtKind::Return(None) => self.line("(return)"),
            StmtKind::Return(Some(value)) => self.line(&format!("(return {})", expr(value))),
            StmtKind::Select { subject, cases, otherwise } => {
                self.line(&format!("select {}", expr(subject)));
                for case in cases {
                    let pattern = |pattern: &CasePattern| match pattern {
                        CasePattern::Value(value) => expr(value),
                        CasePattern::Range(low, high) => format!("({} to {})", expr(low), expr(high)),
                        CasePattern::Compare(op, value) => format!("(is {} {})", operator(*op), expr(value)),
                    };
                    self.line(&format!("case {}", case.patterns.iter().map(pattern).collect::<Vec<_>>().join(" ")));
                    self.block(&case.body);
                }
                if let Some(body) = otherwise {
                    self.line("default");
                    self.block(body);
                }
            }
            StmtKind::CallProcedure { name, args } => self.line(&format!("(call {} {})", name.key, exprs(args))),
            StmtKind::CallScript { file, args } => self.line(&format!("(run {} {})", expr(file), exprs(args))),
            StmtKind::Label(name) => self.line(&format!("{}:", name.key)),
            StmtKind::Goto(name) => self.line(&format!("(goto {})", name.key)),
            StmtKind::Gosub(name) => self.line(&format!("(gosub {})", name.key)),
            StmtKind::OnError(OnError::Goto(name)) => self.line(&format!("(on-error goto {})", name.key)),
            StmtKind::OnError(other) => self.line(&format!("(on-error {other:?})")),
            StmtKind::Resume(Resume::Label(name)) => self.line(&format!("(resume {})", name.key)),
            StmtKind::Resume(other) => self.line(&format!("(resume {other:?})")),
            StmtKind::Try { body, catch, finally } => {
                self.line("try");
                self.block(body);
                if let Some(catch) = catch {
                    let name = catch.variable.as_ref().map(|name| format!(" {}", name.key)).unwrap_or_default();
                    self.line(&format!("catch{name}"));
                    self.block(&catch.body);
                }
                if let Some(body) = finally {
                    self.line("finally");
                    self.block(body);
                }
            }
            StmtKind::Throw(value) => self.line(&format!("(throw {})", expr(value))),
            StmtKind::Assert { condition, message } => {
                let message = message.as_ref().map(|message| format!(" {}", expr(message))).unwrap_or_default();
                self.line(&format!("(assert {}{message})", expr(condition)));
            }
            StmtKind::ClearError => self.line("(clear-error)"),
            StmtKind::Hear(hear) => self.line(&hear_text(hear)),
            StmtKind::Keyword(call) => self.line(&keyword(call)),
            StmtKind::Mutate { target, function, args } => {
                self.line(&format!("(mutate {} {function} {})", lvalue(target), exprs(args)));
            }
            StmtKind::Expr(value) => self.line(&expr(value)),
        }
    }
}

fn exprs(items: &[Expr]) -> String {
    format!("[{}]", items.iter().map(expr).collect::<Vec<_>>().join(" "))
}

fn lvalue(target: &LValue) -> String {
    let mut text = target.name.key.to_string();
    for step in &target.path {
        let _ = match step {
            Step::Member(name) => write!(text, ".{name}"),
            Step::Index(index) => write!(text, "[{}]", expr(index)),
        };
    }
    text
}

fn literal(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Text(text) => format!("{text:?}"),
        Value::Float(value) => format!("{value:?}"),
        other => ops::to_text(other),
    }
}

const fn operator(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::Modulo => "mod",
        BinaryOp::Power => "^",
        BinaryOp::Concat => "&",
        BinaryOp::Equal => "=",
        BinaryOp::NotEqual => "<>",
        BinaryOp::Less => "<",
        BinaryOp::Greater => ">",
        BinaryOp::LessEqual => "<=",
        BinaryOp::GreaterEqual => ">=",
        BinaryOp::Like => "like",
        BinaryOp::ILike => "ilike",
        BinaryOp::Contains => "contains",
        BinaryOp::In => "in",
        BinaryOp::NotIn => "not-in",
        BinaryOp::And => "and",
        BinaryOp::Or => "or",
        BinaryOp::Xor => "xor",
        BinaryOp::Coalesce => "??",
    }
}

fn expr(value: &Expr) -> String {
    let dot = |safe: bool| if safe { "?." } else { "." };
    let not = |negated: bool| if negated { "not-" } else { "" };
    match &value.kind {
        ExprKind::Literal(value) => literal(value),
        ExprKind::Interpolated(parts) => {
            let part = |part: &TextPart| match part {
                TextPart::Text(text) => format!("{text:?}"),
                TextPart::Expr(value) => expr(value),
            };
            format!("(text {})", parts.iter().map(part).collect::<Vec<_>>().join(" "))
        }
        ExprKind::Variable(name) => name.key.to_string(),
        ExprKind::Column { table: Some(table), name } => format!("@{table}.{name}"),
        ExprKind::Column { table: None, name } => format!("@{name}"),
        ExprKind::Star => "*".into(),
        ExprKind::Array(items) => exprs(items),
        ExprKind::Object(fields) => {
            let field = |(name, value): &(std::sync::Arc<str>, Expr)| format!("{name}: {}", expr(value));
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        ExprKind::Member { base, name, safe } => format!("{}{}{name}", expr(base), dot(*safe)),
        ExprKind::Index { base, index, safe } => {
            format!("{}{}[{}]", expr(base), if *safe { "?." } else { "" }, expr(index))
        }
        ExprKind::Function { name, args } => format!("({name} {})", exprs(args)),
        ExprKind::Procedure { name, args } => format!("(call {} {})", name.key, exprs(args)),
        ExprKind::Method { base, name, args, safe, mutating } => {
            let mark = if *mutating { "!" } else { "" };
            format!("{}{}{name}{mark}{}", expr(base), dot(*safe), exprs(args))
        }
        ExprKind::Unary(UnaryOp::Not, operand) => format!("(not {})", expr(operand)),
        ExprKind::Unary(UnaryOp::Negate, operand) => format!("(- {})", expr(operand)),
        ExprKind::Binary(op, left, right) => format!("({} {} {})", operator(*op), expr(left), expr(right)),
        ExprKind::Between { operand, low, high, negated } => {
            format!("({}between {} {} {})", not(*negated), expr(operand), expr(low), expr(high))
        }
        ExprKind::InList { needle, list, negated } => format!("({}in {} {})", not(*negated), expr(needle), exprs(list)),
        ExprKind::IsNull { operand, negated } => format!("({}null {})", not(*negated), expr(operand)),
        ExprKind::Ternary { condition, yes, no } => format!("(? {} {} {})", expr(condition), expr(yes), expr(no)),
        ExprKind::Keyword(call) => keyword(call),
        ExprKind::Hear(hear) => hear_text(hear),
        ExprKind::ErrorState(part) => format!("(error {part:?})"),
    }
}

fn keyword(call: &KeywordCall) -> String {
    let mut text = format!("({}#{}", call.keyword, call.form);
    for (name, arg) in &call.args {
        let value = match arg {
            ArgExpr::Expr(value) => expr(value),
            ArgExpr::Condition(value) => format!("where{}", wrap(&expr(value))),
            ArgExpr::Exprs(values) => exprs(values),
            ArgExpr::Assignments(pairs) => {
                let pair = |(name, value): &(std::sync::Arc<str>, Expr)| format!("{name}:={}", expr(value));
                format!("<{}>", pairs.iter().map(pair).collect::<Vec<_>>().join(" "))
            }
            ArgExpr::Order(keys) => {
                let key = |key: &botserver_basic_types::OrderBy| {
                    format!("{}{}", if key.descending { "-" } else { "" }, key.column)
                };
                format!("<{}>", keys.iter().map(key).collect::<Vec<_>>().join(" "))
            }
            ArgExpr::Word(word) => word.to_string(),
            ArgExpr::Columns(columns) => {
                let column = |(value, alias): &(Expr, Option<String>)| match alias {
                    Some(alias) => format!("{} as {alias}", expr(value)),
                    None => expr(value),
                };
                format!("<{}>", columns.iter().map(column).collect::<Vec<_>>().join(", "))
            }
        };
        let _ = write!(text, " {name}={value}");
    }
    text.push(')');
    text
}

fn wrap(text: &str) -> String {
    if text.starts_with('(') { text.to_owned() } else { format!("({text})") }
}

fn hear_text(hear: &Hear) -> String {
    let mut text = String::from("(hear");
    if let Some(target) = &hear.target {
        let _ = write!(text, " {}", lvalue(target));
    }
    let _ = match &hear.kind {
        HearKind::Type(kind) => write!(text, " {}", kind.name()),
        HearKind::Menu { options, free } => write!(text, " menu{}{}", exprs(options), if *free { "*" } else { "" }),
        HearKind::List(list) => write!(text, " list {}", expr(list)),
    };
    if let Some(prompt) = &hear.prompt {
        let _ = write!(text, " prompt={}", expr(prompt));
    }
    if let Some(default) = &hear.default {
        let _ = write!(text, " default={}", expr(default));
    }
    text.push(')');
    text
}
