//! Two rankings become one, by scores: ranks alone would let a half that only guesses push down what the other one knows.
//! A half counts by its weight and by the evidence that it found something at all: words by how much of the question
//! the best passages cover and how few these are, meaning by how far the nearest vectors stand out from the others.

use std::collections::BTreeMap;

use botserver_ports::Fusion;

use crate::vectors::Spread;

#[cfg(test)]
mod labelled;

/// From so many vectors on it can be told whether the nearest ones stand out.
const ENOUGH: u32 = 30;

/// How evidence becomes weight: fitted on the labelled set; a test fits it on half of the questions and measures it on
/// the others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// A passage with so much of the best score is as good as the best one.
    nearly: f32,
    /// How fast meaning gains weight when its nearest vectors stand out more than random ones would.
    slope: f32,
    /// The least that a half counts: enough to decide between passages that the other half finds equal.
    least: f32,
}

impl Default for Shape {
    fn default() -> Self {
        Self { nearly: 0.8, slope: 2.5, least: 0.03 }
    }
}

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
    /// 0 to 1: how much of the question the best passage covers, and how many others do as well.
    fn confidence(&self, shape: Shape) -> f32 {
        let best = self.ranking.first().map_or(0.0, |best| best.0);
        let covered = if self.ideal > 0.0 { (best / self.ideal).clamp(0.0, 1.0) } else { 0.0 };
        let rivals = self.ranking.iter().take_while(|(score, _)| *score >= shape.nearly * best).count();
        (covered.powi(2) / (rivals.max(1) as f32).sqrt()).max(shape.least)
    }
}

impl ByMeaning {
    /// 0 to 1: how much farther the nearest vector stands out than the nearest of so many random ones would.
    fn confidence(&self, shape: Shape) -> f32 {
        let Spread { count, mean, deviation } = self.spread;
        let Some((best, _)) = self.ranking.first() else { return 0.0 };
        if count < ENOUGH || deviation <= f32::EPSILON {
            return 1.0;
        }
        // The largest of n numbers that are spread normally is about so many deviations above their mean.
        let by_chance = (2.0 * (count as f32).ln()).sqrt();
        let best = (best - mean) / deviation;
        ((best / by_chance - 1.0) * shape.slope).clamp(shape.least, 1.0)
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
    (weights, shape): (Fusion, Shape),
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
    let weights =
        (weights.lexical.max(0.0) * words.confidence(shape), weights.vector.max(0.0) * meaning.confidence(shape));
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
