//! From the start of the process to listening, and the memory of a server that nobody talks to.

use std::time::Duration;

use anyhow::Result;
use tokio::time::sleep;

use crate::{
    programs::{Places, Server, peer},
    report::{Samples, Section, Table, figure},
};

const STARTS: usize = 10;
/// Until the memory is looked at.
const REST: Duration = Duration::from_secs(5);

pub(crate) async fn measure(places: &Places) -> Result<Section> {
    let mut section = Section {
        title: "Start and idle memory",
        method: format!(
            "{STARTS} starts in turn. Ours: release binary, sample bots, SQLite, an existing data directory, from the \
             start of the process to the printed link. The peer: `node` to its first line. Memory is resident memory \
             five seconds after the start."
        ),
        ..Section::default()
    };
    let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(&places.scratch)?;
    let server = Server { bench_bots: false, data: Some(folder.path().join("data")), ..Server::echo() };
    // The first start makes the data directory.
    server.start(places).await?.stop().await?;
    let mut found: [Samples; 2] = Default::default();
    for _ in 0..STARTS {
        let own = server.start(places).await?;
        found[0].push(own.start.as_secs_f64() * 1e3);
        own.stop().await?;
        let agents = peer(places, "agents.mjs").await?;
        found[1].push(agents.start.as_secs_f64() * 1e3);
        agents.stop().await?;
    }
    let mut idle = Vec::new();
    for running in [server.start(places).await?, peer(places, "agents.mjs").await?] {
        sleep(REST).await;
        idle.push(running.resident()? as f64 / 1e6);
        running.stop().await?;
    }
    let mut table = Table::new("", &["", "start, ms", "slowest, ms", "idle memory, MB"]);
    for ((name, starts), idle) in ["BotServer", "Microsoft Agents SDK"].iter().zip(&found).zip(&idle) {
        eprintln!("  {name}: {} ms, {} MB", starts.shown(), figure(*idle));
        table.row([(*name).to_owned(), starts.shown(), figure(starts.max()), figure(*idle)]);
    }
    section.tables.push(table);
    let start = found[0].median();
    section.goal("cold start to listening", "< 500 ms", format!("{} ms", figure(start)), start < 500.0);
    let idle = idle.first().copied().unwrap_or(f64::NAN);
    section.goal("idle memory with the sample bots", "≤ 100 MB", format!("{} MB", figure(idle)), idle <= 100.0);
    Ok(section)
}
