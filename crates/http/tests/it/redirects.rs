//! Redirects obey the same rule, and credentials stay where they belong.

use std::fmt::Write as _;

use axum::{
    Router,
    extract::Request as Incoming,
    http::{StatusCode, header::LOCATION},
    response::IntoResponse,
    routing::any,
};
use botserver_http::{Error, Method, Request, Trust};

use crate::{client, serve};

fn to(status: StatusCode, location: String) -> Router {
    Router::new().fallback(any(move || async move { (status, [(LOCATION, location)]) }))
}

/// Answers with the method, the body and the headers it got.
fn echo() -> Router {
    Router::new().fallback(any(async |request: Incoming| {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, 1000).await.unwrap();
        let mut text = format!("{} {}\n", parts.method, String::from_utf8_lossy(&body));
        for (name, value) in &parts.headers {
            let _ = writeln!(text, "{name}: {}", value.to_str().unwrap());
        }
        text.into_response()
    }))
}

#[tokio::test]
async fn a_redirect_inside_is_refused() {
    let inside = serve(echo()).await;
    for target in [
        format!("http://{inside}/"),
        format!("//{inside}/"),
        "http://169.254.169.254/latest/".to_owned(),
        "http://[::1]/".to_owned(),
    ] {
        let outside = serve(to(StatusCode::FOUND, target.clone())).await;
        for trust in [Trust::Untrusted, Trust::Operator] {
            let request = Request::new(Method::GET, &format!("http://{outside}/"), trust).unwrap();
            let error = client(&[outside]).send(request).await.unwrap_err();
            assert!(matches!(error, Error::Refused { .. }), "{target}: {error}");
        }
    }
}

#[tokio::test]
async fn a_redirect_to_another_protocol_is_refused() {
    for target in ["file:///etc/passwd", "gopher://127.0.0.1:6379/_", "javascript:alert(1)", "http://"] {
        let outside = serve(to(StatusCode::FOUND, target.to_owned())).await;
        let request = Request::new(Method::GET, &format!("http://{outside}/"), Trust::Untrusted).unwrap();
        assert_eq!(
            client(&[outside]).send(request).await.unwrap_err(),
            Error::BadRedirect { host: "127.0.0.1".into() },
            "{target}"
        );
    }
}

#[tokio::test]
async fn credentials_do_not_follow_to_another_host_and_methods_follow_the_rules() {
    let target = serve(echo()).await;
    for (status, method, body) in [
        (StatusCode::FOUND, "GET", ""),
        (StatusCode::SEE_OTHER, "GET", ""),
        (StatusCode::TEMPORARY_REDIRECT, "POST", "hello"),
        (StatusCode::PERMANENT_REDIRECT, "POST", "hello"),
    ] {
        let first = serve(to(status, format!("http://u:p@{target}/next"))).await;
        let request = Request::new(Method::POST, &format!("http://me:pass@{first}/"), Trust::Untrusted)
            .unwrap()
            .header("X-Api-Key", "s3cret")
            .unwrap()
            .header("Cookie", "a=b")
            .unwrap()
            .header("Accept", "text/plain")
            .unwrap()
            .body("hello", "text/plain");
        let text = client(&[first, target]).send(request).await.unwrap().text().unwrap();
        assert!(text.starts_with(&format!("{method} {body}\n")), "{text}");
        assert!(text.contains("accept: text/plain"), "{text}");
        for secret in ["s3cret", "cookie", "authorization"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[tokio::test]
async fn headers_stay_on_the_same_host() {
    let router = echo().route("/first", any(async || (StatusCode::FOUND, [(LOCATION, "/second")])));
    let server = serve(router).await;
    let request = Request::new(Method::GET, &format!("http://me:pass@{server}/first"), Trust::Untrusted)
        .unwrap()
        .header("X-Api-Key", "s3cret")
        .unwrap();
    let answer = client(&[server]).send(request).await.unwrap();
    let text = answer.text().unwrap();
    assert!(text.contains("x-api-key: s3cret") && text.contains("authorization: Basic bWU6cGFzcw=="), "{text}");
    assert_eq!(answer.url.as_str(), format!("http://{server}/second"));
}

#[tokio::test]
async fn an_endless_chain_ends() {
    let server = serve(to(StatusCode::FOUND, "/again".to_owned())).await;
    let request = Request::new(Method::GET, &format!("http://{server}/"), Trust::Untrusted).unwrap();
    assert_eq!(
        client(&[server]).send(request).await.unwrap_err(),
        Error::TooManyRedirects { host: "127.0.0.1".into(), limit: 10 }
    );
}

#[tokio::test]
async fn a_redirect_status_without_a_place_is_an_ordinary_answer() {
    let server = serve(Router::new().fallback(any(async || StatusCode::FOUND))).await;
    let request = Request::new(Method::GET, &format!("http://{server}/"), Trust::Untrusted).unwrap();
    assert_eq!(client(&[server]).send(request).await.unwrap().status, 302);
}
