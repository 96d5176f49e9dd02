//! `botserver test`: conversations that pass, every way in which they fail, and cassettes.

mod cassettes;
mod samples;

use crate::support::{Done, Folder, botserver};

/// A bot with a dialog, a table, memory, a wait and a mistake.
const START: &str = "ADD SUGGESTION TOOL \"order\" AS \"Order\"\nADD SUGGESTION TOOL \"slow\" AS \"Slow\"\n\
    ADD SUGGESTION TOOL \"bad\" AS \"Bad\"\nTALK \"Hello.\"\n";
const ORDER: &str = "DESCRIPTION \"Orders\"\nHEAR size AS \"Small\", \"Large\" WITH \"How big?\"\n\
    HEAR n AS INTEGER WITH \"How many?\"\nINSERT INTO \"orders\" VALUES { id: n, size: size, placed: NOW() }\n\
    SET BOT MEMORY \"last\", size\nSET USER MEMORY \"size\", size\nREMEMBER \"n\", n\n\
    TALK \"Your number is **\" + UCASE(LEFT(GUID(), 4)) + \"**, at \" + TIME() + \".\"\n";
const SLOW: &str = "DESCRIPTION \"Waits\"\nTALK \"One moment.\"\nWAIT 30\nTALK \"Now it is \" + TIME() + \".\"\n\
    WAIT 7200\nTALK \"And now \" + TIME() + \".\"\n";
const BAD: &str = "DESCRIPTION \"Fails\"\nx = 0\nTALK 1 / x\n";
const TABLES: &str = "TABLE orders\n  id integer key\n  size string(10)\n  placed datetime\nEND TABLE\n";
const NOW: &str = "DESCRIPTION \"Tells\"\nTALK RANDOM(1, 1000000)\n";

/// A package with a test file.
fn package(folder: &Folder, test: &str) -> String {
    for (name, text) in
        [("start", START), ("order", ORDER), ("slow", SLOW), ("bad", BAD), ("tables", TABLES), ("dice", NOW)]
    {
        folder.write(&format!("bar.gbai/bar.gbdialog/{name}.bas"), text);
    }
    folder.write("bar.gbai/tests/a.test", test);
    folder.text("bar.gbai")
}

fn played(test: &str, options: &[&str]) -> (Folder, Done) {
    let folder = Folder::new();
    let package = package(&folder, test);
    let args: Vec<&str> = ["test", &package].into_iter().chain(options.iter().copied()).collect();
    let done = botserver(&args, "");
    (folder, done)
}

#[test]
fn a_conversation_as_it_should_go_passes() {
    let test = "Clock: 2026-03-02 09:00\n\nTest: An order\n  Bot: Hello.\n  Buttons: Order | ...\n  Press: order\n  Bot: How big?\n\
        \x20 Choices: Small | Large\n  Asks for: menu\n  You: huge\n  Bot: Please choose one of: Small, Large.\n  Press: Large\n\
        \x20 Bot: How many?\n  You: 2\n  Bot: Your number is **{{code}}**, at 09:00:00.\n  Asks for: nothing\n  Table orders: 1 row\n\
        \x20 Table orders: 1 row where size = Large, id = 2\n  Table orders: only\n    | id | size  | placed        |\n    | 2  | Large | 2026-03-02... |\n\
        \x20 Bot memory: last = Large\n  User memory: size = Large\n  Memory: n = 2\n  Memory: other = nothing\n\
        Test: Nothing is left of it\n  You: zeppelin\n  Bot: I do not understand free text yet...\n  Table orders: no rows\n  Bot memory: last = nothing\n\
        Test: Time passes\n  Press: Slow\n  Bot: One moment.\n  Bot: Now it is 09:00:30.\n  Wait: 1 hour\n  Wait: 1 hour\n  Bot: And now 11:00:30.\n\
        Test: What is given is there\n  Given orders:\n    | id | size  |\n    | 7  | Small |\n  Given bot memory: last = Huge\n\
        \x20 Given user memory: size = XL\n  Table orders: 1 row where id = 7\n  Bot memory: last = Huge\n  User memory: size = XL\n\
        Test: Two people\n  As: Ada\n  Bot: Hello.\n  Press: Order\n  ...\n  As: Bob\n  Press: Order\n  Bot: How big?\n  As: Ada\n  Press: Small\n\
        \x20 Bot: How many?\n  User memory: size = nothing\n\
        Test: A script that fails as it should\n  Press: Bad\n  Error: ...zero...\n\
        Test: A match\n  Bot matches: ^Hel+o\n";
    let (_folder, done) = played(test, &[]);
    let done = done.expect(0);
    assert_eq!(done.out.matches("  ok    ").count(), 7, "{}", done.all());
    assert!(done.err.contains("bar: 7 tests, 7 passed, 0 failed, in "), "{}", done.all());
}

