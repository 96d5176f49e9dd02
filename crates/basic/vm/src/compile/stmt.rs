//! Statements.

use std::sync::Arc;

use botserver_basic_syntax::ast::{
    Block, Case, CasePattern, Expr, Loc, LoopKind, Name, OnError, Resume, Stmt, StmtKind,
};
use botserver_basic_types::BinaryOp;

use super::{
    TOO_LARGE,
    condition::small,
    emit::{Emitter, Patch, Place},
    traps::Leave,
};
use crate::code::{Ins, Reg};

/// Blocks nested deeper than this are not compiled; the parser's own limit is lower.
const MAX_DEPTH: usize = 200;

impl Emitter<'_, '_> {
    pub(crate) fn block(&mut self, block: &Block) {
        self.depth += 1;
        for stmt in block {
            if self.depth > MAX_DEPTH {
                self.problems.error(TOO_LARGE, stmt.loc, "blocks are nested too deeply");
                break;
            }
            self.at(stmt.loc);
            self.stmt(stmt);
        }
        self.depth -= 1;
    }

    fn stmt(&mut self, stmt: &Stmt) {
        let loc = stmt.loc;
        match &stmt.kind {
            StmtKind::Assign { target, value } => self.unit(|me| {
                if !target.path.is_empty() {
                    return me.scoped(|me| {
                        let src = me.expr(value);
                        let target = me.target(target);
                        me.at(loc);
                        me.assign(target, src);
                    });
                }
                if !me.append(&target.name, value) {
                    me.assign_variable(&target.name, value);
                }
            }),
            StmtKind::Const { name, value } => self.unit(|me| me.assign_variable(name, value)),
            StmtKind::Dim { name, sizes, redim } => self.unit(|me| me.dim(name, sizes, *redim, loc)),
            StmtKind::If { branches, otherwise } => self.if_block(branches, otherwise.as_ref()),
            StmtKind::ForEach { variable, collection, body } => self.for_each(variable, collection, body, loc),
            StmtKind::For { variable, from, to, step, body } => {
                self.for_loop(variable, (from, to, step.as_ref()), body, loc);
            }
            StmtKind::While { condition, body } => self.while_loop(LoopKind::While, condition, false, body),
            StmtKind::Do { head: Some(head), body, tail: None } => {
                self.while_loop(LoopKind::Do, &head.condition, head.until, body);
            }
            StmtKind::Do { head, body, tail } => self.do_loop(head.as_ref(), body, tail.as_ref(), loc),
            StmtKind::ExitLoop(kind) => self.unit(|me| me.exit_loop(*kind)),
            StmtKind::ContinueLoop(kind) => self.unit(|me| me.continue_loop(*kind)),
            StmtKind::ExitProcedure | StmtKind::Return(None) => self.unit(|me| me.leave(0, Leave::Return(None))),
            StmtKind::Exit => self.unit(|me| me.leave(0, Leave::Exit)),
            StmtKind::Return(Some(value)) => self.unit(|me| {
                me.scoped(|me| {
                    let src = me.expr(value);
                    me.at(loc);
                    me.leave(0, Leave::Return(Some(src)));
                });
            }),
            StmtKind::Select { subject, cases, otherwise } => self.select(subject, cases, otherwise.as_ref()),
            StmtKind::CallProcedure { name, args } => self.unit(|me| {
                me.scoped(|me| me.call(name, args));
            }),
            StmtKind::CallScript { file, args } => self.unit(|me| {
                me.scoped(|me| {
                    let base = me.temps(args.len() + 1);
                    me.expr_to(file, base);
                    for (index, arg) in args.iter().enumerate() {
                        me.expr_to(arg, base + 1 + index as Reg);
                    }
                    me.at(loc);
                    me.emit(Ins::CallScript { base, argc: args.len() as u16 });
                });
            }),
            StmtKind::Label(name) => {
                let here = self.pc();
                self.labels.entry(name.key.clone()).or_default().pc = Some(here);
            }
            StmtKind::Goto(name) => self.unit(|me| {
                let depth = me.common_depth(name);
                me.leave(depth, Leave::Goto(name.key.clone()));
            }),
            StmtKind::Gosub(name) => self.unit(|me| me.label_jump(Ins::Gosub { target: 0 }, name)),
            StmtKind::OnError(mode) => self.unit(|me| match mode {
                OnError::ResumeNext => me.plain(Ins::OnErrorResumeNext),
                OnError::Off => me.plain(Ins::OnErrorOff),
                OnError::Goto(name) => me.label_jump(Ins::OnErrorGoto { target: 0 }, name),
            }),
            StmtKind::Resume(resume) => self.unit(|me| match resume {
                Resume::Same => me.plain(Ins::Resume),
                Resume::Next => me.plain(Ins::ResumeNext),
                Resume::Label(name) => me.label_jump(Ins::ResumeLabel { target: 0 }, name),
            }),
            StmtKind::Try { body, catch, finally } => self.try_block(body, catch.as_ref(), finally.as_ref(), loc),
            StmtKind::Throw(value) => self.unit(|me| {
                me.scoped(|me| {
                    let src = me.expr(value);
                    me.at(loc);
                    me.emit(Ins::Throw { src });
                });
            }),
            StmtKind::Assert { condition, message } => self.unit(|me| me.assert(condition, message.as_ref(), loc)),
            StmtKind::ClearError => self.unit(|me| me.plain(Ins::ClearError)),
            StmtKind::Hear(hear) => self.unit(|me| {
                me.scoped(|me| {
                    let dst = me.temp();
                    me.scoped(|me| me.hear_value(hear, loc, dst));
                    if let Some(target) = &hear.target {
                        let target = me.target(target);
                        me.assign(target, dst);
                    }
                });
            }),
            StmtKind::Keyword(call) => self.unit(|me| {
                me.scoped(|me| {
                    let dst = me.temp();
                    me.effect(call, dst);
                });
            }),
            StmtKind::Mutate { target, function, args } => self.unit(|me| {
                me.scoped(|me| {
                    // PUSH to a variable of this chunk needs no copy of the list.
                    if let ([item], "PUSH", true) = (args.as_slice(), &**function, target.path.is_empty())
                        && let Place::Register(list) = me.place(&target.name)
                    {
                        let src = me.expr(item);
                        me.at(loc);
                        me.emit(Ins::Push { list, src });
                        return;
                    }
                    let target = me.target(target);
                    let first = me.temps(args.len() + 1);
                    me.read(target, first);
                    for (index, arg) in args.iter().enumerate() {
                        me.expr_to(arg, first + 1 + index as Reg);
                    }
                    me.at(loc);
                    me.mutate(function, first, args.len() + 1, first);
                    me.assign(target, first);
                });
            }),
            StmtKind::Expr(value) => self.unit(|me| {
                me.scoped(|me| me.expr(value));
            }),
        }
    }

