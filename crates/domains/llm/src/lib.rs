//! Language models: which one a bot uses, the agent loop that answers free text with tools, what a model is asked
//! once (LLM), and the record of what it saw and used.
//!
//! Invariants: roles are kept to the end; passages and results of tools are data in the person's or the tool's role,
//! never in the system's; only tools that the dialog added are called; a key never reaches a snapshot, a log, an error
//! or an address that somebody else chose.

mod agent;
mod error;
mod failures;
mod keywords;
mod migrations;
mod pace;
mod records;
mod service;
mod settings;
mod store;
mod tokens;
mod tools;
mod words;

use botserver_module::Module;

pub use agent::{
    Agent, AgentDeps, AnswerSink, Earlier, EarlierCall, Gather, Gathered, OpenCall, Question, SoFar, ToolResult,
    is_shown,
};
pub use error::{Error, Result};
pub use keywords::{AnswerMode, chosen_model};
pub use migrations::MIGRATIONS;
pub use records::{ModelRecords, delete_traces};
pub use service::{AskedBy, Completion, Llm, LlmDeps};
pub use settings::ModelSettings;
pub use store::UsageRow;
pub use tools::{READ_TABLES, Tool, arguments};

/// The room as the server plugs it in.
pub fn module(llm: &Llm) -> Module {
    Module { name: "llm", keywords: keywords::keywords(llm), migrations: MIGRATIONS.to_vec(), ..Module::default() }
}
