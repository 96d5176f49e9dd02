//! `botserver repl` through a pipe and under a terminal's signals.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
};

use crate::support::{Folder, botserver, program, samples};

/// What comes out for these lines.
fn typed(args: &[&str], lines: &str) -> crate::support::Done {
    let mut all = vec!["repl"];
    all.extend(args);
    botserver(&all, lines)
}

#[test]
fn expressions_print_their_value_and_variables_live_on() {
    let done = typed(
        &[],
        "x = 20\nx * 2 + 2\nname = \"Ada\"\nname\n[1, \"two\", NULL]\nupper(name)\nTALK \"Hello \" + name\n",
    )
    .expect(0);
    assert_eq!(done.out, "42\n\"Ada\"\n[1,\"two\",null]\n\"ADA\"\nHello Ada\n", "{}", done.all());
    assert_eq!(done.err, "");
}

#[test]
fn blocks_go_on_until_their_end_and_procedures_can_be_called_later() {
    let lines = "total = 0\nFOR i = 1 TO 3\n  IF i <> 2 THEN\n    total = total + i\n  END IF\n\nNEXT\ntotal\n\
                 FUNCTION Twice(n)\n  RETURN n * 2\nEND FUNCTION\nTwice(total)\n\
                 SUB Bump()\n  total = total + 1\nEND SUB\nBump\nCALL Bump()\ntotal\n\
                 BEGIN TALK\nTotal: ${total}\nEND TALK\nlist = [1]\nsame = list\nlist[1] = 2\nsame\n";
    let done = typed(&[], lines).expect(0);
    assert_eq!(done.out, "4\n8\n6\nTotal: 6\n[1,2]\n", "{}", done.all());
}

#[test]
fn an_error_shows_the_place_and_ends_nothing() {
    let done = typed(&[], "x = 0\n1 + 10 / x\nTAKL \"x\"\nx = 5 5\nx\n").expect(1);
    assert_eq!(done.out, "0\n", "{}", done.all());
    assert!(done.err.contains("(input):1:"), "{}", done.all());
    assert!(done.err.contains("1 | 1 + 10 / x\n  |     ^"), "{}", done.all());
    assert!(done.err.contains("Did you mean `TALK"), "{}", done.all());
    // A block that nobody closes.
    let done = typed(&[], "IF TRUE THEN\nTALK \"x\"\n").expect(1);
    assert_eq!(done.out, "");
    assert!(done.err.contains("(input):1:1: error[B0200]"), "{}", done.all());
}

#[test]
fn hear_reads_the_next_line() {
    let done = typed(&[], "HEAR n AS INTEGER WITH \"How many?\"\nmany\n1,000\nn + 1\n").expect(0);
    let lines: Vec<&str> = done.out.lines().collect();
    assert_eq!((lines.first(), lines.last(), lines.len()), (Some(&"How many?"), Some(&"1001"), 3), "{}", done.all());
}

#[test]
fn commands_of_the_prompt() {
    let folder = Folder::new();
    let file = folder.write("more.bas", "FOR i = 1 TO 2\n  TALK i\nNEXT\nloaded = TRUE\n");
    let done = typed(
        &[],
        &format!("b = [1, 2]\na = \"x\"\n.vars\n.load {file}\nloaded\nIF 1 THEN\n.cancel\n.quit\nTALK \"never\"\n"),
    )
    .expect(0);
    assert_eq!(done.out, "a = \"x\"\nb = [1, 2] (2)\n1\n2\ntrue\n", "{}", done.all());
    let done = typed(&[], ".help\n.nothing\n").expect(1);
    assert!(done.out.contains(".load FILE"), "{}", done.all());
    assert!(done.err.contains("`.nothing`"), "{}", done.all());
}

#[test]
fn a_package_brings_its_tables_settings_and_procedures() {
    let folder = Folder::new();
    folder.write(
        "shop.gbai/shop.gbdialog/start.bas",
        "TABLE goods\n  id integer key\n  name string(20)\nEND TABLE\nTALK \"Hi\"\n\
         FUNCTION Twice(n)\n  RETURN n * 2\nEND FUNCTION\n",
    );
    folder.write("shop.gbai/shop.gbdata/goods.csv", "id,name\n1,Tea\n2,Milk\n");
    folder.write("shop.gbai/shop.gbot/config.csv", "name,value\nparam-city,Rome\n");
    let lines = "city\nTwice(21)\nrows = FIND \"goods\" ORDER BY id\nrows.name\nCOUNT(rows)\n\
                 INSERT INTO \"goods\" VALUES { id: 3, name: \"Salt\" }\nCOUNT(FIND \"goods\")\nCALL \"start\"\n";
    let done = typed(&[&folder.text("shop.gbai")], lines).expect(0);
    let lines: Vec<&str> = done.out.lines().collect();
    assert_eq!(lines[..4], ["\"Rome\"", "42", "\"Tea\"", "2"], "{}", done.all());
    assert_eq!(lines[lines.len() - 2..], ["3", "Hi"], "{}", done.all());
    // The same bot in a data directory keeps its rows.
    let data = folder.text("data");
    let bots = folder.path("").display().to_string();
    let args = ["--data", &data, "--bot", "shop", "--bots", bots.trim_end_matches('/')];
    typed(&args, "INSERT INTO \"goods\" VALUES { id: 3, name: \"Salt\" }\n").expect(0);
    assert_eq!(typed(&args, "COUNT(FIND \"goods\")\n").expect(0).out, "3\n");
    let done = typed(&["--data", &data, "--bot", "nobody"], "1\n").expect(1);
    assert!(done.err.contains("there is no bot `nobody`"), "{}", done.all());
    typed(&["--bot", "shop"], "1\n").expect(1);
    typed(&[&folder.text("")], "1\n").expect(1);
}

#[test]
fn a_sample_and_a_table_of_ones_own() {
    let shop = samples().join("shop.gbai");
    let lines = "TABLE notes\n  id integer key\n  body text\nEND TABLE\nINSERT INTO \"notes\" VALUES { id: 1, body: \"kept\" }\n\
                 note = FIND \"notes\" WHERE id = 1 LIMIT 1\nnote.body\n";
    let done = typed(&[&shop.display().to_string()], lines).expect(0);
    assert!(done.out.ends_with("\"kept\"\n"), "{}", done.all());
}

#[test]
fn an_interrupt_stops_what_runs_and_nothing_else() {
    let mut child = program()
        .arg("repl")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(b"x = 7\nTALK \"go\" : WAIT 100000\nx + 1\n").expect("written");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut line = || lines.next().expect("a line").expect("text");
    assert_eq!(line(), "go");
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.expect("kill").success());
    assert_eq!(line(), "8");
    drop(stdin);
    assert!(child.wait().expect("it ends").success());
}
