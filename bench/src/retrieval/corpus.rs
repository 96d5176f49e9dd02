//! Passages that are made: words as rare as words of a language are, subjects with words of their own, and vectors that
//! lie in clusters. The same every time.

use std::ops::Range;

use botserver_ports::{IndexChange, IndexDocument, IndexPassage};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use uuid::Uuid;

pub(crate) const DIMENSIONS: usize = 384;
/// Words of the language: the n-th is as frequent as 1 / n.
const WORDS: usize = 50_000;
/// Subjects, with words and a direction of their own.
const SUBJECTS: usize = 500;
const WORDS_OF_A_SUBJECT: usize = 200;
/// Passages of a document.
pub(crate) const OF_A_DOCUMENT: usize = 10;
/// Lengths of texts, in words: those that tantivy remembers exactly.
const LENGTHS: [usize; 6] = [56, 64, 72, 80, 88, 96];
const TITLE: usize = 6;
/// Who may read how many of a hundred documents.
pub(crate) const READERS: [(&str, u32); 3] = [("few", 1), ("some", 30), ("all", 100)];

/// A passage as it was made.
pub(crate) struct Made {
    pub(crate) title: Vec<usize>,
    pub(crate) text: Vec<usize>,
    subject: usize,
    seed: u64,
}

pub(crate) struct Corpus {
    pub(crate) passages: Vec<Made>,
    /// How frequent the words are, summed up.
    frequencies: Vec<f64>,
}

/// The n-th word; no stemmer knows it.
pub(crate) fn word(number: usize) -> String {
    format!("{}{}", ["ka", "lo", "mi", "ru", "te", "vo", "zi"][number % 7], number)
}

fn direction(dice: &mut StdRng) -> Vec<f32> {
    // The sum of four is near enough to what nature gives.
    (0..DIMENSIONS).map(|_| (0..4).map(|_| dice.random::<f32>() - 0.5).sum()).collect()
}

fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
    vector.iter_mut().for_each(|number| *number /= length);
    vector
}

impl Corpus {
    pub(crate) fn new(passages: usize) -> Self {
        let mut sum = 0.0;
        let frequencies = (1..=WORDS)
            .map(|rank| {
                sum += (rank as f64).powf(-1.0);
                sum
            })
            .collect();
        let mut corpus = Self { passages: Vec::with_capacity(passages), frequencies };
        let mut dice = StdRng::seed_from_u64(1);
        for number in 0..passages {
            let subject = (number / OF_A_DOCUMENT) * 7 % SUBJECTS;
            let length = LENGTHS[dice.random_range(0..LENGTHS.len())];
            let title = (0..TITLE).map(|_| corpus.any_word(subject, &mut dice)).collect();
            let text = (0..length).map(|_| corpus.any_word(subject, &mut dice)).collect();
            corpus.passages.push(Made { title, text, subject, seed: dice.random() });
        }
        corpus
    }

    /// A word of the language, or, one time in four, of the subject.
    fn any_word(&self, subject: usize, dice: &mut StdRng) -> usize {
        if dice.random_ratio(1, 4) {
            // Words of a subject are neither the most frequent nor the rarest.
            let place = (dice.random::<f64>().powi(2) * WORDS_OF_A_SUBJECT as f64) as usize;
            return (1_000 + subject * 97 + place) % WORDS;
        }
        let at = dice.random::<f64>() * self.frequencies.last().copied().unwrap_or_default();
        self.frequencies.partition_point(|sum| *sum < at).min(WORDS - 1)
    }

    pub(crate) fn vector(&self, passage: usize, noise: f32, seed: u64) -> Vec<f32> {
        let Some(made) = self.passages.get(passage) else { return Vec::new() };
        let centre = unit(direction(&mut StdRng::seed_from_u64(made.subject as u64)));
        let own = unit(direction(&mut StdRng::seed_from_u64(made.seed)));
        let other = unit(direction(&mut StdRng::seed_from_u64(seed)));
        unit((0..DIMENSIONS).map(|place| centre[place] + own[place] + noise * other[place]).collect())
    }

    /// The documents of these passages; whole ones.
    pub(crate) fn changes(&self, passages: Range<usize>, vectors: bool) -> Vec<IndexChange> {
        let text = |words: &[usize]| words.iter().map(|number| word(*number)).collect::<Vec<_>>().join(" ");
        let document = |first: usize| {
            let own = |number: usize| {
                let made = &self.passages[number];
                IndexPassage {
                    number: (number - first) as u32,
                    title: text(&made.title),
                    text: text(&made.text),
                    vector: vectors.then(|| self.vector(number, 0.0, 0)),
                }
            };
            IndexChange::Put(IndexDocument {
                id: Uuid::from_u128((first / OF_A_DOCUMENT) as u128),
                collection: Uuid::nil(),
                language: "xx".to_owned(),
                grants: READERS.iter().filter(|(_, share)| reads(*share, first)).map(|own| own.0.to_owned()).collect(),
                passages: (first..first + OF_A_DOCUMENT).map(own).collect(),
            })
        };
        passages.step_by(OF_A_DOCUMENT).map(document).collect()
    }

    /// What somebody asks who knows this passage: words of it, the rarer the likelier, and two of everybody.
    pub(crate) fn question(&self, passage: usize, seed: u64) -> Vec<usize> {
        let mut dice = StdRng::seed_from_u64(seed);
        let mut words = self.passages[passage].text.clone();
        words.sort_unstable_by(|one, two| two.cmp(one));
        words.dedup();
        let own =
            (0..dice.random_range(2..6)).map(|_| words[(dice.random::<f64>().powi(2) * words.len() as f64) as usize]);
        let mut asked: Vec<usize> = own.collect();
        asked.extend((0..2).map(|_| dice.random_range(5..300)));
        asked.sort_unstable();
        asked.dedup();
        asked
    }
}

/// Whether a reader of this share of a hundred documents may read the passage.
pub(crate) fn reads(share: u32, passage: usize) -> bool {
    ((passage / OF_A_DOCUMENT) as u32).wrapping_mul(2_654_435_761) / 1_000 % 100 < share
}
