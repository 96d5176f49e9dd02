//! `botserver chat` through pipes, with and without a server, and `bot new`.

use std::{path::Path, process::Command};

use crate::support::{Done, Folder, Server, botserver, finish, program};

const TICKET: &str = "something is broken\nAda Lovelace\nnot an address\nada@example.org\nPrinter\ntoday\n3\nIt hums\n";

#[track_caller]
fn assert_ticket(out: &str) {
    let mut rest = out;
    for expected in [
        "Hello, this is the helpdesk.",
        "> Something is broken\n> How is my ticket doing?\n",
        "Let us start with your name, please.\n",
        "Where can we write to you?",
        "What is it about?\n",
        "> Computer\n> Network\n> Printer\n",
        "How many people cannot work",
        "Your ticket is **HD-",
        "- Priority: normal",
    ] {
        let at = rest.find(expected).unwrap_or_else(|| panic!("`{expected}` is missing, or too early, in:\n{out}"));
        rest = &rest[at + expected.len()..];
    }
}

#[test]
fn a_dialog_through_pipes_opens_the_data_directory_when_no_server_runs() {
    let folder = Folder::new();
    let data = folder.text("data");
    let done = botserver(&["chat", "helpdesk", "--data", &data], TICKET).expect(0);
    assert_ticket(&done.out);
    assert_eq!(done.err, "");
    // The directory is free again, and what was said is still there for the next one.
    botserver(&["chat", "helpdesk", "--data", &data], "").expect(0);
    assert!(folder.path("data/bots/helpdesk.gbai").is_dir());
}

#[test]
fn a_dialog_through_pipes_goes_through_the_server_that_runs() {
    let folder = Folder::new();
    let server = Server::start(&folder.path("data"));
    let done = botserver(&["chat", "helpdesk", "--data", &folder.text("data")], TICKET).expect(0);
    assert_ticket(&done.out);
    assert_eq!(done.err, "");
    let unknown = botserver(&["chat", "nobody", "--data", &folder.text("data")], "").expect(1);
    assert!(unknown.err.contains("there is no bot `nobody`"), "{}", unknown.all());
    let (status, log) = server.terminate();
    assert!(status.success(), "{log}");
}

#[test]
fn both_ways_say_the_same() {
    let folder = Folder::new();
    let say = "Let me ask you something\nAda\nTea\n";
    let alone = botserver(&["chat", "default", "--data", &folder.text("alone")], say).expect(0);
    let server = Server::start(&folder.path("served"));
    let served = botserver(&["chat", "default", "--data", &folder.text("served")], say).expect(0);
    assert!(alone.out.contains("A pot of tea it is."), "{}", alone.all());
    // The greeting depends on the hour.
    let after_greeting = |out: &str| out.split_once("and welcome!").map(|(_, rest)| rest.to_owned());
    assert_eq!(after_greeting(&alone.out), after_greeting(&served.out));
    drop(server);
}

#[test]
fn a_bot_that_does_not_exist_is_told_with_those_that_do() {
    let folder = Folder::new();
    let done = botserver(&["chat", "shoop", "--data", &folder.text("data")], "").expect(1);
    assert!(done.err.contains("there is no bot `shoop`"), "{}", done.all());
    assert!(done.err.contains("default, helpdesk, shop"), "{}", done.all());
    let odd = botserver(&["chat", "a/../b", "--data", &folder.text("data")], "").expect(1);
    assert!(odd.err.contains("there is no bot"), "{}", odd.all());
}

#[test]
fn a_script_that_fails_is_told_and_the_status_says_so() {
    let folder = Folder::new();
    folder.write("bots/sad.gbai/start.bas", "TALK \"Before\"\nx = 1 / 0\nTALK \"After\"\n");
    let bots = folder.text("bots");
    let done = botserver(&["chat", "sad", "--bots", &bots, "--data", &folder.text("data")], "").expect(1);
    assert_eq!(done.out, "Before\n", "{}", done.all());
    assert!(done.err.contains("start.bas:2: division by zero"), "{}", done.all());
}

#[test]
fn a_short_wait_belongs_to_the_answer() {
    let folder = Folder::new();
    let script = "HEAR x WITH \"?\"\nTALK \"One\"\nWAIT 1\nTALK \"Two\"\nHEAR y WITH \"Next?\"\nTALK \"Got \" + y\n";
    folder.write("bots/slow.gbai/start.bas", script);
    let bots = folder.text("bots");
    let done = botserver(&["chat", "slow", "--bots", &bots, "--data", &folder.text("data")], "a\nb\n").expect(0);
    assert_eq!(done.out, "?\nOne\nTwo\nNext?\nGot b\n", "{}", done.all());
}

#[test]
fn the_next_steps_can_be_typed_as_they_stand() {
    let folder = Folder::new();
    let (data, bots) = (folder.text("my data"), folder.text("my bots"));
    let steps = |made: &Done, name: &str| {
        let find = |label: &str| made.err.lines().find_map(|line| line.strip_prefix(label)).map(str::trim);
        for command in [find("Look for mistakes:"), find("Talk with it:")] {
            let mut shell = Command::new("/bin/sh");
            let program = program();
            let bin = Path::new(program.get_program()).parent().expect("a folder");
            shell
                .args(["-c", command.unwrap_or_else(|| panic!("{}", made.all()))])
                .env("PATH", bin)
                .current_dir(folder.path(""));
            let done = finish(shell, "Order a coffee\n").expect(0);
            assert!(command.is_none_or(|own| own.contains(name)), "{}", done.all());
        }
    };
    steps(&botserver(&["bot", "new", "one", "--data", &data], "").expect(0), "one");
    steps(&botserver(&["bot", "new", "two", "--data", &data, "--bots", &bots], "").expect(0), "two");
    assert!(!folder.path("data").exists(), "nothing was looked for elsewhere");
}

#[test]
fn a_new_bot_has_no_mistakes_and_answers() {
    let folder = Folder::new();
    let (data, package) = (folder.text("data"), folder.path("data/bots/hello.gbai"));
    let made = botserver(&["bot", "new", "Hello", "--data", &data], "").expect(0);
    assert_eq!(made.out.trim(), package.display().to_string());
    let checked = botserver(&["check", made.out.trim()], "").expect(0);
    assert_eq!(checked.out, "", "{}", checked.all());
    let talked = botserver(&["chat", "hello", "--data", &data], "Order a coffee\nlarge\ntwo\n2\n").expect(0);
    assert!(talked.out.contains("One large coffee with 2 sugar, right away."), "{}", talked.all());
    // The samples came too: it is the folder of a first start.
    assert!(folder.path("data/bots/default.gbai").is_dir());

    let again = botserver(&["bot", "new", "hello", "--data", &data], "").expect(1);
    assert!(again.err.contains("exists already"), "{}", again.all());
    let reserved = botserver(&["bot", "new", "api", "--bots", &folder.text("other")], "").expect(1);
    assert!(reserved.err.contains("the server itself answers at this address"), "{}", reserved.all());
    let odd = botserver(&["bot", "new", "../evil", "--bots", &folder.text("other")], "").expect(1);
    assert!(odd.err.contains("cannot be a bot's name"), "{}", odd.all());
    assert!(!folder.path("evil.gbai").exists());
}
