//! Where a value came from, in words a person can act on.

use std::{fmt, sync::Arc};

/// Where a value came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Built in.
    #[default]
    Default,
    /// A line of a file: `config.toml` of the server, `config.csv` of a bot.
    File {
        /// The file, as the reader knows it.
        path: Arc<str>,
        /// The line, from 1.
        line: u32,
    },
    /// An environment variable.
    Environment {
        /// Its name.
        variable: Arc<str>,
    },
    /// A file that an environment variable `…_FILE` names.
    EnvironmentFile {
        /// The variable.
        variable: Arc<str>,
        /// The file.
        path: Arc<str>,
    },
    /// A command-line flag.
    Flag {
        /// With its dashes.
        flag: Arc<str>,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => out.write_str("default"),
            Self::File { path, line } => write!(out, "{path}:{line}"),
            Self::Environment { variable } => out.write_str(variable),
            Self::EnvironmentFile { variable, path } => write!(out, "{variable} ({path})"),
            Self::Flag { flag } => out.write_str(flag),
        }
    }
}
