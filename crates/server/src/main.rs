//! The `botserver` binary: the command line, the start order, the list of modules, the shutdown.
//! The only crate that names adapters.

mod bootstrap;
mod command_line;
mod data_dir;
mod modules;
mod overview;
mod problems;
mod samples;
mod serve;
mod tables;

use std::process::ExitCode;

use clap::Parser;

use crate::command_line::{Command, CommandLine};

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
    let outcome = runtime.block_on(async {
        match line.command {
            Command::Serve(options) => serve::run(&line.common, &options).await,
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

/// Errors go to stderr: what happened, then why, a line each.
fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("botserver: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  because {cause}");
    }
    ExitCode::FAILURE
}
