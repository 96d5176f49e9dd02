//! What the tests play on: the world outside, an engine with its handler, and a lane with its events.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use botserver_db::{ConnectionTrait as _, Db, Migration};
use botserver_engines::{
    Accepted, CommittedEvent, Drive, Engine, EngineOptions, Execution, ItemKind, LaneId, NewItem, NewLane, Result,
    Turn, TurnEnd, TurnError, TurnHandler, events, insert_lane, migrations::MIGRATIONS as OURS,
};
use botserver_kernel::{BotId, IdSource as _, OrgId, PersonId, RandomIds, SystemClock};
use botserver_ports::PubSub;
use botserver_testkit::MemoryPubSub;
use parking_lot::Mutex;
use sea_query::{Expr, ExprTrait as _, Query};
use serde_json::{Value as Json, json};
use tokio::sync::watch;

use crate::program::{Op, Scripted, said};

/// The engine's tables and one for local effects.
pub(crate) const MIGRATIONS: &[Migration] = &[
    OURS[0],
    Migration {
        domain: "test",
        number: 1,
        name: "rows",
        up: |schema| schema.sql("CREATE TABLE test_rows (name varchar(200) NOT NULL)"),
    },
];

/// What programs see and change; it outlives every engine.
#[derive(Default)]
struct Outside {
    looks: AtomicI64,
    /// The keys under which each name was sent, in order.
    sent: Mutex<HashMap<String, Vec<String>>>,
}

/// The world of one engine, with places at which its programs stop.
pub(crate) struct World {
    outside: Arc<Outside>,
    /// Names at which programs stop, and those that somebody has reached.
    held: watch::Sender<(HashSet<String>, HashSet<String>)>,
}

impl World {
    pub(crate) fn new(held: &[&str]) -> Arc<Self> {
        let held = held.iter().map(ToString::to_string).collect();
        Arc::new(Self { outside: Arc::default(), held: watch::Sender::new((held, HashSet::new())) })
    }

    /// The same outside, seen from an engine in which nothing is held.
    pub(crate) fn for_another_engine(&self) -> Arc<Self> {
        Arc::new(Self { outside: self.outside.clone(), held: watch::Sender::default() })
    }

    /// Another number each time: whoever says the same one has seen the same look.
    pub(crate) fn look(&self) -> i64 {
        self.outside.looks.fetch_add(1, Ordering::SeqCst)
    }

    pub(crate) fn send(&self, name: &str, key: &str) -> String {
        let mut sent = self.outside.sent.lock();
        let keys = sent.entry(name.to_owned()).or_default();
        keys.push(key.to_owned());
        format!("{name} sent")
    }

    pub(crate) fn keys(&self, name: &str) -> Vec<String> {
        self.outside.sent.lock().get(name).cloned().unwrap_or_default()
    }

    /// Goes on at once, or when the name is let go.
    pub(crate) async fn pass(&self, name: &str) {
        self.held.send_modify(|(_, reached)| {
            reached.insert(name.to_owned());
        });
        let mut held = self.held.subscribe();
        held.wait_for(|(held, _)| !held.contains(name)).await.expect("the world ends last");
    }

    /// Waits until a program has come to a held name.
    pub(crate) async fn reached(&self, name: &str) {
        let mut held = self.held.subscribe();
        patient(held.wait_for(|(_, reached)| reached.contains(name))).await.expect("the world ends last");
    }

    pub(crate) fn let_go(&self, name: &str) {
        self.held.send_modify(|(held, _)| {
            held.remove(name);
        });
    }
}

/// A test that hangs says where.
pub(crate) async fn patient<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), what).await.expect("it comes within 30 s")
}

struct Scripts(Arc<World>);

#[async_trait]
impl TurnHandler for Scripts {
    async fn run(&self, turn: &mut Turn<'_>) -> Result<TurnEnd, TurnError> {
        if let Some(execution) = turn.interrupted() {
            let program = self.restore(&execution);
            return drive(turn, execution, program).await;
        }
        match turn.item().kind {
            ItemKind::Message => {
                let id = turn.item().channel_message_id.clone();
                turn.buffer.events.push(json!({"kind": "message", "role": "person", "id": id}));
                if let Some(execution) = turn.waiting_for_input() {
                    let mut program = self.restore(&execution);
                    program.go_on(Some(&id), &mut turn.buffer);
                    return drive(turn, execution, program).await;
                }
                let steps: Vec<Op> = serde_json::from_value(turn.item().payload.clone()).expect("steps of ours");
                let execution = Execution::start(turn.item(), 0, "dialog", "steps", "v1");
                drive(turn, execution, Scripted::start(self.0.clone(), steps)).await
            }
            ItemKind::Timer => {
                let Some(execution) = turn.waiting_for_timer() else { return Ok(TurnEnd::Done) };
                if turn.was_stopped() {
                    turn.cancel_one(execution.id);
                    return Ok(TurnEnd::Cancelled);
                }
                let mut program = self.restore(&execution);
                program.go_on(None, &mut turn.buffer);
                drive(turn, execution, program).await
            }
            _ => Ok(TurnEnd::Done),
        }
    }

    fn broke(&self, turn: &mut Turn<'_>, _: &str) {
        turn.buffer.events.push(json!({"kind": "error"}));
    }
}

impl Scripts {
    fn restore(&self, execution: &Execution) -> Scripted {
        Scripted::restore(self.0.clone(), execution.snapshot.as_deref().expect("it waits or runs"))
    }
}

