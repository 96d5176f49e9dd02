//! Finding and changing rows of tables; names that end in `.csv` go to [`super::files`].

use std::sync::Arc;

use botserver_basic_types::{BinaryOp, DataExpr, Date, Rows, Value};
use botserver_db::{ConnectionTrait, Tx};

use super::{Actor, DataService, Find, Row, field, is_csv, refuse_other_files};
use crate::{
    Changes, Column, Error, Kind, Result, Table,
    model::{has_role, same_name},
    store::{Join, Query, Stored, key_of},
};

impl DataService {
    /// The rows that fulfil a condition.
    pub async fn find(&self, actor: Actor<'_>, name: &str, find: &Find) -> Result<Rows> {
        refuse_other_files(name)?;
        let too_many = || Error::TooManyRows { what: format!("`{name}`"), limit: actor.max_rows };
        if find.limit.is_some_and(|limit| limit > actor.max_rows) {
            return Err(too_many());
        }
        if is_csv(name) {
            let rows = self.find_in_file(actor, name, find).await?;
            return if rows.len() as u64 > actor.max_rows { Err(too_many()) } else { Ok(Rows { rows, single: false }) };
        }
        let table = self.table(actor, name).await?;
        table.may_read(actor.principal)?;
        let query = Query {
            filter: find.filter.as_ref(),
            order: &find.order,
            limit: Some(find.limit.unwrap_or(actor.max_rows + 1)),
            offset: find.offset,
            newest: false,
        };
        let columns = readable(&table, actor);
        let (store, connection) = (self.store(), self.db.read());
        let rows = match &find.join {
            None => store.select(connection, actor.scope(), &table, &columns, query).await?,
            Some((other, on)) => {
                let other = self.table(actor, other).await?;
                other.may_read(actor.principal)?;
                let joined = readable(&other, actor);
                let join = Join { table: &other, on };
                store.select_joined(connection, actor.scope(), &table, &columns, (join, &joined), query).await?
            }
        };
        if rows.len() as u64 > actor.max_rows {
            return Err(too_many());
        }
        let single = find.join.is_none() && find.filter.as_ref().is_some_and(|filter| key_of(&table, filter));
        Ok(Rows { rows, single })
    }

    /// The database's plan for a FIND over a table, to see whether an index serves.
    pub async fn explain(&self, actor: Actor<'_>, name: &str, find: &Find) -> Result<String> {
        let table = self.table(actor, name).await?;
        let query = Query {
            filter: find.filter.as_ref(),
            order: &find.order,
            limit: Some(find.limit.unwrap_or(actor.max_rows + 1)),
            offset: find.offset,
            newest: false,
        };
        self.store().explain(self.db.read(), actor.scope(), &table, &readable(&table, actor), query).await
    }

    /// The row that was inserted last.
    pub async fn last(&self, actor: Actor<'_>, name: &str) -> Result<Option<Row>> {
        refuse_other_files(name)?;
        if is_csv(name) {
            return Ok(self.find_in_file(actor, name, &Find::default()).await?.pop());
        }
        let table = self.table(actor, name).await?;
        table.may_read(actor.principal)?;
        let query = Query { limit: Some(1), newest: true, ..Query::default() };
        let mut rows =
            self.store().select(self.db.read(), actor.scope(), &table, &readable(&table, actor), query).await?;
        Ok(rows.pop())
    }

    /// Inserts rows; gives them back as stored, with defaults and keys filled in.
    pub async fn insert(&self, tx: &Tx, actor: Actor<'_>, name: &str, rows: &[Row]) -> Result<Vec<Row>> {
        refuse_other_files(name)?;
        if is_csv(name) {
            return self.insert_into_file(tx, actor, name, rows).await;
        }
        let table = self.table_in(tx, actor, name).await?;
        table.may_write(actor.principal)?;
        self.insert_rows(tx, actor, &table, rows).await
    }

    /// Updates the row with the same key, or inserts it. A table or file that does not exist is made.
    pub async fn save(&self, tx: &Tx, actor: Actor<'_>, name: &str, rows: &[Row]) -> Result<(Vec<Row>, Changes)> {
        refuse_other_files(name)?;
        if is_csv(name) {
            return self.save_into_file(tx, actor, name, rows, None).await;
        }
        let table = self.table_for_save(tx, actor, name, rows).await?;
        table.may_write(actor.principal)?;
        let keys: Vec<String> = table.key().iter().map(|key| key.name.clone()).collect();
        self.upsert(tx, actor, &table, rows, &keys).await
    }

