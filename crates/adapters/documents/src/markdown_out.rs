//! Blocks as Markdown, for a person who looks at what a document gives. Knows nothing of how they were read.

use std::io::{self, Write};

use botserver_ports::Block;

/// Writes blocks one after the other.
pub(crate) struct Markdown<W> {
    out: W,
    /// The last block was a row or the names of columns.
    in_table: bool,
}

impl<W: Write> Markdown<W> {
    pub(crate) const fn new(out: W) -> Self {
        Self { out, in_table: false }
    }

    pub(crate) fn block(&mut self, block: &Block) -> io::Result<()> {
        let is_table = matches!(block, Block::Columns { .. } | Block::Row { .. });
        if self.in_table && (!is_table || matches!(block, Block::Columns { .. })) {
            writeln!(self.out)?;
        }
        let in_table = std::mem::replace(&mut self.in_table, is_table);
        match block {
            Block::Page { number } => writeln!(self.out, "<!-- page {number} -->\n"),
            Block::Sheet { name } => writeln!(self.out, "## {name}\n"),
            Block::Heading { level, text } => writeln!(self.out, "{} {text}\n", "#".repeat(usize::from(*level))),
            Block::Text { text } => writeln!(self.out, "{text}\n"),
            Block::Columns { names } => {
                self.cells(names)?;
                self.rule(names.len())
            }
            Block::Row { cells, .. } => {
                if !in_table {
                    // A table without names.
                    self.cells(&vec![String::new(); cells.len()])?;
                    self.rule(cells.len())?;
                }
                self.cells(cells)
            }
        }
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn cells(&mut self, cells: &[String]) -> io::Result<()> {
        write!(self.out, "|")?;
        for cell in cells {
            write!(self.out, " {} |", cell.replace('|', "\\|").replace('\n', "<br>"))?;
        }
        writeln!(self.out)
    }

    fn rule(&mut self, columns: usize) -> io::Result<()> {
        writeln!(self.out, "|{}", "---|".repeat(columns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_a_table() {
        let mut markdown = Markdown::new(Vec::new());
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        for block in [
            Block::Heading { level: 2, text: "Prices".to_owned() },
            Block::Columns { names: texts(&["Article", "Price"]) },
            Block::Row { cells: texts(&["a|b", "3"]), number: Some(2) },
            Block::Text { text: "End.".to_owned() },
        ] {
            markdown.block(&block).unwrap();
        }
        let text = String::from_utf8(markdown.out).unwrap();
        assert_eq!(text, "## Prices\n\n| Article | Price |\n|---|---|\n| a\\|b | 3 |\n\nEnd.\n\n");
    }
}
