//! What a package's declarations would change, without changing it: used by `check`, by publishing (a
//! version that cannot be applied is refused) and by [`super::apply`].

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use botserver_basic_syntax::ast::{ColumnDecl, ColumnType, IndexDecl, Loc, TableDecl};
use botserver_basic_types::{DataExpr, Severity};

use crate::{Column, Kind, Table, model::same_name, store::SEQUENCE};

/// Names end up in index names and, on PostgreSQL, must fit 63 bytes.
const MAX_NAME: usize = 60;
/// SQLite's and PostgreSQL's own limits are higher.
const MAX_COLUMNS: usize = 500;

/// Something to say about a TABLE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableProblem {
    /// An error refuses the version.
    pub severity: Severity,
    /// One sentence.
    pub message: String,
    /// Which of the declarations that were given.
    pub table: Arc<str>,
    /// Where in its script.
    pub loc: Loc,
    /// The declaration itself.
    pub place: Place,
    /// The declaration that has the name already.
    pub earlier: Option<Place>,
}

/// A declaration, by its number among those that were given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A TABLE.
    Table(usize),
    /// A CREATE INDEX.
    Index(usize),
}

/// What applying would do.
#[derive(Clone, Debug, Default)]
pub struct TablePlan {
    pub(crate) create: Vec<(Table, Vec<DataExpr>)>,
    pub(crate) widen: Vec<(Table, Vec<Column>)>,
    /// Tables whose entry in the catalogue changes without a change of rows.
    pub(crate) note: Vec<Table>,
    pub(crate) indexes: Vec<crate::store::Index>,
    /// What is wrong or worth knowing.
    pub problems: Vec<TableProblem>,
    /// The declaration that is being looked at.
    at: usize,
}

