//! A keyword: its declaration paired with the code that runs it, and the registry of all of them.

use std::{collections::HashMap, future::Future, pin::Pin, sync::Arc};

use botserver_basic_types::{Args, BasicError, Effect, KeywordDecl, Value};
use botserver_config::BotConfig;
use botserver_db::Tx;
pub use botserver_engines::TurnBuffer;
use botserver_kernel::{BotId, ConversationId, Principal, Timestamp};

/// A boxed future, as handlers return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

type Result<T> = std::result::Result<T, BasicError>;

/// For whom and where a keyword runs.
#[derive(Clone)]
pub struct CallContext {
    /// Who acts: every query goes through its organisation, every permission is asked for it.
    pub principal: Principal,
    /// The bot.
    pub bot_id: BotId,
    /// The bot's name, as in its folder and address.
    pub bot_name: Arc<str>,
    /// The version of the package that this run is pinned to.
    pub package_version: Arc<str>,
    /// The conversation; `None` for scheduled jobs and webhooks.
    pub conversation_id: Option<ConversationId>,
    /// The bot's settings.
    pub config: Arc<BotConfig>,
    /// Language of the person, such as `pt`.
    pub locale: Arc<str>,
    /// The bot's time zone.
    pub time_zone: jiff::tz::TimeZone,
    /// The turn, as messages name it.
    pub turn: Arc<str>,
    /// The moment the turn began.
    pub now: Timestamp,
}

type ReadFn = dyn for<'a> Fn(&'a CallContext, Args) -> BoxFuture<'a, Result<Value>> + Send + Sync;
type LocalFn = dyn for<'a> Fn(&'a CallContext, &'a Tx, Args) -> BoxFuture<'a, Result<Value>> + Send + Sync;
type WriteFn = dyn for<'a> Fn(&'a CallContext, &'a str, Args) -> BoxFuture<'a, Result<Value>> + Send + Sync;
type SayFn = dyn Fn(&CallContext, &mut TurnBuffer, Args) -> Result<Value> + Send + Sync;
type WaitFn = dyn Fn(&Args) -> Result<f64> + Send + Sync;
type ChooseFn = dyn Fn(&Args) -> usize + Send + Sync;

/// The code behind a keyword, by what it does to the world.
#[derive(Clone)]
pub enum Handler {
    /// Looks at the world. `slow` ones (over 50 ms: HTTP, models) are preceded by a checkpoint.
    Read {
        /// May it take longer than 50 ms?
        slow: bool,
        /// The code.
        run: Arc<ReadFn>,
    },
    /// Changes our own database inside the transaction it is given, exactly once.
    Local(Arc<LocalFn>),
    /// Changes the outside world under the idempotency key it is given.
    Write(Arc<WriteFn>),
    /// Adds to the turn; reading and changing the state document is deterministic, so it is replayed.
    Say(Arc<SayFn>),
    /// Waits that many seconds (WAIT), computed from the arguments.
    Wait(Arc<WaitFn>),
    /// Chosen by the arguments: `DELETE` takes a URL, a table or a file.
    Choice(Arc<ChooseFn>, Vec<Handler>),
    /// The syntax is known, the capability is not part of this build.
    Missing,
}

/// A keyword of the language.
#[derive(Clone)]
pub struct Keyword {
    /// Its declaration.
    pub decl: KeywordDecl,
    /// Its code.
    pub handler: Handler,
    /// The parts of the conversation's state document that its code is given, each as the argument `state.KEY`: reads
    /// and writes do not see the turn.
    pub state: &'static [&'static str],
}

/// Says of keywords which errors they raise.
#[must_use]
pub fn raising(mut keywords: Vec<Keyword>, errors: &'static [u32]) -> Vec<Keyword> {
    for keyword in keywords.iter_mut().filter(|own| own.decl.errors.is_empty()) {
        keyword.decl.errors = errors;
    }
    keywords
}

