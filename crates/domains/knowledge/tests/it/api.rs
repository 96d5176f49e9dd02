//! The routes, through the router in process.

use axum::{
    Extension, Router,
    body::Body,
    http::{HeaderMap, Request},
};
use botserver_db::Db;
use botserver_kernel::{OrgId, Principal};
use botserver_knowledge::{MIGRATIONS, module};
use botserver_testkit::db_tests;
use serde_json::{Value as Json, json};
use tower::ServiceExt as _;

use crate::world::{World, owner, visitor};

/// A file as somebody gets it: status, headers, content.
async fn file(world: &World, who: Principal, id: &str, range: Option<&str>) -> (u16, HeaderMap, Vec<u8>) {
    let router: Router = module(&world.knowledge).routes.into();
    let mut request = Request::builder().uri(format!("/api/v1/documents/{id}/file"));
    if let Some(range) = range {
        request = request.header("range", range);
    }
    let response = router.layer(Extension(who)).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    (status, headers, axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec())
}

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

    /// What is cited can be opened by whoever may read it, and by nobody else; nothing in it runs.
    async fn the_file_of_a_document_is_given_to_who_may_read_it(db: Db) {
        let world = World::new(db).await;
        world.put("kb.permissions.yaml", "default_access: all\nfolders: { hr: { access: role_based, roles: [hr] } }\n");
        world.put("a/wörk plan.md", "# Tea\nGrün and <script>alert(1)</script>.");
        world.put("hr/pay.md", "Tea is no salary.");
        world.put("a/bad.png", "x");
        world.take().await;
        let id = async |path: &str| world.document(path).await.to_string();
        let plan = id("a/wörk plan.md").await;
        assert_eq!(world.ask(&visitor(), "tea").await.passages[0].url(), format!("/api/v1/documents/{plan}/file"));

        let (status, headers, body) = file(&world, visitor(), &plan, None).await;
        assert_eq!((status, &*body), (200, "# Tea\nGrün and <script>alert(1)</script>.".as_bytes()));
        assert_eq!(headers["content-type"], "text/plain; charset=utf-8");
        assert_eq!(headers["content-disposition"], "inline; filename*=UTF-8''w%C3%B6rk%20plan.md");
        assert!(headers["content-security-policy"].to_str().unwrap().starts_with("sandbox; default-src 'none'"));
        assert_eq!(headers["cache-control"], "private, no-cache");
        assert_eq!(headers["accept-ranges"], "bytes");

        let (status, headers, body) = file(&world, visitor(), &plan, Some("bytes=2-4")).await;
        assert_eq!((status, &*body), (206, b"Tea".as_slice()));
        assert_eq!(headers["content-length"], "3");
        let size = std::fs::metadata(world.path("a/wörk plan.md")).unwrap().len();
        assert_eq!(headers["content-range"], format!("bytes 2-4/{size}"));
        let (status, headers, _) = file(&world, visitor(), &plan, Some("bytes=900-")).await;
        assert_eq!((status, headers["content-range"].to_str().unwrap()), (416, &*format!("bytes */{size}")));

        // Whose salaries these are, only they know; the owner of the bot does not hold the role either.
        let pay = id("hr/pay.md").await;
        assert_eq!(file(&world, visitor(), &pay, None).await.0, 404);
        assert_eq!(file(&world, owner(), &pay, None).await.0, 404);
        // What cannot be found cannot be opened, nor can what another organisation has.
        assert_eq!(file(&world, visitor(), &id("a/bad.png").await, None).await.0, 404);
        let stranger = Principal { org_id: OrgId::new(uuid::Uuid::from_u128(99)), ..owner() };
        assert_eq!(file(&world, stranger, &plan, None).await.0, 404);
        // Permissions count at once.
        world.put("kb.permissions.yaml", "default_access: all\nfolders: { a: { access: none } }\n");
        world.sync().await;
        assert_eq!(file(&world, visitor(), &plan, None).await.0, 404);
        assert_eq!(file(&world, visitor(), &pay, None).await.0, 200);
        world.delete("hr/pay.md");
        assert_eq!(file(&world, visitor(), &pay, None).await.0, 404, "the file is gone");
    }

    /// Documents that are kept without their files are marked, and can be forgotten.
    async fn what_is_kept_is_seen_and_taken_back(db: Db) {
        let world = World::new(db).await;
        for number in 0..12 {
            world.put(&format!("many/{number:02}.md"), &format!("Document no{number:02} is here."));
        }
        world.take().await;
        for number in 0..11 {
            world.delete(&format!("many/{number:02}.md"));
        }
        world.take().await;
        let collection = async || ask(&world, "GET", "/api/v1/bots/shop/collections", None).await.1["items"][0].clone();
        let held = collection().await;
        assert_eq!((&held["missing"], &held["kept"]), (&json!(11), &json!(0)));
        let path = format!("/api/v1/collections/{}/release", held["id"].as_str().unwrap());
        let decide = async |word: &str| ask(&world, "POST", &path, Some(json!({"decision": word}))).await.0;
        assert_eq!(decide("forget").await, 400, "nothing is kept yet");
        assert_eq!(decide("keep").await, 204);
        world.take().await;
        let kept = collection().await;
        assert_eq!((&kept["state"], &kept["missing"], &kept["kept"]), (&json!("ready"), &Json::Null, &json!(11)));
        let documents = path.replace("release", "documents");
        let (_, list) = ask(&world, "GET", &documents, None).await;
        let marked: Vec<bool> = list["items"].as_array().unwrap().iter().map(|own| own["kept"] == true).collect();
        assert_eq!(marked.iter().filter(|kept| **kept).count(), 11);
        assert!(!marked[11], "{list}");
        assert_eq!(world.found("no03").await, "many/03.md");
        // One comes back; it is not forgotten with the others.
        world.put("many/00.md", "Document no00 is here.");
        assert_eq!(decide("forget").await, 204);
        world.take().await;
        assert_eq!((collection().await["documents"].as_i64(), collection().await["kept"].as_i64()), (Some(2), Some(0)));
        assert_eq!((world.found("no03").await, world.found("no00").await), (String::new(), "many/00.md".to_owned()));
        assert_eq!(decide("forget").await, 400);
    }

    async fn who_asks_and_for_how_much_must_make_sense(db: Db) {
        let world = World::new(db).await;
        world.put("hr/pay.md", "Tea is no salary.");
        world.take().await;
        let search = async |body: Json| ask(&world, "POST", "/api/v1/bots/shop/knowledge/search", Some(body)).await;
        for (body, part) in [
            (json!({"question": "tea", "as": "bob"}), "role:NAME"),
            (json!({"question": "tea", "as": ["hr"]}), "role:NAME"),
            (json!({"question": "tea", "limit": 0}), "1 to 200"),
            (json!({"question": "tea", "limit": 201}), "1 to 200"),
        ] {
            let (status, problem) = search(body.clone()).await;
            assert_eq!(status, 400, "{body}");
            assert!(problem["detail"].as_str().unwrap().contains(part), "{problem}");
        }
        let (_, found) = search(json!({"question": "tea", "as": "role:hrr"})).await;
        assert_eq!(found["warnings"], json!(["no document of this bot is opened by `role:hrr`"]));
        assert_eq!(found["items"].as_array().unwrap().len(), 1);
    }
}
