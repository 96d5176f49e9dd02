//! `botserver check`, `explain`, `openapi` and the usage itself.

use serde_json::Value;

use crate::support::{Folder, botserver, samples};

#[test]
fn the_sample_bots_have_no_mistakes() {
    for bot in ["default", "shop", "helpdesk"] {
        let package = samples().join(format!("{bot}.gbai"));
        let done = botserver(&["check", &package.display().to_string()], "").expect(0);
        assert_eq!(done.out, "", "{}", done.all());
        assert!(done.err.contains("no mistakes"), "{}", done.all());
    }
}

#[test]
fn a_mistake_begins_with_path_line_and_column() {
    let folder = Folder::new();
    folder.write("sad.gbai/sad.gbdialog/start.bas", "TALK \"Hello\"\nTALKK \"typo\"\n");
    folder.write("sad.gbai/sad.gbot/config.csv", "name,value\nthem-color1,red\n");
    let package = folder.text("sad.gbai");
    let done = botserver(&["check", &package], "").expect(1);
    let first = done.out.lines().next().unwrap_or_default();
    assert!(first.starts_with(&format!("{package}/sad.gbdialog/start.bas:2:1: error[B")), "{}", done.all());
    assert!(done.out.contains("2 | TALKK \"typo\"\n"), "{}", done.all());
    // The line of config.csv is named, but not shown.
    assert!(done.out.contains(&format!("{package}/sad.gbot/config.csv:2:1: warning[C0101]")), "{}", done.all());
    assert!(!done.out.contains("them-color1,red"), "{}", done.all());

    let done = botserver(&["check", &package, "-o", "json"], "").expect(1);
    let report: Value = serde_json::from_str(&done.out).expect("JSON");
    assert_eq!(report["errors"], 1);
    assert_eq!(report["warnings"], 1);
    assert_eq!(report["diagnostics"][0]["line"], 2);
    assert_eq!(report["diagnostics"][0]["severity"], "error");
    assert_eq!(report["diagnostics"][0]["source"], "TALKK \"typo\"");
    assert_eq!(report["diagnostics"][0]["path"], format!("{package}/sad.gbdialog/start.bas"));
}

#[test]
fn a_script_that_is_not_there_is_named_with_the_nearest_one() {
    let folder = Folder::new();
    let package = folder.text("tea.gbai");
    folder.write("tea.gbai/tea.gbdialog/find-tea.bas", "DESCRIPTION \"Finds a tea.\"\nTALK \"Sencha\"\n");
    folder.write(
        "tea.gbai/tea.gbdialog/start.bas",
        "ADD SUGGESTION TOOL \"find-te\" AS \"Find\"\nADD TOOL \"find-tee.bas\"\nUSE TOOL \"brew\"\nIF FALSE THEN\n  \
         CALL \"fnd-tea.bas\"\nEND IF\nRUN \"pour\"\nCALL drink\n",
    );
    let done = botserver(&["check", &package], "").expect(0);
    let found: Vec<&str> = done.out.lines().filter(|line| line.contains(": warning[B0704]: ")).collect();
    let places = [
        ("1:21", "find-te"),
        ("2:10", "find-tee.bas"),
        ("3:10", "brew"),
        ("5:8", "fnd-tea.bas"),
        ("7:5", "pour"),
        ("8:6", "drink"),
    ];
    assert_eq!(found.len(), places.len(), "{}", done.all());
    for (line, (place, name)) in found.iter().zip(places) {
        assert!(line.starts_with(&format!("{package}/tea.gbdialog/start.bas:{place}: ")), "{line}");
        assert!(line.ends_with(&format!("no script of the package is named `{name}`")), "{line}");
    }
    assert_eq!(done.out.matches("Did you mean `find-tea`?").count(), 3, "{}", done.all());
    // By stem, file name or path, in any case; and what is put together at run time is nobody's mistake.
    folder.write(
        "tea.gbai/tea.gbdialog/start.bas",
        "name = \"brew\"\nADD SUGGESTION TOOL \"Find-Tea\" AS \"Find\"\nADD TOOL \"find-tea.bas\"\n\
         CALL \"tea.gbdialog/find-tea.bas\"\nADD TOOL name\nCALL \"x-\" + name\n",
    );
    let done = botserver(&["check", &package], "").expect(0);
    assert!(done.err.contains("no mistakes"), "{}", done.all());
}

#[test]
fn tables_and_their_rows_are_tried_out() {
    let folder = Folder::new();
    folder.write(
        "tea.gbai/tea.gbdialog/tables.bas",
        "TABLE teas\n  id integer key\n  name string(20)\n  name string(30)\nEND TABLE\n",
    );
    let package = folder.text("tea.gbai");
    let done = botserver(&["check", &package], "").expect(1);
    let first = done.out.lines().next().unwrap_or_default();
    assert!(first.starts_with(&format!("{package}/tea.gbdialog/tables.bas:4:")), "{}", done.all());
    assert!(done.out.contains("declared twice"), "{}", done.all());

    folder.write("tea.gbai/tea.gbdialog/tables.bas", "TABLE teas\n  id integer key\n  name string(20)\nEND TABLE\n");
    folder.write("tea.gbai/tea.gbdata/teas.csv", "id,name\n1,Sencha\nmany,Assam\n");
    let done = botserver(&["check", &package], "").expect(1);
    assert!(done.out.starts_with(&format!("{package}/tea.gbdata/teas.csv:3:1: error[T0002]: ")), "{}", done.all());
    folder.write("tea.gbai/tea.gbdata/teas.csv", "id,name\n1,Sencha\n2,Assam\n");
    botserver(&["check", &package], "").expect(0);
}

