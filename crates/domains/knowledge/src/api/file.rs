//! The file of a document as a browser gets it: whole or a part, shown where nothing in it can run, saved otherwise.

use std::{fmt::Write as _, io::SeekFrom};

use axum::{
    body::Body,
    extract::State,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{
            ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
            CONTENT_TYPE, ETAG, IF_RANGE, RANGE,
        },
    },
    response::{IntoResponse as _, Response},
};
use botserver_web::{Caller, Path, Problem};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::{
    fs::File,
    io::{self, AsyncReadExt as _, AsyncSeekExt as _},
};
use tokio_util::io::ReaderStream;

use super::Room;
use crate::{DocumentId, Error, FoundPassage, SourceError};

/// What may stand in a file's name as it is (RFC 8187).
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_');
/// What is looked at to know whether a text is UTF-8.
const HEAD: usize = 64 << 10;
/// Nothing runs, nothing is loaded, and it is nobody's origin.
const LOCKED: HeaderValue = HeaderValue::from_static("sandbox; default-src 'none'; frame-ancestors 'none'");
/// Browsers do not show a PDF in a sandbox; their viewers are one.
const VIEWER: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

impl FoundPassage {
    /// Where its document can be opened by whoever may read it, at its page if it has any.
    pub fn url(&self) -> String {
        let mut url = format!("/api/v1/documents/{}/file", self.document);
        if let (Some(page), "pdf") = (self.passage.page, &*extension(&self.path)) {
            // Writing to a text does not fail.
            let _ = write!(url, "#page={page}");
        }
        url
    }
}

/// What a browser may do with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// Its viewer is a sandbox.
    Pdf,
    /// Shown as it stands there, whatever it says.
    Text,
    /// Everything that could hold a script, or that browsers do not show.
    Saved(String),
}

impl Kind {
    fn of(path: &str) -> Self {
        match &*extension(path) {
            "pdf" => Self::Pdf,
            "md" | "markdown" | "txt" | "text" | "csv" | "tsv" => Self::Text,
            _ => Self::Saved(mime_guess::from_path(path).first_or_octet_stream().to_string()),
        }
    }
}

fn extension(path: &str) -> String {
    path.rsplit('/')
        .next()
        .and_then(|name| name.rsplit_once('.'))
        .map(|(_, end)| end.to_lowercase())
        .unwrap_or_default()
}

/// The file of a document, to whoever may read the document now. PDF and text open in the browser, everything else is
/// saved.
#[utoipa::path(get, path = "/api/v1/documents/{id}/file", tag = "knowledge", params(("id" = String, Path)),
    responses((status = 200, description = "The file."), (status = 206, description = "The part that `Range` names."),
        (status = 416, description = "The file has no such part.")))]
