//! What commands that run scripts in their own process stand on: a script with its neighbours, a package, or a bot of a
//! data directory, each with the keywords of the whole build. Knows no command.

mod compile;
mod drive;
mod of_bot;
mod of_script;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use anyhow::{Result, bail};
use botserver_basic_syntax::Grammar;
use botserver_basic_types::{BasicError, Diagnostic, Severity, Span};
use botserver_basic_vm::Image;
use botserver_data::DataService;
use botserver_db::Db;
use botserver_kernel::{Clock, IdSource};
use botserver_runtime::{CallContext, KeywordRegistry};

pub(crate) use self::{
    drive::{Driven, Person, texts},
    of_bot::{of_bot, of_nothing, of_package},
    of_script::{Prepared, of_script},
};
use crate::{
    command_line::Common,
    data_dir::{HeldDir, Taken},
    installation::Installation,
    settings::{self, Overrides},
};

/// Everything that a script needs to run.
pub(crate) struct Stage {
    pub(crate) db: Db,
    pub(crate) data: DataService,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) keywords: Arc<KeywordRegistry>,
    pub(crate) grammar: Arc<Grammar>,
    pub(crate) image: Arc<Image>,
    /// The texts of the scripts, by the names that errors give them.
    pub(crate) sources: BTreeMap<Arc<str>, Arc<str>>,
    pub(crate) context: CallContext,
    /// Below which folder the names of scripts are paths.
    pub(crate) root: PathBuf,
}

impl Stage {
    /// The settings that scripts see as variables.
    pub(crate) fn settings(&self) -> Vec<String> {
        self.context.config.params().into_iter().map(|(name, _)| name).collect()
    }
}

/// The data directory that was asked for; otherwise one that is gone afterwards.
pub(crate) async fn open(common: &Common, overrides: &Overrides) -> Result<Installation> {
    let Some(dir) = &common.data else { return Installation::temporary(common).await };
    let settings = settings::load(common, overrides)?;
    match HeldDir::try_take(dir)? {
        Taken::Held(held) => Installation::open(settings, held).await,
        Taken::By(holder) => bail!(
            "a server ({}) uses the data directory {}; stop it, or leave --data away to run with tables in memory",
            holder.name(),
            dir.display()
        ),
    }
}

/// A run-time error as `check` shows mistakes: place, source line, caret, advice.
pub(crate) fn as_diagnostic(error: &BasicError, script: &Arc<str>) -> Diagnostic {
    let whole = Span { file: script.clone(), line: 1, column: 1, ..Span::default() };
    Diagnostic {
        // What the script reads as ERR; 0 is what it has thrown itself.
        code: if error.number == 0 { "THROW".into() } else { error.number.to_string().into() },
        severity: Severity::Error,
        message: error.message.clone(),
        span: error.span.clone().unwrap_or(whole),
        help: error.help.clone(),
    }
}
