//! The language of a build: its grammar, and for editors the words of keywords, functions and statements with what is
//! to be said about them. Made once from the declarations; knows no file.

use std::{collections::HashMap, fmt::Write as _};

use botserver_basic_syntax::{FunctionSig, Grammar, GrammarError};
use botserver_basic_types::{FunctionDecl, FunctionKind, KeywordDecl};

use crate::{
    core_words::{CORE, CoreWord, NOT_BUILT},
    forms::Form,
    line::{Kind, Piece},
};

/// The keywords and functions of a build.
#[derive(Debug)]
pub struct Language {
    pub(crate) grammar: Grammar,
    pub(crate) keywords: Vec<KeywordDecl>,
    pub(crate) functions: &'static [FunctionDecl],
    /// For every keyword its forms.
    pub(crate) forms: Vec<Vec<Form>>,
    /// Upper-case phrase to keyword and forms.
    phrases: HashMap<String, Vec<(usize, usize)>>,
    by_function: HashMap<String, usize>,
    /// Words of the longest phrase.
    longest: usize,
}

impl Language {
    /// From the declarations of a build.
    pub fn new(keywords: Vec<KeywordDecl>, functions: &'static [FunctionDecl]) -> Result<Self, GrammarError> {
        let signatures: Vec<FunctionSig> = functions.iter().map(FunctionSig::from).collect();
        let grammar = Grammar::new(&keywords, &signatures)?;
        let forms: Vec<Vec<Form>> =
            keywords.iter().map(|decl| decl.forms.iter().map(|form| Form::read(form)).collect()).collect();
        let mut phrases: HashMap<String, Vec<(usize, usize)>> = HashMap::new();
        for (keyword, own) in forms.iter().enumerate() {
            for (form, read) in own.iter().enumerate() {
                phrases.entry(read.phrase.clone()).or_default().push((keyword, form));
            }
        }
        let spellings = |own: &FunctionDecl| {
            let all = std::iter::once(own.name).chain(own.aliases.iter().copied());
            all.map(str::to_uppercase).collect::<Vec<_>>()
        };
        let by_function = functions
            .iter()
            .enumerate()
            .flat_map(|(index, own)| spellings(own).into_iter().map(move |name| (name, index)))
            .collect();
        let core = CORE.iter().map(|own| own.phrase);
        let words = |phrase: &str| phrase.split(' ').count();
        let longest = phrases.keys().map(String::as_str).chain(core).map(words).max().unwrap_or(1);
        Ok(Self { grammar, keywords, functions, forms, phrases, by_function, longest })
    }

    /// The phrases of all keywords with their keyword and first form, each once.
    pub(crate) fn phrases(&self) -> impl Iterator<Item = (&str, usize, usize)> {
        self.phrases.iter().filter_map(|(phrase, forms)| {
            let (keyword, form) = forms.first()?;
            Some((phrase.as_str(), *keyword, *form))
        })
    }

    /// The function of a name.
    pub(crate) fn function(&self, name: &str) -> Option<&'static FunctionDecl> {
        let upper = name.to_uppercase();
        let plain = upper.strip_suffix('$').unwrap_or(&upper);
        self.by_function.get(&upper).or_else(|| self.by_function.get(plain)).and_then(|at| self.functions.get(*at))
    }

    /// The longest phrase that begins with a piece.
    pub(crate) fn phrase_at(&self, source: &str, pieces: &[Piece]) -> Option<Phrase<'_>> {
        let mut words: Vec<String> = Vec::new();
        let mut found = None;
        for (index, piece) in pieces.iter().enumerate() {
            if piece.kind != Kind::Word || words.len() >= self.longest {
                break;
            }
            let upper = piece.text(source).to_uppercase();
            words.extend(upper.strip_suffix('$').unwrap_or(&upper).split('_').map(str::to_owned));
            let phrase = words.join(" ");
            let core = CORE.iter().find(|own| own.phrase == phrase);
            if let Some(forms) = self.phrases.get(&phrase) {
                found = Some(Phrase { what: What::Keyword(forms), pieces: index + 1 });
            } else if let Some(core) = core {
                found = Some(Phrase { what: What::Core(core), pieces: index + 1 });
            }
        }
        found
    }
}

/// Words that begin a keyword or a statement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Phrase<'l> {
    pub(crate) what: What<'l>,
    /// How many pieces they are.
    pub(crate) pieces: usize,
}

/// What they begin.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What<'l> {
    /// A keyword and the form, each possible one.
    Keyword(&'l [(usize, usize)]),
    /// A statement of the language itself.
    Core(&'static CoreWord),
}

/// What an editor shows of a keyword.
pub(crate) fn keyword_page(decl: &KeywordDecl) -> String {
    let mut page = String::new();
    let _ = write!(page, "```text\n{}\n```\n\n{}", decl.forms.join("\n"), decl.doc);
    if decl.returns {
        page.push_str(" Gives a value.");
    }
    if let Some(capability) = &decl.missing_capability {
        let _ = write!(page, "\n\n*It needs {capability}, not available in this build.*");
    }
    if !decl.example.is_empty() {
        let _ = write!(page, "\n\n```basic\n{}\n```", decl.example.trim_end());
    }
    page
}

/// What an editor shows of a function.
pub(crate) fn function_page(own: &FunctionDecl) -> String {
    let mut page = format!("```text\n{}({})\n```\n\n{}", own.name, own.params, own.doc);
    if own.kind == FunctionKind::Mutating {
        page.push_str(" Written as a statement or a method it changes its list.");
    }
    if !own.aliases.is_empty() {
        let _ = write!(page, " Also `{}`.", own.aliases.join("`, `"));
    }
    if let Some((call, result)) = own.example.rsplit_once(" > ") {
        let _ = write!(page, "\n\n`{call}` gives `{result}`");
    }
    page
}

/// What an editor shows of a statement of the language itself.
pub(crate) fn core_page(own: &CoreWord) -> String {
    let not_built = NOT_BUILT.contains(&own.phrase);
    let note = if not_built { "\n\n*It is read, but not available in this build.*" } else { "" };
    format!("```basic\n{}\n```\n\n{}{note}", own.syntax, own.doc)
}
