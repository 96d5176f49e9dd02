//! What to tell people whose line is nearly right: words of other languages, values without quotes or operators, blocks in
//! braces. Decides messages and where reading goes on after them; never what a correct line means.

use botserver_basic_types::Severity;

use super::{BlockKind, PResult, Parser, foreign_words::foreign_statement};
use crate::{
    ast::Loc,
    codes::Code,
    lexer::{Token, TokenKind},
};

/// How a statement of the language itself is written, for those that stand there without their parts.
fn usage(word: &str) -> Option<&'static str> {
    Some(match word {
        "PARAM" => "PARAM city AS string LIKE \"Lisbon\" DESCRIPTION \"Where to deliver\"",
        "WEBHOOK" => "WEBHOOK \"new-order\"",
        "TABLE" => "TABLE Orders",
        "WITH" => "WITH order",
        "LET" => "LET total = 5",
        "SET" => "SET total = 5",
        "SUB" => "SUB greet(name)",
        "FUNCTION" => "FUNCTION area(width, height)",
        "INCLUDE" => "INCLUDE \"shared.bas\"",
        "SELECT" => "SELECT CASE answer",
        "CREATE" => "CREATE INDEX byname ON Orders(name)",
        "ALLOW" => "ALLOW ROLE \"manager\"",
        "BEGIN" => "BEGIN TALK",
        "LOOP" => "LOOP UNTIL total > 100",
        "NEXT" => "NEXT",
        "CONTINUE" => "CONTINUE FOR",
        "RESUME" => "RESUME NEXT",
        "ON" => "ON ERROR RESUME NEXT",
        "CALL" => "CALL \"orders.bas\"",
        _ => return None,
    })
}

/// What `;` does, for those who put it between values.
const JOIN: &str = "`;` ends a statement. Join values with `+`.";

/// The block that a phrase opens.
fn opens(phrase: &str) -> Option<BlockKind> {
    Some(match phrase.split(' ').next().unwrap_or("") {
        "IF" => BlockKind::If,
        "FOR" => BlockKind::For,
        "WHILE" => BlockKind::While,
        "DO" => BlockKind::Do,
        "SELECT" | "SWITCH" => BlockKind::Select,
        "SUB" | "FUNCTION" => BlockKind::Procedure,
        "TRY" => BlockKind::Try,
        "WITH" => BlockKind::With,
        _ => return None,
    })
}

/// A form of a keyword as people write it: the kinds of its parts are for the reference.
pub(super) fn readable(form: &str) -> String {
    let mut text = String::with_capacity(form.len());
    let mut rest = form;
    while let Some(at) = rest.find(':') {
        let (before, after) = rest.split_at(at);
        text.push_str(before);
        let kind = after[1..].find(|c: char| !c.is_ascii_lowercase()).map_or(after.len(), |end| end + 1);
        // A choice of words stands for itself, not for its name.
        if after[1..].starts_with('(') {
            text.truncate(text.rfind(' ').map_or(0, |at| at + 1));
        }
        rest = if kind == 1 && !after[1..].starts_with('(') {
            text.push(':');
            &after[1..]
        } else {
            &after[kind..]
        };
    }
    text.push_str(rest);
    text.replace(" ,", ",")
}

