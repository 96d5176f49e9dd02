//! The contract of the port, and what only a folder can get wrong: crashes, damage, space; and how well things are found
//! when one half of the search knows nothing.
#![cfg(test)]

mod crash;
mod damage;
mod limits;
mod quality;
mod space;

use std::sync::Arc;

use botserver_ports::{Fusion, IndexChange, IndexDocument, IndexPassage, IndexQuery, IndexSpec, SearchIndex};
use botserver_search::FolderIndex;
use botserver_testkit::{HashEmbedder, contract};
use uuid::Uuid;

const NUMBERS: usize = 48;

fn spec() -> IndexSpec {
    IndexSpec { name: "shop".to_owned(), dimensions: NUMBERS }
}

fn vector(text: &str) -> Vec<f32> {
    HashEmbedder::new(NUMBERS).vector(text)
}

fn put(number: u128, texts: &[String]) -> IndexChange {
    let passages = texts.iter().zip(0..).map(|(text, number)| IndexPassage {
        number,
        title: String::new(),
        text: text.clone(),
        vector: Some(vector(text)),
    });
    IndexChange::Put(IndexDocument {
        id: Uuid::from_u128(number),
        collection: Uuid::nil(),
        language: "en".to_owned(),
        grants: vec!["all".to_owned()],
        passages: passages.collect(),
    })
}

fn question(text: &str) -> IndexQuery {
    IndexQuery {
        text: text.to_owned(),
        language: None,
        vector: Some(vector(text)),
        collections: Vec::new(),
        grants: vec!["all".to_owned()],
        limit: 10,
        fusion: Fusion::default(),
    }
}

#[tokio::test]
async fn a_folder_index_keeps_the_contract() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    contract::search_index(async || {
        let root = tempfile::tempdir_in(folder.path())?.keep();
        Ok(Arc::new(FolderIndex::open(&root)) as Arc<dyn SearchIndex>)
    })
    .await
}

#[tokio::test]
async fn what_was_applied_is_there_when_the_folder_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    FolderIndex::open(folder.path()).apply(&spec(), vec![put(7, &["a green door".to_owned()])]).await.unwrap();
    let index = FolderIndex::open(folder.path());
    let hits = index.search(&spec(), question("green doors")).await.unwrap();
    assert_eq!(hits[0].document, Uuid::from_u128(7));
    assert!(hits[0].lexical.is_some() && hits[0].cosine.is_some());
    assert_eq!(index.list().await.unwrap(), ["shop"]);
}
