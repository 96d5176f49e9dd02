//! What the agent knows between two steps: everything that its snapshot holds. No secret is in it; the model's address
//! and key are looked up anew whenever it is taken up.

use std::collections::VecDeque;

use botserver_context::Window;
use botserver_ports::{EndReason, ModelFault, ModelMessage, ModelPicture, ModelToolCall, ModelUsage};
use botserver_ui_tree::Source;
use serde::{Deserialize, Serialize};

use crate::Tool;

/// First byte of a snapshot; append-only.
const FORMAT: u8 = 1;

/// What is asked, and with what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// The person's message.
    pub text: String,
    /// Its id.
    pub message: String,
    /// Its pictures, without their bytes; they are named in the text.
    #[serde(default)]
    pub pictures: Vec<ModelPicture>,
    /// The instructions.
    pub prompt: String,
    /// Texts of SET CONTEXT, by name.
    pub contexts: Vec<(String, String)>,
    /// The tools that the dialog added: nothing else is ever called.
    pub tools: Vec<Tool>,
    /// What USE MODEL said.
    pub chosen: Option<String>,
    /// The person's language, such as `pt`.
    pub locale: String,
    /// There are documents to search.
    #[serde(default)]
    pub searched: bool,
    /// The collections to search in, by name; all of them if absent.
    #[serde(default)]
    pub collections: Option<Vec<String>>,
}

/// A call that has no result yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenCall {
    /// The number of its run among those of this agent.
    pub run: u32,
    /// What the model wrote.
    pub call: ModelToolCall,
    /// The person has been told that it runs.
    pub announced: bool,
}

/// The agent between two steps.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) question: Question,
    /// The id of the message that the next answer of the model becomes.
    pub(super) answer: String,
    /// What the model has seen and said; empty before its first answer.
    pub(super) messages: Vec<ModelMessage>,
    /// How the first request was put together.
    pub(super) window: Option<Window>,
    /// The passages, by their numbers.
    pub(super) sources: Vec<Source>,
    /// Calls without a result, in order.
    pub(super) calls: VecDeque<OpenCall>,
    /// Runs of tools so far.
    pub(super) runs: u32,
    /// Answers of the model so far.
    pub(super) rounds: u32,
    /// Bytes of tools' results that still fit into the window.
    pub(super) room: usize,
}

impl State {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut saved = vec![FORMAT];
        // Plain data with text keys always serialises.
        saved.extend(serde_json::to_vec(self).unwrap_or_default());
        saved
    }

    pub(super) fn decode(saved: &[u8]) -> Result<Self, String> {
        match saved.split_first() {
            Some((&FORMAT, rest)) => serde_json::from_slice(rest).map_err(|error| error.to_string()),
            Some((format, _)) => Err(format!("its format {format} is unknown to this build")),
            None => Err("it is empty".to_owned()),
        }
    }
}

/// The request that the first answer was asked with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Prepared {
    pub(super) messages: Vec<ModelMessage>,
    pub(super) window: Window,
    pub(super) sources: Vec<Source>,
}

/// What has been heard of an answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Heard {
    pub(super) text: String,
    pub(super) reasoning: String,
    /// Milliseconds from the first to the last piece of reasoning.
    pub(super) thought_ms: u64,
    pub(super) calls: Vec<ModelToolCall>,
    pub(super) usage: Option<ModelUsage>,
    pub(super) end: Option<EndReason>,
}

impl Heard {
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.reasoning.is_empty() && self.calls.is_empty()
    }
}

/// The recorded outcome of asking the model.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Reply {
    /// Present in the first reply.
    pub(super) prepared: Option<Prepared>,
    pub(super) heard: Heard,
    /// Milliseconds, all attempts together.
    pub(super) ms: u64,
    /// Milliseconds to the first piece.
    pub(super) first_ms: Option<u64>,
    pub(super) failed: Option<(ModelFault, String)>,
}
