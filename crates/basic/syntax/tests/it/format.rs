//! The layout that the formatter gives to scripts.

use botserver_basic_syntax::{ParseOptions, format};
use proptest::prelude::*;

use crate::{grammar::grammar, robust::PIECES};

fn check(source: &str, expected: &str) {
    let options = ParseOptions::default();
    let expected = expected.strip_prefix('\n').unwrap_or(expected);
    for (text, what) in [(source, "laid out"), (expected, "laid out again")] {
        assert_eq!(format("test.bas", text, grammar(), &options).as_deref(), Ok(expected), "{what}");
    }
}

#[test]
fn blocks_are_indented_and_words_of_the_language_are_capital() {
    check(
        "\u{feff}if x=1 then\r\ntalk  \"a\"\r\nelse if x<2 then\r\n\ttalk   \"b\"\r\n else\r\nfor each v in list do\r\n\
         if v then exit for\r\nnext v\r\nend if\r\nselect case x\r\ncase 1,2\r\ntalk x\r\ncase else\r\ntalk \"c\"\r\n\
         end select\r\n\r\n\r\n\r\n\r\nsub s(a)\r\nreturn a*2+1\r\nend sub\r\n\r\n",
        r#"
IF x = 1 THEN
    TALK "a"
ELSE IF x < 2 THEN
    TALK "b"
ELSE
    FOR EACH v IN list DO
        IF v THEN EXIT FOR
    NEXT v
END IF
SELECT CASE x
    CASE 1, 2
        TALK x
    CASE ELSE
        TALK "c"
END SELECT


SUB s(a)
    RETURN a*2 + 1
END SUB
"#,
    );
}

#[test]
fn comments_stay_with_what_they_are_about() {
    check(
        r#"
  ' first
# second
if x then
' about the branch
   talk "a"    ' tail
   ' nothing more to say
else    ' otherwise
' about the else
talk "b" rem tail
' about the end
end if
   // the last"#,
        r#"
' first
# second
IF x THEN
    ' about the branch
    TALK "a"    ' tail
    ' nothing more to say
ELSE    ' otherwise
    ' about the else
    TALK "b" rem tail
' about the end
END IF
// the last
"#,
    );
}

#[test]
fn lines_that_go_on_are_indented() {
    check(
        r#"
o={a:1,
b : [ 1,
 2 ],
}
total=a + _   ' more
b
   rows = FIND "t"
where status = "x"
order by id
body = "first
   second ${name}
third"+x
with pedido
to=to
.format = [1,
2]
end with
table T
   Id   number key
 Name*  string(120)
end table
param  x   as string like 25/12/2024
   description "what it is"
description "of the tool""#,
        r#"
o = {a:1,
    b : [1,
        2],
}
total = a + _   ' more
    b
rows = FIND "t"
    WHERE status = "x"
    ORDER BY id
body = "first
   second ${name}
third" + x
WITH pedido
    to = to
    .format = [1,
        2]
END WITH
TABLE T
    Id   number key
    Name*  string(120)
END TABLE
PARAM  x   AS string LIKE 25/12/2024
    DESCRIPTION "what it is"
DESCRIPTION "of the tool"
"#,
    );
}

#[test]
fn what_stands_in_texts_is_not_touched() {
    check(
        "if x then\nbegin talk\n      Hello   ${ name },\n\n        if  x=1   then  \n      bye\n   end talk ' done\nend if\n\
         talk \"a=1   and  b\"+'  x=y '\ndescription free   text   it is\n",
        r#"
IF x THEN
    BEGIN TALK
    Hello   ${ name },

      if  x=1   then
    bye
    END TALK ' done
END IF
TALK "a=1   and  b" + '  x=y '
DESCRIPTION free   text   it is
"#,
    );
}

#[test]
fn names_keep_their_spelling_and_signs_their_place() {
    check(
        "Total=-1\nTALK -x\nx = a-b\ny=Total -1\nFROM = 1 : To=2\ntalk From+To\nstatus = not a=b and c\nlist.push( 1 )\nz = a?.b ?? [ ]\nname$=\"x\"\n",
        r#"
Total = -1
TALK -x
x = a-b
y = Total -1
FROM = 1 : To = 2
TALK From + To
status = NOT a = b AND c
list.push(1)
z = a?.b ?? []
name$ = "x"
"#,
    );
}

#[test]
fn a_script_with_errors_is_left_alone() {
    let found = format("test.bas", "IF x THEN\nTALK 1", grammar(), &ParseOptions::default()).expect_err("an error");
    assert_eq!(&*found[0].code, "B0200");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 600 } else { 4000 }))]

    /// What is read, is read the same after it was laid out (the formatter compares the trees itself), and a layout
    /// is its own layout.
    #[test]
    fn layouts_are_read_the_same(
        lines in prop::collection::vec(prop::collection::vec((0..PIECES.len(), prop_oneof![Just(" "), Just("  "), Just("")]), 1..5), 0..12)
    ) {
        let text = |line: &Vec<(usize, &str)>| line.iter().flat_map(|(index, gap)| [PIECES[*index], *gap]).collect::<String>();
        let source = lines.iter().map(text).collect::<Vec<_>>().join("\n");
        let options = ParseOptions::default();
        if let Ok(once) = format("test.bas", &source, grammar(), &options) {
            prop_assert_eq!(format("test.bas", &once, grammar(), &options), Ok(once));
        }
    }
}