/// What the line of a failing test gives: the sentence, and parts of what stands around it.
#[test]
fn every_failure_says_what_was_expected_and_what_came() {
    for (steps, sentence, parts) in [
        (
            "Bot: Hullo.",
            "the bot said something else",
            vec!["expected   Hullo.", "said       Hello.", "             ^ from here on"],
        ),
        ("Bot: Hello.\n  Bot: More.", "the bot said nothing more", vec!["expected   More."]),
        ("Bot matches: ^x", "the bot said something else", vec!["a match of ^x"]),
        ("...\n  Bot: Bye.", "nothing that the bot said fits", vec!["said       Hello."]),
        (
            "Press: Order\n  You: Small",
            "the bot said something that no line of the test expects",
            vec!["Bot: How big?"],
        ),
        (
            "Bot: Hello.\n  Press: Order",
            "the bot said something that no line of the test expects",
            vec!["Bot: How big?"],
        ),
        ("Press: Sell", "there is no button and no choice `Sell`", vec!["There are: Order | Slow | Bad"]),
        ("Buttons: Order", "there are other buttons", vec!["expected   Order", "there are  Order | Slow | Bad"]),
        ("Press: Order\n  ...\n  Choices: A", "there are other choices", vec!["there are  Small | Large"]),
        ("Asks for: name", "the bot asks for something else", vec!["expected   name", "asks for   nothing"]),
        ("Press: Bad\n  Bot: 1", "a script of the bot failed", vec!["bar.gbdialog/bad.bas:3:", "TALK 1 / x", "^"]),
        ("Press: Bad", "a script of the bot failed", vec!["bar.gbdialog/bad.bas:3:"]),
        ("Bot: Hello.\n  Error: x", "the bot said nothing more", vec![]),
        ("Table orders: 2 rows", "`orders` has 0 rows, not 2", vec!["There are no rows."]),
        ("Table orders: 1 row where colour = red", "`orders` has no column `colour`", vec![]),
        ("Table order: 1 row", "there is no table `order`; did you mean `orders`?", vec![]),
        ("Table orders:\n    | id |\n    | 1  |", "`orders` has no row | 1 |", vec![]),
        ("Bot memory: last = x", "`Bot memory` keeps something else under `last`", vec!["keeps      nothing"]),
        ("Tool: order", "the model called something else", vec!["called     no tool"]),
        ("Clock: 2020-01-01", "", vec![]),
        ("You: a\n  ...\n  Clock: 2020-01-01", "the clock does not go back in the middle of a conversation", vec![]),
        ("Attach: none.pdf", "there is no file ", vec![]),
        ("Given orders:\n    | id |\n    | x  |\n  You: a", "it cannot be given: ", vec![]),
    ] {
        let (_folder, done) = played(&format!("Test: It\n  {steps}\n"), &[]);
        if sentence.is_empty() {
            done.expect(1);
            continue;
        }
        let done = done.expect(1);
        assert!(done.out.contains("  FAIL  It\n"), "{steps}: {}", done.all());
        assert!(done.out.contains(&format!(": It: {sentence}")), "{steps}: {}", done.all());
        for part in parts {
            assert!(done.out.contains(part), "{steps}: {part}: {}", done.all());
        }
    }
}

#[test]
fn a_failure_shows_the_conversation_and_the_line() {
    let (_folder, done) = played("Test: It\n  Press: Order\n  Bot: How big?\n  Press: Large\n  Bot: How few?\n", &[]);
    let done = done.expect(1);
    let at = done.out.find("tests/a.test:5:8: It: the bot said something else").expect("the place");
    let rest = &done.out[at..];
    let expected = "\n\n    Bot: Hello.\n    You: Order\n    Bot: How big?\n    You: Large\n    Bot: How many?\n\n\
        \x20 5 |   Bot: How few?\n    |        ^\n    expected   How few?\n    said       How many?\n                   ^ from here on\n";
    assert!(rest.contains(expected), "{}", done.all());
}

#[test]
fn random_numbers_are_the_same_in_every_run() {
    let test = "Random: 7\nTest: a\n  You: x\n  ...\n  Bot: {{number}}\n";
    let folder = Folder::new();
    folder.write("dice.gbai/dice.gbdialog/start.bas", "TALK RANDOM(1, 1000000)\nTALK GUID()\n");
    folder.write("dice.gbai/tests/a.test", "Random: 7\nTest: a\n  Bot: shown\nTest: b\n  Random: 8\n  Bot: shown\n");
    let package = folder.text("dice.gbai");
    let said = || {
        let done = botserver(&["test", &package, "-o", "json"], "").expect(1);
        let report: serde_json::Value = serde_json::from_str(&done.out).expect("JSON");
        let line = |at: usize| report["tests"][at]["failure"]["conversation"].clone();
        (line(0), line(1))
    };
    let (one, other) = said();
    assert_eq!((one.clone(), other.clone()), said(), "{test}");
    assert_ne!(one, other);
}

