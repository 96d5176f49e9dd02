//! Bytes into server-sent events, wherever the bytes are cut. Forgives what real servers do: no blank after `data:`,
//! CR LF, no empty line between events, no line end at the end. Knows no protocol of a provider.

use botserver_ports::{ModelError, ModelFault};
use serde::de::IgnoredAny;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its name, if it has one.
    pub(crate) name: String,
    /// Its lines of data.
    pub(crate) data: String,
}

impl Event {
    /// The word with which streams of OpenAI's protocol end.
    pub(crate) fn is_done(&self) -> bool {
        self.data.trim() == "[DONE]"
    }
}

/// Collects bytes until events are complete.
#[derive(Debug)]
pub(crate) struct Events {
    line: Vec<u8>,
    /// The line before ended with CR, so that a LF now belongs to it.
    after_cr: bool,
    name: String,
    data: String,
    has_data: bool,
    limit: usize,
}

impl Events {
    /// Events of at most this many bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { line: Vec::new(), after_cr: false, name: String::new(), data: String::new(), has_data: false, limit }
    }

    /// Takes bytes and adds the events that they complete.
    pub(crate) fn feed(&mut self, bytes: &[u8], events: &mut Vec<Event>) -> Result<(), ModelError> {
        let mut rest = bytes;
        while let Some(&first) = rest.first() {
            if std::mem::take(&mut self.after_cr) && first == b'\n' {
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
            let end = rest.iter().position(|&byte| byte == b'\n' || byte == b'\r');
            let (part, after) = rest.split_at(end.unwrap_or(rest.len()));
            if self.line.len() + self.data.len() + part.len() > self.limit {
                let message = format!("The model's server sent a piece of more than {} bytes.", self.limit);
                return Err(ModelError::new(ModelFault::TooMuch, message));
            }
            self.line.extend_from_slice(part);
            rest = after;
            if let Some((&ender, after)) = after.split_first() {
                self.after_cr = ender == b'\r';
                rest = after;
                self.end_line(events);
            }
        }
        Ok(())
    }

    /// The event that the end of the connection left open, if its data is whole; true in the second place if
    /// something was left that is not.
    pub(crate) fn finish(&mut self, events: &mut Vec<Event>) -> bool {
        if !self.line.is_empty() {
            self.end_line(events);
        }
        let broken = self.has_data && !is_whole(&self.data);
        if broken {
            self.has_data = false;
        } else {
            self.dispatch(events);
        }
        broken
    }

    fn end_line(&mut self, events: &mut Vec<Event>) {
        let line = std::mem::take(&mut self.line);
        // Characters are whole here, wherever the bytes were cut; broken ones become the replacement character.
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_start_matches('\u{feff}');
        if line.is_empty() {
            return self.dispatch(events);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if self.has_data && is_whole(&self.data) {
                    self.dispatch(events);
                }
                if self.has_data {
                    self.data.push('\n');
                }
                self.data.push_str(value);
                self.has_data = true;
            }
            "event" => {
                // Without an empty line between them, a new name begins a new event.
                if self.has_data {
                    self.dispatch(events);
                }
                value.clone_into(&mut self.name);
            }
            // How llama.cpp told of failures until 2025.
            "error" if value.starts_with('{') => {
                self.dispatch(events);
                events.push(Event { name: "error".to_owned(), data: format!("{{\"error\":{value}}}") });
            }
            // Comments keep the connection open; ids and times to retry mean nothing here.
            _ => {}
        }
    }

    fn dispatch(&mut self, events: &mut Vec<Event>) {
        let (name, data) = (std::mem::take(&mut self.name), std::mem::take(&mut self.data));
        if std::mem::take(&mut self.has_data) && !data.trim().is_empty() {
            events.push(Event { name, data });
        }
    }
}

fn is_whole(data: &str) -> bool {
    data.trim() == "[DONE]" || serde_json::from_str::<IgnoredAny>(data).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The data of the events, whatever way the text is cut.
    fn read(text: &str) -> Vec<Event> {
        let read_in = |size: usize| {
            let (mut all, mut found) = (Events::new(1000), Vec::new());
            for part in text.as_bytes().chunks(size) {
                all.feed(part, &mut found).unwrap();
            }
            all.finish(&mut found);
            found
        };
        let whole = read_in(text.len().max(1));
        for size in 1..text.len() {
            assert_eq!(read_in(size), whole, "in parts of {size} bytes: {text:?}");
        }
        whole
    }

    fn data(text: &str) -> Vec<String> {
        read(text).into_iter().map(|event| event.data).collect()
    }

    #[test]
    fn every_way_of_writing_events_is_read() {
        for text in [
            "data: {\"a\":\"ü€😀\"}\n\ndata: [DONE]\n\n",
            "data:{\"a\":\"ü€😀\"}\n\ndata:[DONE]\n\n",
            "\u{feff}data: {\"a\":\"ü€😀\"}\r\n\r\ndata: [DONE]\r\n\r\n",
            "data: {\"a\":\"ü€😀\"}\r\rdata: [DONE]\r\r",
            ": hello\n\nid: 7\nretry: 5\ndata: {\"a\":\"ü€😀\"}\n: still here\n\n:\n\ndata: [DONE]",
            "data: {\"a\":\"ü€😀\"}\ndata: [DONE]\n",
            "data: {\"a\":\ndata: \"ü€😀\"}\n\n\n\ndata: [DONE]\n\n",
        ] {
            let found = data(text);
            assert_eq!(found.len(), 2, "{text:?}: {found:?}");
            let value: serde_json::Value = serde_json::from_str(&found[0]).unwrap();
            assert_eq!(value["a"], "ü€😀", "{text:?}");
            assert_eq!(found[1], "[DONE]");
        }
    }

    #[test]
    fn names_belong_to_their_data() {
        let found = read("event: a\r\ndata: 1\r\n\r\ndata: 2\r\n\r\nevent: c\r\ndata: 3\r\n\r\n");
        let named: Vec<_> = found.iter().map(|event| (event.name.as_str(), event.data.as_str())).collect();
        assert_eq!(named, [("a", "1"), ("", "2"), ("c", "3")]);
        let found = read("data: 1\n\nerror: {\"code\":500}\n\n");
        assert_eq!(found[1].data, "{\"error\":{\"code\":500}}");
    }

    #[test]
    fn what_is_cut_is_told_from_what_is_whole() {
        let mut events = Events::new(1000);
        let mut found = Vec::new();
        events.feed(b"data: {\"a\":1}\n\ndata: {\"a\":", &mut found).unwrap();
        assert!(events.finish(&mut found));
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn a_line_without_an_end_is_given_up() {
        let mut events = Events::new(1000);
        let error = (0..).find_map(|_| events.feed(&[b'x'; 100], &mut Vec::new()).err()).unwrap();
        assert_eq!(error.fault, ModelFault::TooMuch);
    }
}
