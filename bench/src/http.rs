//! One turn over HTTP: our server, durable and not, beside an agent of the Microsoft Agents SDK.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures_util::future::try_join_all;
use tokio::time::sleep;

use crate::{
    client::{Http, Latency, TEXT, Visitor},
    programs::{Places, Running, Server, peer},
    report::{Samples, Section, Table, figure},
};

/// A visitor may change things 100 times a minute; all rounds together stay below.
const MESSAGES: usize = 28;

/// Visitors of each connection, and connections.
const LOADS: [(usize, usize); 2] = [(1, 16), (32, 8)];

enum Side {
    /// Ours, with the visitors of each connection.
    Ours(Vec<(Http, Vec<Visitor>)>),
    Agents(Vec<(Http, String, usize)>),
}

struct Contender {
    name: &'static str,
    durable: &'static str,
    program: Running,
    idle: u64,
    cpu: Samples,
    p50: Samples,
    p99: Samples,
    rate: Samples,
}

impl Contender {
    async fn new(name: &'static str, durable: &'static str, program: Running) -> Result<Self> {
        // What a program does after its start is no load.
        sleep(Duration::from_secs(2)).await;
        let idle = program.resident()?;
        let (cpu, p50, p99, rate) = Default::default();
        Ok(Self { name, durable, program, idle, cpu, p50, p99, rate })
    }

    async fn ours(&self, connections: usize, visitors: usize) -> Result<Side> {
        let address = &self.program.address;
        let arrive = (0..connections).map(|_| async move {
            let mut http = Http::connect(address).await?;
            let mut all = Vec::with_capacity(visitors);
            for _ in 0..visitors {
                all.push(Visitor::arrive(&mut http, "echo").await?);
            }
            anyhow::Ok((http, all))
        });
        Ok(Side::Ours(try_join_all(arrive).await?))
    }

    async fn agents(&self, connections: usize) -> Result<Side> {
        let address = &self.program.address;
        let connect = (0..connections).map(|number| async move {
            let mut http = Http::connect(address).await?;
            let conversation = format!("conversation-{connections}-{number}");
            ask_agent(&mut http, &conversation, 0).await?;
            anyhow::Ok((http, conversation, 1))
        });
        Ok(Side::Agents(try_join_all(connect).await?))
    }

    /// One round: every connection sends its messages, each after the answer to the one before.
    async fn round(&mut self, side: &mut Side, messages: usize) -> Result<()> {
        // A connection that was idle during the others' rounds may be closed by now.
        match side {
            Side::Ours(connections) => {
                for (http, _) in connections {
                    *http = Http::connect(&self.program.address).await?;
                }
            }
            Side::Agents(connections) => {
                for (http, ..) in connections {
                    *http = Http::connect(&self.program.address).await?;
                }
            }
        }
        let (cpu, began) = (self.program.cpu()?, Instant::now());
        let times = match side {
            Side::Ours(connections) => try_join_all(connections.iter_mut().map(|(http, visitors)| async {
                let mut latency = Latency::new()?;
                for number in 0..messages {
                    let count = visitors.len();
                    let sent = Instant::now();
                    visitors[number % count].say(http, TEXT).await?;
                    latency.record(sent.elapsed());
                }
                anyhow::Ok(latency)
            }))
            .await
            .with_context(|| self.program.log())?,
            Side::Agents(connections) => try_join_all(connections.iter_mut().map(|(http, name, said)| async {
                let mut latency = Latency::new()?;
                for _ in 0..messages {
                    let sent = Instant::now();
                    ask_agent(http, name, *said).await?;
                    latency.record(sent.elapsed());
                    *said += 1;
                }
                anyhow::Ok(latency)
            }))
            .await
            .with_context(|| self.program.log())?,
        };
        let (elapsed, spent) = (began.elapsed(), self.program.cpu()?.saturating_sub(cpu));
        let mut all = Latency::new()?;
        times.iter().try_for_each(|latency| all.add(latency))?;
        let count = all.count() as f64;
        self.cpu.push(spent.as_secs_f64() * 1e6 / count);
        self.rate.push(count / elapsed.as_secs_f64());
        self.p50.push(all.ms(0.5));
        self.p99.push(all.ms(0.99));
        Ok(())
    }
}

