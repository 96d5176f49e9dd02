//! What stands between the client and the network.

use std::sync::{Arc, Mutex};

use axum::{Router, routing::any};
use botserver_http::{Error, Exchange, Method, Request, Response, Result, Trust};
use futures_util::StreamExt;

use crate::{client, serve};

/// Knows one address, lets another out, and forbids all others.
#[derive(Default)]
struct Known(Mutex<Vec<String>>);

impl Exchange for Known {
    fn answer(&self, request: &Request) -> Result<Option<Response>> {
        match request.url.path() {
            "/known" => {
                let (headers, url) = (request.headers.clone(), request.url.clone());
                Ok(Some(Response { status: 201, headers, url, body: "recorded".into() }))
            }
            "/out" => Ok(None),
            path => Err(Error::Exchange { message: format!("{path} is not known") }),
        }
    }

    fn heard(&self, request: &Request, outcome: &Result<Response>) {
        let body = outcome.as_ref().map(|response| String::from_utf8_lossy(&response.body).into_owned());
        self.0.lock().unwrap().push(format!("{} {body:?}", request.url.path()));
    }
}

#[tokio::test]
async fn a_request_is_answered_let_out_or_kept_in() {
    let server = serve(Router::new().fallback(any(async || "outside"))).await;
    let known = Arc::new(Known::default());
    let client = client(&[server]).with_exchange(known.clone());
    let get = |path: &str| Request::new(Method::GET, &format!("http://{server}/{path}"), Trust::Untrusted).unwrap();
    let answer = client.send(get("known")).await.unwrap();
    assert_eq!((answer.status, &answer.body[..]), (201, &b"recorded"[..]));
    let mut streamed = client.open(get("out")).await.unwrap();
    assert_eq!(streamed.body.next().await.unwrap().unwrap(), "outside");
    let error = client.send(get("other")).await.unwrap_err();
    assert_eq!(error.to_string(), "/other is not known");
    assert_eq!(*known.0.lock().unwrap(), ["/out Ok(\"outside\")"]);
    let mut small = get("known");
    small.max_body = 3;
    assert_eq!(client.send(small).await.unwrap_err(), Error::TooLarge { host: "127.0.0.1".into(), limit: 3 });
}
