//! Checks code that was read from bytes: every register, jump and table index is in range, so that the
//! interpreter can index without a thought. Code from the compiler passes by construction (tests check).

use crate::{
    code::{Chunk, ChunkKind, Ins, Node, Site, SiteArg, SiteHear},
    image::{Body, ScriptCode},
};

/// The tallest tree of a condition; the parser's expressions are lower.
const MAX_HEIGHT: u32 = 2 * botserver_basic_syntax::ast::MAX_HEIGHT as u32;

type Check = Result<(), &'static str>;

/// Checks a whole image.
pub(crate) fn body(body: &Body) -> Check {
    if body.scripts.len() > usize::from(u16::MAX) {
        return Err("too many scripts");
    }
    let names_ok = |names: &[u16]| names.iter().all(|name| usize::from(*name) < body.names.len());
    if !body.shapes.iter().all(|shape| names_ok(shape)) {
        return Err("a shape names a field that does not exist");
    }
    body.scripts.iter().try_for_each(|code| script(body, code))
}

fn script(body: &Body, code: &ScriptCode) -> Check {
    let variables = code.variables.len();
    if code.spellings.len() != variables || code.params.iter().any(|slot| usize::from(*slot) >= variables) {
        return Err("a parameter has no variable");
    }
    let is_body = |index: u16| code.chunks.get(usize::from(index)).is_some_and(|chunk| chunk.kind == ChunkKind::Body);
    if !code.handlers.iter().all(|index| is_body(*index)) || (!code.chunks.is_empty() && !is_body(0)) {
        return Err("a handler has no code");
    }
    code.chunks.iter().try_for_each(|chunk| Checker { body, code, chunk }.chunk())
}

struct Checker<'a> {
    body: &'a Body,
    code: &'a ScriptCode,
    chunk: &'a Chunk,
}

