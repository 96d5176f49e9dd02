//! `/openapi.json`, and Swagger UI at `/docs` from the binary, without a network.

use std::sync::Arc;

use axum::{
    extract::Path,
    response::{IntoResponse, Redirect, Response},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use utoipa_swagger_ui::Config;

use crate::{Problem, app};

pub(crate) fn openapi(document: Bytes) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], document).into_response()
}

pub(crate) async fn docs_root() -> Redirect {
    Redirect::permanent("/docs/")
}

pub(crate) async fn docs_index(request: HeaderMap) -> Response {
    serve("", &request)
}

pub(crate) async fn docs_file(Path(path): Path<String>, request: HeaderMap) -> Response {
    serve(&path, &request)
}

fn serve(path: &str, request: &HeaderMap) -> Response {
    // The initialiser script is made for each answer; it is tiny and rarely asked for.
    let config = Config::from("/openapi.json").persist_authorization(false).validator_url("none");
    match utoipa_swagger_ui::serve(path, Arc::new(config)) {
        Ok(Some(file)) => {
            let mime = if file.content_type.starts_with("text/") {
                format!("{}; charset=utf-8", file.content_type)
            } else {
                file.content_type
            };
            let mime = HeaderValue::try_from(mime).unwrap_or(HeaderValue::from_static("application/octet-stream"));
            ([(header::CONTENT_TYPE, mime)], Bytes::from(file.bytes.into_owned())).into_response()
        }
        Ok(None) => app::not_found(request),
        Err(error) => Problem::internal(&error).into_response(),
    }
}
