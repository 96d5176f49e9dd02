//! A program that a session leads: where it stops, and what it answers while it stands still.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, atomic::Ordering},
};

use botserver_basic_types::Value;
use botserver_basic_vm::{Image, Machine, Places, Scope, Step, Stop, Until};
use botserver_engines::TurnBuffer;
use botserver_kernel::ConversationId;
use serde_json::{Value as Json, json};
use tokio::sync::mpsc;

use super::{
    breakpoints::{Own, pieces},
    session::{Mode, Order, Shared},
    wire::{Ask, Frame, Go, Told, Where},
};
use crate::{
    CallContext,
    input::{Beside, INPUT},
};

/// Instructions that a condition, or what somebody types, may take.
const FUEL: u64 = 5_000_000;
/// Statements with a breakpoint that did not stop after which others may run.
const MOST_PASSED: usize = 1_000;
/// Compiled conditions that are kept.
const MOST_COMPILED: usize = 64;

type Sources = BTreeMap<Arc<str>, Arc<str>>;

/// Conditions by their text and the script that they are worked out beside, with the names they know.
type Conditions = HashMap<(String, Arc<str>), (Vec<Arc<str>>, Arc<Image>)>;

pub(crate) struct Led {
    shared: Arc<Shared>,
    thread: u32,
    sources: Sources,
    beside: Option<Beside>,
    compiled: Conditions,
    marked: Places,
    /// What was wanted when `marked` was made.
    seen: u64,
    /// Why it stands still, for whoever asks.
    stopped: Option<Told>,
}

/// While this lives, the thread takes orders.
struct Still<'a> {
    shared: &'a Shared,
    thread: u32,
    told_to_go: bool,
}

impl Drop for Still<'_> {
    fn drop(&mut self) {
        self.shared.stands_still(self.thread, None);
        if !self.told_to_go {
            self.shared.tell(Told::WentOn { thread: self.thread });
        }
    }
}

impl Led {
    pub(super) fn new(shared: Arc<Shared>, conversation: Option<ConversationId>, sources: Sources) -> Self {
        let thread = shared.thread(conversation, if conversation.is_some() { "conversation" } else { "script" });
        Self {
            shared,
            thread,
            sources,
            beside: None,
            compiled: HashMap::new(),
            marked: Places::new(),
            seen: 0,
            stopped: None,
        }
    }

    /// Runs a slice; `None` when it stands still.
    pub(crate) fn run(&mut self, machine: &mut Machine, fuel: u64) -> Option<Step> {
        for _ in 0..MOST_PASSED {
            self.refresh(machine);
            let (mode, pause) = self.shared.mode(self.thread);
            let until = match mode.go {
                _ if self.shared.is_over() => Until::Marked,
                _ if pause => Until::Statement,
                Go::On => Until::Marked,
                Go::In => Until::Statement,
                Go::Over => Until::Depth(mode.depth),
                Go::Out => Until::Depth(mode.depth.saturating_sub(1)),
            };
            match machine.run_until(fuel, until, &self.marked) {
                Stop::Step(step) => {
                    if matches!(step, Step::Done(_) | Step::Failed(_)) {
                        self.shared.set_mode(self.thread, Mode::default());
                    }
                    return Some(step);
                }
                Stop::Statement => {
                    if let Some(told) = self.reason(machine, until, pause) {
                        self.stopped = Some(told);
                        return None;
                    }
                }
                Stop::Error { error, .. } => {
                    let text = Some(format!("{}: {}", error.number, error.message));
                    self.stopped = Some(self.told("exception", text, Vec::new()));
                    return None;
                }
            }
        }
        Some(Step::Fuel)
    }

    /// Takes over what has changed.
    fn refresh(&mut self, machine: &mut Machine) {
        if self.shared.is_over() {
            self.marked.clear();
            machine.stop_at_errors(false, false);
            return;
        }
        let changes = self.shared.changes.load(Ordering::Relaxed);
        if changes != self.seen {
            let wanted = self.shared.wanted.lock();
            self.marked = wanted.breakpoints.places(machine.image());
            machine.stop_at_errors(wanted.caught, wanted.uncaught);
            self.seen = changes;
        }
    }

