//! Reads a script of `dump` in one transaction: all of it, or nothing.

use std::path::Path;

use sea_orm::sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _, query};
use tokio::{
    fs::File,
    io::{AsyncBufReadExt, BufReader},
};

use super::{END, END_OF_ROWS, Failure, quoted};

/// Rows are sent in pieces of about this size.
const PIECE: usize = 256 << 10;

/// False when the schema holds tables already.
pub(super) async fn load(url: &str, main: &str, script: &Path) -> Result<bool, Failure> {
    let mut pg = PgConnection::connect(url).await?;
    pg.execute("BEGIN").await?;
    pg.execute(AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS {}", quoted(main)))).await?;
    pg.execute(AssertSqlSafe(format!("SET LOCAL search_path TO {}", quoted(main)))).await?;
    let held = query("SELECT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = $1) AS held").bind(main);
    if held.fetch_one(&mut pg).await?.try_get("held")? {
        return Ok(false);
    }
    let mut lines = BufReader::new(File::open(script).await?);
    let mut statement = String::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line).await? == 0 {
            break;
        }
        let text = std::str::from_utf8(&line).map_err(|_| Failure::Script("a definition is not UTF-8"))?;
        let text = text.trim_end_matches('\n');
        if statement.is_empty() && text.starts_with("COPY ") && text.ends_with(" FROM stdin;") {
            rows(&mut pg, text, &mut lines).await?;
        } else if text == END {
            pg.execute(AssertSqlSafe(std::mem::take(&mut statement))).await?;
        } else {
            if !statement.is_empty() {
                statement.push('\n');
            }
            statement.push_str(text);
        }
    }
    if !statement.is_empty() {
        return Err(Failure::Script("the copy ends in the middle of a definition"));
    }
    pg.execute("COMMIT").await?;
    pg.close().await?;
    Ok(true)
}

/// The rows of one table, up to the line that ends them.
async fn rows(pg: &mut PgConnection, copy: &str, lines: &mut BufReader<File>) -> Result<(), Failure> {
    let mut sink = pg.copy_in_raw(copy).await?;
    let mut piece = Vec::with_capacity(PIECE);
    loop {
        let start = piece.len();
        if lines.read_until(b'\n', &mut piece).await? == 0 {
            sink.abort("the copy ends in the middle of a table").await?;
            return Err(Failure::Script("the copy ends in the middle of a table"));
        }
        let ended = piece.get(start..).unwrap_or_default().trim_ascii_end() == END_OF_ROWS.as_bytes();
        if ended {
            piece.truncate(start);
        }
        if ended || piece.len() >= PIECE {
            sink.send(piece.as_slice()).await?;
            piece.clear();
        }
        if ended {
            sink.finish().await?;
            return Ok(());
        }
    }
}
