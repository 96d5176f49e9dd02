//! Words of a service made fit to be kept and shown: without anything that looks like a key. Knows no service.

use std::sync::LazyLock;

use regex::Regex;

/// What stands in the place of a key.
const MASK: &str = "…";
/// So many letters in a row of a key that is in use give it away; of a shorter key all of them.
const SHARED: usize = 8;
/// So many of its first letters at the end of a text are a key that was cut, of its last ones at the beginning too.
const CUT: usize = 4;
/// A longer run of letters and digits is taken for a key.
const RUN: usize = 24;

/// Words that begin as keys do, what follows `Bearer`, and the values of fields that are called keys, in
/// JSON, headers and queries.
static KEYS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let begins = r"\b(?:sk|pk|rk|gsk|xai|csk|nvapi|hf|tgp|pplx|fw|org|proj|ghp|github_pat)[-_][A-Za-z0-9_\-*.•…]{2,}";
    let known = r"|\bAIza[A-Za-z0-9_\-*.]{2,}|\bAKIA[A-Z0-9]{4,}|\bya29\.[A-Za-z0-9_\-.]+|\beyJ[A-Za-z0-9_\-]{4,}[A-Za-z0-9_\-.]*";
    let after = r"|\bbearer\s+[^\s\x22',}]+";
    let named = r"|\b(?:(?:x[-_])?(?:goog[-_])?(?:api|access|secret|auth|client)[-_ ]?(?:key|token|secret)|token|authorization|password)\\?[\x22']?\s*[:=]\s*\\?[\x22']?(?:(?:bearer|basic)\s+)?[^\s\x22',}&\\]+";
    let query = r"|\b(?:key|sig|signature)=[^\s\x22',}&]+|\x22key\\?\x22\s*:\s*\\?\x22[^\x22\\]+";
    Regex::new(&["(?i)", begins, known, after, named, query].concat()).ok()
});

/// The text without the key that is in use and without anything else that looks like one: however it is written, and
/// cut by whoever passed it on. `names` are words that look like keys and are none.
#[must_use]
pub fn mask_keys(text: &str, key: Option<&str>, names: &[&str]) -> String {
    let mut text = text.to_owned();
    if let Some(key) = key.map(str::trim).filter(|key| !key.is_empty()) {
        let encoded = percent_encoding::utf8_percent_encode(key, percent_encoding::NON_ALPHANUMERIC).to_string();
        let escaped = key.replace('\\', "\\\\").replace('"', "\\\"").replace('/', "\\/");
        text = without(&text, &[key, &encoded, &escaped]);
    }
    if let Some(keys) = &*KEYS {
        text = keys.replace_all(&text, MASK).into_owned();
    }
    without_runs(&text, names)
}

/// Without any part of the key, in any of its forms, that is long enough to give it away.
fn without(text: &str, forms: &[&str]) -> String {
    let text: Vec<char> = text.chars().collect();
    let mut hidden = vec![false; text.len()];
    for form in forms {
        hide(&text, &form.chars().collect::<Vec<char>>(), &mut hidden);
    }
    let mut out = String::with_capacity(text.len());
    let mut before = false;
    for (letter, hidden) in text.into_iter().zip(hidden) {
        match (hidden, before) {
            (false, _) => out.push(letter),
            (true, false) => out.push_str(MASK),
            (true, true) => {}
        }
        before = hidden;
    }
    out
}

/// Marks the letters of a text that belong to a key.
fn hide(text: &[char], key: &[char], hidden: &mut [bool]) {
    let shared = SHARED.min(key.len());
    for (at, window) in text.windows(shared).enumerate() {
        if key.windows(shared).any(|part| part == window) {
            hidden.iter_mut().skip(at).take(shared).for_each(|own| *own = true);
        }
    }
    for length in CUT..shared {
        let tail = text.len().saturating_sub(length);
        if key.get(..length).is_some_and(|part| text.ends_with(part)) {
            hidden.iter_mut().skip(tail).for_each(|own| *own = true);
        }
        if key.get(key.len() - length..).is_some_and(|part| text.starts_with(part)) {
            hidden.iter_mut().take(length).for_each(|own| *own = true);
        }
    }
}

