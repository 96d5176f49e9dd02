//! Two engines on one database: what both want, one gets, and the other sees.

use std::collections::HashSet;

use botserver_db::Db;
use botserver_testkit::db_tests;
use futures_util::future::join_all;

use crate::stage::{MIGRATIONS, Stage, World, lines, look, row, say, send, slow_look};

db_tests! {
    migrations: MIGRATIONS;

    async fn two_engines_share_a_lane(db: Db) {
        let stage = Stage::new(db).await;
        let world = World::new(&[]);
        let engines = [stage.started(&world).await, stage.started(&world).await];
        for round in 0..10 {
            let sent = (0..4).map(|number| {
                let id = format!("m{round}-{number}");
                let steps = [say("a"), look("sky"), row(&id), slow_look("far"), row(&id), send(&id), say("b")];
                let engine = &engines[number % 2];
                let message = stage.message(&id, &steps);
                async move { engine.accept(message).await.unwrap() }
            });
            join_all(sent).await;
            stage.ends(&engines[round % 2], (round + 1) * 4).await;
        }
        let events = lines(&stage.events().await);
        for round in 0..10 {
            for number in 0..4 {
                let id = format!("m{round}-{number}");
                let begin = events.iter().position(|line| *line == format!("> {id}")).unwrap();
                let turn: Vec<_> = events[begin + 1..begin + 9].iter().map(|l| l.split(" is ").next().unwrap()).collect();
                let (one, two) = (format!("{id}: 1"), format!("{id}: 2"));
                let (sent, end) = (format!("{id} sent"), format!("end {id} done"));
                assert_eq!(turn, ["a", "sky", &one, "far", &two, &sent, "b", &end]);
                assert_eq!(stage.count("test_rows", "name", &id).await, 2);
                let keys: HashSet<_> = world.keys(&id).into_iter().collect();
                assert_eq!(keys.len(), 1, "one effect, one key");
            }
        }
        assert_eq!(events.len(), 40 * 9, "nothing twice");
        assert_eq!(stage.count("engine_inbox", "status", "done").await, 40);
    }

    async fn a_message_given_to_two_engines_at_once_is_one(db: Db) {
        let stage = Stage::new(db).await;
        let world = World::new(&[]);
        let engines = [stage.started(&world).await, stage.started(&world).await];
        for round in 1..=20 {
            let id = format!("m{round}");
            let steps = if round % 2 == 0 { vec![say("a"), look("sky"), row(&id)] } else { vec![say("a")] };
            let answers = join_all(engines.iter().map(|engine| engine.accept(stage.message(&id, &steps)))).await;
            let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
            assert_eq!(answers[0].item_id, answers[1].item_id);
            assert!(answers[0].duplicate != answers[1].duplicate, "one of them is the first");
            stage.ends(&engines[0], round).await;
            assert_eq!(stage.count("test_rows", "name", &id).await, usize::from(round % 2 == 0));
        }
    }

    async fn what_another_engine_has_answered_is_not_answered_again(db: Db) {
        let stage = Stage::new(db).await;
        let world = World::new(&["far"]);
        let slow = stage.started(&world).await;
        // This one begins the first message and has the second in its memory …
        stage.send(&slow, "m1", &[look("far"), say("a")]).await;
        world.reached("far").await;
        stage.send(&slow, "m2", &[row("x"), say("b")]).await;
        // … while another, which starts now, answers both from the database.
        let fast = stage.started(&world.for_another_engine()).await;
        stage.ends(&fast, 2).await;
        world.let_go("far");
        stage.send(&slow, "m3", &[say("c")]).await;
        let events = lines(&stage.ends(&slow, 3).await);
        assert_eq!(events.iter().filter(|line| *line == "> m2").count(), 1, "{events:#?}");
        assert_eq!(stage.count("test_rows", "name", "x").await, 1);
    }

    async fn a_message_taken_back_elsewhere_is_not_answered(db: Db) {
        let stage = Stage::new(db).await;
        let world = World::new(&["far"]);
        let one = stage.started(&world).await;
        stage.send(&one, "m1", &[slow_look("far")]).await;
        world.reached("far").await;
        let waiting = stage.send(&one, "m2", &[row("x"), say("never")]).await;
        let world_of_two = World::new(&["far"]);
        let two = stage.started(&world_of_two).await;
        // It goes on with the turn that the first has begun, and has the second message in its memory.
        world_of_two.reached("far").await;
        one.withdraw(stage.org, stage.lane, waiting.item_id).await.unwrap();
        world_of_two.let_go("far");
        stage.ends(&two, 1).await;
        world.let_go("far");
        stage.send(&one, "m3", &[say("c")]).await;
        let events = lines(&stage.ends(&one, 2).await);
        assert!(!events.contains(&"> m2".to_owned()), "{events:#?}");
        assert_eq!(stage.count("test_rows", "name", "x").await, 0);
    }
}