impl Parser<'_> {
    /// `SET x TO 5`, `SET x 5`: what was meant, as an assignment.
    pub(super) fn meant_assignment(&self, start: usize) -> Option<String> {
        let target = start + 1;
        if !(self.is_word_at(start, "SET") || self.is_word_at(start, "LET")) || self.word_at(target).is_empty() {
            return None;
        }
        let value = if self.is_word_at(target + 1, "TO") { target + 2 } else { target + 1 };
        let fits = value == target + 2 || self.begins_operand(value);
        if self.line_ends_at(value) || !fits {
            return None;
        }
        Some(format!("{} = {}", self.word_at(target), self.rest_from(value)?))
    }

    /// The index of the token that ends the line.
    fn line_end_from(&self, mut at: usize) -> usize {
        while !self.line_ends_at(at) {
            at += 1;
        }
        at
    }

    /// The source from one token up to another, which is not part of it.
    fn between(&self, from: usize, end: usize) -> &str {
        let last = end.saturating_sub(1).max(from);
        self.slice(self.token_at(from).loc.to(self.token_at(last).loc))
    }

    /// The source of the line from a token on, if it is short enough for advice.
    fn rest_from(&self, from: usize) -> Option<&str> {
        let text = self.between(from, self.line_end_from(from));
        (text.len() < 90 && !text.contains('\n')).then_some(text)
    }

    /// A statement that is none.
    pub(super) fn unknown_statement<T>(&mut self) -> PResult<T> {
        let loc = self.loc();
        let word = self.upper_at(self.at).to_owned();
        if word.is_empty() {
            return self.no_statement();
        }
        if let Some(found) = self.almost_assignment() {
            return found;
        }
        let written = self.slice(loc).to_owned();
        let near = self.nearest_statement(self.at);
        if word == "END" && near.as_deref().is_some_and(|near| near.starts_with("END ") && self.is_written(near)) {
            let near = near.unwrap_or_default();
            let message = format!("{near} ends nothing that is open here");
            self.report(Severity::Error, Code::StrayEnd, loc, message, None);
            return Err(super::Bail);
        }
        if self.names.is_variable(&word) && near.as_deref() != Some(&*word) {
            let message = format!("`{written}` stands here alone: nothing is done with it");
            let help = format!("`TALK {written}` says it, `{written} = value` changes it.");
            self.error_help(Code::UnknownStatement, loc, message, help);
            return Err(super::Bail);
        }
        if let Some((help, block)) = foreign_statement(&word).filter(|_| near.as_deref() != Some(&*word)) {
            self.forgiven.extend(block.map(|kind| (kind, self.open.len())));
            self.error_help(Code::UnknownStatement, loc, format!("`{written}` is no word of BASIC"), help);
            return Err(super::Bail);
        }
        let is_phrase = near.as_deref().is_some_and(|near| near.contains(' '));
        if let Some(write) = self.meant_assignment(self.at).filter(|_| !is_phrase) {
            let loc = self.token_at(self.at + 2).loc;
            let message = format!("`=` is missing behind `{}`", self.word_at(self.at + 1));
            self.error_help(Code::ExpectedToken, loc, message, format!("Write `{write}`."));
            return Err(super::Bail);
        }
        if word == "LOOP" && matches!(self.token_at(self.at + 1).kind, TokenKind::Int(_)) {
            self.forgive("DO");
            let times = self.slice(self.token_at(self.at + 1).loc);
            let help = format!("Write `FOR i = 1 TO {times}`, and `NEXT` where the loop ends.");
            self.error_help(Code::UnknownStatement, loc, "LOOP ends a DO and does not count", help);
            return Err(super::Bail);
        }
        let own = near.as_ref().is_some_and(|near| near.split(' ').next() == Some(&*word) && !near.contains(' '));
        if let Some(usage) = usage(&word).filter(|_| near.is_none() || own) {
            self.forgive(&word);
            let message = format!("`{written}` stands here without its parts");
            self.error_help(Code::UnknownStatement, loc, message, format!("It is written like `{usage}`."));
            return Err(super::Bail);
        }
        let message = format!("`{written}` is not a keyword, and no `=` follows it");
        if let Some(near) = &near {
            self.forgive(near);
        }
        let help = match near {
            Some(near) => Some(format!("Did you mean `{near}`?")),
            None => self.behind_semicolon().then(|| JOIN.to_owned()),
        };
        self.report(Severity::Error, Code::UnknownStatement, loc, message, help);
        Err(super::Bail)
    }

    /// Whether the words at the cursor are these, and nothing else stands on the line.
    fn is_written(&self, words: &str) -> bool {
        let count = words.split(' ').count();
        words.split(' ').enumerate().all(|(at, word)| self.is_word_at(self.at + at, word))
            && self.line_ends_at(self.at + count)
    }

    /// A block that was opened or closed with a slip of the pen is opened or closed all the same.
    fn forgive(&mut self, meant: &str) {
        if let Some(kind) = opens(meant) {
            self.forgiven.push((kind, self.open.len()));
        } else if let Some(end) = meant.strip_prefix("END ")
            && let Some(kind) = super::control::block_named(end)
        {
            self.ended = self.open.last() == Some(&kind);
        }
    }

    /// `x += 1`, `x++`, `x == 5`, `x := 5`, `x <- 5`: an assignment in the signs of another language.
    fn almost_assignment<T>(&mut self) -> Option<PResult<T>> {
        let start = self.at;
        let name = self.slice(self.loc());
        let (first, second) = (self.symbol_at(start + 1), self.symbol_at(start + 2));
        let joined = !self.token_at(start + 2).spaced;
        let value = |from: usize| self.rest_from(from).unwrap_or("value");
        let (sign, write) = match (first, second) {
            ("+", "+") if joined => ("++", format!("{name} = {name} + 1")),
            ("-", "-") if joined => ("--", format!("{name} = {name} - 1")),
            ("==", _) => ("==", format!("{name} = {}", value(start + 2))),
            (":", "=") if joined => (":=", format!("{name} = {}", value(start + 3))),
            ("<", "-") if joined => ("<-", format!("{name} = {}", value(start + 3))),
            _ => return None,
        };
        let end = if sign == "==" { start + 1 } else { start + 2 };
        let loc = self.token_at(start + 1).loc.to(self.token_at(end).loc);
        let message = match sign {
            "==" => "`==` compares two values; `=` gives a variable its value".to_owned(),
            _ => format!("BASIC has no `{sign}`"),
        };
        self.error_help(Code::NotBasicOperator, loc, message, format!("Write `{write}`."));
        Some(Err(super::Bail))
    }

    fn behind_semicolon(&self) -> bool {
        self.at > 0 && self.slice(self.token_at(self.at - 1).loc) == ";"
    }

    fn symbol_at(&self, at: usize) -> &'static str {
        if let TokenKind::Symbol(symbol) = self.token_at(at).kind { symbol } else { "" }
    }

    /// A line that begins with no word.
    fn no_statement<T>(&mut self) -> PResult<T> {
        let (start, loc) = (self.at, self.loc());
        let message = format!("a statement cannot begin with {}", self.shown());
        let number = matches!(self.token().kind, TokenKind::Int(_));
        let word = self.word_at(start + 1);
        let help = if number && !word.is_empty() {
            if std::mem::replace(&mut self.numbered, true) {
                return Err(super::Bail);
            }
            Some(
                "Lines have no numbers. Where GOTO needs a place, write a label: a name with `:` behind it.".to_owned(),
            )
        } else if self.is_symbol_at(start + 1, "=")
            && self.line_ends_at(start + 3)
            && !self.word_at(start + 2).is_empty()
        {
            Some(format!("Left of `=` stands the variable: write `{} = {}`.", self.word_at(start + 2), self.slice(loc)))
        } else if matches!(self.symbol_at(start), "+" | "-") && self.symbol_at(start) == self.symbol_at(start + 1) {
            let (name, sign) = (self.word_at(start + 2), self.symbol_at(start));
            Some(format!("Write `{name} = {name} {sign} 1`."))
        } else if matches!(self.token().kind, TokenKind::Text(_)) && self.behind_semicolon() {
            Some(JOIN.to_owned())
        } else if matches!(self.token().kind, TokenKind::Text(_)) {
            self.rest_from(start).map(|rest| format!("Write `TALK {rest}` to say it."))
        } else {
            None
        };
        self.report(Severity::Error, Code::UnknownStatement, loc, message, help);
        Err(super::Bail)
    }

    /// The statement that began at `begin` was complete, and the line goes on.
    pub(super) fn left_over(&mut self, begin: usize) {
        let loc = self.loc();
        let (code, loc, message, help) = self.left_over_advice(begin).unwrap_or_else(|| {
            let message = format!("{} is left over after the statement", self.shown());
            (Code::UnexpectedToken, loc, message, None)
        });
        self.report(Severity::Error, code, loc, message, help);
        self.recover(self.at);
    }

    fn left_over_advice(&mut self, begin: usize) -> Option<(Code, Loc, String, Option<String>)> {
        let (at, loc) = (self.at, self.loc());
        let end = self.line_end_from(at);
        let previous = self.token_at(at.checked_sub(1)?).clone();
        if let Some((place, clause)) = self.almost.take().filter(|(place, _)| *place == at) {
            let _ = place;
            let message = format!("{} is left over after the statement", self.shown());
            return Some((Code::UnexpectedToken, loc, message, Some(format!("Did you mean `{clause}`?"))));
        }
        if matches!(self.symbol_at(at), ")" | "]" | "}") && self.token().partner == u32::MAX {
            let opener = match self.symbol_at(at) {
                ")" => "(",
                "]" => "[",
                _ => "{",
            };
            let message = format!("this {} has no `{opener}` before it", self.shown());
            // One too many at the end of the line.
            let whole = self.between(begin, at);
            let fits = end == at + 1 && whole.len() < 90 && !whole.contains('\n') && opener == "(";
            let surplus = fits && whole.contains('(');
            return Some((Code::UnexpectedToken, loc, message, surplus.then(|| format!("Write `{whole}`."))));
        }
        let is_text = matches!(self.token().kind, TokenKind::Text(_));
        let joined = !self.token().spaced;
        let letters = self.slice(previous.loc).to_owned();
        if is_text && joined && letters.len() <= 2 && previous.kind == TokenKind::Word {
            let mut text = self.slice(loc).to_owned();
            if letters.eq_ignore_ascii_case("f") {
                text = text.replace("${", "{").replace('{', "${");
            }
            let message = format!("a text has no `{letters}` before it; `${{name}}` puts a value into every text");
            return Some((Code::UnexpectedToken, previous.loc, message, Some(format!("Write `{text}`."))));
        }
        if let Some(help) = self.apostrophe(&previous) {
            let message = "the `'` before this ends the text".to_owned();
            return Some((Code::UnexpectedToken, loc, message, Some(help)));
        }
        let whole = |kind: &TokenKind| matches!(kind, TokenKind::Int(_));
        if self.is_symbol(",")
            && joined
            && whole(&previous.kind)
            && whole(&self.token_at(at + 1).kind)
            && !self.token_at(at + 1).spaced
        {
            let right = self.token_at(at + 1).loc;
            let number = format!("{}.{}", letters, self.slice(right));
            let message = "the decimals of a number stand behind a point".to_owned();
            return Some((Code::UnexpectedToken, loc, message, Some(format!("Write `{number}`."))));
        }
        if let Some(found) = self.without_quotes(begin, end) {
            return Some(found);
        }
        let statement = self.between(begin, at).to_owned();
        let rest = self.rest_from(at).map(str::to_owned);
        let fits = statement.len() < 90 && !statement.contains('\n');
        if self.is_word("IF") && fits {
            let help = rest.map(|rest| format!("Write `{} THEN {statement}`.", rest.trim_end()));
            return Some((Code::UnexpectedToken, loc, "IF stands before what it decides".to_owned(), help));
        }
        let ends_value =
            matches!(previous.kind, TokenKind::Text(_) | TokenKind::Int(_) | TokenKind::Float(_) | TokenKind::Word)
                || matches!(previous.kind, TokenKind::Symbol(")" | "]"));
        let known = self.names.is_known(self.word()) || self.is_symbol_at(at + 1, "(");
        let begins_value = is_text || matches!(self.token().kind, TokenKind::Int(_) | TokenKind::Float(_)) || known;
        let keyword = Self::begins_core_statement(self.word()) || self.grammar.walk(0, self.word()).is_some();
        // `TALK "total: " total`: a single name behind a text, even one that has no value yet.
        let name = matches!(previous.kind, TokenKind::Text(_)) && !self.word().is_empty() && end == at + 1 && !keyword;
        if ends_value && (begins_value || name) {
            let help = rest.filter(|_| fits).map(|rest| format!("Write `{statement} + {rest}`."));
            let message = format!("something is missing before {}: values are joined with `+`", self.shown());
            return Some((Code::MissingOperator, loc, message, help));
        }
        if !self.word().is_empty() && keyword && !self.is_word("WITH") && !self.is_word("AS") {
            let message = format!("{} is left over after the statement", self.shown());
            let help = "Each statement stands on a line of its own.".to_owned();
            return Some((Code::UnexpectedToken, loc, message, Some(help)));
        }
        None
    }

    /// `'it's'`: the text as it was meant, in quotes that an apostrophe does not end.
    fn apostrophe(&self, previous: &Token) -> Option<String> {
        let written = self.slice(previous.loc);
        let joined = !self.token().spaced && !self.word().is_empty();
        if !joined || !matches!(previous.kind, TokenKind::Text(_)) || !written.ends_with('\'') {
            return None;
        }
        let line = self.source[previous.loc.start as usize..].lines().next()?;
        let text = line.trim_end().trim_matches('\'');
        (text.len() < 90 && !text.contains('"')).then(|| format!("Write `\"{text}\"`."))
    }

    /// The line with the bracket that it lacks, where nothing else can have been meant.
    pub(super) fn closed_line(&self, closer: &str) -> Option<String> {
        let rest = self.rest_from(self.at)?.trim_end();
        let end = self.line_end_from(self.at);
        let goes_on = ["THEN", "TO", "STEP", "DO", "ELSE", "WITH"];
        if end == self.at + 1 || (self.at..end).any(|at| goes_on.iter().any(|word| self.is_word_at(at, word))) {
            return None;
        }
        let open = self.loc().start as usize;
        let start = self.source[..open].rfind('\n').map_or(0, |at| at + 1);
        let before = &self.source[start..open];
        let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
        let own = indent(&self.source[start..]);
        // What is indented below belongs inside.
        let deeper = self.source[open..].lines().nth(1).is_some_and(|next| indent(next) > own);
        (!deeper && before.len() < 90 && !before.contains("${"))
            .then(|| format!("{}{rest}{closer}", before.trim_start()))
    }

    /// `x => { … }`: a function of JavaScript.
    pub(super) fn no_arrow(&mut self) -> PResult<()> {
        if self.at == 0 || !self.is_symbol_at(self.at - 1, "=>") {
            return Ok(());
        }
        let arrow = self.token_at(self.at - 1).loc;
        let help = "A function has a name and stands by itself: `FUNCTION name(x)` … `END FUNCTION`.";
        self.error_help(Code::NotBasicOperator, arrow, "BASIC has no functions behind an arrow", help);
        self.skip_braces();
        Err(super::Bail)
    }

    /// `a ? b`: only one of the two values.
    pub(super) fn half_a_choice<T>(&mut self) -> PResult<T> {
        let (loc, found) = (self.here(), self.shown());
        let message = format!("expected `:` and the other value, found {found}");
        self.error_help(Code::ExpectedToken, loc, message, "A choice has two values: `condition ? yes : no`.");
        Err(super::Bail)
    }

    /// `{ "b" 2 }`: a field of an object without its colon.
    pub(super) fn missing_colon<T>(&mut self) -> PResult<T> {
        let loc = self.here();
        let key = self.slice(self.token_at(self.at.saturating_sub(1)).loc).to_owned();
        let value = self.begins_operand(self.at).then(|| self.slice(self.loc()).to_owned());
        let message = format!("`:` is missing behind {key}, before {}", self.shown());
        let help = value.filter(|value| key.len() + value.len() < 60).map(|value| format!("Write `{key}: {value}`."));
        self.report(Severity::Error, Code::ExpectedToken, loc, message, help);
        Err(super::Bail)
    }

    /// A second value where the list of values had to go on with `,` or end.
    pub(super) fn missing_comma<T>(&mut self) -> PResult<T> {
        let loc = self.loc();
        let previous = self.token_at(self.at.saturating_sub(1)).clone();
        let letters = self.slice(previous.loc);
        let is_text = matches!(self.token().kind, TokenKind::Text(_)) && !self.token().spaced;
        if is_text && letters.len() <= 2 && previous.kind == TokenKind::Word {
            let message = format!("a text has no `{letters}` before it; `${{name}}` puts a value into every text");
            let help = format!("Write `{}`.", self.slice(loc).replace("${", "{").replace('{', "${"));
            self.error_help(Code::UnexpectedToken, previous.loc, message, help);
            return Err(super::Bail);
        }
        let message = format!("something is missing before {}", self.shown());
        self.error_help(Code::MissingOperator, loc, message, "Values are separated by `,` and joined by `+`.");
        Err(super::Bail)
    }

    /// `TALK Good morning`, `name = Ana Maria`: words where a text was meant.
    fn without_quotes(&self, begin: usize, end: usize) -> Option<(Code, Loc, String, Option<String>)> {
        let says = ["TALK", "PRINT"].iter().any(|own| self.is_word_at(begin, own));
        let from = if says {
            begin + 1
        } else {
            let equal = self.assignment_at(begin)?;
            if self.grammar.walk(0, self.word_at(equal + 1)).is_some() {
                return None;
            }
            equal + 1
        };
        let plain = |at: usize| match self.token_at(at).kind {
            TokenKind::Word | TokenKind::Int(_) => true,
            TokenKind::Symbol(symbol) => matches!(symbol, "." | "," | "!" | "?" | "-" | ":" | "%"),
            _ => false,
        };
        let words = (from..end).filter(|at| !self.word_at(*at).is_empty()).count();
        let neighbours = (from + 1..end).any(|at| !self.word_at(at).is_empty() && !self.word_at(at - 1).is_empty());
        let names = (from..end).filter(|at| self.names.is_known(self.word_at(*at))).count();
        if !(from..end).all(plain) || words < 2 || !neighbours || names * 2 >= words {
            return None;
        }
        let loc = self.token_at(from).loc.to(self.token_at(end - 1).loc);
        let help =
            self.rest_from(begin).map(|_| format!("Write `{} \"{}\"`.", self.between(begin, from), self.slice(loc)));
        Some((Code::MissingQuotes, loc, "these words are a text and stand in no quotes".to_owned(), help))
    }

    /// A text that was saved as a script: said once instead of with every line.
    pub(super) fn say_prose_once(&mut self) {
        let no_line = |code: Code| {
            use Code::{MissingOperator, MissingQuotes, UnexpectedToken, UnknownCharacter, UnknownStatement};
            matches!(code, UnknownStatement | UnexpectedToken | UnknownCharacter | MissingQuotes | MissingOperator)
        };
        let place = |at: u32| self.source[..at as usize].matches('\n').count();
        let mut wrong: Vec<usize> =
            self.found.iter().filter(|own| no_line(own.code)).map(|own| place(own.loc.start)).collect();
        wrong.sort_unstable();
        wrong.dedup();
        let last =
            if self.errors > super::MAX_ERRORS { wrong.last().map_or(usize::MAX, |line| line + 1) } else { usize::MAX };
        let lines = self.source.lines().take(last).filter(|line| !line.trim().is_empty()).count();
        if wrong.len() < 5 || wrong.len() * 3 < lines * 2 {
            return;
        }
        let Some(first) =
            self.found.iter().filter(|own| no_line(own.code)).map(|own| own.loc).min_by_key(|loc| loc.start)
        else {
            return;
        };
        self.found.retain(|own| own.severity == Severity::Warning && own.loc.start < first.start);
        let message = "from here on this reads like a text for people, not like a script".to_owned();
        let help = "A text for the model stands in a .md file, or between BEGIN SYSTEM PROMPT and END SYSTEM PROMPT.";
        let (code, severity, help) = (Code::Prose, Severity::Error, Some(help.to_owned()));
        self.found.push(super::Finding { code, severity, loc: first, message, help });
    }

    /// `{` where the body of a block begins: said once, and what stands in the braces is left.
    pub(super) fn braces<T>(&mut self, begin: Loc, end: &str) -> PResult<T> {
        let brace = self.loc();
        let head = self.slice(Loc::new(begin.start, brace.start)).trim_end().to_owned();
        let then = if end == "END IF" { " THEN" } else { "" };
        let help = if head.len() < 60 && !head.contains('\n') {
            format!("Write `{head}{then}`, and `{end}` where the block ends.")
        } else {
            format!("The block ends with `{end}`.")
        };
        self.error_help(Code::ForeignBlock, brace, "blocks stand in no braces", help);
        self.skip_braces();
        Err(super::Bail)
    }

    /// Past the braces at the cursor, and past those of `} else {` that follow.
    pub(super) fn skip_braces(&mut self) {
        loop {
            let partner = self.token().partner;
            if partner == u32::MAX || !self.is_symbol("{") {
                break;
            }
            self.at = partner as usize + 1;
            // `} else {` goes on.
            let mut next = self.at;
            while matches!(self.token_at(next).kind, TokenKind::Newline) {
                next += 1;
            }
            if !["ELSE", "ELSEIF", "CATCH", "FINALLY", "WHILE"].iter().any(|own| self.is_word_at(next, own)) {
                break;
            }
            let line = self.line_end_from(next);
            match (next..line).rev().find(|at| self.is_symbol_at(*at, "{")) {
                Some(at) => self.at = at,
                None => break,
            }
        }
    }

    /// Where an indented block seems to end.
    pub(super) fn seems_to_end(&self, start: Loc, end: &str) -> String {
        let line_start = self.source[..start.start as usize].rfind('\n').map_or(0, |at| at + 1);
        let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
        let own = indent(&self.source[line_start..]);
        let first = self.source[..line_start].matches('\n').count() + 1;
        let inside = (first + 1..)
            .zip(self.source[line_start..].lines().skip(1))
            .filter(|(_, line)| !line.trim().is_empty())
            .take_while(|(_, line)| indent(line) > own)
            .last();
        match inside {
            Some((line, _)) => format!("Add {end} after line {line}."),
            None => format!("Add {end} where the block ends."),
        }
    }
}
