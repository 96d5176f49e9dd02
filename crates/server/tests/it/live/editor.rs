//! An editor that debugs: `botserver dap` and its messages.

use std::{
    collections::VecDeque,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    process::{Child, ChildStdin, ChildStdout, Stdio},
};

use serde_json::{Value as Json, json};

use crate::support::program;

/// An editor and the debug adapter that it has started.
pub(crate) struct Editor {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    seq: i64,
    /// What came while something else was waited for.
    events: VecDeque<Json>,
}

impl Editor {
    pub(crate) fn start() -> Self {
        let mut child = program()
            .arg("dap")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the adapter starts");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let input = child.stdin.take();
        let mut editor = Self { child, input, output, seq: 0, events: VecDeque::new() };
        let can = editor.ask("initialize", json!({"adapterID": "botserver", "linesStartAt1": true}));
        assert_eq!(can["supportsConditionalBreakpoints"], true, "{can}");
        editor
    }

    fn read(&mut self) -> Json {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).expect("a header") > 0, "the adapter has gone");
            match line.trim().strip_prefix("Content-Length: ") {
                Some(number) => length = number.parse().expect("a number"),
                None if line.trim().is_empty() => break,
                None => {}
            }
        }
        let mut bytes = vec![0; length];
        self.output.read_exact(&mut bytes).expect("a message");
        serde_json::from_slice(&bytes).expect("JSON")
    }

    /// A request and its response, whatever it is.
    pub(crate) fn try_ask(&mut self, command: &str, arguments: Json) -> Result<Json, String> {
        self.seq += 1;
        let request =
            json!({"seq": self.seq, "type": "request", "command": command, "arguments": arguments}).to_string();
        let input = self.input.as_mut().expect("open");
        write!(input, "Content-Length: {}\r\n\r\n{request}", request.len()).expect("written");
        loop {
            let message = self.read();
            if message["type"] == "event" {
                self.events.push_back(message);
                continue;
            }
            assert_eq!(
                (&message["request_seq"], &message["command"]),
                (&json!(self.seq), &json!(command)),
                "{message}"
            );
            return if message["success"] == true {
                Ok(message["body"].clone())
            } else {
                Err(message["message"].as_str().expect("a sentence").to_owned())
            };
        }
    }

    /// A request that is granted.
    #[track_caller]
    pub(crate) fn ask(&mut self, command: &str, arguments: Json) -> Json {
        self.try_ask(command, arguments).unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// The next event of a kind; others before it are passed over.
    pub(crate) fn event(&mut self, kind: &str) -> Json {
        loop {
            let event = self.events.pop_front();
            let event = event.unwrap_or_else(|| self.read());
            assert_eq!(event["type"], "event", "{event}");
            if event["event"] == kind {
                return event["body"].clone();
            }
            assert!(kind == "terminated" || event["event"] != "terminated", "it has ended before `{kind}`");
        }
    }

    /// What is written until a line begins like this.
    pub(crate) fn output(&mut self, wanted: &str) -> Json {
        loop {
            let output = self.event("output");
            if output["output"].as_str().is_some_and(|text| text.starts_with(wanted)) {
                return output;
            }
        }
    }

    /// Sets the breakpoints of a file; where they are now.
    pub(crate) fn breakpoints(&mut self, path: &str, wanted: Json) -> Vec<Json> {
        let set = self.ask("setBreakpoints", json!({"source": {"path": path}, "breakpoints": wanted}));
        set["breakpoints"].as_array().expect("breakpoints").clone()
    }

    /// Waits for a stop: its reason, and `name:line` of the frames, innermost first.
    pub(crate) fn stopped(&mut self) -> (String, u64, Vec<String>) {
        let stop = self.event("stopped");
        let thread = stop["threadId"].as_u64().expect("a thread");
        let frames = self.frames(thread);
        let lines = frames.iter().map(|own| format!("{}:{}", own["name"].as_str().unwrap_or("?"), own["line"]));
        (stop["reason"].as_str().expect("a reason").to_owned(), thread, lines.collect())
    }

    pub(crate) fn frames(&mut self, thread: u64) -> Vec<Json> {
        let trace = self.ask("stackTrace", json!({"threadId": thread}));
        trace["stackFrames"].as_array().expect("frames").clone()
    }

    /// The variables of a scope of the innermost frame: name and value.
    pub(crate) fn variables(&mut self, thread: u64, scope: &str) -> Vec<Json> {
        let frame = self.frames(thread)[0]["id"].clone();
        let scopes = self.ask("scopes", json!({"frameId": frame}));
        let found = scopes["scopes"].as_array().expect("scopes").iter().find(|own| own["name"] == scope).cloned();
        let reference = found.expect("the scope")["variablesReference"].clone();
        self.inside(&reference, &json!({}))
    }

    pub(crate) fn inside(&mut self, reference: &Json, page: &Json) -> Vec<Json> {
        let mut arguments = json!({"variablesReference": reference});
        for (name, value) in page.as_object().expect("fields") {
            arguments[name] = value.clone();
        }
        self.ask("variables", arguments)["variables"].as_array().expect("variables").clone()
    }

    /// `name = value` of a scope.
    pub(crate) fn lines(&mut self, thread: u64, scope: &str) -> Vec<String> {
        let all = self.variables(thread, scope);
        let text = |own: &Json, name: &str| own[name].as_str().expect("text").to_owned();
        all.iter().map(|own| format!("{} = {}", text(own, "name"), text(own, "value"))).collect()
    }

    pub(crate) fn evaluate(&mut self, thread: u64, text: &str) -> Result<String, String> {
        let frame = self.frames(thread)[0]["id"].clone();
        let value = self.try_ask("evaluate", json!({"expression": text, "frameId": frame, "context": "watch"}))?;
        Ok(value["result"].as_str().expect("text").to_owned())
    }

    pub(crate) fn go(&mut self, how: &str, thread: u64) {
        self.ask(how, json!({"threadId": thread}));
    }

    /// Leaves, and waits for the adapter to end.
    pub(crate) fn leave(mut self) {
        self.ask("disconnect", json!({}));
        assert!(self.child.wait().expect("it ends").success());
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
