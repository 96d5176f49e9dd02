//! Filter texts that a script builds (`"name = '" + name + "'"`) are read when the script is parsed: what
//! the script puts in is then a value, whatever it contains, and can never become a part of the condition.

use std::{collections::HashSet, sync::Arc};

use botserver_basic_types::{BinaryOp, DataExpr, Value};

use super::Parser;
use crate::{
    ast::{ArgExpr, Expr, ExprKind, Loc, MAX_HEIGHT, Name, TextPart},
    codes::Code,
    filter,
};

enum Piece<'e> {
    Text(&'e str),
    Value(&'e Expr),
}

/// Variables that hold filters, and those that a filter with values is put together in.
#[derive(Default)]
pub(super) struct Filters {
    used: Vec<Name>,
    built: HashSet<Arc<str>>,
}

impl Parser<'_> {
    /// Notes what a plain variable is given, for [`Self::check_filters`].
    pub(super) fn note_assigned(&mut self, name: &Name, value: &Expr) {
        let (mut condition, mut holes) = (false, false);
        scan(value, &name.key, &mut condition, &mut holes);
        if condition && holes {
            self.filters.built.insert(name.key.clone());
        }
    }

    /// Warns of filters whose values have become text before the keyword sees them.
    pub(super) fn check_filters(&mut self) {
        let Filters { used, built } = std::mem::take(&mut self.filters);
        for name in used.iter().filter(|name| built.contains(&name.key)) {
            let message = format!("what is put into `{}` becomes part of the condition", name.text);
            let help = "Write the values behind WHERE, or put the text together in the keyword itself.".to_owned();
            self.warning(Code::BuiltFilter, name.loc, message, Some(help));
        }
    }

    /// A condition if the text's literal parts make one, else the text for the run to read.
    pub(super) fn filter_text(&mut self, text: Expr) -> ArgExpr {
        let mut pieces = Vec::new();
        if !flatten(&text, &mut pieces) {
            if let ExprKind::Variable(name) = &text.kind {
                self.filters.used.push(name.clone());
            }
            return ArgExpr::Expr(text);
        }
        let (mut template, mut values) = (String::new(), Vec::new());
        for piece in &pieces {
            match piece {
                Piece::Text(literal) if !plain(literal) => return ArgExpr::Expr(text),
                Piece::Text(literal) => template.push_str(literal),
                Piece::Value(value) => match filter::placeholder(values.len()) {
                    Some(mark) => {
                        template.push(mark);
                        values.push(*value);
                    }
                    None => return ArgExpr::Expr(text),
                },
            }
        }
        let condition = match filter::parse_filter(&template) {
            // One word or value is the key of a row, which only the run can look up.
            Ok(DataExpr::Column { table: None, .. } | DataExpr::Value(_)) => None,
            Ok(condition) => to_expr(&condition, text.loc, &values).filter(|expr| expr.height <= MAX_HEIGHT),
            Err(error) => {
                // Other texts than filters may be meant, so this is no error before the run.
                if values.is_empty() {
                    let message = format!("as a filter this cannot be read: {error}");
                    self.warning(Code::BadFilter, text.loc, message, None);
                }
                None
            }
        };
        match condition {
            Some(condition) => ArgExpr::Condition(condition),
            None => ArgExpr::Expr(text),
        }
    }
}

/// Whether a text that is put together holds a piece of a condition, and values beside it.
fn scan(expr: &Expr, own: &str, condition: &mut bool, holes: &mut bool) {
    match &expr.kind {
        ExprKind::Literal(Value::Text(text)) => *condition |= looks_like_condition(text),
        ExprKind::Literal(_) => {}
        ExprKind::Interpolated(parts) => {
            for part in parts {
                match part {
                    TextPart::Text(text) => *condition |= looks_like_condition(text),
                    TextPart::Expr(_) => *holes = true,
                }
            }
        }
        ExprKind::Binary(BinaryOp::Add | BinaryOp::Concat, left, right) => {
            scan(left, own, condition, holes);
            scan(right, own, condition, holes);
        }
        // `filter = filter + " AND active = true"` puts nothing in.
        ExprKind::Variable(name) if *name.key == *own => {}
        _ => *holes = true,
    }
}

