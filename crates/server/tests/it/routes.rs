//! Every declared route, found in the description of the running server: asked for as it is described, with another
//! person's ids, and without any sign-in. A new route is covered, or fails here until somebody says what it is for.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::{
    live::{Answer, Body, Live, Setup, Visitor, on_both},
    shape::Shape,
};

/// An operation of the description.
struct Route {
    method: String,
    path: String,
    operation: Json,
}

impl Route {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The address with these values in its placeholders, and with every query parameter that must be there.
    fn address(&self, values: &BTreeMap<&str, String>) -> String {
        let mut address = self.path.clone();
        let mut query = Vec::new();
        for parameter in self.operation["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().expect("a name");
            match parameter["in"].as_str() {
                Some("path") => {
                    let value = values.get(name).unwrap_or_else(|| panic!("{}: what is {{{name}}}?", self.name()));
                    address = address.replace(&format!("{{{name}}}"), value);
                }
                Some("query") if parameter["required"] == json!(true) => query.push(format!("{name}=x.txt")),
                _ => {}
            }
        }
        assert!(!address.contains('{'), "{}: a placeholder is not described", self.name());
        if query.is_empty() { address } else { format!("{address}?{}", query.join("&")) }
    }

    /// A body as the description wants it.
    fn body(&self, document: &Json) -> Body {
        let content = &self.operation["requestBody"]["content"];
        let Some((kind, described)) = content.as_object().and_then(|kinds| kinds.iter().next()) else {
            return Body::None;
        };
        match kind.as_str() {
            "application/json" => Body::Json(Shape::new(document, &described["schema"]).example()),
            "application/x-www-form-urlencoded" => {
                Body::Bytes("application/x-www-form-urlencoded", b"token=nothing".to_vec())
            }
            "application/octet-stream" => Body::Bytes("application/octet-stream", b"some bytes".to_vec()),
            other => panic!("{}: how is {other} made?", self.name()),
        }
    }
}

async fn described(visitor: &Visitor) -> (Json, Vec<Route>) {
    let document = visitor.get("/openapi.json").await.expect(200).json();
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            if ["get", "put", "post", "patch", "delete"].contains(&method.as_str()) {
                let (method, operation) = (method.to_uppercase(), operation.clone());
                routes.push(Route { method, path: path.clone(), operation });
            }
        }
    }
    (document, routes)
}

/// Compares an answer with what the description promises for its status.
#[track_caller]
fn assert_described(document: &Json, route: &Route, answer: &Answer) {
    let responses = &route.operation["responses"];
    let status = answer.status.as_u16().to_string();
    let described = responses.get(&status).or_else(|| responses.get("default"));
    let described =
        described.unwrap_or_else(|| panic!("{}: {status} is not described: {}", route.name(), answer.text()));
    let (kind, body) = (answer.header("content-type"), answer.text());
    let Some(content) = described["content"].as_object().filter(|content| !content.is_empty()) else {
        let is_file = described["description"].as_str().is_some_and(|text| text.contains("file"));
        assert!(body.is_empty() || is_file, "{}: no body is described for {status}: {body}", route.name());
        return;
    };
    let essence = kind.split(';').next().unwrap_or_default();
    let described = content.get(essence).or_else(|| content.get("*/*"));
    let described = described.unwrap_or_else(|| panic!("{}: {status} comes as {kind}, not {content:?}", route.name()));
    if essence.ends_with("json") {
        let shape = Shape::new(document, &described["schema"]);
        // A problem has members of its own for some codes.
        let shape = if essence.contains("problem") { shape.open() } else { shape };
        if let Err(error) = shape.check(&answer.json()) {
            panic!("{}: the body of {status} is not as described: {error}\n{body}", route.name());
        }
    }
}

/// A conversation with everything in it that a route could be asked for.
struct Own {
    conversation: String,
    message: String,
    answer: String,
    attachment: String,
}

