//! The data directory, the database and the folder of files.

use std::{fs, io::Write, path::Path, time::Instant};

use botserver_config::Settings;
use botserver_db::{Db, DbUrl};

use super::Finding;
use crate::{modules, overview};

const DIR: &str = "data directory";
const DATABASE: &str = "database";
const OBJECTS: &str = "files";

/// Below this a server may fail at any time.
const LITTLE: u64 = 200 << 20;
/// Below this an owner should know.
const SCARCE: u64 = 2 << 30;
/// Every answer waits for one.
const SLOW_FSYNC_MS: u128 = 50;
/// Enough to see past one unlucky moment.
const FSYNCS: usize = 5;

/// Is it there, private, writable, on a disk with room, and how fast is that disk?
pub(super) fn data_dir(dir: &Path) -> Vec<Finding> {
    let shown = dir.display();
    let Ok(meta) = fs::metadata(dir) else {
        let parent = existing_parent(dir);
        return vec![match probe(parent) {
            Ok(_) => Finding::ok(DIR, format!("{shown} does not exist yet; the first start makes it")),
            Err(error) => Finding::problem(
                DIR,
                format!("{shown} does not exist, and nothing can be written in {}: {error}", parent.display()),
                "Make the directory and give it to the user that runs the server, or choose another with --data.",
            ),
        }];
    };
    if !meta.is_dir() {
        let remedy = "Choose another with --data.";
        return vec![Finding::problem(DIR, format!("{shown} is no directory"), remedy)];
    }
    let mut findings = Vec::new();
    if let Some(found) = privacy(dir, &meta) {
        findings.push(found);
    }
    match probe(dir) {
        Ok(ms) if ms > SLOW_FSYNC_MS => findings.push(Finding::warning(
            DIR,
            format!("{shown} is on a slow disk: making a write safe takes {ms} ms"),
            "Every answer waits for that. Use a local SSD; network file systems are no place for SQLite.",
        )),
        Ok(ms) => findings.push(Finding::ok(DIR, format!("{shown} can be written; making a write safe takes {ms} ms"))),
        Err(error) => findings.push(Finding::problem(
            DIR,
            format!("nothing can be written in {shown}: {error}"),
            format!("Give it to the user that runs the server: chown -R USER {shown}"),
        )),
    }
    findings.extend(space(dir));
    findings
}

fn existing_parent(dir: &Path) -> &Path {
    let mut above = dir.ancestors().skip(1).map(|own| if own.as_os_str().is_empty() { Path::new(".") } else { own });
    above.find(|own| own.is_dir()).unwrap_or(Path::new("."))
}

#[cfg(unix)]
fn privacy(dir: &Path, meta: &fs::Metadata) -> Option<Finding> {
    use std::os::unix::fs::PermissionsExt;
    let mode = meta.permissions().mode() & 0o777;
    let shown = dir.display();
    (mode & 0o077 != 0).then(|| {
        Finding::warning(
            DIR,
            format!("other users of this machine can look into {shown} (mode {mode:04o})"),
            format!("The next start makes it private; at once: chmod 700 {shown}"),
        )
    })
}

#[cfg(not(unix))]
fn privacy(_: &Path, _: &fs::Metadata) -> Option<Finding> {
    None
}

/// Writes and syncs a small file; the typical time in milliseconds.
fn probe(dir: &Path) -> std::io::Result<u128> {
    let mut file = tempfile::Builder::new().prefix(".doctor-").tempfile_in(dir)?;
    let mut times = Vec::new();
    for _ in 0..FSYNCS {
        let began = Instant::now();
        file.write_all(&[0; 4096])?;
        file.as_file().sync_all()?;
        times.push(began.elapsed().as_millis());
    }
    times.sort_unstable();
    Ok(times.get(FSYNCS / 2).copied().unwrap_or_default())
}

fn space(dir: &Path) -> Option<Finding> {
    let free = overview::free_bytes(dir)?;
    let gigabytes = free as f64 / 1e9;
    let remedy = "Make room, or move the data directory to a larger disk.";
    Some(match free {
        0..LITTLE => Finding::problem("disk", format!("only {gigabytes:.2} GB are free"), remedy),
        LITTLE..SCARCE => Finding::warning("disk", format!("{gigabytes:.1} GB are free"), remedy),
        _ => Finding::ok("disk", format!("{gigabytes:.1} GB are free")),
    })
}

/// Can it be opened, and is it of this release?
pub(super) async fn database(settings: &Settings) -> Finding {
    let url = match DbUrl::parse(settings.storage.database.expose()) {
        Ok(url) => url,
        Err(error) => return Finding::problem(DATABASE, error.to_string(), "Correct storage.database."),
    };
    let shown = url.display();
    if let DbUrl::Sqlite(path) = &url
        && !path.exists()
    {
        return match existing_parent(path) {
            parent if probe(parent).is_ok() => Finding::ok(DATABASE, format!("{shown} is made at the first start")),
            parent => Finding::problem(
                DATABASE,
                format!("{shown} does not exist, and nothing can be written in {}", parent.display()),
                "Correct storage.database, or the permissions of its folder.",
            ),
        };
    }
    let db = match Db::connect(&url).await {
        Ok(db) => db,
        Err(error) => {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            let remedy = match url {
                DbUrl::Sqlite(_) => "Check the file and its permissions; restore a backup if it is damaged.",
                DbUrl::Postgres { .. } => "Check that the server runs and that address, user and password are right.",
            };
            return Finding::problem(DATABASE, format!("{error}{cause}"), remedy);
        }
    };
    let history = db.check_history(&modules::migrations()).await;
    db.close().await;
    match history {
        Ok(applied) => {
            let pending = modules::migrations().len().saturating_sub(applied.len());
            let state = if pending == 0 {
                "is up to date".to_owned()
            } else {
                format!("is brought up to date at the next start ({pending} steps)")
            };
            Finding::ok(DATABASE, format!("{shown} answers and {state}"))
        }
        Err(error @ botserver_db::Error::Newer { .. }) => {
            Finding::problem(DATABASE, error.to_string(), "Install that release.")
        }
        Err(error) => {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            Finding::problem(DATABASE, format!("{error}{cause}"), "Restore a backup if the database is damaged.")
        }
    }
}

/// Can files be kept?
pub(super) fn objects(settings: &Settings) -> Finding {
    let url = settings.storage.objects.expose();
    let path = Path::new(url.trim_start_matches("file://"));
    let shown = path.display();
    let (place, made) = if path.is_dir() { (path, true) } else { (existing_parent(path), false) };
    match probe(place) {
        Ok(_) if made => Finding::ok(OBJECTS, format!("{shown} can be written")),
        Ok(_) => Finding::ok(OBJECTS, format!("{shown} is made at the first start")),
        Err(error) => Finding::problem(
            OBJECTS,
            format!("nothing can be written in {}: {error}", place.display()),
            "Correct storage.objects, or the permissions of that folder.",
        ),
    }
}
