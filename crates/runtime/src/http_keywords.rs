//! GET, POST, PUT, PATCH, DELETE HTTP and the sticky headers. Addresses come from scripts, so they are
//! untrusted; writes carry the effect's idempotency key. Knows no provider and no file.
//!
//! Results: GET gives the parsed body (JSON, else text). An object that has no `status` gets the HTTP one;
//! what failed and is no object becomes `{status, error, body}`. The writing keywords give an object with
//! the members of the body and, always from HTTP, `status`, `data` (the parsed body) and `headers`. Only a
//! request that got no answer at all is an error.

use std::sync::Arc;

use botserver_basic_types::{Arg, Args, BasicError, DataExpr, Effect, KeywordDecl, Result, Value, ValueObject, ops};
use botserver_http::{Error, HttpClient, Method, Request, Response, Trust};

use crate::{Handler, Keyword, raising};

/// The part of the state document that holds the sticky headers; the one who starts a run removes it.
pub const HTTP_HEADERS: &str = "http_headers";

/// What GET does when its argument is no web address.
pub struct GetElsewhere {
    /// `GET "session.k"`, `GET "user.k"`, `GET "bot.k"` and `GET role`; the argument is `source`.
    pub session: Handler,
    /// `GET "file.pdf"`: the text of a file of the drive; the argument is `source`.
    pub file: Handler,
}

/// The keywords.
pub fn http_keywords(client: &Arc<HttpClient>, elsewhere: GetElsewhere) -> Vec<Keyword> {
    let calls = vec![
        get(client.clone(), elsewhere),
        write(
            client,
            Method::POST,
            "POST",
            &["POST", "WEBHOOK POST"],
            "r = POST \"https://api.example.com/orders\", order",
        ),
        write(client, Method::PUT, "PUT", &["PUT"], "r = PUT \"https://api.example.com/orders/7\", order"),
        write(client, Method::PATCH, "PATCH", &["PATCH"], "r = PATCH \"https://api.example.com/orders/7\", change"),
        delete(client.clone()),
    ];
    let mut all = raising(calls, &[1000, 1001, 1002, 1003, 1004, 4000]);
    all.extend([set_header(), clear_headers()]);
    all
}

/// `DELETE "https://…"`, for the keyword that decides by its argument (`target`).
pub fn delete_url(client: &Arc<HttpClient>) -> Handler {
    let client = client.clone();
    Handler::Write(Arc::new(move |_, key, args| {
        let client = client.clone();
        Box::pin(async move { send(&client, Method::DELETE, "target", Some(key), &args).await })
    }))
}

fn get(client: Arc<HttpClient>, elsewhere: GetElsewhere) -> Keyword {
    let decl = KeywordDecl::new(
        "GET",
        &["GET source:path [WITH params:values] [HEADERS headers:expr]", "GET source:path INTO into:target"],
        Effect::Read,
        "What stands at a web address (JSON is parsed), or a value of the session.",
        "rates = GET \"https://api.example.com/rates\"",
    )
    .returning();
    let web = Handler::Read {
        slow: true,
        run: Arc::new(move |_, args| {
            let client = client.clone();
            Box::pin(async move { fetch(&client, &args).await })
        }),
    };
    Keyword::choice(decl, which_get, vec![web, elsewhere.session, elsewhere.file])
}

/// 0 the web, 1 the session, 2 a file. A name without dot and slash is a session value.
fn which_get(args: &Args) -> usize {
    let source = args.text("source");
    let source = source.trim();
    let starts = |start: &str| source.get(..start.len()).is_some_and(|own| own.eq_ignore_ascii_case(start));
    if starts("http://") || starts("https://") || source.contains("://") {
        return 0;
    }
    if starts("session.") || starts("user.") || starts("bot.") || !source.contains(['.', '/']) {
        return 1;
    }
    2
}

