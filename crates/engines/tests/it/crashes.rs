//! An engine that goes away in the middle of a turn, at every place, and another that takes it up.

use std::time::Duration;

use botserver_db::Db;
use botserver_testkit::db_tests;

use crate::{
    program::Op,
    stage::{MIGRATIONS, Stage, World, lines, look, row, say, send, slow_look},
};

/// A turn with every kind of effect in every order that differs; it can be stopped at each name.
fn steps() -> Vec<Op> {
    vec![
        say("a"),
        look("one"),
        row("x"),
        look("two"),
        row("x"),
        Op::BadRow("y".to_owned()),
        look("three"),
        send("letter"),
        say("b"),
        slow_look("four"),
        look("five"),
        send("parcel"),
        send("letter"),
        row("x"),
        look("six"),
        Op::Ask,
        say("c"),
        look("seven"),
        row("x"),
        look("eight"),
        row("x"),
        slow_look("nine"),
        row("x"),
        send("parcel"),
        say("d"),
        look("ten"),
    ]
}

const PLACES: [&str; 14] = [
    "one",
    "two",
    "three",
    "before letter",
    "after letter",
    "four",
    "five",
    "before parcel",
    "after parcel",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
];

/// Two turns; the engine is left at `place`, if any, and another goes on.
async fn played(db: Db, place: Option<&str>) {
    let stage = Stage::new(db).await;
    let world = World::new(place.as_slice());
    let first = stage.started(&world).await;
    stage.send(&first, "m1", &steps()).await;
    let early = place.is_none_or(|place| PLACES.iter().position(|own| *own == place) < Some(10));
    let mut engine = first.clone();
    if !early || place.is_none() {
        stage.ends(&first, 1).await;
        stage.send(&first, "m2", &[]).await;
    }
    let mut after = world.clone();
    if let Some(place) = place {
        world.reached(place).await;
        // It hangs there for ever and starts nothing more, as good as dead.
        first.stop(Duration::ZERO).await;
        after = world.for_another_engine();
        engine = stage.started(&after).await;
        if early {
            stage.ends(&engine, 1).await;
            stage.send(&engine, "m2", &[]).await;
        }
    }
    let seen = lines(&stage.ends(&engine, 2).await);
    let told: Vec<String> = seen.iter().map(|line| line.split(" is ").next().unwrap().to_owned()).collect();
    let expected = [
        "> m1",
        "a",
        "one",
        "x: 1",
        "two",
        "x: 2",
        "no row y",
        "three",
        "letter sent",
        "b",
        "four",
        "five",
        "parcel sent",
        "letter sent",
        "x: 3",
        "six",
        "end m1 waiting",
        "> m2",
        "you wrote m2",
        "c",
        "seven",
        "x: 4",
        "eight",
        "x: 5",
        "nine",
        "x: 6",
        "parcel sent",
        "d",
        "ten",
        "end m2 done",
    ];
    assert_eq!(told, expected, "left at {place:?}");
    for (name, effects) in [("letter", 2), ("parcel", 2)] {
        let mut keys = after.keys(name);
        assert!(keys.len() <= effects + 1, "only the one that was under way is repeated");
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), effects, "{name} under one key each, left at {place:?}: {keys:?}");
    }
    assert_eq!(stage.count("test_rows", "name", "x").await, 6);
    assert_eq!(stage.count("test_rows", "name", "y").await, 0);
    assert_eq!(stage.count("engine_inbox", "status", "done").await, 2);
}

