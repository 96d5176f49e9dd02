//! The interpreter loop. The inner loop runs one frame with its registers borrowed; whatever needs the
//! whole machine (calls, errors, effects, collection) leaves it with a signal and comes back.

use std::{cmp::Ordering, sync::Arc};

use botserver_basic_types::{BasicError, Slot, Val, ops};

use super::{
    Machine, State, Step,
    errors::Trap,
    limits,
    slow::{self, Registers},
};
use crate::code::{Ins, Reg};

/// Why the inner loop was left. `pc` has been saved in the frame before.
enum Signal {
    Call {
        chunk: u16,
        base: Reg,
        argc: u16,
    },
    CallScript {
        base: Reg,
        argc: u16,
    },
    Return(Val),
    Exit,
    Effect {
        site: u32,
    },
    Fuel,
    Collect,
    Raise(Box<BasicError>),
    /// An instruction that works on the machine as a whole.
    Whole(Ins),
}

/// What a call or loop round costs beside its instructions.
const CALL_COST: u64 = 8;

impl Machine {
    /// Runs until a step is reached.
    pub(super) fn execute(&mut self) -> Step {
        let image = Arc::clone(&self.image);
        loop {
            let signal = self.run_frame(&image);
            if !matches!(signal, Signal::Raise(_)) {
                self.retried = None;
            }
            let outcome = match signal {
                Signal::Call { chunk, base, argc } => {
                    let Some(frame) = self.frames.last() else { return self.broken() };
                    let (script, base) = (frame.script, frame.base as usize + usize::from(base));
                    if self.fuel < CALL_COST {
                        self.fuel = 0;
                    } else {
                        self.fuel -= CALL_COST;
                    }
                    self.push_frame(script, chunk, base, usize::from(argc))
                }
                Signal::Return(value) => {
                    if self.leave_frame(value) {
                        return self.ended();
                    }
                    Ok(())
                }
                Signal::Exit => {
                    if self.leave_script() {
                        return self.ended();
                    }
                    Ok(())
                }
                Signal::CallScript { base, argc } => {
                    let base = self.frames.last().map_or(0, |frame| frame.base as usize) + usize::from(base);
                    self.fuel = self.fuel.saturating_sub(CALL_COST);
                    self.call_script(base, usize::from(argc))
                }
                Signal::Effect { site } => match self.suspend(site) {
                    Ok(request) => {
                        self.state = State::Waiting;
                        return Step::Effect(request);
                    }
                    Err(error) => Err(error),
                },
                Signal::Fuel => return Step::Fuel,
                Signal::Collect => {
                    self.collect();
                    Ok(())
                }
                Signal::Raise(error) => self.retry_or(*error),
                Signal::Whole(Ins::ReturnGosub) => {
                    if !self.end_gosub() && self.leave_frame(Val::Null) {
                        return self.ended();
                    }
                    Ok(())
                }
                Signal::Whole(ins) => self.whole(ins),
            };
            match outcome {
                Ok(()) => {
                    if self.fuel == 0 {
                        return Step::Fuel;
                    }
                }
                Err(error) => {
                    if let Err(error) = self.raise(error) {
                        return self.end(Err(error));
                    }
                    if self.fuel == 0 {
                        return Step::Fuel;
                    }
                }
            }
        }
    }

    fn ended(&mut self) -> Step {
        match &self.state {
            State::Ended(Ok(value)) => Step::Done(value.clone()),
            State::Ended(Err(error)) => Step::Failed(error.clone()),
            State::Ready | State::Waiting => self.broken(),
        }
    }

    /// A state that verified code cannot reach.
    #[cold]
    fn broken(&mut self) -> Step {
        self.end(Err(BasicError::new(9006, "the compiled script is damaged")))
    }

    /// An instruction that ran out of memory is tried once more after a collection.
    #[cold]
    fn retry_or(&mut self, error: BasicError) -> Result<(), BasicError> {
        let at = (self.frames.last().map_or(0, |frame| frame.pc), self.fuel);
        if self.heap.bytes > self.heap.limits.bytes && self.retried != Some(at) {
            self.collect();
            if let Some(frame) = self.frames.last_mut()
                && self.heap.bytes < self.heap.limits.bytes
            {
                self.retried = Some(at);
                frame.pc -= 1;
                return Ok(());
            }
        }
        Err(error)
    }

