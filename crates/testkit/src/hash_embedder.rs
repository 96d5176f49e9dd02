//! An embedder without a model: texts that share words have vectors that are near. The same on every machine, for
//! ever.

use async_trait::async_trait;
use botserver_ports::{EmbedError, EmbedKind, Embedder};

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;
/// How many letters of a word count, so that `refund` and `refunds` are one.
const STEM: usize = 5;

/// Bags of hashed words.
#[derive(Clone, Debug)]
pub struct HashEmbedder {
    name: String,
    dimensions: usize,
}

impl HashEmbedder {
    /// One with vectors of so many numbers; at least one.
    pub fn new(dimensions: usize) -> Self {
        let dimensions = dimensions.max(1);
        Self { name: format!("hash-{dimensions}"), dimensions }
    }

    /// The vector of a text.
    pub fn vector(&self, text: &str) -> Vec<f32> {
        let mut vector = vec![0.0_f32; self.dimensions];
        for word in text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()) {
            let stem: String = word.to_lowercase().chars().take(STEM).collect();
            let hash = stem.bytes().fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
            // FNV leaves its best bits above; the last one decides the sign, so that unrelated texts come out near 0.
            let place = (hash >> 20) % self.dimensions as u64;
            if let Some(number) = vector.get_mut(place as usize) {
                *number += if hash & 1 == 0 { 1.0 } else { -1.0 };
            }
        }
        let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
        if length > 0.0 {
            for number in &mut vector {
                *number /= length;
            }
        } else if let Some(first) = vector.first_mut() {
            // A text without words points somewhere too.
            *first = 1.0;
        }
        vector
    }
}

impl Default for HashEmbedder {
    fn default() -> Self {
        Self::new(256)
    }
}

#[async_trait]
impl Embedder for HashEmbedder {
    fn name(&self) -> &str {
        &self.name
    }

    async fn dimensions(&self) -> Result<usize, EmbedError> {
        Ok(self.dimensions)
    }

    async fn embed(&self, texts: &[String], _: EmbedKind) -> Result<Vec<Vec<f32>>, EmbedError> {
        Ok(texts.iter().map(|text| self.vector(text)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_words_are_near_and_vectors_have_length_one() {
        let embedder = HashEmbedder::default();
        let near = |one: &str, two: &str| -> f32 {
            embedder.vector(one).iter().zip(embedder.vector(two)).map(|(one, two)| one * two).sum()
        };
        assert!((near("Refunds take 30 days", "Refunds take 30 days") - 1.0).abs() < 1e-5);
        assert!(near("the refund", "refunds within the month") > near("the refund", "opening hours on Sunday"));
        assert!((near("", "?") - 1.0).abs() < 1e-5);
    }
}
