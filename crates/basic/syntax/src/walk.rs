//! A walk over everything that a script's statements say.

use crate::ast::{
    Block, CasePattern, Expr, ExprKind, Hear, HearKind, LValue, Name, OnError, Resume, Script, Step, Stmt, StmtKind,
};

/// The parts of a script that run by themselves, by their place in the tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// The statements outside of procedures and handlers.
    #[default]
    Body,
    /// One of `Script::procedures`.
    Procedure(usize),
    /// One of `Script::events`.
    Event(usize),
    /// One of `Script::schedules`.
    Schedule(usize),
}

/// What a walk meets.
pub trait Visit<'a> {
    /// What follows stands in this part of the script.
    fn enter(&mut self, _scope: Scope) {}
    /// An expression, before the ones in it.
    fn expr(&mut self, _expr: &'a Expr) {}
    /// A name that is declared: PARAM, DIM, CONST, a parameter. It is given a value, too.
    fn declared(&mut self, name: &'a Name) {
        self.assigned(name);
    }
    /// A name that is given a value.
    fn assigned(&mut self, _name: &'a Name) {}
    /// A SUB or FUNCTION that is declared or else called.
    fn procedure(&mut self, _name: &'a Name, _declares: bool) {}
    /// A label that is set or else named.
    fn label(&mut self, _name: &'a Name, _declares: bool) {}
    /// `target = value`, or a field of an object with its value.
    fn given(&mut self, _name: &'a str, _value: &'a Expr) {}
    /// A HEAR.
    fn hear(&mut self, _hear: &'a Hear) {}
    /// A statement, before what is in it.
    fn stmt(&mut self, _stmt: &'a Stmt) {}
}

/// Every block of a script.
pub fn script<'a>(script: &'a Script, visit: &mut dyn Visit<'a>) {
    for param in &script.params {
        visit.declared(&param.name);
        param.default.iter().for_each(|value| expr(value, visit));
    }
    for (index, procedure) in script.procedures.iter().enumerate() {
        visit.procedure(&procedure.name, true);
        visit.enter(Scope::Procedure(index));
        procedure.params.iter().for_each(|name| visit.declared(name));
        block(&procedure.body, visit);
    }
    for (index, body) in script.events.iter().enumerate().filter_map(|(index, own)| Some((index, own.body.as_ref()?))) {
        visit.enter(Scope::Event(index));
        block(body, visit);
    }
    for (index, schedule) in script.schedules.iter().enumerate() {
        visit.enter(Scope::Schedule(index));
        schedule.args.iter().for_each(|value| expr(value, visit));
        schedule.body.iter().for_each(|body| block(body, visit));
    }
    visit.enter(Scope::Body);
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
            visit.declared(name);
            visit.given(&name.text, value);
            expr(value, visit);
        }
        StmtKind::Dim { name, sizes, .. } => {
            visit.declared(name);
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
        StmtKind::CallProcedure { name, args } => {
            visit.procedure(name, false);
            exprs(args, visit);
        }
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
        StmtKind::Label(name) => visit.label(name, true),
        StmtKind::Goto(name)
        | StmtKind::Gosub(name)
        | StmtKind::OnError(OnError::Goto(name))
        | StmtKind::Resume(Resume::Label(name)) => visit.label(name, false),
        StmtKind::ExitLoop(_)
        | StmtKind::ContinueLoop(_)
        | StmtKind::ExitProcedure
        | StmtKind::Exit
        | StmtKind::OnError(OnError::ResumeNext | OnError::Off)
        | StmtKind::Resume(Resume::Same | Resume::Next)
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
        ExprKind::Procedure { name, .. } => visit.procedure(name, false),
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
