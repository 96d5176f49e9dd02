//! The way to a session: in this process, or in the server that runs on a data directory.

use std::{collections::HashMap, path::Path, sync::Arc};

use anyhow::Result;
use botserver_runtime::debug::{Ask, Session, Told};
use parking_lot::Mutex;
use serde_json::Value as Json;
use tokio::{
    io::{AsyncWriteExt as _, Lines},
    net::unix::{OwnedReadHalf, OwnedWriteHalf},
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use crate::{
    control,
    debugging::{Asked, Heard},
};

/// A session, wherever it is.
pub(super) enum Link {
    Here(Session),
    There(There),
}

/// A session in a server.
pub(super) struct There {
    writer: tokio::sync::Mutex<(u64, OwnedWriteHalf)>,
    waiting: Waiting,
    _reading: JoinSet<()>,
}

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Result<Json, String>>>>>;

const GONE: &str = "the server has gone";

impl Link {
    /// Begins a session with a bot of the server that runs on a data directory.
    pub(super) async fn to_server(
        dir: &Path,
        bot: &str,
        conversation: Option<&str>,
    ) -> Result<(Self, control::Debugging, mpsc::UnboundedReceiver<Told>)> {
        let (begun, (lines, writer)) = control::begin_debugging(dir, bot, conversation).await?;
        let (sender, told) = mpsc::unbounded_channel();
        let waiting = Waiting::default();
        let mut reading = JoinSet::new();
        reading.spawn(read(lines, sender, waiting.clone()));
        let writer = tokio::sync::Mutex::new((0, writer));
        Ok((Self::There(There { writer, waiting, _reading: reading }), begun, told))
    }

    /// Asks or orders something; an error is a sentence.
    pub(super) async fn ask(&self, ask: Ask) -> Result<Json, String> {
        let there = match self {
            Self::Here(session) => return session.ask(ask).await,
            Self::There(there) => there,
        };
        let (sender, answer) = oneshot::channel();
        {
            let mut writer = there.writer.lock().await;
            writer.0 += 1;
            let id = writer.0;
            there.waiting.lock().insert(id, sender);
            let mut line = serde_json::to_string(&Asked { id, ask }).map_err(|error| error.to_string())?;
            line.push('\n');
            writer.1.write_all(line.as_bytes()).await.map_err(|_| GONE.to_owned())?;
        }
        answer.await.unwrap_or_else(|_| Err(GONE.to_owned()))
    }
}

async fn read(
    mut lines: Lines<tokio::io::BufReader<OwnedReadHalf>>,
    told: mpsc::UnboundedSender<Told>,
    waiting: Waiting,
) {
    while let Ok(Some(line)) = lines.next_line().await {
        match serde_json::from_str(&line) {
            Ok(Heard::Told(event)) => {
                if told.send(event).is_err() {
                    break;
                }
            }
            Ok(Heard::Answer { id, answer }) => {
                if let Some(sender) = waiting.lock().remove(&id) {
                    // Whoever asked may have given up.
                    let _ = sender.send(answer);
                }
            }
            Err(error) => tracing::warn!(%error, "the server says something unknown"),
        }
    }
    waiting.lock().clear();
}
