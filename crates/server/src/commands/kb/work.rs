//! Reading documents without a server: this process does the work itself and tells how far it is.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use botserver_kernel::{BotId, Principal};
use botserver_knowledge::Knowledge;
use serde_json::{Value as Json, json};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::{
    Ask, ask,
    status::{pasted, show},
    status_of,
};
use crate::{
    command_line::{Common, KbIndexOptions, KbStatusOptions, Output},
    commands::{Ending, show_log},
    data_dir::{HeldDir, Taken},
    installation::Installation,
    settings::{self, Overrides},
    terminal,
};

/// How often people are told how far it is.
const TOLD: Duration = Duration::from_secs(1);

/// What is left of the documents of a library.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Numbers {
    documents: i64,
    waiting: i64,
    failed: i64,
}

impl Numbers {
    async fn of(knowledge: &Knowledge, principal: &Principal, bot: BotId) -> Result<Self> {
        let (_, all) = knowledge.collections(principal, bot).await?;
        let mut sum = Self::default();
        for own in all {
            sum.documents += own.documents;
            sum.waiting += own.waiting;
            sum.failed += own.failed;
        }
        Ok(sum)
    }
}

/// Does everything that is due for one library, and tells on stderr how far it is.
pub(super) async fn finish(knowledge: &Knowledge, principal: &Principal, bot: BotId) -> Result<Numbers> {
    // What other bots lack is not what was asked for.
    for other in knowledge.libraries(principal).await? {
        if other.bot_id != bot {
            knowledge.detach(other.bot_id);
        }
    }
    let stop = CancellationToken::new();
    let mut work = std::pin::pin!(knowledge.settle(&stop));
    let mut ticks = interval(TOLD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = None;
    loop {
        tokio::select! {
            done = &mut work => break done?,
            _ = ticks.tick() => {
                let now = Numbers::of(knowledge, principal, bot).await?;
                if told != Some(now) && now.waiting > 0 {
                    terminal::tell(&format!("{} of {} documents are read", now.documents - now.waiting, now.documents));
                }
                told = Some(now);
            }
        }
    }
    Numbers::of(knowledge, principal, bot).await
}

/// Reads the documents of a library again, here and now.
pub(super) async fn read_again(knowledge: &Knowledge, principal: &Principal, bot: BotId) -> Result<Json> {
    // What was put there while no server ran is read as well.
    if let Err(error) = knowledge.sync(bot).await {
        bail!("{error}; nothing was read")
    }
    let documents = knowledge.reindex_all(principal, bot).await?;
    let left = finish(knowledge, principal, bot).await?;
    Ok(json!({"documents": documents, "failed": left.failed, "waiting": left.waiting, "done": left.waiting == 0}))
}

pub(super) async fn reindex(common: &Common, options: &KbStatusOptions) -> Result<Ending> {
    let found = ask(common, Ask::Reindex { name: options.name.clone() }).await?;
    if options.output == Output::Json {
        terminal::print(&found.to_string())?;
        return Ok(Ending::Success);
    }
    let number = |key: &str| found.get(key).and_then(Json::as_i64);
    let documents = number("documents").unwrap_or_default();
    let status = format!("`{}`", pasted(common, &["kb", "status", &options.name], ""));
    match (number("failed"), number("waiting")) {
        (None, _) | (_, None) => {
            terminal::print(&format!("The server reads {documents} documents again; {status} tells how far it is."))?;
        }
        (Some(failed), Some(waiting)) => {
            terminal::print(&format!("{documents} documents were read again."))?;
            if failed > 0 {
                terminal::tell(&format!("{failed} could not be read; {status} tells why."));
            }
            if waiting > 0 {
                terminal::tell(&format!("{waiting} must be tried once more: {status} tells why; a server does it."));
            }
        }
    }
    Ok(Ending::Success)
}

pub(super) async fn index(common: &Common, options: &KbIndexOptions) -> Result<Ending> {
    let settings = settings::load(common, &Overrides::default())?;
    let Taken::Held(held) = HeldDir::try_take(&settings.data_dir)? else {
        bail!(
            "a server uses the data directory {}; put the documents into a bot, or give another --data",
            settings.data_dir.display()
        )
    };
    // What the log warns of stands in what is printed at the end.
    show_log("error")?;
    let installation = Installation::open(settings, held).await?;
    let documents = &installation.assembled.documents;
    let principal = Principal::system(installation.assembled.auth.org_id());
    let library = documents.add_folder(&options.folder).await?;
    documents.knowledge.sync(library.bot_id).await?;
    finish(&documents.knowledge, &principal, library.bot_id).await?;
    let status = status_of(&documents.knowledge, &principal, library).await.context("the collection is gone")?;
    installation.close().await;
    show(common, &status, options.output)?;
    Ok(Ending::Success)
}
