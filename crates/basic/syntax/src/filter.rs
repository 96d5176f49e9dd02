//! The condition grammar of filter texts: `status=open AND total > 100 OR name LIKE 'A%'`. It yields an
//! expression whose values are data; no text of it ever becomes SQL.

use botserver_basic_types::{BinaryOp, DataExpr, OrderBy, UnaryOp, Value};

/// Why a filter cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FilterError {
    /// One sentence.
    pub message: String,
    /// Byte offset in the filter.
    pub position: usize,
}

type FResult<T> = Result<T, FilterError>;

/// Reads a filter. Left of an operator a bare word is a column, right of it a text; an empty filter is true.
pub fn parse_filter(text: &str) -> FResult<DataExpr> {
    if text.trim().is_empty() {
        return Ok(DataExpr::Value(Value::Bool(true)));
    }
    parse(text, true)
}

/// Reads a filter that a script has put together, in which the texts `given` were typed by people: wherever one
/// of them stands it is a value, or a part of a quoted one. Where it could only be a piece of the condition,
/// the filter is refused.
pub fn parse_filter_with(text: &str, given: &[impl AsRef<str>]) -> FResult<DataExpr> {
    let mut template = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let here = given.iter().map(AsRef::as_ref).enumerate().filter(|(_, own)| rest.starts_with(own));
        let longest = here.filter(|(_, own)| !own.is_empty()).max_by_key(|(_, own)| own.len());
        if let Some((mark, len)) = longest.and_then(|(index, own)| Some((placeholder(index)?, own.len()))) {
            template.push(mark);
            at += len;
            continue;
        }
        let next = rest.chars().next();
        template.extend(next.filter(|c| !is_placeholder(*c)));
        at += next.map_or(1, char::len_utf8);
    }
    if !template.contains(is_placeholder) {
        return parse_filter(text);
    }
    // The whole of it: the key of a row.
    let mut marks = template.trim().chars();
    if let (Some(mark), None) = (marks.next(), marks.next()) {
        let own = placeholder_index(mark).and_then(|index| given.get(index));
        return Ok(DataExpr::Value(Value::text(own.map_or("", AsRef::as_ref))));
    }
    let mut condition = parse(&template, true).map_err(|_| FilterError {
        message: "what a person has typed would become a part of the condition".into(),
        position: 0,
    })?;
    put_back(&mut condition, given);
    Ok(condition)
}

/// Puts the texts into the places that stand for them.
fn put_back(expr: &mut DataExpr, given: &[impl AsRef<str>]) {
    match expr {
        DataExpr::Value(Value::Text(text)) if text.contains(is_placeholder) => {
            let mut whole = String::new();
            for c in text.chars() {
                match placeholder_index(c).and_then(|index| given.get(index)) {
                    Some(own) => whole.push_str(own.as_ref()),
                    None => whole.push(c),
                }
            }
            *text = whole.into();
        }
        DataExpr::Value(_) | DataExpr::Column { .. } | DataExpr::Star => {}
        DataExpr::Unary(_, operand) | DataExpr::IsNull { operand, .. } => put_back(operand, given),
        DataExpr::Binary(_, left, right) => {
            put_back(left, given);
            put_back(right, given);
        }
        DataExpr::In { needle, list, .. } => {
            put_back(needle, given);
            for item in list {
                put_back(item, given);
            }
        }
        DataExpr::Between(value, low, high) => {
            for part in [value, low, high] {
                put_back(part, given);
            }
        }
        DataExpr::Call(_, args) => {
            for arg in args {
                put_back(arg, given);
            }
        }
    }
}

/// Reads `name DESC, other`.
pub fn parse_order(text: &str) -> FResult<Vec<OrderBy>> {
    let mut keys = Vec::new();
    let mut position = 0;
    for part in text.split(',') {
        let mut words = part.split_whitespace();
        let column = words.next().unwrap_or("").trim_matches(['"', '`', '[', ']']);
        let fail = |message: String| FilterError { message, position };
        if column.is_empty() {
            return Err(fail("a column is missing".into()));
        }
        let descending = match words.next().map(str::to_ascii_uppercase).as_deref() {
            None | Some("ASC") => false,
            Some("DESC") => true,
            Some(other) => return Err(fail(format!("expected ASC or DESC, found `{other}`"))),
        };
        keys.push(OrderBy { column: column.rsplit('.').next().unwrap_or(column).to_owned(), descending });
        position += part.len() + 1;
    }
    Ok(keys)
}

