//! Plays one test from its first line to its last, or to the first that is not as expected.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use botserver_bot::SendMessage;
use botserver_bot_tests::{Captures, Failure, Line, Outcome, Pattern, Person, Say, Step, StepKind, TestCase};
use botserver_kernel::{Clock as _, PersonId, Principal, Role};
use botserver_session::NewAttachment;
use bytes::Bytes;

use super::{
    find::Script,
    given,
    stage::Stage,
    voice::{Heard, Voice},
};

/// The person of a test that names nobody.
const YOU: &str = "You";

/// A line that was not as expected.
pub(super) struct Wrong {
    /// One sentence.
    pub(super) message: String,
    /// What was expected beside what came.
    pub(super) difference: String,
}

impl Wrong {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), difference: String::new() }
    }

    pub(super) fn with(message: impl Into<String>, difference: impl Into<String>) -> Self {
        Self { message: message.into(), difference: difference.into() }
    }
}

/// What became of a line. The outer error is that of this program or its database.
pub(super) type Checked = Result<Result<(), Wrong>>;

/// A test that is being played.
pub(super) struct Play<'s> {
    pub(super) stage: &'s Stage,
    script: &'s Script,
    test: &'s TestCase,
    /// The people by name; each has the conversation that they began last.
    people: BTreeMap<String, (PersonId, Role)>,
    voices: Vec<Voice>,
    current: Option<usize>,
    pub(super) kept: Captures,
    /// The conversation so far, for people.
    story: Vec<String>,
}

/// Plays a test.
pub(super) async fn play(stage: &Stage, script: &Script, test: &TestCase) -> Result<Outcome> {
    stage.reset(test.set_up.clock, test.set_up.random).await?;
    stage.tape.begin(&script.cassette, &test.name, stage.secrets());
    let mut play = Play {
        stage,
        script,
        test,
        people: BTreeMap::new(),
        voices: Vec::new(),
        current: None,
        kept: Captures::new(),
        story: Vec::new(),
    };
    for (line, what) in &test.set_up.given {
        let you = play.person(YOU, false);
        if let Err(wrong) = given::give(stage, &you, what).await? {
            return Ok(play.failed(*line, wrong));
        }
    }
    for step in &test.steps {
        if let Err(wrong) = play.step(step).await? {
            return Ok(play.failed(step.line, wrong));
        }
    }
    // What the bot said at last must be expected too.
    let last = test.steps.last().map_or(test.line, |step| step.line);
    for at in 0..play.voices.len() {
        if let Err(wrong) = play.nothing_more(at) {
            return Ok(play.failed(last, wrong));
        }
    }
    Ok(Outcome::Passed)
}