#[test]
fn findings_come_in_the_order_of_the_files() {
    let folder = Folder::new();
    folder.write("sad.gbai/b.bas", "CALL \"none\"\nTALKK 1\nTALK \"a ${b\"\n");
    folder.write("sad.gbai/a.bas", "TALK \"a ${\"\n");
    let package = folder.text("sad.gbai");
    let places = [("a.bas", 1, "warning"), ("b.bas", 1, "warning"), ("b.bas", 2, "error"), ("b.bas", 3, "warning")];
    let done = botserver(&["check", &package], "").expect(1);
    let found: Vec<&str> = done.out.lines().filter(|line| line.starts_with(&package)).collect();
    assert_eq!(found.len(), places.len(), "{}", done.all());
    for (line, (file, number, severity)) in found.iter().zip(places) {
        assert!(line.starts_with(&format!("{package}/{file}:{number}:")) && line.contains(severity), "{}", done.all());
    }
    let done = botserver(&["check", &package, "-o", "json"], "").expect(1);
    let report: Value = serde_json::from_str(&done.out).expect("JSON");
    for (found, (file, number, severity)) in report["diagnostics"].as_array().expect("a list").iter().zip(places) {
        assert_eq!((&found["path"], &found["line"]), (&format!("{package}/{file}").into(), &number.into()));
        assert_eq!(found["severity"], severity);
    }
}

#[cfg(unix)]
#[test]
fn a_link_is_checked_under_its_own_name() {
    let folder = Folder::new();
    folder.write("real/shop.gbai/start.bas", "TALK 1\n");
    std::os::unix::fs::symlink(folder.path("real/shop.gbai"), folder.path("linked.gbai")).expect("a link");
    for path in ["linked.gbai", "linked.gbai/"] {
        let done = botserver(&["check", &folder.text(path)], "").expect(0);
        assert!(done.err.starts_with("linked: no mistakes"), "{}", done.all());
    }
    folder.write("linked.gbai/start.bas", "TALKK 1\n");
    let done = botserver(&["check", &folder.text("linked.gbai")], "").expect(1);
    assert!(done.out.starts_with(&folder.text("linked.gbai/start.bas:1:1: ")), "{}", done.all());
    std::os::unix::fs::symlink(folder.path("real/shop.gbai"), folder.path("api.gbai")).expect("a link");
    botserver(&["check", &folder.text("api.gbai")], "").expect(1);
}

#[test]
fn a_table_that_two_scripts_declare_is_named_with_both() {
    let folder = Folder::new();
    folder.write("tea.gbai/a.bas", "TABLE t\n  id integer key\nEND TABLE\n");
    folder.write("tea.gbai/b.bas", "TALK 1\nTABLE T\n  id integer key\nEND TABLE\n");
    let package = folder.text("tea.gbai");
    let done = botserver(&["check", &package], "").expect(1);
    let told = ": error[T0001]: the table `T` is declared twice, first at a.bas:1:1\n";
    assert!(done.out.starts_with(&format!("{package}/b.bas:2:1{told}")), "{}", done.all());
}

#[test]
fn what_is_no_package_is_refused() {
    let folder = Folder::new();
    let file = folder.write("note.txt", "x");
    for path in [file, folder.text("missing.gbai"), folder.text("")] {
        let done = botserver(&["check", &path], "").expect(1);
        assert!(done.err.contains("is no package"), "{}", done.all());
    }
    folder.write("api.gbai/start.bas", "TALK 1\n");
    let done = botserver(&["check", &folder.text("api.gbai")], "").expect(1);
    assert!(done.err.contains("the server itself answers at this address"), "{}", done.all());
}

#[test]
fn codes_are_explained() {
    let done = botserver(&["explain", "b0103"], "").expect(0);
    assert!(done.out.starts_with("B0103: "), "{}", done.all());
    let all = botserver(&["explain"], "").expect(0);
    assert!(all.out.lines().any(|line| line.starts_with("B0700  ")), "{}", all.all());
    let keyword = botserver(&["explain", "set_bot", "memory"], "").expect(0);
    assert!(keyword.out.starts_with("SET BOT MEMORY\n\nKeeps a value"), "{}", keyword.out);
    let function = botserver(&["explain", "ubound"], "").expect(0);
    assert!(function.out.starts_with("UBOUND(") && function.out.contains("Example"), "{}", function.out);
    let unknown = botserver(&["explain", "B9999"], "").expect(1);
    assert!(unknown.err.contains("no explanation of `B9999`"), "{}", unknown.all());
}

