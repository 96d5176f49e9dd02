//! `botserver run`: one script with the keywords of the whole build, without a server and without a package. What it
//! says goes to stdout; HEAR reads stdin.

use anyhow::{Result, bail};
use async_trait::async_trait;
use botserver_basic_types::{BasicError, Value};
use botserver_runtime::{ScriptProgram, StartError, TurnBuffer};
use serde_json::Value as Json;

use super::{
    Ending, show_log,
    workshop::{self, Driven, Person, Prepared},
};
use crate::{
    command_line::{Common, RunOptions},
    installation::Installation,
    settings::Overrides,
    terminal::{self, Lines},
};

pub(crate) async fn run(common: &Common, options: &RunOptions) -> Result<Ending> {
    // PRINT and LOG_INFO are the script's own lines.
    show_log("warn,botserver_runtime=info")?;
    let installation = workshop::open(common, &Overrides::default()).await?;
    let ending = run_in(&installation, options).await;
    installation.close().await;
    ending
}

async fn run_in(installation: &Installation, options: &RunOptions) -> Result<Ending> {
    let Some(prepared) = workshop::of_script(installation, &options.script, &mut |text| terminal::tell(text)).await?
    else {
        return Ok(Ending::Failure);
    };
    if let Some((name, _)) = options.params.iter().find(|(name, _)| !prepared.declares(name)) {
        bail!("the script has no PARAM `{name}`");
    }
    let stage = &prepared.stage;
    let params = options.params.iter().map(|(name, value)| (name.clone(), Value::text(value.clone()))).collect();
    let (keywords, ids) = (stage.keywords.clone(), stage.ids.clone());
    let started =
        ScriptProgram::start(stage.image.clone(), &prepared.name, params, keywords, ids, stage.context.clone());
    let mut program = match started {
        Ok(program) => program,
        Err(StartError::Script(error)) => return Ok(failed(&error, &prepared)),
        Err(error @ StartError::Snapshot(_)) => return Err(error.into()),
    };
    match stage.drive(&mut program, &mut TurnBuffer::default(), &mut Typist::default()).await? {
        Driven::Done(value) => {
            if !value.is_null() {
                terminal::print(&value.to_string())?;
            }
            Ok(Ending::Success)
        }
        Driven::Failed(error) => Ok(failed(&error, &prepared)),
    }
}

/// Whoever sits at the terminal, or at the other end of the pipe.
#[derive(Default)]
struct Typist(Option<Lines>);

#[async_trait]
impl Person for Typist {
    /// Each message goes to stdout; the choices of a menu are for whoever types.
    fn hears(&mut self, events: Vec<Json>) -> Result<()> {
        let (said, choices) = workshop::texts(events);
        for text in said {
            terminal::print(&text)?;
        }
        for choice in choices {
            terminal::tell(&format!("> {choice}"));
        }
        Ok(())
    }

    async fn answers(&mut self) -> Result<Option<String>> {
        let lines = self.0.get_or_insert_with(Lines::read);
        if terminal::is_interactive() {
            terminal::prompt("> ");
        }
        Ok(lines.next().await?)
    }
}

fn failed(error: &BasicError, prepared: &Prepared) -> Ending {
    let diagnostic = workshop::as_diagnostic(error, &prepared.name);
    let source = prepared.stage.sources.get(&diagnostic.span.file).map_or("", |text| text);
    terminal::tell(botserver_basic_syntax::render(&diagnostic, source).trim_end());
    Ending::Failure
}
