//! What stands left of `=`: evaluated once into a target that can be read and written. Containers that
//! are null on the way are created: a list before a numeric index, else an object.

use botserver_basic_syntax::ast::{Expr, ExprKind, LValue, Step};

use super::emit::{Emitter, Place};
use crate::code::{Ins, Reg};

/// An lvalue whose parts are in registers.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    Variable(Place),
    Field { object: Reg, name: u16 },
    Element { object: Reg, index: Reg },
}

/// A step whose index has been evaluated.
#[derive(Clone, Copy)]
enum Ready {
    Field(u16),
    Index(Reg),
}

impl Emitter<'_, '_> {
    /// Evaluates containers and indexes; the registers taken stay in use.
    pub(crate) fn target(&mut self, lvalue: &LValue) -> Target {
        self.at(lvalue.loc);
        let place = self.place(&lvalue.name);
        let Some((last, inner)) = lvalue.path.split_last() else { return Target::Variable(place) };
        let mut object = match place {
            Place::Register(register) => register,
            Place::Script(slot) => {
                let dst = self.temp();
                self.emit(Ins::GetScript { dst, slot });
                dst
            }
        };
        // Indexes first, left to right: an error in one of them leaves everything as it was.
        let inner: Vec<Ready> = inner.iter().map(|step| self.ready(step)).collect();
        let last = self.ready(last);
        let mut written_back = match place {
            Place::Register(_) => None,
            Place::Script(_) => Some(Target::Variable(place)),
        };
        for (position, step) in inner.iter().enumerate() {
            if position == 0 {
                self.create_if_null(object, *step, written_back);
            }
            let dst = self.temp();
            let (read, write) = match *step {
                Ready::Field(name) => (Ins::GetField { dst, object, name }, Target::Field { object, name }),
                Ready::Index(index) => (Ins::GetIndex { dst, object, index }, Target::Element { object, index }),
            };
            self.emit(read);
            let next = inner.get(position + 1).copied().unwrap_or(last);
            self.create_if_null(dst, next, Some(write));
            object = dst;
            // It has just been created and stored.
            written_back = None;
        }
        if written_back.is_some() {
            self.create_if_null(object, last, written_back);
        }
        match last {
            Ready::Field(name) => Target::Field { object, name },
            Ready::Index(index) => Target::Element { object, index },
        }
    }

    fn ready(&mut self, step: &Step) -> Ready {
        match step {
            Step::Member(name) => Ready::Field(self.name(name)),
            Step::Index(index) => {
                let register = self.temp();
                self.expr_to(index, register);
                Ready::Index(register)
            }
        }
    }

    fn create_if_null(&mut self, object: Reg, step: Ready, written_back: Option<Target>) {
        let skip = self.jump(Ins::JumpNotNull { a: object, target: 0 });
        match step {
            Ready::Field(_) => {
                let shape = self.shape(&[]);
                self.emit(Ins::NewObject { dst: object, shape, first: 0 });
            }
            Ready::Index(index) => {
                self.emit(Ins::NewFor { dst: object, index });
            }
        }
        if let Some(target) = written_back {
            self.assign(target, object);
        }
        self.land([skip]);
    }

    /// Stores a register.
    pub(crate) fn assign(&mut self, target: Target, src: Reg) {
        match target {
            Target::Variable(place) => self.store(place, src),
            Target::Field { object, name } => {
                self.emit(Ins::SetField { object, name, src });
            }
            Target::Element { object, index } => {
                self.emit(Ins::SetIndex { object, index, src });
            }
        }
    }

    /// Reads the target into a register.
    pub(crate) fn read(&mut self, target: Target, dst: Reg) {
        match target {
            Target::Variable(Place::Register(src)) => self.move_to(dst, src),
            Target::Variable(Place::Script(slot)) => {
                self.emit(Ins::GetScript { dst, slot });
            }
            Target::Field { object, name } => {
                self.emit(Ins::GetField { dst, object, name });
            }
            Target::Element { object, index } => {
                self.emit(Ins::GetIndex { dst, object, index });
            }
        }
    }

    /// The lvalue that an expression spells, if it is one.
    pub(crate) fn as_lvalue(expr: &Expr) -> Option<LValue> {
        let mut path = Vec::new();
        let mut inner = expr;
        loop {
            match &inner.kind {
                ExprKind::Variable(name) => {
                    path.reverse();
                    return Some(LValue { loc: expr.loc, name: name.clone(), path });
                }
                ExprKind::Member { base, name, safe: false } => {
                    path.push(Step::Member(name.clone()));
                    inner = base;
                }
                ExprKind::Index { base, index, safe: false } => {
                    path.push(Step::Index((**index).clone()));
                    inner = base;
                }
                _ => return None,
            }
        }
    }
}
