//! Values: literals, arithmetic, texts and the functions that conditions may call.

use super::{
    BasicError, BinaryOp, Column, DataExpr, Error, FUNCTIONS, Kind, Result, Stored, Table, Type, UnaryOp, Value,
    Writer, described, invalid, ops,
};

impl Writer<'_, '_> {
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

    pub(super) fn literal(&mut self, value: &Value) -> Result<()> {
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

    pub(super) fn arithmetic(&mut self, left: &DataExpr, sign: &str, right: &DataExpr) -> Result<()> {
        self.sql.push("(");
        self.number(left)?;
        self.sql.push(sign);
        self.number(right)?;
        self.sql.push(")");
        Ok(())
    }

    pub(super) fn divide(&mut self, left: &DataExpr, right: &DataExpr) -> Result<()> {
        self.sql.push("(CAST(");
        self.number(left)?;
        self.sql.push_for(" AS REAL)", " AS double precision)");
        self.sql.push(" / NULLIF(");
        self.number(right)?;
        self.sql.push(", 0))");
        Ok(())
    }

    /// A number, nothing as 0, texts by what they spell (nothing if they spell none).
    pub(super) fn number(&mut self, expr: &DataExpr) -> Result<()> {
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
    pub(super) fn text(&mut self, expr: &DataExpr) -> Result<()> {
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

    pub(super) fn plain_text(&mut self, expr: &DataExpr) -> Result<()> {
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

    pub(super) fn cast_text(&mut self, expr: &DataExpr) -> Result<()> {
        self.sql.push("CAST(");
        self.value(expr)?;
        self.sql.push(" AS TEXT)");
        Ok(())
    }

    pub(super) fn coalesce(&mut self, args: &[DataExpr]) -> Result<()> {
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

    pub(super) fn call(&mut self, name: &str, args: &[DataExpr]) -> Result<()> {
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
    pub(super) fn whole(&mut self, expr: &DataExpr) -> Result<()> {
        self.sql.push("CAST(");
        self.number(expr)?;
        self.sql.push(" AS INTEGER)");
        Ok(())
    }

    /// The new value of a column in UPDATE … SET, converted to what the column holds.
    pub(crate) fn assigned(&mut self, table: &Table, column: &Column, expr: &DataExpr) -> Result<()> {
        if let DataExpr::Value(value) = expr {
            let stored = crate::store::convert::to_stored(&table.name, column, value, self.sql.is_postgres())?;
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
