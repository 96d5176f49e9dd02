//! What keywords receive: conditions with columns kept and variables put in.

use crate::host::requests;

#[test]
fn conditions_keep_columns_and_hold_values() {
    let found = requests(
        "email = \"a@b\"\nmin = 3\nr = FIND \"t\" WHERE email = email AND total > min + 1 AND name IN (\"x\", email) ORDER BY total DESC LIMIT min\n\
         n = UPDATE \"t\" SET count = count + 1, note = \"n${min}\" WHERE id = r.id",
    );
    insta::assert_json_snapshot!(found);
}

#[test]
fn columns_of_a_select() {
    let found = requests("rows = [{ a: 1 }]\nx = SELECT a, SUM(b) AS total FROM rows WHERE a > 1");
    insta::assert_json_snapshot!(found);
}

#[test]
fn what_is_saved_learns_its_key() {
    crate::all(&[
        ("o = { a: 1 }\nSAVE \"t\", o\nTALK o", "{\"a\":1,\"Id\":7}"),
        ("o = { id: NULL }\nSAVE o TO t\nTALK o", "{\"id\":7}"),
        ("o = { id: 3 }\np = o\nSAVE \"t\", o\nTALK p", "{\"id\":3}"),
        ("o = {}\np = o\nr = SAVE \"t\", o\nTALK p.id + r.id", "14"),
        ("o = {}\nid = 5\nSAVE \"t\", id, o\nTALK o", "{\"Id\":7}"),
        // Columns, a list and the result itself learn nothing.
        ("o = {}\na = 1\nSAVE \"t\", a, a, o\nTALK o", "{}"),
        ("l = [{}]\nSAVE \"t\", l\nTALK l", "[{}]"),
        ("o = {}\no = SAVE \"t\", o\nTALK o", "{\"key\":\"Id\",\"id\":7}"),
    ]);
}
