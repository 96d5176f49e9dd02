//! Which names are variables, and whose: what a script mentions outside of its procedures belongs to the
//! script, what only a procedure assigns is local to it, and what it only reads belongs to the script
//! (a setting or a predefined name).

use std::sync::Arc;

use botserver_basic_syntax::ast::{
    Block, CasePattern, Expr, ExprKind, Hear, HearKind, LValue, Name, OnError, Procedure, Step, Stmt, StmtKind,
};
use foldhash::HashSet;

use super::IndexMap;

/// Names of one body.
#[derive(Default)]
pub(crate) struct Mentions {
    /// Key to spelling, in order of appearance.
    pub all: IndexMap<Arc<str>, Arc<str>>,
    pub assigned: HashSet<Arc<str>>,
    pub loop_variables: HashSet<Arc<str>>,
    /// GOSUB occurs, so a bare RETURN must look for one.
    pub gosub: bool,
    /// Statements may run in the middle of a block: by GOSUB, or in an error handler that resumes.
    pub interrupted: bool,
    /// Registers that the block statements need for their state.
    pub states: usize,
}

impl Mentions {
    pub(crate) fn of_block(block: &Block) -> Self {
        let mut mentions = Self::default();
        mentions.block(block);
        mentions
    }

    pub(crate) fn of_procedure(procedure: &Procedure) -> Self {
        let mut mentions = Self::of_block(&procedure.body);
        // FUNCTION f … f = 1: the classic way to give the result.
        if procedure.returns && !mentions.assigned.contains(&procedure.name.key) {
            mentions.all.shift_remove(&procedure.name.key);
        }
        mentions
    }

    fn read(&mut self, name: &Name) {
        if !self.all.contains_key(&name.key) {
            self.all.insert(name.key.clone(), name.text.clone());
        }
    }

    fn write(&mut self, name: &Name) {
        self.read(name);
        if !self.assigned.contains(&name.key) {
            self.assigned.insert(name.key.clone());
        }
    }

    pub(crate) fn block(&mut self, block: &Block) {
        for stmt in block {
            self.stmt(stmt);
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Assign { target, value } => {
                self.lvalue(target);
                self.expr(value);
            }
            StmtKind::Const { name, value } => {
                self.write(name);
                self.expr(value);
            }
            StmtKind::Dim { name, sizes, .. } => {
                self.write(name);
                self.exprs(sizes);
            }
            StmtKind::If { branches, otherwise } => {
                for (condition, body) in branches {
                    self.expr(condition);
                    self.block(body);
                }
                if let Some(body) = otherwise {
                    self.block(body);
                }
            }
            StmtKind::ForEach { variable, collection, body } => {
                self.states += 4;
                self.expr(collection);
                self.write(variable);
                self.loop_variables.insert(variable.key.clone());
                self.block(body);
            }
            StmtKind::For { variable, from, to, step, body } => {
                self.states += 3;
                self.expr(from);
                self.expr(to);
                if let Some(step) = step {
                    self.expr(step);
                }
                self.write(variable);
                self.loop_variables.insert(variable.key.clone());
                self.block(body);
            }
            StmtKind::While { condition, body } => {
                self.states += 1;
                self.expr(condition);
                self.block(body);
            }
            StmtKind::Do { head, body, tail } => {
                self.states += 1;
                head.iter().chain(tail).for_each(|test| self.expr(&test.condition));
                self.block(body);
            }
            StmtKind::Return(value) => value.iter().for_each(|value| self.expr(value)),
            StmtKind::Select { subject, cases, otherwise } => {
                self.states += 1;
                self.expr(subject);
                for case in cases {
                    for pattern in &case.patterns {
                        match pattern {
                            CasePattern::Value(value) | CasePattern::Compare(_, value) => self.expr(value),
                            CasePattern::Range(low, high) => {
                                self.expr(low);
                                self.expr(high);
                            }
                        }
                    }
                    self.block(&case.body);
                }
                if let Some(body) = otherwise {
                    self.block(body);
                }
            }
            StmtKind::CallProcedure { args, .. } => self.exprs(args),
            StmtKind::CallScript { file, args } => {
                self.expr(file);
                self.exprs(args);
            }
            StmtKind::Try { body, catch, finally } => {
                self.states += 2;
                self.block(body);
                if let Some(catch) = catch {
                    catch.variable.iter().for_each(|name| self.write(name));
                    self.block(&catch.body);
                }
                if let Some(body) = finally {
                    self.block(body);
                }
            }
            StmtKind::Throw(value) | StmtKind::Expr(value) => self.expr(value),
            StmtKind::Assert { condition, message } => {
                self.expr(condition);
                if let Some(message) = message {
                    self.expr(message);
                }
            }
            StmtKind::Hear(hear) => self.hear(hear),
            StmtKind::Keyword(call) => {
                call.args.iter().for_each(|(_, arg)| arg.each_expr(&mut |expr| self.expr(expr)));
            }
            StmtKind::Mutate { target, args, .. } => {
                self.lvalue(target);
                self.exprs(args);
            }
            StmtKind::Gosub(_) => {
                self.gosub = true;
                self.interrupted = true;
            }
            StmtKind::OnError(OnError::Goto(_)) => self.interrupted = true,
            StmtKind::ExitLoop(_)
            | StmtKind::ContinueLoop(_)
            | StmtKind::ExitProcedure
            | StmtKind::Exit
            | StmtKind::Label(_)
            | StmtKind::Goto(_)
            | StmtKind::OnError(OnError::ResumeNext | OnError::Off)
            | StmtKind::Resume(_)
            | StmtKind::ClearError => {}
        }
    }

    fn lvalue(&mut self, target: &LValue) {
        self.write(&target.name);
        for step in &target.path {
            if let Step::Index(index) = step {
                self.expr(index);
            }
        }
    }

    fn hear(&mut self, hear: &Hear) {
        hear.target.iter().for_each(|target| self.lvalue(target));
        match &hear.kind {
            HearKind::Type(_) => {}
            HearKind::Menu { options, .. } => self.exprs(options),
            HearKind::List(list) => self.expr(list),
        }
        hear.prompt.iter().chain(&hear.default).for_each(|expr| self.expr(expr));
    }

    /// The names of one expression outside of a block.
    pub(crate) fn expression(&mut self, expr: &Expr) {
        self.expr(expr);
    }

    fn exprs(&mut self, exprs: &[Expr]) {
        for expr in exprs {
            self.expr(expr);
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Variable(name) => self.read(name),
            ExprKind::Hear(hear) => return self.hear(hear),
            // A mutating method on a variable writes it.
            ExprKind::Method { base, mutating: true, .. } => {
                let mut base = base;
                while let ExprKind::Member { base: inner, .. } | ExprKind::Index { base: inner, .. } = &base.kind {
                    base = inner;
                }
                if let ExprKind::Variable(name) = &base.kind {
                    self.write(name);
                }
            }
            _ => {}
        }
        expr.kind.each_child(&mut |child| self.expr(child));
    }
}
