//! Time and chance that repeat: a clock that a test sets, dice and ids that begin anew with every test.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use botserver_kernel::{Clock, IdSource, Timestamp};
use uuid::Uuid;

/// A clock that stands until it is set.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Stands at a moment, in Unix milliseconds.
    pub const fn new(unix_ms: i64) -> Self {
        Self(AtomicI64::new(unix_ms))
    }

    /// Jumps there, also back.
    pub fn set(&self, unix_ms: i64) {
        self.0.store(unix_ms, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        // Whoever leaves the range of dates stands at its nearer end.
        Timestamp::from_millisecond(self.0.load(Ordering::SeqCst)).unwrap_or(Timestamp::MAX)
    }
}

/// Random numbers that depend on their seed alone (SplitMix64).
#[derive(Debug, Default)]
pub struct SeededDice(AtomicU64);

impl SeededDice {
    /// Begins anew.
    pub fn seed(&self, seed: u64) {
        self.0.store(seed, Ordering::SeqCst);
    }

    /// The next 64 bits.
    pub fn roll(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let state = self.0.fetch_add(STEP, Ordering::SeqCst).wrapping_add(STEP);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// The ids that scripts see (GUID): random ones, from the dice of the test.
#[derive(Debug, Default)]
pub struct ChanceIds(SeededDice);

impl ChanceIds {
    /// Begins anew.
    pub fn seed(&self, seed: u64) {
        // Other numbers than the dice with the same seed.
        self.0.seed(!seed);
    }
}

impl IdSource for ChanceIds {
    fn next_uuid(&self) -> Uuid {
        let bits = (u128::from(self.0.roll()) << 64) | u128::from(self.0.roll());
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
    }
}

/// The ids of everything else: they count, through all tests, so that two tests never share one.
#[derive(Debug, Default)]
pub struct CountedIds(AtomicU64);

impl IdSource for CountedIds {
    fn next_uuid(&self) -> Uuid {
        let number = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        // Version 7, in their order, and not zero where a random part is looked at.
        Uuid::from_u128(0x7000_8000_0000_0000_0000_u128 | (u128::from(number >> 32) << 80) | u128::from(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_again() {
        let dice = SeededDice::default();
        let three = || [dice.roll(), dice.roll(), dice.roll()];
        dice.seed(7);
        let first = three();
        dice.seed(7);
        assert_eq!(three(), first);
        dice.seed(8);
        assert_ne!(three(), first);
    }

    #[test]
    fn ids_have_their_versions() {
        let (counted, chance) = (CountedIds::default(), ChanceIds::default());
        assert_eq!(counted.next_uuid().get_version_num(), 7);
        assert!(counted.next_uuid() < counted.next_uuid());
        assert_eq!(chance.next_uuid().get_version_num(), 4);
        assert_ne!(chance.next_uuid(), chance.next_uuid());
    }
}
