//! Keywords of the runtime against the world outside.

mod http;
