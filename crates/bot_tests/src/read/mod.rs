//! Reads a test file: lines that begin with a word and a colon. Everything that cannot be read is told with its place,
//! and the rest is read nevertheless.

mod lines;
#[cfg(test)]
mod tests;
mod values;
mod words;

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use botserver_basic_syntax::CodeInfo;
use botserver_basic_types::{Diagnostic, Severity, Span};

use self::{
    lines::{Entry, entries},
    words::Word,
};
use crate::{Expected, Given, Line, Pattern, Say, SetUp, Step, StepKind, TestCase, TestFile};

const UNKNOWN: &str = "D0001";
const PLACE: &str = "D0002";
const VALUE: &str = "D0003";
const ROWS: &str = "D0004";
const TWICE: &str = "D0005";
const KEPT: &str = "D0006";

/// The codes of these findings.
pub const CODES: &[CodeInfo] = &[
    CodeInfo {
        code: UNKNOWN,
        title: "A line of a test that begins with no known word",
        explanation: "Each line of a test file begins with a word and a colon, such as `You:`, `Bot:` or `Buttons:`. A \
                      line that begins with `|` continues the one above it, and one with `#` is a comment.",
    },
    CodeInfo {
        code: PLACE,
        title: "A line that stands in the wrong place of a test file",
        explanation: "Above the first `Test:` stands what holds for all tests of the file; `Config:` stands only there. \
                      `Given …:` and `Random:` stand at the beginning of a test, before anybody speaks.",
    },
    CodeInfo {
        code: VALUE,
        title: "A value in a test file that cannot be read",
        explanation: "What stands behind the colon is not what the line needs: a date and time behind `Clock:`, a time \
                      such as `2 days` behind `Wait:`, a regular expression behind `Bot matches:`.",
    },
    CodeInfo {
        code: ROWS,
        title: "Rows in a test file that are no table",
        explanation: "Rows stand below their line, each between `|`. The first names the columns, and every other has as \
                      many cells as there are columns.",
    },
    CodeInfo {
        code: TWICE,
        title: "Two tests of one name",
        explanation: "A test is found by its name, also in its cassette, so that a name stands once in a file.",
    },
    CodeInfo {
        code: KEPT,
        title: "A name in double braces that nothing was kept under",
        explanation: "`{{name}}` in a line of the bot keeps what stands there, for the lines below it. A line of a person \
                      can only use what a line above it has kept.",
    },
];

/// What a line was read as: nothing more to do, or a code, the place and a sentence.
type Read<T = ()> = Result<T, (&'static str, Line, String)>;

/// Reads a file; `path` is its name in the findings.
pub fn read(path: &str, text: &str) -> (TestFile, Vec<Diagnostic>) {
    let mut reader = Reader {
        path: path.into(),
        found: Vec::new(),
        file: TestFile::default(),
        head: SetUp::default(),
        open: None,
        seen: HashMap::new(),
    };
    let (entries, stray) = entries(text);
    for line in stray {
        let help = "A line that begins with `|` continues the line above it.".to_owned();
        reader.report(UNKNOWN, line, "this line continues nothing", Some(help));
    }
    for entry in entries {
        reader.entry(&entry);
    }
    reader.close();
    reader.found.sort_by_key(|own| own.span.start);
    (reader.file, reader.found)
}

/// The test that is being read.
struct Open {
    test: TestCase,
    /// What its lines have kept so far.
    kept: BTreeSet<String>,
    /// One of its lines could not be read.
    faulty: bool,
}

struct Reader {
    path: Arc<str>,
    found: Vec<Diagnostic>,
    file: TestFile,
    /// What holds for all tests.
    head: SetUp,
    open: Option<Open>,
    /// The names so far, with their lines.
    seen: HashMap<String, u32>,
}

impl Reader {
    fn report(&mut self, code: &str, line: Line, message: impl Into<String>, help: Option<String>) {
        let Line { number, column, start, end } = line;
        let span = Span { file: self.path.clone(), start, end, line: number, column };
        let message = message.into();
        if let Some(open) = &mut self.open {
            open.faulty = true;
        }
        self.found.push(Diagnostic { code: code.into(), severity: Severity::Error, message, span, help });
    }

    fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        if open.test.steps.is_empty() && !open.faulty {
            let help = Some("Write what happens below it, such as `You: Hello`.".to_owned());
            self.report(PLACE, open.test.line, format!("the test `{}` is empty", open.test.name), help);
        }
        self.file.tests.push(open.test);
    }

    fn entry(&mut self, entry: &Entry) {
        let Some(word) = Word::of(&entry.word) else {
            let message = format!("no line of a test begins with `{}`", shorten(&entry.word));
            return self.report(UNKNOWN, entry.at, message, Some(words::advice(&entry.word)));
        };
        let read = match self.set_up(&word, entry) {
            Some(read) => read,
            None => self.step(&word, entry),
        };
        if let Err((code, line, message)) = read {
            let alone = code == PLACE && self.open.is_none();
            let help = if alone { Some("Write `Test:` and a name above it.") } else { word.help() };
            self.report(code, line, message, help.map(str::to_owned));
        }
    }

    /// What may stand above the conversation.
    fn set_up(&mut self, word: &Word, entry: &Entry) -> Option<Read> {
        let begun = self.open.as_ref().is_some_and(|open| !open.test.steps.is_empty());
        let late: Read = Err((PLACE, entry.at, format!("`{}:` stands before the conversation begins", entry.word)));
        let in_test = self.open.is_some();
        let set_up = self.open.as_mut().map_or(&mut self.head, |open| &mut open.test.set_up);
        Some(match word {
            Word::Test => self.begin(entry),
            Word::Config if in_test => {
                Err((PLACE, entry.at, "`Config:` stands above the first test, for all tests of the file".to_owned()))
            }
            Word::Config => values::pair(entry).map(|pair| self.file.config.push(pair)),
            Word::Clock if begun => return None,
            Word::Random | Word::Language | Word::Given(_) | Word::GivenMemory(_) if begun => late,
            Word::Clock => values::moment(entry).map(|clock| set_up.clock = Some(clock)),
            Word::Random => values::number(entry).map(|seed| set_up.random = Some(seed)),
            Word::Language => values::needed(entry).map(|language| set_up.language = Some(language)),
            Word::Given(table) => values::given(entry, table).map(|rows| set_up.given.push((entry.at, rows))),
            Word::GivenMemory(scope) => {
                values::pair(entry).map(|(key, value)| set_up.given.push((entry.at, Given::Memory(*scope, key, value))))
            }
            _ => return None,
        })
    }

    fn begin(&mut self, entry: &Entry) -> Read {
        self.close();
        let test =
            TestCase { name: entry.value.clone(), line: entry.value_at, set_up: self.head.clone(), steps: Vec::new() };
        self.open = Some(Open { test, kept: BTreeSet::new(), faulty: false });
        let name = values::needed(entry)?;
        match self.seen.insert(name.clone(), entry.at.number) {
            Some(first) => Err((TWICE, entry.value_at, format!("there is a test `{name}` already, in line {first}"))),
            None => Ok(()),
        }
    }

    /// A line of a conversation.
    fn step(&mut self, word: &Word, entry: &Entry) -> Read {
        let Some(open) = &mut self.open else {
            return Err((PLACE, entry.at, format!("`{}:` stands below a `Test:` line", entry.word)));
        };
        let kind = match word {
            Word::You => StepKind::Person(Say::Text(values::needed(entry)?)),
            Word::Press => StepKind::Person(Say::Press(values::one_line(entry)?)),
            Word::Attach => StepKind::Person(values::attachment(entry)?),
            Word::As => StepKind::As(values::person(entry)?),
            Word::Wait => StepKind::Wait(values::duration(entry)?),
            Word::Clock => StepKind::Clock(values::moment(entry)?),
            _ => StepKind::Expect(expected(word, entry)?),
        };
        match &kind {
            StepKind::Person(Say::Text(text) | Say::Press(text) | Say::Attach { text, .. }) => {
                let uses = Pattern::text(text.as_str());
                if let Some(name) = uses.names().find(|name| !open.kept.contains(*name)) {
                    let message = format!("no line above keeps anything as `{{{{{name}}}}}`");
                    return Err((KEPT, entry.value_at, message));
                }
            }
            StepKind::Expect(expected) => {
                open.kept.extend(patterns(expected).flat_map(Pattern::names).map(str::to_owned));
            }
            StepKind::As(_) | StepKind::Wait(_) | StepKind::Clock(_) => {}
        }
        open.test.steps.push(Step { line: entry.value_at, kind });
        Ok(())
    }
}

