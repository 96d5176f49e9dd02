//! `botserver fmt`: scripts in their usual layout. A script that has mistakes stays as it is, and so does everything
//! but scripts.

use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use botserver_basic_syntax::{Grammar, ParseOptions, format, parse, render};
use botserver_runtime::function_signatures;

use super::Ending;
use crate::{
    command_line::{Common, FmtOptions},
    installation::Installation,
    terminal,
};

pub(crate) async fn run(common: &Common, options: &FmtOptions) -> Result<Ending> {
    let installation = Installation::temporary(common).await?;
    let declarations = installation.assembled.turns.keywords.declarations();
    installation.close().await;
    let grammar = Grammar::new(&declarations, &function_signatures())?;
    let here = [PathBuf::from(".")];
    let mut scripts = BTreeSet::new();
    for path in if options.paths.is_empty() { &here[..] } else { &options.paths } {
        collect(path, true, &mut scripts)?;
    }
    let (mut changed, mut failed) = (0, 0);
    for script in &scripts {
        match one(script, &grammar, options.check) {
            Ok(false) => {}
            Ok(true) => {
                changed += 1;
                terminal::print(&script.display().to_string())?;
            }
            Err(error) => {
                failed += 1;
                terminal::tell(&format!("{error:#}"));
            }
        }
    }
    terminal::tell(&summary(scripts.len(), changed, failed, options.check));
    Ok(Ending::of(failed == 0 && !(options.check && changed > 0)))
}

fn summary(scripts: usize, changed: usize, failed: usize, check: bool) -> String {
    let many = |number: usize| format!("{number} script{}", if number == 1 { "" } else { "s" });
    let verb = if check { "would be laid out anew" } else { "laid out anew" };
    let left = if failed > 0 { format!(", {failed} left as they are") } else { String::new() };
    format!("{}: {changed} {verb}{left}.", many(scripts))
}

/// The scripts at a path: the file that is named, or every `.bas` in the folder. No link is followed out of it.
fn collect(path: &Path, named: bool, scripts: &mut BTreeSet<PathBuf>) -> Result<()> {
    let seen = || format!("cannot read {}", path.display());
    let kind = if named { fs::metadata(path) } else { fs::symlink_metadata(path) }.with_context(seen)?.file_type();
    let is_script = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("bas"));
    if kind.is_dir() {
        for entry in fs::read_dir(path).with_context(seen)? {
            let entry = entry.with_context(seen)?;
            if !entry.file_name().to_string_lossy().starts_with('.') {
                collect(&entry.path(), false, scripts)?;
            }
        }
    } else if kind.is_file() && (named || is_script) {
        scripts.insert(path.to_owned());
    }
    Ok(())
}

/// Lays one script out; true when that changes it.
fn one(path: &Path, grammar: &Grammar, check: bool) -> Result<bool> {
    let place = path.display().to_string();
    let bytes = fs::read(path).with_context(|| format!("cannot read {place}"))?;
    let source = String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("{place} is not UTF-8 and stays as it is"))?;
    let options = ParseOptions { procedures: included(path, &source, grammar), ..ParseOptions::default() };
    let text = format(&place, &source, grammar, &options).map_err(|found| {
        let shown: Vec<String> = found.iter().map(|own| render(own, &source)).collect();
        anyhow::anyhow!("{}{place} stays as it is", shown.concat())
    })?;
    if text == source {
        return Ok(false);
    }
    if !check {
        replace(path, &text).with_context(|| format!("cannot write {place}"))?;
    }
    Ok(true)
}

/// The procedures that the script's INCLUDEs bring, from the files beside it, also through other INCLUDEs.
fn included(path: &Path, source: &str, grammar: &Grammar) -> Vec<String> {
    let Some(folder) = path.parent() else { return Vec::new() };
    let mut procedures = Vec::new();
    let mut seen = BTreeSet::from([path.to_owned()]);
    let mut waiting: Vec<PathBuf> = includes(folder, source, grammar);
    while let Some(next) = waiting.pop() {
        if !seen.insert(next.clone()) {
            continue;
        }
        let Ok(text) = fs::read_to_string(&next) else { continue };
        waiting.extend(includes(folder, &text, grammar));
        let script = parse("", &text, grammar).script;
        procedures.extend(script.procedures.iter().map(|own| own.name.key.to_string()));
    }
    procedures
}

fn includes(folder: &Path, source: &str, grammar: &Grammar) -> Vec<PathBuf> {
    let script = parse("", source, grammar).script;
    let file = |name: &str| folder.join(Path::new(name).file_name().unwrap_or_default()).with_extension("bas");
    script.includes.iter().map(|(name, _)| file(name)).collect()
}

/// Whoever reads the file finds the old text or the new one, and never a part.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    // A link stays a link: what it leads to is written.
    let path = fs::canonicalize(path)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut draft = tempfile::Builder::new().prefix(".fmt-").tempfile_in(folder)?;
    draft.write_all(text.as_bytes())?;
    draft.as_file().set_permissions(fs::metadata(&path)?.permissions())?;
    draft.as_file().sync_all()?;
    draft.persist(&path).map_err(|error| error.error)?;
    Ok(())
}
