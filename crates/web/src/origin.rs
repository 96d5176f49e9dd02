//! Whose page a request comes from: the defence against other sites using a visitor's cookie.
//! Programs that are no browsers send no `Origin` and pass.

use botserver_kernel::ErrorKind;
use http::{HeaderMap, Method, header};

use crate::{
    Problem,
    request::text,
    settings::{WebSettings, origin_of},
};

/// Refuses a request that could change something and that another site's page made.
pub(crate) fn check_change(method: &Method, headers: &HeaderMap, settings: &WebSettings) -> Result<(), Problem> {
    if method.is_safe() || comes_from_us(headers, settings) { Ok(()) } else { Err(foreign_origin(headers)) }
}

/// Refuses a socket that another site's page opens; browsers check no policy for sockets, so we must.
pub(crate) fn check_socket(headers: &HeaderMap, settings: &WebSettings) -> Result<(), Problem> {
    if comes_from_us(headers, settings) { Ok(()) } else { Err(foreign_origin(headers)) }
}

fn foreign_origin(headers: &HeaderMap) -> Problem {
    // What is no origin is not repeated: it may be anything.
    let origin = text(headers, header::ORIGIN.as_str()).and_then(origin_of);
    let site = origin.as_deref().map_or_else(String::new, |own| format!(", {own},"));
    let example = origin.as_deref().unwrap_or("https://example.com");
    Problem::new(
        ErrorKind::Forbidden,
        "foreign_origin",
        format!(
            "Another site's page{site} made this request. If the operator trusts that site with this whole server, they \
             write `cors_allowed_origins = [\"{example}\"]` below `[server]` in config.toml and start the server again."
        ),
    )
}

fn comes_from_us(headers: &HeaderMap, settings: &WebSettings) -> bool {
    let origin = headers.get(header::ORIGIN);
    match text(headers, "sec-fetch-site") {
        Some("same-origin" | "none") => return true,
        // A browser that says nothing about the site says it with `Origin`.
        None if origin.is_none() => return true,
        _ => {}
    }
    let Some(origin) = origin.and_then(|origin| origin.to_str().ok()) else { return false };
    is_own(origin, headers, settings) || settings.allowed_origins.allows(origin)
}

/// The scheme is taken from the origin: behind a proxy that ends TLS we see another one.
fn is_own(origin: &str, headers: &HeaderMap, settings: &WebSettings) -> bool {
    let Some(origin) = origin_of(origin) else { return false };
    let of_host = || {
        let (scheme, _) = origin.split_once("://")?;
        origin_of(&format!("{scheme}://{}", text(headers, header::HOST.as_str())?))
    };
    let of_settings = || settings.public_url.as_ref().map(|url| url.origin().ascii_serialization());
    of_host().is_some_and(|own| own == origin) || of_settings().is_some_and(|own| own == origin)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn allowed(pairs: &[(&'static str, &'static str)], settings: &WebSettings) -> bool {
        let headers = pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        check_change(&Method::POST, &headers, settings).is_ok()
    }

    #[test]
    fn only_our_own_pages_and_programs_may_change_things() {
        let mut settings = WebSettings::default();
        let host = ("host", "bots.example:8080");
        assert!(allowed(&[host], &settings), "no browser");
        assert!(allowed(&[host, ("sec-fetch-site", "same-origin"), ("origin", "null")], &settings));
        assert!(allowed(&[host, ("origin", "https://bots.example:8080")], &settings));
        assert!(allowed(&[("host", "bots.example"), ("origin", "https://bots.example")], &settings));
        assert!(allowed(&[("host", "bots.example:443"), ("origin", "https://bots.example")], &settings));
        for bad in
            ["null", "http://evil.example", "http://bots.example:8080.evil.example", "http://bots.example", "", "x"]
        {
            assert!(!allowed(&[host, ("origin", bad)], &settings), "{bad}");
        }
        assert!(!allowed(&[host, ("sec-fetch-site", "cross-site")], &settings));
        assert!(!allowed(&[host, ("sec-fetch-site", "same-site"), ("origin", "http://bots.example:9")], &settings));
        assert_eq!(settings.allowed_origins.set(["https://shop.example/", "nonsense", "*"]), ["nonsense", "*"]);
        assert!(allowed(&[host, ("sec-fetch-site", "cross-site"), ("origin", "https://shop.example")], &settings));
        assert!(!allowed(&[host, ("origin", "https://shop.example:444")], &settings));
        settings.public_url = "https://public.example".parse().ok();
        assert!(allowed(&[host, ("origin", "https://public.example")], &settings));
    }
}
