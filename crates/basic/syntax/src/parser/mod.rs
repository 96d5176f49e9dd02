//! From tokens to the tree: the cursor, errors with recovery, and the entry points. One pass, no
//! backtracking; every loop either consumes a token or ends, and nesting is bounded.

mod advice;
mod control;
mod declarations;
mod events;
mod expressions;
mod filter_text;
mod foreign_words;
mod hear;
mod keyword_args;
mod keyword_call;
mod literals;
pub(crate) mod notes;
mod operands;
mod procedures;
mod statements;
mod suggest;
mod table;
mod text_blocks;

use std::sync::Arc;

use botserver_basic_types::{Diagnostic, Severity};
use foldhash::{HashMap, HashSet};

pub use self::suggest::nearest;

use crate::{
    ast::{Block, Expr, Loc, Name, Script},
    codes::Code,
    grammar::Grammar,
    lexer::{self, Token, TokenKind},
    masked,
    names::{self, Names},
};

/// The result of parsing one file.
#[derive(Debug, Default)]
pub struct Parsed {
    /// What could be understood.
    pub script: Script,
    /// What is wrong or doubtful, in the order of the source.
    pub diagnostics: Vec<Diagnostic>,
}

impl Parsed {
    /// True when the script must not be compiled.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

/// What a host knows about a script before it is parsed.
#[derive(Clone, Debug, Default)]
pub struct ParseOptions {
    /// More variables than the grammar's, such as a bot's `param-…` settings.
    pub variables: Vec<String>,
    /// Names of procedures that its INCLUDEs bring.
    pub procedures: Vec<String>,
}

/// Parses a file. Never fails and never panics: what cannot be read becomes a diagnostic.
pub fn parse(file: &str, source: &str, grammar: &Grammar) -> Parsed {
    parse_with(file, source, grammar, &ParseOptions::default())
}

/// [`parse`] with what the host knows.
pub fn parse_with(file: &str, source: &str, grammar: &Grammar, options: &ParseOptions) -> Parsed {
    parse_noting(file, source, grammar, options, None).0
}

/// [`parse_with`] that takes down what the formatter wants to know.
pub(crate) fn parse_noting(
    file: &str,
    source: &str,
    grammar: &Grammar,
    options: &ParseOptions,
    notes: Option<notes::Notes>,
) -> (Parsed, notes::Notes) {
    let first_line = source.trim_start_matches('\u{feff}').lines().next().unwrap_or("");
    let mut script = Script {
        file: Arc::from(file),
        source: Arc::from(source),
        line_starts: line_starts(source),
        workflow: first_line.trim().eq_ignore_ascii_case("#workflow"),
        ..Script::default()
    };
    let lexed = lexer::lex(source, Loc::new(0, source.len() as u32));
    let folded = |names: &[String]| names.iter().map(|name| Arc::from(name.to_lowercase())).collect::<Vec<Arc<str>>>();
    let mut variables = grammar.variables().to_vec();
    variables.extend(folded(&options.variables));
    let upper = source.to_ascii_uppercase();
    let names = names::collect(source, &upper, &lexed.tokens, &variables, &folded(&options.procedures));
    let mut parser = Parser {
        source,
        upper: &upper,
        grammar,
        names,
        tokens: lexed.tokens,
        at: 0,
        found: Vec::new(),
        errors: 0,
        script: Script::default(),
        depth: 0,
        text_depth: 0,
        context: Context::default(),
        open: Vec::new(),
        labels: Labels::default(),
        single_line: 0,
        defined: HashSet::default(),
        procedure: false,
        assigning: None,
        own_value: false,
        filters: filter_text::Filters::default(),
        notes,
        forgiven: Vec::new(),
        ended: false,
        was_ended: false,
        keywords: 0,
        result: None,
        numbered: false,
        almost: None,
    };
    parser.lexical(lexed.errors, &lexed.unclosed);
    parser.script.body = parser.script_body();
    parser.check_filters();
    parser.say_prose_once();
    let Parser { script: parts, found, notes, .. } = parser;
    script = Script {
        file: script.file,
        source: script.source,
        line_starts: script.line_starts,
        workflow: script.workflow,
        ..parts
    };
    let mut found = found;
    found.sort_by_key(|finding| (finding.loc.start, finding.severity == Severity::Warning));
    let diagnostics = found
        .into_iter()
        .map(|finding| Diagnostic {
            code: Arc::from(finding.code.id()),
            severity: finding.severity,
            // What is quoted in them may be a secret.
            message: masked(&finding.message).into_owned(),
            span: script.span(finding.loc),
            help: finding.help.map(|help| masked(&help).into_owned()),
        })
        .collect();
    (Parsed { script, diagnostics }, notes.unwrap_or_default())
}

fn line_starts(source: &str) -> Vec<u32> {
    let ends = source.bytes().zip(1..).filter(|(byte, _)| *byte == b'\n').map(|(_, after)| after);
    std::iter::once(0).chain(ends).collect()
}

/// An error was recorded; the statement is given up.
#[derive(Debug)]
struct Bail;

type PResult<T> = Result<T, Bail>;

struct Finding {
    code: Code,
    severity: Severity,
    loc: Loc,
    message: String,
    help: Option<String>,
}

/// How a bare name is understood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Columns {
    /// As a variable.
    #[default]
    None,
    /// As a column: left of a comparison.
    Left,
    /// As a variable if it is known, else as a column: right of a comparison.
    Right,
}

