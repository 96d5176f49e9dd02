//! The catalogue: which tables each bot has, with their columns as one document.

use std::sync::Arc;

use botserver_db::{OrgScope, row};
use botserver_kernel::{BotId, OrgId};
use sea_orm::{ConnectionTrait, DbErr, QueryResult};
use sea_query::{Expr, ExprTrait, OnConflict, Query};
use serde_json::Value as Json;

use super::{Store, schema_name};
use crate::{BotScope, Error, Result, Table};

const TABLES: &str = "data_tables";

impl Store {
    /// The schemas of all bots that have tables, of every organisation: only for a copy of the whole installation.
    pub(crate) async fn schemas<C: ConnectionTrait>(connection: &C) -> Result<Vec<String>> {
        let broken = |source| Error::statement("the schemas of bots", source);
        let query = Query::select().distinct().columns(["org_id", "bot_id"]).from(TABLES).to_owned();
        let rows = connection.query_all(&query).await.map_err(broken)?;
        let scope = |found: &QueryResult| {
            Ok(BotScope { org_id: OrgId::new(row(found, "org_id")?), bot_id: BotId::new(row(found, "bot_id")?) })
        };
        let scopes = rows.iter().map(scope).collect::<Result<Vec<_>, DbErr>>().map_err(broken)?;
        Ok(scopes.into_iter().map(schema_name).collect())
    }

    /// The tables of a bot, by name.
    pub(crate) async fn tables<C: ConnectionTrait>(self, connection: &C, scope: BotScope) -> Result<Vec<Table>> {
        let mut query = OrgScope(scope.org_id).select(TABLES);
        query
            .columns(["title", "columns", "read_roles", "write_roles", "declared"])
            .and_where(Expr::col("bot_id").eq(scope.bot_id.uuid()))
            .order_by("name", sea_query::Order::Asc);
        let broken = |source| Error::statement("the catalogue of tables", source);
        let rows = connection.query_all(&query).await.map_err(broken)?;
        rows.iter().map(table_of).collect::<Result<_, _>>().map_err(broken)
    }

    /// Writes a table's entry.
    pub(crate) async fn save_table<C: ConnectionTrait>(
        self,
        connection: &C,
        scope: BotScope,
        table: &Table,
        now_ms: i64,
    ) -> Result<()> {
        let own = OrgScope(scope.org_id);
        let broken = |source| Error::statement("the catalogue of tables", source);
        let json = |error: serde_json::Error| broken(DbErr::Custom(error.to_string()));
        let mut insert = own.insert(
            TABLES,
            &[
                "bot_id",
                "name",
                "title",
                "columns",
                "read_roles",
                "write_roles",
                "declared",
                "created_at_ms",
                "updated_at_ms",
            ],
        );
        insert.values_panic(own.values([
            scope.bot_id.uuid().into(),
            table.name.to_lowercase().into(),
            table.name.to_string().into(),
            serde_json::to_value(&table.columns).map_err(json)?.into(),
            serde_json::to_value(&table.read_roles).map_err(json)?.into(),
            serde_json::to_value(&table.write_roles).map_err(json)?.into(),
            table.declared.into(),
            now_ms.into(),
            now_ms.into(),
        ]));
        insert.on_conflict(
            OnConflict::columns(["org_id", "bot_id", "name"])
                .update_columns(["title", "columns", "read_roles", "write_roles", "declared", "updated_at_ms"])
                .to_owned(),
        );
        connection.execute(&insert).await.map_err(broken)?;
        Ok(())
    }
}

fn table_of(found: &QueryResult) -> Result<Table, DbErr> {
    fn read<T: serde::de::DeserializeOwned>(found: &QueryResult, column: &str) -> Result<T, DbErr> {
        serde_json::from_value(row::<Json>(found, column)?)
            .map_err(|error| DbErr::Type(format!("catalogue column {column}: {error}")))
    }
    Ok(Table {
        name: Arc::from(row::<String>(found, "title")?),
        columns: read(found, "columns")?,
        read_roles: read(found, "read_roles")?,
        write_roles: read(found, "write_roles")?,
        declared: row(found, "declared")?,
    })
}
