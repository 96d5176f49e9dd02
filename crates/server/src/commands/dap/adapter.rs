//! The Debug Adapter Protocol itself: what each request of an editor means for a session, and what the editor is told.

use anyhow::Result;
use botserver_basic_vm::Shown;
use botserver_runtime::debug::{Ask, Breakpoint, Frame, Go, SetBreakpoint, ThreadInfo, Told, Where};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value as Json, json};
use tokio::sync::mpsc::UnboundedReceiver;

use super::{
    launch::{Does, LaunchArguments, Ready, Running},
    link::Link,
    paths::Paths,
    references::{Inside, References, frame_id, frame_of, path_to},
    transport::{Request, Transport},
};
use crate::command_line::Common;

/// What an editor says about a server.
#[derive(Debug, Default, Deserialize)]
struct AttachArguments {
    /// The data directory of the server.
    #[serde(default)]
    data: String,
    #[serde(default)]
    bot: String,
    #[serde(default)]
    conversation: Option<String>,
}

/// One editor.
pub(super) struct Adapter {
    common: Common,
    transport: Transport,
    link: Option<Link>,
    told: Option<UnboundedReceiver<Told>>,
    paths: Paths,
    /// Before it runs, while the editor sets its breakpoints.
    ready: Option<Ready>,
    running: Option<Running>,
    /// The script waits for what is typed.
    asks: bool,
    /// The next stop is the first, and was wanted.
    entry: bool,
    references: References,
    /// The thread that has stopped last and stands still.
    stopped: Option<u32>,
    lines_from_0: bool,
}

/// What happens next.
enum Happens {
    Request(Option<Request>),
    Told(Option<Told>),
    Does(Option<Does>),
}

type Answer = Result<Json, String>;

impl Adapter {
    pub(super) fn new(common: Common, transport: Transport) -> Self {
        Self {
            common,
            transport,
            link: None,
            told: None,
            paths: Paths::default(),
            ready: None,
            running: None,
            asks: false,
            entry: false,
            references: References::default(),
            stopped: None,
            lines_from_0: false,
        }
    }

    /// Serves the editor until it goes.
    pub(super) async fn serve(mut self) -> Result<()> {
        loop {
            let does = async {
                match &mut self.running {
                    Some(running) => running.does.recv().await,
                    None => std::future::pending().await,
                }
            };
            let told = async {
                match &mut self.told {
                    Some(told) => told.recv().await,
                    None => std::future::pending().await,
                }
            };
            let happens = tokio::select! {
                // What a script says comes before the stop behind it.
                biased;
                does = does => Happens::Does(does),
                told = told => Happens::Told(told),
                request = self.transport.next() => Happens::Request(request?),
            };
            match happens {
                Happens::Does(Some(does)) => self.does(does).await?,
                Happens::Does(None) => self.running = None,
                Happens::Told(Some(told)) => self.told(told).await?,
                Happens::Told(None) => {
                    // The server has gone, or refuses to go on.
                    self.told = None;
                    if matches!(self.link, Some(Link::There(_))) {
                        self.link = None;
                        self.transport.tell("terminated", json!({})).await?;
                    }
                }
                Happens::Request(None) => return Ok(()),
                Happens::Request(Some(request)) => {
                    let answer = self.request(&request).await;
                    let fine = answer.is_ok();
                    self.transport.answer(&request, answer).await?;
                    match &*request.command {
                        "launch" | "attach" if fine => self.transport.tell("initialized", json!({})).await?,
                        "terminate" if fine => self.transport.tell("terminated", json!({})).await?,
                        "disconnect" => return Ok(()),
                        _ => {}
                    }
                }
            }
        }
    }

