//! Workbooks of openpyxl, LibreOffice and XlsxWriter: sheets, formulas, dates, merged cells.

use botserver_ports::{Block, ExtractError};

use crate::support::{columns, fixture, read, read_bytes, rows, texts, try_read};

fn sheets(document: &botserver_ports::Extracted) -> Vec<&str> {
    document
        .blocks
        .iter()
        .filter_map(|block| match block {
            Block::Sheet { name } => Some(name.as_str()),
            _ => None,
        })
        .collect()
}

#[test]
fn sheets_dates_formulas_and_merged_cells_are_read() {
    for name in ["xlsx-libreoffice.xlsx", "xls-libreoffice.xls", "ods-libreoffice.ods"] {
        let document = read(name);
        assert_eq!(sheets(&document), ["Lager", "Filialen & Öffnung", "Leer"], "{name}");
        assert_eq!(
            columns(&document),
            [vec!["Artikel", "Menge", "Preis", "Wert", "Geliefert am"], vec!["Ort", "von", "bis"]],
            "{name}"
        );
        let rows = rows(&document);
        assert_eq!(rows[0][0], "Bügeleisen", "{name}");
        assert!(rows[0][2].starts_with("39.9"), "{name}: {rows:?}");
        assert!(rows[0][3].starts_with("478.8"), "{name}: the last value of the formula: {rows:?}");
        assert_eq!(rows[0][4], "2026-03-14", "{name}");
        assert!(rows[1][4].starts_with("2026-11-02"), "{name}: {rows:?}");
        assert_eq!(rows[2], ["Köln", "09:00", "18:30"], "{name}");
        assert_eq!(rows[3][0], "Anteil", "{name}");
        assert_eq!(texts(&document), ["Öffnungszeiten"], "{name}: a line above a table is its text");
        assert!(document.blocks.iter().any(|block| matches!(block, Block::Row { number: Some(4), .. })), "{name}");
    }
    assert_eq!(rows(&read("xlsx-libreoffice.xlsx"))[3], ["Anteil", "25%", "TRUE"]);
    assert_eq!(rows(&read("xlsx-libreoffice.xlsx"))[0][2], "39.90", "as many decimals as shown");
}

#[test]
fn a_formula_that_no_program_computed_is_empty() {
    let document = read("xlsx-openpyxl.xlsx");
    assert_eq!(rows(&document)[0], ["Bügeleisen", "12", "39.90", "", "2026-03-14"]);
}

#[test]
fn long_sheets_keep_their_numbers() {
    let document = read("xlsx-xlsxwriter.xlsx");
    assert_eq!(document.title.as_deref(), Some("Orçamento"));
    assert_eq!(columns(&document), [["Despesa", "Valor", "Data"]]);
    let rows = rows(&document);
    assert_eq!(rows.len(), 301);
    assert_eq!(rows[99], ["Despesa número 100", "150.00", "2026-04-11"]);
    assert_eq!(rows[300], ["Total", "67725.00"]);
    assert!(matches!(document.blocks.last(), Some(Block::Row { number: Some(302), .. })));
}

#[test]
fn what_cannot_be_read_says_why() {
    assert_eq!(try_read("xlsx-encrypted.xlsx"), Err(ExtractError::Encrypted));
    let whole = std::fs::read(fixture("xlsx-openpyxl.xlsx")).unwrap();
    assert!(matches!(read_bytes("a.xlsx", &whole[..whole.len() / 2]), Err(ExtractError::Damaged(_))));
}
