//! Facts of a person: what the bot's model is told of whoever it talks with.

use std::sync::Arc;

use botserver_basic_types::{Args, Effect, KeywordDecl, Result, Value, ValueObject, ops};
use botserver_runtime::{CallContext, Keyword};

use super::{arguments::actor, memory::max_keys};
use crate::{DataService, MemoryOwner, service::unnamed_fact};

const OWNER: MemoryOwner = MemoryOwner::Facts;

pub(super) fn keywords(service: &DataService) -> Vec<Keyword> {
    let set = keep(
        service,
        KeywordDecl::new(
            "SET USER FACT",
            &["SET USER FACT key:expr , value:expr"],
            Effect::Local,
            "Keeps a fact of the person under a name; the bot's model knows it in every conversation. NULL forgets it.",
            "SET USER FACT \"diet\", \"vegetarian\"",
        ),
        |args| Ok((args.required_text("key")?, args.value("value"))),
    );
    let remember = keep(
        service,
        KeywordDecl::new(
            "REMEMBER USER FACT",
            &["REMEMBER USER FACT text:expr"],
            Effect::Local,
            "Keeps a sentence about the person; the bot's model knows it in every conversation.",
            "REMEMBER USER FACT \"Prefers short answers.\"",
        ),
        |args| {
            let text = args.required_text("text")?;
            Ok((unnamed_fact(&text), Value::text(text.trim())))
        },
    );
    vec![set, remember, list(service)]
}

fn keep(
    service: &DataService,
    decl: KeywordDecl,
    read: impl Fn(&Args) -> Result<(String, Value)> + Clone + Send + Sync + 'static,
) -> Keyword {
    let service = service.clone();
    Keyword::local(decl, move |cx: &CallContext, tx, args| {
        let (service, read) = (service.clone(), read.clone());
        Box::pin(async move {
            let (key, value) = read(&args)?;
            service.remember(tx, actor(cx), OWNER, (&key, &value), None, max_keys(cx, OWNER)).await?;
            Ok(Value::Null)
        })
    })
}

fn list(service: &DataService) -> Keyword {
    let service = service.clone();
    let decl = KeywordDecl::new(
        "GET USER FACTS",
        &["GET USER FACTS", "USER FACTS"],
        Effect::Read,
        "The facts that are kept of the person, the newest first, with `name` and `fact`; 100 at most.",
        "facts = GET USER FACTS",
    );
    Keyword::read(decl.returning(), move |cx, _| {
        let service = service.clone();
        Box::pin(async move {
            let who = actor(cx);
            let found = service.facts(who.principal, who.bot_id, who.now.as_millisecond()).await?;
            let fact = |(name, value): (String, Value)| {
                let mut own = ValueObject::default();
                own.insert(Arc::from("name"), Value::text(name));
                own.insert(Arc::from("fact"), Value::text(ops::to_text(&value)));
                Value::Object(own)
            };
            Ok(Value::Array(found.into_iter().map(fact).collect()))
        })
    })
}