    async fn request(&mut self, request: &Request) -> Answer {
        let arguments = &request.arguments;
        match &*request.command {
            "initialize" => {
                self.lines_from_0 = arguments["linesStartAt1"] == false;
                Ok(capabilities())
            }
            "launch" => self.launch(read(arguments)?).await,
            "attach" => self.attach(read(arguments)?).await,
            "setBreakpoints" => self.set_breakpoints(arguments).await,
            "setExceptionBreakpoints" => {
                let filters: Vec<String> = read(&arguments["filters"])?;
                let has = |name: &str| filters.iter().any(|own| own == name);
                self.ask(Ask::Errors { caught: has("caught"), uncaught: has("uncaught") }).await?;
                Ok(json!({"breakpoints": []}))
            }
            "setFunctionBreakpoints" => Ok(json!({"breakpoints": []})),
            "configurationDone" => self.begin(),
            "threads" => {
                let threads: Vec<ThreadInfo> = self.asked(Ask::Threads).await?;
                let threads: Vec<Json> =
                    threads.into_iter().map(|own| json!({"id": own.thread, "name": own.name})).collect();
                Ok(json!({"threads": threads}))
            }
            "stackTrace" => self.stack_trace(arguments).await,
            "scopes" => Ok(self.scopes(arguments)),
            "variables" => self.variables(arguments).await,
            "setVariable" => self.set_variable(arguments).await,
            "evaluate" => self.evaluate(arguments).await,
            "continue" => self.go(arguments, Go::On).await,
            "next" => self.go(arguments, Go::Over).await,
            "stepIn" => self.go(arguments, Go::In).await,
            "stepOut" => self.go(arguments, Go::Out).await,
            "pause" => self.ask(Ask::Pause { thread: thread_of(arguments) }).await.map(|_| json!({})),
            "source" => {
                let path = arguments["source"]["path"].as_str().unwrap_or_default();
                let content = std::fs::read_to_string(path).map_err(|error| format!("cannot read {path}: {error}"))?;
                Ok(json!({"content": content}))
            }
            "terminate" | "disconnect" => {
                self.running = None;
                self.ready = None;
                self.told = None;
                // Whatever stands still goes on.
                self.link = None;
                Ok(json!({}))
            }
            other => Err(format!("this debugger has no `{other}`")),
        }
    }

    // -- beginning --------------------------------------------------------------------------------

    async fn launch(&mut self, arguments: LaunchArguments) -> Answer {
        self.entry = arguments.stop_on_entry;
        let ready = Ready::new(&self.common, arguments).await?;
        let (session, told) = ready.session();
        self.paths = ready.paths();
        self.link = Some(Link::Here(session));
        self.told = Some(told);
        self.ready = Some(ready);
        Ok(json!({}))
    }

    async fn attach(&mut self, arguments: AttachArguments) -> Answer {
        if arguments.bot.is_empty() {
            return Err("`bot` is missing: the name of the bot whose conversations are to be looked into".to_owned());
        }
        let given = Some(arguments.data).filter(|data| !data.is_empty()).map(Into::into);
        let data = given.unwrap_or_else(|| self.common.data_dir());
        let begun = Link::to_server(&data, &arguments.bot, arguments.conversation.as_deref()).await;
        let (link, about, told) = begun.map_err(|error| format!("{error:#}"))?;
        self.paths = Paths::below(about.root);
        self.link = Some(link);
        self.told = Some(told);
        Ok(json!({}))
    }

    /// The editor has set its breakpoints: what was launched runs.
    fn begin(&mut self) -> Answer {
        if let (Some(ready), Some(Link::Here(session))) = (self.ready.take(), &self.link) {
            self.running = Some(ready.run(session)?);
        }
        Ok(json!({}))
    }

    async fn set_breakpoints(&mut self, arguments: &Json) -> Answer {
        let path = arguments["source"]["path"].as_str().unwrap_or_default();
        let file = self.paths.name_of(path);
        let from = u32::from(self.lines_from_0);
        let text = |own: &Json, name: &str| own[name].as_str().map(str::to_owned).filter(|text| !text.is_empty());
        let wanted: Vec<Breakpoint> = arguments["breakpoints"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|own| Breakpoint {
                line: own["line"].as_u64().unwrap_or_default() as u32 + from,
                condition: text(own, "condition"),
                hits: text(own, "hitCondition"),
                log: text(own, "logMessage"),
            })
            .collect();
        let lines: Vec<u32> = wanted.iter().map(|own| own.line).collect();
        let set: Vec<SetBreakpoint> = self.asked(Ask::Breakpoints { file, wanted }).await?;
        let set: Vec<Json> = set
            .into_iter()
            .zip(lines)
            .map(|(own, line)| {
                let mut set =
                    json!({"id": own.id, "verified": own.line.is_some(), "line": own.line.unwrap_or(line) - from});
                if let Some(message) = own.message {
                    set["message"] = message.into();
                }
                set
            })
            .collect();
        Ok(json!({"breakpoints": set}))
    }

    // -- looking ----------------------------------------------------------------------------------

