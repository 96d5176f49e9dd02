//! Plain text in the encodings that people have.

use crate::support::{read, read_bytes, texts};

#[test]
fn umlauts_are_read_in_every_encoding() {
    for name in ["text-utf8.txt", "text-windows-1252.txt", "text-utf16.txt"] {
        let document = read(name);
        let texts = texts(&document);
        assert_eq!(texts.len(), 2, "{name}");
        assert_eq!(texts[0], "Grüße aus München.\nDie Straße ist gesperrt, bitte über Köln fahren.", "{name}");
        assert_eq!(texts[1], "Zweiter Absatz: 5 € Gebühr – „pünktlich“.", "{name}");
    }
}

#[test]
fn an_empty_text_is_no_scan() {
    assert_eq!(read_bytes("a.txt", b" \n\n").unwrap().blocks, []);
}
