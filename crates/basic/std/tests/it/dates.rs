//! Dates.

use serde_json::json;

use crate::support::check;

#[test]
fn parts_of_dates() {
    check(&[
        ("YEAR", json!(["2026-11-22"]), "2026"),
        ("MONTH", json!(["@date:2026-11-22"]), "11"),
        ("DAY", json!(["22/11/2026"]), "22"),
        ("HOUR", json!(["2026-11-22T14:30:05Z"]), "14"),
        ("MINUTE", json!(["2026-11-22 14:30:05"]), "30"),
        ("SECOND", json!(["2026-11-22 14:30:05.250"]), "5"),
        ("HOUR", json!(["2:30 pm"]), "14"),
        ("WEEKDAY", json!(["2026-11-22"]), "1"),
        ("WEEKDAY", json!(["1969-12-31"]), "4"),
        ("WEEKDAY", json!(["2026-11-28"]), "7"),
        ("QUARTER", json!(["2026-03-31"]), "1"),
        ("QUARTER", json!(["2026-04-01"]), "2"),
        ("YEAR", json!([null]), ""),
        ("YEAR", json!([""]), ""),
        ("YEAR", json!(["soon"]), "!\"soon\" is not a date"),
        ("YEAR", json!([2026]), "!integer is not a date"),
    ]);
}

#[test]
fn reading_dates() {
    for (text, shown) in [
        ("2026-11-22", "2026-11-22"),
        ("2026-1-5", "2026-01-05"),
        ("2026/11/22", "2026-11-22"),
        ("20261122", "2026-11-22"),
        ("22/11/2026", "2026-11-22"),
        ("03/04/2026", "2026-04-03"),
        ("11/22/2026", "2026-11-22"),
        ("22-11-2026", "2026-11-22"),
        ("22.11.2026", "2026-11-22"),
        ("22/11/26", "2026-11-22"),
        ("22/11/70", "1970-11-22"),
        ("22 Nov 2026", "2026-11-22"),
        ("22 november 2026", "2026-11-22"),
        ("November 22, 2026", "2026-11-22"),
        ("Nov 22nd 2026", "2026-11-22"),
        ("Sun, 22 Nov 2026 10:00:00 GMT", "2026-11-22 10:00:00"),
        ("22 de novembro de 2026", "2026-11-22"),
        ("1º de março de 2026", "2026-03-01"),
        ("domingo, 22 de noviembre de 2026", "2026-11-22"),
        ("22-fev-2026", "2026-02-22"),
        ("2026-11-22 14:30", "2026-11-22 14:30:00"),
        ("2026-11-22T14:30:05.123Z", "2026-11-22 14:30:05"),
        ("2026-11-22T14:30:05-03:00", "2026-11-22 14:30:05"),
        ("22/11/2026 2:30 PM", "2026-11-22 14:30:00"),
        ("22/11/2026, 14:30", "2026-11-22 14:30:00"),
    ] {
        let date = botserver_basic_std::parse_date(text).unwrap_or_else(|| panic!("{text} does not parse"));
        assert_eq!(date.to_string(), shown, "{text}");
    }
    let offset = botserver_basic_std::parse_date("2026-11-22T14:30:05-03:30").expect("parses");
    assert_eq!(offset.offset_minutes, -210);
    for text in [
        "",
        "soon",
        "2026",
        "2026-02-30",
        "31/02/2026",
        "2026-13-01",
        "32/01/2026",
        "22 Foo 2026",
        "2026-11-22 25:00",
        "22/11/123",
        "12",
        "1,5",
        "2026-11-22x",
        "10:30",
        "May",
        "5 apples 2026",
    ] {
        assert!(botserver_basic_std::parse_date(text).is_none(), "{text} parses");
    }
}

#[test]
fn dateadd_takes_its_arguments_in_any_order() {
    for args in [
        json!(["2026-11-22", 3, "day"]),
        json!(["2026-11-22", "days", 3]),
        json!(["d", 3, "2026-11-22"]),
        json!(["day", "2026-11-22", "3"]),
        json!([3, "day", "2026-11-22"]),
        json!(["@date:2026-11-22", 3, "D"]),
    ] {
        check(&[("DATEADD", args, "2026-11-25")]);
    }
}