pub(super) async fn open_file(
    State(knowledge): Room,
    Caller(principal): Caller,
    Path(id): Path<DocumentId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (document, file) = knowledge.open_file(&principal, id).await.map_err(Problem::from)?;
    let tag = format!("\"{:x}-{:x}\"", file.size, file.modified_ns);
    let kind = Kind::of(&document.path);
    let cannot = |source| Problem::from(Error::Source(SourceError { path: document.path.clone(), source }));
    let mut opened = File::open(&file.path).await.map_err(cannot)?;
    let size = opened.metadata().await.map_err(cannot)?.len();
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let same = text(IF_RANGE).is_none_or(|known| known == tag);
    let part = text(RANGE).filter(|_| same).map_or(Part::Whole, |range| Part::of(range, size));
    let (from, length, status) = match part {
        Part::Whole => (0, size, StatusCode::OK),
        Part::Some { from, to } => (from, to - from + 1, StatusCode::PARTIAL_CONTENT),
        Part::None => {
            let has = [(CONTENT_RANGE, header(&format!("bytes */{size}")))];
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, has).into_response());
        }
    };
    let (shown, media_type, policy) = match kind {
        Kind::Pdf => ("inline", "application/pdf".to_owned(), VIEWER),
        Kind::Text if is_utf8(&mut opened).await.map_err(cannot)? => {
            ("inline", "text/plain; charset=utf-8".to_owned(), LOCKED)
        }
        // The browser finds out better than we could.
        Kind::Text => ("inline", "text/plain".to_owned(), LOCKED),
        Kind::Saved(media_type) => ("attachment", media_type, LOCKED),
    };
    opened.seek(SeekFrom::Start(from)).await.map_err(cannot)?;
    let mut response = (status, Body::from_stream(ReaderStream::new(opened.take(length)))).into_response();
    let name = utf8_percent_encode(document.file_name(), PLAIN);
    let answer = response.headers_mut();
    answer.insert(CONTENT_TYPE, header(&media_type));
    answer.insert(CONTENT_DISPOSITION, header(&format!("{shown}; filename*=UTF-8''{name}")));
    answer.insert(CONTENT_SECURITY_POLICY, policy);
    answer.insert(CONTENT_LENGTH, HeaderValue::from(length));
    answer.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    answer.insert(ETAG, header(&tag));
    // Who may read it is asked each time.
    answer.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if status == StatusCode::PARTIAL_CONTENT {
        answer.insert(CONTENT_RANGE, header(&format!("bytes {from}-{}/{size}", from + length - 1)));
    }
    Ok(response)
}

fn header(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

async fn is_utf8(file: &mut File) -> io::Result<bool> {
    let mut head = Vec::with_capacity(HEAD);
    file.take(HEAD as u64).read_to_end(&mut head).await?;
    // A character may be cut at the end of what was read.
    Ok(std::str::from_utf8(&head).map_or_else(|error| error.error_len().is_none(), |_| true))
}

/// What of a file is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Whole,
    /// Both ends included.
    Some {
        from: u64,
        to: u64,
    },
    /// What the file does not have.
    None,
}

impl Part {
    /// By a `Range` header; what is not understood, and more than one part, is the whole file.
    fn of(range: &str, size: u64) -> Self {
        let Some((first, last)) = range.trim().strip_prefix("bytes=").and_then(|own| own.split_once('-')) else {
            return Self::Whole;
        };
        let number = |text: &str| text.trim().parse::<u64>().ok();
        let (from, to) = match (number(first), number(last)) {
            (Some(from), Some(to)) if from <= to => (from, to),
            (Some(from), None) if last.trim().is_empty() => (from, u64::MAX),
            (None, Some(length)) if first.trim().is_empty() => (size.saturating_sub(length), u64::MAX),
            _ => return Self::Whole,
        };
        let none = from >= size || (first.trim().is_empty() && number(last) == Some(0));
        if none { Self::None } else { Self::Some { from, to: to.min(size - 1) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_one_part_or_nothing() {
        let some = |from, to| Part::Some { from, to };
        for (range, part) in [
            ("bytes=0-0", some(0, 0)),
            ("bytes=2-", some(2, 9)),
            ("bytes=-3", some(7, 9)),
            ("bytes=-30", some(0, 9)),
            ("bytes=4-400", some(4, 9)),
            ("bytes=10-", Part::None),
            ("bytes=-0", Part::None),
            ("bytes=5-2", Part::Whole),
            ("bytes=0-1,4-5", Part::Whole),
            ("pages=1-2", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("", Part::Whole),
        ] {
            assert_eq!(Part::of(range, 10), part, "{range}");
        }
        assert_eq!(Part::of("bytes=0-", 0), Part::None);
    }

    #[test]
    fn only_what_cannot_run_is_shown() {
        assert_eq!((Kind::of("a/b.PDF"), Kind::of("a.md"), Kind::of("a.csv")), (Kind::Pdf, Kind::Text, Kind::Text));
        for saved in ["a.html", "a.htm", "a.xhtml", "a.svg", "a.xml", "a.docx", "a", "a.js", "pdf"] {
            assert!(matches!(Kind::of(saved), Kind::Saved(_)), "{saved}");
        }
    }
}
