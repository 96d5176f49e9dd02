//! CSV with the delimiters and encodings of different programs.

use botserver_ports::Block;

use crate::support::{columns, read, read_bytes, rows};

#[test]
fn delimiters_encodings_and_quotes_are_understood() {
    for name in ["csv-comma.csv", "csv-semicolon-windows-1252.csv", "csv-tab-utf16.csv"] {
        let document = read(name);
        assert_eq!(columns(&document), [["Artikel", "Menge", "Preis", "Bemerkung"]], "{name}");
        assert_eq!(
            rows(&document),
            [
                vec!["Bügelbrett", "3", "49,90", "wird\nnachgeliefert"],
                vec!["Wäscheklammer \"Otto\"", "500", "0,05", "aus Holz; Buche"],
                vec!["Öl", "2", "7,00"],
            ],
            "{name}"
        );
        assert!(matches!(document.blocks[1], Block::Row { number: Some(2), .. }), "{name}: the first row is number 2");
    }
}

#[test]
fn numbers_alone_have_no_names() {
    let document = read_bytes("a.csv", b"1,2\n3,4\n").unwrap();
    assert_eq!(columns(&document), [] as [Vec<&str>; 0]);
    assert_eq!(rows(&document), [["1", "2"], ["3", "4"]]);
}
