//! Rules of the `Cargo.toml` files: versions and features of third-party crates stand in the root only.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, repository::Manifest};

const ROOT: &str = "Cargo.toml";
const DEPENDENCIES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
/// What a crate may say about a dependency besides `workspace = true`.
const ALLOWED: [&str; 2] = ["workspace", "optional"];

pub(super) fn check(manifests: &BTreeMap<String, Manifest>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut used = BTreeSet::new();
    for (file, manifest) in manifests.iter().filter(|(file, _)| *file != ROOT && !has_own_workspace(file, manifests)) {
        if !inherits(&manifest.table, "lints") {
            findings.push(Finding::error(file, "say `[lints] workspace = true`"));
        }
        for (name, value) in dependencies(&manifest.table) {
            used.insert(name.to_owned());
            let inherited = value.get("workspace").and_then(toml::Value::as_bool) == Some(true);
            let extra = value.as_table().into_iter().flatten().find(|(key, _)| !ALLOWED.contains(&key.as_str()));
            if !inherited || extra.is_some() {
                findings.push(Finding::error(
                    file,
                    format!("write `{name}.workspace = true`; its version and features stand in the root Cargo.toml"),
                ));
            }
        }
    }
    if let Some(root) = manifests.get(ROOT) {
        findings.extend(check_root(root, &used));
    }
    findings
}

fn check_root(root: &Manifest, used: &BTreeSet<String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let table = root.table.get("workspace").and_then(|workspace| workspace.get("dependencies"));
    for (name, value) in table.and_then(toml::Value::as_table).into_iter().flatten() {
        let ours = value.get("path").is_some();
        let line = root.text.lines().find(|line| line.starts_with(&format!("{name} =")));
        if !ours && !line.is_some_and(|line| line.contains(" # ")) {
            findings.push(Finding::error(ROOT, format!("say what `{name}` is for in a comment on its line")));
        }
        if !ours && !used.contains(name) {
            findings.push(Finding::warning(ROOT, format!("nobody uses `{name}`")));
        }
    }
    findings
}

/// Fuzz targets and benches beside the product may be workspaces of their own, with their own versions.
fn has_own_workspace(file: &str, manifests: &BTreeMap<String, Manifest>) -> bool {
    manifests.iter().any(|(other, manifest)| {
        let folder = other.strip_suffix(ROOT).unwrap_or_default();
        !folder.is_empty() && file.starts_with(folder) && manifest.table.contains_key("workspace")
    })
}

fn inherits(table: &toml::Table, section: &str) -> bool {
    let section = table.get(section).and_then(|section| section.get("workspace"));
    section.and_then(toml::Value::as_bool) == Some(true)
}

fn dependencies(table: &toml::Table) -> impl Iterator<Item = (&str, &toml::Value)> {
    let for_systems = table.get("target").and_then(toml::Value::as_table).into_iter().flatten();
    let tables = std::iter::once(table).chain(for_systems.filter_map(|(_, table)| table.as_table()));
    tables
        .flat_map(|table| DEPENDENCIES.iter().filter_map(move |section| table.get(*section)?.as_table()))
        .flatten()
        .map(|(name, value)| (name.as_str(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(root: &str, member: &str) -> Vec<String> {
        let manifest = |text: &str| Manifest { text: text.to_owned(), table: text.parse().unwrap() };
        let manifests =
            BTreeMap::from([(ROOT.to_owned(), manifest(root)), ("crates/x/Cargo.toml".to_owned(), manifest(member))]);
        check(&manifests).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_member_names_a_dependency_and_no_more() {
        let root = "[workspace.dependencies]\nserde = \"1\" # wire types\n";
        let fine = "serde.workspace = true\n[lints]\nworkspace = true";
        assert_eq!(findings(root, &format!("[dependencies]\n{fine}")), Vec::<String>::new());
        for (section, entry) in [
            ("dependencies", "serde = \"1\""),
            ("dev-dependencies", "serde = { workspace = true, features = [\"rc\"] }"),
            ("target.'cfg(unix)'.dependencies", "serde = { version = \"1\" }"),
        ] {
            let found = findings(root, &format!("[{section}]\n{entry}\n[lints]\nworkspace = true"));
            assert!(found.len() == 1 && found[0].contains("`serde.workspace = true`"), "{entry}: {found:?}");
        }
        assert_eq!(
            findings(root, "[dependencies]\nserde.workspace = true"),
            ["crates/x/Cargo.toml: error: say `[lints] workspace = true`"]
        );
    }

    #[test]
    fn the_root_says_what_each_dependency_is_for() {
        let found = findings("[workspace.dependencies]\nserde = \"1\"\n", "[lints]\nworkspace = true");
        assert_eq!(found.len(), 2, "{found:?}");
    }
}