    async fn stack_trace(&mut self, arguments: &Json) -> Answer {
        let thread = thread_of(arguments);
        let frames: Vec<Frame> = self.asked(Ask::Frames { thread }).await?;
        let total = frames.len();
        let start = arguments["startFrame"].as_u64().unwrap_or_default() as usize;
        let levels = match arguments["levels"].as_u64() {
            None | Some(0) => usize::MAX,
            Some(levels) => levels as usize,
        };
        let from = u32::from(self.lines_from_0);
        let shown = frames.into_iter().skip(start).take(levels).map(|own| {
            let path = self.paths.path_of(&own.file);
            let name = own.file.rsplit('/').next().unwrap_or(&own.file);
            json!({
                "id": frame_id(thread, own.number), "name": own.name, "line": own.line - from.min(own.line),
                "column": own.column, "source": {"name": name, "path": path},
            })
        });
        Ok(json!({"stackFrames": shown.collect::<Vec<_>>(), "totalFrames": total}))
    }

    fn scopes(&mut self, arguments: &Json) -> Json {
        let (thread, frame) = frame_of(arguments["frameId"].as_i64().unwrap_or_default());
        let all = [
            ("Locals", "locals", Where::Local),
            ("Globals", "globals", Where::Global),
            ("Conversation", "", Where::Conversation),
        ];
        let scopes = all.map(|(name, hint, scope)| {
            let number = self.references.number(Inside::Scope { thread, frame, scope });
            let mut shown = json!({"name": name, "variablesReference": number, "expensive": false});
            if !hint.is_empty() {
                shown["presentationHint"] = hint.into();
            }
            shown
        });
        json!({"scopes": scopes})
    }

    async fn variables(&mut self, arguments: &Json) -> Answer {
        let number = arguments["variablesReference"].as_i64().unwrap_or_default();
        let inside = self.references.get(number).cloned().ok_or("the script has gone on since")?;
        let count = |name: &str| arguments[name].as_u64().unwrap_or_default() as usize;
        let (thread, frame, ask) = match inside {
            Inside::Scope { thread, frame, scope } => (thread, frame, Ask::Variables { thread, frame, scope }),
            Inside::Value { thread, frame, reference, is_list, .. } => {
                // Editors ask for fields and elements one after the other; a value has only one kind.
                if arguments["filter"] == if is_list { "named" } else { "indexed" } {
                    return Ok(json!({"variables": []}));
                }
                let (start, count) = (count("start"), count("count"));
                (thread, frame, Ask::Inside { thread, reference, start, count })
            }
        };
        let shown: Vec<Shown> = self.asked(ask).await?;
        let variables: Vec<Json> = shown
            .into_iter()
            .map(|own| {
                let path = path_to(&inside, &own.name);
                let mut variable = self.references.value(thread, frame, &own, path);
                variable["name"] = own.name.into();
                variable
            })
            .collect();
        Ok(json!({"variables": variables}))
    }

    async fn set_variable(&mut self, arguments: &Json) -> Answer {
        let number = arguments["variablesReference"].as_i64().unwrap_or_default();
        let inside = self.references.get(number).cloned().ok_or("the script has gone on since")?;
        let text = |name: &str| arguments[name].as_str().unwrap_or_default().to_owned();
        let (name, value) = (text("name"), text("value"));
        let (thread, frame, reference) = match inside {
            Inside::Scope { scope: Where::Conversation, .. } => {
                return Err("what the conversation remembers cannot be set here".to_owned());
            }
            Inside::Scope { thread, frame, .. } => (thread, frame, None),
            Inside::Value { thread, frame, reference, .. } => (thread, frame, Some(reference)),
        };
        let path = path_to(&inside, &name);
        let shown: Shown = self.asked(Ask::Assign { thread, frame, reference, name, value }).await?;
        Ok(self.references.value(thread, frame, &shown, path))
    }

    async fn evaluate(&mut self, arguments: &Json) -> Answer {
        let text = arguments["expression"].as_str().unwrap_or_default().to_owned();
        if self.asks
            && arguments["context"] == "repl"
            && let Some(running) = &self.running
        {
            self.asks = false;
            let _ = running.answers.send(text);
            return Ok(json!({"result": "", "variablesReference": 0}));
        }
        let (thread, frame) = if let Some(id) = arguments["frameId"].as_i64() {
            frame_of(id)
        } else {
            let thread = self.stopped.ok_or("the script is running; pause it first")?;
            let frames: Vec<Frame> = self.asked(Ask::Frames { thread }).await?;
            (thread, frames.first().map_or(0, |frame| frame.number))
        };
        let path = Some(text.clone());
        let shown: Shown = self.asked(Ask::Evaluate { thread, frame, text }).await?;
        let mut value = self.references.value(thread, frame, &shown, path);
        value["result"] = value["value"].take();
        Ok(value)
    }

