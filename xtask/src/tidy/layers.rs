//! Who may use whom: `docs/architecture/layers.toml` against cargo's dependency graph.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{
    Finding,
    repository::{Metadata, Package},
};

const PLACE: &str = "docs/architecture/layers.toml";

/// The file; its comments explain the parts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Layers {
    layer: Vec<Layer>,
    adapters: Adapters,
    testkit: Testkit,
    tools: Tools,
    #[serde(default)]
    pure: Vec<Pure>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Layer {
    name: String,
    crates: BTreeSet<String>,
    /// Exceptions inside the layer.
    #[serde(default)]
    uses: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Adapters {
    crates: BTreeSet<String>,
    may_use: BTreeSet<String>,
    used_by: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Testkit {
    crates: BTreeSet<String>,
    /// May use the layers below this one.
    below: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tools {
    crates: BTreeSet<String>,
}

/// Crates that are kept from more than their layer keeps them from.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pure {
    crates: BTreeSet<String>,
    may_use: BTreeSet<String>,
    /// Third-party crates that are not even reached indirectly.
    without: BTreeSet<String>,
}

/// Where a crate stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Room {
    Layer(usize),
    Adapter,
    Testkit,
    Tool,
}

pub(super) fn check(layers: &Layers, metadata: &Metadata) -> Vec<Finding> {
    let members: BTreeMap<&str, &Package> = metadata
        .packages
        .iter()
        .filter(|package| metadata.workspace_members.contains(&package.id))
        .map(|package| (package.name.as_str(), package))
        .collect();
    let (rooms, mut findings) = layers.rooms(&members);
    for (name, package) in &members {
        let Some(room) = rooms.get(name) else {
            findings.push(Finding::error(PLACE, format!("the crate {name} stands in no layer")));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|dependency| dependency.path.is_some()) {
            let used = dependency.name.as_str();
            let in_tests = dependency.kind.as_deref() == Some("dev");
            // A crate's tests may name the crate itself, to switch features on.
            let Some(used_room) = rooms.get(used).filter(|_| used != *name) else { continue };
            if let Err(reason) = layers.judge((name, *room), (used, *used_room), in_tests) {
                findings.push(Finding::error(*name, format!("may not use {used}: {reason}")));
            }
        }
    }
    findings.extend(layers.indirect(&members, metadata));
    findings
}

impl Layers {
    /// Where each crate stands, and what is wrong with the file itself.
    fn rooms(&self, members: &BTreeMap<&str, &Package>) -> (BTreeMap<&str, Room>, Vec<Finding>) {
        let mut findings = Vec::new();
        let mut rooms = BTreeMap::new();
        let layers = self.layer.iter().enumerate().map(|(number, layer)| (&layer.crates, Room::Layer(number)));
        let others = [
            (&self.adapters.crates, Room::Adapter),
            (&self.testkit.crates, Room::Testkit),
            (&self.tools.crates, Room::Tool),
        ];
        for (crates, room) in layers.chain(others) {
            for name in crates {
                if rooms.insert(name.as_str(), room).is_some() {
                    findings.push(Finding::error(PLACE, format!("{name} stands in two places")));
                }
            }
        }
        let pairs = self.layer.iter().flat_map(|layer| layer.uses.iter().map(move |(user, used)| (layer, user, used)));
        for (layer, user, used) in pairs {
            for name in std::iter::once(user).chain(used).filter(|name| !layer.crates.contains(*name)) {
                findings.push(Finding::error(PLACE, format!("`uses` of `{}` names {name} of elsewhere", layer.name)));
            }
        }
        for name in rooms.keys().filter(|name| !members.contains_key(**name)) {
            findings.push(Finding::error(PLACE, format!("{name} is no member of the workspace")));
        }
        if !self.layer.iter().any(|layer| layer.name == self.testkit.below) {
            findings.push(Finding::error(PLACE, format!("there is no layer `{}`", self.testkit.below)));
        }
        (rooms, findings)
    }

    /// May the first crate use the second? The error is the rule that forbids it.
    fn judge(&self, user: (&str, Room), used: (&str, Room), in_tests: bool) -> Result<(), String> {
        let pure = self.pure.iter().find(|pure| pure.crates.contains(user.0));
        if let Some(pure) = pure.filter(|pure| !pure.may_use.contains(used.0)) {
            let may_use: Vec<&str> = pure.may_use.iter().map(String::as_str).collect();
            return Err(format!("it knows no service; it may use only {}", may_use.join(", ")));
        }
        match (user.1, used.1) {
            (Room::Tool, _) => Ok(()),
            (_, Room::Tool) => Err("nobody uses a tool".to_owned()),
            (_, Room::Testkit) if in_tests => Ok(()),
            (_, Room::Testkit) => Err("the test kit is for [dev-dependencies]".to_owned()),
            (Room::Adapter, _) if self.adapters.may_use.contains(used.0) => Ok(()),
            (Room::Adapter, _) => {
                let may_use: Vec<&str> = self.adapters.may_use.iter().map(String::as_str).collect();
                Err(format!("an adapter may use only {}", may_use.join(", ")))
            }
            (_, Room::Adapter) if self.adapters.used_by.contains(user.0) => Ok(()),
            (_, Room::Adapter) => Err("only the server names adapters; take the port".to_owned()),
            (Room::Testkit, Room::Layer(layer)) => {
                let limit = self.layer.iter().position(|layer| layer.name == self.testkit.below).unwrap_or_default();
                if layer < limit { Ok(()) } else { Err(format!("it stands below `{}`", self.testkit.below)) }
            }
            (Room::Layer(above), Room::Layer(below)) if above > below => Ok(()),
            (Room::Layer(same), Room::Layer(other)) if same == other => {
                let layer = &self.layer[same];
                if layer.uses.get(user.0).is_some_and(|uses| uses.contains(used.0)) {
                    return Ok(());
                }
                Err(format!("both stand in `{}`, and {PLACE} does not list the pair", layer.name))
            }
            (Room::Layer(low), Room::Layer(high)) => {
                Err(format!("`{}` stands above `{}`", self.layer[high].name, self.layer[low].name))
            }
        }
    }

    /// Pure crates that reach a third-party crate they must not, with the way there.
    fn indirect(&self, members: &BTreeMap<&str, &Package>, metadata: &Metadata) -> Vec<Finding> {
        let names: BTreeMap<&str, &str> =
            metadata.packages.iter().map(|package| (package.id.as_str(), package.name.as_str())).collect();
        let edges: BTreeMap<&str, Vec<&str>> = metadata
            .resolve
            .nodes
            .iter()
            .map(|node| {
                let compiled_in = node.deps.iter().filter(|dep| dep.dep_kinds.iter().any(|kind| kind.kind.is_none()));
                (node.id.as_str(), compiled_in.map(|dep| dep.pkg.as_str()).collect())
            })
            .collect();
        let mut findings = Vec::new();
        for pure in &self.pure {
            for package in pure.crates.iter().filter_map(|name| members.get(name.as_str())) {
                let mut seen = BTreeSet::from([package.id.as_str()]);
                let mut ways = vec![vec![package.id.as_str()]];
                while let Some(way) = ways.pop() {
                    let end = way.last().copied().unwrap_or_default();
                    let name = names.get(end).copied().unwrap_or_default();
                    if pure.without.contains(name) {
                        let way: Vec<&str> = way.iter().filter_map(|id| names.get(id).copied()).collect();
                        findings.push(Finding::error(package.name.clone(), format!("reaches {}", way.join(" → "))));
                        continue;
                    }
                    for next in edges.get(end).into_iter().flatten().filter(|next| seen.insert(next)) {
                        ways.push(way.iter().chain([next]).copied().collect());
                    }
                }
            }
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        [[layer]]
        name = "low"
        crates = ["kernel", "lang", "deps"]
        uses = { kernel = ["deps"] }
        [[layer]]
        name = "domains"
        crates = ["bot", "session"]
        uses = { bot = ["session"] }
        [[layer]]
        name = "server"
        crates = ["server"]
        [adapters]
        crates = ["objects", "cache"]
        may_use = ["kernel"]
        used_by = ["server"]
        [testkit]
        crates = ["testkit"]
        below = "domains"
        [tools]
        crates = ["xtask"]
        [[pure]]
        crates = ["lang"]
        may_use = []
        without = ["tokio"]
    "#;

    /// `user used kind` a line; every crate is a member, except those of the second list.
    fn findings(edges: &[(&str, &str, Option<&str>)], third_party: &[&str]) -> Vec<String> {
        let layers: Layers = toml::from_str(FILE).unwrap();
        let ours = ["kernel", "lang", "deps", "bot", "session", "server", "objects", "cache", "testkit", "xtask"];
        let package = |name: &&str| {
            let dependencies: Vec<_> = edges
                .iter()
                .filter(|(user, ..)| user == name)
                .map(|(_, used, kind)| {
                    let path = ours.contains(used).then_some("/x");
                    serde_json::json!({"name": used, "kind": kind, "path": path})
                })
                .collect();
            serde_json::json!({"id": name, "name": name, "dependencies": dependencies})
        };
        let node = |name: &&str| {
            let deps: Vec<_> = edges
                .iter()
                .filter(|(user, ..)| user == name)
                .map(|(_, used, kind)| serde_json::json!({"pkg": used, "dep_kinds": [{"kind": kind}]}))
                .collect();
            serde_json::json!({"id": name, "deps": deps})
        };
        let all = || ours.iter().chain(third_party);
        let metadata: Metadata = serde_json::from_value(serde_json::json!({
            "packages": all().map(package).collect::<Vec<_>>(),
            "workspace_members": ours,
            "resolve": {"nodes": all().map(node).collect::<Vec<_>>()},
        }))
        .unwrap();
        check(&layers, &metadata).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_the_file_allows_passes() {
        let edges = [
            ("kernel", "deps", None),
            ("bot", "session", None),
            ("bot", "kernel", None),
            ("bot", "testkit", Some("dev")),
            ("kernel", "testkit", Some("dev")),
            ("testkit", "kernel", None),
            ("objects", "kernel", None),
            ("objects", "testkit", Some("dev")),
            ("server", "objects", None),
            ("lang", "testkit", None),
        ];
        assert_eq!(findings(&edges[..9], &[]), Vec::<String>::new());
    }

    #[test]
    fn every_forbidden_edge_is_found() {
        let forbidden = [
            ("session", "bot", None, "both stand in `domains`"),
            ("kernel", "bot", None, "`domains` stands above `low`"),
            ("kernel", "bot", Some("dev"), "`domains` stands above `low`"),
            ("bot", "objects", None, "only the server names adapters"),
            ("objects", "cache", None, "an adapter may use only kernel"),
            ("objects", "session", None, "an adapter may use only kernel"),
            ("bot", "testkit", None, "the test kit is for [dev-dependencies]"),
            ("testkit", "bot", None, "it stands below `domains`"),
            ("testkit", "objects", None, "only the server names adapters"),
            ("lang", "kernel", None, "it knows no service"),
            ("server", "xtask", None, "nobody uses a tool"),
        ];
        for (user, used, kind, expected) in forbidden {
            let found = findings(&[(user, used, kind)], &[]);
            assert!(found.len() == 1 && found[0].contains(expected), "{user} → {used}: {found:?}");
        }
    }

    #[test]
    fn a_pure_crate_does_not_reach_a_runtime_through_others() {
        let edges = [("lang", "csv", None), ("csv", "tokio", None)];
        assert_eq!(findings(&edges, &["csv", "tokio"]), ["lang: error: reaches lang → csv → tokio"]);
        let in_tests = [("lang", "csv", Some("dev")), ("csv", "tokio", None)];
        assert_eq!(findings(&in_tests, &["csv", "tokio"]), Vec::<String>::new());
    }
}
