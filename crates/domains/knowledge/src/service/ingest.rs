//! Reads documents: from a claimed row to passages in SQL. Each stage begins where the last one ended, also after a
//! crash.

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use botserver_kernel::BotId;
use botserver_ports::{Block, ExtractError, ExtractRequest, Extracted};
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{Attached, Knowledge};
use crate::{
    Document, DocumentState, Passage, Result,
    chunk::{ChunkSize, chunk},
    language,
    store::{self, work::ReadDone},
};

/// How often progress is written down.
const PROGRESS: Duration = Duration::from_millis(700);
/// How long what has been read waits for a document that is being read.
const SLOW: Duration = Duration::from_secs(1);
/// Documents that are read before what was read is put into the index.
const BEFORE_INDEXING: usize = 16;
/// Look at least this often: another node may have noted something.
const LONGEST_SLEEP: Duration = Duration::from_secs(10);
/// Compare the indexes with the table this often.
const COMPARE: Duration = Duration::from_mins(10);
/// A stage that has failed so often has failed.
pub(super) const MOST_ATTEMPTS: i32 = 5;
/// A document that has done nothing wrong but be there whenever the server ended gets more chances, yet not for ever: it
/// may be the reason.
const MOST_INTERRUPTIONS: i32 = 20;
/// A process that died twice on a document will die again.
const MOST_DEATHS: i32 = 2;
/// The longest break between two documents; chat comes first.
const LONGEST_BREAK: Duration = Duration::from_millis(500);

/// Documents that are being read, each in a task of its own: a slow one keeps no other waiting.
type Reading = JoinSet<Result<()>>;

/// What became of a document that was being read.
enum Outcome {
    Done(ReadDone),
    /// Its content is the one that can be found.
    Same,
    /// Somebody else decides about it now.
    Lost,
    /// The server stops.
    Interrupted,
    Later(String),
    Failed(String),
}

impl Knowledge {
    /// Works until `stop`.
    pub async fn run(&self, stop: CancellationToken) {
        let mut compared = Instant::now();
        let mut reading = Reading::new();
        while !stop.is_cancelled() {
            if compared.elapsed() > COMPARE {
                compared = Instant::now();
                for own in self.all_attached() {
                    own.alarm(|alarm| alarm.check = true);
                }
            }
            let began = Instant::now();
            let pause = match self.step(&mut reading, &stop).await {
                Ok(true) => (began.elapsed() / 4).min(LONGEST_BREAK),
                Ok(false) => self.until_due().await,
                Err(_) if stop.is_cancelled() => break,
                Err(error) => {
                    tracing::warn!(%error, "documents cannot be worked on now; trying again");
                    Duration::from_secs(2)
                }
            };
            tokio::select! {
                () = sleep(pause) => {}
                () = self.0.kick.notified() => {}
                () = stop.cancelled() => break,
            }
        }
        // They have been told, and give back what they have not finished.
        while reading.join_next().await.is_some() {}
    }

    /// Works until nothing is due: for commands without a server, and for tests.
    pub async fn settle(&self, stop: &CancellationToken) -> Result<()> {
        let mut reading = Reading::new();
        while !stop.is_cancelled() && self.step(&mut reading, stop).await? {}
        while reading.join_next().await.is_some() {}
        Ok(())
    }

    /// Does a piece of the work; false when there is none.
    async fn step(&self, reading: &mut Reading, stop: &CancellationToken) -> Result<bool> {
        let mut busy = false;
        for own in self.all_attached() {
            busy |= self.tend(&own, stop).await?;
        }
        let bots: Vec<BotId> = self.0.attached.read().keys().copied().collect();
        if bots.is_empty() || stop.is_cancelled() {
            return Ok(busy);
        }
        for _ in 0..BEFORE_INDEXING {
            let free = self.0.deps.options.at_once.max(1).saturating_sub(reading.len());
            if free > 0 && !stop.is_cancelled() {
                let lease = self.0.deps.options.lease;
                for own in self.claim(&bots, DocumentState::Reading, free as u64, lease).await? {
                    let (service, stop) = (self.clone(), stop.clone());
                    reading.spawn(async move { service.read_document(own, &stop).await });
                }
            }
            match timeout(SLOW, reading.join_next()).await {
                Ok(None) => break,
                Ok(Some(Ok(outcome))) => {
                    outcome?;
                    busy = true;
                }
                Ok(Some(Err(error))) => tracing::error!(%error, "reading a document has failed"),
                // What was read besides is found before the slow one is.
                Err(_) => {
                    busy = true;
                    break;
                }
            }
        }
        Ok(self.index_some(&bots, stop).await? || busy)
    }

    /// How long nothing is due.
    async fn until_due(&self) -> Duration {
        let bots: Vec<BotId> = self.0.attached.read().keys().copied().collect();
        let next = store::work::next_due(self.0.deps.db.read(), self.org(), &bots).await.ok().flatten();
        next.map_or(LONGEST_SLEEP, |next| {
            Duration::from_millis(u64::try_from(next - self.now()).unwrap_or(0)).clamp(PROGRESS, LONGEST_SLEEP)
        })
    }

