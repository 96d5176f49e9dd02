//! Uses of keywords: finding the longest phrase, then walking all its forms at once. Every argument is
//! parsed once, whichever form it turns out to belong to, so nesting costs linear time.

use std::sync::Arc;

use botserver_basic_types::{BinaryOp, Severity, Value};

use super::{PResult, Parser};
use crate::{
    ast::{ArgExpr, Expr, ExprKind, KeywordCall, LValue, Loc},
    codes::Code,
    grammar::{ArgKind, Automaton, Edge},
    lexer::TokenKind,
};

/// A phrase at the cursor.
#[derive(Clone, Copy)]
pub(super) struct Found {
    node: usize,
    /// The token after the phrase.
    after: usize,
}

impl Found {
    /// How many words it has, when it begins at that token.
    pub(super) const fn words(self, start: usize) -> usize {
        self.after - start
    }
}

/// What was read for an argument.
pub(super) enum Piece {
    Arg(ArgExpr),
    Target(LValue),
}

/// One way in which the parts so far fit a form.
#[derive(Clone)]
struct Thread {
    /// Index into the automaton's forms.
    form: usize,
    state: usize,
    captured: Vec<(Arc<str>, ArgKind, usize)>,
}

struct Walk<'g> {
    automaton: &'g Automaton,
    threads: Vec<Thread>,
    pieces: Vec<Option<Piece>>,
}

impl<'g> Walk<'g> {
    fn new(automaton: &'g Automaton) -> Self {
        let mut walk = Self { automaton, threads: Vec::new(), pieces: Vec::new() };
        for (form, (_, _, start, _)) in automaton.forms.iter().enumerate() {
            let states = automaton.closure(*start);
            walk.threads.extend(states.iter().map(|state| Thread { form, state: *state, captured: Vec::new() }));
        }
        walk
    }

    fn edges(&self) -> impl Iterator<Item = (&Thread, &'g Edge, usize)> {
        let automaton = self.automaton;
        self.threads
            .iter()
            .flat_map(move |thread| automaton.edges[thread.state].iter().map(move |(edge, to)| (thread, edge, *to)))
    }

    /// The threads that are left after a step that `take` allows; it says what the step records.
    fn stepped(&self, take: impl Fn(&Edge) -> Option<Option<(Arc<str>, ArgKind, usize)>>) -> Vec<Thread> {
        let mut next: Vec<Thread> = Vec::new();
        for (thread, edge, to) in self.edges() {
            let Some(record) = take(edge) else { continue };
            let mut captured = thread.captured.clone();
            captured.extend(record);
            for state in self.automaton.closure(to) {
                if !next.iter().any(|known| known.form == thread.form && known.state == *state) {
                    next.push(Thread { form: thread.form, state: *state, captured: captured.clone() });
                }
            }
        }
        next
    }

    /// The threads after a word, whose parts may be joined by `_`; empty when no form goes on with it.
    fn after_word(&mut self, word: &str) -> Vec<Thread> {
        let saved = self.threads.clone();
        for part in word.to_uppercase().split('_') {
            let mut chosen: Option<(Arc<str>, Arc<str>)> = None;
            for (_, edge, _) in self.edges() {
                if let Edge::Word(own, Some(record)) = edge
                    && **own == *part
                {
                    chosen = Some(record.clone());
                }
            }
            let index = self.pieces.len();
            let next = self.stepped(|edge| match edge {
                Edge::Word(own, record) if **own == *part => {
                    Some(record.as_ref().map(|(name, _)| (name.clone(), ArgKind::Expr, index)))
                }
                _ => None,
            });
            if let Some((_, word)) = chosen {
                self.pieces.push(Some(Piece::Arg(ArgExpr::Word(word))));
            }
            self.threads = next;
        }
        std::mem::replace(&mut self.threads, saved)
    }

    fn after_symbol(&self, symbol: &str) -> Vec<Thread> {
        self.stepped(|edge| matches!(edge, Edge::Symbol(own) if *own == symbol).then_some(None))
    }

    fn has_arg(&self) -> bool {
        self.edges().any(|(_, edge, _)| matches!(edge, Edge::Arg(..)))
    }

    fn has_columns(&self) -> bool {
        self.edges().any(|(_, edge, _)| matches!(edge, Edge::Arg(_, ArgKind::Columns)))
    }

