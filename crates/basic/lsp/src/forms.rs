//! The forms of keywords as an editor needs them: a flat row of parts with their places in the text of the form, and
//! which of them the cursor has reached. More forgiving than the parser: a statement is looked at before it is whole.

use std::{collections::BTreeSet, ops::Range};

use crate::line::{Kind, Piece};

/// A part of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Words that introduce what comes after them: `ORDER BY`.
    Words(Vec<String>),
    /// `,`, `=` or `:`.
    Symbol(char),
    /// A value.
    Arg { name: String, kind: String },
    /// One of these.
    Choice(Vec<String>),
}

/// One form of a keyword.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    /// The words that it begins with, blanks between them.
    pub(crate) phrase: String,
    /// As it was declared.
    pub(crate) label: String,
    pub(crate) parts: Vec<Part>,
    /// For every part its bytes in the label.
    pub(crate) places: Vec<Range<usize>>,
}

impl Form {
    /// Reads a form; the grammar has refused those that are not well written.
    pub(crate) fn read(label: &str) -> Self {
        let tokens = tokens(label);
        let text = |at: usize| tokens.get(at).map_or("", |place: &Range<usize>| &label[place.clone()]);
        let mut form = Self { phrase: String::new(), label: label.to_owned(), parts: Vec::new(), places: Vec::new() };
        let mut at = 0;
        let mut phrase: Vec<String> = Vec::new();
        while is_upper(text(at)) {
            phrase.extend(text(at).split('_').map(str::to_owned));
            at += 1;
        }
        form.phrase = phrase.join(" ");
        while at < tokens.len() {
            let start = tokens[at].start;
            let part = match text(at) {
                "[" | "]" => {
                    at += 1;
                    continue;
                }
                "(" => Some(Part::Choice(choice(&tokens, label, &mut at))),
                "," | "=" | ":" => text(at).chars().next().map(Part::Symbol),
                word if is_upper(word) => {
                    let mut words = Vec::new();
                    while is_upper(text(at)) {
                        words.extend(text(at).split('_').map(str::to_owned));
                        at += 1;
                    }
                    at -= 1;
                    Some(Part::Words(words))
                }
                name if text(at + 1) == ":" => {
                    let name = name.to_owned();
                    at += 2;
                    if text(at) == "(" {
                        Some(Part::Choice(choice(&tokens, label, &mut at)))
                    } else {
                        Some(Part::Arg { name, kind: text(at).to_owned() })
                    }
                }
                _ => None,
            };
            if let (Some(part), Some(last)) = (part, tokens.get(at)) {
                form.parts.push(part);
                form.places.push(start..last.end);
            }
            at += 1;
        }
        form
    }

    /// The parts that the pieces after the phrase stand for.
    pub(crate) fn walk(&self, source: &str, pieces: &[Piece]) -> Walk {
        let mut walk = Walk::default();
        let mut depth = 0usize;
        let mut skip = 0;
        // The arguments of any keyword may stand in brackets.
        let bracketed = pieces.first().is_some_and(|first| first.is(source, "("));
        for (index, piece) in pieces.iter().enumerate() {
            let text = piece.text(source);
            let mut own = None;
            if skip > 0 {
                skip -= 1;
            } else if piece.kind == Kind::Symbol && matches!(text, "(" | "[" | "{") {
                depth += usize::from(!(bracketed && index == 0));
            } else if piece.kind == Kind::Symbol && matches!(text, ")" | "]" | "}") {
                depth = depth.saturating_sub(1);
            } else if depth == 0 {
                own = match piece.kind {
                    Kind::Symbol => self.symbol(text, &mut walk),
                    Kind::Word => match self.words(source, &pieces[index..], &walk) {
                        Some((part, count)) => {
                            walk.used.insert(part);
                            walk.at = part + 1;
                            walk.score += 2;
                            skip = count - 1;
                            None
                        }
                        None => self.arg_at(walk.at),
                    },
                    _ => self.arg_at(walk.at),
                };
            } else {
                own = self.arg_at(walk.at);
            }
            walk.parts.push(own);
        }
        walk
    }

    /// A `,` leads to the argument after the next comma of the form; a list goes on.
    fn symbol(&self, text: &str, walk: &mut Walk) -> Option<usize> {
        let wanted = text.chars().next()?;
        let next = (walk.at..self.parts.len()).find(|at| self.parts[*at] == Part::Symbol(wanted));
        // Words between here and the comma begin something else.
        let reachable =
            next.filter(|next| !self.parts[walk.at..*next].iter().any(|part| matches!(part, Part::Words(_))));
        if wanted == ','
            && let Some(next) = reachable
        {
            walk.at = next + 1;
            walk.score += 1;
        }
        None
    }

