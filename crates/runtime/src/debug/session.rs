//! Sessions: who debugs which bot, what they want, and which programs they lead.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use botserver_basic_syntax::Grammar;
use botserver_basic_vm::Image;
use botserver_kernel::{BotId, ConversationId};
use parking_lot::Mutex;
use serde_json::{Value as Json, json};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    Led,
    breakpoints::Breakpoints,
    wire::{Ask, Go, ThreadInfo, Told},
};
use crate::ScriptProgram;

/// The door to debugging: closed, unless whoever starts the program opens it.
pub struct Debuggers {
    grammar: Arc<Grammar>,
    open: AtomicBool,
    sessions: Mutex<Vec<Arc<Shared>>>,
}

/// What a session is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The bot.
    pub bot_id: BotId,
    /// One of its conversations; none for all of them.
    pub conversation: Option<ConversationId>,
}

/// A debugger's side of a session. When it is dropped, everything goes on.
pub struct Session {
    shared: Arc<Shared>,
    debuggers: Arc<Debuggers>,
}

/// What a session and the programs that it leads share.
pub(super) struct Shared {
    target: Target,
    pub(super) grammar: Arc<Grammar>,
    /// The scripts that breakpoints are checked against.
    image: Arc<Image>,
    pub(super) wanted: Mutex<Wanted>,
    /// Grows with every change of what is wanted.
    pub(super) changes: AtomicU64,
    threads: Mutex<Threads>,
    told: mpsc::UnboundedSender<Told>,
    /// Becomes true at the end of the session.
    pub(super) over: watch::Sender<bool>,
    /// Programs stop at their first statement.
    stop_on_entry: bool,
}

#[derive(Default)]
pub(super) struct Wanted {
    pub(super) breakpoints: Breakpoints,
    pub(super) caught: bool,
    pub(super) uncaught: bool,
}

#[derive(Default)]
struct Threads {
    all: BTreeMap<u32, Thread>,
    last: u32,
}

/// A conversation, or the one program that was started for the session.
struct Thread {
    name: String,
    conversation: Option<ConversationId>,
    pub(super) mode: Mode,
    /// Somebody wants it to stop.
    pause: bool,
    /// Where it takes orders while it stands still.
    orders: Option<mpsc::UnboundedSender<Order>>,
}

/// How a thread runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mode {
    pub(super) go: Go,
    /// The calls that were running when it was told so.
    pub(super) depth: usize,
}

/// A question that a program answers while it stands still.
pub(super) struct Order {
    pub(super) ask: Ask,
    pub(super) answer: oneshot::Sender<Result<Json, String>>,
}

impl Debuggers {
    /// The door, closed.
    pub fn new(grammar: Arc<Grammar>) -> Arc<Self> {
        Arc::new(Self { grammar, open: AtomicBool::new(false), sessions: Mutex::default() })
    }

    /// Lets debuggers in from now on.
    pub fn open(&self) {
        self.open.store(true, Ordering::Relaxed);
    }

    /// True if debuggers are let in.
    pub fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    /// Ends all sessions, and lets nobody in any more.
    pub fn close(&self) {
        self.open.store(false, Ordering::Relaxed);
        for shared in self.sessions.lock().drain(..) {
            shared.over.send_replace(true);
        }
    }

    /// Begins a session with a bot whose scripts are these; what it tells comes through the second part.
    pub fn begin(
        self: &Arc<Self>,
        target: Target,
        image: Arc<Image>,
        stop_on_entry: bool,
    ) -> (Session, mpsc::UnboundedReceiver<Told>) {
        let (told, listener) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            target,
            grammar: self.grammar.clone(),
            image,
            wanted: Mutex::default(),
            changes: AtomicU64::new(1),
            threads: Mutex::default(),
            told,
            over: watch::Sender::new(false),
            stop_on_entry,
        });
        self.sessions.lock().push(shared.clone());
        (Session { shared, debuggers: self.clone() }, listener)
    }

    /// Gives a program to the session that is about it, if there is one; `sources` are the texts of its package.
    pub fn lead(&self, program: &mut ScriptProgram, sources: &BTreeMap<Arc<str>, Arc<str>>) {
        if !self.is_open() {
            return;
        }
        let (bot_id, conversation) = program.whose();
        let is_meant = |own: &&Arc<Shared>| {
            own.target.bot_id == bot_id && own.target.conversation.is_none_or(|meant| Some(meant) == conversation)
        };
        // The one that came last.
        let found = self.sessions.lock().iter().rev().find(is_meant).cloned();
        if let Some(shared) = found {
            program.is_led_by(Led::new(shared, conversation, sources.clone()));
        }
    }
}

