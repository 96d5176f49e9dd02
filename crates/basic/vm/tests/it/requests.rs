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
