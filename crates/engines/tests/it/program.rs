//! A program for tests: a list of steps that travels in its own snapshot.

use std::sync::Arc;

use async_trait::async_trait;
use botserver_db::{ConnectionTrait as _, Error};
use botserver_engines::{Failure, LocalFailure, LocalWork, Outcome, Program, Step, TurnBuffer, Wait};
use botserver_kernel::{Clock as _, SystemClock};
use sea_query::{Expr, ExprTrait as _, Func, Query};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::stage::World;

/// One step of a program.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Op {
    /// Says a text.
    Say(String),
    /// Looks at the world and says what it saw; a name among those held stops there until it is let go.
    Look { name: String, slow: bool },
    /// Inserts a row and says how many of that name there are now.
    Row(String),
    /// Inserts a row and fails, so that nothing of it may remain; says the error.
    BadRow(String),
    /// Changes the world outside under a key and says the answer.
    Send(String),
    /// Sleeps for milliseconds.
    Sleep(i64),
    /// Waits for the person and says what they wrote.
    Ask,
    /// Gives control back.
    Yield,
    /// Fails.
    Fail(String),
    /// A mistake of ours.
    Panic,
}

/// Where a run of a list of steps stands.
#[derive(Serialize, Deserialize)]
struct Saved {
    steps: Vec<Op>,
    at: usize,
}

pub(crate) struct Scripted {
    world: Arc<World>,
    saved: Saved,
    yielded: bool,
    /// What the pending effect gave; said by the next step.
    outcome: Option<Outcome>,
}

impl Scripted {
    pub(crate) fn start(world: Arc<World>, steps: Vec<Op>) -> Self {
        Self { world, saved: Saved { steps, at: 0 }, yielded: false, outcome: None }
    }

    pub(crate) fn restore(world: Arc<World>, snapshot: &[u8]) -> Self {
        let saved = serde_json::from_slice(snapshot).expect("a snapshot of ours");
        Self { world, saved, yielded: false, outcome: None }
    }

    fn pending(&self) -> Op {
        self.saved.steps[self.saved.at].clone()
    }
}

pub(crate) fn said(text: &str) -> Json {
    json!({"kind": "message", "role": "bot", "text": text})
}

#[async_trait]
impl Program for Scripted {
    fn step(&mut self, turn: &mut TurnBuffer) -> Step {
        if let Some(outcome) = self.outcome.take() {
            self.saved.at += 1;
            turn.events.push(said(&outcome));
        }
        loop {
            let Some(step) = self.saved.steps.get(self.saved.at) else { return Step::Done(Json::Null) };
            match step {
                Op::Say(text) => {
                    turn.events.push(said(text));
                    let count = turn.state_mut("said");
                    *count = json!(count.as_i64().unwrap_or(0) + 1);
                    self.saved.at += 1;
                }
                Op::Yield if !std::mem::replace(&mut self.yielded, true) => return Step::Yield,
                Op::Yield => {
                    self.yielded = false;
                    self.saved.at += 1;
                }
                Op::Look { slow, .. } => return Step::Read { slow: *slow },
                Op::Row(_) | Op::BadRow(_) => return Step::Local,
                Op::Send(_) => return Step::Write,
                Op::Sleep(ms) => return Step::Wait(Wait::Timer { due_ms: SystemClock.now_ms() + ms }),
                Op::Ask => return Step::Wait(Wait::Input { until_ms: None }),
                Op::Fail(message) => {
                    return Step::Failed(Failure { message: message.clone(), detail: Json::Null });
                }
                Op::Panic => panic!("a mistake of ours"),
            }
        }
    }

    async fn read(&mut self) -> Outcome {
        let Op::Look { name, .. } = self.pending() else { return "no read is pending".to_owned() };
        self.world.pass(&name).await;
        format!("{name} is {}", self.world.look())
    }

    fn local(&mut self) -> LocalWork {
        let step = self.pending();
        Box::new(move |tx| {
            Box::pin(async move {
                let (Op::Row(name) | Op::BadRow(name)) = &step else {
                    return Err(LocalFailure::Script("no change is pending".to_owned()));
                };
                let named = |source| LocalFailure::Db(Error::statement("test row", source));
                let mut insert = Query::insert();
                insert.into_table("test_rows").columns(["name"]).values_panic([Expr::value(name.as_str())]);
                tx.execute(&insert).await.map_err(named)?;
                if matches!(step, Op::BadRow(_)) {
                    return Err(LocalFailure::Script(format!("no row {name}")));
                }
                let mut count = Query::select();
                count
                    .expr_as(Func::count(Expr::col("name")), "rows")
                    .from("test_rows")
                    .and_where(Expr::col("name").eq(name.as_str()));
                let found = tx.query_one(&count).await.map_err(named)?.expect("a count has a row");
                let rows: i64 = found.try_get("", "rows").map_err(named)?;
                Ok(format!("{name}: {rows}"))
            })
        })
    }

    async fn write(&mut self, key: &str) -> Outcome {
        let Op::Send(name) = self.pending() else { return "no write is pending".to_owned() };
        self.world.pass(&format!("before {name}")).await;
        let answer = self.world.send(&name, key);
        self.world.pass(&format!("after {name}")).await;
        answer
    }

    fn resume(&mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
    }

    fn snapshot(&mut self) -> Vec<u8> {
        serde_json::to_vec(&self.saved).expect("steps serialise")
    }
}

impl Scripted {
    /// What it slept or asked for has come.
    pub(crate) fn go_on(&mut self, answer: Option<&str>, turn: &mut TurnBuffer) {
        self.saved.at += 1;
        if let Some(answer) = answer {
            turn.events.push(said(&format!("you wrote {answer}")));
        }
    }
}
