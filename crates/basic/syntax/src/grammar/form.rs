//! The little language of keyword forms (documented at `KeywordDecl`) and the automaton made from it.
//! All forms of a phrase are walked at once, so that no argument is ever parsed twice.

use std::sync::Arc;

/// What an argument looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ArgKind {
    Expr,
    /// The name of a script: a literal one is looked for in the package.
    Script,
    Exprs,
    Fields,
    Word,
    Name,
    Path,
    /// A text that names a variable; the keyword is given its value.
    Variable,
    /// A filter text; its pieces are read when the script is parsed, so that values stay values.
    Filter,
    Condition,
    Assigns,
    Values,
    Order,
    Columns,
    Target,
}

impl ArgKind {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "expr" => Self::Expr,
            "script" => Self::Script,
            "exprs" => Self::Exprs,
            "fields" => Self::Fields,
            "word" => Self::Word,
            "name" => Self::Name,
            "path" => Self::Path,
            "variable" => Self::Variable,
            "filter" => Self::Filter,
            "cond" => Self::Condition,
            "assigns" => Self::Assigns,
            "values" => Self::Values,
            "order" => Self::Order,
            "columns" => Self::Columns,
            "target" => Self::Target,
            _ => return None,
        })
    }

    /// Kinds whose text is an ordinary expression, so that one parse serves all of them.
    pub(crate) const fn is_expr(self) -> bool {
        matches!(
            self,
            Self::Expr
                | Self::Script
                | Self::Exprs
                | Self::Fields
                | Self::Word
                | Self::Name
                | Self::Path
                | Self::Filter
        )
    }
}

/// One part of a form.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    Word(Arc<str>),
    Symbol(&'static str),
    Arg { name: Arc<str>, kind: ArgKind },
    Choice { name: Option<Arc<str>>, options: Vec<Vec<Arc<str>>> },
    Optional(Vec<Item>),
}

/// A form that was read.
pub(super) struct Form {
    pub(super) phrase: Vec<Arc<str>>,
    pub(super) items: Vec<Item>,
}

impl Form {
    pub(super) fn arg_names(&self) -> Vec<Arc<str>> {
        fn collect(items: &[Item], names: &mut Vec<Arc<str>>) {
            for item in items {
                match item {
                    Item::Arg { name, .. } | Item::Choice { name: Some(name), .. } => names.push(name.clone()),
                    Item::Optional(inner) => collect(inner, names),
                    _ => {}
                }
            }
        }
        let mut names = Vec::new();
        collect(&self.items, &mut names);
        names
    }
}

/// Reads one form.
pub(super) fn parse(text: &str) -> Result<Form, String> {
    let tokens = split(text);
    let mut reader = Reader { tokens: &tokens, at: 0, depth: 0 };
    let mut phrase: Vec<Arc<str>> = Vec::new();
    while let Some(word) = reader.tokens.get(reader.at).filter(|token| is_word(token)) {
        phrase.extend(word.to_uppercase().split('_').map(Arc::from));
        reader.at += 1;
    }
    if phrase.is_empty() {
        return Err("a form begins with a word in upper case".into());
    }
    let items = reader.items()?;
    match reader.tokens.get(reader.at) {
        None => Ok(Form { phrase, items }),
        Some(extra) => Err(format!("`{extra}` is not expected here")),
    }
}

fn split(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    for chunk in text.split_whitespace() {
        let mut word = String::new();
        for c in chunk.chars() {
            if matches!(c, '[' | ']' | '(' | ')' | '|' | ',' | '=' | ':') {
                if !word.is_empty() {
                    tokens.push(std::mem::take(&mut word));
                }
                tokens.push(c.into());
            } else {
                word.push(c);
            }
        }
        if !word.is_empty() {
            tokens.push(word);
        }
    }
    tokens
}

fn is_word(token: &str) -> bool {
    token.starts_with(char::is_alphabetic) && token.chars().all(|c| c.is_uppercase() || c.is_numeric() || c == '_')
}

