//! Reading a package folder: which files it has, what each is for, and what is wrong with the files themselves.
//! Knows no database and no running bot.

mod names;
mod roles;
mod scan;

pub use names::{PACKAGE_SUFFIX, bot_name, check_name};
pub(crate) use roles::{file_stem, is_folder_of, role_of};
pub use scan::{ScanLimits, scan};
pub(crate) use scan::{last_change, stamp};
