//! Evaluates a [`DataExpr`] over one record in memory, with the language's rules for printing and
//! comparing. `data` uses it for rows of CSV files, FILTER and MAP for lists. Knows no SQL.
//!
//! Two rules are SQL's: `<`, `>`, `<=`, `>=` and BETWEEN are false where a value is missing, and dividing by
//! zero gives nothing; so a filter keeps the same rows whether they come from a table or from a file.

use std::cmp::Ordering;

use botserver_basic_types::{BasicError, BinaryOp, DataExpr, Heap, HeapLimits, Result, UnaryOp, Val, Value, ops};

use crate::args::field;

/// The number of the error that `/` and MOD raise.
const DIVISION_BY_ZERO: u32 = 11;

/// An expression made ready for many records: its constants are values of the machine.
#[derive(Clone, Debug)]
pub struct RowExpr(Node);

#[derive(Clone, Debug)]
enum Node {
    Column { table: Option<String>, name: String },
    Constant(Val),
    Unary(UnaryOp, Box<Node>),
    Binary(BinaryOp, Box<Node>, Box<Node>),
    In { needle: Box<Node>, list: Vec<Node>, negated: bool },
    Between(Box<Node>, Box<Node>, Box<Node>),
    IsNull { operand: Box<Node>, negated: bool },
    Call(botserver_basic_types::NativeFn, Vec<Node>),
}

/// How a column is looked up: the table or alias before the dot, if one was written, and the name.
pub type Column<'a> = dyn Fn(&Heap, Option<&str>, &str) -> Result<Val> + 'a;

impl RowExpr {
    /// Prepares an expression; an error for `*` and for functions that need more than one record or
    /// the world (`NOW()`), which the caller must have replaced by their values.
    pub fn new(heap: &mut Heap, expr: &DataExpr) -> Result<Self> {
        Node::new(heap, expr).map(Self)
    }

    /// The value for one record.
    pub fn eval(&self, heap: &mut Heap, column: &Column<'_>) -> Result<Val> {
        self.0.eval(heap, column)
    }

    /// The value for a record on the heap.
    pub fn eval_record(&self, heap: &mut Heap, record: &Val) -> Result<Val> {
        self.0.eval(heap, &|heap, table, name| Ok(record_column(heap, record, table, name)))
    }

    /// Whether a record on the heap fulfils the condition.
    pub fn test(&self, heap: &mut Heap, record: &Val) -> Result<bool> {
        let value = self.eval_record(heap, record)?;
        Ok(ops::truthy(heap, &value))
    }
}

/// `item.size` is the record's `size`, unless the record has a field `item` with fields of its own.
/// Elements that are no records answer to any name, so that `FILTER([1, 2], "x > 1")` works.
fn record_column(heap: &Heap, record: &Val, table: Option<&str>, name: &str) -> Val {
    match record {
        Val::Object(_) | Val::Rows(..) => {}
        other => return other.clone(),
    }
    if let Some(table) = table
        && let inner @ Val::Object(_) = field(heap, record, table)
    {
        return field(heap, &inner, name);
    }
    field(heap, record, name)
}

/// The value of an expression for one detached record; `column` finds a column by name, ignoring case.
pub fn eval_row(expr: &DataExpr, column: &dyn Fn(&str) -> Value) -> Result<Value> {
    let mut heap = Heap::new(HeapLimits::default());
    let prepared = RowExpr::new(&mut heap, expr)?;
    // Lists in cells have to be brought onto the heap; plain values do not.
    let columns: std::cell::RefCell<Vec<(String, Val)>> = std::cell::RefCell::default();
    for name in column_names(expr) {
        let value = heap.attach(&column(name))?;
        columns.borrow_mut().push((name.to_owned(), value));
    }
    let value = prepared.eval(&mut heap, &|_, _, name| {
        let columns = columns.borrow();
        Ok(columns.iter().find(|(own, _)| own == name).map_or(Val::Null, |(_, value)| value.clone()))
    })?;
    heap.detach(&value)
}

