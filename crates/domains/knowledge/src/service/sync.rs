//! Compares what is on disk with what is known, and notes what must be done about it. Nothing is read here.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use botserver_config::BotConfig;
use botserver_kernel::BotId;

use super::{Attached, Knowledge, Layout};
use crate::{
    CollectionId, DocumentId, DocumentState, Error, ListedFile, Result,
    permissions::Permissions,
    store::{
        self,
        documents::{Known, New},
    },
};

/// So many files must be gone before anybody is asked.
const HOLD_FROM: usize = 10;
/// Rows of one short write.
const PER_WRITE: usize = 100;
/// The size of a document, unless the settings say otherwise for its extension.
const LARGEST: u64 = 50 << 20;
/// Problems that are told; more of them say nothing new.
const PROBLEMS: usize = 50;

/// What a listing changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncReport {
    /// Documents that came.
    pub added: usize,
    /// Documents that changed.
    pub changed: usize,
    /// Documents that are gone.
    pub removed: usize,
    /// Documents that other people may read now.
    pub regranted: usize,
    /// Files that vanished at once and are kept until their owner decides.
    pub held: usize,
    /// What its owner should know.
    pub problems: Vec<String>,
}

/// What must be written.
#[derive(Default)]
struct Plan {
    collections: Vec<(CollectionId, String)>,
    added: Vec<New>,
    changed: Vec<(DocumentId, i64, i64, Option<String>)>,
    returned: Vec<DocumentId>,
    regranted: HashMap<Vec<String>, Vec<DocumentId>>,
    removed: Vec<DocumentId>,
    /// How many files of each collection wait for a decision.
    held: HashMap<CollectionId, usize>,
}

impl Knowledge {
    /// Takes in what is on disk now.
    pub async fn sync(&self, bot_id: BotId) -> Result<SyncReport> {
        let attached = self.attached(bot_id).ok_or(Error::NotFound("library"))?;
        let _turn = attached.syncing.lock().await;
        let listing = match attached.library.files.list().await {
            Ok(listing) => listing,
            Err(error) => {
                // A disk that is not mounted is no reason to forget everything.
                let problem = format!("{error}; nothing was removed");
                self.tell_problems(bot_id, std::slice::from_ref(&problem)).await?;
                return Err(error.into());
            }
        };
        let mut problems = listing.skipped;
        let permissions = permissions(listing.permissions, &mut problems);
        let known = store::documents::known(self.0.deps.db.read(), self.org(), bot_id).await?;
        let collections = store::collections::list(self.0.deps.db.read(), self.org(), bot_id).await?;
        let collections: BTreeMap<String, CollectionId> =
            collections.into_iter().map(|own| (own.name, own.id)).collect();
        let plan = self.plan(&attached, listing.files, &known, &collections, permissions.as_ref(), &mut problems);
        problems.truncate(PROBLEMS);
        let mut report = SyncReport {
            added: plan.added.len(),
            changed: plan.changed.len(),
            removed: plan.removed.len(),
            regranted: plan.regranted.values().map(Vec::len).sum(),
            held: plan.held.values().sum(),
            problems: problems.clone(),
        };
        let removed = plan.removed.clone();
        self.carry_out(&attached, plan, &collections).await?;
        self.remove_from_indexes(&attached, &removed).await;
        self.tell_problems(bot_id, &problems).await?;
        report.problems = problems;
        if report.held > 0 {
            let bot = &*attached.library.name;
            tracing::warn!(
                bot,
                files = report.held,
                "most documents vanished at once; they stay until their owner decides"
            );
        }
        attached.alarm(|alarm| alarm.check |= report.added + report.changed > 0);
        self.0.kick.notify_one();
        Ok(report)
    }

    async fn tell_problems(&self, bot_id: BotId, problems: &[String]) -> Result<()> {
        let known = store::libraries::find(self.0.deps.db.read(), self.org(), bot_id).await?;
        if known.is_some_and(|known| known.problems == problems) {
            return Ok(());
        }
        for problem in problems {
            tracing::warn!(problem, "documents");
        }
        let (org, now, problems) = (self.org(), self.now(), problems.to_vec());
        self.write("noting problems of documents", move |tx| {
            Box::pin(async move { store::libraries::set_problems(tx, org, bot_id, &problems, now).await })
        })
        .await
    }

