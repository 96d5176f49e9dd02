//! Addresses of files. Other schemes (`untitled:`) are no files.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

use lsp_types::Uri;
use url::Url;

/// The file that an address names.
pub(crate) fn file(uri: &str) -> Option<PathBuf> {
    let url = Url::parse(uri).ok().filter(|url| url.scheme() == "file")?;
    url.to_file_path().ok()
}

/// The address of a file.
pub(crate) fn of_file(path: &Path) -> Option<String> {
    Url::from_file_path(path).ok().map(String::from)
}

/// An address as the protocol's types want it.
pub(crate) fn wire(uri: &str) -> Option<Uri> {
    Uri::from_str(uri).ok()
}
