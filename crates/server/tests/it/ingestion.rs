//! A server that is killed again and again while it reads documents: at the end each is there exactly once, and nothing
//! is left behind, neither half a file nor a process.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use botserver_kernel::{IdSource as _, RandomIds};
use serde_json::{Value as Json, json};

use crate::live::{Live, Setup, Visitor, on_both};

const DOCUMENTS: usize = 200;
const KILLS: usize = 6;
/// Documents that real programs made, beside those that are made here.
const REAL: [&str; 6] = [
    "pdf-200-pages.pdf",
    "pdf-libreoffice.pdf",
    "docx-pandoc.docx",
    "xlsx-libreoffice.xlsx",
    "pptx-python-pptx.pptx",
    "html-hand.html",
];

/// A word that one document has and no other.
fn word(number: usize) -> String {
    format!("unicum{number:03}x")
}

fn made(number: usize) -> (String, String) {
    let (word, filler) = (word(number), "Tea is weighed, packed and sent on the same day. ".repeat(20));
    match number % 4 {
        0 => (format!("notes/{number:03}.md"), format!("# Note {number}\n\n{word} is noted here.\n\n{filler}\n")),
        1 => (format!("web/{number:03}.html"), format!("<h1>Page</h1><p>{word} is shown here.</p><p>{filler}</p>")),
        2 => (format!("tables/{number:03}.csv"), format!("name,price\n{word},{number}\nplain,1\n")),
        _ => (format!("texts/{number:03}.txt"), format!("{word} is written here.\n\n{filler}\n")),
    }
}

fn random_ms(least: u64, most: u64) -> Duration {
    let random = RandomIds.next_uuid().as_u128() as u64;
    Duration::from_millis(least + random % (most - least))
}

/// Processes that read documents below a folder.
fn readers(below: &Path) -> Vec<String> {
    let below = below.display().to_string();
    let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
    let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.contains(" extract ") && line.contains(&below)).collect()
}

/// Files that were being written when somebody died.
fn halves(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            halves(&path, found);
        } else if path.extension().is_some_and(|end| end == "new" || end == "tmp" || end == "part") {
            found.push(path);
        }
    }
}

/// All documents of the bot by path, with their states, when none is left to be read.
async fn settled(live: &Live, owner: &Visitor) -> BTreeMap<String, Vec<Json>> {
    let began = Instant::now();
    let collections = loop {
        let found = owner.get("/api/v1/bots/shop/collections").await;
        let items = if found.status.is_success() { found.json()["items"].clone() } else { Json::Null };
        let all = items.as_array().cloned().unwrap_or_default();
        let known: u64 = all.iter().filter_map(|own| own["documents"].as_u64()).sum();
        if known as usize == DOCUMENTS + REAL.len() && all.iter().all(|own| own["waiting"] == 0) {
            break all;
        }
        assert!(began.elapsed() < Duration::from_mins(4), "{items}\n{}", live.server().log());
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let mut documents: BTreeMap<String, Vec<Json>> = BTreeMap::new();
    for own in collections {
        let path = format!("/api/v1/collections/{}/documents?limit=200", own["id"].as_str().expect("an id"));
        let page = owner.get(&path).await.expect(200).json();
        assert!(page["next_cursor"].is_null(), "one page is enough");
        for document in page["items"].as_array().expect("a list") {
            documents.entry(document["path"].as_str().expect("a path").to_owned()).or_default().push(document.clone());
        }
    }
    documents
}

on_both! {
    async fn crash_while_documents_are_read_loses_none(setup: Setup) {
        let files = (0..DOCUMENTS).map(made);
        let setup = files.fold(setup, |setup, (path, text)| setup.file(&format!("shop.gbai/shop.gbkb/{path}"), &text));
        let mut live = setup.file("shop.gbai/shop.gbdialog/start.bas", "TALK \"Hello.\"\n").start();
        let owner = live.owner().await;
        let real = live.bots("shop.gbai/shop.gbkb/real");
        std::fs::create_dir_all(&real).expect("a folder");
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../adapters/documents/tests/fixtures");
        for name in REAL {
            std::fs::copy(fixtures.join(name), real.join(name)).expect("a document");
        }
        for _ in 0..KILLS {
            tokio::time::sleep(random_ms(200, 1_500)).await;
            live.kill();
            let began = Instant::now();
            while !readers(&live.bots("")).is_empty() {
                assert!(began.elapsed() < Duration::from_secs(20), "{:?}", readers(&live.bots("")));
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            live.start();
        }
        let owner = owner.at(&live);
        let documents = settled(&live, &owner).await;
        assert_eq!(documents.len(), DOCUMENTS + REAL.len());
        for (path, rows) in &documents {
            assert_eq!((rows.len(), &rows[0]["state"]), (1, &json!("indexed")), "{path}: {rows:?}");
        }
        for number in 0..DOCUMENTS {
            let body = json!({"question": word(number), "limit": 10});
            let found = owner.post("/api/v1/bots/shop/knowledge/search", body).await.expect(200).json();
            let items = found["items"].as_array().expect("a list");
            let hits: Vec<&Json> = items.iter().filter(|own| own["lexical"].is_number()).collect();
            assert_eq!(hits.len(), 1, "{}: {found}", word(number));
            assert_eq!(hits[0]["path"], made(number).0, "{found}");
        }
        for rows in documents.values() {
            let path = format!("/api/v1/documents/{}/passages?limit=200", rows[0]["id"].as_str().expect("an id"));
            let passages = owner.get(&path).await.expect(200).json();
            let numbers: Vec<u64> = passages["items"].as_array().expect("a list").iter().filter_map(|own| own["number"].as_u64()).collect();
            let wanted = rows[0]["passages"].as_u64().expect("a number").min(200);
            assert_eq!(numbers, (0..wanted).collect::<Vec<_>>(), "{rows:?}");
        }
        assert_eq!(readers(&live.bots("")), Vec::<String>::new());
        let mut left = Vec::new();
        halves(&live.data(), &mut left);
        assert_eq!(left, Vec::<PathBuf>::new());
    }
}
