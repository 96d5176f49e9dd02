//! Garbage in bodies, queries and paths ends in a problem that says where.

use axum::body::Body;
use botserver_web::WebSettings;

use crate::support::{TestSite, request};

const JSON: (&str, &str) = ("content-type", "application/json");

async fn order(site: &TestSite, body: impl Into<Body>) -> crate::support::Answer {
    site.send(request("POST", "/api/v1/orders", &[JSON], body)).await
}

#[tokio::test]
async fn a_good_body_passes() {
    let site = TestSite::new();
    let answer = order(&site, r#"{"item": "kettle", "count": 2}"#).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["item"], "kettle");
    for mime in ["application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"] {
        let sent = request("POST", "/api/v1/orders", &[("content-type", mime)], r#"{"item":"","count":0}"#);
        assert_eq!(site.send(sent).await.status, 200, "{mime}");
    }
}

#[tokio::test]
async fn garbage_is_told_where_it_is_wrong() {
    let site = TestSite::new();
    order(&site, "").await.problem(400, "not_json");
    let problem = order(&site, "{\n  \"item\": \"kettle\",\n  \"count\": two\n}").await.problem(400, "not_json");
    assert_eq!((problem["line"].as_u64(), problem["column"].as_u64()), (Some(3), Some(13)), "{problem}");
    let problem = order(&site, r#"{"item": "kettle", "count": -2}"#).await.problem(400, "wrong_shape");
    assert!(problem["detail"].as_str().is_some_and(|text| text.contains("line 1, column")), "{problem}");
    order(&site, r#"{"item": "kettle"}"#).await.problem(400, "wrong_shape");
    order(&site, "null").await.problem(400, "wrong_shape");
    order(&site, vec![0xff, 0xfe, 0x00, 0x7b]).await.problem(400, "not_utf8");
    order(&site, vec![0; 1000]).await.problem(400, "not_json");
    let utf16: Vec<u8> = r#"{"item":"é"}"#.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(order(&site, utf16).await.status, 400);
    let deep = format!("{{\"item\":{}", "[".repeat(100_000));
    assert_eq!(order(&site, deep).await.status, 400);
    for mime in ["text/plain", "", "application/x-www-form-urlencoded", "application/jsonx", "multipart/form-data"] {
        let sent = request("POST", "/api/v1/orders", &[("content-type", mime)], "{}");
        site.send(sent).await.problem(415, "not_json");
    }
    site.send(request("POST", "/api/v1/orders", &[], "{}")).await.problem(415, "not_json");
}

#[tokio::test]
async fn a_large_body_is_refused_before_it_is_read_whole() {
    let site = TestSite::with_settings(WebSettings { body_limit_bytes: 100, ..WebSettings::default() });
    order(&site, format!("{{\"item\":\"{}\",\"count\":1}}", "x".repeat(100))).await.problem(413, "too_large");
    // Without a length nothing but the reading finds out.
    let endless = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(bytes::Bytes::from_static(b"        ")));
    order(&site, Body::from_stream(endless)).await.problem(413, "too_large");
    let broken = futures_util::stream::iter([Err::<bytes::Bytes, _>(std::io::Error::other("gone"))]);
    order(&site, Body::from_stream(broken)).await.problem(400, "broken_body");
}

#[tokio::test]
async fn parameters_are_checked_with_a_sentence() {
    let site = TestSite::new();
    let good = "/api/v1/things/usr_00000000000000000000000000000001";
    assert_eq!(site.get(&format!("{good}?count=3")).await.json()["count"], 3);
    let problem = site.get(&format!("{good}?count=x")).await.problem(400, "bad_query");
    assert!(problem["detail"].as_str().is_some_and(|text| text.contains("count")), "{problem}");
    site.get(good).await.problem(400, "bad_query");
    for id in ["bot_00000000000000000000000000000001", "1", "usr_", "%ff%fe", "%00", "..%2f..%2fetc%2fpasswd"] {
        site.get(&format!("/api/v1/things/{id}?count=3")).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn pages_have_bounds() {
    let site = TestSite::new();
    assert_eq!(site.get("/api/v1/list").await.json()["limit"], 50);
    assert_eq!(site.get("/api/v1/list?limit=200&cursor=YWJj").await.json()["after"], "abc");
    for bad in ["limit=0", "limit=201"] {
        site.get(&format!("/api/v1/list?{bad}")).await.problem(400, "bad_limit");
    }
    for bad in ["limit=-1", "limit=x", "limit=99999999999"] {
        site.get(&format!("/api/v1/list?{bad}")).await.problem(400, "bad_query");
    }
    for bad in ["cursor=***", "cursor=__8"] {
        site.get(&format!("/api/v1/list?{bad}")).await.problem(400, "bad_cursor");
    }
}

#[tokio::test]
async fn the_idempotency_key_is_a_plain_text() {
    let site = TestSite::new();
    assert!(site.get("/api/v1/who").await.json()["key"].is_null());
    assert_eq!(site.get_with("/api/v1/who", &[("idempotency-key", "a-1")]).await.json()["key"], "a-1");
    for bad in ["", &"x".repeat(201), "é"] {
        site.get_with("/api/v1/who", &[("idempotency-key", bad)]).await.problem(400, "bad_idempotency_key");
    }
}