/// What surrounds the expression being parsed.
#[derive(Clone, Debug, Default)]
struct Context<'s> {
    /// Line ends do not count.
    in_brackets: bool,
    /// A comma ends a keyword's last argument.
    comma_ends: bool,
    /// AND, OR and comparisons end a keyword's last argument.
    in_condition: bool,
    columns: Columns,
    /// Words that end an operand here, upper case.
    stops: Vec<&'s str>,
    /// `=` ends an operand here.
    stop_at_equal: bool,
}

/// Labels of one procedure, handler or script body.
#[derive(Default)]
struct Labels {
    defined: HashMap<Arc<str>, Loc>,
    used: Vec<Name>,
}

/// Kinds of blocks, for matching their ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BlockKind {
    If,
    For,
    While,
    Do,
    Select,
    Procedure,
    Try,
    With,
    Event,
    Schedule,
}

/// Levels of nesting (blocks, brackets, texts in texts) that are accepted.
const MAX_DEPTH: u32 = 90;
/// After so many errors the rest of the file is left.
const MAX_ERRORS: usize = 50;

struct Parser<'s> {
    source: &'s str,
    /// The source in upper case, for recognizing words.
    upper: &'s str,
    grammar: &'s Grammar,
    names: Names,
    tokens: Vec<Token>,
    at: usize,
    found: Vec<Finding>,
    errors: usize,
    script: Script,
    depth: u32,
    text_depth: u32,
    context: Context<'s>,
    open: Vec<BlockKind>,
    labels: Labels,
    /// Depth of single-line IFs: ELSE ends a statement.
    single_line: u32,
    defined: HashSet<Arc<str>>,
    /// Inside SUB or FUNCTION.
    procedure: bool,
    /// The plain variable whose value is being parsed (`role = GET role`).
    assigning: Option<Arc<str>>,
    /// The keyword being parsed was given the path of a variable of the script.
    own_value: bool,
    filters: filter_text::Filters,
    notes: Option<notes::Notes>,
    /// Blocks whose beginning was named as a mistake, with the depth: their ends are passed over.
    forgiven: Vec<(BlockKind, usize)>,
    /// A slip in the end of the innermost block was named; the second is for whoever closes it.
    ended: bool,
    was_ended: bool,
    /// Keywords whose arguments are being read, one inside of the other.
    keywords: u32,
    /// The FUNCTION being parsed, which EXIT FUNCTION gives the value of.
    result: Option<Name>,
    /// Line numbers were named as a mistake once.
    numbered: bool,
    /// A token where a clause of the keyword was nearly written, and the clause.
    almost: Option<(usize, String)>,
}

impl<'s> Parser<'s> {
    // ---- cursor -----------------------------------------------------------------------------

    #[inline]
    fn token(&self) -> &Token {
        self.token_at(self.at)
    }

    /// The token at an index; the end of the file for any index beyond.
    #[inline]
    fn token_at(&self, at: usize) -> &Token {
        &self.tokens[at.min(self.tokens.len() - 1)]
    }

    fn loc(&self) -> Loc {
        self.token().loc
    }

    /// The end of what was consumed last.
    fn previous_end(&self) -> u32 {
        self.at.checked_sub(1).map_or(0, |at| self.token_at(at).loc.end)
    }

