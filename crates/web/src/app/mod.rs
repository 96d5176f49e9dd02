//! The web app inside the binary: pages, hashed assets, the embed script. Knows their names, not their sense.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::Problem;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../web/dist"]
struct WebApp;

/// Their names carry a hash of their content, so they never change.
const HASHED: &str = "assets/";
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const AN_HOUR: HeaderValue = HeaderValue::from_static("public, max-age=3600, must-revalidate");
/// A page's answer may carry a cookie.
const ASK_EACH_TIME: HeaderValue = HeaderValue::from_static("private, no-cache");

/// A page of the app.
pub(crate) fn page(name: &str, request: &HeaderMap) -> Response {
    match WebApp::get(name) {
        Some(file) => answer(file, ASK_EACH_TIME, request),
        None => html(StatusCode::OK, include_str!("not_built.html")),
    }
}

/// A file of the app by its path without the leading `/`. Pages are no files.
pub(crate) fn file(path: &str, request: &HeaderMap) -> Response {
    let plain = !path.split('/').any(|part| part.is_empty() || part.starts_with('.')) && !path.contains('\\');
    match WebApp::get(path).filter(|_| plain && !is_page(path)) {
        Some(file) => {
            let cache = if path.starts_with(HASHED) { FOREVER } else { AN_HOUR };
            let mut response = answer(file, cache, request);
            if path == "embed.js" {
                // Other sites load this one.
                response.headers_mut().insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
            }
            response
        }
        None => not_found(request),
    }
}

/// The names of the files beside the pages.
pub(crate) fn root_files() -> Vec<String> {
    let names = WebApp::iter().map(|name| name.to_string());
    names.filter(|name| !name.contains('/') && !is_page(name) && !name.starts_with('.')).collect()
}

fn is_page(name: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|extension| extension == "html")
}

/// A page for people, a problem for programs.
pub(crate) fn not_found(request: &HeaderMap) -> Response {
    let wants_html = request
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|list| list.contains("text/html"));
    if wants_html {
        return html(StatusCode::NOT_FOUND, include_str!("not_found.html"));
    }
    Problem::not_found("Nothing has this address.").into_response()
}

pub(crate) fn html(status: StatusCode, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CACHE_CONTROL, ASK_EACH_TIME),
    ];
    (status, headers, text).into_response()
}

fn answer(file: EmbeddedFile, cache: HeaderValue, request: &HeaderMap) -> Response {
    let body = match file.data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    cached(body, file.metadata.sha256_hash(), file.metadata.mimetype(), cache, request)
}

fn cached(body: Bytes, hash: [u8; 32], mime: &str, cache: HeaderValue, request: &HeaderMap) -> Response {
    let tag = hash.iter().take(12).fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    // Weak, because the same file also goes out compressed.
    let etag = format!("W/\"{tag}\"");
    let known = request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .any(|given| given.trim().trim_start_matches("W/") == etag.trim_start_matches("W/"));
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Response::new(body.into());
        let text = mime.starts_with("text/") || mime.ends_with("json") || mime.ends_with("javascript");
        let mime = if text { format!("{mime}; charset=utf-8") } else { mime.to_owned() };
        if let Ok(mime) = HeaderValue::try_from(mime) {
            response.headers_mut().insert(header::CONTENT_TYPE, mime);
        }
        response
    };
    response.headers_mut().insert(header::CACHE_CONTROL, cache);
    if let Ok(etag) = HeaderValue::try_from(etag) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(request: &[(header::HeaderName, &'static str)]) -> Response {
        let request = request.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect();
        cached(Bytes::from_static(b"let x;"), [7; 32], "text/javascript", FOREVER, &request)
    }

    #[test]
    fn what_the_browser_has_is_not_sent_again() {
        let first = get(&[]);
        assert_eq!(first.status(), StatusCode::OK);
        assert_eq!(first.headers()[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
        assert_eq!(first.headers()[header::ETAG], "W/\"070707070707070707070707\"");
        for same in ["W/\"070707070707070707070707\"", "\"x\", \"070707070707070707070707\""] {
            assert_eq!(get(&[(header::IF_NONE_MATCH, same)]).status(), StatusCode::NOT_MODIFIED, "{same}");
        }
        assert_eq!(get(&[(header::IF_NONE_MATCH, "\"07\"")]).status(), StatusCode::OK);
    }

    /// Says something only where the app is built, as before every release.
    #[test]
    fn hashed_files_are_kept_for_ever_and_pages_are_no_files() {
        for name in WebApp::iter() {
            let response = file(&name, &HeaderMap::new());
            if is_page(&name) {
                assert_eq!(response.status(), StatusCode::NOT_FOUND, "{name}");
            } else if name.starts_with(HASHED) {
                assert_eq!(response.headers()[header::CACHE_CONTROL], FOREVER, "{name}");
            }
        }
    }
}
