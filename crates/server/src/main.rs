//! The `botserver` binary: the command line, the start order, the list of modules, the shutdown.
//! The only crate that names adapters.

mod bootstrap;
mod command_line;
mod commands;
mod control;
mod data_dir;
mod debugging;
mod documents;
mod embedders;
mod installation;
mod models;
mod modules;
mod overview;
mod problems;
mod samples;
mod serve;
mod settings;
mod tables;
mod terminal;
mod upkeep;

use std::process::ExitCode;

use clap::Parser;

use crate::{command_line::CommandLine, commands::Ending};

/// A turn makes and frees hundreds of small things, on whichever thread has time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // rustls wants one provider for the process; two in one binary would panic at the first connection.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        tracing::debug!("a TLS provider was installed already");
    }
    let line = CommandLine::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&anyhow::anyhow!(error).context("cannot start the async runtime")),
    };
    match runtime.block_on(commands::run(line)) {
        Ok(Ending::Success) => ExitCode::SUCCESS,
        Ok(Ending::Failure) => ExitCode::FAILURE,
        Ok(Ending::Status(status)) => ExitCode::from(status),
        // Nobody reads any more, as behind `| head`.
        Err(error) if terminal::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

/// Errors go to stderr: what happened, then why, a line each.
fn failed(error: &anyhow::Error) -> ExitCode {
    terminal::tell(&format!("botserver: {error}"));
    let mut said = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        // Some errors repeat the text of what caused them.
        if !said.ends_with(&cause) {
            terminal::tell(&format!("  because {cause}"));
        }
        said = cause;
    }
    ExitCode::FAILURE
}
