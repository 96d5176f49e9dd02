//! Instructions of the processor per operation, counted by callgrind where it is installed.

use std::process::Command;

use anyhow::{Context as _, Result};

use super::{ENGINES, PROGRAMS};
use crate::report::{Table, figure};

/// `None` without valgrind.
pub(super) fn table() -> Result<Option<Table>> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        eprintln!("  valgrind is not installed: instructions are not counted");
        return Ok(None);
    }
    let mut table = Table::new("", &["instructions per operation", "BASIC", "Lua 5.4", "Rhai", "BASIC / Lua"]);
    for program in PROGRAMS {
        let mut counts = Vec::new();
        for engine in ENGINES {
            if engine == "rhai" && program.rhai.is_none() {
                counts.push(f64::NAN);
                continue;
            }
            // What is done once (start, compiling) is in both and falls out.
            let (few, many) = (count(engine, program.name, 1)?, count(engine, program.name, 3)?);
            counts.push((many - few) / (2 * (program.operations)(program.small)) as f64);
        }
        let ratio = counts.first().zip(counts.get(1)).map_or(f64::NAN, |(basic, lua)| basic / lua);
        let figures = counts.iter().chain([&ratio]).map(|count| figure(*count));
        table.row(std::iter::once(program.name.to_owned()).chain(figures));
    }
    Ok(Some(table))
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