fn write(
    client: &Arc<HttpClient>,
    method: Method,
    name: &'static str,
    phrases: &[&'static str],
    example: &'static str,
) -> Keyword {
    let mut decl = KeywordDecl::new(
        name,
        &[],
        Effect::Write,
        "Sends data to a web address; gives the answer with status, data and headers.",
        example,
    )
    .returning();
    for phrase in phrases {
        for rest in [
            "url:expr WITH assigns:values [HEADERS headers:expr]",
            "url:expr WITH body:expr [HEADERS headers:expr]",
            "url:expr , list:fields [HEADERS headers:expr]",
            "url:expr [BODY body:expr] [HEADERS headers:expr]",
        ] {
            decl.forms.push(format!("{phrase} {rest}").into());
        }
    }
    let client = client.clone();
    Keyword::write(decl, move |_, key, args| {
        let (client, method) = (client.clone(), method.clone());
        Box::pin(async move { send(&client, method, "url", Some(key), &args).await })
    })
}

fn delete(client: Arc<HttpClient>) -> Keyword {
    let decl = KeywordDecl::new(
        "DELETE HTTP",
        &["DELETE HTTP url:expr [HEADERS headers:expr]"],
        Effect::Write,
        "Deletes what stands at a web address.",
        "r = DELETE HTTP \"https://api.example.com/orders/7\"",
    )
    .returning();
    Keyword::write(decl, move |_, key, args| {
        let client = client.clone();
        Box::pin(async move { send(&client, Method::DELETE, "url", Some(key), &args).await })
    })
}

fn set_header() -> Keyword {
    let decl = KeywordDecl::new(
        "SET HEADER",
        &[
            "SET HEADER name:expr , value:expr",
            "SET HEADER name:expr = value:expr",
            "SET HEADER name:expr AS value:expr",
        ],
        Effect::Say,
        "A header that every following request of this run carries; an empty value removes it.",
        "SET HEADER \"Authorization\", \"Bearer \" + token",
    );
    Keyword::say(decl, |_, turn, args| {
        let (name, value) = (args.required_text("name")?, args.text("value"));
        let name = name.trim().to_ascii_lowercase();
        // Refused here, where the mistake is, and not at the request.
        Request::new(Method::GET, "http://check.invalid/", Trust::Untrusted)
            .and_then(|request| request.header(&name, &value))
            .map_err(|error| failed(&error))?;
        let headers = turn.state_mut(HTTP_HEADERS);
        if !headers.is_object() {
            *headers = serde_json::Value::Object(serde_json::Map::new());
        }
        if let Some(headers) = headers.as_object_mut() {
            headers.remove(&name);
            if !value.trim().is_empty() {
                headers.insert(name, value.into());
            }
        }
        Ok(Value::Null)
    })
}

fn clear_headers() -> Keyword {
    let decl = KeywordDecl::new(
        "CLEAR HEADERS",
        &["CLEAR HEADERS"],
        Effect::Say,
        "Removes every header that SET HEADER made.",
        "CLEAR HEADERS",
    );
    Keyword::say(decl, |_, turn, _| {
        if turn.state.contains_key(HTTP_HEADERS) {
            turn.state_changed = true;
            turn.state.remove(HTTP_HEADERS);
        }
        Ok(Value::Null)
    })
}

/// Gives a request the sticky headers of the turn; the runtime calls it before every read and write.
pub(crate) fn attach_headers(args: &mut Args, state: &serde_json::Map<String, serde_json::Value>) {
    if let Some(headers) = state.get(HTTP_HEADERS) {
        args.0.push((Arc::from(HTTP_HEADERS), Arg::Value(Value::from_json(headers))));
    }
}

/// 1000 no answer, 1001 time is over, 1002 not found, 1003 refused, 1004 too large, 4000 a bad address.
fn failed(error: &Error) -> BasicError {
    let number = match error {
        Error::Timeout { .. } => 1001,
        Error::Unknown { .. } => 1002,
        Error::Refused { .. } => 1003,
        Error::TooLarge { .. } => 1004,
        Error::BadUrl { .. } | Error::Scheme { .. } | Error::BadHeader { .. } => 4000,
        _ => 1000,
    };
    BasicError::new(number, error.to_string())
}

async fn fetch(client: &HttpClient, args: &Args) -> Result<Value> {
    let mut request = with_headers(Request::new(Method::GET, &args.text("source"), Trust::Untrusted), args)?;
    if let Some(Arg::Assignments(pairs)) = args.get("params") {
        let mut query = request.url.query_pairs_mut();
        for pair in pairs {
            query.append_pair(&pair.column, &ops::to_text(&constant(&pair.value)?));
        }
    }
    let response = client.send(request).await.map_err(|error| failed(&error))?;
    let status = Value::Int(i64::from(response.status));
    let reason = || Value::text(format!("HTTP {}", response.status));
    Ok(match body_of(&response)? {
        Value::Object(mut fields) => {
            fields.entry(Arc::from("status")).or_insert(status);
            if !response.is_success() {
                fields.entry(Arc::from("error")).or_insert_with(reason);
            }
            Value::Object(fields)
        }
        body if response.is_success() => body,
        body => object([("status", status), ("error", reason()), ("body", body)]),
    })
}

async fn send(client: &HttpClient, method: Method, url: &str, key: Option<&str>, args: &Args) -> Result<Value> {
    let mut request = with_headers(Request::new(method, &args.text(url), Trust::Untrusted), args)?;
    if let Some(key) = key
        && !request.headers.contains_key("idempotency-key")
    {
        request = request.header("idempotency-key", key).map_err(|error| failed(&error))?;
    }
    if let Some((body, content_type)) = payload(args)? {
        request = with_body(request, &body, content_type.as_deref())?;
    }
    let response = client.send(request).await.map_err(|error| failed(&error))?;
    let data = body_of(&response)?;
    let mut fields = match &data {
        Value::Object(fields) => fields.clone(),
        _ => ValueObject::new(),
    };
    if !response.is_success() {
        fields.entry(Arc::from("error")).or_insert_with(|| Value::text(format!("HTTP {}", response.status)));
    }
    let headers = response
        .headers
        .iter()
        .filter_map(|(name, value)| Some((Arc::from(name.as_str()), Value::text(value.to_str().ok()?))))
        .collect();
    fields.insert(Arc::from("status"), Value::Int(i64::from(response.status)));
    fields.insert(Arc::from("data"), data);
    fields.insert(Arc::from("headers"), Value::Object(headers));
    Ok(Value::Object(fields))
}

/// The sticky headers first, so that HEADERS of the request itself wins.
fn with_headers(request: botserver_http::Result<Request>, args: &Args) -> Result<Request> {
    let mut request = request.map_err(|error| failed(&error))?;
    for name in [HTTP_HEADERS, "headers"] {
        for (name, value) in header_pairs(&args.value(name))? {
            request = request.header(&name, &value).map_err(|error| failed(&error))?;
        }
    }
    Ok(request)
}

/// An object, a list of texts, or a text with one `Name: value` per line.
fn header_pairs(value: &Value) -> Result<Vec<(String, String)>> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Object(fields) => {
            Ok(fields.iter().map(|(name, value)| (name.to_string(), ops::to_text(value))).collect())
        }
        Value::Array(items) => items.iter().map(header_pairs).collect::<Result<Vec<_>>>().map(|all| all.concat()),
        other => ops::to_text(other)
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| {
                let pair = line.split_once(':');
                let pair = pair.ok_or_else(|| BasicError::invalid("a header is written \"Name: value\""))?;
                Ok((pair.0.trim().to_owned(), pair.1.trim().to_owned()))
            })
            .collect(),
    }
}