    fn accepting(&self) -> Option<&Thread> {
        let accepts = |thread: &&Thread| self.automaton.forms[thread.form].3 == thread.state;
        self.threads.iter().filter(accepts).min_by_key(|thread| thread.form)
    }

    /// Words and symbols that may follow the arguments of a kind.
    fn follow(&self, kind: ArgKind) -> (Vec<&'g str>, bool) {
        let (mut words, mut equal) = (Vec::<&str>::new(), false);
        for (_, edge, to) in self.edges() {
            if !matches!(edge, Edge::Arg(_, own) if fits(*own, kind)) {
                continue;
            }
            for state in self.automaton.closure(to) {
                for (edge, _) in &self.automaton.edges[*state] {
                    match edge {
                        Edge::Word(word, _) if !words.contains(&&**word) => words.push(word),
                        Edge::Symbol("=") => equal = true,
                        _ => {}
                    }
                }
            }
        }
        (words, equal)
    }

    /// True when exactly this kind of argument can be followed by what stands at an index.
    fn goes_on(&self, kind: ArgKind, parser: &Parser<'_>, at: usize) -> bool {
        let word = parser.word_at(at).to_uppercase();
        let targets = self.edges().filter(|(_, edge, _)| matches!(edge, Edge::Arg(_, own) if *own as u8 == kind as u8));
        let mut states = targets.flat_map(|(thread, _, to)| {
            let accepting = self.automaton.forms[thread.form].3;
            self.automaton.closure(to).iter().map(move |state| (*state, accepting))
        });
        states.any(|(state, accepting)| {
            let ends = state == accepting && (word.is_empty() || parser.is_stop(&word));
            ends && !parser.is_symbol_at(at, ",") && !parser.is_symbol_at(at, "=")
                || self.automaton.edges[state].iter().any(|(edge, _)| match edge {
                    Edge::Word(own, _) => word.split('_').next() == Some(&**own),
                    Edge::Symbol(own) => parser.is_symbol_at(at, own),
                    _ => false,
                })
        })
    }

    /// What could come next, for error messages.
    fn expectation(&self) -> String {
        let mut wanted: Vec<String> = Vec::new();
        for (_, edge, _) in self.edges() {
            let text = match edge {
                Edge::Word(word, _) => format!("`{word}`"),
                Edge::Symbol(symbol) => format!("`{symbol}`"),
                Edge::Arg(name, _) => format!("a value ({name})"),
                Edge::Free => continue,
            };
            if !wanted.contains(&text) {
                wanted.push(text);
            }
        }
        match wanted.as_slice() {
            [] => "the end of the statement".into(),
            [one] => one.clone(),
            [first @ .., last] => format!("{} or {last}", first.join(", ")),
        }
    }
}

/// True when an argument of one kind can be read as the other.
const fn fits(own: ArgKind, read: ArgKind) -> bool {
    (own.is_expr() && read.is_expr()) || own as u8 == read as u8
}

impl<'s> Parser<'s> {
    /// The longest keyword phrase at the cursor that what follows can belong to. As a statement the longest
    /// phrase is taken even if nothing fits, for the sake of the message.
    pub(super) fn keyword_here(&self, statement: bool) -> Option<Found> {
        let mut candidates: Vec<Found> = Vec::new();
        let (mut node, mut at) = (0, self.at);
        while !self.word_at(at).is_empty() {
            let Some(next) = self.grammar.walk(node, self.word_at(at)) else { break };
            (node, at) = (next, at + 1);
            if self.grammar.automaton(node).is_some() {
                candidates.push(Found { node, after: at });
            }
        }
        let viable = candidates.iter().rev().find(|found| self.is_viable(**found, statement)).copied();
        if statement { viable.or(candidates.last().copied()) } else { viable }
    }

