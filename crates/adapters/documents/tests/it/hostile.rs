//! Documents made to harm: each is reported, and the parent lives on. All are made here, none is kept.

use std::{fmt::Write as _, time::Duration};

use botserver_ports::{ExtractError, ExtractLimits, Extracted};

use crate::support::{bytes_in_child, fixture, in_child, zip};

/// Small limits: a bomb must not depend on how much a machine has.
fn limits() -> ExtractLimits {
    ExtractLimits { memory: 512 << 20, time: Duration::from_secs(30), ..ExtractLimits::default() }
}

/// The document was reported, and another one is read after it.
async fn reported(name: &str, bytes: &[u8]) -> ExtractError {
    let outcome: Result<Extracted, ExtractError> = bytes_in_child(name, bytes, limits()).await;
    let error = outcome.map(|document| document.blocks.len()).expect_err(name);
    let after = in_child(fixture("text-utf8.txt"), "text-utf8.txt", limits()).await;
    assert!(after.is_ok(), "{after:?}");
    error
}

const TYPES: &str = r#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>"#;
const RELS: &str = r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>"#;

fn docx(document: &[u8]) -> Vec<u8> {
    zip(&[("[Content_Types].xml", TYPES.as_bytes()), ("_rels/.rels", RELS.as_bytes()), ("word/document.xml", document)])
}

fn word(body: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\">\
         <w:body>{body}</w:body></w:document>"
    )
}

/// A real document in which one part is replaced by zeros that pack well.
fn inflated(name: &str, part: &str, size: usize) -> Vec<u8> {
    use std::io::Read as _;
    let mut archive = zip::ZipArchive::new(std::fs::File::open(fixture(name)).unwrap()).unwrap();
    let mut parts = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let name = entry.name().unwrap().into_owned();
        if name == part {
            let head = String::from_utf8_lossy(&bytes).into_owned();
            bytes = head.into_bytes();
            bytes.resize(size, b' ');
        }
        parts.push((name, bytes));
    }
    let parts: Vec<(&str, &[u8])> = parts.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    zip(&parts)
}

#[tokio::test]
async fn zip_bombs_are_limits() {
    for (name, part) in [
        ("docx-pandoc.docx", "word/document.xml"),
        ("xlsx-libreoffice.xlsx", "xl/sharedStrings.xml"),
        ("xlsx-libreoffice.xlsx", "xl/worksheets/sheet1.xml"),
        ("pptx-python-pptx.pptx", "ppt/slides/slide1.xml"),
    ] {
        let error = reported(name, &inflated(name, part, 256 << 20)).await;
        assert!(matches!(error, ExtractError::Limit(_)), "{name} {part}: {error:?}");
    }
}

/// The sizes in the directory of the archive say that the bomb is small.
#[tokio::test]
async fn a_bomb_that_lies_about_its_size_is_reported() {
    let mut bytes = inflated("xlsx-libreoffice.xlsx", "xl/sharedStrings.xml", 256 << 20);
    let real = (256_u32 << 20).to_le_bytes();
    for at in 0..bytes.len() - 4 {
        if bytes[at..at + 4] == real {
            bytes[at..at + 4].copy_from_slice(&1_000_u32.to_le_bytes());
        }
    }
    let error = reported("a.xlsx", &bytes).await;
    assert!(matches!(error, ExtractError::Limit(_) | ExtractError::Damaged(_) | ExtractError::Died(_)), "{error:?}");
}

#[tokio::test]
async fn a_cell_in_the_last_corner_costs_nothing() {
    let book = fixture("xlsx-libreoffice.xlsx");
    let sheet = "<?xml version=\"1.0\"?><worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">\
        <sheetData><row r=\"1\"><c r=\"A1\"><v>1</v></c></row><row r=\"1048576\"><c r=\"XFD1048576\"><v>2</v></c></row>\
        <row r=\"1048576\"><c r=\"B1048576\"><v>3</v></c></row></sheetData></worksheet>";
    let mut archive = zip::ZipArchive::new(std::fs::File::open(book).unwrap()).unwrap();
    let mut parts = Vec::new();
    for index in 0..archive.len() {
        use std::io::Read as _;
        let mut entry = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let name = entry.name().unwrap().into_owned();
        parts.push(if name.ends_with("sheet1.xml") { (name, sheet.as_bytes().to_vec()) } else { (name, bytes) });
    }
    let parts: Vec<(&str, &[u8])> = parts.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let document = bytes_in_child("a.xlsx", &zip(&parts), limits()).await.unwrap();
    assert!(crate::support::rows(&document).contains(&vec!["", "3"]));
}

