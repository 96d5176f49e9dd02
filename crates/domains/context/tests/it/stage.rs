//! A conversation with one package of scripts: what is said, asked and kept.

use std::sync::Arc;

use botserver_basic_syntax::{Grammar, Parsed, parse};
use botserver_basic_types::{FileHandle, Severity, Value};
use botserver_basic_vm::{Image, Source, compile};
use botserver_config::BotConfig;
use botserver_context::ConversationContext;
use botserver_engines::{Program, Step, Wait};
use botserver_http::{HttpClient, OutboundPolicy};
use botserver_kernel::{BotId, Clock, ConversationId, IdSource, OrgId, PersonId, Principal, Role, Timestamp};
use botserver_runtime::{
    Answer, CallContext, GetElsewhere, Handler, KeywordRegistry, ScriptProgram, TurnBuffer, function_signatures,
};
use botserver_testkit::{FixedClock, SeqIds};

/// 2026-03-01 12:00:00 UTC.
const NOW: i64 = 1_772_366_400;

/// How a program is run; both ways must give the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Straight,
    /// Saved and restored before every answer, as by a server that restarts.
    Restarted,
}

/// A package and the state document of one conversation with it.
pub(crate) struct Stage {
    image: Arc<Image>,
    keywords: Arc<KeywordRegistry>,
    ids: Arc<dyn IdSource>,
    /// What `check` would say of the scripts.
    pub(crate) diagnostics: Vec<String>,
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Messages, questions and how it ended, a line each.
    pub(crate) transcript: String,
    pub(crate) turn: TurnBuffer,
}

impl Ran {
    /// The conversation's own state.
    pub(crate) fn context(&self) -> ConversationContext {
        ConversationContext::load(&self.turn)
    }
}

fn registry(ids: &Arc<dyn IdSource>) -> Arc<KeywordRegistry> {
    let clock: Arc<dyn Clock> = Arc::new(FixedClock::new(NOW * 1_000));
    let client = Arc::new(HttpClient::new(OutboundPolicy { allow: Vec::new() }));
    let elsewhere = GetElsewhere { session: botserver_context::session_path(), file: Handler::Missing };
    let mut all = botserver_runtime::conversation_keywords(ids);
    all.extend(botserver_runtime::clock_keywords(&clock, ids));
    all.extend(botserver_runtime::http_keywords(&client, elsewhere));
    all.extend(botserver_runtime::keywords_not_built());
    all.extend(botserver_context::module().keywords);
    Arc::new(KeywordRegistry::new(all).unwrap())
}

