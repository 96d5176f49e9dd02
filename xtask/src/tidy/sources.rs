//! Rules of single files: heads, lengths, words that must not be committed. One line is the unit; no
//! parsing, so a rule looks only for what cannot mean anything else.

use std::{collections::BTreeMap, ffi::OsStr, path::Path};

use super::Finding;

const LONG: usize = 400;
const TOO_LONG: usize = 800;
/// In the first lines of a file: its length is that of a table or of what a program wrote.
const EXEMPT: [&str; 2] = ["@generated", "tidy: table"];
/// This file spells out what it looks for.
const MYSELF: &str = "xtask/src/tidy/sources.rs";

/// Folders of one person's machine; a repository works from anywhere.
const MACHINE_PATHS: [&str; 4] = ["/root/", "/home/", "/Users/", "/work/"];

const ATTRIBUTES: [(&str, &str); 5] = [
    ("allow(", "use #[expect(…, reason = \"…\")]: it says when it is no longer needed"),
    ("ignore]", "a test that does not run is none"),
    ("ignore ", "a test that does not run is none"),
    ("should_panic", "return a Result and assert on the error"),
    ("unsafe_code", "unsafe code needs a place on the list in tidy"),
];

pub(super) fn check(sources: &BTreeMap<String, String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in sources {
        let extension = Path::new(path).extension().and_then(OsStr::to_str).unwrap_or_default();
        if extension == "rs" {
            findings.extend(head(path, text));
            findings.extend(attributes(path, text));
            findings.extend(module_folder(path, sources));
            findings.extend(test_binary(path));
        }
        if ["rs", "ts", "js", "mjs", "svelte"].contains(&extension) {
            findings.extend(length(path, text));
            findings.extend(leftovers(path, text));
        }
        findings.extend(machine_paths(path, text));
    }
    findings
}

fn head(path: &str, text: &str) -> Option<Finding> {
    (!text.starts_with("//! ")).then(|| {
        Finding::error(path, "begin with one to five `//!` lines: what the file is for and what it must not know")
    })
}

fn length(path: &str, text: &str) -> Option<Finding> {
    let exempt = text.lines().take(5).any(|line| EXEMPT.iter().any(|word| line.contains(word)));
    let lines = text.lines().count();
    let advice = format!("{lines} lines; make it a folder with one subject a file");
    match lines {
        _ if exempt => None,
        TOO_LONG.. => Some(Finding::error(path, advice)),
        LONG.. => Some(Finding::warning(path, advice)),
        _ => None,
    }
}

