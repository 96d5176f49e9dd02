//! Runs scripts: the BASIC machine as a durable program, the keyword registry, and the keywords that
//! need no domain (TALK, WAIT, clock, dice, HTTP). Knows no table and no channel.

mod clock_keywords;
mod conversation_keywords;
pub mod debug;
mod http_keywords;
mod input;
mod keyword;
mod not_built;
mod program;

pub use clock_keywords::{Dice, SystemDice, clock_keywords, clock_keywords_with};
pub use conversation_keywords::conversation_keywords;
pub use http_keywords::{GetElsewhere, HTTP_HEADERS, delete_url, http_keywords};
pub use input::{Beside, INPUT, Input, Refused, place_in_input};
pub use keyword::{BoxFuture, CallContext, Handler, Keyword, KeywordRegistry, RegistryError, TurnBuffer, raising};
pub use not_built::keywords_not_built;
pub use program::{
    Answer, KNOWLEDGE_STATE, Left, ScriptProgram, StartError, TYPED_TEXTS, failure_to_script_error,
    function_signatures, unanswered,
};