impl Stage {
    /// A package of scripts that must be free of errors.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let ids: Arc<dyn IdSource> = Arc::new(SeqIds::default());
        let keywords = registry(&ids);
        let grammar = Grammar::new(&keywords.declarations(), &function_signatures()).unwrap();
        let parsed: Vec<Parsed> = files.iter().map(|(file, text)| parse(file, text, &grammar)).collect();
        let sources: Vec<Source<'_>> =
            parsed.iter().map(|own| Source { script: &own.script, diagnostics: &own.diagnostics }).collect();
        let compiled = compile(&sources);
        let found: Vec<_> = parsed.iter().flat_map(|own| &own.diagnostics).chain(&compiled.diagnostics).collect();
        assert!(!found.iter().any(|own| own.severity == Severity::Error), "{found:?}");
        // Tools are named here that nobody has written.
        let found = found.iter().filter(|own| &*own.code != "B0704");
        let diagnostics = found.map(|own| own.message.clone()).collect();
        Self { image: compiled.image, keywords, ids, diagnostics }
    }

    /// A package of one script.
    pub(crate) fn of(source: &str) -> Self {
        Self::new(&[("start.bas", source)])
    }

    fn context() -> CallContext {
        CallContext {
            principal: Principal {
                org_id: OrgId::new(uuid::Uuid::from_u128(7)),
                person_id: PersonId::new(uuid::Uuid::from_u128(8)),
                role: Role::Visitor,
            },
            bot_id: BotId::new(uuid::Uuid::from_u128(9)),
            bot_name: "shop".into(),
            package_version: "v1".into(),
            conversation_id: Some(ConversationId::new(uuid::Uuid::from_u128(10))),
            config: Arc::new(BotConfig::default()),
            locale: "en".into(),
            time_zone: jiff::tz::TimeZone::UTC,
            turn: "t1".into(),
            now: Timestamp::from_second(NOW).unwrap(),
        }
    }

    fn image_of(&self) -> Arc<Image> {
        self.image.clone()
    }

    /// Runs `start.bas`; the person gives these answers.
    pub(crate) async fn run(&self, answers: &[&str]) -> Ran {
        self.call("start", Vec::new(), answers, TurnBuffer::default).await
    }

    /// Runs a script with arguments over the state that `before` makes.
    pub(crate) async fn call(
        &self,
        script: &str,
        params: Vec<(String, Value)>,
        answers: &[&str],
        before: impl Fn() -> TurnBuffer,
    ) -> Ran {
        let straight = self.drive(script, params.clone(), answers, before(), Way::Straight).await;
        let restarted = self.drive(script, params, answers, before(), Way::Restarted).await;
        assert_eq!(straight.transcript, restarted.transcript);
        assert_eq!(straight.turn.state, restarted.turn.state);
        straight
    }

    async fn drive(
        &self,
        script: &str,
        params: Vec<(String, Value)>,
        answers: &[&str],
        mut turn: TurnBuffer,
        way: Way,
    ) -> Ran {
        let (keywords, ids) = (self.keywords.clone(), self.ids.clone());
        let started = ScriptProgram::start(self.image_of(), script, params, keywords, ids, Self::context());
        let mut program = started.unwrap();
        let mut answers = answers.iter();
        let mut lines: Vec<String> = Vec::new();
        let mut seen = 0;
        loop {
            let step = program.step(&mut turn);
            tell(&turn, &mut seen, &mut lines);
            if way == Way::Restarted && matches!(step, Step::Wait(_) | Step::Yield) {
                let saved = program.snapshot();
                let (keywords, ids) = (self.keywords.clone(), self.ids.clone());
                program = ScriptProgram::restore(self.image_of(), &saved, keywords, ids, Self::context()).unwrap();
            }
            match step {
                Step::Done(value) => {
                    if !value.is_null() {
                        lines.push(format!("=> {value}"));
                    }
                    break;
                }
                Step::Failed(failure) => {
                    lines.push(format!("failed: {}", failure.message));
                    break;
                }
                Step::Yield => {}
                Step::Read { .. } => {
                    let outcome = program.read().await;
                    program.resume(outcome);
                }
                Step::Write => {
                    let outcome = program.write("key").await;
                    program.resume(outcome);
                }
                Step::Wait(Wait::Timer { due_ms }) => {
                    lines.push(format!("(waits {} ms)", due_ms - NOW * 1_000));
                    program.woke();
                }
                Step::Wait(Wait::Input { .. }) => {
                    let Some(answer) = answers.next() else {
                        lines.push("(waits for the person)".to_owned());
                        break;
                    };
                    lines.push(format!("you: {answer}"));
                    program.answer(&Self::answer(answer), &mut turn);
                    tell(&turn, &mut seen, &mut lines);
                }
                other => panic!("{other:?}"),
            }
        }
        Ran { transcript: lines.join("\n"), turn }
    }

    /// `file:name.pdf` is an upload.
    fn answer(text: &str) -> Answer {
        let Some(name) = text.strip_prefix("file:") else {
            return Answer { text: text.to_owned(), files: Vec::new() };
        };
        let file = FileHandle {
            url: format!("/files/{name}").into(),
            filename: name.into(),
            mime_type: if name.to_lowercase().ends_with(".png") { "image/png" } else { "application/pdf" }.into(),
            size: 2_048,
        };
        Answer { text: String::new(), files: vec![file] }
    }
}

/// New events as lines: `bot: …`, and what is asked for in brackets.
fn tell(turn: &TurnBuffer, seen: &mut usize, lines: &mut Vec<String>) {
    use botserver_ui_tree::{ChatEvent, Part};
    for event in turn.events.iter().skip(*seen) {
        match serde_json::from_value(event.clone()).unwrap() {
            ChatEvent::Message { parts, .. } => {
                for part in parts {
                    lines.push(match part {
                        Part::Reasoning { .. } | Part::Sources { .. } => continue,
                        Part::Text { text } => format!("bot: {text}"),
                        Part::File(file) => format!("bot sends {} {}", file.filename, file.caption.unwrap_or_default())
                            .trim_end()
                            .to_owned(),
                        other @ Part::Menu { .. } => format!("bot: {other:?}"),
                    });
                }
            }
            ChatEvent::Hear { input: Some(input) } => {
                let secret = if input.secret { " secret" } else { "" };
                let options =
                    if input.options.is_empty() { String::new() } else { format!(" {}", input.options.join("|")) };
                lines.push(format!("[{}{secret}{options}]", input.kind));
            }
            _ => {}
        }
    }
    *seen = turn.events.len();
}
