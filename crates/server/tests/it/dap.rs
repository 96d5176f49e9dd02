//! `botserver dap` as an editor uses it with a script that it starts.

use serde_json::{Value as Json, json};

use crate::{live::Editor, support::Folder};

const SCRIPT: &str = "a = 2\n\
                      b = Area(a)\n\
                      TALK \"b is ${b}\"\n\
                      list = [1, { name: \"x\", deep: [[1]] }]\n\
                      FOR i = 1 TO 3\n\
                      \x20 b = b + i\n\
                      NEXT\n\
                      HEAR who AS NAME WITH \"Who?\"\n\
                      TALK \"Hello ${who}, ${b}\"\n\
                      RETURN b\n\
                      \n\
                      FUNCTION Area(x)\n\
                      \x20 y = x * x\n\
                      \x20 RETURN y\n\
                      END FUNCTION\n";

struct Started {
    editor: Editor,
    path: String,
    _folder: Folder,
}

/// An editor that has launched a script; it does not run yet.
fn launch(script: &str, arguments: Json) -> Started {
    let folder = Folder::new();
    let path = folder.write("debug.bas", script);
    let mut editor = Editor::start();
    let mut all = json!({"program": path});
    for (name, value) in arguments.as_object().expect("fields") {
        all[name] = value.clone();
    }
    editor.ask("launch", all);
    editor.event("initialized");
    Started { editor, path, _folder: folder }
}

#[test]
fn breakpoints_steps_variables_and_the_answer_to_a_hear() {
    let Started { mut editor, path, _folder } = launch(SCRIPT, json!({}));
    let set = editor.breakpoints(&path, json!([{"line": 2}, {"line": 11}, {"line": 90}]));
    assert_eq!((&set[0]["verified"], &set[0]["line"]), (&json!(true), &json!(2)));
    // Moved to the next statement; behind the last one there is none.
    assert_eq!((&set[1]["verified"], &set[1]["line"]), (&json!(true), &json!(13)));
    assert_eq!(set[2]["verified"], false);
    editor.breakpoints(&path, json!([{"line": 2}]));
    editor.ask("setExceptionBreakpoints", json!({"filters": ["uncaught"]}));
    editor.ask("configurationDone", json!({}));
    let (reason, thread, frames) = editor.stopped();
    assert_eq!((&*reason, &frames), ("breakpoint", &vec!["debug:2".to_owned()]));
    let threads = editor.ask("threads", json!({}));
    assert_eq!(threads["threads"][0]["id"], thread);
    editor.go("stepIn", thread);
    assert_eq!(editor.stopped().2, ["Area:13", "debug:2"]);
    editor.go("next", thread);
    assert_eq!(editor.stopped().2, ["Area:14", "debug:2"]);
    assert_eq!(editor.lines(thread, "Locals"), ["x = 2", "y = 4"]);
    assert!(editor.lines(thread, "Globals").contains(&"a = 2".to_owned()));
    let source = editor.frames(thread)[0]["source"]["path"].as_str().expect("a path").to_owned();
    assert!(source.ends_with("debug.bas"), "{source}");
    editor.go("stepOut", thread);
    assert_eq!(editor.stopped().2, ["debug:3"]);
    editor.go("next", thread);
    assert_eq!(editor.event("output")["output"], "b is 4\n");
    assert_eq!(editor.stopped().2, ["debug:4"]);
    editor.go("next", thread);
    editor.stopped();
    // Inside a value, a page at a time.
    let locals = editor.variables(thread, "Locals");
    let list = locals.iter().find(|own| own["name"] == "list").expect("the list");
    assert_eq!((&list["indexedVariables"], &list["evaluateName"]), (&json!(2), &json!("list")));
    let page = editor.inside(&list["variablesReference"], &json!({"filter": "indexed", "start": 1, "count": 1}));
    assert_eq!((&page[0]["name"], &page[0]["evaluateName"]), (&json!("1"), &json!("list[1]")));
    let fields = editor.inside(&page[0]["variablesReference"], &json!({}));
    assert_eq!((&fields[0]["value"], &fields[1]["evaluateName"]), (&json!("\"x\""), &json!("list[1].deep")));
    // Changes are the script's.
    let changed = json!({"variablesReference": page[0]["variablesReference"], "name": "name", "value": "\"y\" + b"});
    assert_eq!(editor.ask("setVariable", changed)["value"], "\"y4\"");
    assert_eq!(editor.evaluate(thread, "list[1].name"), Ok("\"y4\"".to_owned()));
    assert_eq!(editor.evaluate(thread, "Area(5) + 1"), Ok("26".to_owned()));
    assert!(editor.evaluate(thread, "nothing(").is_err());
    assert!(editor.evaluate(thread, "1 / 0").unwrap_err().contains("zero"));
    assert_eq!(editor.evaluate(thread, "b = 100"), Ok("null".to_owned()));
    let scope = editor.variables(thread, "Conversation");
    assert!(scope.iter().any(|own| own["name"] == "(bot)"), "{scope:?}");
    editor.breakpoints(&path, json!([]));
    editor.go("continue", thread);
    assert_eq!(editor.event("output")["output"], "Who?\n");
    editor.output("The script waits");
    editor.ask("evaluate", json!({"expression": "Ada", "context": "repl"}));
    editor.output("Hello Ada, 106");
    assert_eq!(editor.event("exited")["exitCode"], 0);
    editor.event("terminated");
    editor.leave();
}

