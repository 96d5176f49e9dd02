//! Debuggers that come through the control socket: a session for as long as the connection lasts, questions and events
//! as lines of JSON.

use std::sync::Arc;

use botserver_kernel::ConversationId;
use botserver_packages::Packages;
use botserver_runtime::debug::{Ask, Debuggers, Session, Target, Told};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::UnixStream,
    sync::mpsc,
};
use tokio_util::sync::CancellationToken;

use crate::control::Debugging;

/// A question with its number.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) id: u64,
    pub(crate) ask: Ask,
}

/// What a debugger hears.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Heard {
    Answer { id: u64, answer: Result<Json, String> },
    Told(Told),
}

/// The door for debuggers, as the control socket has it.
pub(crate) struct Door {
    pub(crate) debuggers: Arc<Debuggers>,
    pub(crate) packages: Packages,
}

/// A session that has begun.
pub(crate) struct Begun {
    session: Session,
    told: mpsc::UnboundedReceiver<Told>,
}

impl Door {
    /// Begins a session; an error is a sentence for whoever asked.
    pub(crate) fn begin(&self, bot: &str, conversation: Option<&str>) -> Result<(Begun, Debugging), String> {
        if !self.debuggers.is_open() {
            return Err("this server is not one for development: start it with `botserver serve --dev` to look into \
                        running scripts"
                .to_owned());
        }
        let id = self.packages.find_by_name(&bot.to_lowercase());
        let Some(package) = id.and_then(|id| self.packages.current(id)) else {
            return Err(format!("there is no bot `{bot}` on this server"));
        };
        let conversation = match conversation.filter(|id| !id.trim().is_empty()) {
            Some(id) => {
                let wrong = |_| format!("`{id}` is no id of a conversation; the address of its page has it");
                Some(id.trim().parse::<ConversationId>().map_err(wrong)?)
            }
            None => None,
        };
        let target = Target { bot_id: package.bot_id, conversation };
        let (session, told) = self.debuggers.begin(target, package.image.clone(), false);
        let root = self.packages.folder(package.bot_id).unwrap_or_default();
        let root = std::fs::canonicalize(&root).unwrap_or(root);
        Ok((Begun { session, told }, Debugging { root }))
    }
}

impl Begun {
    /// Answers questions and passes on what happens, until the debugger goes or the server stops.
    pub(crate) async fn talk(mut self, stream: UnixStream, stop: CancellationToken) {
        let (reader, mut writer) = stream.into_split();
        let mut lines = BufReader::new(reader).lines();
        loop {
            let heard = tokio::select! {
                told = self.told.recv() => match told {
                    Some(told) => Heard::Told(told),
                    None => return,
                },
                line = lines.next_line() => {
                    let Ok(Some(line)) = line else { return };
                    let Ok(Asked { id, ask }) = serde_json::from_str(&line) else {
                        tracing::warn!("a debugger asks something unknown");
                        return;
                    };
                    Heard::Answer { id, answer: self.session.ask(ask).await }
                },
                () = stop.cancelled() => return,
            };
            let Ok(mut line) = serde_json::to_string(&heard) else { return };
            line.push('\n');
            if writer.write_all(line.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}
