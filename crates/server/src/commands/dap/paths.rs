//! Files by two names: paths, as editors know them, and what a package or a script calls them.

use std::path::{Path, PathBuf};

use botserver_packages::bot_name;

/// Below which folder the names of scripts are paths; names that are whole paths stay.
#[derive(Clone, Debug, Default)]
pub(super) struct Paths {
    root: PathBuf,
}

impl Paths {
    pub(super) fn below(root: PathBuf) -> Self {
        Self { root }
    }

    /// The name of a file. A copy of the package elsewhere counts as the package.
    pub(super) fn name_of(&self, path: &str) -> String {
        let whole = std::fs::canonicalize(path).unwrap_or_else(|_| PathBuf::from(path));
        if self.root.as_os_str().is_empty() {
            return whole.display().to_string();
        }
        let root = std::fs::canonicalize(&self.root).unwrap_or_else(|_| self.root.clone());
        let inside = whole.strip_prefix(&root).map(Path::to_owned).ok().or_else(|| {
            let package = whole.ancestors().skip(1).find(|folder| bot_name(folder).is_some())?;
            whole.strip_prefix(package).map(Path::to_owned).ok()
        });
        let inside = inside.unwrap_or(whole);
        inside.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
    }

    /// The path of a file.
    pub(super) fn path_of(&self, name: &str) -> String {
        self.root.join(name).display().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_package_and_scripts_that_stand_alone() {
        let paths = Paths::below("/bots/shop.gbai".into());
        assert_eq!(paths.name_of("/bots/shop.gbai/shop.gbdialog/start.bas"), "shop.gbdialog/start.bas");
        assert_eq!(paths.name_of("/elsewhere/shop.gbai/shop.gbdialog/start.bas"), "shop.gbdialog/start.bas");
        assert_eq!(paths.path_of("shop.gbdialog/start.bas"), "/bots/shop.gbai/shop.gbdialog/start.bas");
        let alone = Paths::default();
        assert_eq!(alone.name_of("/elsewhere/hello.bas"), "/elsewhere/hello.bas");
        assert_eq!(alone.path_of("/elsewhere/hello.bas"), "/elsewhere/hello.bas");
    }
}