    fn since(&self, start: Loc) -> Loc {
        Loc::new(start.start, self.previous_end().max(start.end))
    }

    fn advance(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        if self.context.in_brackets {
            self.skip_newlines();
        }
    }

    fn skip_newlines(&mut self) {
        while matches!(self.token().kind, TokenKind::Newline) {
            self.at += 1;
        }
    }

    /// True when a statement ends at an index: a line end, or the `:` between two statements of one line.
    fn separates_at(&self, at: usize) -> bool {
        self.line_ends_at(at) || self.is_symbol_at(at, ":")
    }

    fn skip_separators(&mut self) {
        while matches!(self.token().kind, TokenKind::Newline | TokenKind::Symbol(":")) {
            self.at += 1;
        }
    }

    #[inline]
    fn slice(&self, loc: Loc) -> &'s str {
        self.source.get(loc.start as usize..loc.end as usize).unwrap_or("")
    }

    /// The word at an index, or nothing.
    #[inline]
    fn word_at(&self, at: usize) -> &'s str {
        let token = self.token_at(at);
        if matches!(token.kind, TokenKind::Word) { self.slice(token.loc) } else { "" }
    }

    fn word(&self) -> &'s str {
        self.word_at(self.at)
    }

    /// The word at an index in upper case, or nothing.
    fn upper_at(&self, at: usize) -> &'s str {
        let Token { kind: TokenKind::Word, loc, .. } = self.token_at(at) else { return "" };
        self.upper.get(loc.start as usize..loc.end as usize).unwrap_or("")
    }

    #[inline]
    fn is_word_at(&self, at: usize, wanted: &str) -> bool {
        self.word_at(at).eq_ignore_ascii_case(wanted)
    }

    #[inline]
    fn is_word(&self, wanted: &str) -> bool {
        self.is_word_at(self.at, wanted)
    }

    fn is_any_word(&self, wanted: &[&str]) -> bool {
        wanted.iter().any(|word| self.is_word(word))
    }

    #[inline]
    fn is_symbol_at(&self, at: usize, wanted: &str) -> bool {
        matches!(self.token_at(at).kind, TokenKind::Symbol(symbol) if symbol == wanted)
    }

    #[inline]
    fn is_symbol(&self, wanted: &str) -> bool {
        self.is_symbol_at(self.at, wanted)
    }

    fn take_word(&mut self, wanted: &str) -> bool {
        let found = self.is_word(wanted);
        if found {
            self.note_word(self.at);
            self.advance();
        }
        found
    }

    /// Takes the words one after another, `_` joining some of them, or none at all.
    fn take_words(&mut self, wanted: &[&str]) -> bool {
        if self.is_joined(wanted) {
            self.note_word(self.at);
            self.advance();
            return true;
        }
        let all = wanted.iter().enumerate().all(|(index, word)| self.is_word_at(self.at + index, word));
        if all {
            for _ in wanted {
                self.note_word(self.at);
                self.advance();
            }
        }
        all
    }

    /// One word that is all of these with `_` between them.
    fn is_joined(&self, wanted: &[&str]) -> bool {
        let word = self.word();
        wanted.len() > 1
            && word.len() == wanted.iter().map(|word| word.len() + 1).sum::<usize>() - 1
            && word.split('_').zip(wanted).all(|(part, wanted)| part.eq_ignore_ascii_case(wanted))
            && word.split('_').count() == wanted.len()
    }

    fn take_symbol(&mut self, wanted: &str) -> bool {
        let found = self.is_symbol(wanted);
        if found {
            self.advance();
        }
        found
    }

    #[inline]
    fn line_ends_at(&self, at: usize) -> bool {
        matches!(self.token_at(at).kind, TokenKind::Newline | TokenKind::Eof)
    }

    #[inline]
    fn at_line_end(&self) -> bool {
        self.line_ends_at(self.at)
    }

    #[inline]
    fn at_end(&self) -> bool {
        matches!(self.token().kind, TokenKind::Eof)
    }

    fn at_statement_end(&self) -> bool {
        self.separates_at(self.at) || (self.single_line > 0 && self.is_word("ELSE"))
    }

    /// The token as people name it.
    fn shown(&self) -> String {
        match &self.token().kind {
            TokenKind::Newline => "the end of the line".into(),
            TokenKind::Eof => "the end of the file".into(),
            TokenKind::Text(_) => "this text".into(),
            TokenKind::Block(_) => "a text block".into(),
            _ => format!("`{}`", self.slice(self.loc()).chars().take(40).collect::<String>()),
        }
    }

    // ---- diagnostics ------------------------------------------------------------------------

    fn report(&mut self, severity: Severity, code: Code, loc: Loc, message: String, help: Option<String>) {
        if severity == Severity::Error {
            self.errors += 1;
            if self.errors == MAX_ERRORS + 1 {
                let message = format!("more than {MAX_ERRORS} errors; the rest of the file was not checked");
                self.found.push(Finding { code: Code::TooManyErrors, severity, loc, message, help: None });
            }
        }
        if self.errors <= MAX_ERRORS {
            self.found.push(Finding { code, severity, loc, message, help });
        }
    }

    fn error(&mut self, code: Code, loc: Loc, message: impl Into<String>) {
        self.report(Severity::Error, code, loc, message.into(), None);
    }

    fn error_help(&mut self, code: Code, loc: Loc, message: impl Into<String>, help: impl Into<String>) {
        self.report(Severity::Error, code, loc, message.into(), Some(help.into()));
    }

    fn warning(&mut self, code: Code, loc: Loc, message: impl Into<String>, help: Option<String>) {
        self.report(Severity::Warning, code, loc, message.into(), help);
    }

    /// What the lexer found.
    fn lexical(&mut self, errors: Vec<lexer::Fault>, unclosed: &[Loc]) {
        for lexer::Fault { code, loc, message, help } in errors {
            self.report(Severity::Error, code, loc, message, help);
        }
        for loc in unclosed {
            let message = "this `${` has no `}` on its line, so it is shown as it stands";
            let help = "Write `}` behind the value. In quotes `\\$` is the character itself.".to_owned();
            self.warning(Code::UnclosedValue, *loc, message, Some(help));
        }
    }

    fn bail<T>(&mut self, code: Code, loc: Loc, message: impl Into<String>) -> PResult<T> {
        self.error(code, loc, message);
        Err(Bail)
    }

    fn expected<T>(&mut self, what: &str) -> PResult<T> {
        let message = format!("expected {what}, found {}", self.shown());
        let loc = self.here();
        self.bail(Code::ExpectedToken, loc, message)
    }

    /// The place for an error about what should stand here: a line end is shown right after the last token.
    fn here(&self) -> Loc {
        if self.at_line_end() && self.at > 0 {
            // An operator at the end of a line has looked for its operand on the lines below.
            let last = (0..self.at).rev().find(|at| !self.line_ends_at(*at)).unwrap_or(0);
            let end = self.token_at(last).loc.end;
            return Loc::new(end, end);
        }
        self.loc()
    }

    fn expect_word(&mut self, wanted: &str) -> PResult<()> {
        if self.take_word(wanted) { Ok(()) } else { self.expected(&format!("`{wanted}`")) }
    }

    fn expect_symbol(&mut self, wanted: &str) -> PResult<()> {
        if self.take_symbol(wanted) { Ok(()) } else { self.expected(&format!("`{wanted}`")) }
    }

    /// Goes on after an error: to the end of the statement, jumping over complete brackets.
    fn recover(&mut self, statement_start: usize) {
        self.context = Context::default();
        // An error inside a bracket: the bracket's partner ends the damage, if it has one.
        let mut at = statement_start;
        while at < self.at {
            let token = self.token_at(at);
            let closes_later = token.partner != u32::MAX && token.partner as usize >= self.at;
            if closes_later && matches!(token.kind, TokenKind::Symbol("(" | "[" | "{")) {
                self.at = token.partner as usize;
                break;
            }
            at += 1;
        }
        while !self.at_line_end() {
            let token = self.token();
            let jump = token.partner != u32::MAX && token.partner as usize > self.at;
            self.at = if jump { token.partner as usize + 1 } else { self.at + 1 };
        }
    }

    /// Runs `parse` one level deeper; too deep is an error, not a stack overflow.
    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> PResult<T>) -> PResult<T> {
        if self.depth >= MAX_DEPTH {
            let loc = self.loc();
            return self.bail(Code::TooDeep, loc, format!("nested more than {MAX_DEPTH} levels deep"));
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }

    /// Runs `parse` in another context and returns to the present one.
    fn within<T>(
        &mut self,
        change: impl FnOnce(&mut Context<'s>),
        parse: impl FnOnce(&mut Self) -> PResult<T>,
    ) -> PResult<T> {
        let saved = self.context.clone();
        change(&mut self.context);
        let result = parse(self);
        // After an error `recover` finds its way by the tokens alone.
        self.context = saved;
        result
    }

    /// Parses what stands between the bracket at the cursor and its partner, which is consumed too.
    fn bracketed<T>(&mut self, closer: &'static str, parse: impl FnOnce(&mut Self) -> PResult<T>) -> PResult<T> {
        let open = self.loc();
        if self.token().partner == u32::MAX {
            let message = format!("`{}` has no `{closer}`", self.slice(open));
            let help = self.closed_line(closer).map(|line| format!("Write `{line}`."));
            self.report(Severity::Error, Code::UnclosedBracket, open, message, help);
            return Err(Bail);
        }
        let Context { columns, in_condition, .. } = self.context;
        let inside = Context { in_brackets: true, comma_ends: true, columns, in_condition, ..Context::default() };
        let outside = std::mem::replace(&mut self.context, inside);
        self.advance();
        let inner = parse(self).and_then(|inner| match () {
            () if self.is_symbol(closer) => Ok(inner),
            () if self.begins_operand(self.at) => self.missing_comma(),
            () => self.expected(&format!("`{closer}`")),
        });
        self.context = outside;
        inner.inspect(|_| self.advance())
    }

    // ---- names ------------------------------------------------------------------------------

    fn make_name(&self, loc: Loc) -> Name {
        let text = self.slice(loc);
        let key = self.names.key(text);
        let text = if *key == *text { key.clone() } else { Arc::from(text) };
        Name { key, text, loc }
    }

    fn name(&mut self, what: &str) -> PResult<Name> {
        if !matches!(self.token().kind, TokenKind::Word) {
            return self.expected(what);
        }
        let name = self.make_name(self.loc());
        self.advance();
        Ok(name)
    }

    /// A text without `${…}`, for declarations.
    fn literal_text(&mut self, what: &str) -> PResult<Arc<str>> {
        if let TokenKind::Text(parts) = &self.token().kind {
            if let [lexer::Part::Text(text)] = &**parts {
                let text = text.clone();
                self.advance();
                return Ok(text);
            }
            let loc = self.loc();
            return self.bail(Code::NotLiteral, loc, format!("{what} must be a plain text without `${{…}}`"));
        }
        self.expected(&format!("{what} in quotes"))
    }

    /// The expression in a `${…}`.
    fn interpolated(&mut self, loc: Loc) -> PResult<Expr> {
        if self.text_depth >= 4 {
            return self.bail(Code::TooDeep, loc, "texts with `${…}` are nested too deeply");
        }
        let lexed = lexer::lex(self.source, loc);
        self.lexical(lexed.errors, &lexed.unclosed);
        let tokens = std::mem::replace(&mut self.tokens, lexed.tokens);
        let at = std::mem::replace(&mut self.at, 0);
        self.text_depth += 1;
        let columns = self.context.columns;
        let result = self.within(
            |context| *context = Context { in_brackets: true, comma_ends: true, columns, ..Context::default() },
            |parser| {
                parser.skip_newlines();
                let value = parser.deeper(Self::expression)?;
                if !parser.at_end() {
                    return parser.expected("`}`");
                }
                Ok(value)
            },
        );
        self.text_depth -= 1;
        self.tokens = tokens;
        self.at = at;
        result
    }

    /// Runs `parse` with labels of its own and checks the jumps in it.
    fn label_scope<T>(&mut self, parse: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::take(&mut self.labels);
        let result = parse(self);
        let own = std::mem::replace(&mut self.labels, outer);
        for name in own.used {
            if !own.defined.contains_key(&name.key) {
                let help = suggest::nearest(&name.key, own.defined.keys().map(|key| &**key));
                let help = help.map(|label| format!("Did you mean `{label}`?"));
                self.report(
                    Severity::Error,
                    Code::MissingLabel,
                    name.loc,
                    format!("there is no label `{}`", name.text),
                    help,
                );
            }
        }
        result
    }

    fn script_body(&mut self) -> Block {
        self.label_scope(|parser| {
            let mut body = Block::new();
            parser.statements(&mut body, None);
            parser.warn_unreachable(&body);
            parser.resolve_types();
            body
        })
    }
}
