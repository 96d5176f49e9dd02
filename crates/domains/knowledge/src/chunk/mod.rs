//! From the blocks of a document to passages: along headings, pages, sheets and rows, never through a sentence.
//! Pure; how many tokens a text has is told by whoever calls.

mod sentences;

use botserver_ports::Block;

use self::sentences::{pieces, sentences};
use crate::Passage;

/// How many tokens a text has, about.
pub type TokenCount = dyn Fn(&str) -> usize + Send + Sync;

/// A token is four characters, about: right within a fifth for most languages with an alphabet.
pub fn about_tokens(text: &str) -> usize {
    text.chars().count().div_ceil(4)
}

/// How large passages are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChunkSize {
    /// Tokens of a passage at most (`rag-chunk-size`).
    pub(crate) tokens: usize,
    /// Tokens that a passage repeats of the one before (`rag-chunk-overlap`).
    pub(crate) overlap: usize,
}

impl Default for ChunkSize {
    fn default() -> Self {
        Self { tokens: 512, overlap: 50 }
    }
}

/// What headings are joined with.
const BETWEEN: &str = " › ";
/// Rows are short and many: fewer of them in a passage point to their place more exactly.
const ROWS_SHARE: usize = 4;
/// A page ends a passage that is at least this part of its size.
const PAGE_SHARE: usize = 3;
/// A sentence or row longer than so many passages is cut after all: a text without an end must not become one passage.
const LONGEST: usize = 2;
/// The longest place; headings may be as long as somebody likes.
const PLACE_CHARS: usize = 300;

/// Cuts a document.
pub(crate) fn chunk(blocks: &[Block], size: ChunkSize, count: &TokenCount) -> Vec<Passage> {
    let mut chunker = Chunker {
        size: ChunkSize { tokens: size.tokens.max(16), overlap: size.overlap.min(size.tokens / 2) },
        count,
        done: Vec::new(),
        headings: Vec::new(),
        page: None,
        sheet: None,
        columns: &[],
        units: Vec::new(),
        tokens: 0,
        fresh: false,
        begin: Place::default(),
    };
    for block in blocks {
        chunker.take(block);
    }
    chunker.flush();
    if chunker.done.is_empty() {
        chunker.headings_only(blocks);
    }
    chunker.done
}

#[derive(Clone, Debug, Default)]
struct Place {
    page: Option<u32>,
    row: Option<u32>,
}

/// What a unit is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sentence,
    Row(Option<u32>),
}

impl Kind {
    const fn number(self) -> Option<u32> {
        match self {
            Self::Sentence => None,
            Self::Row(number) => number,
        }
    }
}

/// A sentence, or a row.
#[derive(Clone, Debug)]
struct Unit {
    text: String,
    tokens: usize,
    /// A row, or the beginning of a block: it begins a line.
    line: bool,
    row: bool,
}

struct Chunker<'a> {
    size: ChunkSize,
    count: &'a TokenCount,
    done: Vec<Passage>,
    headings: Vec<(u8, &'a str)>,
    page: Option<u32>,
    sheet: Option<&'a str>,
    columns: &'a [String],
    units: Vec<Unit>,
    tokens: usize,
    /// Something was added since the units that were repeated.
    fresh: bool,
    begin: Place,
}

impl<'a> Chunker<'a> {
    fn take(&mut self, block: &'a Block) {
        match block {
            Block::Page { number } => {
                if self.tokens >= self.size.tokens / PAGE_SHARE {
                    self.flush();
                }
                self.page = Some(*number);
            }
            Block::Sheet { name } => {
                self.flush();
                self.sheet = Some(name);
                self.columns = &[];
                self.headings.clear();
            }
            Block::Heading { level, text } => {
                self.flush();
                self.columns = &[];
                self.headings.retain(|(own, _)| own < level);
                if !text.trim().is_empty() {
                    self.headings.push((*level, text.trim()));
                }
            }
            Block::Columns { names } => {
                self.flush();
                self.columns = names;
            }
            Block::Row { cells, number } => self.row(cells, *number),
            Block::Text { text } => self.text(text),
        }
    }

