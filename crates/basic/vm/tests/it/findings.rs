//! What the fuzzer found once is never found again.

#[expect(dead_code, unreachable_pub, reason = "elsewhere it is a library, for the fuzzer")]
#[path = "../../../../../fuzz/src/lib.rs"]
mod targets;

use std::{fs, path::Path};

/// Each kept finding of a target.
fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/findings").join(target);
    for entry in fs::read_dir(&folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        run(&fs::read(path).unwrap());
    }
}

#[test]
fn scripts_that_were_found() {
    replay("compile", targets::compile_any);
}

#[test]
fn images_that_were_found() {
    replay("image", targets::image_any);
}

#[test]
fn snapshots_that_were_found() {
    replay("snapshot", targets::snapshot_any);
}