/// The body and its type, from whichever form was written.
fn payload(args: &Args) -> Result<Option<(Value, Option<String>)>> {
    if let Some(Arg::Assignments(pairs)) = args.get("assigns") {
        let fields = pairs
            .iter()
            .map(|pair| Ok((Arc::from(pair.column.as_str()), constant(&pair.value)?)))
            .collect::<Result<_>>()?;
        return Ok(Some((Value::Object(fields), None)));
    }
    if let Some(Arg::Assignments(list)) = args.get("list") {
        let values =
            list.iter().map(|pair| Ok((pair.column.as_str(), constant(&pair.value)?))).collect::<Result<Vec<_>>>()?;
        return Ok(Some(match values.as_slice() {
            [(_, body)] => (body.clone(), None),
            [(_, body), (_, kind)] if is_media_type(kind) => (body.clone(), Some(ops::to_text(kind))),
            // POST u, name, email: the values under the names of their variables.
            many if many.iter().all(|(name, _)| !name.is_empty()) => {
                let fields = many.iter().map(|(name, value)| (Arc::from(*name), value.clone())).collect();
                (Value::Object(fields), None)
            }
            many => (Value::Array(many.iter().map(|(_, value)| value.clone()).collect()), None),
        }));
    }
    Ok(match args.get("body") {
        Some(Arg::Value(value)) => Some((value.clone(), None)),
        _ => None,
    })
}

