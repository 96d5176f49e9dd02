//! What searching may cost: the memory of indexes that are open, searches at once, and time.

use std::{sync::Arc, time::Duration};

use botserver_ports::{IndexError, IndexSpec, SearchIndex as _};
use botserver_search::{FolderIndex, FolderOptions};

use super::{put, question, spec};

fn named(number: usize) -> IndexSpec {
    IndexSpec { name: format!("bot-{number}"), ..spec() }
}

#[tokio::test]
async fn indexes_that_nobody_asks_give_their_memory_back_and_answer_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let options = FolderOptions { held: 35, indexes: 5, ..FolderOptions::default() };
    let index = FolderIndex::with_options(folder.path(), options);
    let texts: Vec<String> = (0..10).map(|number| format!("a green door number{number}x")).collect();
    for number in 0..12 {
        index.apply(&named(number), vec![put(1, &texts)]).await.unwrap();
        assert!(index.held() <= 35, "{} passages are held", index.held());
    }
    for _ in 0..2 {
        for number in 0..12 {
            let hits = index.search(&named(number), question("number7x")).await.unwrap();
            assert_eq!(hits[0].number, 7, "of index {number}");
            assert!(index.held() <= 35, "{} passages are held", index.held());
        }
    }
    // One that is larger than all that may be held is held while it is the one in use.
    let many: Vec<String> = (0..100).map(|number| format!("many doors{number}x")).collect();
    index.apply(&named(99), vec![put(1, &many)]).await.unwrap();
    assert_eq!(index.held(), 100);
    index.search(&named(0), question("door")).await.unwrap();
    assert_eq!(index.held(), 10);
    // And of small ones only so many.
    let options = FolderOptions { indexes: 2, ..FolderOptions::default() };
    let index = FolderIndex::with_options(folder.path(), options);
    for number in 0..5 {
        index.search(&named(number), question("door")).await.unwrap();
    }
    assert_eq!(index.held(), 20);
}

#[tokio::test]
async fn a_search_that_takes_too_long_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let texts: Vec<String> = (0..10).map(|number| format!("a green door number{number}x")).collect();
    FolderIndex::open(folder.path()).apply(&spec(), vec![put(1, &texts)]).await.unwrap();
    let options = FolderOptions { patience: Duration::ZERO, ..FolderOptions::default() };
    let error = FolderIndex::with_options(folder.path(), options).search(&spec(), question("door")).await.unwrap_err();
    assert!(matches!(&error, IndexError::Unavailable(reason) if reason.contains("too long")), "{error}");
}

#[tokio::test]
async fn many_searches_at_once_wait_for_each_other_and_all_are_answered() {
    let folder = tempfile::tempdir().unwrap();
    let options = FolderOptions { at_once: 1, ..FolderOptions::default() };
    let index = Arc::new(FolderIndex::with_options(folder.path(), options));
    let texts: Vec<String> = (0..10).map(|number| format!("a green door number{number}x")).collect();
    index.apply(&spec(), vec![put(1, &texts)]).await.unwrap();
    let mut searches = tokio::task::JoinSet::new();
    for number in 0..40_u32 {
        let index = index.clone();
        searches.spawn(async move {
            let hits = index.search(&spec(), question(&format!("number{}x", number % 10))).await.unwrap();
            (hits[0].number, number % 10)
        });
    }
    for (found, wanted) in searches.join_all().await {
        assert_eq!(found, wanted);
    }
}
