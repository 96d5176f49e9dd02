//! What is replaced and removed gives its space back, and leftovers do not stay.

use std::fs;

use botserver_ports::{IndexChange, SearchIndex as _};
use botserver_search::FolderIndex;
use uuid::Uuid;

use super::{put, question, spec};

#[tokio::test]
async fn replacing_again_and_again_needs_no_more_space() {
    let folder = tempfile::tempdir().unwrap();
    let index = FolderIndex::open(folder.path());
    let texts: Vec<String> = (0..4_000).map(|number| format!("some text with word{number}x in it")).collect();
    index.apply(&spec(), vec![put(0, &texts), put(9, &texts[..10])]).await.unwrap();
    let first = index.stats(&spec()).await.unwrap();
    for _ in 0..5 {
        index.apply(&spec(), vec![put(0, &texts)]).await.unwrap();
    }
    let last = index.stats(&spec()).await.unwrap();
    assert_eq!((last.documents, last.passages, last.vectors), (2, 4_010, 4_010));
    assert!(last.bytes < first.bytes * 4, "{} bytes became {}", first.bytes, last.bytes);
    let hits = index.search(&spec(), question("word777x")).await.unwrap();
    assert_eq!((hits[0].document, hits[0].number), (Uuid::nil(), 777));
    assert!(hits[0].cosine.unwrap() > 0.2 && hits[0].lexical.is_some());
    let again = FolderIndex::open(folder.path()).search(&spec(), question("word777x")).await.unwrap();
    assert_eq!(again, hits, "the same after opening it anew");
    index.apply(&spec(), vec![IndexChange::Remove { id: Uuid::nil() }]).await.unwrap();
    index.apply(&spec(), Vec::new()).await.unwrap();
    let rest = index.stats(&spec()).await.unwrap();
    assert_eq!((rest.documents, rest.passages, rest.vectors), (1, 10, 10));
    assert!(rest.bytes * 3 < first.bytes, "{} of {} bytes are left", rest.bytes, first.bytes);
    assert_eq!(index.search(&spec(), question("word7x")).await.unwrap()[0].document, Uuid::from_u128(9));
}

#[tokio::test]
async fn leftovers_of_a_killed_writer_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let index = FolderIndex::open(folder.path());
    index.apply(&spec(), vec![put(1, &["one".to_owned()])]).await.unwrap();
    let leftover = folder.path().join("shop/0123456789abcdef.idx");
    fs::write(&leftover, "half a segment").unwrap();
    fs::create_dir_all(folder.path().join("never")).unwrap();
    index.apply(&spec(), vec![put(2, &["two".to_owned()])]).await.unwrap();
    assert!(!leftover.exists());
    assert_eq!(index.list().await.unwrap(), ["shop"], "a folder without an index is none");
}
