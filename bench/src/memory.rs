//! What an open conversation costs in memory, beside an open socket of `ws`.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::time::sleep;

use crate::{
    client::{Chat, Echo, TEXT},
    crowd::open,
    programs::{Places, Server, peer},
    report::{Samples, Section, Table, figure},
};

const CONNECTIONS: usize = 10_000;
/// Until a program has given back what it will.
const REST: Duration = Duration::from_secs(3);

pub(crate) async fn measure(rounds: usize, places: &Places) -> Result<Section> {
    let mut section = Section {
        title: "Memory of open sockets",
        method: format!(
            "{CONNECTIONS} sockets, each after one exchange, then nobody says anything: (resident memory - resident \
             memory of the empty server) / connections, a fresh process every round. Ours are conversations: the bot \
             has greeted, one turn has been taken, the dialog waits in its HEAR."
        ),
        ..Section::default()
    };
    let mut found: [[Samples; 2]; 2] = Default::default();
    for _ in 0..rounds {
        let own = Server::echo().start(places).await?;
        sleep(REST).await;
        let empty = own.resident()?;
        let chats = open(CONNECTIONS, || async {
            let mut chat = Chat::open(&own.address, "echo").await?;
            chat.say().await?;
            Ok(chat)
        });
        let chats = chats.await.with_context(|| own.log())?;
        sleep(REST).await;
        note(&mut found[0], empty, own.resident()?);
        drop(chats);
        own.stop().await?;

        let node = peer(places, "echo.mjs").await?;
        sleep(REST).await;
        let empty = node.resident()?;
        let lines = open(CONNECTIONS, || async {
            let mut line = Echo::open(&node.address).await?;
            line.say(TEXT).await?;
            Ok(line)
        });
        let lines = lines.await.with_context(|| node.log())?;
        sleep(REST).await;
        note(&mut found[1], empty, node.resident()?);
        drop(lines);
        node.stop().await?;
    }
    let mut table = Table::new("", &["", "bytes per connection", "empty server, MB"]);
    for (name, [each, empty]) in ["BotServer, conversation", "node `ws`, socket"].iter().zip(&found) {
        eprintln!("  {name}: {} bytes, empty {}", each.shown(), empty.shown());
        table.row([(*name).to_owned(), each.shown(), empty.shown()]);
    }
    section.tables.push(table);
    let each = found[0][0].median();
    section.goal(
        &format!("memory per open conversation, of {}", figure(CONNECTIONS as f64)),
        "≤ 8 KB",
        format!("{} bytes (node `ws`: {})", figure(each), figure(found[1][0].median())),
        each <= 8_192.0,
    );
    Ok(section)
}

fn note([each, empty]: &mut [Samples; 2], before: u64, after: u64) {
    each.push((after as f64 - before as f64) / CONNECTIONS as f64);
    empty.push(before as f64 / 1e6);
}
