//! What untrusted addresses cannot reach.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Router, routing::any};
use botserver_http::{Error, HostPort, HttpClient, Method, OutboundPolicy, Request, Trust};

use crate::{FakeNames, client, serve};

fn get(url: &str) -> Request {
    Request::new(Method::GET, url, Trust::Untrusted).unwrap()
}

#[tokio::test]
async fn private_addresses_are_refused_in_every_spelling() {
    let hits = Arc::new(AtomicUsize::new(0));
    let counted = hits.clone();
    let server = serve(Router::new().fallback(any(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        async { "secret" }
    })))
    .await;
    let port = server.port();
    let guarded = client(&[]);
    for host in [
        "127.0.0.1",
        "localhost",
        "LOCALHOST",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "127。0。0。1",
        "①②⑦.0.0.1",
        "user@127.0.0.1",
        "example.com@127.0.0.1",
        "example.com:80@127.0.0.1",
        "%31%32%37.0.0.1",
    ] {
        let error = guarded.send(get(&format!("http://{host}:{port}/"))).await.unwrap_err();
        assert!(matches!(error, Error::Refused { .. }), "{host}: {error}");
    }
    // What the message advises can be put into the settings as it stands.
    for (url, advice) in [("http://[::1]:1/", "[::1]:1"), ("http://127.0.0.1:1/", "127.0.0.1:1")] {
        let error = guarded.send(get(url)).await.unwrap_err().to_string();
        assert!(error.ends_with(&format!("outbound.allow = [\"{advice}\"]")), "{error}");
        assert_eq!(advice.parse::<HostPort>().unwrap().to_string(), advice);
    }
    for url in
        ["http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "https://192.168.0.1/", "http://100.64.0.1/"]
    {
        assert!(matches!(guarded.send(get(url)).await.unwrap_err(), Error::Refused { .. }), "{url}");
    }
    assert_eq!(hits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn the_operator_opens_one_host_and_port() {
    let server = serve(Router::new().fallback(any(async || "hello"))).await;
    let other = serve(Router::new().fallback(any(async || "other"))).await;
    let guarded = client(&[server]);
    assert_eq!(guarded.send(get(&format!("http://{server}/"))).await.unwrap().text().unwrap(), "hello");
    // The connection is kept, and still does not serve another port or spelling.
    assert!(guarded.send(get(&format!("http://{other}/"))).await.is_err());
    assert!(guarded.send(get(&format!("http://localhost:{}/", server.port()))).await.is_err());
    let operator = Request::new(Method::GET, &format!("http://{other}/"), Trust::Operator).unwrap();
    assert_eq!(guarded.send(operator).await.unwrap().text().unwrap(), "other");
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_also_when_only_one_of_its_addresses_does() {
    let server = serve(Router::new().fallback(any(async || "secret"))).await;
    for answers in [&["127.0.0.1"][..], &["93.184.215.14", "127.0.0.1"], &["::ffff:127.0.0.1"], &["fd00::1"]] {
        let names = FakeNames::new(&[answers]);
        let guarded = HttpClient::with_resolver(OutboundPolicy::default(), names);
        let error = guarded.send(get(&format!("http://rebind.example:{}/", server.port()))).await.unwrap_err();
        assert_eq!(error, Error::Refused { host: "rebind.example".into(), port: server.port() }, "{answers:?}");
    }
}

#[tokio::test]
async fn a_name_is_looked_up_once_and_the_connection_goes_where_the_check_looked() {
    let hits = Arc::new(AtomicUsize::new(0));
    let counted = hits.clone();
    let server = serve(Router::new().fallback(any(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        async { "secret" }
    })))
    .await;
    // Rebinding: the first answer is public (and dead), every later one is this machine.
    let names = FakeNames::new(&[&["240.0.0.1"], &["127.0.0.1"]]);
    let guarded = HttpClient::with_resolver(OutboundPolicy::default(), names.clone());
    assert!(guarded.send(get(&format!("http://rebind.example:{}/", server.port()))).await.is_err());
    assert_eq!(names.asked.load(Ordering::SeqCst), 1);
    assert!(guarded.send(get(&format!("http://rebind.example:{}/", server.port()))).await.is_err());
    assert_eq!(hits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_opened_name_may_resolve_inside() {
    let server = serve(Router::new().fallback(any(async || "erp"))).await;
    let names = FakeNames::new(&[&["127.0.0.1"]]);
    let policy = OutboundPolicy { allow: vec![HostPort::new("erp.internal", server.port())] };
    let guarded = HttpClient::with_resolver(policy, names);
    let answer = guarded.send(get(&format!("http://erp.internal:{}/", server.port()))).await.unwrap();
    assert_eq!(answer.text().unwrap(), "erp");
}

#[tokio::test]
async fn errors_name_the_host_and_nothing_else() {
    let names = FakeNames::new(&[&[]]);
    let guarded = HttpClient::with_resolver(OutboundPolicy::default(), names);
    let error = guarded.send(get("http://me:hunter2@nowhere.example/a?key=s3cret")).await.unwrap_err();
    assert_eq!(error.to_string(), "nowhere.example was not found");
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = client(&[closed]).send(get(&format!("http://{closed}/?key=s3cret"))).await.unwrap_err();
    assert_eq!(error.to_string(), "127.0.0.1 does not answer");
}