    pub(super) async fn claim(
        &self,
        bots: &[BotId],
        stage: DocumentState,
        limit: u64,
        lease: Duration,
    ) -> Result<Vec<Document>> {
        let (org, now, bots) = (self.org(), self.now(), bots.to_vec());
        let until = now + lease.as_millis() as i64;
        self.write("claiming documents", move |tx| {
            Box::pin(async move { store::work::claim(tx, org, &bots, stage, limit, (now, until)).await })
        })
        .await
    }

    /// When a stage that has failed is tried again.
    pub(super) fn again_at(&self, attempts: i32) -> i64 {
        let doublings = attempts.clamp(1, 8).unsigned_abs() - 1;
        self.now() + (self.0.deps.options.back_off.as_millis() as i64).saturating_mul(1 << doublings)
    }

    async fn read_document(&self, own: Document, stop: &CancellationToken) -> Result<()> {
        let Some(attached) = self.attached(own.bot_id) else { return self.give_back(own).await };
        let cancel = stop.child_token();
        self.0.reading.lock().insert(own.id, cancel.clone());
        let (most, last) = match own.error.as_deref() {
            Some(error) => (MOST_ATTEMPTS, format!("last: {error}")),
            None => (MOST_INTERRUPTIONS, "the server ended each time before it was read".to_owned()),
        };
        let outcome = if own.attempts > most {
            Ok(Outcome::Failed(format!("it was tried {most} times without success; {last}")))
        } else {
            self.extract(&attached, &own, &cancel, stop).await
        };
        self.0.reading.lock().remove(&own.id);
        let (org, now) = (self.org(), self.now());
        match outcome {
            Ok(Outcome::Done(done)) => {
                let document = own.clone();
                let kept = self
                    .write("a document was read", move |tx| {
                        Box::pin(async move { store::work::read(tx, org, &own, &done, now).await })
                    })
                    .await?;
                if !kept {
                    self.drop_passages(&document).await?;
                }
            }
            Ok(Outcome::Same) => {
                self.write("a document is unchanged", move |tx| {
                    Box::pin(async move { store::work::unchanged(tx, org, &own, now).await })
                })
                .await?;
            }
            Ok(Outcome::Lost) => self.drop_passages(&own).await?,
            Ok(Outcome::Interrupted) => self.give_back(own).await?,
            Ok(Outcome::Later(reason)) => {
                let at = self.again_at(own.attempts);
                self.write("a document is read later", move |tx| {
                    Box::pin(async move { store::work::later(tx, org, &own, &reason, at, now).await })
                })
                .await?;
            }
            Ok(Outcome::Failed(reason)) => {
                tracing::info!(path = own.path, reason, "a document cannot be read");
                self.drop_passages(&own).await?;
                self.write("a document cannot be read", move |tx| {
                    Box::pin(async move { store::work::failed(tx, org, &own, &reason, now).await })
                })
                .await?;
            }
            Err(error) => {
                let (at, reason) = (self.again_at(own.attempts), error.to_string());
                self.write("a document is read later", move |tx| {
                    Box::pin(async move { store::work::later(tx, org, &own, &reason, at, now).await })
                })
                .await?;
                return Err(error);
            }
        }
        Ok(())
    }

    /// Gives a document back as if it had not been claimed.
    pub(super) async fn give_back(&self, own: Document) -> Result<()> {
        let (org, now) = (self.org(), self.now());
        self.write("giving a document back", move |tx| {
            Box::pin(async move { store::work::release(tx, org, &own, now).await })
        })
        .await
    }

    /// Passages of a content that will never be found, unless it is the one that is found now.
    async fn drop_passages(&self, own: &Document) -> Result<()> {
        if own.served == Some(own.revision) {
            return Ok(());
        }
        let (org, id, revision) = (self.org(), own.id, own.revision);
        self.write("dropping passages", move |tx| {
            Box::pin(async move { store::passages::delete_revision(tx, org, id, revision, false).await })
        })
        .await
    }

