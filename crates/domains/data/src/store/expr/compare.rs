//! Comparisons: the language's idea of equal, less and like, in SQL of either dialect.

use super::{
    BasicError, BinaryOp, DataExpr, Error, Kind, Result, Stored, Type, Value, Writer, boolean, convert, date,
    described, float, invalid, is_constant_missing, is_missing, mirrored, ops, patterns, sign, spread,
};

/// Bytes of a pattern of LIKE that a database is asked to look for.
const LONGEST_PATTERN: usize = 1_000;

impl Writer<'_, '_> {
    pub(super) fn equal(&mut self, left: &DataExpr, right: &DataExpr, negated: bool) -> Result<()> {
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

    pub(super) fn equal_value(&mut self, expr: &DataExpr, value: &Value, negated: bool) -> Result<()> {
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
    pub(super) fn kind_for(&self, expr: &DataExpr) -> Result<Kind> {
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
    pub(super) fn comparand(&mut self, expr: &DataExpr, kind: Kind) -> Result<()> {
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
    pub(super) fn comparable(&self, kind: Kind, value: &Value) -> Option<Stored> {
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

    pub(super) fn order(&mut self, op: BinaryOp, left: &DataExpr, right: &DataExpr) -> Result<()> {
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

    pub(super) fn order_value(&mut self, op: BinaryOp, expr: &DataExpr, value: &Value) -> Result<()> {
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

    pub(super) fn like(&mut self, text: &DataExpr, pattern: &DataExpr, ignore_case: bool) -> Result<()> {
        let DataExpr::Value(pattern) = pattern else {
            return Err(invalid("the pattern of LIKE must be a text, not a column"));
        };
        let pattern = ops::to_text(pattern);
        // A database tries a pattern at every place of every text, so its length counts many times.
        if pattern.len() > LONGEST_PATTERN {
            return Err(invalid(format!("a pattern of LIKE over rows may have at most {LONGEST_PATTERN} characters")));
        }
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

    pub(super) fn contains(&mut self, container: &DataExpr, item: &DataExpr) -> Result<()> {
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
    pub(super) fn one_of(&mut self, needle: &DataExpr, list: &[DataExpr]) -> Result<()> {
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
}