impl Play<'_> {
    fn failed(&self, line: Line, wrong: Wrong) -> Outcome {
        let source = self.script.lines.get((line.number as usize).saturating_sub(1)).cloned().unwrap_or_default();
        let Wrong { message, difference } = wrong;
        let (line, column) = (line.number, line.column);
        Outcome::Failed(Box::new(Failure {
            line,
            column,
            source,
            message,
            difference,
            conversation: self.story.clone(),
        }))
    }

    fn language(&self) -> &str {
        self.test.set_up.language.as_deref().unwrap_or("en")
    }

    /// Who somebody of the test is, the same in all of it.
    fn person(&mut self, name: &str, owner: bool) -> Principal {
        let stage = self.stage;
        let new = || (PersonId::new(stage.next_id()), Role::Visitor);
        let (person_id, role) = self.people.entry(name.to_owned()).or_insert_with(new);
        if owner {
            *role = Role::Owner;
        }
        Principal { org_id: stage.system().org_id, person_id: *person_id, role: *role }
    }

    /// The voice of whoever is speaking; begins a conversation if there is none.
    pub(super) async fn voice(&mut self) -> Result<usize> {
        match self.current {
            Some(at) => Ok(at),
            None => self.begin(&Person { name: YOU.to_owned(), owner: false, anew: false }).await,
        }
    }

    pub(super) fn voice_at(&mut self, at: usize) -> Option<&mut Voice> {
        self.voices.get_mut(at)
    }

    async fn begin(&mut self, person: &Person) -> Result<usize> {
        let principal = self.person(&person.name, person.owner);
        let language = self.language().to_owned();
        let voice = Voice::begin(self.stage, &person.name, principal, &language).await?;
        self.voices.push(voice);
        let at = self.voices.len() - 1;
        self.current = Some(at);
        self.tell_heard(at, 0);
        Ok(at)
    }

    async fn step(&mut self, step: &Step) -> Checked {
        let checked = match &step.kind {
            StepKind::Person(say) => self.speak(say).await?,
            StepKind::As(person) => {
                let known = self.voices.iter().rposition(|own| own.name == person.name).filter(|_| !person.anew);
                match known {
                    Some(at) => self.current = Some(at),
                    None => {
                        self.begin(person).await?;
                    }
                }
                Ok(())
            }
            StepKind::Wait(time) => {
                let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
                self.let_pass(self.stage.clock.now_ms().saturating_add(millis)).await?
            }
            StepKind::Clock(wall) => {
                let zone = self.stage.package.config.time_zone();
                let moment = zone.to_ambiguous_timestamp(*wall).compatible().context("there is no such moment")?;
                if moment < self.stage.clock.now() {
                    return Ok(Err(Wrong::new("the clock does not go back in the middle of a conversation")));
                }
                self.let_pass(moment.as_millisecond()).await?
            }
            StepKind::Expect(expected) => self.expect(expected).await?,
        };
        if let Some(missing) = self.stage.tape.take_missing() {
            let hint = "Record it with `botserver test PACKAGE --record`.";
            let difference = match missing.difference {
                Some(lines) => format!("- in the cassette, + asked\n{lines}\n{hint}"),
                None => format!("The cassette has nothing more of this kind for this test. {hint}"),
            };
            return Ok(Err(Wrong::with(format!("{} is not in the cassette", missing.what), difference)));
        }
        Ok(checked)
    }

    async fn speak(&mut self, say: &Say) -> Checked {
        let at = self.voice().await?;
        if let Err(wrong) = self.nothing_more(at) {
            return Ok(Err(wrong));
        }
        let mut message = SendMessage { locale: self.language().to_owned(), ..SendMessage::default() };
        match say {
            Say::Text(text) => message.text = self.with_kept(text),
            Say::Press(label) => {
                let label = self.with_kept(label);
                match self.pressed(at, &label) {
                    Ok((text, action)) => (message.text, message.action) = (text, action),
                    Err(wrong) => return Ok(Err(wrong)),
                }
            }
            Say::Attach { path, text } => {
                let file = self.script.folder.join(path);
                let Ok(bytes) = tokio::fs::read(&file).await else {
                    return Ok(Err(Wrong::new(format!("there is no file {}", file.display()))));
                };
                message.text = self.with_kept(text);
                let Some(voice) = self.voices.get(at) else { return Ok(Ok(())) };
                let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let body = futures_util::stream::once(std::future::ready(Ok(Bytes::from(bytes))));
                let new = NewAttachment { filename: name.clone(), declared_type: None, body: Box::pin(body) };
                let sessions = &self.stage.assembled().sessions;
                match sessions.attach(&voice.principal, voice.conversation().id, new).await {
                    Ok(attachment) => message.attachments.push(attachment.id),
                    Err(error) => return Ok(Err(Wrong::new(format!("the file was not taken: {error}")))),
                }
                self.tell(at, &format!("(sends {name})"));
            }
        }
        if !message.text.trim().is_empty() {
            self.tell(at, &message.text.clone());
        }
        let stage = self.stage;
        let Some(voice) = self.voices.get_mut(at) else { return Ok(Ok(())) };
        if let Err(refused) = voice.say(stage, message).await? {
            return Ok(Err(Wrong::new(format!("the message was refused: {refused}"))));
        }
        self.tell_heard(at, 0);
        Ok(Ok(()))
    }

    fn with_kept(&self, text: &str) -> String {
        Pattern::filled(text, &self.kept)
    }

    /// What pressing a button, or picking a choice, sends.
    fn pressed(&self, at: usize, label: &str) -> Result<(String, Option<String>), Wrong> {
        let Some(voice) = self.voices.get(at) else { return Err(Wrong::new("nobody is there")) };
        let same = |own: &str| own.trim().eq_ignore_ascii_case(label.trim());
        if let Some(chip) = voice.buttons.iter().find(|chip| same(&chip.label)) {
            return Ok((chip.text.clone(), chip.action.clone()));
        }
        let choices = voice.input.as_ref().map(|input| input.options.as_slice()).unwrap_or_default();
        if let Some(choice) = choices.iter().find(|choice| same(choice)) {
            return Ok((choice.clone(), None));
        }
        let labels = voice.buttons.iter().map(|chip| chip.label.as_str()).chain(choices.iter().map(String::as_str));
        let shown = labels.collect::<Vec<_>>().join(" | ");
        let shown = if shown.is_empty() { "There are none.".to_owned() } else { format!("There are: {shown}") };
        Err(Wrong::with(format!("there is no button and no choice `{label}`"), shown))
    }

    /// Lets time pass, and what happens in it happen.
    async fn let_pass(&mut self, until_ms: i64) -> Checked {
        for at in 0..self.voices.len() {
            if let Err(wrong) = self.nothing_more(at) {
                return Ok(Err(wrong));
            }
        }
        let stage = self.stage;
        let engine = &stage.assembled().engine;
        while let Some((lane, due_ms)) = engine.next_timer().await?.filter(|(_, due_ms)| *due_ms <= until_ms) {
            stage.clock.set(due_ms.max(stage.clock.now_ms()));
            engine.fire_timers().await?;
            engine.rest(lane).await;
        }
        stage.clock.set(until_ms);
        self.story.push("(time passes)".to_owned());
        for at in 0..self.voices.len() {
            let known = self.voices.get(at).map_or(0, |voice| voice.heard.len());
            if let Some(voice) = self.voices.get_mut(at) {
                voice.catch_up(stage).await?;
            }
            self.tell_heard(at, known);
        }
        Ok(Ok(()))
    }

    /// Everything that the bot said must have been expected before somebody goes on.
    pub(super) fn nothing_more(&mut self, at: usize) -> Result<(), Wrong> {
        let Some(voice) = self.voices.get_mut(at) else { return Ok(()) };
        let failed = voice.heard.iter().find(|heard| matches!(heard, Heard::Failed { .. })).cloned();
        if let (Some(Heard::Failed { told, script }), false) = (failed, voice.anything) {
            return Err(script_failed(&told, script.as_ref()));
        }
        if voice.anything || voice.unheard_greeting {
            voice.heard.clear();
            voice.anything = false;
            voice.unheard_greeting = false;
            return Ok(());
        }
        if voice.heard.is_empty() {
            return Ok(());
        }
        let more: Vec<String> = voice.heard.iter().map(line_of).collect();
        let message = "the bot said something that no line of the test expects";
        Err(Wrong::with(message, format!("{}\n", more.join("\n"))))
    }

    /// Adds what was heard to the story, from the n-th that no line has expected.
    fn tell_heard(&mut self, at: usize, from: usize) {
        let Some(voice) = self.voices.get(at) else { return };
        let lines: Vec<String> = voice.heard.iter().skip(from).map(line_of).collect();
        let to = if self.voices.len() > 1 { format!(" (to {})", voice.name) } else { String::new() };
        for line in lines {
            self.story.extend(indented(&line.replacen("Bot:", &format!("Bot{to}:"), 1)));
        }
    }

    fn tell(&mut self, at: usize, text: &str) {
        let name = self.voices.get(at).map_or(YOU, |voice| voice.name.as_str());
        self.story.extend(indented(&format!("{name}: {text}")));
    }
}

/// A script that failed, as nobody expected.
pub(super) fn script_failed(told: &str, script: Option<&botserver_ui_tree::ScriptError>) -> Wrong {
    let Some(script) = script else { return Wrong::with("the bot failed", format!("{told}\n")) };
    let place = format!("{}:{}:{}", script.file, script.line, script.column);
    let mut text = format!("{place}: {}\n{}\n{}\n", script.message, script.source, script.caret);
    text.extend(script.help.iter().flat_map(|help| [help.as_str(), "\n"]));
    Wrong::with("a script of the bot failed", text)
}

/// Something heard, as a test would write it.
pub(super) fn line_of(heard: &Heard) -> String {
    match heard {
        Heard::Said(text) => format!("Bot: {text}"),
        Heard::Sent(name) => format!("Bot sends: {name}"),
        Heard::Failed { told, script } => {
            format!("Error: {}", script.as_ref().map_or(told.as_str(), |script| script.message.as_str()))
        }
    }
}

/// A text of several lines as a test writes it.
fn indented(text: &str) -> Vec<String> {
    let mut lines = text.trim_end().lines().map(str::to_owned);
    let first = lines.next();
    first.into_iter().chain(lines.map(|line| format!("  | {line}"))).collect()
}
