//! Conditions and computed values over columns, as bound SQL that means the same on both databases and
//! the same as the language does over a list: null equals empty text, `<` and its kin never hold for what
//! is missing, LIKE minds case and ILIKE does not, `/` divides really and by zero gives nothing.
//!
//! Deliberate differences from the language: a text column and a number are equal by their texts (so that
//! the index serves), and LOWER and UPPER change the letters A to Z only.

mod compare;
mod value;

use botserver_basic_types::{BasicError, BinaryOp, DataExpr, UnaryOp, Value, ops};

use super::{
    convert::{Stored, boolean, convert, date},
    patterns,
    sql::Sql,
};
use crate::{Column, Error, Kind, Result, Table};

/// The functions that conditions and computed columns over tables may call.
const FUNCTIONS: &[&str] = &[
    "ABS",
    "COALESCE",
    "CONCAT",
    "DAY",
    "IFNULL",
    "ISNULL",
    "LEFT",
    "LEN",
    "LENGTH",
    "LOWER",
    "MID",
    "MONTH",
    "NVL",
    "REPLACE",
    "RIGHT",
    "ROUND",
    "SUBSTR",
    "SUBSTRING",
    "TRIM",
    "UPPER",
    "YEAR",
];

/// What a column reference means: the tables of the statement with their aliases.
pub(crate) struct Columns<'a> {
    tables: Vec<(Option<&'a str>, &'a Table)>,
}

impl<'a> Columns<'a> {
    /// One table, its columns unqualified.
    pub(crate) fn one(table: &'a Table) -> Self {
        Self { tables: vec![(None, table)] }
    }

    /// Tables of a join with the aliases they have in the statement.
    pub(crate) fn joined(tables: Vec<(&'a str, &'a Table)>) -> Self {
        Self { tables: tables.into_iter().map(|(alias, table)| (Some(alias), table)).collect() }
    }

    fn find(&self, table: Option<&str>, name: &str) -> Result<(Option<&'a str>, &'a Column)> {
        if let Some(wanted) = table
            && let Some((alias, own)) = self.tables.iter().find(|(_, own)| crate::model::same_name(&own.name, wanted))
        {
            return Ok((*alias, own.need_column(name)?));
        }
        // `item.size` and a name without a table: the first table that has the column.
        for (alias, own) in &self.tables {
            if let Some(column) = own.column(name) {
                return Ok((*alias, column));
            }
        }
        let (_, first) = self.tables[0];
        Err(first.need_column(name).err().unwrap_or_else(|| Error::Invalid(format!("no column `{name}`"))))
    }
}

/// What an expression gives, as far as SQL must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Null,
    Bool,
    Number,
    Text,
    Date,
    DateTime,
    Other(Kind),
}

impl Type {
    const fn of(kind: Kind) -> Self {
        match kind {
            Kind::String | Kind::Text => Self::Text,
            Kind::Integer | Kind::BigInt | Kind::Decimal | Kind::Double => Self::Number,
            Kind::Boolean => Self::Bool,
            Kind::Date => Self::Date,
            Kind::DateTime => Self::DateTime,
            Kind::Time | Kind::Uuid | Kind::Json | Kind::Binary => Self::Other(kind),
        }
    }
}

/// Writes expressions into a statement.
pub(crate) struct Writer<'s, 'a> {
    pub(crate) sql: &'s mut Sql,
    pub(crate) columns: &'s Columns<'a>,
}

fn invalid(message: impl Into<String>) -> Error {
    Error::Basic(BasicError::invalid(message))
}

/// True for what the language treats as missing.
fn is_missing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Text(text) => text.is_empty(),
        Value::Rows(rows) => rows.rows.is_empty(),
        _ => false,
    }
}

impl Writer<'_, '_> {
    fn column_type(&self, expr: &DataExpr) -> Result<Option<&Column>> {
        match expr {
            DataExpr::Column { table, name } => Ok(Some(self.columns.find(table.as_deref(), name)?.1)),
            _ => Ok(None),
        }
    }

