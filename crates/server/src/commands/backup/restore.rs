//! Bringing a backup back: into a folder beside the target, which is renamed when everything in it is right.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use botserver_db::{Db, DbUrl};

use super::{POSTGRES, manifest::Database, size, unpack::unpack};
use crate::{
    command_line::Common,
    commands::Ending,
    modules,
    settings::{self, Overrides},
    terminal,
};

pub(crate) async fn restore(common: &Common, file: &Path) -> Result<Ending> {
    let dir = common.data_dir();
    refuse_what_is_there(&dir)?;
    let draft = draft_of(&dir)?;
    fs::create_dir_all(draft.parent().unwrap_or(Path::new(".")))?;
    make_private(&draft).with_context(|| {
        format!("cannot make {}; if another restore was interrupted there, remove it first", draft.display())
    })?;
    let restored = fill(common, file, &draft, &dir).await;
    if restored.is_err() {
        // We made it, and nothing in it can be used.
        let _ = fs::remove_dir_all(&draft);
    }
    let (files, bytes) = restored?;
    terminal::print(&dir.display().to_string())?;
    terminal::tell(&format!("{files} files, {}, restored.", size(bytes)));
    tell_of_other_places(common, &dir);
    Ok(Ending::Success)
}

fn refuse_what_is_there(dir: &Path) -> Result<()> {
    match fs::read_dir(dir) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                bail!("{} is not empty; a backup is restored into an empty or missing directory only", dir.display());
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| format!("cannot restore into {}", dir.display())),
    }
    if is_mount_point(dir) {
        bail!(
            "{} is a mount point, which cannot be replaced at once; restore into a folder inside it: --data {}",
            dir.display(),
            dir.join("restored").display()
        );
    }
    Ok(())
}

#[cfg(unix)]
fn is_mount_point(dir: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let device = |path: &Path| fs::metadata(path).map(|meta| meta.dev()).ok();
    device(dir).is_some_and(|own| device(&dir.join("..")).is_some_and(|parent| parent != own))
}

#[cfg(not(unix))]
fn is_mount_point(_: &Path) -> bool {
    false
}

/// `DIR.restoring`, beside the target.
fn draft_of(dir: &Path) -> Result<PathBuf> {
    let dir = std::path::absolute(dir)?;
    let mut name = dir.file_name().context("give the data directory a name")?.to_owned();
    name.push(".restoring");
    Ok(dir.with_file_name(name))
}

fn make_private(dir: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

async fn fill(common: &Common, file: &Path, draft: &Path, dir: &Path) -> Result<(usize, u64)> {
    let (source, target) = (file.to_owned(), draft.to_owned());
    let contents = tokio::task::spawn_blocking(move || unpack(&source, Some(&target))).await??;
    let url = match contents.manifest.database {
        Database::Sqlite => DbUrl::Sqlite(draft.join("botserver.db")),
        Database::Postgres => restore_postgres(common, draft).await?,
    };
    let db = Db::connect(&url).await?;
    let history = db.check_history(&modules::migrations()).await;
    db.close().await;
    history?;
    fs::rename(draft, dir).with_context(|| format!("cannot rename {} to {}", draft.display(), dir.display()))?;
    Ok((contents.files, contents.bytes))
}

/// Fills the database that the settings name; those of the backup, unless others are given.
async fn restore_postgres(common: &Common, draft: &Path) -> Result<DbUrl> {
    let own = draft.join("config.toml");
    let config = common.config.clone().or_else(|| own.is_file().then_some(own));
    let settings = settings::load(&Common { config, ..common.clone() }, &Overrides::default())?;
    let url = DbUrl::parse(settings.storage.database.expose())?;
    if let DbUrl::Sqlite(_) = url {
        bail!(
            "the backup holds a PostgreSQL database; name an empty one to restore it into: \
             BOTSERVER_STORAGE__DATABASE=postgres://USER:PASSWORD@HOST/NAME"
        );
    }
    let script = draft.join(POSTGRES);
    Db::restore(&url, &script).await?;
    fs::remove_file(&script)?;
    Ok(url)
}

/// Settings may name other places than the one that was restored.
fn tell_of_other_places(common: &Common, dir: &Path) {
    let Ok(settings) = settings::load(common, &Overrides::default()) else {
        return terminal::tell("The restored settings cannot be used as they are; see `botserver config validate`.");
    };
    let database = settings.storage.database.expose();
    let objects = settings.storage.objects.expose();
    for (key, named, restored) in [
        ("storage.database", database.trim_start_matches("sqlite://"), dir.join("botserver.db")),
        ("storage.objects", objects.trim_start_matches("file://"), dir.join("objects")),
        ("bots.dir", &*settings.bots.dir.display().to_string(), dir.join("bots")),
    ] {
        // PostgreSQL was restored to where the settings say.
        if !named.starts_with("postgres") && Path::new(named) != restored {
            let origin = settings.origin(key);
            terminal::tell(&format!(
                "Note: {key} ({origin}) names another place than {}, where it was restored.",
                restored.display()
            ));
        }
    }
}
