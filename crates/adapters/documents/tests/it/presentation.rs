//! Slides of python-pptx, LibreOffice and pandoc, with notes and tables.

use botserver_ports::ExtractError;

use crate::support::{columns, everything, headings, page_of, read, rows, texts, try_read};

#[test]
fn slides_are_pages_with_their_notes() {
    for name in ["pptx-python-pptx.pptx", "pptx-libreoffice.pptx"] {
        let document = read(name);
        assert_eq!(document.title.as_deref(), Some("Schulung Wäscherei"), "{name}");
        assert_eq!(document.pages, Some(3), "{name}");
        let found = headings(&document);
        assert!(found.contains(&(1, "Sicherheit")) && found.contains(&(1, "Programme")), "{name}: {found:?}");
        assert_eq!(page_of(&document, "Maschine nie öffnen"), Some(2), "{name}");
        assert_eq!(page_of(&document, "Feuerlöscher zeigen"), Some(2), "{name}: notes belong to their slide");
        assert_eq!(columns(&document), [["Programm", "Dauer"]], "{name}");
        assert_eq!(rows(&document), [["Koch", "120 min"], ["Bunt", "60 min"]], "{name}");
        assert_eq!(page_of(&document, "120 min"), Some(3), "{name}");
        assert!(!everything(&document).contains("<number>"), "{name}");
    }
}

#[test]
fn what_pandoc_writes_is_read() {
    let document = read("pptx-pandoc.pptx");
    assert!(document.pages.unwrap_or_default() >= 4);
    assert_eq!(rows(&document)[0], ["1", "sehr fein", "Espresso"]);
    assert!(texts(&document).iter().any(|text| text.contains("Netzstecker ziehen.")));
}

#[test]
fn the_old_format_is_read() {
    let document = read("ppt-libreoffice.ppt");
    assert_eq!(page_of(&document, "Feuerlöscher zeigen"), Some(2));
    assert!(everything(&document).contains("120 min"));
}

#[test]
fn encrypted_slides_are_told() {
    assert_eq!(try_read("pptx-encrypted.pptx"), Err(ExtractError::Encrypted));
}
