//! What the site offers beside the rooms: health, counters, description, pages, reserved names.

use std::time::Duration;

use botserver_web::{Health, WebSettings};

use crate::support::{TestSite, from_address, get};

#[tokio::test]
async fn readiness_tells_each_dependency() {
    let good = Health::default().check("database", async || Ok(()));
    let answer = TestSite::with(WebSettings::default(), good).get("/readyz").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["ready"]), (200, &true.into()));
    assert!(answer.json()["checks"][0]["ms"].is_u64());

    let bad = Health::default()
        .check("database", async || Ok(()))
        .check("objects", async || Err("the folder is gone".to_owned()));
    let site = TestSite::with(WebSettings::default(), bad);
    for path in ["/readyz", "/healthz"] {
        let answer = site.get(path).await;
        assert_eq!(answer.status, 503);
        let report = answer.json();
        assert_eq!((&report["checks"][0]["ok"], &report["checks"][1]["ok"]), (&true.into(), &false.into()));
        assert_eq!(report["checks"][1]["error"], "the folder is gone");
    }
    assert_eq!(site.get("/livez").await.text(), "ok\n", "the process is alive all the same");
}

#[tokio::test]
async fn counters_are_for_the_owner_and_for_this_machine() {
    let site = TestSite::new();
    site.get("/api/v1/who").await;
    let local = |headers: &[(&str, &str)], peer: &str| from_address(get("/metrics", headers), peer);
    let answer = site.send(local(&[("host", "localhost:8080")], "127.0.0.1")).await;
    assert_eq!(answer.status, 200);
    let line = "botserver_http_requests_total{method=\"GET\",route=\"/api/v1/who\",status=\"200\"} 1";
    assert!(answer.text().contains(line), "{}", answer.text());
    assert!(answer.text().contains("botserver_sockets_open 0"), "{}", answer.text());
    assert_eq!(site.get_with("/metrics", &[("x-role", "owner")]).await.status, 200);
    for (headers, peer) in [
        (vec![("host", "localhost")], "203.0.113.1"),
        (vec![("host", "localhost"), ("x-forwarded-for", "203.0.113.1")], "127.0.0.1"),
        (vec![("host", "rebound.evil.example")], "127.0.0.1"),
        (vec![], "127.0.0.1"),
    ] {
        site.send(local(&headers, peer)).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn paths_do_not_become_counters() {
    let site = TestSite::new();
    for number in 0..50 {
        site.get(&format!("/no/such/path/{number}")).await;
        site.get(&format!("/bot{number}")).await;
        site.send(crate::support::request(&format!("M{number}"), "/", &[], "")).await;
    }
    let text = site.get_with("/metrics", &[("x-role", "owner")]).await.text();
    assert!(text.lines().filter(|line| line.starts_with("botserver_http_requests_total")).count() < 6, "{text}");
}

#[tokio::test]
async fn the_description_has_every_route_with_its_full_path() {
    let site = TestSite::new();
    let answer = site.get("/openapi.json").await;
    let description = answer.json();
    assert!(description["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")), "{description}");
    assert_eq!(description["info"]["title"], "BotServer");
    for path in ["/api/v1/orders", "/api/v1/things/{id}", "/livez", "/readyz", "/healthz", "/metrics"] {
        assert!(description["paths"].get(path).is_some(), "{path}");
    }
    assert!(description["components"]["schemas"]["Problem"]["properties"]["code"].is_object(), "{description}");
}

#[tokio::test]
async fn the_browsable_description_needs_no_network() {
    let site = TestSite::new();
    assert_eq!(site.get("/docs").await.header("location"), "/docs/");
    let page = site.get("/docs/").await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    for foreign in ["https://", "http://", "//cdn"] {
        assert!(!page.text().contains(&format!("src=\"{foreign}")), "{}", page.text());
    }
    // Our policy allows no script inside the page.
    assert!(!page.text().contains("<script>"), "{}", page.text());
    let script = site.get("/docs/swagger-initializer.js").await;
    assert!(script.status == 200 && script.text().contains("/openapi.json"), "{}", script.text());
    assert_eq!(site.get("/docs/swagger-ui-bundle.js").await.status, 200);
    assert_eq!(site.get("/docs/nothing.js").await.status, 404);
}

#[tokio::test]
async fn large_answers_are_compressed_for_who_can_read_it() {
    let site = TestSite::new();
    let answer = site.get_with("/openapi.json", &[("accept-encoding", "gzip, br")]).await;
    assert_eq!(answer.header("content-encoding"), "gzip");
    assert_eq!(answer.body.get(..2), Some([0x1f, 0x8b].as_slice()));
    assert_eq!(site.get("/openapi.json").await.header("content-encoding"), "");
}

#[tokio::test]
async fn pages_are_there_and_names_of_routes_are_taken() {
    let site = TestSite::new();
    for path in ["/", "/shop", "/shop/c/cnv_1", "/owner"] {
        let page = site.get(path).await;
        assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"), "{path}");
    }
    for name in
        ["api", "API", "docs", "livez", "readyz", "healthz", "metrics", "owner", "assets", "embed.js", "openapi.json"]
    {
        assert!(site.reserved.contains(name), "{name} is free: {:?}", site.reserved.list());
    }
    for name in ["shop", "default", "helpdesk", ""] {
        assert!(!site.reserved.contains(name), "{name}");
    }
}

#[tokio::test]
async fn a_check_that_hangs_does_not_hang_the_answer() {
    let health = Health::default().patience(Duration::from_millis(20)).check("slow", async || {
        tokio::time::sleep(Duration::from_hours(1)).await;
        Ok(())
    });
    let report = TestSite::with(WebSettings::default(), health).get("/readyz").await.json();
    assert_eq!(report["checks"][0]["error"], "no answer");
}