impl Checker<'_> {
    fn chunk(&self) -> Check {
        let Self { chunk, code, .. } = self;
        let len = chunk.code.len() as u32;
        if chunk.kind == ChunkKind::Body && usize::from(chunk.registers) < code.variables.len() {
            return Err("too few registers for the variables");
        }
        if chunk.params > chunk.registers {
            return Err("too few registers for the parameters");
        }
        // The last instruction never falls off the end.
        if !matches!(chunk.code.last(), Some(Ins::ReturnNull | Ins::Return { .. } | Ins::Exit)) {
            return Err("code without an end");
        }
        if !chunk.units.is_sorted_by_key(|unit| unit.start)
            || !chunk.marks.is_sorted_by_key(|mark| mark.pc)
            || chunk.units.iter().any(|unit| unit.end > len || unit.resume >= len || unit.start >= len)
            || chunk.guards.iter().any(|guard| guard.end > len || guard.handler >= len)
        {
            return Err("a table of the code is out of order");
        }
        chunk.sites.iter().try_for_each(|site| self.site(site))?;
        let jumps = |pair: &[Ins]| !matches!(pair, [Ins::ForLoop { .. }, other] if !matches!(other, Ins::Jump { .. }));
        if !chunk.code.windows(2).all(jumps) {
            return Err("a loop without its jump");
        }
        chunk.code.iter().enumerate().try_for_each(|(pc, ins)| self.instruction(pc as u32, *ins))
    }

    fn registers(&self, used: &[u16]) -> Check {
        if used.iter().all(|register| *register < self.chunk.registers) {
            return Ok(());
        }
        Err("a register is out of range")
    }

    fn range(&self, first: u16, count: u16) -> Check {
        if u32::from(first) + u32::from(count) <= u32::from(self.chunk.registers) {
            return Ok(());
        }
        Err("a range of registers is out of range")
    }

    fn target(&self, target: u32) -> Check {
        if (target as usize) < self.chunk.code.len() {
            return Ok(());
        }
        Err("a jump leaves the code")
    }

    fn index(index: usize, len: usize) -> Check {
        if index < len { Ok(()) } else { Err("a table index is out of range") }
    }

    fn slot(&self, slot: u16) -> Check {
        Self::index(usize::from(slot), self.code.variables.len())
    }

    fn instruction(&self, pc: u32, ins: Ins) -> Check {
        match ins {
            Ins::Nop
            | Ins::ReturnGosub
            | Ins::ReturnNull
            | Ins::Exit
            | Ins::ClearError
            | Ins::OnErrorResumeNext
            | Ins::OnErrorOff
            | Ins::Resume
            | Ins::ResumeNext => Ok(()),
            Ins::LoadNull { dst: a }
            | Ins::LoadBool { dst: a, .. }
            | Ins::LoadInt { dst: a, .. }
            | Ins::CaughtError { dst: a }
            | Ins::ErrorFlag { dst: a }
            | Ins::ErrorMessage { dst: a }
            | Ins::ErrorNumber { dst: a }
            | Ins::ErrorLine { dst: a }
            | Ins::Return { src: a }
            | Ins::Throw { src: a }
            | Ins::ThrowAssert { src: a }
            | Ins::Rethrow { src: a }
            | Ins::TestEqualInt { a, .. }
            | Ins::TestLessInt { a, .. }
            | Ins::TestLessEqualInt { a, .. }
            | Ins::TestGreaterInt { a, .. }
            | Ins::TestGreaterEqualInt { a, .. } => self.registers(&[a]),
            Ins::LoadConst { dst, index } => {
                Self::index(index as usize, self.body.consts.len())?;
                self.registers(&[dst])
            }
            Ins::GetScript { dst: register, slot } | Ins::SetScript { slot, src: register } => {
                self.slot(slot)?;
                self.registers(&[register])
            }
            Ins::Move { dst: a, src: b }
            | Ins::AddInt { dst: a, a: b, .. }
            | Ins::SubtractInt { dst: a, a: b, .. }
            | Ins::ModuloInt { dst: a, a: b, .. }
            | Ins::Negate { dst: a, a: b }
            | Ins::Not { dst: a, a: b }
            | Ins::Truth { dst: a, a: b }
            | Ins::IsNull { dst: a, a: b }
            | Ins::TestEqual { a, b, .. }
            | Ins::TestLess { a, b, .. }
            | Ins::TestLessEqual { a, b, .. }
            | Ins::Push { list: a, src: b }
            | Ins::EnterFinally { completion: a, value: b }
            | Ins::SetKey { object: a, src: b }
            | Ins::NewFor { dst: a, index: b } => self.registers(&[a, b]),
            Ins::Add { dst, a, b }
            | Ins::Subtract { dst, a, b }
            | Ins::Multiply { dst, a, b }
            | Ins::Divide { dst, a, b }
            | Ins::Modulo { dst, a, b }
            | Ins::Power { dst, a, b }
            | Ins::Concat { dst, a, b }
            | Ins::Equal { dst, a, b }
            | Ins::NotEqual { dst, a, b }
            | Ins::Less { dst, a, b }
            | Ins::LessEqual { dst, a, b }
            | Ins::Like { dst, a, b }
            | Ins::ILike { dst, a, b }
            | Ins::Contains { dst, a, b }
            | Ins::Xor { dst, a, b }
            | Ins::GetIndex { dst, object: a, index: b }
            | Ins::SetIndex { object: dst, index: a, src: b } => self.registers(&[dst, a, b]),
            Ins::Append { dst, first, count }
            | Ins::Interpolate { dst, first, count }
            | Ins::NewArray { dst, first, count }
            | Ins::Extend { list: dst, first, count } => {
                self.range(first, count)?;
                self.registers(&[dst])
            }
            Ins::AppendScript { slot, first, count } => {
                self.slot(slot)?;
                self.range(first, count)
            }
            Ins::Jump { target }
            | Ins::Goto { target }
            | Ins::Gosub { target }
            | Ins::OnErrorGoto { target }
            | Ins::ResumeLabel { target } => self.target(target),
            Ins::JumpIf { a, target }
            | Ins::JumpUnless { a, target }
            | Ins::JumpNull { a, target }
            | Ins::JumpNotNull { a, target } => {
                // Only jumps that are paid for go back.
                if target <= pc {
                    return Err("a condition jumps back");
                }
                self.target(target)?;
                self.registers(&[a])
            }
            Ins::LoopBack { counter: a, target } => {
                self.target(target)?;
                self.registers(&[a])
            }
            Ins::ForPrep { var, state } | Ins::ForLoop { var, state } => {
                self.range(state, 3)?;
                self.registers(&[var])
            }
            Ins::EachPrep { state, src } => {
                self.range(state, 3)?;
                self.registers(&[src])
            }
            Ins::EachNext { dst, state } => {
                self.range(state, 3)?;
                self.registers(&[dst])
            }
            Ins::Call { chunk, base, argc } => {
                let callee = self.code.chunks.get(usize::from(chunk)).ok_or("a call has no procedure")?;
                if callee.kind != ChunkKind::Procedure || callee.params != argc {
                    return Err("a call does not fit its procedure");
                }
                self.range(base, argc.max(1))
            }
            Ins::CallScript { base, argc } => self.range(base, argc.saturating_add(1)),
            Ins::CallNative { argc, function, base, dst } | Ins::Mutate { argc, function, base, dst } => {
                Self::index(usize::from(function), self.body.natives.len())?;
                self.range(base, u16::from(argc))?;
                if matches!(ins, Ins::Mutate { .. }) && argc == 0 {
                    return Err("nothing to change");
                }
                self.registers(&[dst])
            }
            Ins::NewObject { dst, shape, first } => {
                let fields = self.body.shapes.get(usize::from(shape)).ok_or("an object has no shape")?;
                self.range(first, fields.len() as u16)?;
                self.registers(&[dst])
            }
            Ins::GetField { dst: a, object: b, name } | Ins::SetField { object: a, name, src: b } => {
                Self::index(usize::from(name), self.body.names.len())?;
                self.registers(&[a, b])
            }
            Ins::Dim { dst, first, count, .. } => {
                self.range(first, u16::from(count))?;
                self.registers(&[dst])
            }
            Ins::Effect { dst, site } => {
                Self::index(site as usize, self.chunk.sites.len())?;
                self.registers(&[dst])
            }
        }
    }

    fn site(&self, site: &Site) -> Check {
        if site.live > self.chunk.registers {
            return Err("a register is out of range");
        }
        for (index, node) in site.nodes.iter().enumerate() {
            let below = |child: &u32| (*child as usize) < index;
            let fine = match node {
                Node::Column { .. } | Node::Star => true,
                Node::Value(register) => *register < site.live,
                Node::Unary(_, a) | Node::IsNull { operand: a, .. } => below(a),
                Node::Binary(_, a, b) => below(a) && below(b),
                Node::Between(a, b, c) => below(a) && below(b) && below(c),
                Node::In { needle, list, .. } => below(needle) && list.iter().all(below),
                Node::Call(_, args) => args.iter().all(below),
            };
            if !fine {
                return Err("a condition refers to what comes after it");
            }
        }
        Self::trees(site)?;
        let node = |root: &u32| Self::index(*root as usize, site.nodes.len());
        let live = |register: u16| Self::index(usize::from(register), usize::from(site.live));
        let live_range =
            |first: u16, count: u16| Self::index(usize::from(first) + usize::from(count), usize::from(site.live) + 1);
        for (_, arg) in &site.args {
            match arg {
                SiteArg::Value(register) => live(*register)?,
                SiteArg::Values { first, count } => live_range(*first, *count)?,
                SiteArg::Condition(root) => node(root)?,
                SiteArg::Assignments(pairs) => pairs.iter().try_for_each(|(_, root)| node(root))?,
                SiteArg::Columns(columns) => columns.iter().try_for_each(|(root, _)| node(root))?,
                SiteArg::Order(_) | SiteArg::Word(_) => {}
                SiteArg::Hear { kind, prompt, default } => {
                    prompt.iter().chain(default).try_for_each(|register| live(*register))?;
                    match kind {
                        SiteHear::Type(_) => {}
                        SiteHear::Menu { first, count, .. } => live_range(*first, *count)?,
                        SiteHear::List(register) => live(*register)?,
                    }
                }
            }
        }
        Ok(())
    }

    /// Every node has one parent at most and no tree is too tall: reading one recursively is safe.
    fn trees(site: &Site) -> Check {
        let mut heights = vec![0u32; site.nodes.len()];
        let mut taken = vec![false; site.nodes.len()];
        for (index, node) in site.nodes.iter().enumerate() {
            let mut height = 0;
            let mut shared = false;
            let mut child = |child: u32| {
                height = height.max(heights.get(child as usize).copied().unwrap_or(0));
                if let Some(taken) = taken.get_mut(child as usize) {
                    shared |= std::mem::replace(taken, true);
                }
            };
            match node {
                Node::Column { .. } | Node::Value(_) | Node::Star => {}
                Node::Unary(_, a) | Node::IsNull { operand: a, .. } => child(*a),
                Node::Binary(_, a, b) => [*a, *b].into_iter().for_each(&mut child),
                Node::Between(a, b, c) => [*a, *b, *c].into_iter().for_each(&mut child),
                Node::In { needle, list, .. } => std::iter::once(needle).chain(list).for_each(|a| child(*a)),
                Node::Call(_, args) => args.iter().for_each(|a| child(*a)),
            }
            if shared || height > MAX_HEIGHT {
                return Err("a condition is not a tree");
            }
            if let Some(own) = heights.get_mut(index) {
                *own = height + 1;
            }
        }
        Ok(())
    }
}
