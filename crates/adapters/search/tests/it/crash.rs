//! A process that is killed while it writes leaves the index as it was before or after a change.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use botserver_ports::{IndexChange, SearchIndex as _};
use botserver_search::FolderIndex;

use super::{put, question, spec};

/// Where the child writes; without it the child's test has nothing to do.
const FOLDER: &str = "BOTSERVER_SEARCH_CRASH_FOLDER";
const DOCUMENTS: u128 = 3;

fn version(number: usize) -> Vec<IndexChange> {
    let texts: Vec<String> = (0..5).map(|place| format!("shared version{number}x place{place}x")).collect();
    (0..DOCUMENTS).map(|document| put(document, &texts)).collect()
}

#[tokio::test]
async fn writes_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let index = FolderIndex::open(&folder);
    for number in 0.. {
        index.apply(&spec(), version(number)).await.unwrap();
    }
}

/// Every passage has the same version, found by its words and by its vector.
async fn check(folder: &Path) -> Option<String> {
    let index = FolderIndex::open(folder);
    index.stats(&spec()).await.unwrap();
    let hits = index.search(&spec(), botserver_ports::IndexQuery { limit: 100, ..question("shared") }).await.unwrap();
    if hits.is_empty() {
        assert!(index.documents(&spec()).await.unwrap().is_empty());
        return None;
    }
    assert_eq!(hits.len(), DOCUMENTS as usize * 5);
    assert!(hits.iter().all(|hit| hit.lexical.is_some() && hit.cosine.is_some()));
    let found: BTreeSet<_> = hits.iter().map(|hit| (hit.document, hit.number)).collect();
    assert_eq!(found.len(), hits.len());
    let first = hits[0].cosine.unwrap();
    let same = hits.iter().filter(|hit| (hit.cosine.unwrap() - first).abs() < 1e-6).count();
    assert!(same >= DOCUMENTS as usize, "vectors of several versions: {hits:?}");
    // It can be changed as if nothing had happened.
    index.apply(&spec(), Vec::new()).await.unwrap();
    Some(format!("{first}"))
}

#[tokio::test]
async fn a_killed_writer_leaves_a_whole_index() {
    let folder = tempfile::tempdir().unwrap();
    let mut seen = 0;
    for round in 0..12_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::writes_until_it_is_killed"])
            .env(FOLDER, folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Any moment is good; these are spread over some changes.
        tokio::time::sleep(Duration::from_millis(120 + round * 37)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        seen += usize::from(check(folder.path()).await.is_some());
    }
    assert!(seen > 0, "no writer got as far as a first change");
}
