//! Instructions per operation: of the processor, counted by callgrind where it is installed, and of our machine, as its
//! fuel counts them.

use std::process::Command;

use anyhow::{Context as _, Result};

use super::{ENGINES, PROGRAMS, ours};
use crate::report::{Table, figure};

/// Without valgrind the columns of the processor stay empty.
pub(super) fn table() -> Result<Table> {
    let valgrind = Command::new("valgrind").arg("--version").output().is_ok();
    if !valgrind {
        eprintln!("  valgrind is not installed: instructions of the processor are not counted");
    }
    let head = [
        "instructions per operation",
        "BASIC's machine",
        "BASIC",
        "Lua 5.4",
        "QuickJS",
        "Rhai",
        "BASIC / Lua",
        "BASIC / QuickJS",
    ];
    let mut table = Table::new("", &head);
    for program in PROGRAMS {
        let source = program.basic.replace("{n}", &program.small.to_string());
        let executed = ours::executed(&source)? as f64 / (program.operations)(program.small) as f64;
        let mut counts = Vec::new();
        for engine in ENGINES {
            if !valgrind || engine == "rhai" && program.rhai.is_none() {
                counts.push(f64::NAN);
                continue;
            }
            // What is done once (start, compiling) is in both and falls out.
            let (few, many) = (count(engine, program.name, 1)?, count(engine, program.name, 3)?);
            counts.push((many - few) / (2 * (program.operations)(program.small)) as f64);
        }
        let to = |peer: usize| counts.first().zip(counts.get(peer)).map_or(f64::NAN, |(basic, peer)| basic / peer);
        let (lua, quickjs) = (to(1), to(2));
        let figures = std::iter::once(executed).chain(counts).chain([lua, quickjs]).map(figure);
        table.row(std::iter::once(program.name.to_owned()).chain(figures));
    }
    Ok(table)
}

fn count(engine: &str, program: &str, times: u64) -> Result<f64> {
    let own = std::env::current_exe()?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(own)
        .args(["one", engine, program, &times.to_string()])
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text.lines().find_map(|line| line.split_once("Collected :"));
    let (_, number) = collected.with_context(|| format!("valgrind counted nothing:\n{text}"))?;
    Ok(number.trim().parse::<f64>()?)
}
