//! What providers say when they fail, made one sentence for the owner: shortened, and without anything that looks like a
//! key. Knows the words of errors, not the protocols of answers.

use botserver_http::{Error as HttpError, HeaderMap, mask_keys};
use botserver_kernel::Secret;
use botserver_ports::{ModelEndpoint, ModelError, ModelFault};
use jiff::Timestamp;
use serde_json::Value as Json;

/// How much of what a provider says is passed on.
const SHOWN: usize = 300;
/// And of its name for a request.
const LONGEST_ID: usize = 80;
/// Whom we speak with, for sentences, and what must not stand in them.
#[derive(Clone, Debug)]
pub(crate) struct Speaker {
    pub(crate) host: String,
    pub(crate) model: String,
    key: Option<Secret<String>>,
    /// Their name for the request, once they have told it.
    request_id: Option<String>,
}

impl Speaker {
    pub(crate) fn new(host: &str, endpoint: &ModelEndpoint) -> Self {
        Self { host: host.to_owned(), model: endpoint.model.clone(), key: endpoint.key.clone(), request_id: None }
    }

    /// Remembers what they call the request.
    pub(crate) fn remember(&mut self, headers: &HeaderMap) {
        self.request_id = request_id(headers);
    }

    /// The error as it leaves this crate: with whom it happened, and without a key whoever wrote the sentence.
    pub(crate) fn named(&self, error: ModelError) -> ModelError {
        let message = mask_keys(&error.message, self.key(), &[&self.model]);
        let request_id = self.request_id.as_ref().map(|id| mask_keys(id, self.key(), &[id]));
        ModelError { message, host: Some(self.host.clone()), request_id, ..error }
    }

    fn key(&self) -> Option<&str> {
        self.key.as_ref().map(|key| key.expose().as_str())
    }

    pub(crate) fn malformed(&self, what: &str) -> ModelError {
        ModelError::new(ModelFault::Malformed, format!("{} sent {what}.", self.host))
    }

    pub(crate) fn cut(&self) -> ModelError {
        ModelError::new(ModelFault::Cut, format!("{} broke off in the middle of its answer.", self.host))
    }

    /// An error that our own client met; `begun` if the answer had begun.
    pub(crate) fn http(&self, error: &HttpError, begun: bool) -> ModelError {
        let fault = match error {
            HttpError::BadUrl { .. }
            | HttpError::Scheme { .. }
            | HttpError::Refused { .. }
            | HttpError::TooManyRedirects { .. }
            | HttpError::BadRedirect { .. } => ModelFault::Address,
            HttpError::BadHeader { .. } => {
                return ModelError::new(ModelFault::Refused, "The key holds characters that no key has.");
            }
            HttpError::Timeout { .. } => ModelFault::TimedOut,
            HttpError::TooLarge { .. } => ModelFault::TooMuch,
            HttpError::Broken { .. } => return if begun { self.cut() } else { self.hung_up() },
            HttpError::Unknown { .. }
            | HttpError::Connect { .. }
            | HttpError::Certificate { .. }
            | HttpError::Exchange { .. }
            | HttpError::Setup { .. } => ModelFault::Unreachable,
        };
        ModelError::new(fault, format!("{error}."))
    }

    fn hung_up(&self) -> ModelError {
        ModelError::new(ModelFault::Cut, format!("{} closed the connection instead of an answer.", self.host))
    }

