//! The outbound rule holds for models as for everything else.

use std::sync::Arc;

use botserver_http::{HostPort, HttpClient, OutboundPolicy};
use botserver_models::HttpModels;
use botserver_ports::{ChatModel as _, ModelFault};
use botserver_testkit::{FakeAnswer, FakeModel};

use crate::{endpoint, models, request};

#[tokio::test]
async fn a_packages_model_may_not_be_private_until_the_operator_says_so() {
    let model = FakeModel::start().await.unwrap();
    let mut untrusted = request(&model.url());
    untrusted.endpoint.trusted = false;
    let error = models().ask(untrusted.clone()).await.err().unwrap();
    assert_eq!(error.fault, ModelFault::Address);
    assert!(error.message.contains("outbound.allow"), "{error}");
    assert!(models().models(&untrusted.endpoint).await.is_err());
    assert_eq!(model.seen().requests, 0);

    let open = HostPort::new("127.0.0.1", model.address().port());
    let opened = HttpModels::new(Arc::new(HttpClient::new(OutboundPolicy { allow: vec![open] })));
    model.answer(FakeAnswer::text("x"));
    assert!(opened.ask(untrusted).await.is_ok());
}

#[tokio::test]
async fn addresses_that_lead_nowhere_are_said_to() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    for (url, fault) in [
        (closed.as_str(), ModelFault::Unreachable),
        ("ftp://x/", ModelFault::Address),
        ("nonsense", ModelFault::Address),
    ] {
        let error = models().models(&endpoint(url)).await.unwrap_err();
        assert_eq!(error.fault, fault, "{url}: {error}");
    }
}