    /// Instructions on error handling and script-wide jumps.
    #[cold]
    fn whole(&mut self, ins: Ins) -> Result<(), BasicError> {
        let top = self.frames.len() as u32 - 1;
        match ins {
            Ins::OnErrorResumeNext => self.set_trap(Trap::ResumeNext),
            Ins::OnErrorGoto { target } => self.set_trap(Trap::Goto { frame: top, target }),
            Ins::OnErrorOff => {
                self.set_trap(Trap::Off);
                self.error = None;
            }
            Ins::ClearError => self.error = None,
            Ins::Resume => self.resume_from_handler(|handling| handling.again)?,
            Ins::ResumeNext => self.resume_from_handler(|handling| handling.next)?,
            Ins::ResumeLabel { target } => self.resume_from_handler(|_| target)?,
            Ins::Gosub { target } => self.gosub(target)?,
            Ins::Goto { target } => {
                self.count_jump()?;
                if let Some(frame) = self.frames.last_mut() {
                    // Every jump is paid for as if it were backward.
                    self.fuel = self.fuel.saturating_sub(u64::from(frame.pc.abs_diff(target)).min(64) + 1);
                    frame.pc = target;
                }
            }
            Ins::CaughtError { dst } => {
                let error = self.caught()?;
                self.set(dst, error);
            }
            Ins::ErrorFlag { dst } => self.set(dst, Val::Bool(self.error.is_some())),
            Ins::ErrorMessage { dst } => {
                let message = self.error.as_ref().map(|error| error.message.clone()).unwrap_or_default();
                self.set(dst, super::text_value(message));
            }
            Ins::ErrorNumber { dst } => {
                let number = self.error.as_ref().map_or(0, |error| error.number);
                self.set(dst, Val::Int(i64::from(number)));
            }
            Ins::ErrorLine { dst } => {
                let line = self.error.as_ref().map_or(0, |error| error.line);
                self.set(dst, Val::Int(i64::from(line)));
            }
            Ins::Throw { src } | Ins::Rethrow { src } => {
                let value = self.get(src);
                return Err(self.thrown(&value, matches!(ins, Ins::Rethrow { .. }))?);
            }
            Ins::ThrowAssert { src } => {
                let value = self.get(src);
                let message = ops::text_of(&self.heap, &value)?;
                let message = if message.is_empty() {
                    "Assertion failed".to_owned()
                } else {
                    format!("Assertion failed: {message}")
                };
                return Err(BasicError::new(0, message));
            }
            _ => return Err(BasicError::new(9006, "the compiled script is damaged")),
        }
        Ok(())
    }

    fn index(&self, register: Reg) -> usize {
        self.frames.last().map_or(0, |frame| frame.base as usize) + usize::from(register)
    }

    pub(super) fn set(&mut self, register: Reg, value: Val) {
        let index = self.index(register);
        if let Some(slot) = self.registers.get_mut(index) {
            *slot = value;
        }
    }

    pub(super) fn get(&self, register: Reg) -> Val {
        self.registers.get(self.index(register)).cloned().unwrap_or_default()
    }

