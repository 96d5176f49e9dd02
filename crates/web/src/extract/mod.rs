//! Extractors whose refusals are problems with a sentence that helps.

mod client;
mod json;
mod page;
mod path;

pub use client::{ClientAddress, IdempotencyKey, Locale};
pub use json::Json;
pub use page::{PageParameters, PageQuery};
pub use path::{Path, Query};
