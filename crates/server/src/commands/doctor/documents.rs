//! The documents of the bots: who may read them, what could not be read, and whether the indexes have everything.

use botserver_config::Settings;
use botserver_db::{Db, DbUrl};
use botserver_knowledge::{
    CollectionHealth, FileSource as _, FolderFiles, IndexHealth, LibraryHealth, PERMISSIONS_FILE, Permissions,
};
use botserver_search::FolderIndex;

use super::{Finding, bots};
use crate::{commands::kb, control, data_dir::Holder, documents::INDEXES, modules};

const DOCUMENTS: &str = "documents";
const PERMISSIONS: &str = "permissions";

/// Permissions files as they are on disk, and the documents as the database and the indexes know them.
pub(super) async fn examine(settings: &Settings, holder: Option<&Holder>) -> Vec<Finding> {
    let mut findings = permissions(settings).await;
    match libraries(settings, holder).await {
        Ok(all) => findings.extend(all.iter().flat_map(of_library)),
        Err(reason) => findings.push(Finding::warning(
            DOCUMENTS,
            format!("what is known of documents cannot be looked at: {reason}"),
            "Correct what is said about the database above, or ask again when the server has started.",
        )),
    }
    findings
}

async fn permissions(settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    // What is wrong with the folder itself is said elsewhere.
    for package in bots::packages(&settings.bots.dir).unwrap_or_default() {
        let Some(bot) = botserver_packages::bot_name(&package) else { continue };
        let Ok(listing) = FolderFiles::package(package.clone()).list().await else { continue };
        let paths: Vec<String> = listing.files.into_iter().map(|file| file.path).collect();
        match listing.permissions {
            None => {}
            Some(Err(reason)) => findings.push(Finding::problem(
                PERMISSIONS,
                format!("{bot}: {PERMISSIONS_FILE} cannot be read: {reason}"),
                "Nobody may read new documents until it can be read: check the file's permissions and size.",
            )),
            Some(Ok(bytes)) => {
                for found in Permissions::examine(&bytes, &paths) {
                    let line = found.line.map(|line| format!(":{line}")).unwrap_or_default();
                    let message = format!("{bot}: {PERMISSIONS_FILE}{line}: {}", found.message);
                    findings.push(if found.unusable {
                        let remedy = "Correct the line: until then nobody may read new documents of this bot.";
                        Finding::problem(PERMISSIONS, message, remedy)
                    } else {
                        Finding::warning(PERMISSIONS, message, "Correct the line, or take it out.")
                    });
                }
            }
        }
    }
    findings
}

async fn libraries(settings: &Settings, holder: Option<&Holder>) -> Result<Vec<LibraryHealth>, String> {
    match holder {
        Some(Holder { address: Some(_), .. }) => {
            let asked = control::ask_about_documents(&settings.data_dir, kb::Ask::Health).await;
            let found = asked.map_err(|error| format!("{error:#}"))?;
            return serde_json::from_value(found).map_err(|error| error.to_string());
        }
        Some(holder) => return Err(format!("{} is just starting, or stopping", holder.name())),
        None => {}
    }
    let url = DbUrl::parse(settings.storage.database.expose()).map_err(|error| error.to_string())?;
    if matches!(&url, DbUrl::Sqlite(path) if !path.exists()) {
        return Ok(Vec::new());
    }
    let db = Db::connect(&url).await.map_err(|error| error.to_string())?;
    let current = db.check_history(&modules::migrations()).await;
    let found = match current {
        // Tables that the next start makes, or that another release has made, are not looked into.
        Ok(applied) if applied.len() < modules::migrations().len() => Ok(Vec::new()),
        Ok(_) => LibraryHealth::of_all(&db, &FolderIndex::open(&settings.data_dir.join(INDEXES))).await,
        Err(_) => Ok(Vec::new()),
    };
    db.close().await;
    found.map_err(|error| error.to_string())
}

fn of_library(own: &LibraryHealth) -> Vec<Finding> {
    let name = &own.name;
    let sum = |of: fn(&CollectionHealth) -> i64| own.collections.iter().map(of).sum::<i64>();
    let documents = sum(|own| own.documents);
    if documents == 0 {
        return Vec::new();
    }
    let how = match own.embedder.as_str() {
        "" => "found by their words".to_owned(),
        embedder => format!("found by words and by meaning ({embedder})"),
    };
    let each: Vec<String> =
        own.collections.iter().map(|collection| format!("{} {}", collection.name, collection.documents)).collect();
    let mut findings = vec![index_of(own, &format!("{name}: {documents} documents ({}), {how}", each.join(", ")))];
    for (number, what, remedy) in [
        (sum(|own| own.failed), "could not be read", format!("botserver kb status {name}")),
        (
            sum(|own| own.missing),
            "vanished at once and wait for a decision",
            format!("botserver kb release {name} COLLECTION remove|keep"),
        ),
    ] {
        if number > 0 {
            let message = format!("{name}: {number} of {documents} documents {what}");
            findings.push(Finding::warning(DOCUMENTS, message, remedy));
        }
    }
    let kept = sum(|own| own.kept);
    if kept > 0 {
        findings
            .push(Finding::ok(DOCUMENTS, format!("{name}: {kept} documents are kept although their files are gone")));
    }
    findings
}

fn index_of(own: &LibraryHealth, about: &str) -> Finding {
    let waiting: i64 = own.collections.iter().map(|own| own.waiting).sum();
    let rebuilt = "The server builds it anew from the database by itself; searches find what is there already.";
    match &own.index {
        IndexHealth::Damaged(reason) => {
            Finding::warning(DOCUMENTS, format!("{about}; the index is damaged: {reason}"), rebuilt)
        }
        IndexHealth::Unreadable(reason) => Finding::problem(
            DOCUMENTS,
            format!("{about}; the index cannot be read: {reason}"),
            "Check the permissions and the disk of the folder `index` in the data directory.",
        ),
        IndexHealth::Lacks(lacks) if *lacks == own.findable => {
            Finding::warning(DOCUMENTS, format!("{about}; the index is not there"), rebuilt)
        }
        IndexHealth::Lacks(lacks) => {
            let message = format!("{about}; the index lacks {lacks} of {}", own.findable);
            Finding::warning(DOCUMENTS, message, rebuilt)
        }
        IndexHealth::Complete if own.rebuilding => {
            Finding::ok(DOCUMENTS, format!("{about}; the index was damaged and is being built anew"))
        }
        IndexHealth::Complete => {
            let mut message = if waiting > 0 {
                format!("{about}; {waiting} of them are still to be read, and the index has all others")
            } else {
                format!("{about}; the index is complete")
            };
            if let Some(next) = &own.next_embedder {
                message.extend([", another is being built for ", next]);
            }
            Finding::ok(DOCUMENTS, message)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_not_called_complete_while_documents_wait() {
        let said = |waiting: i64| {
            let own = serde_json::json!({
                "name": "shop", "embedder": "", "next_embedder": null, "rebuilding": false, "findable": 3, "index": "complete",
                "collections": [{"name": "tea", "documents": 7, "failed": 0, "waiting": waiting, "missing": 0, "kept": 0}],
            });
            of_library(&serde_json::from_value(own).expect("a library"))[0].message.clone()
        };
        assert!(said(0).ends_with("; the index is complete"), "{}", said(0));
        assert!(said(4).ends_with("; 4 of them are still to be read, and the index has all others"), "{}", said(4));
    }
}