    fn is_viable(&self, found: Found, statement: bool) -> bool {
        let Some(automaton) = self.grammar.automaton(found.node) else { return false };
        let mut walk = Walk::new(automaton);
        let single = found.after == self.at + 1;
        let at = found.after;
        let empty_call = self.is_symbol_at(at, "(") && self.is_symbol_at(at + 1, ")");
        let variable = single && !statement && !empty_call && self.names.is_variable(self.word());
        if self.is_symbol_at(at, "(") {
            // `GET_BOT_MEMORY ("k")` is a call, whatever stands between.
            let spaced = self.token_at(at).spaced && !self.word().contains('_');
            // A keyword that knows filters keeps their values apart; the function of its name sees text only.
            if single && !spaced && self.grammar.function(self.word()).is_some() && !automaton.has_filter() {
                return false;
            }
            let function = self.grammar.function(self.word()).is_some();
            return if variable || (spaced && single && function && !statement) {
                false
            } else {
                walk.has_arg() || !spaced
            };
        }
        let word = self.word_at(at);
        let goes_on = !self.line_ends_at(at) && (word.is_empty() || !self.is_stop(word));
        if goes_on && !word.is_empty() && !walk.after_word(word).is_empty() {
            return true;
        }
        // `count -1` of a variable is a difference, whatever keyword has its name.
        let minus = variable && self.is_symbol_at(at, "-");
        let operand = goes_on && !minus && self.begins_operand(at);
        let list = self.is_symbol_at(at, "[") && (statement || self.token_at(at).spaced) && !variable;
        let sign = statement && (self.is_symbol_at(at, "-") || self.is_symbol_at(at, "!"));
        // `SELECT * FROM t`; anywhere else a star after a name multiplies.
        let star = self.is_symbol_at(at, "*") && !variable && walk.has_columns();
        if star || ((operand || list || sign) && walk.has_arg()) {
            return true;
        }
        !variable && walk.accepting().is_some() && !operand
    }

    /// A keyword as a statement; `INTO v` gives the variable that takes its value.
    pub(super) fn keyword_statement(&mut self, found: Found) -> PResult<(KeywordCall, Option<LValue>)> {
        let open = self.token_at(found.after);
        let brackets = matches!(open.kind, TokenKind::Symbol("("))
            && open.partner != u32::MAX
            && (self.line_ends_at(open.partner as usize + 1) || self.is_word_at(open.partner as usize + 1, "ELSE"));
        self.keyword_call(found, brackets)
    }

    /// A keyword as an operand.
    pub(super) fn keyword_expression(&mut self, found: Found) -> PResult<Expr> {
        let start = self.loc();
        let open = self.token_at(found.after);
        let joined = self.word().contains('_') && found.words(self.at) == 1;
        let brackets = matches!(open.kind, TokenKind::Symbol("(")) && (!open.spaced || joined);
        let outer = std::mem::take(&mut self.own_value);
        let called = self.keyword_call(found, brackets);
        let own_value = std::mem::replace(&mut self.own_value, outer);
        let (mut call, target) = called?;
        if own_value
            && call.args.len() == 1
            && let Some((_, ArgExpr::Expr(path))) = call.args.pop()
        {
            // `GET "order.total"`: the value is at hand, there is nothing to run; what is missing is empty.
            let empty = self.node(start, ExprKind::Literal(Value::text("")))?;
            return self.node(start, ExprKind::Binary(BinaryOp::Coalesce, Box::new(path), Box::new(empty)));
        }
        let returns = self.grammar.keyword(&call.keyword).is_some_and(|keyword| keyword.returns);
        if !returns {
            let message = format!("{} gives no value", call.keyword);
            let help = "It stands on a line of its own, without `name =` before it.";
            self.error_help(Code::NoValue, call.loc, message, help);
        }
        if let Some(target) = target {
            self.error(Code::KeywordForm, target.loc, "INTO belongs to a statement, not to a value");
        }
        self.node(start, ExprKind::Keyword(Box::new(call)))
    }

    fn keyword_call(&mut self, found: Found, brackets: bool) -> PResult<(KeywordCall, Option<LValue>)> {
        let grammar: &'s crate::grammar::Grammar = self.grammar;
        let Some(automaton) = grammar.automaton(found.node) else { return self.expected("a keyword") };
        let start = self.at;
        let phrase = self.loc().to(self.token_at(found.after - 1).loc);
        self.note_words(start..found.after);
        self.at = found.after - 1;
        self.advance();
        let mut walk = Walk::new(automaton);
        self.keywords += 1;
        let walked = if brackets {
            self.bracketed(")", |parser| parser.walk_forms(&mut walk, true))
        } else {
            self.walk_forms(&mut walk, false)
        };
        self.keywords -= 1;
        walked?;
        self.finish_call(walk, phrase, start)
    }

