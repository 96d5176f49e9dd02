//! A package as the script under the cursor sees it: its scripts with unsaved changes, their tables, the procedures that
//! INCLUDEs bring.

use std::{collections::BTreeSet, sync::Arc};

use botserver_basic_syntax::ast::{ColumnDecl, Procedure, TableDecl};

use crate::{
    packages::Setting,
    script::{Script, stem},
};

/// A package at one moment.
#[derive(Debug, Default)]
pub(crate) struct View {
    /// Its scripts; of two with the same name the first one has it.
    pub(crate) scripts: Vec<Arc<Script>>,
    pub(crate) collections: Vec<String>,
    pub(crate) settings: Vec<Setting>,
}

impl View {
    /// A script by stem, file name or path, ignoring case.
    pub(crate) fn script(&self, name: &str) -> Option<&Arc<Script>> {
        let wanted = name.trim().trim_start_matches("./").to_lowercase();
        self.scripts.iter().find(|own| {
            let path = own.path().to_lowercase();
            path == wanted || stem(&path) == wanted || path.rsplit('/').next() == Some(&wanted)
        })
    }

    /// All tables with the script that declares each.
    pub(crate) fn tables(&self) -> impl Iterator<Item = (&Arc<Script>, &TableDecl)> {
        self.scripts.iter().flat_map(|script| script.tree.tables.iter().map(move |table| (script, table)))
    }

    pub(crate) fn table(&self, name: &str) -> Option<(&Arc<Script>, &TableDecl)> {
        let wanted = name.to_lowercase();
        self.tables().find(|(_, table)| table.name.to_lowercase() == wanted)
    }

    pub(crate) fn column(&self, table: &str, column: &str) -> Option<(&Arc<Script>, &TableDecl, &ColumnDecl)> {
        let (script, table) = self.table(table)?;
        let wanted = column.to_lowercase();
        let own = table.columns.iter().find(|own| own.name.to_lowercase() == wanted)?;
        Some((script, table, own))
    }

    /// A script with all that its INCLUDEs bring, itself first.
    pub(crate) fn with_includes<'a>(&'a self, script: &'a Script) -> Vec<&'a Script> {
        let mut seen = BTreeSet::from([stem(script.path())]);
        let mut found = vec![script];
        let mut next = 0;
        while let Some(own) = found.get(next).copied() {
            next += 1;
            for (name, _) in &own.tree.includes {
                if seen.insert(stem(name))
                    && let Some(other) = self.script(name)
                {
                    found.push(other);
                }
            }
        }
        found
    }

    /// The procedure of that name, in the script or in what it includes.
    pub(crate) fn procedure<'a>(&'a self, script: &'a Script, name: &str) -> Option<(&'a Script, &'a Procedure)> {
        self.with_includes(script).into_iter().find_map(|own| Some((own, own.procedure(name)?)))
    }

    pub(crate) fn setting(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|own| own.name.eq_ignore_ascii_case(name))
    }
}
