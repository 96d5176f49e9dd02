//! `botserver repl`: statements and expressions, one after another, in the context of a bot. Variables and procedures
//! live on between them; an error ends one input and nothing else.

mod reader;
mod session;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use anyhow::{Result, bail};
use botserver_basic_types::Diagnostic;
use tokio::signal::unix::{Signal, SignalKind, signal};

use self::{
    reader::{Line, Reader},
    session::{Outcome, Session},
};
use super::{Ending, show_log, workshop};
use crate::{
    command_line::{Common, ReplOptions},
    installation::Installation,
    settings::Overrides,
    terminal,
};

const HELP: &str = "\
Type a statement, or an expression to see its value. A block goes on until its end: IF … END IF, FOR … NEXT.
  .vars        the variables and their values
  .load FILE   runs the lines of a file
  .cancel      forgets a block that is not complete
  .help        this list
  .quit        ends; so does the end of the input
Ctrl-C stops what runs, or forgets the line.";

pub(crate) async fn run(common: &Common, options: &ReplOptions) -> Result<Ending> {
    if options.bot.is_some() && common.data.is_none() {
        bail!("--bot names a bot of a data directory: add --data DIR, or give the folder of a package");
    }
    show_log("warn,botserver_runtime=info")?;
    let installation = workshop::open(common, &Overrides::bots(options.bots.as_ref())).await?;
    let ending = run_in(&installation, options).await;
    installation.close().await;
    ending
}

async fn run_in(installation: &Installation, options: &ReplOptions) -> Result<Ending> {
    let stage = match (&options.package, &options.bot) {
        (Some(package), _) => workshop::of_package(installation, package).await?.0,
        (None, Some(bot)) => workshop::of_bot(installation, bot).await?.0,
        (None, None) => workshop::of_nothing(installation),
    };
    let reader = Reader::start();
    let mut repl = Repl { session: Session::begin(stage, reader.clone())?, reader, failed: false };
    if terminal::is_interactive() {
        terminal::tell("`.help` tells what can be typed, `.quit` ends.");
    }
    repl.until_the_end(signal(SignalKind::interrupt())?).await?;
    // Through a pipe nobody sees what went wrong.
    Ok(Ending::of(!repl.failed || terminal::is_interactive()))
}

struct Repl {
    session: Session,
    reader: Arc<Reader>,
    failed: bool,
}

impl Repl {
    async fn until_the_end(&mut self, mut interrupt: Signal) -> Result<()> {
        let mut input = String::new();
        loop {
            let prompt = if input.is_empty() { "> " } else { "… " };
            let line = tokio::select! {
                line = self.reader.line(prompt) => line?,
                _ = interrupt.recv() => Line::Interrupted,
            };
            let line = match line {
                Line::Text(line) => line,
                Line::Interrupted if terminal::is_interactive() => {
                    // What was typed is forgotten.
                    terminal::tell("");
                    input.clear();
                    continue;
                }
                Line::Interrupted => return Ok(()),
                Line::End => {
                    // What is incomplete stays so.
                    if !input.is_empty() {
                        self.finish(&input, &mut interrupt).await?;
                    }
                    return Ok(());
                }
            };
            match command(&line) {
                Some((".cancel", _)) => input.clear(),
                Some((word, rest)) if input.is_empty() => {
                    if !self.command(word, rest, &mut interrupt).await? {
                        return Ok(());
                    }
                }
                _ => {
                    input.push_str(&line);
                    input.push('\n');
                    if !self.input(&input, &mut interrupt).await? {
                        input.clear();
                    }
                }
            }
        }
    }

    /// Runs an input; true if it goes on with the next line.
    async fn input(&mut self, text: &str, interrupt: &mut Signal) -> Result<bool> {
        if text.trim().is_empty() {
            return Ok(false);
        }
        let outcome = tokio::select! {
            outcome = self.session.run(text) => outcome?,
            _ = interrupt.recv() => Outcome::Interrupted,
        };
        match outcome {
            Outcome::Open => return Ok(true),
            Outcome::Nothing => {}
            Outcome::Value(value) => terminal::print(&value)?,
            Outcome::Interrupted => terminal::tell("interrupted"),
            Outcome::Wrong(found) => self.wrong(&found, text),
        }
        Ok(false)
    }

    /// As [`Repl::input`], and nothing more comes.
    async fn finish(&mut self, text: &str, interrupt: &mut Signal) -> Result<()> {
        if self.input(text, interrupt).await? {
            let found = self.session.what_is_open(text);
            self.wrong(&found, text);
        }
        Ok(())
    }

    fn wrong(&mut self, found: &[Diagnostic], text: &str) {
        self.failed = true;
        for diagnostic in found {
            let source = self.session.source(&diagnostic.span.file).unwrap_or_else(|| text.into());
            terminal::tell(botserver_basic_syntax::render(diagnostic, &source).trim_end());
        }
    }

    /// A command of the program itself; false when it ends.
    async fn command(&mut self, word: &str, rest: &str, interrupt: &mut Signal) -> Result<bool> {
        match word {
            ".quit" | ".exit" => return Ok(false),
            ".help" => terminal::print(HELP)?,
            ".vars" => {
                let lines: BTreeMap<String, String> = self.session.variables().into_iter().collect();
                for (name, value) in lines {
                    terminal::print(&format!("{name} = {value}"))?;
                }
            }
            ".load" => match std::fs::read_to_string(Path::new(rest)) {
                Ok(text) => self.finish(&text, interrupt).await?,
                Err(error) => {
                    self.failed = true;
                    terminal::tell(&format!("cannot read {rest}: {error}"));
                }
            },
            other => {
                self.failed = true;
                terminal::tell(&format!("there is no command `{other}`; `.help` lists them"));
            }
        }
        Ok(true)
    }
}

/// `.word rest`
fn command(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let is_command = line.starts_with('.') && line.chars().nth(1).is_some_and(char::is_alphabetic);
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    is_command.then(|| (word, rest.trim()))
}