impl TablePlan {
    /// True when it must not be applied.
    pub fn is_refused(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// Compares declarations with the tables that exist.
    pub(crate) fn new(existing: &[Arc<Table>], declared: &[TableDecl], indexes: &[IndexDecl]) -> Self {
        let mut plan = Self::default();
        let mut seen: HashMap<String, usize> = HashMap::new();
        for (at, decl) in declared.iter().enumerate() {
            plan.at = at;
            if let Some(first) = seen.get(&decl.name.to_lowercase()) {
                let message = format!("the table `{}` is declared twice", decl.name);
                plan.say(decl, decl.loc, Severity::Error, message);
                if let Some(problem) = plan.problems.last_mut() {
                    problem.earlier = Some(Place::Table(*first));
                }
                continue;
            }
            seen.insert(decl.name.to_lowercase(), at);
            plan.table(existing, decl);
        }
        for (at, index) in indexes.iter().enumerate() {
            plan.at = at;
            plan.index(existing, declared, index);
        }
        plan
    }

    fn say(&mut self, decl: &TableDecl, loc: Loc, severity: Severity, message: String) {
        let place = Place::Table(self.at);
        self.problems.push(TableProblem { severity, message, table: decl.name.clone(), loc, place, earlier: None });
    }

    fn table(&mut self, existing: &[Arc<Table>], decl: &TableDecl) {
        if let Err(reason) = check_name(&decl.name) {
            self.say(decl, decl.loc, Severity::Error, format!("a table cannot be called `{}`: {reason}", decl.name));
            return;
        }
        if let Some(connection) = &decl.connection {
            let message = format!(
                "`{}` is declared ON {connection}; external databases are not available in this build, so the table is \
                 kept with the bot",
                decl.name
            );
            self.say(decl, decl.loc, Severity::Warning, message);
        }
        if decl.columns.is_empty() || decl.columns.len() > MAX_COLUMNS {
            let message = format!("the table `{}` needs 1 to {MAX_COLUMNS} columns", decl.name);
            self.say(decl, decl.loc, Severity::Error, message);
            return;
        }
        let mut names: HashSet<String> = HashSet::new();
        for column in &decl.columns {
            if let Err(reason) = check_name(&column.name) {
                let message = format!("a column cannot be called `{}`: {reason}", column.name);
                self.say(decl, column.loc, Severity::Error, message);
            } else if !names.insert(column.name.to_lowercase()) {
                self.say(decl, column.loc, Severity::Error, format!("the column `{}` is declared twice", column.name));
            }
        }
        let columns: Vec<Column> = decl.columns.iter().map(column_of).collect();
        let table = Table {
            name: decl.name.clone(),
            columns,
            read_roles: roles(&decl.read_roles),
            write_roles: roles(&decl.write_roles),
            declared: true,
        };
        match existing.iter().find(|own| same_name(&own.name, &decl.name)) {
            None => {
                let column_checks = decl.columns.iter().filter_map(|column| column.check.clone());
                let checks = column_checks.chain(decl.checks.iter().cloned()).collect();
                self.own_indexes(decl, &table, &table.columns);
                self.create.push((table, checks));
            }
            Some(old) => self.widened(decl, old, &table),
        }
    }

    /// A table that exists keeps its rows and its columns; new columns are added.
    fn widened(&mut self, decl: &TableDecl, old: &Table, new: &Table) {
        let mut merged = Table { columns: old.columns.clone(), ..new.clone() };
        let mut added = Vec::new();
        for (column, written) in new.columns.iter().zip(&decl.columns) {
            let Some(own) = merged.columns.iter_mut().find(|own| same_name(&own.name, &column.name)) else {
                let mut column = column.clone();
                if column.key {
                    let message =
                        format!("`{}` cannot become part of the key of `{}`, which has rows", column.name, decl.name);
                    self.say(decl, written.loc, Severity::Error, message);
                }
                if column.not_null && column.default.is_none() {
                    // Rows that exist have no value for it.
                    column.not_null = false;
                    let message = format!(
                        "`{}` is new in `{}` and has no DEFAULT, so rows may be without it",
                        column.name, decl.name
                    );
                    self.say(decl, written.loc, Severity::Warning, message);
                }
                added.push(column);
                continue;
            };
            if !own.kind.same_storage(column.kind) {
                let message = format!(
                    "`{}` of `{}` holds {} and cannot become {}; give the column another name",
                    column.name,
                    decl.name,
                    own.kind.word(),
                    column.kind.word()
                );
                self.say(decl, written.loc, Severity::Error, message);
            } else if own.key != column.key {
                let message = format!("the key of `{}` cannot change: `{}`", decl.name, column.name);
                self.say(decl, written.loc, Severity::Error, message);
            } else if own.kind == Kind::String
                && column.kind == Kind::String
                && column.length.is_some()
                && (own.length.is_none() || column.length > own.length)
            {
                let message = format!("`{}` of `{}` keeps its length", column.name, decl.name);
                self.say(decl, written.loc, Severity::Warning, message);
            }
            // What is not enforced by the database follows the declaration.
            own.name.clone_from(&column.name);
            own.default.clone_from(&column.default);
            own.references.clone_from(&column.references);
            own.read_roles.clone_from(&column.read_roles);
            own.write_roles.clone_from(&column.write_roles);
            own.not_null = column.not_null && own.not_null;
        }
        self.own_indexes(decl, &Table { columns: added.clone(), ..merged.clone() }, &added);
        merged.columns.extend(added.iter().cloned());
        if !added.is_empty() {
            self.widen.push((merged, added));
        } else if merged != *old {
            self.note.push(merged);
        }
    }

    /// The indexes that a table's own lines ask for: key, UNIQUE, starred names, references.
    fn own_indexes(&mut self, decl: &TableDecl, table: &Table, columns: &[Column]) {
        let mut push = |columns: Vec<String>, unique: bool| {
            self.indexes.push(crate::store::Index { table: table.name.to_string(), columns, unique });
        };
        let key: Vec<String> = columns.iter().filter(|column| column.key).map(|column| column.name.clone()).collect();
        if !key.is_empty() {
            push(key, true);
        }
        for column in columns {
            let written = decl.columns.iter().find(|own| same_name(&own.name, &column.name));
            let wanted = column.references.is_some() || written.is_some_and(|own| own.indexed);
            if column.unique || (wanted && !column.key) {
                push(vec![column.name.clone()], column.unique);
            }
        }
        let known = |name: &Arc<str>| table.column(name).is_some();
        for unique in decl.uniques.iter().filter(|unique| !unique.is_empty() && unique.iter().all(known)) {
            push(unique.iter().map(ToString::to_string).collect(), true);
        }
        for name in
            decl.uniques.iter().flatten().filter(|name| decl.columns.iter().all(|own| !same_name(&own.name, name)))
        {
            let message = format!("UNIQUE names `{name}`, which is no column of `{}`", decl.name);
            self.say(decl, decl.loc, Severity::Error, message);
        }
    }

    fn index(&mut self, existing: &[Arc<Table>], declared: &[TableDecl], index: &IndexDecl) {
        let declared_columns = declared
            .iter()
            .find(|decl| same_name(&decl.name, &index.table))
            .map(|decl| decl.columns.iter().map(|column| column.name.to_string()).collect::<Vec<_>>());
        let columns = declared_columns.or_else(|| {
            let table = existing.iter().find(|own| same_name(&own.name, &index.table))?;
            Some(table.columns.iter().map(|column| column.name.clone()).collect())
        });
        let place = Place::Index(self.at);
        let mut say = |message: String| {
            self.problems.push(TableProblem {
                severity: Severity::Error,
                message,
                table: index.table.clone(),
                loc: index.loc,
                place,
                earlier: None,
            });
        };
        let Some(columns) = columns else {
            say(format!("CREATE INDEX names `{}`, which is no table", index.table));
            return;
        };
        if let Some(unknown) = index.columns.iter().find(|name| !columns.iter().any(|own| same_name(own, name))) {
            say(format!("CREATE INDEX names `{unknown}`, which is no column of `{}`", index.table));
            return;
        }
        if !index.columns.is_empty() {
            self.indexes.push(crate::store::Index {
                table: index.table.to_string(),
                columns: index.columns.iter().map(ToString::to_string).collect(),
                unique: index.unique,
            });
        }
    }
}

fn roles(list: &[Arc<str>]) -> Vec<String> {
    list.iter().map(|role| role.trim().to_owned()).filter(|role| !role.is_empty()).collect()
}

fn check_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() || name.to_lowercase().len() > MAX_NAME {
        return Err("a name has 1 to 60 bytes");
    }
    if name.eq_ignore_ascii_case(SEQUENCE) {
        return Err("the name is taken by the row number");
    }
    let allowed = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-' | ' ' | '$');
    if !name.chars().all(allowed) {
        return Err("only letters, digits, blanks, `_`, `-` and `$`");
    }
    Ok(())
}

