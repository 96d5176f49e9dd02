//! The operators of the language on heap values, as section 1.5 of the reference lays them down.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod matching;

use std::{cmp::Ordering, sync::Arc};

use botserver_basic_types::{Date, Heap, Object, Text, Val, ops};

fn text(text: &str) -> Val {
    Val::Text(Text::new(text))
}

fn list(heap: &mut Heap, items: &[Val]) -> Val {
    Val::Array(heap.new_array(items.to_vec()).unwrap())
}

fn shown(heap: &Heap, value: &Val) -> String {
    ops::text_of(heap, value).unwrap().into_owned()
}

#[test]
fn a_value_is_sixteen_bytes() {
    assert_eq!(size_of::<Val>(), 16);
}

#[test]
fn addition_adds_numbers_and_joins_texts_and_lists() {
    let heap = &mut Heap::default();
    let one = list(heap, &[Val::Int(1)]);
    let two = list(heap, &[Val::Int(2), text("x")]);
    let date = Val::Date(ops::parse_iso("2024-12-25 23:59:30").unwrap());
    for (left, right, expected) in [
        (Val::Int(1), Val::Int(2), "3"),
        (Val::Int(i64::MAX), Val::Int(1), "9223372036854775808"),
        (text("a"), Val::Int(1), "a1"),
        (Val::Float(2.0), text("a"), "2a"),
        (text("5"), Val::Int(0), "50"),
        (Val::Null, Val::Int(4), "4"),
        (Val::Null, text("x"), "x"),
        (Val::Null, Val::Null, ""),
        (Val::Bool(true), text("!"), "true!"),
        (one.clone(), two.clone(), r#"[1,2,"x"]"#),
        (text("l="), two, r#"l=[2,"x"]"#),
        (date.clone(), Val::Int(45), "2024-12-26 00:00:15"),
        (Val::Secret(Text::new("hush")), text("?"), "?"),
    ] {
        let sum = ops::add(heap, &left, &right).unwrap();
        if expected.starts_with('9') {
            assert!(matches!(sum, Val::Float(_)));
        } else {
            assert_eq!(shown(heap, &sum), expected);
        }
    }
    assert_eq!(ops::add(heap, &one, &Val::Int(1)).unwrap_err().number, 13);
    assert_eq!(shown(heap, &ops::subtract(&date, &date).unwrap()), "0");
}

#[test]
fn arithmetic_reads_numeric_text_and_refuses_words() {
    assert_eq!(ops::multiply(&text("5"), &Val::Int(2)).unwrap(), Val::Int(10));
    assert_eq!(ops::divide(&Val::Int(7), &Val::Int(2)).unwrap(), Val::Float(3.5));
    assert_eq!(ops::divide(&Val::Int(7), &Val::Null).unwrap_err().number, 11);
    assert_eq!(ops::modulo(&Val::Int(7), &Val::Int(3)).unwrap(), Val::Int(1));
    assert_eq!(ops::modulo(&Val::Int(i64::MIN), &Val::Int(-1)).unwrap(), Val::Int(0));
    assert_eq!(ops::power(&Val::Int(2), &Val::Int(9)).unwrap(), Val::Int(512));
    assert_eq!(ops::power(&Val::Int(2), &Val::Int(-1)).unwrap(), Val::Float(0.5));
    assert_eq!(ops::negate(&text("3")).unwrap(), Val::Int(-3));
    assert_eq!(ops::multiply(&text("five"), &Val::Int(2)).unwrap_err().number, 13);
}

#[test]
fn equality_and_order_bend_as_documented() {
    let heap = &mut Heap::default();
    let rows = Val::Rows(heap.new_array(vec![]).unwrap(), false);
    let nested = list(heap, &[Val::Int(1)]);
    let same = list(heap, &[text("1")]);
    for (left, right, expected) in [
        (Val::Null, text(""), true),
        (Val::Null, rows, true),
        (Val::Null, Val::Int(0), false),
        (text("5"), Val::Float(5.0), true),
        (text("A"), text("a"), false),
        (Val::Bool(true), text("TRUE"), true),
        (nested, same, true),
    ] {
        assert_eq!(ops::equal(heap, &left, &right).unwrap(), expected, "{left:?} = {right:?}");
        assert_eq!(ops::equal(heap, &right, &left).unwrap(), expected);
    }
    assert_eq!(ops::compare(heap, &text("5"), &Val::Int(3)).unwrap(), Some(Ordering::Greater));
    assert_eq!(ops::compare(heap, &text("10"), &text("9")).unwrap(), Some(Ordering::Less));
    assert_eq!(ops::compare(heap, &Val::Null, &Val::Int(3)).unwrap(), Some(Ordering::Less));
    let date = Date { civil_seconds: 0, offset_minutes: 0, date_only: true };
    assert_eq!(ops::compare(heap, &Val::Date(date), &text("1970-01-02")).unwrap(), Some(Ordering::Less));
    assert_eq!(ops::compare(heap, &Val::Float(f64::NAN), &Val::Int(3)).unwrap(), None);
}

#[test]
fn truth() {
    let heap = &mut Heap::default();
    let empty = list(heap, &[]);
    let object = Val::Object(heap.new_object(Object::default()).unwrap());
    for (value, expected) in [
        (Val::Null, false),
        (text("0"), false),
        (text("False"), false),
        (text("no"), true),
        (Val::Float(0.0), false),
        (empty, false),
        (object, true),
    ] {
        assert_eq!(ops::truthy(heap, &value), expected, "{value:?}");
    }
}

#[test]
fn members_ignore_case_after_an_exact_look_and_lists_grow() {
    let heap = &mut Heap::default();
    let object = Val::Object(heap.new_object(Object::default()).unwrap());
    ops::member_set(heap, &object, &Arc::from("Name"), Val::Int(1)).unwrap();
    ops::member_set(heap, &object, &Arc::from("NAME"), Val::Int(2)).unwrap();
    assert_eq!(ops::member_get(heap, &object, "name").unwrap(), Val::Int(2));
    assert_eq!(shown(heap, &object), r#"{"Name":2}"#);
    let rows = Val::Rows(heap.new_array(vec![object]).unwrap(), true);
    assert_eq!(ops::member_get(heap, &rows, "name").unwrap(), Val::Int(2));
    assert_eq!(ops::member_get(heap, &rows, "count").unwrap(), Val::Int(1));
    assert_eq!(shown(heap, &rows), r#"{"Name":2}"#);
    let items = list(heap, &[Val::Int(1)]);
    ops::index_set(heap, &items, &Val::Int(3), Val::Int(9)).unwrap();
    assert_eq!(shown(heap, &items), "[1,null,null,9]");
    assert_eq!(ops::index_get(heap, &items, &Val::Int(9)).unwrap(), Val::Null);
    assert_eq!(ops::index_set(heap, &items, &Val::Int(9_000_000), Val::Int(9)).unwrap_err().number, 9001);
    assert_eq!(ops::member_get(heap, &Val::Null, "x").unwrap_err().number, 91);
    let answer = text("Sure:\n```json\n{\"city\": \"Rome\", \"n\": [1]}\n```\n");
    assert_eq!(ops::member_get(heap, &answer, "City").unwrap(), text("Rome"));
    let date = Val::Date(ops::parse_iso("2024-12-25").unwrap());
    assert_eq!(ops::member_get(heap, &date, "weekday_name").unwrap(), text("Wednesday"));
}

#[test]
fn containment() {
    let heap = &mut Heap::default();
    let items = list(heap, &[Val::Int(1), text("b")]);
    assert!(ops::contains(heap, &items, &text("1")).unwrap());
    assert!(ops::contains(heap, &text("abc"), &text("bc")).unwrap());
    assert!(!ops::contains(heap, &Val::Null, &text("bc")).unwrap());
}

/// Appending to a text that nobody else holds moves it only when its memory has to grow.
#[test]
fn texts_grow_in_place() {
    let mut grown = Text::default();
    let (mut place, mut moves) = (grown.as_ptr(), 0);
    for _ in 0..200_000 {
        grown.push_str("item;");
        moves += usize::from(grown.as_ptr() != place);
        place = grown.as_ptr();
    }
    assert!(moves <= 24, "{moves} moves");
}

#[test]
fn values_that_contain_themselves_or_explode_are_errors() {
    let heap = &mut Heap::default();
    let items = list(heap, &[]);
    let Val::Array(handle) = items else { unreachable!() };
    heap.push(handle, items.clone()).unwrap();
    assert_eq!(ops::text_of(heap, &items).unwrap_err().number, 9001);
    assert_eq!(heap.detach(&items).unwrap_err().number, 9001);
    let other = list(heap, &[]);
    let Val::Array(handle) = other else { unreachable!() };
    heap.push(handle, other.clone()).unwrap();
    assert_eq!(ops::equal(heap, &items, &other).unwrap_err().number, 9001);
    let mut wide = list(heap, &[Val::Int(1), Val::Int(1)]);
    for _ in 0..60 {
        wide = list(heap, &[wide.clone(), wide.clone()]);
    }
    assert_eq!(ops::text_of(heap, &wide).unwrap_err().number, 9001);
    assert_eq!(heap.detach(&wide).unwrap_err().number, 9001);
}
