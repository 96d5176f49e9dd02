//! What one step of a script may do at most, and what work costs: counted, not timed, so that it is the same on a
//! busy machine.

use botserver_basic_types::{HeapLimits, Value};
use botserver_basic_vm::{Limits, Machine, Step};

use crate::host::image;

/// Instructions a slice may have.
const SLICE: u64 = 50_000;

/// A step of these limits is short also in a build for tests.
fn small_steps() -> Limits {
    let heap = HeapLimits { work: 1 << 22, ..HeapLimits::default() };
    Limits { heap, loop_rounds: u64::MAX, instructions: u64::MAX, ..Limits::default() }
}

/// Runs to the end; how it ended, the instructions paid in all and those of the longest slice.
fn run(source: &str, limits: Limits) -> (Result<Value, String>, u64, u64) {
    let image = image(&[("test.bas", source)]);
    let mut machine = Machine::new(image, "test", Vec::new(), limits).unwrap();
    let mut longest = 0;
    loop {
        let before = machine.instructions();
        let step = machine.run(SLICE);
        longest = longest.max(machine.instructions() - before);
        let ended = match step {
            Step::Fuel => continue,
            Step::Effect(_) => {
                machine.resume(Ok(Value::Null));
                continue;
            }
            Step::Done(value) => Ok(value),
            Step::Failed(error) => Err(format!("{} {}", error.number, error.message)),
        };
        return (ended, machine.instructions(), longest);
    }
}

fn appended(rounds: u64, body: &str) -> u64 {
    let source = format!(
        "s = \"\"\nFOR i = 1 TO {rounds}\n{body}\nNEXT\nRETURN LEN(s)\nSUB more(x)\ns = s & x & \"y\"\nEND SUB\n"
    );
    let (ended, instructions, _) = run(&source, Limits { loop_rounds: u64::MAX, ..Limits::default() });
    assert!(matches!(ended, Ok(Value::Int(length)) if length >= rounds as i64), "{ended:?} {body}");
    instructions
}

/// Copied bytes are instructions too, so a copy per append would make ten times as many appends cost a hundred times
/// as much.
#[test]
fn texts_are_appended_in_place() {
    let bodies = [
        "s = s + \"x\"",
        "s = s + \"item \" + i + \";\"",
        "s = s & i",
        "s = s & i & \";\"",
        "s = \"${s}${i};\"",
        "more(i)",
        "s = s + \"x\"\nIF s = \"xxxxxxx\" THEN s = s + \"y\"",
    ];
    for body in bodies {
        let (few, many) = (appended(20_000, body), appended(200_000, body));
        assert!(many <= 12 * few, "{few} instructions for 20,000 appends, {many} for 200,000: {body}");
    }
    // What cannot be done in place is seen by this way of counting.
    let (few, many) = (appended(2_000, "s = \"x\" + s"), appended(20_000, "s = \"x\" + s"));
    assert!(many > 12 * few, "{few} and {many}: copies are not counted");
}

