//! What is never recorded: keys, passwords, tokens and cookies, by the names they stand under and by their values.

use botserver_http::{HeaderMap, Url};
use serde_json::{Map, Value as Json};

/// What stands in the place of a secret.
pub(super) const MASK: &str = "(secret)";
/// A shorter value is no secret that could be told apart from other words.
const SHORTEST: usize = 4;

/// Names under which nothing but a secret stands, without `-` and `_`.
const NAMES: [&str; 22] = [
    "accesskey",
    "accesstoken",
    "apikey",
    "authorization",
    "authtoken",
    "bearertoken",
    "clientsecret",
    "cookie",
    "credentials",
    "idtoken",
    "passwd",
    "password",
    "privatekey",
    "proxyauthorization",
    "refreshtoken",
    "secret",
    "secretkey",
    "sessiontoken",
    "setcookie",
    "subscriptionkey",
    "xapikey",
    "xgoogapikey",
];
/// Names that mean a secret in an address and other things elsewhere.
const IN_ADDRESSES: [&str; 4] = ["key", "sig", "signature", "token"];

/// The values of a bot's settings that are secrets.
#[derive(Clone, Default)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// Of these values.
    pub fn new(values: impl IntoIterator<Item = String>) -> Self {
        let mut values: Vec<String> = values.into_iter().filter(|value| value.len() >= SHORTEST).collect();
        // The longest first: one may be a part of another.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Self(values)
    }

    /// Also those that a request itself carries.
    pub(super) fn with_headers(&self, headers: &HeaderMap) -> Self {
        let named = headers.iter().filter(|(name, value)| is_secret(name.as_str()) || value.is_sensitive());
        let values = named.filter_map(|(_, value)| value.to_str().ok()).flat_map(|value| {
            let last = value.rsplit(' ').next().unwrap_or_default();
            [value.to_owned(), last.to_owned()]
        });
        Self::new(self.0.iter().cloned().chain(values))
    }

    /// A text without them.
    pub(super) fn masked(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret, MASK))
    }

    /// A value without them.
    pub(super) fn masked_json(&self, value: &Json) -> Json {
        match value {
            Json::String(text) => Json::String(self.masked(text)),
            Json::Array(items) => Json::Array(items.iter().map(|item| self.masked_json(item)).collect()),
            Json::Object(fields) => {
                let masked = fields.iter().map(|(name, value)| (name.clone(), self.field(name, value)));
                Json::Object(masked.collect::<Map<String, Json>>())
            }
            other => other.clone(),
        }
    }

    fn field(&self, name: &str, value: &Json) -> Json {
        if is_secret(name) && matches!(value, Json::String(_) | Json::Number(_)) {
            return Json::String(MASK.to_owned());
        }
        self.masked_json(value)
    }

    /// An address without them.
    pub(super) fn masked_url(&self, url: &Url) -> String {
        let mut plain = url.clone();
        if let Some(query) = url.query() {
            plain.set_query((!query.is_empty()).then(|| self.masked_pairs(url.query_pairs())).as_deref());
        }
        self.masked(plain.as_str())
    }

    /// Pairs of an address or a form.
    pub(super) fn masked_pairs<'p>(
        &self,
        pairs: impl Iterator<Item = (std::borrow::Cow<'p, str>, std::borrow::Cow<'p, str>)>,
    ) -> String {
        let written = pairs.map(|(name, value)| {
            let hidden = is_secret(&name) || IN_ADDRESSES.contains(&plain(&name).as_str());
            let value = if hidden { MASK.to_owned() } else { self.masked(&value) };
            format!("{}={}", encoded(&name), encoded(&value))
        });
        written.collect::<Vec<_>>().join("&")
    }
}

/// Readable, and only as much encoded as it must be to be told apart.
fn encoded(text: &str) -> String {
    text.replace('%', "%25")
        .replace('&', "%26")
        .replace('=', "%3D")
        .replace('#', "%23")
        .replace('+', "%2B")
        .replace(' ', "+")
}

/// True for the name of a header or a field that holds a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let plain = plain(name);
    NAMES.contains(&plain.as_str())
        || ["password", "apikey", "accesstoken", "authtoken", "secretkey", "clientsecret"]
            .iter()
            .any(|end| plain.ends_with(end))
}

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_found_by_name_and_by_value() {
        let own = Secrets::new(["s3cr3t-value".to_owned(), "s3cr3t".to_owned(), "ab".to_owned()]);
        assert_eq!(own.masked("key s3cr3t-value, s3cr3t, ab"), "key (secret), (secret), ab");
        let masked = own.masked_json(&json!({"b": "x s3cr3t", "a": [{"api_key": "k", "key": "ABC-1"}], "Password": 7}));
        assert_eq!(
            masked.to_string(),
            r#"{"b":"x (secret)","a":[{"api_key":"(secret)","key":"ABC-1"}],"Password":"(secret)"}"#
        );
        let url = Url::parse("https://h.example/a%20b/s3cr3t?q=green+tea&key=abc&x=1%262").expect("an address");
        let masked = own.masked_url(&url);
        assert_eq!(masked, "https://h.example/a%20b/(secret)?q=green+tea&key=(secret)&x=1%262");
    }

    #[test]
    fn what_a_request_carries_is_a_secret_too() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "Bearer abcdef".parse().expect("a header"));
        headers.insert("x-api-key", "qwertz".parse().expect("a header"));
        headers.insert("accept", "text/plain".parse().expect("a header"));
        let own = Secrets::default().with_headers(&headers);
        assert_eq!(own.masked("abcdef qwertz text/plain"), "(secret) (secret) text/plain");
    }
}
