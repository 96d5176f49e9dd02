//! Conditions as jumps: short-circuit operators and comparisons without a boolean in between.

use botserver_basic_syntax::ast::{Expr, ExprKind, Loc};
use botserver_basic_types::{BinaryOp, Heap, UnaryOp, Val, Value, ops};

use super::{
    emit::{Emitter, Patch},
    fold,
};
use crate::code::{Ins, Reg};

impl Emitter<'_, '_> {
    /// Jumps when the condition is `when`, else falls through.
    pub(crate) fn branch(&mut self, condition: &Expr, when: bool) -> Vec<Patch> {
        if self.optimize
            && let Some(value) = fold::constant(condition)
        {
            let truth = ops::truthy(&Heap::default(), &value);
            return if truth == when { vec![self.jump_always()] } else { Vec::new() };
        }
        match &condition.kind {
            ExprKind::Unary(UnaryOp::Not, operand) => self.branch(operand, !when),
            ExprKind::Binary(BinaryOp::And, left, right) => self.both(left, right, when, false),
            ExprKind::Binary(BinaryOp::Or, left, right) => self.both(left, right, when, true),
            ExprKind::Binary(op, left, right) if self.optimize && is_comparison(*op) => {
                self.compare(*op, (left, right), condition.loc, when)
            }
            _ => self.scoped(|me| {
                let a = me.expr(condition);
                me.at(condition.loc);
                vec![me.jump(if when { Ins::JumpIf { a, target: 0 } } else { Ins::JumpUnless { a, target: 0 } })]
            }),
        }
    }

    /// AND is decided by its left side when that is false, OR when it is true (`decisive`).
    fn both(&mut self, left: &Expr, right: &Expr, when: bool, decisive: bool) -> Vec<Patch> {
        if when == decisive {
            let mut patches = self.branch(left, when);
            patches.extend(self.branch(right, when));
            return patches;
        }
        let decided = self.branch(left, decisive);
        let patches = self.branch(right, when);
        self.land(decided);
        patches
    }

    fn compare(&mut self, op: BinaryOp, (left, right): (&Expr, &Expr), loc: Loc, when: bool) -> Vec<Patch> {
        self.scoped(|me| {
            // A test goes on with the jump behind it when it comes out as expected, else skips it.
            let test = if let Some(value) = small(right) {
                let a = me.expr(left);
                test_small(op, a, value, when)
            } else if let Some(value) = small(left) {
                let a = me.expr(right);
                test_small(flipped(op), a, value, when)
            } else {
                let (a, b) = me.operands(left, right);
                match op {
                    BinaryOp::NotEqual => Ins::TestEqual { a, b, expect: !when },
                    BinaryOp::Less => Ins::TestLess { a, b, expect: when },
                    BinaryOp::LessEqual => Ins::TestLessEqual { a, b, expect: when },
                    BinaryOp::Greater => Ins::TestLess { a: b, b: a, expect: when },
                    BinaryOp::GreaterEqual => Ins::TestLessEqual { a: b, b: a, expect: when },
                    _ => Ins::TestEqual { a, b, expect: when },
                }
            };
            me.at(loc);
            me.emit(test);
            vec![me.jump_always()]
        })
    }
}

pub(crate) fn is_comparison(op: BinaryOp) -> bool {
    matches!(
        op,
        BinaryOp::Equal
            | BinaryOp::NotEqual
            | BinaryOp::Less
            | BinaryOp::Greater
            | BinaryOp::LessEqual
            | BinaryOp::GreaterEqual
    )
}

/// The operator with its sides exchanged.
fn flipped(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Less => BinaryOp::Greater,
        BinaryOp::Greater => BinaryOp::Less,
        BinaryOp::LessEqual => BinaryOp::GreaterEqual,
        BinaryOp::GreaterEqual => BinaryOp::LessEqual,
        same => same,
    }
}

fn test_small(op: BinaryOp, a: Reg, value: i16, when: bool) -> Ins {
    match op {
        BinaryOp::NotEqual => Ins::TestEqualInt { a, value, expect: !when },
        BinaryOp::Less => Ins::TestLessInt { a, value, expect: when },
        BinaryOp::LessEqual => Ins::TestLessEqualInt { a, value, expect: when },
        BinaryOp::Greater => Ins::TestGreaterInt { a, value, expect: when },
        BinaryOp::GreaterEqual => Ins::TestGreaterEqualInt { a, value, expect: when },
        _ => Ins::TestEqualInt { a, value, expect: when },
    }
}

/// A whole number that fits into an instruction.
pub(crate) fn small(expr: &Expr) -> Option<i16> {
    let value = match &expr.kind {
        ExprKind::Literal(Value::Int(value)) => *value,
        ExprKind::Unary(..) | ExprKind::Binary(..) => match fold::constant(expr)? {
            Val::Int(value) => value,
            _ => return None,
        },
        _ => return None,
    };
    i16::try_from(value).ok()
}
