//! TALK, HEAR, SEND FILE, WAIT and the clock, through the durable program.

use crate::stage::Stage;

async fn says(source: &str, answers: &[&str]) -> String {
    Stage::of(source).run(answers).await.transcript
}

#[tokio::test]
async fn what_is_said_comes_in_order_and_blank_lines_do_not() {
    let script = "TALK \"one\"\nTALK \"\"\nTALK 2 + 1\nBEGIN TALK\nThree ${1 + 2}\n\nlines\nEND TALK\nTALK { a: [1, TRUE] }\nRETURN \"done\"";
    assert_eq!(says(script, &[]).await, "bot: one\nbot: 3\nbot: Three 3\n\nlines\nbot: {\"a\":[1,true]}\n=> \"done\"");
}

#[tokio::test]
async fn hear_asks_refuses_and_goes_on() {
    let script = "HEAR mail AS EMAIL WITH \"Your e-mail?\"\nTALK mail\nHEAR age AS INTEGER\nTALK age + 1\nHEAR size AS \"S\", \"M\"\nTALK size";
    assert_eq!(
        says(script, &["nonsense", "Ana@X.org", "1,234", "2"]).await,
        "bot: Your e-mail?\n[email]\nyou: nonsense\nbot: Please type an e-mail address, like ana@example.com.\n[email]\n\
         you: Ana@X.org\nbot: ana@x.org\n[integer]\nyou: 1,234\nbot: 1235\n[menu S|M]\nyou: 2\nbot: M"
    );
    // Three wrong answers: an empty one, and the script goes on.
    let script = "HEAR n AS INTEGER\nIF n IS NULL THEN TALK \"no number\"";
    let said = says(script, &["a", "b", "c"]).await;
    assert!(said.ends_with("you: c\nbot: no number"), "{said}");
}

#[tokio::test]
async fn secrets_defaults_files_and_waits() {
    let script = "HEAR p AS PASSWORD WITH \"Secret?\"\nTALK \"[\" + p + \"]\"\nHEAR c AS TEXT DEFAULT \"blue\"\nTALK c";
    assert_eq!(
        says(script, &["hunter2 hunter2", " "]).await,
        "bot: Secret?\n[password secret]\nyou: hunter2 hunter2\nbot: []\n[any]\nyou:  \nbot: blue"
    );
    let script = "HEAR f AS FILE\nTALK f.filename + \" \" + f.size\nSEND FILE f, \"Here it is.\"\nTALK f";
    assert_eq!(
        says(script, &["no file", "file:bill.pdf"]).await,
        "[file]\nyou: no file\nbot: Please attach a file, like a PDF.\n[file]\nyou: file:bill.pdf\nbot: bill.pdf 2048\n\
         bot sends bill.pdf Here it is.\nbot sends bill.pdf"
    );
    assert_eq!(says("TALK 1\nWAIT 2.5\nTALK 2", &[]).await, "bot: 1\n(waits 2500 ms)\nbot: 2");
    assert_eq!(says("WAIT -1", &[]).await, "failed: WAIT needs a number of seconds from 0 up, not `-1`");
    let script = "TALK today\nTALK now.hour + \" \" + hour + \" \" + date.day + \" \" + TIME()\nTALK LEN(GENERATE CODE 6) + LEN(GUID())";
    assert_eq!(says(script, &[]).await, "bot: 2026-03-01\nbot: 12 12 1 12:00:00\nbot: 42");
}

#[tokio::test]
async fn lines_for_the_log_wait_for_the_commit() {
    let ran = Stage::of("PRINT \"one\"\nLOG_WARN \"two ${1 + 1}\"\nTALK \"said\"").run(&[]).await;
    assert_eq!(ran.transcript, "bot: said");
    let lines: Vec<_> = ran.turn.log.iter().map(|line| (line.level, &*line.source, &*line.message)).collect();
    assert_eq!(lines, [(tracing::Level::INFO, "shop", "one"), (tracing::Level::WARN, "shop", "two 2")]);
}
