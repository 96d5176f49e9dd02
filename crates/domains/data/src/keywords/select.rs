//! SELECT over lists, recordsets, tables and CSV files. Rows are brought into memory (as many as FIND may
//! give) and evaluated with the language's own rules, so that every function of the language works.

use std::{cmp::Ordering, sync::Arc};

use botserver_basic_std::condition::RowExpr;
use botserver_basic_types::{
    Arg, Args, BasicError, DataExpr, Effect, Heap, HeapLimits, KeywordDecl, Result, Rows, Text, Val, Value, ops,
};
use botserver_runtime::{CallContext, Keyword};

use super::arguments::{actor, count, order, rows_of};
use crate::{Actor, DataService, Find, Row, fold::fold, service::field};

/// Pairs of rows that a JOIN may look at.
const MAX_PAIRS: usize = 4_000_000;

/// One row of the source, with those that JOINs have found for it.
struct Joined {
    left: Row,
    right: Vec<Row>,
}

type Columns = Vec<(DataExpr, Option<String>)>;

/// SELECT.
pub(super) fn select(service: DataService) -> Keyword {
    let decl = KeywordDecl::new(
        "SELECT",
        &["SELECT columns:columns FROM source:word [AS alias:word] [JOIN join:word ON on:cond] [WHERE where:cond] \
           [GROUP BY group:columns] [ORDER BY order:order] [LIMIT limit:expr]"],
        Effect::Read,
        "Columns, computed columns and sums of a list, a table or a file, as in SQL.",
        "totals = SELECT customer, SUM(total) AS sum FROM orders GROUP BY customer",
    )
    .returning()
    .repeating(&["join", "on"]);
    Keyword::read(decl, move |cx, args| {
        let service = service.clone();
        Box::pin(async move { run(&service, cx, &args).await })
    })
}

