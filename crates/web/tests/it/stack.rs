//! Everything that surrounds a handler, one test a layer.

use std::time::Duration;

use axum::body::Body;
use botserver_web::{RatePolicy, WebSettings};

use crate::support::{TestSite, from_address, get, request};

#[tokio::test]
async fn every_answer_has_a_request_id() {
    let site = TestSite::new();
    for path in ["/api/v1/who", "/nowhere/at/all", "/livez", "/shop", "/api/v1/fail/panic"] {
        let answer = site.get(path).await;
        assert!(answer.header("x-request-id").starts_with("req_"), "{path}");
    }
    let answer = site.get_with("/api/v1/who", &[("x-request-id", "trace-1.a_B")]).await;
    assert_eq!((answer.header("x-request-id"), &answer.json()["request_id"]), ("trace-1.a_B", &"trace-1.a_B".into()));
    for bad in ["", "a b", "x\"y", &"x".repeat(65), "<script>", "é"] {
        let answer = site.get_with("/api/v1/who", &[("x-request-id", bad)]).await;
        assert!(answer.header("x-request-id").starts_with("req_"), "{bad}");
    }
}

#[tokio::test]
async fn failures_tell_people_what_they_may_know() {
    let site = TestSite::new();
    for how in ["panic", "internal"] {
        let answer = site.get(&format!("/api/v1/fail/{how}")).await;
        answer.problem(500, "internal");
        for secret in ["hunter2", "kettle", "gas"] {
            assert!(!answer.text().contains(secret), "{}", answer.text());
        }
    }
    let answer = site.get("/api/v1/fail/away").await;
    answer.problem(503, "unavailable");
    assert!(!answer.text().contains("10.0.0.1"), "{}", answer.text());
    let answer = site.get("/api/v1/fail/queue").await;
    let problem = answer.problem(429, "queue_full");
    assert_eq!(problem["detail"], "20 messages wait already.");
    assert_eq!((answer.header("retry-after"), &problem["retry_after"]), ("7", &7.into()));
    // The next request is served as if nothing had happened.
    assert_eq!(site.get("/api/v1/who").await.status, 200);
}

#[tokio::test]
async fn wrong_addresses_and_methods_are_problems_too() {
    let site = TestSite::new();
    site.get("/api/v1/nothing").await.problem(404, "not_found");
    let answer = site.send(request("DELETE", "/api/v1/who", &[], Body::empty())).await;
    answer.problem(405, "wrong_method");
    assert!(answer.header("allow").contains("GET"), "{answer:?}");
    let page = site.get_with("/no/such/page", &[("accept", "text/html,*/*")]).await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (404, "text/html; charset=utf-8"));
    assert_eq!(site.send(request("BREW", "/api/v1/who", &[], Body::empty())).await.status, 405);
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up_unless_its_handler_said_so() {
    let settings = WebSettings { request_timeout: Duration::from_millis(20), ..WebSettings::default() };
    let site = TestSite::with_settings(settings);
    let answer = site.get("/api/v1/wait").await;
    answer.problem(503, "timeout");
    assert_eq!(answer.header("retry-after"), "5");
    site.shared.arrived.notified().await;
    let (answer, ()) = tokio::join!(site.get("/api/v1/patient"), async {
        site.shared.arrived.notified().await;
        // Longer than the limit, however slow the machine is: another request has run into it meanwhile.
        site.get("/api/v1/wait").await.problem(503, "timeout");
        site.shared.go_on.notify_one();
    });
    assert_eq!(answer.text(), "done");
}