#[tokio::test]
async fn entities_do_not_multiply() {
    let mut bomb = String::from("<?xml version=\"1.0\"?><!DOCTYPE w [<!ENTITY a0 \"ha\">");
    for level in 1..=30 {
        write!(bomb, "<!ENTITY a{level} \"&a{};&a{};&a{};&a{};\">", level - 1, level - 1, level - 1, level - 1)
            .unwrap();
    }
    let body = word("<w:p><w:r><w:t>&a30;</w:t></w:r></w:p>").replace("<?xml version=\"1.0\"?>", "");
    bomb.push_str("]>");
    bomb.push_str(&body);
    match bytes_in_child("a.docx", &docx(bomb.as_bytes()), limits()).await {
        Ok(document) => assert!(crate::support::everything(&document).len() < 1_000, "entities are not followed"),
        Err(error) => assert!(matches!(error, ExtractError::Damaged(_)), "{error:?}"),
    }
}

#[tokio::test]
async fn deep_nests_are_read_or_reported() {
    let deep = 20_000;
    let html = format!("<html><body>{}end{}</body></html>", "<div>".repeat(deep), "</div>".repeat(deep));
    survives("a.html", html.as_bytes()).await;
    let lists = "<ul><li>a".repeat(5_000);
    survives("b.html", lists.as_bytes()).await;
    let tables = "<table><tr><td>".repeat(20_000);
    survives("c.html", tables.as_bytes()).await;
    let quotes = ">".repeat(200_000) + " a";
    survives("a.md", quotes.as_bytes()).await;
    let brackets = "[".repeat(100_000);
    survives("b.md", brackets.as_bytes()).await;
    let nest = 30_000;
    let cells = format!("{}<w:p/>{}", "<w:tbl><w:tr><w:tc>".repeat(nest), "</w:tc></w:tr></w:tbl>".repeat(nest));
    survives("a.docx", &docx(word(&cells).as_bytes())).await;
}

/// Text or an error, but within the limits, and the next document is read.
async fn survives(name: &str, bytes: &[u8]) {
    let outcome = bytes_in_child(name, bytes, limits()).await;
    assert!(!matches!(outcome, Err(ExtractError::Cancelled | ExtractError::Unsupported(_))), "{name}: {outcome:?}");
    let after = in_child(fixture("text-utf8.txt"), "text-utf8.txt", limits()).await;
    assert!(after.is_ok(), "{name}: {after:?}");
}

#[tokio::test]
async fn a_gigabyte_of_text_is_not_even_read() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.txt", "a.md", "a.csv", "a.html", "a.pdf"] {
        let path = folder.path().join(name);
        let mut file = std::fs::File::create(&path).unwrap();
        let head = if name == "a.pdf" { "%PDF-1.7\n".to_owned() } else { "words and words\n".repeat(100) };
        std::io::Write::write_all(&mut file, head.as_bytes()).unwrap();
        // A hole: a gigabyte that takes no place.
        file.set_len(1 << 30).unwrap();
        let outcome = in_child(path, name, limits()).await;
        let Err(ExtractError::Limit(why)) = outcome else { panic!("{name}: {outcome:?}") };
        assert!(why.contains("1024 MiB"), "{why}");
    }
}

/// A PDF of these objects, with a correct table of them.
fn pdf(objects: &[String]) -> Vec<u8> {
    let mut text = String::from("%PDF-1.4\n");
    let mut places = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        places.push(text.len());
        write!(text, "{} 0 obj\n{object}\nendobj\n", index + 1).unwrap();
    }
    let table = text.len();
    write!(text, "xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).unwrap();
    for place in places {
        writeln!(text, "{place:010} 00000 n ").unwrap();
    }
    write!(text, "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", objects.len() + 1).unwrap();
    text.into_bytes()
}

