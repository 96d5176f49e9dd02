//! The inbox: committed before answered, twice is once, a limit, and taking back.

use std::time::Duration;

use botserver_db::Db;
use botserver_engines::{Error, ItemState, LaneId, LaneNotice};
use botserver_kernel::{IdSource as _, RandomIds};
use botserver_testkit::db_tests;
use futures_util::future::join_all;

use crate::{
    program::Op,
    stage::{MIGRATIONS, Stage, World, lines, look, new_lane, patient, say, send, slow_look},
};

db_tests! {
    migrations: MIGRATIONS;

    async fn a_message_sent_twice_is_one(db: Db) {
        let stage = Stage::new(db).await;
        let engine = stage.started(&World::new(&[])).await;
        let at_once = join_all((0..3).map(|_| engine.accept(stage.message("m1", &[say("a")])))).await;
        let at_once: Vec<_> = at_once.into_iter().map(Result::unwrap).collect();
        assert_eq!(at_once.iter().filter(|accepted| !accepted.duplicate).count(), 1);
        assert!(at_once.iter().all(|accepted| accepted.item_id == at_once[0].item_id));
        stage.ends(&engine, 1).await;
        let later = stage.send(&engine, "m1", &[say("other")]).await;
        assert!(later.duplicate && later.state == ItemState::Done);
        stage.send(&engine, "m2", &[say("b")]).await;
        assert_eq!(lines(&stage.ends(&engine, 2).await), ["> m1", "a", "end m1 done", "> m2", "b", "end m2 done"]);
    }

    async fn a_quick_turn_is_stored_with_its_message(db: Db) {
        let stage = Stage::new(db).await;
        let engine = stage.started(&World::new(&[])).await;
        let accepted = stage.send(&engine, "m1", &[say("a")]).await;
        assert_eq!((accepted.state, accepted.duplicate), (ItemState::Done, false));
        // Whoever is answered finds the turn without waiting.
        assert_eq!(lines(&stage.events().await), ["> m1", "a", "end m1 done"]);
        assert_eq!(stage.count("engine_inbox", "payload", "{}").await, 1, "what it said stays in the history only");
    }

    async fn a_turn_that_takes_a_while_keeps_no_sender_waiting(db: Db) {
        let stage = Stage::new(db).await;
        let steps: [&[Op]; 3] = [&[look("far")], &[slow_look("far")], &[send("far")]];
        for (round, steps) in (1..).zip(steps) {
            let world = World::new(&["far", "before far"]);
            let engine = stage.started(&world).await;
            assert_eq!(stage.send(&engine, &format!("m{round}"), steps).await.state, ItemState::Taken);
            world.let_go("far");
            world.let_go("before far");
            stage.ends(&engine, round).await;
        }
    }

    async fn a_message_for_a_lane_with_work_left_waits_its_turn(db: Db) {
        let stage = Stage::new(db).await;
        let never_started = stage.engine();
        stage.send(&never_started, "m1", &[say("a")]).await;
        never_started.stop(Duration::ZERO).await;
        let engine = stage.engine();
        stage.send(&engine, "m2", &[say("b")]).await;
        stage.start(&engine, &World::new(&[])).await;
        let accepted = stage.send(&engine, "m3", &[say("c")]).await;
        assert!(!accepted.duplicate);
        let order = lines(&stage.ends(&engine, 3).await);
        assert_eq!(order.into_iter().filter(|line| line.starts_with('>')).collect::<Vec<_>>(), ["> m1", "> m2", "> m3"]);
    }

    async fn a_repeated_message_tells_where_it_was_sent_first(db: Db) {
        let stage = Stage::new(db).await;
        let engine = stage.started(&World::new(&[])).await;
        stage.send(&engine, "m1", &[say("a")]).await;
        let mut elsewhere = stage.message("m1", &[say("b")]);
        elsewhere.lane_id = new_lane(&stage.db, stage.org).await;
        assert_eq!(engine.accept(elsewhere).await.unwrap().lane_id, stage.lane);
        assert_eq!(lines(&stage.ends(&engine, 1).await), ["> m1", "a", "end m1 done"]);
    }

    async fn only_so_many_wait(db: Db) {
        let mut stage = Stage::new(db).await;
        stage.options.queue_limit = 3;
        let world = World::new(&["far"]);
        let engine = stage.started(&world).await;
        stage.send(&engine, "m0", &[slow_look("far")]).await;
        world.reached("far").await;
        for number in 1..=3 {
            let accepted = stage.send(&engine, &format!("m{number}"), &[say("x")]).await;
            assert_eq!((accepted.ahead, accepted.state), (number - 1, ItemState::Queued));
        }
        let refused = engine.accept(stage.message("m4", &[say("x")])).await;
        assert!(matches!(refused, Err(Error::QueueFull { limit: 3 })), "{refused:?}");
        let again = stage.send(&engine, "m3", &[say("x")]).await;
        assert!(again.duplicate, "what is committed is acknowledged again, however many wait");
        world.let_go("far");
        stage.ends(&engine, 4).await;
        stage.send(&engine, "m4", &[say("x")]).await;
        stage.ends(&engine, 5).await;
    }

    async fn the_limit_holds_for_messages_that_come_at_once(db: Db) {
        let mut stage = Stage::new(db).await;
        stage.options.queue_limit = 3;
        let world = World::new(&["far"]);
        let engine = stage.started(&world).await;
        stage.send(&engine, "m0", &[slow_look("far")]).await;
        world.reached("far").await;
        let messages = (1..=10).map(|number| stage.message(&format!("m{number}"), &[say("x")]));
        let answers = join_all(messages.map(|message| engine.accept(message))).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 3);
        world.let_go("far");
        stage.ends(&engine, 4).await;
    }

    async fn a_message_that_waits_is_taken_back(db: Db) {
        let stage = Stage::new(db).await;
        let world = World::new(&["far"]);
        let engine = stage.started(&world).await;
        let running = stage.send(&engine, "m0", &[slow_look("far")]).await;
        world.reached("far").await;
        let mut listener = engine.subscribe(stage.lane).await.unwrap();
        let waiting = stage.send(&engine, "m1", &[say("never")]).await;
        stage.send(&engine, "m2", &[say("b")]).await;
        engine.withdraw(stage.org, stage.lane, waiting.item_id).await.unwrap();
        let refused = engine.withdraw(stage.org, stage.lane, running.item_id).await;
        assert!(matches!(refused, Err(Error::AlreadyTaken)), "{refused:?}");
        let queue = |notice: Option<LaneNotice>| match notice {
            Some(LaneNotice::Queue(items)) => Some(items.into_iter().map(|(id, _)| id).collect::<Vec<_>>()),
            _ => None,
        };
        patient(async {
            while queue(LaneNotice::decode(&listener.next().await.unwrap())) != Some(vec!["m2".to_owned()]) {}
        })
        .await;
        world.let_go("far");
        let expected = ["> m0", "far is 0", "end m0 done", "> m2", "b", "end m2 done"];
        assert_eq!(lines(&stage.ends(&engine, 2).await), expected);
        assert_eq!(stage.send(&engine, "m1", &[say("never")]).await.state, ItemState::Withdrawn);
    }

    async fn what_is_for_no_lane_harms_nobody(db: Db) {
        let stage = Stage::new(db).await;
        let engine = stage.started(&World::new(&[])).await;
        let lost = (0..20).map(|number| {
            let mut lost = stage.message(&format!("lost {number}"), &[say("x")]);
            lost.lane_id = LaneId(RandomIds.next_uuid());
            engine.accept(lost)
        });
        join_all(lost).await;
        let mut same = stage.message("same", &[say("x")]);
        same.lane_id = LaneId(RandomIds.next_uuid());
        for number in 0..20 {
            same.channel_message_id = format!("same {number}");
            engine.accept(same.clone()).await.unwrap();
        }
        stage.send(&engine, "m1", &[say("a")]).await;
        assert_eq!(lines(&stage.ends(&engine, 1).await), ["> m1", "a", "end m1 done"]);
    }
}