fn looks_like_condition(text: &str) -> bool {
    text.contains(['=', '<', '>'])
        || text.split_whitespace().any(|word| ["LIKE", "ILIKE", "IN"].iter().any(|own| word.eq_ignore_ascii_case(own)))
}

fn plain(text: &str) -> bool {
    !text.chars().any(|c| filter::placeholder_index(c).is_some())
}

/// The parts of a text that is put together with `+`, `&` and `${…}`; false when it is no such text.
fn flatten<'e>(expr: &'e Expr, pieces: &mut Vec<Piece<'e>>) -> bool {
    match &expr.kind {
        ExprKind::Literal(Value::Text(text)) => pieces.push(Piece::Text(text)),
        ExprKind::Interpolated(parts) => pieces.extend(parts.iter().map(|part| match part {
            TextPart::Text(text) => Piece::Text(text),
            TextPart::Expr(value) => Piece::Value(value),
        })),
        // `a + b + "…"` may add numbers first, so the left side must be a text already.
        ExprKind::Binary(BinaryOp::Add | BinaryOp::Concat, left, right) => {
            if !flatten(left, pieces) {
                return false;
            }
            let before = pieces.len();
            if !flatten(right, pieces) {
                pieces.truncate(before);
                pieces.push(Piece::Value(right));
            }
        }
        _ => return false,
    }
    true
}

/// The tree of a condition with the script's values in their places; `None` when it holds something that
/// only the run can read.
fn to_expr(condition: &DataExpr, loc: Loc, values: &[&Expr]) -> Option<Expr> {
    let child = |expr: &DataExpr| to_expr(expr, loc, values);
    let boxed = |expr: &DataExpr| child(expr).map(Box::new);
    let kind = match condition {
        DataExpr::Column { table, name } => {
            ExprKind::Column { table: table.as_deref().map(Arc::from), name: Arc::from(name.as_str()) }
        }
        DataExpr::Value(Value::Text(text)) if !plain(text) => return Some(with_values(text, loc, values)),
        DataExpr::Value(value) => ExprKind::Literal(value.clone()),
        DataExpr::Unary(op, operand) => ExprKind::Unary(*op, boxed(operand)?),
        DataExpr::Binary(op, left, right) => ExprKind::Binary(*op, boxed(left)?, boxed(right)?),
        DataExpr::In { needle, list, negated } => ExprKind::InList {
            needle: boxed(needle)?,
            list: list.iter().map(child).collect::<Option<_>>()?,
            negated: *negated,
        },
        DataExpr::Between(operand, low, high) => {
            ExprKind::Between { operand: boxed(operand)?, low: boxed(low)?, high: boxed(high)?, negated: false }
        }
        DataExpr::IsNull { operand, negated } => ExprKind::IsNull { operand: boxed(operand)?, negated: *negated },
        // A call with a column in it goes to the data layer; any other (`NOW()`) is not the language's own.
        DataExpr::Call(name, args) => {
            let args = args.iter().map(child).collect::<Option<_>>()?;
            ExprKind::Function { name: Arc::from(name.as_str()), args }
        }
        DataExpr::Star => ExprKind::Star,
    };
    let expr = Expr::new(loc, kind);
    let foreign_call = matches!(expr.kind, ExprKind::Function { .. }) && !expr.names_column();
    (!foreign_call).then_some(expr)
}

fn with_values(text: &str, loc: Loc, values: &[&Expr]) -> Expr {
    let value_of = |c: char| filter::placeholder_index(c).and_then(|index| values.get(index));
    let mut chars = text.chars();
    if let (Some(only), None) = (chars.next(), chars.next())
        && let Some(value) = value_of(only)
    {
        return (*value).clone();
    }
    let (mut parts, mut literal) = (Vec::new(), String::new());
    for c in text.chars() {
        let Some(value) = value_of(c) else {
            literal.push(c);
            continue;
        };
        if !literal.is_empty() {
            parts.push(TextPart::Text(Arc::from(std::mem::take(&mut literal))));
        }
        parts.push(TextPart::Expr((*value).clone()));
    }
    if !literal.is_empty() {
        parts.push(TextPart::Text(Arc::from(literal)));
    }
    Expr::new(loc, ExprKind::Interpolated(parts))
}
