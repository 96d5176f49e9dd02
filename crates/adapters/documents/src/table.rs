//! Tables of every format: spans laid out, the row of column names found, the rest given row by row.

use botserver_ports::ExtractError;

use crate::output::Output;

/// Above this, a span is a mistake or an attack.
const WIDEST: usize = 1_024;
/// Among so many first rows the column names are looked for.
const HEAD: usize = 10;

/// A row before it is known which one has the names.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableRow {
    pub(crate) cells: Vec<String>,
    pub(crate) number: Option<u32>,
    /// The document itself says that these are the names.
    pub(crate) is_header: bool,
}

/// A cell with its spans.
#[derive(Clone, Debug)]
pub(crate) struct Spanned {
    pub(crate) text: String,
    pub(crate) columns: u32,
    pub(crate) rows: u32,
    pub(crate) is_header: bool,
}

/// Lays spans out: a cell over several columns stands in the first of them; one over several rows stands in each,
/// so that every row can be understood alone.
pub(crate) fn lay_out(rows: Vec<Vec<Spanned>>) -> Vec<TableRow> {
    let mut hanging: Vec<Option<(u32, String)>> = Vec::new();
    let mut laid_out = Vec::with_capacity(rows.len());
    for row in rows {
        let is_header = !row.is_empty() && row.iter().all(|cell| cell.is_header || cell.text.is_empty());
        let mut cells: Vec<String> = Vec::new();
        let mut given = row.into_iter();
        loop {
            let at = cells.len();
            if let Some((left, text)) = hanging.get_mut(at).and_then(Option::take) {
                if left > 1 {
                    hanging[at] = Some((left - 1, text.clone()));
                }
                cells.push(text);
                continue;
            }
            let Some(cell) = given.next() else {
                // Cells that hang from above may stand behind the last one.
                if hanging.iter().skip(at).any(Option::is_some) {
                    cells.push(String::new());
                    continue;
                }
                break;
            };
            let width = (cell.columns.max(1) as usize).min(WIDEST.saturating_sub(at)).max(1);
            for column in 0..width {
                let text = if column == 0 { cell.text.clone() } else { String::new() };
                if cell.rows > 1 {
                    if hanging.len() <= at + column {
                        hanging.resize(at + column + 1, None);
                    }
                    hanging[at + column] = Some((cell.rows - 1, text.clone()));
                }
                cells.push(text);
            }
            if cells.len() >= WIDEST {
                break;
            }
        }
        laid_out.push(TableRow { cells, number: None, is_header });
    }
    laid_out
}

/// Gives a table: lines above the names as text, the names, the rows.
pub(crate) fn give(rows: &[TableRow], output: &mut Output<'_>) -> Result<(), ExtractError> {
    let names = names_of(rows);
    for (index, row) in rows.iter().enumerate() {
        match names {
            Some(at) if index < at => output.text(&joined(&row.cells))?,
            Some(at) if index == at => output.columns(trimmed(&row.cells))?,
            _ => output.row(trimmed(&row.cells), row.number)?,
        }
    }
    Ok(())
}

/// Which row has the names: one that the document marks, or the first that consists of words in most columns.
fn names_of(rows: &[TableRow]) -> Option<usize> {
    if rows.len() < 2 {
        return None;
    }
    let head = &rows[..rows.len().min(HEAD)];
    if let Some(at) = head.iter().position(|row| row.is_header && filled(row) > 0) {
        return Some(at).filter(|at| at + 1 < rows.len());
    }
    let width = rows.iter().take(100).map(filled).max().unwrap_or(0);
    let at = head.iter().position(|row| filled(row) >= 2 || filled(row) == width)?;
    let row = &rows[at];
    let fits = filled(row) * 2 > width && row.cells.iter().all(|cell| !is_value(cell));
    (width > 1 && fits && at + 1 < rows.len()).then_some(at)
}

fn filled(row: &TableRow) -> usize {
    row.cells.iter().filter(|cell| !cell.trim().is_empty()).count()
}

/// Numbers, amounts, dates and sentences are no names of columns.
fn is_value(cell: &str) -> bool {
    let cell = cell.trim();
    let digits = cell.chars().filter(char::is_ascii_digit).count();
    let letters = cell.chars().filter(|letter| letter.is_alphabetic()).count();
    cell.len() > 200 || (digits > 0 && digits >= letters && !is_year(cell))
}

/// Years are names of columns in many tables.
fn is_year(cell: &str) -> bool {
    cell.len() == 4 && matches!(cell.parse::<u16>(), Ok(1900..=2100))
}

fn trimmed(cells: &[String]) -> &[String] {
    let end = cells.iter().rposition(|cell| !cell.trim().is_empty()).map_or(0, |at| at + 1);
    &cells[..end]
}

fn joined(cells: &[String]) -> String {
    cells.iter().map(|cell| cell.trim()).filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(text: &str, columns: u32, rows: u32) -> Spanned {
        Spanned { text: text.to_owned(), columns, rows, is_header: false }
    }

    fn texts(rows: &[TableRow]) -> Vec<Vec<&str>> {
        rows.iter().map(|row| row.cells.iter().map(String::as_str).collect()).collect()
    }

    #[test]
    fn spans_are_laid_out() {
        let rows = lay_out(vec![
            vec![cell("a", 1, 2), cell("b", 2, 1)],
            vec![cell("c", 1, 1), cell("d", 1, 2)],
            vec![cell("e", 1, 1)],
        ]);
        assert_eq!(texts(&rows), [vec!["a", "b", ""], vec!["a", "c", "d"], vec!["e", "", "d"]]);
    }

    #[test]
    fn absurd_spans_end() {
        let rows = lay_out(vec![vec![cell("a", u32::MAX, u32::MAX)], vec![cell("b", 1, 1)]]);
        assert_eq!(rows[0].cells.len(), WIDEST);
        assert!(rows[1].cells.len() <= WIDEST + 1);
    }

    fn row(cells: &[&str]) -> TableRow {
        TableRow { cells: cells.iter().map(|cell| (*cell).to_owned()).collect(), ..TableRow::default() }
    }

    #[test]
    fn names_of_columns_are_found() {
        assert_eq!(names_of(&[row(&["Article", "Price"]), row(&["tea", "3"])]), Some(0));
        assert_eq!(names_of(&[row(&["Opening hours", ""]), row(&["Place", "from"]), row(&["Köln", "9"])]), Some(1));
        assert_eq!(names_of(&[row(&["tea", "3.50"]), row(&["coffee", "4"])]), None, "values are no names");
        assert_eq!(names_of(&[row(&["City", "2025", "2026"]), row(&["Köln", "1", "2"])]), Some(0));
        assert_eq!(names_of(&[row(&["Article", "Price"])]), None, "nothing follows");
    }
}