async fn drive(turn: &mut Turn<'_>, execution: Execution, mut program: Scripted) -> Result<TurnEnd, TurnError> {
    Ok(match turn.drive(execution, &mut program).await? {
        Drive::Done(_) => TurnEnd::Done,
        Drive::Waiting => TurnEnd::Waiting,
        Drive::Cancelled => TurnEnd::Cancelled,
        Drive::Failed(failure) => {
            turn.buffer.events.push(said(&failure.message));
            TurnEnd::Failed
        }
    })
}

/// A database with a lane, and whoever listens to it.
pub(crate) struct Stage {
    pub(crate) db: Db,
    pub(crate) org: OrgId,
    pub(crate) lane: LaneId,
    pub(crate) pubsub: Arc<dyn PubSub>,
    pub(crate) options: EngineOptions,
}

impl Stage {
    pub(crate) async fn new(db: Db) -> Self {
        let org = OrgId::new(RandomIds.next_uuid());
        let lane = new_lane(&db, org).await;
        let options = EngineOptions { short_wait_ms: 10_000, ..EngineOptions::default() };
        Self { db, org, lane, pubsub: Arc::new(MemoryPubSub::default()), options }
    }

    /// An engine that has not begun.
    pub(crate) fn engine(&self) -> Engine {
        let (clock, ids) = (Arc::new(SystemClock), Arc::new(RandomIds));
        Engine::new(self.db.clone(), clock, ids, self.pubsub.clone(), Vec::new(), self.options.clone())
    }

    /// An engine that runs.
    pub(crate) async fn started(&self, world: &Arc<World>) -> Engine {
        let engine = self.engine();
        self.start(&engine, world).await;
        engine
    }

    /// Starts an engine.
    pub(crate) async fn start(&self, engine: &Engine, world: &Arc<World>) {
        engine.start(Arc::new(Scripts(world.clone()))).await.unwrap();
    }

    pub(crate) fn message(&self, id: &str, steps: &[Op]) -> NewItem {
        NewItem {
            org_id: self.org,
            lane_id: self.lane,
            kind: ItemKind::Message,
            channel: "test".to_owned(),
            channel_message_id: id.to_owned(),
            payload: json!(steps),
        }
    }

    pub(crate) async fn send(&self, engine: &Engine, id: &str, steps: &[Op]) -> Accepted {
        engine.accept(self.message(id, steps)).await.unwrap()
    }

    /// The committed events, whose numbers are checked.
    pub(crate) async fn events(&self) -> Vec<Json> {
        let found: Vec<CommittedEvent> = events(self.db.read(), self.org, self.lane, 0, 10_000).await.unwrap();
        assert!(found.iter().map(|event| event.seq).eq(1..=found.len() as i64), "the numbers have no gap");
        found.iter().map(|event| event.event.read().unwrap()).collect()
    }

    /// The events, once there are so many ends of turns.
    pub(crate) async fn ends(&self, engine: &Engine, many: usize) -> Vec<Json> {
        self.until(engine, |events| {
            let ends = events.iter().filter(|event| event["kind"] == "turn.end").count();
            assert!(ends <= many, "more turns ended than began: {events:#?}");
            ends == many
        })
        .await
    }

    /// The events, once they are as wanted.
    pub(crate) async fn until(&self, engine: &Engine, wanted: impl Fn(&[Json]) -> bool) -> Vec<Json> {
        let mut listener = engine.subscribe(self.lane).await.unwrap();
        patient(async {
            loop {
                let events = self.events().await;
                if wanted(&events) {
                    return events;
                }
                listener.next().await;
            }
        })
        .await
    }

    /// How many effects are in the journal.
    pub(crate) async fn journaled(&self) -> usize {
        let select = Query::select().column("number").from("engine_journal").to_owned();
        self.db.read().query_all(&select).await.unwrap().len()
    }

    /// The rows of a table, counted where a column has a value.
    pub(crate) async fn count(&self, table: &'static str, column: &'static str, value: &str) -> usize {
        let mut select = Query::select();
        select.column(column).from(table).and_where(Expr::col(column).eq(value));
        self.db.read().query_all(&select).await.unwrap().len()
    }
}

/// Makes another lane.
pub(crate) async fn new_lane(db: &Db, org_id: OrgId) -> LaneId {
    let id = LaneId(RandomIds.next_uuid());
    let lane = NewLane {
        id,
        org_id,
        bot_id: BotId::new(RandomIds.next_uuid()),
        person_id: Some(PersonId::new(RandomIds.next_uuid())),
        kind: "conversation",
        channel: "web".to_owned(),
    };
    let made = db.write("lane", move |tx| {
        Box::pin(async move {
            insert_lane(tx, &lane, 1).await.map_err(|source| botserver_db::Error::statement("lane", source))
        })
    });
    made.await.unwrap();
    id
}

/// What the bot said, with the ends of turns in between.
pub(crate) fn lines(events: &[Json]) -> Vec<String> {
    let line = |event: &Json| match event["kind"].as_str() {
        Some("turn.end") => format!("end {} {}", word(event, "item"), word(event, "outcome")),
        Some("message") if event["role"] == "person" => format!("> {}", word(event, "id")),
        Some("message") => word(event, "text").to_owned(),
        other => other.unwrap_or("?").to_owned(),
    };
    events.iter().map(line).collect()
}

fn word<'a>(event: &'a Json, field: &str) -> &'a str {
    event[field].as_str().unwrap_or("?")
}

pub(crate) fn say(text: &str) -> Op {
    Op::Say(text.to_owned())
}

pub(crate) fn look(name: &str) -> Op {
    Op::Look { name: name.to_owned(), slow: false }
}

pub(crate) fn slow_look(name: &str) -> Op {
    Op::Look { name: name.to_owned(), slow: true }
}

pub(crate) fn row(name: &str) -> Op {
    Op::Row(name.to_owned())
}

pub(crate) fn send(name: &str) -> Op {
    Op::Send(name.to_owned())
}
