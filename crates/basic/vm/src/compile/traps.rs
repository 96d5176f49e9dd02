//! TRY … CATCH … FINALLY. Guarded ranges are a table, so a TRY costs nothing until it fails. Every way
//! out of a TRY with FINALLY (also RETURN, EXIT and GOTO) goes through its FINALLY block: a number in a
//! register says where to go on behind it.

use std::sync::Arc;

use botserver_basic_syntax::ast::{Block, Catch, Loc};

use super::emit::{Emitter, Patch};
use crate::code::{Guard, Ins, Reg};

/// A FINALLY block that is still to come.
pub(crate) struct Finally {
    /// The TRY statement.
    pub loc: Loc,
    /// Says how the block was reached: 0 normally, 1 by an error, else one of `exits`.
    completion: Reg,
    /// The error to raise again, or the value to return.
    value: Reg,
    entries: Vec<Patch>,
    exits: Vec<(usize, Leave)>,
}

/// A way out.
#[derive(Clone)]
pub(crate) enum Leave {
    ExitLoop(usize),
    ContinueLoop(usize),
    Goto(Arc<str>),
    /// With the value in a register.
    Return(Option<Reg>),
    Exit,
}

const NORMAL: i32 = 0;
const RAISED: i32 = 1;
/// EXIT in a procedure that was called from here, on its way out of the script.
const EXITING: i32 = 2;
const FIRST_EXIT: i32 = 3;

impl Emitter<'_, '_> {
    pub(crate) fn try_block(&mut self, body: &Block, catch: Option<&Catch>, finally: Option<&Block>, loc: Loc) {
        self.scoped(|me| {
            if finally.is_some() {
                let completion = me.state(2);
                let value = completion + 1;
                me.finally.push(Finally { loc, completion, value, entries: Vec::new(), exits: Vec::new() });
            }
            let start = me.pc();
            me.block(body);
            let end = me.pc();
            if let Some(catch) = catch {
                let done = me.jump_always();
                let handler = me.pc();
                me.guard(start, end, handler);
                if let Some(name) = &catch.variable {
                    me.at(name.loc);
                    let place = me.place(name);
                    me.scoped(|me| {
                        let dst = me.temp();
                        me.emit(Ins::CaughtError { dst });
                        me.store(place, dst);
                    });
                }
                me.block(&catch.body);
                me.land([done]);
            }
            if let Some(finally) = finally {
                me.at(loc);
                me.finally_block(finally, start, loc);
            }
        });
    }

    fn guard(&mut self, start: u32, end: u32, handler: u32) {
        if start < end {
            self.chunk.guards.push(Guard { start, end, handler });
        }
    }

    fn finally_block(&mut self, block: &Block, start: u32, loc: Loc) {
        let Some(state) = self.finally.pop() else { return };
        let (completion, value) = (state.completion, state.value);
        self.emit(Ins::LoadInt { dst: completion, value: NORMAL });
        let end = self.pc();
        let normally = self.jump_always();
        let handler = self.pc();
        self.guard(start, end, handler);
        self.emit(Ins::EnterFinally { completion, value });
        self.land([normally]);
        self.land(state.entries);
        self.block(block);
        self.at(loc);
        self.unit(|me| {
            let calm = me.completion_is_not(completion, RAISED);
            me.emit(Ins::Rethrow { src: value });
            me.land([calm]);
        });
        let stays = self.completion_is_not(completion, EXITING);
        self.leave(0, Leave::Exit);
        self.land([stays]);
        for (number, (depth, exit)) in state.exits.into_iter().enumerate() {
            let other = self.completion_is_not(completion, FIRST_EXIT + number as i32);
            let exit = if let Leave::Return(Some(_)) = exit { Leave::Return(Some(value)) } else { exit };
            self.leave(depth, exit);
            self.land([other]);
        }
    }

    fn completion_is_not(&mut self, completion: Reg, number: i32) -> Patch {
        let value = i16::try_from(number).unwrap_or(i16::MAX);
        self.emit(Ins::TestEqualInt { a: completion, value, expect: false });
        self.jump_always()
    }

    /// Leaves through every FINALLY block above `depth`.
    pub(crate) fn leave(&mut self, depth: usize, exit: Leave) {
        if self.finally.len() > depth
            && let Some(state) = self.finally.last_mut()
        {
            state.exits.push((depth, exit.clone()));
            let number = FIRST_EXIT + state.exits.len() as i32 - 1;
            let (completion, value) = (state.completion, state.value);
            if number > i32::from(i16::MAX) {
                self.too_large("a TRY block is left at too many places");
            }
            if let Leave::Return(Some(src)) = exit {
                self.move_to(value, src);
            }
            self.emit(Ins::LoadInt { dst: completion, value: number });
            let patch = self.jump_always();
            if let Some(state) = self.finally.last_mut() {
                state.entries.push(patch);
            }
            return;
        }
        match exit {
            Leave::ExitLoop(index) => {
                let patch = self.jump_always();
                if let Some(inner) = self.loops.get_mut(index) {
                    inner.exits.push(patch);
                }
            }
            Leave::ContinueLoop(index) => {
                let patch = self.jump_always();
                if let Some(inner) = self.loops.get_mut(index) {
                    inner.continues.push(patch);
                }
            }
            Leave::Goto(label) => {
                let patch = self.jump(Ins::Goto { target: 0 });
                self.labels.entry(label).or_default().patches.push(patch);
            }
            Leave::Return(Some(src)) => {
                self.emit(Ins::Return { src });
            }
            Leave::Return(None) if self.gosub => {
                self.emit(Ins::ReturnGosub);
            }
            Leave::Return(None) => {
                self.emit(Ins::ReturnNull);
            }
            Leave::Exit => {
                self.emit(Ins::Exit);
            }
        }
    }
}
