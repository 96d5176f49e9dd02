//! What the machine hands out when a statement touches the world, and is resumed with the outcome of.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Assignment, BasicError, DataExpr, HearRequest, OrderBy, Result, Span, Value};

/// One use of a keyword, with its arguments evaluated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EffectRequest {
    /// Stable name of the keyword (`FIND`, `SET BOT MEMORY`), as declared; `HEAR` for HEAR.
    pub keyword: Arc<str>,
    /// Which form of the declaration matched, from 0.
    pub form: u16,
    /// The arguments by the names the form gives them.
    pub args: Args,
    /// Where in which file.
    pub span: Span,
}

/// Arguments by name; an optional argument that was not written is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Args(pub Vec<(Arc<str>, Arg)>);

/// One argument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Arg {
    /// An evaluated expression.
    Value(Value),
    /// Expressions separated by commas (`name:exprs`).
    Values(Vec<Value>),
    /// A column-first condition (`name:cond`).
    Condition(DataExpr),
    /// `a = x, b = y` or `a AS x, b AS y` (`name:assigns`).
    Assignments(Vec<Assignment>),
    /// `a DESC, b` (`name:order`).
    Order(Vec<OrderBy>),
    /// The word chosen from a menu, upper case (`name:(A|B)`).
    Word(Arc<str>),
    /// `SELECT` columns or another list of column expressions with aliases (`name:columns`).
    Columns(Vec<(DataExpr, Option<String>)>),
    /// The request of a HEAR.
    Hear(HearRequest),
}

impl Args {
    /// The argument of that name, if it was written.
    pub fn get(&self, name: &str) -> Option<&Arg> {
        self.0.iter().find(|(own, _)| &**own == name).map(|(_, arg)| arg)
    }

    /// The value of that name; `Null` if it was not written.
    pub fn value(&self, name: &str) -> Value {
        match self.get(name) {
            Some(Arg::Value(value)) => value.clone(),
            _ => Value::Null,
        }
    }

    /// The value of that name as text, by the language's printing rule.
    pub fn text(&self, name: &str) -> String {
        match self.get(name) {
            Some(Arg::Value(value)) => crate::ops::to_text(value),
            _ => String::new(),
        }
    }

    /// The value of that name as text; an error that names the keyword's argument if it is empty.
    pub fn required_text(&self, name: &str) -> Result<String> {
        let text = self.text(name);
        if text.is_empty() {
            return Err(BasicError::invalid(format!("`{name}` must not be empty")));
        }
        Ok(text)
    }
}