impl Own {
    async fn of(visitor: &Visitor) -> Self {
        let conversation = visitor.begin("probe").await;
        let said = visitor.say(&conversation, "hello").await;
        let text = |json: &Json| json.as_str().expect("text").to_owned();
        let file = visitor.upload(&conversation, "note.txt", b"private").await.expect(201).json();
        let answer = text(&said["messages"][0]["id"]);
        Self { conversation, message: text(&said["id"]), answer, attachment: text(&file["id"]) }
    }

    /// What stands for the placeholders of a route.
    fn values(&self, route: &Route, session: &str) -> BTreeMap<&'static str, String> {
        let id = match route.path.as_str() {
            path if path.contains("/attachments/{id}") => &self.attachment,
            path if path.contains("/sessions/{id}") => session,
            path if path.contains("/collections/{id}") => "col_01a2065aefe4716c96886f762ef18ea9",
            path if path.contains("/documents/{id}") => "doc_01a2065aefe4716c96886f762ef18ea9",
            _ => &self.conversation,
        };
        let message = if route.path.ends_with("/feedback") { &self.answer } else { &self.message };
        BTreeMap::from([
            ("id", id.to_owned()),
            ("message", message.clone()),
            ("bot", "probe".to_owned()),
            ("name", "probe".to_owned()),
            ("path", "logo.svg".to_owned()),
        ])
    }
}

async fn session_of(owner: &Visitor) -> String {
    let sessions = owner.get("/api/v1/owner/sessions").await.expect(200).json();
    sessions["items"][0]["id"].as_str().expect("a sign-in").to_owned()
}

fn themed() -> Setup {
    Setup::new().file("probe.gbai/probe.gbtheme/logo.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>")
}

/// The status of each route when everything is right; for whom, if not for any visitor.
const RIGHT: &[(&str, u16)] = &[
    ("DELETE /api/v1/conversations/{id}", 204),
    ("DELETE /api/v1/conversations/{id}/messages/{message}", 409),
    ("DELETE /api/v1/owner/sessions/{id}", 204),
    ("GET /api/v1/attachments/{id}", 200),
    ("GET /api/v1/bots", 200),
    ("GET /api/v1/bots/{bot}", 200),
    ("GET /api/v1/bots/{bot}/collections", 200),
    ("GET /api/v1/bots/{bot}/socket", 426),
    ("GET /api/v1/bots/{bot}/theme/{path}", 200),
    ("GET /api/v1/bots/{bot}/widget.js", 200),
    // The id is that of a conversation.
    ("GET /api/v1/collections/{id}/documents", 404),
    ("GET /api/v1/conversations", 200),
    ("GET /api/v1/conversations/{id}", 200),
    ("GET /api/v1/conversations/{id}/events", 200),
    ("GET /api/v1/conversations/{id}/messages", 200),
    ("GET /api/v1/conversations/{id}/messages/{message}/trace", 404),
    ("GET /api/v1/documents/{id}/file", 404),
    ("GET /api/v1/documents/{id}/passages", 404),
    ("GET /api/v1/me", 200),
    ("GET /api/v1/models", 200),
    ("GET /api/v1/owner/sessions", 200),
    ("GET /api/v1/system/overview", 200),
    ("GET /api/v1/usage", 200),
    ("GET /healthz", 200),
    ("GET /livez", 200),
    ("GET /metrics", 200),
    ("GET /owner/enter", 200),
    ("GET /owner/enter.css", 200),
    ("GET /readyz", 200),
    ("PATCH /api/v1/conversations/{id}", 200),
    ("POST /api/v1/bots/{bot}/conversations", 201),
    ("POST /api/v1/bots/{bot}/knowledge/search", 200),
    ("POST /api/v1/collections/{id}/reindex", 404),
    ("POST /api/v1/collections/{id}/release", 404),
    ("POST /api/v1/conversations/{id}/attachments", 201),
    ("POST /api/v1/conversations/{id}/cancel", 202),
    ("POST /api/v1/conversations/{id}/messages", 202),
    ("POST /api/v1/conversations/{id}/messages/{message}/regenerate", 202),
    ("POST /api/v1/conversations/{id}/open", 202),
    ("POST /api/v1/models/test", 404),
    ("POST /api/v1/documents/{id}/cancel", 404),
    ("POST /api/v1/documents/{id}/retry", 404),
    ("POST /api/v1/owner/sign-out", 204),
    ("POST /owner/enter", 403),
    ("PUT /api/v1/conversations/{id}/messages/{message}/feedback", 204),
];

