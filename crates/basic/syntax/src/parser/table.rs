//! `TABLE … END TABLE` in all styles of rows, and `CREATE INDEX`.

use std::{collections::HashMap, sync::Arc};

use botserver_basic_types::DataExpr;

use super::{PResult, Parser};
use crate::{
    ast::{ColumnDecl, ColumnType, IndexDecl, Loc, TableDecl},
    codes::Code,
    filter,
    lexer::TokenKind,
};

impl Parser<'_> {
    /// The cursor stands on TABLE.
    pub(super) fn table(&mut self) -> PResult<()> {
        let start = self.loc();
        self.advance();
        let mut table = TableDecl { name: self.table_name()?, ..TableDecl::default() };
        while !self.at_line_end() {
            if self.take_word("ON") {
                table.connection = Some(self.table_name()?);
            } else if !self.roles(&mut table.read_roles, &mut table.write_roles)? {
                return self.expected("ON, READ BY or WRITE BY");
            }
        }
        table.loc = self.since(start);
        loop {
            self.skip_newlines();
            if self.at_end()
                || (self.is_word("END") && self.is_word_at(self.at + 1, "TABLE"))
                || self.is_word("END_TABLE")
            {
                break;
            }
            let line = self.at;
            if self.is_symbol("(") {
                if self.goes_on(&mut table).is_err() {
                    self.recover(line);
                }
                continue;
            }
            if self.row(&mut table).is_err() {
                self.recover(line);
                continue;
            }
            self.take_symbol(",");
            if self.is_symbol("-") && self.is_symbol_at(self.at + 1, "-") {
                // `-- …` is a comment in the SQL style.
                self.recover(self.at);
            }
            if !self.at_line_end() {
                let loc = self.loc();
                let message = format!("{} is not understood here", self.shown());
                self.error(Code::BadTable, loc, message);
                self.recover(line);
            }
        }
        self.close(start, "TABLE", &[&["END", "TABLE"]]);
        self.script.tables.push(table);
        Ok(())
    }

    /// A line in brackets goes on with the row before it: the formula of a generated column.
    fn goes_on(&mut self, table: &mut TableDecl) -> PResult<()> {
        if table.columns.last().is_some_and(|own| own.generated.is_none()) {
            let formula = self.sql_in_brackets()?;
            let _ = self.take_word("STORED") || self.take_word("VIRTUAL");
            if let Some(column) = table.columns.last_mut() {
                column.generated = Some(formula);
            }
            return Ok(());
        }
        self.expected("the name of a column")
    }

    fn table_name(&mut self) -> PResult<Arc<str>> {
        if matches!(self.token().kind, TokenKind::Text(_)) {
            return self.literal_text("a name");
        }
        Ok(self.name("a name")?.text)
    }

    /// `READ BY "a;b"`, `WRITE BY "a;b"`
    fn roles(&mut self, read: &mut Vec<Arc<str>>, write: &mut Vec<Arc<str>>) -> PResult<bool> {
        let roles = if self.take_words(&["READ", "BY"]) {
            read
        } else if self.take_words(&["WRITE", "BY"]) {
            write
        } else {
            return Ok(false);
        };
        let list = self.literal_text("the roles")?;
        roles.extend(list.split([';', ',']).map(str::trim).filter(|role| !role.is_empty()).map(Arc::from));
        Ok(true)
    }

    fn row(&mut self, table: &mut TableDecl) -> PResult<()> {
        if self.is_symbol("-") && self.is_symbol_at(self.at + 1, "-") {
            self.recover(self.at);
            return Ok(());
        }
        if self.is_word("CONSTRAINT") && !self.is_symbol_at(self.at + 2, "(") {
            self.advance();
            self.name("the name of the constraint")?;
        }
        if self.is_word("UNIQUE") && self.line_ends_at(self.at + 1) && self.is_symbol_at(self.at + 2, "(") {
            self.advance();
            self.skip_newlines();
            table.uniques.push(self.column_names()?);
            return Ok(());
        }
        if self.is_word("UNIQUE") && self.is_symbol_at(self.at + 1, "(") {
            self.advance();
            table.uniques.push(self.column_names()?);
            return Ok(());
        }
        if self.is_word("CHECK") && self.is_symbol_at(self.at + 1, "(") {
            self.advance();
            table.checks.push(self.sql_in_brackets()?);
            return Ok(());
        }
        if self.is_word("PRIMARY") && self.is_word_at(self.at + 1, "KEY") && self.is_symbol_at(self.at + 2, "(") {
            self.advance();
            self.advance();
            let keys = self.column_names()?;
            for column in
                table.columns.iter_mut().filter(|column| keys.iter().any(|key| key.eq_ignore_ascii_case(&column.name)))
            {
                column.key = true;
                column.not_null = true;
            }
            return Ok(());
        }
        if self.is_word("FOREIGN") && self.is_word_at(self.at + 1, "KEY") && self.is_symbol_at(self.at + 2, "(") {
            self.advance();
            self.advance();
            let own = self.column_names()?;
            self.expect_word("REFERENCES")?;
            let other = self.table_name()?;
            let columns = if self.is_symbol("(") { self.column_names()? } else { Vec::new() };
            self.reference_actions();
            table.foreign_keys.push((own, other, columns));
            return Ok(());
        }
        let column = self.column_row()?;
        table.columns.push(column);
        Ok(())
    }

    fn column_names(&mut self) -> PResult<Vec<Arc<str>>> {
        self.bracketed(")", |parser| {
            let mut names = Vec::new();
            while !parser.is_symbol(")") {
                names.push(parser.table_name()?);
                let _ = parser.take_word("DESC") || parser.take_word("ASC");
                if !parser.take_symbol(",") {
                    break;
                }
            }
            Ok(names)
        })
    }

    fn column_row(&mut self) -> PResult<ColumnDecl> {
        let start = self.loc();
        let field =
            self.is_word("FIELD") && !self.word_at(self.at + 1).is_empty() && self.is_word_at(self.at + 2, "AS");
        if field {
            self.advance();
        }
        let mut column = ColumnDecl { name: self.table_name()?, ..ColumnDecl::default() };
        if self.take_symbol("*") {
            column.indexed = true;
            column.not_null = true;
        }
        self.take_word("AS");
        if self.token().kind != TokenKind::Word {
            let loc = self.here();
            let message = format!("the column `{}` needs a type", column.name);
            return self.bail(Code::BadTable, loc, message);
        }
        let type_name = self.word();
        self.advance();
        // `double precision`, `timestamp with time zone`, `character varying`
        while self.is_any_word(&["PRECISION", "VARYING"]) {
            self.advance();
        }
        let unlimited = self.type_size(&mut column)?;
        // `TEXT[]`: a list is kept as JSON.
        let list = self.is_symbol("[") && self.is_symbol_at(self.at + 1, "]");
        if list {
            self.advance();
            self.advance();
        }
        column.kind = column_type(type_name, column.length, column.scale, unlimited).unwrap_or_else(|| {
            // Perhaps a table: `resolve_types` looks when all of them are known.
            column.references = Some((Arc::from(type_name), Some(Arc::from("?"))));
            ColumnType::String
        });
        if list {
            (column.kind, column.references) = (ColumnType::Json, None);
        }
        let _ = self.take_words(&["WITH", "TIME", "ZONE"]) || self.take_words(&["WITHOUT", "TIME", "ZONE"]);
        while !self.at_line_end() && !self.is_symbol(",") && !self.is_symbol("-") {
            if !self.column_option(&mut column)? {
                let loc = self.loc();
                let message = format!("{} is not understood here", self.shown());
                return self.bail(Code::BadTable, loc, message);
            }
        }
        column.not_null |= column.key;
        column.loc = self.since(start);
        Ok(column)
    }

    /// `(40)`, `(10,2)`, `(max)`; true for max.
    fn type_size(&mut self, column: &mut ColumnDecl) -> PResult<bool> {
        if !self.is_symbol("(") {
            return Ok(false);
        }
        self.bracketed(")", |parser| {
            if parser.take_word("MAX") {
                return Ok(true);
            }
            column.length = Some(parser.size()?);
            if parser.take_symbol(",") {
                column.scale = Some(parser.size()?);
            }
            Ok(false)
        })
    }

    fn size(&mut self) -> PResult<u32> {
        let TokenKind::Int(value) = self.token().kind else { return self.expected("a number or `max`") };
        match u32::try_from(value) {
            Ok(value) => {
                self.advance();
                Ok(value)
            }
            Err(_) => self.expected("a smaller number"),
        }
    }

    fn column_option(&mut self, column: &mut ColumnDecl) -> PResult<bool> {
        if self.take_words(&["PRIMARY", "KEY"]) || self.take_word("KEY") {
            column.key = true;
        } else if self.take_words(&["NOT", "NULL"]) || self.take_word("REQUIRED") {
            column.not_null = true;
        } else if self.take_word("NULL") || self.take_word("AUTO_INCREMENT") || self.take_word("AUTOINCREMENT") {
        } else if self.take_word("UNIQUE") {
            column.unique = true;
        } else if self.take_word("INDEX") || self.take_word("INDEXED") {
            column.indexed = true;
        } else if self.take_word("DEFAULT") {
            column.default = Some(self.sql_value()?);
        } else if self.take_word("REFERENCES") {
            let table = self.table_name()?;
            let other = if self.is_symbol("(") { self.column_names()?.into_iter().next() } else { None };
            column.references = Some((table, other));
            self.reference_actions();
        } else if self.is_word("CHECK") && self.is_symbol_at(self.at + 1, "(") {
            self.advance();
            column.check = Some(self.sql_in_brackets()?);
        } else if self.take_word("GENERATED") {
            let _ = self.take_words(&["BY", "DEFAULT"]) || self.take_word("ALWAYS");
            self.expect_word("AS")?;
            if self.take_word("IDENTITY") {
                return Ok(true);
            }
            self.skip_newlines();
            column.generated = Some(self.sql_in_brackets()?);
            let _ = self.take_word("STORED") || self.take_word("VIRTUAL");
        } else {
            return self.roles(&mut column.read_roles, &mut column.write_roles);
        }
        Ok(true)
    }

    /// `ON DELETE CASCADE` and the like are read and left to the defaults.
    fn reference_actions(&mut self) {
        while self.is_word("ON") && (self.is_word_at(self.at + 1, "DELETE") || self.is_word_at(self.at + 1, "UPDATE")) {
            self.advance();
            self.advance();
            let _ = self.take_words(&["SET", "NULL"])
                || self.take_words(&["SET", "DEFAULT"])
                || self.take_words(&["NO", "ACTION"])
                || self.take_word("CASCADE")
                || self.take_word("RESTRICT");
        }
    }

    /// A literal, a word or a call after DEFAULT.
    fn sql_value(&mut self) -> PResult<DataExpr> {
        let start = self.loc();
        if self.is_symbol("-") || self.is_symbol("+") {
            self.advance();
        }
        if self.is_symbol("(") {
            return self.sql_in_brackets();
        }
        if self.at_line_end() {
            return self.expected("a value");
        }
        self.advance();
        if self.is_symbol("(") {
            self.bracketed(")", |parser| {
                while !parser.is_symbol(")") && !parser.at_end() {
                    parser.advance();
                }
                Ok(())
            })?;
        }
        self.sql(self.since(start), true)
    }

    fn sql_in_brackets(&mut self) -> PResult<DataExpr> {
        let open = self.token().clone();
        if open.partner == u32::MAX || !self.is_symbol("(") {
            let loc = open.loc;
            return self.bail(Code::UnclosedBracket, loc, "`(` has no `)`");
        }
        let inner = Loc::new(open.loc.end, self.token_at(open.partner as usize).loc.start);
        self.at = open.partner as usize;
        self.advance();
        self.sql(inner, false)
    }

    fn sql(&mut self, loc: Loc, value: bool) -> PResult<DataExpr> {
        let text = self.slice(loc);
        let parsed = if value { filter::parse_value(text) } else { filter::parse_sql(text) };
        parsed.or_else(|error| {
            let at = loc.start + (error.position.min(text.len())) as u32;
            self.bail(Code::BadTable, Loc::new(at, loc.end.max(at)), error.message)
        })
    }

    /// A type that is the name of a table makes a reference with the type of that table's key; any other
    /// unknown type is text.
    pub(super) fn resolve_types(&mut self) {
        type Key = (Arc<str>, Option<(ColumnType, Option<u32>, Option<u32>)>);
        let keys: HashMap<String, Key> = self
            .script
            .tables
            .iter()
            .map(|table| {
                let key = table.columns.iter().find(|column| column.key).or(table.columns.first());
                let key = key.map(|key| (key.kind, key.length, key.scale));
                (table.name.to_lowercase(), (table.name.clone(), key))
            })
            .collect();
        for column in self.script.tables.iter_mut().flat_map(|table| &mut table.columns) {
            let Some((wanted, Some(mark))) = &column.references else { continue };
            if &**mark != "?" {
                continue;
            }
            match keys.get(&wanted.to_lowercase()) {
                Some((name, key)) => {
                    if let Some((kind, length, scale)) = *key {
                        (column.kind, column.length, column.scale) = (kind, length, scale);
                    }
                    column.references = Some((name.clone(), None));
                }
                None => column.references = None,
            }
        }
    }

    /// `CREATE [UNIQUE] INDEX n ON t(c)`
    pub(super) fn index_decl(&mut self) -> PResult<()> {
        let start = self.loc();
        self.advance();
        let unique = self.take_word("UNIQUE");
        self.expect_word("INDEX")?;
        let _ = self.take_words(&["IF", "NOT", "EXISTS"]);
        let name = if self.is_word("ON") { None } else { Some(self.table_name()?) };
        self.expect_word("ON")?;
        let table = self.table_name()?;
        let columns = self.column_names()?;
        let loc = self.since(start);
        self.script.indexes.push(IndexDecl { name, table, columns, unique, loc });
        Ok(())
    }
}

