//! Operators as values: arithmetic, comparisons, short-circuit logic, and `x = x + …` in place.

use botserver_basic_syntax::ast::{Expr, ExprKind, Loc, Name, TextPart};
use botserver_basic_types::{BinaryOp, UnaryOp, Value};

use super::{
    condition::small,
    emit::{Emitter, Place},
    expr::may_assign,
};
use crate::code::{Ins, Reg};

impl Emitter<'_, '_> {
    pub(crate) fn unary(&mut self, op: UnaryOp, operand: &Expr, loc: Loc, dst: Reg) {
        let a = self.expr(operand);
        self.at(loc);
        self.emit(match op {
            UnaryOp::Not => Ins::Not { dst, a },
            UnaryOp::Negate => Ins::Negate { dst, a },
        });
    }

    pub(crate) fn binary(&mut self, whole: &Expr, op: BinaryOp, left: &Expr, right: &Expr, dst: Reg) {
        match op {
            BinaryOp::And | BinaryOp::Or => {
                let no = self.branch(whole, false);
                self.emit(Ins::LoadBool { dst, value: true });
                let end = self.jump_always();
                self.land(no);
                self.emit(Ins::LoadBool { dst, value: false });
                return self.land([end]);
            }
            BinaryOp::Coalesce => {
                // Not into `dst` at once: the right side may read it.
                let value = self.temp();
                self.expr_to(left, value);
                let given = self.jump(Ins::JumpNotNull { a: value, target: 0 });
                self.expr_to(right, value);
                self.land([given]);
                return self.move_to(dst, value);
            }
            BinaryOp::Add if let Some(terms) = self.optimize.then(|| text_sum(whole)).flatten() => {
                let first = self.exprs(terms.iter().copied());
                self.at(whole.loc);
                self.emit(Ins::Interpolate { dst, first, count: terms.len() as u16 });
                return;
            }
            BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Modulo if self.optimize => {
                if let Some(value) = small(right) {
                    let a = self.expr(left);
                    self.at(whole.loc);
                    // Two instructions: `"5" - 1` counts where `"5" + 1` joins.
                    self.emit(match op {
                        BinaryOp::Add => Ins::AddInt { dst, a, value },
                        BinaryOp::Modulo => Ins::ModuloInt { dst, a, value },
                        _ => Ins::SubtractInt { dst, a, value },
                    });
                    return;
                }
            }
            _ => {}
        }
        let (a, b) = self.operands(left, right);
        self.at(whole.loc);
        self.emit(match op {
            BinaryOp::Subtract => Ins::Subtract { dst, a, b },
            BinaryOp::Multiply => Ins::Multiply { dst, a, b },
            BinaryOp::Divide => Ins::Divide { dst, a, b },
            BinaryOp::Modulo => Ins::Modulo { dst, a, b },
            BinaryOp::Power => Ins::Power { dst, a, b },
            BinaryOp::Concat => Ins::Concat { dst, a, b },
            BinaryOp::Equal => Ins::Equal { dst, a, b },
            BinaryOp::NotEqual => Ins::NotEqual { dst, a, b },
            BinaryOp::Less => Ins::Less { dst, a, b },
            BinaryOp::LessEqual => Ins::LessEqual { dst, a, b },
            BinaryOp::Greater => Ins::Less { dst, a: b, b: a },
            BinaryOp::GreaterEqual => Ins::LessEqual { dst, a: b, b: a },
            BinaryOp::Like => Ins::Like { dst, a, b },
            BinaryOp::ILike => Ins::ILike { dst, a, b },
            BinaryOp::Contains => Ins::Contains { dst, a, b },
            BinaryOp::In | BinaryOp::NotIn => Ins::Contains { dst, a: b, b: a },
            BinaryOp::Xor => Ins::Xor { dst, a, b },
            BinaryOp::Add | BinaryOp::And | BinaryOp::Or | BinaryOp::Coalesce => Ins::Add { dst, a, b },
        });
        if op == BinaryOp::NotIn {
            self.emit(Ins::Not { dst, a: dst });
        }
    }

