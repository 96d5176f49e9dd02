//! Anthropic's Messages API.

mod request;
mod stream;

pub(crate) use request::{VERSION, body};
pub(crate) use stream::MessagesReader;
