//! SET CONTEXT, ADD SUGGESTION, ADD TOOL, SET SESSION and their kin: each changes the state document only.

use std::sync::Arc;

use botserver_basic_types::{Arg, Args, BasicError, Effect, KeywordDecl, Value, ValueObject};
use botserver_kernel::Role;
use botserver_runtime::{CallContext, Keyword, TurnBuffer};
use botserver_ui_tree::Suggestion;

use crate::{ConversationContext, ToolCall};

/// Suggestions beyond this are an accident of a loop; channels show ten at most.
const MOST_SUGGESTIONS: usize = 50;
/// Bytes of all session variables together, if the settings do not say it.
const MOST_VARIABLE_BYTES: u64 = 1 << 20;

type Run = fn(&CallContext, &mut TurnBuffer, Args) -> Result<Value, BasicError>;

fn keyword(name: &'static str, forms: &[&'static str], doc: &'static str, example: &'static str, run: Run) -> Keyword {
    Keyword::say(KeywordDecl::new(name, forms, Effect::Say, doc, example), run)
}

fn returning(
    name: &'static str,
    forms: &[&'static str],
    doc: &'static str,
    example: &'static str,
    run: Run,
) -> Keyword {
    Keyword::say(KeywordDecl::new(name, forms, Effect::Say, doc, example).returning(), run)
}

pub(crate) fn keywords() -> Vec<Keyword> {
    vec![
        keyword(
            "ADD SUGGESTION",
            &[
                "ADD SUGGESTION TOOL tool:script [WITH with:exprs] AS label:expr",
                "ADD SUGGESTION TEXT text:expr AS label:expr",
                "ADD SUGGESTION key:expr AS label:expr",
                "ADD SUGGESTION label:expr [, action:expr]",
            ],
            "Adds a chip the person may press instead of typing.",
            "ADD SUGGESTION \"track\" AS \"Where is my order?\"",
            add_suggestion,
        ),
        keyword(
            "CLEAR SUGGESTIONS",
            &["CLEAR SUGGESTIONS"],
            "Removes all chips.",
            "CLEAR SUGGESTIONS",
            |_, turn, _| {
                ConversationContext::change(turn, |own| own.suggestions.clear());
                Ok(Value::Null)
            },
        ),
        keyword(
            "SET CONTEXT",
            &["SET CONTEXT name:expr AS text:expr", "SET CONTEXT name:expr , text:expr", "SET CONTEXT text:expr"],
            "Gives the model a text to answer with, under a name; the same name replaces it.",
            "SET CONTEXT \"hours\" AS \"We are open from 9 to 18.\"",
            |_, turn, args| {
                let name = args.get("name").map_or_else(|| "default".to_owned(), |_| args.text("name"));
                let text = args.text("text");
                ConversationContext::change(turn, |own| own.contexts.insert(name.to_lowercase(), text));
                Ok(Value::Null)
            },
        ),
        keyword(
            "SYSTEM PROMPT",
            &["SYSTEM PROMPT text:expr"],
            "Sets the instructions of the model for this conversation; BEGIN SYSTEM PROMPT … END SYSTEM PROMPT writes them.",
            "BEGIN SYSTEM PROMPT\nYou are the shop's assistant. Be brief.\nEND SYSTEM PROMPT",
            |_, turn, args| {
                let text = args.text("text");
                ConversationContext::change(turn, |own| own.system_prompt = Some(text));
                Ok(Value::Null)
            },
        ),
        keyword(
            "ADD TOOL",
            &["ADD TOOL tool:script [AS kind:word]", "USE TOOL tool:script"],
            "Lets the model call a script of this bot.",
            "ADD TOOL \"find-product\"",
            |_, turn, args| {
                let tool = tool_name(&args)?;
                ConversationContext::change(turn, |own| {
                    if !own.tools.contains(&tool) {
                        own.tools.push(tool);
                    }
                });
                Ok(Value::Null)
            },
        ),
        keyword(
            "REMOVE TOOL",
            &["REMOVE TOOL tool:expr"],
            "Takes a tool away from the model.",
            "REMOVE TOOL \"find-product\"",
            |_, turn, args| {
                let tool = tool_name(&args)?;
                ConversationContext::change(turn, |own| own.tools.retain(|own| *own != tool));
                Ok(Value::Null)
            },
        ),
        keyword(
            "CLEAR TOOLS",
            &["CLEAR TOOLS"],
            "Takes all tools away from the model.",
            "CLEAR TOOLS",
            |_, turn, _| {
                ConversationContext::change(turn, |own| own.tools.clear());
                Ok(Value::Null)
            },
        ),
        returning(
            "LIST TOOLS",
            &["LIST TOOLS", "TOOLS"],
            "The names of the tools the model may call.",
            "names = LIST TOOLS",
            |_, turn, _| Ok(Value::Array(ConversationContext::load(turn).tools.iter().map(Value::text).collect())),
        ),
        keyword(
            "SET SESSION",
            &[
                "SET SESSION key:expr , value:expr",
                "SET SESSION key:expr AS value:expr",
                "SET key:expr = value:expr",
                "SET key:name , value:expr",
            ],
            "Keeps a value for this conversation.",
            "SET SESSION \"cart\", items",
            set_session,
        ),
        returning(
            "GET SESSION",
            &["GET SESSION key:expr"],
            "A value kept for this conversation; `id` and `bot` are always there.",
            "items = GET SESSION \"cart\"",
            |cx, turn, args| Ok(session_value(cx, turn, &args.required_text("key")?)),
        ),
        returning("SESSION ID", &["SESSION ID"], "The id of this conversation.", "TALK SESSION ID", |cx, turn, _| {
            Ok(session_value(cx, turn, "id"))
        }),
        returning("BOT ID", &["BOT ID"], "The id of the bot.", "TALK BOT ID", |cx, _, _| {
            Ok(Value::text(cx.bot_id.to_string()))
        }),
        returning(
            "GET TOOL PARAM",
            &["GET TOOL PARAM name:variable"],
            "A parameter of the script, or a field of one (`\"order.items\"`); an empty text when it was not given.",
            "PARAM city AS string OPTIONAL\nTALK GET TOOL PARAM \"city\"",
            |_, _, args| {
                let value = args.value("name");
                Ok(if matches!(value, Value::Null) { Value::text("") } else { value })
            },
        ),
        returning(
            "SESSION",
            &["SESSION"],
            "The conversation as an object: `session.id` and everything that SET SESSION has kept.",
            "TALK session.id",
            |cx, turn, _| {
                let fixed = ["id", "user_id", "channel", "language"];
                let mut fields: ValueObject =
                    fixed.into_iter().map(|key| (Arc::from(key), session_value(cx, turn, key))).collect();
                for (key, value) in ConversationContext::load(turn).variables {
                    fields.insert(Arc::from(key), value);
                }
                Ok(Value::Object(fields))
            },
        ),
        returning(
            "USER",
            &["USER"],
            "The person as an object: `user.id`, `user.role`, `user.language`; name, email and phone once they are known.",
            "TALK user.language",
            |cx, turn, _| {
                let known =
                    ["name", "email", "phone"].map(|key| (key, session_value(cx, turn, &format!("user_{key}"))));
                let own = [
                    ("id", Value::text(cx.principal.person_id.to_string())),
                    ("role", Value::text(role_name(cx.principal.role))),
                    ("language", Value::text(&cx.locale)),
                ];
                Ok(Value::Object(own.into_iter().chain(known).map(|(key, value)| (Arc::from(key), value)).collect()))
            },
        ),
        returning(
            "BOT",
            &["BOT"],
            "The bot as an object: `bot.id`, `bot.name` and `bot.description`.",
            "TALK bot.name",
            |cx, _, _| {
                let description = cx.config.get("bot-description").map_or_else(|| Value::text(""), Value::text);
                let own = [
                    ("id", Value::text(cx.bot_id.to_string())),
                    ("name", Value::text(&cx.bot_name)),
                    ("description", description),
                ];
                Ok(Value::Object(own.into_iter().map(|(key, value)| (Arc::from(key), value)).collect()))
            },
        ),
        returning(
            "CHANNEL",
            &["CHANNEL"],
            "The channel that the conversation is on.",
            "IF channel = \"web\" THEN TALK \"Press one of the buttons.\"",
            |_, _, _| Ok(Value::text("web")),
        ),
        returning(
            "USERNAME",
            &["USERNAME"],
            "The name of the person, empty while it is not known.",
            "TALK \"Hello \" + username",
            |cx, turn, _| Ok(session_value(cx, turn, "user_name")),
        ),
    ]
}

const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Visitor => "visitor",
        Role::Owner => "owner",
        Role::System => "system",
    }
}

