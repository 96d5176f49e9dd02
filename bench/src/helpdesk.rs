//! A thousand people in the helpdesk's dialog at once, each thinking a while before every answer.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures_util::future::try_join_all;
use serde_json::Value as Json;
use tokio::{task::JoinSet, time::sleep};

use crate::{
    client::{Chat, Latency},
    programs::{Places, Server},
    report::{Samples, Section, Table, figure},
};

const PEOPLE: usize = 1_000;
const THINKS_MS: std::ops::Range<u64> = 1_000..3_000;
/// The opening and six answers.
const TURNS: u64 = 7;

pub(crate) async fn measure(rounds: usize, places: &Places) -> Result<Section> {
    let mut section = Section {
        title: "A thousand people in the helpdesk dialog",
        method: "The sample bot with its default settings (but for the rate limit), durable, on SQLite: 1,000 chat \
                 sockets, each person answers after a random 1 to 3 s; seven turns until the ticket stands in its \
                 table. A turn's time is from sending the message to `turn.end`. No peer has this: theirs would keep \
                 the dialog in memory."
            .to_owned(),
        ..Section::default()
    };
    let server = Server { bench_bots: false, ..Server::echo() }.start(places).await?;
    let (mut p50, mut p99, mut worst, mut cpu) = <(Samples, Samples, Samples, Samples)>::default();
    for _ in 0..rounds {
        let spent = server.cpu()?;
        let latency = crowd(&server.address).await.with_context(|| server.log())?;
        let spent = server.cpu()?.saturating_sub(spent);
        ensure!(latency.count() == PEOPLE as u64 * TURNS, "{} turns", latency.count());
        p50.push(latency.ms(0.5));
        p99.push(latency.ms(0.99));
        worst.push(latency.ms(1.0));
        cpu.push(spent.as_secs_f64() * 1e6 / latency.count() as f64);
    }
    let mut table = Table::new("", &["turns a round", "p50, ms", "p99, ms", "slowest, ms", "CPU per turn, µs"]);
    eprintln!("  p50 {} p99 {} worst {} cpu {}", p50.shown(), p99.shown(), worst.shown(), cpu.shown());
    let turns = figure((PEOPLE as u64 * TURNS) as f64);
    table.row([turns, p50.shown(), p99.shown(), worst.shown(), cpu.shown()]);
    section.tables.push(table);
    let measured = format!("{} ms", figure(p99.median()));
    section.goal("helpdesk, 1,000 people, p99 of a turn", "< 100 ms", measured, p99.median() < 100.0);
    server.stop().await?;
    Ok(section)
}

async fn crowd(address: &str) -> Result<Latency> {
    // They come within the time that they would think.
    let arrive = (0..PEOPLE).map(|_| async {
        sleep(Duration::from_millis(rand::random_range(THINKS_MS))).await;
        Chat::open(address, "helpdesk").await
    });
    let mut tasks = JoinSet::new();
    for chat in try_join_all(arrive).await? {
        tasks.spawn(person(chat));
    }
    let mut all = Latency::new()?;
    while let Some(ended) = tasks.join_next().await {
        all.add(&ended??)?;
    }
    Ok(all)
}

async fn person(mut chat: Chat) -> Result<Latency> {
    let (mut latency, mut ticket) = (Latency::new()?, false);
    let mut text = Some("Something is broken".to_owned());
    while let Some(words) = text.take() {
        sleep(Duration::from_millis(rand::random_range(THINKS_MS))).await;
        let sent = Instant::now();
        chat.write(&words).await?;
        loop {
            let frame = chat.next_json().await?;
            let event = &frame["event"];
            ensure!(frame["type"] != "error" && event["kind"] != "error", "an error: {frame}");
            match event["kind"].as_str() {
                Some("message") => ticket |= event.to_string().contains("Your ticket is **HD-"),
                Some("hear") => text = answer(&event["input"]).map(str::to_owned),
                Some("turn.end") => break,
                _ => {}
            }
        }
        latency.record(sent.elapsed());
    }
    ensure!(ticket, "the dialog ended without a ticket");
    Ok(latency)
}

fn answer(input: &Json) -> Option<&str> {
    Some(match input["kind"].as_str()? {
        "name" => "Ada Lovelace",
        "email" => "ada@example.com",
        "menu" => input["options"][0].as_str()?,
        "date" => "yesterday",
        "integer" => "3",
        _ => "It does not start.",
    })
}
