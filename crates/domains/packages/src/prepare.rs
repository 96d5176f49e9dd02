//! What must be there before a version serves: another room makes it ready and says what is wrong. Nothing here knows
//! what that is; the server has the tables of bots made.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{Listed, LoadedPackage, Result, SeedFile};

/// Makes ready what a version needs.
#[async_trait]
pub trait Preparation: Send + Sync {
    /// Makes everything ready before anybody can see the version, without disturbing the one that serves. What is
    /// wrong with the package comes back as diagnostics, and with an error among them nothing was done; an `Err` means
    /// that nobody could tell, and the package is taken again later.
    async fn prepare(&self, package: &LoadedPackage, seeds: &Arc<[SeedFile]>) -> Result<Vec<Listed>>;
}
