//! The routes, through the router in process.

use axum::{Extension, Router, body::Body, http::Request};
use botserver_db::Db;
use botserver_knowledge::{MIGRATIONS, module};
use botserver_testkit::db_tests;
use serde_json::{Value as Json, json};
use tower::ServiceExt as _;

use crate::world::{World, owner};

/// The answer to the owner: status and body.
async fn ask(world: &World, method: &str, path: &str, body: Option<Json>) -> (u16, Json) {
    let router: Router = module(&world.knowledge).routes.into();
    let mut request = Request::builder().method(method).uri(path);
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    let response = router.layer(Extension(owner())).oneshot(request.body(body).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or(Json::Null))
}

db_tests! {
    migrations: MIGRATIONS;

    async fn an_owner_looks_around_asks_and_decides(db: Db) {
        let world = World::new(db).await;
        world.put("kb.permissions.yaml", "default_access: all\nfolders: { hr: { access: role_based, roles: [hr] } }\n");
        world.put("policies/returns.md", "# Returns\nSend tea back within thirty days.");
        world.put("hr/pay.md", "Tea is no salary.");
        world.put("hr/bad.png", "x");
        world.take().await;
        let (status, list) = ask(&world, "GET", "/api/v1/bots/shop/collections", None).await;
        assert_eq!(status, 200);
        let numbers = |own: &Json| json!([own["name"], own["state"], own["documents"], own["passages"], own["failed"]]);
        let numbers: Vec<Json> = list["items"].as_array().unwrap().iter().map(numbers).collect();
        assert_eq!(numbers, [json!(["hr", "ready", 2, 1, 1]), json!(["policies", "ready", 1, 1, 0])]);

        let id = list["items"][0]["id"].as_str().unwrap();
        assert!(id.starts_with("col_"), "{id}");
        let path = format!("/api/v1/collections/{id}/documents?state=failed");
        let (_, failed) = ask(&world, "GET", &path, None).await;
        let document = &failed["items"][0];
        assert_eq!((document["path"].as_str(), document["state"].as_str()), (Some("hr/bad.png"), Some("failed")));
        assert_eq!(document["grants"], json!(["role:hr"]));
        let bad = document["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/collections/{id}/documents?limit=1");
        let (_, first) = ask(&world, "GET", &path, None).await;
        let cursor = first["next_cursor"].as_str().unwrap();
        let (_, second) = ask(&world, "GET", &format!("{path}&cursor={cursor}"), None).await;
        assert_eq!(second["items"][0]["path"], "hr/pay.md");
        let pay = second["items"][0]["id"].as_str().unwrap();
        let (_, passages) = ask(&world, "GET", &format!("/api/v1/documents/{pay}/passages"), None).await;
        assert_eq!(passages["items"][0]["text"], "Tea is no salary.");

        let search = async |who: Json| {
            let body = json!({"question": "tea", "as": who});
            let (status, found) = ask(&world, "POST", "/api/v1/bots/shop/knowledge/search", Some(body)).await;
            assert_eq!(status, 200, "{found}");
            found["items"].as_array().unwrap().iter().map(|own| own["path"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(search(json!("visitor")).await, ["policies/returns.md"]);
        assert_eq!(search(json!(["role:hr"])).await, ["hr/pay.md"]);
        assert_eq!(search(json!(["all", "role:hr"])).await.len(), 2);

        assert_eq!(ask(&world, "POST", &format!("/api/v1/documents/{bad}/retry"), None).await.0, 204);
        assert_eq!(ask(&world, "POST", &format!("/api/v1/documents/{bad}/cancel"), None).await.0, 204);
        assert_eq!(ask(&world, "POST", &format!("/api/v1/documents/{bad}/cancel"), None).await.0, 400);
        assert_eq!(ask(&world, "POST", &format!("/api/v1/collections/{id}/reindex"), None).await.0, 202);
        let keep = Some(json!({"decision": "keep"}));
        assert_eq!(ask(&world, "POST", &format!("/api/v1/collections/{id}/release"), keep).await.0, 400);
        assert_eq!(ask(&world, "GET", "/api/v1/bots/nobody/collections", None).await.0, 404);
        let path = format!("/api/v1/collections/{id}/documents?state=green");
        assert_eq!(ask(&world, "GET", &path, None).await.0, 400);
    }
}