    fn plain(&mut self, ins: Ins) {
        self.emit(ins);
    }

    pub(crate) fn assign_variable(&mut self, name: &Name, value: &Expr) {
        match self.place(name) {
            Place::Register(dst) => self.expr_to(value, dst),
            place @ Place::Script(_) => self.scoped(|me| {
                let src = me.expr(value);
                me.store(place, src);
            }),
        }
    }

    fn dim(&mut self, name: &Name, sizes: &[Expr], redim: bool, loc: Loc) {
        let place = self.place(name);
        self.scoped(|me| {
            let dst = me.temp();
            if sizes.is_empty() && !redim {
                me.emit(Ins::LoadNull { dst });
                return me.store(place, dst);
            }
            match place {
                Place::Register(src) => me.move_to(dst, src),
                Place::Script(slot) => {
                    me.emit(Ins::GetScript { dst, slot });
                }
            }
            let first = me.exprs(sizes.iter());
            me.at(loc);
            match u8::try_from(sizes.len()) {
                Ok(count) => {
                    me.emit(Ins::Dim { dst, first, count, redim });
                }
                Err(_) => me.too_large("DIM has too many dimensions"),
            }
            me.store(place, dst);
        });
    }

    fn if_block(&mut self, branches: &[(Expr, Block)], otherwise: Option<&Block>) {
        if let ([(condition, body)], None) = (branches, otherwise)
            && self.leave_if(condition, body)
        {
            return;
        }
        let mut ends = Vec::new();
        for (index, (condition, body)) in branches.iter().enumerate() {
            let (unit, next) = self.head(|me| me.branch(condition, false));
            self.block(body);
            if index + 1 < branches.len() || otherwise.is_some() {
                ends.push(self.jump_always());
            }
            self.land(next);
            // A condition that fails counts as false.
            self.resume_here([unit]);
        }
        if let Some(block) = otherwise {
            self.block(block);
        }
        self.land(ends);
    }

    /// `IF c THEN EXIT FOR`: the condition jumps out by itself.
    fn leave_if(&mut self, condition: &Expr, body: &Block) -> bool {
        let [stmt] = body.as_slice() else { return false };
        let (kind, again) = match &stmt.kind {
            StmtKind::ExitLoop(kind) => (*kind, false),
            StmtKind::ContinueLoop(kind) => (*kind, true),
            _ => return false,
        };
        let Some(index) = self
            .loop_of(kind)
            .filter(|index| self.loops.get(*index).is_some_and(|inner| inner.finally_depth == self.finally.len()))
        else {
            return false;
        };
        let (unit, patches) = self.head(|me| me.branch(condition, true));
        self.resume_here([unit]);
        if let Some(inner) = self.loops.get_mut(index) {
            if again { &mut inner.continues } else { &mut inner.exits }.extend(patches);
        }
        true
    }

