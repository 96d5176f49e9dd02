//! Constant folding: operators on literals are worked out once, with the machine's own operators.
//! What would be an error at run time is left for run time.

use botserver_basic_syntax::ast::{Expr, ExprKind};
use botserver_basic_types::{BinaryOp, Heap, UnaryOp, Val, Value, ops};

/// The value of an expression made of literals only, if it is a plain one.
pub(crate) fn constant(expr: &Expr) -> Option<Val> {
    match &expr.kind {
        ExprKind::Literal(value) => plain(value),
        ExprKind::Unary(UnaryOp::Negate, operand) => ops::negate(&constant(operand)?).ok(),
        ExprKind::Unary(UnaryOp::Not, operand) => Some(Val::Bool(!ops::truthy(&Heap::default(), &constant(operand)?))),
        ExprKind::Binary(op, left, right) => {
            // In a chain the right side is the short one: it says at once that there is nothing to fold.
            let right = constant(right)?;
            binary(*op, &constant(left)?, &right)
        }
        _ => None,
    }
}

/// The detached value of an expression made of literals, lists and objects of them.
pub(crate) fn literal(expr: &Expr) -> Option<Value> {
    match &expr.kind {
        ExprKind::Array(items) => items.iter().map(literal).collect::<Option<_>>().map(Value::Array),
        ExprKind::Object(fields) => fields
            .iter()
            .map(|(name, value)| Some((name.clone(), literal(value)?)))
            .collect::<Option<_>>()
            .map(Value::Object),
        ExprKind::Literal(value) => Some(value.clone()),
        _ => Heap::default().detach(&constant(expr)?).ok(),
    }
}

fn plain(value: &Value) -> Option<Val> {
    match value {
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => {
            Heap::default().attach(value).ok()
        }
        _ => None,
    }
}

fn binary(op: BinaryOp, left: &Val, right: &Val) -> Option<Val> {
    let heap = &mut Heap::default();
    match op {
        BinaryOp::Add => ops::add(heap, left, right).ok(),
        BinaryOp::Concat => ops::concat(heap, left, right).ok(),
        BinaryOp::Subtract => ops::subtract(left, right).ok(),
        BinaryOp::Multiply => ops::multiply(left, right).ok(),
        BinaryOp::Divide => ops::divide(left, right).ok(),
        BinaryOp::Modulo => ops::modulo(left, right).ok(),
        BinaryOp::Power => ops::power(left, right).ok(),
        BinaryOp::Equal => ops::equal(heap, left, right).ok().map(Val::Bool),
        BinaryOp::NotEqual => ops::equal(heap, left, right).ok().map(|equal| Val::Bool(!equal)),
        // The rest is rare between literals.
        _ => None,
    }
}
