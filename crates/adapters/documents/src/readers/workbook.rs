//! Workbooks: Excel of all years and OpenDocument sheets. Values are what the program last computed, written as a
//! person would: dates as 2026-03-14, times as 08:30, shares as 25%.

use std::{collections::HashMap, io::Cursor, path::Path};

use botserver_ports::ExtractError;
use calamine::{
    CellErrorType, Data, DataRef, Dimensions, ExcelDateTime, Ods, Reader as _, SheetType, SheetVisible, Sheets, Style,
    Xls, Xlsx, XlsxError,
};
use undoc::OoxmlContainer;

use super::office::refused as refused_package;
use crate::{
    output::Output,
    table::{self, TableRow},
};

/// A table begins anew after an empty row, as far as so many rows; below that, rows are given as they come.
const HELD: usize = 64;
/// Cells farther to the right are a mistake of whoever filled the sheet.
const WIDEST: u32 = 1_024;

pub(super) fn read(path: &Path, output: &mut Output<'_>) -> Result<(), ExtractError> {
    unpack_once(path, output)?;
    let mut workbook = open(super::whole(path)?).map_err(|error| refused(&error))?;
    let sheets: Vec<_> = workbook
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible)
        .map(|sheet| sheet.name.clone())
        .collect();
    let of = u32::try_from(sheets.len()).unwrap_or(u32::MAX);
    for (name, done) in sheets.iter().zip(1..) {
        output.sheet(name)?;
        let mut rows = Rows::new(output);
        match &mut workbook {
            Sheets::Xlsx(workbook) => read_streamed(workbook, name, &mut rows)?,
            other => {
                let range = other.worksheet_range(name).map_err(|error| refused(&error))?;
                let (top, left) = range.start().unwrap_or_default();
                for (row, cells) in range.rows().enumerate() {
                    for (column, cell) in cells.iter().enumerate() {
                        let column = left + u32::try_from(column).unwrap_or(u32::MAX);
                        rows.cell(top + u32::try_from(row).unwrap_or(u32::MAX), column, shown(cell))?;
                    }
                }
            }
        }
        rows.finish()?;
        output.progress(done, Some(of))?;
    }
    if !output.has_text() {
        output.warnings.push("the workbook is empty".to_owned());
    }
    Ok(())
}

/// By its bytes: a file in hand may have no extension.
fn open(bytes: Vec<u8>) -> Result<Sheets<Cursor<Vec<u8>>>, calamine::Error> {
    let is_old = bytes.starts_with(b"\xd0\xcf\x11\xe0");
    let is_open =
        bytes.get(..128).is_some_and(|head| head.windows(22).any(|window| window == b"vnd.oasis.opendocument"));
    let bytes = Cursor::new(bytes);
    if is_old {
        Ok(Sheets::Xls(Xls::new(bytes)?))
    } else if is_open {
        Ok(Sheets::Ods(Ods::new(bytes)?))
    } else {
        Ok(Sheets::Xlsx(Xlsx::new(bytes)?))
    }
}

/// Unpacks every part once and forgets it: one that unpacks to a hundred times its size is found before the library,
/// which does not look, keeps it in memory.
fn unpack_once(path: &Path, output: &mut Output<'_>) -> Result<(), ExtractError> {
    let Ok(package) = OoxmlContainer::open(path) else { return Ok(()) };
    for part in package.list_files() {
        package.read_binary(&part).map_err(refused_package)?;
    }
    if let Some(title) = package.parse_core_metadata().ok().and_then(|metadata| metadata.title) {
        output.title(&title);
    }
    Ok(())
}

fn refused(error: &calamine::Error) -> ExtractError {
    match error {
        calamine::Error::Xlsx(XlsxError::Password)
        | calamine::Error::Xls(calamine::XlsError::Password)
        | calamine::Error::Ods(calamine::OdsError::Password) => ExtractError::Encrypted,
        other => ExtractError::Damaged(other.to_string()),
    }
}

/// Cell after cell, so that a single one in the last corner of a sheet does not cost seventeen thousand million.
fn read_streamed(
    workbook: &mut Xlsx<Cursor<Vec<u8>>>,
    name: &str,
    rows: &mut Rows<'_, '_>,
) -> Result<(), ExtractError> {
    let damaged = |error: XlsxError| ExtractError::Damaged(error.to_string());
    // A sheet without merged cells has no list of them.
    let merged = workbook.merge_cells_by_sheet_name(name).unwrap_or_default();
    rows.merged = merged.into_iter().filter(|area| area.end.0 > area.start.0).map(|area| (area.start, area)).collect();
    let mut cells = workbook.worksheet_cells_reader(name).map_err(damaged)?;
    while let Some((cell, style)) = cells.next_cell_with_style_id().map_err(damaged)? {
        let (row, column) = cell.get_position();
        let text = match cell.get_value() {
            DataRef::Float(number) => in_style(*number, cells.styles().get(style)),
            DataRef::Int(number) => in_style(*number as f64, cells.styles().get(style)),
            other => shown(&Data::from(other.clone())),
        };
        rows.cell(row, column, text)?;
    }
    Ok(())
}

/// Gathers cells into rows and rows into tables.
struct Rows<'o, 'a> {
    output: &'o mut Output<'a>,
    /// The cells that reach over several rows, by their first.
    merged: HashMap<(u32, u32), Dimensions>,
    /// What cells that reach over several rows say, by their left column.
    fallen: Vec<(Dimensions, String)>,
    /// The rows of the table so far, as long as its names are not known.
    held: Vec<TableRow>,
    is_given: bool,
    row: Option<(u32, Vec<String>)>,
}