/// The routes that answer nobody but the owner, and what others are told.
const OWNERS: &[(&str, u16)] = &[
    ("DELETE /api/v1/owner/sessions/{id}", 403),
    ("GET /api/v1/conversations/{id}/messages/{message}/trace", 404),
    ("GET /api/v1/models", 403),
    ("GET /api/v1/bots/{bot}/collections", 403),
    ("GET /api/v1/owner/sessions", 403),
    ("GET /api/v1/system/overview", 403),
    ("GET /api/v1/usage", 403),
    ("GET /metrics", 404),
    ("POST /api/v1/models/test", 403),
    ("POST /api/v1/bots/{bot}/knowledge/search", 403),
    ("POST /api/v1/owner/sign-out", 401),
];

on_both! {
    async fn every_declared_route_answers_as_it_is_described(setup: Setup) {
        let live = with_theme(setup).start();
        let owner = live.owner().await;
        let (document, routes) = described(&owner).await;
        let names: Vec<String> = routes.iter().map(Route::name).collect();
        for (name, _) in RIGHT {
            assert!(names.iter().any(|own| own == name), "{name} is gone: take it out of this test");
        }
        for route in routes {
            let right = RIGHT.iter().find(|(name, _)| *name == route.name());
            let (_, status) = right.unwrap_or_else(|| panic!("{} is new: say here what it answers", route.name()));
            let own = Own::of(&owner).await;
            // Another sign-in of the same owner, so that ending one does not end this test.
            let other = live.visitor().await;
            let who = if route.path.contains("owner/s") {
                let link = botserver_link(&live);
                other.enter(&link).await.expect(303);
                &other
            } else {
                &owner
            };
            let values = own.values(&route, &session_of(who).await);
            let answer = who.call(&route.method, &route.address(&values), route.body(&document)).await;
            assert_eq!(answer.status.as_u16(), *status, "{}: {}", route.name(), answer.text());
            assert_described(&document, &route, &answer);
            // And with ids that are none.
            let nothing = values.keys().map(|name| (*name, "x".to_owned())).collect();
            let answer = who.call(&route.method, &route.address(&nothing), route.body(&document)).await;
            assert!(!answer.status.is_server_error(), "{}: {}", route.name(), answer.text());
            assert_described(&document, &route, &answer);
        }
    }

    async fn knowing_an_id_opens_nothing(setup: Setup) {
        let live = with_theme(setup).start();
        let (one, other, owner) = (live.visitor().await, live.visitor().await, live.owner().await);
        let own = Own::of(&one).await;
        let state = async || {
            let path = format!("/api/v1/conversations/{}", own.conversation);
            let mut state = vec![one.get(&path).await.expect(200).text()];
            state.push(one.get(&format!("{path}/events")).await.expect(200).text());
            state.push(one.get(&format!("{path}/messages")).await.expect(200).text());
            state.push(one.get(&format!("/api/v1/attachments/{}", own.attachment)).await.expect(200).text());
            state
        };
        let before = state().await;
        let session = session_of(&owner).await;
        let (document, routes) = described(&other).await;
        let mut asked = 0;
        for route in routes.iter().filter(|route| route.path.contains("{id}")) {
            let address = route.address(&own.values(route, &session));
            let is_session = route.path.contains("/sessions/");
            // Another visitor, somebody without a cookie, and the owner of the server.
            for who in [&other, &live.stranger(), &owner] {
                if is_session && std::ptr::eq(who, &raw const owner) {
                    continue;
                }
                let answer = who.call(&route.method, &address, route.body(&document)).await;
                if is_session {
                    answer.problem(403, "forbidden");
                } else {
                    answer.problem(404, "not_found");
                }
                asked += 1;
            }
        }
        assert!(asked > 30, "{asked}");
        assert_eq!(state().await, before, "and nothing of it has changed");
        owner.get("/api/v1/owner/sessions").await.expect(200);
        // Nor through the lists.
        for who in [&other, &owner] {
            let listed = who.get("/api/v1/conversations").await.expect(200).json();
            assert_eq!(listed["items"], json!([]));
            let searched = who.get("/api/v1/conversations?q=hello").await.expect(200).json();
            assert_eq!(searched["items"], json!([]));
        }
    }
}

