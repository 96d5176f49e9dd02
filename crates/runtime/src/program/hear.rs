//! Asking the person: what a HEAR shows, what becomes of the answer, and the ways out of it.

use botserver_basic_std::hear::{self, HearContext, HearInput};
use botserver_basic_types::{Arg, BasicError, FileHandle, HearRequest, HearType, Value};
use botserver_engines::{Failure, Step, TurnBuffer, Wait};
use botserver_kernel::MessageId;
use botserver_ui_tree::{ChatEvent, Part, Speaker};

use super::ScriptProgram;
use crate::clock_keywords::{civil, day};

/// Wrong answers after which HEAR goes on with an empty one (language reference 3.2).
const ATTEMPTS: u8 = 3;
/// The number of the error of what took too long, and how the one of HEAR begins.
const TIMED_OUT: u32 = 1001;
const HEAR_TIMED_OUT: &str = "HEAR timed out";

/// What a person answered to a HEAR.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The text.
    pub text: String,
    /// The files.
    pub files: Vec<FileHandle>,
}

/// How a person left the question of a tool that a model called, without an answer. The tool does not go on: it would
/// do something with a value that nobody gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// They said that they do not want to, or stopped it.
    Declined,
    /// None of their answers could be used.
    GaveUp,
    /// They did not answer in time.
    TimedOut,
}

impl ScriptProgram {
    /// Gives the person's answer to the HEAR that waits: the script goes on with the value, or the person is asked
    /// again. A tool that somebody called may be left instead; then it is the caller's to end it.
    pub fn answer(&mut self, answer: &Answer, turn: &mut TurnBuffer) -> Option<Left> {
        let request = self.hearing()?;
        let empty = answer.text.trim().is_empty() && answer.files.is_empty();
        if let (true, Some(default)) = (empty, &request.default) {
            self.heard(default.clone(), turn);
            return None;
        }
        let declined = answer.files.is_empty() && hear::declines(&request.kind, &answer.text);
        if self.is_called() && declined {
            return Some(Left::Declined);
        }
        let today = day(civil(self.context.now, &self.context.time_zone));
        let given = HearInput { text: &answer.text, attachments: &answer.files };
        let about = HearContext { today, locale: &self.context.locale };
        match hear::validate(&request.kind, &given, &about) {
            Ok(value) => self.heard(value, turn),
            Err(rejection) => {
                self.attempts += 1;
                // Where *cancel* is no answer, it means what it says.
                if self.attempts >= ATTEMPTS || declined {
                    if self.is_called() {
                        return Some(Left::GaveUp);
                    }
                    self.heard(hear::empty_value(&request.kind), turn);
                    return None;
                }
                let mut sentence = hear::sentence(&rejection, &self.context.locale);
                if self.is_called() {
                    sentence.push(' ');
                    sentence.push_str(hear::way_out(&self.context.locale));
                }
                self.say(sentence, turn);
                self.announce(&request, turn);
            }
        }
        None
    }

    /// The HEAR has waited as long as the bot's settings allow.
    pub fn hear_timed_out(&mut self, turn: &mut TurnBuffer) {
        if self.hearing().is_some() {
            let seconds = self.hear_timeout_ms.unwrap_or_default() / 1_000;
            self.resume_machine(Err(BasicError::new(TIMED_OUT, format!("{HEAR_TIMED_OUT} after {seconds} s"))));
            turn.events.push(ChatEvent::Hear { input: None }.to_json());
        }
    }

    /// What whoever called a tool is told when the person has left its question.
    pub fn left(&self, how: Left) -> String {
        let prompt = self.hearing().and_then(|request| request.prompt).unwrap_or_default();
        let question = match prompt.trim() {
            "" => "a question of this tool".to_owned(),
            prompt => format!("the question \"{prompt}\""),
        };
        left_sentence(how, &question)
    }

    /// True while the person is asked for something that must not be shown.
    pub fn is_hearing_secret(&self) -> bool {
        self.hearing().is_some_and(|request| matches!(request.kind, HearType::Password))
    }

    fn hearing(&self) -> Option<HearRequest> {
        match self.machine.pending()?.args.get("hear")? {
            Arg::Hear(request) => Some(request.clone()),
            _ => None,
        }
    }

    fn heard(&mut self, value: Value, turn: &mut TurnBuffer) {
        self.note_typed(&value);
        self.resume_machine(Ok(value));
        self.spoke = false;
        turn.events.push(ChatEvent::Hear { input: None }.to_json());
    }

    fn say(&self, text: String, turn: &mut TurnBuffer) {
        let id = MessageId::new(self.ids.next_uuid()).to_string();
        let parts = vec![Part::Text { text }];
        let said = ChatEvent::message(id, Speaker::Bot, parts, self.context.turn.to_string());
        turn.events.push(said.to_json());
    }

    /// Shows the person which kind of answer is waited for.
    fn announce(&self, request: &HearRequest, turn: &mut TurnBuffer) {
        let spec = hear::input_spec(&request.kind, &self.context.locale);
        let input = botserver_ui_tree::HearInput {
            kind: spec.kind.clone(),
            options: spec.options.clone(),
            accept: spec.accept.iter().flat_map(|types| types.split(',')).map(|kind| kind.trim().to_owned()).collect(),
            attempt: u32::from(self.attempts) + 1,
            secret: matches!(request.kind, HearType::Password),
        };
        turn.events.push(ChatEvent::Hear { input: Some(input) }.to_json());
    }

    pub(super) fn wait_for_person(&mut self, request: &HearRequest, turn: &mut TurnBuffer) -> Option<Step> {
        if let Some(capability) = hear::missing_capability(&request.kind) {
            self.resume_machine(Err(BasicError::not_available("HEAR", capability)));
            return None;
        }
        if !std::mem::replace(&mut self.asked, true) {
            if let Some(prompt) = request.prompt.as_ref().filter(|text| !text.trim().is_empty()) {
                self.say(prompt.clone(), turn);
            }
            self.announce(request, turn);
        }
        let until_ms = self.hear_timeout_ms.map(|timeout| self.context.now.as_millisecond().saturating_add(timeout));
        Some(Step::Wait(Wait::Input { until_ms }))
    }
}

/// The sentence for whoever called a tool that failed because nobody answered its question in time.
pub fn unanswered(failure: &Failure) -> Option<String> {
    let number = failure.detail.get("number").and_then(serde_json::Value::as_u64);
    let is_meant = number == Some(u64::from(TIMED_OUT)) && failure.message.starts_with(HEAR_TIMED_OUT);
    is_meant.then(|| left_sentence(Left::TimedOut, "a question of this tool"))
}

fn left_sentence(how: Left, question: &str) -> String {
    let did = match how {
        Left::Declined => format!("The person declined to answer {question}"),
        Left::GaveUp => format!("The person gave no usable answer to {question} in {ATTEMPTS} attempts"),
        Left::TimedOut => format!("The person did not answer {question} in time"),
    };
    format!("{did}, so this tool was ended there. Nothing that comes after that question was done.")
}