struct Reader<'t> {
    tokens: &'t [String],
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&str> {
        self.tokens.get(self.at).map(String::as_str)
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.peek() == Some(token);
        self.at += usize::from(found);
        found
    }

    fn items(&mut self) -> Result<Vec<Item>, String> {
        self.depth += 1;
        if self.depth > 8 {
            return Err("optional groups are nested too deeply".into());
        }
        let mut items = Vec::new();
        while let Some(token) = self.peek() {
            if token == "]" {
                break;
            }
            let token = token.to_owned();
            self.at += 1;
            match token.as_str() {
                "," => items.push(Item::Symbol(",")),
                "=" => items.push(Item::Symbol("=")),
                ":" => items.push(Item::Symbol(":")),
                "[" => {
                    let inner = self.items()?;
                    if !self.take("]") {
                        return Err("`[` has no `]`".into());
                    }
                    items.push(Item::Optional(inner));
                }
                "(" => items.push(Item::Choice { name: None, options: self.choice()? }),
                word if is_word(word) => {
                    items.extend(word.split('_').map(|part| Item::Word(Arc::from(part))));
                }
                name if name.chars().all(|c| c.is_lowercase() || c.is_numeric() || c == '_') => {
                    if !self.take(":") {
                        return Err(format!("`{name}` needs a kind, such as `{name}:expr`"));
                    }
                    let name = Arc::from(name);
                    if self.take("(") {
                        items.push(Item::Choice { name: Some(name), options: self.choice()? });
                    } else {
                        let kind = self.peek().unwrap_or("").to_owned();
                        self.at += 1;
                        let kind = ArgKind::from_name(&kind).ok_or_else(|| format!("unknown kind `{kind}`"))?;
                        items.push(Item::Arg { name, kind });
                    }
                }
                other => return Err(format!("`{other}` is not expected here")),
            }
        }
        self.depth -= 1;
        Ok(items)
    }

    fn choice(&mut self) -> Result<Vec<Vec<Arc<str>>>, String> {
        let mut options = vec![Vec::new()];
        loop {
            let token = self.peek().ok_or("`(` has no `)`")?.to_owned();
            self.at += 1;
            match token.as_str() {
                ")" => break,
                "|" => options.push(Vec::new()),
                word if is_word(word) => {
                    if let Some(option) = options.last_mut() {
                        option.extend(word.split('_').map(Arc::from));
                    }
                }
                other => return Err(format!("`{other}` is not a word of a choice")),
            }
        }
        if options.iter().any(Vec::is_empty) {
            return Err("a choice has an empty option".into());
        }
        Ok(options)
    }
}

/// A step from one state to the next.
#[derive(Clone, Debug)]
pub(crate) enum Edge {
    /// Nothing is read.
    Free,
    /// A word; the second is recorded under the first when the last word of a choice was read.
    Word(Arc<str>, Option<(Arc<str>, Arc<str>)>),
    /// `,` or `=`.
    Symbol(&'static str),
    /// An argument.
    Arg(Arc<str>, ArgKind),
}

/// All forms of one phrase. State 0 is unused; every form has its own start.
#[derive(Debug, Default)]
pub(crate) struct Automaton {
    pub(crate) edges: Vec<Vec<(Edge, usize)>>,
    /// Keyword, form, start state and accepting state, in the order of declaration.
    pub(crate) forms: Vec<(usize, u16, usize, usize)>,
    /// For every state what [`Self::closure`] gives.
    closures: Vec<Box<[usize]>>,
}

impl Automaton {
    fn state(&mut self) -> usize {
        self.edges.push(Vec::new());
        self.edges.len() - 1
    }

    fn edge(&mut self, from: usize, edge: Edge, to: usize) {
        self.edges[from].push((edge, to));
    }

