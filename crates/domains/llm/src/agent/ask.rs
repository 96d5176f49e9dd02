//! One question to the model: put together the first time, with its pictures, asked within its time.

use botserver_ports::{AnswerFormat, ModelError, ModelFault, ModelMessage, ModelPicture, ModelRequest};
use tokio::time::Instant;

use super::{
    Agent,
    listen::Listener,
    pictures,
    prepare::prepare,
    state::{Heard, Prepared, Reply},
};
use crate::failures;

impl Agent {
    /// Asks the model; the first time what it is asked is put together.
    pub(super) async fn ask(&mut self) -> Reply {
        let started = Instant::now();
        *self.heard.lock() = Heard::default();
        let mut reply = Reply { prepared: None, heard: Heard::default(), ms: 0, first_ms: None, failed: None };
        let messages = if self.state.messages.is_empty() {
            match self.prepare().await {
                Ok(prepared) => reply.prepared.insert(prepared).messages.clone(),
                Err(reason) => {
                    reply.failed = Some((ModelFault::Rejected, reason));
                    return reply;
                }
            }
        } else {
            self.state.messages.clone()
        };
        let settings = &self.deps.settings;
        let request = ModelRequest {
            endpoint: settings.endpoint.clone(),
            messages: self.with_pictures(messages).await,
            tools: self.state.question.tools.iter().map(|tool| tool.spec.clone()).collect(),
            temperature: settings.temperature,
            max_tokens: settings.max_tokens,
            format: AnswerFormat::Text,
            limits: settings.limits,
        };
        let mut listener = Listener {
            model: self.deps.model.clone(),
            sink: self.deps.sink.clone(),
            message: self.state.answer.clone(),
            turn: self.deps.turn.clone(),
            heard: self.heard.clone(),
            started: Instant::now(),
            first_ms: None,
            attempt: self.deps.clock.now_ms(),
        };
        let listened = tokio::time::timeout(settings.limits.total, listener.listen(&request)).await;
        let listened = listened.unwrap_or_else(|_| {
            let after = settings.limits.total.as_secs();
            Err(ModelError::new(ModelFault::TimedOut, format!("the model took longer than {after} seconds")))
        });
        if let Err(error) = &listened {
            failures::log(&self.deps.bot, &settings.endpoint, error, true);
        }
        reply.failed = listened.err().map(|error| (error.fault, error.message));
        reply.heard = std::mem::take(&mut *self.heard.lock());
        reply.first_ms = listener.first_ms;
        reply.ms = started.elapsed().as_millis() as u64;
        reply
    }

    async fn prepare(&self) -> Result<Prepared, String> {
        let gathered = self.deps.gather.gather(&self.state.question).await?;
        let (question, settings) = (self.state.question.clone(), self.deps.settings.clone());
        let preparing = tokio::task::spawn_blocking(move || prepare(&question, &settings, gathered));
        preparing.await.map_err(|error| error.to_string())
    }

    /// The messages with the bytes of their pictures. One that is not there any more, or is none, stays a name in the
    /// text.
    async fn with_pictures(&self, mut messages: Vec<ModelMessage>) -> Vec<ModelMessage> {
        for message in &mut messages {
            let ModelMessage::User { pictures, .. } = message else { continue };
            let mut seen = Vec::with_capacity(pictures.len());
            for picture in std::mem::take(pictures) {
                match self.deps.gather.picture(&picture).await {
                    Ok(data) if pictures::is_one(&picture.media_type, &data) => {
                        seen.push(ModelPicture { data, ..picture });
                    }
                    Ok(_) => {
                        tracing::info!(bot = %self.deps.bot, id = %picture.id, "a file is no picture, whatever it is called");
                    }
                    Err(error) => {
                        tracing::info!(bot = %self.deps.bot, id = %picture.id, %error, "a picture cannot be read");
                    }
                }
            }
            *pictures = seen;
        }
        messages
    }
}