    fn plan(
        &self,
        attached: &Attached,
        files: Vec<ListedFile>,
        known: &[Known],
        collections: &BTreeMap<String, CollectionId>,
        permissions: Option<&Permissions>,
        problems: &mut Vec<String>,
    ) -> Plan {
        let library = &attached.library;
        let mut plan = Plan::default();
        let mut ids = collections.clone();
        let allowed = usize::try_from(library.config.integer("kb-max-collections").unwrap_or(50)).unwrap_or(50);
        let mut left_out: BTreeSet<String> = BTreeSet::new();
        let by_path: HashMap<&str, &Known> = known.iter().map(|own| (own.path.as_str(), own)).collect();
        let mut seen: HashSet<&str> = HashSet::new();
        let mut arrived: HashSet<(String, u64)> = HashSet::new();
        for file in &files {
            let name = match file.path.split_once('/') {
                Some((folder, _)) if library.layout == Layout::Folders => folder.to_owned(),
                _ => library.name.to_string(),
            };
            let id = match ids.get(&name) {
                Some(id) => *id,
                None if ids.len() >= allowed => {
                    left_out.insert(name);
                    continue;
                }
                None => {
                    let id = CollectionId::new(self.0.deps.ids.next_uuid());
                    ids.insert(name.clone(), id);
                    plan.collections.push((id, name));
                    id
                }
            };
            let (size, refused) = (i64::try_from(file.size).unwrap_or(i64::MAX), self.refusal(&library.config, file));
            let Some(own) = by_path.get(file.path.as_str()) else {
                arrived.insert((file_name(&file.path).to_owned(), file.size));
                plan.added.push(New {
                    id: DocumentId::new(self.0.deps.ids.next_uuid()),
                    collection_id: id,
                    path: file.path.clone(),
                    size,
                    modified_ns: file.modified_ns,
                    // While nobody knows who may read it, nobody may.
                    grants: permissions.map(|own| own.grants(&file.path)).unwrap_or_default(),
                    refused,
                });
                continue;
            };
            seen.insert(own.path.as_str());
            let other_verdict = match (&refused, own.state) {
                (Some(reason), _) => own.state != DocumentState::Failed || own.error.as_ref() != Some(reason),
                (None, DocumentState::Failed) => own.error.as_deref().is_some_and(is_refusal),
                (None, _) => false,
            };
            if own.size != size || own.modified_ns != file.modified_ns || other_verdict {
                plan.changed.push((own.id, size, file.modified_ns, refused));
            } else if own.kept {
                plan.returned.push(own.id);
            }
        }
        // Also what is not on the disk any more, but kept or held: who may not read the folder may not read that.
        for own in known {
            if let Some(grants) = permissions.map(|all| all.grants(&own.path)).filter(|grants| *grants != own.grants) {
                plan.regranted.entry(grants).or_default().push(own.id);
            }
        }
        for name in left_out {
            problems.push(format!(
                "the collection `{name}` is left out: a bot may have {allowed} collections (`kb-max-collections`)"
            ));
        }
        let missing: Vec<&Known> = known.iter().filter(|own| !own.kept && !seen.contains(own.path.as_str())).collect();
        // A file that is somewhere else now is not lost.
        let lost = |own: &Known| !arrived.contains(&(file_name(&own.path).to_owned(), own.size.unsigned_abs()));
        let mut totals: HashMap<CollectionId, (usize, usize)> = HashMap::new();
        for own in known.iter().filter(|own| !own.kept) {
            totals.entry(own.collection_id).or_default().0 += 1;
        }
        for own in missing.iter().filter(|own| lost(own)) {
            totals.entry(own.collection_id).or_default().1 += 1;
        }
        let most = |all: usize, gone: usize| gone >= HOLD_FROM && gone * 2 > all;
        let (all, gone) = totals.values().fold((0, 0), |sum, own| (sum.0 + own.0, sum.1 + own.1));
        for own in missing {
            let (in_collection, gone_there) = totals.get(&own.collection_id).copied().unwrap_or_default();
            if most(all, gone) || most(in_collection, gone_there) {
                *plan.held.entry(own.collection_id).or_default() += 1;
            } else {
                plan.removed.push(own.id);
            }
        }
        plan
    }

    /// Why a file will not be read, if that can be told without opening it.
    fn refusal(&self, config: &BotConfig, file: &ListedFile) -> Option<String> {
        let extension = file_name(&file.path).rsplit_once('.').map(|(_, end)| end.to_lowercase()).unwrap_or_default();
        if !self.0.deps.extractor.extensions().contains(&extension.as_str()) {
            let what = if extension.is_empty() {
                "files without an extension".to_owned()
            } else {
                format!(".{extension} files")
            };
            return Some(format!("{what}{NO_DOCUMENT}"));
        }
        let key = format!("kb-{extension}-max-size");
        let most = config.bytes(&key).unwrap_or(LARGEST);
        (file.size > most).then(|| {
            let (size, most) = (megabytes(file.size), megabytes(most));
            format!("the file has {size}; {TOO_LARGE} {most} (`{key}`)")
        })
    }

