//! Addresses as people and scripts write them, made fit for sending.

use std::fmt::Write;

use reqwest::Url;

use crate::{Error, Result};

/// Characters that are illegal in an address but that scripts write (`langpair=en|pt`); the URL standard
/// lets them through, servers often do not.
const ILLEGAL: &[char] = &['|', '"', '<', '>', '`', '{', '}', '^', '\\'];

/// Reads an http or https address; blanks and other illegal characters are percent-encoded.
pub fn parse_url(text: &str) -> Result<Url> {
    let text = text.trim();
    let shown = || {
        let end = text.find(['?', '#']).unwrap_or(text.len());
        // A password before `@` is not shown either.
        let plain = text.get(..end).unwrap_or_default();
        let plain = plain.rsplit_once('@').map_or(plain, |(_, host)| host);
        plain.chars().take(80).collect::<String>()
    };
    let mut url = Url::parse(text).map_err(|_| Error::BadUrl { shown: shown() })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Error::Scheme { scheme: url.scheme().chars().take(20).collect() });
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(Error::BadUrl { shown: shown() });
    }
    if url.path().contains(ILLEGAL) {
        let path = encode(url.path());
        url.set_path(&path);
    }
    if let Some(query) = url.query().filter(|query| query.contains(ILLEGAL)) {
        let query = encode(query);
        url.set_query(Some(&query));
    }
    url.set_fragment(None);
    Ok(url)
}

fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if ILLEGAL.contains(&character) {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{:02X}", character as u32);
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn illegal_characters_are_encoded_once() {
        let check = |from: &str, to: &str| assert_eq!(parse_url(from).unwrap().as_str(), to);
        check("https://a.example/get?q=good day&langpair=en|pt", "https://a.example/get?q=good%20day&langpair=en%7Cpt");
        check(" http://a.example/a b/{z}#part ", "http://a.example/a%20b/%7Bz%7D");
        check("http://a.example/%7C?x=%20é", "http://a.example/%7C?x=%20%C3%A9");
        check("http://0x7f.1/", "http://127.0.0.1/");
        check("http://2130706433/", "http://127.0.0.1/");
        check("http://0177.0.0.01/", "http://127.0.0.1/");
        check("http://127。0。0。1/", "http://127.0.0.1/");
    }

    #[test]
    fn what_is_no_web_address_is_said_without_secrets() {
        let message = |text: &str| parse_url(text).unwrap_err().to_string();
        assert_eq!(message("ftp://a.example/x"), "only http and https addresses can be fetched, not ftp");
        assert_eq!(message("file:///etc/passwd"), "only http and https addresses can be fetched, not file");
        assert_eq!(message("customers?key=s3cret"), "`customers` is not a web address");
        assert_eq!(message("http://u:pass@[x]/?t=1"), "`[x]/` is not a web address");
        assert!(parse_url("http://").is_err());
        assert!(parse_url("").is_err());
    }
}
