//! A PostgreSQL database as a script: tables, rows, then keys and indexes, all as of one moment.
//!
//! Tables of the main schema have no schema in their names, so that they can be restored into another one.

use std::path::Path;

use futures_util::TryStreamExt;
use sea_orm::sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _, postgres::PgRow, query};
use tokio::{
    fs::File,
    io::{AsyncWriteExt, BufWriter},
};

use super::{END, END_OF_ROWS, Failure, quoted};

const TABLES: &str = "SELECT n.nspname::text AS schema, c.relname::text AS name, c.oid::int8 AS oid
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname = ANY($1) ORDER BY n.nspname <> $2, 1, 2";
const COLUMNS: &str = "SELECT a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type,
        a.attnotnull AS required, a.attidentity::text AS identity, a.attgenerated::text AS generated,
        pg_get_expr(d.adbin, d.adrelid) AS expression
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";
/// Primary and unique keys, checks, exclusions; foreign keys last.
const CONSTRAINTS: &str = "SELECT conname::text AS name, pg_get_constraintdef(oid) AS definition,
        contype = 'f' AS foreign_key
    FROM pg_constraint WHERE conrelid = $1::oid AND contype IN ('p', 'u', 'c', 'x', 'f') ORDER BY 1";
/// Those that are no part of a constraint.
const INDEXES: &str = "SELECT pg_get_indexdef(x.indexrelid) AS definition, quote_ident(n.nspname) AS schema
    FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE x.indrelid = $1::oid
        AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x'))
    ORDER BY 1";

pub(super) async fn dump(url: &str, main: &str, others: &[String], target: &Path) -> Result<(), Failure> {
    let mut pg = PgConnection::connect(url).await?;
    // One moment for everything, and names of the main schema without it.
    pg.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    pg.execute(AssertSqlSafe(format!("SET LOCAL search_path TO {}", quoted(main)))).await?;
    let mut script = Script(BufWriter::new(File::create_new(target).await?));
    let mut schemas = vec![main.to_owned()];
    let existing = query("SELECT nspname::text AS name FROM pg_namespace WHERE nspname = ANY($1) ORDER BY 1");
    for found in existing.bind(others).fetch_all(&mut pg).await? {
        let schema: String = found.try_get("name")?;
        script.statement(&format!("CREATE SCHEMA {};", quoted(&schema))).await?;
        schemas.push(schema);
    }
    let mut after = Vec::new();
    let mut last = Vec::new();
    for found in query(TABLES).bind(&schemas).bind(main).fetch_all(&mut pg).await? {
        let (schema, name): (String, String) = (found.try_get("schema")?, found.try_get("name")?);
        let table = Table {
            oid: found.try_get("oid")?,
            name: if schema == main { quoted(&name) } else { format!("{}.{}", quoted(&schema), quoted(&name)) },
            in_main: schema == main,
        };
        table.write(&mut pg, &mut script, &mut after).await?;
        table.keys(&mut pg, &mut after, &mut last).await?;
    }
    for statement in after.iter().chain(&last) {
        script.statement(statement).await?;
    }
    pg.execute("COMMIT").await?;
    pg.close().await?;
    script.0.flush().await?;
    Ok(script.0.into_inner().sync_all().await?)
}

struct Script(BufWriter<File>);

impl Script {
    async fn statement(&mut self, sql: &str) -> Result<(), Failure> {
        if sql.contains(&format!("\n{END}\n")) {
            return Err(Failure::Script("a definition holds a line that ends statements of the copy"));
        }
        Ok(self.0.write_all(format!("{sql}\n{END}\n").as_bytes()).await?)
    }
}

struct Table {
    oid: i64,
    /// Quoted, with its schema unless that is the main one.
    name: String,
    in_main: bool,
}

