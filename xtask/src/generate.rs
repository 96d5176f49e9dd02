//! Files that are made from code: pages of the book, the grammar for editors. A test of the server says when one of
//! them is out of date.

use anyhow::{Context, Result};

use crate::commands::{cargo, output, root};

/// Makes them all.
pub(crate) fn run() -> Result<()> {
    let pages = [
        ("--reference", "docs/keywords.md"),
        ("--codes", "docs/codes.md"),
        ("--grammar", "editors/vscode/syntaxes/botserver-basic.tmLanguage.json"),
    ];
    for (option, path) in pages {
        let page = output(&mut cargo(&["run", "--quiet", "-p", "botserver-server", "--", "explain", option]))?;
        let file = root().join(path);
        std::fs::write(&file, format!("{page}\n")).with_context(|| format!("cannot write {}", file.display()))?;
        eprintln!("{} is up to date", file.display());
    }
    Ok(())
}
