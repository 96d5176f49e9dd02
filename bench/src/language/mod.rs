//! The machine of BASIC beside Lua 5.4, QuickJS and Rhai: small programs, a dialog turn, the size of a suspended dialog.

mod counted;
mod ours;
mod peers;
mod programs;
mod quickjs;

use std::{hint::black_box, path::Path, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use botserver_basic_types::Value;

use crate::{
    machine::own_cpu,
    report::{Samples, Section, Table, figure},
};
use peers::Said;
use programs::{COUNTED, PROGRAMS, Program, SAID, TURN_BASIC, TURN_JAVASCRIPT, TURN_LUA, TURN_RHAI};

/// Runs a prepared program once and gives its result.
pub(crate) type Run = Box<dyn FnMut() -> Result<i64>>;

/// A round of one program takes at least this.
const ROUND: Duration = Duration::from_millis(120);
const ENGINES: [&str; 4] = ["basic", "lua", "quickjs", "rhai"];

/// A program made ready in one language; `None` when that language has no such thing.
fn prepare(program: &Program, engine: &str, size: u64) -> Result<Option<Run>> {
    let filled = |text: &str| text.replace("{n}", &size.to_string());
    Ok(Some(match engine {
        "basic" => ours::prepare(&filled(program.basic))?,
        "lua" if program.lua.contains("coroutine") => peers::prepare_coroutine(&filled(program.lua))?,
        "lua" => peers::prepare_lua(&filled(program.lua))?,
        "quickjs" => quickjs::prepare(&filled(program.javascript))?,
        "rhai" => match program.rhai {
            Some(text) => peers::prepare_rhai(&filled(text))?,
            None => return Ok(None),
        },
        other => bail!("no engine {other}"),
    }))
}

/// Runs one program some times and nothing else, for `valgrind` to count.
pub(crate) fn one(engine: &str, name: &str, times: u64) -> Result<()> {
    let program = PROGRAMS.iter().find(|program| program.name == name).context("no such program")?;
    let mut run = prepare(program, engine, program.small)?.context("not in this language")?;
    let expected = (program.result)(program.small);
    for _ in 0..times {
        ensure!(run()? == expected, "{name} in {engine} computes something else");
    }
    Ok(())
}

/// Nanoseconds of CPU per call of `work`, over at least [`ROUND`].
fn per_call(mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    let (began, mut calls) = (own_cpu(), 0_u64);
    loop {
        // Reading the clock must not count among microseconds of work.
        for _ in 0..8 {
            work()?;
        }
        calls += 8;
        let spent = own_cpu().saturating_sub(began);
        if spent >= ROUND {
            return Ok(spent.as_nanos() as f64 / calls as f64);
        }
    }
}

/// Nanoseconds of CPU per operation, over at least [`ROUND`].
fn per_operation(run: &mut Run, program: &Program) -> Result<f64> {
    let expected = (program.result)(program.size);
    let (began, mut runs) = (own_cpu(), 0_u64);
    loop {
        let found = run()?;
        ensure!(found == expected, "{}: {found} instead of {expected}", program.name);
        runs += 1;
        let spent = own_cpu().saturating_sub(began);
        if spent >= ROUND {
            return Ok(spent.as_nanos() as f64 / (runs * (program.operations)(program.size)) as f64);
        }
    }
}

/// Everything about the language.
pub(crate) fn measure(rounds: usize, bots: &Path) -> Result<Section> {
    let mut section = Section {
        title: "The machine",
        method: "Nanoseconds of CPU per operation, minimum / median; each language in turn in every round. BASIC runs \
                 in slices of 50,000 instructions with a new machine per run, as in the server; the limit of rounds \
                 per loop is lifted, and with the server's allocator. Ratios are of medians: below 1 BASIC is faster than Lua; the last column says how \
                 many times faster than Rhai it is. *Instructions*: of the processor per operation, counted by \
                 `valgrind --tool=callgrind`, and beside them what BASIC's own machine executes, as its fuel counts it; \
                 both are the same on a busy machine."
            .to_owned(),
        ..Section::default()
    };
    programs_table(rounds, &mut section)?;
    turn_table(rounds, &mut section)?;
    snapshot(bots, &mut section)?;
    Ok(section)
}

fn programs_table(rounds: usize, section: &mut Section) -> Result<()> {
    let head = [
        "program",
        "BASIC, ns",
        "Lua 5.4, ns",
        "QuickJS, ns",
        "Rhai, ns",
        "BASIC / Lua",
        "BASIC / QuickJS",
        "Rhai / BASIC",
    ];
    let mut table = Table::new("", &head);
    let (mut to_lua, mut to_quickjs, mut to_rhai) = (Vec::new(), Vec::new(), Vec::new());
    for program in PROGRAMS {
        let mut runs = Vec::new();
        for engine in ENGINES {
            runs.push(prepare(program, engine, program.size)?);
        }
        let mut found = ENGINES.map(|_| Samples::default());
        for _ in 0..rounds {
            for (run, samples) in runs.iter_mut().zip(&mut found) {
                if let Some(run) = run {
                    samples.push(per_operation(run, program)?);
                }
            }
        }
        let [basic, lua, quickjs, rhai] = found.each_ref().map(Samples::median);
        if program.counts {
            to_lua.push(basic / lua);
            to_quickjs.push(basic / quickjs);
            to_rhai.push(rhai / basic);
        }
        table.row([
            format!("{} ({})", program.name, program.unit),
            found[0].shown(),
            found[1].shown(),
            found[2].shown(),
            found[3].shown(),
            figure(basic / lua),
            figure(basic / quickjs),
            figure(rhai / basic),
        ]);
        if program.name.starts_with("function") {
            let measured = format!("{} to {} ns", figure(basic), figure(lua));
            section.goal(
                &format!("{}, beside mlua's host call", program.name),
                "no more than mlua's",
                measured,
                basic <= lua,
            );
        }
        let shown = [basic, lua, quickjs, rhai].map(figure).join(" / ");
        eprintln!("  {}: {shown} ns", program.name);
    }
    let mean = |ratios: &[f64]| (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp();
    let (lua, quickjs, rhai) = (mean(&to_lua), mean(&to_quickjs), mean(&to_rhai));
    let means = [lua, quickjs, rhai].map(figure);
    let empty = ENGINES.map(|_| String::new());
    table.row(std::iter::once("geometric mean of the first five".to_owned()).chain(empty).chain(means));
    section.goal("machine: time beside Lua 5.4, geometric mean", "≤ 1.0", figure(lua), lua <= 1.0);
    section.goal("machine: times as fast as Rhai, geometric mean", "≥ 15", figure(rhai), rhai >= 15.0);
    section.tables.push(table);
    section.tables.push(counted::table()?);
    Ok(())
}

/// The dialog turn in each language, compiled once and compiled every time.
fn turn_table(rounds: usize, section: &mut Section) -> Result<()> {
    let said = Said::default();
    let image = ours::image(TURN_BASIC)?;
    let lua = peers::lua(&said)?;
    let function = lua.load(TURN_LUA).into_function().map_err(|error| anyhow::anyhow!("{error}"))?;
    let engine = peers::rhai(&said);
    let ast = peers::compile_rhai(&engine, TURN_RHAI)?;
    let javascript = quickjs::Script::new(&said, TURN_JAVASCRIPT)?;
    let (_runtime, fresh) = quickjs::engine(&said)?;
    let check = |counted: i64| -> Result<()> {
        let mut said = said.borrow_mut();
        ensure!(counted == COUNTED && *said == SAID, "another turn: {counted}, {said:?}");
        said.clear();
        Ok(())
    };
    let our_turn = |image: &_| ours::turn(image, &mut said.borrow_mut());
    let lua_error = |error: mlua::Error| anyhow::anyhow!("{error}");
    let mut works: Vec<Box<dyn FnMut() -> Result<()>>> = vec![
        Box::new(|| check(our_turn(&image)?)),
        Box::new(|| check(function.call::<i64>(()).map_err(lua_error)?)),
        Box::new(|| check(javascript.call()?)),
        Box::new(|| check(peers::eval_rhai(&engine, &ast)?)),
        Box::new(|| {
            let image = ours::image(black_box(TURN_BASIC))?;
            check(our_turn(&image)?)
        }),
        Box::new(|| check(lua.load(black_box(TURN_LUA)).call::<i64>(()).map_err(lua_error)?)),
        Box::new(|| {
            check(fresh.with(|ctx| {
                let function = quickjs::compile(&ctx, black_box(TURN_JAVASCRIPT))?;
                quickjs::call(&ctx, &function)
            })?)
        }),
        Box::new(|| {
            let ast = peers::compile_rhai(&engine, black_box(TURN_RHAI))?;
            check(peers::eval_rhai(&engine, &ast)?)
        }),
    ];
    let mut found = vec![Samples::default(); works.len()];
    for _ in 0..rounds {
        for (work, samples) in works.iter_mut().zip(&mut found) {
            samples.push(per_call(work)? / 1e3);
        }
    }
    let head = [
        "a turn of 12 statements, two of them TALK",
        "BASIC, µs",
        "Lua 5.4, µs",
        "QuickJS, µs",
        "Rhai, µs",
        "BASIC / Lua",
        "BASIC / QuickJS",
    ];
    let mut table = Table::new("", &head);
    for (name, goal, samples) in [
        ("compiled once", 1.1, &found[..ENGINES.len()]),
        ("compiled and run every time", 12.0, &found[ENGINES.len()..]),
    ] {
        let [basic, lua, quickjs, ..] = samples else { bail!("four languages") };
        let ratios = [lua, quickjs].map(|peer| figure(basic.median() / peer.median()));
        let shown: Vec<String> = samples.iter().map(Samples::shown).collect();
        eprintln!("  turn, {name}: {} µs", shown.join(" | "));
        table.row(std::iter::once(name.to_owned()).chain(shown).chain(ratios));
        let measured = format!("{} µs", figure(basic.median()));
        section.goal(&format!("dialog turn, {name}"), format!("≤ {goal} µs"), measured, basic.median() <= goal);
    }
    section.tables.push(table);
    Ok(())
}

/// The helpdesk's dialog as it waits for the third answer.
fn snapshot(bots: &Path, section: &mut Section) -> Result<()> {
    let file = bots.join("helpdesk.gbai/helpdesk.gbdialog/open-ticket.bas");
    let source = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let answer = |nth| Value::text(["Ada Lovelace", "ada.lovelace@example.com"][nth - 1]);
    let bytes = ours::snapshot_at_hear(&source, 3, answer)?.len();
    eprintln!("  snapshot: {bytes} bytes");
    section.goal("helpdesk dialog suspended at its third HEAR", "≤ 4 KiB", format!("{bytes} bytes"), bytes <= 4096);
    Ok(())
}