    fn finish_call(&mut self, mut walk: Walk<'_>, phrase: Loc, start: usize) -> PResult<(KeywordCall, Option<LValue>)> {
        let automaton = walk.automaton;
        let Some(thread) = walk.accepting().cloned() else {
            let keyword = automaton.forms.first().map_or(0, |form| form.0);
            let keyword = &self.grammar.keywords[keyword];
            let written = self.slice(phrase).to_uppercase().replace('_', " ");
            // `SET CONTXT …` is a SET to the grammar and a slip to the author.
            let words = written.split(' ').count();
            let longer = self.nearest_statement(start).filter(|near| near.split(' ').count() > words);
            let assigned = self.meant_assignment(start).filter(|_| longer.is_none());
            let message = if assigned.is_some() {
                format!("`=` is missing before {}", self.shown())
            } else {
                format!("{written} expects {} here, found {}", walk.expectation(), self.shown())
            };
            let help = assigned.map(|write| format!("Write `{write}`."));
            let help = help.or_else(|| longer.map(|near| format!("Did you mean `{near}`?")));
            let help = help.unwrap_or_else(|| {
                // The forms of this phrase, without the kinds of their parts.
                let of_phrase = keyword.forms.iter().filter(|form| form.starts_with(&written)).take(3);
                let forms: Vec<String> = of_phrase.map(|form| format!("`{}`", super::advice::readable(form))).collect();
                match forms.as_slice() {
                    [] => format!("`botserver explain {}` shows how it is written.", keyword.name),
                    [one] => format!("It is written {one}."),
                    [first @ .., last] => format!("It is written {} or {last}.", first.join(", ")),
                }
            });
            let loc = self.here();
            self.error_help(Code::KeywordForm, loc, message, help);
            return Err(super::Bail);
        };
        let (keyword, form, ..) = automaton.forms[thread.form];
        let keyword = &self.grammar.keywords[keyword];
        let (mut args, mut target) = (Vec::new(), None);
        for name in &keyword.arg_names[usize::from(form)] {
            if args.iter().any(|(own, _)| own == name) {
                continue;
            }
            let own: Vec<_> = thread.captured.iter().filter(|(own, ..)| own == name).collect();
            let Some((_, kind, _)) = own.first() else { continue };
            let kind = *kind;
            let mut pieces: Vec<Piece> =
                own.iter().filter_map(|(_, _, index)| walk.pieces.get_mut(*index)?.take()).collect();
            let arg = match kind {
                ArgKind::Exprs => ArgExpr::Exprs(pieces.into_iter().filter_map(Piece::expr).collect()),
                ArgKind::Fields => {
                    let named = |expr: Expr| (field_name(&expr), expr);
                    ArgExpr::Assignments(pieces.into_iter().filter_map(Piece::expr).map(named).collect())
                }
                _ if pieces.len() > 1 && keyword.repeats.contains(name) => {
                    let exprs = pieces.into_iter().filter_map(Piece::expr_of_any).collect::<Vec<_>>();
                    match kind {
                        ArgKind::Condition => match Self::all_of(exprs)? {
                            Some(condition) => ArgExpr::Condition(condition),
                            None => continue,
                        },
                        _ => ArgExpr::Exprs(exprs),
                    }
                }
                _ => {
                    if pieces.len() > 1 {
                        let message = format!("{}: `{name}` is given twice", keyword.name);
                        self.error(Code::DuplicateClause, phrase, message);
                    }
                    match pieces.pop() {
                        Some(Piece::Arg(arg)) => arg,
                        Some(Piece::Target(lvalue)) => {
                            target = Some(lvalue);
                            continue;
                        }
                        None => continue,
                    }
                }
            };
            if let (ArgKind::Script, ArgExpr::Expr(script)) = (kind, &arg) {
                self.note_script(script);
            }
            args.push((name.clone(), arg));
        }
        if let Some(capability) = &keyword.missing {
            let message = format!("{} needs {capability}, not available in this build", keyword.name);
            self.report(Severity::Warning, Code::MissingCapability, phrase, message, None);
        }
        let learns_key = keyword.learns_key.iter().find(|name| args.iter().any(|(own, _)| own == *name)).cloned();
        let (name, effect) = (keyword.name.clone(), keyword.effect);
        let call = KeywordCall { keyword: name, form, args, effect, learns_key, loc: phrase };
        Ok((call, target))
    }

    /// Conditions joined by AND, the first one innermost.
    fn all_of(conditions: Vec<Expr>) -> PResult<Option<Expr>> {
        let mut conditions = conditions.into_iter();
        let Some(mut all) = conditions.next() else { return Ok(None) };
        for next in conditions {
            let loc = all.loc.to(next.loc);
            all = Expr::new(loc, ExprKind::Binary(BinaryOp::And, Box::new(all), Box::new(next)));
        }
        Ok(Some(all))
    }

