//! The contract of the port, and what only a folder can get wrong: links, other people's files, leftovers.
#![cfg(test)]

use std::{fs, os::unix::fs::symlink, path::Path, sync::Arc};

use botserver_objects::FolderObjects;
use botserver_ports::{ByteStream, ObjectError, ObjectStore};
use botserver_testkit::contract;
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, future::join_all, stream};

fn body(text: &'static str) -> ByteStream {
    stream::iter([Ok(Bytes::from_static(text.as_bytes()))]).boxed()
}

async fn keys(store: &FolderObjects) -> Vec<String> {
    store.list("", None, 100).await.unwrap().into_iter().map(|info| info.key).collect()
}

fn files_below(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files_below(&path) } else { 1 }).sum()
}

#[tokio::test]
async fn folder_objects_keep_the_contract() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    contract::objects(async || {
        let root = tempfile::tempdir_in(folder.path())?.keep();
        Ok(Arc::new(FolderObjects::open(&root)?) as Arc<dyn ObjectStore>)
    })
    .await
}

#[tokio::test]
async fn no_link_is_followed_out_of_the_root() {
    let (outside, inside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(outside.path().join("secret"), "not ours").unwrap();
    symlink(outside.path(), inside.path().join("folder")).unwrap();
    symlink(outside.path().join("secret"), inside.path().join("file")).unwrap();
    fs::create_dir(inside.path().join("deep")).unwrap();
    symlink(outside.path(), inside.path().join("deep/er")).unwrap();
    let store = FolderObjects::open(inside.path()).unwrap();
    for key in ["folder/secret", "file", "deep/er/secret"] {
        assert!(matches!(store.get(key, 0).await, Err(ObjectError::NotFound(_))), "{key}");
        assert_eq!(store.info(key).await.unwrap(), None, "{key}");
        store.delete(key).await.unwrap();
    }
    for key in ["folder/new", "folder/secret", "deep/er/a/b/new"] {
        for outcome in [store.put(key, body("x"), 10).await, store.put_new(key, body("x"), 10).await] {
            assert!(matches!(outcome, Err(ObjectError::InvalidKey(_))), "{key}: {outcome:?}");
        }
    }
    assert!(keys(&store).await.is_empty());
    for prefix in ["folder/", "deep/er/"] {
        assert!(store.list(prefix, None, 10).await.unwrap().is_empty(), "{prefix}");
    }
    // Putting where a link is replaces the link, not what it leads to.
    store.put("file", body("ours"), 10).await.unwrap();
    assert_eq!(fs::read_to_string(inside.path().join("file")).unwrap(), "ours");
    assert_eq!(fs::read_to_string(outside.path().join("secret")).unwrap(), "not ours");
    assert_eq!(files_below(outside.path()), 1);
}

#[tokio::test]
async fn the_root_itself_may_be_a_link() {
    let (real, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let root = other.path().join("objects");
    symlink(real.path(), &root).unwrap();
    let store = FolderObjects::open(&root).unwrap();
    store.put("a/b", body("x"), 10).await.unwrap();
    assert_eq!(keys(&store).await, ["a/b"]);
    assert!(real.path().join("a/b").is_file());
}

#[tokio::test]
async fn uploads_are_not_objects() {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderObjects::open(folder.path()).unwrap();
    for key in [".incoming", ".incoming/x"] {
        assert!(matches!(store.put(key, body("x"), 10).await, Err(ObjectError::InvalidKey(_))));
        assert!(matches!(store.get(key, 0).await, Err(ObjectError::InvalidKey(_))));
    }
    assert!(store.put("k", body("too long"), 1).await.is_err());
    store.put("k", body("x"), 10).await.unwrap();
    store.check().await.unwrap();
    assert_eq!(files_below(&folder.path().join(".incoming")), 0, "an upload was left behind");
    assert_eq!(keys(&store).await, ["k"]);
}

#[tokio::test]
async fn an_upload_in_progress_survives_another_opening() {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderObjects::open(folder.path()).unwrap();
    let root = folder.path().to_owned();
    let parts = stream::iter(["first", "second"]).map(move |part| {
        // As `doctor` does beside a running server.
        FolderObjects::open(&root).unwrap();
        Ok(Bytes::from(part))
    });
    assert_eq!(store.put("k", parts.boxed(), 100).await.unwrap(), 11);
}

#[tokio::test]
async fn a_key_is_a_file_or_a_folder_not_both() {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderObjects::open(folder.path()).unwrap();
    store.put("a/b", body("x"), 10).await.unwrap();
    for key in ["a", "a/b/c"] {
        let outcome = store.put(key, body("y"), 10).await;
        assert!(matches!(outcome, Err(ObjectError::InvalidKey(_))), "{key}: {outcome:?}");
    }
    store.delete("a/b").await.unwrap();
    store.put("a", body("y"), 10).await.unwrap();
    assert_eq!(keys(&store).await, ["a"], "an empty folder does not stand in the way");
}

#[tokio::test]
async fn deleting_and_putting_in_one_folder_at_once_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderObjects::open(folder.path()).unwrap();
    for round in 0..30 {
        let (old, new) = (format!("a/b/{round}-old"), format!("a/b/{round}-new"));
        store.put(&old, body("x"), 10).await.unwrap();
        let (deleted, put) = tokio::join!(store.delete(&old), store.put(&new, body("y"), 10));
        deleted.unwrap();
        put.unwrap();
        assert_eq!(keys(&store).await, std::slice::from_ref(&new));
        store.delete(&new).await.unwrap();
    }
    assert!(!folder.path().join("a").exists());
}

#[tokio::test]
async fn other_peoples_files_do_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(" spaced "), "x").unwrap();
    fs::write(folder.path().join("back\\slash"), "x").unwrap();
    fs::write(folder.path().join("line\nbreak"), "x").unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    let store = FolderObjects::open(folder.path()).unwrap();
    store.put("k", body("x"), 10).await.unwrap();
    assert_eq!(keys(&store).await, ["k"]);
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    assert!(matches!(FolderObjects::open(&file), Err(ObjectError::Unavailable(_))));
    let store = FolderObjects::open(&folder.path().join("new/objects")).unwrap();
    store.check().await.unwrap();
    fs::remove_dir_all(folder.path().join("new")).unwrap();
    fs::write(folder.path().join("new"), "x").unwrap();
    assert!(matches!(store.check().await, Err(ObjectError::Unavailable(_))));
}

#[tokio::test]
async fn many_readers_and_writers_of_many_keys() {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderObjects::open(folder.path()).unwrap();
    let round = |number: usize| {
        let store = store.clone();
        async move {
            let key = format!("{}/{number:03}", number % 7);
            store.put(&key, body("some text"), 100).await.unwrap();
            let parts: Vec<Bytes> = store.get(&key, 5).await.unwrap().try_collect().await.unwrap();
            assert_eq!(parts.concat(), b"text");
        }
    };
    join_all((0..200).map(round)).await;
    assert_eq!(store.list("", None, 1_000).await.unwrap().len(), 200);
}