fn column_of(column: &ColumnDecl) -> Column {
    let (kind, length, scale) = (kind_of(column.kind), column.length, column.scale);
    Column {
        name: column.name.to_string(),
        kind,
        length: if kind == Kind::String { Some(length.unwrap_or(255)) } else { length },
        scale,
        key: column.key,
        not_null: column.not_null || column.key,
        unique: column.unique,
        default: column.default.clone(),
        generated: column.generated.clone(),
        references: column.references.as_ref().map(|(table, _)| table.to_string()),
        read_roles: roles(&column.read_roles),
        write_roles: roles(&column.write_roles),
    }
}

const fn kind_of(kind: ColumnType) -> Kind {
    match kind {
        ColumnType::String => Kind::String,
        ColumnType::Text => Kind::Text,
        ColumnType::Integer => Kind::Integer,
        ColumnType::BigInt => Kind::BigInt,
        ColumnType::Decimal => Kind::Decimal,
        ColumnType::Double => Kind::Double,
        ColumnType::Boolean => Kind::Boolean,
        ColumnType::Date => Kind::Date,
        ColumnType::DateTime => Kind::DateTime,
        ColumnType::Time => Kind::Time,
        ColumnType::Uuid => Kind::Uuid,
        ColumnType::Json => Kind::Json,
        ColumnType::Binary => Kind::Binary,
    }
}

/// Checks the names of a table that a SAVE makes.
pub(super) fn check_names(table: &Table) -> Result<(), String> {
    let names = std::iter::once(&*table.name).chain(table.columns.iter().map(|column| column.name.as_str()));
    for name in names {
        check_name(name).map_err(|reason| format!("`{name}` cannot be the name of a table or column: {reason}"))?;
    }
    if table.columns.is_empty() || table.columns.len() > MAX_COLUMNS {
        return Err(format!("the table `{}` needs 1 to {MAX_COLUMNS} columns", table.name));
    }
    Ok(())
}
