//! The report of MERGE and SAVE, and what keywords ask about keys.

use botserver_basic_types::Value;
use botserver_db::Tx;

use super::{Actor, DataService, Row, is_csv};
use crate::{
    Error, Result,
    store::{Entry, Owner},
};

impl DataService {
    fn report_owner(actor: Actor<'_>) -> Owner {
        Owner::Report(actor.bot_id)
    }

    /// The report under a key, as this transaction sees it.
    pub(crate) async fn report(&self, tx: &Tx, actor: Actor<'_>, key: &str) -> Result<Value> {
        let (org, now_ms) = (actor.principal.org_id, actor.now.as_millisecond());
        read(self.store().recall(tx, org, Self::report_owner(actor), key, now_ms).await?)
    }

    /// The report under a key.
    pub(crate) async fn read_report(&self, actor: Actor<'_>, key: &str) -> Result<Value> {
        let (org, now_ms) = (actor.principal.org_id, actor.now.as_millisecond());
        read(self.store().recall(self.db.read(), org, Self::report_owner(actor), key, now_ms).await?)
    }

    /// Replaces the report; null ends it.
    pub(crate) async fn save_report(&self, tx: &Tx, actor: Actor<'_>, key: &str, report: &Value) -> Result<()> {
        let (org, now_ms, owner) = (actor.principal.org_id, actor.now.as_millisecond(), Self::report_owner(actor));
        if report.is_null() {
            self.store().forget(tx, org, owner, Some(key)).await?;
            return Ok(());
        }
        let value = serde_json::to_string(report).map_err(|error| Error::Invalid(error.to_string()))?;
        // Nobody asks for a report after weeks; without an end they would stay for ever.
        let expires_at_ms = Some(now_ms.saturating_add(30 * 86_400_000));
        self.store().remember(tx, org, owner, key, Entry { value, expires_at_ms }, now_ms).await
    }

    /// The key of a row that was written: the name of its column and its value.
    pub(crate) async fn key_of_saved(
        &self,
        actor: Actor<'_>,
        tx: &Tx,
        name: &str,
        row: &Row,
    ) -> Result<Option<(String, Value)>> {
        if is_csv(name) || row.is_empty() {
            return Ok(Some(("id".to_owned(), super::field(row, "id"))));
        }
        let table = self.table_in(tx, actor, name).await?;
        Ok(table.key().first().map(|key| (key.name.clone(), super::field(row, &key.name))))
    }

    /// Which column the identifier of `SAVE t, id, obj` is meant for.
    pub(crate) async fn key_name_for_save(
        &self,
        actor: Actor<'_>,
        tx: &Tx,
        name: &str,
        variable: &str,
    ) -> Result<String> {
        if is_csv(name) {
            return Ok("id".to_owned());
        }
        match self.table_in(tx, actor, name).await {
            Ok(table) => Ok(match table.key().as_slice() {
                [key, ..] => key.name.clone(),
                [] if table.column(variable).is_some() => variable.to_owned(),
                [] => table.columns.first().map_or_else(|| "id".to_owned(), |column| column.name.clone()),
            }),
            Err(Error::NoTable { .. }) => Ok("id".to_owned()),
            Err(error) => Err(error),
        }
    }
}

fn read(text: Option<String>) -> Result<Value> {
    let Some(text) = text else { return Ok(Value::Null) };
    serde_json::from_str(&text).map_err(|error| Error::Invalid(format!("the report cannot be read: {error}")))
}
