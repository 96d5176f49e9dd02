//! FIND, FIND ONE and GET LAST.

use std::sync::Arc;

use botserver_basic_types::{Arg, Args, Effect, KeywordDecl, Result, Value};
use botserver_runtime::{CallContext, Handler, Keyword};

use super::arguments::{actor, condition, count, order, table_name};
use crate::{DataService, Find, fold::fold};

/// FIND in all its forms.
pub(super) fn find(service: DataService, in_collection: Handler) -> Keyword {
    let decl = KeywordDecl::new(
        "FIND",
        &[
            "FIND table:word [, filter:filter] [WHERE where:cond] [WITH with:filter] [JOIN join:word ON on:cond] [ON \
             connection:word] [ORDER BY order:order] [LIMIT limit:expr] [OFFSET offset:expr]",
            "FIND ALL table:word [, filter:filter] [WHERE where:cond] [ORDER BY order:order] [LIMIT limit:expr] [OFFSET \
             offset:expr]",
            "FIND ONE one:word [, filter:filter] [WHERE where:cond] [WITH with:filter] [JOIN join:word ON on:cond] [ON \
             connection:word] [ORDER BY order:order] [OFFSET offset:expr]",
            "FIND question:word IN COLLECTION collection:expr [LIMIT limit:expr]",
        ],
        Effect::Read,
        "The rows of a table or CSV file that fulfil a condition; FIND ONE the first of them. IN COLLECTION: the best \
         passages of documents for a question.",
        "order = FIND \"orders\" WHERE id = 7",
    )
    .returning();
    let in_tables = Handler::Read {
        slow: false,
        run: Arc::new(move |cx, args| {
            let service = service.clone();
            Box::pin(async move { run(&service, cx, args).await })
        }),
    };
    Keyword::choice(decl, |args| usize::from(args.get("collection").is_some()), vec![in_tables, in_collection])
}

async fn run(service: &DataService, cx: &CallContext, mut args: Args) -> Result<Value> {
    let actor = actor(cx);
    // FIND ONE is the same with another name for the table, and at most one row.
    let mut one = false;
    for (name, _) in &mut args.0 {
        if **name == *"one" {
            *name = Arc::from("table");
            one = true;
        }
    }
    let args = &args;
    let table = table_name(args)?;
    let join = match (args.get("join"), args.get("on")) {
        (Some(_), Some(Arg::Condition(on))) => Some((args.required_text("join")?, fold(on, actor)?)),
        _ => None,
    };
    let find = Find {
        filter: condition(service, actor, &table, args).await?,
        order: order(args)?,
        limit: if one { Some(1) } else { count(args, "limit")? },
        offset: count(args, "offset")?,
        join,
    };
    let mut rows = service.find(actor, &table, &find).await?;
    if one {
        rows.single = true;
    }
    Ok(Value::Rows(rows))
}

/// GET LAST.
pub(super) fn get_last(service: DataService) -> Keyword {
    let decl = KeywordDecl::new(
        "GET LAST",
        &["GET LAST table:word"],
        Effect::Read,
        "The row that was inserted last; null if there is none.",
        "newest = GET LAST \"orders\"",
    )
    .returning();
    Keyword::read(decl, move |cx, args| {
        let service = service.clone();
        Box::pin(async move {
            let row = service.last(actor(cx), &args.required_text("table")?).await?;
            Ok(row.map_or(Value::Null, Value::Object))
        })
    })
}
