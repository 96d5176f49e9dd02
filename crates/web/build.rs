//! Makes sure that the folder of the web app exists, so that a build without it compiles, and has cargo
//! look at it in release builds, where the files go into the binary. (Otherwise they are read at run time.)

use std::{env, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    #[expect(clippy::disallowed_methods, reason = "cargo tells build scripts through the environment")]
    let read = |name| env::var(name);
    let dist = Path::new(&read("CARGO_MANIFEST_DIR")?).join("../../web/dist");
    fs::create_dir_all(&dist)?;
    let embedded = read("PROFILE")? == "release";
    let watched = if embedded { dist.display().to_string() } else { "build.rs".to_owned() };
    writeln(&format!("cargo::rerun-if-changed={watched}"))?;
    Ok(())
}

fn writeln(line: &str) -> std::io::Result<()> {
    use std::io::Write;
    writeln!(std::io::stdout(), "{line}")
}
