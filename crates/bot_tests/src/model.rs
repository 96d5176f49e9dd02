//! The nouns: a file of tests, a test, its steps. What was written is kept with its place, so that a failure can point
//! at it.

use std::time::Duration;

use jiff::civil::DateTime;

use crate::Pattern;

/// Where something stands in a test file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The line, from 1.
    pub number: u32,
    /// The column of what is meant, in characters, from 1.
    pub column: u32,
    /// Its first byte in the file.
    pub start: u32,
    /// The byte after its last one.
    pub end: u32,
}

/// What holds for a test before it begins.
#[derive(Clone, Debug, Default)]
pub struct SetUp {
    /// What the bot's clock shows, in its own time zone.
    pub clock: Option<DateTime>,
    /// What random numbers begin with.
    pub random: Option<u64>,
    /// The language of the person.
    pub language: Option<String>,
    /// What is there already, in the order in which it is made.
    pub given: Vec<(Line, Given)>,
}

/// Something that is there before the conversation.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// Rows of a table, beside those that its seed file brings.
    Rows {
        /// The table.
        table: String,
        /// The columns.
        columns: Vec<String>,
        /// The rows, a cell for each column.
        rows: Vec<Vec<String>>,
    },
    /// A table without rows.
    Empty {
        /// The table.
        table: String,
    },
    /// A value of a memory.
    Memory(MemoryScope, String, String),
}

/// Which memory is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryScope {
    /// SET BOT MEMORY.
    Bot,
    /// SET USER MEMORY.
    User,
    /// REMEMBER.
    Remembered,
}

impl MemoryScope {
    /// As it is written in a test.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bot => "Bot memory",
            Self::User => "User memory",
            Self::Remembered => "Memory",
        }
    }
}

/// Who speaks from here on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Their name in the test.
    pub name: String,
    /// True for an owner of the installation.
    pub owner: bool,
    /// True when they begin another conversation.
    pub anew: bool,
}

/// What a person does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Say {
    /// Writes.
    Text(String),
    /// Presses a button or picks a choice by its label.
    Press(String),
    /// Sends a file that lies beside the tests, with words.
    Attach {
        /// Its path in the folder of the tests.
        path: String,
        /// The words; may be empty.
        text: String,
    },
}

/// How many rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    /// The number.
    pub rows: usize,
    /// Only those that have these values.
    pub with: Vec<(String, String)>,
}

/// The rows that a table must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowsWanted {
    /// True when it may have no others.
    pub only: bool,
    /// The columns.
    pub columns: Vec<String>,
    /// The rows, a pattern for each column.
    pub rows: Vec<Vec<String>>,
}

/// What is expected.
#[derive(Clone, Debug)]
pub enum Expected {
    /// The next thing that the bot says.
    Says(Pattern),
    /// The next file that the bot sends, by its name.
    Sends(Pattern),
    /// The next thing is a failure of a script.
    Fails(Pattern),
    /// What follows may be said, until the next line fits.
    Anything,
    /// The buttons that are shown.
    Buttons(Vec<Pattern>),
    /// The choices of the question that waits.
    Choices(Vec<Pattern>),
    /// The kind of answer that is waited for; none when nothing is.
    Asks(Option<String>),
    /// A tool that the model called since the person spoke last.
    Tool {
        /// Its name.
        name: String,
        /// What it was given, as far as it matters.
        with: Vec<(String, Pattern)>,
    },
    /// How many rows a table has.
    Amount {
        /// The table.
        table: String,
        /// How many.
        amount: Amount,
    },
    /// Which rows a table has.
    Rows {
        /// The table.
        table: String,
        /// The rows.
        wanted: RowsWanted,
    },
    /// What a memory keeps; none when it must keep nothing.
    Memory(MemoryScope, String, Option<Pattern>),
}

/// One line of a conversation.
#[derive(Clone, Debug)]
pub struct Step {
    /// Where it stands.
    pub line: Line,
    /// What it is.
    pub kind: StepKind,
}

/// What a line of a conversation is.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// A person does something.
    Person(Say),
    /// Another person goes on.
    As(Person),
    /// Time passes.
    Wait(Duration),
    /// It becomes this late.
    Clock(DateTime),
    /// Something must be so.
    Expect(Expected),
}

/// A test: one conversation, or what several people say to a bot.
#[derive(Clone, Debug)]
pub struct TestCase {
    /// Its name, unique in its file.
    pub name: String,
    /// Where it begins.
    pub line: Line,
    /// What holds before, the file's own set-up included.
    pub set_up: SetUp,
    /// What happens.
    pub steps: Vec<Step>,
}

/// A file of tests.
#[derive(Clone, Debug, Default)]
pub struct TestFile {
    /// Settings of the bot for all tests of the file.
    pub config: Vec<(String, String)>,
    /// The tests, in their order.
    pub tests: Vec<TestCase>,
}