impl<'o, 'a> Rows<'o, 'a> {
    fn new(output: &'o mut Output<'a>) -> Self {
        Self { output, merged: HashMap::new(), fallen: Vec::new(), held: Vec::new(), is_given: false, row: None }
    }

    fn cell(&mut self, row: u32, column: u32, text: String) -> Result<(), ExtractError> {
        if text.is_empty() || column >= WIDEST {
            return Ok(());
        }
        if self.row.as_ref().is_none_or(|(number, _)| *number != row) {
            self.end_row(row)?;
            self.row = Some((row, Vec::new()));
        }
        if let Some(area) = self.merged.remove(&(row, column)) {
            self.fallen.push((area, text.clone()));
        }
        if let Some((_, cells)) = &mut self.row {
            let column = column as usize;
            if cells.len() <= column {
                cells.resize(column + 1, String::new());
            }
            cells[column] = text;
        }
        Ok(())
    }

    /// The row is complete; an empty one before the next ends the table.
    fn end_row(&mut self, next: u32) -> Result<(), ExtractError> {
        let Some((number, mut cells)) = self.row.take() else { return Ok(()) };
        self.fallen.retain(|(area, _)| area.end.0 >= number);
        for (area, text) in &self.fallen {
            let column = area.start.1 as usize;
            if area.start.0 < number {
                if cells.len() <= column {
                    cells.resize(column + 1, String::new());
                }
                if cells[column].is_empty() {
                    cells[column].clone_from(text);
                }
            }
        }
        let row = TableRow { cells, number: Some(number.saturating_add(1)), is_header: false };
        if self.is_given {
            self.output.row(&row.cells, row.number)?;
        } else {
            self.held.push(row);
            if self.held.len() >= HELD {
                self.give()?;
            }
        }
        if next > number.saturating_add(1) {
            self.give()?;
            self.is_given = false;
        }
        Ok(())
    }

    fn give(&mut self) -> Result<(), ExtractError> {
        self.is_given = true;
        table::give(&std::mem::take(&mut self.held), self.output)
    }

    fn finish(mut self) -> Result<(), ExtractError> {
        self.end_row(0)?;
        self.give()
    }
}

/// A value as a person would write it.
fn shown(value: &Data) -> String {
    match value {
        Data::String(text) => text.clone(),
        Data::DateTimeIso(text) => text.trim_end_matches(":00").replace('T', " "),
        Data::DurationIso(text) => clock_of(text),
        Data::Int(number) => number.to_string(),
        Data::Float(number) => plain(*number),
        Data::Bool(true) => "TRUE".to_owned(),
        Data::Bool(false) => "FALSE".to_owned(),
        Data::DateTime(time) => date(time),
        // An error is no text that anybody would look for.
        Data::Error(CellErrorType::NA) => "#N/A".to_owned(),
        Data::Error(_) | Data::Empty => String::new(),
    }
}

/// Without the noise of binary fractions: 478.79999999999995 is 478.8.
fn plain(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let digits = (14 - number.abs().log10().floor() as i32).clamp(0, 17) as usize;
    let text = format!("{number:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A number in the format of its cell: shares of a hundred, a fixed number of decimals.
fn in_style(number: f64, style: Option<&Style>) -> String {
    let Some(code) = style.and_then(|style| style.number_format.as_ref()).map(|format| format.format_code.as_str())
    else {
        return plain(number);
    };
    let code = code.split(';').next().unwrap_or_default();
    let decimals = code.split_once("0.").map(|(_, after)| after.chars().take_while(|letter| *letter == '0').count());
    match (code.contains('%'), decimals) {
        (true, decimals) => format!("{:.*}%", decimals.unwrap_or(0), number * 100.0),
        (false, Some(decimals)) if decimals > 0 && !code.contains(['E', 'e']) => format!("{number:.decimals$}"),
        _ => plain(number),
    }
}

/// `PT09H30M00S` as `09:30`: OpenDocument has times of the day in this form.
fn clock_of(iso: &str) -> String {
    let clock = iso.strip_prefix("PT").and_then(|rest| {
        let (hours, rest) = rest.split_once('H')?;
        let (minutes, seconds) = rest.split_once('M')?;
        let seconds = seconds.trim_end_matches('S');
        let is_whole = seconds.trim_matches(['0', '.']).is_empty();
        Some(if is_whole { format!("{hours}:{minutes}") } else { format!("{hours}:{minutes}:{seconds}") })
    });
    clock.unwrap_or_else(|| iso.to_owned())
}

fn date(time: &ExcelDateTime) -> String {
    let value = time.as_f64();
    if time.is_duration() {
        let seconds = (value * 86_400.0).round() as i64;
        return format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    }
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    let clock =
        if second == 0 { format!("{hour:02}:{minute:02}") } else { format!("{hour:02}:{minute:02}:{second:02}") };
    if (0.0..1.0).contains(&value) {
        return clock;
    }
    if value.fract() == 0.0 {
        format!("{year}-{month:02}-{day:02}")
    } else {
        format!("{year}-{month:02}-{day:02} {clock}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_do() {
        assert_eq!(plain(478.799_999_999_999_95), "478.8");
        assert_eq!(plain(12.0), "12");
        assert_eq!(plain(-0.5), "-0.5");
        assert_eq!(plain(0.000_001_5), "0.0000015");
        assert_eq!(plain(1e15), "1000000000000000");
        assert_eq!(in_style(2.0, None), "2");
        assert_eq!(clock_of("PT09H30M00S"), "09:30");
        assert_eq!(clock_of("PT09H30M05S"), "09:30:05");
        assert_eq!(clock_of("P1D"), "P1D");
    }
}
