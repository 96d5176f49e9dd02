//! Word documents of pandoc, LibreOffice and python-docx, also encrypted, damaged and old.

use botserver_ports::ExtractError;

use crate::support::{columns, everything, fixture, headings, read, read_bytes, rows, texts, try_read};

#[test]
fn what_pandoc_writes_is_read() {
    let document = read("docx-pandoc.docx");
    assert_eq!(document.title.as_deref(), Some("Betriebsanleitung der Kaffeemühle"));
    let found = headings(&document);
    assert!(found.ends_with(&[(2, "Mahlgrade"), (2, "Reinigung"), (3, "Ersatzteile")]), "{found:?}");
    assert_eq!(columns(&document), [["Grad", "Körnung", "Geeignet für"]]);
    assert_eq!(rows(&document)[2], ["9", "grob", "Stempelkanne"]);
    let texts = texts(&document);
    assert!(texts.contains(&"2. Behälter abnehmen.") && texts.contains(&"  - Der Deckel schon."), "{texts:?}");
    let note = texts.iter().find(|text| text.contains("Späne aus der Fertigung")).unwrap();
    let mark = note.split(' ').next().unwrap();
    assert!(texts.iter().any(|text| text.ends_with(&format!("reinigen.{mark}"))), "{mark}: {texts:?}");
}

#[test]
fn what_libreoffice_writes_is_read() {
    let document = read("docx-libreoffice.docx");
    assert_eq!(
        headings(&document),
        [(1, "Manual da Lavanderia Açaí"), (2, "Preços"), (2, "Passo a passo"), (1, "Reclamações"), (2, "Prazos")]
    );
    assert_eq!(columns(&document), [["Peça", "Lavar", "Passar"]]);
    assert_eq!(rows(&document)[2], ["Edredão", "R$ 60,00 (lavar e passar)"]);
    assert!(texts(&document).contains(&"2. Guarde o recibo verde."));
}

#[test]
fn what_python_docx_writes_is_read() {
    let document = read("docx-python-docx.docx");
    assert_eq!(document.title.as_deref(), Some("Relatório de Vendas"));
    assert_eq!(
        headings(&document),
        [(1, "Relatório de Vendas"), (1, "Região Sul"), (1, "Região Norte"), (2, "Manaus")]
    );
    assert_eq!(columns(&document), [["Loja", "Janeiro", "Fevereiro"]]);
    assert_eq!(rows(&document)[2], ["Porto Alegre", "fechada para reforma"], "merged cells");
    let texts = texts(&document);
    assert!(texts.contains(&"- Primeiro item"), "{texts:?}");
    assert!(texts.iter().any(|text| text.contains("Ação, coração, pão.")));
}

#[test]
fn the_old_format_is_read() {
    let document = read("doc-libreoffice.doc");
    assert!(headings(&document).contains(&(2, "Reinigung")));
    assert_eq!(rows(&document)[1], ["5", "mittel", "Filterkaffee"]);
    assert!(everything(&document).contains("Späne aus der Fertigung"));
}

#[test]
fn what_cannot_be_read_says_why() {
    assert_eq!(try_read("docx-encrypted.docx"), Err(ExtractError::Encrypted));
    assert_eq!(try_read("docx-picture-only.docx"), Err(ExtractError::NoText));
    let whole = std::fs::read(fixture("docx-pandoc.docx")).unwrap();
    assert!(matches!(read_bytes("a.docx", &whole[..whole.len() / 2]), Err(ExtractError::Damaged(_))));
    assert!(matches!(read_bytes("a.docx", b"no document at all"), Err(ExtractError::Damaged(_))));
}

#[test]
fn the_true_kind_counts() {
    let whole = std::fs::read(fixture("docx-pandoc.docx")).unwrap();
    let document = read_bytes("table.xlsx", &whole).unwrap();
    assert!(headings(&document).contains(&(2, "Reinigung")));
    assert!(document.warnings[0].contains("Word"), "{:?}", document.warnings);
}