    /// `x = x + a + b`, `x = x & a & b` and `x = "${x}…"`: appends to the variable where it stands. False if the
    /// value is nothing of that kind.
    pub(crate) fn append(&mut self, name: &Name, value: &Expr) -> bool {
        if !self.optimize {
            return false;
        }
        match &value.kind {
            ExprKind::Binary(BinaryOp::Add, ..) => self.append_sum(name, value),
            ExprKind::Binary(BinaryOp::Concat, ..) => {
                // With one term, joining does it by itself where the variable has a register.
                let place = self.place(name);
                let terms = terms_after(BinaryOp::Concat, name, value);
                let Some(terms) = terms.filter(|terms| terms.len() > 1 || matches!(place, Place::Script(_))) else {
                    return false;
                };
                self.append_text(place, value.loc, terms.len(), |me| me.exprs(terms.into_iter()));
                true
            }
            ExprKind::Interpolated(parts) => {
                let assigns = |part: &TextPart| matches!(part, TextPart::Expr(expr) if may_assign(expr));
                let [TextPart::Expr(first), rest @ ..] = parts.as_slice() else { return false };
                if !is_variable(first, name) || rest.is_empty() || rest.iter().any(assigns) {
                    return false;
                }
                let place = self.place(name);
                self.append_text(place, value.loc, rest.len(), |me| me.parts(rest));
                true
            }
            _ => false,
        }
    }

    /// Appends what is one text, however its parts begin: numbers do not add up.
    fn append_text(&mut self, place: Place, loc: Loc, count: usize, parts: impl FnOnce(&mut Self) -> Reg) {
        self.scoped(|me| {
            let first = parts(me);
            me.at(loc);
            me.emit(Ins::Interpolate { dst: first, first, count: count as u16 });
            me.emit(match place {
                Place::Register(dst) => Ins::Append { dst, first, count: 1 },
                Place::Script(slot) => Ins::AppendScript { slot, first, count: 1 },
            });
        });
    }

    fn append_sum(&mut self, name: &Name, value: &Expr) -> bool {
        let Some(terms) = terms_after(BinaryOp::Add, name, value) else { return false };
        // Constants add up in the fast instruction.
        if let [term] = terms.as_slice()
            && small(term).is_some()
        {
            return false;
        }
        let place = self.place(name);
        self.scoped(|me| {
            // Adding one value is the common case, of numbers too; the machine appends in place there as well.
            if let (Place::Register(dst), [term]) = (place, terms.as_slice()) {
                let b = me.expr(term);
                me.at(value.loc);
                me.emit(Ins::Add { dst, a: dst, b });
                return;
            }
            let first = me.exprs(terms.iter().copied());
            let count = terms.len() as u16;
            me.at(value.loc);
            me.emit(match place {
                Place::Register(dst) => Ins::Append { dst, first, count },
                Place::Script(slot) => Ins::AppendScript { slot, first, count },
            });
        });
        true
    }
}

fn is_variable(expr: &Expr, name: &Name) -> bool {
    matches!(&expr.kind, ExprKind::Variable(own) if own.key == name.key)
}

/// The terms behind `x` of `x + a + b`. None may assign a variable: the appending must not see that.
fn terms_after<'e>(op: BinaryOp, name: &Name, value: &'e Expr) -> Option<Vec<&'e Expr>> {
    let mut terms = Vec::new();
    let mut inner = value;
    while let ExprKind::Binary(own, left, right) = &inner.kind
        && *own == op
    {
        terms.push(&**right);
        inner = left;
    }
    if !is_variable(inner, name) || terms.len() > 60 || terms.iter().any(|term| may_assign(term)) {
        return None;
    }
    terms.reverse();
    Some(terms)
}

/// The terms of `"text" + a + b`: what begins with a text is joined whatever follows, so all of it at once.
fn text_sum(whole: &Expr) -> Option<Vec<&Expr>> {
    let mut terms = Vec::new();
    let mut inner = whole;
    while let ExprKind::Binary(BinaryOp::Add, left, right) = &inner.kind {
        terms.push(&**right);
        inner = left;
    }
    terms.push(inner);
    terms.reverse();
    let is_text = |expr: &&Expr| matches!(expr.kind, ExprKind::Literal(Value::Text(_)) | ExprKind::Interpolated(_));
    ((3..=60).contains(&terms.len()) && terms.iter().take(2).any(is_text)).then_some(terms)
}
