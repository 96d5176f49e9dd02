//! HTML as browsers understand it: headings, paragraphs, items, tables. What is no content (scripts, navigation, hidden
//! parts) is left out; where the page says what its main part is, only that is read.

use std::collections::HashSet;

use botserver_ports::ExtractError;
use encoding_rs::Encoding;
use scraper::{ElementRef, Html, Node, node::Element};

use crate::{
    encoding,
    output::Output,
    table::{self, Spanned},
};

/// Nothing in here is text of the page.
const LEFT_OUT: &[&str] = &[
    "script", "style", "template", "noscript", "nav", "svg", "math", "iframe", "object", "canvas", "audio", "video",
    "select", "button", "head", "datalist",
];
/// These stand in the line; everything else begins a new one.
const INLINE: &[&str] = &[
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "img",
    "input", "ins", "kbd", "label", "mark", "q", "ruby", "rb", "rp", "rt", "s", "samp", "small", "span", "strike",
    "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
];

pub(super) fn read(bytes: &[u8], output: &mut Output<'_>) -> Result<(), ExtractError> {
    let text = encoding::decode(bytes, declared(&bytes[..bytes.len().min(1_024)]));
    give(&text, output)
}

/// The encoding that the page says it has.
fn declared(head: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let after = ["charset=", "encoding="].iter().find_map(|key| head.split_once(key)).map(|(_, after)| after)?;
    let label = after.trim_start_matches(['"', '\'']).split(['"', '\'', ';', '>', ' ', '/', '?']).next()?;
    Encoding::for_label(label.as_bytes())
}

/// Gives a page or a part of one.
pub(super) fn give(html: &str, output: &mut Output<'_>) -> Result<(), ExtractError> {
    let page = Html::parse_document(html);
    let survey = Survey::of(&page);
    if let Some(title) = &survey.title {
        output.title(title);
    }
    let root = survey.main.unwrap_or_else(|| page.root_element());
    let mut walk = Walk { layout: survey.layout, ..Walk::default() };
    for edge in root.traverse() {
        match edge {
            ego_tree::iter::Edge::Open(node) => match node.value() {
                Node::Text(text) if walk.left_out == 0 => walk.words(text),
                Node::Element(element) => walk.open(element, node.id(), output)?,
                _ => {}
            },
            ego_tree::iter::Edge::Close(node) => {
                if let Node::Element(element) = node.value() {
                    walk.close(element, node.id(), output)?;
                }
            }
        }
    }
    walk.flush(output)
}

/// What must be known before the walk.
#[derive(Default)]
struct Survey<'a> {
    title: Option<String>,
    main: Option<ElementRef<'a>>,
    /// Tables that only put things beside each other.
    layout: HashSet<ego_tree::NodeId>,
}

impl<'a> Survey<'a> {
    fn of(page: &'a Html) -> Self {
        let mut survey = Self::default();
        let mut mains = 0;
        let mut tables = Vec::new();
        for edge in page.tree.root().traverse() {
            let (node, opens) = match edge {
                ego_tree::iter::Edge::Open(node) => (node, true),
                ego_tree::iter::Edge::Close(node) => (node, false),
            };
            let Node::Element(element) = node.value() else { continue };
            match (element.name(), opens) {
                ("title", true) if survey.title.is_none() => {
                    survey.title = ElementRef::wrap(node).map(|title| title.text().collect());
                }
                ("table", true) => {
                    survey.layout.extend(tables.last());
                    if matches!(element.attr("role"), Some("presentation" | "none")) {
                        survey.layout.insert(node.id());
                    }
                    tables.push(node.id());
                }
                ("table", false) => {
                    tables.pop();
                }
                (name, true) if name == "main" || element.attr("role") == Some("main") => {
                    mains += 1;
                    survey.main = ElementRef::wrap(node);
                }
                _ => {}
            }
        }
        if mains != 1 {
            survey.main = None;
        }
        survey
    }
}

/// A table while it is read.
#[derive(Default)]
struct Table {
    rows: Vec<Vec<Spanned>>,
    cell: Option<Spanned>,
}

#[derive(Default)]
struct Walk {
    /// The paragraph, item or heading so far.
    text: String,
    /// What stands before the next text: the mark of an item.
    mark: String,
    /// The lists around, innermost last: the next number, or none for bullets.
    lists: Vec<Option<u32>>,
    heading: Option<u8>,
    table: Option<Table>,
    layout: HashSet<ego_tree::NodeId>,
    /// How many elements around are left out.
    left_out: usize,
    /// How many elements around keep their line breaks.
    preformatted: usize,
}

