//! Limits end scripts with errors of their own, most of which can be trapped.

use botserver_basic_types::HeapLimits;
use botserver_basic_vm::Limits;

use crate::host::Run;

fn limited(source: &str, limits: Limits) -> String {
    Run { limits, ..Run::new(source) }.transcript()
}

#[test]
fn loops_end() {
    let limits = Limits { loop_rounds: 1000, ..Limits::default() };
    for source in ["DO\ni = i + 1\nLOOP", "WHILE true\ni = i + 1\nWEND", "FOR i = 1 TO 1001\nNEXT"] {
        assert!(limited(source, limits).ends_with("9003 the loop was stopped after 1000 rounds"), "{source}");
    }
    assert_eq!(limited("FOR i = 1 TO 1000\nNEXT\nTALK i", limits), "1001");
    assert_eq!(limited("i = 0\nDO WHILE i < 1000\ni = i + 1\nLOOP\nTALK i", limits), "1000");
    assert_eq!(limited("ON ERROR RESUME NEXT\nDO\nLOOP\nTALK ERR", limits), "9003");
    let default = Run::new("DO\nx = x + 1\nLOOP");
    assert_eq!(default.transcript(), "! 1: 9003 the loop was stopped after 100000 rounds");
}

#[test]
fn jumps_end() {
    let limits = Limits { jumps: 1000, ..Limits::default() };
    assert_eq!(limited("a:\nGOTO a", limits), "! 2: 9004 the script was stopped after 1000 jumps by GOTO");
    assert_eq!(
        limited("ON ERROR GOTO bad\nx = 1 / 0\nEND\nbad:\nRESUME", limits),
        "! 5: 9004 the script was stopped after 1000 jumps by GOTO"
    );
}

#[test]
fn a_script_that_traps_everything_still_ends() {
    let limits = Limits { instructions: 100_000, loop_rounds: 1000, ..Limits::default() };
    let source = "ON ERROR RESUME NEXT\nFOR i = 1 TO 1000\nFOR j = 1 TO 1000\nx = 1 / 0\nNEXT\nNEXT";
    assert!(limited(source, limits).contains("9002 the script was stopped after 100000 instructions"));
}

#[test]
fn memory_is_bounded_and_garbage_is_collected() {
    let heap = HeapLimits { bytes: 4 << 20, ..HeapLimits::default() };
    let limits = Limits { heap, loop_rounds: 1_000_000, ..Limits::default() };
    let hoard = "a = []\nDO\nPUSH a, [1, 2, 3, 4, 5, 6, 7, 8]\nLOOP";
    assert!(limited(hoard, limits).ends_with("9001 the script uses more than its 4 MiB of memory"));
    let waste = "FOR i = 1 TO 30000\na = [i, { x: i }, \"t\" & i & \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"]\nNEXT\nTALK a[0]";
    assert_eq!(limited(waste, limits), "30000");
    let cycle = "FOR i = 1 TO 30000\na = []\nb = [a]\nPUSH a, b\nNEXT\nTALK LEN(a)";
    assert_eq!(limited(cycle, limits), "1");
    let big = "s = \"0123456789\"\nFOR i = 1 TO 12\ns = s + s\nNEXT\nFOR i = 1 TO 500\nt = s & i\nNEXT\nTALK LEN(t)";
    assert_eq!(limited(big, limits), "40963");
}

#[test]
fn texts_and_lists_are_bounded() {
    let long = "s = \"0123456789\"\nDO\ns = s + s\nLOOP";
    assert_eq!(Run::new(long).transcript(), "! 3: 9001 a text may have at most 10 MiB");
    assert_eq!(Run::new("a[1000000] = 1").transcript(), "! 1: 9001 an array may hold at most 1000000 elements");
    assert_eq!(Run::new("DIM a(999, 1000)").transcript(), "! 1: 9001 an array may hold at most 1000000 elements");
    assert_eq!(
        Run::new("a = []\nPUSH a, a\nTALK a").transcript(),
        "! 3: 9001 a value contains itself or is nested more than 128 deep"
    );
}