    /// Like [`Self::save`], with the columns that identify a row named by the caller.
    pub async fn merge(&self, tx: &Tx, actor: Actor<'_>, name: &str, rows: &[Row], keys: &[String]) -> Result<Changes> {
        refuse_other_files(name)?;
        if is_csv(name) {
            return Ok(self.save_into_file(tx, actor, name, rows, Some(keys)).await?.1);
        }
        let table = self.table_for_save(tx, actor, name, rows).await?;
        table.may_write(actor.principal)?;
        for key in keys {
            table.need_column(key)?;
        }
        Ok(self.upsert(tx, actor, &table, rows, keys).await?.1)
    }

    /// Sets columns of the rows that fulfil the condition; gives their number.
    pub async fn update(
        &self,
        tx: &Tx,
        actor: Actor<'_>,
        name: &str,
        set: &[(String, DataExpr)],
        filter: &DataExpr,
    ) -> Result<u64> {
        refuse_other_files(name)?;
        if is_csv(name) {
            return self.update_file(tx, actor, name, set, filter).await;
        }
        let table = self.table_in(tx, actor, name).await?;
        table.may_write(actor.principal)?;
        let set = set
            .iter()
            .map(|(name, value)| Ok((writable(&table, actor, name)?, value.clone())))
            .collect::<Result<Vec<_>>>()?;
        for (column, value) in &set {
            if column.not_null && matches!(value, DataExpr::Value(Value::Null)) {
                return Err(Error::Missing { table: table.name.to_string(), column: column.name.clone() });
            }
        }
        if set.is_empty() {
            return Err(Error::Invalid("UPDATE sets no column".into()));
        }
        self.store().update(tx, actor.scope(), &table, &set, Some(filter)).await
    }

    /// Deletes the rows that fulfil the condition; gives their number.
    pub async fn delete(&self, tx: &Tx, actor: Actor<'_>, name: &str, filter: &DataExpr) -> Result<u64> {
        refuse_other_files(name)?;
        if is_csv(name) {
            return self.delete_from_file(tx, actor, name, filter).await;
        }
        let table = self.table_in(tx, actor, name).await?;
        table.may_write(actor.principal)?;
        self.store().delete(tx, actor.scope(), &table, Some(filter)).await
    }

    /// The columns that identify a row, for filters that are a bare value.
    pub async fn key_column(&self, actor: Actor<'_>, name: &str) -> Result<String> {
        if is_csv(name) {
            return self.file_key(actor, name).await;
        }
        let table = self.table(actor, name).await?;
        match table.key().as_slice() {
            [key] => Ok(key.name.clone()),
            [] => Err(Error::Invalid(format!("`{}` has no key; write a condition", table.name))),
            _ => Err(Error::Invalid(format!("`{}` has a key of several columns; write a condition", table.name))),
        }
    }

    /// The names of a table's or file's columns in order, for values that come without names.
    pub async fn column_names(&self, tx: &Tx, actor: Actor<'_>, name: &str) -> Result<Vec<String>> {
        if is_csv(name) {
            return self.file_header(tx, actor, name).await;
        }
        let table = self.table_in(tx, actor, name).await?;
        Ok(table.columns.iter().filter(|own| own.generated.is_none()).map(|own| own.name.clone()).collect())
    }

    /// Like [`DataService::table`], but also one that this transaction made.
    pub(super) async fn table_in(&self, tx: &Tx, actor: Actor<'_>, name: &str) -> Result<Arc<Table>> {
        match self.table(actor, name).await {
            Err(error @ Error::NoTable { .. }) => {
                let plain = name.trim().trim_start_matches('.');
                let tables = self.store().tables(tx, actor.scope()).await?;
                tables.into_iter().find(|own| same_name(&own.name, plain)).map(Arc::new).ok_or(error)
            }
            found => found,
        }
    }

    /// The table of a SAVE: made if there is none, widened if a SAVE made it.
    async fn table_for_save(&self, tx: &Tx, actor: Actor<'_>, name: &str, rows: &[Row]) -> Result<Arc<Table>> {
        let found = match self.table_in(tx, actor, name).await {
            Ok(table) if table.declared => return Ok(table),
            Ok(table) => Some(table),
            Err(Error::NoTable { .. }) if rows.is_empty() => {
                return Err(Error::Invalid(format!("there is no table `{name}` and nothing to save")));
            }
            Err(Error::NoTable { .. }) => None,
            Err(error) => return Err(error),
        };
        self.make_table(tx, actor, name, found, rows).await
    }

