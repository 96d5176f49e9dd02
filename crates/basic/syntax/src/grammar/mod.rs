//! Tables made from keyword and function declarations: which phrase begins which keyword (longest
//! phrase wins, blank equals `_`), and for each phrase an automaton over all its forms.

mod form;

use std::{borrow::Cow, sync::Arc};

use botserver_basic_types::{Effect, FunctionDecl, FunctionKind, KeywordDecl};
use foldhash::HashMap;

use crate::fold;

pub(crate) use form::{ArgKind, Automaton, Edge};

/// What the parser must know of a pure function.
#[derive(Clone, Debug)]
pub struct FunctionSig {
    /// Canonical name, upper case.
    pub name: Cow<'static, str>,
    /// Other spellings.
    pub aliases: Vec<Cow<'static, str>>,
    /// Fewest arguments.
    pub min: u8,
    /// Most arguments; `u8::MAX` for any number.
    pub max: u8,
    /// True when `F variable, …` as a statement and `variable.f(…)` change the variable.
    pub mutating: bool,
}

impl From<&FunctionDecl> for FunctionSig {
    fn from(decl: &FunctionDecl) -> Self {
        Self {
            name: Cow::Borrowed(decl.name),
            aliases: decl.aliases.iter().map(|alias| Cow::Borrowed(*alias)).collect(),
            min: decl.min,
            max: decl.max,
            mutating: decl.kind == FunctionKind::Mutating,
        }
    }
}

/// A declaration that cannot be used: a mistake of whoever declared it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("keyword {keyword}, form `{form}`: {message}")]
pub struct GrammarError {
    /// The declaration.
    pub keyword: String,
    /// Its form.
    pub form: String,
    /// What is wrong with it.
    pub message: String,
}

/// A keyword as the parser sees it.
#[derive(Debug)]
pub(crate) struct Keyword {
    pub(crate) name: Arc<str>,
    pub(crate) returns: bool,
    pub(crate) effect: Effect,
    pub(crate) missing: Option<Arc<str>>,
    /// Arguments whose object learns its key.
    pub(crate) learns_key: Vec<Arc<str>>,
    /// Arguments that may be given several times.
    pub(crate) repeats: Vec<Arc<str>>,
    pub(crate) forms: Vec<Arc<str>>,
    /// Names of the arguments of every form, in order.
    pub(crate) arg_names: Vec<Vec<Arc<str>>>,
}

/// A function as the parser sees it.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: Arc<str>,
    pub(crate) min: u8,
    pub(crate) max: u8,
    pub(crate) mutating: bool,
}

/// All phrases that begin with the same words: one node of the tree of phrases.
#[derive(Debug, Default)]
struct PhraseNode {
    next: HashMap<Arc<str>, usize>,
    /// The forms whose phrase ends here.
    automaton: Option<Automaton>,
}

/// Keywords and functions, ready for parsing.
#[derive(Debug)]
pub struct Grammar {
    pub(crate) keywords: Vec<Keyword>,
    nodes: Vec<PhraseNode>,
    functions: HashMap<Arc<str>, Function>,
    variables: Vec<Arc<str>>,
}

impl Grammar {
    /// Makes the tables; fails on a form that cannot be read.
    pub fn new(keywords: &[KeywordDecl], functions: &[FunctionSig]) -> Result<Self, GrammarError> {
        let mut grammar = Self {
            keywords: Vec::with_capacity(keywords.len()),
            nodes: vec![PhraseNode::default()],
            functions: HashMap::default(),
            variables: Vec::new(),
        };
        for decl in keywords {
            grammar.add_keyword(decl)?;
        }
        for function in functions {
            for spelling in std::iter::once(&function.name).chain(&function.aliases) {
                let entry = Function {
                    name: Arc::from(function.name.to_uppercase()),
                    min: function.min,
                    max: function.max,
                    mutating: function.mutating,
                };
                grammar.functions.insert(Arc::from(spelling.to_uppercase()), entry);
            }
        }
        for node in &mut grammar.nodes {
            node.automaton.iter_mut().for_each(Automaton::finish);
        }
        Ok(grammar)
    }

    /// Adds names that are variables in every script, such as a bot's `param-…` settings; it decides what
    /// a bare name on the right of a condition means.
    #[must_use]
    pub fn with_variables<I: IntoIterator<Item = S>, S: AsRef<str>>(mut self, names: I) -> Self {
        self.variables.extend(names.into_iter().map(|name| Arc::from(name.as_ref().to_lowercase())));
        self
    }

    fn add_keyword(&mut self, decl: &KeywordDecl) -> Result<(), GrammarError> {
        let own = self.keywords.len();
        let mut arg_names = Vec::new();
        for (index, text) in decl.forms.iter().enumerate() {
            let fail =
                |message: String| GrammarError { keyword: decl.name.to_string(), form: text.to_string(), message };
            let form = form::parse(text).map_err(fail)?;
            let mut node = 0;
            for word in &form.phrase {
                let fresh = self.nodes.len();
                let next = *self.nodes[node].next.entry(word.clone()).or_insert(fresh);
                if next == fresh {
                    self.nodes.push(PhraseNode::default());
                }
                node = next;
            }
            arg_names.push(form.arg_names());
            self.nodes[node].automaton.get_or_insert_default().add(own, index as u16, &form.items);
        }
        self.keywords.push(Keyword {
            name: Arc::from(&*decl.name),
            returns: decl.returns,
            effect: decl.effect,
            missing: decl.missing_capability.as_deref().map(Arc::from),
            learns_key: decl.learns_key.iter().map(|name| Arc::from(&**name)).collect(),
            repeats: decl.repeats.iter().map(|name| Arc::from(&**name)).collect(),
            forms: decl.forms.iter().map(|form| Arc::from(&**form)).collect(),
            arg_names,
        });
        Ok(())
    }

    /// The node after one more token of a phrase; its words may be joined by `_`.
    pub(crate) fn walk(&self, mut node: usize, token: &str) -> Option<usize> {
        if token.len() > 64 {
            return None;
        }
        fold::upper(token, |upper| {
            // `DATE$` is the classic spelling of a name that gives text.
            let upper = upper.strip_suffix('$').unwrap_or(upper);
            // A name that itself begins with `_` or doubles it is nobody's phrase.
            for word in upper.split('_') {
                node = *self.nodes[node].next.get(word)?;
            }
            Some(node)
        })
    }

    /// The forms whose phrase ends at the node.
    pub(crate) fn automaton(&self, node: usize) -> Option<&Automaton> {
        self.nodes[node].automaton.as_ref()
    }

    pub(crate) fn function(&self, name: &str) -> Option<&Function> {
        if name.len() > 64 {
            return None;
        }
        fold::upper(name, |upper| self.functions.get(upper).or_else(|| self.functions.get(upper.strip_suffix('$')?)))
    }

    pub(crate) fn keyword(&self, name: &str) -> Option<&Keyword> {
        self.keywords.iter().find(|keyword| keyword.name.eq_ignore_ascii_case(name))
    }

    pub(crate) fn variables(&self) -> &[Arc<str>] {
        &self.variables
    }

    /// First words and whole phrases of all keywords, for suggestions.
    pub(crate) fn phrases(&self) -> impl Iterator<Item = &str> {
        self.keywords.iter().map(|keyword| &*keyword.name)
    }

    pub(crate) fn function_names(&self) -> impl Iterator<Item = &str> {
        self.functions.keys().map(|name| &**name)
    }
}
