//! A local effect: the change and its journal entry are one transaction, guarded by the lane's version.

use botserver_db::ConnectionTrait;
use sea_query::{Expr, ExprTrait, LockType, Query};
use uuid::Uuid;

use super::{Turn, drive::Effects};
use crate::{LocalFailure, Outcome, Program, TurnError};

impl Turn<'_> {
    /// A local change, its journal entry, the unwritten entries before it, and the check that the lane is still
    /// ours: one transaction.
    pub(super) async fn local(
        &mut self,
        id: Uuid,
        program: &mut dyn Program,
        effects: &mut Effects,
        number: i32,
    ) -> Result<Outcome, TurnError> {
        let work = program.local();
        let (lane, version, org) = (self.lane.id, self.lane.version, self.lane.org_id);
        let turn = self.execution(id)?.turn;
        let item = (!self.item.taken).then_some(self.item.id);
        let earlier = effects.unwritten.clone();
        let done = self.engine.db.write("local effect", move |tx| {
            Box::pin(async move {
                let named = |source| LocalFailure::Db(botserver_db::Error::statement("local effect", source));
                let mut guard = Query::select();
                guard
                    .column("version")
                    .from("engine_lanes")
                    .and_where(Expr::col("id").eq(lane.0))
                    .and_where(Expr::col("version").eq(version))
                    // Or another node could end this turn before we commit.
                    .lock(LockType::Update);
                if tx.query_one(&guard).await.map_err(named)?.is_none() {
                    return Err(LocalFailure::Db(botserver_db::Error::Conflict { operation: "local effect" }));
                }
                let outcome = work(tx).await?;
                let mut insert = Query::insert();
                insert.into_table("engine_journal").columns(["org_id", "execution_id", "turn", "number", "outcome"]);
                for (number, outcome) in earlier.iter().chain(std::iter::once(&(number, outcome.clone()))) {
                    insert.values_panic([
                        Expr::value(org.uuid()),
                        Expr::value(id),
                        Expr::value(turn),
                        Expr::value(*number),
                        Expr::value(outcome.as_str()),
                    ]);
                }
                tx.execute(&insert).await.map_err(named)?;
                if let Some(item) = item {
                    // From now on this turn must be replayed with this very item.
                    let mut update = Query::update();
                    update
                        .table("engine_inbox")
                        .value("status", "taken")
                        .and_where(Expr::col("id").eq(item))
                        .and_where(Expr::col("status").is_in(["queued", "taken"]));
                    if tx.execute(&update).await.map_err(named)?.rows_affected() == 0 {
                        return Err(LocalFailure::Db(botserver_db::Error::Conflict { operation: "local effect" }));
                    }
                }
                Ok(outcome)
            })
        });
        match done.await {
            Ok(outcome) => {
                effects.unwritten.clear();
                effects.wrote_journal = true;
                self.item.taken = true;
                Ok(outcome)
            }
            Err(LocalFailure::Script(outcome)) => {
                effects.unwritten.push((number, outcome.clone()));
                Ok(outcome)
            }
            // The journal has this number already, or the version moved: another node runs this turn.
            Err(LocalFailure::Db(
                botserver_db::Error::Conflict { .. } | botserver_db::Error::Duplicate { operation: "local effect" },
            )) => Err(TurnError::Conflict),
            Err(LocalFailure::Db(error @ botserver_db::Error::Panicked { .. })) => {
                Err(TurnError::Internal(error.to_string()))
            }
            Err(LocalFailure::Db(error)) => Err(TurnError::Db(error)),
        }
    }
}