fn objects(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[tokio::test]
async fn a_hundred_thousand_pages_are_refused() {
    let claimed = pdf(&objects(&[
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Count 100000 /Kids [3 0 R] >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>",
    ]));
    let error = reported("claimed.pdf", &claimed).await;
    assert!(matches!(error, ExtractError::Limit(_) | ExtractError::NoText | ExtractError::Damaged(_)), "{error:?}");

    let mut real = objects(&["<< /Type /Catalog /Pages 2 0 R >>"]);
    let kids = (3..100_003).map(|number| format!("{number} 0 R")).collect::<Vec<_>>().join(" ");
    real.push(format!("<< /Type /Pages /Count 100000 /Kids [{kids}] >>"));
    real.extend((0..100_000).map(|_| "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>".to_owned()));
    let error = reported("real.pdf", &pdf(&real)).await;
    let ExtractError::Limit(why) = error else { panic!("{error:?}") };
    assert!(why.contains("100000 pages"), "{why}");
}

/// Glyphs that no table translates into letters: there is nothing to be read, and no rubbish is found instead.
#[tokio::test]
async fn a_font_without_text_gives_no_rubbish() {
    let glyphs = "BT /F1 12 Tf 10 50 Td <0001000200030004000500060007> Tj ET";
    let font = pdf(&objects(&[
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        &format!("<< /Length {} >>\nstream\n{glyphs}\nendstream", glyphs.len()),
        "<< /Type /Font /Subtype /Type0 /BaseFont /Odd /Encoding /Identity-H /DescendantFonts [6 0 R] >>",
        "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Odd /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) \
         /Supplement 0 >> /FontDescriptor 7 0 R >>",
        "<< /Type /FontDescriptor /FontName /Odd /Flags 4 /FontBBox [0 0 100 100] /ItalicAngle 0 /Ascent 80 /Descent 0 \
         /CapHeight 80 /StemV 80 >>",
    ]));
    match bytes_in_child("a.pdf", &font, limits()).await {
        Err(error) => assert!(matches!(error, ExtractError::NoText | ExtractError::Damaged(_)), "{error:?}"),
        Ok(document) => {
            let text = crate::support::everything(&document);
            assert!(!text.chars().any(|letter| letter.is_control() && letter != '\n'), "{text:?}");
            assert!(text.trim().is_empty(), "{text:?}");
        }
    }
}

#[tokio::test]
async fn circles_end() {
    let tree = pdf(&objects(&[
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Count 2 /Kids [3 0 R 2 0 R] /Parent 3 0 R >>",
        "<< /Type /Pages /Count 2 /Kids [2 0 R 3 0 R] /Parent 2 0 R >>",
    ]));
    reported("tree.pdf", &tree).await;
    let lengths = pdf(&objects(&[
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox 5 0 R /Contents 4 0 R /Resources 6 0 R >>",
        "<< /Length 4 0 R >>\nstream\nBT (x) Tj ET\nendstream",
        "5 0 R",
        "<< /XObject << /A 7 0 R >> >>",
        "<< /Type /XObject /Subtype /Form /Resources 6 0 R /Length 5 >>\nstream\n/A Do\nendstream",
    ]));
    survives("lengths.pdf", &lengths).await;
    let forms = pdf(&objects(&[
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R /Resources << /XObject << /A 5 0 R >> >> >>",
        "<< /Length 5 >>\nstream\n/A Do\nendstream",
        "<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /A 6 0 R >> >> /Length 11 >>\n\
         stream\n/A Do /A Do\nendstream",
        "<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /A 5 0 R >> >> /Length 11 >>\n\
         stream\n/A Do /A Do\nendstream",
    ]));
    survives("forms.pdf", &forms).await;
}

#[tokio::test]
async fn deep_pdfs_and_packed_streams_end() {
    let nest = 100_000;
    let arrays = pdf(&objects(&[
        "<< /Type /Catalog /Pages 2 0 R /X 3 0 R >>",
        "<< /Type /Pages /Count 0 /Kids 3 0 R >>",
        &format!("{}{}", "[".repeat(nest), "]".repeat(nest)),
    ]));
    survives("arrays.pdf", &arrays).await;

    // Two hundred megabytes of spaces in two hundred kilobytes.
    let packed = zip(&[("x", &vec![b' '; 200 << 20])]);
    let start = packed.iter().position(|byte| *byte == b'x').unwrap() + 1;
    let end = packed.windows(4).rposition(|window| window == b"PK\x01\x02").unwrap();
    // A zlib head before the raw stream that the archive has; the checksum behind it is not looked at.
    let mut stream = vec![0x78, 0x9c];
    stream.extend_from_slice(&packed[start..end]);
    let mut text = pdf(&objects(&[
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>",
        &format!("<< /Filter /FlateDecode /Length {} >>\nstream\nHERE\nendstream", stream.len()),
    ]));
    let here = text.windows(4).position(|window| window == b"HERE").unwrap();
    text.splice(here..here + 4, stream);
    survives("packed.pdf", &text).await;
}

#[tokio::test]
async fn random_damage_never_harms_the_parent() {
    // A fixed sequence, so that a failure can be repeated.
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    for name in [
        "pdf-reportlab.pdf",
        "docx-python-docx.docx",
        "xlsx-openpyxl.xlsx",
        "ppt-libreoffice.ppt",
        "doc-libreoffice.doc",
    ] {
        let whole = std::fs::read(fixture(name)).unwrap();
        for _ in 0..6 {
            let mut bytes = whole.clone();
            for _ in 0..20 {
                let at = next() as usize % bytes.len();
                bytes[at] = next() as u8;
            }
            survives(name, &bytes).await;
        }
    }
}
