//! One lane: order, what a turn leaves, failures that stay in their turn, stopping.

use std::time::Duration;

use botserver_db::Db;
use botserver_engines::LaneNotice;
use botserver_testkit::db_tests;
use serde_json::json;

use crate::{
    program::Op,
    stage::{MIGRATIONS, Stage, World, lines, look, patient, row, say, send, slow_look},
};

db_tests! {
    migrations: MIGRATIONS;

    async fn turns_run_in_the_order_of_arrival(db: Db) {
        let stage = Stage::new(db).await;
        let engine = stage.started(&World::new(&[])).await;
        let mut expected = Vec::new();
        for number in 0..3 {
            let id = format!("m{number}");
            stage.send(&engine, &id, &[say(&id), Op::Yield, row("a"), look("sky"), say("bye")]).await;
            let row = format!("a: {}", number + 1);
            let sky = format!("sky is {number}");
            expected.extend([format!("> {id}"), id.clone(), row, sky, "bye".to_owned(), format!("end {id} done")]);
        }
        assert_eq!(lines(&stage.ends(&engine, 3).await), expected);
        assert_eq!(stage.count("engine_inbox", "status", "done").await, 3);
        assert_eq!(stage.count("engine_executions", "status", "running").await, 0);
        assert_eq!(stage.journaled().await, 0, "a turn that ended needs no journal");
    }

    async fn a_program_asks_and_goes_on_with_the_answer(db: Db) {
        let stage = Stage::new(db).await;
        let engine = stage.started(&World::new(&[])).await;
        stage.send(&engine, "m1", &[say("name?"), Op::Ask, say("thanks"), Op::Ask, say("bye")]).await;
        stage.ends(&engine, 1).await;
        stage.send(&engine, "m2", &[]).await;
        stage.ends(&engine, 2).await;
        stage.send(&engine, "m3", &[]).await;
        let expected = [
            "> m1", "name?", "end m1 waiting", "> m2", "you wrote m2", "thanks", "end m2 waiting", "> m3",
            "you wrote m3", "bye", "end m3 done",
        ];
        assert_eq!(lines(&stage.ends(&engine, 3).await), expected);
    }

    async fn what_was_said_is_seen_before_something_slow(db: Db) {
        let stage = Stage::new(db).await;
        let world = World::new(&["far", "before letter"]);
        let engine = stage.started(&world).await;
        let mut listener = engine.subscribe(stage.lane).await.unwrap();
        stage.send(&engine, "m1", &[say("one moment"), slow_look("far"), send("letter"), send("letter")]).await;
        world.reached("far").await;
        assert_eq!(lines(&stage.events().await), ["> m1", "one moment"]);
        assert_eq!(stage.count("engine_inbox", "status", "taken").await, 1);
        assert!(engine.is_working(stage.lane));
        world.let_go("far");
        world.reached("before letter").await;
        assert_eq!(lines(&stage.events().await), ["> m1", "one moment", "far is 0"]);
        world.let_go("before letter");
        let expected = ["> m1", "one moment", "far is 0", "letter sent", "letter sent", "end m1 done"];
        assert_eq!(lines(&stage.ends(&engine, 1).await), expected);
        let keys = world.keys("letter");
        assert!(keys.len() == 2 && keys[0] != keys[1], "two effects have two keys: {keys:?}");
        let mut heard = Vec::new();
        while heard.last() != Some(&LaneNotice::Working(false)) {
            heard.extend(LaneNotice::decode(&patient(listener.next()).await.expect("no notice is lost")));
        }
        assert_eq!(heard.iter().filter(|notice| **notice == LaneNotice::Working(true)).count(), 1);
        let told = heard.into_iter().flat_map(|notice| match notice {
            LaneNotice::Events(events) => events.into_iter().map(|event| event.seq).collect(),
            _ => Vec::new(),
        });
        assert_eq!(told.collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6], "listeners hear every event once, in order");
    }

    async fn a_change_that_fails_leaves_nothing(db: Db) {
        let stage = Stage::new(db).await;
        let engine = stage.started(&World::new(&[])).await;
        stage.send(&engine, "m1", &[row("a"), Op::BadRow("a".to_owned()), row("a")]).await;
        assert_eq!(lines(&stage.ends(&engine, 1).await), ["> m1", "a: 1", "no row a", "a: 2", "end m1 done"]);
    }

    async fn a_failure_ends_its_turn_and_no_other(db: Db) {
        let stage = Stage::new(db).await;
        let engine = stage.started(&World::new(&[])).await;
        stage.send(&engine, "m1", &[say("a"), row("a"), Op::Fail("no".to_owned())]).await;
        stage.send(&engine, "m2", &[say("b"), row("a"), Op::Panic]).await;
        stage.send(&engine, "m3", &[row("a"), say("c")]).await;
        let expected = [
            "> m1", "a", "a: 1", "no", "end m1 failed", "> m2", "b", "a: 2", "error", "end m2 failed", "> m3", "a: 3",
            "c", "end m3 done",
        ];
        assert_eq!(lines(&stage.ends(&engine, 3).await), expected);
        assert_eq!(stage.count("engine_executions", "status", "running").await, 0);
        assert_eq!(stage.journaled().await, 0);
    }

    async fn a_panic_ends_what_waited_in_the_lane(db: Db) {
        let stage = Stage::new(db).await;
        let engine = stage.started(&World::new(&[])).await;
        stage.send(&engine, "m1", &[Op::Ask, Op::Panic]).await;
        stage.send(&engine, "m2", &[]).await;
        stage.send(&engine, "m3", &[say("again")]).await;
        let events = lines(&stage.ends(&engine, 3).await);
        assert_eq!(events[events.len() - 3..], ["> m3", "again", "end m3 done"]);
        assert_eq!(stage.count("engine_executions", "status", "cancelled").await, 1);
    }

    async fn a_person_stops_a_turn(db: Db) {
        let stage = Stage::new(db).await;
        let world = World::new(&["far"]);
        let engine = stage.started(&world).await;
        assert!(engine.cancel(stage.lane).await.unwrap().is_none(), "nothing runs");
        stage.send(&engine, "m1", &[say("a"), slow_look("far"), say("never")]).await;
        world.reached("far").await;
        stage.send(&engine, "m2", &[say("b")]).await;
        let cancelled = engine.cancel(stage.lane).await.unwrap().expect("one runs");
        cancelled.committed(Duration::from_mins(1)).await;
        assert_eq!(stage.count("engine_executions", "status", "cancelled").await, 1, "it is on the disk");
        let expected = ["> m1", "a", "end m1 cancelled", "> m2", "b", "end m2 done"];
        assert_eq!(lines(&stage.ends(&engine, 2).await), expected);
        assert_eq!(stage.count("engine_executions", "status", "cancelled").await, 1);
    }

    async fn a_write_that_has_begun_is_not_abandoned(db: Db) {
        let stage = Stage::new(db).await;
        let world = World::new(&["after letter"]);
        let engine = stage.started(&world).await;
        stage.send(&engine, "m1", &[send("letter"), say("never")]).await;
        world.reached("after letter").await;
        assert!(engine.cancel(stage.lane).await.unwrap().is_some());
        world.let_go("after letter");
        stage.ends(&engine, 1).await;
        assert_eq!(world.keys("letter").len(), 1);
    }

    async fn the_state_document_lives_on(db: Db) {
        let stage = Stage::new(db).await;
        let world = World::new(&[]);
        let engine = stage.started(&world).await;
        stage.send(&engine, "m1", &[say("a"), slow_look("far"), say("b")]).await;
        stage.ends(&engine, 1).await;
        engine.stop(std::time::Duration::from_secs(30)).await;
        let second = stage.started(&world).await;
        stage.send(&second, "m2", &[say("c")]).await;
        stage.ends(&second, 2).await;
        assert_eq!(stage.count("engine_lanes", "state", &json!({"said": 3}).to_string()).await, 1);
    }
}
