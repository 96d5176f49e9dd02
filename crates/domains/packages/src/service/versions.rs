//! Versions that something is pinned to: from memory, else as they were stored; never compiled anew.

use std::sync::Arc;

use botserver_basic_vm::Image;
use botserver_config::BotConfig;
use botserver_kernel::BotId;

use super::Packages;
use crate::{
    Error, LoadedPackage, PackageVersion, Result, compile,
    store::{self, StoredSource, StoredVersion},
};

impl Packages {
    /// A version by its hash, whether it serves or not.
    pub async fn version(&self, bot_id: BotId, hash: &str) -> Result<Arc<LoadedPackage>> {
        if let Some(current) = self.current(bot_id).filter(|current| &*current.hash == hash) {
            return Ok(current);
        }
        let key = (bot_id, Arc::from(hash));
        if let Some(cached) = self.0.versions.get(&key) {
            return Ok(cached);
        }
        let stored = store::find_version(&self.0.deps.db, self.org(), bot_id, hash)
            .await?
            .ok_or_else(|| Error::UnknownVersion { hash: hash.to_owned() })?;
        let name = self.0.bots.read().bots.get(&bot_id).map(|mounted| mounted.bot.name.clone()).unwrap_or_default();
        let defaults = self.0.deps.defaults.clone();
        let loaded = tokio::task::spawn_blocking({
            let hash = key.1.clone();
            move || load(bot_id, name, hash, &stored, &defaults)
        })
        .await
        .map_err(|_| Error::Stopping)??;
        let loaded = Arc::new(loaded);
        self.0.versions.insert(key, loaded.clone());
        Ok(loaded)
    }
}

fn load(
    bot_id: BotId,
    name: Arc<str>,
    hash: Arc<str>,
    stored: &StoredVersion,
    defaults: &botserver_config::BotDefaults,
) -> Result<LoadedPackage> {
    let damaged = |reason: String| Error::DamagedVersion { hash: hash.to_string(), reason };
    let source: StoredSource = serde_json::from_slice(&stored.source).map_err(|error| damaged(error.to_string()))?;
    let image = Image::from_bytes(&stored.compiled).map_err(|error| damaged(error.to_string()))?;
    let config = match source.config.as_ref().and_then(|path| Some((path, source.files.get(path)?))) {
        Some((path, text)) => BotConfig::parse(path, text.as_bytes(), defaults).0,
        None => BotConfig::from_defaults(defaults),
    };
    Ok(LoadedPackage {
        bot_id,
        look: compile::look(&name, &config),
        name,
        hash,
        image: Arc::new(image),
        config: Arc::new(config),
        prompt: source.prompt.as_ref().and_then(|path| source.files.get(path).cloned()),
        sources: source.files,
        broken: source.broken,
    })
}

/// A version that serves, made from what was compiled.
pub(super) fn loaded(bot_id: BotId, version: &PackageVersion) -> LoadedPackage {
    LoadedPackage {
        bot_id,
        name: version.name.clone(),
        hash: version.hash.clone(),
        image: version.image.clone(),
        config: version.config.clone(),
        prompt: version.prompt.clone(),
        sources: version.sources.clone(),
        broken: version.broken.clone(),
        look: version.look.clone(),
    }
}

/// What is stored of a version.
pub(super) fn stored(version: &PackageVersion) -> StoredVersion {
    let source = StoredSource {
        files: version.sources.clone(),
        config: version.config_path.clone(),
        prompt: version.prompt_path.clone(),
        broken: version.broken.clone(),
    };
    // Writing plain data into memory cannot fail.
    StoredVersion { source: serde_json::to_vec(&source).unwrap_or_default(), compiled: version.image.to_bytes() }
}
