//! An embedder in this process: its model is loaded when it is first needed, works on a thread of its own, and is given
//! up when nobody has needed it for some minutes.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::Duration,
};

use async_trait::async_trait;
use botserver_ports::{EmbedError, EmbedKind, Embedder};
use parking_lot::Mutex;
use rten::ThreadPool;
use tokio::sync::oneshot;

use crate::{
    install::{InstalledModel, checksum},
    runner::Runner,
};

/// Texts of one caller that go through before others get their turn.
const TURN: usize = 8;

/// How a local embedder works.
#[derive(Clone, Copy, Debug)]
pub struct LocalOptions {
    /// Threads that calculate; few, so that chat stays quick.
    pub threads: usize,
    /// After so long without work the model is given up.
    pub idle: Duration,
}

impl Default for LocalOptions {
    fn default() -> Self {
        Self { threads: 1, idle: Duration::from_mins(5) }
    }
}

/// A model in this process.
pub struct LocalEmbedder {
    name: String,
    dimensions: usize,
    shared: Arc<Shared>,
}

struct Shared {
    folder: PathBuf,
    installed: InstalledModel,
    options: LocalOptions,
    /// To the thread that has the model, while it has it.
    queue: Mutex<Option<Sender<Job>>>,
}

struct Job {
    texts: Vec<String>,
    answer: oneshot::Sender<Result<Vec<Vec<f32>>, String>>,
}

impl LocalEmbedder {
    /// The model in this folder; its files are read when the first text comes.
    pub fn open(folder: &Path, options: LocalOptions) -> Result<Self, EmbedError> {
        let installed = InstalledModel::read(folder)
            .ok_or_else(|| EmbedError::Model(format!("no model is installed in {}", folder.display())))?;
        let weights = installed.files.iter().find(|file| file.name == "model.onnx");
        let weights = weights.and_then(|file| file.sha256.get(..12)).unwrap_or_default();
        Ok(Self {
            // Another build of the same model gives vectors that are a little different.
            name: format!("{}@{weights}", installed.name),
            dimensions: installed.dimensions,
            shared: Arc::new(Shared { folder: folder.to_owned(), installed, options, queue: Mutex::new(None) }),
        })
    }

    /// Whether the model is in memory.
    pub fn is_loaded(&self) -> bool {
        self.shared.queue.lock().is_some()
    }
}

impl Shared {
    fn load(&self) -> Result<Runner, String> {
        for file in &self.installed.files {
            let path = self.folder.join(&file.name);
            let found = checksum(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            if found != file.sha256 {
                return Err(format!("{} is damaged; pull the model again", path.display()));
            }
        }
        let threads = Arc::new(ThreadPool::with_num_threads(self.options.threads.max(1)));
        Runner::load(&self.folder, self.installed.max_tokens, self.installed.dimensions, threads)
    }

    /// Hands a job to the thread that has the model, and starts one if there is none.
    fn send(self: &Arc<Self>, job: Job) -> Result<(), String> {
        let mut queue = self.queue.lock();
        let job = match &*queue {
            Some(open) => match open.send(job) {
                Ok(()) => return Ok(()),
                // The thread has died of something that it did not expect.
                Err(failed) => failed.0,
            },
            None => job,
        };
        let (sender, jobs) = channel();
        sender.send(job).map_err(|error| error.to_string())?;
        let shared = self.clone();
        let work = move || shared.work(&jobs);
        thread::Builder::new().name("embedder".to_owned()).spawn(work).map_err(|error| error.to_string())?;
        *queue = Some(sender);
        Ok(())
    }

    /// The life of the model: one thread, because the tokenizer cannot go from one to another.
    fn work(&self, jobs: &Receiver<Job>) {
        let runner = self.load();
        loop {
            match jobs.recv_timeout(if runner.is_ok() { self.options.idle } else { Duration::ZERO }) {
                Ok(job) => answer(&runner, job),
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    let mut queue = self.queue.lock();
                    let Ok(job) = jobs.try_recv() else {
                        *queue = None;
                        return;
                    };
                    drop(queue);
                    answer(&runner, job);
                }
            }
        }
    }
}

fn answer(runner: &Result<Runner, String>, job: Job) {
    let vectors = match runner {
        Ok(runner) => job.texts.iter().map(|text| runner.embed(text)).collect(),
        Err(error) => Err(error.clone()),
    };
    // Whoever asked may have gone.
    let _ = job.answer.send(vectors);
}

#[async_trait]
impl Embedder for LocalEmbedder {
    fn name(&self) -> &str {
        &self.name
    }

    async fn dimensions(&self) -> Result<usize, EmbedError> {
        Ok(self.dimensions)
    }

    async fn embed(&self, texts: &[String], _: EmbedKind) -> Result<Vec<Vec<f32>>, EmbedError> {
        let mut vectors = Vec::with_capacity(texts.len());
        for part in texts.chunks(TURN) {
            let (answer, answered) = oneshot::channel();
            self.shared.send(Job { texts: part.to_vec(), answer }).map_err(EmbedError::Model)?;
            let gone = |_| EmbedError::Model("the model's thread has died".to_owned());
            vectors.extend(answered.await.map_err(gone)?.map_err(EmbedError::Model)?);
        }
        Ok(vectors)
    }
}
