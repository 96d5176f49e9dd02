//! CSV text as rows and back. Every cell is text; a column whose every cell spells a number (or TRUE and
//! FALSE) is read as such. Numbers that people write as codes (`007`, `+55…`, sixteen digits) stay text.

use std::sync::Arc;

use botserver_basic_types::{
    Value,
    ops::{self, Number},
};

use super::Row;
use crate::{Error, Result, model::same_name};

/// The largest file that is read or written.
pub(crate) const MAX_BYTES: usize = 10 * 1024 * 1024;

/// A file in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct CsvFile {
    pub(crate) path: String,
    pub(crate) header: Vec<String>,
    pub(crate) cells: Vec<Vec<String>>,
}

/// How a column is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Number,
    Boolean,
    Text,
}

/// Reads a file: UTF-8, separated by commas, or by semicolons where the header says so.
pub(crate) fn parse(path: &str, bytes: &[u8]) -> Result<CsvFile> {
    if bytes.len() > MAX_BYTES {
        return Err(too_large(path));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Error::Invalid(format!("`{path}` is not UTF-8 text (byte {})", error.valid_up_to())))?;
    let first = text.lines().next().unwrap_or_default();
    let semicolons = !first.contains(',') && first.contains(';');
    let mut reader = ::csv::ReaderBuilder::new()
        .delimiter(if semicolons { b';' } else { b',' })
        .has_headers(true)
        .flexible(true)
        .from_reader(text.as_bytes());
    let bad = |error: ::csv::Error| {
        let line = error.position().map_or(0, ::csv::Position::line);
        Error::Invalid(format!("`{path}` cannot be read as CSV at line {line}"))
    };
    let header: Vec<String> = reader.headers().map_err(bad)?.iter().map(|name| name.trim().to_owned()).collect();
    let mut cells = Vec::new();
    for record in reader.records() {
        let record = record.map_err(bad)?;
        if record.len() > header.len() {
            let line = record.position().map_or(0, ::csv::Position::line);
            return Err(Error::Invalid(format!("`{path}`, line {line}: more cells than the header has names")));
        }
        let mut row: Vec<String> = record.iter().map(str::to_owned).collect();
        row.resize(header.len(), String::new());
        cells.push(row);
    }
    Ok(CsvFile { path: path.to_owned(), header, cells })
}

fn too_large(path: &str) -> Error {
    Error::Invalid(format!("`{path}` is larger than {} MB; use a TABLE", MAX_BYTES / 1024 / 1024))
}

impl CsvFile {
    /// The text of the file.
    pub(crate) fn to_text(&self) -> Result<String> {
        let failed = |error: String| Error::Invalid(format!("`{}` cannot be written: {error}", self.path));
        let mut writer = ::csv::Writer::from_writer(Vec::new());
        writer.write_record(&self.header).map_err(|error| failed(error.to_string()))?;
        for row in &self.cells {
            writer.write_record(row).map_err(|error| failed(error.to_string()))?;
        }
        let bytes = writer.into_inner().map_err(|error| failed(error.to_string()))?;
        if bytes.len() > MAX_BYTES {
            return Err(too_large(&self.path));
        }
        String::from_utf8(bytes).map_err(|error| failed(error.to_string()))
    }

    /// The position of a column, ignoring case.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|own| same_name(own, name))
    }

    /// The rows as values.
    pub(crate) fn typed_rows(&self) -> Vec<Row> {
        let readings: Vec<Reading> = (0..self.header.len()).map(|index| self.reading(index)).collect();
        let names: Vec<Arc<str>> = self.header.iter().map(|name| Arc::from(name.as_str())).collect();
        self.cells
            .iter()
            .map(|row| {
                row.iter()
                    .enumerate()
                    .map(|(index, cell)| (names[index].clone(), value(cell, readings[index])))
                    .collect()
            })
            .collect()
    }

    fn reading(&self, index: usize) -> Reading {
        let cells = || self.cells.iter().map(|row| row[index].as_str()).filter(|cell| !cell.is_empty());
        if cells().next().is_none() {
            Reading::Text
        } else if cells().all(|cell| number(cell).is_some()) {
            Reading::Number
        } else if cells().all(|cell| cell.eq_ignore_ascii_case("true") || cell.eq_ignore_ascii_case("false")) {
            Reading::Boolean
        } else {
            Reading::Text
        }
    }

    /// A column of that name, made at the end if there is none.
    pub(crate) fn column(&mut self, name: &str) -> usize {
        if let Some(index) = self.position(name) {
            return index;
        }
        self.header.push(name.to_owned());
        for row in &mut self.cells {
            row.push(String::new());
        }
        self.header.len() - 1
    }
}

fn value(cell: &str, reading: Reading) -> Value {
    match reading {
        _ if cell.is_empty() => Value::Null,
        Reading::Number => match number(cell) {
            Some(Number::Int(value)) => Value::Int(value),
            Some(Number::Float(value)) => Value::Float(value),
            None => Value::text(cell),
        },
        Reading::Boolean => Value::Bool(cell.eq_ignore_ascii_case("true")),
        Reading::Text => Value::text(cell),
    }
}

/// A number that prints as it was written, more or less: not a code made of digits.
fn number(cell: &str) -> Option<Number> {
    let digits = cell.strip_prefix('-').unwrap_or(cell);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let code = (whole.len() > 1 && whole.starts_with('0')) || whole.len() + fraction.len() > 16;
    (plain(whole) && plain(fraction) && !code).then(|| ops::parse_number(cell)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_typed_by_all_their_cells() {
        let file = parse("a.csv", b"\xef\xbb\xbfid,zip,price,ok,note\n1,01234,2.50,true,x\n2,94110,,FALSE,\"a,\nb\"\n")
            .unwrap();
        let rows = file.typed_rows();
        assert_eq!(rows[0]["id"], Value::Int(1));
        assert_eq!(rows[0]["zip"], Value::text("01234"));
        assert_eq!(rows[1]["zip"], Value::text("94110"));
        assert_eq!(rows[0]["price"], Value::Float(2.5));
        assert_eq!(rows[1]["price"], Value::Null);
        assert_eq!(rows[1]["ok"], Value::Bool(false));
        assert_eq!(rows[1]["note"], Value::text("a,\nb"));
        let again = parse("a.csv", file.to_text().unwrap().as_bytes()).unwrap();
        assert_eq!(again.typed_rows(), rows);
    }

    #[test]
    fn semicolons_and_short_rows_are_read_and_broken_files_named() {
        let file = parse("b.csv", b"a;b\n1;2\n3\n").unwrap();
        assert_eq!(file.cells, vec![vec!["1", "2"], vec!["3", ""]]);
        assert!(parse("c.csv", b"a,b\n1,2,3\n").unwrap_err().to_string().contains("`c.csv`, line 2"));
        assert!(parse("d.csv", b"a\n\xff\xfe\n").unwrap_err().to_string().contains("not UTF-8"));
        assert!(parse("e.csv", b"").unwrap().header.is_empty());
    }
}
