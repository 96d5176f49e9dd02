//! The contract of `ports::ObjectStore`.

use std::{collections::BTreeSet, sync::Arc};

use anyhow::{Context as _, Result, ensure};
use botserver_ports::{ByteStream, ObjectError, ObjectStore};
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, future::join_all, stream};

type Store = Arc<dyn ObjectStore>;
const ROOMY: u64 = 64 << 20;

/// Runs the suite; `make` gives an empty store each time.
pub async fn objects(make: impl AsyncFn() -> Result<Store>) -> Result<()> {
    whole_and_parts(make().await?).await.context("whole and parts")?;
    replacing(make().await?).await.context("replacing")?;
    only_new(make().await?).await.context("only new")?;
    limits(make().await?).await.context("limits")?;
    broken_off(make().await?).await.context("broken off")?;
    absent(make().await?).await.context("absent")?;
    listing(make().await?).await.context("listing")?;
    keys(make().await?).await.context("keys")?;
    atomic(make().await?).await.context("atomic")?;
    make().await?.check().await.context("check")
}

fn body(text: impl Into<Bytes>) -> ByteStream {
    stream::iter([Ok(text.into())]).boxed()
}

async fn read(store: &Store, key: &str, offset: u64) -> Result<Vec<u8>> {
    let parts: Vec<Bytes> = store.get(key, offset).await?.try_collect().await?;
    Ok(parts.concat())
}

async fn whole_and_parts(store: Store) -> Result<()> {
    let large: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let parts: Vec<_> = large.chunks(70_001).map(|part| Ok(Bytes::copy_from_slice(part))).collect();
    ensure!(store.put("a/large.bin", stream::iter(parts).boxed(), ROOMY).await? == large.len() as u64);
    ensure!(read(&store, "a/large.bin", 0).await? == large);
    ensure!(read(&store, "a/large.bin", 2_999_999).await? == large[2_999_999..]);
    ensure!(read(&store, "a/large.bin", 3_000_000).await?.is_empty(), "from its end");
    ensure!(read(&store, "a/large.bin", 9_000_000).await?.is_empty(), "from beyond its end");
    ensure!(store.put("empty", stream::empty().boxed(), 0).await? == 0);
    ensure!(read(&store, "empty", 0).await?.is_empty());
    let info = store.info("a/large.bin").await?.context("no info")?;
    ensure!(info.key == "a/large.bin" && info.size == large.len() as u64, "{info:?}");
    ensure!(store.put("Olá, mundo/日本 (1).txt", body("x"), ROOMY).await? == 1);
    ensure!(read(&store, "Olá, mundo/日本 (1).txt", 0).await? == b"x");
    Ok(())
}

async fn replacing(store: Store) -> Result<()> {
    store.put("k", body("first, and longer"), ROOMY).await?;
    store.put("k", body("second"), ROOMY).await?;
    ensure!(read(&store, "k", 0).await? == b"second");
    Ok(())
}

async fn only_new(store: Store) -> Result<()> {
    let tries = (0..8).map(|n| store.put_new("k", body(n.to_string()), ROOMY));
    let outcomes = join_all(tries).await;
    let winners: Vec<usize> = (0..8).filter(|n| outcomes[*n].is_ok()).collect();
    ensure!(winners.len() == 1, "of eight at once exactly one is first: {outcomes:?}");
    let others = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    for error in others {
        ensure!(matches!(error, ObjectError::Exists(key) if key == "k"), "{error:?}");
    }
    ensure!(read(&store, "k", 0).await? == winners[0].to_string().as_bytes());
    ensure!(store.list("", None, 10).await?.len() == 1, "the losers left something behind");
    Ok(())
}

async fn limits(store: Store) -> Result<()> {
    ensure!(store.put("exact", body("12345"), 5).await? == 5);
    store.put("k", body("old"), ROOMY).await?;
    for outcome in [store.put("k", body("123456"), 5).await, store.put_new("n", body("123456"), 5).await] {
        ensure!(matches!(outcome, Err(ObjectError::TooLarge { limit: 5 })), "{outcome:?}");
    }
    ensure!(read(&store, "k", 0).await? == b"old", "a refused put changed the object");
    ensure!(store.info("n").await?.is_none());
    Ok(())
}

async fn broken_off(store: Store) -> Result<()> {
    let broken = || {
        let gone = ObjectError::Interrupted("the client went away".to_owned());
        stream::iter([Ok(Bytes::from_static(b"half of it")), Err(gone)]).boxed()
    };
    store.put("k", body("old"), ROOMY).await?;
    for outcome in [store.put("k", broken(), ROOMY).await, store.put_new("n", broken(), ROOMY).await] {
        ensure!(matches!(outcome, Err(ObjectError::Interrupted(_))), "{outcome:?}");
    }
    ensure!(read(&store, "k", 0).await? == b"old", "half an upload replaced the object");
    ensure!(store.info("n").await?.is_none());
    ensure!(store.list("", None, 10).await?.len() == 1, "half an upload is listed");
    Ok(())
}