db_tests! {
    migrations: MIGRATIONS;

    async fn a_turn_that_is_left_alone_leaves_the_same(db: Db) {
        played(db, None).await;
    }

    async fn a_turn_goes_on_wherever_its_engine_went_away(db: Db) {
        for place in PLACES {
            wipe(&db).await;
            played(db.clone(), Some(place)).await;
        }
    }

    async fn what_was_looked_at_before_a_change_is_seen_again(db: Db) {
        let stage = Stage::new(db).await;
        let world = World::new(&["two"]);
        let first = stage.started(&world).await;
        stage.send(&first, "m1", &[look("one"), row("x"), look("two")]).await;
        world.reached("two").await;
        first.stop(Duration::ZERO).await;
        let second = stage.started(&world.for_another_engine()).await;
        // The first look was journaled with the row and is not looked again.
        assert_eq!(lines(&stage.ends(&second, 1).await), ["> m1", "one is 0", "x: 1", "two is 1", "end m1 done"]);
    }

    async fn a_turn_that_is_left_twice_goes_on(db: Db) {
        let stage = Stage::new(db).await;
        let world = World::new(&["two"]);
        let engine = stage.started(&world).await;
        stage.send(&engine, "m1", &[row("x"), look("two"), row("x"), look("three"), row("x")]).await;
        world.reached("two").await;
        engine.stop(Duration::ZERO).await;
        let world = World::new(&["three"]);
        let engine = stage.started(&world).await;
        world.reached("three").await;
        engine.stop(Duration::ZERO).await;
        let engine = stage.started(&World::new(&[])).await;
        let seen = lines(&stage.ends(&engine, 1).await);
        assert_eq!(seen[1], "x: 1");
        assert_eq!(stage.count("test_rows", "name", "x").await, 3);
    }

    async fn a_message_that_no_engine_ran_is_answered_after_the_start(db: Db) {
        let stage = Stage::new(db).await;
        let never_started = stage.engine();
        for number in 0..3 {
            stage.send(&never_started, &format!("m{number}"), &[say("a")]).await;
        }
        never_started.stop(Duration::ZERO).await;
        let engine = stage.started(&World::new(&[])).await;
        let events = lines(&stage.ends(&engine, 3).await);
        let order: Vec<_> = events.iter().filter(|line| line.starts_with('>')).collect();
        assert_eq!(order, ["> m0", "> m1", "> m2"]);
    }

    async fn a_repeated_message_wakes_a_lane_that_its_engine_left(db: Db) {
        let stage = Stage::new(db).await;
        let engine = stage.started(&World::new(&[])).await;
        let gone = stage.engine();
        stage.send(&gone, "m1", &[say("a")]).await;
        gone.stop(Duration::ZERO).await;
        assert!(stage.send(&engine, "m1", &[say("a")]).await.duplicate);
        assert_eq!(lines(&stage.ends(&engine, 1).await), ["> m1", "a", "end m1 done"]);
    }

    async fn stopping_lets_running_turns_finish(db: Db) {
        let stage = Stage::new(db).await;
        let world = World::new(&["far"]);
        let engine = stage.started(&world).await;
        stage.send(&engine, "m1", &[slow_look("far"), say("a")]).await;
        stage.send(&engine, "m2", &[say("b")]).await;
        world.reached("far").await;
        assert_eq!(engine.running_turns(), 1);
        let refused = async {
            while engine.accept(stage.message("m3", &[say("c")])).await.is_ok() {
                tokio::task::yield_now().await;
            }
            world.let_go("far");
        };
        tokio::join!(refused, engine.stop(Duration::from_secs(30)));
        assert_eq!(lines(&stage.events().await), ["> m1", "far is 0", "a", "end m1 done"]);
    }
}

/// An empty database for the next run.
async fn wipe(db: &Db) {
    use botserver_db::ConnectionTrait as _;
    let wiped = db.write("wipe", |tx| {
        Box::pin(async move {
            for table in ["lanes", "inbox", "outbox", "executions", "journal", "timers"] {
                let sql = format!("DELETE FROM engine_{table}");
                tx.execute_unprepared(&sql).await.map_err(|source| botserver_db::Error::statement("wipe", source))?;
            }
            let rows = tx.execute_unprepared("DELETE FROM test_rows").await;
            rows.map(drop).map_err(|source| botserver_db::Error::statement("wipe", source))
        })
    });
    wiped.await.unwrap();
}
