//! `botserver test`: the conversations that a package brings, played in this process against the real turn of its bot.
//! Nothing goes out, unless it is to be recorded.

mod expect;
mod find;
mod given;
mod play;
mod stage;
mod tables;
mod voice;

use std::{
    collections::{BTreeMap, VecDeque},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use botserver_bot_tests::{Cassette, Mode, Report, TestReport, json, junit, text};
use parking_lot::Mutex;
use tokio::task::JoinSet;

pub(crate) use self::find::findings;
use self::{
    find::Script,
    stage::{Stage, StagePlan},
};
use super::Ending;
use crate::{
    command_line::{Common, TestOptions, TestOutput},
    terminal,
};

/// A stage costs as much as some dozens of conversations.
const TESTS_PER_STAGE: usize = 40;

/// A test to be played: the file, and the number of the test in it.
type Turn = (Arc<Script>, usize);

pub(crate) async fn run(common: &Common, options: &TestOptions) -> Result<Ending> {
    let (scripts, findings) = find::scripts(&options.package)?;
    for (finding, source) in &findings {
        terminal::tell(botserver_basic_syntax::render(finding, source).trim_end());
    }
    if !findings.is_empty() {
        return Ok(Ending::Failure);
    }
    let scripts: Vec<Arc<Script>> = scripts.into_iter().map(Arc::new).collect();
    let turns = chosen(&scripts, options.filter.as_deref());
    if options.list {
        for (script, number) in &turns {
            let Some(test) = script.file.tests.get(*number) else { continue };
            terminal::print(&format!("{}:{}: {}", script.path, test.line.number, test.name))?;
        }
        return Ok(Ending::Success);
    }
    if turns.is_empty() {
        match &options.filter {
            Some(wanted) => bail!("no test of {} has `{wanted}` in its name", options.package.display()),
            None => bail!("{} has no tests; they are files tests/NAME.test", options.package.display()),
        }
    }
    let report = play_all(common, options, turns).await?;
    if options.record {
        record(&scripts, &report, options.filter.is_none())?;
    }
    show(&report.report, options.output)?;
    Ok(Ending::of(report.report.failed() == 0 && report.report.left_out == 0))
}

/// The tests whose names have a word in them.
fn chosen(scripts: &[Arc<Script>], filter: Option<&str>) -> VecDeque<Turn> {
    let wanted = filter.map(str::to_lowercase);
    let fits = |name: &str| wanted.as_ref().is_none_or(|wanted| name.to_lowercase().contains(wanted));
    let all =
        scripts.iter().flat_map(|script| (0..script.file.tests.len()).map(move |number| (script.clone(), number)));
    all.filter(|(script, number)| script.file.tests.get(*number).is_some_and(|test| fits(&test.name))).collect()
}

/// What has become of the tests, and what they recorded.
struct Played {
    report: Report,
    /// By file and name.
    recorded: BTreeMap<(String, String), Cassette>,
}

/// What the stages share.
struct Shared {
    turns: Mutex<VecDeque<Turn>>,
    done: Mutex<Vec<TestReport>>,
    recorded: Mutex<BTreeMap<(String, String), Cassette>>,
    failed: AtomicUsize,
    fail_fast: bool,
}

/// Plays the tests, those with the same settings of the bot on the same stages.
async fn play_all(common: &Common, options: &TestOptions, turns: VecDeque<Turn>) -> Result<Played> {
    let mut by_config: BTreeMap<Vec<(String, String)>, VecDeque<Turn>> = BTreeMap::new();
    for turn in turns {
        by_config.entry(turn.0.file.config.clone()).or_default().push_back(turn);
    }
    let mode = if options.record { Mode::Record } else { Mode::Replay };
    let mut report = Report::default();
    let mut recorded = BTreeMap::new();
    for (config, turns) in by_config {
        if options.fail_fast && report.failed() > 0 {
            report.left_out += turns.len();
            continue;
        }
        let plan = StagePlan {
            common: common.clone(),
            package: options.package.clone(),
            config,
            set: options.set.clone(),
            mode,
        };
        let played = on_stages(plan, turns, options.fail_fast).await?;
        report.bot = played.report.bot;
        report.time += played.report.time;
        report.left_out += played.report.left_out;
        report.tests.extend(played.report.tests);
        recorded.extend(played.recorded);
    }
    report.tests.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
    Ok(Played { report, recorded })
}

/// Plays tests on as many stages side by side as are worth it. Each has a database of its own.
async fn on_stages(plan: StagePlan, turns: VecDeque<Turn>, fail_fast: bool) -> Result<Played> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    // A recording asks a provider one question at a time.
    let most = if plan.mode == Mode::Record { 1 } else { cores };
    let stages = turns.len().div_ceil(TESTS_PER_STAGE).clamp(1, most);
    let shared = Arc::new(Shared {
        turns: Mutex::new(turns),
        done: Mutex::default(),
        recorded: Mutex::default(),
        failed: AtomicUsize::new(0),
        fail_fast,
    });
    let plan = Arc::new(plan);
    let mut working = JoinSet::new();
    for _ in 0..stages {
        let (plan, shared) = (plan.clone(), shared.clone());
        working.spawn(async move { work(&plan, &shared).await });
    }
    let mut report = Report::default();
    while let Some(ended) = working.join_next().await {
        let (bot, time) = ended??;
        report.bot = bot;
        report.time = report.time.max(time);
    }
    report.tests = std::mem::take(&mut *shared.done.lock());
    report.left_out = shared.turns.lock().len();
    let recorded = std::mem::take(&mut *shared.recorded.lock());
    Ok(Played { report, recorded })
}