/// A message to the agent; the answer comes with the response (`expectReplies`).
async fn ask_agent(http: &mut Http, conversation: &str, said: usize) -> Result<()> {
    let body = format!(
        r#"{{"type":"message","id":"m{said}","text":"{TEXT}","deliveryMode":"expectReplies","channelId":"bench","conversation":{{"id":"{conversation}"}},"from":{{"id":"person"}},"recipient":{{"id":"bot"}}}}"#
    );
    let answer = http.post("/api/messages", "", body).await?;
    let expected = format!("[{said}] You said: {TEXT}");
    let text = std::str::from_utf8(&answer.body)?;
    ensure!(answer.status.is_success() && text.contains(&expected), "not {expected}: {} {text}", answer.status);
    Ok(())
}

pub(crate) async fn measure(rounds: usize, places: &Places) -> Result<Section> {
    let mut section = Section {
        title: "A turn over HTTP",
        method: "The same dialog on both sides: a counter that lives between turns, and `[n] You said: …` as the \
                 answer in the same response. Ours: `POST /api/v1/conversations/{id}/messages?wait=30` of an anonymous \
                 visitor, on SQLite, through inbox, script, commit and outbox; *durable*: the answer leaves after the \
                 disk has it (`storage.durability = \"full\"`, the default). Theirs: `POST /api/messages` with \
                 `deliveryMode: expectReplies`, no authentication, state in memory. CPU is user and system time of the \
                 server's process per request; latencies include the wait of all connections for two cores that the \
                 load generator shares. Neither writes a log line per request (ours does by default: `log.level` is \
                 `warn` here)."
            .to_owned(),
        ..Section::default()
    };
    let quick = Server { durable: false, ..Server::echo() };
    let mut contenders = [
        Contender::new("BotServer", "yes", Server::echo().start(places).await?).await?,
        Contender::new("BotServer", "no", quick.start(places).await?).await?,
        Contender::new("Microsoft Agents SDK", "no (memory)", peer(places, "agents.mjs").await?).await?,
    ];
    let mut medians = Vec::new();
    for (connections, visitors) in LOADS {
        let mut sides = vec![
            contenders[0].ours(connections, visitors).await?,
            contenders[1].ours(connections, visitors).await?,
            contenders[2].agents(connections).await?,
        ];
        for contender in &mut contenders {
            (contender.cpu, contender.p50, contender.p99, contender.rate) = Default::default();
        }
        let messages = MESSAGES.min(90 / rounds.max(1)) * visitors;
        for _ in 0..rounds {
            for (contender, side) in contenders.iter_mut().zip(&mut sides) {
                contender.round(side, messages).await?;
            }
        }
        let title = format!("{connections} connection(s), {} requests a round", connections * messages);
        let head = ["", "durable", "CPU per request, µs", "p50, ms", "p99, ms", "requests/s"];
        let mut table = Table::new(title, &head);
        for own in &contenders {
            let cells = [own.cpu.shown(), own.p50.shown(), own.p99.shown(), own.rate.shown()];
            eprintln!("  {} ({}) at {connections}: {cells:?}", own.name, own.durable);
            table.row([own.name.to_owned(), own.durable.to_owned()].into_iter().chain(cells));
        }
        section.tables.push(table);
        medians = contenders.iter().map(|own| own.cpu.median()).collect();
    }
    let [durable, quick, agents] = medians[..] else { anyhow::bail!("three contenders") };
    section.goal("echo turn over HTTP, durable, CPU", "≤ 100 µs", format!("{} µs", figure(durable)), durable <= 100.0);
    let ratio = format!("1/{} ({} of {} µs)", figure(agents / quick), figure(quick), figure(agents));
    section.goal("the same, durability off, beside the Agents SDK", "≤ 1/10", ratio, quick * 10.0 <= agents);
    let mut memory = Table::new("Resident memory, MB", &["", "idle", "after the load"]);
    for own in contenders {
        let after = own.program.resident()?;
        let name = format!("{} (durable: {})", own.name, own.durable);
        memory.row([name, figure(own.idle as f64 / 1e6), figure(after as f64 / 1e6)]);
        own.program.stop().await?;
    }
    section.tables.push(memory);
    Ok(section)
}
