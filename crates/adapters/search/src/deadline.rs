//! Until when a search may go on. What runs on a thread cannot be taken away from it, so it looks at the time itself.

use std::time::Instant;

/// A moment after which a search gives up; never without one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    pub(crate) const fn at(moment: Instant) -> Self {
        Self(Some(moment))
    }

    pub(crate) fn is_over(&self) -> bool {
        self.0.is_some_and(|moment| Instant::now() >= moment)
    }
}