fn tool_name(args: &Args) -> Result<String, BasicError> {
    let name = args.required_text("tool")?.to_lowercase();
    Ok(name.strip_suffix(".bas").map(str::to_owned).unwrap_or(name))
}

fn add_suggestion(_: &CallContext, turn: &mut TurnBuffer, args: Args) -> Result<Value, BasicError> {
    let label = args.required_text("label")?;
    let (text, action) = if args.get("tool").is_some() {
        let with = match args.get("with") {
            Some(Arg::Values(values)) => values.clone(),
            Some(Arg::Value(value)) => vec![value.clone()],
            _ => Vec::new(),
        };
        (label.clone(), Some(ToolCall { tool: tool_name(&args)?, with }.to_action()))
    } else if args.get("text").is_some() {
        (args.required_text("text")?, None)
    } else if args.get("key").is_some() {
        (label.clone(), Some(format!("context:{}", args.required_text("key")?.to_lowercase())))
    } else if args.get("action").is_some() {
        (label.clone(), Some(args.required_text("action")?))
    } else {
        (label.clone(), None)
    };
    ConversationContext::change(turn, |own| {
        if own.suggestions.len() >= MOST_SUGGESTIONS {
            return Err(BasicError::limit(format!("there are {MOST_SUGGESTIONS} suggestions already"))
                .with_help("CLEAR SUGGESTIONS before adding new ones"));
        }
        // A dialog that runs again adds its chips again; the person sees each once.
        own.suggestions.retain(|known| known.label != label);
        own.suggestions.push(Suggestion { label, text, action });
        Ok(Value::Null)
    })
}

