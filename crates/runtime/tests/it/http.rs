//! HTTP keywords as scripts use them, through the durable program, against a server on this machine.

use std::sync::Arc;

use axum::{Router, extract::Request, response::IntoResponse, routing::any};
use botserver_basic_syntax::Grammar;
use botserver_basic_types::{Effect, KeywordDecl, Value, ops};
use botserver_basic_vm::{Source, compile};
use botserver_config::BotConfig;
use botserver_engines::{Program, Step};
use botserver_http::{HostPort, HttpClient, OutboundPolicy};
use botserver_kernel::{BotId, OrgId, Principal, RandomIds, Timestamp};
use botserver_runtime::{
    CallContext, GetElsewhere, Handler, Keyword, KeywordRegistry, ScriptProgram, TurnBuffer, function_signatures,
    http_keywords,
};

/// Answers with what it was sent, or with what the path asks for.
async fn answer(request: Request) -> axum::response::Response {
    let (parts, body) = request.into_parts();
    let body = String::from_utf8(axum::body::to_bytes(body, 10_000).await.unwrap().to_vec()).unwrap();
    match parts.uri.path() {
        "/text" => "hello".into_response(),
        "/missing" => (axum::http::StatusCode::NOT_FOUND, "no such page").into_response(),
        "/bad" => (axum::http::StatusCode::BAD_REQUEST, axum::Json(serde_json::json!({"code": 7}))).into_response(),
        "/own" => axum::Json(serde_json::json!({"status": "ok", "items": [1, 2]})).into_response(),
        "/image" => ([("content-type", "image/png")], vec![0x89, 0x50, 0xff]).into_response(),
        "/empty" => axum::http::StatusCode::NO_CONTENT.into_response(),
        _ => {
            let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
            axum::Json(serde_json::json!({
                "method": parts.method.as_str(), "query": parts.uri.query(), "body": body, "type": header("content-type"),
                "key": header("idempotency-key"), "auth": header("authorization"), "extra": header("x-extra"),
            }))
            .into_response()
        }
    }
}

fn named(word: &'static str) -> Handler {
    Handler::Read {
        slow: false,
        run: Arc::new(move |_: &CallContext, args| {
            Box::pin(std::future::ready(Ok(Value::text(format!("{word} {}", args.text("source"))))))
        }),
    }
}

/// What a script says; `HOST` stands for the server's address.
async fn says(source: &str) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "the test's runtime ends it")]
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(any(answer))).await.unwrap() });
    let policy = OutboundPolicy { allow: vec![HostPort::new(address.ip().to_string(), address.port())] };
    let client = Arc::new(HttpClient::new(policy));
    let mut all = http_keywords(&client, GetElsewhere { session: named("session"), file: named("file") });
    let talk = KeywordDecl::new("TALK", &["TALK message:expr"], Effect::Say, "Says.", "TALK 1");
    all.push(Keyword::say(talk, |_, turn, args| {
        turn.events.push(args.text("message").into());
        Ok(Value::Null)
    }));
    let registry = Arc::new(KeywordRegistry::new(all).unwrap());
    let grammar = Grammar::new(&registry.declarations(), &function_signatures()).unwrap();
    let source = source.replace("HOST", &format!("http://{address}"));
    let parsed = botserver_basic_syntax::parse("test.bas", &source, &grammar);
    assert!(parsed.diagnostics.is_empty(), "{:?}\n{source}", parsed.diagnostics);
    let compiled = compile(&[Source { script: &parsed.script, diagnostics: &[] }]);
    let context = CallContext {
        principal: Principal::system(OrgId::new(uuid::Uuid::nil())),
        bot_id: BotId::new(uuid::Uuid::nil()),
        bot_name: "shop".into(),
        package_version: "v1".into(),
        conversation_id: None,
        config: Arc::new(BotConfig::default()),
        locale: "en".into(),
        time_zone: jiff::tz::TimeZone::UTC,
        turn: "t1".into(),
        now: Timestamp::UNIX_EPOCH,
    };
    let mut program =
        ScriptProgram::start(compiled.image, "test", Vec::new(), registry, Arc::new(RandomIds), context).unwrap();
    let mut turn = TurnBuffer::default();
    loop {
        match program.step(&mut turn) {
            Step::Read { .. } => {
                let outcome = program.read().await;
                program.resume(outcome);
            }
            Step::Write => {
                let outcome = program.write("exe/1/7").await;
                program.resume(outcome);
            }
            Step::Failed(failure) => {
                turn.events.push(format!("failed: {}", failure.message).into());
                break;
            }
            Step::Done(_) => break,
            _ => {}
        }
    }
    let said: Vec<String> = turn.events.iter().map(|event| ops::to_text(&Value::from_json(event))).collect();
    said.join("\n").replace(&address.to_string(), "HOST")
}

