//! The grammar of the command line: noun verb; the author's daily verbs stand alone.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// BotServer: conversational bots from folders.
#[derive(Debug, Parser)]
#[command(name = "botserver", version, about, arg_required_else_help = true)]
pub(crate) struct CommandLine {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Where the installation is.
#[derive(Clone, Debug, Args)]
pub(crate) struct Common {
    /// The data directory.
    #[arg(long, global = true, default_value = "./data", value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// The settings file, instead of config.toml in the data directory.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server.
    Serve(ServeOptions),
}

/// Options of `serve`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ServeOptions {
    /// The address to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) listen: Option<String>,
    /// The folder of the bot packages (default: bots in the data directory).
    #[arg(long, value_name = "DIR")]
    pub(crate) bots: Option<PathBuf>,
    /// The database: sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME.
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// Open the owner's page in the browser.
    #[arg(long)]
    pub(crate) open: bool,
}
