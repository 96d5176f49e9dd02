//! PostgreSQL for a test: a place of its own on the server that `make test` starts.

use botserver_db::{ConnectionTrait as _, Db, DbUrl};
use botserver_kernel::{IdSource as _, RandomIds};

/// A place on the PostgreSQL server of the tests.
pub(crate) struct Schema {
    server: String,
    name: String,
}

impl Schema {
    pub(crate) fn new() -> Self {
        let server = std::env::var_os("TEST_POSTGRES_URL").and_then(|url| url.into_string().ok());
        let server = server.expect("TEST_POSTGRES_URL is not set: run `make test`, or `cargo xtask postgres`");
        Self { server, name: format!("live_{}", RandomIds.next_uuid().simple()) }
    }

    pub(crate) fn url(&self) -> String {
        let separator = if self.server.contains('?') { '&' } else { '?' };
        format!("{}{separator}schema={}", self.server, self.name)
    }

    /// Removes it, and those of its bots.
    pub(crate) async fn remove(self) {
        let db = Db::connect(&DbUrl::parse(&self.server).expect("an address")).await.expect("the server");
        let every = format!(
            "DO $$ DECLARE own text; BEGIN FOR own IN SELECT nspname FROM pg_namespace WHERE nspname LIKE '{}%' LOOP \
             EXECUTE format('DROP SCHEMA %I CASCADE', own); END LOOP; END $$",
            self.name
        );
        db.read().execute_unprepared(&every).await.expect("dropped");
        db.close().await;
    }
}
