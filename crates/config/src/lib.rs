//! Layered settings with the origin of every value: the server's (`Settings`) and a bot's (`BotConfig`).
//! The only crate that reads the environment and `config.toml`, and only through injected readers.
//! Knows no package layout, no database and no HTTP.

mod bot;
mod entry;
mod finding;
mod kind;
mod nearest;
mod origin;
mod server;
mod sources;

pub use bot::{BotConfig, BotDefaults, BotKey, BotKeyGroup, ParamValue, Works, bot_key, bot_key_groups};
pub use entry::{Entry, Scope};
pub use finding::{Finding, Level};
pub use kind::Kind;
pub use nearest::nearest;
pub use origin::Origin;
pub use server::{
    AuthTimes, BotsSettings, Durability, LimitsSettings, LockedSettings, LogFormat, LogSettings, OutboundSettings,
    Problem, ServerKey, ServerSettings, Settings, SettingsError, StorageSettings, server_keys,
};
pub use sources::{Flag, ReadFile, Sources, SystemFiles, is_set_in_environment, process_environment};
