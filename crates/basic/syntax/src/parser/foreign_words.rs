//! Words of other languages, and what is written in their place. Knows no parser.

use super::BlockKind;

/// What a word of another language is called here, and the block that it opens, if it opens one.
pub(super) fn foreign_statement(word: &str) -> Option<(&'static str, Option<BlockKind>)> {
    Some(match word {
        "DEF" | "DEFUN" | "FUNC" | "FN" => ("A function is `FUNCTION name(a, b)` … `END FUNCTION`.", None),
        "PROCEDURE" | "PROC" => ("A procedure is `SUB name(a, b)` … `END SUB`.", Some(BlockKind::Procedure)),
        "VAR" | "LOCAL" | "GLOBAL" | "STATIC" => {
            ("Variables need no declaration: write `name = value`, or `DIM name` for an empty one.", None)
        }
        "PASS" => ("An empty block may stay empty: remove the line.", None),
        "ASYNC" | "AWAIT" => {
            ("Nothing needs to be awaited: keywords come back when they are done. Remove the word.", None)
        }
        "CLASS" | "STRUCT" | "TYPE" | "INTERFACE" => (
            "There are no classes: an object has its fields when they are set, `order = {}` and `order.total = 5`.",
            None,
        ),
        "USING" | "NAMESPACE" | "OPTION" | "DECLARE" | "REQUIRE" | "IMPORT" | "IMPORTS" => (
            "BASIC here needs no such line; remove it. `INCLUDE \"file.bas\"` brings the procedures of another script.",
            None,
        ),
        "MSGBOX" | "ECHO" | "SAY" | "REPLY" | "ALERT" | "PUTS" | "PRINTF" | "PRINTLN" | "CONSOLE" | "DISPLAY" => {
            ("`TALK \"text\"` says something to the person.", None)
        }
        "DEBUG" => ("`PRINT value` writes to the server's log, `TALK value` to the person.", None),
        "INPUT" | "INPUTBOX" | "LISTEN" => (
            "`HEAR name` waits for what the person says; `HEAR name AS EMAIL WITH \"Your e-mail?\"` asks and checks.",
            None,
        ),
        "SLEEP" => ("`WAIT 2` waits two seconds.", None),
        "REPEAT" => ("The loop is `DO` … `LOOP UNTIL condition`.", Some(BlockKind::Do)),
        "UNTIL" => ("Write `LOOP UNTIL condition` where the loop ends.", None),
        "UNLESS" => ("Write `IF NOT condition THEN`.", Some(BlockKind::If)),
        "OTHERWISE" => ("Write `CASE ELSE`.", None),
        "ELIF" | "ELSIF" => ("Write `ELSE IF … THEN`.", None),
        _ => return None,
    })
}

/// What a function of another language is called here.
pub(super) fn foreign_function(word: &str) -> Option<&'static str> {
    Some(match word.to_uppercase().as_str() {
        "RANGE" => "A loop counts by itself: `FOR i = 0 TO 9` … `NEXT`.",
        "INPUT" | "INPUTBOX" | "PROMPT" | "READLINE" => {
            "`HEAR name` waits for what the person says; `HEAR name AS EMAIL WITH \"Your e-mail?\"` asks and checks."
        }
        "MSGBOX" | "ALERT" | "ECHO" | "PRINTF" => "`TALK \"text\"` says something to the person.",
        "FETCH" | "CURL" => "`page = GET \"https://…\"` asks a web address, `POST` sends to one.",
        "SLEEP" => "`WAIT 2` waits two seconds.",
        "REQUIRE" | "IMPORT" => "`INCLUDE \"file.bas\"` brings the procedures of another script.",
        _ => return None,
    })
}
