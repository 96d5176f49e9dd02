//! Two rankings become one. A half counts by its weight and by the evidence that it found something at all: words by how
//! much of the question the best passage covers, meaning by how far the nearest vectors stand out from the others. So a
//! half that only guesses cannot push down what the other one knows.

use std::collections::BTreeMap;

use botserver_ports::Fusion;

use crate::vectors::Spread;

/// From so many vectors on it can be told whether the nearest ones stand out.
const ENOUGH: u32 = 30;
/// The part of a question that a passage may cover without being about it.
const COMMON: f32 = 0.3;
/// How many times farther than expected the nearest of random vectors may stand out with some luck.
const LUCK: f32 = 1.2;

/// What the words found, best first.
#[derive(Debug, Default)]
pub(crate) struct ByWords {
    pub(crate) ranking: Vec<(f32, u32)>,
    /// What a passage would get that has every word of the question once.
    pub(crate) ideal: f32,
}

/// What the vectors found, best first.
#[derive(Debug, Default)]
pub(crate) struct ByMeaning {
    pub(crate) ranking: Vec<(f32, u32)>,
    pub(crate) spread: Spread,
}

impl ByWords {
    /// 0 to 1: how much of the question the best passage covers, beyond what some common word in it covers anyhow.
    fn confidence(&self) -> f32 {
        let best = self.ranking.first().map_or(0.0, |best| best.0);
        let covered = if self.ideal > 0.0 { (best / self.ideal).clamp(0.0, 1.0) } else { 0.0 };
        ((covered - COMMON) / (1.0 - COMMON)).max(0.0).powi(2)
    }
}

impl ByMeaning {
    /// 0 to 1: how much farther the nearest vector stands out than the nearest of so many random ones would.
    fn confidence(&self) -> f32 {
        let Spread { count, mean, deviation } = self.spread;
        let Some((best, _)) = self.ranking.first() else { return 0.0 };
        if count < ENOUGH || deviation <= f32::EPSILON {
            return 1.0;
        }
        // The largest of n numbers that are spread normally is about so many deviations above their mean.
        let by_chance = (2.0 * (count as f32).ln()).sqrt();
        let best = (best - mean) / deviation;
        ((best / by_chance - LUCK) * 2.0).clamp(0.0, 1.0)
    }

    /// 0 to 1: how near a passage is between an average one and the nearest.
    fn strength(&self, cosine: f32) -> f32 {
        let best = self.ranking.first().map_or(1.0, |best| best.0);
        let mean = if self.spread.count < ENOUGH { self.spread.mean.min(0.0) } else { self.spread.mean };
        if best - mean > f32::EPSILON { ((cosine - mean) / (best - mean)).clamp(0.0, 1.0) } else { 1.0 }
    }
}

/// A passage that one of the halves found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fused {
    pub(crate) slot: u32,
    pub(crate) score: f32,
    pub(crate) lexical: Option<f32>,
    pub(crate) cosine: Option<f32>,
}

/// The best passages, best first. `cosine` tells how near a passage is that only the words found.
pub(crate) fn fuse(
    words: &ByWords,
    meaning: &ByMeaning,
    cosine: impl Fn(u32) -> Option<f32>,
    weights: Fusion,
    limit: usize,
) -> Vec<Fused> {
    let mut found: BTreeMap<u32, Fused> = BTreeMap::new();
    let new = |slot| Fused { slot, score: 0.0, lexical: None, cosine: None };
    for (score, slot) in &words.ranking {
        found.entry(*slot).or_insert(new(*slot)).lexical = Some(*score);
    }
    for (score, slot) in &meaning.ranking {
        found.entry(*slot).or_insert(new(*slot)).cosine = Some(*score);
    }
    let best = words.ranking.first().map_or(1.0, |best| best.0).max(f32::MIN_POSITIVE);
    let weight = |lexical: f32, vector: f32| (weights.lexical.max(0.0) * lexical, weights.vector.max(0.0) * vector);
    let mut weights = weight(words.confidence(), meaning.confidence());
    if weights.0 + weights.1 <= 0.0 {
        // Neither has anything to show for itself.
        weights = weight(1.0, 1.0);
    }
    let all = (weights.0 + weights.1).max(f32::MIN_POSITIVE);
    for hit in found.values_mut() {
        if hit.cosine.is_none() && !meaning.ranking.is_empty() {
            hit.cosine = cosine(hit.slot);
        }
        let by_words = hit.lexical.map_or(0.0, |score| score / best);
        let by_meaning = hit.cosine.map_or(0.0, |cosine| meaning.strength(cosine));
        hit.score = (weights.0 * by_words + weights.1 * by_meaning) / all;
    }
    let mut found: Vec<Fused> = found.into_values().collect();
    found.sort_by(|one, two| two.score.total_cmp(&one.score).then(one.slot.cmp(&two.slot)));
    found.truncate(limit);
    found
}
