//! The readers, a file per format. Each takes a file and gives blocks to an [`Output`]; none knows processes.

mod csv;
mod html;
mod markdown;
mod notes;
mod office;
mod pdf;
mod text;
mod workbook;

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use botserver_ports::ExtractError;

use crate::{
    format::{self, Format},
    limits::Size,
    output::Output,
};

/// Reads a document, whatever it is.
pub(crate) fn read(path: &Path, name: &str, output: &mut Output<'_>) -> Result<(), ExtractError> {
    let mut file = File::open(path).map_err(|error| unreadable(&error))?;
    let size = file.metadata().map_err(|error| unreadable(&error))?.len();
    let mut head = Vec::with_capacity(format::HEAD);
    file.by_ref().take(format::HEAD as u64).read_to_end(&mut head).map_err(|error| unreadable(&error))?;
    drop(file);
    let (format, remark) = format::detect(path, name, &head)?;
    output.warnings.extend(remark);
    refuse_giants(format, size, output)?;
    match format {
        Format::Markdown => markdown::read(&whole(path)?, output),
        Format::Text => text::read(&whole(path)?, output),
        Format::Html => html::read(&whole(path)?, output),
        Format::Csv => csv::read(&whole(path)?, output),
        Format::Pdf => pdf::read(whole(path)?, output),
        Format::Office => office::read(path, output),
        Format::Workbook => workbook::read(path, output),
    }
}

/// What cannot fit into the limits is not even opened.
fn refuse_giants(format: Format, size: u64, output: &Output<'_>) -> Result<(), ExtractError> {
    let largest = match format {
        // UTF-16 takes two bytes for what UTF-8 writes in one.
        Format::Markdown | Format::Text | Format::Csv => output.limits.output.saturating_mul(2),
        // A page becomes a tree in memory, a PDF a table of objects.
        Format::Html => output.limits.output.saturating_mul(2).min(output.limits.memory / 16),
        Format::Pdf | Format::Office | Format::Workbook => output.limits.memory / 4,
    };
    if size > largest {
        return Err(ExtractError::Limit(format!(
            "the file has {}, and at most {} of this format are read; split it",
            Size(size),
            Size(largest)
        )));
    }
    Ok(())
}

fn whole(path: &Path) -> Result<Vec<u8>, ExtractError> {
    std::fs::read(path).map_err(|error| unreadable(&error))
}

fn unreadable(error: &io::Error) -> ExtractError {
    ExtractError::Damaged(format!("the file cannot be opened ({error})"))
}
