//! A row of named steps with their times and a summary at the end. Knows not what the steps do.

use std::time::Instant;

use anyhow::{Result, bail};

enum End {
    Passed,
    Failed(String),
    Skipped(String),
}

/// What has been done so far. A failed step does not stop the others: one run shows everything.
pub(crate) struct Steps {
    started: Instant,
    done: Vec<(&'static str, End, f64)>,
}

impl Steps {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), done: Vec::new() }
    }

    /// Does one step; true if it passed.
    pub(crate) fn step(&mut self, name: &'static str, work: impl FnOnce() -> Result<()>) -> bool {
        self.value(name, work).is_some()
    }

    /// Does one step that makes something the others need.
    pub(crate) fn value<T>(&mut self, name: &'static str, work: impl FnOnce() -> Result<T>) -> Option<T> {
        eprintln!("\n── {name}");
        let started = Instant::now();
        let outcome = work();
        let seconds = started.elapsed().as_secs_f64();
        match outcome {
            Ok(value) => {
                eprintln!("── {name}: passed, {seconds:.1} s");
                self.done.push((name, End::Passed, seconds));
                Some(value)
            }
            Err(error) => {
                let error = format!("{error:#}");
                eprintln!("── {name}: FAILED, {seconds:.1} s: {error}");
                self.done.push((name, End::Failed(error), seconds));
                None
            }
        }
    }

    /// Notes a step that cannot be done because an earlier one failed.
    pub(crate) fn skip(&mut self, name: &'static str, why: impl Into<String>) {
        self.done.push((name, End::Skipped(why.into()), 0.0));
    }

    /// Prints the summary; an error if anything failed.
    pub(crate) fn finish(self) -> Result<()> {
        let (mut passed, mut failed, mut skipped) = (0, 0, 0);
        eprintln!("\n── summary, {:.1} s", self.started.elapsed().as_secs_f64());
        for (name, end, seconds) in &self.done {
            let end = match end {
                End::Passed => {
                    passed += 1;
                    "passed".to_owned()
                }
                End::Failed(error) => {
                    failed += 1;
                    format!("FAILED: {error}")
                }
                End::Skipped(why) => {
                    skipped += 1;
                    format!("skipped: {why}")
                }
            };
            eprintln!("{seconds:8.1} s  {name:<16} {end}");
        }
        eprintln!("steps: {passed} passed, {failed} failed, {skipped} skipped");
        if failed > 0 {
            bail!("{failed} of {} steps failed", self.done.len());
        }
        Ok(())
    }
}
