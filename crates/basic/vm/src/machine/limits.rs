//! What a run may take.

use botserver_basic_types::{BasicError, HeapLimits};

/// Limits of one machine; each has its own error.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Instructions of the whole run, over all slices; not trappable.
    pub instructions: u64,
    /// Calls inside of calls.
    pub depth: usize,
    /// Rounds of one loop.
    pub loop_rounds: u64,
    /// Jumps by GOTO, GOSUB and RESUME.
    pub jumps: u64,
    /// Memory.
    pub heap: HeapLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            instructions: 2_000_000_000,
            depth: 100,
            loop_rounds: 100_000,
            jumps: 1_000_000,
            heap: HeapLimits::default(),
        }
    }
}

/// Takes a cost from the fuel; false when that was the last of it. What is not there is owed.
#[inline]
pub(super) fn pay(fuel: &mut u64, debt: &mut u64, cost: u64) -> bool {
    if *fuel > cost {
        *fuel -= cost;
        return true;
    }
    *debt = debt.saturating_add(cost - *fuel);
    *fuel = 0;
    false
}

#[cold]
pub(super) fn too_long(limits: &Limits) -> BasicError {
    let mut error = BasicError::new(9002, format!("the script was stopped after {} instructions", limits.instructions));
    error.trappable = false;
    error
}

#[cold]
pub(super) fn too_deep(limits: &Limits) -> BasicError {
    BasicError::new(28, format!("calls are nested more than {} deep", limits.depth))
}

#[cold]
pub(super) fn too_many_rounds(limits: u64) -> BasicError {
    BasicError::new(9003, format!("the loop was stopped after {limits} rounds"))
}

#[cold]
pub(super) fn too_many_jumps(limits: &Limits) -> BasicError {
    BasicError::new(9004, format!("the script was stopped after {} jumps by GOTO", limits.jumps))
}
