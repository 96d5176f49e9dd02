//! HTML by hand, by pandoc, out of a browser, and in an old encoding.

use crate::support::{columns, everything, headings, read, read_bytes, rows, texts};

#[test]
fn a_page_gives_its_content_and_nothing_else() {
    for name in ["html-hand.html", "html-chromium.html", "html-windows-1252.html"] {
        let document = read(name);
        assert_eq!(document.title.as_deref(), Some("Manual da Lavanderia Açaí"), "{name}");
        assert_eq!(
            headings(&document),
            [(1, "Manual da Lavanderia Açaí"), (2, "Preços"), (2, "Passo a passo"), (1, "Reclamações"), (2, "Prazos")],
            "{name}"
        );
        assert_eq!(columns(&document), [["Peça", "Lavar", "Passar"]], "{name}");
        assert_eq!(
            rows(&document),
            [
                vec!["Camisa", "R$ 12,00", "R$ 6,00"],
                vec!["Calça", "R$ 15,00", "R$ 8,00"],
                vec!["Edredão", "R$ 60,00 (lavar e passar)"],
            ],
            "{name}"
        );
        let texts = texts(&document);
        assert!(texts.contains(&"1. Traga as peças em uma sacola."), "{name}: {texts:?}");
        assert!(texts.contains(&"2. Guarde o recibo verde."), "{name}: {texts:?}");
        assert!(texts.contains(&"  - Sem recibo não há devolução."), "{name}: {texts:?}");
        assert!(texts.contains(&"3. Retire no balcão."), "{name}: {texts:?}");
        assert!(texts.contains(&"balcao@lavanderia.example\ntel. 5555-0100"), "{name}: {texts:?}");
        assert!(texts.iter().any(|text| text.contains("Übergrößen und Gepäckstücke")), "{name}");
        let everything = everything(&document);
        for left_out in ["no text of the page", "Contato", "hidden", "©"] {
            assert!(!everything.contains(left_out), "{name}: {left_out}");
        }
    }
}

#[test]
fn what_pandoc_writes_is_read() {
    let document = read("html-pandoc.html");
    assert_eq!(document.title.as_deref(), Some("Betriebsanleitung der Kaffeemühle"));
    assert!(headings(&document).contains(&(3, "Ersatzteile")));
    assert_eq!(columns(&document), [["Grad", "Körnung", "Geeignet für"]]);
    assert_eq!(rows(&document)[0], ["1", "sehr fein", "Espresso"]);
    assert!(everything(&document).contains("Späne aus der Fertigung"), "footnotes");
}

#[test]
fn tables_that_only_place_things_are_no_tables() {
    let page = "<table><tr><td><h1>News</h1><p>One.</p></td><td><table><tr><th>a</th><th>b</th></tr>\
                <tr><td>1</td><td rowspan=2>2</td></tr><tr><td>3</td></tr></table></td></tr></table>";
    let document = read_bytes("a.html", page.as_bytes()).unwrap();
    assert_eq!(headings(&document), [(1, "News")]);
    assert_eq!(texts(&document), ["One."]);
    assert_eq!(columns(&document), [["a", "b"]]);
    assert_eq!(rows(&document), [["1", "2"], ["3", "2"]]);
}

#[test]
fn a_page_under_another_name_is_read_and_told() {
    let document = read_bytes("report.doc", b"<html><body><h1>Report</h1><p>Words.</p></body></html>").unwrap();
    assert_eq!(headings(&document), [(1, "Report")]);
    assert!(document.warnings[0].contains("web page"), "{:?}", document.warnings);
}