    pub(super) fn add(&mut self, keyword: usize, form: u16, items: &[Item]) {
        let start = self.state();
        let end = self.sequence(start, items);
        self.forms.push((keyword, form, start, end));
    }

    fn sequence(&mut self, mut at: usize, items: &[Item]) -> usize {
        let mut items = items.iter().peekable();
        while let Some(item) = items.next() {
            at = match item {
                Item::Optional(inner) if begins_with_word(inner) => {
                    // Neighbouring clauses share one hub: each leads back to it, so their order is free.
                    let hub = self.state();
                    self.edge(at, Edge::Free, hub);
                    let mut clause = inner;
                    loop {
                        let end = self.sequence_from(hub, clause);
                        self.edge(end, Edge::Free, hub);
                        match items.peek() {
                            Some(Item::Optional(next)) if begins_with_word(next) => clause = next,
                            _ => break,
                        }
                        items.next();
                    }
                    hub
                }
                Item::Optional(inner) => {
                    let end = self.sequence_from(at, inner);
                    let after = self.state();
                    self.edge(end, Edge::Free, after);
                    self.edge(at, Edge::Free, after);
                    after
                }
                item => self.item(at, item),
            };
        }
        at
    }

    fn sequence_from(&mut self, from: usize, items: &[Item]) -> usize {
        let start = self.state();
        self.edge(from, Edge::Free, start);
        self.sequence(start, items)
    }

    fn item(&mut self, at: usize, item: &Item) -> usize {
        let after = self.state();
        match item {
            Item::Word(word) => self.edge(at, Edge::Word(word.clone(), None), after),
            Item::Symbol(symbol) => self.edge(at, Edge::Symbol(symbol), after),
            Item::Arg { name, kind: kind @ (ArgKind::Exprs | ArgKind::Fields) } => {
                let one = self.state();
                let again = self.state();
                self.edge(at, Edge::Arg(name.clone(), *kind), one);
                self.edge(one, Edge::Symbol(","), again);
                self.edge(again, Edge::Arg(name.clone(), *kind), one);
                self.edge(one, Edge::Free, after);
            }
            Item::Arg { name, kind } => self.edge(at, Edge::Arg(name.clone(), *kind), after),
            Item::Choice { name, options } => {
                for option in options {
                    let mut from = at;
                    let chosen: Arc<str> = Arc::from(option.join(" "));
                    for (index, word) in option.iter().enumerate() {
                        let last = index + 1 == option.len();
                        let to = if last { after } else { self.state() };
                        let record = if last { name.clone().map(|name| (name, chosen.clone())) } else { None };
                        self.edge(from, Edge::Word(word.clone(), record), to);
                        from = to;
                    }
                }
            }
            Item::Optional(_) => self.edge(at, Edge::Free, after),
        }
        after
    }

    /// True when an argument of any form is a filter.
    pub(crate) fn has_filter(&self) -> bool {
        self.edges.iter().flatten().any(|(edge, _)| matches!(edge, Edge::Arg(_, ArgKind::Filter)))
    }

    /// Every state reachable from a state without reading, in order, without doubles; the state itself first.
    pub(crate) fn closure(&self, from: usize) -> &[usize] {
        self.closures.get(from).map_or(&[], |states| states)
    }

    /// To be called when all forms are added.
    pub(super) fn finish(&mut self) {
        self.closures = (0..self.edges.len()).map(|state| self.reachable(state)).collect();
    }

    fn reachable(&self, from: usize) -> Box<[usize]> {
        let mut found = vec![from];
        let mut next = 0;
        while let Some(state) = found.get(next).copied() {
            next += 1;
            for (edge, to) in &self.edges[state] {
                if matches!(edge, Edge::Free) && !found.contains(to) {
                    found.push(*to);
                }
            }
        }
        found.into()
    }
}

fn begins_with_word(items: &[Item]) -> bool {
    matches!(items.first(), Some(Item::Word(_) | Item::Choice { .. }))
}
