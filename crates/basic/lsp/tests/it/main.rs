//! The language server as an editor sees it: a scripted client over a connection in memory.
#![cfg(test)]

mod client;
mod completion;
mod diagnostics;
mod hover;
mod language;
mod navigation;
mod renaming;
mod session;
mod signature;