impl Table {
    /// Its definition and its rows; what an identity column counts from comes into `after`.
    async fn write(&self, pg: &mut PgConnection, script: &mut Script, after: &mut Vec<String>) -> Result<(), Failure> {
        let columns = query(COLUMNS).bind(self.oid).fetch_all(&mut *pg).await?;
        let (mut defined, mut copied) = (Vec::new(), Vec::new());
        for column in &columns {
            let name: String = column.try_get("name")?;
            defined.push(definition(column)?);
            // A computed column is computed again.
            if column.try_get::<String, _>("generated")?.is_empty() {
                copied.push(quoted(&name));
            }
            if !column.try_get::<String, _>("identity")?.is_empty() {
                after.extend(self.counter(pg, &name).await?);
            }
        }
        script.statement(&format!("CREATE TABLE {} ({});", self.name, defined.join(", "))).await?;
        let copy = format!("COPY {} ({})", self.name, copied.join(", "));
        script.0.write_all(format!("{copy} FROM stdin;\n").as_bytes()).await?;
        let mut rows = pg.copy_out_raw(&format!("{copy} TO STDOUT")).await?;
        while let Some(bytes) = rows.try_next().await? {
            script.0.write_all(&bytes).await?;
        }
        Ok(script.0.write_all(format!("{END_OF_ROWS}\n").as_bytes()).await?)
    }

    async fn counter(&self, pg: &mut PgConnection, column: &str) -> Result<Option<String>, Failure> {
        let sequence = query("SELECT pg_get_serial_sequence($1, $2) AS name").bind(&self.name).bind(column);
        let Some(sequence) = sequence.fetch_one(&mut *pg).await?.try_get::<Option<String>, _>("name")? else {
            return Ok(None);
        };
        let state = format!("SELECT last_value, is_called FROM {sequence}");
        let state = query(AssertSqlSafe(state)).fetch_one(&mut *pg).await?;
        let (last, called): (i64, bool) = (state.try_get("last_value")?, state.try_get("is_called")?);
        let text = |value: &str| format!("'{}'", value.replace('\'', "''"));
        Ok(Some(format!(
            "SELECT setval(pg_get_serial_sequence({}, {}), {last}, {called});",
            text(&self.name),
            text(column)
        )))
    }

    async fn keys(
        &self,
        pg: &mut PgConnection,
        after: &mut Vec<String>,
        last: &mut Vec<String>,
    ) -> Result<(), Failure> {
        for found in query(CONSTRAINTS).bind(self.oid).fetch_all(&mut *pg).await? {
            let (name, definition): (String, String) = (found.try_get("name")?, found.try_get("definition")?);
            let statement = format!("ALTER TABLE {} ADD CONSTRAINT {} {definition};", self.name, quoted(&name));
            if found.try_get("foreign_key")? { last.push(statement) } else { after.push(statement) }
        }
        for found in query(INDEXES).bind(self.oid).fetch_all(&mut *pg).await? {
            let (definition, schema): (String, String) = (found.try_get("definition")?, found.try_get("schema")?);
            // PostgreSQL always writes the schema here.
            let place = format!(" ON {schema}.");
            after.push(if self.in_main { definition.replacen(&place, " ON ", 1) + ";" } else { definition + ";" });
        }
        Ok(())
    }
}

/// One column of a CREATE TABLE.
fn definition(column: &PgRow) -> Result<String, Failure> {
    let (name, kind): (String, String) = (column.try_get("name")?, column.try_get("type")?);
    let expression: Option<String> = column.try_get("expression")?;
    let identity: String = column.try_get("identity")?;
    let generated: String = column.try_get("generated")?;
    let required = if column.try_get("required")? { " NOT NULL" } else { "" };
    let value = match (identity.as_str(), generated.as_str(), expression) {
        ("a", ..) => " GENERATED ALWAYS AS IDENTITY".to_owned(),
        ("d", ..) => " GENERATED BY DEFAULT AS IDENTITY".to_owned(),
        (_, "s", Some(computed)) => format!(" GENERATED ALWAYS AS ({computed}) STORED"),
        (_, _, Some(default)) => format!(" DEFAULT {default}"),
        _ => String::new(),
    };
    Ok(format!("{} {kind}{required}{value}", quoted(&name)))
}
