//! The group-commit writer: jobs that wait together share one transaction and so one fsync.

use std::{
    any::Any,
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    time::{Duration, Instant},
};

use futures_util::FutureExt as _;
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, TransactionTrait};
use tokio::sync::{mpsc, oneshot};

use crate::{Error, Result};

/// The transaction a write runs in.
pub type Tx = DatabaseTransaction;

/// What a write closure returns.
pub type WriteFuture<'a, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>>;

type AnyValue = Box<dyn Any + Send>;
/// `Err` carries the closure's own error, boxed; the job is then rolled back alone.
type AnyResult = std::result::Result<AnyValue, AnyValue>;
type Work = Box<dyn for<'a> FnOnce(&'a Tx) -> Pin<Box<dyn Future<Output = AnyResult> + Send + 'a>> + Send>;

struct Job {
    name: &'static str,
    work: Work,
    kind: Kind,
    answer: oneshot::Sender<Result<AnyResult>>,
}

/// What the failure of a job does to the others of its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing.
    Alone,
    /// It may fail those of this kind, and they it; whoever hands one in tries again with [`Kind::Alone`].
    Shared,
}

/// How many jobs may share a transaction: bounds the time a reader of the answer waits for others.
const MAX_BATCH: usize = 64;
/// How many jobs may wait; more wait in their callers.
const QUEUE: usize = 1024;
/// A write slower than this is named in the log.
const SLOW: Duration = Duration::from_millis(50);

pub(crate) struct Writer {
    jobs: mpsc::Sender<Job>,
    stopped: tokio::sync::Mutex<Option<Vec<tokio::task::JoinHandle<()>>>>,
    stop: tokio::sync::watch::Sender<bool>,
}

impl Writer {
    /// Starts one worker per connection; they take jobs from one queue.
    pub(crate) fn start(connections: Vec<DatabaseConnection>) -> Self {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (stop, stopping) = tokio::sync::watch::channel(false);
        let queue = std::sync::Arc::new(tokio::sync::Mutex::new(queue));
        #[expect(clippy::disallowed_methods, reason = "the workers' handles are kept and awaited by stop()")]
        let workers = connections
            .into_iter()
            .map(|connection| tokio::spawn(work(connection, queue.clone(), stopping.clone())))
            .collect();
        Self { jobs, stopped: tokio::sync::Mutex::new(Some(workers)), stop }
    }

