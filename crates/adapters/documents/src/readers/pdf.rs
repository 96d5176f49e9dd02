//! PDF: page after page through the library's Markdown, which knows headings, tables and columns. Pages without text
//! are told, a document without any is a scan.

use botserver_ports::ExtractError;
use pdf_oxide::{Error, PdfDocument, converters::ConversionOptions};

use crate::{output::Output, readers::markdown};

pub(super) fn read(bytes: Vec<u8>, output: &mut Output<'_>) -> Result<(), ExtractError> {
    let document = PdfDocument::from_bytes(bytes).map_err(refused)?;
    if document.is_encrypted() && !document.is_authenticated() {
        return Err(ExtractError::Encrypted);
    }
    let pages = document.page_count().map_err(refused)?;
    let pages = u32::try_from(pages).unwrap_or(u32::MAX);
    if pages == 0 {
        return Err(ExtractError::Damaged("it has no pages".to_owned()));
    }
    output.pages(pages)?;
    let options = ConversionOptions {
        detect_headings: true,
        extract_tables: true,
        include_images: false,
        strip_running_headers_footers: false,
        ..ConversionOptions::default()
    };
    let mut without_text = Vec::new();
    let mut broken = Vec::new();
    for number in 1..=pages {
        output.page(number)?;
        match document.to_markdown(number as usize - 1, &options) {
            Ok(markdown) if markdown.trim().is_empty() => without_text.push(number),
            Ok(markdown) => markdown::give(&markdown, output)?,
            Err(Error::EncryptedPdf) => return Err(ExtractError::Encrypted),
            Err(error) => broken.push((number, error)),
        }
        output.progress(number, Some(pages))?;
    }
    if !output.has_text() {
        return Err(match broken.into_iter().next() {
            Some((number, error)) => ExtractError::Damaged(format!("page {number}: {error}")),
            None => ExtractError::NoText,
        });
    }
    if !without_text.is_empty() {
        output.warnings.push(format!(
            "{} without text, perhaps scanned: {}",
            if without_text.len() == 1 { "a page is" } else { "pages are" },
            in_ranges(&without_text)
        ));
    }
    for (number, error) in broken.into_iter().take(10) {
        output.warnings.push(format!("page {number} could not be read: {error}"));
    }
    Ok(())
}

fn refused(error: Error) -> ExtractError {
    match error {
        Error::EncryptedPdf => ExtractError::Encrypted,
        other => ExtractError::Damaged(other.to_string()),
    }
}

/// `1, 3-5, 9`.
fn in_ranges(numbers: &[u32]) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for &number in numbers {
        match ranges.last_mut() {
            Some((_, end)) if *end + 1 == number => *end = number,
            _ => ranges.push((number, number)),
        }
    }
    let texts = ranges.iter().map(|(from, to)| if from == to { from.to_string() } else { format!("{from}-{to}") });
    texts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_told_in_ranges() {
        assert_eq!(in_ranges(&[1, 3, 4, 5, 9]), "1, 3-5, 9");
    }
}