    /// Reads parts as long as a form goes on with them.
    fn walk_forms(&mut self, walk: &mut Walk<'s>, brackets: bool) -> PResult<()> {
        let comma_ends = self.context.comma_ends && !brackets;
        let (mut after_arg, mut after_word) = (false, false);
        loop {
            if brackets && self.is_symbol(")") {
                return Ok(());
            }
            // `UPDATE "t" SET` and the columns on the lines below.
            if std::mem::take(&mut after_word) && self.at_line_end() && walk.accepting().is_none() && walk.has_arg() {
                self.continue_line();
            }
            if self.at_line_end() && !self.clause_continues(walk) {
                return Ok(());
            }
            let word = self.word();
            if !word.is_empty() && (!self.is_stop(word) || Self::is_own_clause(walk, word)) {
                let threads = walk.after_word(word);
                let as_name = walk.has_arg() && self.names.is_variable(word) && !self.begins_operand(self.at + 1);
                if !threads.is_empty() && !as_name {
                    self.note_word(self.at);
                    self.advance();
                    walk.threads = threads;
                    (after_arg, after_word) = (false, true);
                    continue;
                }
            }
            if after_arg && self.is_symbol(",") && self.clause_after_comma(walk) {
                // `…, ATTACHMENT file`: a comma before a clause means nothing.
                self.advance();
                continue;
            }
            if let TokenKind::Symbol(symbol @ ("," | "=" | ":")) = self.token().kind {
                let threads = walk.after_symbol(symbol);
                // A comma behind an argument of another keyword is that one's, unless this build knows what it means here.
                let missing =
                    |thread: &Thread| self.grammar.keywords[walk.automaton.forms[thread.form].0].missing.is_some();
                let outer = self.keywords > 1 && threads.iter().all(missing);
                let ends = symbol == "," && (comma_ends || outer) && walk.accepting().is_some();
                if threads.is_empty() || ends {
                    return Ok(());
                }
                self.advance();
                self.continue_line();
                walk.threads = threads;
                after_arg = false;
                continue;
            }
            if !walk.has_arg() {
                // A comma may be left out before a text, and where the keyword would not be complete without it.
                let threads = walk.after_symbol(",");
                let value = matches!(self.token().kind, TokenKind::Text(_))
                    || (walk.accepting().is_none() && self.begins_operand(self.at));
                if after_arg && !threads.is_empty() && value {
                    walk.threads = threads;
                    after_arg = false;
                    continue;
                }
                self.note_almost(walk);
                return Ok(());
            }
            if !self.can_be_argument(walk) {
                return Ok(());
            }
            after_arg = self.argument(walk)?;
        }
    }

    /// A word that is nearly a clause of this keyword, for the message if it is left over.
    fn note_almost(&mut self, walk: &Walk<'_>) {
        let word = self.word();
        if word.len() < 3 || self.is_stop(word) {
            return;
        }
        let clauses = walk.edges().filter_map(|(_, edge, _)| match edge {
            Edge::Word(own, _) => Some(&**own),
            _ => None,
        });
        if let Some(clause) = super::nearest(word, clauses) {
            self.almost = Some((self.at, clause));
        }
    }

    /// A clause word of this keyword wins over the same word awaited further out, if it ends no outer part.
    fn is_own_clause(walk: &mut Walk<'_>, word: &str) -> bool {
        let outer = ["THEN", "DO", "GOTO", "ELSE"].iter().any(|stop| word.eq_ignore_ascii_case(stop));
        !outer && !walk.after_word(word).is_empty()
    }

    fn clause_after_comma(&self, walk: &mut Walk<'_>) -> bool {
        let word = self.word_at(self.at + 1);
        !word.is_empty()
            && !self.names.is_variable(word)
            && self.begins_operand(self.at + 2)
            && !walk.after_word(word).is_empty()
    }

    fn can_be_argument(&self, walk: &Walk<'_>) -> bool {
        match self.token().kind {
            TokenKind::Word => {
                let word = self.word();
                self.names.is_variable(word) || !self.is_stop(word)
            }
            TokenKind::Symbol("*") => walk.has_columns(),
            TokenKind::Symbol(symbol) => matches!(symbol, "(" | "[" | "{" | "-" | "+" | "!"),
            TokenKind::Newline | TokenKind::Eof | TokenKind::Block(_) | TokenKind::RawLine => false,
            _ => true,
        }
    }

