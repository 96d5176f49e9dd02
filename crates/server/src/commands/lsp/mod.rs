//! `botserver lsp`: the language server for editors, over stdin and stdout. The log goes to stderr.

mod packages;

use std::sync::Arc;

use anyhow::{Context, Result};
use botserver_basic_lsp::{Ended, Language, Options};
use botserver_packages::Language as PackageLanguage;
use botserver_runtime::function_signatures;
use tokio::{runtime::Handle, sync::oneshot};

use self::packages::OnDisk;
use super::{Ending, show_log};
use crate::{
    command_line::Common,
    installation::Installation,
    settings::{self, Overrides},
};

/// Deep expressions are walked by functions that call themselves.
const STACK: usize = 16 << 20;

pub(crate) async fn run(common: &Common) -> Result<Ending> {
    show_log("warn")?;
    // The editor waits for an answer; what it sends meanwhile is kept.
    let (connection, writer) = botserver_basic_lsp::stdio().context("cannot read from stdin")?;
    let defaults = settings::load(common, &Overrides::default())?.bot_defaults;
    let installation = Installation::temporary(common).await?;
    let assembled = &installation.assembled;
    let declarations = assembled.turns.keywords.declarations();
    let on_disk = OnDisk {
        language: PackageLanguage::new(&declarations, &function_signatures())?,
        defaults,
        db: assembled.db.clone(),
        org_id: assembled.auth.org_id(),
        handle: Handle::current(),
        tried: parking_lot::Mutex::default(),
    };
    let language = Arc::new(Language::new(declarations, botserver_basic_std::functions())?);
    let (finished, ended) = oneshot::channel();
    let session = std::thread::Builder::new().name("lsp".to_owned()).stack_size(STACK).spawn(move || {
        let ended = botserver_basic_lsp::serve(&connection, language, Arc::new(on_disk), Options::default());
        drop(connection);
        // What was answered last is still on its way.
        let _ = writer.join();
        let _ = finished.send(ended);
    });
    session.context("cannot start a thread")?;
    let ended = ended.await.context("the language server broke off")??;
    installation.close().await;
    Ok(Ending::of(ended == Ended::Properly))
}
