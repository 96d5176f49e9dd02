//! One question, one answer: how often, how long, and what is kept of it.

use std::time::Duration;

use botserver_db::Db;
use botserver_kernel::Principal;
use botserver_llm::{Completion, Error, ModelSettings};
use botserver_ports::{
    AnswerFormat, EndReason, ModelError, ModelFault, ModelMessage, ModelPiece, ModelRequest, ModelUsage,
};
use botserver_testkit::db_tests;

use super::{Pieces, by, room, settings};

const PATIENCE: Duration = Duration::from_secs(40);

fn hello() -> Vec<ModelMessage> {
    vec![ModelMessage::user("Hello")]
}

fn answer(text: &str) -> Pieces {
    let usage = Some(ModelUsage { input: 3, output: 2, cached: 0 });
    vec![Ok(ModelPiece::Text(text.to_owned())), Ok(ModelPiece::End { reason: EndReason::Stop, usage })]
}

fn failed(error: Result<Completion, Error>) -> ModelError {
    match error {
        Err(Error::Model(error)) => error,
        other => panic!("no failure of a model: {other:?}"),
    }
}

db_tests! {
    migrations: botserver_llm::MIGRATIONS;

    async fn a_bot_calls_its_model_only_so_often(db: Db) {
        let (llm, model) = room(db, (0..4).map(|_| answer("Good day.")));
        let settings = settings("llm-rate-limit,2");
        for _ in 0..2 {
            assert_eq!(llm.complete(&settings, hello(), PATIENCE, by(1)).await.unwrap().text, "Good day.");
        }
        // The third would have to wait for half a minute, which nobody does.
        let error = failed(llm.complete(&settings, hello(), PATIENCE, by(1)).await);
        assert_eq!(error.fault, ModelFault::Limited);
        assert!(error.message.contains("2 times a minute (`llm-rate-limit`)"), "{error}");
        assert!(error.retry_after.is_some_and(|seconds| (1..=30).contains(&seconds)), "{error:?}");
        assert!(!error.is_passing());
        assert_eq!(model.asked.lock().len(), 2, "the provider heard nothing of it");
        // Another bot has its own calls; and without a limit there is none.
        llm.complete(&settings, hello(), PATIENCE, by(2)).await.unwrap();
        llm.complete(&super::settings("llm-rate-limit,0"), hello(), PATIENCE, by(1)).await.unwrap();
        let used = llm.usage(&Principal::system(by(1).org_id), 1).await.unwrap();
        let calls: i64 = used.iter().map(|row| row.calls).sum();
        let failed: i64 = used.iter().map(|row| row.failed).sum();
        assert_eq!((calls, failed), (5, 1));
    }

    async fn a_call_that_is_a_little_early_waits(db: Db) {
        // Two hundred at once, and then one each three tenths of a second.
        let (llm, model) = room(db, (0..201).map(|_| answer("Yes.")));
        let settings = settings("llm-rate-limit,200");
        let paced = llm.model_of(by(1).bot_id, &settings);
        for _ in 0..200 {
            drop(paced.ask(request(&settings)).await.unwrap());
        }
        assert_eq!(llm.complete(&settings, hello(), PATIENCE, by(1)).await.unwrap().text, "Yes.");
        assert_eq!(model.asked.lock().len(), 201);
    }
}

fn request(settings: &ModelSettings) -> ModelRequest {
    ModelRequest {
        endpoint: settings.endpoint.clone(),
        messages: hello(),
        tools: Vec::new(),
        temperature: None,
        max_tokens: None,
        format: AnswerFormat::Text,
        limits: settings.limits,
    }
}
