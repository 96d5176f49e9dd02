//! Words of the language whose part of the server does not exist yet.

use crate::stage::Stage;

#[tokio::test]
async fn they_compile_with_a_warning_and_fail_when_reached() {
    let stage = Stage::of(
        "TALK 1\nIF FALSE THEN\nx = OCR \"hi\"\nEND IF\nTALK 2\nSEND MAIL \"a@x.org\", \"s\", \"b\"\nTALK \"never\"",
    );
    assert_eq!(
        stage.diagnostics,
        [
            "OCR needs reading of pictures, not available in this build",
            "SEND MAIL needs mail, not available in this build"
        ]
    );
    assert_eq!(
        stage.run(&[]).await.transcript,
        "bot: 1\nbot: 2\nfailed: SEND MAIL needs mail, not available in this build"
    );
}

#[tokio::test]
async fn on_error_and_try_trap_them() {
    let script = r#"
        ON ERROR RESUME NEXT
        x = OCR "hi"
        IF ERROR THEN TALK ERR + " " + ERROR MESSAGE
        CLEAR ERROR
        USE WEBSITE "https://example.org"
        TALK ERROR MESSAGE
        ON ERROR GOTO 0
        TRY
            CREATE_TASK "Call back", "high", "ana"
        CATCH e
            TALK e.message
        FINALLY
            TALK "after"
        END TRY
        ON ERROR GOTO handler
        TALK TO "whatsapp:+15550100", "hello"
        END
        handler:
        TALK "handled"
    "#;
    assert_eq!(
        Stage::of(script).run(&[]).await.transcript,
        "bot: 9404 OCR needs reading of pictures, not available in this build\n\
         bot: USE WEBSITE needs websites as documents, not available in this build\n\
         bot: CREATE TASK needs tasks, not available in this build\nbot: after\nbot: handled"
    );
}

/// Each form of each of them, as a statement with arguments that fit, reaches the machine and fails there with what it
/// needs.
#[tokio::test]
async fn every_one_of_them_can_be_written_and_trapped() {
    for keyword in botserver_runtime::keywords_not_built() {
        for form in &keyword.decl.forms {
            // As a statement it runs a script.
            let is_value = form.starts_with("CALL ");
            let line = if is_value { format!("value = {}", example(form)) } else { example(form) };
            // Inside of a block no form is a declaration.
            let script =
                format!("ON ERROR RESUME NEXT\nIF TRUE THEN\n{line}\nEND IF\nTALK ERR + \" \" + ERROR MESSAGE");
            let said = Stage::of(&script).run(&[]).await.transcript;
            let (name, needs) = (&keyword.decl.name, keyword.decl.missing_capability.as_deref().unwrap_or_default());
            assert_eq!(said, format!("bot: 9404 {name} needs {needs}, not available in this build"), "{form}\n{line}");
        }
    }
}

/// A use of a form: every argument a text, groups left out, the first word of a choice.
fn example(form: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut depth = 0;
    let mut choice = false;
    for token in form
        .replace('[', " [ ")
        .replace(']', " ] ")
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('|', " | ")
        .split_whitespace()
    {
        match token {
            "[" => depth += 1,
            "]" => depth -= 1,
            _ if depth > 0 => {}
            "(" => choice = true,
            ")" => choice = false,
            "|" => {}
            _ if choice => {
                // Only the first option of a choice is written.
                if !words.last().is_some_and(|last| last.ends_with('\u{1}')) {
                    words.push(format!("{token}\u{1}"));
                }
            }
            "," | "=" | ":" => words.push(token.to_owned()),
            _ => match token.split_once(':') {
                Some((_, "")) => {}
                Some((_, "values" | "assigns")) => words.push("a = \"x\"".to_owned()),
                Some((_, "target")) => words.push("v".to_owned()),
                Some(_) => words.push("\"x\"".to_owned()),
                None => words.push(token.to_owned()),
            },
        }
    }
    words.join(" ").replace('\u{1}', "")
}