/// The column type that a name stands for; `None` for an unknown name.
fn column_type(name: &str, length: Option<u32>, scale: Option<u32>, unlimited: bool) -> Option<ColumnType> {
    Some(match name.to_lowercase().as_str() {
        "string" | "varchar" | "nvarchar" | "char" | "character" if unlimited => ColumnType::Text,
        "string" | "varchar" | "nvarchar" | "char" | "nchar" | "character" => ColumnType::String,
        "text" | "memo" | "longtext" => ColumnType::Text,
        "numeric" | "decimal" | "money" => ColumnType::Decimal,
        "number" | "double" | "float" | "real" if scale.is_some() => ColumnType::Decimal,
        "number" if length.is_some() => ColumnType::BigInt,
        "number" | "integer" | "int" | "smallint" | "serial" => ColumnType::Integer,
        "bigint" | "bigserial" | "long" => ColumnType::BigInt,
        "double" | "float" | "real" => ColumnType::Double,
        "boolean" | "bool" | "bit" => ColumnType::Boolean,
        "date" => ColumnType::Date,
        "datetime" | "timestamp" | "timestamptz" => ColumnType::DateTime,
        "time" => ColumnType::Time,
        "guid" | "uuid" | "uniqueidentifier" => ColumnType::Uuid,
        "json" | "jsonb" | "object" => ColumnType::Json,
        "binary" | "blob" | "bytea" => ColumnType::Binary,
        _ => return None,
    })
}