    async fn extract(
        &self,
        attached: &Attached,
        own: &Document,
        cancel: &CancellationToken,
        stop: &CancellationToken,
    ) -> Result<Outcome> {
        let file = match attached.library.files.fetch(&own.path).await {
            Ok(Some(file)) => file,
            Ok(None) => return Ok(Outcome::Later("the file is gone".to_owned())),
            Err(error) => return Ok(Outcome::Later(error.to_string())),
        };
        let hash = match blocking({
            let path = file.path.clone();
            move || hash(path)
        })
        .await
        {
            Ok(hash) => hash,
            Err(error) => return Ok(Outcome::Later(format!("the file cannot be read: {error}"))),
        };
        if own.served.is_some() && own.hash.as_ref() == Some(&hash) {
            return Ok(Outcome::Same);
        }
        let extracted = match self.extracting(own, file.path, cancel).await? {
            Ok(extracted) => extracted,
            Err(ExtractError::Cancelled) if stop.is_cancelled() => return Ok(Outcome::Interrupted),
            Err(ExtractError::Cancelled) => return Ok(Outcome::Lost),
            Err(error @ ExtractError::Died(_)) if own.attempts < MOST_DEATHS => {
                return Ok(Outcome::Later(error.to_string()));
            }
            Err(error) => return Ok(Outcome::Failed(error.to_string())),
        };
        let Extracted { title, pages, blocks, mut warnings } = extracted;
        let config = &attached.library.config;
        let number =
            |key: &str, usual: usize| config.integer(key).and_then(|own| usize::try_from(own).ok()).unwrap_or(usual);
        let size = ChunkSize { tokens: number("rag-chunk-size", 512), overlap: number("rag-chunk-overlap", 50) };
        let tokens = self.0.deps.options.tokens.clone();
        let (passages, language, title) = blocking(move || {
            let title = title.or_else(|| first_heading(&blocks));
            let passages = chunk(&blocks, size, &*tokens);
            let language = language::detect(passages.iter().map(|own| own.text.as_str()));
            Ok((passages, language, title))
        })
        .await
        .map_err(|_| crate::Error::Stopping)?;
        if passages.is_empty() {
            warnings.push("the document has no text".to_owned());
        }
        if !self.store_passages(own, &passages, cancel).await? {
            return Ok(if stop.is_cancelled() { Outcome::Interrupted } else { Outcome::Lost });
        }
        Ok(Outcome::Done(ReadDone {
            hash,
            title,
            language: language.map(str::to_owned),
            pages,
            passages: passages.len(),
            warnings,
        }))
    }

    /// Reads the file in the extractor while its progress is written down.
    async fn extracting(
        &self,
        own: &Document,
        path: PathBuf,
        cancel: &CancellationToken,
    ) -> Result<Result<Extracted, ExtractError>> {
        let seen = Arc::new((AtomicU32::new(0), AtomicU32::new(0)));
        let progress = {
            let seen = seen.clone();
            Box::new(move |done, of: Option<u32>| {
                seen.0.store(done, Ordering::Relaxed);
                seen.1.store(of.unwrap_or(0), Ordering::Relaxed);
            })
        };
        let request = ExtractRequest { path, name: own.file_name().to_owned(), limits: self.0.deps.options.limits };
        let mut work = self.0.deps.extractor.extract(request, progress, cancel.clone());
        let mut ticks = interval(PROGRESS);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;
        loop {
            tokio::select! {
                extracted = &mut work => return Ok(extracted),
                _ = ticks.tick() => {
                    let (done, of) = (seen.0.load(Ordering::Relaxed), seen.1.load(Ordering::Relaxed));
                    if !self.keep(own, (done, (of > 0).then_some(of))).await? {
                        cancel.cancel();
                    }
                }
            }
        }
    }

    /// Says how far it is; false when it is ours no more.
    async fn keep(&self, own: &Document, progress: (u32, Option<u32>)) -> Result<bool> {
        let (org, now, own) = (self.org(), self.now(), own.clone());
        let until = now + self.0.deps.options.lease.as_millis() as i64;
        self.write("noting progress of a document", move |tx| {
            Box::pin(async move { store::work::progress(tx, org, &own, progress, (now, until)).await })
        })
        .await
    }

    /// Writes the passages down, a short write at a time; false when it was cancelled.
    async fn store_passages(&self, own: &Document, passages: &[Passage], cancel: &CancellationToken) -> Result<bool> {
        let (org, id, revision) = (self.org(), own.id, own.revision);
        // What an attempt that died has left.
        self.write("dropping passages", move |tx| {
            Box::pin(async move { store::passages::delete_revision(tx, org, id, revision, false).await })
        })
        .await?;
        for part in passages.chunks(store::passages::PER_WRITE) {
            if cancel.is_cancelled() {
                return Ok(false);
            }
            let part = part.to_vec();
            self.write("storing passages", move |tx| {
                Box::pin(async move { store::passages::insert(tx, org, id, revision, &part).await })
            })
            .await?;
        }
        Ok(true)
    }

    /// Stops the reading of a document, if it is being read here.
    pub(super) fn stop_reading(&self, id: crate::DocumentId) {
        if let Some(cancel) = self.0.reading.lock().get(&id) {
            cancel.cancel();
        }
    }
}

/// A document without a title is called like its first heading, if that stands above everything.
fn first_heading(blocks: &[Block]) -> Option<String> {
    let first = blocks.iter().find(|block| !matches!(block, Block::Page { .. } | Block::Sheet { .. }))?;
    match first {
        Block::Heading { text, .. } if !text.trim().is_empty() => Some(text.trim().to_owned()),
        _ => None,
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

fn hash(path: PathBuf) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    io::copy(&mut std::fs::File::open(path)?, &mut hasher)?;
    Ok(hasher.finalize().to_hex().to_string())
}
