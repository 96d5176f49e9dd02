//! The program behind the prompt: each input is compiled beside the scripts of the bot and runs on the variables that
//! those before it have left.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use async_trait::async_trait;
use botserver_basic_types::{BasicError, Diagnostic, Severity};
use botserver_basic_vm::{RESULT, Scope};
use botserver_data::Actor;
use botserver_runtime::{Beside, INPUT, Input, Refused, ScriptProgram, TurnBuffer, place_in_input};
use serde_json::Value as Json;

use super::{
    super::workshop::{self, Driven, Person, Stage},
    reader::{Line, Reader},
};
use crate::{tables::Declared, terminal};

/// What became of an input.
pub(super) enum Outcome {
    /// It is not complete.
    Open,
    /// It ran and left nothing to show.
    Nothing,
    /// It has this value.
    Value(String),
    /// It has mistakes, or failed.
    Wrong(Vec<Diagnostic>),
    /// Somebody stopped it.
    Interrupted,
}

pub(super) struct Session {
    stage: Stage,
    beside: Beside,
    program: ScriptProgram,
    turn: TurnBuffer,
    reader: Arc<Reader>,
}

impl Session {
    pub(super) fn begin(stage: Stage, reader: Arc<Reader>) -> Result<Self> {
        let mut beside = Beside::new(stage.grammar.clone(), &stage.sources, stage.settings());
        let settings: Vec<Arc<str>> = stage.settings().into_iter().map(Into::into).collect();
        let nothing = beside.take("", &settings).map_err(|_| anyhow!("an empty script does not compile"))?;
        let (keywords, ids) = (stage.keywords.clone(), stage.ids.clone());
        let program = ScriptProgram::start(nothing.image, INPUT, Vec::new(), keywords, ids, stage.context.clone())?;
        Ok(Self { stage, beside, program, turn: TurnBuffer::default(), reader })
    }

    /// Runs an input, if it is complete.
    pub(super) async fn run(&mut self, text: &str) -> Result<Outcome> {
        let names = self.program.machine().variable_names();
        let input = match self.beside.take(text, &names) {
            Ok(input) => input,
            Err(Refused::Open(_)) => return Ok(Outcome::Open),
            Err(Refused::Wrong(found)) => return Ok(Outcome::Wrong(found)),
        };
        let problems = self.make_tables(&input).await?;
        if problems.iter().any(|found| found.severity == Severity::Error) {
            return Ok(Outcome::Wrong(problems));
        }
        self.program.at(self.stage.clock.now());
        if let Err(error) = self.program.go_on_with(input.image.clone(), INPUT) {
            return Ok(Self::wrong(error, &input));
        }
        let mut person = Typist(self.reader.clone());
        match self.stage.drive(&mut self.program, &mut self.turn, &mut person).await {
            Ok(Driven::Done(value)) => Ok(self.value(&input, &value)),
            Ok(Driven::Failed(error)) => Ok(Self::wrong(error, &input)),
            // A HEAR at the end of the input, a wait for something that only a server has.
            Err(error) => Ok(Self::wrong(BasicError::new(9000, format!("{error:#}")), &input)),
        }
    }

    /// What is missing at the end of an input that nothing follows.
    pub(super) fn what_is_open(&mut self, text: &str) -> Vec<Diagnostic> {
        let names = self.program.machine().variable_names();
        self.beside.compile(text, &names, None).err().map(|refused| refused.found().to_vec()).unwrap_or_default()
    }

    /// The variables that have a value.
    pub(super) fn variables(&mut self) -> Vec<(String, String)> {
        let machine = self.program.machine();
        let mut all = machine.show_variables(0, Scope::Local);
        all.extend(machine.show_variables(0, Scope::Global));
        let named = all.into_iter().filter(|own| own.name != RESULT && own.kind != "null");
        named.map(|own| (own.name, own.value)).collect()
    }

    /// The text of a script of the bot.
    pub(super) fn source(&self, file: &str) -> Option<Arc<str>> {
        self.stage.sources.get(file).cloned()
    }

    fn value(&mut self, input: &Input, returned: &Json) -> Outcome {
        let machine = self.program.machine();
        if !input.is_value {
            return if returned.is_null() { Outcome::Nothing } else { Outcome::Value(returned.to_string()) };
        }
        let value = machine.variable(RESULT).map(|value| value.to_json().to_string());
        // What contains itself can only be hinted at.
        let shown = machine.show_result().map(|shown| shown.value);
        value.or(shown).map_or(Outcome::Nothing, Outcome::Value)
    }

    fn wrong(error: BasicError, input: &Input) -> Outcome {
        let mut found = workshop::as_diagnostic(&error, &INPUT.into());
        found.span = place_in_input(found.span, input);
        Outcome::Wrong(vec![found])
    }

    /// The tables that an input declares.
    async fn make_tables(&self, input: &Input) -> Result<Vec<Diagnostic>> {
        let Some(script) = input.image.script(INPUT).filter(|script| !script.tables.is_empty()) else {
            return Ok(Vec::new());
        };
        let context = &self.stage.context;
        let now = self.stage.clock.now();
        let actor = Actor {
            principal: &context.principal,
            bot_id: context.bot_id,
            now,
            offset_minutes: (context.time_zone.to_offset(now).seconds() / 60) as i16,
            max_rows: u64::MAX,
        };
        let (_, found) = Declared::alone(script, &self.stage.sources).make(&self.stage.data, actor).await?;
        Ok(found.into_iter().map(|listed| listed.diagnostic).collect())
    }
}

/// Whoever types: what a HEAR asks is answered by the next line.
struct Typist(Arc<Reader>);

#[async_trait]
impl Person for Typist {
    fn hears(&mut self, events: Vec<Json>) -> Result<()> {
        let (said, choices) = workshop::texts(events);
        for text in said {
            terminal::print(&text)?;
        }
        for choice in choices {
            terminal::tell(&format!("> {choice}"));
        }
        Ok(())
    }

    async fn answers(&mut self) -> Result<Option<String>> {
        Ok(match self.0.line("? ").await? {
            Line::Text(text) => Some(text),
            Line::Interrupted | Line::End => None,
        })
    }
}