async fn run(service: &DataService, cx: &CallContext, args: &Args) -> Result<Value> {
    let actor = actor(cx);
    let left = source(service, actor, &args.value("source")).await?;
    let joins = match args.get("join") {
        Some(Arg::Values(joins)) => joins.clone(),
        Some(Arg::Value(join)) => vec![join.clone()],
        _ => Vec::new(),
    };
    let mut rows: Vec<Joined> = left.into_iter().map(|left| Joined { left, right: Vec::new() }).collect();
    let mut scope = Scope { joins: Vec::new() };
    if let Some(Arg::Condition(on)) = args.get("on") {
        for (join, on) in joins.iter().zip(each_of(on, joins.len())) {
            let right = source(service, actor, join).await?;
            scope.joins.push(join.as_text().unwrap_or_default().to_owned());
            rows = joined(rows, &right, &fold(on, actor)?, &scope)?;
        }
    }
    if let Some(Arg::Condition(condition)) = args.get("where") {
        let mut evaluator = Evaluator::new(&fold(condition, actor)?, &scope)?;
        let mut kept = Vec::with_capacity(rows.len());
        for row in rows {
            if evaluator.test(&row)? {
                kept.push(row);
            }
        }
        rows = kept;
    }
    let columns = columns(args, "columns", actor)?;
    let groups = columns_of_groups(args, actor)?;
    let mut result = if groups.is_empty() && !columns.iter().any(|(expr, _)| has_aggregate(expr)) {
        rows.iter().map(|row| project(&columns, &scope, std::slice::from_ref(row))).collect::<Result<Vec<_>>>()?
    } else {
        grouped(rows, &groups, &scope)?
            .iter()
            .map(|group| project(&columns, &scope, group))
            .collect::<Result<Vec<_>>>()?
    };
    sort(&mut result, args)?;
    if let Some(limit) = count(args, "limit")? {
        result.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    Ok(Value::Rows(Rows { rows: result, single: false }))
}

async fn source(service: &DataService, actor: Actor<'_>, value: &Value) -> Result<Vec<Row>> {
    match value {
        Value::Text(name) if !name.trim_start().starts_with(['[', '{']) => {
            Ok(service.find(actor, name, &Find::default()).await?.rows)
        }
        other => rows_of(other),
    }
}

fn columns(args: &Args, name: &str, actor: Actor<'_>) -> Result<Columns> {
    let Some(Arg::Columns(columns)) = args.get(name) else { return Ok(Vec::new()) };
    columns.iter().map(|(expr, alias)| Ok((folded(expr, actor)?, alias.clone()))).collect()
}

fn columns_of_groups(args: &Args, actor: Actor<'_>) -> Result<Vec<DataExpr>> {
    Ok(columns(args, "group", actor)?.into_iter().map(|(expr, _)| expr).collect())
}

/// COUNT(*) must not be evaluated before its rows are known.
fn folded(expr: &DataExpr, actor: Actor<'_>) -> Result<DataExpr> {
    if has_aggregate(expr) { Ok(expr.clone()) } else { Ok(fold(expr, actor)?) }
}

/// The conditions of several JOINs, which arrive joined by AND, the first one innermost.
fn each_of(on: &DataExpr, count: usize) -> Vec<&DataExpr> {
    let (mut rest, mut each) = (on, Vec::new());
    while each.len() + 1 < count {
        let DataExpr::Binary(botserver_basic_types::BinaryOp::And, before, last) = rest else { break };
        each.push(&**last);
        rest = before;
    }
    each.push(rest);
    each.reverse();
    each
}

fn joined(left: Vec<Joined>, right: &[Row], on: &DataExpr, scope: &Scope) -> Result<Vec<Joined>> {
    if left.len().saturating_mul(right.len()) > MAX_PAIRS {
        return Err(BasicError::limit("these lists are too long for SELECT … JOIN; join tables with FIND … JOIN"));
    }
    let mut evaluator = Evaluator::new(on, scope)?;
    let mut rows = Vec::new();
    for left in left {
        for right in right {
            let found = left.right.iter().chain([right]).cloned().collect();
            let pair = Joined { left: left.left.clone(), right: found };
            if evaluator.test(&pair)? {
                rows.push(pair);
            }
        }
    }
    Ok(rows)
}

/// What a name before a dot means.
struct Scope {
    /// The tables and lists that are joined, in their order.
    joins: Vec<String>,
}

impl Scope {
    fn lookup(&self, row: &Joined, table: Option<&str>, name: &str) -> Value {
        let same = crate::model::same_name;
        let named = table.and_then(|table| self.joins.iter().position(|own| same(own, table)));
        if let Some(right) = named.and_then(|at| row.right.get(at)) {
            return field(right, name);
        }
        // A bare name is looked for from the left to the right.
        let holds = |own: &&Row| own.keys().any(|key| same(key, name));
        match row.right.iter().find(holds) {
            Some(right) if !holds(&&row.left) => field(right, name),
            _ => field(&row.left, name),
        }
    }
}

/// An expression over rows.
struct Evaluator<'s> {
    heap: Heap,
    expr: RowExpr,
    scope: &'s Scope,
}

impl<'s> Evaluator<'s> {
    fn new(expr: &DataExpr, scope: &'s Scope) -> Result<Self> {
        let mut heap = Heap::new(HeapLimits::default());
        let expr = RowExpr::new(&mut heap, expr)?;
        Ok(Self { heap, expr, scope })
    }

    fn value(&mut self, row: &Joined) -> Result<Value> {
        let found = self.expr.eval(&mut self.heap, &|_, table, name| Ok(plain(self.scope.lookup(row, table, name))))?;
        self.heap.detach(&found)
    }

    fn test(&mut self, row: &Joined) -> Result<bool> {
        let found = self.expr.eval(&mut self.heap, &|_, table, name| Ok(plain(self.scope.lookup(row, table, name))))?;
        Ok(ops::truthy(&self.heap, &found))
    }
}

/// A field for the machine's operators; lists inside rows are compared by their text.
fn plain(value: Value) -> Val {
    match value {
        Value::Null | Value::Secret(_) => Val::Null,
        Value::Bool(value) => Val::Bool(value),
        Value::Int(value) => Val::Int(value),
        Value::Float(value) => Val::Float(value),
        Value::Date(date) => Val::Date(date),
        other => Val::Text(Text::new(ops::to_text(&other))),
    }
}

