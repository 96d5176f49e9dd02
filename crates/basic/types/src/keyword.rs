//! Declarations of keywords and functions: data from which grammar, checks, editor help, the
//! reference and the permission check are made. The handler is paired with it in `runtime`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{Heap, Result, Val};

/// What running a keyword does to the world; decides journaling and replay (see `engines`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Looks at the world: its outcome is journaled. Clocks and dice are reads.
    Read,
    /// Changes our own database, in one transaction with its journal entry: exactly once.
    Local,
    /// Changes the outside world: intent and outcome are journaled, done under an idempotency key.
    Write,
    /// Adds to the turn itself (messages, suggestions, contexts): buffered and committed with it.
    Say,
    /// Ends the turn until something happens.
    Wait,
}

/// A keyword, declared once.
///
/// A form is one line of a small grammar:
/// `FIND table:expr [, filter:expr] [WHERE where:cond] [ORDER BY order:order] [LIMIT limit:expr]`
///
/// * `UPPER CASE` words are matched ignoring case; a blank between the words of the leading phrase
///   equals `_` (`SET_CONTEXT`). `A|B` in parentheses is a choice of words; `name:(A|B)` keeps which.
/// * `name:kind` is an argument; its kind is one of
///   - `expr`: one expression;
///   - `script`: the same, and a literal one is the name of a script, which `check` looks for;
///   - `exprs`: one or more, separated by commas (`Arg::Values`);
///   - `fields`: the same, each with the name of its variable or last member (`SAVE "t", id, po.total`),
///     empty if it has none (`Arg::Assignments`);
///   - `word`: a bare (also dotted) name that is no variable of the script is its own text, else an expression;
///   - `name`: a bare name is its own text even if a variable has that name, else an expression;
///   - `path`: like `word`; also a text such as `"order.total"` is read as that field if the script has
///     a variable `order`, and nothing is run when it is the only argument; in `role = GET role` the name
///     means its own text;
///   - `variable`: a literal text that names a variable or a field of one: the argument is its value;
///   - `filter`: a filter text. Literal ones, and those put together with `+`, `&`, `${…}` so that every value
///     is a whole value or inside quotes, arrive as `Arg::Condition` with the values bound; any other text
///     arrives as `Arg::Value` and is read by `parse_filter` of `basic/syntax` when it is known;
///   - `cond`: a condition where bare names left of a comparison are columns (`Arg::Condition`; a single
///     text is `DataExpr::Value`);
///   - `assigns`: a list `a = x, b = y` or `a AS x, b AS y`, unknown names on the right are columns;
///   - `values`: the same without columns, for rows that do not exist yet;
///   - `order`: a list `a DESC, b`; `columns`: a list of column expressions with `AS`;
///   - `target`: a variable that takes the result (`GET u INTO v`); the parser makes an assignment of it, so
///     the argument does not arrive.
/// * `[ … ]` is optional; neighbouring optional groups that start with a word may stand in any order
///   and on continuation lines. `,` and `=` are themselves; `,` may be left out before a text literal, and a
///   `,` before a clause word is ignored (`…, ATTACHMENT f`).
/// * All forms are walked at once: they should agree on the kind of arguments that stand in the same place.
///   The lowest form that fits wins. A use may put the arguments in parentheses: `USE_KB("n")`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeywordDecl {
    /// Stable name; append-only, bytecode refers to it. By habit the phrase without arguments.
    pub name: Cow<'static, str>,
    /// The forms, tried in order; the request says which matched.
    pub forms: Vec<Cow<'static, str>>,
    /// True when it gives a value and may stand in an expression.
    pub returns: bool,
    /// What it does to the world.
    pub effect: Effect,
    /// The permission its use needs, such as `data.write`; `None` for anyone who may talk to the bot.
    pub permission: Option<Cow<'static, str>>,
    /// Set when this build knows the syntax but has no handler: the capability it would need.
    pub missing_capability: Option<Cow<'static, str>>,
    /// Arguments whose object learns the key under which it was saved: the result says in `key` which field
    /// that is and in `id` its value.
    #[serde(default)]
    pub learns_key: Vec<Cow<'static, str>>,
    /// Arguments of a clause that may stand several times (`JOIN a ON x JOIN b ON y`): values arrive as
    /// `Arg::Values`, conditions joined by AND, the first one innermost.
    #[serde(default)]
    pub repeats: Vec<Cow<'static, str>>,
    /// The numbers of the errors that it raises beside those of every keyword; for the reference.
    #[serde(skip)]
    pub errors: &'static [u32],
    /// One line for hover, completion and the reference.
    pub doc: Cow<'static, str>,
    /// A short script that shows it; run by the spec.
    pub example: Cow<'static, str>,
}

impl KeywordDecl {
    /// A declaration from literals; see the builder methods for the rest.
    pub fn new(
        name: &'static str,
        forms: &[&'static str],
        effect: Effect,
        doc: &'static str,
        example: &'static str,
    ) -> Self {
        Self {
            name: Cow::Borrowed(name),
            forms: forms.iter().copied().map(Cow::Borrowed).collect(),
            returns: false,
            effect,
            permission: None,
            missing_capability: None,
            learns_key: Vec::new(),
            repeats: Vec::new(),
            errors: &[],
            doc: Cow::Borrowed(doc),
            example: Cow::Borrowed(example),
        }
    }

    /// It gives a value.
    #[must_use]
    pub fn returning(mut self) -> Self {
        self.returns = true;
        self
    }

    /// What is saved learns its key: see [`Self::learns_key`].
    #[must_use]
    pub fn teaching_key(mut self, args: &[&'static str]) -> Self {
        self.learns_key = args.iter().copied().map(Cow::Borrowed).collect();
        self
    }

    /// Its clauses may stand several times: see [`Self::repeats`].
    #[must_use]
    pub fn repeating(mut self, args: &[&'static str]) -> Self {
        self.repeats = args.iter().copied().map(Cow::Borrowed).collect();
        self
    }

    /// It raises these errors.
    #[must_use]
    pub fn raising(mut self, errors: &'static [u32]) -> Self {
        self.errors = errors;
        self
    }

    /// It is known but not part of this build.
    #[must_use]
    pub fn needs(mut self, capability: &'static str) -> Self {
        self.missing_capability = Some(Cow::Borrowed(capability));
        self
    }
}

/// A pure function: no I/O, no clock, no host; may allocate on the machine's heap.
pub type NativeFn = fn(&mut Heap, &[Val]) -> Result<Val>;

/// How a function may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunctionKind {
    /// `F(a, b)`, and `F a, b` where it is unambiguous.
    Plain,
    /// As a statement with a variable first (`PUSH list, v`), it changes that variable; as a function it
    /// returns a new array. The function receives the array and returns the new one.
    Mutating,
}

/// A function of `basic/std`.
#[derive(Clone, Debug)]
pub struct FunctionDecl {
    /// Name, upper case; bytecode refers to it.
    pub name: &'static str,
    /// Other spellings, such as `LENGTH` for `LEN`.
    pub aliases: &'static [&'static str],
    /// Parameters for help: `text, start, [count]`.
    pub params: &'static str,
    /// Fewest arguments.
    pub min: u8,
    /// Most arguments; `u8::MAX` for any number.
    pub max: u8,
    /// How it may be written.
    pub kind: FunctionKind,
    /// One line.
    pub doc: &'static str,
    /// An expression and its printed result: `LEFT("abc", 2) > ab`.
    pub example: &'static str,
    /// The code.
    pub run: NativeFn,
}
