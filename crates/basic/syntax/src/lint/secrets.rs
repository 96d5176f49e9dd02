//! Texts that look like a password or a key of some service: found in scripts, and hidden in the lines that are shown.

use std::borrow::Cow;

/// Beginnings of keys that services give out.
const KEYS: &[&str] = &[
    "sk-",
    "sk_live_",
    "rk_live_",
    "pk_live_",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "AKIA",
    "ASIA",
    "AIza",
    "ya29.",
    "SG.",
    "key-",
    "EAA",
    "hf_",
    "npm_",
    "dop_v1_",
];

/// Parts of names under which secrets are kept.
const NAMES: &[&str] = &[
    "password",
    "passwd",
    "senha",
    "secret",
    "segredo",
    "apikey",
    "api_key",
    "api-key",
    "accesstoken",
    "access_token",
    "auth_token",
];

/// True for a text that is a key whatever it is called.
pub(super) fn is_key(text: &str) -> bool {
    let text =
        ["Bearer ", "Basic ", "bearer ", "basic "].iter().find_map(|kind| text.strip_prefix(kind)).unwrap_or(text);
    if text.starts_with("-----BEGIN ") && text.contains("PRIVATE KEY-----") {
        return true;
    }
    if let Some((_, rest)) = text.split_once("://")
        && let Some((user, _)) = rest.split(['/', '?', ' ']).next().unwrap_or("").split_once('@')
        && user.split_once(':').is_some_and(|(_, password)| !password.is_empty())
    {
        return true;
    }
    KEYS.iter().any(|begin| text.strip_prefix(begin).is_some_and(|rest| rest.len() >= 14 && is_random(rest)))
}

/// True for a value that nobody but a service would call that name's value.
pub(super) fn is_secret(name: &str, text: &str) -> bool {
    let name = name.to_lowercase();
    let named = NAMES.iter().any(|part| name.contains(part)) || name == "token";
    named && text.len() >= 8 && is_random(text)
}

/// A line as it may be shown: every text in it that is a secret is made of `*`, so that places in the line stay.
pub fn masked(line: &str) -> Cow<'_, str> {
    let (mut shown, mut name, mut at) = (String::new(), String::new(), 0);
    let mut done = 0;
    while let Some(first) = line[at..].chars().next() {
        let close = match first {
            '"' | '\'' => Some(first),
            '“' | '”' => Some('”'),
            _ => None,
        };
        if let Some(close) = close {
            let inside = at + first.len_utf8();
            let ends = |c: char| c == close || (close == '”' && matches!(c, '“' | '"'));
            // Without its end the text goes on to the end of the line.
            let len = line[inside..].find(ends).unwrap_or(line.len() - inside);
            let text = &line[inside..inside + len];
            let words = text.split([' ', '=', '&', '?', ',', ';']).any(is_key);
            if is_key(text) || words || is_secret(&name, text) {
                shown.push_str(&line[done..inside]);
                shown.extend(text.chars().map(|_| '*'));
                done = inside + len;
            }
            // `{ "password": "…" }`: the text before `:` is the name.
            text.clone_into(&mut name);
            at = inside + len + line[inside + len..].chars().next().map_or(0, char::len_utf8);
        } else if first.is_alphanumeric() || first == '_' {
            let len =
                line[at..].find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-')).unwrap_or(line.len() - at);
            line[at..at + len].clone_into(&mut name);
            at += len;
        } else {
            at += first.len_utf8();
        }
    }
    if done == 0 {
        return Cow::Borrowed(line);
    }
    shown.push_str(&line[done..]);
    Cow::Owned(shown)
}

/// One word with a letter and a digit in it.
fn is_random(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.+/=!@#%&*".contains(c);
    text.chars().all(fits)
        && text.contains(|c: char| c.is_ascii_digit())
        && text.contains(|c: char| c.is_ascii_alphabetic())
}
