//! `botserver check` on a package of 10,000 lines: 40 scripts, tools with parameters, tables, procedures, questions.

use std::{fmt::Write as _, fs, path::Path, process::Command, time::Instant};

use anyhow::{Result, ensure};

use crate::{
    machine::cpu_of_children,
    programs::Places,
    report::{Samples, Section, Table, figure},
};

const SCRIPTS: usize = 40;
const LINES: usize = 250;
const RUNS: usize = 10;

/// Statements as people write them; `{n}` is another number each time.
const BLOCK: &str = r##"' Part {n}: what the customer wants, and whether there is any of it.
HEAR wish{n} AS "Tea", "Coffee", "Nothing" WITH "What do you take, ${name}?"
IF wish{n} = "Nothing" THEN
    TALK "Come back any time."
ELSE
    stock{n} = FIND "stock" WHERE product = wish{n} AND amount > 0 ORDER BY amount DESC LIMIT 3
    FOR EACH item IN stock{n}
        line = UCASE(LEFT(item.product, 3)) + ": " + FORMAT(item.price * 1.19, "#,##0.00")
        total = total + item.price
        TALK "${line}, ${item.amount} left"
    NEXT
    SELECT CASE total
        CASE 0
            TALK "Nothing left of " + wish{n} + "."
        CASE 1 TO 100
            discount = 0
        CASE ELSE
            discount = ROUND(total * 0.1, 2)
    END SELECT
    order{n} = { wish: wish{n}, total: total - discount, items: [1, 2, {n}] }
    INSERT INTO "orders" VALUES order{n}
END IF
"##;

pub(crate) fn measure(rounds: usize, places: &Places) -> Result<Section> {
    let mut section = Section {
        title: "Checking a package",
        method: format!(
            "`botserver check` on a package of {SCRIPTS} scripts with {LINES} lines each: everything from the start of \
             the process to its end, {RUNS} times a round. CPU is user and system time."
        ),
        ..Section::default()
    };
    let folder = tempfile::Builder::new().prefix("bench-check-").tempdir_in(&places.scratch)?;
    let package = folder.path().join("large.gbai");
    let lines = write(&package)?;
    ensure!(lines >= SCRIPTS * LINES, "{lines} lines are too few");
    let (mut times, mut cpu) = (Samples::default(), Samples::default());
    for _ in 0..rounds * RUNS {
        let (began, before) = (Instant::now(), cpu_of_children()?);
        let output = Command::new(&places.server).arg("check").arg(&package).output()?;
        times.push(began.elapsed().as_secs_f64() * 1e3);
        cpu.push(cpu_of_children()?.saturating_sub(before).as_secs_f64() * 1e3);
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    eprintln!("  {lines} lines: {} ms, {} ms of CPU", times.shown(), cpu.shown());
    let mut table = Table::new("", &["lines", "time, ms", "CPU, ms"]);
    table.row([figure(lines as f64), times.shown(), cpu.shown()]);
    section.tables.push(table);
    let median = times.median();
    section.goal("check of a package of 10,000 lines", "< 200 ms", format!("{} ms", figure(median)), median < 200.0);
    Ok(section)
}

/// Writes the package; the lines of its scripts.
fn write(package: &Path) -> Result<usize> {
    let dialogs = package.join("large.gbdialog");
    fs::create_dir_all(&dialogs)?;
    let tables = "TABLE stock\n    id number key\n    product string(80)\n    amount integer\n    price number(10,2)\n\
                  END TABLE\nTABLE orders\n    id number key\n    wish string(80)\n    total number(10,2)\n    items json\n\
                  END TABLE\nTALK \"Welcome.\"\n";
    fs::write(dialogs.join("start.bas"), tables)?;
    let mut lines = tables.lines().count();
    for number in 0..SCRIPTS {
        let mut script = format!(
            "DESCRIPTION \"Sells number {number}.\"\nPARAM name AS STRING LIKE \"Ana\" DESCRIPTION \"Who buys\"\n\
             PARAM amount AS INTEGER LIKE 3 DESCRIPTION \"How many\" OPTIONAL\ntotal = amount\n"
        );
        let mut block = 0;
        while script.lines().count() < LINES - 4 {
            block += 1;
            script.push_str(&BLOCK.replace("{n}", &block.to_string()));
        }
        writeln!(script, "SUB thank(who)\n    TALK \"Thank you, \" + who\nEND SUB\nthank(name)")?;
        lines += script.lines().count();
        fs::write(dialogs.join(format!("sell-{number}.bas")), script)?;
    }
    Ok(lines)
}
