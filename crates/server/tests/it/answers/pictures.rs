//! Pictures that people attach, and models that see them or do not.

use botserver_testkit::FakeAnswer;
use serde_json::json;

use super::clerk::{clerk, fake, page, said};
use crate::live::{Body, Setup, message_id, on_both};

/// A picture, as far as its first bytes tell, and its base64.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0";
const PNG_TEXT: &str = "iVBORw0KGgoAAA==";

on_both! {
    /// A picture goes to a model that sees, now and with the next message; to another one goes its name.
    async fn a_picture_is_shown_to_a_model_that_sees(setup: Setup) {
        let model = fake().await;
        model.always(FakeAnswer::text("A dot."));
        let base = format!("llm-url,{}\nllm-model,fake-model\nllm-context-window,32000\n", model.url());
        let live = clerk(setup, &model)
            .file("clerk.gbai/clerk.gbot/config.csv", &format!("{base}llm-vision,true\n"))
            .file("blind.gbai/blind.gbot/config.csv", &base)
            .file("blind.gbai/blind.gbdialog/start.bas", "TALK \"Hello.\"\n")
            .start();
        let address = format!("data:image/png;base64,{PNG_TEXT}");
        let (visitor, mut socket, conversation) = page(&live).await;
        let stored = visitor.upload(&conversation, "a [dot].png", PNG).await.expect(201).json();
        let sent = message_id();
        socket.send(json!({"type": "message", "id": sent, "text": "What is it?", "attachments": [stored["id"]]})).await;
        assert_eq!(said(&socket.turn().await), ["A dot."]);
        let request = model.requests().remove(0);
        assert_eq!(request.last_text(), "What is it?\n[picture a  dot .png]");
        assert_eq!(request.pictures(), [&address]);
        // It is still there for the next question, and when the answer is made anew.
        socket.say("Are you sure?").await;
        socket.turn().await;
        let request = model.requests().remove(1);
        assert_eq!((request.last_text(), request.pictures()), ("Are you sure?", vec![address.as_str()]));
        socket.send(json!({"type": "regenerate", "id": message_id(), "message": sent})).await;
        socket.turn().await;
        assert_eq!(model.requests().remove(2).pictures(), [&address]);
        // A file that only claims to be a picture stays a name, and so does one that is too many.
        let path = format!("/api/v1/conversations/{conversation}/attachments?filename=lie.png");
        let lie = Body::Bytes("image/png", b"\0\x01\x02".to_vec());
        let lie = visitor.call("POST", &path, lie).await.expect(201).json();
        let mut files = vec![lie["id"].clone()];
        for _ in 0..5 {
            files.push(visitor.upload(&conversation, "dot.png", PNG).await.expect(201).json()["id"].clone());
        }
        socket.send(json!({"type": "message", "id": message_id(), "text": "", "attachments": files})).await;
        socket.turn().await;
        let request = model.requests().remove(3);
        assert_eq!(request.pictures(), vec![address.as_str(); 3], "the first four, of which one is none");
        assert_eq!(request.last_text().matches("[picture ").count(), 6);
        // Who does not see is told the name.
        let (mut socket, ready) = visitor.socket("blind", json!({"visible": true})).await;
        socket.turn().await;
        let conversation = ready["conversation"].as_str().expect("an id");
        let stored = visitor.upload(conversation, "dot.png", PNG).await.expect(201).json();
        socket.send(json!({"type": "message", "id": message_id(), "text": "And now?", "attachments": [stored["id"]]})).await;
        socket.turn().await;
        let request = model.requests().remove(4);
        assert_eq!((request.last_text(), request.pictures().len()), ("And now?\n[picture dot.png]", 0));
    }
}
