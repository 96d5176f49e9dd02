//! CSV files as tables. A file's content comes from the package the first time a script names it and is
//! ours from then on, so that changes are part of the turn's transaction.

use std::cmp::Ordering;

use botserver_basic_std::condition::{RowExpr, column_names};
use botserver_basic_types::{BasicError, DataExpr, Heap, HeapLimits, OrderBy, Text, Val, Value, ops};
use botserver_db::{ConnectionTrait, Tx};

use super::{Actor, DataService, Find, Row, csv::CsvFile, field, rows::key_filter};
use crate::{Changes, Error, Result, model::nearest, store::StoredFile};

/// A file with the version it was read in.
struct Opened {
    file: CsvFile,
    version: Option<i64>,
}

impl DataService {
    async fn open<C: ConnectionTrait>(
        &self,
        connection: &C,
        actor: Actor<'_>,
        name: &str,
        for_change: bool,
    ) -> Result<Option<Opened>> {
        let path = normalise(name)?;
        let stored = self.store().file(connection, actor.scope(), &path.to_lowercase(), for_change).await?;
        if let Some(StoredFile { content, version }) = stored {
            return Ok(Some(Opened { file: super::csv::parse(&path, content.as_bytes())?, version: Some(version) }));
        }
        let seed = self.read_seed(actor, &path).await?;
        seed.map(|bytes| Ok(Opened { file: super::csv::parse(&path, &bytes)?, version: None })).transpose()
    }

    async fn need<C: ConnectionTrait>(
        &self,
        connection: &C,
        actor: Actor<'_>,
        name: &str,
        for_change: bool,
    ) -> Result<Opened> {
        let opened = self.open(connection, actor, name, for_change).await?;
        opened.ok_or_else(|| Error::NoFile { path: name.trim().chars().take(200).collect() })
    }

    async fn close(&self, tx: &Tx, actor: Actor<'_>, opened: Opened) -> Result<()> {
        let content = opened.file.to_text()?;
        let key = opened.file.path.to_lowercase();
        self.store().save_file(tx, actor.scope(), &key, &content, opened.version, actor.now.as_millisecond()).await
    }

    pub(super) async fn find_in_file(&self, actor: Actor<'_>, name: &str, find: &Find) -> Result<Vec<Row>> {
        if find.join.is_some() {
            return Err(Error::Invalid("JOIN needs tables, not CSV files".into()));
        }
        let opened = self.need(self.db.read(), actor, name, false).await?;
        let mut rows = opened.file.typed_rows();
        if let Some(filter) = &find.filter {
            let keep = matching(&opened.file, &rows, filter)?;
            let mut keep = keep.into_iter();
            rows.retain(|_| keep.next().unwrap_or(false));
        }
        sort(&opened.file, &mut rows, &find.order)?;
        let skip = usize::try_from(find.offset.unwrap_or(0)).unwrap_or(usize::MAX);
        let take = find.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(rows.into_iter().skip(skip).take(take).collect())
    }

    pub(super) async fn insert_into_file(
        &self,
        tx: &Tx,
        actor: Actor<'_>,
        name: &str,
        rows: &[Row],
    ) -> Result<Vec<Row>> {
        let mut opened = self.open_or_new(tx, actor, name).await?;
        for row in rows {
            append(&mut opened.file, row)?;
        }
        self.close(tx, actor, opened).await?;
        Ok(rows.to_vec())
    }

    /// Without `keys`, the column `id` or the first one identifies a row, if the new row brings it.
    pub(super) async fn save_into_file(
        &self,
        tx: &Tx,
        actor: Actor<'_>,
        name: &str,
        rows: &[Row],
        keys: Option<&[String]>,
    ) -> Result<(Vec<Row>, Changes)> {
        let mut opened = self.open_or_new(tx, actor, name).await?;
        let mut changes = Changes::default();
        for row in rows {
            let file = &mut opened.file;
            let own_keys: Vec<String> = match keys {
                Some(keys) => keys.to_vec(),
                None => file.position("id").map(|index| file.header[index].clone()).into_iter().collect(),
            };
            let found = match key_filter(row, &own_keys).filter(|_| !own_keys.is_empty()) {
                Some(filter) if !file.cells.is_empty() => {
                    matching(file, &file.typed_rows(), &filter)?.iter().position(|matches| *matches)
                }
                _ => None,
            };
            let Some(index) = found else {
                append(file, row)?;
                changes.inserted += 1;
                continue;
            };
            let mut changed = false;
            for (name, value) in row {
                let column = file.column(name);
                let cell = cell(value)?;
                if file.cells[index][column] != cell {
                    file.cells[index][column] = cell;
                    changed = true;
                }
            }
            if changed {
                changes.updated += 1;
            } else {
                changes.unchanged += 1;
            }
        }
        self.close(tx, actor, opened).await?;
        Ok((rows.to_vec(), changes))
    }

    pub(super) async fn update_file(
        &self,
        tx: &Tx,
        actor: Actor<'_>,
        name: &str,
        set: &[(String, DataExpr)],
        filter: &DataExpr,
    ) -> Result<u64> {
        let mut opened = self.need(tx, actor, name, true).await?;
        let rows = opened.file.typed_rows();
        let keep = matching(&opened.file, &rows, filter)?;
        let mut changed = 0;
        for (column, value) in set {
            known_columns(&opened.file, value)?;
            let mut heap = Heap::new(HeapLimits::default());
            let expr = RowExpr::new(&mut heap, value)?;
            let position = opened.file.column(column);
            for (index, row) in rows.iter().enumerate().filter(|(index, _)| keep[*index]) {
                let new = expr.eval(&mut heap, &|_, _, name| Ok(plain(&field(row, name))))?;
                opened.file.cells[index][position] = cell(&heap.detach(&new)?)?;
            }
        }
        changed += keep.iter().filter(|matches| **matches).count() as u64;
        if changed > 0 {
            self.close(tx, actor, opened).await?;
        }
        Ok(changed)
    }