    /// True, with the cursor moved, when the next line goes on with a clause that cannot begin a statement.
    fn clause_continues(&mut self, walk: &mut Walk<'_>) -> bool {
        if self.context.in_brackets || self.single_line > 0 || self.at_end() {
            return false;
        }
        let mut next = self.at;
        while self.token_at(next).kind == TokenKind::Newline {
            next += 1;
        }
        let word = self.word_at(next);
        if word.is_empty() || self.assignment_at(next).is_some() {
            return false;
        }
        let threads = walk.after_word(word);
        if threads.is_empty() {
            return false;
        }
        let always = ["JOIN", "GROUP", "WHERE", "ORDER", "TIMEOUT", "DELAY", "FROM"];
        let continues = if always.iter().any(|clause| word.eq_ignore_ascii_case(clause)) {
            true
        } else if Self::begins_core_statement(word) || self.grammar.walk(0, word).is_some() {
            // `WITH OPTIMIZE`, `ON TIMEOUT`: two words of the form make it certain.
            let saved = std::mem::replace(&mut walk.threads, threads);
            let second = self.word_at(next + 1);
            let certain = !second.is_empty() && !walk.after_word(second).is_empty();
            walk.threads = saved;
            certain
        } else {
            true
        };
        if continues {
            self.at = next;
        }
        continues
    }

    /// Reads one argument; true when a comma after it may be left out.
    fn argument(&mut self, walk: &mut Walk<'s>) -> PResult<bool> {
        let kinds: Vec<ArgKind> = walk
            .edges()
            .filter_map(|(_, edge, _)| if let Edge::Arg(_, kind) = edge { Some(*kind) } else { None })
            .collect();
        let is_list = |kind: &&ArgKind| matches!(kind, ArgKind::Assigns | ArgKind::Values);
        let pair = self.is_pair(self.at);
        // The more particular way to read a name goes first; it falls back to an expression by itself.
        let particular = |kind: &&ArgKind| matches!(kind, ArgKind::Name | ArgKind::Word | ArgKind::Path);
        let end = self.dotted_end(self.at);
        let fits_here = |kind: &&ArgKind| particular(kind) && walk.goes_on(**kind, self, end);
        let single = || {
            let plain = || kinds.iter().find(|kind| !is_list(kind) && !particular(kind));
            kinds.iter().find(fits_here).or_else(plain).or_else(|| kinds.iter().find(particular))
        };
        let kind = match (kinds.iter().find(is_list), single()) {
            (Some(list), _) if pair => *list,
            (_, Some(other)) => *other,
            (Some(list), None) => *list,
            (None, None) => return self.expected("the end of the statement"),
        };
        let (stops, stop_at_equal) = walk.follow(kind);
        let piece = self.within(
            |context| {
                context.stops.extend(stops);
                context.stop_at_equal = stop_at_equal;
            },
            |parser| parser.deeper(|parser| parser.piece(kind)),
        )?;
        let index = walk.pieces.len();
        walk.pieces.push(Some(piece));
        walk.threads = walk.stepped(|edge| match edge {
            Edge::Arg(name, own) if fits(*own, kind) => Some(Some((name.clone(), *own, index))),
            _ => None,
        });
        Ok(kind as u8 != ArgKind::Name as u8)
    }
}

impl Piece {
    fn expr_of_any(self) -> Option<Expr> {
        if let Self::Arg(ArgExpr::Expr(expr) | ArgExpr::Condition(expr)) = self { Some(expr) } else { None }
    }

    fn expr(self) -> Option<Expr> {
        if let Self::Arg(ArgExpr::Expr(expr)) = self { Some(expr) } else { None }
    }
}

/// The column that a positional value is meant for: the variable's name, or the last part of a path.
fn field_name(expr: &Expr) -> Arc<str> {
    match &expr.kind {
        ExprKind::Variable(name) => name.text.clone(),
        ExprKind::Member { name, .. } => name.clone(),
        ExprKind::Index { index, .. } => match &index.kind {
            ExprKind::Literal(Value::Text(text)) => text.clone(),
            _ => Arc::from(""),
        },
        _ => Arc::from(""),
    }
}
