//! Bots as folders: reads `*.gbai` packages, compiles them, keeps every version that something may wait in, serves
//! the current one, and watches the folders for changes.
//!
//! Invariants: what serves was read while nobody was writing, was committed, and is never worse than what served
//! before; a version never changes and is never compiled anew; nothing outside of a package's folder is ever read.

mod api;
mod check;
mod compile;
mod decide;
mod error;
mod events;
#[path = "../migrations/mod.rs"]
mod migrations;
mod model;
mod not_run;
mod prepare;
mod scaffold;
mod service;
mod source;
mod store;
pub mod watch;

use botserver_module::Module;

pub use check::check;
pub use compile::{Language, PackageVersion, compile};
pub use decide::{Decision, decide};
pub use error::{Error, Result};
pub use events::PackageEvent;
pub use migrations::MIGRATIONS;
pub use model::{Bot, BotState, FileRole, Listed, LoadedPackage, Look, PackageSource, SeedFile, SourceFile};
pub use prepare::Preparation;
pub use scaffold::new_package;
pub use service::{Outcome, Packages, PackagesDeps, RejectedFolder, Taken};
pub use source::{PACKAGE_SUFFIX, ScanLimits, bot_name, check_name, scan};

/// The room as the server plugs it in. Run [`MIGRATIONS`] before [`Packages::open`].
pub fn module(packages: &Packages) -> Module {
    Module {
        name: "packages",
        routes: api::routes(packages.clone()),
        migrations: MIGRATIONS.to_vec(),
        ..Module::default()
    }
}
