//! Answers of `streamGenerateContent` as pieces of an answer.

use botserver_ports::{EndReason, ModelError, ModelUsage};
use serde_json::Value as Json;

use crate::{
    answer::{Output, Reader},
    calls::{Calls, Piece},
    fault::Speaker,
    sse::Event,
};

/// Reads one answer.
pub(crate) struct GenerateReader {
    speaker: Speaker,
    calls: Calls,
    finish: Option<EndReason>,
    usage: Option<ModelUsage>,
    /// Calls so far; they come whole and without numbers.
    seen: u64,
}

impl GenerateReader {
    pub(crate) const fn new(speaker: Speaker, calls: Calls) -> Self {
        Self { speaker, calls, finish: None, usage: None, seen: 0 }
    }

    fn chunk(&mut self, body: &Json, out: &mut Output) -> Result<(), ModelError> {
        if body.get("error").is_some() {
            return Err(self.speaker.inside(body));
        }
        let told = &body["usageMetadata"];
        if told.is_object() {
            let number = |name: &str| told[name].as_u64().unwrap_or_default();
            self.usage = Some(ModelUsage {
                input: number("promptTokenCount"),
                output: number("candidatesTokenCount") + number("thoughtsTokenCount"),
                cached: number("cachedContentTokenCount"),
            });
        }
        if body["promptFeedback"]["blockReason"].is_string() {
            self.finish = Some(EndReason::Filtered);
        }
        let candidate = &body["candidates"][0];
        for part in candidate["content"]["parts"].as_array().into_iter().flatten() {
            let call = &part["functionCall"];
            if call.is_object() {
                let arguments = if call["args"].is_object() { call["args"].to_string() } else { String::new() };
                out.count(arguments.len())?;
                let text = |name: &str| call[name].as_str().unwrap_or_default().to_owned();
                self.calls.add(Piece { index: Some(self.seen), id: text("id"), name: text("name"), arguments });
                self.seen += 1;
            } else if let Some(text) = part["text"].as_str() {
                let is_thought = part["thought"] == true;
                if is_thought { out.reasoning(text.to_owned())? } else { out.text(text.to_owned())? }
            }
        }
        match candidate["finishReason"].as_str() {
            None | Some("FINISH_REASON_UNSPECIFIED") => {}
            Some("MAX_TOKENS") => self.finish = Some(EndReason::Length),
            Some("SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "LANGUAGE") => {
                self.finish = Some(EndReason::Filtered);
            }
            Some("MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL") => {
                return Err(self.speaker.malformed("a call of a tool that cannot be read"));
            }
            Some(_) => self.finish = Some(EndReason::Stop),
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Output) -> Result<(), ModelError> {
        let Some(told) = self.finish else { return Err(self.speaker.cut()) };
        let calls = self.calls.finish(false);
        let reason = if told == EndReason::Stop && !calls.is_empty() { EndReason::Calls } else { told };
        for call in calls {
            out.call(call);
        }
        out.end(reason, self.usage);
        Ok(())
    }
}

impl Reader for GenerateReader {
    fn event(&mut self, event: &Event, out: &mut Output) -> Result<(), ModelError> {
        let Ok(body) = serde_json::from_str::<Json>(&event.data) else {
            return Err(self.speaker.malformed("a piece that is not JSON"));
        };
        self.chunk(&body, out)
    }

    fn whole(&mut self, body: &Json, out: &mut Output) -> Result<(), ModelError> {
        // Without `alt=sse` the same chunks come as a list.
        match body {
            Json::Array(chunks) => chunks.iter().try_for_each(|chunk| self.chunk(chunk, out))?,
            chunk => self.chunk(chunk, out)?,
        }
        if self.finish.is_none() {
            return Err(self.speaker.inside(body));
        }
        self.finish(out)
    }

    fn end(&mut self, out: &mut Output) -> Result<(), ModelError> {
        self.finish(out)
    }
}
