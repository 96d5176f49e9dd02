//! Durable execution: programs that survive `kill -9` at any moment.
//!
//! A *lane* is one line of turns (a conversation, a job): its turns run one at a time, in arrival order. What
//! arrives is committed to the *inbox* before the sender is answered: by itself when it has to wait or its turn takes
//! a while, together with what the turn did when that is quick. A turn runs programs ([`Program`]) whose effects are numbered; what it says, its new snapshots and its timers are committed
//! together by [`commit_turns`], many turns in one transaction. Correctness rests on the lane's version column.
//!
//! Invariants: knows programs, not BASIC; nothing is told to a client before it is committed; a local effect and
//! its journal entry are one transaction; a write is announced by a checkpoint before it is performed.

mod accept;
mod at_once;
mod batch;
mod commit;
mod engine;
mod error;
mod lanes;
pub mod migrations;
mod model;
mod notice;
mod program;
mod rest;
mod store;
mod timers;
mod turn;

pub use accept::{Accepted, ItemState, NewItem};
pub use commit::{CommitExtension, ItemStep, TurnCommit, commit_turns};
pub use engine::{Announcer, Cancelled, Engine, EngineOptions, TurnHandler};
pub use error::{Error, Result, TurnError};
pub use model::{Execution, InboxItem, ItemKind, Lane, LaneId, NewLane, Status, TimerRow, Wait};
pub use notice::{CommittedEvent, EventText, LaneNotice, NewEvent, TextDelta};
pub use program::{Failure, LocalFailure, LocalWork, LogLine, Note, Outcome, Program, Step, TurnBuffer};
pub use rest::Rest;
pub use store::{Hearing, delete_lanes, events, hearing, insert_lane, newest_seq, queued_items, waiting_versions};
pub use turn::{Drive, Turn, TurnEnd};
