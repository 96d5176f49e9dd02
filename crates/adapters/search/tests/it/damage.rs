//! Files that have changed: said, never believed, never a panic.

use std::{fs, path::Path};

use botserver_ports::{IndexError, SearchIndex as _};
use botserver_search::FolderIndex;

use super::{put, question, spec};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()) {
        fs::copy(&entry, to.join(entry.file_name().unwrap())).unwrap();
    }
}

#[tokio::test]
async fn every_changed_file_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let texts: Vec<String> = (0..1_100).map(|number| format!("common words and word{number}x")).collect();
    let index = FolderIndex::open(folder.path());
    index.apply(&spec(), vec![put(1, &texts)]).await.unwrap();
    index.apply(&spec(), vec![put(2, &texts[..3]), put(3, &texts[..9])]).await.unwrap();
    index.apply(&spec(), vec![put(2, &texts[5..9])]).await.unwrap();
    let healthy = index.search(&spec(), question("common word5x")).await.unwrap();
    let names: Vec<_> =
        fs::read_dir(folder.path().join("shop")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.len() > 5, "{names:?}");
    let mut noticed = 0;
    for (number, name) in names.iter().enumerate() {
        let length = fs::metadata(folder.path().join("shop").join(name)).unwrap().len() as usize;
        for change in 0..4 {
            let damaged = folder.path().join(format!("damaged-{number}-{change}"));
            let file = damaged.join("shop").join(name);
            copy(&folder.path().join("shop"), &damaged.join("shop"));
            let mut bytes = fs::read(&file).unwrap();
            match change {
                0 => bytes.truncate(length / 2),
                1 => fs::remove_file(&file).unwrap(),
                _ => bytes[length * (change - 2) / 2] ^= 0x10,
            }
            if change != 1 {
                fs::write(&file, bytes).unwrap();
            }
            let index = FolderIndex::open(&damaged);
            for outcome in [
                index.search(&spec(), question("common word5x")).await,
                index.stats(&spec()).await.map(|_| healthy.clone()),
            ] {
                match outcome {
                    Err(IndexError::Damaged { index, .. }) => {
                        assert_eq!(index, "shop");
                        noticed += 1;
                    }
                    // Without its manifest there is no index; and places that are not taken do not matter.
                    Ok(hits) => assert!(hits == healthy || (name == "MANIFEST" && change == 1 && hits.is_empty())),
                    Err(error) => panic!("{name:?}, {change}: {error}"),
                }
            }
            if change == 0 {
                // What is damaged can be dropped and built anew.
                index.drop_index("shop").await.unwrap();
                index.apply(&spec(), vec![put(1, &texts[..2])]).await.unwrap();
                assert_eq!(index.stats(&spec()).await.unwrap().passages, 2);
            }
            fs::remove_dir_all(&damaged).unwrap();
        }
    }
    assert!(noticed >= names.len() * 6, "{noticed} of {}", names.len() * 8);
}

/// Somebody deletes the folder of an index that is open: it goes on answering, and says so to whoever asks.
#[tokio::test]
async fn files_that_are_taken_away_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let index = FolderIndex::open(folder.path());
    assert!(!index.vanished(&spec()).await, "there is none yet");
    index.apply(&spec(), vec![put(1, &["common words".to_owned()])]).await.unwrap();
    assert!(!index.vanished(&spec()).await);
    fs::remove_dir_all(folder.path().join("shop")).unwrap();
    assert!(index.vanished(&spec()).await);
    assert_eq!(index.search(&spec(), question("common")).await.unwrap().len(), 1);
    for outcome in [
        index.documents(&spec()).await.map(drop),
        index.stats(&spec()).await.map(drop),
        index.apply(&spec(), vec![put(2, &["more words".to_owned()])]).await,
    ] {
        assert!(matches!(outcome, Err(IndexError::Damaged { .. })), "{outcome:?}");
    }
    index.drop_index("shop").await.unwrap();
    assert!(index.documents(&spec()).await.unwrap().is_empty());
}
