//! The models that we know: where each comes from, how large it is and what it must be. Knows no folder.

use std::sync::LazyLock;

use serde::Deserialize;

/// A model that can be installed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelEntry {
    /// Its name, and that of its folder.
    pub name: String,
    /// What it is good for, in a few words.
    pub about: String,
    /// Its page.
    pub home: String,
    /// The licence of its weights (SPDX).
    pub licence: String,
    /// The length of its vectors.
    pub dimensions: usize,
    /// How much of a text it reads.
    pub max_tokens: usize,
    /// What must be there.
    #[serde(rename = "file")]
    pub files: Vec<ModelFile>,
}

/// A file of a model.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// Its name in the model's folder.
    pub name: String,
    /// What it may be; the first is the one that is downloaded.
    #[serde(rename = "build")]
    pub builds: Vec<Build>,
}

/// One of the files that a file of a model may be.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// Where it can be downloaded.
    pub url: Option<String>,
    /// A package that has it inside.
    pub package: Option<String>,
    /// Its length in bytes.
    pub size: u64,
    /// What it must be, in hexadecimal digits.
    pub sha256: String,
}

impl ModelEntry {
    /// How much is downloaded, in bytes.
    pub fn size(&self) -> u64 {
        self.files.iter().filter_map(|file| file.builds.first()).map(|build| build.size).sum()
    }
}

/// Every model of the catalogue.
pub fn models() -> &'static [ModelEntry] {
    #[derive(Deserialize)]
    struct Catalogue {
        model: Vec<ModelEntry>,
    }
    // A test reads it, so it can be read.
    static MODELS: LazyLock<Vec<ModelEntry>> = LazyLock::new(|| {
        toml::from_str::<Catalogue>(include_str!("../models.toml")).map(|read| read.model).unwrap_or_default()
    });
    &MODELS
}

/// The model of this name.
pub fn find_model(name: &str) -> Option<&'static ModelEntry> {
    models().iter().find(|model| model.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_can_be_read_and_every_file_can_be_downloaded_and_checked() {
        assert!(find_model("all-minilm-l6-v2").is_some());
        for model in models() {
            assert!(model.files.iter().any(|file| file.name == "model.onnx"), "{}", model.name);
            assert!(model.files.iter().any(|file| file.name == "tokenizer.json"), "{}", model.name);
            for file in &model.files {
                assert!(file.builds.first().is_some_and(|build| build.url.is_some()), "{}", file.name);
                for build in &file.builds {
                    assert!(build.sha256.len() == 64 && build.size > 0, "{build:?}");
                    assert!(build.url.as_ref().is_none_or(|url| url.starts_with("https://")), "{build:?}");
                }
            }
        }
    }
}
