//! A hundred thousand passages: how long a search takes for readers of few, some and all of them, and what the index
//! costs in memory. The index is made by one process and searched by another, so that only searching is measured.

use std::{
    collections::HashMap,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use botserver_ports::{Fusion, IndexHit, IndexQuery, IndexSpec, SearchIndex as _};
use botserver_search::FolderIndex;
use serde_json::json;

use super::{
    corpus::{Corpus, DIMENSIONS, OF_A_DOCUMENT, READERS, word},
    reference::Reference,
};
use crate::{
    machine::{own_cpu, resident},
    report::{Samples, Section, Table, figure},
};

const PASSAGES: usize = 100_000;
const AT_ONCE: usize = 10_000;
/// Questions of each reader; each is asked so often, and its median time counts: what the machine does besides is not
/// the search's.
const QUESTIONS: usize = 200;
const TIMES: usize = 3;
const LIMIT: usize = 10;
/// What a stored vector may differ by: its numbers have 8 bits.
const EXACT: f64 = 0.01;
const P99_MS: f64 = 20.0;
const ADDED_MB: f64 = 60.0;

fn spec() -> IndexSpec {
    IndexSpec { name: "scale".to_owned(), dimensions: DIMENSIONS }
}

pub(crate) async fn measure(folder: &Path) -> Result<Section> {
    let mut section = Section {
        title: "Retrieval: a hundred thousand passages",
        method: format!(
            "{PASSAGES} generated passages of 56 to 96 words (frequencies as Zipf has them, subjects with words and \
             directions of their own) with vectors of {DIMENSIONS} int8. {QUESTIONS} questions by words and vector \
             (its making is not counted), {LIMIT} passages wanted, one at a time in a process of its own; the median of \
             {TIMES} times counts for each question. A reader may read 1 %, 30 % or all of the documents. Every answer \
             is compared with BM25 and cosine of every readable passage, computed the slow way."
        ),
        ..Section::default()
    };
    let began = Instant::now();
    let index = FolderIndex::open(folder);
    let corpus = Corpus::new(PASSAGES);
    for from in (0..PASSAGES).step_by(AT_ONCE) {
        index.apply(&spec(), corpus.changes(from..from + AT_ONCE, true)).await?;
    }
    let bytes = index.stats(&spec()).await?.bytes;
    eprintln!("  made in {:.0} s, {} MB on disk", began.elapsed().as_secs_f64(), figure(bytes as f64 / 1e6));
    drop((index, corpus));
    let output = Command::new(std::env::current_exe()?).arg("search-at-scale").arg(folder).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let number = |value: &serde_json::Value| value.as_f64().context("a number is missing");
    let mut table = Table::new("", &["readable", "p50, ms", "p99, ms", "slowest, ms", "CPU: p50, ms", "p99, ms"]);
    for (name, share) in READERS {
        let times = &found[name];
        let cells = ["p50", "p99", "max", "cpu50", "cpu99"].map(|key| number(&times[key]).map(figure));
        let cells: Vec<String> = cells.into_iter().collect::<Result<_>>()?;
        eprintln!("  {share} %: {}", cells.join(" "));
        table.row([format!("{share} %")].into_iter().chain(cells));
        let p99 = number(&times["p99"])?;
        section.goal(
            &format!("search in {} passages, {share} % readable, p99", figure(PASSAGES as f64)),
            format!("< {P99_MS} ms"),
            format!("{} ms", figure(p99)),
            p99 < P99_MS,
        );
    }
    section.tables.push(table);
    let added = number(&found["added"])? / 1e6;
    let mut memory = Table::new("", &["memory", "MB"]);
    memory.row(["added by opening the index and all searches, resident".to_owned(), figure(added)]);
    memory.row([
        "of it the process's own (the rest is files that the system may take back)".to_owned(),
        figure(number(&found["own"])? / 1e6),
    ]);
    memory.row(["on disk".to_owned(), figure(bytes as f64 / 1e6)]);
    section.tables.push(memory);
    section.goal(
        &format!("memory added by an index of {} passages", figure(PASSAGES as f64)),
        format!("≤ {ADDED_MB} MB"),
        format!("{} MB", figure(added)),
        added <= ADDED_MB,
    );
    Ok(section)
}

struct Asked {
    reader: (&'static str, u32),
    words: Vec<usize>,
    vector: Vec<f32>,
    hits: Vec<IndexHit>,
    /// What the words and the vector find alone; not timed.
    by_words: Vec<IndexHit>,
    by_meaning: Vec<IndexHit>,
}

impl Asked {
    fn query(&self) -> IndexQuery {
        IndexQuery {
            text: self.words.iter().map(|number| word(*number)).collect::<Vec<_>>().join(" "),
            language: None,
            vector: Some(self.vector.clone()),
            collections: Vec::new(),
            grants: vec![self.reader.0.to_owned()],
            limit: LIMIT,
            fusion: Fusion::default(),
        }
    }
}

/// The process that searches: prints its times, then checks what it found.
pub(crate) fn child(folder: &Path) -> Result<serde_json::Value> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut asked = {
        // What makes the questions needs more memory than the index, and gives it back.
        let corpus = Corpus::new(PASSAGES);
        questions(&corpus)
    };
    // What the allocator has is counted before, so that only what comes on top is the index's.
    let before = (resident(std::process::id())?, anonymous()?);
    let index = FolderIndex::open(folder);
    let mut times: HashMap<&str, [Samples; 2]> = HashMap::new();
    for own in &mut asked {
        let query = own.query();
        let (mut wall, mut cpu) = (Samples::default(), Samples::default());
        for _ in 0..TIMES {
            let (began, used) = (Instant::now(), own_cpu());
            own.hits = runtime.block_on(index.search(&spec(), query.clone()))?;
            wall.push(milliseconds(began.elapsed()));
            cpu.push(milliseconds(own_cpu().saturating_sub(used)));
        }
        let times = times.entry(own.reader.0).or_default();
        times[0].push(wall.median());
        times[1].push(cpu.median());
    }
    let (added, own) = (resident(std::process::id())?.saturating_sub(before.0), anonymous()?.saturating_sub(before.1));
    let mut found = json!({"added": added, "own": own});
    for (name, [wall, cpu]) in &times {
        found[*name] = json!({
            "p50": wall.median(), "p99": wall.part(0.99), "max": wall.max(), "cpu50": cpu.median(), "cpu99": cpu.part(0.99),
        });
    }
    for own in &mut asked {
        let query = own.query();
        own.by_words = runtime.block_on(index.search(&spec(), IndexQuery { vector: None, ..query.clone() }))?;
        own.by_meaning = runtime.block_on(index.search(&spec(), IndexQuery { text: String::new(), ..query }))?;
    }
    check(&asked)?;
    Ok(found)
}

fn questions(corpus: &Corpus) -> Vec<Asked> {
    let mut asked = Vec::new();
    for number in 0..QUESTIONS {
        for reader in READERS {
            let passage = number * 7_919 % PASSAGES;
            let words = corpus.question(passage, number as u64);
            let vector = corpus.vector(passage, 0.5, number as u64 + 1);
            asked.push(Asked { reader, words, vector, hits: Vec::new(), by_words: Vec::new(), by_meaning: Vec::new() });
        }
    }
    asked
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Memory of this process that no file stands behind.
fn anonymous() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).context("no RssAnon")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}