    /// An answer with another status than success.
    pub(crate) fn status(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> ModelError {
        let said = Said::read(body);
        let fault = match status {
            401 | 403 => ModelFault::Refused,
            408 | 504 => ModelFault::TimedOut,
            413 => ModelFault::TooLong,
            500.. => said.fault().filter(|fault| *fault == ModelFault::TooLong).unwrap_or(ModelFault::Failed),
            402 | 429 => ModelFault::RateLimited,
            404 | 405 => said.fault().unwrap_or(ModelFault::Address),
            300..=399 => ModelFault::Address,
            _ => said.fault().unwrap_or(ModelFault::Rejected),
        };
        let Self { host, model, .. } = self;
        let cause = match fault {
            ModelFault::Refused => format!("{host} does not accept the key for `{model}`"),
            ModelFault::RateLimited => {
                format!("{host} takes no more requests for now, or the account has no quota left")
            }
            ModelFault::TooLong => format!("The messages are longer than `{model}` takes"),
            ModelFault::NoModel => format!("{host} has no model `{model}`"),
            ModelFault::Address => format!("There is no chat model at this address of {host}"),
            ModelFault::Failed => format!("{host} failed"),
            _ => format!("{host} did not accept the request"),
        };
        let mut error = ModelError::new(fault, self.sentence(&format!("{cause} (HTTP {status})"), &said));
        error.retry_after = retry_after(headers);
        error.status = Some(status);
        error
    }

    /// An error where an answer should be: in the body of a success, or in the middle of a stream.
    pub(crate) fn inside(&self, body: &Json) -> ModelError {
        let said = Said::of(body);
        let fault = said.fault().unwrap_or(ModelFault::Failed);
        let cause = match fault {
            ModelFault::NoModel => format!("{} has no model `{}`", self.host, self.model),
            ModelFault::TooLong => format!("The messages are longer than `{}` takes", self.model),
            _ => format!("{} ended its answer with an error", self.host),
        };
        ModelError::new(fault, self.sentence(&cause, &said))
    }

    fn sentence(&self, cause: &str, said: &Said) -> String {
        let text = self.scrub(&said.text);
        if text.is_empty() { format!("{cause}.") } else { format!("{cause}: {text}") }
    }

    /// Shortened, on one line, without anything that looks like a key. What is cut off is cut off last: half a key
    /// would not look like one.
    fn scrub(&self, text: &str) -> String {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = mask_keys(&text, self.key(), &[&self.model]);
        if text.chars().count() > SHOWN { text.chars().take(SHOWN).chain(['…']).collect() } else { text }
    }
}

/// What a provider says about a failure.
struct Said {
    text: String,
    /// Its codes and types, lower case.
    codes: String,
}

impl Said {
    fn read(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let text = text.trim();
        match serde_json::from_str::<Json>(text) {
            Ok(body) => Self::of(&body),
            Err(_) if text.starts_with('<') => Self { text: "it sent a web page".to_owned(), codes: String::new() },
            Err(_) => Self { text: text.to_owned(), codes: String::new() },
        }
    }

    fn of(body: &Json) -> Self {
        // Gemini wraps errors into a list.
        let body = body.get(0).unwrap_or(body);
        let error = body.get("error").filter(|error| !error.is_null()).unwrap_or(body);
        let texts = [&error["message"], error, &error["detail"], &body["message"], &error["error"], &body["detail"]];
        let text = texts.iter().find_map(|text| text.as_str()).map_or_else(|| error.to_string(), str::to_owned);
        let codes = ["code", "type", "status"].map(|name| match &error[name] {
            Json::String(code) => code.to_lowercase(),
            Json::Number(code) => code.to_string(),
            _ => String::new(),
        });
        Self { text, codes: codes.join(" ") }
    }