#[test]
fn the_api_is_described() {
    let done = botserver(&["openapi"], "").expect(0);
    let document: Value = serde_json::from_str(&done.out).expect("JSON");
    assert_eq!(document["openapi"].as_str().map(|version| &version[..3]), Some("3.1"));
    assert!(document["paths"]["/api/v1/conversations/{id}/messages"]["post"].is_object());
    assert_eq!(done.err, "");
}

#[test]
fn wrong_usage_is_two_and_every_command_has_help_with_an_example() {
    for args in [&["chta"][..], &["chat"], &["check"], &["backup"], &["run", "x.bas", "--wrong"], &[]] {
        let done = botserver(args, "").expect(2);
        assert_eq!(done.out, "", "{}", done.all());
        assert!(!done.err.is_empty());
    }
    for command in [
        &["chat"][..],
        &["run"],
        &["repl"],
        &["dap"],
        &["check"],
        &["bot", "new"],
        &["doctor"],
        &["config", "show"],
        &["config", "validate"],
        &["backup", "create"],
        &["backup", "verify"],
        &["backup", "restore"],
        &["openapi"],
        &["explain"],
        &["serve"],
    ] {
        let done = botserver(&[command, &["--help"]].concat(), "").expect(0);
        assert!(done.out.contains("Example"), "{}", done.all());
        assert!(!done.out.contains('\u{1b}'), "no colours into a pipe");
    }
}

/// The book's page of keywords and functions says what the declarations say.
#[test]
fn the_reference_is_up_to_date() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/keywords.md");
    let made = botserver(&["explain", "--reference"], "").expect(0).out;
    let kept = std::fs::read_to_string(page).unwrap_or_default();
    assert!(made.trim_end() == kept.trim_end(), "docs/keywords.md is out of date: run `cargo xtask generate`");
}

/// Editors colour what the declarations say.
#[test]
fn the_grammar_for_editors_is_up_to_date() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../editors/vscode/syntaxes/botserver-basic.tmLanguage.json");
    let made = botserver(&["explain", "--grammar"], "").expect(0).out;
    let kept = std::fs::read_to_string(file).unwrap_or_default();
    assert!(made.trim_end() == kept.trim_end(), "the grammar is out of date: run `cargo xtask generate`");
}

/// Every code has its entry in the book.
#[test]
fn the_page_of_codes_is_up_to_date() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/codes.md");
    let made = botserver(&["explain", "--codes"], "").expect(0).out;
    let kept = std::fs::read_to_string(page).unwrap_or_default();
    assert!(made.trim_end() == kept.trim_end(), "docs/codes.md is out of date: run `cargo xtask generate`");
}

/// A single script is looked at by itself, and no secret of it is shown.
#[test]
fn one_script_is_checked_and_its_secrets_are_not_shown() {
    let folder = Folder::new();
    let script = folder.text("orders.bas");
    folder.write("orders.bas", "apikey = \"sk-abcdefghijklmnop1234\"\nTLAK apikey = \"sk-abcdefghijklmnop1234\"\n");
    let done = botserver(&["check", &script], "").expect(1);
    assert!(done.out.contains("orders.bas:2:1: error[B0103]"), "{}", done.all());
    assert!(!done.all().contains("abcdefghijklm"), "{}", done.all());
    assert!(done.out.contains("\"***********************\""), "{}", done.all());
    let done = botserver(&["check", &script, "-o", "json"], "").expect(1);
    assert!(!done.all().contains("abcdefghijklm"), "{}", done.all());
}

#[test]
fn a_collection_that_is_not_there_is_named_with_the_nearest_one() {
    let folder = Folder::new();
    let package = folder.text("tea.gbai");
    folder.write("tea.gbai/tea.gbkb/policies/returns.md", "# Returns\n");
    folder.write("tea.gbai/tea.gbkb/about.md", "# About\n");
    folder.write(
        "tea.gbai/tea.gbdialog/start.bas",
        "USE KB \"policys\"\nUSE KB \"Policies\"\nUSE KB \"tea\"\nUSE KB \"tea.gbkb\"\nname = \"x\"\nUSE KB name\n\
         rows = FIND \"how long\" IN COLLECTION \"handbook\"\nTALK COUNT(rows)\n",
    );
    let done = botserver(&["check", &package], "").expect(0);
    let found: Vec<&str> = done.out.lines().filter(|line| line.contains(": warning[K0001]: ")).collect();
    assert_eq!(found.len(), 2, "{}", done.all());
    let start = format!("{package}/tea.gbdialog/start.bas");
    assert_eq!(found[0], format!("{start}:1:8: warning[K0001]: the package has no collection `policys`"));
    assert_eq!(found[1], format!("{start}:7:38: warning[K0001]: the package has no collection `handbook`"));
    assert!(done.out.contains("Did you mean `policies`?"), "{}", done.all());
    assert!(done.out.contains("The package has: policies, tea"), "{}", done.all());
    botserver(&["explain", "K0001"], "").expect(0);
}