    pub(crate) async fn write<T, E, F>(&self, name: &'static str, kind: Kind, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: for<'a> FnOnce(&'a Tx) -> WriteFuture<'a, T, E> + Send + 'static,
    {
        let erased: Work = Box::new(move |tx| {
            let future = work(tx);
            Box::pin(async move {
                match future.await {
                    Ok(value) => Ok(Box::new(value) as AnyValue),
                    Err(error) => Err(Box::new(error) as AnyValue),
                }
            })
        });
        let (answer, answered) = oneshot::channel();
        self.jobs.send(Job { name, work: erased, kind, answer }).await.map_err(|_| Error::Stopped)?;
        let outcome = answered.await.map_err(|_| Error::Stopped)??;
        // The boxes were made above from T and E, so the casts cannot fail.
        match outcome {
            Ok(value) => value.downcast::<T>().map(|value| *value).map_err(|_| Error::Stopped.into()),
            Err(error) => Err(error.downcast::<E>().map_or_else(|_| Error::Stopped.into(), |error| *error)),
        }
    }

    /// Lets the workers finish what is queued.
    pub(crate) async fn stop(&self) {
        let _ = self.stop.send(true);
        if let Some(workers) = self.stopped.lock().await.take() {
            for worker in workers {
                let _ = worker.await;
            }
        }
    }
}

async fn work(
    connection: DatabaseConnection,
    queue: std::sync::Arc<tokio::sync::Mutex<mpsc::Receiver<Job>>>,
    mut stopping: tokio::sync::watch::Receiver<bool>,
) {
    let mut batch = Vec::with_capacity(MAX_BATCH);
    loop {
        {
            let mut queue = queue.lock().await;
            tokio::select! {
                biased;
                taken = queue.recv_many(&mut batch, MAX_BATCH) => if taken == 0 { return },
                _ = stopping.wait_for(|stop| *stop) => return,
            }
        }
        run(&connection, std::mem::take(&mut batch)).await;
    }
}

async fn run(connection: &DatabaseConnection, batch: Vec<Job>) {
    let first = batch.first().map_or("write", |job| job.name);
    let transaction = match connection.begin().await {
        Ok(transaction) => transaction,
        Err(error) => return fail(batch.into_iter().map(|job| job.answer), first, &error),
    };
    // Savepoints keep the failure of one from the others. They are not for nothing: two more ways to the database
    // for each job, and on SQLite a copy of every page that it changes.
    let shared = batch.len() > 1 && batch.iter().all(|job| job.kind == Kind::Shared);
    let bare = shared || batch.len() == 1;
    let mut answers = Vec::with_capacity(batch.len());
    let mut broken = false;
    for job in batch {
        let started = Instant::now();
        let outcome = if broken {
            Err(Error::BatchFailed { operation: job.name })
        } else {
            run_one(&transaction, job.name, job.work, bare).await
        };
        if started.elapsed() > SLOW {
            tracing::warn!(write = job.name, ms = started.elapsed().as_millis() as u64, "slow write");
        }
        broken |= shared && !matches!(outcome, Ok(Ok(_)));
        answers.push((job.name, job.answer, outcome));
    }
    if broken {
        for (name, _, outcome) in answers.iter_mut().filter(|(_, _, outcome)| matches!(outcome, Ok(Ok(_)))) {
            *outcome = Err(Error::BatchFailed { operation: name });
        }
    }
    let keep = answers.iter().any(|(_, _, outcome)| matches!(outcome, Ok(Ok(_))));
    let ended = if keep { transaction.commit().await } else { transaction.rollback().await };
    match ended {
        Ok(()) => {
            for (_, answer, outcome) in answers {
                // The caller may have gone; its write stands all the same.
                let _ = answer.send(outcome);
            }
        }
        Err(error) => fail(answers.into_iter().map(|(_, answer, _)| answer), first, &error),
    }
}

/// One job in its own savepoint, so that its failure leaves the others alone. Without one (`bare`) its failure rolls
/// back the whole transaction.
async fn run_one(transaction: &Tx, name: &'static str, work: Work, bare: bool) -> Result<AnyResult> {
    let named = |source| Error::statement(name, source);
    if bare {
        let outcome = guarded(transaction, name, work).await?;
        if outcome.is_ok() && transaction.get_database_backend() == DbBackend::Postgres {
            // After a failed statement COMMIT is silently a ROLLBACK there. Any statement tells.
            transaction.execute_unprepared("SELECT 1").await.map_err(named)?;
        }
        return Ok(outcome);
    }
    let savepoint = transaction.begin().await.map_err(named)?;
    let outcome = guarded(&savepoint, name, work).await;
    match &outcome {
        Ok(Ok(_)) => savepoint.commit().await.map_err(named)?,
        _ => savepoint.rollback().await.map_err(named)?,
    }
    outcome
}

/// A panic is the end of one job, not of the worker and so of all writing.
async fn guarded(tx: &Tx, name: &'static str, work: Work) -> Result<AnyResult> {
    AssertUnwindSafe(async { work(tx).await }).catch_unwind().await.map_err(|_| Error::Panicked { operation: name })
}

fn fail(answers: impl Iterator<Item = oneshot::Sender<Result<AnyResult>>>, name: &'static str, error: &sea_orm::DbErr) {
    tracing::error!(write = name, %error, "a write batch failed");
    for answer in answers {
        let source = sea_orm::DbErr::Custom(error.to_string());
        let _ = answer.send(Err(Error::Statement { operation: name, source }));
    }
}