    async fn go(&mut self, arguments: &Json, how: Go) -> Answer {
        let thread = thread_of(arguments);
        self.references.forget(thread);
        self.stopped = self.stopped.filter(|own| *own != thread);
        self.ask(Ask::Go { thread, how }).await?;
        Ok(json!({"allThreadsContinued": false}))
    }

    async fn ask(&self, ask: Ask) -> Answer {
        match &self.link {
            Some(link) => link.ask(ask).await,
            None => Err("nothing is being debugged".to_owned()),
        }
    }

    async fn asked<T: DeserializeOwned>(&self, ask: Ask) -> Result<T, String> {
        let answer = self.ask(ask).await?;
        serde_json::from_value(answer).map_err(|error| format!("the answer cannot be read: {error}"))
    }

    // -- telling ----------------------------------------------------------------------------------

    async fn told(&mut self, told: Told) -> Result<()> {
        match told {
            Told::Began(ThreadInfo { thread, .. }) => {
                self.transport.tell("thread", json!({"reason": "started", "threadId": thread})).await
            }
            Told::Stopped { thread, reason, text, breakpoints } => {
                self.stopped = Some(thread);
                let entry = std::mem::take(&mut self.entry) && reason == "step";
                let reason = if entry { "entry" } else { &reason };
                let mut stopped = json!({"reason": reason, "threadId": thread, "allThreadsStopped": false});
                if let Some(text) = text {
                    stopped["text"] = text.clone().into();
                    stopped["description"] = "Stopped at an error".into();
                }
                if !breakpoints.is_empty() {
                    stopped["hitBreakpointIds"] = json!(breakpoints);
                }
                self.transport.tell("stopped", stopped).await
            }
            Told::WentOn { thread } => {
                self.references.forget(thread);
                self.stopped = self.stopped.filter(|own| *own != thread);
                self.transport.tell("continued", json!({"threadId": thread, "allThreadsContinued": false})).await
            }
            Told::Log { text, file, line } => {
                let path = self.paths.path_of(&file);
                let output = json!({
                    "category": "console", "output": format!("{text}\n"), "line": line - u32::from(self.lines_from_0),
                    "source": {"path": path},
                });
                self.transport.tell("output", output).await
            }
        }
    }

    async fn does(&mut self, does: Does) -> Result<()> {
        let (category, text) = match does {
            Does::Says(text) => ("stdout", text),
            Does::Fails(text) => ("stderr", text),
            Does::Asks => {
                self.asks = true;
                ("console", "The script waits for an answer: type it here.".to_owned())
            }
            Does::Ends(status) => {
                self.running = None;
                // What breakpoints have logged until then.
                while let Some(told) = self.told.as_mut().and_then(|told| told.try_recv().ok()) {
                    self.told(told).await?;
                }
                self.transport.tell("exited", json!({"exitCode": status})).await?;
                return self.transport.tell("terminated", json!({})).await;
            }
        };
        self.transport.tell("output", json!({"category": category, "output": format!("{text}\n")})).await
    }
}

fn capabilities() -> Json {
    json!({
        "supportsConfigurationDoneRequest": true,
        "supportsConditionalBreakpoints": true,
        "supportsHitConditionalBreakpoints": true,
        "supportsLogPoints": true,
        "supportsEvaluateForHovers": true,
        "supportsSetVariable": true,
        "supportsTerminateRequest": true,
        "exceptionBreakpointFilters": [
            {"filter": "uncaught", "label": "Errors that end the script", "default": true},
            {"filter": "caught", "label": "Errors that the script traps", "default": false},
        ],
    })
}

fn read<T: DeserializeOwned>(arguments: &Json) -> Result<T, String> {
    serde_json::from_value(arguments.clone()).map_err(|error| format!("the request cannot be read: {error}"))
}

fn thread_of(arguments: &Json) -> u32 {
    arguments["threadId"].as_u64().and_then(|id| u32::try_from(id).ok()).unwrap_or_default()
}
