//! The settings of a command: the four layers, with the flags of the command on top.

use std::path::{Path, PathBuf};

use botserver_config::{Flag, Settings, SettingsError, Sources, SystemFiles, process_environment};

use crate::command_line::Common;

/// The options of commands that set a value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overrides {
    pub(crate) listen: Option<String>,
    pub(crate) bots: Option<PathBuf>,
    pub(crate) database: Option<String>,
}

impl Overrides {
    /// Only the folder of the packages.
    pub(crate) fn bots(bots: Option<&PathBuf>) -> Self {
        Self { bots: bots.cloned(), ..Self::default() }
    }

    fn flags(&self) -> Vec<Flag> {
        let mut flags = Vec::new();
        let mut flag = |flag, key, value: Option<String>| {
            if let Some(value) = value {
                flags.push(Flag { flag, key, value });
            }
        };
        flag("--listen", "server.listen", self.listen.clone());
        flag("--bots", "bots.dir", self.bots.as_ref().map(|dir| dir.display().to_string()));
        flag("--database", "storage.database", self.database.clone());
        flags
    }
}

/// Reads and checks the settings of an installation.
pub(crate) fn load(common: &Common, overrides: &Overrides) -> Result<Settings, SettingsError> {
    Settings::load(&Sources {
        data_dir: common.data_dir(),
        config_file: common.config.clone(),
        environment: process_environment(),
        flags: overrides.flags(),
        files: &SystemFiles,
    })
}

/// The settings of an installation that lives in a temporary folder: everything it keeps is kept there, whatever the
/// environment says; all other settings count.
pub(crate) fn load_temporary(common: &Common, dir: &Path) -> Result<Settings, SettingsError> {
    let inside = |name: &str| dir.join(name).display().to_string();
    let place = |key, value| Flag { flag: "(temporary)", key, value };
    // The file of the installation, if there is one: outgoing addresses and bots' defaults are the operator's.
    let config_file = common.config.clone().or_else(|| {
        let own = common.data_dir().join("config.toml");
        own.is_file().then_some(own)
    });
    Settings::load(&Sources {
        data_dir: dir.to_owned(),
        config_file,
        environment: process_environment(),
        flags: vec![
            place("storage.database", format!("sqlite://{}", inside("botserver.db"))),
            place("storage.objects", format!("file://{}", inside("objects"))),
            place("bots.dir", inside("bots")),
        ],
        files: &SystemFiles,
    })
}
