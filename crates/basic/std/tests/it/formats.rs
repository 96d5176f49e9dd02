//! FORMAT.

use serde_json::{Value as Json, json};

use crate::support::{call, check};

fn formats(value: &Json, table: &[(&str, &str)]) {
    let mut failures = Vec::new();
    for (pattern, expected) in table {
        let shown = call("FORMAT", &json!([value, pattern])).expect(pattern);
        if shown != *expected {
            failures.push(format!("{value} by {pattern:?} is {shown:?}, not {expected:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn dates() {
    formats(
        &json!("@date:2026-03-04 09:07:05"),
        &[
            ("YYYYMMDD_HHmmss", "20260304_090705"),
            ("yyyy-MM-dd", "2026-03-04"),
            ("DD/MM/YYYY HH:mm", "04/03/2026 09:07"),
            ("dd/MM/yyyy", "04/03/2026"),
            ("MMMM dd, yyyy", "March 04, 2026"),
            ("MMM d, yy", "Mar 4, 26"),
            ("M/D/YY", "3/4/26"),
            ("dddd", "Wednesday"),
            ("ddd", "Wed"),
            ("hh:mm tt", "09:07 AM"),
            ("h:m:s", "9:7:5"),
            ("H:mm:ss.fff", "9:07:05.000"),
            ("hh:mm AM/PM", "09:07 AM"),
            ("yyyy-MM-ddTHH:mm:ss", "2026-03-04T09:07:05"),
            ("HH:mm:SS", "09:07:05"),
            ("d de MMMM de yyyy", "4 de March de 2026"),
            ("dd 'dias' MM", "04 dias 03"),
            ("", ""),
            ("é yyyy ção", "é 2026 ção"),
            ("JSON", "\"2026-03-04 09:07:05\""),
        ],
    );
    formats(&json!("@date:2026-03-04 00:07:05"), &[("h tt", "12 AM")]);
    formats(&json!("@date:2026-03-04 12:07:05"), &[("h tt", "12 PM"), ("hh:mm", "12:07")]);
    formats(&json!("@date:2026-03-04"), &[("HH:mm", "00:00")]);
    formats(&json!("2026-03-04"), &[("dd/MM/yyyy", "04/03/2026"), ("@!", "2026-03-042026-03-04")]);
    formats(&json!("4/3/2026 14:30"), &[("hh:mm tt", "02:30 PM")]);
    formats(&json!("20260304"), &[("dd/MM/yyyy", "04/03/2026"), ("#,##0", "20,260,304")]);
    formats(&json!("14:30"), &[("hh:mm tt", "02:30 PM")]);
}

#[test]
fn numbers() {
    formats(
        &json!(1234.5),
        &[
            ("#,##0", "1,235"),
            ("#,##0.00", "1,234.50"),
            ("#,##0.0", "1,234.5"),
            ("#,###", "1,235"),
            ("#.##", "1234.5"),
            ("+#.#", "+1234.5"),
            ("0", "1235"),
            ("0%", "123450%"),
            ("n", "1234.50"),
            ("F", "1234.50"),
            ("N0", "1,235"),
            ("N1", "1,234.5"),
            ("N2", "1,234.50"),
            ("N3", "1,234.500"),
            ("N4", "1,234.5000"),
            ("N2[pt]", "1.234,50"),
            ("C2[en]", "$1,234.50"),
            ("C2[pt]", "R$ 1.234,50"),
            ("C0[es]", "1.235 €"),
            ("C", "$1,234.50"),
            ("currency", "$1,234.50"),
            ("percent", "123450.00%"),
            ("P0", "123450%"),
            ("0000000.0", "0001234.5"),
            ("R$ #,##0.00", "R$ 1,234.50"),
            ("Total: 0.", "Total: 1235."),
            ("xyz", "1234.5"),
            ("{0} kg", "1234.5 kg"),
            (".00", "1234.50"),
            ("@", "1234.5"),
        ],
    );
    formats(&json!(0), &[("#,##0.00", "0.00"), ("#.##", "0"), ("#,###", "0"), ("+0", "+0"), ("0%", "0%")]);
    formats(
        &json!(-1234.567),
        &[("#,##0.00", "-1,234.57"), ("+#.#", "-1234.6"), ("C2[pt]", "-R$ 1.234,57"), ("R$ 0.00", "-R$ 1234.57")],
    );
    formats(&json!(-0.001), &[("0.00", "0.00"), ("N2", "0.00")]);
    formats(&json!(0.255), &[("0%", "26%"), ("0.0%", "25.5%"), ("#.##", "0.26")]);
    formats(&json!(1.005), &[("0.00", "1.01")]);
    formats(&json!(999.995), &[("#,##0.00", "1,000.00")]);
    formats(&json!(i64::MAX), &[("#,##0", "9,223,372,036,854,775,807")]);
    formats(&json!("1234.5"), &[("#,##0.00", "1,234.50")]);
    formats(&json!(1e300), &[("0.00", &format!("{}.00", 1e300))]);
}

#[test]
fn texts_and_others() {
    formats(
        &json!("Ana"),
        &[
            ("@", "Ana"),
            ("!", "ANA"),
            (">", "ANA"),
            ("&", "ana"),
            ("<", "ana"),
            ("Hi @!", "Hi AnaANA"),
            ("dd/MM/yyyy", "Ana"),
            ("#,##0", "Ana"),
            ("[{0}]", "[Ana]"),
            ("JSON", "\"Ana\""),
        ],
    );
    formats(&json!({"a": 1}), &[("JSON", "{\"a\":1}"), ("yaml", "a: 1\n"), ("0", "{\"a\":1}")]);
    formats(&json!([{"a": 1}]), &[("CSV", "a\n1\n"), ("XML", "<root><item><a>1</a></item></root>")]);
    formats(&json!(null), &[("#,##0", ""), ("dd", "")]);
    formats(&json!(true), &[("0", "true")]);
    check(&[
        ("FORMAT", json!([12.50]), "12.5"),
        ("FORMAT", json!([12.5, null]), "12.5"),
        ("FORMAT", json!(["{0} of {1}", 1, 2]), "1 of 2"),
        ("FORMAT", json!(["{0} {9} {x} {", "a"]), "a {9} {x} {"),
        ("FORMAT", json!(["{0}", "{0}"]), "{0}"),
    ]);
}
