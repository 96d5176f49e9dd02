//! What is right and hardly meant: the warnings over the scripts of a package.

use botserver_basic_syntax::{lint, render};

use crate::{grammar::grammar, parse};

/// The findings in a package of one script, as people see them.
fn findings(source: &str) -> String {
    let parsed = parse(source);
    assert_eq!(parsed.diagnostics, [], "{source}");
    let found = lint(&[&parsed.script], grammar(), &["shop".to_owned()]);
    found.iter().map(|found| render(found, source)).collect()
}

fn check(source: &str, expected: &str) {
    assert_eq!(findings(source).trim_end(), expected.trim());
}

#[test]
fn a_name_that_nothing_gives_a_value() {
    check(
        "total = 1\nTALK \"${totl} \" + total\nTALK other",
        "
test.bas:2:9: warning[B0250]: `totl` is read here, and nothing in this script gives it a value
2 | TALK \"${totl} \" + total
  |         ^^^^
  = help: Did you mean `total`?
test.bas:3:6: warning[B0250]: `other` is read here, and nothing in this script gives it a value
3 | TALK other
  |      ^^^^^
",
    );
}

#[test]
fn what_comes_from_elsewhere_is_not_told() {
    check(
        "PARAM who AS string\nTALK who + SHOP + user.name + body.id + today\nFOR EACH row IN [1]\nTALK row\nNEXT\nHEAR x\n\
         TALK x\nSUB s(a)\nTALK a\nEND SUB\no.field = 1\nTALK o.field\nlist.push(1)\nTALK list[0]\nTRY\nCATCH e\nTALK \
         e.message\nEND TRY",
        "",
    );
    check("INCLUDE \"other.bas\"\nTALK other", "");
}

#[test]
fn a_parameter_that_is_never_used() {
    check(
        "PARAM city AS string\nPARAM unit AS string\nTALK city",
        "
test.bas:2:7: warning[B0251]: the parameter `unit` is never used
2 | PARAM unit AS string
  |       ^^^^
  = help: Use it, or remove its PARAM: whoever calls the tool is asked for it.
",
    );
}

#[test]
fn a_word_of_the_language_that_is_hidden() {
    check(
        "TALK len(\"a\")\nFUNCTION len(x)\nRETURN x\nEND FUNCTION",
        "
test.bas:2:10: warning[B0252]: the function `LEN` of the language is hidden by this one
2 | FUNCTION len(x)
  |          ^^^
  = help: Give it a name of its own.
",
    );
}

#[test]
fn a_value_where_a_comparison_was_meant() {
    check(
        "day = \"sat\"\nIF day = \"sat\" OR \"sun\" THEN TALK 1\nIF day = \"sat\" OR day = \"sun\" THEN TALK 2",
        "
test.bas:2:19: warning[B0256]: \"sun\" alone is no comparison, it always counts as the same
2 | IF day = \"sat\" OR \"sun\" THEN TALK 1
  |                   ^^^^^
  = help: Each side names what it compares: `day = \"sun\"`.
",
    );
}

#[test]
fn a_word_of_the_language_as_a_name_is_told_where_both_may_be_meant() {
    check("today = 5\nTALK today", "");
    check("report = \"a\"\nTALK report", "");
}

#[test]
fn a_column_that_the_table_does_not_have() {
    check(
        "TABLE People\n  Id number key\n  Name string\n  Age number\nEND TABLE\nwho = \"Ana\"\nr = FIND \"people\" WHERE nam = \
         who AND age > 3\nUPDATE \"people\" SET agee = 4 WHERE id = 1\ns = FIND \"others\" WHERE whatever = who\nTALK r + s",
        "
test.bas:7:25: warning[B0253]: the table `people` has no column `nam`
7 | r = FIND \"people\" WHERE nam = who AND age > 3
  |                         ^^^
  = help: Did you mean `name`?
test.bas:8:21: warning[B0253]: the table `people` has no column `agee`
8 | UPDATE \"people\" SET agee = 4 WHERE id = 1
  |                     ^^^^
  = help: Did you mean `age`?
",
    );
}

#[test]
fn a_tool_that_asks_for_what_it_was_given() {
    check(
        "PARAM city AS string\nPARAM day AS date OPTIONAL\nHEAR city WITH \"Where?\"\nIF NOT day THEN\nHEAR day AS DATE\nEND IF\nTALK \
         city + day",
        "
test.bas:3:6: warning[B0254]: HEAR asks the person for `city`, which whoever calls this tool has given already
3 | HEAR city WITH \"Where?\"
  |      ^^^^
  = help: Declare it as OPTIONAL and ask with `IF NOT city THEN`.
",
    );
}

#[test]
fn secrets_in_the_source() {
    let secret = |line: &str| findings(line).matches("warning[B0255]").count();
    for line in [
        "x = \"sk-proj-0123456789abcdef0123\"",
        "TALK \"ghp_0123456789abcdefghij0123456789abcdef\"",
        "password = \"hunter2hunter2\"",
        "o = { api_key: \"9f8e7d6c5b4a\" }",
        "o.clientSecret = \"a1b2c3d4e5\"",
        "url = \"postgres://bot:hunter2@db.example.com/shop\"",
        "h = \"Bearer sk-0123456789abcdef0123\"",
        "senha = \"abc12345\"",
    ] {
        assert_eq!(secret(line), 1, "{line}");
    }
    for line in [
        "x = \"sk-\"",
        "password = \"Please choose one\"",
        "x = \"https://example.com/a@b:c\"",
        "password_hint = \"8 or more\"",
        "token = GET BOT MEMORY(\"token\")",
        "api_key = \"${shop}\"",
        "TALK \"Your password must have 8 characters\"",
        "x = \"SG.\"",
        "secret = \"geheimnis\"",
    ] {
        assert_eq!(secret(line), 0, "{line}");
    }
}