fn expected(word: &Word, entry: &Entry) -> Read<Expected> {
    Ok(match word {
        Word::Bot => Expected::Says(Pattern::text(values::needed(entry)?)),
        Word::BotMatches => Expected::Says(values::regex(entry)?),
        Word::BotSends => Expected::Sends(Pattern::text(values::one_line(entry)?)),
        Word::Error => Expected::Fails(Pattern::text(values::needed(entry)?)),
        Word::Anything => Expected::Anything,
        Word::Buttons => Expected::Buttons(values::labels(entry)?),
        Word::Choices => Expected::Choices(values::labels(entry)?),
        Word::AsksFor => {
            let kind = values::one_line(entry)?.to_lowercase();
            Expected::Asks((kind != "nothing").then_some(kind))
        }
        Word::Tool => {
            let (name, with) = values::tool(entry)?;
            Expected::Tool { name, with }
        }
        Word::Table(table) => values::table(entry, table)?,
        Word::Memory(scope) => {
            let (key, value) = values::pair(entry)?;
            Expected::Memory(*scope, key, (value != "nothing").then(|| Pattern::text(value)))
        }
        Word::Test
        | Word::Config
        | Word::Clock
        | Word::Random
        | Word::Language
        | Word::Given(_)
        | Word::GivenMemory(_)
        | Word::As
        | Word::You
        | Word::Press
        | Word::Attach
        | Word::Wait => return Err((PLACE, entry.at, format!("`{}:` expects nothing", entry.word))),
    })
}

/// The patterns of what is expected, which may keep something.
fn patterns(expected: &Expected) -> impl Iterator<Item = &Pattern> {
    let (one, many, pairs): (Option<&Pattern>, &[Pattern], &[(String, Pattern)]) = match expected {
        Expected::Says(own) | Expected::Sends(own) | Expected::Fails(own) => (Some(own), &[], &[]),
        Expected::Buttons(all) | Expected::Choices(all) => (None, all, &[]),
        Expected::Tool { with, .. } => (None, &[], with),
        Expected::Memory(_, _, own) => (own.as_ref(), &[], &[]),
        Expected::Anything | Expected::Asks(_) | Expected::Amount { .. } | Expected::Rows { .. } => (None, &[], &[]),
    };
    one.into_iter().chain(many).chain(pairs.iter().map(|(_, own)| own))
}

fn shorten(text: &str) -> String {
    const MOST: usize = 40;
    if text.chars().count() <= MOST { text.to_owned() } else { text.chars().take(MOST).chain(['…']).collect() }
}
