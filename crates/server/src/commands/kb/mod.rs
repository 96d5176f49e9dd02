//! `botserver kb`: documents in the terminal. A server that holds the data directory answers; when none runs, this
//! process does the same with the same service.

mod search;
mod status;
mod work;

use std::time::Duration;

use anyhow::{Context, Result, bail};
use botserver_kernel::{OrgId, Principal};
use botserver_knowledge::{AnswerView, Collection, Decision, Knowledge, Search, grants_as};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{Ending, show_log};
use crate::{
    command_line::{Common, KbCommand, KbReleaseOptions, Verdict},
    control,
    data_dir::{HeldDir, Holder, Taken},
    installation::Installation,
    settings::{self, Overrides},
};

use status::status_of;

/// How long a server may take from holding the directory to listening: it may have to migrate a database.
const STARTING: Duration = Duration::from_mins(1);

/// What can be asked about documents.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub(crate) enum Ask {
    /// How everything is.
    Health,
    /// A model was installed: it is used from now on.
    LookAgain,
    Status {
        name: String,
    },
    Reindex {
        name: String,
    },
    Search {
        name: String,
        question: String,
        limit: Option<usize>,
        reader: String,
    },
    Release {
        name: String,
        collection: String,
        verdict: Verdict,
    },
}

pub(crate) async fn run(common: &Common, command: &KbCommand) -> Result<Ending> {
    match command {
        KbCommand::Status(options) => {
            let found = ask(common, Ask::Status { name: options.name.clone() }).await?;
            status::show(common, &found, options.output)?;
            Ok(Ending::Success)
        }
        KbCommand::Reindex(options) => work::reindex(common, options).await,
        KbCommand::Search(options) => search::search(common, options).await,
        KbCommand::Index(options) => work::index(common, options).await,
        KbCommand::Release(options) => {
            let KbReleaseOptions { name, collection, decision } = options.clone();
            ask(common, Ask::Release { name, collection, verdict: decision }).await?;
            Ok(Ending::Success)
        }
    }
}

/// Answers a question; the server's side and that of a command by itself.
pub(crate) async fn answer(knowledge: &Knowledge, org_id: OrgId, ask: Ask) -> Result<Json> {
    let principal = Principal::system(org_id);
    let name = match &ask {
        Ask::Health => return Ok(serde_json::to_value(knowledge.health().await?)?),
        Ask::LookAgain => {
            knowledge.look_again();
            return Ok(json!({}));
        }
        Ask::Status { name } | Ask::Reindex { name } | Ask::Search { name, .. } | Ask::Release { name, .. } => name,
    };
    let Some(library) = knowledge.find(name).await? else { bail!(nobody(name)) };
    Ok(match ask {
        Ask::Health | Ask::LookAgain | Ask::Status { .. } => status_of(knowledge, &principal, library).await?,
        Ask::Reindex { .. } => {
            json!({"documents": knowledge.reindex_all(&principal, library.bot_id).await?})
        }
        Ask::Search { question, limit, reader, .. } => {
            let search = Search { question, limit, collections: None };
            let grants = grants_as(&reader).map_err(anyhow::Error::msg)?;
            let found = knowledge.search_as(&principal, library.bot_id, grants, &search).await?;
            serde_json::to_value(AnswerView::from(found))?
        }
        Ask::Release { collection, verdict, .. } => {
            let (_, all) = knowledge.collections(&principal, library.bot_id).await?;
            let same = |own: &&Collection| own.name.to_lowercase() == collection.to_lowercase();
            let own = all.iter().find(same).with_context(|| format!("there is no collection `{collection}`"))?;
            let decision = match verdict {
                Verdict::Remove => Decision::Remove,
                Verdict::Keep => Decision::Keep,
                Verdict::Forget => Decision::Forget,
            };
            knowledge.release(&principal, own.id, decision).await?;
            json!({})
        }
    })
}

fn nobody(name: &str) -> String {
    format!("there is no bot and no indexed folder named `{name}`")
}

/// Asks whoever has the data directory.
async fn ask(common: &Common, ask: Ask) -> Result<Json> {
    let settings = settings::load(common, &Overrides::default())?;
    let dir = settings.data_dir.clone();
    if !dir.is_dir() {
        bail!("there is no installation in {}; `botserver serve` or `botserver kb index` makes one", dir.display());
    }
    let since = Instant::now();
    loop {
        match HeldDir::try_take(&dir)? {
            Taken::Held(held) => {
                show_log("error")?;
                let installation = Installation::open(settings, held).await?;
                let documents = installation.assembled.documents.clone();
                documents.attach_all().await;
                let stop = CancellationToken::new();
                if matches!(ask, Ask::Search { .. }) {
                    // An index that a crash has left behind is put right first.
                    documents.knowledge.tend_all(&stop).await?;
                }
                let org_id = installation.assembled.auth.org_id();
                let answered = match ask {
                    Ask::Reindex { name } => {
                        let library = documents.knowledge.find(&name).await?.with_context(|| nobody(&name))?;
                        work::read_again(&documents.knowledge, &Principal::system(org_id), library.bot_id).await
                    }
                    ask => answer(&documents.knowledge, org_id, ask).await,
                };
                installation.close().await;
                return answered;
            }
            Taken::By(Holder { address: Some(_), .. }) => return control::ask_about_documents(&dir, ask).await,
            Taken::By(holder) if since.elapsed() > STARTING => {
                bail!("{} uses the data directory {} and does not listen", holder.name(), dir.display())
            }
            Taken::By(_) => sleep(Duration::from_millis(100)).await,
        }
    }
}
