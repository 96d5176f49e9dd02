//! Durable turns on SQLite and PostgreSQL: how many a second, and how long each takes at a fixed rate.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use tokio::{
    task::JoinSet,
    time::{sleep_until, timeout},
};
use uuid::Uuid;

use crate::{
    client::{Chat, Latency, TEXT},
    crowd::{Line, open, talk},
    machine::{own_cpu, postgres_cpu, two_syncs},
    programs::{Places, Running, Server},
    report::{Samples, Section, Table, figure},
};

const CROWDS: [usize; 2] = [64, 256];
const TIME: Duration = Duration::from_secs(4);
/// Turns a second of the open loop, and its conversations.
const RATES: [u32; 2] = [1_000, 2_000];
const PEOPLE: usize = 256;
const OPEN_TIME: Duration = Duration::from_secs(6);
/// Messages of one conversation that may be unanswered before the open loop gives up.
const BEHIND: usize = 200;

struct Database {
    name: &'static str,
    goal: f64,
    server: Running,
    /// The port of PostgreSQL.
    port: Option<u16>,
}

impl Database {
    fn cpu(&self) -> Result<[Duration; 3]> {
        Ok([self.server.cpu()?, self.port.map_or(Duration::ZERO, postgres_cpu), own_cpu()])
    }
}

pub(crate) async fn measure(rounds: usize, places: &Places) -> Result<Section> {
    let mut section = Section {
        title: "Durable turns",
        method:
            "The echo dialog over chat sockets, `fsync` on, server and load generator in processes of their own on \
                 the same cores (so is PostgreSQL). A turn is one commit: the message, the script's \
                 snapshot, history and events. *Closed loop*: everybody sends the next message when the \
                 turn has ended. *Open loop*: messages leave on a fixed timetable whatever has been answered; a turn's \
                 time counts from when its message was due. Beside it what two `fdatasync` of this disk take alone, \
                 measured just before each round."
                .to_owned(),
        ..Section::default()
    };
    let mut databases =
        vec![Database { name: "SQLite", goal: 5_000.0, server: Server::echo().start(places).await?, port: None }];
    if let Some(url) = &places.postgres {
        let schema = Uuid::new_v4().simple();
        let separator = if url.contains('?') { '&' } else { '?' };
        let database = Some(format!("{url}{separator}schema=bench_{schema}"));
        let server = Server { database, ..Server::echo() }.start(places).await?;
        databases.push(Database { name: "PostgreSQL", goal: 2_000.0, server, port: places.postgres_port() });
    }
    closed(rounds, &databases, &mut section).await?;
    for rate in RATES {
        at_rate(rounds, rate, &databases, places, &mut section).await?;
    }
    for database in databases {
        database.server.stop().await?;
    }
    Ok(section)
}

async fn closed(rounds: usize, databases: &[Database], section: &mut Section) -> Result<()> {
    let head = [
        "closed loop",
        "conversations",
        "turns/s",
        "p50, ms",
        "p99, ms",
        "CPU per turn, µs: server",
        "database",
        "load generator",
    ];
    let mut table = Table::new("", &head);
    let mut best = vec![0.0_f64; databases.len()];
    for conversations in CROWDS {
        let mut crowds = Vec::new();
        for own in databases {
            let make = || async { Ok(Line::Turn(Chat::open(&own.server.address, "echo").await?)) };
            crowds.push(open(conversations, make).await.with_context(|| own.server.log())?);
        }
        let mut found: Vec<[Samples; 6]> = databases.iter().map(|_| Default::default()).collect();
        for _ in 0..rounds {
            for ((own, crowd), samples) in databases.iter().zip(&mut crowds).zip(&mut found) {
                let before = own.cpu()?;
                let (lines, round) = talk(std::mem::take(crowd), TIME).await.with_context(|| own.server.log())?;
                *crowd = lines;
                let after = own.cpu()?;
                let cpu = [0, 1, 2].map(|who| round.per_message(after[who].saturating_sub(before[who])));
                let values = [round.rate(), round.latency.ms(0.5), round.latency.ms(0.99), cpu[0], cpu[1], cpu[2]];
                samples.iter_mut().zip(values).for_each(|(samples, value)| samples.push(value));
            }
        }
        for ((own, samples), best) in databases.iter().zip(&found).zip(&mut best) {
            let mut cells = samples.each_ref().map(Samples::shown);
            if own.port.is_none() {
                "in the server".clone_into(&mut cells[4]);
            }
            eprintln!("  {} × {}: {cells:?}", conversations, own.name);
            table.row([own.name.to_owned(), conversations.to_string()].into_iter().chain(cells));
            *best = best.max(samples[0].median());
        }
    }
    for (own, best) in databases.iter().zip(best) {
        let goal = format!("≥ {}/s", figure(own.goal));
        section.goal(&format!("durable turns, {}", own.name), goal, format!("{}/s", figure(best)), best >= own.goal);
    }
    section.tables.push(table);
    Ok(())
}

