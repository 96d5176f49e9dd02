//! SUM, COUNT, AVG, MIN and MAX over tables.

use std::sync::Arc;

use botserver_basic_types::{DataExpr, Rows, Value};

use super::{Actor, DataService};
use crate::{
    Error, Result,
    model::has_role,
    store::{Aggregate, Function, Selected, single},
};

impl DataService {
    /// One value, or with `group` one row per group with the group and the value under the function's name.
    pub async fn aggregate(
        &self,
        actor: Actor<'_>,
        name: &str,
        function: &str,
        column: &str,
        group: Option<&str>,
        filter: Option<&DataExpr>,
    ) -> Result<Value> {
        let table = self.table(actor, name).await?;
        table.may_read(actor.principal)?;
        let readable = |name: &str| {
            let column = table.need_column(name)?;
            if has_role(actor.principal, &column.read_roles) {
                return Ok(column);
            }
            Err(Error::Forbidden { action: "read", table: format!("{}.{}", table.name, column.name) })
        };
        let Some(own) = Function::from_name(function) else {
            return Err(Error::Invalid(format!("{function} is no aggregate")));
        };
        let aggregate = Aggregate {
            function: own,
            column: if column.is_empty() { None } else { Some(readable(column)?) },
            name: Arc::from(function.trim().to_lowercase()),
        };
        let group = group.map(readable).transpose()?;
        let mut selected = Vec::new();
        if let Some(group) = group {
            selected.push(Selected::Group(group, Arc::from(group.name.as_str())));
        }
        selected.push(Selected::Aggregate(aggregate));
        let (scope, limit) = (actor.scope(), actor.max_rows + 1);
        let rows = self.store().aggregate(self.db.read(), scope, &table, &selected, filter, limit).await?;
        if rows.len() as u64 > actor.max_rows {
            return Err(Error::TooManyRows { what: format!("`{name}`"), limit: actor.max_rows });
        }
        Ok(if group.is_none() { single(rows) } else { Value::Rows(Rows { rows, single: false }) })
    }
}