/// Every score is what the slow way gives, every passage is readable, and what is best in both ways was found.
fn check(asked: &[Asked]) -> Result<()> {
    let corpus = Corpus::new(PASSAGES);
    let reference = Reference::new(&corpus);
    for own in asked {
        let words = reference.words(&own.words, own.reader.1);
        let meaning = reference.meaning(&own.vector, own.reader.1);
        let name = format!("{:?} as {}", own.words, own.reader.0);
        ensure!(own.hits.len() == LIMIT, "{name}: {} passages", own.hits.len());
        for hit in &own.hits {
            let passage = hit.document.as_u128() as usize * OF_A_DOCUMENT + hit.number as usize;
            ensure!(super::corpus::reads(own.reader.1, passage), "{name}: {passage} is not readable");
            let exact = reference.cosine(&own.vector, passage);
            let cosine = f64::from(hit.cosine.context("no cosine")?);
            ensure!((cosine - exact).abs() < EXACT, "{name}: cosine {cosine} of {passage} instead of {exact}");
            // A passage that only the vectors found has no score of words, and none was high enough to be among theirs.
            if let Some(score) = hit.lexical {
                let exact = words.get(&passage).copied().unwrap_or_default();
                ensure!(
                    (f64::from(score) - exact).abs() < EXACT * exact,
                    "{name}: BM25 {score} of {passage} instead of {exact}"
                );
            }
        }
        ensure!(own.hits.is_sorted_by(|one, two| one.score >= two.score), "{name}: not in order");
        // Each half alone finds the best there are: nothing that was left out is better than the last of them.
        let mut exact: Vec<f64> = words.into_values().collect();
        exact.sort_by(|one, two| two.total_cmp(one));
        let last = |hits: &[IndexHit], score: fn(&IndexHit) -> Option<f32>| {
            hits.iter().filter_map(score).map(f64::from).fold(f64::INFINITY, f64::min)
        };
        let limit = LIMIT.min(exact.len());
        ensure!(own.by_words.len() == limit, "{name}: {} passages by words", own.by_words.len());
        if let Some(worst) = exact.get(limit.wrapping_sub(1)) {
            let found = last(&own.by_words, |hit| hit.lexical);
            ensure!(found > worst * (1.0 - EXACT), "{name}: BM25 {found} instead of {worst}");
        }
        let (_, worst) = meaning.get(LIMIT - 1).context("too few")?;
        let found = last(&own.by_meaning, |hit| hit.cosine);
        ensure!(own.by_meaning.len() == LIMIT && found > worst - EXACT, "{name}: cosine {found} instead of {worst}");
    }
    Ok(())
}
