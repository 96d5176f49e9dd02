//! CSV: the delimiter is found by counting, the encoding by the letters; the first line of words names the columns.

use botserver_ports::ExtractError;

use crate::{
    encoding,
    output::Output,
    table::{self, TableRow},
};

/// So many records are looked at before the first is given: enough to know delimiter and names.
const HEAD: usize = 50;

pub(super) fn read(bytes: &[u8], output: &mut Output<'_>) -> Result<(), ExtractError> {
    let text = encoding::decode(bytes, None);
    // Excel writes the delimiter into the first line.
    let (declared, body) = match text.strip_prefix("sep=").and_then(|rest| rest.split_once('\n')) {
        Some((mark, body)) if mark.trim_end_matches('\r').len() == 1 => (mark.bytes().next(), body),
        _ => (None, text.as_ref()),
    };
    let delimiter = declared.unwrap_or_else(|| delimiter_of(body));
    let mut records = reader(body, delimiter).into_records();
    let mut head = Vec::new();
    for record in records.by_ref().take(HEAD) {
        head.push(row_of(record, body)?);
    }
    table::give(&head, output)?;
    for record in records {
        let row = row_of(record, body)?;
        output.row(&row.cells, row.number)?;
    }
    Ok(())
}

fn reader(body: &str, delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(body.as_bytes())
}

fn row_of(record: csv::Result<csv::StringRecord>, _body: &str) -> Result<TableRow, ExtractError> {
    let record = record.map_err(|error| ExtractError::Damaged(error.to_string()))?;
    let number = record.position().and_then(|position| u32::try_from(position.record() + 1).ok());
    Ok(TableRow { cells: record.iter().map(str::to_owned).collect(), number, is_header: false })
}

/// The delimiter that cuts most of the first records into the same number of fields, more than one.
fn delimiter_of(body: &str) -> u8 {
    let score = |delimiter: u8| {
        let widths: Vec<usize> = reader(body, delimiter)
            .into_records()
            .take(HEAD)
            .filter_map(Result::ok)
            .map(|record| record.len())
            .collect();
        let Some(&first) = widths.first() else { return (0, 0) };
        if first < 2 {
            return (0, 0);
        }
        (widths.iter().filter(|width| **width == first).count() * 100 / widths.len(), first)
    };
    // Of equals the last one wins: a comma is the likeliest.
    b"|\t;,".iter().copied().max_by_key(|delimiter| score(*delimiter)).unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_are_found() {
        assert_eq!(delimiter_of("a,b,c\n1,2,3\n"), b',');
        assert_eq!(delimiter_of("name;price\ntea;3,50\ncoffee;4,00\n"), b';');
        assert_eq!(delimiter_of("a\tb\n1,5\t2\n"), b'\t');
        assert_eq!(delimiter_of("a|b\n1|2\n"), b'|');
        assert_eq!(delimiter_of("one column\nonly\n"), b',');
        assert_eq!(delimiter_of("\"a;b\",c\n\"d;e\",f\n"), b',', "quotes hide");
    }
}
