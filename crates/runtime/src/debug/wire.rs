//! What a debugger asks of a session and what it is told: plain data, so that it can travel.

use serde::{Deserialize, Serialize};

/// A breakpoint that is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breakpoint {
    /// The line.
    pub line: u32,
    /// An expression that must count as true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// How often it must have been reached: `3` or `>= 3` from the third time on, `= 3`, `> 3`, `% 3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hits: Option<String>,
    /// A text that is written instead of stopping; `{…}` in it is worked out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
}

/// What became of a breakpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetBreakpoint {
    /// Its number.
    pub id: u32,
    /// Where it stops: on this line or the next one that has a statement.
    pub line: Option<u32>,
    /// Why it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// How a thread goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Go {
    /// To the next breakpoint.
    #[default]
    On,
    /// To the next statement of this call or of whoever called it.
    Over,
    /// To the next statement.
    In,
    /// To the next statement of whoever called.
    Out,
}

/// Which variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Where {
    /// Those of the call.
    Local,
    /// Those of the script, and settings.
    Global,
    /// What the conversation remembers.
    Conversation,
}

/// A question, or an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Ask {
    /// All breakpoints of a file from now on; answers [`SetBreakpoint`]s.
    Breakpoints {
        /// As the package names it.
        file: String,
        /// In the order of the answers.
        wanted: Vec<Breakpoint>,
    },
    /// Which errors stop.
    Errors {
        /// Those that the script traps.
        caught: bool,
        /// Those that end it.
        uncaught: bool,
    },
    /// Answers [`ThreadInfo`]s.
    Threads,
    /// Stops a thread at its next statement.
    Pause {
        /// Which.
        thread: u32,
    },
    /// Lets a thread go on.
    Go {
        /// Which.
        thread: u32,
        /// How far.
        how: Go,
    },
    /// The calls of a thread that stands still, innermost first: [`Frame`]s.
    Frames {
        /// Which.
        thread: u32,
    },
    /// Variables, as [`botserver_basic_vm::Shown`].
    Variables {
        /// Of which thread.
        thread: u32,
        /// Of which call.
        frame: usize,
        /// Which of them.
        scope: Where,
    },
    /// What is inside a value that was shown.
    Inside {
        /// Of which thread.
        thread: u32,
        /// The value.
        reference: u32,
        /// From here.
        start: usize,
        /// So many; 0 for all.
        count: usize,
    },
    /// Sets a variable to the value of an expression; answers the value.
    Assign {
        /// Of which thread.
        thread: u32,
        /// Of which call.
        frame: usize,
        /// The value inside which it is; none for a variable.
        #[serde(default)]
        reference: Option<u32>,
        /// The variable, the field or the position.
        name: String,
        /// The expression.
        value: String,
    },
    /// Works out an expression, or runs statements that need nothing outside; answers the value.
    Evaluate {
        /// Of which thread.
        thread: u32,
        /// In which call.
        frame: usize,
        /// The text.
        text: String,
    },
}

impl Ask {
    /// The thread that must stand still to answer.
    pub(super) const fn thread(&self) -> Option<u32> {
        match self {
            Self::Breakpoints { .. } | Self::Errors { .. } | Self::Threads | Self::Pause { .. } => None,
            Self::Go { thread, .. }
            | Self::Frames { thread }
            | Self::Variables { thread, .. }
            | Self::Inside { thread, .. }
            | Self::Assign { thread, .. }
            | Self::Evaluate { thread, .. } => Some(*thread),
        }
    }
}

/// A thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadInfo {
    /// Its number.
    pub thread: u32,
    /// What people call it.
    pub name: String,
}

/// A call that is running.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Its number: 0 is the outermost.
    pub number: usize,
    /// The procedure, or the script.
    pub name: String,
    /// The file, as the package names it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

/// What a session tells by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Told {
    /// A program is led that was not before.
    Began(ThreadInfo),
    /// A thread stands still.
    Stopped {
        /// Which.
        thread: u32,
        /// As the Debug Adapter Protocol names reasons: `breakpoint`, `step`, `pause`, `exception`.
        reason: String,
        /// More about it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        /// The breakpoints that it has reached.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        breakpoints: Vec<u32>,
    },
    /// A thread goes on although nobody has told it to: the person has stopped the turn.
    WentOn {
        /// Which.
        thread: u32,
    },
    /// A breakpoint writes.
    Log {
        /// What.
        text: String,
        /// The file.
        file: String,
        /// The line.
        line: u32,
    },
}