    /// Runs the topmost frame until something needs the whole machine.
    fn run_frame(&mut self, image: &crate::image::Image) -> Signal {
        let Self { registers, heap, fuel, hints, frames, runs, collect_at, limits, .. } = self;
        let damaged = || Signal::Raise(Box::new(BasicError::new(9006, "the compiled script is damaged")));
        let Some(frame) = frames.last_mut() else { return damaged() };
        let Some(chunk) = image.chunk(frame.script, frame.chunk) else { return damaged() };
        let code = chunk.code.as_slice();
        let Some((below, above)) = registers.split_at_mut_checked(frame.base as usize) else { return damaged() };
        let script_base = runs.last().map_or(0, |run| run.base as usize);
        let Some(window) = above.get_mut(..usize::from(chunk.registers)) else { return damaged() };
        let mut r = Registers(window);
        let mut pc = frame.pc as usize;

        macro_rules! check {
            ($result:expr) => {
                match $result {
                    Ok(value) => value,
                    Err(error) => break Signal::Raise(Box::new(error)),
                }
            };
        }
        // Goes back to `target` and pays for the way; the only places where a slice can end.
        macro_rules! back {
            ($target:expr) => {{
                let cost = (pc - ($target as usize).min(pc)) as u64 + 1;
                pc = $target as usize;
                if *fuel <= cost {
                    *fuel = 0;
                    break Signal::Fuel;
                }
                *fuel -= cost;
                if heap.bytes >= *collect_at {
                    break Signal::Collect;
                }
            }};
        }
        // A test that comes out as expected goes on with the jump behind it, at once.
        macro_rules! test {
            ($result:expr, $expect:expr) => {
                if $result == $expect {
                    if let Some(Ins::Jump { target }) = code.get(pc) {
                        pc = *target as usize;
                    }
                } else {
                    pc += 1;
                }
            };
        }
        macro_rules! arithmetic {
            ($dst:expr, $a:expr, $b:expr, $int:ident, $float:tt, $slow:path) => {
                match (&r[$a], &r[$b]) {
                    (Val::Int(a), Val::Int(b)) => {
                        let (a, b) = (*a, *b);
                        r[$dst] = a.$int(b).map_or_else(|| Val::Float(a as f64 $float b as f64), Val::Int);
                    }
                    (Val::Float(a), Val::Float(b)) => r[$dst] = Val::Float(a $float b),
                    (Val::Float(a), Val::Int(b)) => r[$dst] = Val::Float(a $float *b as f64),
                    (Val::Int(a), Val::Float(b)) => r[$dst] = Val::Float(*a as f64 $float b),
                    (a, b) => r[$dst] = check!($slow(a, b)),
                }
            };
        }

        let signal = loop {
            let Some(&ins) = code.get(pc) else { break damaged() };
            pc += 1;
            match ins {
                Ins::Nop => {}
                Ins::LoadNull { dst } => r[dst] = Val::Null,
                Ins::LoadBool { dst, value } => r[dst] = Val::Bool(value),
                Ins::LoadInt { dst, value } => r[dst] = Val::Int(i64::from(value)),
                Ins::LoadConst { dst, index } => {
                    r[dst] = image.consts.get(index as usize).cloned().unwrap_or_default();
                }
                Ins::Move { dst, src } => {
                    let value = slow::copy(&r[src]);
                    r[dst] = value;
                }
                Ins::GetScript { dst, slot } => {
                    r[dst] = below.get(script_base + usize::from(slot)).map(slow::copy).unwrap_or_default();
                }
                Ins::SetScript { slot, src } => {
                    if let Some(variable) = below.get_mut(script_base + usize::from(slot)) {
                        *variable = slow::copy(&r[src]);
                    }
                }
                Ins::Add { dst, a, b } => match (&r[a], &r[b]) {
                    (Val::Int(x), Val::Int(y)) => {
                        let (x, y) = (*x, *y);
                        r[dst] = x.checked_add(y).map_or_else(|| Val::Float(x as f64 + y as f64), Val::Int);
                    }
                    (Val::Float(x), Val::Float(y)) => r[dst] = Val::Float(x + y),
                    _ => check!(slow::add(heap, &mut r, dst, a, b)),
                },
                Ins::AddInt { dst, a, value } => match &r[a] {
                    Val::Int(x) => {
                        let x = *x;
                        r[dst] = x
                            .checked_add(i64::from(value))
                            .map_or_else(|| Val::Float(x as f64 + f64::from(value)), Val::Int);
                    }
                    x => r[dst] = check!(ops::add(heap, x, &Val::Int(i64::from(value)))),
                },
                Ins::Subtract { dst, a, b } => arithmetic!(dst, a, b, checked_sub, -, ops::subtract),
                Ins::SubtractInt { dst, a, value } => match &r[a] {
                    Val::Int(x) => {
                        let x = *x;
                        r[dst] = x
                            .checked_sub(i64::from(value))
                            .map_or_else(|| Val::Float(x as f64 - f64::from(value)), Val::Int);
                    }
                    x => r[dst] = check!(ops::subtract(x, &Val::Int(i64::from(value)))),
                },
                Ins::Multiply { dst, a, b } => arithmetic!(dst, a, b, checked_mul, *, ops::multiply),
                Ins::Divide { dst, a, b } => match (&r[a], &r[b]) {
                    (Val::Float(x), Val::Float(y)) if *y != 0.0 => r[dst] = Val::Float(x / y),
                    (x, y) => r[dst] = check!(ops::divide(x, y)),
                },
                Ins::Modulo { dst, a, b } => match (&r[a], &r[b]) {
                    (Val::Int(x), Val::Int(y)) if *y != 0 => r[dst] = Val::Int(x.wrapping_rem(*y)),
                    (x, y) => r[dst] = check!(ops::modulo(x, y)),
                },
                Ins::Power { dst, a, b } => r[dst] = check!(ops::power(&r[a], &r[b])),
                Ins::Concat { dst, a, b } => check!(slow::concat(heap, &mut r, dst, a, b)),
                Ins::Negate { dst, a } => r[dst] = check!(ops::negate(&r[a])),
                Ins::Not { dst, a } => r[dst] = Val::Bool(!slow::truthy(heap, &r[a])),
                Ins::Truth { dst, a } => r[dst] = Val::Bool(slow::truthy(heap, &r[a])),
                Ins::Equal { dst, a, b } => r[dst] = Val::Bool(check!(slow::equal(heap, &r[a], &r[b]))),
                Ins::NotEqual { dst, a, b } => r[dst] = Val::Bool(!check!(slow::equal(heap, &r[a], &r[b]))),
                Ins::Less { dst, a, b } => r[dst] = Val::Bool(check!(slow::less(heap, &r[a], &r[b]))),
                Ins::LessEqual { dst, a, b } => {
                    r[dst] = Val::Bool(check!(slow::less_equal(heap, &r[a], &r[b])));
                }
                Ins::Like { dst, a, b } => r[dst] = Val::Bool(check!(slow::like(heap, &r[a], &r[b], false))),
                Ins::ILike { dst, a, b } => r[dst] = Val::Bool(check!(slow::like(heap, &r[a], &r[b], true))),
                Ins::Contains { dst, a, b } => r[dst] = Val::Bool(check!(ops::contains(heap, &r[a], &r[b]))),
                Ins::IsNull { dst, a } => r[dst] = Val::Bool(ops::is_null(heap, &r[a])),
                Ins::Xor { dst, a, b } => {
                    r[dst] = Val::Bool(slow::truthy(heap, &r[a]) != slow::truthy(heap, &r[b]));
                }
                Ins::Append { dst, first, count } => {
                    let mut value = std::mem::take(&mut r[dst]);
                    let result = slow::append(heap, &mut value, r.range(first, count));
                    r[dst] = value;
                    check!(result);
                }
                Ins::AppendScript { slot, first, count } => {
                    if let Some(variable) = below.get_mut(script_base + usize::from(slot)) {
                        check!(slow::append(heap, variable, r.range(first, count)));
                    }
                }
                Ins::Interpolate { dst, first, count } => {
                    r[dst] = check!(slow::interpolate(heap, r.range(first, count)));
                }
                Ins::Jump { target } => pc = target as usize,
                Ins::JumpIf { a, target } => {
                    if slow::truthy(heap, &r[a]) {
                        pc = target as usize;
                    }
                }
                Ins::JumpUnless { a, target } => {
                    if !slow::truthy(heap, &r[a]) {
                        pc = target as usize;
                    }
                }
                Ins::JumpNull { a, target } => {
                    if slow::is_nothing(heap, &r[a]) {
                        pc = target as usize;
                    }
                }
                Ins::JumpNotNull { a, target } => {
                    if !slow::is_nothing(heap, &r[a]) {
                        pc = target as usize;
                    }
                }
                Ins::TestEqual { a, b, expect } => test!(check!(slow::equal(heap, &r[a], &r[b])), expect),
                Ins::TestLess { a, b, expect } => test!(check!(slow::less(heap, &r[a], &r[b])), expect),
                Ins::TestLessEqual { a, b, expect } => {
                    test!(check!(slow::less_equal(heap, &r[a], &r[b])), expect);
                }
                Ins::TestEqualInt { a, value, expect } => match &r[a] {
                    Val::Int(x) => test!((*x == i64::from(value)), expect),
                    x => test!(check!(ops::equal(heap, x, &Val::Int(i64::from(value)))), expect),
                },
                Ins::TestLessInt { a, value, expect } => match &r[a] {
                    Val::Int(x) => test!((*x < i64::from(value)), expect),
                    x => test!(check!(slow::order(heap, x, value)).is_some_and(Ordering::is_lt), expect),
                },
                Ins::TestLessEqualInt { a, value, expect } => match &r[a] {
                    Val::Int(x) => test!((*x <= i64::from(value)), expect),
                    x => test!(check!(slow::order(heap, x, value)).is_some_and(Ordering::is_le), expect),
                },
                Ins::TestGreaterInt { a, value, expect } => match &r[a] {
                    Val::Int(x) => test!((*x > i64::from(value)), expect),
                    x => test!(check!(slow::order(heap, x, value)).is_some_and(Ordering::is_gt), expect),
                },
                Ins::TestGreaterEqualInt { a, value, expect } => match &r[a] {
                    Val::Int(x) => test!((*x >= i64::from(value)), expect),
                    x => test!(check!(slow::order(heap, x, value)).is_some_and(Ordering::is_ge), expect),
                },
                Ins::LoopBack { counter, target } => {
                    let rounds = if let Val::Int(rounds) = r[counter] { rounds + 1 } else { 1 };
                    if rounds as u64 > limits.loop_rounds {
                        break Signal::Raise(Box::new(limits::too_many_rounds(limits.loop_rounds)));
                    }
                    r[counter] = Val::Int(rounds);
                    back!(target);
                }
                Ins::ForPrep { var, state, exit } => {
                    if !check!(slow::for_prepare(&mut r, var, state)) {
                        pc = exit as usize;
                    }
                }
                Ins::ForLoop { var, state, target } => {
                    let more = match (&r[var], &r[state], &r[state + 1]) {
                        (Val::Int(value), Val::Int(limit), Val::Int(step)) => {
                            let (limit, step) = (*limit, *step);
                            match value.checked_add(step) {
                                Some(next) => {
                                    r[var] = Val::Int(next);
                                    if step > 0 { next <= limit } else { next >= limit }
                                }
                                None => false,
                            }
                        }
                        _ => check!(slow::for_advance(&mut r, var, state)),
                    };
                    if more {
                        let rounds = if let Val::Int(rounds) = r[state + 2] { rounds + 1 } else { 1 };
                        if rounds as u64 > limits.loop_rounds {
                            break Signal::Raise(Box::new(limits::too_many_rounds(limits.loop_rounds)));
                        }
                        r[state + 2] = Val::Int(rounds);
                        back!(target);
                    }
                }
                Ins::EachPrep { state, src } => check!(slow::each_prepare(heap, &mut r, state, src)),
                Ins::EachNext { dst, state, exit } => {
                    let Some((position, value)) = slow::each_next(heap, &r, state) else {
                        pc = exit as usize;
                        continue;
                    };
                    if position as u64 >= limits.loop_rounds {
                        break Signal::Raise(Box::new(limits::too_many_rounds(limits.loop_rounds)));
                    }
                    r[state + 1] = Val::Int(position + 1);
                    r[dst] = value;
                    if *fuel <= 8 {
                        *fuel = 0;
                        break Signal::Fuel;
                    }
                    *fuel -= 8;
                    if heap.bytes >= *collect_at {
                        break Signal::Collect;
                    }
                }
                Ins::Call { chunk, base, argc } => {
                    if heap.bytes >= *collect_at {
                        pc -= 1;
                        break Signal::Collect;
                    }
                    break Signal::Call { chunk, base, argc };
                }
                Ins::CallScript { base, argc } => break Signal::CallScript { base, argc },
                Ins::CallNative { argc, function, base, dst } => {
                    let Some(Some(native)) = image.natives.get(usize::from(function)) else {
                        break Signal::Raise(Box::new(slow::missing_native(image, function)));
                    };
                    let before = heap.bytes;
                    let args = r.range_mut(base, u16::from(argc));
                    let value = check!((native.run)(heap, args));
                    args.fill(Val::Null);
                    r[dst] = value;
                    // What a function allocates is a measure of its work.
                    *fuel = fuel.saturating_sub((heap.bytes.saturating_sub(before) as u64) >> 6);
                }
                Ins::Mutate { argc, function, base, dst } => {
                    let Some(Some(native)) = image.natives.get(usize::from(function)) else {
                        break Signal::Raise(Box::new(slow::missing_native(image, function)));
                    };
                    let args = r.range_mut(base, u16::from(argc));
                    let value = check!(slow::mutate(heap, native.run, args));
                    args.fill(Val::Null);
                    r[dst] = value;
                }
                Ins::Push { list, src } => check!(slow::push(heap, &mut r, list, src)),
                Ins::Return { src } => break Signal::Return(slow::copy(&r[src])),
                Ins::ReturnNull => break Signal::Return(Val::Null),
                Ins::Exit => break Signal::Exit,
                Ins::NewArray { dst, first, count } => {
                    let items = r.range(first, count).to_vec();
                    r[dst] = Val::Array(check!(heap.new_array(items)));
                }
                Ins::Extend { list, first, count } => check!(slow::extend(heap, &r, list, first, count)),
                Ins::NewObject { dst, shape, first } => {
                    r[dst] = check!(slow::new_object(heap, image, &r, shape, first));
                }
                Ins::NewFor { dst, index } => r[dst] = check!(slow::new_for(heap, &r[index])),
                Ins::GetField { dst, object, name } => {
                    let Some(field) = image.body.names.get(usize::from(name)) else { break damaged() };
                    if let Val::Object(handle) = &r[object]
                        && let Some(Slot::Object(fields)) = heap.slots.get(handle.0 as usize)
                        && let Some((key, value)) =
                            hints.get(usize::from(name)).and_then(|hint| fields.get_index(*hint as usize))
                        && (Arc::ptr_eq(key, field) || key == field)
                    {
                        r[dst] = slow::copy(value);
                    } else {
                        r[dst] = check!(slow::get_field(heap, hints, &r[object], name, field));
                    }
                }
                Ins::SetField { object, name, src } => {
                    let Some(field) = image.body.names.get(usize::from(name)) else { break damaged() };
                    if let Val::Object(handle) = &r[object]
                        && let Some(Slot::Object(fields)) = heap.slots.get_mut(handle.0 as usize)
                        && let Some((key, value)) =
                            hints.get(usize::from(name)).and_then(|hint| fields.get_index_mut(*hint as usize))
                        && (Arc::ptr_eq(key, field) || key == field)
                    {
                        *value = slow::copy(&r[src]);
                    } else {
                        check!(slow::set_field(heap, hints, &mut r, object, (name, field), src));
                    }
                }
                Ins::GetIndex { dst, object, index } => {
                    if let (Val::Array(handle), Val::Int(position)) = (&r[object], &r[index])
                        && let Some(Slot::Array(items)) = heap.slots.get(handle.0 as usize)
                        && let Some(value) = items.get(*position as usize)
                    {
                        r[dst] = slow::copy(value);
                    } else {
                        r[dst] = check!(ops::index_get(heap, &r[object], &r[index]));
                    }
                }
                Ins::SetIndex { object, index, src } => {
                    if let (Val::Array(handle), Val::Int(position)) = (&r[object], &r[index])
                        && let Some(Slot::Array(items)) = heap.slots.get_mut(handle.0 as usize)
                        && let Some(value) = items.get_mut(*position as usize)
                    {
                        *value = slow::copy(&r[src]);
                    } else {
                        check!(slow::set_index(heap, &mut r, object, index, src));
                    }
                }
                Ins::Dim { dst, first, count, redim } => {
                    r[dst] = check!(slow::dim(heap, &r, dst, (first, count), redim));
                }
                Ins::Effect { site, .. } => break Signal::Effect { site },
                Ins::Goto { .. }
                | Ins::Gosub { .. }
                | Ins::ReturnGosub
                | Ins::Throw { .. }
                | Ins::ThrowAssert { .. }
                | Ins::Rethrow { .. }
                | Ins::CaughtError { .. }
                | Ins::ErrorFlag { .. }
                | Ins::ErrorMessage { .. }
                | Ins::ErrorNumber { .. }
                | Ins::ErrorLine { .. }
                | Ins::ClearError
                | Ins::OnErrorResumeNext
                | Ins::OnErrorGoto { .. }
                | Ins::OnErrorOff
                | Ins::Resume
                | Ins::ResumeNext
                | Ins::ResumeLabel { .. } => break Signal::Whole(ins),
            }
        };
        frame.pc = pc as u32;
        signal
    }
}
