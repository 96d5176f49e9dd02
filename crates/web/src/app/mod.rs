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
    let hash = file.metadata.sha256_hash();
    let tag = hash.iter().take(12).fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    // Weak, because the same file also goes out compressed.
    let etag = format!("W/\"{tag}\"");
    let known = request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .any(|given| given.trim() == etag || given.trim().trim_start_matches("W/") == etag.trim_start_matches("W/"));
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let body = match file.data {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => bytes.into(),
        };
        let mut response = Response::new(body.into());
        let mime = file.metadata.mimetype();
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
