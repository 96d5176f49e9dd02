//! Reads what the rules look at: the files of the repository, its manifests and cargo's view of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::commands::{cargo, command, output, root};

use super::layers::Layers;

/// Everything the rules need.
pub(super) struct Repository {
    pub(super) sources: BTreeMap<String, String>,
    pub(super) manifests: BTreeMap<String, Manifest>,
    pub(super) layers: Layers,
    pub(super) metadata: Metadata,
}

/// A `Cargo.toml`, as text (for its comments) and as a table.
pub(super) struct Manifest {
    pub(super) text: String,
    pub(super) table: toml::Table,
}

/// `cargo metadata`, as far as we look at it.
#[derive(Deserialize)]
pub(super) struct Metadata {
    pub(super) packages: Vec<Package>,
    pub(super) workspace_members: BTreeSet<String>,
    pub(super) resolve: Resolve,
}

#[derive(Deserialize)]
pub(super) struct Package {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
pub(super) struct Dependency {
    pub(super) name: String,
    /// `None`, `dev` or `build`.
    pub(super) kind: Option<String>,
    /// Set for crates of this workspace.
    pub(super) path: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Resolve {
    pub(super) nodes: Vec<Node>,
}

#[derive(Deserialize)]
pub(super) struct Node {
    pub(super) id: String,
    pub(super) deps: Vec<NodeDependency>,
}

#[derive(Deserialize)]
pub(super) struct NodeDependency {
    pub(super) pkg: String,
    pub(super) dep_kinds: Vec<DependencyKind>,
}

#[derive(Deserialize)]
pub(super) struct DependencyKind {
    pub(super) kind: Option<String>,
}

const LAYERS: &str = "docs/architecture/layers.toml";

impl Repository {
    pub(super) fn read() -> Result<Self> {
        let mut sources = BTreeMap::new();
        for file in files()? {
            // What is no text is none of our business.
            if let Ok(text) = fs::read_to_string(root().join(&file)) {
                sources.insert(file, text);
            }
        }
        let layers = sources.get(LAYERS).with_context(|| format!("{LAYERS} is missing"))?;
        let layers = toml::from_str(layers).with_context(|| LAYERS.to_owned())?;
        let manifests = sources
            .iter()
            .filter(|(file, _)| *file == "Cargo.toml" || file.ends_with("/Cargo.toml"))
            .map(|(file, text)| {
                let table = text.parse().with_context(|| file.clone())?;
                Ok((file.clone(), Manifest { text: text.clone(), table }))
            })
            .collect::<Result<_>>()?;
        Ok(Self { sources, manifests, layers, metadata: metadata()? })
    }
}

fn metadata() -> Result<Metadata> {
    let rustc = output(&mut command("rustc", &["-vV"]))?;
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    // Without the filter cargo would download what only other systems need.
    let text = output(&mut cargo(&["metadata", "--format-version", "1", "--locked", "--filter-platform", host]))?;
    serde_json::from_str(&text).context("cargo metadata")
}

/// The files that belong to the repository: git's list, or everything if this is no checkout.
fn files() -> Result<Vec<String>> {
    if root().join(".git").exists() {
        let list = output(&mut command("git", &["ls-files", "-z", "--cached", "--others", "--exclude-standard"]))?;
        return Ok(list.split('\0').filter(|file| !file.is_empty()).map(str::to_owned).collect());
    }
    let mut files = Vec::new();
    walk(root(), "", &mut files)?;
    Ok(files)
}

fn walk(folder: &Path, prefix: &str, files: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let file = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let made_by_tools = matches!(file.as_str(), "target" | "data" | "web/dist") || file.ends_with("node_modules");
        if entry.file_type()?.is_file() {
            files.push(file);
        } else if entry.file_type()?.is_dir() && !made_by_tools {
            walk(&entry.path(), &format!("{file}/"), files)?;
        }
    }
    Ok(())
}