    /// Why it stops before the statement that it has reached, if it does.
    fn reason(&mut self, machine: &mut Machine, until: Until, pause: bool) -> Option<Told> {
        let is_marked = machine.place().is_some_and(|place| self.marked.contains(&place));
        let hit = if is_marked { self.hit(machine) } else { Vec::new() };
        if !hit.is_empty() {
            return Some(self.told("breakpoint", None, hit));
        }
        let is_wanted = match until {
            Until::Marked => false,
            Until::Statement => true,
            Until::Depth(most) => machine.depth() <= most,
        };
        is_wanted.then(|| self.told(if pause { "pause" } else { "step" }, None, Vec::new()))
    }

    /// The breakpoints here that stop; others write.
    fn hit(&mut self, machine: &mut Machine) -> Vec<u32> {
        let Some(frame) = machine.frames().into_iter().next() else { return Vec::new() };
        let (file, line) = (frame.span.file, frame.span.line);
        let here = self.shared.wanted.lock().breakpoints.at(machine.image(), &file, line);
        let mut stopping = Vec::new();
        for Own { id, wanted, .. } in here {
            let holds = match wanted.condition.as_deref().filter(|text| !text.trim().is_empty()) {
                None => Ok(true),
                Some(condition) => self.is_true(machine, condition),
            };
            match holds {
                Ok(false) => continue,
                Ok(true) => {}
                Err(why) => {
                    // Rather once too often than never.
                    let text = format!("the condition of a breakpoint cannot be worked out: {why}");
                    self.shared.tell(Told::Log { text, file: file.to_string(), line });
                }
            }
            if !self.shared.wanted.lock().breakpoints.count(id) {
                continue;
            }
            match wanted.log.as_deref().filter(|text| !text.is_empty()) {
                Some(log) => {
                    let text = self.log_text(machine, log);
                    self.shared.tell(Told::Log { text, file: file.to_string(), line });
                }
                None => stopping.push(id),
            }
        }
        stopping
    }

    fn told(&self, reason: &str, text: Option<String>, breakpoints: Vec<u32>) -> Told {
        Told::Stopped { thread: self.thread, reason: reason.to_owned(), text, breakpoints }
    }

    /// Stands still and answers, until it is told to go on, or the session is over.
    pub(crate) async fn hold(&mut self, machine: &mut Machine, context: &CallContext, turn: &TurnBuffer) {
        let Some(stopped) = self.stopped.take() else { return };
        let (sender, mut orders) = mpsc::unbounded_channel();
        let (shared, thread) = (self.shared.clone(), self.thread);
        let mut over = shared.over.subscribe();
        shared.stands_still(thread, Some(sender));
        let mut still = Still { shared: &shared, thread, told_to_go: false };
        shared.tell(stopped);
        loop {
            let order = tokio::select! {
                order = orders.recv() => order,
                _ = over.wait_for(|over| *over) => None,
            };
            let Some(Order { ask, answer }) = order else { return };
            let goes = matches!(ask, Ask::Go { .. });
            if let Ask::Go { how, .. } = ask {
                shared.set_mode(thread, Mode { go: how, depth: machine.depth() });
                still.told_to_go = true;
            }
            let answered = self.carry_out(ask, machine, context, turn);
            if goes {
                // Before the next stop is told.
                shared.stands_still(thread, None);
            }
            // Whoever asked may have gone.
            let _ = answer.send(answered);
            if goes {
                return;
            }
        }
    }

