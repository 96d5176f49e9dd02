//! `botserver fmt`.

use crate::support::{Folder, botserver, samples};

const UNTIDY: &str = "\u{feff}if x=1 then\r\n' why\r\ntalk   \"a\"\r\nend if\r\n";
const TIDY: &str = "IF x = 1 THEN\n    ' why\n    TALK \"a\"\nEND IF\n";

fn read(path: &str) -> String {
    std::fs::read_to_string(path).expect("a file")
}

#[test]
fn scripts_are_laid_out_and_stay_so() {
    let folder = Folder::new();
    folder.write("tea.gbai/tea.gbdialog/start.bas", UNTIDY);
    folder.write("tea.gbai/tea.gbdialog/deep/fine.bas", TIDY);
    folder.write("tea.gbai/tea.gbot/config.csv", "name,value\r\n");
    let (package, start) = (folder.text("tea.gbai"), folder.text("tea.gbai/tea.gbdialog/start.bas"));
    // --check changes nothing, and says what would change.
    let done = botserver(&["fmt", "--check", &package], "").expect(1);
    assert_eq!(done.out.trim_end(), start, "{}", done.all());
    assert_eq!(read(&start), UNTIDY);
    let done = botserver(&["fmt", &package], "").expect(0);
    assert_eq!(done.out.trim_end(), start, "{}", done.all());
    assert_eq!(read(&start), TIDY);
    assert_eq!(read(&folder.text("tea.gbai/tea.gbot/config.csv")), "name,value\r\n");
    for again in [&["fmt", "--check", &package][..], &["fmt", &start]] {
        let done = botserver(again, "").expect(0);
        assert_eq!(done.out, "", "{}", done.all());
    }
    let names: Vec<_> = std::fs::read_dir(folder.text("tea.gbai/tea.gbdialog")).expect("a folder").collect();
    assert_eq!(names.len(), 2, "nothing is left beside the scripts");
}

#[test]
fn a_script_with_mistakes_stays_as_it_is_and_the_others_do_not() {
    let folder = Folder::new();
    folder.write("a.bas", "if x then\ntalk 1");
    folder.write("b.bas", UNTIDY);
    folder.write("c.bas", "include \"d.bas\"\ngreet \"Ana\"");
    folder.write("d.bas", "sub greet(who)\ntalk who\nend sub");
    let done = botserver(&["fmt", &folder.text(".")], "").expect(1);
    assert!(done.err.contains("a.bas:1:1: error[B0200]"), "{}", done.all());
    assert_eq!(read(&folder.text("a.bas")), "if x then\ntalk 1");
    assert_eq!(read(&folder.text("b.bas")), TIDY);
    assert_eq!(read(&folder.text("c.bas")), "INCLUDE \"d.bas\"\ngreet \"Ana\"\n");
    assert_eq!(read(&folder.text("d.bas")), "SUB greet(who)\n    TALK who\nEND SUB\n");
}

#[test]
fn the_sample_bots_have_the_usual_layout() {
    let done = botserver(&["fmt", "--check", &samples().display().to_string()], "").expect(0);
    assert_eq!(done.out, "", "{}", done.all());
}
