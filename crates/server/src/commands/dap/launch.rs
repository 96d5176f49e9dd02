//! A script that an editor starts: run in this process, with the console of the editor as the person.

use std::{path::Path, sync::Arc};

use anyhow::Result;
use async_trait::async_trait;
use botserver_basic_types::Value;
use botserver_runtime::{
    ScriptProgram, TurnBuffer,
    debug::{Debuggers, Session, Target, Told},
};
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use tokio::{
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    task::JoinSet,
};

use super::{
    super::workshop::{self, Driven, Person, Prepared, Stage},
    paths::Paths,
};
use crate::{command_line::Common, installation::Installation, settings::Overrides};

/// What an editor says about the script.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LaunchArguments {
    /// A .bas file or a .gbai folder.
    #[serde(default)]
    program: String,
    #[serde(default)]
    pub(super) stop_on_entry: bool,
    #[serde(default)]
    no_debug: bool,
    /// Values for its PARAMs.
    #[serde(default)]
    params: Map<String, Json>,
}

/// What a script that runs does.
pub(super) enum Does {
    /// It says something.
    Says(String),
    /// It asks; what is typed next is the answer.
    Asks,
    /// Something is wrong.
    Fails(String),
    /// It has ended, with this exit status.
    Ends(i32),
}

/// A script that is ready to run.
pub(super) struct Ready {
    installation: Installation,
    stage: Stage,
    script: Arc<str>,
    arguments: LaunchArguments,
}

/// A script that runs.
pub(super) struct Running {
    pub(super) answers: UnboundedSender<String>,
    pub(super) does: UnboundedReceiver<Does>,
    /// Dropped, it ends.
    _task: JoinSet<()>,
}

impl Ready {
    /// Compiles the script; an error is a sentence with what is wrong in lines below it.
    pub(super) async fn new(common: &Common, arguments: LaunchArguments) -> Result<Self, String> {
        let whole = |error: anyhow::Error| format!("{error:#}");
        if arguments.program.is_empty() {
            return Err("`program` is missing: give the path of a .bas file or of a .gbai folder".to_owned());
        }
        let path = Path::new(&arguments.program);
        let path = path.canonicalize().map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let installation = workshop::open(common, &Overrides::default()).await.map_err(whole)?;
        let (stage, script) = if path.is_dir() {
            let (stage, package) = workshop::of_package(&installation, &path).await.map_err(whole)?;
            let start = package.start_script().map(|script| script.name.clone());
            (stage, start.ok_or("the package has no start.bas; give the path of a script in it")?)
        } else {
            let mut wrong = Vec::new();
            let prepared = workshop::of_script(&installation, &path, &mut |text| wrong.push(text.to_owned())).await;
            match prepared.map_err(whole)? {
                Some(Prepared { stage, name }) => (Stage { root: "".into(), ..stage }, name),
                None => return Err(wrong.join("\n")),
            }
        };
        Ok(Self { installation, stage, script, arguments })
    }

    pub(super) fn paths(&self) -> Paths {
        Paths::below(self.stage.root.clone())
    }

    /// A session that will lead the script.
    pub(super) fn session(&self) -> (Session, UnboundedReceiver<Told>) {
        let debuggers = Debuggers::new(self.stage.grammar.clone());
        let target = Target { bot_id: self.stage.context.bot_id, conversation: None };
        debuggers.begin(target, self.stage.image.clone(), self.arguments.stop_on_entry)
    }

    /// Starts the script.
    pub(super) fn run(self, session: &Session) -> Result<Running, String> {
        let stage = &self.stage;
        let params = self.arguments.params.iter().map(|(name, value)| (name.clone(), Value::from_json(value)));
        let (keywords, ids) = (stage.keywords.clone(), stage.ids.clone());
        let (image, context) = (stage.image.clone(), stage.context.clone());
        let started = ScriptProgram::start(image, &self.script, params.collect(), keywords, ids, context);
        let mut program = started.map_err(|error| error.to_string())?;
        if !self.arguments.no_debug {
            session.lead(&mut program, &stage.sources);
        }
        let (sender, does) = mpsc::unbounded_channel();
        let (answers, typed) = mpsc::unbounded_channel();
        let mut task = JoinSet::new();
        task.spawn(self.until_it_ends(program, Console { sender, typed }));
        Ok(Running { answers, does, _task: task })
    }

    async fn until_it_ends(self, mut program: ScriptProgram, mut console: Console) {
        let driven = self.stage.drive(&mut program, &mut TurnBuffer::default(), &mut console).await;
        let status = match driven {
            Ok(Driven::Done(value)) => {
                if !value.is_null() {
                    console.tell(Does::Says(value.to_string()));
                }
                0
            }
            Ok(Driven::Failed(error)) => {
                let diagnostic = workshop::as_diagnostic(&error, &self.script);
                let source = self.stage.sources.get(&diagnostic.span.file).map_or("", |text| text);
                console.tell(Does::Fails(botserver_basic_syntax::render(&diagnostic, source).trim_end().to_owned()));
                1
            }
            Err(error) => {
                console.tell(Does::Fails(format!("{error:#}")));
                1
            }
        };
        drop(program);
        self.installation.close().await;
        console.tell(Does::Ends(status));
    }
}

/// The console of the editor.
struct Console {
    sender: UnboundedSender<Does>,
    typed: UnboundedReceiver<String>,
}

impl Console {
    fn tell(&self, what: Does) {
        // An editor that has gone needs to know nothing.
        let _ = self.sender.send(what);
    }
}

#[async_trait]
impl Person for Console {
    fn hears(&mut self, events: Vec<Json>) -> Result<()> {
        let (said, choices) = workshop::texts(events);
        for text in said {
            self.tell(Does::Says(text));
        }
        for choice in choices {
            self.tell(Does::Says(format!("> {choice}")));
        }
        Ok(())
    }

    async fn answers(&mut self) -> Result<Option<String>> {
        self.tell(Does::Asks);
        Ok(self.typed.recv().await)
    }
}