/// Like a filter, but bare words right of an operator are columns too: CHECK and GENERATED of a TABLE.
pub(crate) fn parse_sql(text: &str) -> FResult<DataExpr> {
    parse(text, false)
}

/// A single value, such as what follows DEFAULT; a bare word is a call without arguments
/// (`CURRENT_TIMESTAMP`) or a constant.
pub(crate) fn parse_value(text: &str) -> FResult<DataExpr> {
    Ok(match parse(text, false)? {
        DataExpr::Column { name, .. } => DataExpr::Call(name.to_uppercase(), Vec::new()),
        other => other,
    })
}

fn parse(text: &str, words_are_values: bool) -> FResult<DataExpr> {
    let mut reader = Reader { text, at: 0, words_are_values, depth: 0, nodes: 0 };
    let condition = reader.or()?;
    reader.blank();
    if reader.at < text.len() {
        let rest: String = reader.rest().chars().take(20).collect();
        return reader.fail(format!("`{rest}` is not understood here"));
    }
    Ok(condition)
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    words_are_values: bool,
    depth: usize,
    nodes: usize,
}

/// Stands for the value number `index` of the script in a filter text that is read ahead of the run.
pub(crate) fn placeholder(index: usize) -> Option<char> {
    char::from_u32(0xf0000 + u32::try_from(index).ok().filter(|index| *index < 1000)?)
}

/// The number of the value, if the character stands for one.
pub(crate) fn placeholder_index(c: char) -> Option<usize> {
    (0xf0000..0xf0000 + 1000).contains(&(c as u32)).then(|| c as usize - 0xf0000)
}

fn is_placeholder(c: char) -> bool {
    placeholder_index(c).is_some()
}

