//! LIKE beside the plainest way to say what it means, and what it costs at worst.

use botserver_basic_types::{Heap, HeapLimits, ops};
use proptest::prelude::*;

fn like(text: &str, pattern: &str, ignore_case: bool) -> bool {
    ops::like(&Heap::default(), text, pattern, ignore_case).unwrap()
}

/// What the pattern means, one character after the other; for short texts only.
fn means(text: &[char], pattern: &[char]) -> bool {
    match (text, pattern) {
        ([], []) => true,
        (_, ['%', rest @ ..]) => (0..=text.len()).any(|at| means(&text[at..], rest)),
        ([_, text @ ..], ['_', rest @ ..]) => means(text, rest),
        ([have, text @ ..], [wanted, rest @ ..]) => have == wanted && means(text, rest),
        _ => false,
    }
}

#[test]
fn patterns() {
    assert!(like("abc", "a%", false));
    assert!(like("abcabd", "%ab_", false));
    assert!(!like("ABC", "a%", false));
    assert!(like("ÀBC", "à_C", true));
    assert!(!like("", "_", false));
    assert!(!like("a", "a%a", false));
    assert!(like("a%b", "a%b", false));
}

proptest! {
    #[test]
    fn patterns_mean_what_they_say(text in "[abé]{0,9}", pattern in "[abé_%]{0,7}") {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        prop_assert_eq!(like(&text, &pattern, false), means(&chars(&text), &chars(&pattern)));
    }
}

/// Patterns that take other engines a lifetime, on texts of a million characters.
#[test]
fn time_grows_with_the_text() {
    let million = "a".repeat(1_000_000);
    for pattern in
        ["%a".repeat(1_000), "%a%".repeat(300_000), format!("{}b", "%aa".repeat(100)), format!("%{million}%b")]
    {
        let heap = Heap::default();
        ops::like(&heap, &million, &pattern, false).unwrap();
        // Sixteen bytes a unit, sixteen units an instruction.
        let most = (million.len() + pattern.len()) / 256 + 1;
        let paid = heap.settle();
        assert!(paid <= most as u64, "{paid} for {}", &pattern[..6]);
    }
    // With `_` the price is what was tried, up to the limit of a step.
    let heap = Heap::new(HeapLimits { work: 1 << 22, ..HeapLimits::default() });
    let error = ops::like(&heap, &million, &format!("%{}b%", "a_".repeat(1_000)), false).unwrap_err();
    assert_eq!((error.number, error.trappable), (9001, true));
    assert!(heap.settle() <= (heap.limits.work >> 4) + 1_000);
    let found = ops::like(&Heap::default(), &format!("{million}item_1"), "%item_1%", false);
    assert_eq!(found, Ok(true));
}