/// Without long runs that no language has.
fn without_runs(text: &str, names: &[&str]) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-+=*".contains(c);
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let like_a_key = is_random(word) && !names.iter().any(|name| name.contains(word));
        out.push_str(if like_a_key { MASK } else { word });
        let next = after.chars().next().map_or(0, char::len_utf8);
        let (separator, after) = after.split_at(next);
        out.push_str(separator);
        rest = after;
    }
    out
}

/// Long, and of letters with digits among them or of small and capital letters that change more often than words do.
fn is_random(word: &str) -> bool {
    if word.len() < RUN || !word.contains(|c: char| c.is_ascii_alphabetic()) {
        return false;
    }
    let kind = |c: u8| (c.is_ascii_uppercase(), c.is_ascii_digit());
    let changes = word.as_bytes().windows(2).filter(|pair| matches!(pair, [a, b] if kind(*a) != kind(*b))).count();
    word.contains(|c: char| c.is_ascii_digit()) || changes * 3 >= word.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "my/Secret+key.of-2026";

    #[test]
    fn keys_of_every_kind_are_masked_wherever_they_stand() {
        for (text, expected) in [
            // The key in use: alone, at either end, in the middle, cut by a limit, in other alphabets.
            (KEY, "…"),
            ("my/Secret+key.of-2026 is wrong", "… is wrong"),
            ("wrong: my/Secret+key.of-2026", "wrong: …"),
            ("(my/Secret+key.of-2026)", "(…)"),
            ("the key my/Secret+key.o", "the key …"),
            ("the key my/S", "the key …"),
            ("key.of-2026 is wrong", "… is wrong"),
            ("2026 is wrong", "… is wrong"),
            ("my/Secret+k***of-2026", "…***of-2026"),
            (r#"{"error":"my\/Secret+key.of-2026"}"#, r#"{"error":"…"}"#),
            ("GET /v1?k=my%2FSecret%2Bkey%2Eof%2D2026", "GET /v1?k=…"),
            // Keys of others, by how they begin.
            ("Incorrect API key provided: sk-proj-ab********cd12. See", "Incorrect API key provided: … See"),
            ("sk-ab", "…"),
            ("bad key gsk_12345678", "bad key …"),
            ("API key AIzaSyD-1234567890abcdefgh is bad", "API key … is bad"),
            ("AIzaSy", "…"),
            ("AKIAIOSFODNN7EXAMPLE", "…"),
            ("jwt eyJhbGciOi.eyJzdWIi.c2ln", "jwt …"),
            // By what stands before them.
            ("Authorization: Bearer abc.def-ghi", "…"),
            ("bearer x1", "…"),
            ("authorization=Basic dXNlcjpwYXNz", "…"),
            ("x-api-key: zzz111", "…"),
            ("x-goog-api-key=zzz111&alt=sse", "…&alt=sse"),
            ("https://h.example/v1/models?key=zzz111&pageSize=2", "https://h.example/v1/models?…&pageSize=2"),
            ("?api_key=zzz111", "?…"),
            ("access_token=zzz111", "…"),
            (r#"{"api_key":"zzz111","model":"m"}"#, r#"{"…","model":"m"}"#),
            (r#"{"api_key": "zzz1"#, r#"{"…"#),
            (r#"{\"apiKey\":\"zzz111\"}"#, r#"{\"…\"}"#),
            (r#"{"key": "zzz111"}"#, r#"{…"}"#),
            // By how they look.
            ("9f86d081884c7d659a2feaa0c55ad015", "…"),
            ("aBcDeFgHiJkLmNoPqRsTuVwXyZ", "…"),
            ("id 550e8400-e29b-41d4-a716-446655440000.", "id …."),
        ] {
            assert_eq!(mask_keys(text, Some(KEY), &[]), expected, "{text}");
        }
    }

    #[test]
    fn words_stay() {
        let name = "meta-llama/Llama-3.3-70B-Instruct-Turbo-Free";
        for text in [
            "The model `meta-llama/Llama-3.3-70B-Instruct-Turbo-Free` is not here, max_completion_tokens",
            "InvalidAuthenticationTokenTenantException: the key is not valid",
            "Rate limit reached for requests per min (RPM): Limit 3, Used 3. Try again in 20s.",
            "token count exceeds 128000",
            "",
        ] {
            assert_eq!(mask_keys(text, None, &[name]), text);
        }
        // A short key is masked as a whole only.
        assert_eq!(mask_keys("none of the nonsense", Some("none"), &[]), "… of the nonsense");
    }
}
