//! A bot's name: the folder's name without `.gbai`, in lower case, because it is a part of its address.

use std::{path::Path, sync::Arc};

use crate::{Error, Result};

/// How the name of a package folder ends.
pub const PACKAGE_SUFFIX: &str = ".gbai";

/// The longest name: it is a path segment, a cookie path and a part of table names.
const LONGEST: usize = 64;

/// Checks a name that is not a folder yet.
pub fn check_name(name: &str, reserved: &dyn Fn(&str) -> bool) -> Result<Arc<str>> {
    let bad = |reason| Error::BadName { name: name.chars().take(LONGEST).collect(), reason };
    let plain = name.to_lowercase();
    if plain.is_empty() {
        return Err(bad("it is empty"));
    }
    if plain.len() > LONGEST {
        return Err(bad("it is longer than 64 characters"));
    }
    if !plain.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
        return Err(bad("use letters a to z, digits, `-` and `_`, because the name is a part of the bot's address"));
    }
    if !plain.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return Err(bad("it must begin with a letter or a digit"));
    }
    if reserved(&plain) {
        return Err(bad("the server itself answers at this address; rename the folder"));
    }
    Ok(plain.into())
}

/// The name that a folder's name gives, unchecked; `None` if it is no package folder.
pub fn bot_name(folder: &Path) -> Option<String> {
    let name = folder.file_name()?.to_string_lossy();
    if name.starts_with('.') {
        return None;
    }
    let stem = name.len().checked_sub(PACKAGE_SUFFIX.len())?;
    let suffix = name.get(stem..)?;
    suffix.eq_ignore_ascii_case(PACKAGE_SUFFIX).then(|| name[..stem].to_owned())
}