    /// The fault that its words tell.
    fn fault(&self) -> Option<ModelFault> {
        let text = self.text.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
        let is = |codes: &[&str]| codes.iter().any(|code| self.codes.contains(code));
        if is(&["context_length", "exceed_context_size"])
            || says(&["context length", "context window", "context size", "maximum context", "prompt is too long"])
            || says(&["input token count", "too many tokens", "maximum prompt length"])
        {
            return Some(ModelFault::TooLong);
        }
        if is(&["invalid_api_key", "authentication", "permission", "unauthorized", "401", "403"])
            || says(&["api key not valid", "invalid api key", "incorrect api key", "unauthorized"])
        {
            return Some(ModelFault::Refused);
        }
        if is(&["rate_limit", "insufficient_quota", "resource_exhausted", "429"]) || says(&["rate limit"]) {
            return Some(ModelFault::RateLimited);
        }
        let names_model = says(&["model"]) || is(&["model"]);
        let missing = [
            "not found",
            "does not exist",
            "no such",
            "not exist",
            "unknown model",
            "invalid model",
            "not a valid model",
        ];
        if is(&["model_not_found"]) || names_model && (says(&missing) || is(&["not_found"])) {
            return Some(ModelFault::NoModel);
        }
        if is(&["invalid_request", "bad_request", "invalid_argument", "400"]) {
            return Some(ModelFault::Rejected);
        }
        is(&["server_error", "overloaded", "internal", "unavailable", "500", "502", "503", "529"])
            .then_some(ModelFault::Failed)
    }
}

/// What providers call a request; a word without anything else in it, because it goes into the log.
fn request_id(headers: &HeaderMap) -> Option<String> {
    let named = ["x-request-id", "request-id", "apim-request-id", "x-goog-request-id"];
    let id = named.iter().find_map(|name| headers.get(*name)?.to_str().ok())?;
    let accepted = |c: &char| c.is_ascii_alphanumeric() || "-_.:".contains(*c);
    Some(id.chars().filter(accepted).take(LONGEST_ID).collect()).filter(|id: &String| !id.is_empty())
}

/// Seconds of `Retry-After`; a date counts from the server's own clock.
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(milliseconds) = text("retry-after-ms").and_then(|text| text.parse::<f64>().ok()) {
        return Some((milliseconds / 1_000.0).ceil() as u64);
    }
    let value = text("retry-after")?;
    if let Ok(seconds) = value.parse::<f64>() {
        return Some(seconds.max(0.0).ceil() as u64);
    }
    let (until, now) = (date(value)?, date(text("date")?)?);
    Some(u64::try_from((until - now).get_seconds()).unwrap_or(0))
}

fn date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|date| date.timestamp())
}

#[cfg(test)]
mod tests {
    use super::{ModelFault as F, *};

    fn speaker() -> Speaker {
        let endpoint = ModelEndpoint {
            provider: "openai".to_owned(),
            url: None,
            key: Some(Secret::new("geheim".to_owned())),
            model: "meta-llama/Llama-3.3-70B-Instruct-Turbo-Free".to_owned(),
            trusted: true,
        };
        Speaker::new("api.example", &endpoint)
    }

    #[test]
    fn keys_never_get_through() {
        let long = format!("{}geheim", "a ".repeat(148));
        let cut_by_us = format!("{{\"error\": \"{} geh", "blank ".repeat(20_000));
        for body in [
            r#"{"error":{"message":"Incorrect API key provided: sk-proj-ab********cd12. See https://x.example/keys."}}"#,
            r#"{"error":{"message":"bad header: Authorization: Bearer abc.def-ghi"}}"#,
            r#"{"error":{"code":400,"details":[{"api_key":"zzz111"}]}}"#,
            r#"{"detail":"GET https://h.example/v1?key=zzz111"}"#,
            r#"{"error":{"message":"the key gehe"}}"#,
            "the key\ngeheim is wrong",
            &long,
            &cut_by_us,
        ] {
            let error = speaker().status(401, &HeaderMap::new(), body.as_bytes());
            let inside = serde_json::from_str(body).map(|body| speaker().inside(&body).message).unwrap_or_default();
            for part in ["sk-proj", "cd12", "abc.def", "geh", "zzz111"] {
                assert!(!error.message.contains(part) && !inside.contains(part), "{error} {inside}");
            }
            assert!(error.message.chars().count() < 450, "{error}");
        }
        // Our own sentences too: a key may stand in an address.
        let own = ModelError::new(F::Address, "`https://geheim@h.example` is not a web address");
        assert_eq!(speaker().named(own).message, "`https://…@h.example` is not a web address");
    }