    /// The words or the choice of the form that these pieces begin with, and how many pieces those are.
    fn words(&self, source: &str, pieces: &[Piece], walk: &Walk) -> Option<(usize, usize)> {
        let mut written: Vec<(usize, String)> = Vec::new();
        for (index, piece) in pieces.iter().take(4).enumerate() {
            if piece.kind != Kind::Word {
                break;
            }
            written.extend(piece.text(source).to_uppercase().split('_').map(|word| (index, word.to_owned())));
        }
        let begins = |words: &[String]| {
            let fits = words.len() <= written.len() && words.iter().zip(&written).all(|(own, (_, word))| own == word);
            fits.then(|| written[words.len() - 1].0 + 1)
        };
        self.parts.iter().enumerate().find_map(|(at, part)| match part {
            Part::Words(words) if !walk.used.contains(&at) => Some((at, begins(words)?)),
            Part::Choice(options) if at == walk.at => {
                let own = options.iter().find_map(|option| {
                    let words: Vec<String> = option.split(' ').map(str::to_owned).collect();
                    begins(&words)
                })?;
                Some((at, own))
            }
            _ => None,
        })
    }

    /// The argument that a value here is.
    pub(crate) fn arg_at(&self, at: usize) -> Option<usize> {
        let part = self.parts.get(at)?;
        matches!(part, Part::Arg { .. }).then_some(at)
    }

    /// Name and kind of an argument.
    pub(crate) fn arg(&self, at: usize) -> Option<(&str, &str)> {
        match self.parts.get(at)? {
            Part::Arg { name, kind } => Some((name, kind)),
            _ => None,
        }
    }

    /// True if an argument names a table. The declarations use these names for tables, as the lints do.
    pub(crate) fn is_table(&self, at: usize) -> bool {
        let filtered = || {
            self.parts.iter().any(|part| matches!(part, Part::Arg { kind, .. } if kind == "filter" || kind == "cond"))
        };
        self.arg(at).is_some_and(|(name, kind)| match name {
            "table" | "one" | "join" => true,
            "target" => kind == "word",
            "source" => kind != "path" && filtered(),
            _ => false,
        })
    }
}

/// What the pieces of a statement stand for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Walk {
    /// For every piece the argument it belongs to.
    pub(crate) parts: Vec<Option<usize>>,
    /// Clauses that were written.
    pub(crate) used: BTreeSet<usize>,
    /// The part that comes next.
    pub(crate) at: usize,
    /// How well the form fits.
    pub(crate) score: usize,
}

fn choice(tokens: &[Range<usize>], label: &str, at: &mut usize) -> Vec<String> {
    let mut options = vec![Vec::new()];
    *at += 1;
    while let Some(text) = tokens.get(*at).map(|place| &label[place.clone()]) {
        match text {
            ")" => break,
            "|" => options.push(Vec::new()),
            word => {
                if let Some(option) = options.last_mut() {
                    option.extend(word.split('_').map(str::to_owned));
                }
            }
        }
        *at += 1;
    }
    options.into_iter().map(|words| words.join(" ")).collect()
}

fn tokens(label: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut word: Option<usize> = None;
    for (at, letter) in label.char_indices() {
        let alone = matches!(letter, '[' | ']' | '(' | ')' | '|' | ',' | '=' | ':');
        if (alone || letter.is_whitespace())
            && let Some(start) = word.take()
        {
            found.push(start..at);
        }
        if alone {
            found.push(at..at + letter.len_utf8());
        } else if !letter.is_whitespace() {
            word.get_or_insert(at);
        }
    }
    found.extend(word.map(|start| start..label.len()));
    found
}

fn is_upper(word: &str) -> bool {
    word.starts_with(char::is_alphabetic) && word.chars().all(|c| c.is_uppercase() || c.is_numeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::pieces;

    const FIND: &str = "FIND table:word [, filter:filter] [WHERE where:cond] [ORDER BY order:order] [LIMIT limit:expr]";

    fn reached<'f>(form: &'f Form, rest: &str) -> Option<&'f str> {
        let walk = form.walk(rest, &pieces(rest, 0..rest.len()));
        form.arg(walk.at).map(|(name, _)| name)
    }

    #[test]
    fn forms_are_read_flat() {
        let form = Form::read(FIND);
        assert_eq!(form.phrase, "FIND");
        assert_eq!(form.parts.len(), 9);
        assert_eq!(&form.label[form.places[2].clone()], "filter:filter");
        let form = Form::read("GENERATE SECURE LINK file:expr EXPIRES amount:expr (DAYS|HOURS)");
        assert_eq!(form.phrase, "GENERATE SECURE LINK");
        assert_eq!(form.parts.last(), Some(&Part::Choice(vec!["DAYS".to_owned(), "HOURS".to_owned()])));
    }

    #[test]
    fn the_argument_under_the_cursor_is_known() {
        let form = Form::read(FIND);
        assert_eq!(reached(&form, ""), Some("table"));
        assert_eq!(reached(&form, "\"customers\", "), Some("filter"));
        assert_eq!(reached(&form, "\"customers\" where a = 1 AND "), Some("where"));
        assert_eq!(reached(&form, "\"customers\" WHERE a = (1 order_by "), Some("where"));
        assert_eq!(reached(&form, "\"customers\" order by "), Some("order"));
        assert_eq!(reached(&form, "(\"customers\", "), Some("filter"));
    }
}
