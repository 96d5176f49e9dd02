//! `botserver kb`: documents in the terminal. A server that holds the data directory answers; when none runs, this
//! process does the same with the same service.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use botserver_kernel::{OrgId, Principal};
use botserver_knowledge::{AnswerView, Collection, CollectionView, Decision, Knowledge, LibraryRow, Search, grants_as};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{Ending, show_log};
use crate::{
    command_line::{
        Common, KbCommand, KbIndexOptions, KbReleaseOptions, KbSearchOptions, KbStatusOptions, Output, Verdict,
    },
    control,
    data_dir::{HeldDir, Holder, Taken},
    installation::Installation,
    settings::{self, Overrides},
    terminal,
};

/// How long a server may take from holding the directory to listening: it may have to migrate a database.
const STARTING: Duration = Duration::from_mins(1);
/// Characters of a passage that are shown to people.
const SHOWN: usize = 400;

/// What can be asked about documents.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub(crate) enum Ask {
    Status { name: String },
    Reindex { name: String },
    Search { name: String, question: String, limit: Option<usize>, reader: String },
    Release { name: String, collection: String, verdict: Verdict },
}

pub(crate) async fn run(common: &Common, command: &KbCommand) -> Result<Ending> {
    match command {
        KbCommand::Status(options) => status(common, options).await,
        KbCommand::Reindex(options) => reindex(common, options).await,
        KbCommand::Search(options) => search(common, options).await,
        KbCommand::Index(options) => index(common, options).await,
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
        Ask::Status { name } | Ask::Reindex { name } | Ask::Search { name, .. } | Ask::Release { name, .. } => name,
    };
    let Some(library) = knowledge.find(name).await? else {
        bail!("there is no bot and no indexed folder named `{name}`")
    };
    Ok(match ask {
        Ask::Status { .. } => status_of(knowledge, &principal, library).await?,
        Ask::Reindex { .. } => {
            json!({"documents": knowledge.reindex_all(&principal, library.bot_id).await?})
        }
        Ask::Search { question, limit, reader, .. } => {
            let search = Search { question, limit, collections: None };
            let found = knowledge.search_as(&principal, library.bot_id, grants_as(&reader), &search).await?;
            serde_json::to_value(AnswerView::from(found))?
        }
        Ask::Release { collection, verdict, .. } => {
            let (_, all) = knowledge.collections(&principal, library.bot_id).await?;
            let same = |own: &&Collection| own.name.to_lowercase() == collection.to_lowercase();
            let own = all.iter().find(same).with_context(|| format!("there is no collection `{collection}`"))?;
            let decision = match verdict {
                Verdict::Remove => Decision::Remove,
                Verdict::Keep => Decision::Keep,
            };
            knowledge.release(&principal, own.id, decision).await?;
            json!({})
        }
    })
}

