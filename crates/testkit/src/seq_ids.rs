//! Ids that are the same in every run.

use std::sync::atomic::{AtomicU64, Ordering};

use botserver_kernel::IdSource;
use uuid::Uuid;

/// Counts: `00000000-0000-7000-8000-000000000001`, `…2` and so on.
#[derive(Debug, Default)]
pub struct SeqIds(AtomicU64);

impl IdSource for SeqIds {
    fn next_uuid(&self) -> Uuid {
        let number = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        Uuid::from_u128(0x7000_8000_0000_0000_0000_u128 | u128::from(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_version_seven_and_ascend() {
        let ids = SeqIds::default();
        let (first, second) = (ids.next_uuid(), ids.next_uuid());
        assert_eq!(first.to_string(), "00000000-0000-7000-8000-000000000001");
        assert_eq!(first.get_version_num(), 7);
        assert!(first < second);
    }
}
