//! Timers: they fire once, also after a restart, and a short sleep keeps the lane.

use std::time::Duration;

use botserver_db::Db;
use botserver_engines::{LaneNotice, Rest};
use botserver_testkit::db_tests;

use crate::{
    program::Op,
    stage::{MIGRATIONS, Stage, World, lines, new_lane, patient, row, say, slow_look},
};

db_tests! {
    migrations: MIGRATIONS;

    async fn messages_wait_for_a_short_sleep_and_the_turn_ends_once(db: Db) {
        let stage = Stage::new(db).await;
        let engine = stage.started(&World::new(&[])).await;
        let mut listener = engine.subscribe(stage.lane).await.unwrap();
        stage.send(&engine, "m1", &[say("a"), Op::Sleep(300), say("b"), Op::Sleep(1), say("c")]).await;
        stage.until(&engine, |events| events.len() == 2).await;
        stage.send(&engine, "m2", &[say("d")]).await;
        assert!(engine.is_working(stage.lane), "to a person the turn still runs");
        let expected = ["> m1", "a", "b", "c", "end m1 done", "> m2", "d", "end m2 done"];
        assert_eq!(lines(&stage.ends(&engine, 2).await), expected);
        let mut working = Vec::new();
        patient(async {
            while working.last() != Some(&false) {
                if let Some(LaneNotice::Working(on)) = LaneNotice::decode(&listener.next().await.unwrap()) {
                    working.push(on);
                }
            }
        })
        .await;
        assert_eq!(working, [true, false]);
    }

    async fn whoever_moves_the_clock_knows_when_a_lane_rests(db: Db) {
        let stage = Stage::new(db).await;
        let engine = stage.started(&World::new(&[])).await;
        stage.send(&engine, "m1", &[say("a")]).await;
        assert_eq!(engine.rest(stage.lane).await, Rest::Idle);
        assert_eq!(engine.next_timer().await.unwrap(), None);
        stage.send(&engine, "m2", &[say("b"), Op::Sleep(9_000), say("never")]).await;
        assert_eq!(engine.rest(stage.lane).await, Rest::Asleep);
        assert_eq!(engine.next_timer().await.unwrap().map(|(lane, _)| lane), Some(stage.lane));
        // Nothing of it is due yet.
        engine.fire_timers().await.unwrap();
        assert_eq!(engine.rest(stage.lane).await, Rest::Asleep);
        engine.disarm_timers().await.unwrap();
        assert_eq!(engine.next_timer().await.unwrap(), None);
    }

    async fn a_person_stops_a_short_sleep(db: Db) {
        let stage = Stage::new(db).await;
        let engine = stage.started(&World::new(&[])).await;
        stage.send(&engine, "m1", &[say("a"), Op::Sleep(3_600_000), say("later")]).await;
        stage.ends(&engine, 1).await;
        assert!(engine.cancel(stage.lane).await.unwrap().is_none(), "nobody sees that it waits");
        let mut listener = engine.subscribe(stage.lane).await.unwrap();
        stage.send(&engine, "m2", &[say("b"), Op::Sleep(9_000), say("never")]).await;
        patient(async {
            let works = Some(LaneNotice::Working(true));
            while LaneNotice::decode(&listener.next().await.unwrap()) != works {}
        })
        .await;
        stage.send(&engine, "m3", &[say("c")]).await;
        assert!(engine.cancel(stage.lane).await.unwrap().is_some());
        let expected =
            ["> m1", "a", "end m1 waiting", "> m2", "b", "end m2 cancelled", "> m3", "c", "end m3 done"];
        assert_eq!(lines(&stage.ends(&engine, 3).await), expected);
        assert_eq!(stage.count("engine_timers", "status", "armed").await, 1, "the long sleep goes on");
        assert_eq!(stage.count("engine_executions", "status", "cancelled").await, 1);
    }

    async fn a_long_sleep_lets_messages_pass(db: Db) {
        let stage = Stage::new(db).await;
        let engine = stage.started(&World::new(&[])).await;
        stage.send(&engine, "m1", &[say("a"), Op::Sleep(3_600_000), say("never")]).await;
        stage.send(&engine, "m2", &[say("b")]).await;
        let expected = ["> m1", "a", "end m1 waiting", "> m2", "b", "end m2 done"];
        assert_eq!(lines(&stage.ends(&engine, 2).await), expected);
        // The end is told just before the lane is put away; a lane that never is ends the test by its time limit.
        while engine.is_working(stage.lane) {
            tokio::task::yield_now().await;
        }
        assert_eq!(stage.count("engine_timers", "status", "armed").await, 1);
    }

    async fn timers_fire_once_with_two_engines(db: Db) {
        let mut stage = Stage::new(db).await;
        let world = World::new(&[]);
        let (one, two) = (stage.started(&world).await, stage.started(&world).await);
        let mut lanes = Vec::new();
        for number in 0..20_i64 {
            stage.lane = new_lane(&stage.db, stage.org).await;
            lanes.push(stage.lane);
            let engine = if number % 2 == 0 { &one } else { &two };
            let steps = [Op::Sleep(number * 7 % 40), row("x"), Op::Sleep(5), say("b")];
            stage.send(engine, &format!("m{number}"), &steps).await;
        }
        for lane in lanes {
            stage.lane = lane;
            let events = stage.ends(&one, 1).await;
            assert_eq!(events.len(), 4, "{events:#?}");
        }
        assert_eq!(stage.count("test_rows", "name", "x").await, 20);
        assert_eq!(stage.count("engine_timers", "status", "fired").await, 40);
    }

    async fn a_sleep_outlives_its_engine(db: Db) {
        let stage = Stage::new(db).await;
        let world = World::new(&[]);
        let first = stage.started(&world).await;
        stage.send(&first, "m1", &[say("a"), Op::Sleep(200), say("b")]).await;
        stage.until(&first, |events| events.len() == 2).await;
        first.stop(Duration::from_secs(30)).await;
        let second = stage.started(&world).await;
        assert_eq!(lines(&stage.ends(&second, 1).await), ["> m1", "a", "b", "end m1 done"]);
    }

    async fn an_engine_that_goes_away_after_a_sleep_is_followed_by_another(db: Db) {
        let stage = Stage::new(db).await;
        let world = World::new(&["far"]);
        let first = stage.started(&world).await;
        let steps = [say("a"), Op::Sleep(1), row("x"), slow_look("far"), Op::Sleep(1), say("b")];
        stage.send(&first, "m1", &steps).await;
        world.reached("far").await;
        first.stop(Duration::ZERO).await;
        let second = stage.started(&world.for_another_engine()).await;
        let expected = ["> m1", "a", "x: 1", "far is 0", "b", "end m1 done"];
        assert_eq!(lines(&stage.ends(&second, 1).await), expected);
    }

    async fn messages_behind_a_sleep_that_another_engine_ended_are_answered(db: Db) {
        let stage = Stage::new(db).await;
        let world = World::new(&[]);
        let (one, two) = (stage.started(&world).await, stage.started(&world).await);
        // Whichever engine's timer is faster, both have messages for the lane.
        for round in 0..2 {
            let id = format!("m{round}");
            stage.send(&one, &id, &[say("a"), Op::Sleep(60), say("b")]).await;
            stage.until(&one, |events| lines(events).contains(&"a".to_owned()) && events.len() % 8 == 2).await;
            stage.send(&two, &format!("{id} two"), &[]).await;
            stage.send(&one, &format!("{id} one"), &[]).await;
            stage.ends(&one, (round + 1) * 3).await;
        }
    }
}
