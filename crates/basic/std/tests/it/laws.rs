//! Laws that hold for any input, and: nothing panics.

use botserver_basic_std::{
    functions,
    hear::{HearContext, HearInput, validate},
    parse_date,
};
use botserver_basic_types::{Date, Heap, HeapLimits, HearType, Val, Value, ops};
use proptest::prelude::*;
use serde_json::json;

use crate::support::call;

fn any_date() -> impl Strategy<Value = Date> {
    (-70_000_000_000_i64..260_000_000_000, -800_i16..800, any::<bool>()).prop_map(|(seconds, offset, date_only)| Date {
        civil_seconds: if date_only { seconds.div_euclid(86_400) * 86_400 } else { seconds },
        offset_minutes: offset,
        date_only,
    })
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        (-20_i64..20).prop_map(Value::Int),
        any::<f64>().prop_map(Value::Float),
        "\\PC{0,12}".prop_map(Value::text),
        "[0-9dDmMyYhHs:/#,.%@ -]{0,12}".prop_map(Value::text),
        prop::sample::select(vec![
            "day",
            "SUM",
            "2026-11-22",
            "10:30",
            "a",
            "DESC",
            "C2[pt]",
            "{0}",
            "a->b",
            "{\"a\":[1]}",
            "[1,2]",
            "12/31/1999",
        ])
        .prop_map(Value::text),
        any_date().prop_map(Value::Date),
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec(("[a-c]", inner), 0..4).prop_map(|fields| Value::Object(
                fields.into_iter().map(|(name, value)| (name.as_str().into(), value)).collect()
            )),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_function_panics(args in prop::collection::vec(any_value(), 0..5)) {
        for function in functions() {
            if args.len() < usize::from(function.min) {
                continue;
            }
            let mut heap = Heap::new(HeapLimits { bytes: 4 << 20, array_len: 10_000, text_len: 100_000, ..HeapLimits::default() });
            let args: Vec<Val> = args.iter().take(usize::from(function.max)).map(|arg| heap.attach(arg).unwrap()).collect();
            if let Ok(value) = (function.run)(&mut heap, &args) {
                let _ = ops::text_of(&heap, &value);
                prop_assert!(!matches!(value, Val::Float(number) if number.is_nan() && !args.iter().any(has_nan)), "{}", function.name);
            }
        }
    }

    #[test]
    fn no_answer_panics(text in "\\PC{0,24}") {
        let context = HearContext { today: parse_date("2026-11-22").unwrap(), locale: "pt" };
        for kind in HearType::names().filter_map(HearType::from_name) {
            let _ = validate(&kind, &HearInput { text: &text, attachments: &[] }, &context);
        }
        let menu = HearType::Menu { options: vec![text.clone(), "b".into()], free: false };
        let _ = validate(&menu, &HearInput { text: &text, attachments: &[] }, &context);
    }

    #[test]
    fn left_and_mid_make_the_whole(text in "\\PC{0,20}", count in 0_i64..25) {
        let left = call("LEFT", &json!([text, count])).unwrap();
        let rest = call("MID", &json!([text, count + 1])).unwrap();
        prop_assert_eq!(left + &rest, text);
    }

    #[test]
    fn sorted_lists_are_sorted(values in prop::collection::vec(prop_oneof![any::<i32>().prop_map(|n| json!(n)), (-1e9..1e9).prop_map(|n: f64| json!(n))], 0..30)) {
        let mut heap = Heap::default();
        let sorted = crate::support::call_on(&mut heap, "SORT", &json!([values])).unwrap();
        let Val::Array(handle) = sorted else { panic!("a list") };
        for pair in heap.array(handle).windows(2) {
            prop_assert_ne!(ops::compare(&heap, &pair[0], &pair[1]).unwrap(), Some(std::cmp::Ordering::Greater));
        }
        prop_assert_eq!(heap.array(handle).len(), values.len());
    }

    #[test]
    fn json_reads_what_it_wrote(value in any_value()) {
        let mut heap = Heap::default();
        let before = heap.attach(&value).unwrap();
        let run = |name: &str, heap: &mut Heap, arg: Val| (botserver_basic_std::find(name).unwrap().run)(heap, &[arg]);
        let written = run("JSON", &mut heap, before).unwrap();
        let read = run("JSON_PARSE", &mut heap, written.clone()).unwrap();
        let again = run("JSON", &mut heap, read).unwrap();
        // Floats lose their sixteenth digit on the first writing, and 2.0 becomes 2.
        let third = run("JSON_PARSE", &mut heap, again.clone()).unwrap();
        let third = run("JSON", &mut heap, third).unwrap();
        prop_assert_eq!(ops::text_of(&heap, &again).unwrap(), ops::text_of(&heap, &third).unwrap());
    }

    #[test]
    fn months_come_back_within_the_clamp(date in any_date(), months in -1200_i64..1200) {
        let Ok(there) = add(date, months, "month") else { return Ok(()) };
        let Ok(back) = add(there, -months, "month") else { return Ok(()) };
        prop_assert_eq!(there.date_only, date.date_only);
        let lost = date.civil_seconds - back.civil_seconds;
        prop_assert!((0..=3 * 86_400).contains(&lost) && lost % 86_400 == 0, "{} {} {}", date, there, back);
    }

    #[test]
    fn days_come_back_exactly(date in any_date(), days in -100_000_i64..100_000) {
        prop_assume!((0..10_000).contains(&date.ymd().0));
        let Ok(there) = add(date, days, "day") else { return Ok(()) };
        prop_assert_eq!(add(there, -days, "day").unwrap(), date);
    }

    #[test]
    fn printed_dates_read_back(date in any_date()) {
        let (year, ..) = date.ymd();
        prop_assume!((0..10_000).contains(&year));
        let read = parse_date(&date.to_string());
        prop_assert_eq!(read.map(|read| (read.civil_seconds, read.date_only)), Some((date.civil_seconds, date.date_only)));
    }

    #[test]
    fn rounding_moves_a_number_by_half_a_step_at_most(number in -1e9..1e9_f64, places in 0_i64..6) {
        let rounded: f64 = call("ROUND", &json!([number, places])).unwrap().parse().unwrap();
        let step = 10_f64.powi(-(places as i32));
        prop_assert!((rounded - number).abs() <= step / 2.0 + 1e-6, "{} {}", number, rounded);
    }
}

fn has_nan(value: &Val) -> bool {
    match value {
        Val::Float(number) => number.is_nan() || number.is_infinite(),
        Val::Array(_) | Val::Object(_) => true,
        _ => false,
    }
}

fn add(date: Date, amount: i64, unit: &str) -> botserver_basic_types::Result<Date> {
    let mut heap = Heap::default();
    let unit = heap.attach(&Value::text(unit))?;
    let run = botserver_basic_std::find("DATEADD").unwrap().run;
    match run(&mut heap, &[Val::Date(date), Val::Int(amount), unit])? {
        Val::Date(date) => Ok(date),
        other => panic!("{other:?}"),
    }
}
