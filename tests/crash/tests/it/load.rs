//! A thousand people in the helpdesk dialog at once: no error, nobody lost.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use futures_util::future::join_all;
use serde_json::Value as Json;

use crate::{
    api::http,
    person::{Manner, Person},
    server::Server,
};

const PEOPLE: usize = 1_000;
const MANNER: Manner =
    Manner { answer, thinks: 1_000..3_000, drops: 0, opening: Some("Something is broken"), closing: None };

fn answer(name: &str, _: usize, input: &Json) -> String {
    match input["kind"].as_str() {
        Some("name") => "Ada Lovelace".to_owned(),
        Some("email") => format!("{}@example.com", name.to_lowercase()),
        Some("menu") => input["options"][0].as_str().unwrap_or("Computer").to_owned(),
        Some("date") => "yesterday".to_owned(),
        Some("integer") => "3".to_owned(),
        _ => "It does not start.".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn load_helpdesk() -> Result<()> {
    let mut server = Server::new(None)?.with_setting("BOTSERVER_LOG__LEVEL", "warn");
    server.start().await?;
    let (http, address) = (Arc::new(http()), server.address().to_owned());
    let talked = join_all((0..PEOPLE).map(|number| {
        let (http, address) = (http.clone(), address.clone());
        async move {
            let mut person = Person::new(&http, &address, "helpdesk", &MANNER, format!("Visitor-{number}"), number);
            person.talk(Duration::from_mins(4)).await?;
            let told = person.told();
            ensure!(told.contains("Your ticket is **HD-"), "{number}: no ticket\n{told}");
            ensure!(person.connections == 1, "{number}: the connection broke\n{told}");
            Ok(person.turns)
        }
    }));
    let talked = talked.await.into_iter().collect::<Result<Vec<_>>>();
    let talked = talked.with_context(|| format!("the log ends:\n{}", server.log_end()))?;
    let mut turns: Vec<Duration> = talked.into_iter().flatten().collect();
    turns.sort_unstable();
    ensure!(turns.len() == PEOPLE * 7, "every answer ends a turn: {}", turns.len());
    eprintln!(
        "{} turns, half within {:?}, 99 % within {:?}",
        turns.len(),
        turns[turns.len() / 2],
        turns[turns.len() * 99 / 100]
    );
    ensure!(!server.log().contains("panicked"), "something panicked:\n{}", server.log_end());
    Ok(())
}
