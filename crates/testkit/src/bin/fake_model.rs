//! The fake model as a program, for tests that are not written in Rust: `fake-model --script FILE [--port N]`.
//! Prints its address and runs until it is ended.

use std::{io::Write as _, path::Path};

use anyhow::{Context as _, Result, bail};
use botserver_testkit::FakeModel;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let (mut script, mut port) = (None, 0);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().with_context(|| format!("{argument} needs a value"))?;
        match argument.as_str() {
            "--script" => script = Some(value),
            "--port" => port = value.parse().context("--port needs a number")?,
            _ => bail!("usage: fake-model --script FILE [--port N]"),
        }
    }
    let script = script.context("usage: fake-model --script FILE [--port N]")?;
    let model = FakeModel::from_file(Path::new(&script), port).await?;
    writeln!(std::io::stdout(), "{}", model.url())?;
    std::future::pending().await
}
