//! Ten thousand documents are copied into a bot while people talk with another: what the people notice of it.

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value as Json;
use tokio::{process::Command, task::JoinSet, time::sleep};

use crate::{
    client::{Chat, Latency},
    crowd,
    machine::peak_resident,
    programs::{Places, Server},
    report::{Section, Table, figure},
};

const DOCUMENTS: usize = 10_000;
const PEOPLE: usize = 100;
const THINKS_MS: std::ops::Range<u64> = 500..1_500;
/// How long people talk before the documents come.
const BEFORE: Duration = Duration::from_secs(30);
/// When this is not enough, the figures are of what was read by then.
const MOST: Duration = Duration::from_secs(420);

pub(crate) async fn measure(places: &Places) -> Result<Section> {
    let mut section = Section {
        title: "Ten thousand documents while people chat",
        method: format!(
            "{PEOPLE} sockets in the echo bot, each sends its next message 0.5 to 1.5 s after the last answer, durable, \
             on SQLite. After {} s, {DOCUMENTS} Markdown files of about 2.5 KB (six headings each) are copied into the \
             folder of documents of another bot; they are found by their words when they are indexed. Memory is the \
             server's largest resident set. No embedder. Both share the machine with the load generator.",
            BEFORE.as_secs()
        ),
        ..Section::default()
    };
    let server = Server::echo().start(places).await?;
    let folder = server.folder().context("a folder")?.to_owned();
    let bot = folder.join("bots/library.gbai");
    fs::create_dir_all(bot.join("library.gbdialog"))?;
    fs::write(bot.join("library.gbdialog/start.bas"), "TALK \"Hello.\"\n")?;
    let chats = crowd::open(PEOPLE, || Chat::open(&server.address, "echo")).await?;
    let (chats, before, _) = talk(chats, async |stop: Arc<AtomicBool>| {
        sleep(BEFORE).await;
        stop.store(true, Ordering::Relaxed);
        Ok(())
    })
    .await
    .with_context(|| server.log())?;
    let memory = peak_resident(server.pid())?;
    let place = bot.join("library.gbkb/manual");
    let (_, during, read) = talk(chats, async |stop: Arc<AtomicBool>| {
        let read = fill(places, &folder, &place).await;
        stop.store(true, Ordering::Relaxed);
        read
    })
    .await
    .with_context(|| server.log())?;
    let (documents, time) = read;
    let mut table = Table::new("", &["", "turns", "p50, ms", "p99, ms", "slowest, ms", "largest memory, MB"]);
    for (name, latency, memory) in
        [("before", &before, memory), ("while they are read", &during, peak_resident(server.pid())?)]
    {
        let (p50, p99, worst) = (latency.ms(0.5), latency.ms(0.99), latency.ms(1.0));
        eprintln!("  {name}: p50 {p50} p99 {p99} worst {worst}");
        let turns = figure(latency.count() as f64);
        table.row([name.to_owned(), turns, figure(p50), figure(p99), figure(worst), figure(memory as f64 / 1e6)]);
    }
    section.tables.push(table);
    let speed = documents as f64 / time.as_secs_f64();
    eprintln!("  {documents} documents in {:.0} s: {speed:.1} a second", time.as_secs_f64());
    let mut table = Table::new("", &["documents", "seconds until all are found", "documents per second"]);
    table.row([figure(documents as f64), figure(time.as_secs_f64()), figure(speed)]);
    section.tables.push(table);
    let measured = format!("{} ms", figure(during.ms(0.99)));
    section.goal("10,000 documents indexed, p99 of a turn", "< 100 ms", measured, during.ms(0.99) < 100.0);
    server.stop().await?;
    Ok(section)
}

/// Everybody talks until `work` says that it is enough; gives the sockets back.
async fn talk<T>(
    chats: Vec<Chat>,
    work: impl AsyncFnOnce(Arc<AtomicBool>) -> Result<T>,
) -> Result<(Vec<Chat>, Latency, T)> {
    let stop = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    for mut chat in chats {
        let stop = stop.clone();
        tasks.spawn(async move {
            let mut latency = Latency::new()?;
            while !stop.load(Ordering::Relaxed) {
                sleep(Duration::from_millis(rand::random_range(THINKS_MS))).await;
                let sent = Instant::now();
                chat.say().await?;
                latency.record(sent.elapsed());
            }
            anyhow::Ok((chat, latency))
        });
    }
    let done = work(stop.clone()).await;
    stop.store(true, Ordering::Relaxed);
    let (mut chats, mut all) = (Vec::new(), Latency::new()?);
    while let Some(ended) = tasks.join_next().await {
        let (chat, latency) = ended??;
        all.add(&latency)?;
        chats.push(chat);
    }
    Ok((chats, all, done?))
}

/// Copies the documents and waits until they can be found: how many, and how long that took.
async fn fill(places: &Places, folder: &Path, place: &Path) -> Result<(i64, Duration)> {
    let began = Instant::now();
    let to = place.to_owned();
    tokio::task::spawn_blocking(move || {
        fs::create_dir_all(&to)?;
        (0..DOCUMENTS)
            .try_for_each(|number| anyhow::Ok(fs::write(to.join(format!("{number:05}.md")), document(number)?)?))
    })
    .await??;
    loop {
        sleep(Duration::from_secs(2)).await;
        let (documents, waiting) = status(places, &folder.join("data")).await?;
        let read = documents - waiting;
        if read == DOCUMENTS as i64 {
            return Ok((read, began.elapsed()));
        }
        if began.elapsed() > MOST {
            ensure!(read > 0, "nothing was read in {} s", MOST.as_secs());
            return Ok((read, began.elapsed()));
        }
    }
}

/// Documents, and how many of them are not finished, as the server says.
async fn status(places: &Places, data: &Path) -> Result<(i64, i64)> {
    let output = Command::new(&places.server)
        .args(["kb", "status", "library", "-o", "json", "--data"])
        .arg(data)
        .stdin(Stdio::null())
        .output()
        .await?;
    // The bot is not known before its first document.
    let found: Json = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let sum = |key: &str| {
        let all = found["collections"].as_array().into_iter().flatten();
        all.filter_map(|own| own[key].as_i64()).sum()
    };
    Ok((sum("documents"), sum("waiting")))
}

/// A page of a manual.
fn document(number: usize) -> Result<String> {
    let mut text = format!("# Machine {number}\n\nSerial word serial{number:05}.\n");
    for part in 0..6 {
        write!(
            text,
            "\n## Part {part} of machine {number}\n\nCheck the pressure of line {part} every {} months and write it \
             down in the book of machine {number}. When it falls below {} bar, stop the machine, close the valve and \
             call the service. Parts that are worn are replaced in pairs; the old ones are kept until the next \
             inspection. Clean the filter before you start again, and open the valve slowly.\n",
            number % 11 + 1,
            part + 2
        )?;
    }
    Ok(text)
}