fn attributes(path: &str, text: &str) -> Vec<Finding> {
    if path == MYSELF {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (number, line) in numbered(text) {
        let line = line.trim_start();
        let Some(attribute) = line.strip_prefix("#[").or_else(|| line.strip_prefix("#![")) else { continue };
        for (word, advice) in ATTRIBUTES {
            let whole_lint = !attribute.starts_with("forbid(") && !attribute.starts_with("deny(");
            if attribute.contains(word) && whole_lint {
                findings.push(Finding::error(format!("{path}:{number}"), format!("`{line}`: {advice}")));
            }
        }
    }
    findings
}

fn module_folder(path: &str, sources: &BTreeMap<String, String>) -> Option<Finding> {
    let folder = format!("{}/", path.strip_suffix(".rs")?);
    let mut below = sources.range(folder.clone()..).take_while(|(other, _)| other.starts_with(&folder));
    // Snapshots of tests lie in a folder beside them, which is no module.
    let beside = below.any(|(other, _)| Path::new(other).extension() == Some(OsStr::new("rs")));
    // Roots of crates have no module path of their own; `x/main/` cannot belong to `x/main.rs`.
    let root = ["/main.rs", "/lib.rs"].iter().any(|name| path.ends_with(name));
    (beside && !root).then(|| Finding::error(path, format!("make it {folder}mod.rs: the folder is the whole module")))
}

fn test_binary(path: &str) -> Option<Finding> {
    let (_, file) = path.split_once("/tests/").filter(|_| path.starts_with("crates/"))?;
    (!file.contains('/')).then(|| {
        Finding::error(path, "one test binary a crate: move it into tests/it/ and name it in tests/it/main.rs")
    })
}

fn leftovers(path: &str, text: &str) -> Vec<Finding> {
    if path == MYSELF {
        return Vec::new();
    }
    let marks = ["TODO:", "TODO(", "// TODO", "FIXME", "XXX:", "HACK:"];
    let mut findings = Vec::new();
    for (number, line) in numbered(text) {
        let mark = marks.iter().find(|mark| line.contains(*mark));
        if let Some(mark) = mark {
            findings.push(Finding::error(format!("{path}:{number}"), format!("`{mark}`: do it, or file an issue")));
        }
    }
    findings
}

fn machine_paths(path: &str, text: &str) -> Vec<Finding> {
    if path == MYSELF || path.ends_with("package-lock.json") {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (number, line) in numbered(text) {
        let conflict = line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ");
        if conflict {
            findings.push(Finding::error(format!("{path}:{number}"), "an unsolved merge conflict"));
        }
        for folder in MACHINE_PATHS {
            if line.match_indices(folder).any(|(at, _)| begins_a_path(&line[..at])) {
                findings.push(Finding::error(
                    format!("{path}:{number}"),
                    format!("`{folder}…` is a folder of somebody's machine"),
                ));
            }
        }
    }
    findings
}

/// Whether what follows is an absolute path and not the rest of one, or of an address.
fn begins_a_path(before: &str) -> bool {
    before.chars().next_back().is_none_or(|c| !c.is_alphanumeric() && !"._-~/}){*<>".contains(c))
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(files: &[(&str, &str)]) -> Vec<String> {
        let sources = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        check(&sources).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_good_file_passes() {
        let text =
            "//! What it is for.\n\n#![forbid(unsafe_code)]\n// https://example.com/home/page ~/work/x $HOME/work/\n";
        assert_eq!(findings(&[("crates/x/src/lib.rs", text), ("crates/x/tests/it/main.rs", text)]), [""; 0]);
    }

    #[test]
    fn each_rule_finds_its_breach() {
        let long = format!("//! x\n{}", "\n".repeat(LONG));
        let too_long = format!("//! x\n{}", "\n".repeat(TOO_LONG));
        for (path, text, expected) in [
            ("a.rs", "use x;\n", "begin with one to five"),
            ("a.rs", "//! x\n#[allow(dead_code)]\n", "a.rs:2: error: `#[allow(dead_code)]`"),
            ("a.rs", "//! x\n    #[test] #[ignore]\n", "does not run"),
            ("a.rs", "//! x\n#[ignore = \"slow\"]\n", "does not run"),
            ("a.rs", "//! x\n#[should_panic]\n", "return a Result"),
            ("a.rs", "//! x\n#[expect(unsafe_code, reason = \"x\")]\n", "unsafe code"),
            ("a.rs", &long, "warning: 401 lines"),
            ("a.rs", &too_long, "error: 801 lines"),
            ("a.ts", &too_long, "error: 801 lines"),
            ("a.rs", "//! x\n// TODO later\n", "file an issue"),
            ("crates/x/tests/api.rs", "//! x\n", "one test binary"),
            ("a.md", "see /home/me/notes\n", "somebody's machine"),
            ("a.toml", "dir = \"/root/x\"\n", "somebody's machine"),
            ("a.md", "<<<<<<< ours\n", "merge conflict"),
        ] {
            let found = findings(&[(path, text)]);
            assert!(found.len() == 1 && found[0].contains(expected), "{path}: {found:?}");
        }
    }

    #[test]
    fn a_module_is_a_folder_or_a_file_not_both() {
        let found = findings(&[("src/x.rs", "//! x\n"), ("src/x/y.rs", "//! y\n")]);
        assert_eq!(found, ["src/x.rs: error: make it src/x/mod.rs: the folder is the whole module"]);
        assert_eq!(findings(&[("src/x.rs", "//! x\n"), ("src/xx/y.rs", "//! y\n")]), [""; 0]);
        assert_eq!(findings(&[("src/x.rs", "//! x\n"), ("src/x/y.snap", "y\n")]), [""; 0]);
    }

    #[test]
    fn tables_may_be_long() {
        let text = format!("//! Names of all countries. tidy: table\n{}", "\n".repeat(TOO_LONG));
        assert_eq!(findings(&[("a.rs", &text)]), [""; 0]);
    }
}
