//! The child: confines itself, reads one document, writes what it finds. `botserver extract` is this; a person who
//! types it gets Markdown.

use std::{
    ffi::OsString,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use botserver_ports::{Block, ExtractError, ExtractLimits, Extracted};

use crate::{
    limits,
    markdown_out::Markdown,
    output::{Output, Said},
    readers,
    wire::Line,
};

/// Parsers recurse; a document that nests deeper than this stack dies in the child alone.
const STACK: usize = 64 << 20;
/// Progress is told for every so many pages, and for the last.
const PAGES: u32 = 8;

/// The exit status when the document could not be read.
const FAILED: u8 = 1;
/// The exit status when the arguments make no sense.
const MISUSED: u8 = 2;

/// How `botserver extract` is used.
const USAGE: &str = "\
usage: extract [-o text|json] [--name NAME] [--time-ms N] [--memory BYTES] [--output-limit BYTES] [--pages N] \
[--with-parent] FILE";

/// What the arguments say.
struct Asked {
    path: PathBuf,
    name: String,
    limits: ExtractLimits,
    json: bool,
    /// Ends when its stdin does.
    with_parent: bool,
}

/// Reads a document in this process, which is not to be used for anything else afterwards: its memory, CPU time and
/// files are limited for good. Writes Markdown, or with `-o json` lines of JSON, to stdout, and gives the exit status:
/// 0, 1 for a document that could not be read, 2 for arguments that make no sense.
pub fn extract_main(args: impl IntoIterator<Item = OsString>) -> u8 {
    let asked = match parse(args.into_iter()) {
        Ok(asked) => asked,
        Err(mistake) => {
            tell(&format!("{mistake}\n{USAGE}"));
            return MISUSED;
        }
    };
    limits::confine(&asked.limits);
    if asked.with_parent && end_with_stdin().is_err() {
        return FAILED;
    }
    let reading = thread::Builder::new().name("extract".to_owned()).stack_size(STACK).spawn(move || run(&asked));
    match reading.map(thread::JoinHandle::join) {
        Ok(Ok(Ok(status))) => status,
        // Nobody reads any more.
        Ok(Ok(Err(_))) => FAILED,
        // It panicked and has said so on stderr; the parent takes the status for a death.
        Ok(Err(_)) => 101,
        Err(error) => {
            tell(&format!("cannot start: {error}"));
            FAILED
        }
    }
}

/// Ends this process when whoever started it has ended: nobody waits for the document any more.
fn end_with_stdin() -> io::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "the thread that reads the document cannot be asked to return")]
    let wait = || {
        // Nothing is ever written there; the end comes when the last one who holds the other side is gone.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        std::process::exit(i32::from(FAILED));
    };
    thread::Builder::new().name("parent".to_owned()).spawn(wait).map(drop)
}

/// Reads a document in this process without confining it, for measurements and tests of trusted documents.
pub fn read_document(path: &Path, name: &str, limits: ExtractLimits) -> Result<Extracted, ExtractError> {
    let mut blocks = Vec::new();
    let mut say = |said| {
        if let Said::Block(block) = said {
            blocks.push(block);
        }
        Ok(())
    };
    let mut output = Output::new(limits, &mut say);
    readers::read(path, name, &mut output)?;
    let Output { title, pages, warnings, .. } = output;
    Ok(Extracted { title, pages, blocks, warnings })
}

fn parse(mut args: impl Iterator<Item = OsString>) -> Result<Asked, String> {
    let mut asked = Asked {
        path: PathBuf::new(),
        name: String::new(),
        limits: ExtractLimits::default(),
        json: false,
        with_parent: false,
    };
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{} needs a value", arg.to_string_lossy()));
        match arg.to_str() {
            Some("-o" | "--output") => {
                asked.json = match value()?.to_str() {
                    Some("json") => true,
                    Some("text") => false,
                    _ => return Err("-o is text or json".to_owned()),
                }
            }
            Some("--with-parent") => asked.with_parent = true,
            Some("--name") => asked.name = value()?.to_string_lossy().into_owned(),
            Some("--time-ms") => asked.limits.time = Duration::from_millis(number(&value()?)?),
            Some("--memory") => asked.limits.memory = number(&value()?)?,
            Some("--output-limit") => asked.limits.output = number(&value()?)?,
            Some("--pages") => asked.limits.pages = u32::try_from(number(&value()?)?).unwrap_or(u32::MAX),
            Some(option) if option.starts_with('-') && option.len() > 1 => return Err(format!("{option} is unknown")),
            _ if asked.path.as_os_str().is_empty() => asked.path = PathBuf::from(arg),
            _ => return Err("one file at a time".to_owned()),
        }
    }
    if asked.path.as_os_str().is_empty() {
        return Err("which file?".to_owned());
    }
    if asked.name.is_empty() {
        asked.name = asked.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    }
    Ok(asked)
}

fn number(value: &OsString) -> Result<u64, String> {
    let value = value.to_string_lossy();
    value.parse().map_err(|_| format!("{value} is no number"))
}

fn run(asked: &Asked) -> io::Result<u8> {
    if asked.json { lines(asked) } else { markdown(asked) }
}

/// For the parent.
fn lines(asked: &Asked) -> io::Result<u8> {
    let mut out = BufWriter::with_capacity(64 << 10, io::stdout().lock());
    let mut gone = None;
    let mut say = |said| {
        let written = match said {
            // A line a page would be more lines than blocks in a long document of short pages.
            Said::Progress { done, of } if !done.is_multiple_of(PAGES) && Some(done) != of => Ok(()),
            Said::Progress { done, of } => {
                write_line(&mut out, &Line::Progress { done, of }).and_then(|()| out.flush())
            }
            Said::Block(block) => write_line(&mut out, &Line::Block(block)),
        };
        written.map_err(|error| {
            gone = Some(error);
            ExtractError::Cancelled
        })
    };
    let mut output = Output::new(asked.limits, &mut say);
    let outcome = readers::read(&asked.path, &asked.name, &mut output);
    let Output { title, pages, warnings, .. } = output;
    if let Some(error) = gone {
        return Err(error);
    }
    let (line, status) = match &outcome {
        Ok(()) => (Line::End { title, pages, warnings }, 0),
        Err(error) => (Line::of_error(error), FAILED),
    };
    write_line(&mut out, &line)?;
    out.flush()?;
    Ok(status)
}

fn write_line(out: &mut impl Write, line: &Line) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

/// For a person.
fn markdown(asked: &Asked) -> io::Result<u8> {
    let mut out = Markdown::new(BufWriter::new(io::stdout().lock()));
    let mut gone = None;
    let mut say = |said| {
        let Said::Block(block) = said else { return Ok(()) };
        write_block(&mut out, &block, &mut gone)
    };
    let mut output = Output::new(asked.limits, &mut say);
    let outcome = readers::read(&asked.path, &asked.name, &mut output);
    let warnings = output.warnings;
    if let Some(error) = gone {
        return Err(error);
    }
    out.flush()?;
    for warning in warnings {
        tell(&format!("warning: {warning}"));
    }
    match outcome {
        Ok(()) => Ok(0),
        Err(error) => {
            tell(&format!("{}: {error}", asked.name));
            Ok(FAILED)
        }
    }
}

fn write_block(
    out: &mut Markdown<impl Write>,
    block: &Block,
    gone: &mut Option<io::Error>,
) -> Result<(), ExtractError> {
    out.block(block).map_err(|error| {
        *gone = Some(error);
        ExtractError::Cancelled
    })
}

/// Without a stderr there is nobody to tell.
fn tell(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
