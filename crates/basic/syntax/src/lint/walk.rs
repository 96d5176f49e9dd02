//! A walk over everything that a script's statements say.

use crate::ast::{Block, CasePattern, Expr, ExprKind, Hear, HearKind, LValue, Name, Script, Step, Stmt, StmtKind};

/// What a walk meets.
pub(super) trait Visit<'a> {
    /// An expression, before the ones in it.
    fn expr(&mut self, _expr: &'a Expr) {}
    /// A name that is given a value.
    fn assigned(&mut self, _name: &'a Name) {}
    /// `target = value`, or a field of an object with its value.
    fn given(&mut self, _name: &'a str, _value: &'a Expr) {}
    /// A HEAR.
    fn hear(&mut self, _hear: &'a Hear) {}
    /// A statement, before what is in it.
    fn stmt(&mut self, _stmt: &'a Stmt) {}
}

/// Every block of a script.
pub(super) fn script<'a>(script: &'a Script, visit: &mut dyn Visit<'a>) {
    for param in &script.params {
        visit.assigned(&param.name);
        param.default.iter().for_each(|value| expr(value, visit));
    }
    for procedure in &script.procedures {
        procedure.params.iter().for_each(|name| visit.assigned(name));
        block(&procedure.body, visit);
    }
    script.events.iter().filter_map(|event| event.body.as_ref()).for_each(|body| block(body, visit));
    for schedule in &script.schedules {
        schedule.args.iter().for_each(|value| expr(value, visit));
        schedule.body.iter().for_each(|body| block(body, visit));
    }
    block(&script.body, visit);
}

fn block<'a>(body: &'a Block, visit: &mut dyn Visit<'a>) {
    for one in body {
        stmt(one, visit);
    }
}

fn stmt<'a>(stmt: &'a Stmt, visit: &mut dyn Visit<'a>) {
    visit.stmt(stmt);
    let exprs = |values: &'a [Expr], visit: &mut dyn Visit<'a>| values.iter().for_each(|value| expr(value, visit));
    match &stmt.kind {
        StmtKind::Assign { target, value } => {
            lvalue(target, visit);
            let name = match target.path.last() {
                Some(Step::Member(name)) => name,
                _ => &target.name.text,
            };
            visit.given(name, value);
            expr(value, visit);
        }
        StmtKind::Const { name, value } => {
            visit.assigned(name);
            visit.given(&name.text, value);
            expr(value, visit);
        }
        StmtKind::Dim { name, sizes, .. } => {
            visit.assigned(name);
            exprs(sizes, visit);
        }
        StmtKind::If { branches, otherwise } => {
            for (condition, body) in branches {
                expr(condition, visit);
                block(body, visit);
            }
            if let Some(body) = otherwise {
                block(body, visit);
            }
        }
        StmtKind::ForEach { variable, collection, body } => {
            expr(collection, visit);
            visit.assigned(variable);
            block(body, visit);
        }
        StmtKind::For { variable, from, to, step, body } => {
            [Some(from), Some(to), step.as_ref()].into_iter().flatten().for_each(|value| expr(value, visit));
            visit.assigned(variable);
            block(body, visit);
        }
        StmtKind::While { condition, body } => {
            expr(condition, visit);
            block(body, visit);
        }
        StmtKind::Do { head, body, tail } => {
            head.iter().chain(tail).for_each(|test| expr(&test.condition, visit));
            block(body, visit);
        }
        StmtKind::Select { subject, cases, otherwise } => {
            expr(subject, visit);
            for case in cases {
                for pattern in &case.patterns {
                    match pattern {
                        CasePattern::Value(value) | CasePattern::Compare(_, value) => expr(value, visit),
                        CasePattern::Range(low, high) => {
                            expr(low, visit);
                            expr(high, visit);
                        }
                    }
                }
                block(&case.body, visit);
            }
            if let Some(body) = otherwise {
                block(body, visit);
            }
        }
        StmtKind::CallProcedure { args, .. } => exprs(args, visit),
        StmtKind::CallScript { file, args } => {
            expr(file, visit);
            exprs(args, visit);
        }
        StmtKind::Try { body, catch, finally } => {
            block(body, visit);
            if let Some(catch) = catch {
                catch.variable.iter().for_each(|name| visit.assigned(name));
                block(&catch.body, visit);
            }
            if let Some(body) = finally {
                block(body, visit);
            }
        }
        StmtKind::Return(value) => value.iter().for_each(|value| expr(value, visit)),
        StmtKind::Throw(value) | StmtKind::Expr(value) => expr(value, visit),
        StmtKind::Assert { condition, message } => {
            expr(condition, visit);
            if let Some(message) = message {
                expr(message, visit);
            }
        }
        StmtKind::Hear(own) => hear(own, visit),
        StmtKind::Keyword(call) => {
            call.args.iter().for_each(|(_, arg)| arg.each_expr(&mut |value| expr(value, visit)));
        }
        StmtKind::Mutate { target, args, .. } => {
            lvalue(target, visit);
            exprs(args, visit);
        }
        StmtKind::ExitLoop(_)
        | StmtKind::ContinueLoop(_)
        | StmtKind::ExitProcedure
        | StmtKind::Exit
        | StmtKind::Label(_)
        | StmtKind::Goto(_)
        | StmtKind::Gosub(_)
        | StmtKind::OnError(_)
        | StmtKind::Resume(_)
        | StmtKind::ClearError => {}
    }
}

fn lvalue<'a>(target: &'a LValue, visit: &mut dyn Visit<'a>) {
    visit.assigned(&target.name);
    for step in &target.path {
        if let Step::Index(index) = step {
            expr(index, visit);
        }
    }
}

fn hear<'a>(own: &'a Hear, visit: &mut dyn Visit<'a>) {
    visit.hear(own);
    own.target.iter().for_each(|target| lvalue(target, visit));
    match &own.kind {
        HearKind::Type(_) => {}
        HearKind::Menu { options, .. } => options.iter().for_each(|option| expr(option, visit)),
        HearKind::List(list) => expr(list, visit),
    }
    own.prompt.iter().chain(&own.default).for_each(|value| expr(value, visit));
}

fn expr<'a>(value: &'a Expr, visit: &mut dyn Visit<'a>) {
    visit.expr(value);
    match &value.kind {
        ExprKind::Hear(own) => return hear(own, visit),
        ExprKind::Object(fields) => fields.iter().for_each(|(name, value)| visit.given(name, value)),
        // `list.push(1)` gives `list` a value.
        ExprKind::Method { base, mutating: true, .. } => {
            if let ExprKind::Variable(name) = &base.kind {
                visit.assigned(name);
            }
        }
        _ => {}
    }
    value.kind.each_child(&mut |child| expr(child, visit));
}