fn set_session(cx: &CallContext, turn: &mut TurnBuffer, args: Args) -> Result<Value, BasicError> {
    let key = args.required_text("key")?.to_lowercase();
    let key = key.strip_prefix("session.").map(str::to_owned).unwrap_or(key);
    let value = args.value("value");
    let most = cx.config.bytes("session-variable-limit").unwrap_or(MOST_VARIABLE_BYTES);
    ConversationContext::change(turn, |own| {
        let previous = own.variables.insert(key.clone(), value);
        let size = serde_json::to_string(&own.variables).map_or(u64::MAX, |text| text.len() as u64);
        if size > most {
            match previous {
                Some(previous) => own.variables.insert(key, previous),
                None => own.variables.remove(&key),
            };
            let size = if most.is_multiple_of(1 << 20) {
                format!("{} MB", most >> 20)
            } else {
                format!("{} KB", most.div_ceil(1 << 10))
            };
            return Err(BasicError::limit(format!("the variables of a session may take {size} together"))
                .with_help("the bot's setting `session-variable-limit` says how much"));
        }
        Ok(Value::Null)
    })
}

fn session_value(cx: &CallContext, turn: &TurnBuffer, key: &str) -> Value {
    let key = key.to_lowercase();
    let stored = ConversationContext::load(turn).variables.get(&key).cloned();
    stored.unwrap_or_else(|| match key.as_str() {
        "id" | "session_id" => cx.conversation_id.map(|id| Value::text(id.to_string())).unwrap_or_default(),
        "bot" | "bot_name" => Value::text(&cx.bot_name),
        "user_id" => Value::text(cx.principal.person_id.to_string()),
        "locale" | "language" => Value::text(&cx.locale),
        "channel" => Value::text("web"),
        _ => Value::text(""),
    })
}

/// `GET "session.cart"`, `GET "user.id"`, `GET "bot.name"` and `GET role`: a value of the conversation by its path.
pub(crate) fn path_value(cx: &CallContext, turn: &mut TurnBuffer, args: Args) -> Result<Value, BasicError> {
    let path = args.required_text("source")?.to_lowercase();
    let value = match path.split_once('.') {
        Some(("session", key)) => session_value(cx, turn, key),
        Some(("user", key)) => session_value(cx, turn, &format!("user_{key}")),
        Some(("bot", "name" | "id")) => session_value(cx, turn, "bot"),
        _ => session_value(cx, turn, &path),
    };
    Ok(value)
}
