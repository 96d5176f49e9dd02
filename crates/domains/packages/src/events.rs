//! What this room tells the others: after it is committed and visible through the service.

use std::sync::Arc;

use botserver_kernel::BotId;

use crate::SeedFile;

/// A change of a bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PackageEvent {
    /// A version serves from now on, or the theme or the seed data of the one that serves has changed.
    Published {
        /// The bot.
        bot_id: BotId,
        /// Its name.
        name: Arc<str>,
        /// The version that serves.
        hash: Arc<str>,
        /// True if it is another version than before.
        new_version: bool,
        /// Its files with rows for tables.
        seeds: Arc<[SeedFile]>,
    },
    /// A change was refused; what served goes on. The reasons are in the bot's diagnostics.
    Refused {
        /// The bot.
        bot_id: BotId,
        /// Its name.
        name: Arc<str>,
    },
    /// The folder is gone; the bot answers no more.
    Removed {
        /// The bot.
        bot_id: BotId,
        /// Its name.
        name: Arc<str>,
    },
}