fn with_theme(setup: Setup) -> Setup {
    setup.file("probe.gbai/probe.gbtheme/logo.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>")
}

/// A fresh owner link, as the operator gets one.
fn botserver_link(live: &Live) -> String {
    let data = live.data().display().to_string();
    crate::support::botserver(&["owner", "link", "--data", &data], "").expect(0).out.trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_the_owners_is_for_nobody_else() {
    let live = themed().start();
    let (document, routes) = described(&live.stranger()).await;
    let session = session_of(&live.owner().await).await;
    let own = Own::of(&live.visitor().await).await;
    let long = "A".repeat(100_000);
    let bearer = format!("Bearer {}", "k".repeat(64));
    for route in &routes {
        let address = route.address(&own.values(route, &session));
        let owners = OWNERS.iter().find(|(name, _)| *name == route.name());
        // As through a proxy: programs on this machine may read the counters.
        let outside = || live.stranger().saying("x-forwarded-for", "203.0.113.9");
        let keys = [
            ("authorization", bearer.as_str()),
            ("authorization", "Basic b3duZXI6b3duZXI="),
            ("x-api-key", &*"k".repeat(64)),
            ("cookie", "bs_owner=owner; bs_visitor=owner; session=owner"),
            ("authorization", ""),
        ]
        .map(|(name, value)| outside().saying(name, value.to_owned()));
        for who in keys.iter().chain([&outside(), &live.visitor().await.saying("x-forwarded-for", "203.0.113.9")]) {
            let answer = who.call(&route.method, &address, route.body(&document)).await;
            if let Some((_, status)) = owners {
                assert_eq!(answer.status.as_u16(), *status, "{}: {}", route.name(), answer.text());
            } else {
                // Whatever else it answers, it takes nobody for the owner.
                assert!(!answer.status.is_server_error(), "{}: {}", route.name(), answer.text());
                assert!(!answer.text().contains("\"kind\":\"owner\""), "{}: {}", route.name(), answer.text());
            }
            assert_described(&document, route, &answer);
        }
    }
    // A string of any length is no key; too long a head is refused before it is read whole.
    for header in ["authorization", "x-api-key", "cookie"] {
        let answer = live.stranger().saying(header, long.clone()).get("/api/v1/me").await;
        assert!([400, 431].contains(&answer.status.as_u16()), "{header}: {}", answer.status);
    }
    live.visitor().await.get("/api/v1/me").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_and_secrets_of_bots_are_nowhere_to_be_read() {
    let secret = "sk-this-must-never-be-seen";
    let config = format!("llm-key,{secret}\nparam-token,{secret}\nbot-name,Probe\n");
    let live = themed().file("probe.gbai/probe.gbot/config.csv", &config).start();
    let (owner, visitor) = (live.owner().await, live.visitor().await);
    let own = Own::of(&visitor).await;
    let (document, routes) = described(&visitor).await;
    let session = session_of(&owner).await;
    for route in routes.iter().filter(|route| route.method == "GET") {
        let address = route.address(&own.values(route, &session));
        for who in [&visitor, &owner] {
            let answer = who.call("GET", &address, route.body(&document)).await;
            assert!(!answer.text().contains(secret), "{}", route.name());
        }
    }
    for path in [
        "/probe.gbot/config.csv",
        "/api/v1/bots/probe/theme/../probe.gbot/config.csv",
        "/api/v1/bots/probe/theme/..%2fprobe.gbot%2fconfig.csv",
        "/api/v1/bots/probe/theme/%2e%2e/probe.gbot/config.csv",
        "/api/v1/bots/..%2f..%2fprobe.gbot%2fconfig.csv",
        "/assets/..%2f..%2fbots/probe.gbai/probe.gbot/config.csv",
        "/config.toml",
        "/botserver.db",
    ] {
        let answer = visitor.get(path).await;
        // What could be a bot's name is answered with the page, which says that there is none.
        let is_page = answer.header("content-type").starts_with("text/html");
        assert!(answer.status.is_client_error() || is_page, "{path}: {}", answer.status);
        assert!(!answer.text().contains(secret) && !answer.text().contains("SQLite"), "{path}");
    }
    // The owner sees that there is a key, and not the key.
    let overview = owner.get("/api/v1/system/overview").await.expect(200).json();
    let settings = overview["settings"].as_array().expect("settings");
    let key = settings.iter().find(|own| own["key"] == "llm-key").expect("the key");
    assert_eq!((&key["value"], &key["secret"]), (&json!("••••"), &json!(true)));
    assert!(!live.server().log().contains(secret), "nor does the log have it");
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_in_requests_is_told_in_plain_words() {
    let live = themed().start();
    let visitor = live.visitor().await;
    let own = Own::of(&visitor).await;
    let (document, routes) = described(&visitor).await;
    let with_json = |route: &&Route| route.operation["requestBody"]["content"].get("application/json").is_some();
    let deep = "[".repeat(100_000).into_bytes();
    let garbage: Vec<(Vec<u8>, &[&str])> = vec![
        (Vec::new(), &["not_json"]),
        (b"{".to_vec(), &["not_json"]),
        (b"null".to_vec(), &["wrong_shape"]),
        (b"[1, 2".to_vec(), &["not_json", "wrong_shape"]),
        (b"\xff\xfe\x00".to_vec(), &["not_utf8"]),
        (deep, &["not_json", "wrong_shape"]),
        (vec![b' '; 2 << 20], &["too_large"]),
        (br#"{"text": 5, "title": 5, "rating": {}}"#.to_vec(), &["wrong_shape", "not_json"]),
    ];
    for route in routes.iter().filter(with_json) {
        let address = route.address(&own.values(route, ""));
        for (body, codes) in &garbage {
            let answer = visitor.call(&route.method, &address, Body::Bytes("application/json", body.clone())).await;
            assert!(answer.status.is_client_error(), "{}: {}", route.name(), answer.text());
            let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
            assert!(codes.contains(&code.as_str()), "{}: {} for {} bytes", route.name(), answer.text(), body.len());
            assert_described(&document, route, &answer);
        }
        let plain = visitor.call(&route.method, &address, Body::Bytes("text/plain", b"{}".to_vec())).await;
        plain.problem(415, "not_json");
    }
    for route in &routes {
        // An id with everything that a path can carry.
        for id in ["%00", "..%2f..", "cnv_", "cnv_zz", "%ff", &"9".repeat(5_000), "'; DROP TABLE engine_lanes; --"] {
            let values = own.values(route, "").keys().map(|name| (*name, id.replace([' ', ';', '\''], "+"))).collect();
            let answer = visitor.call(&route.method, &route.address(&values), route.body(&document)).await;
            assert!(!answer.status.is_server_error(), "{} {id}: {}", route.name(), answer.text());
        }
    }
    assert_eq!(visitor.hears(&own.conversation, "ask me").await, ["How many?"], "the server goes on");
}

#[test]
fn examples_and_checks_agree() {
    let document = json!({"components": {"schemas": {"Part": {
        "type": "object", "required": ["text"], "properties": {"text": {"type": "string"}, "n": {"type": "integer"}},
    }}}});
    let list = json!({"type": "array", "items": {"$ref": "#/components/schemas/Part"}});
    let shape = Shape::new(&document, &list);
    assert_eq!(shape.check(&json!([{"text": "a"}, {"text": "b", "n": 1}])), Ok(()));
    assert!(shape.check(&json!([{"n": 1}])).is_err());
    assert!(shape.check(&json!([{"text": "a", "n": 1.5}])).is_err());
    assert!(shape.check(&json!({})).is_err());
    let example = Shape::new(&document, &json!({"$ref": "#/components/schemas/Part"})).example();
    assert_eq!(example, Json::Object(Map::from_iter([("text".to_owned(), json!("x"))])));
}
