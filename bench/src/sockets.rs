//! Sockets beside `ws` under Node.js: bare round trips, and what a durable turn costs on the same socket.

use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::{
    client::{Chat, Echo},
    crowd::{Line, open, talk},
    programs::{Places, Running, Server, peer},
    report::{Samples, Section, Table, figure},
};

const CROWDS: [usize; 2] = [100, 1_000];
const TIME: Duration = Duration::from_secs(3);

struct Kind<'p> {
    name: &'static str,
    durable: &'static str,
    program: &'p Running,
    make: fn(&'p Running) -> futures_util::future::BoxFuture<'p, Result<Line>>,
    found: [Samples; 4],
}

pub(crate) async fn measure(rounds: usize, places: &Places) -> Result<Section> {
    let mut section = Section {
        title: "Sockets",
        method: "Closed loop: every connection sends its next message when it has the answer to the last, for 3 s a \
                 round. `ws` sends the message back and does nothing else; its honest neighbour is our `ping` frame, \
                 which is parsed as JSON and answered by the task of the page. The turn on the same socket is another \
                 thing: a message that is committed, a script that takes it and counts, an answer that is committed, \
                 six frames. CPU is user and system time of the server's process per message. Node.js runs on one \
                 core; ours on both, which the load generator shares."
            .to_owned(),
        ..Section::default()
    };
    let (node, own) = (peer(places, "echo.mjs").await?, Server::echo().start(places).await?);
    for connections in CROWDS {
        let mut kinds = [
            Kind {
                name: "node `ws`, echo",
                durable: "nothing to keep",
                program: &node,
                make: |program| Box::pin(async { Ok(Line::Echo(Echo::open(&program.address).await?)) }),
                found: Default::default(),
            },
            Kind {
                name: "BotServer, ping",
                durable: "nothing to keep",
                program: &own,
                make: |program| Box::pin(async { Ok(Line::Ping(Chat::open(&program.address, "echo").await?)) }),
                found: Default::default(),
            },
            Kind {
                name: "BotServer, turn",
                durable: "yes, fsync",
                program: &own,
                make: |program| Box::pin(async { Ok(Line::Turn(Chat::open(&program.address, "echo").await?)) }),
                found: Default::default(),
            },
        ];
        let mut crowds = Vec::new();
        for kind in &kinds {
            crowds.push(open(connections, || (kind.make)(kind.program)).await?);
        }
        for _ in 0..rounds {
            for (kind, crowd) in kinds.iter_mut().zip(&mut crowds) {
                let cpu = kind.program.cpu()?;
                let talked = talk(std::mem::take(crowd), TIME).await;
                let (lines, round) = talked.with_context(|| format!("{}: {}", kind.name, kind.program.log()))?;
                *crowd = lines;
                let spent = kind.program.cpu()?.saturating_sub(cpu);
                let values = [round.rate(), round.per_message(spent), round.latency.ms(0.5), round.latency.ms(0.99)];
                kind.found.iter_mut().zip(values).for_each(|(samples, value)| samples.push(value));
            }
        }
        let head = ["", "durable", "messages/s", "CPU per message, µs", "p50, ms", "p99, ms"];
        let mut table = Table::new(format!("{connections} connections"), &head);
        for kind in &kinds {
            let cells = kind.found.each_ref().map(Samples::shown);
            eprintln!("  {connections} × {}: {cells:?}", kind.name);
            table.row([kind.name.to_owned(), kind.durable.to_owned()].into_iter().chain(cells));
        }
        section.tables.push(table);
        let [node, own, _] = kinds.each_ref().map(|kind| (kind.found[0].median(), kind.found[1].median()));
        section.goal(
            &format!("ping-pong at {connections} sockets, messages/s"),
            "≥ 1.5 × node `ws`",
            format!(
                "{} × ({} to {}); CPU per message {} to {} µs",
                figure(own.0 / node.0),
                figure(own.0),
                figure(node.0),
                figure(own.1),
                figure(node.1)
            ),
            own.0 >= 1.5 * node.0,
        );
    }
    node.stop().await?;
    own.stop().await?;
    Ok(section)
}
