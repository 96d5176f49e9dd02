//! Killing the server at random moments: nobody may notice more than a pause.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use botserver_testkit::{FakeAnswer, FakeCall, FakeModel, FakeRule, FakeStep};
use futures_util::{StreamExt as _, future::join_all, stream};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use reqwest::Client;
use sea_orm::{ConnectionTrait as _, Database};
use serde_json::{Value as Json, json};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::{
    api::http,
    person::{Manner, Person, message, told},
    server::Server,
    target::Target,
};

const KILLS: usize = 50;
const PEOPLE: usize = 100;
const MANNER: Manner = Manner {
    answer: |name, nth, _| if nth == 0 { name.to_owned() } else { "fine".to_owned() },
    thinks: 0..400,
    drops: 10,
    opening: None,
    closing: Some("Please write that down"),
};

#[tokio::test(flavor = "multi_thread")]
async fn crash_sqlite() -> Result<()> {
    crash(None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_postgres() -> Result<()> {
    let server = std::env::var_os("TEST_POSTGRES_URL").and_then(|url| url.into_string().ok());
    let server = server.context("TEST_POSTGRES_URL is not set: run `make test`, or `cargo xtask postgres`")?;
    let schema = format!("crash_{}", Uuid::from_u128(rand::random()).simple());
    let separator = if server.contains('?') { '&' } else { '?' };
    crash(Some(format!("{server}{separator}schema={schema}"))).await?;
    let database = Database::connect(server).await?;
    let query = format!("SELECT nspname FROM pg_namespace WHERE nspname LIKE '{schema}%'");
    let backend = database.get_database_backend();
    for row in database.query_all_raw(sea_orm::Statement::from_string(backend, query)).await? {
        let name: String = row.try_get("", "nspname")?;
        database.execute_unprepared(&format!("DROP SCHEMA \"{name}\" CASCADE")).await?;
    }
    Ok(())
}

/// Runs the whole; when it fails the data stays to be looked at.
async fn crash(database: Option<String>) -> Result<()> {
    let target = Target::start().await?;
    let model = model().await?;
    let bots = Path::new(env!("CARGO_MANIFEST_DIR")).join("bots");
    let mut server = Server::new(database)?
        .with_bots(&bots)?
        .with_setting("BOTSERVER_OUTBOUND__ALLOW", &format!("{},{}", target.address, model.address()))
        .with_setting("BOTSERVER_LOG__LEVEL", "warn");
    let setting =
        format!("name,value\nparam-target,http://{}\nllm-url,{}\nllm-rate-limit,0\n", target.address, model.url());
    server.write("crash.gbai/crash.gbot/config.csv", &setting)?;
    server.start().await?;
    let outcome = play(&mut server, &target).await;
    if let Err(error) = outcome {
        let log = server.log_end();
        bail!("{error:#}\nThe data is in {}; the log ends:\n{log}", server.keep().display());
    }
    Ok(())
}

/// A model that first calls the tool twice and then says so, in pieces that take a while.
async fn model() -> Result<FakeModel> {
    let model = FakeModel::start().await?;
    let jot = |what: &str| FakeCall { name: "jot".to_owned(), arguments: json!({"what": what}), id: None };
    let calls = [FakeStep::text("I will."), FakeStep::PauseMs(20), FakeStep::Calls(vec![jot("a"), jot("b")])];
    model.when(FakeRule::new([FakeAnswer::stream(calls)]).last("user").repeating());
    let said = ["Both ", "are ", "written ", "down."].map(FakeStep::text);
    let answer = said.into_iter().flat_map(|piece| [piece, FakeStep::PauseMs(15)]);
    model.when(FakeRule::new([FakeAnswer::stream(answer)]).last("tool").repeating());
    Ok(model)
}

async fn play(server: &mut Server, target: &Target) -> Result<()> {
    let seed: u64 = rand::random();
    eprintln!("the moments of death come from seed {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let (http, began) = (http(), Instant::now());
    let (over, numbers) = (AtomicBool::new(false), AtomicUsize::new(0));
    let address = server.address().to_owned();
    let crowd = join_all((0..PEOPLE).map(|_| async {
        let mut met = Vec::new();
        while !over.load(Ordering::Relaxed) {
            let number = numbers.fetch_add(1, Ordering::Relaxed);
            let name = format!("Visitor-{number}");
            let mut person = Person::new(&http, &address, "crash", &MANNER, name, number);
            person.talk(Duration::from_mins(4)).await?;
            ensure!(person.told() == expected(&person.name), "{}\n{}", person.name, person.told());
            met.push(person);
        }
        Ok(met)
    }));
    let death = async {
        let killed = kill_again_and_again(server, &mut dice).await;
        over.store(true, Ordering::Relaxed);
        killed
    };
    let (crowd, killed) = tokio::join!(crowd, death);
    killed?;
    let crowd: Vec<Person<'_>> = crowd.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
    let connections: usize = crowd.iter().map(|person| person.connections).sum();
    eprintln!("{} conversations over {connections} connections in {:?}", crowd.len(), began.elapsed());
    let checks = stream::iter(&crowd).map(|person| check(&http, &address, person)).buffer_unordered(16);
    for checked in checks.collect::<Vec<_>>().await {
        checked?;
    }
    check_keys(target, &crowd)?;
    ensure!(!server.log().contains("panicked"), "something panicked");
    Ok(())
}

/// Kills a server that serves, and now and then one that is only starting.
async fn kill_again_and_again(server: &mut Server, dice: &mut StdRng) -> Result<()> {
    for _ in 0..KILLS {
        sleep(Duration::from_millis(dice.random_range(100..1_800))).await;
        server.kill()?;
        if dice.random_ratio(1, 8) {
            server.spawn()?;
            sleep(Duration::from_millis(dice.random_range(0..400))).await;
            server.kill()?;
        }
        server.start().await?;
    }
    Ok(())
}

fn expected(name: &str) -> String {
    format!(
        "bot: Welcome.\nbot: Who are you?\n(asks any)\n(turn waiting)\nperson: {name}\n(heard)\n\
         bot: Good to see you, {name}.\nbot: I write that down.\nbot: The first message is out: 201.\n\
         bot: How are you?\n(asks any)\n(turn waiting)\nperson: fine\n(heard)\n\
         bot: You are fine, the second message is out: 201, and you were here 1 time.\n(turn done)\n\
         person: Please write that down\nbot: I will.\n(tool jot running: )\n\
         (tool jot done: noted a, 201, 1 in all)\n(tool jot running: )\nbot: Sure?\n(asks any)\n(turn waiting)\n\
         person: fine\n(heard)\n(tool jot done: noted b, 201, 2 in all)\nbot: Both are written down.\n(turn done)"
    )
}

/// The API says the same as the socket did.
async fn check(http: &Client, server: &str, person: &Person<'_>) -> Result<()> {
    let (visitor, conversation) =
        person.visitor.as_ref().zip(person.conversation.as_ref()).context("who talked has both")?;
    let events = visitor.events(http, server, conversation).await?;
    let plain = |event: &Json| (event["seq"].clone(), event["at"].clone(), event["event"].clone());
    ensure!(
        events.iter().map(plain).eq(person.events.iter().map(plain)),
        "{}: the API has other events\n{}",
        person.name,
        told(events.iter().map(|event| &event["event"])).join("\n")
    );
    let messages: Vec<String> = visitor.messages(http, server, conversation).await?.iter().map(message).collect();
    let told = person.told();
    let said: Vec<&str> = told.lines().filter(|line| !line.starts_with('(')).collect();
    ensure!(messages == said, "{}: the API has other messages\n{}", person.name, messages.join("\n"));
    Ok(())
}

/// One key per conversation and request, and no two the same.
fn check_keys(target: &Target, crowd: &[Person<'_>]) -> Result<()> {
    let requests = target.requests();
    ensure!(requests.len() == 4 * crowd.len(), "{} requests for {} conversations", requests.len(), crowd.len());
    let mut all = BTreeSet::new();
    for ((step, name), keys) in &requests {
        ensure!(keys.iter().all(|key| *key == keys[0]), "{step} of {name} came under {keys:?}");
        all.extend(keys);
    }
    ensure!(all.len() == requests.len() && !all.contains(&"no key".to_owned()), "keys are told apart");
    let repeated = requests.values().filter(|keys| keys.len() > 1).count();
    eprintln!("{} requests, {repeated} of them repeated under their key", requests.len());
    Ok(())
}
