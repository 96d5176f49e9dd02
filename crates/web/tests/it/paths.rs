//! Files outside the app are never given, however the path is written.

use crate::support::TestSite;

#[tokio::test]
async fn no_path_leaves_the_app() {
    let site = TestSite::new();
    for path in [
        "/assets/../../../Cargo.toml",
        "/assets/..%2f..%2f..%2fCargo.toml",
        "/assets/%2e%2e/%2e%2e/package.json",
        "/assets/%2e%2e%2f%2e%2e%2fpackage.json",
        "/assets/..%5c..%5cpackage.json",
        "/assets/....//....//package.json",
        "/assets//etc/passwd",
        "/assets/%2fetc%2fpasswd",
        "/assets/%00",
        "/assets/.git/config",
        "/assets/index.html",
        "/docs/../Cargo.toml",
        "/docs/..%2f..%2fCargo.toml",
        "/docs/%2e%2e/openapi.json",
        "/..%2f..%2fetc%2fpasswd/c/x/y",
    ] {
        let answer = site.get(path).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
        assert!(!answer.text().contains("root:"), "{path}");
    }
}

#[tokio::test]
async fn a_slash_at_the_end_leads_to_the_bot_and_never_elsewhere() {
    let site = TestSite::new();
    let answer = site.get("/shop/?embed=1").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (308, "/shop?embed=1"));
    for path in ["/%2fevil.example/", "/%5cevil.example/", "//evil.example/"] {
        let answer = site.get(path).await;
        let location = answer.header("location");
        assert!(!location.starts_with("//") && !location.starts_with("/\\"), "{path} leads to {location}");
    }
}