#[tokio::test]
async fn only_our_own_pages_may_change_things() {
    let site = TestSite::new();
    let order = |headers: &[(&str, &str)]| {
        let mut all = vec![("content-type", "application/json"), ("host", "bots.example"), ("cookie", "who=1")];
        all.extend(headers);
        request("POST", "/api/v1/orders", &all, r#"{"item":"x","count":1}"#)
    };
    for good in [
        vec![],
        vec![("sec-fetch-site", "same-origin")],
        vec![("origin", "https://bots.example")],
        vec![("origin", "http://bots.example")],
    ] {
        assert_eq!(site.send(order(&good)).await.status, 200, "{good:?}");
    }
    for bad in [
        vec![("origin", "https://evil.example")],
        vec![("origin", "null")],
        vec![("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "same-site"), ("origin", "https://other.bots.example")],
    ] {
        site.send(order(&bad)).await.problem(403, "foreign_origin");
    }
    // Reading is the browser's to refuse: it gets no permission.
    let read = site.get_with("/api/v1/who", &[("origin", "https://evil.example")]).await;
    assert_eq!((read.status.as_u16(), read.header("access-control-allow-origin")), (200, ""));
}

#[tokio::test]
async fn named_origins_may_call_and_frame_and_others_may_not() {
    let site = TestSite::new();
    let settings = WebSettings::default();
    assert!(settings.allowed_origins.set(["https://shop.example"]).is_empty());
    let allowing = TestSite::with_settings(settings);
    let preflight = |origin: &'static str| {
        let headers = [("origin", origin), ("access-control-request-method", "POST")];
        request("OPTIONS", "/api/v1/orders", &headers, Body::empty())
    };
    let granted = allowing.send(preflight("https://shop.example")).await;
    assert_eq!(granted.header("access-control-allow-origin"), "https://shop.example");
    assert_eq!(granted.header("access-control-allow-credentials"), "true");
    assert_eq!(allowing.send(preflight("https://evil.example")).await.header("access-control-allow-origin"), "");
    assert_eq!(site.send(preflight("https://shop.example")).await.header("access-control-allow-origin"), "");
    let framed = allowing.get("/shop?embed=1").await;
    let policy = framed.header("content-security-policy").to_owned();
    assert!(policy.ends_with("frame-ancestors 'self' https://shop.example"), "{policy}");
    for site_and_path in [(&allowing, "/shop"), (&site, "/shop?embed=1"), (&allowing, "/shop?embed=10")] {
        let policy = site_and_path.0.get(site_and_path.1).await;
        assert!(policy.header("content-security-policy").ends_with("frame-ancestors 'self'"), "{policy:?}");
    }
}

#[tokio::test]
async fn security_headers_are_on_every_answer() {
    let site = TestSite::new();
    for path in ["/", "/shop", "/owner", "/api/v1/who", "/api/v1/fail/panic", "/nothing/here/x", "/livez", "/docs/"] {
        let answer = site.get(path).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "strict-origin-when-cross-origin"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{path}");
        }
        assert!(answer.header("permissions-policy").contains("camera=()"), "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src '") && policy.contains("frame-ancestors"), "{path}: {policy}");
        assert!(!policy.contains("unsafe") || path == "/docs/", "{path}: {policy}");
        assert_eq!(answer.header("strict-transport-security"), "", "{path}");
    }
    let public = WebSettings { public_url: "https://bots.example".parse().ok(), ..WebSettings::default() };
    let answer = TestSite::with_settings(public).get("/").await;
    assert!(answer.header("strict-transport-security").starts_with("max-age="));
}

#[tokio::test]
async fn a_visitor_has_a_rate_and_hears_where_they_stand() {
    let settings = WebSettings { rate_of_reads: RatePolicy::per_minute("reads", 2), ..WebSettings::default() };
    let site = TestSite::with_settings(settings);
    let ask = |person: &'static str| get("/api/v1/who", &[("x-person", person)]);
    let first = site.send(ask("1")).await;
    // The clock stands at second 5 of a minute.
    assert_eq!(first.header("ratelimit"), "\"reads\";r=1;t=55");
    assert_eq!(first.header("ratelimit-policy"), "\"reads\";q=2;w=60");
    assert_eq!(site.send(ask("1")).await.header("ratelimit"), "\"reads\";r=0;t=55");
    let refused = site.send(ask("1")).await;
    let problem = refused.problem(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), "55");
    assert!(problem["detail"].as_str().is_some_and(|text| text.contains("55 seconds")), "{problem}");
    assert_eq!(site.send(ask("2")).await.status, 200, "another visitor");
    assert_eq!(site.get("/shop").await.status, 200, "pages do not count");
    site.clock.advance(Duration::from_secs(55));
    assert_eq!(site.send(ask("1")).await.status, 200, "the next minute");
}

