//! What providers say when they fail, made one sentence for the owner: shortened, and without anything that looks like a
//! key. Knows the words of errors, not the protocols of answers.

use std::sync::LazyLock;

use botserver_http::{Error as HttpError, HeaderMap};
use botserver_kernel::Secret;
use botserver_ports::{ModelEndpoint, ModelError, ModelFault};
use jiff::Timestamp;
use regex::Regex;
use serde_json::Value as Json;

/// How much of what a provider says is passed on.
const SHOWN: usize = 300;
/// A longer word of letters and digits is taken for a key.
const WORD: usize = 24;

/// Words that begin like keys do, and what follows `Bearer` or a field that is called a key.
static KEYS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?i)\b(?:sk|pk|rk|gsk|xai|csk|nvapi|hf|tgp|pplx|fw|org|proj)[-_][A-Za-z0-9_\-*.•…]{4,}|\bAIza[A-Za-z0-9_\-*.]{8,}|\b(?:api[-_ ]?key|token|authorization)["']?\s*[:=]\s*["']?(?:bearer\s+)?[^\s"',}]+|\bbearer\s+[^\s"',]+"#,
    )
    .ok()
});

/// Whom we speak with, for sentences, and what must not stand in them.
#[derive(Clone, Debug)]
pub(crate) struct Speaker {
    pub(crate) host: String,
    pub(crate) model: String,
    key: Option<Secret<String>>,
}

impl Speaker {
    pub(crate) fn new(host: &str, endpoint: &ModelEndpoint) -> Self {
        Self { host: host.to_owned(), model: endpoint.model.clone(), key: endpoint.key.clone() }
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

    /// Shortened, on one line, without anything that looks like a key.
    pub(crate) fn scrub(&self, text: &str) -> String {
        let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some(key) = self.key.as_ref().filter(|key| !key.expose().is_empty()) {
            text = text.replace(key.expose().as_str(), "…");
        }
        if let Some(keys) = &*KEYS {
            text = keys.replace_all(&text, "…").into_owned();
        }
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_-+=*".contains(c);
        let mut out = String::new();
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            let like_a_key = word.len() >= WORD
                && word.contains(|c: char| c.is_ascii_digit())
                && word.contains(|c: char| c.is_ascii_alphabetic())
                && !self.model.contains(word);
            out.push_str(if like_a_key { "…" } else { word });
            let next = after.chars().next().map_or(0, char::len_utf8);
            let (blank, after) = after.split_at(next);
            out.push_str(blank);
            rest = after;
        }
        if out.chars().count() > SHOWN {
            out = out.chars().take(SHOWN).chain(['…']).collect();
        }
        out
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
            Err(_) => Self { text: text.chars().take(4 * SHOWN).collect(), codes: String::new() },
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
        for text in [
            "Incorrect API key provided: sk-proj-ab********************cd12. See https://x.example/account/api-keys.",
            "bad header: Authorization: Bearer abc.def-ghi",
            "key AIzaSyD-1234567890abcdefghijklmnopqrst is wrong",
            "the key geheim is wrong",
            r#"{"api_key":"zzz111"}"#,
            "gsk_12345678 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        ] {
            let shown = speaker().scrub(text);
            for part in ["sk-proj", "cd12", "abc.def", "AIza", "geheim", "zzz111", "gsk_1", "9f86d0"] {
                assert!(!shown.contains(part), "{shown}");
            }
        }
        let shown = speaker()
            .scrub("The model `meta-llama/Llama-3.3-70B-Instruct-Turbo-Free` is\n not here, max_completion_tokens");
        assert_eq!(
            shown,
            "The model `meta-llama/Llama-3.3-70B-Instruct-Turbo-Free` is not here, max_completion_tokens"
        );
        assert_eq!(speaker().scrub(&"ab ".repeat(1000)).chars().count(), SHOWN + 1);
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
