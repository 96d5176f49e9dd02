//! The inner loop of the interpreter: it runs the topmost frames with their registers borrowed, and leaves with a
//! signal when something needs the whole machine.

use std::{cmp::Ordering, sync::Arc};

use botserver_basic_types::{BasicError, Slot, Val, ops};

use super::{
    Frame, Machine,
    debug::Probe,
    execute::{CALL_COST, Signal},
    limits,
    slow::{self, NARROW, Registers, Window, put, put_int},
};
use crate::code::Ins;

impl Machine {
    /// Runs the topmost frame, and the procedures it calls, until something needs the whole machine.
    pub(super) fn run_frame<W: Window + ?Sized, P: Probe>(&mut self, probe: P) -> Signal {
        let Self { image, registers, heap, fuel, hints, frames, runs, collect_at, limits, local_traps, debt, .. } =
            self;
        let image = &**image;
        let damaged = || Signal::Raise(Box::new(BasicError::new(9006, "the compiled script is damaged")));
        let Some(run) = runs.last() else { return damaged() };
        let (body, script_base) = (run.frame as usize, run.base as usize);
        let Some(script) = frames.last().and_then(|frame| image.body.scripts.get(usize::from(frame.script))) else {
            return damaged();
        };
        // A frame just written is not read back as a whole: that would wait for its parts to arrive in memory.
        let Some(mut frame) = frames.last().copied() else { return damaged() };
        'frame: loop {
            let Some(chunk) = script.chunks.get(usize::from(frame.chunk)) else { return damaged() };
            let code = chunk.code.as_slice();
            let Some((below, above)) = registers.split_at_mut_checked(frame.base as usize) else {
                return damaged();
            };
            let Some(window) = W::of(above, chunk.registers) else { return Signal::Window };
            let mut r = Registers(window);
            let mut pc = frame.pc as usize;
            let watched = probe.enter(frame);

            macro_rules! check {
                ($result:expr) => {
                    match $result {
                        Ok(value) => value,
                        Err(error) => break Signal::Raise(Box::new(error)),
                    }
                };
            }
            // Goes back to `target` and pays for the way: whatever repeats comes through here or a call.
            macro_rules! back {
                ($target:expr) => {{
                    let cost = (pc - ($target as usize).min(pc)) as u64 + 1 + heap.settle();
                    pc = $target as usize;
                    if !limits::pay(fuel, debt, cost) {
                        break Signal::Fuel;
                    }
                    if heap.bytes >= *collect_at {
                        break Signal::Collect;
                    }
                }};
            }
            // Pays for work that depends on the size of values; an instruction that may do much ends with this.
            macro_rules! settle {
                () => {
                    let cost = heap.settle();
                    if cost > 0 && !limits::pay(fuel, debt, cost) {
                        break Signal::Fuel;
                    }
                };
            }
            // A test that comes out as expected goes on with the jump behind it, at once.
            macro_rules! test {
                ($result:expr, $expect:expr) => {
                    if $result == $expect {
                        if let Some(Ins::Jump { target }) = code.get(pc)
                            && *target as usize > pc
                        {
                            pc = *target as usize;
                        }
                    } else {
                        pc += 1;
                    }
                };
            }
            macro_rules! count_round {
                ($counter:expr) => {
                    let rounds = match &mut r[$counter] {
                        Val::Int(rounds) => {
                            *rounds += 1;
                            *rounds as u64
                        }
                        other => {
                            *other = Val::Int(1);
                            1
                        }
                    };
                    if rounds > limits.loop_rounds {
                        break Signal::Raise(Box::new(limits::too_many_rounds(limits.loop_rounds)));
                    }
                };
            }
            // Copies without a detour over the stack: numbers are written in halves, and reading the whole
            // right behind that would wait for the store.
            macro_rules! copy {
                ($from:expr => $to:expr) => {
                    if let Val::Int(value) = &$from {
                        let value = *value;
                        put_int(&mut $to, value);
                    } else {
                        match &$from {
                            Val::Float(value) => {
                                let value = *value;
                                put(&mut $to, Val::Float(value));
                            }
                            Val::Bool(value) => {
                                let value = *value;
                                put(&mut $to, Val::Bool(value));
                            }
                            Val::Null => put(&mut $to, Val::Null),
                            other => {
                                let value = other.clone();
                                put(&mut $to, value);
                            }
                        }
                    }
                };
            }
            macro_rules! arithmetic {
            ($dst:expr, $a:expr, $b:expr, $int:ident, $float:tt, $slow:path) => {
                match (&r[$a], &r[$b]) {
                    (Val::Int(a), Val::Int(b)) => match a.$int(*b) {
                        Some(result) => put_int(&mut r[$dst], result),
                        None => r[$dst] = check!($slow(&r[$a], &r[$b])),
                    },
                    (Val::Float(a), Val::Float(b)) => {
                        let result = a $float b;
                        if result.is_finite() {
                            put(&mut r[$dst], Val::Float(result));
                        } else {
                            r[$dst] = check!(ops::finite(result));
                        }
                    }
                    (a, b) => r[$dst] = check!($slow(a, b)),
                }
            };
        }

            let signal = loop {
                // Nothing at all in a machine that nobody debugs.
                if probe.stops(watched, pc, frames.len()) {
                    break Signal::Statement;
                }
                let Some(ins) = code.get(pc) else { break damaged() };
                pc += 1;
                match *ins {
                    Ins::Nop => {}
                    Ins::LoadNull { dst } => put(&mut r[dst], Val::Null),
                    Ins::LoadBool { dst, value } => put(&mut r[dst], Val::Bool(value)),
                    Ins::LoadInt { dst, value } => put_int(&mut r[dst], i64::from(value)),
                    Ins::LoadConst { dst, index } => {
                        r[dst] = image.consts.get(index as usize).cloned().unwrap_or_default();
                    }
                    Ins::Move { dst, src } => copy!(r[src] => r[dst]),
                    Ins::GetScript { dst, slot } => {
                        if let Some(variable) = below.get(script_base + usize::from(slot)) {
                            copy!(*variable => r[dst]);
                        }
                    }
                    Ins::SetScript { slot, src } => {
                        if let Some(variable) = below.get_mut(script_base + usize::from(slot)) {
                            copy!(r[src] => *variable);
                        }
                    }
                    Ins::Add { dst, a, b } => match (&r[a], &r[b]) {
                        (Val::Int(x), Val::Int(y)) => match x.checked_add(*y) {
                            Some(sum) => put_int(&mut r[dst], sum),
                            None => check!(slow::add(heap, &mut r, dst, a, b)),
                        },
                        (Val::Float(x), Val::Float(y)) => {
                            let sum = x + y;
                            if sum.is_finite() {
                                put(&mut r[dst], Val::Float(sum));
                            } else {
                                r[dst] = check!(ops::finite(sum));
                            }
                        }
                        _ => {
                            check!(slow::add(heap, &mut r, dst, a, b));
                            settle!();
                        }
                    },
                    Ins::AddInt { dst, a, value } => {
                        if let Val::Int(x) = &r[a]
                            && let Some(sum) = x.checked_add(i64::from(value))
                        {
                            put_int(&mut r[dst], sum);
                        } else {
                            r[dst] = check!(ops::add(heap, &r[a], &Val::Int(i64::from(value))));
                            settle!();
                        }
                    }
                    Ins::Subtract { dst, a, b } => arithmetic!(dst, a, b, checked_sub, -, ops::subtract),
                    Ins::SubtractInt { dst, a, value } => {
                        if let Val::Int(x) = &r[a]
                            && let Some(difference) = x.checked_sub(i64::from(value))
                        {
                            put_int(&mut r[dst], difference);
                        } else {
                            r[dst] = check!(ops::subtract(&r[a], &Val::Int(i64::from(value))));
                        }
                    }
                    Ins::Multiply { dst, a, b } => arithmetic!(dst, a, b, checked_mul, *, ops::multiply),
                    Ins::Divide { dst, a, b } => match (&r[a], &r[b]) {
                        (Val::Float(x), Val::Float(y)) if *y != 0.0 => {
                            let quotient = x / y;
                            if quotient.is_finite() {
                                put(&mut r[dst], Val::Float(quotient));
                            } else {
                                r[dst] = check!(ops::finite(quotient));
                            }
                        }
                        (x, y) => r[dst] = check!(ops::divide(x, y)),
                    },
                    Ins::Modulo { dst, a, b } => match (&r[a], &r[b]) {
                        (Val::Int(x), Val::Int(y)) if *y != 0 => {
                            let rest = x.wrapping_rem(*y);
                            put_int(&mut r[dst], rest);
                        }
                        (x, y) => r[dst] = check!(ops::modulo(x, y)),
                    },
                    Ins::ModuloInt { dst, a, value } => match &r[a] {
                        // Small numbers divide faster.
                        Val::Int(x)
                            if value > 0
                                && let Ok(small) = u32::try_from(*x) =>
                        {
                            let rest = i64::from(small % u32::from(value.unsigned_abs()));
                            put_int(&mut r[dst], rest);
                        }
                        x => r[dst] = check!(ops::modulo(x, &Val::Int(i64::from(value)))),
                    },
                    Ins::Power { dst, a, b } => r[dst] = check!(ops::power(&r[a], &r[b])),
                    Ins::Concat { dst, a, b } => {
                        check!(slow::concat(heap, &mut r, dst, a, b));
                        settle!();
                    }
                    Ins::Negate { dst, a } => r[dst] = check!(ops::negate(&r[a])),
                    Ins::Not { dst, a } => {
                        let result = !slow::truthy(heap, &r[a]);
                        put(&mut r[dst], Val::Bool(result));
                    }
                    Ins::Truth { dst, a } => {
                        let result = slow::truthy(heap, &r[a]);
                        put(&mut r[dst], Val::Bool(result));
                    }
                    Ins::Equal { dst, a, b } => {
                        let result = check!(slow::equal(heap, &r[a], &r[b]));
                        put(&mut r[dst], Val::Bool(result));
                        settle!();
                    }
                    Ins::NotEqual { dst, a, b } => {
                        let result = !check!(slow::equal(heap, &r[a], &r[b]));
                        put(&mut r[dst], Val::Bool(result));
                        settle!();
                    }
                    Ins::Less { dst, a, b } => {
                        let result = check!(slow::less(heap, &r[a], &r[b]));
                        put(&mut r[dst], Val::Bool(result));
                        settle!();
                    }
                    Ins::LessEqual { dst, a, b } => {
                        let result = check!(slow::less_equal(heap, &r[a], &r[b]));
                        put(&mut r[dst], Val::Bool(result));
                        settle!();
                    }
                    Ins::Like { dst, a, b } => {
                        let result = check!(slow::like(heap, &r[a], &r[b], false));
                        put(&mut r[dst], Val::Bool(result));
                        settle!();
                    }
                    Ins::ILike { dst, a, b } => {
                        let result = check!(slow::like(heap, &r[a], &r[b], true));
                        put(&mut r[dst], Val::Bool(result));
                        settle!();
                    }
                    Ins::Contains { dst, a, b } => {
                        let result = check!(ops::contains(heap, &r[a], &r[b]));
                        put(&mut r[dst], Val::Bool(result));
                        settle!();
                    }
                    Ins::IsNull { dst, a } => {
                        let result = ops::is_null(heap, &r[a]);
                        put(&mut r[dst], Val::Bool(result));
                    }
                    Ins::Xor { dst, a, b } => {
                        r[dst] = Val::Bool(slow::truthy(heap, &r[a]) != slow::truthy(heap, &r[b]));
                    }
                    Ins::Append { dst, first, count } => {
                        let mut value = std::mem::take(&mut r[dst]);
                        let result = slow::append(heap, &mut value, r.range(first, count));
                        r[dst] = value;
                        check!(result);
                        settle!();
                    }
                    Ins::AppendScript { slot, first, count } => {
                        if let Some(variable) = below.get_mut(script_base + usize::from(slot)) {
                            check!(slow::append(heap, variable, r.range(first, count)));
                        }
                        settle!();
                    }
                    Ins::Interpolate { dst, first, count } => {
                        r[dst] = check!(slow::interpolate(heap, r.range(first, count)));
                        settle!();
                    }
                    Ins::Jump { target } => {
                        if target as usize >= pc {
                            pc = target as usize;
                        } else {
                            back!(target);
                        }
                    }
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
                    Ins::TestEqual { a, b, expect } => {
                        test!(check!(slow::equal(heap, &r[a], &r[b])), expect);
                        settle!();
                    }
                    Ins::TestLess { a, b, expect } => {
                        test!(check!(slow::less(heap, &r[a], &r[b])), expect);
                        settle!();
                    }
                    Ins::TestLessEqual { a, b, expect } => {
                        test!(check!(slow::less_equal(heap, &r[a], &r[b])), expect);
                        settle!();
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
                        count_round!(counter);
                        back!(target);
                    }
                    Ins::ForPrep { var, state } => {
                        if check!(slow::for_prepare(&mut r, var, state)) {
                            pc += 1;
                        }
                    }
                    Ins::ForLoop { var, state } => {
                        let more = if let (Val::Int(value), Val::Int(limit), Val::Int(step)) =
                            (&r[var], &r[state], &r[state + 1])
                            && let Some(next) = value.checked_add(*step)
                        {
                            let more = if *step > 0 { next <= *limit } else { next >= *limit };
                            put_int(&mut r[var], next);
                            more
                        } else {
                            check!(slow::for_advance(&mut r, var, state))
                        };
                        if more {
                            count_round!(state + 2);
                            let Some(Ins::Jump { target }) = code.get(pc) else { break damaged() };
                            back!(*target);
                        } else {
                            pc += 1;
                        }
                    }
                    Ins::EachPrep { state, src } => {
                        check!(slow::each_prepare(heap, &mut r, state, src));
                        settle!();
                    }
                    Ins::EachNext { dst, state } => {
                        // At the end the jump behind this leaves the loop.
                        let Some((position, value)) = slow::each_next(heap, &r, state) else { continue };
                        if position as u64 >= limits.loop_rounds {
                            break Signal::Raise(Box::new(limits::too_many_rounds(limits.loop_rounds)));
                        }
                        r[state + 1] = Val::Int(position + 1);
                        r[dst] = value;
                        pc += 1;
                    }
                    Ins::Call { chunk, base, argc } => {
                        if heap.bytes >= *collect_at {
                            pc -= 1;
                            break Signal::Collect;
                        }
                        let Some(callee) = script.chunks.get(usize::from(chunk)) else { break damaged() };
                        let cost = CALL_COST + heap.settle();
                        if frames.len() >= limits.depth || *fuel <= cost {
                            // Raises, or ends the slice.
                            heap.note_instructions(cost - CALL_COST);
                            break Signal::Call { chunk, base, argc };
                        }
                        *fuel -= cost;
                        if let Some(caller) = frames.last_mut() {
                            caller.pc = pc as u32;
                        }
                        let base = frame.base as usize + usize::from(base);
                        let end = base + usize::from(callee.registers);
                        if registers.len() < base + NARROW {
                            slow::grow(registers, base + 2 * NARROW);
                        }
                        if registers.len() < end {
                            slow::grow(registers, end);
                        }
                        if let Some(fresh) = registers.get_mut(base + usize::from(argc)..end) {
                            slow::clear(fresh);
                        }
                        frame = Frame { chunk, pc: 0, base: base as u32, script: frame.script };
                        frames.push(frame);
                        continue 'frame;
                    }
                    Ins::CallScript { base, argc } => break Signal::CallScript { base, argc },
                    Ins::CallNative { argc, function, base, dst } => {
                        let Some(Some(native)) = image.natives.get(usize::from(function)) else {
                            break Signal::Raise(Box::new(slow::missing_native(image, function)));
                        };
                        let args = r.range_mut(base, u16::from(argc));
                        let value = check!((native.run)(heap, args));
                        args.fill(Val::Null);
                        r[dst] = value;
                        settle!();
                    }
                    Ins::Mutate { argc, function, base, dst } => {
                        let Some(Some(native)) = image.natives.get(usize::from(function)) else {
                            break Signal::Raise(Box::new(slow::missing_native(image, function)));
                        };
                        let args = r.range_mut(base, u16::from(argc));
                        let value = check!(slow::mutate(heap, native.run, args));
                        args.fill(Val::Null);
                        r[dst] = value;
                        settle!();
                    }
                    Ins::Push { list, src } => {
                        if let Val::Array(handle) = &r[list]
                            && let Some(Slot::Array(items)) = heap.slots.get_mut(handle.0 as usize)
                            && items.len() < heap.limits.array_len
                            && heap.bytes + size_of::<Val>() <= heap.limits.bytes
                        {
                            heap.bytes += size_of::<Val>();
                            items.push(slow::copy(&r[src]));
                        } else {
                            check!(slow::push(heap, &mut r, list, src));
                        }
                    }
                    Ins::Return { src } => {
                        // The usual case: back from a procedure whose frame nobody has set a trap in.
                        if frames.len() - 1 == body || *local_traps > 0 {
                            break Signal::Return(r[src].clone());
                        }
                        let value = std::mem::take(&mut r[src]);
                        slow::clear(r.range_mut(0, chunk.params));
                        // The result stands where the caller put the first argument.
                        if let Some(slot) = registers.get_mut(frame.base as usize) {
                            put(slot, value);
                        }
                        frames.pop();
                        let Some(caller) = frames.last() else { break damaged() };
                        let Frame { script, chunk, pc, base } = *caller;
                        frame = Frame { script, chunk, pc, base };
                        continue 'frame;
                    }
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
                            copy!(*value => r[dst]);
                        } else {
                            r[dst] = check!(slow::get_field(heap, hints, &r[object], name, field));
                            settle!();
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
                            copy!(r[src] => *value);
                        } else {
                            check!(slow::set_field(heap, hints, &mut r, object, (name, field), src));
                            settle!();
                        }
                    }
                    Ins::GetIndex { dst, object, index } => {
                        if let (Val::Array(handle), Val::Int(position)) = (&r[object], &r[index])
                            && let Some(Slot::Array(items)) = heap.slots.get(handle.0 as usize)
                            && let Some(value) = items.get(*position as usize)
                        {
                            copy!(*value => r[dst]);
                        } else {
                            r[dst] = check!(ops::index_get(heap, &r[object], &r[index]));
                            settle!();
                        }
                    }
                    Ins::SetIndex { object, index, src } => {
                        if let (Val::Array(handle), Val::Int(position)) = (&r[object], &r[index])
                            && let Some(Slot::Array(items)) = heap.slots.get_mut(handle.0 as usize)
                            && let Some(value) = items.get_mut(*position as usize)
                        {
                            copy!(r[src] => *value);
                        } else {
                            check!(slow::set_index(heap, &mut r, object, index, src));
                            settle!();
                        }
                    }
                    Ins::Dim { dst, first, count, redim } => {
                        r[dst] = check!(slow::dim(heap, &r, dst, (first, count), redim));
                        settle!();
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
                    | Ins::ResumeLabel { .. }
                    | Ins::EnterFinally { .. }
                    | Ins::SetKey { .. } => break Signal::Whole(*ins),
                }
            };
            if let Some(frame) = frames.last_mut() {
                frame.pc = pc as u32;
            }
            return signal;
        }
    }
}
