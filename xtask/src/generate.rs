//! Pages of the book that are made from code. A test of the server says when one of them is out of date.

use anyhow::{Context, Result};

use crate::commands::{cargo, output, root};

/// Makes them all.
pub(crate) fn run() -> Result<()> {
    let page = output(&mut cargo(&["run", "--quiet", "-p", "botserver-server", "--", "explain", "--reference"]))?;
    let file = root().join("docs/keywords.md");
    std::fs::write(&file, format!("{page}\n")).with_context(|| format!("cannot write {}", file.display()))?;
    eprintln!("{} is up to date", file.display());
    Ok(())
}
