//! PDF of Chromium, LibreOffice, Ghostscript, ReportLab, fpdf2 and qpdf; scanned, encrypted and damaged ones.

use botserver_ports::ExtractError;

use crate::support::{columns, everything, fixture, headings, page_of, read, read_bytes, rows, texts, try_read};

#[test]
fn what_chromium_prints_is_read() {
    let document = read("pdf-chromium.pdf");
    assert_eq!(document.pages, Some(2));
    let found = headings(&document);
    assert!(found.contains(&(1, "Manual da Lavanderia Açaí")) && found.contains(&(2, "Preços")), "{found:?}");
    assert_eq!(columns(&document), [["Peça", "Lavar", "Passar"]]);
    assert_eq!(rows(&document)[1], ["Calça", "R$ 15,00", "R$ 8,00"]);
    assert_eq!(page_of(&document, "Traga as peças"), Some(1));
    assert_eq!(page_of(&document, "Reclamações"), Some(2));
    let words = everything(&document);
    assert!(words.contains("Übergrößen und Gepäckstücke"), "{words}");
    assert!(words.contains("danificadas"), "ligatures are letters: {words}");
}

#[test]
fn what_libreoffice_exports_is_read() {
    let document = read("pdf-libreoffice.pdf");
    let words = everything(&document);
    for sentence in ["Die Mühle mahlt grob und fein.", "Der Behälter ist nicht spülmaschinenfest.", "Händlerliste"]
    {
        assert!(words.contains(sentence), "{sentence}: {words}");
    }
    assert!(headings(&document).iter().any(|(_, text)| *text == "Reinigung"));
    let slides = read("pdf-libreoffice-slides.pdf");
    assert_eq!(slides.pages, Some(3));
    assert_eq!(page_of(&slides, "Handschuhe tragen"), Some(2));
    assert_eq!(rows(&slides), [["Koch", "120 min"], ["Bunt", "60 min"]]);
}

#[test]
fn columns_are_read_one_after_the_other() {
    let document = read("pdf-ghostscript-two-columns.pdf");
    let words = everything(&document).replace('\n', " ");
    let places: Vec<usize> = [
        "The left column begins with this sentence",
        "Nobody had published such measurements",
        "Forty shirts were weighed every ten",
        "Rain makes the measurement impossible",
        "The last sentence of the right column says",
    ]
    .iter()
    .map(|sentence| words.find(sentence).unwrap_or_else(|| panic!("{sentence}: {words}")))
    .collect();
    assert!(places.is_sorted(), "{words}");

    let document = read("pdf-reportlab-two-columns.pdf");
    let words = everything(&document);
    let places: Vec<usize> = (1..=14)
        .map(|number| words.find(&format!("Parágrafo {number} da notícia")).unwrap_or_else(|| panic!("{words}")))
        .collect();
    assert!(places.is_sorted(), "{words}");
}

#[test]
fn what_reportlab_and_fpdf_write_is_read() {
    let document = read("pdf-reportlab.pdf");
    assert!(headings(&document).iter().any(|(_, text)| *text == "Geprüfte Geräte"));
    assert_eq!(columns(&document), [["Gerät", "Zustand", "Nächste Prüfung"]]);
    assert_eq!(rows(&document)[1], ["Trockner", "Lager laut", "2026"]);
    for name in ["pdf-fpdf2.pdf", "pdf-qpdf-linearized.pdf"] {
        let document = read(name);
        let words = everything(&document);
        assert!(words.contains("A pressão da água caiu às três horas."), "{name}: {words}");
        assert!(words.contains("Łukasz, Đorđe, Ελένη, Ирина"), "{name}: {words}");
    }
}

#[test]
fn two_hundred_pages_are_read() {
    let document = read("pdf-200-pages.pdf");
    assert_eq!(document.pages, Some(200));
    let found = headings(&document);
    assert_eq!(found.len(), 200);
    for page in [1, 2, 99, 200_u32] {
        assert!(found.iter().any(|(_, text)| *text == format!("Kapitel {page}")));
        assert_eq!(page_of(&document, &format!("Losung-{}.", page * 7919 % 10007)), Some(page));
    }
}

#[test]
fn what_cannot_be_read_says_why() {
    assert_eq!(try_read("pdf-scanned.pdf"), Err(ExtractError::NoText));
    assert_eq!(try_read("pdf-encrypted.pdf"), Err(ExtractError::Encrypted));
    let whole = std::fs::read(fixture("pdf-reportlab.pdf")).unwrap();
    assert!(matches!(read_bytes("a.pdf", &whole[..200]), Err(ExtractError::Damaged(_))));
    assert!(matches!(read_bytes("a.pdf", b"%PDF-1.7\nnothing follows"), Err(ExtractError::Damaged(_))));
}

#[test]
fn an_owner_password_locks_no_reader_out() {
    let document = read("pdf-owner-password.pdf");
    assert_eq!(rows(&document)[0], ["Mangel 1", "gut", "2027"]);
}

#[test]
fn a_scanned_page_among_others_is_told() {
    let document = read("pdf-scanned-last-page.pdf");
    assert_eq!(document.pages, Some(3));
    assert!(texts(&document).iter().any(|text| text.contains("Seite 2 von zweihundert")));
    assert_eq!(document.warnings, ["a page is without text, perhaps scanned: 3"]);
}
