//! FOR, FOR EACH, WHILE and DO, and leaving them. Every round is counted by the instruction that starts it.

use botserver_basic_syntax::ast::{Block, Expr, Loc, LoopKind, LoopTest, Name};

use super::{
    emit::{Emitter, Loop, Place},
    traps::Leave,
};
use crate::code::{Ins, Reg};

impl Emitter<'_, '_> {
    fn enter(&mut self, kind: LoopKind) {
        let finally_depth = self.finally.len();
        self.loops.push(Loop { kind, exits: Vec::new(), continues: Vec::new(), finally_depth });
    }

    /// Ends the loop's body: CONTINUE comes here.
    fn continue_here(&mut self) {
        let patches = self.loops.last_mut().map(|inner| std::mem::take(&mut inner.continues)).unwrap_or_default();
        self.land(patches);
    }

    /// Ends the loop: EXIT comes here.
    fn leave_loop(&mut self) {
        if let Some(inner) = self.loops.pop() {
            self.land(inner.exits);
        }
    }

    /// `until` goes on while the condition is false.
    pub(crate) fn while_loop(&mut self, kind: LoopKind, condition: &Expr, until: bool, body: &Block) {
        self.scoped(|me| {
            let counter = me.state(1);
            me.emit(Ins::LoadInt { dst: counter, value: 0 });
            me.enter(kind);
            // The condition stands behind the body: one jump a round.
            let to_condition = me.jump_always();
            let top = me.pc();
            me.block(body);
            me.continue_here();
            me.land([to_condition]);
            let (unit, exits) = me.head(|me| {
                let exits = me.branch(condition, until);
                me.at(condition.loc);
                me.emit(Ins::LoopBack { counter, target: top });
                exits
            });
            me.land(exits);
            me.leave_loop();
            me.resume_here([unit]);
        });
    }

    pub(crate) fn do_loop(&mut self, head: Option<&LoopTest>, body: &Block, tail: Option<&LoopTest>, loc: Loc) {
        self.scoped(|me| {
            let counter = me.state(1);
            me.emit(Ins::LoadInt { dst: counter, value: 0 });
            me.enter(LoopKind::Do);
            let top = me.pc();
            let (head_unit, mut exits) = me.head(|me| me.loop_test(head));
            me.block(body);
            me.continue_here();
            let (tail_unit, more) = me.head(|me| {
                let exits = me.loop_test(tail);
                me.at(tail.map_or(loc, |test| test.condition.loc));
                me.emit(Ins::LoopBack { counter, target: top });
                exits
            });
            exits.extend(more);
            me.land(exits);
            me.leave_loop();
            me.resume_here([head_unit, tail_unit]);
        });
    }

    /// Jumps that leave the loop.
    fn loop_test(&mut self, test: Option<&LoopTest>) -> Vec<super::emit::Patch> {
        test.map(|test| self.branch(&test.condition, test.until)).unwrap_or_default()
    }

    pub(crate) fn for_loop(
        &mut self,
        variable: &Name,
        (from, to, step): (&Expr, &Expr, Option<&Expr>),
        body: &Block,
        loc: Loc,
    ) {
        let Place::Register(var) = self.place(variable) else { return };
        self.scoped(|me| {
            let state = me.state(3);
            let (prepare, empty) = me.head(|me| {
                me.scoped(|me| {
                    // The limits may read the variable as it was before the loop.
                    let first = me.temp();
                    me.expr_to(from, first);
                    me.expr_to(to, state);
                    match step {
                        Some(step) => me.expr_to(step, state + 1),
                        None => {
                            me.emit(Ins::LoadInt { dst: state + 1, value: 1 });
                        }
                    }
                    me.at(loc);
                    me.move_to(var, first);
                    me.emit(Ins::ForPrep { var, state });
                    me.jump_always()
                })
            });
            me.enter(LoopKind::For);
            let top = me.pc();
            me.block(body);
            me.continue_here();
            let (advance, ()) = me.head(|me| {
                me.at(loc);
                me.emit(Ins::ForLoop { var, state });
                me.emit(Ins::Jump { target: top });
            });
            me.land([empty]);
            me.leave_loop();
            me.resume_here([prepare, advance]);
        });
    }

    pub(crate) fn for_each(&mut self, variable: &Name, collection: &Expr, body: &Block, loc: Loc) {
        let Place::Register(dst) = self.place(variable) else { return };
        self.scoped(|me| {
            let saved = me.state(1);
            me.move_to(saved, dst);
            let state = me.state(3);
            let (prepare, ()) = me.head(|me| {
                me.scoped(|me| {
                    let src: Reg = me.expr(collection);
                    me.at(collection.loc);
                    me.emit(Ins::EachPrep { state, src });
                });
            });
            me.enter(LoopKind::For);
            let top = me.pc();
            let (advance, done) = me.head(|me| {
                me.at(loc);
                me.emit(Ins::EachNext { dst, state });
                me.jump_always()
            });
            me.block(body);
            me.continue_here();
            me.emit(Ins::Jump { target: top });
            me.land([done]);
            me.leave_loop();
            me.resume_here([prepare, advance]);
            // The variable is the loop's own: afterwards it is what it was before.
            me.move_to(dst, saved);
        });
    }

    pub(crate) fn exit_loop(&mut self, kind: LoopKind) {
        self.loop_jump(kind, false);
    }

    pub(crate) fn continue_loop(&mut self, kind: LoopKind) {
        self.loop_jump(kind, true);
    }

    /// The innermost loop of a kind.
    pub(crate) fn loop_of(&self, kind: LoopKind) -> Option<usize> {
        self.loops.iter().rposition(|inner| kind == LoopKind::Any || inner.kind == kind)
    }

    fn loop_jump(&mut self, kind: LoopKind, again: bool) {
        // The parser has reported an EXIT without a loop.
        if let Some(index) = self.loop_of(kind) {
            let depth = self.loops.get(index).map_or(0, |inner| inner.finally_depth);
            self.leave(depth, if again { Leave::ContinueLoop(index) } else { Leave::ExitLoop(index) });
        }
    }
}
