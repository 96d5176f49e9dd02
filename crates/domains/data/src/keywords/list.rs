//! FILTER and MAP over lists, where their conditions and expressions stand in the script itself. They work in
//! memory and look at nothing but their arguments, so that a replay does them again.

use botserver_basic_std::records;
use botserver_basic_types::{Arg, Args, BasicError, DataExpr, Effect, Heap, HeapLimits, KeywordDecl, Result, Value};
use botserver_runtime::{CallContext, Keyword};

use super::arguments::{actor, equalities_of, filter_text, typed};
use crate::fold::fold;

/// FILTER in all its forms.
pub(super) fn filter() -> Keyword {
    let decl = KeywordDecl::new(
        "FILTER",
        &[
            "FILTER rows:expr , filter:filter",
            "FILTER rows:expr WHERE where:cond",
            "FILTER rows:expr , filter:filter , equals:expr",
        ],
        Effect::Say,
        "The elements of a list, or the rows of a recordset, that fulfil a condition.",
        "open = FILTER orders WHERE status = \"open\"",
    )
    .returning();
    Keyword::say(decl, |cx, _, args| filtered(cx, &args))
}

fn filtered(cx: &CallContext, args: &Args) -> Result<Value> {
    let rows = args.value("rows");
    if args.get("equals").is_some() {
        return native(&[rows, args.value("filter"), args.value("equals")], records::filter_with);
    }
    let condition = match args.get("filter").or_else(|| args.get("where")) {
        Some(Arg::Condition(DataExpr::Value(value)) | Arg::Value(value)) => match value {
            Value::Null => DataExpr::Value(Value::Bool(true)),
            Value::Text(text) => filter_text(text, &typed(args))?,
            Value::Object(fields) => {
                equalities_of(fields).ok_or_else(|| BasicError::invalid("an object without fields is no filter"))?
            }
            Value::Bool(_) => DataExpr::Value(value.clone()),
            _ => return Err(BasicError::type_mismatch("a filter is a text or an object")),
        },
        Some(Arg::Condition(expr)) => expr.clone(),
        _ => return Err(BasicError::invalid("FILTER needs a condition")),
    };
    records::filter_values(&rows, &fold(&condition, actor(cx))?)
}

/// MAP in all its forms.
pub(super) fn map() -> Keyword {
    let decl = KeywordDecl::new(
        "MAP",
        &["MAP rows:expr WITH value:cond", "MAP rows:expr , what:expr"],
        Effect::Say,
        "The value of an expression, some fields, or fields under new names, for each row of a list.",
        "totals = MAP items WITH price * amount",
    )
    .returning();
    Keyword::say(decl, |cx, _, args| match args.get("value") {
        Some(Arg::Condition(expr)) => records::map_values(&args.value("rows"), &fold(expr, actor(cx))?),
        _ => native(&[args.value("rows"), args.value("what")], records::map_with),
    })
}

type Native =
    fn(&mut Heap, &[botserver_basic_types::Val], records::ParseCondition) -> Result<botserver_basic_types::Val>;

fn native(args: &[Value], run: Native) -> Result<Value> {
    let mut heap = Heap::new(HeapLimits::default());
    let args = args.iter().map(|arg| heap.attach(arg)).collect::<Result<Vec<_>>>()?;
    let value = run(&mut heap, &args, |text| filter_text(text, &[]))?;
    heap.detach(&value)
}
