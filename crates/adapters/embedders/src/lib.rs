//! Embedders: a model in this process, or a service that speaks as OpenAI does; and the models that can be installed.
//! Knows only the port, not what is embedded or why.

mod catalogue;
mod install;
mod local;
mod openai;
mod runner;

pub use catalogue::{Build, ModelEntry, ModelFile, find_model, models};
pub use install::{InstallError, InstalledModel, ModelFolder, Progress};
pub use local::{LocalEmbedder, LocalOptions};
pub use openai::{OpenAiEmbedder, OpenAiSettings};