#[tokio::test]
async fn get_gives_the_parsed_body() {
    let script = r#"
        r = GET "HOST/echo?q=good day|x"
        TALK r.method + " " + r.query + " " + r.status
        TALK GET "HOST/text"
        r = GET "HOST/own"
        TALK r.status + " " + UBOUND(r.items)
        r = GET "HOST/missing"
        TALK r.status + " " + r.error + " " + r.body
        r = GET "HOST/bad"
        TALK r.status + " " + r.code
        name = "Ada L"
        r = GET "HOST/search" WITH name = name, page = 2
        TALK r.query
        r = GET "HOST/echo" HEADERS "X-Extra: one"
        TALK r.extra
        GET "HOST/text" INTO t
        TALK t
    "#;
    assert_eq!(
        says(script).await,
        "GET q=good%20day%7Cx 200\nhello\nok 2\n404 HTTP 404 no such page\n400 7\nname=Ada+L&page=2\none\nhello"
    );
}

#[tokio::test]
async fn writes_send_their_body_in_every_form_under_the_effects_key() {
    let script = r#"
        order = { id: 7 }
        r = POST "HOST/a", order
        TALK r.method + " " + r.body + " " + r.type + " " + r.key + " " + r.status + " " + r.data.method
        total = 3
        r = POST "HOST/a" WITH id = 7, total = total
        TALK r.body
        r = PUT "HOST/a" WITH order
        TALK r.method + r.body
        a = 1
        b = "x"
        r = PATCH "HOST/a", a, b
        TALK r.method + r.body
        r = POST "HOST/a", "a=1&b=2", "application/x-www-form-urlencoded"
        TALK r.body + " " + r.type
        r = POST "HOST/a", { a: "1 2", b: "&" }, "application/x-www-form-urlencoded"
        TALK r.body
        r = POST "HOST/a" BODY "plain" HEADERS "X-Extra: y"
        TALK r.body + " " + r.type + " " + r.extra
        r = DELETE HTTP "HOST/a"
        TALK r.method + "[" + r.body + "]"
        r = WEBHOOK POST "HOST/a" WITH { n: 1 }
        TALK r.body
        r = POST "HOST/empty", order
        TALK r.status
        r = POST "HOST/missing", order
        TALK r.status + " " + r.error + " " + r.data
    "#;
    assert_eq!(
        says(script).await,
        "POST {\"id\":7} application/json exe/1/7 200 POST\n{\"id\":7,\"total\":3}\nPUT{\"id\":7}\nPATCH{\"a\":1,\"b\":\"x\"}\n\
         a=1&b=2 application/x-www-form-urlencoded\na=1+2&b=%26\nplain text/plain; charset=utf-8 y\nDELETE[]\n{\"n\":1}\n204\n\
         404 HTTP 404 no such page"
    );
}

#[tokio::test]
async fn headers_stick_until_they_are_cleared() {
    let script = r#"
        token = "abc"
        SET HEADER "Authorization", "Bearer " + token
        SET HEADER "X-Extra" = "one"
        r = GET "HOST/a"
        TALK r.auth + " " + r.extra
        SET HEADER "x-extra" AS "two"
        r = POST "HOST/a", {}
        TALK r.auth + " " + r.extra
        SET_HEADER "X-Extra", ""
        r = GET "HOST/a"
        TALK "[" + r.extra + "]"
        CLEAR HEADERS
        r = GET "HOST/a"
        TALK "[" + r.auth + "]"
        SET HEADER "Host", "evil"
    "#;
    assert_eq!(
        says(script).await,
        "Bearer abc one\nBearer abc two\n[]\n[]\nfailed: `host` is not a header that can be sent"
    );
}

#[tokio::test]
async fn what_fails_can_be_trapped_and_other_sources_are_passed_on() {
    let script = r#"
        ON ERROR RESUME NEXT
        r = GET "http://169.254.169.254/latest/meta-data?token=s3cret"
        TALK ERR + " " + ERROR MESSAGE
        CLEAR ERROR
        r = GET "HOST/image"
        TALK ERROR MESSAGE
        CLEAR ERROR
        r = GET "ftp://a.example/x"
        TALK ERR
        ON ERROR GOTO 0
        TALK GET "session.cart"
        role = GET role
        TALK role
        TALK GET "manual.pdf"
    "#;
    assert_eq!(
        says(script).await,
        "1003 169.254.169.254 is an address inside a private network; the operator can open it with outbound.allow = \
         [\"169.254.169.254:80\"]\n127.0.0.1 answered with binary data (image/png)\n4000\nsession session.cart\n\
         session role\nfile manual.pdf"
    );
}
