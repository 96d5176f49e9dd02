//! Brings a bot's tables in line with its declarations: makes tables (with their seed rows, once) and adds
//! columns. A table or column that is no longer declared stays with its rows.

use std::sync::Arc;

use botserver_basic_syntax::ast::{IndexDecl, TableDecl};
use botserver_db::ConnectionTrait as _;

use super::{Actor, DataService, Row, TablePlan, TableProblem, csv};
use crate::{Error, Result, Table};

/// What [`DataService::apply_tables`] did.
#[derive(Clone, Debug, Default)]
pub struct ApplyReport {
    /// Tables made, with the number of their seed rows.
    pub created: Vec<(Arc<str>, usize)>,
    /// `table.column` of every column added.
    pub added: Vec<String>,
    /// Warnings; with an error among them nothing was done.
    pub problems: Vec<TableProblem>,
}

impl DataService {
    /// What applying these declarations would do and what is wrong with them; changes nothing.
    pub async fn plan_tables(
        &self,
        actor: Actor<'_>,
        tables: &[TableDecl],
        indexes: &[IndexDecl],
    ) -> Result<TablePlan> {
        let existing = self.reload(actor.scope()).await?;
        Ok(TablePlan::new(&existing, tables, indexes))
    }

    /// Applies the TABLE and CREATE INDEX declarations of a bot's scripts, all or none of them.
    pub async fn apply_tables(
        &self,
        actor: Actor<'_>,
        tables: &[TableDecl],
        indexes: &[IndexDecl],
    ) -> Result<ApplyReport> {
        let plan = self.plan_tables(actor, tables, indexes).await?;
        if plan.is_refused() {
            return Ok(ApplyReport { problems: plan.problems, ..ApplyReport::default() });
        }
        let mut seeds = Vec::new();
        for (table, _) in &plan.create {
            seeds.push(self.seed_rows(actor, table).await?);
        }
        let (scope, store, now_ms) = (actor.scope(), self.store(), actor.now.as_millisecond());
        let mut statements: Vec<String> = Vec::new();
        if !plan.create.is_empty() {
            statements.extend(store.create_schema(scope));
        }
        for (table, checks) in &plan.create {
            statements.push(store.create_table(scope, table, checks)?);
        }
        for (table, columns) in &plan.widen {
            for column in columns {
                statements.push(store.add_column(scope, table, column)?);
            }
        }
        statements.extend(plan.indexes.iter().map(|index| store.create_index(scope, index)));
        let mut report = ApplyReport { problems: plan.problems.clone(), ..ApplyReport::default() };
        for ((table, _), rows) in plan.create.iter().zip(&seeds) {
            report.created.push((table.name.clone(), rows.len()));
        }
        for (table, columns) in &plan.widen {
            report.added.extend(columns.iter().map(|column| format!("{}.{}", table.name, column.name)));
        }
        let (service, principal) = (self.clone(), actor.principal.clone());
        let (bot_id, now, offset_minutes, max_rows) = (actor.bot_id, actor.now, actor.offset_minutes, actor.max_rows);
        self.db
            .write("data tables", move |tx| {
                Box::pin(async move {
                    let actor = Actor { principal: &principal, bot_id, now, offset_minutes, max_rows };
                    for statement in &statements {
                        tx.execute_unprepared(statement)
                            .await
                            .map_err(|source| Error::statement("making a table", source))?;
                    }
                    let created = plan.create.iter().map(|(table, _)| table);
                    for table in created.chain(plan.widen.iter().map(|(table, _)| table)).chain(&plan.note) {
                        store.save_table(tx, scope, table, now_ms).await?;
                    }
                    for ((table, _), rows) in plan.create.iter().zip(&seeds) {
                        service.insert_rows(tx, actor, table, rows).await?;
                    }
                    Ok::<_, Error>(())
                })
            })
            .await?;
        self.reload(scope).await?;
        Ok(report)
    }

    /// The rows of `<table>.csv` in the package's data folder; a mistake in it names the file.
    async fn seed_rows(&self, actor: Actor<'_>, table: &Table) -> Result<Vec<Row>> {
        let path = format!("{}.csv", table.name);
        let Some(bytes) = self.read_seed(actor, &path).await? else { return Ok(Vec::new()) };
        let file = csv::parse(&path, &bytes)?;
        for name in &file.header {
            table.need_column(name).map_err(|error| Error::Invalid(format!("{path}: {error}")))?;
        }
        let rows = file.typed_rows();
        // Values are checked before anything is made, with the line they stand in.
        for (index, row) in rows.iter().enumerate() {
            for (name, value) in row {
                let column = table.need_column(name)?;
                self.store()
                    .stored(table, column, value)
                    .map_err(|error| Error::Invalid(format!("{path}, line {}: {error}", index + 2)))?;
            }
        }
        Ok(rows)
    }

    pub(super) async fn read_seed(&self, actor: Actor<'_>, path: &str) -> Result<Option<bytes::Bytes>> {
        let read = self.seeds.read(actor.bot_id, path).await;
        read.map_err(|error| Error::Invalid(format!("`{path}` cannot be read: {error}")))
    }
}
