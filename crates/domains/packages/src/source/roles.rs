//! What a file is for, by its path inside the package.

use crate::FileRole;

/// Prompt files, the best first.
const PROMPTS: &[&str] = &["prompt.md", "prompt.txt"];

/// The role of a file.
pub(crate) fn role_of(path: &str) -> FileRole {
    let lower = path.to_lowercase();
    let mut segments = lower.split('/');
    let file = segments.next_back().unwrap_or_default();
    let folders: Vec<&str> = segments.collect();
    // Tests are their author's alone: nothing of them runs or is served.
    if folders.first().is_some_and(|folder| *folder == "tests") {
        return FileRole::Other;
    }
    let below = |kind: &str| folders.iter().any(|folder| is_folder_of(folder, kind));
    if below("gbtheme") {
        return FileRole::Theme;
    }
    if below("gbdata") {
        let is_rows = [".csv", ".db", ".sqlite", ".sqlite3"].iter().any(|suffix| file.ends_with(suffix));
        return if is_rows { FileRole::Seed } else { FileRole::Other };
    }
    if file.rsplit_once('.').is_some_and(|(_, suffix)| suffix == "bas") {
        return FileRole::Dialog;
    }
    let in_settings = folders.is_empty() || below("gbot");
    if in_settings && file == "config.csv" {
        return FileRole::Config;
    }
    if in_settings && PROMPTS.contains(&file) {
        return FileRole::Prompt;
    }
    FileRole::Other
}

/// True for a folder such as `shop.gbkb` of the kind `gbkb`; the stem need not be the bot's name.
pub(crate) fn is_folder_of(folder: &str, kind: &str) -> bool {
    folder.rsplit_once('.').is_some_and(|(stem, suffix)| !stem.is_empty() && suffix.eq_ignore_ascii_case(kind))
}

/// Folders with a life of their own: documents and people's files. They are neither part of a version nor of the
/// package's limits, and nothing in them is ever a script.
pub(super) fn is_apart(folder: &str) -> bool {
    is_folder_of(folder, "gbkb") || is_folder_of(folder, "gbdrive")
}

/// Files that are not meant: hidden ones, and what editors leave behind while saving.
pub(super) fn is_litter(name: &str) -> bool {
    name.starts_with('.') || name.ends_with('~') || (name.starts_with('#') && name.ends_with('#'))
}

/// `find-product` of `tools/find-product.bas`.
pub(crate) fn file_stem(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.rsplit_once('.').map_or(file, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layout_of_old_packages_is_understood() {
        for (path, role) in [
            ("shop.gbdialog/start.bas", FileRole::Dialog),
            ("start.bas", FileRole::Dialog),
            ("bi.gbai/bi-admin.BAS", FileRole::Dialog),
            ("hipaa.gbdialog/tools/a.bas", FileRole::Dialog),
            ("shop.gbot/config.csv", FileRole::Config),
            ("config.csv", FileRole::Config),
            ("shop.gbdialog/config.csv", FileRole::Other),
            ("shop.gbot/PROMPT.md", FileRole::Prompt),
            ("shop.gbot/prompt.txt", FileRole::Prompt),
            ("shop.gbtheme/img/logo.svg", FileRole::Theme),
            ("shop.gbtheme/evil.bas", FileRole::Theme),
            ("shop.gbdata/products.csv", FileRole::Seed),
            ("shop.gbdata/readme.md", FileRole::Other),
            ("tests/order.bas", FileRole::Other),
            ("Tests/order.test", FileRole::Other),
            ("tests/a.gbtheme/logo.svg", FileRole::Other),
            ("tests/a.gbdata/products.csv", FileRole::Other),
            ("tests/config.csv", FileRole::Other),
            ("package.toml", FileRole::Other),
        ] {
            assert_eq!(role_of(path), role, "{path}");
        }
    }
}
