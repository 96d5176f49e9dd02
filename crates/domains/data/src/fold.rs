//! Puts in what is constant in a condition: NOW() and TODAY(), intervals, and functions of constants. What
//! is left names columns; a function that the database does not have is an error that names it.

use botserver_basic_std::condition::eval_row;
use botserver_basic_types::{BasicError, BinaryOp, DataExpr, Date, Value, ops};

use crate::{Actor, Error, Result};

/// The expression with its constant parts evaluated.
pub(crate) fn fold(expr: &DataExpr, actor: Actor<'_>) -> Result<DataExpr> {
    let own = |part: &DataExpr| fold(part, actor);
    let boxed = |part: &DataExpr| fold(part, actor).map(Box::new);
    let folded = match expr {
        DataExpr::Column { .. } | DataExpr::Value(_) | DataExpr::Star => return Ok(expr.clone()),
        DataExpr::Unary(op, operand) => DataExpr::Unary(*op, boxed(operand)?),
        DataExpr::Binary(op @ (BinaryOp::Add | BinaryOp::Subtract), left, right) if is_interval(right) => {
            return moved(own(left)?, right, *op == BinaryOp::Subtract);
        }
        DataExpr::Binary(op, left, right) => DataExpr::Binary(*op, boxed(left)?, boxed(right)?),
        DataExpr::In { needle, list, negated } => DataExpr::In {
            needle: boxed(needle)?,
            list: list.iter().map(own).collect::<Result<_>>()?,
            negated: *negated,
        },
        DataExpr::Between(value, low, high) => DataExpr::Between(boxed(value)?, boxed(low)?, boxed(high)?),
        DataExpr::IsNull { operand, negated } => DataExpr::IsNull { operand: boxed(operand)?, negated: *negated },
        DataExpr::Call(name, args) => {
            let upper = name.to_ascii_uppercase();
            match (upper.as_str(), args.as_slice()) {
                ("NOW" | "CURRENT_TIMESTAMP" | "GETDATE" | "SYSDATE" | "LOCALTIMESTAMP", []) => {
                    return Ok(DataExpr::Value(Value::Date(now(actor, false))));
                }
                ("TODAY" | "CURRENT_DATE" | "CURDATE", []) => {
                    return Ok(DataExpr::Value(Value::Date(now(actor, true))));
                }
                ("DATE_SUB" | "DATE_ADD", [date, interval]) if is_interval(interval) => {
                    return moved(own(date)?, interval, upper == "DATE_SUB");
                }
                _ => DataExpr::Call(upper, args.iter().map(own).collect::<Result<_>>()?),
            }
        }
    };
    Ok(constant(folded))
}

fn now(actor: Actor<'_>, date_only: bool) -> Date {
    let civil_seconds = actor.now.as_second() + i64::from(actor.offset_minutes) * 60;
    let civil_seconds = if date_only { civil_seconds.div_euclid(86_400) * 86_400 } else { civil_seconds };
    Date { civil_seconds, offset_minutes: actor.offset_minutes, date_only }
}

fn is_interval(expr: &DataExpr) -> bool {
    matches!(expr, DataExpr::Call(name, _) if name.eq_ignore_ascii_case("INTERVAL"))
}

/// `date ± INTERVAL 90 DAY` or `INTERVAL '90 days'`; the date must be constant.
fn moved(date: DataExpr, interval: &DataExpr, back: bool) -> Result<DataExpr> {
    let bad =
        || Error::Basic(BasicError::invalid("an INTERVAL is written INTERVAL 90 DAY, after a date that is no column"));
    let DataExpr::Call(_, parts) = interval else { return Err(bad()) };
    let [DataExpr::Value(amount), DataExpr::Value(unit)] = parts.as_slice() else { return Err(bad()) };
    let (amount, unit) = (ops::to_text(amount), ops::to_text(unit));
    let (amount, unit) = match amount.trim().split_once(' ') {
        Some((amount, unit)) => (amount.to_owned(), unit.trim().to_owned()),
        None => (amount, unit),
    };
    let number = ops::parse_number(&amount).ok_or_else(bad)?.as_f64();
    if !matches!(date, DataExpr::Value(_)) {
        return Err(bad());
    }
    let number = if back { -number } else { number };
    let call = DataExpr::Call(
        "DATEADD".into(),
        vec![
            date,
            DataExpr::Value(if number.fract() == 0.0 { Value::Int(number as i64) } else { Value::Float(number) }),
            DataExpr::Value(Value::text(unit.to_lowercase())),
        ],
    );
    Ok(DataExpr::Value(eval_row(&call, &|_| Value::Null)?))
}

/// Evaluates a node whose operands are all values; what cannot be evaluated stays for the next stage.
fn constant(expr: DataExpr) -> DataExpr {
    let is_value = |part: &DataExpr| matches!(part, DataExpr::Value(_));
    let ready = match &expr {
        DataExpr::Binary(_, left, right) => is_value(left) && is_value(right),
        DataExpr::Call(_, args) => !args.is_empty() && args.iter().all(is_value),
        DataExpr::Between(value, low, high) => [value, low, high].into_iter().all(|part| is_value(part)),
        DataExpr::In { needle, list, .. } => is_value(needle) && list.iter().all(is_value),
        DataExpr::Unary(_, operand) | DataExpr::IsNull { operand, .. } => is_value(operand),
        _ => false,
    };
    if !ready {
        return expr;
    }
    eval_row(&expr, &|_| Value::Null).map_or(expr, DataExpr::Value)
}
