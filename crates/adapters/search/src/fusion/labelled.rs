//! Fusion on the labelled set: never worse than its better half in either language, also on questions that its numbers
//! were not fitted on.

use std::collections::BTreeMap;

use botserver_ports::{Fusion, IndexChange, IndexDocument, IndexPassage, IndexQuery};
use botserver_testkit::{LabelledQuestion, RetrievalSet};
use uuid::Uuid;

use super::Shape;
use crate::{
    deadline::Deadline,
    index::Index,
    snapshot::{Halves, Snapshot},
};

/// Less than this says nothing, by what the set says of itself: 0.02 over 289 questions.
const NOISE: f64 = 0.02;
/// The same for a quarter of the questions.
const NOISE_OF_A_PART: f64 = 0.03;
const AT: usize = 10;

/// A question with what each half found.
struct Case<'a> {
    asked: &'a LabelledQuestion,
    /// One of two parts of each language and kind.
    part: usize,
    halves: Halves<'a>,
}

fn snapshot(set: &RetrievalSet) -> Snapshot {
    let folder = tempfile::tempdir().unwrap().keep();
    let put = |(number, own): (usize, &botserver_testkit::LabelledPassage)| {
        IndexChange::Put(IndexDocument {
            id: Uuid::from_u128(number as u128),
            collection: Uuid::nil(),
            language: own.language.clone(),
            grants: vec!["all".to_owned()],
            passages: vec![IndexPassage {
                number: 0,
                title: own.title.clone(),
                text: own.text.clone(),
                vector: set.vector(&own.whole()),
            }],
        })
    };
    Index::new(folder.clone()).apply(384, set.passages.iter().enumerate().map(put).collect()).unwrap();
    Snapshot::open(&folder).unwrap().unwrap()
}

fn cases<'a>(set: &'a RetrievalSet, snapshot: &'a Snapshot) -> Vec<Case<'a>> {
    let mut seen: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let answered = set.questions.iter().filter(|own| !own.relevant.is_empty());
    answered
        .map(|asked| {
            let count = seen.entry((&asked.language, &asked.kind)).or_default();
            *count += 1;
            let query = IndexQuery {
                text: asked.question.clone(),
                language: None,
                vector: Some(set.vector(&asked.question).unwrap()),
                collections: Vec::new(),
                grants: vec!["all".to_owned()],
                limit: AT,
                fusion: Fusion::default(),
            };
            Case { asked, part: *count % 2, halves: snapshot.halves(&query, &Deadline::default()).unwrap() }
        })
        .collect()
}

/// nDCG@10 of a ranking.
fn ndcg(set: &RetrievalSet, asked: &LabelledQuestion, ranking: impl Iterator<Item = u32>) -> f64 {
    let worth = |grade: u32, place: usize| f64::from((1_u32 << grade) - 1) / ((place + 2) as f64).log2();
    let grade = |slot: u32| asked.relevant.get(&set.passages[slot as usize].id).copied().unwrap_or(0);
    let gained: f64 = ranking.take(AT).enumerate().map(|(place, slot)| worth(grade(slot), place)).sum();
    let mut grades: Vec<u32> = asked.relevant.values().copied().collect();
    grades.sort_unstable_by(|one, two| two.cmp(one));
    let most: f64 = grades.into_iter().take(AT).enumerate().map(|(place, grade)| worth(grade, place)).sum();
    gained / most
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    sum / f64::from(count.max(1))
}

/// nDCG@10 of words, of meaning, and of both.
fn figures(set: &RetrievalSet, cases: &[&Case<'_>], weights: Fusion, shape: Shape) -> [f64; 3] {
    let words = |case: &&Case<'_>| ndcg(set, case.asked, case.halves.words().iter().map(|(_, slot)| *slot));
    let meaning = |case: &&Case<'_>| ndcg(set, case.asked, case.halves.meaning().iter().map(|(_, slot)| *slot));
    [mean(cases.iter().map(words)), mean(cases.iter().map(meaning)), both(set, cases, weights, shape)]
}

fn both(set: &RetrievalSet, cases: &[&Case<'_>], weights: Fusion, shape: Shape) -> f64 {
    let fused = |case: &&Case<'_>| {
        ndcg(
            set,
            case.asked,
            case.halves.fused(weights, shape, AT).iter().map(|hit| hit.slot).collect::<Vec<_>>().into_iter(),
        )
    };
    mean(cases.iter().map(fused))
}

/// The numbers that do best on some questions.
fn fitted(set: &RetrievalSet, cases: &[&Case<'_>]) -> (Fusion, Shape, f64) {
    let mut best = (Fusion::default(), Shape::default(), 0.0);
    for vector in [0.3, 0.4, 0.5, 0.6, 0.7, 0.8] {
        for slope in [1.0, 1.5, 2.0, 2.5, 3.5, 5.0] {
            for nearly in [0.7, 0.8, 0.9] {
                let weights = Fusion { vector, lexical: 1.0 - vector };
                let shape = Shape { nearly, slope, ..Shape::default() };
                let value = both(set, cases, weights, shape);
                if value > best.2 {
                    best = (weights, shape, value);
                }
            }
        }
    }
    best
}

#[test]
fn fusion_is_never_worse_than_its_better_half_on_questions_it_was_not_fitted_on() {
    let set = RetrievalSet::load().unwrap();
    let snapshot = snapshot(&set);
    let cases = cases(&set, &snapshot);
    let select = |language: Option<&str>, part: Option<usize>| -> Vec<&Case<'_>> {
        let fits = |case: &&Case<'_>| {
            language.is_none_or(|own| case.asked.language == own) && part.is_none_or(|own| case.part == own)
        };
        cases.iter().filter(fits).collect()
    };
    let mut worse = Vec::new();
    let mut check = |name: String, [words, meaning, both]: [f64; 3], noise: f64| {
        println!("{name}: words {words:.3}, meaning {meaning:.3}, both {both:.3}");
        if both < words.max(meaning) - noise {
            worse.push(name);
        }
    };
    for language in [None, Some("en"), Some("pt")] {
        let shown = language.unwrap_or("all");
        let all = figures(&set, &select(language, None), Fusion::default(), Shape::default());
        check(format!("{shown}, as shipped"), all, NOISE);
    }
    for part in [0, 1] {
        let (weights, shape, value) = fitted(&set, &select(None, Some(part)));
        println!("fitted on part {part}: {weights:?} {shape:?}: {value:.3}");
        for language in [None, Some("en"), Some("pt")] {
            let others = select(language, Some(1 - part));
            let shown = language.unwrap_or("all");
            let noise = if language.is_none() { NOISE } else { NOISE_OF_A_PART };
            check(
                format!("{shown}, part {}, fitted on the other", 1 - part),
                figures(&set, &others, weights, shape),
                noise,
            );
            let shipped = figures(&set, &others, Fusion::default(), Shape::default());
            check(format!("{shown}, part {}, as shipped", 1 - part), shipped, noise);
        }
    }
    assert!(worse.is_empty(), "worse than a half of it: {worse:?}");
}