    pub(super) async fn delete_from_file(
        &self,
        tx: &Tx,
        actor: Actor<'_>,
        name: &str,
        filter: &DataExpr,
    ) -> Result<u64> {
        let mut opened = self.need(tx, actor, name, true).await?;
        let gone = matching(&opened.file, &opened.file.typed_rows(), filter)?;
        let deleted = gone.iter().filter(|matches| **matches).count() as u64;
        if deleted > 0 {
            let mut gone = gone.into_iter();
            opened.file.cells.retain(|_| !gone.next().unwrap_or(false));
            self.close(tx, actor, opened).await?;
        }
        Ok(deleted)
    }

    pub(super) async fn file_key(&self, actor: Actor<'_>, name: &str) -> Result<String> {
        let opened = self.need(self.db.read(), actor, name, false).await?;
        let index = opened.file.position("id").unwrap_or(0);
        opened.file.header.get(index).cloned().ok_or_else(|| Error::Invalid(format!("`{name}` has no columns")))
    }

    pub(super) async fn file_header(&self, tx: &Tx, actor: Actor<'_>, name: &str) -> Result<Vec<String>> {
        Ok(self.open(tx, actor, name, false).await?.map_or_else(Vec::new, |opened| opened.file.header))
    }

    async fn open_or_new(&self, tx: &Tx, actor: Actor<'_>, name: &str) -> Result<Opened> {
        let opened = self.open(tx, actor, name, true).await?;
        let path = normalise(name)?;
        Ok(opened.unwrap_or_else(|| Opened { file: CsvFile { path, ..CsvFile::default() }, version: None }))
    }
}

/// A path inside the drive: `/` begins at its root, `..` never leaves it.
fn normalise(name: &str) -> Result<String> {
    let parts: Vec<&str> =
        name.trim().trim_start_matches('/').split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let path = parts.join("/");
    if parts.contains(&"..") || path.len() > 500 || path.contains(['\\', '\0', ':']) || path.is_empty() {
        return Err(Error::Basic(BasicError::new(3002, format!("`{}` is not a path inside the drive", shown(name)))));
    }
    Ok(path)
}

fn shown(name: &str) -> String {
    name.chars().filter(|character| !character.is_control()).take(80).collect()
}

fn append(file: &mut CsvFile, row: &Row) -> Result<()> {
    let mut cells = vec![String::new(); file.header.len()];
    for (name, value) in row {
        let column = file.column(name);
        if cells.len() <= column {
            cells.resize(column + 1, String::new());
        }
        cells[column] = cell(value)?;
    }
    cells.resize(file.header.len(), String::new());
    file.cells.push(cells);
    Ok(())
}

fn cell(value: &Value) -> Result<String> {
    if let Value::Secret(_) = value {
        return Err(Error::Invalid("a secret is not kept in a file".into()));
    }
    Ok(ops::to_text(value))
}

fn known_columns(file: &CsvFile, expr: &DataExpr) -> Result<()> {
    for name in column_names(expr) {
        if file.position(name).is_none() {
            return Err(Error::NoColumn {
                table: file.path.clone(),
                name: name.to_owned(),
                nearest: nearest(name, file.header.iter().map(String::as_str)),
            });
        }
    }
    Ok(())
}

/// Which rows fulfil the condition.
fn matching(file: &CsvFile, rows: &[Row], filter: &DataExpr) -> Result<Vec<bool>> {
    known_columns(file, filter)?;
    let mut heap = Heap::new(HeapLimits::default());
    let expr = RowExpr::new(&mut heap, filter)?;
    rows.iter()
        .map(|row| {
            let value = expr.eval(&mut heap, &|_, _, name| Ok(plain(&field(row, name))))?;
            Ok(ops::truthy(&heap, &value))
        })
        .collect()
}

/// A cell on the machine's heap; cells are never lists.
fn plain(value: &Value) -> Val {
    match value {
        Value::Bool(value) => Val::Bool(*value),
        Value::Int(value) => Val::Int(*value),
        Value::Float(value) => Val::Float(*value),
        Value::Text(text) => Val::Text(Text::new(text.to_string())),
        Value::Date(date) => Val::Date(*date),
        _ => Val::Null,
    }
}

fn sort(file: &CsvFile, rows: &mut [Row], order: &[OrderBy]) -> Result<()> {
    for key in order {
        known_columns(file, &DataExpr::Column { table: None, name: key.column.clone() })?;
    }
    let heap = Heap::new(HeapLimits::default());
    // Missing values come first, as in tables; the sort is stable.
    rows.sort_by(|left, right| {
        for key in order {
            let (a, b) = (plain(&field(left, &key.column)), plain(&field(right, &key.column)));
            let ordering = match (ops::is_null(&heap, &a), ops::is_null(&heap, &b)) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                (false, false) => ops::compare(&heap, &a, &b).ok().flatten().unwrap_or(Ordering::Equal),
            };
            let ordering = if key.descending { ordering.reverse() } else { ordering };
            if ordering != Ordering::Equal {
                return ordering;
            }
        }
        Ordering::Equal
    });
    Ok(())
}