async fn absent(store: Store) -> Result<()> {
    ensure!(matches!(store.get("no/such", 0).await, Err(ObjectError::NotFound(key)) if key == "no/such"));
    ensure!(store.info("no/such").await?.is_none());
    store.delete("no/such").await?;
    ensure!(store.list("no/", None, 10).await?.is_empty());
    store.put("a/b", body("x"), ROOMY).await?;
    ensure!(store.info("a").await?.is_none(), "a part of a key is no object");
    ensure!(matches!(store.get("a", 0).await, Err(ObjectError::NotFound(_))));
    store.delete("a").await?;
    ensure!(read(&store, "a/b", 0).await? == b"x", "deleting a part of a key deleted what is below");
    store.delete("a/b").await?;
    ensure!(store.info("a/b").await?.is_none());
    ensure!(store.list("", None, 10).await?.is_empty());
    Ok(())
}

async fn listing(store: Store) -> Result<()> {
    // In the order of their bytes, in which `-` and `.` come before `/` and digits after it.
    let sorted = ["a-b", "a.txt", "a/1", "a/10", "a/2/x", "a/2/y/z", "a0", "b/c", "Ω"];
    for key in sorted.iter().rev() {
        store.put(key, body(*key), ROOMY).await?;
    }
    let list = async |prefix: &str, after: Option<&str>, limit: usize| -> Result<Vec<String>> {
        Ok(store.list(prefix, after, limit).await?.into_iter().map(|info| info.key).collect())
    };
    ensure!(list("", None, 100).await? == sorted, "{:?}", list("", None, 100).await?);
    ensure!(list("a/", None, 100).await? == ["a/1", "a/10", "a/2/x", "a/2/y/z"]);
    ensure!(list("a/", Some("a/10"), 1).await? == ["a/2/x"]);
    ensure!(list("a/", Some("a/11"), 100).await? == ["a/2/x", "a/2/y/z"], "`after` need not exist");
    ensure!(list("a/", Some("a"), 1).await? == ["a/1"], "`after` before the prefix");
    ensure!(list("a/", Some("b"), 100).await?.is_empty(), "`after` behind the prefix");
    ensure!(list("", None, 0).await?.is_empty());
    let (mut pages, mut after) = (Vec::new(), None);
    loop {
        let page = list("", after.as_deref(), 2).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.clone());
        pages.extend(page);
    }
    ensure!(pages == sorted, "pages show each object once: {pages:?}");
    let sizes: Vec<u64> = store.list("", None, 2).await?.into_iter().map(|info| info.size).collect();
    ensure!(sizes == [3, 5], "{sizes:?}");
    Ok(())
}

async fn keys(store: Store) -> Result<()> {
    let long = "x".repeat(256);
    let deep = "x/".repeat(600) + "x";
    for key in [
        "", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "a/..", "a\\b", "..\\a", "a\nb", "a\0b",
        "a\u{7f}", " a", "a ", "a/ b", &long, &deep,
    ] {
        let refusals = [
            store.put(key, body("x"), ROOMY).await.err(),
            store.put_new(key, body("x"), ROOMY).await.err(),
            store.get(key, 0).await.err(),
            store.info(key).await.err(),
            store.delete(key).await.err(),
        ];
        for refusal in refusals {
            ensure!(matches!(refusal, Some(ObjectError::InvalidKey(_))), "{key:?}: {refusal:?}");
        }
    }
    for prefix in ["a", "/", "../", "a/../", "a//"] {
        let refusal = store.list(prefix, None, 1).await.err();
        ensure!(matches!(refusal, Some(ObjectError::InvalidKey(_))), "prefix {prefix:?}: {refusal:?}");
    }
    ensure!(store.list("", None, 10).await?.is_empty());
    Ok(())
}

/// While an object is replaced again and again, every reader sees one of its versions whole.
async fn atomic(store: Store) -> Result<()> {
    let version = |letter: u8| vec![letter; 300_000];
    store.put("k", body(version(b'a')), ROOMY).await?;
    let writes = async {
        for letter in b'b'..=b'z' {
            let parts: Vec<_> = version(letter).chunks(10_000).map(|part| Ok(Bytes::copy_from_slice(part))).collect();
            store.put("k", stream::iter(parts).boxed(), ROOMY).await?;
        }
        anyhow::Ok(())
    };
    let reads = async {
        for _ in 0..25 {
            let seen = read(&store, "k", 0).await?;
            let letters: BTreeSet<u8> = seen.iter().copied().collect();
            ensure!(seen.len() == 300_000 && letters.len() == 1, "{} bytes of {letters:?}", seen.len());
        }
        Ok(())
    };
    let (written, seen) = futures_util::join!(writes, reads);
    written.and(seen)
}
