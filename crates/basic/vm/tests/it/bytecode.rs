//! What scripts become. A change here is a change of speed or meaning: look at it before accepting.

use crate::host::image;

macro_rules! bytecode {
    ($($name:ident: $source:expr;)*) => {
        $(#[test]
        fn $name() {
            insta::with_settings!({ description => $source, omit_expression => true }, {
                insta::assert_snapshot!(image(&[("test.bas", $source)]).disassemble());
            });
        })*
    };
}

bytecode! {
    arithmetic: "x = 1 + 2 * 3\ny = x * (x - 1) / 2 + 70000\nz = -y MOD 7";
    append: "s = \"\"\ns = s + \"a\"\ns = s + s2 + 1\nn = n + 1";
    conditions: "IF a < 3 AND NOT (b = c OR d > e) THEN x = 1 ELSE x = a = b";
    counting_loop: "FOR i = 1 TO 10\nIF i = 5 THEN CONTINUE\nx = x + i\nNEXT";
    each_loop: "FOR EACH item IN items\nitem.done = true\nIF item.last THEN EXIT FOR\nNEXT";
    while_loop: "WHILE i < n\ni = i + 1\nWEND\nDO\ni = i - 1\nLOOP UNTIL i = 0";
    lvalues: "a.b[i].c = 1\nl[0] = l[1] + o?.x?.y\nSUB s\na.b = 2\nEND SUB";
    procedures: "total = 0\nFUNCTION fib(n)\nIF n < 2 THEN RETURN n\ntotal = total + 1\nRETURN fib(n - 1) + fib(n - 2)\nEND FUNCTION\nTALK fib(20)";
    select_case: "SELECT CASE x\nCASE 1, \"a\"\ny = 1\nCASE 2 TO 5\ny = 2\nCASE IS > 9\ny = 3\nCASE ELSE\ny = 4\nEND SELECT";
    try_finally: "FOR i = 1 TO 3\nTRY\nIF i = 2 THEN EXIT FOR\nx = GET \"u\"\nCATCH e\nTALK e.message\nFINALLY\nTALK i\nEND TRY\nNEXT";
    data_keywords: "min = 3\nr = FIND \"t\" WHERE total > min AND name LIKE \"A%\" ORDER BY total DESC\nTALK \"found ${LEN(r)}: ${r.name}\"";
    hear: "HEAR x AS \"Yes\", \"No\"\nHEAR age AS INTEGER WITH \"How old, ${x}?\" DEFAULT 18";
    errors: "ON ERROR GOTO bad\nASSERT x, \"no x\"\nRETURN x\nbad:\nRESUME NEXT";
}