    async fn make_table(
        &self,
        tx: &Tx,
        actor: Actor<'_>,
        name: &str,
        found: Option<Arc<Table>>,
        rows: &[Row],
    ) -> Result<Arc<Table>> {
        let is_new = found.is_none();
        let mut table = found.as_deref().cloned().unwrap_or(Table {
            name: Arc::from(name.trim().trim_start_matches('.')),
            columns: Vec::new(),
            read_roles: Vec::new(),
            write_roles: Vec::new(),
            declared: false,
        });
        let mut added = Vec::new();
        if is_new && !rows.iter().flatten().any(|(name, _)| name.eq_ignore_ascii_case("id")) {
            // Rows are told apart, and what was saved learns its key.
            let column =
                Column { name: "id".to_owned(), kind: Kind::Text, key: true, not_null: true, ..Column::default() };
            table.columns.push(column.clone());
            added.push(column);
        }
        for (name, value) in rows.iter().flatten() {
            if table.column(name).is_none() {
                let column = implied_column(name, value, is_new);
                table.columns.push(column.clone());
                added.push(column);
            }
        }
        if let (Some(found), true) = (found, added.is_empty()) {
            return Ok(found);
        }
        super::plan::check_names(&table).map_err(Error::Invalid)?;
        let (store, scope) = (self.store(), actor.scope());
        let mut statements = Vec::new();
        if is_new {
            statements.extend(store.create_schema(scope));
            statements.push(store.create_table(scope, &table, &[])?);
            if let Some(key) = table.columns.iter().find(|column| column.key) {
                let index = crate::store::Index {
                    table: table.name.to_string(),
                    columns: vec![key.name.clone()],
                    unique: true,
                };
                statements.push(store.create_index(scope, &index));
            }
        } else {
            for column in &added {
                statements.push(store.add_column(scope, &table, column)?);
            }
        }
        for statement in &statements {
            let made = tx.execute_unprepared(statement).await;
            made.map_err(|source| Error::statement("making a table", source))?;
        }
        store.save_table(tx, scope, &table, actor.now.as_millisecond()).await?;
        // The transaction may still fail; the cache learns of the table when it is next looked for.
        self.tables.write().remove(&scope);
        Ok(Arc::new(table))
    }

    pub(super) async fn insert_rows(&self, tx: &Tx, actor: Actor<'_>, table: &Table, rows: &[Row]) -> Result<Vec<Row>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        for (name, value) in rows.iter().flatten() {
            if !value.is_null() {
                writable(table, actor, name)?;
            }
        }
        let columns: Vec<&Column> = table.columns.iter().filter(|column| column.generated.is_none()).collect();
        let mut complete = Vec::with_capacity(rows.len());
        let mut stored: Vec<Vec<Stored>> = Vec::with_capacity(rows.len());
        let mut next_number = None;
        for row in rows {
            let mut own = Row::new();
            for column in &columns {
                let mut value = field(row, &column.name);
                if value.is_null() {
                    value = self.default_for(tx, actor, table, column, &mut next_number).await?;
                }
                own.insert(Arc::from(column.name.as_str()), value);
            }
            let store = self.store();
            let values = columns
                .iter()
                .map(|column| store.stored(table, column, own.get(column.name.as_str()).unwrap_or(&Value::Null)))
                .collect::<Result<Vec<_>>>()?;
            for (column, value) in columns.iter().zip(&values) {
                if column.not_null && *value == Stored::Null {
                    return Err(Error::Missing { table: table.name.to_string(), column: column.name.clone() });
                }
            }
            stored.push(values);
            complete.push(own);
        }
        self.store().insert(tx, actor.scope(), table, &columns, &stored).await?;
        Ok(complete)
    }

    /// What a new row gets where it brings no value: the default, or a key of its own.
    async fn default_for(
        &self,
        tx: &Tx,
        actor: Actor<'_>,
        table: &Table,
        column: &Column,
        next_number: &mut Option<i64>,
    ) -> Result<Value> {
        if let Some(default) = &column.default {
            return self.default_value(actor, column, default);
        }
        if !column.key || table.columns.iter().filter(|own| own.key).count() != 1 {
            return Ok(Value::Null);
        }
        Ok(match column.kind {
            Kind::Uuid => Value::text(self.ids.next_uuid().to_string()),
            Kind::Text => Value::text(self.ids.next_uuid().simple().to_string()),
            Kind::String if column.length.is_none_or(|length| length >= 32) => {
                Value::text(self.ids.next_uuid().simple().to_string())
            }
            Kind::Integer | Kind::BigInt => {
                let number = match next_number {
                    Some(last) => *last + 1,
                    None => self.store().next_number(tx, actor.scope(), table, column).await?,
                };
                *next_number = Some(number);
                Value::Int(number)
            }
            _ => Value::Null,
        })
    }

    fn default_value(&self, actor: Actor<'_>, column: &Column, default: &DataExpr) -> Result<Value> {
        match default {
            DataExpr::Value(value) => Ok(value.clone()),
            DataExpr::Call(name, _) => match name.to_ascii_uppercase().as_str() {
                "UUID" | "GUID" | "NEWID" | "UUID_GENERATE_V4" | "GEN_RANDOM_UUID" | "UUIDV7" => {
                    Ok(Value::text(self.ids.next_uuid().to_string()))
                }
                _ => match crate::fold::fold(default, actor)? {
                    DataExpr::Value(value) => Ok(value),
                    _ => Err(Error::Invalid(format!("the DEFAULT of `{}` is not understood: {name}", column.name))),
                },
            },
            other => match crate::fold::fold(other, actor)? {
                DataExpr::Value(value) => Ok(value),
                _ => Err(Error::Invalid(format!("the DEFAULT of `{}` must not name a column", column.name))),
            },
        }
    }

    async fn upsert(
        &self,
        tx: &Tx,
        actor: Actor<'_>,
        table: &Table,
        rows: &[Row],
        keys: &[String],
    ) -> Result<(Vec<Row>, Changes)> {
        let mut changes = Changes::default();
        let mut saved = Vec::with_capacity(rows.len());
        for row in rows {
            for name in row.keys() {
                writable(table, actor, name)?;
            }
            let Some(filter) = key_filter(row, keys) else {
                saved.extend(self.insert_rows(tx, actor, table, std::slice::from_ref(row)).await?);
                changes.inserted += 1;
                continue;
            };
            let query = Query { filter: Some(&filter), limit: Some(1), ..Query::default() };
            let all: Vec<&Column> = table.columns.iter().collect();
            let mut found = self.store().select(tx, actor.scope(), table, &all, query).await?;
            let Some(old) = found.pop() else {
                saved.extend(self.insert_rows(tx, actor, table, std::slice::from_ref(row)).await?);
                changes.inserted += 1;
                continue;
            };
            let mut set = Vec::new();
            for (name, value) in row {
                let column = table.need_column(name)?;
                let store = self.store();
                let new = store.stored(table, column, value)?;
                if new == Stored::Null && column.not_null {
                    return Err(Error::Missing { table: table.name.to_string(), column: column.name.clone() });
                }
                if new != store.stored(table, column, &field(&old, name))? {
                    set.push((column, DataExpr::Value(value.clone())));
                }
            }
            if set.is_empty() {
                changes.unchanged += 1;
            } else {
                self.store().update(tx, actor.scope(), table, &set, Some(&filter)).await?;
                changes.updated += 1;
            }
            let mut own = old;
            for (name, value) in row {
                own.insert(Arc::from(table.need_column(name)?.name.as_str()), value.clone());
            }
            saved.push(own);
        }
        Ok((saved, changes))
    }
}

