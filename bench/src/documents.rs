//! HTML to text: `botserver extract`, a process for each page as the server starts it, beside markitdown.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};

use crate::{
    machine::cpu_of_children,
    programs::Places,
    report::{Samples, Section, Table, figure},
};

/// Pages, and how many sections each has.
const PAGES: usize = 40;
const SECTIONS: usize = 400;
/// What a page must give: a word of its last section.
const LAST: &str = "Abschnitt 399";

pub(crate) fn measure(rounds: usize, places: &Places) -> Result<Section> {
    let mut section = Section {
        title: "HTML to text",
        method: format!(
            "{PAGES} pages of {SECTIONS} sections: headings, paragraphs with links and emphasis, lists, a table every \
             tenth section. Ours: `botserver extract` for each page, a process with limits that gives headings, items \
             and table rows; its start is counted. Theirs: markitdown (PyPI) in one Python process for all pages, \
             whose start and imports are not counted. CPU is user and system time."
        ),
        ..Section::default()
    };
    let folder = tempfile::Builder::new().prefix("bench-html-").tempdir_in(&places.scratch)?;
    let mut pages = Vec::new();
    let mut bytes = 0;
    for number in 0..PAGES {
        let path = folder.path().join(format!("page-{number}.html"));
        let page = page(number)?;
        bytes += page.len();
        fs::write(&path, page)?;
        pages.push(path);
    }
    let megabytes = bytes as f64 / 1e6;
    let mut found: [Samples; 2] = Default::default();
    for _ in 0..rounds {
        found[0].push(megabytes / ours(places, &pages)?);
        found[1].push(megabytes / markitdown(places, folder.path())?);
    }
    let mut table = Table::new("", &["", "MB of HTML per CPU second, slowest / median"]);
    for (name, speeds) in ["BotServer", "markitdown"].iter().zip(&found) {
        eprintln!("  {name}: {} MB/s", speeds.shown());
        table.row([(*name).to_owned(), speeds.shown()]);
    }
    section.tables.push(table);
    let ratio = found[0].median() / found[1].median();
    section.goal("HTML text per CPU second beside markitdown", "≥ 5 ×", format!("{} ×", figure(ratio)), ratio >= 5.0);
    Ok(section)
}

/// CPU seconds of our children for all pages.
fn ours(places: &Places, pages: &[PathBuf]) -> Result<f64> {
    let before = cpu_of_children()?;
    for page in pages {
        let output = Command::new(&places.server).arg("extract").arg(page).stdin(Stdio::null()).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success() && text.contains(LAST), "{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(cpu_of_children()?.saturating_sub(before).as_secs_f64())
}

/// CPU seconds of the peer for the folder, as it counts them itself.
fn markitdown(places: &Places, folder: &Path) -> Result<f64> {
    let python = places.server.with_file_name("bench-python").join("bin/python");
    let output = Command::new(&python)
        .arg(places.bench.join("peers/markitdown_pages.py"))
        .args([folder, Path::new(LAST)])
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{}; `make bench` installs it", python.display()))?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout)?.trim().parse().context("no number of seconds")
}

/// A page as a manual has it.
fn page(number: usize) -> Result<String> {
    let mut page = format!(
        "<!DOCTYPE html><html lang=\"de\"><head><meta charset=\"utf-8\"><title>Handbuch {number}</title>\
         <style>p {{ margin: 0 }}</style></head><body><nav><a href=\"/\">Start</a></nav><main>\n<h1>Handbuch {number}</h1>\n"
    );
    for part in 0..SECTIONS {
        write!(
            page,
            "<section><h2 id=\"s{part}\">Abschnitt {part}</h2>\n<p>Die Prüfung der <em>Anlage {number}-{part}</em> \
             erfolgt jährlich durch eine <a href=\"https://example.com/{part}\" class=\"link\">befähigte Person</a>. \
             Mängel sind unverzüglich zu melden &amp; bis zur Behebung ist der Betrieb einzustellen.</p>\n\
             <ul><li>Sichtprüfung der <b>Leitungen</b></li><li>Messung des Drucks</li><li>Eintrag im Prüfbuch</li></ul>\n"
        )?;
        if part % 10 == 0 {
            page.push_str("<table><thead><tr><th>Teil</th><th>Frist</th></tr></thead><tbody>");
            for row in 0..8 {
                write!(page, "<tr><td>Ventil {row}</td><td>{} Monate</td></tr>", row + 6)?;
            }
            page.push_str("</tbody></table>\n");
        }
        page.push_str("</section>\n");
    }
    page.push_str("</main><footer>Ende</footer></body></html>\n");
    Ok(page)
}