    fn select(&mut self, subject: &Expr, cases: &[Case], otherwise: Option<&Block>) {
        self.scoped(|me| {
            let value = me.state(1);
            let (first, ()) = me.head(|me| me.expr_to(subject, value));
            let mut ends = Vec::new();
            for case in cases {
                me.at(case.loc);
                let (unit, hits) = me.head(|me| me.patterns(value, &case.patterns, case.loc));
                let next = me.jump_always();
                me.land(hits);
                me.block(&case.body);
                ends.push(me.jump_always());
                me.land([next]);
                me.resume_here([unit]);
            }
            if let Some(block) = otherwise {
                me.block(block);
            }
            me.land(ends);
            // A subject that fails runs no case at all.
            me.resume_here([first]);
        });
    }

    /// Jumps when one of the patterns matches.
    fn patterns(&mut self, a: Reg, patterns: &[CasePattern], loc: Loc) -> Vec<Patch> {
        let mut hits = Vec::new();
        for pattern in patterns {
            self.scoped(|me| {
                let test = match pattern {
                    CasePattern::Value(value) => {
                        if let Some(value) = small(value).filter(|_| me.optimize) {
                            Ins::TestEqualInt { a, value, expect: true }
                        } else {
                            Ins::TestEqual { a, b: me.expr(value), expect: true }
                        }
                    }
                    CasePattern::Range(low, high) => {
                        let b = me.expr(low);
                        me.emit(Ins::TestLessEqual { a: b, b: a, expect: false });
                        let below = me.jump_always();
                        let b = me.expr(high);
                        me.emit(Ins::TestLessEqual { a, b, expect: true });
                        hits.push(me.jump_always());
                        return me.land([below]);
                    }
                    CasePattern::Compare(op, value) => {
                        let b = me.expr(value);
                        match op {
                            BinaryOp::NotEqual => Ins::TestEqual { a, b, expect: false },
                            BinaryOp::Less => Ins::TestLess { a, b, expect: true },
                            BinaryOp::LessEqual => Ins::TestLessEqual { a, b, expect: true },
                            BinaryOp::Greater => Ins::TestLess { a: b, b: a, expect: true },
                            BinaryOp::GreaterEqual => Ins::TestLessEqual { a: b, b: a, expect: true },
                            _ => Ins::TestEqual { a, b, expect: true },
                        }
                    }
                };
                me.at(loc);
                me.emit(test);
                hits.push(me.jump_always());
            });
        }
        hits
    }

    fn assert(&mut self, condition: &Expr, message: Option<&Expr>, loc: Loc) {
        let fine = self.branch(condition, true);
        self.scoped(|me| {
            let src = me.temp();
            match message {
                Some(message) => me.expr_to(message, src),
                None => {
                    me.emit(Ins::LoadNull { dst: src });
                }
            }
            me.at(loc);
            me.emit(Ins::ThrowAssert { src });
        });
        self.land(fine);
    }

    fn label_jump(&mut self, ins: Ins, name: &Name) {
        self.at(name.loc);
        let patch = self.jump(ins);
        self.labels.entry(name.key.clone()).or_default().patches.push(patch);
    }

    /// How many of the FINALLY blocks around here also enclose the label.
    fn common_depth(&self, name: &Name) -> usize {
        let tries = self.labels.get(&name.key).map(|label| label.tries.as_slice()).unwrap_or_default();
        self.finally.iter().zip(tries).take_while(|(state, loc)| state.loc == **loc).count()
    }

    /// Notes which FINALLY blocks enclose each label, before anything is compiled.
    pub(crate) fn find_labels(&mut self, block: &Block, tries: &mut Vec<Loc>) {
        for stmt in block {
            match &stmt.kind {
                StmtKind::Label(name) => {
                    let key: Arc<str> = name.key.clone();
                    self.labels.entry(key).or_default().tries.clone_from(tries);
                }
                StmtKind::If { branches, otherwise } => {
                    for (_, body) in branches {
                        self.find_labels(body, tries);
                    }
                    if let Some(body) = otherwise {
                        self.find_labels(body, tries);
                    }
                }
                StmtKind::Select { cases, otherwise, .. } => {
                    for case in cases {
                        self.find_labels(&case.body, tries);
                    }
                    if let Some(body) = otherwise {
                        self.find_labels(body, tries);
                    }
                }
                StmtKind::ForEach { body, .. }
                | StmtKind::For { body, .. }
                | StmtKind::While { body, .. }
                | StmtKind::Do { body, .. } => self.find_labels(body, tries),
                StmtKind::Try { body, catch, finally } => {
                    if finally.is_some() {
                        tries.push(stmt.loc);
                    }
                    self.find_labels(body, tries);
                    if let Some(catch) = catch {
                        self.find_labels(&catch.body, tries);
                    }
                    if finally.is_some() {
                        tries.pop();
                    }
                    if let Some(body) = finally {
                        self.find_labels(body, tries);
                    }
                }
                _ => {}
            }
        }
    }
}
