//! Models asked through the room, on both databases; the model itself is a list of answers.
#![cfg(test)]

mod once;

use std::sync::Arc;

use async_trait::async_trait;
use botserver_config::{BotConfig, BotDefaults};
use botserver_db::Db;
use botserver_kernel::{BotId, OrgId};
use botserver_llm::{AskedBy, Llm, LlmDeps, ModelSettings};
use botserver_ports::{ChatModel, ModelEndpoint, ModelError, ModelPiece, ModelRequest, ModelStream};
use botserver_testkit::{FixedClock, OpenDoor, SeqIds};
use futures_util::{StreamExt as _, stream};
use parking_lot::Mutex;
use uuid::Uuid;

type Pieces = Vec<Result<ModelPiece, ModelError>>;

/// Gives its answers in order and remembers what it was asked.
#[derive(Default)]
struct Scripted {
    answers: Mutex<Vec<Pieces>>,
    asked: Mutex<Vec<ModelRequest>>,
}

#[async_trait]
impl ChatModel for Scripted {
    async fn ask(&self, request: ModelRequest) -> Result<ModelStream, ModelError> {
        self.asked.lock().push(request);
        let mut answers = self.answers.lock();
        assert!(!answers.is_empty(), "the script has no answer left");
        Ok(stream::iter(answers.remove(0)).boxed())
    }

    async fn models(&self, _: &ModelEndpoint) -> Result<Vec<String>, ModelError> {
        Ok(vec!["scripted".to_owned()])
    }
}

/// The room over a model that gives these answers.
fn room(db: Db, answers: impl IntoIterator<Item = Pieces>) -> (Llm, Arc<Scripted>) {
    let model = Arc::new(Scripted { answers: Mutex::new(answers.into_iter().collect()), ..Scripted::default() });
    let deps = LlmDeps {
        db,
        ids: Arc::new(SeqIds::default()),
        clock: Arc::new(FixedClock::default()),
        model: model.clone(),
        authorizer: Arc::new(OpenDoor),
    };
    (Llm::new(deps), model)
}

fn settings(lines: &str) -> ModelSettings {
    let lines = format!("llm-url,http://model.example\nllm-model,scripted\n{lines}");
    let config = BotConfig::parse("config.csv", lines.as_bytes(), &BotDefaults::default()).0;
    ModelSettings::resolve(&config, None).expect("a model")
}

fn by(bot: u128) -> AskedBy {
    AskedBy {
        org_id: OrgId::new(Uuid::from_u128(1)),
        bot_id: BotId::new(Uuid::from_u128(bot)),
        bot: "clerk".into(),
        person: None,
        conversation: None,
    }
}