const COMPARISONS: &[(&str, BinaryOp)] = &[
    ("<>", BinaryOp::NotEqual),
    ("!=", BinaryOp::NotEqual),
    ("<=", BinaryOp::LessEqual),
    (">=", BinaryOp::GreaterEqual),
    ("==", BinaryOp::Equal),
    ("=", BinaryOp::Equal),
    ("<", BinaryOp::Less),
    (">", BinaryOp::Greater),
];

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn blank(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn fail<T>(&self, message: impl Into<String>) -> FResult<T> {
        Err(FilterError { message: message.into(), position: self.at })
    }

    /// Depth and size are bounded, so that walking the result is safe.
    fn count(&mut self) -> FResult<()> {
        self.nodes += 1;
        if self.nodes > 500 || self.depth > 60 { self.fail("the filter is too long") } else { Ok(()) }
    }

    fn peek_word(&mut self) -> &'t str {
        self.blank();
        let rest = self.rest();
        let word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        if rest.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            &rest[..rest.find(|c| !word(c)).unwrap_or(rest.len())]
        } else {
            ""
        }
    }

    fn take_word(&mut self, wanted: &str) -> bool {
        let word = self.peek_word();
        let found = word.eq_ignore_ascii_case(wanted);
        self.at += if found { word.len() } else { 0 };
        found
    }

    fn take(&mut self, symbol: &str) -> bool {
        self.blank();
        let found = self.rest().starts_with(symbol);
        self.at += if found { symbol.len() } else { 0 };
        found
    }

    fn or(&mut self) -> FResult<DataExpr> {
        self.depth += 1;
        let mut left = self.and()?;
        while self.take_word("OR") || self.take("||") {
            self.count()?;
            left = DataExpr::Binary(BinaryOp::Or, Box::new(left), Box::new(self.and()?));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn and(&mut self) -> FResult<DataExpr> {
        let mut left = self.not()?;
        while self.take_word("AND") || self.take("&&") {
            self.count()?;
            left = DataExpr::Binary(BinaryOp::And, Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> FResult<DataExpr> {
        self.count()?;
        if self.take_word("NOT") || (!self.rest().starts_with("!=") && self.take("!")) {
            self.depth += 1;
            let operand = self.not()?;
            self.depth -= 1;
            return Ok(DataExpr::Unary(UnaryOp::Not, Box::new(operand)));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> FResult<DataExpr> {
        let left = self.sum()?;
        let before = self.at;
        let negated = self.take_word("NOT");
        if self.take_word("IN") {
            if !self.take("(") && !self.take("[") {
                return self.fail("IN needs a list in brackets");
            }
            let mut list = Vec::new();
            while !self.take(")") && !self.take("]") {
                self.count()?;
                list.push(self.value(true)?);
                if !self.take(",") && !self.rest().trim_start().starts_with([')', ']']) {
                    return self.fail("the list of IN is not closed");
                }
            }
            return Ok(DataExpr::In { needle: Box::new(left), list, negated });
        }
        if self.take_word("BETWEEN") {
            let low = self.value(false)?;
            if !self.take_word("AND") {
                return self.fail("BETWEEN needs AND");
            }
            let high = self.value(false)?;
            let between = DataExpr::Between(Box::new(left), Box::new(low), Box::new(high));
            return Ok(if negated { DataExpr::Unary(UnaryOp::Not, Box::new(between)) } else { between });
        }
        for (word, op) in [("LIKE", BinaryOp::Like), ("ILIKE", BinaryOp::ILike), ("CONTAINS", BinaryOp::Contains)] {
            if self.take_word(word) {
                let like = DataExpr::Binary(op, Box::new(left), Box::new(self.value(false)?));
                return Ok(if negated { DataExpr::Unary(UnaryOp::Not, Box::new(like)) } else { like });
            }
        }
        if negated {
            self.at = before;
            return Ok(left);
        }
        if self.take_word("IS") {
            let negated = self.take_word("NOT");
            if self.take_word("NULL") {
                return Ok(DataExpr::IsNull { operand: Box::new(left), negated });
            }
            let op = if negated { BinaryOp::NotEqual } else { BinaryOp::Equal };
            return Ok(DataExpr::Binary(op, Box::new(left), Box::new(self.value(false)?)));
        }
        for (symbol, op) in COMPARISONS {
            if self.take(symbol) {
                return Ok(DataExpr::Binary(*op, Box::new(left), Box::new(self.value(false)?)));
            }
        }
        Ok(left)
    }

    /// What stands right of an operator.
    fn value(&mut self, in_list: bool) -> FResult<DataExpr> {
        self.blank();
        let rest = self.rest();
        if !self.words_are_values || rest.starts_with(['\'', '"', '(']) {
            return self.sum();
        }
        let word = self.peek_word();
        let calls = self.rest()[word.len()..].trim_start().starts_with('(') && !word.is_empty();
        if calls {
            return self.sum();
        }
        let raw = &rest[..raw_end(rest, in_list)];
        let text = raw.trim_end();
        self.at += raw.len();
        if text.is_empty() {
            return Ok(DataExpr::Value(Value::text("")));
        }
        // A value of the script stands for all of an unquoted value or for a part of a quoted one; anything
        // else (`a=1` + more) could be a piece of a condition and is left to the run.
        if text.contains(is_placeholder) && (in_list || text.chars().count() != 1) {
            return self.fail("a value of the script is glued to this text");
        }
        Ok(DataExpr::Value(plain_value(text)))
    }

    fn sum(&mut self) -> FResult<DataExpr> {
        let mut left = self.product()?;
        loop {
            let op = if self.take("||") {
                BinaryOp::Concat
            } else if self.take("+") {
                BinaryOp::Add
            } else if self.take("-") {
                BinaryOp::Subtract
            } else {
                return Ok(left);
            };
            self.count()?;
            left = DataExpr::Binary(op, Box::new(left), Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> FResult<DataExpr> {
        let mut left = self.factor()?;
        loop {
            let op = if self.take("*") {
                BinaryOp::Multiply
            } else if self.take("/") {
                BinaryOp::Divide
            } else if self.take("%") {
                BinaryOp::Modulo
            } else {
                return Ok(left);
            };
            self.count()?;
            left = DataExpr::Binary(op, Box::new(left), Box::new(self.factor()?));
        }
    }

    fn factor(&mut self) -> FResult<DataExpr> {
        self.count()?;
        self.blank();
        let rest = self.rest();
        match rest.chars().next() {
            None => self.fail("the filter ends too early"),
            Some('(') => {
                self.at += 1;
                let inner = self.or()?;
                if self.take(")") { Ok(inner) } else { self.fail("`(` has no `)`") }
            }
            Some('*') => {
                self.at += 1;
                Ok(DataExpr::Star)
            }
            Some('-') => {
                self.at += 1;
                self.depth += 1;
                let operand = self.factor()?;
                self.depth -= 1;
                Ok(match operand {
                    DataExpr::Value(Value::Int(value)) => DataExpr::Value(Value::Int(value.wrapping_neg())),
                    DataExpr::Value(Value::Float(value)) => DataExpr::Value(Value::Float(-value)),
                    other => DataExpr::Unary(UnaryOp::Negate, Box::new(other)),
                })
            }
            Some(quote @ ('\'' | '"')) => self.quoted(quote),
            Some('`' | '[') => {
                let close = if rest.starts_with('`') { '`' } else { ']' };
                let Some(end) = rest[1..].find(close) else { return self.fail("the column's name is not closed") };
                self.at += end + 2;
                Ok(DataExpr::Column { table: None, name: rest[1..=end].to_owned() })
            }
            Some(first) if first.is_ascii_digit() || first == '.' => {
                let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.')).unwrap_or(rest.len());
                self.at += end;
                match plain_value(&rest[..end]) {
                    Value::Text(_) => self.fail(format!("`{}` is not a number", &rest[..end])),
                    number => Ok(DataExpr::Value(number)),
                }
            }
            Some(_) => self.word(),
        }
    }

    fn quoted(&mut self, quote: char) -> FResult<DataExpr> {
        let mut text = String::new();
        let mut chars = self.rest().char_indices().skip(1).peekable();
        while let Some((at, c)) = chars.next() {
            if c == quote {
                if chars.peek().is_some_and(|(_, next)| *next == quote) {
                    chars.next();
                } else {
                    self.at += at + 1;
                    return Ok(DataExpr::Value(Value::text(text)));
                }
            }
            text.push(c);
        }
        self.fail("a quoted text is not closed")
    }

    fn word(&mut self) -> FResult<DataExpr> {
        let word = self.peek_word();
        if word.is_empty() {
            let shown: String = self.rest().chars().take(1).collect();
            return self.fail(format!("`{shown}` is not understood here"));
        }
        self.at += word.len();
        match word.to_ascii_uppercase().as_str() {
            "TRUE" => return Ok(DataExpr::Value(Value::Bool(true))),
            "FALSE" => return Ok(DataExpr::Value(Value::Bool(false))),
            "NULL" => return Ok(DataExpr::Value(Value::Null)),
            // `INTERVAL 90 DAY`, `INTERVAL '90 days'`
            "INTERVAL" => {
                let amount = self.factor()?;
                let unit = self.peek_word();
                self.at += unit.len();
                return Ok(DataExpr::Call("INTERVAL".into(), vec![amount, DataExpr::Value(Value::text(unit))]));
            }
            _ => {}
        }
        if self.take("(") {
            let values = std::mem::replace(&mut self.words_are_values, false);
            let mut args = Vec::new();
            while !self.take(")") {
                args.push(self.or()?);
                if !self.take(",") && !self.rest().trim_start().starts_with(')') {
                    return self.fail(format!("`{word}(` has no `)`"));
                }
            }
            self.words_are_values = values;
            return Ok(DataExpr::Call(word.to_uppercase(), args));
        }
        let (mut table, mut name) = (None, word);
        while self.rest().starts_with('.') {
            self.at += 1;
            let next = self.peek_word();
            if next.is_empty() {
                return self.fail("a column is missing after `.`");
            }
            table = Some(name.to_owned());
            name = next;
            self.at += next.len();
        }
        Ok(DataExpr::Column { table, name: name.to_owned() })
    }
}

/// Where an unquoted value ends: before AND, OR, a closing bracket, or (in a list) a comma.
fn raw_end(text: &str, in_list: bool) -> usize {
    let mut depth = 0usize;
    let mut after_blank = true;
    for (at, c) in text.char_indices() {
        match c {
            ')' | ']' if depth == 0 => return at,
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ',' if in_list && depth == 0 => return at,
            '&' | '|' if text[at..].starts_with("&&") || text[at..].starts_with("||") => return at,
            _ if after_blank && depth == 0 => {
                let rest = &text[at..];
                let word = &rest[..rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())];
                let ends = rest[word.len()..].starts_with(|c: char| c.is_whitespace() || c == '(' || c == '!');
                if ends && (word.eq_ignore_ascii_case("AND") || word.eq_ignore_ascii_case("OR")) {
                    return at;
                }
            }
            _ => {}
        }
        after_blank = c.is_whitespace();
    }
    text.len()
}

/// An unquoted value: number, constant or text.
fn plain_value(text: &str) -> Value {
    match text.to_ascii_uppercase().as_str() {
        "TRUE" => return Value::Bool(true),
        "FALSE" => return Value::Bool(false),
        "NULL" => return Value::Null,
        _ => {}
    }
    if let Ok(value) = text.parse::<i64>() {
        // `007` is a code, not a number.
        let canonical = value.to_string() == text || text.starts_with('+');
        return if canonical { Value::Int(value) } else { Value::text(text) };
    }
    let numeric = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '.')) && !text.starts_with("00");
    match text.parse::<f64>() {
        Ok(value) if numeric && value.is_finite() => Value::Float(value),
        _ => Value::text(text),
    }
}
