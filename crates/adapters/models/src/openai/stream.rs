//! Chunks of chat completions as pieces of an answer. Reads what is there and asks for nothing that some server leaves out.

use botserver_ports::{EndReason, ModelError, ModelUsage};
use serde_json::Value as Json;

use crate::{
    answer::{Output, Reader},
    calls::{Calls, Piece},
    fault::Speaker,
    sse::Event,
    think::{Part, Splitter},
};

/// Reads one answer.
pub(crate) struct ChatReader {
    speaker: Speaker,
    splitter: Splitter,
    calls: Calls,
    finish: Option<EndReason>,
    usage: Option<ModelUsage>,
    /// Something of an answer has come.
    any: bool,
    refused: bool,
}

impl ChatReader {
    pub(crate) fn new(speaker: Speaker, calls: Calls) -> Self {
        Self { speaker, splitter: Splitter::default(), calls, finish: None, usage: None, any: false, refused: false }
    }

    fn chunk(&mut self, body: &Json, out: &mut Output) -> Result<(), ModelError> {
        let is_error = body["object"] == "error" || body.get("error").is_some_and(|error| !error.is_null());
        if is_error {
            return Err(self.speaker.inside(body));
        }
        if let Some(usage) = usage(body) {
            self.usage = Some(usage);
        }
        let choice = &body["choices"][0];
        if choice.is_null() {
            // The last chunk has the usage and no choice. An object that is neither says nothing we know.
            let known = body.get("choices").is_some() || body.get("usage").is_some() || body.get("object").is_some();
            return if known { Ok(()) } else { Err(self.speaker.inside(body)) };
        }
        // A server that does not stream sends a `message` in place of a `delta`.
        let delta = if choice["delta"].is_object() { &choice["delta"] } else { &choice["message"] };
        self.delta(delta, out)?;
        // Before chat there were completions; some servers fall back to their form.
        if let Some(text) = choice["text"].as_str() {
            self.text(text, out)?;
        }
        if let Some(reason) = choice["finish_reason"].as_str().filter(|reason| !reason.is_empty()) {
            self.any = true;
            self.finish = Some(match reason {
                "error" => return Err(self.speaker.inside(choice)),
                "length" | "max_tokens" | "model_length" => EndReason::Length,
                "content_filter" | "safety" | "refusal" => EndReason::Filtered,
                "tool_calls" | "function_call" => EndReason::Calls,
                _ => EndReason::Stop,
            });
        }
        Ok(())
    }

    fn delta(&mut self, delta: &Json, out: &mut Output) -> Result<(), ModelError> {
        for name in ["reasoning_content", "reasoning"] {
            if let Some(text) = delta[name].as_str().filter(|text| !text.is_empty()) {
                self.any = true;
                out.reasoning(text.to_owned())?;
                break;
            }
        }
        match &delta["content"] {
            Json::String(text) => self.text(text, out)?,
            Json::Array(parts) => {
                for part in parts {
                    match &part["thinking"] {
                        Json::Array(thoughts) => {
                            for text in thoughts.iter().filter_map(|thought| thought["text"].as_str()) {
                                out.reasoning(text.to_owned())?;
                            }
                        }
                        Json::String(text) => out.reasoning(text.clone())?,
                        _ => self.text(part["text"].as_str().unwrap_or_default(), out)?,
                    }
                }
            }
            _ => {}
        }
        if let Some(text) = delta["refusal"].as_str().filter(|text| !text.is_empty()) {
            self.refused = true;
            self.text(text, out)?;
        }
        let many = delta["tool_calls"].as_array().map(Vec::as_slice).unwrap_or_default();
        // What calls of tools were called before there could be several.
        let one = delta["function_call"].is_object().then(|| (&Json::Null, &delta["function_call"]));
        for (call, function) in many.iter().map(|call| (call, &call["function"])).chain(one) {
            let arguments = match &function["arguments"] {
                Json::String(text) => text.clone(),
                Json::Null => String::new(),
                value => value.to_string(),
            };
            let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
            let name = text(&function["name"]);
            out.count(arguments.len() + name.len())?;
            let piece = Piece { index: call["index"].as_u64(), id: text(&call["id"]), name, arguments };
            self.any = true;
            self.calls.add(piece);
        }
        Ok(())
    }

    fn text(&mut self, text: &str, out: &mut Output) -> Result<(), ModelError> {
        if text.is_empty() {
            return Ok(());
        }
        self.any = true;
        for part in self.splitter.feed(text) {
            write(part, out)?;
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Output) -> Result<(), ModelError> {
        if let Some(part) = self.splitter.finish() {
            write(part, out)?;
        }
        let told = self.finish.unwrap_or(EndReason::Stop);
        let calls = self.calls.finish(told == EndReason::Length);
        let reason = match told {
            // Many say `stop` after calls, and some say `tool_calls` without any.
            EndReason::Stop | EndReason::Calls if calls.is_empty() && self.refused => EndReason::Filtered,
            EndReason::Stop | EndReason::Calls if calls.is_empty() => EndReason::Stop,
            EndReason::Stop | EndReason::Calls => EndReason::Calls,
            other => other,
        };
        for call in calls {
            out.call(call);
        }
        out.end(reason, self.usage);
        Ok(())
    }
}

fn write(part: Part, out: &mut Output) -> Result<(), ModelError> {
    match part {
        Part::Text(text) => out.text(text),
        Part::Reasoning(text) => out.reasoning(text),
    }
}

impl Reader for ChatReader {
    fn event(&mut self, event: &Event, out: &mut Output) -> Result<(), ModelError> {
        if event.is_done() {
            return if self.any { self.finish(out) } else { Err(self.speaker.malformed("an end without an answer")) };
        }
        let Ok(body) = serde_json::from_str::<Json>(&event.data) else {
            return Err(self.speaker.malformed("a piece that is not JSON"));
        };
        self.chunk(&body, out)
    }

    fn whole(&mut self, body: &Json, out: &mut Output) -> Result<(), ModelError> {
        // Some wrap errors into a list.
        let body = body.get(0).unwrap_or(body);
        self.chunk(body, out)?;
        if self.any { self.finish(out) } else { Err(self.speaker.inside(body)) }
    }

    fn end(&mut self, out: &mut Output) -> Result<(), ModelError> {
        // Not every server says `[DONE]`, but then it has said why it finished.
        if self.finish.is_some() { self.finish(out) } else { Err(self.speaker.cut()) }
    }
}

fn usage(body: &Json) -> Option<ModelUsage> {
    let usage = [&body["usage"], &body["x_groq"]["usage"]].into_iter().find(|usage| usage.is_object())?;
    let number = |value: &Json| value.as_u64();
    let input = number(&usage["prompt_tokens"]);
    let output = number(&usage["completion_tokens"]);
    let cached = number(&usage["prompt_tokens_details"]["cached_tokens"])
        .or_else(|| number(&usage["prompt_cache_hit_tokens"]))
        .or_else(|| number(&usage["cached_tokens"]));
    if input.is_none() && output.is_none() {
        return None;
    }
    Some(ModelUsage {
        input: input.unwrap_or_default(),
        output: output.unwrap_or_default(),
        cached: cached.unwrap_or_default(),
    })
}