fn is_media_type(value: &Value) -> bool {
    value.as_text().and_then(|text| text.split_once('/')).is_some_and(|(kind, sub)| {
        ["application", "text", "image", "audio", "video", "multipart"].contains(&kind.trim()) && !sub.contains(' ')
    })
}

/// Objects and lists as JSON (or as a form, if the type says so), text as it is.
fn with_body(request: Request, body: &Value, content_type: Option<&str>) -> Result<Request> {
    let mut request = request;
    if let Some(kind) = content_type {
        request = request.header("content-type", kind).map_err(|error| failed(&error))?;
    }
    let kind = request.headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let as_form = kind.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded");
    Ok(match body {
        Value::Null => request,
        Value::Object(fields) if as_form => {
            let mut form = String::new();
            {
                let mut address = botserver_http::parse_url("http://form.invalid/").map_err(|error| failed(&error))?;
                address
                    .query_pairs_mut()
                    .extend_pairs(fields.iter().map(|(name, value)| (name.to_string(), ops::to_text(value))));
                form.push_str(address.query().unwrap_or_default());
            }
            request.body(form, "application/x-www-form-urlencoded")
        }
        Value::Object(_) | Value::Array(_) | Value::Rows(_) => {
            request.body(body.to_json().to_string(), "application/json")
        }
        other => {
            let text = ops::to_text(other);
            let json = text.trim_start().starts_with(['{', '['])
                && serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            request.body(text, if json { "application/json" } else { "text/plain; charset=utf-8" })
        }
    })
}

/// JSON as values, text as text; what is neither belongs to DOWNLOAD.
fn body_of(response: &Response) -> Result<Value> {
    if response.body.is_empty() {
        return Ok(Value::text(""));
    }
    let kind = response.media_type().unwrap_or_default();
    let Some(text) = response.text() else {
        let kind = if kind.is_empty() { "binary data".to_owned() } else { format!("binary data ({kind})") };
        return Err(BasicError::new(
            1000,
            format!("{} answered with {kind}", response.url.host_str().unwrap_or_default()),
        )
        .with_help("Use DOWNLOAD to keep it as a file."));
    };
    let looks_like_json = kind.ends_with("json") || text.trim_start().starts_with(['{', '[']);
    if looks_like_json && let Ok(json) = serde_json::from_str::<serde_json::Value>(text.trim_start_matches('\u{feff}'))
    {
        return Ok(Value::from_json(&json));
    }
    Ok(Value::text(text))
}

fn constant(expr: &DataExpr) -> Result<Value> {
    match expr {
        DataExpr::Value(value) => Ok(value.clone()),
        _ => Err(BasicError::invalid("a value of a request names a column")),
    }
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Object(fields.into_iter().map(|(name, value)| (Arc::from(name), value)).collect())
}