    fn text(&mut self, text: &str) {
        if self.units.iter().any(|unit| unit.row) {
            self.flush();
        }
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        let tokens = (self.count)(text);
        // A paragraph that fits into a passage of its own stays whole.
        if tokens <= self.size.tokens && self.tokens + tokens > self.size.tokens {
            self.split();
        }
        let mut line = true;
        for sentence in sentences(text) {
            for piece in pieces(sentence, self.size.tokens * LONGEST, self.count) {
                self.add(piece, line, Kind::Sentence);
                line = false;
            }
        }
    }

    fn row(&mut self, cells: &[String], number: Option<u32>) {
        if self.units.iter().any(|unit| !unit.row) {
            self.flush();
        }
        let text = row_text(self.columns, cells);
        if text.is_empty() {
            return;
        }
        let most = (self.size.tokens / ROWS_SHARE).max(16);
        if !self.units.is_empty() && self.tokens + (self.count)(&text) > most {
            self.flush();
        }
        for piece in pieces(&text, self.size.tokens * LONGEST, self.count) {
            self.add(piece, true, Kind::Row(number));
        }
    }

    /// Adds a sentence, or a row with its number where it has one.
    fn add(&mut self, text: &str, line: bool, kind: Kind) {
        // With the blank or line break that will stand before it.
        let tokens = (self.count)(&format!(" {text}"));
        if self.fresh && self.tokens + tokens > self.size.tokens {
            self.split();
        }
        if self.units.is_empty() {
            self.begin = Place { page: self.page, row: kind.number() };
        }
        self.units.push(Unit { text: text.to_owned(), tokens, line, row: kind != Kind::Sentence });
        self.tokens += tokens;
        self.fresh = true;
    }

    /// Ends a passage within its section: the next repeats its last sentences.
    fn split(&mut self) {
        let mut from = self.units.len();
        let mut tokens = 0;
        // Not all of them: the next passage must get on.
        while from > 1 && !self.units[from - 1].row && tokens + self.units[from - 1].tokens <= self.size.overlap {
            from -= 1;
            tokens += self.units[from].tokens;
        }
        let repeated = self.units[from..].to_vec();
        self.flush();
        self.begin = Place { page: self.page, row: None };
        self.units = repeated;
        self.tokens = tokens;
    }

    /// Ends a passage.
    fn flush(&mut self) {
        let units = std::mem::take(&mut self.units);
        self.tokens = 0;
        if !std::mem::take(&mut self.fresh) {
            return;
        }
        let mut text = String::new();
        for unit in &units {
            if text.is_empty() {
            } else if unit.line {
                text.push('\n');
            } else if !text.ends_with(char::is_whitespace) {
                text.push(' ');
            }
            text.push_str(&unit.text);
        }
        let tokens = (self.count)(&text) as u32;
        let place: Vec<&str> = self.headings.iter().map(|(_, text)| *text).collect();
        self.done.push(Passage {
            number: self.done.len() as u32,
            place: place.join(BETWEEN).chars().take(PLACE_CHARS).collect(),
            page: self.begin.page,
            sheet: self.sheet.map(str::to_owned),
            row: self.begin.row,
            text,
            tokens,
        });
    }

    /// A document of headings only says something too.
    fn headings_only(&mut self, blocks: &'a [Block]) {
        let headings = blocks.iter().filter_map(|block| match block {
            Block::Heading { text, .. } => Some(text.as_str()),
            _ => None,
        });
        self.headings.clear();
        for heading in headings {
            self.text(heading);
        }
        self.flush();
    }
}

/// `Name: Ada; Age: 36`
fn row_text(columns: &[String], cells: &[String]) -> String {
    let mut text = String::new();
    for (index, cell) in cells.iter().enumerate() {
        let cell = cell.trim();
        if cell.is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push_str("; ");
        }
        let name = columns.get(index).map(|name| name.trim()).unwrap_or_default();
        if !name.is_empty() {
            text.push_str(name);
            text.push_str(": ");
        }
        text.push_str(cell);
    }
    text
}

#[cfg(test)]
mod tests;