/// `key = value AND …`, if the row brings every key.
pub(super) fn key_filter(row: &Row, keys: &[String]) -> Option<DataExpr> {
    let mut filter: Option<DataExpr> = None;
    for key in keys {
        let value = field(row, key);
        if value.is_null() || value.as_text().is_some_and(str::is_empty) {
            return None;
        }
        let own = DataExpr::Binary(
            BinaryOp::Equal,
            Box::new(DataExpr::Column { table: None, name: key.clone() }),
            Box::new(DataExpr::Value(value)),
        );
        filter = Some(match filter {
            None => own,
            Some(before) => DataExpr::Binary(BinaryOp::And, Box::new(before), Box::new(own)),
        });
    }
    filter
}

/// The columns that a principal may read.
pub(super) fn readable<'a>(table: &'a Table, actor: Actor<'_>) -> Vec<&'a Column> {
    table.columns.iter().filter(|column| has_role(actor.principal, &column.read_roles)).collect()
}

/// A column that may be written.
fn writable<'a>(table: &'a Table, actor: Actor<'_>, name: &str) -> Result<&'a Column> {
    let column = table.need_column(name)?;
    if column.generated.is_some() {
        return Err(Error::Invalid(format!("`{}` of `{}` is computed and cannot be set", column.name, table.name)));
    }
    if !has_role(actor.principal, &column.write_roles) {
        return Err(Error::Forbidden { action: "change", table: format!("{}.{}", table.name, column.name) });
    }
    Ok(column)
}

/// The column of a table that a SAVE makes. Numbers may get a fraction later, so they are doubles; the
/// `id` is the key.
fn implied_column(name: &str, value: &Value, is_new: bool) -> Column {
    let key = is_new && name.eq_ignore_ascii_case("id");
    let kind = match value {
        Value::Int(_) if key => Kind::BigInt,
        Value::Int(_) | Value::Float(_) => Kind::Double,
        Value::Bool(_) => Kind::Boolean,
        Value::Date(Date { date_only: true, .. }) => Kind::Date,
        Value::Date(_) => Kind::DateTime,
        Value::Array(_) | Value::Object(_) | Value::Rows(_) => Kind::Json,
        Value::Null | Value::Text(_) | Value::File(_) | Value::Secret(_) => Kind::Text,
    };
    Column { name: name.to_owned(), kind, key, not_null: key, ..Column::default() }
}
