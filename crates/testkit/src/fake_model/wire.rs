//! The bytes of the protocol: chunks of chat completions as server-sent events.

use serde_json::{Value as Json, json};

use super::script::{FakeCall, FakeStep, FakeStyle, FakeUsage};

/// How many characters of a call's arguments go into one chunk.
const ARGUMENTS: usize = 7;

/// An error as OpenAI words it.
pub(super) fn error(code: &str, message: &str) -> Json {
    json!({ "error": { "message": message, "type": "invalid_request_error", "param": null, "code": code } })
}

/// Writes one answer.
pub(super) struct Writer {
    pub(super) style: FakeStyle,
    model: String,
    id: String,
    calls: usize,
    usage: FakeUsage,
    finish: Option<String>,
    wants_usage: bool,
}

impl Writer {
    pub(super) fn new(style: FakeStyle, number: usize, body: &Json) -> Self {
        Self {
            style,
            model: body["model"].as_str().unwrap_or_default().to_owned(),
            id: format!("chatcmpl-{number}"),
            calls: 0,
            usage: FakeUsage { input: 12, output: 5, cached: 0 },
            finish: None,
            wants_usage: body["stream_options"]["include_usage"] == true,
        }
    }

    /// The chunk that names the role.
    pub(super) fn start(&self) -> Vec<u8> {
        self.delta(&json!({ "role": "assistant", "content": "" }))
    }

    /// The events of a step that only writes.
    pub(super) fn step(&mut self, step: &FakeStep) -> Vec<Vec<u8>> {
        match step {
            FakeStep::Text(text) => vec![self.delta(&json!({ "content": text }))],
            FakeStep::Reasoning(text) if self.style.plain_reasoning => vec![self.delta(&json!({ "reasoning": text }))],
            FakeStep::Reasoning(text) => vec![self.delta(&json!({ "reasoning_content": text }))],
            FakeStep::Calls(calls) => self.calls(calls),
            FakeStep::Raw(text) => vec![text.clone().into_bytes()],
            FakeStep::Bytes(bytes) => vec![bytes.clone()],
            FakeStep::Usage(usage) => {
                self.usage = *usage;
                Vec::new()
            }
            FakeStep::Finish(reason) => {
                self.finish = Some(reason.clone());
                Vec::new()
            }
            FakeStep::Gate
            | FakeStep::PauseMs(_)
            | FakeStep::Flood { .. }
            | FakeStep::Stall
            | FakeStep::Cut
            | FakeStep::Stop => Vec::new(),
        }
    }

    /// What ends an answer.
    pub(super) fn end(&self) -> Vec<Vec<u8>> {
        let mut events = Vec::new();
        if !self.style.no_finish {
            let mut chunk = self.chunk(&json!([{ "index": 0, "delta": {}, "finish_reason": self.reason() }]));
            if self.wants_usage && self.style.usage_with_finish {
                chunk["usage"] = self.usage();
            }
            events.push(self.event(&chunk));
        }
        if self.wants_usage && !self.style.usage_with_finish {
            let mut chunk = self.chunk(&json!([]));
            chunk["usage"] = self.usage();
            events.push(self.event(&chunk));
        }
        if !self.style.no_done {
            events.push(self.line("[DONE]"));
        }
        events
    }

    /// The same answer as one object.
    pub(super) fn whole(&mut self, steps: &[FakeStep]) -> Json {
        let (mut text, mut reasoning, mut tool_calls) = (String::new(), String::new(), Vec::new());
        for step in steps {
            match step {
                FakeStep::Text(piece) => text.push_str(piece),
                FakeStep::Reasoning(piece) => reasoning.push_str(piece),
                FakeStep::Calls(calls) => {
                    for call in calls {
                        tool_calls.push(json!({
                            "id": self.next_id(call),
                            "type": "function",
                            "function": { "name": call.name, "arguments": arguments(call) },
                        }));
                    }
                }
                other => drop(self.step(other)),
            }
        }
        let mut message = json!({ "role": "assistant", "content": text });
        if !reasoning.is_empty() {
            message["reasoning_content"] = reasoning.into();
        }
        if !tool_calls.is_empty() {
            message["tool_calls"] = tool_calls.into();
        }
        json!({
            "id": self.id, "object": "chat.completion", "created": 1_767_323_045, "model": self.model,
            "choices": [{ "index": 0, "message": message, "finish_reason": self.reason() }],
            "usage": self.usage(),
        })
    }

    fn reason(&self) -> &str {
        self.finish.as_deref().unwrap_or(if self.calls > 0 { "tool_calls" } else { "stop" })
    }

    fn next_id(&mut self, call: &FakeCall) -> String {
        self.calls += 1;
        call.id.clone().unwrap_or_else(|| format!("call_{}_{}", self.id.trim_start_matches("chatcmpl-"), self.calls))
    }

    fn calls(&mut self, calls: &[FakeCall]) -> Vec<Vec<u8>> {
        let first = self.calls;
        let mut each: Vec<std::collections::VecDeque<Vec<u8>>> = Vec::new();
        for (at, call) in calls.iter().enumerate() {
            let id = self.next_id(call);
            let all = arguments(call);
            let characters: Vec<char> = all.chars().collect();
            let mut parts: Vec<String> = if self.style.whole_arguments {
                vec![all]
            } else {
                std::iter::once(String::new())
                    .chain(characters.chunks(ARGUMENTS).map(|part| part.iter().collect()))
                    .collect()
            };
            let events = parts.drain(..).enumerate().map(|(number, part)| {
                let mut delta = json!({ "function": { "arguments": part } });
                if !self.style.no_index {
                    delta["index"] = (first + at).into();
                }
                if number == 0 || self.style.repeated_ids {
                    delta["type"] = "function".into();
                    delta["function"]["name"] = call.name.clone().into();
                    if !self.style.no_ids {
                        delta["id"] = id.clone().into();
                    }
                }
                self.delta(&json!({ "tool_calls": [delta] }))
            });
            each.push(events.collect());
        }
        if !self.style.interleaved {
            return each.into_iter().flatten().collect();
        }
        let mut mixed = Vec::new();
        while each.iter().any(|events| !events.is_empty()) {
            mixed.extend(each.iter_mut().filter_map(std::collections::VecDeque::pop_front));
        }
        mixed
    }

    fn usage(&self) -> Json {
        let FakeUsage { input, output, cached } = self.usage;
        json!({
            "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output,
            "prompt_tokens_details": { "cached_tokens": cached },
        })
    }

    fn chunk(&self, choices: &Json) -> Json {
        json!({
            "id": self.id, "object": "chat.completion.chunk", "created": 1_767_323_045, "model": self.model,
            "choices": choices,
        })
    }

    pub(super) fn delta(&self, delta: &Json) -> Vec<u8> {
        self.event(&self.chunk(&json!([{ "index": 0, "delta": delta, "finish_reason": null }])))
    }

    fn event(&self, chunk: &Json) -> Vec<u8> {
        self.line(&chunk.to_string())
    }

    fn line(&self, data: &str) -> Vec<u8> {
        let end = if self.style.crlf { "\r\n" } else { "\n" };
        let blank = if self.style.tight { "" } else { " " };
        let comment = if self.style.comments { format!(": keep-alive{end}{end}") } else { String::new() };
        format!("{comment}data:{blank}{data}{end}{end}").into_bytes()
    }
}

fn arguments(call: &FakeCall) -> String {
    call.arguments.as_str().map_or_else(|| call.arguments.to_string(), str::to_owned)
}
