//! Looking at bots.

use std::{collections::HashSet, future::Future, path::PathBuf, sync::Arc};

use botserver_kernel::{BotId, Principal};

use super::{LIST, MANAGE, Packages, READ, RejectedFolder};
use crate::{Bot, BotState, Error, LoadedPackage, Result, SeedFile, store};

/// Versions that are kept although nothing waits in them: a run may begin while they are being replaced, and a
/// person may go back.
const KEPT: usize = 5;

impl Packages {
    /// The bots that serve, by name.
    pub async fn list(&self, principal: &Principal) -> Result<Vec<(Bot, Arc<LoadedPackage>)>> {
        self.authorize(principal, &LIST, None).await?;
        let registry = self.0.bots.read();
        let mut bots: Vec<_> = registry
            .bots
            .values()
            .filter_map(|mounted| Some((mounted.bot.clone(), mounted.current.clone()?)))
            .collect();
        bots.sort_by(|left, right| left.0.name.cmp(&right.0.name));
        Ok(bots)
    }

    /// Every bot with its diagnostics, also those that do not serve; for the owner.
    pub async fn overview(&self, principal: &Principal) -> Result<(Vec<Bot>, Vec<RejectedFolder>)> {
        self.authorize(principal, &MANAGE, None).await?;
        let registry = self.0.bots.read();
        let gone = |bot: &Bot| bot.state == BotState::Removed;
        let mut bots: Vec<_> =
            registry.bots.values().map(|mounted| mounted.bot.clone()).filter(|bot| !gone(bot)).collect();
        bots.sort_by(|left, right| left.name.cmp(&right.name));
        Ok((bots, registry.rejected.values().cloned().collect()))
    }

    /// A serving bot by name, for whoever may read it.
    pub async fn get(&self, principal: &Principal, name: &str) -> Result<(Bot, Arc<LoadedPackage>)> {
        let unknown = || Error::UnknownBot(name.chars().take(80).collect());
        let id = self.find_by_name(name).ok_or_else(unknown)?;
        self.authorize(principal, &READ, Some(id)).await?;
        let registry = self.0.bots.read();
        let mounted = registry.bots.get(&id).ok_or_else(unknown)?;
        Ok((mounted.bot.clone(), mounted.current.clone().ok_or_else(unknown)?))
    }

    /// What is wrong with a bot's folder as it is now; for the owner.
    pub async fn diagnostics(&self, principal: &Principal, id: BotId) -> Result<Bot> {
        self.authorize(principal, &MANAGE, Some(id)).await?;
        let registry = self.0.bots.read();
        registry.bots.get(&id).map(|mounted| mounted.bot.clone()).ok_or_else(|| Error::UnknownBot(id.to_string()))
    }

    /// The id of a serving bot; case does not count.
    pub fn find_by_name(&self, name: &str) -> Option<BotId> {
        let registry = self.0.bots.read();
        let id = registry.by_name.get(name.to_lowercase().as_str())?;
        registry.bots.get(id)?.current.is_some().then_some(*id)
    }

    /// The folder of a serving bot; `None` before its first reading of this run.
    pub fn folder(&self, id: BotId) -> Option<PathBuf> {
        self.0.bots.read().bots.get(&id).filter(|own| own.current.is_some())?.root.clone()
    }

    /// The version that serves; `None` if the bot does not.
    pub fn current(&self, id: BotId) -> Option<Arc<LoadedPackage>> {
        self.0.bots.read().bots.get(&id)?.current.clone()
    }

    /// The bots that serve, with the files that hold rows for their tables.
    pub fn serving(&self) -> Vec<(Arc<LoadedPackage>, Arc<[SeedFile]>)> {
        let registry = self.0.bots.read();
        registry.bots.values().filter_map(|bot| Some((bot.current.clone()?, bot.seeds.clone()))).collect()
    }

    /// A file of the theme of a serving bot.
    pub async fn theme_file(&self, principal: &Principal, name: &str, path: &str) -> Result<Arc<[u8]>> {
        let (bot, _) = self.get(principal, name).await?;
        let registry = self.0.bots.read();
        let theme = registry.bots.get(&bot.id).map(|mounted| mounted.theme.clone()).unwrap_or_default();
        theme.get(path).cloned().ok_or_else(|| Error::UnknownThemeFile(path.chars().take(80).collect()))
    }

    /// Forgets stored versions that nothing needs: not those that serve, not the last few, and none that `in_use`
    /// names for its bot. Says how many were forgotten.
    pub async fn prune<F, Fut>(&self, in_use: F) -> Result<usize>
    where
        F: Fn(BotId) -> Fut,
        Fut: Future<Output = Result<HashSet<String>>>,
    {
        let bots: Vec<(BotId, Option<Arc<str>>)> =
            self.0.bots.read().bots.values().map(|mounted| (mounted.bot.id, mounted.bot.version.clone())).collect();
        let mut forgotten = 0;
        for (id, serving) in bots {
            let versions = store::list_versions(&self.0.deps.db, self.org(), id).await?;
            if versions.len() <= KEPT {
                continue;
            }
            let used = in_use(id).await?;
            let needless: HashSet<String> = versions
                .into_iter()
                .skip(KEPT)
                .filter(|hash| serving.as_deref() != Some(hash) && !used.contains(hash))
                .collect();
            if needless.is_empty() {
                continue;
            }
            forgotten += needless.len();
            for hash in &needless {
                self.0.versions.invalidate(&(id, hash.as_str().into()));
            }
            store::delete_versions(&self.0.deps.db, self.org(), id, needless).await?;
        }
        Ok(forgotten)
    }
}