#[test]
fn a_step_of_a_script_is_bounded_whatever_it_does() {
    const TOO_MUCH: &str = "9001 this is too much work for one step of a script";
    // A long text, and a list that holds it a million times and takes no more memory than one.
    let long = "t = REPEAT(\"a\", 10000000)\n";
    let many = "t = REPEAT(\"a\", 10000000)\nl = FILL(t, 1000000)\n";
    let cases: &[(&str, &str, &str)] = &[
        (long, "RETURN t LIKE \"%\" + REPEAT(\"a_\", 5000) + \"b%\"", TOO_MUCH),
        (long, "RETURN t LIKE \"%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%b\"", "false"),
        (long, "RETURN t LIKE REPEAT(\"%a\", 500000) + \"%\"", "true"),
        (long, "RETURN t ILIKE REPEAT(\"%A\", 500000) + \"%B\"", TOO_MUCH),
        (long, "RETURN FILTER([{ n: t }], \"n LIKE '%a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_ab%'\")", TOO_MUCH),
        (many, "RETURN LEN(UNIQUE(l))", TOO_MUCH),
        (many, "RETURN LEN(SORT(l))", TOO_MUCH),
        (many, "RETURN l CONTAINS (t & \"b\")", TOO_MUCH),
        (many, "u = LEFT(t, 9999999) & \"b\"\nRETURN INDEX_OF(l, u)", TOO_MUCH),
        (many, "RETURN LEN(GROUP_BY(l, \"x\"))", TOO_MUCH),
        (many, "RETURN JOIN(l, t)", "9001 a text may have at most 10 MiB"),
        (many, "RETURN CSV([l])", TOO_MUCH),
        (many, "RETURN MAX(l)", TOO_MUCH),
        (many, "RETURN l = FILL(LEFT(t, 9999999) & \"b\", 1000000)", "false"),
        (many, "RETURN \"${l}\"", TOO_MUCH),
        (long, "RETURN FORMAT(t, REPEAT(\"@\", 1000000))", TOO_MUCH),
        (long, "RETURN LEN(FORMAT(\"{0}\" & REPEAT(\"{\", 5000000), 1))", "5000001"),
        (long, "RETURN REPLACE(t, \"a\", t)", "9001 a text may have at most 10 MiB"),
        (long, "RETURN REPLACE(LEFT(t, 1000000), \"a\", LEFT(t, 1000000))", "9001 a text may have at most 10 MiB"),
        (long, "RETURN LEN(SPLIT(t, \"\"))", "9001 an array may hold at most 1000000 elements"),
        (long, "RETURN t + 1 > 0", "true"),
        (long, "RETURN REPEAT(\"9\", 10000000) * 1", "13 \"9999999999999999999999999999999999999999\" is not a number"),
        (long, "RETURN ISDATE(t)", "false"),
        (long, "RETURN JSON_PARSE(REPEAT(\"[\", 10000000))", "4000 this is not JSON: recursion limit exceeded"),
        (
            long,
            "RETURN JSON_PARSE(\"[\" & REPEAT(\"0,\", 4000000) & \"0]\")",
            "9001 an array may hold at most 1000000 elements",
        ),
        ("", "RETURN STRING(1000000000, \"x\")", "9001 a text may have at most 10 MiB"),
        ("", "RETURN REPEAT(\"xx\", 1e18)", "9001 a text may have at most 10 MiB"),
        ("", "RETURN RANGE(1, 1e18)", "9001 an array may hold at most 1000000 elements"),
        ("", "RETURN FILL(0, 1e12)", "9001 an array may hold at most 1000000 elements"),
        ("", "RETURN 9 ^ 9999999999", "6 the result is too large for a number"),
        ("", "RETURN DATEADD(\"2026-01-01\", 1e300, \"year\")", ""),
        ("", "RETURN FORMAT(1, REPEAT(\"0\", 1000000))", ""),
        ("", "RETURN LEN(SORT(RANGE(1, 1000000)))", TOO_MUCH),
    ];
    // One step is what the limit allows, and what a function does between two looks at it.
    let most = SLICE + 4 * ((1 << 22) >> 4);
    let mut failures = Vec::new();
    for (before, source, expected) in cases {
        let (ended, _, longest) = run(&format!("{before}{source}"), small_steps());
        let shown = ended.map_or_else(|error| error, |value| botserver_basic_types::ops::to_text(&value));
        if !shown.starts_with(expected) || longest > most {
            let shown: String = shown.chars().take(200).collect();
            failures.push(format!("{source}: {shown}, {longest} instructions in a slice"));
        }
    }
    assert!(failures.is_empty(), "at most {most}\n{}", failures.join("\n"));
}

/// With the limits of the server, a list of a million elements can be sorted and searched.
#[test]
fn large_lists_can_be_worked_with() {
    let source = "l = RANGE(1, 1000000)\nREVERSE l\nSORT l\nRETURN l[0] + UBOUND(UNIQUE(SLICE(l, 0, 100000))) + INDEX_OF(l, 999999)";
    let (ended, _, _) = run(source, Limits::default());
    assert_eq!(ended, Ok(Value::Int(1 + 100_000 + 999_998)));
}

/// Work of functions counts as instructions, so that a script without a loop shares its core too.
#[test]
fn functions_pay_for_what_they_read() {
    let source = format!("t = REPEAT(\"ab\", 5000000)\n{}", "n = LEN(t)\n".repeat(100));
    let (ended, instructions, longest) = run(&source, Limits::default());
    assert_eq!(ended, Ok(Value::Null));
    assert!(instructions > 100 * 10_000_000 / 256, "{instructions}");
    assert!(longest < 400_000, "{longest}");
}

/// A script that hovers at its memory limit pays for the collections.
#[test]
fn collecting_is_paid_for() {
    let heap = HeapLimits { bytes: 8 << 20, ..HeapLimits::default() };
    let limits = Limits { heap, instructions: 20_000_000, ..Limits::default() };
    let source = "a = []\nON ERROR RESUME NEXT\nWHILE NOT ERROR\nPUSH a, [1, 2, 3, 4]\nWEND\nDO\nb = [a, [1], [2]]\nPUSH a, [1, 2, 3]\nLOOP";
    let (ended, _, _) = run(source, limits);
    assert_eq!(ended, Err("9002 the script was stopped after 20000000 instructions".to_owned()));
}
