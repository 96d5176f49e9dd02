//! Keywords that talk: they add to the turn and are committed with it.

use std::sync::Arc;

use botserver_basic_types::{Arg, BasicError, Effect, FileHandle, KeywordDecl, Value, ops};
use botserver_engines::LogLine;
use botserver_kernel::{IdSource, MessageId};
use botserver_ui_tree::{ChatEvent, FilePart, Part, Speaker};

use crate::{CallContext, Handler, Keyword, TurnBuffer};

/// TALK, SEND FILE, WAIT, PRINT and the LOG family.
pub fn conversation_keywords(ids: &Arc<dyn IdSource>) -> Vec<Keyword> {
    let mut all = vec![talk(ids.clone()), send_file(ids.clone()), wait(), print()];
    all.extend(["LOG_INFO", "LOG_WARN", "LOG_ERROR", "LOG_DEBUG"].map(log));
    all
}

fn say(cx: &CallContext, ids: &dyn IdSource, turn: &mut TurnBuffer, part: Part) {
    let id = MessageId::new(ids.next_uuid()).to_string();
    let event = ChatEvent::message(id, Speaker::Bot, vec![part], cx.turn.to_string());
    turn.events.push(event.to_json());
}

fn file_part(file: &FileHandle, caption: Option<String>) -> Part {
    Part::File(FilePart {
        url: file.url.to_string(),
        filename: file.filename.to_string(),
        mime_type: file.mime_type.to_string(),
        size: file.size,
        caption,
    })
}

fn talk(ids: Arc<dyn IdSource>) -> Keyword {
    let decl = KeywordDecl::new(
        "TALK",
        &["TALK message:expr", "SEND MESSAGE message:expr"],
        Effect::Say,
        "Says something to the person. Text is Markdown; a file is shown.",
        "TALK \"Hello!\"",
    );
    Keyword::say(decl, move |cx, turn, args| {
        match args.value("message") {
            Value::File(file) => say(cx, &*ids, turn, file_part(&file, None)),
            value => {
                let text = ops::to_text(&value);
                // TALK "" is a blank line of terminals; a chat bubble without text helps nobody.
                if !text.trim().is_empty() {
                    say(cx, &*ids, turn, Part::Text { text });
                }
            }
        }
        Ok(Value::Null)
    })
}

fn send_file(ids: Arc<dyn IdSource>) -> Keyword {
    let decl = KeywordDecl::new(
        "SEND FILE",
        &["SEND FILE file:expr [, caption:expr]"],
        Effect::Say,
        "Sends a file to the person, with a caption if one is given.",
        "HEAR photo AS FILE\nSEND FILE photo, \"This is what you sent.\"",
    );
    Keyword::say(decl, move |cx, turn, args| {
        let caption = Some(args.text("caption")).filter(|text| !text.is_empty());
        let part = match args.value("file") {
            Value::File(file) => file_part(&file, caption),
            Value::Text(url) if url.starts_with("https://") || url.starts_with("http://") => {
                let filename = url.rsplit('/').next().unwrap_or_default().to_owned();
                Part::File(FilePart { url: url.to_string(), filename, caption, ..FilePart::default() })
            }
            other => {
                return Err(BasicError::new(3001, format!("there is no file `{}`", ops::to_text(&other)))
                    .with_help("give what HEAR … AS FILE returned, or an address that begins with https://"));
            }
        };
        say(cx, &*ids, turn, part);
        Ok(Value::Null)
    })
}

fn wait() -> Keyword {
    let decl = KeywordDecl::new(
        "WAIT",
        &["WAIT seconds:expr"],
        Effect::Wait,
        "Goes on after that many seconds, also after a restart. There is no longest wait.",
        "TALK \"One moment …\"\nWAIT 2\nTALK \"Done.\"",
    );
    let seconds = |args: &botserver_basic_types::Args| match args.get("seconds") {
        Some(Arg::Value(Value::Int(seconds))) if *seconds >= 0 => Ok(*seconds as f64),
        Some(Arg::Value(Value::Float(seconds))) if *seconds >= 0.0 && seconds.is_finite() => Ok(*seconds),
        Some(Arg::Value(Value::Text(text))) => match text.trim().parse::<f64>() {
            Ok(seconds) if seconds >= 0.0 && seconds.is_finite() => Ok(seconds),
            _ => Err(BasicError::type_mismatch(format!("WAIT needs a number of seconds, not `{text}`"))),
        },
        other => {
            let given = other.map(|arg| if let Arg::Value(value) = arg { ops::to_text(value) } else { String::new() });
            Err(BasicError::type_mismatch(format!(
                "WAIT needs a number of seconds from 0 up, not `{}`",
                given.unwrap_or_default()
            )))
        }
    };
    Keyword { decl, handler: Handler::Wait(Arc::new(seconds)), state: &[] }
}

fn print() -> Keyword {
    let decl = KeywordDecl::new(
        "PRINT",
        &["PRINT values:exprs", "DEBUG values:exprs", "LOG values:exprs"],
        Effect::Say,
        "Writes a line to the server's log, not to the person; several values with blanks between them.",
        "PRINT \"The order has arrived.\"",
    );
    log_keyword(decl, tracing::Level::INFO)
}

fn log(name: &'static str) -> Keyword {
    let (level, example) = match name {
        "LOG_ERROR" => (tracing::Level::ERROR, "LOG_ERROR \"The import has failed.\""),
        "LOG_WARN" => (tracing::Level::WARN, "LOG_WARN \"Two lines have no price.\""),
        "LOG_DEBUG" => (tracing::Level::DEBUG, "LOG_DEBUG \"The file has 200 lines.\""),
        _ => (tracing::Level::INFO, "LOG_INFO \"The nightly import has begun.\""),
    };
    let doc = "Writes a line of that level to the server's log.";
    let decl = KeywordDecl::new(name, &[], Effect::Say, doc, example);
    let decl = KeywordDecl { forms: vec![format!("{name} message:expr").into()], ..decl };
    log_keyword(decl, level)
}

fn log_keyword(decl: KeywordDecl, level: tracing::Level) -> Keyword {
    Keyword::say(decl, move |cx, turn, args| {
        let message = match args.get("values") {
            Some(Arg::Values(values)) => values.iter().map(ops::to_text).collect::<Vec<_>>().join(" "),
            Some(Arg::Value(value)) => ops::to_text(value),
            _ => args.text("message"),
        };
        turn.log.push(LogLine { level, source: cx.bot_name.clone(), message });
        Ok(Value::Null)
    })
}
