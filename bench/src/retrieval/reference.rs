//! What a search must find, computed the slow way: every passage looked at, in floating point, with nothing skipped.

use std::collections::HashMap;

use super::corpus::{Corpus, reads};

const K1: f64 = 1.2;
const B: f64 = 0.75;
/// What the words of the title count beside those of the text.
const TITLE: f64 = 0.5;

/// Where each word stands: passage and how often, for the texts and for the titles.
pub(crate) struct Reference<'a> {
    corpus: &'a Corpus,
    fields: [Field; 2],
    vectors: Vec<Vec<f32>>,
}

#[derive(Default)]
struct Field {
    postings: HashMap<usize, Vec<(usize, u32)>>,
    lengths: Vec<f64>,
    average: f64,
}

impl Field {
    fn take(&mut self, passage: usize, words: &[usize]) {
        let mut counts: HashMap<usize, u32> = HashMap::new();
        words.iter().for_each(|word| *counts.entry(*word).or_default() += 1);
        for (word, count) in counts {
            self.postings.entry(word).or_default().push((passage, count));
        }
        self.lengths.push(words.len() as f64);
    }
}

impl<'a> Reference<'a> {
    pub(crate) fn new(corpus: &'a Corpus) -> Self {
        let mut fields: [Field; 2] = Default::default();
        for (number, made) in corpus.passages.iter().enumerate() {
            fields[0].take(number, &made.text);
            fields[1].take(number, &made.title);
        }
        for field in &mut fields {
            field.average = field.lengths.iter().sum::<f64>() / field.lengths.len() as f64;
        }
        let vectors = (0..corpus.passages.len()).map(|number| corpus.vector(number, 0.0, 0)).collect();
        Self { corpus, fields, vectors }
    }

    /// BM25 of every readable passage that has one of the words.
    pub(crate) fn words(&self, asked: &[usize], share: u32) -> HashMap<usize, f64> {
        let mut scores: HashMap<usize, f64> = HashMap::new();
        let all = self.corpus.passages.len() as f64;
        for (field, boost) in self.fields.iter().zip([1.0, TITLE]) {
            for word in asked {
                let Some(postings) = field.postings.get(word) else { continue };
                let with = postings.len() as f64;
                let rarity = (1.0 + (all - with + 0.5) / (with + 0.5)).ln();
                for (passage, count) in postings.iter().filter(|(passage, _)| reads(share, *passage)) {
                    let count = f64::from(*count);
                    let norm = K1 * (1.0 - B + B * field.lengths[*passage] / field.average);
                    *scores.entry(*passage).or_default() += boost * rarity * (1.0 + K1) * count / (count + norm);
                }
            }
        }
        scores
    }

    /// The cosine of a passage.
    pub(crate) fn cosine(&self, question: &[f32], passage: usize) -> f64 {
        self.vectors[passage].iter().zip(question).map(|(one, two)| f64::from(*one) * f64::from(*two)).sum()
    }

    /// The cosine of every readable passage, best first.
    pub(crate) fn meaning(&self, question: &[f32], share: u32) -> Vec<(usize, f64)> {
        let readable = (0..self.vectors.len()).filter(|passage| reads(share, *passage));
        let mut all: Vec<(usize, f64)> = readable.map(|passage| (passage, self.cosine(question, passage))).collect();
        all.sort_by(|one, two| two.1.total_cmp(&one.1));
        all
    }
}
