//! The numbers by which editors ask for frames and for what is inside a value.

use std::collections::HashMap;

use botserver_basic_vm::Shown;
use botserver_runtime::debug::Where;
use serde_json::{Value as Json, json};

/// Frames of one thread; no script nests so deep.
const FRAMES: i64 = 1 << 16;

/// What a number stands for.
#[derive(Clone, Debug)]
pub(super) enum Inside {
    /// The variables of a frame.
    Scope { thread: u32, frame: usize, scope: Where },
    /// A list or an object of a program that stands still.
    Value {
        thread: u32,
        frame: usize,
        reference: u32,
        /// How a script would name it.
        path: Option<String>,
        /// Its elements have positions.
        is_list: bool,
    },
}

impl Inside {
    const fn thread(&self) -> u32 {
        match self {
            Self::Scope { thread, .. } | Self::Value { thread, .. } => *thread,
        }
    }
}

/// The numbers that are in use.
#[derive(Debug, Default)]
pub(super) struct References {
    all: HashMap<i64, Inside>,
    last: i64,
}

impl References {
    /// A number for what is inside.
    pub(super) fn number(&mut self, inside: Inside) -> i64 {
        self.last += 1;
        self.all.insert(self.last, inside);
        self.last
    }

    pub(super) fn get(&self, number: i64) -> Option<&Inside> {
        self.all.get(&number)
    }

    /// A thread goes on: what was shown of it is not there any more.
    pub(super) fn forget(&mut self, thread: u32) {
        self.all.retain(|_, inside| inside.thread() != thread);
    }

    /// A value as editors read it; `path` is how a script would name it.
    pub(super) fn value(&mut self, thread: u32, frame: usize, shown: &Shown, path: Option<String>) -> Json {
        let mut value = json!({
            "value": shown.value, "type": shown.kind, "variablesReference": 0,
        });
        if shown.reference > 0 {
            let is_list = shown.indexed > 0;
            let reference = shown.reference;
            value["variablesReference"] =
                self.number(Inside::Value { thread, frame, reference, path: path.clone(), is_list }).into();
            value[if is_list { "indexedVariables" } else { "namedVariables" }] = (shown.named + shown.indexed).into();
        }
        if let Some(path) = path {
            value["evaluateName"] = path.into();
        }
        value
    }
}

/// The number of a frame.
pub(super) fn frame_id(thread: u32, frame: usize) -> i64 {
    i64::from(thread) * FRAMES + frame as i64
}

/// The thread and the frame of a number.
pub(super) fn frame_of(id: i64) -> (u32, usize) {
    (u32::try_from(id / FRAMES).unwrap_or_default(), usize::try_from(id % FRAMES).unwrap_or_default())
}

/// How a script names what is inside.
pub(super) fn path_to(parent: &Inside, name: &str) -> Option<String> {
    let is_word = name.chars().all(|c| c.is_alphanumeric() || c == '_') && !name.starts_with(|c: char| c.is_numeric());
    match parent {
        Inside::Scope { scope: Where::Conversation, .. } => None,
        Inside::Scope { .. } => Some(name.to_owned()),
        Inside::Value { path, is_list: true, .. } => path.as_ref().map(|path| format!("{path}[{name}]")),
        Inside::Value { path, .. } if is_word => path.as_ref().map(|path| format!("{path}.{name}")),
        Inside::Value { path, .. } => path.as_ref().map(|path| format!("{path}[\"{}\"]", name.replace('"', "\"\""))),
    }
}
