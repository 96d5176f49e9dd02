//! Whether a passage answers a question or is merely the least unlike it, and which of several rankings counts how much.
//! The numbers are fitted on the labelled set; a test of the server measures them.

use std::collections::BTreeMap;

use botserver_ports::IndexHit;
use uuid::Uuid;

use crate::{Fit, FoundPassage, speech::own_words};

/// Where there is no meaning to compare, words are evidence when they cover so much of a question.
const WORDS_ALONE: f32 = 0.5;
/// Otherwise words and meaning count together, each by its part of these.
const COVERED: f32 = 0.6;
const NEAR: f32 = 0.7;
const TOGETHER: f32 = 1.2;
/// What has so much of that is worth a look.
const WORTH_A_LOOK: f32 = 0.7;
/// What the question with the ones before it counts beside the question by itself.
const WITH_BEFORE: f32 = 0.9;

/// What words and meaning say of the passage as an answer.
pub(super) fn fit(hit: &IndexHit) -> Fit {
    let covered = hit.coverage.unwrap_or(0.0);
    let evidence = match hit.cosine {
        None => covered / WORDS_ALONE,
        Some(near) => (covered / COVERED + near / NEAR) / TOGETHER,
    };
    match evidence {
        1.0.. => Fit::Good,
        WORTH_A_LOOK.. => Fit::Near,
        _ => Fit::Poor,
    }
}

/// One ranking of those of a question by itself and of the same with what was asked before.
pub(super) fn merged(rankings: Vec<Vec<IndexHit>>) -> Vec<IndexHit> {
    let mut rankings = rankings.into_iter();
    let (first, second) = (rankings.next().unwrap_or_default(), rankings.next());
    let Some(second) = second else { return first };
    let mut merged: BTreeMap<(Uuid, u32), IndexHit> = BTreeMap::new();
    for (hits, weight) in [(first, 1.0), (second, WITH_BEFORE)] {
        let best = hits.first().map_or(1.0, |hit| hit.score).max(f32::MIN_POSITIVE);
        for mut hit in hits {
            hit.score = hit.score / best * weight;
            let key = (hit.document, hit.number);
            let hit = match merged.remove(&key) {
                None => hit,
                Some(other) => both(other, &hit),
            };
            merged.insert(key, hit);
        }
    }
    let mut merged: Vec<IndexHit> = merged.into_values().collect();
    merged.sort_by(|one, two| two.score.total_cmp(&one.score));
    merged
}

fn both(one: IndexHit, two: &IndexHit) -> IndexHit {
    let more = |one: Option<f32>, two: Option<f32>| one.into_iter().chain(two).reduce(f32::max);
    IndexHit {
        score: one.score + two.score,
        lexical: more(one.lexical, two.lexical),
        cosine: more(one.cosine, two.cosine),
        coverage: more(one.coverage, two.coverage),
        ..one
    }
}

/// Whether these are hits of a question of stop words alone: it found what is headed by all of them, and perhaps by more.
pub(super) fn says_nothing(hits: &[IndexHit]) -> bool {
    hits.iter().all(|hit| hit.coverage == Some(0.0) && hit.cosine.is_none())
}

/// What is headed by the question comes first: the section of that name, then the document of that title or file name.
/// A question that says nothing finds nothing else.
pub(super) fn headed_first(mut found: Vec<FoundPassage>, question: &str, says_nothing: bool) -> Vec<FoundPassage> {
    let asked = own_words(question);
    let same = |heading: &str| !asked.is_empty() && own_words(heading) == asked;
    let rank = |own: &FoundPassage| {
        let section = own.passage.place.rsplit(" › ").next().unwrap_or_default();
        let file = own.path.rsplit('/').next().unwrap_or_default();
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem).replace(['-', '_'], " ");
        if same(section) {
            0
        } else if same(&own.title) || same(&stem) {
            1
        } else {
            2
        }
    };
    for own in &mut found {
        if rank(own) < 2 {
            own.fit = Fit::Good;
        }
    }
    found.retain(|own| !says_nothing || rank(own) < 2);
    found.sort_by_key(rank);
    found
}