fn grouped(rows: Vec<Joined>, by: &[DataExpr], scope: &Scope) -> Result<Vec<Vec<Joined>>> {
    if by.is_empty() {
        return Ok(vec![rows]);
    }
    let mut evaluators = by.iter().map(|expr| Evaluator::new(expr, scope)).collect::<Result<Vec<_>>>()?;
    let mut places: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
    let mut groups: Vec<Vec<Joined>> = Vec::new();
    for row in rows {
        let keys = evaluators.iter_mut().map(|own| own.value(&row)).collect::<Result<Vec<_>>>()?;
        let key = Value::Array(keys).to_json().to_string();
        let place = *places.entry(key).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    Ok(groups)
}

fn has_aggregate(expr: &DataExpr) -> bool {
    match expr {
        DataExpr::Call(name, args) => is_aggregate(name, args) || args.iter().any(has_aggregate),
        DataExpr::Unary(_, operand) | DataExpr::IsNull { operand, .. } => has_aggregate(operand),
        DataExpr::Binary(_, left, right) => has_aggregate(left) || has_aggregate(right),
        _ => false,
    }
}

/// `MAX(a, b)` of two values is the language's function; with one it looks at all rows.
fn is_aggregate(name: &str, args: &[DataExpr]) -> bool {
    args.len() == 1 && ["SUM", "COUNT", "AVG", "AVERAGE", "MIN", "MAX"].iter().any(|own| name.eq_ignore_ascii_case(own))
}

fn project(columns: &Columns, scope: &Scope, group: &[Joined]) -> Result<Row> {
    let empty = Joined { left: Row::new(), right: Vec::new() };
    let first = group.first().unwrap_or(&empty);
    let mut row = Row::new();
    for (index, (expr, alias)) in columns.iter().enumerate() {
        if let DataExpr::Star = expr {
            row.extend(first.left.clone());
            for (name, value) in first.right.iter().flatten() {
                row.entry(name.clone()).or_insert_with(|| value.clone());
            }
            continue;
        }
        let name = alias.clone().unwrap_or_else(|| match expr {
            DataExpr::Column { name, .. } => name.clone(),
            DataExpr::Call(name, _) => name.to_lowercase(),
            _ => format!("column{}", index + 1),
        });
        let expr = with_aggregates(expr, scope, group)?;
        row.insert(Arc::from(name), Evaluator::new(&expr, scope)?.value(first)?);
    }
    Ok(row)
}

/// The expression with its aggregates computed over the group.
fn with_aggregates(expr: &DataExpr, scope: &Scope, group: &[Joined]) -> Result<DataExpr> {
    let own = |part: &DataExpr| with_aggregates(part, scope, group);
    Ok(match expr {
        DataExpr::Call(name, args) if is_aggregate(name, args) => {
            if let DataExpr::Star = args[0] {
                return Ok(DataExpr::Value(Value::Int(group.len() as i64)));
            }
            let mut evaluator = Evaluator::new(&args[0], scope)?;
            let values: Vec<Row> = group
                .iter()
                .map(|row| Ok([(Arc::from(""), evaluator.value(row)?)].into_iter().collect()))
                .collect::<Result<_>>()?;
            DataExpr::Value(super::aggregate::over(&values, name, ""))
        }
        DataExpr::Call(name, args) => DataExpr::Call(name.clone(), args.iter().map(own).collect::<Result<_>>()?),
        DataExpr::Unary(op, operand) => DataExpr::Unary(*op, Box::new(own(operand)?)),
        DataExpr::Binary(op, left, right) => DataExpr::Binary(*op, Box::new(own(left)?), Box::new(own(right)?)),
        other => other.clone(),
    })
}

/// Missing values come first; the sort is stable.
fn sort(rows: &mut [Row], args: &Args) -> Result<()> {
    let keys = order(args)?;
    let heap = Heap::new(HeapLimits::default());
    rows.sort_by(|left, right| {
        for key in &keys {
            let (a, b) = (plain(field(left, &key.column)), plain(field(right, &key.column)));
            let ordering = match (ops::is_null(&heap, &a), ops::is_null(&heap, &b)) {
                (false, false) => ops::compare(&heap, &a, &b).ok().flatten().unwrap_or(Ordering::Equal),
                (a, b) => b.cmp(&a),
            };
            let ordering = if key.descending { ordering.reverse() } else { ordering };
            if ordering != Ordering::Equal {
                return ordering;
            }
        }
        Ordering::Equal
    });
    Ok(())
}