    async fn carry_out(
        &self,
        attached: &Attached,
        plan: Plan,
        collections: &BTreeMap<String, CollectionId>,
    ) -> Result<()> {
        let (org, now, bot) = (self.org(), self.now(), attached.library.bot_id);
        let new = plan.collections.clone();
        self.write("adding collections", move |tx| {
            Box::pin(async move { store::collections::insert(tx, org, bot, &new, now).await })
        })
        .await?;
        for part in plan.added.chunks(PER_WRITE) {
            let part = part.to_vec();
            self.write("adding documents", move |tx| {
                Box::pin(async move { store::documents::insert(tx, org, bot, &part, now).await })
            })
            .await?;
        }
        for part in plan.changed.chunks(PER_WRITE) {
            let part = part.to_vec();
            for (id, ..) in &part {
                self.stop_reading(*id);
            }
            self.write("noting changed documents", move |tx| {
                Box::pin(async move {
                    for (id, size, modified_ns, refused) in part {
                        let file = (size, modified_ns);
                        store::documents::changed(tx, org, id, file, refused.as_deref(), now).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        }
        for (grants, ids) in plan.regranted {
            self.write("changing who may read", move |tx| {
                Box::pin(async move { store::documents::set_grants(tx, org, &ids, &grants, now).await })
            })
            .await?;
        }
        for part in plan.removed.chunks(PER_WRITE) {
            let part = part.to_vec();
            for id in &part {
                self.stop_reading(*id);
            }
            self.write("removing documents", move |tx| {
                Box::pin(async move { store::documents::delete(tx, org, &part).await })
            })
            .await?;
        }
        let (returned, held) = (plan.returned, plan.held);
        let ids: Vec<CollectionId> = collections.values().copied().collect();
        self.write("noting what is held", move |tx| {
            Box::pin(async move {
                store::documents::set_kept(tx, org, &returned, false).await?;
                for id in ids {
                    let missing = held.get(&id).copied().unwrap_or_default() as i64;
                    store::collections::set_missing(tx, org, id, missing, now).await?;
                }
                Ok(())
            })
        })
        .await?;
        self.forget_empty(bot).await
    }

    /// A collection without documents is gone with its folder.
    pub(super) async fn forget_empty(&self, bot: BotId) -> Result<()> {
        let org = self.org();
        let all = store::collections::list(self.0.deps.db.read(), org, bot).await?;
        let (empty, left): (Vec<_>, Vec<_>) = all.into_iter().partition(|own| own.documents == 0);
        if !empty.is_empty() {
            self.write("removing empty collections", move |tx| {
                Box::pin(async move {
                    for own in empty {
                        store::collections::delete(tx, org, own.id).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        }
        self.remember_names(bot, left.into_iter().map(|own| own.name));
        Ok(())
    }
}

pub(crate) const NO_DOCUMENT: &str = " are no documents that can be read";
pub(crate) const TOO_LARGE: &str = "documents of this kind may have";

/// True for what [`Knowledge::refusal`] says.
fn is_refusal(reason: &str) -> bool {
    reason.ends_with(NO_DOCUMENT) || reason.contains(TOO_LARGE)
}

fn megabytes(bytes: u64) -> String {
    if bytes >= 1 << 20 { format!("{} MB", bytes >> 20) } else { format!("{} KB", bytes.div_ceil(1 << 10)) }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The rules; `None` when there is a file that cannot be understood.
fn permissions(file: Option<Result<Vec<u8>, String>>, problems: &mut Vec<String>) -> Option<Permissions> {
    let name = crate::PERMISSIONS_FILE;
    let parsed = match file {
        None => return Some(Permissions::default()),
        Some(bytes) => bytes.and_then(|bytes| Permissions::parse(&bytes)),
    };
    match parsed {
        Ok(own) => {
            problems.extend(own.warnings.iter().map(|warning| format!("{name}: {warning}")));
            Some(own)
        }
        Err(reason) => {
            problems.insert(
                0,
                format!("{name} cannot be used: {reason}. Until it is corrected nobody may read new documents."),
            );
            None
        }
    }
}