async fn status_of(knowledge: &Knowledge, principal: &Principal, library: LibraryRow) -> Result<Json> {
    let (library, collections) = knowledge.collections(principal, library.bot_id).await?;
    let collections: Vec<CollectionView> =
        collections.into_iter().map(|own| CollectionView::new(own, &library)).collect();
    Ok(json!({
        "name": library.name, "folder": library.folder, "rebuilding": library.rebuilding,
        "next_embedder": library.building.map(|own| own.embedder), "problems": library.problems,
        "collections": collections,
    }))
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
                let answered = answer(&documents.knowledge, installation.assembled.auth.org_id(), ask).await;
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

async fn status(common: &Common, options: &KbStatusOptions) -> Result<Ending> {
    let found = ask(common, Ask::Status { name: options.name.clone() }).await?;
    show_status(&found, options.output)?;
    Ok(Ending::Success)
}

fn show_status(found: &Json, output: Output) -> Result<()> {
    if output == Output::Json {
        return Ok(terminal::print(&serde_json::to_string_pretty(found)?)?);
    }
    let number = |own: &Json, key: &str| own.get(key).and_then(Json::as_i64).unwrap_or_default();
    let text = |own: &Json, key: &str| own.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
    let list = |key: &str| found.get(key).and_then(Json::as_array).cloned().unwrap_or_default();
    for own in list("collections") {
        let mut line = format!(
            "{}: {}, {} documents, {} passages",
            text(&own, "name"),
            text(&own, "state"),
            number(&own, "documents"),
            number(&own, "passages")
        );
        for (key, word) in [("waiting", "not finished"), ("failed", "failed"), ("missing", "vanished at once")] {
            if number(&own, key) > 0 {
                line.extend([", ", &number(&own, key).to_string(), " ", word]);
            }
        }
        terminal::print(&line)?;
    }
    if found.get("rebuilding").and_then(Json::as_bool) == Some(true) {
        terminal::tell("The search index was damaged and is being built anew; searches find what is there already.");
    }
    for problem in list("problems") {
        terminal::tell(problem.as_str().unwrap_or_default());
    }
    Ok(())
}

async fn reindex(common: &Common, options: &KbStatusOptions) -> Result<Ending> {
    let found = ask(common, Ask::Reindex { name: options.name.clone() }).await?;
    match options.output {
        Output::Json => terminal::print(&found.to_string())?,
        Output::Text => terminal::print(&format!(
            "{} documents are read again; `botserver kb status {}` tells how far it is.",
            found.get("documents").and_then(Json::as_u64).unwrap_or_default(),
            options.name
        ))?,
    }
    Ok(Ending::Success)
}

async fn search(common: &Common, options: &KbSearchOptions) -> Result<Ending> {
    let question = Ask::Search {
        name: options.name.clone(),
        question: options.question.clone(),
        limit: options.limit,
        reader: options.reader.clone(),
    };
    let found = ask(common, question).await?;
    if options.output == Output::Json {
        terminal::print(&serde_json::to_string_pretty(&found)?)?;
        return Ok(Ending::Success);
    }
    let items = found.get("items").and_then(Json::as_array).cloned().unwrap_or_default();
    for (index, own) in items.iter().enumerate() {
        terminal::print(&passage(index + 1, own))?;
    }
    for warning in found.get("warnings").and_then(Json::as_array).into_iter().flatten() {
        terminal::tell(warning.as_str().unwrap_or_default());
    }
    if items.is_empty() {
        terminal::tell("Nothing was found.");
    }
    Ok(Ending::Success)
}

fn passage(number: usize, own: &Json) -> String {
    let text = |key: &str| own.get(key).and_then(Json::as_str).unwrap_or_default();
    let mut place = text("path").to_owned();
    if !text("place").is_empty() {
        place.push_str(" › ");
        place.push_str(text("place"));
    }
    for (key, word) in [("page", "page"), ("row", "row")] {
        if let Some(number) = own.get(key).and_then(Json::as_u64) {
            place.extend([", ", word, " ", &number.to_string()]);
        }
    }
    if !text("sheet").is_empty() {
        place.extend([", sheet ", text("sheet")]);
    }
    let score = own.get("score").and_then(Json::as_f64).unwrap_or_default();
    let whole = text("text");
    let mut shown: String = whole.chars().take(SHOWN).collect();
    if shown.len() < whole.len() {
        shown.push('…');
    }
    format!("{number}. {place}  ({score:.4}; {})\n   {}", text("why"), shown.replace('\n', "\n   "))
}

async fn index(common: &Common, options: &KbIndexOptions) -> Result<Ending> {
    let settings = settings::load(common, &Overrides::default())?;
    let Taken::Held(held) = HeldDir::try_take(&settings.data_dir)? else {
        bail!(
            "a server uses the data directory {}; put the documents into a bot, or give another --data",
            settings.data_dir.display()
        )
    };
    show_log("warn")?;
    let installation = Installation::open(settings, held).await?;
    let documents = &installation.assembled.documents;
    let library = documents.add_folder(&options.folder).await?;
    let report = documents.knowledge.sync(library.bot_id).await?;
    documents.knowledge.settle(&CancellationToken::new()).await?;
    let principal = Principal::system(installation.assembled.auth.org_id());
    let status = status_of(&documents.knowledge, &principal, library).await.context("the collection is gone")?;
    let unread: i64 =
        status["collections"].as_array().into_iter().flatten().filter_map(|own| own["failed"].as_i64()).sum();
    installation.close().await;
    show_status(&status, options.output)?;
    if report.held > 0 {
        terminal::tell(
            "Most documents vanished at once; they stay. Decide with: botserver kb release NAME NAME remove|keep",
        );
    }
    if unread > 0 {
        terminal::tell(&format!("{unread} documents could not be read."));
    }
    Ok(Ending::Success)
}