#[test]
fn a_broken_test_file_is_told_and_nothing_is_played() {
    let (folder, done) = played("Test: It\n  Bott: Hello.\n  Bot: Hullo.\n", &[]);
    let done = done.expect(1);
    assert_eq!(done.out, "");
    let first =
        format!("{}/tests/a.test:2:3: error[D0001]: no line of a test begins with `Bott`", folder.text("bar.gbai"));
    assert!(done.err.starts_with(&first), "{}", done.all());
    for part in ["2 |   Bott: Hello.\n", "  |   ^^^^\n", "help: Did you mean `Bot:`?"] {
        assert!(done.err.contains(part), "{part}: {}", done.all());
    }
    // `check` sees it too, and `explain` knows the code.
    let checked = botserver(&["check", &folder.text("bar.gbai")], "").expect(1);
    assert!(checked.out.contains("tests/a.test:2:3: error[D0001]"), "{}", checked.all());
    botserver(&["explain", "D0001"], "").expect(0);
}

#[test]
fn tests_are_listed_filtered_and_stopped() {
    let test = "Test: One\n  Bot: Hello.\nTest: Two\n  Bot: Bye.\nTest: Twenty\n  Bot: Bye.\n";
    let (_folder, done) = played(test, &["--list"]);
    let done = done.expect(0);
    let names: Vec<&str> =
        done.out.lines().filter_map(|line| line.split_once("a.test:")).map(|(_, name)| name).collect();
    assert_eq!(names, ["1: One", "3: Two", "5: Twenty"], "{}", done.all());
    let (_folder, done) = played(test, &["-k", "ONE"]);
    assert!(done.expect(0).err.contains("1 test, 1 passed"));
    let (_folder, done) = played(test, &["--filter", "none"]);
    assert!(done.expect(1).err.contains("no test of"));
    let (_folder, done) = played(test, &["--fail-fast"]);
    let done = done.expect(1);
    assert!(done.err.contains("2 tests, 1 passed, 1 failed, 1 left out"), "{}", done.all());
}

#[test]
fn programs_and_build_machines_get_their_forms() {
    let test = "Test: One\n  Bot: Hello.\nTest: <Two>\n  Bot: Bye & \"good\".\n";
    let (_folder, done) = played(test, &["-o", "json"]);
    let done = done.expect(1);
    let report: serde_json::Value = serde_json::from_str(&done.out).expect("JSON");
    assert_eq!((&report["bot"], &report["passed"], &report["failed"]), (&"bar".into(), &1.into(), &1.into()));
    assert_eq!(report["tests"][1]["failure"]["line"], 4);
    let (_folder, done) = played(test, &["-o", "junit"]);
    let done = done.expect(1);
    assert!(done.out.starts_with(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"bar\" tests=\"2\" failures=\"1\""
    ));
    assert!(done.out.contains("name=\"&lt;Two&gt;\""), "{}", done.all());
}

#[test]
fn settings_come_from_the_file_and_from_the_command() {
    let folder = Folder::new();
    folder.write("set.gbai/set.gbdialog/start.bas", "TALK greeting\n");
    folder.write("set.gbai/set.gbot/config.csv", "name,value\nparam-greeting,Hello");
    folder.write("set.gbai/tests/a.test", "Config: param-greeting = Hi, \"you\"\nTest: a\n  Bot: Hi, \"you\"\n");
    folder.write("set.gbai/tests/b.test", "Test: b\n  Bot: Hello\n");
    let package = folder.text("set.gbai");
    let done = botserver(&["test", &package], "").expect(0);
    assert!(done.err.contains("2 tests, 2 passed"), "{}", done.all());
    let done = botserver(&["test", &package, "--set", "param-greeting=Bye", "-k", "b"], "").expect(1);
    assert!(done.out.contains("said       Bye"), "{}", done.all());
    // The package is as it was.
    assert_eq!(
        std::fs::read_to_string(folder.path("set.gbai/set.gbot/config.csv")).expect("it"),
        "name,value\nparam-greeting,Hello"
    );
}

#[test]
fn a_package_without_tests_or_with_mistakes_says_so() {
    let folder = Folder::new();
    folder.write("none.gbai/none.gbdialog/start.bas", "TALK \"Hi\"\n");
    let done = botserver(&["test", &folder.text("none.gbai")], "").expect(1);
    assert!(done.err.contains("has no tests; they are files tests/NAME.test"), "{}", done.all());
    let done = botserver(&["test", &folder.text("missing.gbai")], "").expect(1);
    assert!(done.err.contains("is no package"), "{}", done.all());
    botserver(&["test"], "").expect(2);
}

#[test]
fn a_new_bot_has_tests_that_pass() {
    let folder = Folder::new();
    let bots = folder.text("bots");
    botserver(&["bot", "new", "coffee", "--bots", &bots], "").expect(0);
    let done = botserver(&["test", &format!("{bots}/coffee.gbai")], "").expect(0);
    assert!(done.err.contains("coffee: 2 tests, 2 passed"), "{}", done.all());
}
