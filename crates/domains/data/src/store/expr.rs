//! Conditions and computed values over columns, as bound SQL that means the same on both databases and
//! the same as the language does over a list: null equals empty text, `<` and its kin never hold for what
//! is missing, LIKE minds case and ILIKE does not, `/` divides really and by zero gives nothing.
//!
//! Deliberate differences from the language: a text column and a number are equal by their texts (so that
//! the index serves), and LOWER and UPPER change the letters A to Z only.

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

    fn equal(&mut self, left: &DataExpr, right: &DataExpr, negated: bool) -> Result<()> {
        match (left, right) {
            (DataExpr::Value(a), DataExpr::Value(b)) => {
                let same = (is_missing(a) && is_missing(b)) || ops::to_text(a) == ops::to_text(b);
                self.constant(same != negated);
                Ok(())
            }
            (DataExpr::Value(value), other) | (other, DataExpr::Value(value)) => {
                self.equal_value(other, value, negated)
            }
            _ => {
                let types = (self.type_of(left)?, self.type_of(right)?);
                let as_text = types.0 != types.1
                    && !matches!(types, (Type::Date, Type::DateTime) | (Type::DateTime, Type::Date))
                    || types.0 == Type::Text
                    || types.0 == Type::Other(Kind::Json);
                self.sql.push("(");
                if as_text {
                    self.text(left)?;
                    self.sql.push(if negated { " <> " } else { " = " });
                    self.text(right)?;
                } else {
                    self.value(left)?;
                    self.sql.push(if negated { " IS DISTINCT FROM " } else { " IS NOT DISTINCT FROM " });
                    self.value(right)?;
                }
                self.sql.push(")");
                Ok(())
            }
        }
    }

    fn equal_value(&mut self, expr: &DataExpr, value: &Value, negated: bool) -> Result<()> {
        if is_missing(value) {
            return self.is_null(expr, negated);
        }
        if let Value::Array(_) | Value::Object(_) | Value::Rows(_) = value {
            return Err(Error::Basic(BasicError::type_mismatch(
                "a column cannot be compared with a list or an object; use IN, or name a field",
            )));
        }
        let kind = self.kind_for(expr)?;
        if kind == Kind::Boolean && !matches!(expr, DataExpr::Column { .. }) {
            let Ok(wanted) = boolean(value) else {
                self.constant(negated);
                return Ok(());
            };
            self.sql.push("((");
            self.condition(expr)?;
            self.sql.push(if wanted == negated { ") IS NOT TRUE)" } else { ") IS TRUE)" });
            return Ok(());
        }
        // What the column cannot hold, it does not equal.
        let Some(stored) = self.comparable(kind, value) else {
            self.constant(negated);
            return Ok(());
        };
        self.comparand(expr, kind)?;
        self.sql.push(if negated { " IS DISTINCT FROM " } else { " = " });
        self.sql.bind_kind(if kind == Kind::Json { Kind::Text } else { kind }, &stored);
        Ok(())
    }

    /// The kind a constant is converted to before it is compared with an expression.
    fn kind_for(&self, expr: &DataExpr) -> Result<Kind> {
        if let Some(column) = self.column_type(expr)? {
            return Ok(column.kind);
        }
        Ok(match self.type_of(expr)? {
            Type::Bool => Kind::Boolean,
            Type::Number => Kind::Double,
            Type::Date => Kind::Date,
            Type::DateTime => Kind::DateTime,
            Type::Other(kind) => kind,
            Type::Text | Type::Null => Kind::Text,
        })
    }

    /// The left side of a comparison with a constant.
    fn comparand(&mut self, expr: &DataExpr, kind: Kind) -> Result<()> {
        if kind == Kind::Json {
            return self.cast_text(expr);
        }
        if kind == Kind::Double && !matches!(expr, DataExpr::Column { .. }) {
            self.sql.push("CAST(");
            self.value(expr)?;
            self.sql.push_for(" AS REAL)", " AS double precision)");
            return Ok(());
        }
        self.value(expr)
    }

    /// A constant in the form that a comparison with that kind needs; none if it has no such form.
    fn comparable(&self, kind: Kind, value: &Value) -> Option<Stored> {
        let postgres = self.sql.is_postgres();
        match kind {
            // A fraction is unlike every whole number, and a text only like itself.
            Kind::String | Kind::Text => Some(Stored::Text(ops::to_text(value))),
            Kind::Decimal => {
                // Compared as it is, not rounded to the column's digits.
                convert(Kind::Decimal, None, None, value, postgres).ok()
            }
            Kind::Date => {
                let moment = date(value).ok()?;
                (moment.civil_seconds.rem_euclid(86_400) == 0)
                    .then(|| convert(Kind::Date, None, None, &Value::Date(moment), postgres).ok())
                    .flatten()
            }
            _ => convert(kind, None, None, value, postgres).ok().filter(|stored| *stored != Stored::Null),
        }
    }

    fn order(&mut self, op: BinaryOp, left: &DataExpr, right: &DataExpr) -> Result<()> {
        if let (DataExpr::Value(_), DataExpr::Value(_)) = (left, right) {
            return Err(invalid("a condition compares two values and no column"));
        }
        if let DataExpr::Value(value) = left {
            let value = value.clone();
            return self.order_value(mirrored(op), right, &value);
        }
        if let DataExpr::Value(value) = right {
            return self.order_value(op, left, value);
        }
        let types = (self.type_of(left)?, self.type_of(right)?);
        self.sql.push("(");
        match types {
            (Type::Text, Type::Number) | (Type::Number, Type::Text) => {
                self.number(left)?;
                self.sql.push(sign(op));
                self.number(right)?;
            }
            (a, b) if a == b || matches!((a, b), (Type::Date, Type::DateTime) | (Type::DateTime, Type::Date)) => {
                self.value(left)?;
                self.sql.push(sign(op));
                self.value(right)?;
            }
            _ => {
                self.text(left)?;
                self.sql.push(sign(op));
                self.text(right)?;
            }
        }
        self.sql.push(")");
        Ok(())
    }

    fn order_value(&mut self, op: BinaryOp, expr: &DataExpr, value: &Value) -> Result<()> {
        // What is missing is neither more nor less.
        if is_missing(value) {
            self.constant(false);
            return Ok(());
        }
        let mismatch = || {
            Error::Basic(BasicError::type_mismatch(format!(
                "\"{}\" cannot be compared with {}",
                ops::to_text(value).chars().take(40).collect::<String>(),
                described(expr)
            )))
        };
        let kind = self.kind_for(expr)?;
        match kind {
            Kind::String | Kind::Text => {
                if let Value::Int(_) | Value::Float(_) = value {
                    self.number(expr)?;
                    self.sql.push(sign(op));
                    let number = if let Value::Int(value) = value { *value as f64 } else { float(value) };
                    self.sql.bind(number);
                    return Ok(());
                }
                self.sql.push("(");
                self.value(expr)?;
                self.sql.push(sign(op)).bind(ops::to_text(value));
                // An empty text is missing, and would be less than every other.
                if matches!(op, BinaryOp::Less | BinaryOp::LessEqual) {
                    self.sql.push(" AND ");
                    self.value(expr)?;
                    self.sql.push(" <> ''");
                }
                self.sql.push(")");
            }
            Kind::Integer | Kind::BigInt => {
                let Ok(Stored::Float(number)) = convert(Kind::Double, None, None, value, self.sql.is_postgres()) else {
                    return Err(mismatch());
                };
                self.value(expr)?;
                self.sql.push(sign(op));
                // Whole numbers are bound as such, so that the index serves.
                match convert(Kind::BigInt, None, None, value, self.sql.is_postgres()) {
                    Ok(stored) => self.sql.bind_kind(Kind::BigInt, &stored),
                    Err(_) => self.sql.bind(number),
                };
            }
            Kind::Date | Kind::DateTime => {
                let moment = date(value).map_err(|_| mismatch())?;
                // A day is its first moment; on SQLite both are texts, where the shorter one sorts first.
                let whole = moment.civil_seconds.rem_euclid(86_400) == 0;
                let bound_as = if kind == Kind::Date && whole { Kind::Date } else { Kind::DateTime };
                let stored = convert(bound_as, None, None, &Value::Date(moment), self.sql.is_postgres());
                let stored = stored.map_err(|_| mismatch())?;
                self.value(expr)?;
                self.sql.push(sign(op)).bind_kind(bound_as, &stored);
            }
            _ => {
                let stored = self.comparable(kind, value).ok_or_else(mismatch)?;
                self.comparand(expr, kind)?;
                self.sql.push(sign(op)).bind_kind(if kind == Kind::Json { Kind::Text } else { kind }, &stored);
            }
        }
        Ok(())
    }

    fn like(&mut self, text: &DataExpr, pattern: &DataExpr, ignore_case: bool) -> Result<()> {
        let DataExpr::Value(pattern) = pattern else {
            return Err(invalid("the pattern of LIKE must be a text, not a column"));
        };
        let pattern = ops::to_text(pattern);
        // Nothing is like empty text here as elsewhere; only then does the missing value matter.
        if pattern.chars().all(|character| character == '%') {
            if pattern.is_empty() {
                return self.is_null(text, false);
            }
            self.constant(true);
            return Ok(());
        }
        self.sql.push("(");
        self.plain_text(text)?;
        if !self.sql.is_postgres() {
            self.sql.push(" GLOB ").bind(patterns::glob(&pattern, ignore_case));
        } else if ignore_case {
            self.sql.push(" ~ ").bind(patterns::regex(&pattern));
        } else {
            self.sql.push(" LIKE ").bind(pattern).push(" ESCAPE ''");
        }
        self.sql.push(")");
        Ok(())
    }

    fn contains(&mut self, container: &DataExpr, item: &DataExpr) -> Result<()> {
        if let DataExpr::Value(Value::Array(_) | Value::Rows(_)) = container {
            return self.one_of(item, &spread(container));
        }
        if is_constant_missing(container) {
            self.constant(false);
            return Ok(());
        }
        self.sql.push_for("(instr(", "(strpos(");
        self.text(container)?;
        self.sql.push(", ");
        self.text(item)?;
        self.sql.push(") > 0)");
        Ok(())
    }

    /// `needle` equals any of the constants and expressions.
    fn one_of(&mut self, needle: &DataExpr, list: &[DataExpr]) -> Result<()> {
        if list.is_empty() {
            self.constant(false);
            return Ok(());
        }
        let is_column = matches!(needle, DataExpr::Column { .. });
        let kind = if is_column { self.kind_for(needle)? } else { Kind::Text };
        let mut plain = Vec::new();
        let mut others = Vec::new();
        for item in list {
            match item {
                DataExpr::Value(value)
                    if is_column && kind != Kind::Json && !is_missing(value) && !matches!(value, Value::Object(_)) =>
                {
                    plain.extend(self.comparable(kind, value));
                }
                other => others.push(other),
            }
        }
        self.sql.push("(");
        if plain.is_empty() {
            self.sql.push("1 = 0");
        } else {
            self.value(needle)?;
            self.sql.push(" IN (");
            for (index, stored) in plain.iter().enumerate() {
                if index > 0 {
                    self.sql.push(", ");
                }
                self.sql.bind_kind(kind, stored);
            }
            self.sql.push(")");
        }
        for other in others {
            self.sql.push(" OR ");
            self.equal(needle, other, false)?;
        }
        self.sql.push(")");
        Ok(())
    }

    /// A value.
    pub(crate) fn value(&mut self, expr: &DataExpr) -> Result<()> {
        match expr {
            DataExpr::Column { table, name } => {
                let (alias, column) = self.columns.find(table.as_deref(), name)?;
                if let Some(alias) = alias {
                    self.sql.ident(alias).push(".");
                }
                self.sql.ident(&column.physical());
            }
            DataExpr::Value(value) => self.literal(value)?,
            DataExpr::Unary(UnaryOp::Negate, operand) => {
                self.sql.push("(-");
                self.number(operand)?;
                self.sql.push(")");
            }
            DataExpr::Binary(op, left, right) => match op {
                BinaryOp::Add if self.type_of(expr)? == Type::Number => self.arithmetic(left, " + ", right)?,
                BinaryOp::Add | BinaryOp::Concat => {
                    self.sql.push("(");
                    self.text(left)?;
                    self.sql.push(" || ");
                    self.text(right)?;
                    self.sql.push(")");
                }
                BinaryOp::Subtract => self.arithmetic(left, " - ", right)?,
                BinaryOp::Multiply => self.arithmetic(left, " * ", right)?,
                BinaryOp::Divide => self.divide(left, right)?,
                BinaryOp::Modulo => {
                    // a - b * trunc(a / b), with the sign of the dividend as the language has it.
                    self.sql.push("(");
                    self.number(left)?;
                    self.sql.push(" - ");
                    self.number(right)?;
                    self.sql.push_for(" * CAST(", " * trunc(");
                    self.divide(left, right)?;
                    self.sql.push_for(" AS INTEGER))", "))");
                }
                BinaryOp::Power => return Err(invalid("`^` is not available in conditions over tables")),
                BinaryOp::Coalesce => self.coalesce(&[(**left).clone(), (**right).clone()])?,
                _ => {
                    self.sql.push("((");
                    self.condition(expr)?;
                    self.sql.push(") IS TRUE)");
                }
            },
            DataExpr::Unary(UnaryOp::Not, _)
            | DataExpr::In { .. }
            | DataExpr::Between(..)
            | DataExpr::IsNull { .. } => {
                self.sql.push("((");
                self.condition(expr)?;
                self.sql.push(") IS TRUE)");
            }
            DataExpr::Call(name, args) => self.call(name, args)?,
            DataExpr::Star => return Err(invalid("`*` stands only in COUNT(*)")),
        }
        Ok(())
    }

    fn literal(&mut self, value: &Value) -> Result<()> {
        match value {
            Value::Null => self.sql.push("NULL"),
            Value::Bool(value) => self.sql.bind(*value),
            Value::Int(value) => self.sql.bind(*value),
            Value::Float(value) => self.sql.bind(*value),
            Value::Date(date) => {
                let kind = if date.date_only { Kind::Date } else { Kind::DateTime };
                self.sql.bind_kind(kind, &Stored::Text(date.to_string()))
            }
            Value::Secret(_) => return Err(invalid("a secret cannot be used in a condition")),
            other => {
                let text = ops::to_text(other);
                self.sql.push_for("", "CAST(").bind(text).push_for("", " AS text)")
            }
        };
        Ok(())
    }

    fn arithmetic(&mut self, left: &DataExpr, sign: &str, right: &DataExpr) -> Result<()> {
        self.sql.push("(");
        self.number(left)?;
        self.sql.push(sign);
        self.number(right)?;
        self.sql.push(")");
        Ok(())
    }

    fn divide(&mut self, left: &DataExpr, right: &DataExpr) -> Result<()> {
        self.sql.push("(CAST(");
        self.number(left)?;
        self.sql.push_for(" AS REAL)", " AS double precision)");
        self.sql.push(" / NULLIF(");
        self.number(right)?;
        self.sql.push(", 0))");
        Ok(())
    }

    /// A number, nothing as 0, texts by what they spell (nothing if they spell none).
    fn number(&mut self, expr: &DataExpr) -> Result<()> {
        match self.type_of(expr)? {
            Type::Null => self.sql.push("0"),
            Type::Number => {
                if let DataExpr::Value(_) = expr {
                    return self.value(expr);
                }
                self.sql.push("COALESCE(");
                self.value(expr)?;
                self.sql.push(", 0)")
            }
            Type::Text => {
                if let DataExpr::Value(value) = expr {
                    let number = ops::parse_number(&ops::to_text(value)).ok_or_else(|| {
                        Error::Basic(BasicError::type_mismatch(format!("\"{}\" is not a number", ops::to_text(value))))
                    })?;
                    self.sql.bind(number.as_f64());
                    return Ok(());
                }
                self.sql.push("CASE WHEN ");
                self.value(expr)?;
                self.sql.push_for(" GLOB '*[0-9]*' AND ", " ~ '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)$'");
                if !self.sql.is_postgres() {
                    self.value(expr)?;
                    self.sql.push(" NOT GLOB '*[^0-9.+-]*'");
                }
                self.sql.push(" THEN CAST(");
                self.value(expr)?;
                self.sql.push_for(" AS REAL) END", " AS double precision) END")
            }
            Type::Bool => {
                self.sql.push("CASE WHEN ");
                self.condition(expr)?;
                self.sql.push(" THEN 1 ELSE 0 END")
            }
            Type::Date | Type::DateTime | Type::Other(_) => {
                return Err(invalid(format!("{} is not a number", described(expr))));
            }
        };
        Ok(())
    }

    /// A text by the language's printing rule, nothing as empty.
    fn text(&mut self, expr: &DataExpr) -> Result<()> {
        if let DataExpr::Value(value) = expr {
            let text = ops::to_text(value);
            self.sql.push_for("", "CAST(").bind(text).push_for("", " AS text)");
            return Ok(());
        }
        self.sql.push("COALESCE(");
        self.plain_text(expr)?;
        self.sql.push(", '')");
        Ok(())
    }

    fn plain_text(&mut self, expr: &DataExpr) -> Result<()> {
        match self.type_of(expr)? {
            Type::Text => self.value(expr),
            Type::Bool => {
                self.sql.push("CASE WHEN ");
                self.condition(expr)?;
                self.sql.push(" THEN 'true' ELSE 'false' END");
                Ok(())
            }
            // 2, not 2.0 or 2.00.
            Type::Number => {
                let kind = self.kind_for(expr)?;
                if matches!(kind, Kind::Integer | Kind::BigInt) {
                    return self.cast_text(expr);
                }
                self.sql.push("CASE WHEN ");
                self.value(expr)?;
                self.sql.push_for(" = CAST(", " = trunc(CAST(");
                self.value(expr)?;
                self.sql.push_for(" AS INTEGER) THEN CAST(CAST(", " AS numeric)) THEN CAST(CAST(");
                self.value(expr)?;
                self.sql.push_for(" AS INTEGER) AS TEXT) ELSE CAST(", " AS bigint) AS text) ELSE CAST(CAST(");
                self.value(expr)?;
                self.sql.push_for(" AS TEXT) END", " AS double precision) AS text) END");
                Ok(())
            }
            _ => self.cast_text(expr),
        }
    }

    fn cast_text(&mut self, expr: &DataExpr) -> Result<()> {
        self.sql.push("CAST(");
        self.value(expr)?;
        self.sql.push(" AS TEXT)");
        Ok(())
    }

    fn coalesce(&mut self, args: &[DataExpr]) -> Result<()> {
        let kinds = args.iter().map(|arg| self.type_of(arg)).collect::<Result<Vec<_>>>()?;
        let known: Vec<Type> = kinds.iter().copied().filter(|kind| *kind != Type::Null).collect();
        let as_text = known.windows(2).any(|pair| pair[0] != pair[1]) || known.first() == Some(&Type::Text);
        self.sql.push("COALESCE(");
        for (index, arg) in args.iter().enumerate() {
            if index > 0 {
                self.sql.push(", ");
            }
            if as_text {
                // Empty text counts as missing.
                self.sql.push("NULLIF(");
                self.text(arg)?;
                self.sql.push(", '')");
            } else {
                self.value(arg)?;
            }
        }
        if args.len() < 2 {
            self.sql.push(", NULL");
        }
        self.sql.push(")");
        Ok(())
    }

    fn call(&mut self, name: &str, args: &[DataExpr]) -> Result<()> {
        let upper = name.to_ascii_uppercase();
        let arity = |least: usize, most: usize| {
            if (least..=most).contains(&args.len()) {
                return Ok(());
            }
            Err(invalid(format!("{upper} takes {least} to {most} values in a condition over a table")))
        };
        match upper.as_str() {
            "LOWER" | "LCASE" | "UPPER" | "UCASE" => {
                arity(1, 1)?;
                self.sql.push(if upper.starts_with('L') { "lower(" } else { "upper(" });
                self.text(&args[0])?;
                self.sql.push_for(")", " COLLATE \"C\")");
            }
            "TRIM" => {
                arity(1, 1)?;
                self.sql.push("trim(");
                self.text(&args[0])?;
                self.sql.push(")");
            }
            "LEN" | "LENGTH" => {
                arity(1, 1)?;
                self.sql.push("length(");
                self.text(&args[0])?;
                self.sql.push(")");
            }
            "LEFT" => {
                arity(2, 2)?;
                self.sql.push("substr(");
                self.text(&args[0])?;
                self.sql.push(", 1, ");
                self.whole(&args[1])?;
                self.sql.push(")");
            }
            "RIGHT" => {
                arity(2, 2)?;
                // From the position that leaves that many characters.
                self.sql.push("substr(");
                self.text(&args[0])?;
                self.sql.push_for(", max(1, length(", ", greatest(1, length(");
                self.text(&args[0])?;
                self.sql.push(") + 1 - ");
                self.whole(&args[1])?;
                self.sql.push("))");
            }
            "MID" | "SUBSTR" | "SUBSTRING" => {
                arity(2, 3)?;
                self.sql.push("substr(");
                self.text(&args[0])?;
                for arg in &args[1..] {
                    self.sql.push(", ");
                    self.whole(arg)?;
                }
                self.sql.push(")");
            }
            "REPLACE" => {
                arity(3, 3)?;
                self.sql.push("replace(");
                for (index, arg) in args.iter().enumerate() {
                    if index > 0 {
                        self.sql.push(", ");
                    }
                    self.text(arg)?;
                }
                self.sql.push(")");
            }
            "CONCAT" => {
                arity(1, 20)?;
                self.sql.push("(''");
                for arg in args {
                    self.sql.push(" || ");
                    self.text(arg)?;
                }
                self.sql.push(")");
            }
            "ABS" => {
                arity(1, 1)?;
                self.sql.push("abs(");
                self.number(&args[0])?;
                self.sql.push(")");
            }
            "ROUND" => {
                arity(1, 2)?;
                self.sql.push_for("round(", "round(CAST(");
                self.number(&args[0])?;
                self.sql.push_for("", " AS numeric)");
                if let Some(digits) = args.get(1) {
                    self.sql.push(", ");
                    self.whole(digits)?;
                }
                self.sql.push(")");
            }
            "ISNULL" if args.len() == 1 => self.is_null(&args[0], false)?,
            "COALESCE" | "IFNULL" | "ISNULL" | "NVL" => {
                arity(1, 20)?;
                self.coalesce(args)?;
            }
            "YEAR" | "MONTH" | "DAY" => {
                arity(1, 1)?;
                let (format, field) = match upper.as_str() {
                    "YEAR" => ("%Y", "YEAR"),
                    "MONTH" => ("%m", "MONTH"),
                    _ => ("%d", "DAY"),
                };
                if !matches!(self.type_of(&args[0])?, Type::Date | Type::DateTime) {
                    return Err(invalid(format!("{upper} needs a date, not {}", described(&args[0]))));
                }
                if self.sql.is_postgres() {
                    self.sql.push("CAST(EXTRACT(").push(field).push(" FROM ");
                    self.value(&args[0])?;
                    self.sql.push(") AS bigint)");
                } else {
                    self.sql.push("CAST(strftime('").push(format).push("', ");
                    self.value(&args[0])?;
                    self.sql.push(") AS INTEGER)");
                }
            }
            _ => {
                return Err(Error::Basic(
                    BasicError::invalid(format!("{upper} is not available in conditions over tables"))
                        .with_help(format!("Available are {}, NOW and TODAY.", FUNCTIONS.join(", "))),
                ));
            }
        }
        Ok(())
    }

    /// A whole number, such as a position.
    fn whole(&mut self, expr: &DataExpr) -> Result<()> {
        self.sql.push("CAST(");
        self.number(expr)?;
        self.sql.push(" AS INTEGER)");
        Ok(())
    }

    /// The new value of a column in UPDATE … SET, converted to what the column holds.
    pub(crate) fn assigned(&mut self, table: &Table, column: &Column, expr: &DataExpr) -> Result<()> {
        if let DataExpr::Value(value) = expr {
            let stored = super::convert::to_stored(&table.name, column, value, self.sql.is_postgres())?;
            self.sql.bind_kind(column.kind, &stored);
            return Ok(());
        }
        match (column.kind, column.scale) {
            (Kind::String | Kind::Text, _) => self.text(expr)?,
            (Kind::Integer | Kind::BigInt, _) => {
                self.sql.push_for("CAST(round(", "CAST(round(CAST(");
                self.number(expr)?;
                self.sql.push_for(") AS INTEGER)", " AS numeric)) AS bigint)");
            }
            (Kind::Decimal, Some(scale)) => {
                self.sql.push_for("round(", "round(CAST(");
                self.number(expr)?;
                self.sql.push_for(", ", " AS numeric), ").push(&scale.to_string()).push(")");
            }
            (Kind::Decimal | Kind::Double, _) => self.number(expr)?,
            (Kind::Boolean, _) => {
                self.sql.push("((");
                self.condition(expr)?;
                self.sql.push(") IS TRUE)");
            }
            _ => self.value(expr)?,
        }
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
