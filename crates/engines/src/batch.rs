//! Collects requests that arrive together into one call, so that they share a transaction and its fsync.

use std::{future::Future, sync::Arc};

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::task::TaskTracker;

type Request<I, O> = (I, oneshot::Sender<O>);

/// A queue in front of a function that takes many at once.
pub(crate) struct Batcher<I, O> {
    queue: mpsc::Sender<Request<I, O>>,
}

impl<I: Send + 'static, O: Send + 'static> Batcher<I, O> {
    /// Starts `workers` that each take what has gathered, at most `most`, while another batch is under way.
    /// `run` answers one output per input, in order.
    pub(crate) fn start<F, R>(tasks: &TaskTracker, workers: usize, most: usize, run: F) -> Self
    where
        F: Fn(Vec<I>) -> R + Send + Sync + 'static,
        R: Future<Output = Vec<O>> + Send,
    {
        let (queue, requests) = mpsc::channel::<Request<I, O>>(4 * most);
        let requests = Arc::new(Mutex::new(requests));
        let run = Arc::new(run);
        for _ in 0..workers {
            let (requests, run) = (requests.clone(), run.clone());
            tasks.spawn(async move {
                let mut batch = Vec::with_capacity(most);
                loop {
                    if requests.lock().await.recv_many(&mut batch, most).await == 0 {
                        return;
                    }
                    let (inputs, answers): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
                    for (output, answer) in run(inputs).await.into_iter().zip(answers) {
                        // Whoever asked may be gone; what is committed stands.
                        let _ = answer.send(output);
                    }
                }
            });
        }
        Self { queue }
    }

    /// Hands one in and waits for its answer; `None` when the batcher has stopped.
    pub(crate) async fn submit(&self, input: I) -> Option<O> {
        let (answer, answered) = oneshot::channel();
        self.queue.send((input, answer)).await.ok()?;
        answered.await.ok()
    }
}