    fn type_of(&self, expr: &DataExpr) -> Result<Type> {
        Ok(match expr {
            DataExpr::Column { .. } => self.column_type(expr)?.map_or(Type::Null, |column| Type::of(column.kind)),
            DataExpr::Value(value) => match value {
                Value::Bool(_) => Type::Bool,
                Value::Int(_) | Value::Float(_) => Type::Number,
                Value::Date(date) => {
                    if date.date_only {
                        Type::Date
                    } else {
                        Type::DateTime
                    }
                }
                value if is_missing(value) => Type::Null,
                _ => Type::Text,
            },
            DataExpr::Unary(UnaryOp::Not, _)
            | DataExpr::In { .. }
            | DataExpr::Between(..)
            | DataExpr::IsNull { .. } => Type::Bool,
            DataExpr::Unary(UnaryOp::Negate, _) => Type::Number,
            DataExpr::Binary(op, left, right) => match op {
                BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo | BinaryOp::Power => {
                    Type::Number
                }
                BinaryOp::Add => match (self.type_of(left)?, self.type_of(right)?) {
                    (Type::Number | Type::Null, Type::Number | Type::Null) => Type::Number,
                    _ => Type::Text,
                },
                BinaryOp::Concat => Type::Text,
                BinaryOp::Coalesce => match self.type_of(left)? {
                    Type::Null => self.type_of(right)?,
                    other => other,
                },
                _ => Type::Bool,
            },
            DataExpr::Call(name, args) => match name.to_ascii_uppercase().as_str() {
                "ABS" | "DAY" | "LEN" | "LENGTH" | "MONTH" | "ROUND" | "YEAR" => Type::Number,
                "ISNULL" if args.len() == 1 => Type::Bool,
                "COALESCE" | "IFNULL" | "ISNULL" | "NVL" => match args.first() {
                    Some(first) => self.type_of(first)?,
                    None => Type::Null,
                },
                _ => Type::Text,
            },
            DataExpr::Star => return Err(invalid("`*` stands only in COUNT(*)")),
        })
    }

    /// A condition: true, false or (inside, where it counts as false) SQL's null.
    pub(crate) fn condition(&mut self, expr: &DataExpr) -> Result<()> {
        match expr {
            DataExpr::Binary(op @ (BinaryOp::And | BinaryOp::Or), left, right) => {
                self.sql.push("(");
                self.condition(left)?;
                self.sql.push(if *op == BinaryOp::And { " AND " } else { " OR " });
                self.condition(right)?;
                self.sql.push(")");
            }
            DataExpr::Binary(BinaryOp::Xor, left, right) => {
                self.sql.push("((");
                self.condition(left)?;
                self.sql.push(") IS TRUE) <> ((");
                self.condition(right)?;
                self.sql.push(") IS TRUE)");
            }
            DataExpr::Unary(UnaryOp::Not, operand) => {
                self.sql.push("((");
                self.condition(operand)?;
                self.sql.push(") IS NOT TRUE)");
            }
            DataExpr::Binary(BinaryOp::Equal, left, right) => self.equal(left, right, false)?,
            DataExpr::Binary(BinaryOp::NotEqual, left, right) => self.equal(left, right, true)?,
            DataExpr::Binary(
                op @ (BinaryOp::Less | BinaryOp::LessEqual | BinaryOp::Greater | BinaryOp::GreaterEqual),
                left,
                right,
            ) => self.order(*op, left, right)?,
            DataExpr::Binary(op @ (BinaryOp::Like | BinaryOp::ILike), left, right) => {
                self.like(left, right, *op == BinaryOp::ILike)?;
            }
            DataExpr::Binary(BinaryOp::Contains, left, right) => self.contains(left, right)?,
            DataExpr::Binary(op @ (BinaryOp::In | BinaryOp::NotIn), needle, list) => {
                let negated = *op == BinaryOp::NotIn;
                if negated {
                    self.sql.push("((");
                }
                self.contains(list, needle)?;
                if negated {
                    self.sql.push(") IS NOT TRUE)");
                }
            }
            DataExpr::In { needle, list, negated } => {
                if *negated {
                    self.sql.push("((");
                }
                let lists: Vec<DataExpr> = list.iter().flat_map(spread).collect();
                self.one_of(needle, &lists)?;
                if *negated {
                    self.sql.push(") IS NOT TRUE)");
                }
            }
            DataExpr::Between(value, low, high) => {
                self.sql.push("(");
                self.order(BinaryOp::GreaterEqual, value, low)?;
                self.sql.push(" AND ");
                self.order(BinaryOp::LessEqual, value, high)?;
                self.sql.push(")");
            }
            DataExpr::IsNull { operand, negated } => self.is_null(operand, *negated)?,
            other => self.truthy(other)?,
        }
        Ok(())
    }

