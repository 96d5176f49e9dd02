//! Markdown written by hand and by pandoc.

use botserver_ports::Block;

use crate::support::{columns, everything, headings, read, read_bytes, rows, texts};

#[test]
fn structure_is_kept() {
    let document = read("markdown-hand.md");
    assert_eq!(document.title.as_deref(), Some("Betriebsanleitung der Kaffeemühle"));
    assert_eq!(
        headings(&document),
        [(1, "Betriebsanleitung der Kaffeemühle"), (2, "Mahlgrade"), (2, "Reinigung"), (3, "Ersatzteile")]
    );
    assert_eq!(columns(&document), [["Grad", "Körnung", "Geeignet für"]]);
    assert_eq!(rows(&document)[1], ["5", "mittel", "Filterkaffee"]);
    let texts = texts(&document);
    assert!(texts.contains(&"2. Behälter abnehmen."), "{texts:?}");
    assert!(texts.contains(&"  - Der Behälter ist nicht spülmaschinenfest."), "{texts:?}");
    assert!(texts.contains(&"3. Bürste benutzen."), "{texts:?}");
    assert!(texts.iter().any(|text| text.starts_with("[1] Späne")), "{texts:?}");
    assert!(texts.iter().any(|text| text.starts_with("# no heading")), "code is text: {texts:?}");
    assert!(!everything(&document).contains("author"), "front matter is no text");
}

#[test]
fn what_pandoc_writes_is_read() {
    let document = read("markdown-pandoc.md");
    let found = headings(&document);
    assert!(found.contains(&(1, "Manual da Lavanderia Açaí")) && found.contains(&(2, "Prazos")), "{found:?}");
    // Merged cells cannot be said in Markdown: pandoc writes HTML.
    assert_eq!(columns(&document), [["Peça", "Lavar", "Passar"]]);
    assert_eq!(rows(&document)[2], ["Edredão", "R$ 60,00 (lavar e passar)"]);
}

#[test]
fn a_table_belongs_to_its_heading() {
    let document = read_bytes("a.md", "# A\n\n| x | y |\n|---|---|\n| 1 | 2 |\n\n# B\n\nEnd.\n".as_bytes()).unwrap();
    let kinds: Vec<&str> = document
        .blocks
        .iter()
        .map(|block| match block {
            Block::Heading { .. } => "heading",
            Block::Columns { .. } => "columns",
            Block::Row { .. } => "row",
            _ => "text",
        })
        .collect();
    assert_eq!(kinds, ["heading", "columns", "row", "heading", "text"]);
}
