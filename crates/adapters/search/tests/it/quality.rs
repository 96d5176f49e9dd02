//! Fusion is never worse than its better half: measured where one half only guesses, and where both know something.

use botserver_ports::{IndexDocument, IndexPassage, IndexQuery, IndexSpec, SearchIndex as _};
use botserver_search::FolderIndex;
use uuid::Uuid;

use super::{IndexChange, question};

const PASSAGES: usize = 400;
const NUMBERS: usize = 128;

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn around_zero(&mut self) -> f32 {
        (0..4).map(|_| (self.next() % 2_000) as f32 / 1_000.0 - 1.0).sum()
    }

    fn vector(&mut self) -> Vec<f32> {
        (0..NUMBERS).map(|_| self.around_zero()).collect()
    }
}

fn spec() -> IndexSpec {
    IndexSpec { name: "quality".to_owned(), dimensions: NUMBERS }
}

/// A vector near another one: the more noise, the farther.
fn near(vector: &[f32], noise: f32, dice: &mut Dice) -> Vec<f32> {
    vector.iter().map(|number| number + noise * dice.around_zero()).collect()
}

/// Passages of twelve common words and two of their own; the vectors know nothing of the words.
async fn filled(folder: &std::path::Path, dice: &mut Dice) -> (FolderIndex, Vec<Vec<f32>>) {
    let index = FolderIndex::open(folder);
    let vectors: Vec<Vec<f32>> = (0..PASSAGES).map(|_| dice.vector()).collect();
    let changes = vectors.iter().enumerate().map(|(number, vector)| {
        let common: Vec<String> = (0..12).map(|_| format!("common{}x", dice.next() % 40)).collect();
        IndexChange::Put(IndexDocument {
            id: Uuid::from_u128(number as u128),
            collection: Uuid::nil(),
            language: "en".to_owned(),
            grants: vec!["all".to_owned()],
            passages: vec![IndexPassage {
                number: 0,
                title: String::new(),
                text: format!("{} own{number}x topic{}x", common.join(" "), number / 4),
                vector: Some(vector.clone()),
            }],
        })
    });
    index.apply(&spec(), changes.collect()).await.unwrap();
    (index, vectors)
}

/// The mean of 1 / rank of the passage that was meant.
async fn quality(index: &FolderIndex, questions: &[(usize, IndexQuery)]) -> f64 {
    let mut sum = 0.0;
    for (meant, query) in questions {
        let hits = index.search(&spec(), query.clone()).await.unwrap();
        let rank = hits.iter().position(|hit| hit.document.as_u128() == *meant as u128);
        sum += rank.map_or(0.0, |rank| 1.0 / (rank + 1) as f64);
    }
    sum / questions.len() as f64
}

async fn compare(name: &str, words: impl Fn(usize, &mut Dice) -> String, noise: Option<f32>) {
    let folder = tempfile::tempdir().unwrap();
    let mut dice = Dice(42);
    let (index, vectors) = filled(folder.path(), &mut dice).await;
    let mut fused = Vec::new();
    for meant in (0..PASSAGES).step_by(5) {
        let vector = match noise {
            Some(noise) => near(&vectors[meant], noise, &mut dice),
            None => dice.vector(),
        };
        fused.push((meant, IndexQuery { vector: Some(vector), ..question(&words(meant, &mut dice)) }));
    }
    let only = |keep_words: bool| -> Vec<(usize, IndexQuery)> {
        let half = |(meant, query): &(usize, IndexQuery)| {
            let mut query = query.clone();
            if keep_words {
                query.vector = None;
            } else {
                query.text.clear();
            }
            (*meant, query)
        };
        fused.iter().map(half).collect()
    };
    let (by_words, by_meaning) = (quality(&index, &only(true)).await, quality(&index, &only(false)).await);
    let both = quality(&index, &fused).await;
    println!("{name}: words {by_words:.3}, meaning {by_meaning:.3}, both {both:.3}");
    assert!(both >= by_words.max(by_meaning) - 0.015, "{name}: {by_words} and {by_meaning} became {both}");
}

#[tokio::test]
async fn fusion_is_never_worse_than_its_better_half() {
    let own = |meant: usize, dice: &mut Dice| format!("common{}x own{meant}x", dice.next() % 40);
    let topic = |meant: usize, dice: &mut Dice| format!("common{}x topic{}x", dice.next() % 40, meant / 4);
    let nothing = |_: usize, dice: &mut Dice| format!("unknown{}x common{}x", dice.next(), dice.next() % 40);
    compare("vectors guess", own, None).await;
    compare("vectors guess, words know half", topic, None).await;
    compare("words guess", nothing, Some(1.0)).await;
    compare("words guess, vectors are vague", nothing, Some(2.0)).await;
    compare("both know", own, Some(1.0)).await;
    compare("both know something", topic, Some(2.0)).await;
}
