//! Effects: the request is made from registers, so that it can be made again after a restore; the
//! answer goes to the register that the instruction names.

use std::sync::Arc;

use botserver_basic_types::{
    Arg, Args, Assignment, BasicError, DataExpr, EffectRequest, HearRequest, HearType, Result, Val, Value, ops,
};

use super::{Machine, slow};
use crate::code::{Chunk, Ins, Node, Reg, Site, SiteArg, SiteHear};

/// Options of a menu that a list at run time may have.
const MAX_OPTIONS: usize = 1_000;

impl Machine {
    /// Makes the request of the effect just reached and lets go of registers that are not needed any more.
    pub(super) fn suspend(&mut self, site: u32) -> Result<EffectRequest> {
        let request = self.request()?;
        let Some((chunk, base)) = self.current() else { return Ok(request) };
        let registers = usize::from(chunk.registers);
        let live = chunk.sites.get(site as usize).map_or(registers, |site| usize::from(site.live));
        if let Some(stale) = self.registers.get_mut(base + live..base + registers) {
            slow::clear(stale);
        }
        Ok(request)
    }

    fn current(&self) -> Option<(&Chunk, usize)> {
        let frame = self.frames.last()?;
        Some((self.image.chunk(frame.script, frame.chunk)?, frame.base as usize))
    }

    /// The effect instruction that the topmost frame has just executed.
    fn effect_at(&self) -> Option<(&Chunk, &Site, Reg, usize)> {
        let frame = self.frames.last()?;
        let (chunk, base) = self.current()?;
        let Some(Ins::Effect { dst, site }) = chunk.code.get((frame.pc as usize).checked_sub(1)?) else {
            return None;
        };
        Some((chunk, chunk.sites.get(*site as usize)?, *dst, base))
    }

    /// The request of the pending effect.
    pub(super) fn request(&self) -> Result<EffectRequest> {
        let Some((chunk, site, _, base)) = self.effect_at() else {
            return Err(BasicError::new(9006, "the compiled script is damaged"));
        };
        let reader = Reader { machine: self, site, base };
        let mut args = Vec::with_capacity(site.args.len());
        for (name, arg) in &site.args {
            args.push((name.clone(), reader.arg(arg)?));
        }
        let pc = self.frames.last().map_or(0, |frame| frame.pc.saturating_sub(1));
        Ok(EffectRequest {
            keyword: site.keyword.clone(),
            form: site.form,
            args: Args(args),
            span: self.image.span(chunk.source, chunk.mark_at(pc)),
        })
    }

    /// Whether the machine stands behind an effect instruction.
    pub(super) fn at_effect(&self) -> bool {
        self.effect_at().is_some()
    }

    /// Stores the value of the pending effect.
    pub(super) fn receive(&mut self, value: &Value) -> Result<()> {
        let Some((_, _, dst, _)) = self.effect_at() else { return Ok(()) };
        let value = if let Ok(value) = self.heap.attach(value) {
            value
        } else {
            // What the first try allocated is garbage by now.
            self.collect();
            self.heap.attach(value)?
        };
        self.set(dst, value);
        Ok(())
    }
}

struct Reader<'a> {
    machine: &'a Machine,
    site: &'a Site,
    base: usize,
}

impl Reader<'_> {
    fn val(&self, register: Reg) -> &Val {
        static NULL: Val = Val::Null;
        self.machine.registers.get(self.base + usize::from(register)).unwrap_or(&NULL)
    }

    fn value(&self, register: Reg) -> Result<Value> {
        self.machine.heap.detach(self.val(register))
    }

    fn text(&self, register: Reg) -> Result<String> {
        Ok(ops::text_of(&self.machine.heap, self.val(register))?.into_owned())
    }

    fn arg(&self, arg: &SiteArg) -> Result<Arg> {
        Ok(match arg {
            SiteArg::Value(register) => Arg::Value(self.value(*register)?),
            SiteArg::Values { first, count } => {
                Arg::Values((0..*count).map(|offset| self.value(first + offset)).collect::<Result<_>>()?)
            }
            SiteArg::Condition(root) => Arg::Condition(self.node(*root)?),
            SiteArg::Assignments(pairs) => Arg::Assignments(
                pairs
                    .iter()
                    .map(|(column, root)| Ok(Assignment { column: column.to_string(), value: self.node(*root)? }))
                    .collect::<Result<_>>()?,
            ),
            SiteArg::Order(order) => Arg::Order(order.clone()),
            SiteArg::Word(word) => Arg::Word(word.clone()),
            SiteArg::Columns(columns) => Arg::Columns(
                columns.iter().map(|(root, alias)| Ok((self.node(*root)?, alias.clone()))).collect::<Result<_>>()?,
            ),
            SiteArg::Hear { kind, prompt, default } => Arg::Hear(HearRequest {
                kind: self.hear(kind)?,
                prompt: prompt.map(|register| self.text(register)).transpose()?,
                default: default.map(|register| self.value(register)).transpose()?,
            }),
        })
    }

    fn hear(&self, kind: &SiteHear) -> Result<HearType> {
        Ok(match kind {
            SiteHear::Type(name) => HearType::from_name(name).unwrap_or_default(),
            SiteHear::Menu { first, count, free } => HearType::Menu {
                options: (0..*count).map(|offset| self.text(first + offset)).collect::<Result<_>>()?,
                free: *free,
            },
            SiteHear::List(register) => {
                let heap = &self.machine.heap;
                let options = match self.val(*register) {
                    Val::Array(handle) | Val::Rows(handle, _) => heap
                        .array(*handle)
                        .iter()
                        .take(MAX_OPTIONS)
                        .map(|item| Ok(ops::text_of(heap, item)?.into_owned()))
                        .collect::<Result<_>>()?,
                    _ => self
                        .text(*register)?
                        .split(',')
                        .map(|option| option.trim().to_owned())
                        .filter(|option| !option.is_empty())
                        .take(MAX_OPTIONS)
                        .collect::<Vec<String>>(),
                };
                // Nothing to choose from: anything is accepted.
                if options.is_empty() { HearType::Any } else { HearType::Menu { options, free: false } }
            }
        })
    }

    /// The tree below a node; verified to be a tree of bounded height.
    fn node(&self, index: u32) -> Result<DataExpr> {
        let boxed = |child: &u32| self.node(*child).map(Box::new);
        Ok(match self.site.nodes.get(index as usize) {
            Some(Node::Column { table, name }) => {
                DataExpr::Column { table: table.as_ref().map(ToString::to_string), name: name.to_string() }
            }
            Some(Node::Value(register)) => DataExpr::Value(self.value(*register)?),
            Some(Node::Unary(op, operand)) => DataExpr::Unary(*op, boxed(operand)?),
            Some(Node::Binary(op, left, right)) => DataExpr::Binary(*op, boxed(left)?, boxed(right)?),
            Some(Node::In { needle, list, negated }) => DataExpr::In {
                needle: boxed(needle)?,
                list: list.iter().map(|item| self.node(*item)).collect::<Result<_>>()?,
                negated: *negated,
            },
            Some(Node::Between(operand, low, high)) => DataExpr::Between(boxed(operand)?, boxed(low)?, boxed(high)?),
            Some(Node::IsNull { operand, negated }) => DataExpr::IsNull { operand: boxed(operand)?, negated: *negated },
            Some(Node::Call(name, args)) => DataExpr::Call(
                Arc::clone(name).to_string(),
                args.iter().map(|arg| self.node(*arg)).collect::<Result<_>>()?,
            ),
            Some(Node::Star) | None => DataExpr::Star,
        })
    }
}