impl Session {
    /// Asks or orders something; an error is a sentence.
    pub async fn ask(&self, ask: Ask) -> Result<Json, String> {
        let Some(thread) = ask.thread() else { return self.answer(ask) };
        let (sender, answer) = oneshot::channel();
        let sent = self.shared.threads.lock().all.get(&thread).and_then(|thread| thread.orders.clone());
        let sent = sent.is_some_and(|orders| orders.send(Order { ask, answer: sender }).is_ok());
        let running = || "the script is running; pause it first".to_owned();
        if !sent {
            return Err(running());
        }
        answer.await.unwrap_or_else(|_| Err(running()))
    }

    /// What needs no program that stands still.
    fn answer(&self, ask: Ask) -> Result<Json, String> {
        let shared = &self.shared;
        let answer = match ask {
            Ask::Breakpoints { file, wanted } => {
                json!(shared.wanted.lock().breakpoints.set(&file, wanted, &shared.image))
            }
            Ask::Errors { caught, uncaught } => {
                let mut wanted = shared.wanted.lock();
                (wanted.caught, wanted.uncaught) = (caught, uncaught);
                Json::Null
            }
            Ask::Threads => {
                let threads = shared.threads.lock();
                let all = threads.all.iter().map(|(id, own)| ThreadInfo { thread: *id, name: own.name.clone() });
                json!(all.collect::<Vec<_>>())
            }
            Ask::Pause { thread } => match shared.threads.lock().all.get_mut(&thread) {
                Some(own) => {
                    own.pause = true;
                    Json::Null
                }
                None => return Err("there is no such thread".to_owned()),
            },
            _ => return Err("this is asked of a thread".to_owned()),
        };
        shared.changes.fetch_add(1, Ordering::Relaxed);
        Ok(answer)
    }

    /// Leads a program that was started for this session.
    pub fn lead(&self, program: &mut ScriptProgram, sources: &BTreeMap<Arc<str>, Arc<str>>) {
        program.is_led_by(Led::new(self.shared.clone(), program.whose().1, sources.clone()));
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.debuggers.sessions.lock().retain(|own| !Arc::ptr_eq(own, &self.shared));
        self.shared.over.send_replace(true);
    }
}

impl Shared {
    pub(super) fn is_over(&self) -> bool {
        *self.over.borrow()
    }

    pub(super) fn tell(&self, told: Told) {
        // A debugger that has just gone needs to know nothing.
        let _ = self.told.send(told);
    }

    /// The thread of a conversation; its first program makes it.
    pub(super) fn thread(&self, conversation: Option<ConversationId>, name: &str) -> u32 {
        let mut threads = self.threads.lock();
        if let Some((id, _)) = threads.all.iter().find(|(_, own)| own.conversation == conversation) {
            return *id;
        }
        threads.last += 1;
        let (id, name) = (threads.last, conversation.map_or_else(|| name.to_owned(), |own| format!("{name} {own}")));
        let mode = Mode { go: if self.stop_on_entry { Go::In } else { Go::On }, depth: 0 };
        threads.all.insert(id, Thread { name: name.clone(), conversation, mode, pause: false, orders: None });
        self.tell(Told::Began(ThreadInfo { thread: id, name }));
        id
    }

    /// How a thread shall run now, and whether it shall pause.
    pub(super) fn mode(&self, thread: u32) -> (Mode, bool) {
        let threads = self.threads.lock();
        threads.all.get(&thread).map(|own| (own.mode, own.pause)).unwrap_or_default()
    }

    pub(super) fn set_mode(&self, thread: u32, mode: Mode) {
        if let Some(own) = self.threads.lock().all.get_mut(&thread) {
            own.mode = mode;
        }
    }

    /// From now on a thread takes orders here, or does not.
    pub(super) fn stands_still(&self, thread: u32, orders: Option<mpsc::UnboundedSender<Order>>) {
        if let Some(own) = self.threads.lock().all.get_mut(&thread) {
            own.pause = false;
            own.orders = orders;
        }
    }
}
