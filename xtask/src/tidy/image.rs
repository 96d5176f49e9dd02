//! The container image is built from what `.dockerignore` leaves: cargo reads the manifest of every member of the
//! workspace, also of those that are not built.

use super::{Finding, repository::Manifest};

pub(super) const IGNORED: &str = ".dockerignore";

pub(super) fn check(ignored: &str, root: Option<&Manifest>) -> Vec<Finding> {
    let workspace = root.and_then(|root| root.table.get("workspace")?.get("members")?.as_array());
    let members = workspace.into_iter().flatten().filter_map(toml::Value::as_str);
    members
        .filter_map(|member| {
            let rule = ignored.lines().map(|line| line.trim().trim_end_matches('/')).find(|rule| {
                member
                    .strip_prefix(rule)
                    .is_some_and(|rest| !rule.is_empty() && (rest.is_empty() || rest.starts_with('/')))
            })?;
            Some(Finding::error(
                IGNORED,
                format!("`{rule}` keeps `{member}`, a member of the workspace, out of the image"),
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_of_the_workspace_reaches_the_image() {
        let text = "[workspace]\nmembers = [\"crates/a\", \"tests/crash\"]";
        let root = Manifest { text: text.to_owned(), table: text.parse().unwrap() };
        let found = |ignored: &str| check(ignored, Some(&root)).len();
        assert_eq!(found(".git\ntests/browser\ndata\ncrate\n\n"), 0);
        assert_eq!(found("tests\n"), 1);
        assert_eq!(found("tests/crash/\ncrates\n"), 2);
    }
}