    fn carry_out(
        &mut self,
        ask: Ask,
        machine: &mut Machine,
        context: &CallContext,
        turn: &TurnBuffer,
    ) -> Result<Json, String> {
        match ask {
            Ask::Frames { .. } => {
                let frame = |own: botserver_basic_vm::FrameInfo| Frame {
                    number: own.number,
                    name: own.name.to_string(),
                    file: own.span.file.to_string(),
                    line: own.span.line,
                    column: own.span.column,
                };
                Ok(json!(machine.frames().into_iter().map(frame).collect::<Vec<_>>()))
            }
            Ask::Variables { frame, scope, .. } => Ok(match scope {
                Where::Local => json!(machine.show_variables(frame, Scope::Local)),
                Where::Global => json!(machine.show_variables(frame, Scope::Global)),
                Where::Conversation => {
                    let about = conversation(context, turn);
                    json!(about.iter().map(|(name, value)| machine.show_value(name, value)).collect::<Vec<_>>())
                }
            }),
            Ask::Inside { reference, start, count, .. } => Ok(json!(machine.show_inside(reference, start, count))),
            Ask::Assign { frame, reference, name, value, .. } => {
                let image = self.input(machine, frame, &value)?;
                let set = machine.assign(frame, (reference, &name), (image, INPUT), FUEL);
                set.map(|shown| json!(shown)).map_err(|error| error.message)
            }
            Ask::Evaluate { frame, text, .. } => {
                let image = self.input(machine, frame, &text)?;
                machine.evaluate(frame, image, INPUT, FUEL).map(|shown| json!(shown)).map_err(|error| error.message)
            }
            _ => Ok(Json::Null),
        }
    }

    fn is_true(&mut self, machine: &mut Machine, text: &str) -> Result<bool, String> {
        let frame = machine.depth().saturating_sub(1);
        let image = self.input(machine, frame, text)?;
        machine.is_true(frame, image, INPUT, FUEL).map_err(|error| error.message)
    }

    fn log_text(&mut self, machine: &mut Machine, text: &str) -> String {
        let frame = machine.depth().saturating_sub(1);
        let worked_out = pieces(text).into_iter().map(|piece| match piece {
            Ok(text) => text,
            Err(inside) => {
                let image = self.input(machine, frame, &inside);
                let value =
                    image.and_then(|image| machine.text_of(frame, image, INPUT, FUEL).map_err(|error| error.message));
                value.unwrap_or_else(|why| format!("({why})"))
            }
        });
        worked_out.collect()
    }

    /// Compiles what somebody typed, for a call.
    fn input(&mut self, machine: &Machine, frame: usize, text: &str) -> Result<Arc<Image>, String> {
        let names = machine.visible_names(frame);
        let near = machine.frames().into_iter().find(|own| own.number == frame).map(|own| own.span.file);
        let near = near.unwrap_or_default();
        let key = (text.to_owned(), near.clone());
        if let Some((known, image)) = self.compiled.get(&key)
            && *known == names
        {
            return Ok(image.clone());
        }
        let (grammar, sources) = (&self.shared.grammar, &self.sources);
        let beside = self.beside.get_or_insert_with(|| Beside::new(grammar.clone(), sources, Vec::new()));
        let compiled = beside.compile(text, &names, Some(&near)).map_err(|refused| {
            let first = refused.found().first().map(|found| found.message.clone());
            first.unwrap_or_else(|| "this cannot be read".to_owned())
        })?;
        if self.compiled.len() >= MOST_COMPILED {
            self.compiled.clear();
        }
        self.compiled.insert(key, (names, compiled.image.clone()));
        Ok(compiled.image)
    }
}

/// What there is to know about the conversation.
fn conversation(context: &CallContext, turn: &TurnBuffer) -> Vec<(String, Value)> {
    let text = |text: &str| Value::text(text);
    let mut about = vec![
        ("(bot)".to_owned(), text(&context.bot_name)),
        ("(language)".to_owned(), text(&context.locale)),
        ("(version)".to_owned(), text(&context.package_version)),
    ];
    if let Some(id) = context.conversation_id {
        about.insert(0, ("(id)".to_owned(), text(&id.to_string())));
    }
    about.extend(turn.state.iter().map(|(name, value)| (name.clone(), Value::from_json(value))));
    // What was said in this turn, and is not sent yet.
    let said = turn.events.iter().filter_map(|event| serde_json::from_value(event.clone()).ok());
    let said = said.filter_map(|event| match event {
        botserver_ui_tree::ChatEvent::Message { parts, .. } => Some(text(&botserver_ui_tree::plain_text(&parts))),
        _ => None,
    });
    about.push(("(said in this turn)".to_owned(), Value::Array(said.collect())));
    about
}