    /// A bare value as a condition.
    fn truthy(&mut self, expr: &DataExpr) -> Result<()> {
        if let DataExpr::Value(value) = expr {
            let truth = match value {
                Value::Int(value) => *value != 0,
                Value::Float(value) => *value != 0.0,
                Value::Bool(value) => *value,
                Value::Text(text) => !text.is_empty() && &**text != "0" && !text.eq_ignore_ascii_case("false"),
                Value::Array(items) => !items.is_empty(),
                value => !is_missing(value),
            };
            self.constant(truth);
            return Ok(());
        }
        match self.type_of(expr)? {
            Type::Null => self.constant(false),
            Type::Bool => {
                self.sql.push("(");
                self.value(expr)?;
                self.sql.push(") IS TRUE");
            }
            Type::Number => {
                self.sql.push("(");
                self.value(expr)?;
                self.sql.push(") <> 0");
            }
            Type::Text => {
                self.sql.push("lower(");
                self.value(expr)?;
                self.sql.push(") NOT IN ('', '0', 'false')");
            }
            Type::Date | Type::DateTime | Type::Other(_) => self.is_null(expr, true)?,
        }
        Ok(())
    }

    fn constant(&mut self, truth: bool) {
        self.sql.push(if truth { "(1 = 1)" } else { "(1 = 0)" });
    }

    fn is_null(&mut self, operand: &DataExpr, negated: bool) -> Result<()> {
        if let DataExpr::Value(value) = operand {
            self.constant(is_missing(value) != negated);
            return Ok(());
        }
        let text = self.type_of(operand)? == Type::Text;
        self.sql.push("(");
        self.value(operand)?;
        self.sql.push(if negated { " IS NOT NULL" } else { " IS NULL" });
        if text {
            self.sql.push(if negated { " AND " } else { " OR " });
            self.value(operand)?;
            self.sql.push(if negated { " <> ''" } else { " = ''" });
        }
        self.sql.push(")");
        Ok(())
    }
}

/// The elements of a constant list; anything else as it is.
fn spread(expr: &DataExpr) -> Vec<DataExpr> {
    match expr {
        DataExpr::Value(Value::Array(items)) => items.iter().cloned().map(DataExpr::Value).collect(),
        DataExpr::Value(Value::Rows(rows)) => rows
            .rows
            .iter()
            // A row with one column counts as that column's value.
            .filter_map(|row| row.values().next().cloned().map(DataExpr::Value))
            .collect(),
        other => vec![other.clone()],
    }
}

fn is_constant_missing(expr: &DataExpr) -> bool {
    matches!(expr, DataExpr::Value(value) if is_missing(value))
}

const fn float(value: &Value) -> f64 {
    match value {
        Value::Float(value) => *value,
        _ => 0.0,
    }
}

fn described(expr: &DataExpr) -> String {
    match expr {
        DataExpr::Column { name, .. } => format!("the column `{name}`"),
        DataExpr::Call(name, _) => format!("{name}(…)"),
        _ => "this value".into(),
    }
}

const fn sign(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Less => " < ",
        BinaryOp::LessEqual => " <= ",
        BinaryOp::Greater => " > ",
        _ => " >= ",
    }
}

const fn mirrored(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Less => BinaryOp::Greater,
        BinaryOp::LessEqual => BinaryOp::GreaterEqual,
        BinaryOp::Greater => BinaryOp::Less,
        _ => BinaryOp::LessEqual,
    }
}
