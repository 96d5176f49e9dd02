//! Which format a file has: the first bytes decide between families, the extension between kinds of text.

use std::path::Path;

use botserver_ports::ExtractError;
use undoc::FormatType;

use crate::encoding;

/// The extensions that are read.
pub const EXTENSIONS: &[&str] = &[
    "md", "markdown", "txt", "text", "html", "htm", "xhtml", "csv", "tsv", "pdf", "docx", "docm", "xlsx", "xlsm",
    "pptx", "pptm", "doc", "xls", "ppt", "ods",
];

/// What reads a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Markdown,
    Text,
    Html,
    Csv,
    Pdf,
    /// Word or PowerPoint, old or new.
    Office,
    /// Excel, old or new, or an OpenDocument sheet.
    Workbook,
}

/// The PDF reference allows this much before the mark.
pub(crate) const HEAD: usize = 1_024;

/// The format of a file, and what its owner should know about its name.
pub(crate) fn detect(path: &Path, name: &str, head: &[u8]) -> Result<(Format, Option<String>), ExtractError> {
    let extension = extension_of(name);
    if head.is_empty() {
        return Err(ExtractError::Damaged("the file is empty".to_owned()));
    }
    if find(head, b"%PDF-") {
        return Ok((Format::Pdf, unless(matches!(extension.as_str(), "pdf" | ""), &extension, "a PDF document")));
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return office(path, &extension, head);
    }
    match extension.as_str() {
        "pdf" | "docx" | "docm" | "xlsx" | "xlsm" | "pptx" | "pptm" | "doc" | "xls" | "ppt" | "ods" => {
            // Web pages are often saved under the name of what they were to become.
            if is_html(head) {
                return Ok((Format::Html, unless(false, &extension, "a web page")));
            }
            Err(ExtractError::Damaged(format!(
                "its name ends with .{extension}, but it does not begin as such a file does{}",
                known_as(head)
            )))
        }
        "md" | "markdown" | "html" | "htm" | "xhtml" | "csv" | "tsv" | "txt" | "text" if encoding::is_binary(head) => {
            let known = known_as(head);
            let reason = format!("its name ends with .{extension}, but what is in it is no text{known}");
            Err(ExtractError::Unsupported(reason))
        }
        _ if encoding::is_binary(head) => Err(unsupported(&extension, head)),
        "md" | "markdown" => Ok((Format::Markdown, None)),
        "html" | "htm" | "xhtml" => Ok((Format::Html, None)),
        "csv" | "tsv" => Ok((Format::Csv, None)),
        "txt" | "text" => Ok((Format::Text, None)),
        _ if is_html(head) => Ok((Format::Html, unless(extension.is_empty(), &extension, "a web page"))),
        "" if !head.starts_with(b"{\\rtf") => Ok((Format::Text, None)),
        _ => Err(unsupported(&extension, head)),
    }
}

/// The extension in lower case, or an empty text.
pub(crate) fn extension_of(name: &str) -> String {
    Path::new(name).extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// The Office formats share two containers; what is inside decides.
fn office(path: &Path, extension: &str, head: &[u8]) -> Result<(Format, Option<String>), ExtractError> {
    match undoc::detect_format_from_path(path) {
        Ok(found) => {
            let same = extension.is_empty()
                || extension.trim_end_matches(['x', 'm']) == found.extension().trim_end_matches('x');
            let format = match found {
                FormatType::Xlsx | FormatType::Xls => Format::Workbook,
                _ => Format::Office,
            };
            Ok((format, unless(same, extension, found.name())))
        }
        Err(undoc::Error::Encrypted) => Err(ExtractError::Encrypted),
        // The mark of OpenDocument stands in the first bytes.
        Err(_) if find(head, b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet") => {
            Ok((Format::Workbook, unless(matches!(extension, "ods" | ""), extension, "an OpenDocument sheet")))
        }
        Err(error) => {
            if matches!(extension, "docx" | "docm" | "xlsx" | "xlsm" | "pptx" | "pptm" | "doc" | "xls" | "ppt" | "ods")
            {
                return Err(ExtractError::Damaged(error.to_string()));
            }
            Err(unsupported(extension, b""))
        }
    }
}

fn unless(same: bool, extension: &str, truth: &str) -> Option<String> {
    (!same).then(|| format!("its name ends with .{extension}, but it is {truth} and was read as such"))
}

fn unsupported(extension: &str, head: &[u8]) -> ExtractError {
    let what = if extension.is_empty() { "this file".to_owned() } else { format!(".{extension}") };
    ExtractError::Unsupported(format!(
        "{what} is no format that is read{}; save it as PDF, Word, Excel, PowerPoint, HTML, Markdown, text or CSV",
        known_as(head)
    ))
}

/// ` (it is image/png)`, if the first bytes tell.
fn known_as(head: &[u8]) -> String {
    infer::get(head).map(|kind| format!(" (it is {})", kind.mime_type())).unwrap_or_default()
}

fn is_html(head: &[u8]) -> bool {
    let text = encoding::decode(head, None);
    let begin: String = text.trim_start_matches('\u{feff}').trim_start().chars().take(14).collect();
    let begin = begin.to_ascii_lowercase();
    begin.starts_with("<!doctype html") || begin.starts_with("<html")
}

fn find(text: &[u8], what: &[u8]) -> bool {
    text.windows(what.len()).any(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, head: &[u8]) -> Result<Format, ExtractError> {
        detect(Path::new("nowhere"), name, head).map(|(format, _)| format)
    }

    #[test]
    fn the_first_bytes_decide() {
        assert_eq!(of("a.md", b"%PDF-1.7"), Ok(Format::Pdf));
        assert_eq!(of("a.doc", b"<html><body>"), Ok(Format::Html));
        assert!(matches!(of("a.pdf", b"hello"), Err(ExtractError::Damaged(_))));
        assert!(matches!(of("a.txt", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), Err(ExtractError::Unsupported(_))));
        assert!(matches!(of("a.txt", b""), Err(ExtractError::Damaged(_))));
        let said = |name: &str| of(name, &[0; 40]).unwrap_err().to_string();
        assert!(said("a.txt").ends_with("its name ends with .txt, but what is in it is no text"), "{}", said("a.txt"));
        assert!(said("a.bin").contains(".bin is no format that is read; save it as"), "{}", said("a.bin"));
    }

    #[test]
    fn the_extension_decides_between_texts() {
        assert_eq!(of("A.MD", b"# a"), Ok(Format::Markdown));
        assert_eq!(of("a.csv", b"a;b"), Ok(Format::Csv));
        assert_eq!(of("a.txt", b"# a"), Ok(Format::Text));
        assert_eq!(of("README", b"# a"), Ok(Format::Text));
        assert!(matches!(of("a.rtf", b"{\\rtf1"), Err(ExtractError::Unsupported(_))));
    }
}