#[tokio::test]
async fn an_address_has_a_rate_whoever_it_says_it_is() {
    let settings = WebSettings { rate_per_address: RatePolicy::per_minute("address", 2), ..WebSettings::default() };
    let site = TestSite::with_settings(settings);
    let ask = |person: &str, address: &str| from_address(get("/api/v1/who", &[("x-person", person)]), address);
    assert_eq!(site.send(ask("1", "203.0.113.1")).await.status, 200);
    assert_eq!(site.send(ask("2", "203.0.113.1")).await.status, 200);
    site.send(ask("3", "203.0.113.1")).await.problem(429, "rate_limited");
    site.send(ask("3", "::ffff:203.0.113.1")).await.problem(429, "rate_limited");
    assert_eq!(site.send(ask("3", "203.0.113.2")).await.status, 200);
    for address in ["2001:db8::1", "2001:db8::2"] {
        assert_eq!(site.send(ask("1", address)).await.status, 200);
    }
    site.send(ask("1", "2001:db8::3")).await.problem(429, "rate_limited");
    assert_eq!(site.send(from_address(get("/livez", &[]), "203.0.113.1")).await.status, 200);
    for _ in 0..5 {
        let here = get("/api/v1/who", &[("x-person", "4"), ("host", "localhost:8080")]);
        assert_eq!(site.send(from_address(here, "127.0.0.1")).await.status, 200, "this machine is no stranger");
    }
}

#[tokio::test]
async fn only_a_trusted_proxy_is_believed() {
    let site = TestSite::new();
    let ask = |peer: &str, headers: &[(&str, &str)]| from_address(get("/api/v1/who", headers), peer);
    let forwarded = [("x-forwarded-for", "6.6.6.6, 198.51.100.7"), ("x-forwarded-proto", "https")];
    let seen = site.send(ask("127.0.0.1", &forwarded)).await.json();
    assert_eq!((&seen["address"], &seen["secure"]), (&"198.51.100.7".into(), &true.into()), "the last hop counts");
    let seen = site.send(ask("203.0.113.1", &forwarded)).await.json();
    assert_eq!((&seen["address"], &seen["secure"]), (&"203.0.113.1".into(), &false.into()), "a stranger lies");
    let seen = site.send(ask("127.0.0.1", &[("x-forwarded-for", "garbage")])).await.json();
    assert_eq!(seen["address"], "127.0.0.1");
}

#[tokio::test]
async fn identity_is_asked_for_where_people_are_and_nowhere_else() {
    let site = TestSite::new();
    for path in ["/", "/shop", "/owner", "/api/v1/who"] {
        assert_eq!(site.get(path).await.header("set-cookie"), "who=1; HttpOnly", "{path}");
    }
    for path in ["/livez", "/readyz", "/embed.js", "/assets/x.js", "/openapi.json", "/docs/", "/no/such/thing"] {
        assert_eq!(site.get(path).await.header("set-cookie"), "", "{path}");
    }
    assert_eq!(site.get("/api/v1/public").await.header("set-cookie"), "", "what caches keep is for everybody");
    site.get_with("/api/v1/who", &[("x-person", "broken")]).await.problem(500, "internal");
    assert_eq!(site.get("/api/v1/who").await.header("cache-control"), "no-store");
    assert_eq!(site.get("/").await.header("cache-control"), "private, no-cache");
}
