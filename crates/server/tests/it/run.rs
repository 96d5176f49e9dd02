//! `botserver run`: scripts without a server.

use crate::support::{Folder, botserver};

#[test]
fn talk_goes_out_hear_comes_in_and_the_result_is_json() {
    let folder = Folder::new();
    let script = folder.write(
        "ask.bas",
        "HEAR n AS INTEGER WITH \"How many?\"\nTALK \"Got \" + n\nWITH r\n  n = n\n  twice = n * 2\nEND WITH\nRETURN r\n",
    );
    let done = botserver(&["run", &script], "many\n1,000\n").expect(0);
    let lines: Vec<&str> = done.out.lines().collect();
    assert_eq!(lines.first(), Some(&"How many?"), "{}", done.all());
    assert_eq!(lines.len(), 4, "asked again: {}", done.all());
    assert_eq!(lines[2..], ["Got 1000", r#"{"n":1000,"twice":2000}"#]);
    assert_eq!(done.err, "");
}

#[test]
fn a_runtime_error_shows_the_place() {
    let folder = Folder::new();
    let script = folder.write("bad.bas", "TALK \"Begin\"\nx = 0\nTALK 10 / x\n");
    let done = botserver(&["run", &script], "").expect(1);
    assert_eq!(done.out, "Begin\n");
    let first = done.err.lines().next().unwrap_or_default();
    assert!(first.starts_with(&format!("{script}:3:")), "{}", done.all());
    assert!(first.contains("error["), "{}", done.all());
    assert!(done.err.contains("3 | TALK 10 / x\n"), "{}", done.all());
    assert!(done.err.contains('^'), "{}", done.all());
}

#[test]
fn a_script_that_does_not_compile_does_not_run() {
    let folder = Folder::new();
    let script = folder.write("broken.bas", "TALK \"Hi\"\nIF x THEN\nTALK \"?\"\n");
    let done = botserver(&["run", &script], "").expect(1);
    assert_eq!(done.out, "");
    assert!(done.err.starts_with(&format!("{script}:")), "{}", done.all());
}

#[test]
fn parameters_tables_files_and_neighbours() {
    let folder = Folder::new();
    folder.write("people.csv", "name,age\nAda,36\nBob,17\n");
    folder.write("greet.bas", "PARAM who AS string\nDESCRIPTION \"Greets.\"\nTALK \"Hello \" + who\nRETURN 7\n");
    let script = folder.write(
        "main.bas",
        "PARAM least AS integer\nTABLE notes\n  id integer key\n  body text\nEND TABLE\n\
         adults = FIND \"people.csv\" WHERE age >= least\nFOR EACH one IN adults\n  TALK one.name\nNEXT\n\
         INSERT INTO \"notes\" VALUES { id: 1, body: \"kept\" }\nnote = FIND \"notes\" WHERE id = 1 LIMIT 1\nTALK note.body\n\
         WAIT 0.1\nTALK \"waited\"\n",
    );
    let done = botserver(&["run", &script, "--param", "least=18"], "").expect(0);
    assert_eq!(done.out, "Ada\nkept\nwaited\n", "{}", done.all());
    // Tables in memory are gone: the same key can be inserted again.
    botserver(&["run", &script, "--param", "least=18"], "").expect(0);
    // In a data directory they stay.
    let data = folder.text("data");
    botserver(&["run", &script, "--param", "least=18", "--data", &data], "").expect(0);
    let again = botserver(&["run", &script, "--param", "least=18", "--data", &data], "").expect(1);
    assert!(again.err.contains("main.bas:"), "{}", again.all());

    let greet = folder.text("greet.bas");
    let done = botserver(&["run", &greet, "--param", "who=Ada"], "").expect(0);
    assert_eq!(done.out, "Hello Ada\n7\n", "{}", done.all());
    let unknown = botserver(&["run", &greet, "--param", "whom=Ada"], "").expect(1);
    assert!(unknown.err.contains("has no PARAM `whom`"), "{}", unknown.all());
    botserver(&["run", &greet, "--param", "who"], "").expect(2);
}

#[test]
fn tables_of_neighbours_that_are_not_used_are_left_alone() {
    let folder = Folder::new();
    let alone = folder.write("c.bas", "TALK \"x\"\n");
    folder.write("d.bas", "TALK \"d\"\nTABLE t\n  id integer key\nEND TABLE\n");
    folder.write("e.bas", "TABLE t\n  id integer key\nEND TABLE\n");
    let done = botserver(&["run", &alone], "").expect(0);
    assert_eq!((&*done.out, &*done.err), ("x\n", ""));
    // What it calls, also through another script, brings its tables.
    folder.write("via.bas", "CALL \"d.bas\"\n");
    let using = folder.write("using.bas", "CALL \"via\"\nINSERT INTO \"t\" VALUES { id: 1 }\nTALK COUNT(FIND \"t\")\n");
    let done = botserver(&["run", &using], "").expect(0);
    assert_eq!(done.out, "d\n1\n", "{}", done.all());
    // Those that really meet are named, both.
    let both = folder.write("both.bas", "CALL \"via\"\nIF FALSE THEN\n  RUN \"e.bas\"\nEND IF\n");
    let done = botserver(&["run", &both], "").expect(1);
    let (first, second) = (folder.text("d.bas:2:1"), folder.text("e.bas:1:1"));
    let told = format!("{second}: error[T0001]: the table `t` is declared twice, first at {first}\n");
    assert!(done.err.starts_with(&told), "{}", done.all());
    assert_eq!(done.out, "");
    // A script of a package has the tables of its package.
    folder.write("shop.gbai/shop.gbdialog/tables.bas", "TABLE t\n  id integer key\nEND TABLE\n");
    let inside = folder.write("shop.gbai/shop.gbdialog/count.bas", "TALK COUNT(FIND \"t\")\n");
    assert_eq!(botserver(&["run", &inside], "").expect(0).out, "0\n");
}

#[test]
fn the_end_of_the_input_and_files_that_are_none() {
    let folder = Folder::new();
    let script = folder.write("hear.bas", "HEAR x WITH \"Yes?\"\nTALK x\n");
    let done = botserver(&["run", &script], "").expect(1);
    assert!(done.err.contains("the input has ended"), "{}", done.all());
    let missing = botserver(&["run", &folder.text("no.bas")], "").expect(1);
    assert!(missing.err.contains("no.bas"), "{}", missing.all());
    std::fs::write(folder.path("binary.bas"), [0x54, 0x0a, 0xff, 0xfe]).expect("a file");
    let binary = botserver(&["run", &folder.text("binary.bas")], "").expect(1);
    assert!(binary.err.contains("binary.bas:2:1"), "{}", binary.all());
    let outside = folder.write("steal.bas", "rows = FIND \"../secret.csv\" WHERE a = 1\nTALK COUNT(rows)\n");
    folder.write("secret.csv", "a\n1\n");
    let inner = folder.write("inner/steal.bas", &std::fs::read_to_string(outside).expect("text"));
    botserver(&["run", &inner], "").expect(1);
}

/// Every script of `docs/tables.md` prints what stands below it.
#[test]
fn the_page_about_tables_is_true() {
    const PAGE: &str = include_str!("../../../../docs/tables.md");
    let folder = Folder::new();
    let examples: Vec<(&str, &str)> = PAGE
        .split("```basic\n")
        .skip(1)
        .filter_map(|rest| {
            let (script, rest) = rest.split_once("```")?;
            let (_, rest) = rest.split_once("```text\n")?;
            Some((script, rest.split_once("```")?.0))
        })
        .collect();
    assert_eq!(examples.len(), 6, "each script has its output");
    for (at, (script, printed)) in examples.into_iter().enumerate() {
        let file = folder.write(&format!("{at}.bas"), script);
        let done = botserver(&["run", &file], "").expect(0);
        assert_eq!(done.out, printed, "{script}\n{}", done.all());
    }
}
