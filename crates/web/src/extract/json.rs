//! JSON bodies: bounded, and when they are wrong the answer says where.

use axum::{
    extract::{FromRequest, Request, rejection::BytesRejection},
    response::{IntoResponse, Response},
};
use botserver_kernel::ErrorKind;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::Problem;

/// A JSON body, in and out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(
                ErrorKind::Unsupported,
                "not_json",
                "The body must be JSON, with the header `Content-Type: application/json`.",
            ));
        }
        let body = Bytes::from_request(request, state).await.map_err(|rejection| body_problem(&rejection))?;
        parse(&body).map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Why a body could not be read.
pub(crate) fn body_problem(rejection: &BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::new(ErrorKind::TooLarge, "too_large", "The body is larger than this route takes.");
    }
    Problem::invalid("broken_body", "The body broke off before its end.")
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    if let Err(error) = std::str::from_utf8(body) {
        let at = error.valid_up_to();
        return Err(Problem::invalid("not_utf8", format!("The body is not UTF-8: byte {at} begins no character.")));
    }
    serde_json::from_slice(body).map_err(|error| {
        // A list would be read as the fields in a row, and what is wrong with it be told in those terms.
        if let Ok(Some(kind)) = serde_json::from_slice(body).map(|other| kind_of(&other)) {
            return Problem::invalid("wrong_shape", format!("The body must be a JSON object, `{{…}}`, and is {kind}."));
        }
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        // serde_json ends its message with the place, which we give apart.
        let what = text.split(" at line ").next().unwrap_or(&text);
        let what = plain(&what.chars().take(300).collect::<String>());
        let (code, lead) = if error.is_data() {
            ("wrong_shape", "The JSON does not have the expected shape")
        } else {
            ("not_json", "The body is not valid JSON")
        };
        Problem::invalid(code, format!("{lead}: {what} (line {line}, column {column})."))
            .with("line", line)
            .with("column", column)
    })
}

/// What a body is that is no object.
const fn kind_of(value: &Value) -> Option<&'static str> {
    match value {
        Value::Object(_) => None,
        Value::Array(_) => Some("a list"),
        Value::String(_) => Some("a text"),
        Value::Number(_) => Some("a number"),
        Value::Bool(_) => Some("true or false"),
        Value::Null => Some("null"),
    }
}

/// serde's words for what is inside the object, in those of JSON.
fn plain(what: &str) -> String {
    let mut plain =
        what.replace("invalid type: sequence", "found a list").replace("invalid type: map", "found an object");
    plain = plain.replace("invalid type: ", "found ").replace("expected a sequence", "expected a list");
    // `expected struct Name with 5 elements`, `expected struct Name`
    while let Some((before, after)) = plain.split_once("expected struct ") {
        let (_, rest) = after.split_at(after.find([' ', ',']).unwrap_or(after.len()));
        let counted = rest.strip_prefix(" with ").and_then(|words| words.split_once(" elements"));
        let rest = counted.map_or(rest, |(_, rest)| rest);
        plain = [before, "expected an object", rest].join("");
    }
    plain
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => {
                let mut response = Response::new(body.into());
                response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
                response
            }
            Err(error) => Problem::internal(&error).into_response(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_is_wrong_is_told_in_the_words_of_json() {
        for (words, expected) in [
            ("invalid length 0, expected struct NewMessage with 5 elements", "invalid length 0, expected an object"),
            ("invalid type: sequence, expected struct Part, here", "found a list, expected an object, here"),
            ("invalid type: map, expected a sequence", "found an object, expected a list"),
            ("missing field `text`", "missing field `text`"),
        ] {
            assert_eq!(plain(words), expected);
        }
    }
}
