//! Events of the Messages API as pieces of an answer.

use std::collections::BTreeMap;

use botserver_ports::{EndReason, ModelError, ModelUsage};
use serde_json::Value as Json;

use crate::{
    answer::{Output, Reader},
    calls::{Calls, Piece},
    fault::Speaker,
    sse::Event,
};

/// Reads one answer.
pub(crate) struct MessagesReader {
    speaker: Speaker,
    calls: Calls,
    /// Calls that are being written, with the input that came whole instead of in pieces.
    open: BTreeMap<u64, String>,
    finish: Option<EndReason>,
    usage: Option<ModelUsage>,
}

impl MessagesReader {
    pub(crate) const fn new(speaker: Speaker, calls: Calls) -> Self {
        Self { speaker, calls, open: BTreeMap::new(), finish: None, usage: None }
    }

    fn usage(&mut self, told: &Json) {
        let number = |name: &str| told[name].as_u64();
        let usage = self.usage.get_or_insert_default();
        if let Some(input) = number("input_tokens") {
            let cached = number("cache_read_input_tokens").unwrap_or_default();
            // Theirs leaves out what the cache read or took in.
            usage.input = input + cached + number("cache_creation_input_tokens").unwrap_or_default();
            usage.cached = cached;
        }
        if let Some(output) = number("output_tokens") {
            usage.output = output;
        }
    }

    fn block(&mut self, index: u64, block: &Json, out: &mut Output) -> Result<(), ModelError> {
        let text = |name: &str| block[name].as_str().unwrap_or_default().to_owned();
        match block["type"].as_str() {
            Some("text") => out.text(text("text")),
            Some("thinking") => out.reasoning(text("thinking")),
            Some("tool_use") => {
                let input = &block["input"];
                let whole = input.as_object().is_some_and(|input| !input.is_empty());
                self.open.insert(index, if whole { input.to_string() } else { String::new() });
                let name = text("name");
                out.count(name.len())?;
                let piece = Piece { index: Some(index), id: text("id"), name, arguments: String::new() };
                self.calls.add(piece);
                Ok(())
            }
            // Thoughts that only they can read, and what later versions bring.
            _ => Ok(()),
        }
    }

    fn delta(&mut self, index: u64, delta: &Json, out: &mut Output) -> Result<(), ModelError> {
        let text = |name: &str| delta[name].as_str().unwrap_or_default().to_owned();
        match delta["type"].as_str() {
            Some("text_delta") => out.text(text("text")),
            Some("thinking_delta") => out.reasoning(text("thinking")),
            Some("input_json_delta") => {
                let arguments = text("partial_json");
                out.count(arguments.len())?;
                if !arguments.is_empty() {
                    self.open.remove(&index);
                }
                self.calls.add(Piece { index: Some(index), arguments, ..Piece::default() });
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn reason(&mut self, reason: &Json) {
        self.finish = match reason.as_str() {
            None => return,
            Some("tool_use") => Some(EndReason::Calls),
            Some("max_tokens" | "model_context_window_exceeded") => Some(EndReason::Length),
            Some("refusal") => Some(EndReason::Filtered),
            Some(_) => Some(EndReason::Stop),
        };
    }

    fn finish(&mut self, out: &mut Output) {
        for (index, arguments) in std::mem::take(&mut self.open) {
            self.calls.add(Piece { index: Some(index), arguments, ..Piece::default() });
        }
        let reason = self.finish.unwrap_or(EndReason::Stop);
        for call in self.calls.finish(reason == EndReason::Length) {
            out.call(call);
        }
        out.end(reason, self.usage);
    }
}

impl Reader for MessagesReader {
    fn event(&mut self, event: &Event, out: &mut Output) -> Result<(), ModelError> {
        let Ok(body) = serde_json::from_str::<Json>(&event.data) else {
            return Err(self.speaker.malformed("a piece that is not JSON"));
        };
        let index = body["index"].as_u64().unwrap_or_default();
        match body["type"].as_str() {
            Some("message_start") => self.usage(&body["message"]["usage"]),
            Some("content_block_start") => self.block(index, &body["content_block"], out)?,
            Some("content_block_delta") => self.delta(index, &body["delta"], out)?,
            Some("message_delta") => {
                self.usage(&body["usage"]);
                self.reason(&body["delta"]["stop_reason"]);
            }
            Some("message_stop") => self.finish(out),
            Some("error") | None => return Err(self.speaker.inside(&body)),
            // Pings, and what later versions bring.
            Some(_) => {}
        }
        Ok(())
    }

    fn whole(&mut self, body: &Json, out: &mut Output) -> Result<(), ModelError> {
        if body["type"] != "message" {
            return Err(self.speaker.inside(body));
        }
        for (index, block) in body["content"].as_array().into_iter().flatten().enumerate() {
            self.block(index as u64, block, out)?;
        }
        self.usage(&body["usage"]);
        self.reason(&body["stop_reason"]);
        self.finish(out);
        Ok(())
    }

    fn end(&mut self, out: &mut Output) -> Result<(), ModelError> {
        if self.finish.is_none() {
            return Err(self.speaker.cut());
        }
        self.finish(out);
        Ok(())
    }
}