#[test]
fn dateadd_units_and_clamping() {
    check(&[
        ("DATEADD", json!(["2026-11-22 10:00:00", 90, "s"]), "2026-11-22 10:01:30"),
        ("DATEADD", json!(["2026-11-22 10:00:00", 90, "m"]), "2026-11-22 11:30:00"),
        ("DATEADD", json!(["2026-11-22 10:00:00", 90, "n"]), "2026-11-22 11:30:00"),
        ("DATEADD", json!(["2026-11-22 10:00:00", 1.5, "hour"]), "2026-11-22 11:30:00"),
        ("DATEADD", json!(["2026-11-22", 1, "w"]), "2026-11-29"),
        ("DATEADD", json!(["2026-01-31", 1, "month"]), "2026-02-28"),
        ("DATEADD", json!(["2024-01-31", 1, "months"]), "2024-02-29"),
        ("DATEADD", json!(["2024-02-29", 1, "year"]), "2025-02-28"),
        ("DATEADD", json!(["2026-01-31 08:00", 1, "month"]), "2026-02-28 08:00:00"),
        ("DATEADD", json!(["2026-11-30", 1, "quarter"]), "2027-02-28"),
        ("DATEADD", json!(["2026-03-31", -1, "month"]), "2026-02-28"),
        ("DATEADD", json!(["2026-11-22", 30, "hours"]), "2026-11-23"),
        ("DATEADD", json!(["2026-11-22", -1, "hour"]), "2026-11-21"),
        ("DATEADD", json!([null, 1, "day"]), ""),
        ("DATEADD", json!(["2026-11-22", 1, "fortnight"]), "!no unit of time among \"2026-11-22\", \"fortnight\""),
        ("DATEADD", json!(["soon", 1, "day"]), "!\"soon\" is not a date"),
        ("DATEADD", json!(["9999-12-31", 1, "day"]), "!the date is outside of the years 0 to 9999"),
        ("DATEADD", json!(["0000-01-01", -1, "month"]), "!the date is outside of the years 0 to 9999"),
        ("DATEADD", json!(["2026-11-22", 1e300, "year"]), "!the date is outside of the years 0 to 9999"),
    ]);
}

#[test]
fn datediff_orders_and_units() {
    check(&[
        ("DATEDIFF", json!(["day", "2026-11-20", "2026-11-22"]), "2"),
        ("DATEDIFF", json!(["2026-11-22", "2026-11-20", "day"]), "2"),
        ("DATEDIFF", json!(["2026-11-22", "days", "2026-11-20"]), "2"),
        ("DATEDIFF", json!(["day", "2026-11-22", "2026-11-20"]), "-2"),
        ("DATEDIFF", json!(["day", "2026-11-22 23:00", "2026-11-23 01:00"]), "1"),
        ("DATEDIFF", json!(["hour", "2026-11-22 23:00", "2026-11-23 01:30"]), "2"),
        ("DATEDIFF", json!(["m", "2026-11-22 23:00", "2026-11-23 01:30"]), "150"),
        ("DATEDIFF", json!(["s", "2026-11-22", "2026-11-23"]), "86400"),
        ("DATEDIFF", json!(["week", "2026-11-01", "2026-11-22"]), "3"),
        ("DATEDIFF", json!(["month", "2026-01-31", "2026-02-01"]), "1"),
        ("DATEDIFF", json!(["year", "2025-12-31", "2026-01-01"]), "1"),
        ("DATEDIFF", json!(["quarter", "2026-03-31", "2026-04-01"]), "1"),
        ("DATEDIFF", json!(["day", null, "2026-04-01"]), ""),
        ("DAYS_BETWEEN", json!(["2026-11-22", "2026-11-20"]), "2"),
        ("DAYS_BETWEEN", json!(["2026-11-20", "2026-11-22"]), "2"),
    ]);
}

#[test]
fn conversions() {
    check(&[
        ("DATEVALUE", json!(["2026-1-5"]), "2026-01-05"),
        ("DATEVALUE", json!(["2026-01-05 10:00"]), "2026-01-05"),
        ("DATEVALUE", json!(["soon"]), "!\"soon\" is not a date"),
        ("TIMEVALUE", json!(["2:30 PM"]), "14:30:00"),
        ("TIMEVALUE", json!(["2026-01-05 10:00"]), "10:00:00"),
        ("CDATE", json!(["5/1/2026 10:00"]), "2026-01-05 10:00:00"),
        ("EOMONTH", json!(["2026-01-15"]), "2026-01-31"),
        ("EOMONTH", json!(["2026-01-15 10:00", 1]), "2026-02-28"),
        ("EOMONTH", json!(["2026-01-31", -1]), "2025-12-31"),
        ("ISDATE", json!(["2026-02-29"]), "false"),
        ("ISDATE", json!(["29/02/2024"]), "true"),
        ("ISDATE", json!([20_260_229]), "false"),
        ("ISDATE", json!(["@date:2026-11-22"]), "true"),
        ("FORMAT_DATE", json!(["2026-11-22", "DD/MM/YYYY"]), "22/11/2026"),
        ("FORMAT_DATE", json!(["2026-11-22"]), "2026-11-22"),
        ("FORMAT_DATE", json!([null, "DD"]), ""),
    ]);
}