impl Walk {
    fn open(&mut self, element: &Element, id: ego_tree::NodeId, output: &mut Output<'_>) -> Result<(), ExtractError> {
        if is_left_out(element) {
            self.left_out += 1;
        }
        if self.left_out > 0 {
            return Ok(());
        }
        let name = element.name();
        match name {
            "br" => return self.line_break(),
            _ if INLINE.contains(&name) => return Ok(()),
            _ => self.break_block(output)?,
        }
        match name {
            "pre" | "textarea" => self.preformatted += 1,
            "ul" | "ol" | "menu" => {
                let first = element.attr("start").and_then(|start| start.parse().ok()).unwrap_or(1);
                self.lists.push((name == "ol").then_some(first));
            }
            "li" => self.begin_item(),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" if self.table.is_none() => {
                self.heading = name[1..].parse().ok();
            }
            "table" if !self.layout.contains(&id) => self.table = Some(Table::default()),
            "tr" => {
                if let Some(table) = &mut self.table {
                    table.rows.push(Vec::new());
                }
            }
            "td" | "th" => {
                if let Some(table) = &mut self.table {
                    let span = |key| element.attr(key).and_then(|number| number.parse().ok()).unwrap_or(1);
                    table.cell = Some(Spanned {
                        text: String::new(),
                        columns: span("colspan"),
                        rows: span("rowspan"),
                        is_header: name == "th",
                    });
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, element: &Element, id: ego_tree::NodeId, output: &mut Output<'_>) -> Result<(), ExtractError> {
        if self.left_out > 0 {
            if is_left_out(element) {
                self.left_out -= 1;
            }
            return Ok(());
        }
        let name = element.name();
        if name == "br" || INLINE.contains(&name) {
            return Ok(());
        }
        match name {
            "td" | "th" => {
                if let Some(table) = &mut self.table {
                    if let (Some(mut cell), Some(row)) = (table.cell.take(), table.rows.last_mut()) {
                        std::mem::take(&mut self.text).trim().clone_into(&mut cell.text);
                        row.push(cell);
                    }
                    return Ok(());
                }
            }
            "table" if !self.layout.contains(&id) => {
                if let Some(table) = self.table.take() {
                    self.text.clear();
                    return table::give(&table::lay_out(table.rows), output);
                }
            }
            _ => {}
        }
        self.break_block(output)?;
        match name {
            "pre" | "textarea" => self.preformatted = self.preformatted.saturating_sub(1),
            "ul" | "ol" | "menu" => {
                self.lists.pop();
                self.mark.clear();
            }
            "li" => self.mark.clear(),
            _ => {}
        }
        Ok(())
    }

    /// Words of the page, with white space as it is shown.
    fn words(&mut self, text: &str) {
        if self.preformatted > 0 {
            self.text.push_str(text);
            return;
        }
        for letter in text.chars() {
            if !matches!(letter, ' ' | '\t' | '\n' | '\r' | '\u{c}') {
                self.text.push(letter);
            } else if !self.text.is_empty() && !self.text.ends_with([' ', '\n']) {
                self.text.push(' ');
            }
        }
    }

    fn begin_item(&mut self) {
        if self.table.is_some() {
            self.text.push_str("- ");
            return;
        }
        self.mark = "  ".repeat(self.lists.len().saturating_sub(1).min(8));
        match self.lists.last_mut() {
            Some(Some(number)) => {
                self.mark.push_str(&number.to_string());
                self.mark.push_str(". ");
                *number = number.saturating_add(1);
            }
            _ => self.mark.push_str("- "),
        }
    }

    fn line_break(&mut self) -> Result<(), ExtractError> {
        let end = self.text.trim_end_matches(' ').len();
        self.text.truncate(end);
        self.text.push('\n');
        Ok(())
    }

    /// A new block begins: in a cell a new line, elsewhere the end of the paragraph.
    fn break_block(&mut self, output: &mut Output<'_>) -> Result<(), ExtractError> {
        match &self.table {
            Some(Table { cell: Some(_), .. }) => {
                if !self.text.trim().is_empty() && !self.text.ends_with('\n') {
                    self.line_break()?;
                }
                Ok(())
            }
            _ => self.flush(output),
        }
    }

    fn flush(&mut self, output: &mut Output<'_>) -> Result<(), ExtractError> {
        if self.text.trim().is_empty() {
            self.text.clear();
            return Ok(());
        }
        let text = std::mem::take(&mut self.text);
        if let Some(level) = self.heading.take() {
            return output.heading(level, &text);
        }
        let mark = std::mem::take(&mut self.mark);
        let text = if self.preformatted > 0 { text.as_str() } else { text.trim() };
        output.text(&format!("{mark}{text}"))
    }
}

fn is_left_out(element: &Element) -> bool {
    LEFT_OUT.contains(&element.name())
        || element.attr("hidden").is_some()
        || element.attr("aria-hidden") == Some("true")
        || element.attr("style").is_some_and(|style| {
            let style: String = style.chars().filter(|letter| !letter.is_whitespace()).collect();
            style.to_ascii_lowercase().contains("display:none")
        })
}
