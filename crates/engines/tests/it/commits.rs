//! The batched commit itself: losers change nothing, and a batch may be large.

use std::sync::Arc;

use botserver_db::{Db, Statements};
use botserver_engines::{
    CommitExtension, Execution, InboxItem, ItemKind, ItemStep, NewEvent, TimerRow, TurnCommit, commit_turns, events,
};
use botserver_kernel::{BotId, IdSource as _, OrgId, RandomIds};
use botserver_testkit::db_tests;
use sea_orm::DbErr;
use sea_query::{Expr, Query};
use serde_json::json;

use crate::stage::{MIGRATIONS, Stage, new_lane};

/// Writes a row per turn that won.
struct Rows;

impl CommitExtension for Rows {
    fn extend(&self, turns: &[(&TurnCommit, i64)], statements: &mut Statements) -> Result<(), DbErr> {
        let mut insert = Query::insert();
        insert.into_table("test_rows").columns(["name"]);
        for (_, first) in turns {
            insert.values_panic([Expr::value(format!("from {first}"))]);
        }
        statements.push(&insert);
        Ok(())
    }
}

async fn commit(db: &Db, turns: Vec<TurnCommit>) -> Vec<Option<i64>> {
    let dialect = db.dialect();
    let done = db.write("commit", move |tx| {
        Box::pin(async move {
            let extensions: [Arc<dyn CommitExtension>; 1] = [Arc::new(Rows)];
            commit_turns(tx, dialect, &turns, &extensions)
                .await
                .map_err(|source| botserver_db::Error::statement("commit", source))
        })
    });
    done.await.unwrap()
}

async fn turn(stage: &Stage, expected_version: i64, said: usize) -> TurnCommit {
    let lane_id = new_lane(&stage.db, stage.org).await;
    let item = InboxItem {
        id: RandomIds.next_uuid(),
        org_id: stage.org,
        lane_id,
        kind: ItemKind::Message,
        channel_message_id: RandomIds.next_uuid().to_string(),
        payload: json!({}),
        arrived_at_ms: 1,
        taken: false,
    };
    let execution = Execution::start(&item, 0, "dialog", "start.bas", "v1");
    let timer = TimerRow {
        id: RandomIds.next_uuid(),
        org_id: stage.org,
        lane_id,
        execution_id: Some(execution.id),
        kind: "wake".to_owned(),
        due_ms: i64::MAX,
        payload: json!({}),
    };
    TurnCommit {
        lane_id,
        org_id: stage.org,
        bot_id: BotId::new(RandomIds.next_uuid()),
        person_id: None,
        expected_version,
        state: Some(r#"{"a":1}"#.to_owned()),
        events: (0..said).map(|number| NewEvent::new(json!({"kind": "message", "text": number})).unwrap()).collect(),
        executions: vec![execution],
        item: None,
        timers: vec![timer],
        disarm: Vec::new(),
        forget_journal: Vec::new(),
        notes: Vec::new(),
        at_ms: 2,
    }
}

async fn said(db: &Db, org: OrgId, turn: &TurnCommit) -> usize {
    events(db.read(), org, turn.lane_id, 0, 10_000).await.unwrap().len()
}

db_tests! {
    migrations: MIGRATIONS;

    async fn a_version_that_moved_fails_its_turn_only(db: Db) {
        let stage = Stage::new(db).await;
        let turns = vec![turn(&stage, 0, 2).await, turn(&stage, 7, 2).await, turn(&stage, 0, 0).await];
        assert_eq!(commit(&stage.db, turns.clone()).await, [Some(2), None, Some(0)]);
        let counts = [said(&stage.db, stage.org, &turns[0]).await, said(&stage.db, stage.org, &turns[1]).await];
        assert_eq!(counts, [2, 0]);
        assert_eq!(stage.count("engine_executions", "status", "running").await, 2);
        assert_eq!(stage.count("engine_timers", "status", "armed").await, 2);
        assert_eq!(stage.count("test_rows", "name", "from 1").await, 2);
        // The same again: now every version has moved.
        assert_eq!(commit(&stage.db, turns).await, [None, None, None]);
    }

    async fn a_turn_whose_item_has_had_its_turn_is_refused(db: Db) {
        let stage = Stage::new(db).await;
        let mut late = turn(&stage, 0, 1).await;
        late.item = Some(ItemStep::stored(RandomIds.next_uuid(), "done"));
        let other = turn(&stage, 0, 1).await;
        assert_eq!(commit(&stage.db, vec![late, other]).await, [None, Some(1)]);
    }

    async fn three_hundred_turns_are_one_commit(db: Db) {
        let stage = Stage::new(db).await;
        let mut turns = Vec::new();
        for _ in 0..300 {
            turns.push(turn(&stage, 0, 5).await);
        }
        assert_eq!(commit(&stage.db, turns.clone()).await, vec![Some(5); 300]);
        for own in &mut turns {
            own.expected_version = 1;
            own.executions.clear();
            own.timers.clear();
            own.state = None;
        }
        assert_eq!(commit(&stage.db, turns.clone()).await, vec![Some(10); 300]);
        for own in &turns {
            assert_eq!(said(&stage.db, stage.org, own).await, 10);
        }
        assert_eq!(stage.count("engine_lanes", "state", r#"{"a":1}"#).await, 300, "no new state keeps the old");
        assert_eq!(stage.count("test_rows", "name", "from 6").await, 300);
    }
}