#[test]
fn conditions_counts_and_texts_to_log() {
    let script = "FOR i = 1 TO 9\n  x = i * 2\n  y = x\nNEXT\nTALK \"end\"\n";
    let Started { mut editor, path, _folder } = launch(script, json!({}));
    let set = editor.breakpoints(
        &path,
        json!([{"line": 2, "condition": "i > 2", "hitCondition": "% 3"}, {"line": 3, "logMessage": "x is {x}, {nobody(}"},
               {"line": 5, "hitCondition": "sometimes"}]),
    );
    assert_eq!(set.iter().map(|own| own["verified"] == true).collect::<Vec<_>>(), [true, true, false]);
    assert!(set[2]["message"].as_str().expect("why").contains("`sometimes`"));
    editor.ask("configurationDone", json!({}));
    let mut seen = Vec::new();
    for _ in 0..2 {
        let (reason, thread, frames) = editor.stopped();
        assert_eq!((&*reason, &*frames[0]), ("breakpoint", "debug:2"));
        seen.push(editor.evaluate(thread, "i").expect("a value"));
        editor.go("continue", thread);
    }
    assert_eq!(seen, ["5", "8"]);
    // What is logged and what is said come by two ways.
    let mut texts = Vec::new();
    while texts.len() < 3 {
        texts.push(editor.event("output")["output"].as_str().expect("text").to_owned());
    }
    texts.sort();
    assert_eq!(texts[0], "end\n");
    assert!(texts[1].starts_with("x is 16, (") && texts[2].starts_with("x is 18, ("), "{texts:?}");
    editor.event("terminated");
    editor.leave();
}

#[test]
fn errors_that_end_the_script_and_errors_that_it_traps() {
    let script =
        "TRY\n  x = Fail(0)\nCATCH e\n  y = 1\nEND TRY\nz = Fail(0)\nFUNCTION Fail(n)\n  RETURN 1 / n\nEND FUNCTION\n";
    for (filters, stops) in [(json!(["caught", "uncaught"]), 2), (json!(["uncaught"]), 1), (json!([]), 0)] {
        let Started { mut editor, _folder, .. } = launch(script, json!({}));
        editor.ask("setExceptionBreakpoints", json!({"filters": filters}));
        editor.ask("configurationDone", json!({}));
        for stop in 0..stops {
            let (reason, thread, frames) = editor.stopped();
            let line = if stop + 1 == stops { "debug:6" } else { "debug:2" };
            assert_eq!((&*reason, &*frames), ("exception", &["Fail:8".to_owned(), line.to_owned()][..]));
            assert_eq!(editor.evaluate(thread, "n"), Ok("0".to_owned()));
            editor.go("continue", thread);
        }
        let told = editor.output("");
        assert_eq!(told["category"], "stderr");
        assert!(told["output"].as_str().expect("text").contains("debug.bas:8:"), "{told}");
        assert_eq!(editor.event("exited")["exitCode"], 1);
        editor.leave();
    }
}

#[test]
fn a_stop_on_entry_a_pause_and_an_end_by_the_editor() {
    let Started { mut editor, _folder, .. } = launch(
        "PARAM n AS integer\nx = n\nDO\n  x = x + 1\n  WAIT 0.01\nLOOP\n",
        json!({"stopOnEntry": true, "params": {"n": 4}}),
    );
    editor.ask("configurationDone", json!({}));
    let (reason, thread, frames) = editor.stopped();
    assert_eq!((&*reason, &*frames), ("entry", &["debug:2".to_owned()][..]));
    assert_eq!(editor.evaluate(thread, "n"), Ok("4".to_owned()));
    editor.go("continue", thread);
    assert_eq!(
        editor.try_ask("stackTrace", json!({"threadId": thread})),
        Err("the script is running; pause it first".to_owned())
    );
    editor.ask("pause", json!({"threadId": thread}));
    assert_eq!(editor.stopped().0, "pause");
    editor.go("continue", thread);
    editor.ask("terminate", json!({}));
    editor.event("terminated");
    editor.leave();
}

#[test]
fn a_package_starts_with_its_first_dialog_and_mistakes_are_told() {
    let folder = Folder::new();
    let start = folder.write("hello.gbai/hello.gbdialog/start.bas", "TALK \"Hi\"\nCALL \"other\"\n");
    let other = folder.write("hello.gbai/hello.gbdialog/other.bas", "x = city\nTALK x\n");
    folder.write("hello.gbai/hello.gbot/config.csv", "name,value\nparam-city,Rome\n");
    let mut editor = Editor::start();
    editor.ask("launch", json!({"program": folder.text("hello.gbai")}));
    editor.event("initialized");
    assert_eq!(editor.breakpoints(&start, json!([{"line": 2}]))[0]["verified"], true);
    assert_eq!(editor.breakpoints(&other, json!([{"line": 2}]))[0]["verified"], true);
    editor.ask("configurationDone", json!({}));
    editor.output("Hi");
    let (_, thread, frames) = editor.stopped();
    assert_eq!(frames, ["start:2"]);
    editor.go("continue", thread);
    assert_eq!(editor.stopped().2, ["other:2", "start:2"]);
    assert!(editor.lines(thread, "Globals").contains(&"city = \"Rome\"".to_owned()));
    editor.leave();

    let broken = folder.write("broken.bas", "IF x THEN\n");
    let mut editor = Editor::start();
    let wrong = editor.try_ask("launch", json!({"program": broken})).unwrap_err();
    assert!(wrong.contains("broken.bas:1:1: error[B0200]"), "{wrong}");
    assert!(editor.try_ask("launch", json!({"program": folder.text("none.bas")})).is_err());
    assert!(editor.try_ask("launch", json!({})).unwrap_err().contains("`program` is missing"));
    assert!(editor.try_ask("threads", json!({})).unwrap_err().contains("nothing is being debugged"));
    assert!(editor.try_ask("dance", json!({})).unwrap_err().contains("`dance`"));
    editor.leave();
}
