//! What is said about the word under the cursor.

use crate::client::Client;

const TABLES: &str = "TABLE customers\n  id integer key\n  name string(40)\nEND TABLE\n";
const TOOL: &str = "DESCRIPTION \"Finds a product.\"\nPARAM what AS string DESCRIPTION \"What to find\"\nTALK what\n";

fn hover(text: &str) -> String {
    let mut client =
        Client::new(&[("tables.bas", TABLES), ("find-product.bas", TOOL), ("shop.gbkb/policies/a.md", "x")]);
    client.hover("start.bas", text)
}

#[track_caller]
fn says(text: &str, parts: &[&str]) {
    let page = hover(text);
    for part in parts {
        assert!(page.contains(part), "{part:?} is not in {page:?}");
    }
}

#[test]
fn keywords_functions_and_statements_have_a_page() {
    says(
        "rows = FI¦ND \"customers\"\n",
        &[
            "FIND table:word",
            "The rows of a table that fulfil a condition. Gives a value.",
            "FIND \"orders\" WHERE id = 7",
        ],
    );
    says("set bot mem¦ory \"a\", 1\n", &["SET BOT MEMORY key:word , value:expr"]);
    says("Set_Bot_Mem¦ory \"a\", 1\n", &["SET BOT MEMORY"]);
    says("rows = FIND \"customers\" WHE¦RE id = 1\n", &["FIND table:word"]);
    says("x = LE¦FT(\"abc\", 2)\n", &["LEFT(", "gives `ab`"]);
    says("x = \"abc\".le¦ft(2)\n", &["LEFT("]);
    says("FOR EA¦CH x IN y\nNEXT\n", &["FOR EACH item IN list"]);
    says("WHIS¦PER \"x\"\n", &["It needs a microphone, not available in this build."]);
    assert_eq!(hover("' FI¦ND\n"), "");
    assert_eq!(hover("TALK \"FI¦ND\"\n"), "");
    assert_eq!(hover("BEGIN TALK\nFI¦ND me\nEND TALK\n"), "");
}

#[test]
fn names_of_the_script_are_explained() {
    says("total = 5\nTALK tot¦al\n", &["total = 5", "first set in line 1"]);
    says("rows = FIND \"customers\"\nTALK ro¦ws\n", &["Holds rows of `customers`: `id`, `name`"]);
    says("PARAM who AS email DESCRIPTION \"The person\"\nTALK wh¦o\n", &["PARAM who AS email", "The person"]);
    says("' Says hello.\nSUB greet(who)\n  TALK who\nEND SUB\ngre¦et \"Ada\"\n", &["SUB greet(who)", "Says hello."]);
    says("TALK shop¦key\n", &["the setting `param-shopkey` of config.csv, line 3"]);
    says("again:\nGOTO aga¦in\n", &["The label `again`, line 1"]);
    says("name = 1\nTALK \"ä😀 ${na¦me}\"\n", &["first set in line 1"]);
    // A word of the language that the script uses as a name is that name.
    says("left = 1\nTALK lef¦t\n", &["first set in line 1"]);
}

#[test]
fn things_of_the_package_are_explained() {
    says("x = FIND \"cust¦omers\"\n", &["TABLE customers", "name string(40)", "Declared in `tables.bas`"]);
    says("x = FIND \"customers\" WHERE na¦me = 1\n", &["name string(40)", "Column of the table `customers`"]);
    says("x = FIND \"customers\", \"na¦me = 1\"\n", &["Column of the table `customers`"]);
    says("r = FIND ONE \"customers\"\nTALK r.na¦me\n", &["Column of the table `customers`"]);
    says("ADD TOOL \"find-¦product\"\n", &["Finds a product.", "`what` string: What to find"]);
    says("CALL \"find-product.b¦as\", 1\n", &["Finds a product."]);
    says("USE KB \"poli¦cies\"\n", &["The collection `policies`"]);
}

#[test]
fn a_half_typed_statement_in_a_file_with_three_errors_is_explained() {
    let errors = "TALKK \"typo\"\ny = (1 + \nrows = FIND \"customers\"\nEND FI\n";
    says(&format!("{errors}more = FI¦ND \"cust"), &["FIND table:word"]);
    says(&format!("{errors}FIND \"customers\" WHERE na¦me = "), &["Column of the table `customers`"]);
    says(&format!("{errors}TALK LEFT(ro¦ws, \n"), &["Holds rows of `customers`"]);
    says(&format!("{errors}TALK rows.na¦me + (\n"), &["Column of the table `customers`"]);
    says(&format!("{errors}SAVE \"cust¦omers\", \n"), &["TABLE customers"]);
    says(&format!("{errors}IF le¦n(rows) \n"), &["LEN("]);
}