    #[test]
    fn who_failed_and_what_they_call_it_is_known() {
        let headers = |id: &str| {
            let pair = (
                botserver_http::HeaderName::from_static("x-request-id"),
                botserver_http::HeaderValue::from_str(id).unwrap(),
            );
            std::iter::once(pair).collect::<HeaderMap>()
        };
        let told = |id: &str| {
            let (mut speaker, headers) = (speaker(), headers(id));
            speaker.remember(&headers);
            speaker.named(speaker.status(500, &headers, b"oops"))
        };
        let error = told("req_011CSHoEeqs5C35K2UUqR7Fy");
        assert_eq!((error.host.as_deref(), error.status), (Some("api.example"), Some(500)));
        assert_eq!(error.request_id.as_deref(), Some("req_011CSHoEeqs5C35K2UUqR7Fy"));
        assert_eq!(told("a b\"c\"\\geheim").request_id.as_deref(), Some("abc…"));
        assert_eq!(told(&"1".repeat(1_000)).request_id.map(|id| id.len()), Some(LONGEST_ID));
    }

    #[test]
    fn each_providers_words_are_understood() {
        let fault = |status, body: &str| speaker().status(status, &HeaderMap::new(), body.as_bytes()).fault;
        for (status, body, expected) in [
            (401, r#"{"error":{"message":"no","code":"invalid_api_key"}}"#, F::Refused),
            (400, r#"[{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT"}}]"#, F::Refused),
            (404, r#"{"error":{"message":"The model `x` does not exist","code":"model_not_found"}}"#, F::NoModel),
            (404, r#"{"error":"model \"x\" not found, try pulling it first"}"#, F::NoModel),
            (404, r#"{"type":"error","error":{"type":"not_found_error","message":"model: x"}}"#, F::NoModel),
            (404, "<html>nginx</html>", F::Address),
            (404, r#"{"detail":"Not Found"}"#, F::Address),
            (400, r#"{"error":{"message":"too long","code":"context_length_exceeded"}}"#, F::TooLong),
            (
                400,
                r#"{"object":"error","message":"This model's maximum context length is 4096 tokens.","code":400}"#,
                F::TooLong,
            ),
            (
                400,
                r#"{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}"#,
                F::TooLong,
            ),
            (400, r#"{"error":{"message":"temperature?","type":"invalid_request_error"}}"#, F::Rejected),
            (402, r#"{"error":{"message":"Insufficient credits"}}"#, F::RateLimited),
            (429, "", F::RateLimited),
            (500, "oops", F::Failed),
            (529, r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#, F::Failed),
            (422, r#"{"detail":[{"msg":"x"}]}"#, F::Rejected),
        ] {
            assert_eq!(fault(status, body), expected, "{status} {body}");
        }
        let message = speaker().status(404, &HeaderMap::new(), b"<html>x").message;
        assert_eq!(message, "There is no chat model at this address of api.example (HTTP 404): it sent a web page");
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let with = |pairs: &[(&'static str, &str)]| {
            let headers = pairs.iter().map(|(name, value)| {
                (botserver_http::HeaderName::from_static(name), botserver_http::HeaderValue::from_str(value).unwrap())
            });
            retry_after(&headers.collect())
        };
        assert_eq!(with(&[("retry-after", "7")]), Some(7));
        assert_eq!(with(&[("retry-after", "0.2")]), Some(1));
        assert_eq!(with(&[("retry-after-ms", "1500")]), Some(2));
        let date = [("date", "Wed, 21 Oct 2026 07:28:00 GMT"), ("retry-after", "Wed, 21 Oct 2026 07:28:30 GMT")];
        assert_eq!(with(&date), Some(30));
        assert_eq!(with(&[("retry-after", "soon")]), None);
    }
}
