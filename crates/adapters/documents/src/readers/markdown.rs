//! Markdown (CommonMark with tables, footnotes and front matter) as blocks. The reader of PDF uses it too.

use botserver_ports::ExtractError;
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::{
    encoding,
    output::Output,
    readers::html,
    table::{self, TableRow},
};

pub(super) fn read(bytes: &[u8], output: &mut Output<'_>) -> Result<(), ExtractError> {
    let text = encoding::decode(bytes, None);
    give(&text, output)
}

/// Where the text goes that comes next.
#[derive(Default)]
struct Walk {
    /// The paragraph, item or cell so far.
    text: String,
    /// The front matter, while inside.
    in_metadata: bool,
    /// The lists around, innermost last: the next number, or none for bullets.
    lists: Vec<Option<u64>>,
    /// What stands before the next text: the mark of an item or a footnote.
    mark: String,
    rows: Vec<TableRow>,
    cells: Vec<String>,
}

/// Gives Markdown as blocks.
pub(super) fn give(markdown: &str, output: &mut Output<'_>) -> Result<(), ExtractError> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut walk = Walk::default();
    for event in Parser::new_ext(markdown, options) {
        match event {
            Event::Start(tag) => walk.start(&tag, output)?,
            Event::End(tag) => walk.end(tag, output)?,
            Event::Text(text) | Event::Code(text) => walk.text.push_str(&text),
            // Where a line of the file ends says nothing about the text.
            Event::SoftBreak => walk.text.push(' '),
            Event::HardBreak => walk.text.push('\n'),
            Event::InlineHtml(tag) if tag.starts_with("<br") => walk.text.push('\n'),
            Event::Html(html) => walk.text.push_str(&html),
            Event::FootnoteReference(label) => walk.text.extend(["[", &label, "]"]),
            Event::TaskListMarker(done) => walk.mark.push_str(if done { "[x] " } else { "[ ] " }),
            Event::Rule | Event::InlineHtml(_) | Event::InlineMath(_) | Event::DisplayMath(_) => {}
        }
    }
    walk.flush(output)
}

impl Walk {
    fn start(&mut self, tag: &Tag<'_>, output: &mut Output<'_>) -> Result<(), ExtractError> {
        match tag {
            Tag::Heading { .. } | Tag::Table(_) | Tag::BlockQuote(_) | Tag::CodeBlock(_) | Tag::HtmlBlock => {
                self.flush(output)?;
            }
            // A second paragraph of an item.
            Tag::Paragraph if self.cells.is_empty() => self.flush(output)?,
            Tag::List(first) => {
                self.flush(output)?;
                self.lists.push(*first);
            }
            Tag::Item => {
                self.flush(output)?;
                let depth = self.lists.len().saturating_sub(1).min(8);
                self.mark = "  ".repeat(depth);
                match self.lists.last_mut() {
                    Some(Some(number)) => {
                        self.mark.push_str(&number.to_string());
                        self.mark.push_str(". ");
                        *number += 1;
                    }
                    _ => self.mark.push_str("- "),
                }
            }
            Tag::FootnoteDefinition(label) => {
                self.flush(output)?;
                self.mark = format!("[{label}] ");
            }
            Tag::MetadataBlock(_) => self.in_metadata = true,
            Tag::TableHead | Tag::TableRow => self.cells.clear(),
            Tag::TableCell => self.text.clear(),
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, tag: TagEnd, output: &mut Output<'_>) -> Result<(), ExtractError> {
        match tag {
            TagEnd::Heading(level) => {
                let text = std::mem::take(&mut self.text);
                self.mark.clear();
                if level == HeadingLevel::H1 {
                    output.title(&text);
                }
                output.heading(level as u8, &text)?;
            }
            TagEnd::Paragraph | TagEnd::Item | TagEnd::CodeBlock | TagEnd::FootnoteDefinition => self.flush(output)?,
            TagEnd::List(_) => {
                self.lists.pop();
            }
            TagEnd::MetadataBlock(_) => {
                self.in_metadata = false;
                let matter = std::mem::take(&mut self.text);
                if let Some(title) = matter.lines().find_map(|line| line.strip_prefix("title:")) {
                    output.title(title.trim().trim_matches(['"', '\'']));
                }
            }
            TagEnd::TableCell => self.cells.push(std::mem::take(&mut self.text)),
            TagEnd::TableHead | TagEnd::TableRow => {
                let cells = std::mem::take(&mut self.cells);
                let is_header = tag == TagEnd::TableHead && cells.iter().any(|cell| !cell.is_empty());
                self.rows.push(TableRow { cells, number: None, is_header });
            }
            // Tables and the like that Markdown cannot say.
            TagEnd::HtmlBlock => html::give(&std::mem::take(&mut self.text), output)?,
            TagEnd::Table => table::give(&std::mem::take(&mut self.rows), output)?,
            _ => {}
        }
        Ok(())
    }

    fn flush(&mut self, output: &mut Output<'_>) -> Result<(), ExtractError> {
        if self.in_metadata || self.text.trim().is_empty() {
            return Ok(());
        }
        let text = std::mem::take(&mut self.text);
        let mark = std::mem::take(&mut self.mark);
        output.text(&format!("{mark}{}", text.trim_matches('\n')))
    }
}