impl Keyword {
    /// A keyword that looks at the world and answers quickly (our own database, the clock).
    pub fn read(
        decl: KeywordDecl,
        run: impl for<'a> Fn(&'a CallContext, Args) -> BoxFuture<'a, Result<Value>> + Send + Sync + 'static,
    ) -> Self {
        Self { decl, handler: Handler::Read { slow: false, run: Arc::new(run) }, state: &[] }
    }

    /// A keyword that looks at the world and may take long (HTTP, a model).
    pub fn slow_read(
        decl: KeywordDecl,
        run: impl for<'a> Fn(&'a CallContext, Args) -> BoxFuture<'a, Result<Value>> + Send + Sync + 'static,
    ) -> Self {
        Self { decl, handler: Handler::Read { slow: true, run: Arc::new(run) }, state: &[] }
    }

    /// A keyword that changes our own database.
    pub fn local(
        decl: KeywordDecl,
        run: impl for<'a> Fn(&'a CallContext, &'a Tx, Args) -> BoxFuture<'a, Result<Value>> + Send + Sync + 'static,
    ) -> Self {
        Self { decl, handler: Handler::Local(Arc::new(run)), state: &[] }
    }

    /// A keyword that changes the outside world.
    pub fn write(
        decl: KeywordDecl,
        run: impl for<'a> Fn(&'a CallContext, &'a str, Args) -> BoxFuture<'a, Result<Value>> + Send + Sync + 'static,
    ) -> Self {
        Self { decl, handler: Handler::Write(Arc::new(run)), state: &[] }
    }

    /// A keyword that adds to the turn.
    pub fn say(
        decl: KeywordDecl,
        run: impl Fn(&CallContext, &mut TurnBuffer, Args) -> Result<Value> + Send + Sync + 'static,
    ) -> Self {
        Self { decl, handler: Handler::Say(Arc::new(run)), state: &[] }
    }

    /// A keyword whose arguments decide what it does.
    pub fn choice(
        decl: KeywordDecl,
        choose: impl Fn(&Args) -> usize + Send + Sync + 'static,
        handlers: Vec<Handler>,
    ) -> Self {
        Self { decl, handler: Handler::Choice(Arc::new(choose), handlers), state: &[] }
    }

    /// Gives its code these parts of the conversation's state document.
    pub fn with_state(self, keys: &'static [&'static str]) -> Self {
        Self { state: keys, ..self }
    }

    /// A keyword whose room is not built yet.
    pub fn missing(decl: KeywordDecl, capability: &'static str) -> Self {
        Self { decl: decl.needs(capability), handler: Handler::Missing, state: &[] }
    }
}

impl Handler {
    /// The handler for these arguments, choices resolved.
    pub fn resolve(&self, args: &Args) -> &Self {
        match self {
            Self::Choice(choose, handlers) => {
                handlers.get(choose(args)).map_or(&Self::Missing, |own| own.resolve(args))
            }
            own => own,
        }
    }

    fn effect(&self) -> Option<Effect> {
        match self {
            Self::Read { .. } => Some(Effect::Read),
            Self::Local(_) => Some(Effect::Local),
            Self::Write(_) => Some(Effect::Write),
            Self::Say(_) => Some(Effect::Say),
            Self::Wait(_) => Some(Effect::Wait),
            Self::Choice(..) | Self::Missing => None,
        }
    }
}

/// A mistake in the declarations, found at start.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// Two keywords share a stable name.
    #[error("the keyword {0} is declared twice")]
    Twice(String),
    /// The declaration promises another effect than the handler has.
    #[error("the keyword {0} declares another effect than its handler has")]
    Effect(String),
}

/// All keywords of this build, by stable name.
#[derive(Default)]
pub struct KeywordRegistry {
    by_name: HashMap<String, Keyword>,
}

impl KeywordRegistry {
    /// Collects the keywords of all rooms.
    pub fn new(keywords: impl IntoIterator<Item = Keyword>) -> std::result::Result<Self, RegistryError> {
        let mut by_name = HashMap::new();
        for keyword in keywords {
            let name = keyword.decl.name.to_string();
            if keyword.handler.effect().is_some_and(|effect| effect != keyword.decl.effect) {
                return Err(RegistryError::Effect(name));
            }
            if by_name.insert(name.clone(), keyword).is_some() {
                return Err(RegistryError::Twice(name));
            }
        }
        Ok(Self { by_name })
    }

    /// By stable name.
    pub fn get(&self, name: &str) -> Option<&Keyword> {
        self.by_name.get(name)
    }

    /// The declarations, sorted by name: the grammar is made from them.
    pub fn declarations(&self) -> Vec<KeywordDecl> {
        let mut all: Vec<_> = self.by_name.values().map(|keyword| keyword.decl.clone()).collect();
        all.sort_by(|left, right| left.name.cmp(&right.name));
        all
    }
}