/// The columns that an expression names.
pub fn column_names(expr: &DataExpr) -> Vec<&str> {
    let mut names = Vec::new();
    collect_names(expr, &mut names);
    names
}

fn collect_names<'a>(expr: &'a DataExpr, names: &mut Vec<&'a str>) {
    match expr {
        DataExpr::Column { name, .. } => names.push(name),
        DataExpr::Value(_) | DataExpr::Star => {}
        DataExpr::Unary(_, operand) | DataExpr::IsNull { operand, .. } => collect_names(operand, names),
        DataExpr::Binary(_, left, right) => {
            collect_names(left, names);
            collect_names(right, names);
        }
        DataExpr::In { needle, list, .. } => {
            collect_names(needle, names);
            for item in list {
                collect_names(item, names);
            }
        }
        DataExpr::Between(value, low, high) => {
            for part in [value, low, high] {
                collect_names(part, names);
            }
        }
        DataExpr::Call(_, args) => {
            for arg in args {
                collect_names(arg, names);
            }
        }
    }
}

impl Node {
    fn new(heap: &mut Heap, expr: &DataExpr) -> Result<Self> {
        Ok(match expr {
            DataExpr::Column { table, name } => Self::Column { table: table.clone(), name: name.clone() },
            DataExpr::Value(value) => Self::Constant(heap.attach(value)?),
            DataExpr::Unary(op, operand) => Self::Unary(*op, Self::boxed(heap, operand)?),
            DataExpr::Binary(op, left, right) => Self::Binary(*op, Self::boxed(heap, left)?, Self::boxed(heap, right)?),
            DataExpr::In { needle, list, negated } => Self::In {
                needle: Self::boxed(heap, needle)?,
                list: list.iter().map(|item| Self::new(heap, item)).collect::<Result<_>>()?,
                negated: *negated,
            },
            DataExpr::Between(value, low, high) => {
                Self::Between(Self::boxed(heap, value)?, Self::boxed(heap, low)?, Self::boxed(heap, high)?)
            }
            DataExpr::IsNull { operand, negated } => {
                Self::IsNull { operand: Self::boxed(heap, operand)?, negated: *negated }
            }
            DataExpr::Call(name, args) => {
                let function = crate::find(name)
                    .ok_or_else(|| BasicError::invalid(format!("a condition over rows cannot call {name}")))?;
                if args.len() < usize::from(function.min) || args.len() > usize::from(function.max) {
                    return Err(BasicError::invalid(format!("{name} takes other arguments: {}", function.params)));
                }
                Self::Call(function.run, args.iter().map(|arg| Self::new(heap, arg)).collect::<Result<_>>()?)
            }
            DataExpr::Star => return Err(BasicError::invalid("`*` has no value in a condition")),
        })
    }

    fn boxed(heap: &mut Heap, expr: &DataExpr) -> Result<Box<Self>> {
        Self::new(heap, expr).map(Box::new)
    }

    fn eval(&self, heap: &mut Heap, column: &Column<'_>) -> Result<Val> {
        heap.spend(16)?;
        Ok(match self {
            Self::Column { table, name } => column(heap, table.as_deref(), name)?,
            Self::Constant(value) => value.clone(),
            Self::Unary(UnaryOp::Not, operand) => {
                let value = operand.eval(heap, column)?;
                Val::Bool(!ops::truthy(heap, &value))
            }
            Self::Unary(UnaryOp::Negate, operand) => ops::negate(&operand.eval(heap, column)?)?,
            Self::Binary(op, left, right) => return binary(*op, left, right, heap, column),
            Self::In { needle, list, negated } => {
                let needle = needle.eval(heap, column)?;
                let mut found = false;
                for item in list {
                    let item = item.eval(heap, column)?;
                    found = match item {
                        Val::Array(_) | Val::Rows(..) => ops::contains(heap, &item, &needle)?,
                        item => ops::equal(heap, &needle, &item)?,
                    };
                    if found {
                        break;
                    }
                }
                Val::Bool(found != *negated)
            }
            Self::Between(value, low, high) => {
                let value = value.eval(heap, column)?;
                let (low, high) = (low.eval(heap, column)?, high.eval(heap, column)?);
                let above = matches!(order(heap, &value, &low)?, Some(Ordering::Greater | Ordering::Equal));
                let below = matches!(order(heap, &value, &high)?, Some(Ordering::Less | Ordering::Equal));
                Val::Bool(above && below)
            }
            Self::IsNull { operand, negated } => {
                let value = operand.eval(heap, column)?;
                Val::Bool(ops::is_null(heap, &value) != *negated)
            }
            Self::Call(run, args) => {
                let args = args.iter().map(|arg| arg.eval(heap, column)).collect::<Result<Vec<_>>>()?;
                run(heap, &args)?
            }
        })
    }
}

