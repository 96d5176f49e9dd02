//! Downloads of single files: they go on where they broke off, and count only when their checksum is right.

use std::{fs, io::Write as _, path::Path};

use botserver_http::{HttpClient, Method, Request, StreamingResponse, Trust};
use futures_util::StreamExt as _;

use super::{InstallError, Progress, UNFINISHED, checksum, disk};
use crate::catalogue::{Build, ModelFile};

/// Fetches one file, from where an earlier try broke off if the server can do that. What is no part of the file is not
/// kept.
pub(super) async fn download(
    http: &HttpClient,
    url: &str,
    staging: &Path,
    file: &ModelFile,
    build: &Build,
    progress: &mut impl FnMut(Progress<'_>),
) -> Result<(), InstallError> {
    let (path, part) = (staging.join(&file.name), staging.join(format!("{}{UNFINISHED}", file.name)));
    if checksum(&path).is_ok_and(|found| found == build.sha256) {
        progress(Progress { file: &file.name, done: build.size, size: build.size });
        return Ok(());
    }
    let broken = |reason: String| InstallError::Download { file: file.name.clone(), reason };
    let mut done = fs::metadata(&part).map_or(0, |found| found.len());
    if done > build.size {
        done = 0;
    }
    if done < build.size {
        let mut request =
            Request::new(Method::GET, url, Trust::Untrusted).map_err(|error| broken(error.to_string()))?;
        request.max_body = build.size + 1;
        if done > 0 {
            request = request.header("range", &format!("bytes={done}-")).map_err(|error| broken(error.to_string()))?;
        }
        let mut response = http.open(request).await.map_err(|error| broken(error.to_string()))?;
        match response.status {
            206 if begins_at(&response, done) => {}
            206 => {
                fs::remove_file(&part).map_err(disk(&part))?;
                return Err(broken("the server sent another part than it was asked for".to_owned()));
            }
            // It begins again: not every server can go on.
            200 => done = 0,
            416 => {
                // The file there is shorter than what is here.
                fs::remove_file(&part).map_err(disk(&part))?;
                return Err(broken("the server has another file than the one that was begun".to_owned()));
            }
            status => return Err(broken(format!("the server answers with status {status}"))),
        }
        let mut options = fs::OpenOptions::new();
        let options = if done == 0 { options.write(true).create(true).truncate(true) } else { options.append(true) };
        // Written in small pieces between waits for the network: nobody else waits for this thread.
        let mut out = options.open(&part).map_err(disk(&part))?;
        while let Some(piece) = response.body.next().await {
            let piece = piece.map_err(|error| broken(error.to_string()))?;
            out.write_all(&piece).map_err(disk(&part))?;
            done += piece.len() as u64;
            progress(Progress { file: &file.name, done, size: build.size });
        }
        out.sync_all().map_err(disk(&part))?;
        if done < build.size {
            return Err(broken(format!("{done} of {} bytes came", build.size)));
        }
    }
    let found = checksum(&part).map_err(disk(&part))?;
    if found != build.sha256 {
        // Going on from something else would never come to a good end.
        fs::remove_file(&part).map_err(disk(&part))?;
        let (file, from, expected) = (file.name.clone(), url.to_owned(), build.sha256.clone());
        return Err(InstallError::Changed { file, from, found, expected });
    }
    fs::rename(&part, &path).map_err(disk(&path))
}

/// Whether the part begins where it should.
fn begins_at(response: &StreamingResponse, done: u64) -> bool {
    let range = response.headers.get("content-range").and_then(|value| value.to_str().ok());
    let start = range.and_then(|range| range.trim().strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok());
    // Whoever says nothing is believed; the checksum is the judge.
    range.is_none() || start == Some(done)
}
