//! The verbs of the binary, a file each. A command gives data on stdout, everything else on stderr, and tells by its
//! ending whether it found what it was asked to look for.

mod backup;
mod bot;
mod chat;
mod check;
mod config;
mod dap;
mod doctor;
mod explain;
mod fmt;
pub(crate) mod kb;
mod lsp;
mod model;
mod openapi;
mod owner;
mod repl;
mod run;
pub(crate) mod test;
mod workshop;

use anyhow::{Context, Result};
use tracing_subscriber::EnvFilter;

use crate::{
    command_line::{BackupCommand, BotCommand, Command, CommandLine, ConfigCommand, ModelCommand, OwnerCommand},
    serve, terminal,
};

/// How a command ended that could be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Exit status 0.
    Success,
    /// It has told what is wrong: exit status 1.
    Failure,
    /// A status of its own, with a meaning for whoever started it.
    Status(u8),
}

impl Ending {
    /// Success if nothing is wrong.
    const fn of(fine: bool) -> Self {
        if fine { Self::Success } else { Self::Failure }
    }
}

/// Carries out a command.
pub(crate) async fn run(line: CommandLine) -> Result<Ending> {
    let common = &line.common;
    match line.command {
        Command::Serve(options) => serve::run(common, &options).await.map(|()| Ending::Success),
        Command::Chat(options) => chat::run(common, &options).await,
        Command::Run(options) => run::run(common, &options).await,
        Command::Repl(options) => repl::run(common, &options).await,
        Command::Dap(options) => dap::run(common, &options).await,
        Command::Check(options) => check::run(common, &options).await,
        Command::Lsp => lsp::run(common).await,
        Command::Fmt(options) => fmt::run(common, &options).await,
        Command::Test(options) => test::run(common, &options).await,
        Command::Bot(BotCommand::New(options)) => bot::new(common, &options).await,
        Command::Owner(OwnerCommand::Link(options)) => owner::link(common, &options).await,
        Command::Kb(command) => kb::run(common, &command).await,
        Command::Doctor(options) => doctor::run(common, &options).await,
        Command::Config(ConfigCommand::Show(options)) => config::show(common, &options),
        Command::Config(ConfigCommand::Validate) => config::validate(common),
        Command::Backup(BackupCommand::Create(options)) => backup::create(common, &options.file).await,
        Command::Backup(BackupCommand::Verify(options)) => backup::verify(&options.file).await,
        Command::Backup(BackupCommand::Restore(options)) => backup::restore(common, &options.file).await,
        Command::Model(ModelCommand::List(options)) => model::list(common, &options),
        Command::Model(ModelCommand::Pull(options)) => model::pull(common, options).await,
        Command::Openapi => openapi::run(common).await,
        Command::Explain(options) => explain::run(common, &options).await,
        Command::Extract(options) => Ok(Ending::Status(botserver_documents::extract_main(options.args))),
    }
}

/// Shows what the rooms log, for commands that open an installation by themselves.
fn show_log(filter: &str) -> Result<()> {
    let filter = EnvFilter::try_new(filter).context("the filter of the log cannot be read")?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(terminal::may_colour())
        .without_time()
        .with_target(false)
        .init();
    Ok(())
}