/// The order of two values; none where one of them is missing.
fn order(heap: &Heap, left: &Val, right: &Val) -> Result<Option<Ordering>> {
    if ops::is_null(heap, left) || ops::is_null(heap, right) {
        return Ok(None);
    }
    ops::compare(heap, left, right)
}

/// Dividing by zero gives nothing: one such row must not fail the whole search.
fn or_nothing(quotient: Result<Val>) -> Result<Val> {
    match quotient {
        Err(error) if error.number == DIVISION_BY_ZERO => Ok(Val::Null),
        other => other,
    }
}

fn binary(op: BinaryOp, left: &Node, right: &Node, heap: &mut Heap, column: &Column<'_>) -> Result<Val> {
    let a = left.eval(heap, column)?;
    // These three may not need their right side.
    match op {
        BinaryOp::And if !ops::truthy(heap, &a) => return Ok(Val::Bool(false)),
        BinaryOp::Or if ops::truthy(heap, &a) => return Ok(Val::Bool(true)),
        BinaryOp::Coalesce if !ops::is_null(heap, &a) => return Ok(a),
        _ => {}
    }
    let b = right.eval(heap, column)?;
    Ok(match op {
        BinaryOp::Add => ops::add(heap, &a, &b)?,
        BinaryOp::Subtract => ops::subtract(&a, &b)?,
        BinaryOp::Multiply => ops::multiply(&a, &b)?,
        BinaryOp::Divide => or_nothing(ops::divide(&a, &b))?,
        BinaryOp::Modulo => or_nothing(ops::modulo(&a, &b))?,
        BinaryOp::Power => ops::power(&a, &b)?,
        BinaryOp::Concat => ops::concat(heap, &a, &b)?,
        BinaryOp::Equal => Val::Bool(ops::equal(heap, &a, &b)?),
        BinaryOp::NotEqual => Val::Bool(!ops::equal(heap, &a, &b)?),
        BinaryOp::Less => Val::Bool(order(heap, &a, &b)? == Some(Ordering::Less)),
        BinaryOp::Greater => Val::Bool(order(heap, &a, &b)? == Some(Ordering::Greater)),
        BinaryOp::LessEqual => Val::Bool(matches!(order(heap, &a, &b)?, Some(Ordering::Less | Ordering::Equal))),
        BinaryOp::GreaterEqual => Val::Bool(matches!(order(heap, &a, &b)?, Some(Ordering::Greater | Ordering::Equal))),
        BinaryOp::Like | BinaryOp::ILike => {
            let (text, pattern) = (ops::text_of(heap, &a)?, ops::text_of(heap, &b)?);
            Val::Bool(ops::like(heap, &text, &pattern, op == BinaryOp::ILike)?)
        }
        BinaryOp::Contains => Val::Bool(ops::contains(heap, &a, &b)?),
        BinaryOp::In => Val::Bool(ops::contains(heap, &b, &a)?),
        BinaryOp::NotIn => Val::Bool(!ops::contains(heap, &b, &a)?),
        BinaryOp::And | BinaryOp::Or => Val::Bool(ops::truthy(heap, &b)),
        BinaryOp::Xor => Val::Bool(ops::truthy(heap, &a) != ops::truthy(heap, &b)),
        BinaryOp::Coalesce => b,
    })
}
