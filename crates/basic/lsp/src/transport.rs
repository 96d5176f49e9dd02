//! Messages over stdin and stdout, each behind its length. What cannot be read is answered and skipped: a broken message
//! must not end the session.

use std::{
    io::{self, BufRead, Write},
    thread,
};

use crossbeam_channel::{bounded, unbounded};
use lsp_server::{Connection, ErrorCode, Message};
use serde_json::json;

/// No client sends longer ones.
const LONGEST: usize = 64 << 20;
/// A header line that is longer is no header.
const LONGEST_HEADER: u64 = 4096;

/// The connection to whoever started this process. The writer ends when the connection is dropped.
pub fn stdio() -> io::Result<(Connection, thread::JoinHandle<()>)> {
    let (to_server, from_client) = bounded(64);
    let (to_client, from_server) = unbounded::<Message>();
    thread::Builder::new().name("lsp-reader".to_owned()).spawn(move || {
        let mut input = io::stdin().lock();
        // The end of the input drops the sender, and that is what the server sees.
        while let Ok(Some(frame)) = read_frame(&mut input) {
            match serde_json::from_slice::<Message>(&frame) {
                Ok(message) => {
                    if to_server.send(message).is_err() {
                        return;
                    }
                }
                Err(error) => answer_garbage(&frame, &error),
            }
        }
    })?;
    let writer = thread::Builder::new().name("lsp-writer".to_owned()).spawn(move || {
        for message in from_server {
            let Ok(mut value) = serde_json::to_value(&message) else { continue };
            if let Some(fields) = value.as_object_mut() {
                fields.insert("jsonrpc".to_owned(), "2.0".into());
            }
            if write_frame(&mut io::stdout().lock(), &value).is_err() {
                return;
            }
        }
    })?;
    Ok((Connection { sender: to_client, receiver: from_client }, writer))
}

/// JSON-RPC wants an answer without an id, or with the id if there is one.
fn answer_garbage(frame: &[u8], error: &serde_json::Error) {
    tracing::warn!(%error, "a message cannot be read");
    let value = serde_json::from_slice::<serde_json::Value>(frame).ok();
    let code = if value.is_some() { ErrorCode::InvalidRequest } else { ErrorCode::ParseError };
    let id = value.as_ref().and_then(|value| value.get("id")).cloned().unwrap_or_default();
    let error = json!({ "code": code as i32, "message": "the message cannot be read" });
    let answer = json!({ "jsonrpc": "2.0", "id": id, "error": error });
    // Without a reader there is nobody to answer.
    let _ = write_frame(&mut io::stdout().lock(), &answer);
}

/// The next message; what stands between messages is skipped. `None` at the end.
pub fn read_frame(input: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut length = None;
    loop {
        let mut line = Vec::new();
        if io::Read::take(&mut *input, LONGEST_HEADER).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim();
        if let Some((name, value)) = text.split_once(':')
            && name.trim().eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse::<usize>().ok().filter(|length| *length <= LONGEST);
        } else if text.is_empty()
            && let Some(length) = length.take()
        {
            let mut frame = vec![0; length];
            input.read_exact(&mut frame)?;
            return Ok(Some(frame));
        }
    }
}

/// Writes a message and sends it off.
pub fn write_frame(output: &mut impl Write, message: &serde_json::Value) -> io::Result<()> {
    let body = message.to_string();
    write!(output, "Content-Length: {}\r\n\r\n{body}", body.len())?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn garbage_between_messages_is_skipped() {
        let input = b"garbage\r\nContent-Length: x\r\n\r\nContent-Length: 99999999999\r\n\r\n\r\ncontent-length: 2\r\nX: y\r\n\r\n{}rest";
        let mut input = &input[..];
        assert_eq!(read_frame(&mut input).expect("read").as_deref(), Some(&b"{}"[..]));
        assert!(read_frame(&mut input).expect("read").is_none());
    }
}
