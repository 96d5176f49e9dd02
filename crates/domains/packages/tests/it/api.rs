//! The routes as clients see them.

use std::time::Duration;

use axum::{
    Router,
    body::{Body, to_bytes},
};
use botserver_db::Db;
use botserver_packages::{MIGRATIONS, module};
use botserver_testkit::on_sqlite;
use http::{Request, Response, StatusCode, header};
use tower::ServiceExt as _;

use crate::support::{Bots, system};

async fn get(router: &Router, path: &str, tag: Option<&str>) -> Response<Body> {
    let mut request = Request::get(path).extension(system());
    if let Some(tag) = tag {
        request = request.header(header::IF_NONE_MATCH, tag);
    }
    router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn json(response: Response<Body>) -> serde_json::Value {
    serde_json::from_slice(&to_bytes(response.into_body(), 1 << 20).await.unwrap()).unwrap()
}

#[test]
fn bots_and_their_themes_are_served() {
    on_sqlite(MIGRATIONS, |db: Db| async move {
        let bots = Bots::new();
        bots.write("shop.gbai/start.bas", "TALK 1\n");
        bots.write("shop.gbai/config.csv", "theme-title,The Shop\ntheme-logo,my logo.svg\ntheme-color1,#123456\n");
        bots.write("shop.gbai/shop.gbtheme/my logo.svg", "<svg/>");
        bots.write("shop.gbai/shop.gbtheme/page.html", "<script>alert(1)</script>");
        bots.write("a.gbai/start.bas", "TALK 1\n");
        bots.write("b.gbai/start.bas", "TALK 1\n");
        let packages = bots.open(&db).await;
        packages.mount_all(Duration::ZERO).await.unwrap();
        let (router, _) = module(&packages).routes.split_for_parts();

        let first = json(get(&router, "/api/v1/bots?limit=2", None).await).await;
        assert_eq!((&first["items"][0]["name"], &first["items"][1]["name"]), (&"a".into(), &"b".into()));
        let cursor = first["next_cursor"].as_str().unwrap();
        let second = json(get(&router, &format!("/api/v1/bots?limit=2&cursor={cursor}"), None).await).await;
        assert_eq!(second["items"].as_array().unwrap().len(), 1);
        assert_eq!(second["next_cursor"], serde_json::Value::Null);

        let shop = json(get(&router, "/api/v1/bots/Shop", None).await).await;
        assert_eq!((&shop["title"], &shop["theme"]["accent"]), (&"The Shop".into(), &"#123456".into()));
        let logo = shop["theme"]["logo"].as_str().unwrap();
        assert_eq!(logo, "/api/v1/bots/shop/theme/my%20logo.svg");
        let response = get(&router, logo, None).await;
        assert_eq!(response.headers()[header::CONTENT_TYPE], "image/svg+xml");
        assert!(response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("sandbox"));
        let tag = response.headers()[header::ETAG].to_str().unwrap().to_owned();
        assert_eq!(get(&router, logo, Some(&tag)).await.status(), StatusCode::NOT_MODIFIED);
        let page = get(&router, "/api/v1/bots/shop/theme/page.html", None).await;
        assert_eq!(page.headers()[header::CONTENT_TYPE], "application/octet-stream");

        let script = get(&router, "/api/v1/bots/shop/widget.js", None).await;
        assert_eq!(script.headers()[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
        assert_eq!(script.headers()["cross-origin-resource-policy"], "cross-origin");
        let script = to_bytes(script.into_body(), 1 << 20).await.unwrap();
        assert!(std::str::from_utf8(&script).unwrap().contains(r##"detail: {"accent":"#123456"}"##));

        for path in [
            "/api/v1/bots/nobody",
            "/api/v1/bots/nobody/widget.js",
            "/api/v1/bots/shop/theme/..%2Fstart.bas",
            "/api/v1/bots/shop/theme/../start.bas",
            "/api/v1/bots/shop/theme/%2Fetc%2Fpasswd",
            "/api/v1/bots/..%2Fshop",
        ] {
            assert_eq!(get(&router, path, None).await.status(), StatusCode::NOT_FOUND, "{path}");
        }
        assert_eq!(get(&router, "/api/v1/bots?limit=0", None).await.status(), StatusCode::BAD_REQUEST);
    })
    .unwrap();
}
