//! The sample bots inside the binary, copied to the bots' folder at the first start.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result};
use rust_embed::RustEmbed;

/// How long packages must be quiet to be mounted: the samples appear whole, so nobody needs to wait for them.
pub(crate) const fn quiet(copied: bool) -> Duration {
    if copied { Duration::ZERO } else { botserver_packages::watch::QUIET }
}

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../bots"]
struct Samples;

/// Copies the samples if the folder does not exist yet; an owner who deleted one does not get it back.
pub(crate) fn copy_at_first_start(bots: &Path) -> Result<bool> {
    if bots.exists() {
        return Ok(false);
    }
    // A crash half-way must not look like a folder that its owner arranged.
    let making = bots.with_extension("making");
    if making.exists() {
        std::fs::remove_dir_all(&making)?;
    }
    for path in Samples::iter() {
        let Some(file) = Samples::get(&path) else { continue };
        let target = making.join(&*path);
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&target, &file.data).with_context(|| format!("cannot write {}", target.display()))?;
    }
    std::fs::create_dir_all(&making)?;
    std::fs::rename(&making, bots).with_context(|| format!("cannot make {}", bots.display()))?;
    Ok(true)
}