async fn at_rate(
    rounds: usize,
    rate: u32,
    databases: &[Database],
    places: &Places,
    section: &mut Section,
) -> Result<()> {
    let head = ["", "answered/s", "p50, ms", "p99, ms", "two fdatasyncs: p50, ms", "p99, ms"];
    let mut table = Table::new(format!("open loop, {rate} turns/s, {PEOPLE} conversations"), &head);
    let mut crowds = Vec::new();
    for own in databases {
        crowds.push(open(PEOPLE, || Chat::open(&own.server.address, "echo")).await?);
    }
    let mut found: Vec<[Samples; 5]> = databases.iter().map(|_| Default::default()).collect();
    let mut kept_up = vec![true; databases.len()];
    for _ in 0..rounds {
        for (at, own) in databases.iter().enumerate() {
            let syncs = two_syncs(&places.scratch, 200)?;
            let crowd = std::mem::take(&mut crowds[at]);
            if crowd.is_empty() {
                continue;
            }
            let began = Instant::now();
            let (crowd, latency, behind) = timetable(crowd, rate).await.with_context(|| own.server.log())?;
            crowds[at] = crowd;
            kept_up[at] &= !behind;
            let answered = latency.count() as f64 / began.elapsed().as_secs_f64().max(OPEN_TIME.as_secs_f64());
            let values = [answered, latency.ms(0.5), latency.ms(0.99), share(&syncs, 0.5), share(&syncs, 0.99)];
            found[at].iter_mut().zip(values).for_each(|(samples, value)| samples.push(value));
        }
    }
    for ((own, samples), kept_up) in databases.iter().zip(&found).zip(kept_up) {
        let mut cells = samples.each_ref().map(Samples::shown);
        if !kept_up {
            cells[0].push_str(" (fell behind)");
        }
        eprintln!("  open {rate}/s {}: {cells:?}", own.name);
        table.row(std::iter::once(own.name.to_owned()).chain(cells));
        if rate == RATES[1] {
            let bound = 2.0 * samples[4].median() + 10.0;
            let p99 = samples[2].median();
            section.goal(
                &format!("open loop at {rate} turns/s, {}, p99", own.name),
                format!("≤ 2 × p99 of two fdatasyncs + 10 ms = {} ms", figure(bound)),
                format!("{} ms{}", figure(p99), if kept_up { "" } else { ", fell behind" }),
                kept_up && p99 <= bound,
            );
        }
    }
    section.tables.push(table);
    Ok(())
}

fn share(sorted: &[f64], share: f64) -> f64 {
    sorted.get((sorted.len() as f64 * share) as usize).copied().unwrap_or(f64::NAN)
}

/// Everybody's messages leave when they are due; the nth conversation is due n intervals later than the first.
async fn timetable(crowd: Vec<Chat>, rate: u32) -> Result<(Vec<Chat>, Latency, bool)> {
    let (began, people) = (Instant::now(), crowd.len() as u32);
    let mut tasks = JoinSet::new();
    for (number, mut chat) in (0_u32..).zip(crowd) {
        tasks.spawn(async move {
            let (mut latency, mut unanswered, mut round) = (Latency::new()?, VecDeque::<Instant>::new(), 0_u32);
            let due = |round: u32| began + Duration::from_secs(1) * (round * people + number) / rate;
            loop {
                let next = due(round);
                let more = next.duration_since(began) < OPEN_TIME && unanswered.len() < BEHIND;
                if !more && unanswered.is_empty() {
                    break;
                }
                tokio::select! {
                    ended = chat.hear(), if !unanswered.is_empty() => if ended? {
                        latency.record(unanswered.pop_front().context("a turn that nobody asked for")?.elapsed());
                    },
                    () = sleep_until(next.into()), if more => {
                        chat.write(TEXT).await?;
                        unanswered.push_back(next);
                        round += 1;
                    }
                }
            }
            let behind = due(round).duration_since(began) < OPEN_TIME;
            anyhow::Ok((chat, latency, behind))
        });
    }
    let (mut crowd, mut all, mut behind) = (Vec::new(), Latency::new()?, false);
    let collect = async {
        while let Some(ended) = tasks.join_next().await {
            let (chat, latency, late) = ended??;
            all.add(&latency)?;
            crowd.push(chat);
            behind |= late;
        }
        anyhow::Ok(())
    };
    timeout(OPEN_TIME * 10, collect).await.context("the answers do not end")??;
    Ok((crowd, all, behind))
}
