//! Where lines come from: a terminal, or a pipe. A thread of its own reads, one line for each that is asked for.

use std::{
    io::{self, BufRead as _},
    sync::Arc,
    thread,
};

use anyhow::{Result, anyhow};
use tokio::sync::{Mutex, mpsc};

use crate::terminal;

/// What was typed.
pub(super) enum Line {
    Text(String),
    Interrupted,
    End,
}

pub(super) struct Reader {
    wanted: mpsc::UnboundedSender<()>,
    state: Mutex<State>,
}

struct State {
    lines: mpsc::UnboundedReceiver<io::Result<Line>>,
    /// A line was asked for and has not come: whoever waited for it went away.
    pending: bool,
}

impl Reader {
    pub(super) fn start() -> Arc<Self> {
        let (wanted, orders) = mpsc::unbounded_channel();
        let (sender, lines) = mpsc::unbounded_channel();
        // Nothing waits for it when the program ends.
        thread::spawn(move || read(orders, &sender));
        Arc::new(Self { wanted, state: Mutex::new(State { lines, pending: false }) })
    }

    /// The next line.
    pub(super) async fn line(&self, prompt: &str) -> Result<Line> {
        let mut state = self.state.lock().await;
        if terminal::is_interactive() {
            terminal::prompt(prompt);
        }
        if !std::mem::replace(&mut state.pending, true) {
            self.wanted.send(()).map_err(|_| anyhow!("nothing can be read"))?;
        }
        let line = state.lines.recv().await;
        state.pending = false;
        Ok(line.transpose()?.unwrap_or(Line::End))
    }
}

fn read(mut orders: mpsc::UnboundedReceiver<()>, sender: &mpsc::UnboundedSender<io::Result<Line>>) {
    let mut input = io::stdin().lock();
    while orders.blocking_recv().is_some() {
        let mut bytes = Vec::new();
        let line = match input.read_until(b'\n', &mut bytes) {
            Ok(0) => Ok(Line::End),
            Ok(_) => Ok(Line::Text(terminal::text_of_line(&bytes))),
            Err(error) => Err(error),
        };
        if sender.send(line).is_err() {
            return;
        }
    }
}
