//! The contract of `ports::SearchIndex`.

use std::{collections::BTreeSet, sync::Arc};

use anyhow::{Context as _, Result, ensure};
use botserver_ports::{
    Fusion, IndexChange, IndexDocument, IndexError, IndexHit, IndexPassage, IndexQuery, IndexSpec, SearchIndex,
};
use uuid::Uuid;

use crate::HashEmbedder;

type Index = Arc<dyn SearchIndex>;
const NUMBERS: usize = 64;

/// Runs the suite; `make` gives a place without indexes each time.
pub async fn search_index(make: impl AsyncFn() -> Result<Index>) -> Result<()> {
    words(make().await?).await.context("words")?;
    meaning(make().await?).await.context("meaning")?;
    both(make().await?).await.context("both")?;
    readers(make().await?).await.context("readers")?;
    few_of_many(make().await?).await.context("few of many")?;
    collections(make().await?).await.context("collections")?;
    changes(make().await?).await.context("changes")?;
    lengths(make().await?).await.context("lengths")?;
    keeping(make().await?).await.context("keeping")?;
    names(make().await?).await.context("names")?;
    together(make().await?).await.context("together")
}

fn spec() -> IndexSpec {
    IndexSpec { name: "shop-1".to_owned(), dimensions: NUMBERS }
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn vector(text: &str) -> Vec<f32> {
    HashEmbedder::new(NUMBERS).vector(text)
}

/// A document that everybody reads, one passage for each text.
fn document(number: u128, texts: &[&str]) -> IndexDocument {
    let passages = texts.iter().zip(0..).map(|(text, number)| IndexPassage {
        number,
        title: String::new(),
        text: (*text).to_owned(),
        vector: Some(vector(text)),
    });
    IndexDocument {
        id: id(number),
        collection: id(9_000),
        language: "en".to_owned(),
        grants: vec!["all".to_owned()],
        passages: passages.collect(),
    }
}

fn put(number: u128, texts: &[&str]) -> IndexChange {
    IndexChange::Put(document(number, texts))
}

fn question(text: &str) -> IndexQuery {
    IndexQuery {
        text: text.to_owned(),
        language: None,
        vector: None,
        collections: Vec::new(),
        grants: vec!["all".to_owned()],
        limit: 10,
        fusion: Fusion::default(),
    }
}

fn by_meaning(text: &str) -> IndexQuery {
    IndexQuery { vector: Some(vector(text)), text: String::new(), ..question("") }
}

fn places(hits: &[IndexHit]) -> Vec<(u128, u32)> {
    hits.iter().map(|hit| (hit.document.as_u128(), hit.number)).collect()
}

async fn find(index: &Index, query: IndexQuery) -> Result<Vec<(u128, u32)>> {
    Ok(places(&index.search(&spec(), query).await?))
}

async fn words(index: Index) -> Result<()> {
    let mut titled = document(3, &["Bring the receipt."]);
    titled.passages[0].title.push_str("Warranty");
    let mut portuguese = document(4, &["As devoluções são aceites durante trinta dias."]);
    "pt".clone_into(&mut portuguese.language);
    index
        .apply(
            &spec(),
            vec![
                put(1, &["Refunds are paid within 30 days.", "Parcels arrive on Tuesdays."]),
                put(2, &["We open at nine."]),
                IndexChange::Put(titled),
                IndexChange::Put(portuguese),
            ],
        )
        .await?;
    let hits = index.search(&spec(), question("refunds")).await?;
    ensure!(places(&hits) == [(1, 0)], "{hits:?}");
    ensure!(hits[0].lexical.is_some_and(|score| score > 0.0) && hits[0].cosine.is_none() && hits[0].score > 0.0);
    ensure!(find(&index, question("a refund for PARCEL?")).await?.len() == 2, "one word each, in other forms");
    ensure!(find(&index, question("warranty")).await? == [(3, 0)], "titles count");
    for language in [None, Some("pt".to_owned())] {
        let query = IndexQuery { language, ..question("devolução") };
        ensure!(find(&index, query).await? == [(4, 0)], "the document's language decides its stems");
    }
    ensure!(find(&index, question("elephants")).await?.is_empty());
    for odd in ["", "   ", "?!", "AND OR NOT", "text:refund^2 \"", "((", "\0", "日本語 🦀", &"long ".repeat(20_000)]
    {
        index.search(&spec(), question(odd)).await.with_context(|| format!("{odd:.20}"))?;
    }
    Ok(())
}

async fn meaning(index: Index) -> Result<()> {
    let mut wordless = document(3, &["no vector here"]);
    wordless.passages[0].vector = None;
    index
        .apply(
            &spec(),
            vec![put(1, &["red green blue", "red green"]), put(2, &["red apple tree"]), IndexChange::Put(wordless)],
        )
        .await?;
    let hits = index.search(&spec(), by_meaning("red green")).await?;
    ensure!(places(&hits) == [(1, 1), (1, 0), (2, 0)], "{hits:?}");
    for (hit, text) in hits.iter().zip(["red green", "red green blue", "red apple tree"]) {
        let exact: f32 = vector("red green").iter().zip(vector(text)).map(|(one, two)| one * two).sum();
        ensure!(hit.cosine.is_some_and(|cosine| (cosine - exact).abs() < 0.02), "{hit:?} instead of {exact}");
        ensure!(hit.lexical.is_none());
    }
    ensure!(find(&index, IndexQuery { limit: 2, ..by_meaning("red green") }).await? == [(1, 1), (1, 0)]);
    Ok(())
}

async fn both(index: Index) -> Result<()> {
    index.apply(&spec(), vec![put(1, &["red green"]), put(2, &["blue sky"]), put(3, &["red"])]).await?;
    let query = IndexQuery { vector: Some(vector("red green")), ..question("red green") };
    let hits = index.search(&spec(), query).await?;
    ensure!(hits[0].document == id(1) && hits[0].lexical.is_some() && hits[0].cosine.is_some(), "{hits:?}");
    ensure!(hits.is_sorted_by(|one, two| one.score >= two.score), "{hits:?}");
    let found: BTreeSet<_> = places(&hits).into_iter().collect();
    ensure!(found.len() == hits.len(), "a passage found twice is one hit: {hits:?}");
    let query = IndexQuery { vector: Some(vector("red green")), limit: 1, ..question("red green") };
    ensure!(find(&index, query).await? == [(1, 0)]);
    let query = IndexQuery { limit: 0, ..question("red green") };
    ensure!(find(&index, query).await?.is_empty());
    Ok(())
}

async fn readers(index: Index) -> Result<()> {
    let granted = |number: u128, grants: &[&str]| {
        let grants = grants.iter().map(ToString::to_string).collect();
        IndexChange::Put(IndexDocument { grants, ..document(number, &["secret plans"]) })
    };
    index
        .apply(
            &spec(),
            vec![
                granted(1, &["all"]),
                granted(2, &["role:staff"]),
                granted(3, &["user:ann", "role:boss"]),
                granted(4, &[]),
            ],
        )
        .await?;
    for query in [question("plans"), by_meaning("plans")] {
        for (held, expected) in [
            (vec!["all"], vec![1]),
            (vec!["all", "role:staff"], vec![1, 2]),
            (vec!["role:boss", "user:ann"], vec![3]),
            (vec!["user:an", "ALL", "role:"], vec![]),
            (vec![], vec![]),
        ] {
            let grants = held.iter().map(ToString::to_string).collect();
            let mut found: Vec<u128> =
                find(&index, IndexQuery { grants, ..query.clone() }).await?.into_iter().map(|place| place.0).collect();
            found.sort_unstable();
            ensure!(found == expected, "who holds {held:?} finds {found:?}");
        }
    }
    index.apply(&spec(), vec![IndexChange::Grant { id: id(4), grants: vec!["user:bob".to_owned()] }]).await?;
    index.apply(&spec(), vec![IndexChange::Grant { id: id(1), grants: vec!["user:bob".to_owned()] }]).await?;
    for query in [question("plans"), by_meaning("plans")] {
        let bob = IndexQuery { grants: vec!["user:bob".to_owned()], ..query.clone() };
        let found: BTreeSet<u128> = find(&index, bob).await?.into_iter().map(|place| place.0).collect();
        ensure!(found == [1, 4].into(), "{found:?}");
        ensure!(find(&index, query).await?.is_empty(), "nobody else any more");
    }
    Ok(())
}

/// The k best readable ones come back, however few of all they are and however far behind the others.
async fn few_of_many(index: Index) -> Result<()> {
    const MANY: u128 = 1_500;
    // The more often it leaks, the worse a passage fits, by words and by meaning.
    let leaks = |number: u128| number % 31;
    let readable = |grant: &str, number: u128| match grant {
        "role:few" => number % 100 == 99,
        "role:third" => number % 10 >= 7,
        _ => true,
    };
    let granted = (0..MANY).map(|number| {
        let grants = ["role:few", "role:third", "all"].into_iter().filter(|grant| readable(grant, number));
        let text = format!("pump {}", "leak ".repeat(leaks(number) as usize));
        let grants = grants.map(str::to_owned).collect();
        IndexChange::Put(IndexDocument { grants, ..document(number, &[&text]) })
    });
    index.apply(&spec(), granted.collect()).await?;
    for grant in ["role:few", "role:third", "all"] {
        let mut best: Vec<u128> = (0..MANY).filter(|number| readable(grant, *number)).map(leaks).collect();
        best.sort_unstable();
        for query in [question("pump"), by_meaning("pump")] {
            let grants = vec![grant.to_owned()];
            let hits = index.search(&spec(), IndexQuery { grants, ..query }).await?;
            ensure!(hits.len() == 10, "{grant}: {hits:?}");
            for (hit, best) in hits.iter().zip(&best) {
                ensure!(readable(grant, hit.document.as_u128()), "{grant}: {hit:?}");
                // Vectors may be kept with few digits: what is nearly as near may stand before.
                let cosine = |leaks: u128| 1.0 / ((1 + leaks * leaks) as f32).sqrt();
                let near = (cosine(leaks(hit.document.as_u128())) - cosine(*best)).abs();
                let fits = if hit.cosine.is_some() { near < 0.01 } else { near == 0.0 };
                ensure!(fits, "{grant}: {hit:?} where one with {best} leaks belongs");
            }
        }
    }
    Ok(())
}

async fn collections(index: Index) -> Result<()> {
    let inside = |number: u128, collection: u128| {
        IndexChange::Put(IndexDocument { collection: id(collection), ..document(number, &["price list"]) })
    };
    index.apply(&spec(), vec![inside(1, 10), inside(2, 20), inside(3, 30)]).await?;
    for query in [question("price"), by_meaning("price")] {
        for (asked, expected) in
            [(vec![], vec![1, 2, 3]), (vec![20], vec![2]), (vec![30, 10], vec![1, 3]), (vec![99], vec![])]
        {
            let collections = asked.iter().copied().map(id).collect();
            let found = find(&index, IndexQuery { collections, ..query.clone() }).await?;
            let mut found: Vec<u128> = found.into_iter().map(|place| place.0).collect();
            found.sort_unstable();
            ensure!(found == expected, "in {asked:?}: {found:?}");
        }
    }
    Ok(())
}

async fn changes(index: Index) -> Result<()> {
    index.apply(&spec(), vec![put(1, &["alpha", "alpha beta"]), put(2, &["alpha"])]).await?;
    ensure!(find(&index, question("alpha")).await?.len() == 3);
    index.apply(&spec(), vec![put(1, &["gamma"]), IndexChange::Remove { id: id(2) }]).await?;
    for query in [question("alpha beta"), IndexQuery { text: String::new(), ..question("") }] {
        ensure!(find(&index, query).await?.is_empty(), "what was replaced and removed is gone");
    }
    ensure!(find(&index, question("gamma")).await? == [(1, 0)]);
    ensure!(find(&index, by_meaning("alpha")).await? == [(1, 0)], "one vector is left");
    // In the order in which they are given.
    let again = vec![put(3, &["delta"]), IndexChange::Remove { id: id(3) }, put(4, &["delta"]), put(4, &["epsilon"])];
    index.apply(&spec(), again).await?;
    ensure!(find(&index, question("delta")).await?.is_empty());
    ensure!(find(&index, question("epsilon")).await? == [(4, 0)]);
    let absent = vec![IndexChange::Remove { id: id(77) }, IndexChange::Grant { id: id(77), grants: Vec::new() }];
    index.apply(&spec(), absent).await?;
    index.apply(&spec(), vec![put(1, &[])]).await?;
    ensure!(find(&index, question("gamma")).await?.is_empty());
    ensure!(index.documents(&spec()).await?.len() == 2, "a document without passages is there");
    let numbered = IndexPassage { number: 41, ..document(5, &["zeta"]).passages[0].clone() };
    index
        .apply(&spec(), vec![IndexChange::Put(IndexDocument { passages: vec![numbered], ..document(5, &[]) })])
        .await?;
    ensure!(find(&index, question("zeta")).await? == [(5, 41)], "passages keep their numbers");
    Ok(())
}

async fn lengths(index: Index) -> Result<()> {
    let refused = |outcome: Result<(), IndexError>, given: usize| match outcome {
        Err(IndexError::Dimensions { expected: NUMBERS, given: found, .. }) if found == given => Ok(()),
        other => Err(anyhow::anyhow!("{other:?}")),
    };
    let mut wrong = document(2, &["beta"]);
    wrong.passages[0].vector = Some(vec![1.0]);
    refused(index.apply(&spec(), vec![put(1, &["alpha"]), IndexChange::Put(wrong.clone())]).await, 1)?;
    ensure!(index.documents(&spec()).await?.is_empty(), "a refused call changes nothing");
    index.apply(&spec(), vec![put(1, &["alpha"])]).await?;
    refused(index.apply(&spec(), vec![IndexChange::Remove { id: id(1) }, IndexChange::Put(wrong)]).await, 1)?;
    ensure!(find(&index, question("alpha")).await? == [(1, 0)]);
    let query = IndexQuery { vector: Some(vec![0.0; NUMBERS + 1]), ..question("alpha") };
    refused(index.search(&spec(), query).await.map(drop), NUMBERS + 1)?;
    refused(index.apply(&IndexSpec { dimensions: 3, ..spec() }, Vec::new()).await, 3)?;
    // Words only.
    let bare = IndexSpec { name: "bare".to_owned(), dimensions: 0 };
    let mut plain = document(1, &["alpha"]);
    plain.passages[0].vector = None;
    index.apply(&bare, vec![IndexChange::Put(plain)]).await?;
    ensure!(places(&index.search(&bare, question("alpha")).await?) == [(1, 0)]);
    ensure!(index.stats(&bare).await?.vectors == 0);
    Ok(())
}

async fn keeping(index: Index) -> Result<()> {
    ensure!(index.list().await?.is_empty());
    ensure!(find(&index, question("alpha")).await?.is_empty(), "an index that is not there has no passages");
    ensure!(index.documents(&spec()).await?.is_empty());
    ensure!(index.stats(&spec()).await?.documents == 0);
    index.drop_index("shop-1").await?;
    index.apply(&spec(), vec![put(2, &["alpha", "beta"]), put(1, &["gamma"])]).await?;
    let other = IndexSpec { name: "shop-2".to_owned(), ..spec() };
    index.apply(&other, vec![put(5, &["alpha"])]).await?;
    ensure!(index.list().await?.into_iter().collect::<BTreeSet<_>>() == ["shop-1", "shop-2"].map(str::to_owned).into());
    let ids: BTreeSet<u128> = index.documents(&spec()).await?.iter().map(Uuid::as_u128).collect();
    ensure!(ids == [1, 2].into(), "{ids:?}");
    let stats = index.stats(&spec()).await?;
    ensure!((stats.documents, stats.passages, stats.vectors) == (2, 3, 3) && stats.bytes > 0, "{stats:?}");
    ensure!(find(&index, question("alpha")).await? == [(2, 0)], "indexes are apart");
    index.drop_index("shop-1").await?;
    ensure!(index.list().await? == ["shop-2"]);
    ensure!(find(&index, question("alpha")).await?.is_empty() && index.stats(&spec()).await?.documents == 0);
    // The name is free again, for vectors of another length too.
    index.apply(&IndexSpec { dimensions: 0, ..spec() }, Vec::new()).await?;
    ensure!(places(&index.search(&other, question("alpha")).await?) == [(5, 0)]);
    Ok(())
}

async fn names(index: Index) -> Result<()> {
    for name in ["", ".", "..", "../shop", "a/b", "a b", "ä", "a\0"] {
        let bad = IndexSpec { name: name.to_owned(), ..spec() };
        ensure!(index.apply(&bad, vec![put(1, &["alpha"])]).await.is_err(), "{name:?}");
        ensure!(index.search(&bad, question("alpha")).await.is_err(), "{name:?}");
        ensure!(index.drop_index(name).await.is_err(), "{name:?}");
    }
    ensure!(index.list().await?.is_empty());
    Ok(())
}

/// While a document is replaced again and again, every search sees one of its versions whole, by words and by meaning.
async fn together(index: Index) -> Result<()> {
    let version = |number: usize| {
        let texts: Vec<String> = (0..4).map(|place| format!("shared v{number}x p{place}x")).collect();
        put(1, &texts.iter().map(String::as_str).collect::<Vec<_>>())
    };
    index.apply(&spec(), vec![version(0)]).await?;
    let writes = async {
        for number in 1..20 {
            index.apply(&spec(), vec![version(number)]).await?;
        }
        anyhow::Ok(())
    };
    let reads = async {
        for _ in 0..40 {
            let query = IndexQuery { vector: Some(vector("shared")), ..question("shared") };
            let hits = index.search(&spec(), query).await?;
            let whole = |hit: &IndexHit| hit.lexical.is_some() && hit.cosine.is_some();
            ensure!(hits.len() == 4 && hits.iter().all(whole), "{hits:?}");
            tokio::task::yield_now().await;
        }
        Ok(())
    };
    let (written, seen) = futures_util::join!(writes, reads);
    written.and(seen)
}