/// One stage: plays tests until there are none left. Gives the bot's name and how long the conversations took.
async fn work(plan: &StagePlan, shared: &Shared) -> Result<(String, Duration)> {
    let stage = Stage::open(plan).await?;
    let bot = stage.bot_name();
    let began = Instant::now();
    let mut ended = Ok(());
    loop {
        if shared.fail_fast && shared.failed.load(Ordering::SeqCst) > 0 {
            break;
        }
        let next = shared.turns.lock().pop_front();
        let Some((script, number)) = next else { break };
        match one(&stage, &script, number, shared).await {
            Ok(report) => {
                shared.failed.fetch_add(usize::from(!report.passed()), Ordering::SeqCst);
                shared.done.lock().push(report);
            }
            Err(error) => {
                ended = Err(error);
                break;
            }
        }
    }
    let time = began.elapsed();
    stage.close().await;
    ended.map(|()| (bot, time))
}

async fn one(stage: &Stage, script: &Script, number: usize, shared: &Shared) -> Result<TestReport> {
    let Some(test) = script.file.tests.get(number) else { bail!("there is no such test") };
    let began = Instant::now();
    let outcome = play::play(stage, script, test).await?;
    if stage.tape.mode() == Mode::Record {
        let mut cassette = Cassette::default();
        cassette.replace(&test.name, &stage.tape);
        shared.recorded.lock().insert((script.path.clone(), test.name.clone()), cassette);
    }
    let (file, name, line) = (script.path.clone(), test.name.clone(), test.line.number);
    Ok(TestReport { file, name, line, time: began.elapsed(), outcome })
}

/// Writes the cassettes of the files whose tests were played.
fn record(scripts: &[Arc<Script>], played: &Played, all: bool) -> Result<()> {
    for script in scripts {
        let mut cassette = script.cassette.clone();
        if all {
            cassette.keep_only(|name| script.file.tests.iter().any(|test| test.name == name));
        }
        for test in &script.file.tests {
            if let Some(new) = played.recorded.get(&(script.path.clone(), test.name.clone())) {
                cassette.take_over(&test.name, new);
            }
        }
        if let Some(written) = script.write_cassette(&cassette)? {
            terminal::tell(&format!("Recorded {written}."));
        }
    }
    Ok(())
}

fn show(report: &Report, output: TestOutput) -> Result<()> {
    match output {
        TestOutput::Text => terminal::print(&text(report))?,
        TestOutput::Json => terminal::print(&serde_json::to_string_pretty(&json(report))?)?,
        TestOutput::Junit => terminal::print(&junit(report))?,
    }
    terminal::tell(&report.summary());
    Ok(())
}

/// The name of a file for people, from where they are.
fn shown(path: &Path) -> String {
    path.display().to_string()
}
