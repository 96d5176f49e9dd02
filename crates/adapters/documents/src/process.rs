//! The parent: starts the child for one document, watches its clock and its output, and turns whatever becomes of it
//! into a result. Never parses a document itself.

use std::{
    path::PathBuf,
    process::{ExitStatus, Stdio},
};

use async_trait::async_trait;
use botserver_ports::{DocumentExtractor, ExtractError, ExtractLimits, ExtractProgress, ExtractRequest, Extracted};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader},
    process::{Child, Command},
};
use tokio_util::sync::CancellationToken;

use crate::{
    EXTENSIONS,
    limits::{Size, seconds},
    wire::{Line, error_of},
};

/// What of the child's last words is kept.
const LAST_WORDS: u64 = 16 << 10;

/// Reads documents in child processes, one each.
#[derive(Clone, Debug)]
pub struct ChildExtractor {
    program: PathBuf,
    args: Vec<String>,
}

impl ChildExtractor {
    /// Starts `program` with `args`, then the arguments of [`extract_main`](crate::extract_main): the server's own
    /// binary with `extract`.
    pub fn new(program: impl Into<PathBuf>, args: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { program: program.into(), args: args.into_iter().map(Into::into).collect() }
    }

    fn start(&self, request: &ExtractRequest) -> Result<Child, ExtractError> {
        let limits = &request.limits;
        Command::new(&self.program)
            .args(&self.args)
            .args(["-o", "json", "--name", &request.name])
            // Its stdin closes when we die, however that comes, and it ends with us.
            .arg("--with-parent")
            .args(["--time-ms", &limits.time.as_millis().to_string()])
            .args(["--memory", &limits.memory.to_string()])
            .args(["--output-limit", &limits.output.to_string()])
            .args(["--pages", &limits.pages.to_string()])
            .arg(std::path::absolute(&request.path).unwrap_or_else(|_| request.path.clone()))
            // Nothing of the server's settings, and no folder of it.
            .env_clear()
            // The server's allocator would reserve a gigabyte at once, of which the limit of memory knows nothing.
            .env("MIMALLOC_ARENA_RESERVE", "64MiB")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| ExtractError::Died(format!("{} cannot be started ({error})", self.program.display())))
    }
}

#[async_trait]
impl DocumentExtractor for ChildExtractor {
    async fn extract(
        &self,
        request: ExtractRequest,
        progress: ExtractProgress,
        cancel: CancellationToken,
    ) -> Result<Extracted, ExtractError> {
        if cancel.is_cancelled() {
            return Err(ExtractError::Cancelled);
        }
        let mut child = self.start(&request)?;
        let outcome = tokio::select! {
            outcome = listen(&mut child, &request.limits, &progress) => outcome,
            () = cancel.cancelled() => Err(ExtractError::Cancelled),
            () = tokio::time::sleep(request.limits.time) => Err(too_slow(&request.limits)),
        };
        // Whatever was decided, no process stays behind.
        if let Err(error) = child.kill().await {
            tracing::warn!(%error, "a child that read a document could not be ended");
        }
        outcome
    }

    fn extensions(&self) -> &'static [&'static str] {
        EXTENSIONS
    }
}

fn too_slow(limits: &ExtractLimits) -> ExtractError {
    ExtractError::Limit(format!("reading the document took longer than {}; split or simplify it", seconds(limits.time)))
}

/// Reads what the child says to the end.
async fn listen(
    child: &mut Child,
    limits: &ExtractLimits,
    progress: &ExtractProgress,
) -> Result<Extracted, ExtractError> {
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(ExtractError::Died("it has no output".to_owned()));
    };
    let mut words = Vec::new();
    {
        let mut listening = std::pin::pin!(last_words(stderr, &mut words));
        let mut understanding = std::pin::pin!(understand(stdout, limits, progress));
        let mut is_silent = false;
        let said = loop {
            tokio::select! {
                said = &mut understanding => break said,
                () = &mut listening, if !is_silent => is_silent = true,
            }
        };
        if let Some(outcome) = said? {
            return outcome;
        }
        if !is_silent {
            listening.await;
        }
    }
    let status = child.wait().await.map_err(|error| ExtractError::Died(error.to_string()))?;
    Err(cause_of_death(status, &String::from_utf8_lossy(&words), limits))
}

/// The result, or none if the child stopped in the middle.
async fn understand(
    stdout: impl AsyncRead + Unpin,
    limits: &ExtractLimits,
    progress: &ExtractProgress,
) -> Result<Option<Result<Extracted, ExtractError>>, ExtractError> {
    // The child counts its text itself; escapes at most double it, and a child that was taken over is stopped here.
    let most = limits.output.saturating_mul(2).saturating_add(1 << 20);
    let mut lines = BufReader::with_capacity(64 << 10, stdout.take(most));
    let mut extracted = Extracted::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = lines.read_until(b'\n', &mut line).await.map_err(|error| ExtractError::Died(error.to_string()))?;
        if lines.get_ref().limit() == 0 {
            return Err(ExtractError::Limit(format!(
                "the document has more than {} of text; split it",
                Size(limits.output)
            )));
        }
        if read == 0 || line.last() != Some(&b'\n') {
            return Ok(None);
        }
        match serde_json::from_slice(&line) {
            Ok(Line::Progress { done, of }) => progress(done, of),
            Ok(Line::Block(block)) => extracted.blocks.push(block),
            Ok(Line::End { title, pages, warnings }) => {
                return Ok(Some(Ok(Extracted { title, pages, warnings, ..extracted })));
            }
            Ok(Line::Error { kind, detail }) => return Ok(Some(Err(error_of(kind, detail)))),
            Err(_) => return Ok(Some(Err(ExtractError::Died("it said something that makes no sense".to_owned())))),
        }
    }
}

/// The end of stderr; the rest is read and forgotten, so that the child never waits.
async fn last_words(mut stderr: impl AsyncRead + Unpin, kept: &mut Vec<u8>) {
    let mut piece = vec![0; 4 << 10];
    while let Ok(read @ 1..) = stderr.read(&mut piece).await {
        kept.extend_from_slice(&piece[..read]);
        if kept.len() as u64 > 2 * LAST_WORDS {
            kept.drain(..kept.len() - LAST_WORDS as usize);
        }
    }
}

/// Why a child ended without a result, in a sentence for the document's owner.
fn cause_of_death(status: ExitStatus, last_words: &str, limits: &ExtractLimits) -> ExtractError {
    if last_words.contains("memory allocation of") || last_words.contains("out of memory") {
        return ExtractError::Died(format!("it needs more than {} of memory; split it", Size(limits.memory)));
    }
    if last_words.contains("overflowed its stack") {
        return ExtractError::Died("it is nested too deeply".to_owned());
    }
    match signal_of(status) {
        // The kernel's answer to too much CPU time.
        Some(24 | 9) => ExtractError::Died(format!("it was stopped; it needs more than {}", seconds(limits.time))),
        Some(signal) => ExtractError::Died(format!("the process ended with signal {signal}")),
        None => {
            tracing::debug!(%status, last_words, "a child that read a document died");
            ExtractError::Died("a mistake in the reader of this format; please report the document".to_owned())
        }
    }
}

#[cfg(unix)]
fn signal_of(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal_of(_: ExitStatus) -> Option<i32> {
    None
}
