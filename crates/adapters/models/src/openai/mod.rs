//! OpenAI's chat completions, as OpenAI documents them and as everybody else speaks them.

mod request;
mod stream;

pub(crate) use request::{Quirks, body};
pub(crate) use stream::ChatReader;
