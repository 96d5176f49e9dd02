//! The statements of the language itself, which no keyword declares: how they are written, and what they do.

/// One statement.
#[derive(Debug)]
pub(crate) struct CoreWord {
    /// The words it begins with.
    pub(crate) phrase: &'static str,
    /// How it is written.
    pub(crate) syntax: &'static str,
    pub(crate) doc: &'static str,
}

macro_rules! words {
    ($($phrase:literal, $syntax:literal, $doc:literal;)*) => {
        &[$(CoreWord { phrase: $phrase, syntax: $syntax, doc: $doc }),*]
    };
}

/// Those that the parser reads and no service of this build acts on.
pub(crate) const NOT_BUILT: &[&str] =
    &["WEBHOOK", "SET SCHEDULE", "BEGIN MAIL", "ON INSERT OF", "ON UPDATE OF", "ON DELETE OF", "END ON"];

/// The statements.
pub(crate) const CORE: &[CoreWord] = words![
    "IF", "IF condition THEN\n  …\nELSE IF other THEN\n  …\nELSE\n  …\nEND IF",
        "Runs what stands under the first condition that is true. `IF x THEN TALK 1` on one line needs no END IF.";
    "ELSE", "IF condition THEN\n  …\nELSE\n  …\nEND IF",
        "What runs when no condition before it is true.";
    "ELSE IF", "IF condition THEN\n  …\nELSE IF other THEN\n  …\nEND IF",
        "Another condition, asked when those before it are not true.";
    "ELSEIF", "IF condition THEN\n  …\nELSEIF other THEN\n  …\nEND IF",
        "Another condition, asked when those before it are not true.";
    "END IF", "IF condition THEN\n  …\nEND IF",
        "Ends an IF.";
    "FOR", "FOR i = 1 TO 10 STEP 2\n  …\nNEXT",
        "Counts: both ends are included, and STEP may be left out.";
    "FOR EACH", "FOR EACH item IN list\n  …\nNEXT",
        "Runs once for each element of a list, row of a recordset or field of an object.";
    "NEXT", "FOR i = 1 TO 10\n  …\nNEXT",
        "Ends a FOR.";
    "WHILE", "WHILE condition\n  …\nWEND",
        "Runs as long as the condition is true; it is asked before each round.";
    "WEND", "WHILE condition\n  …\nWEND",
        "Ends a WHILE.";
    "DO", "DO\n  …\nLOOP UNTIL condition",
        "Runs again and again; `WHILE` or `UNTIL` may stand behind DO or behind LOOP.";
    "LOOP", "DO\n  …\nLOOP WHILE condition",
        "Ends a DO.";
    "EXIT FOR", "EXIT FOR",
        "Leaves the innermost FOR.";
    "EXIT WHILE", "EXIT WHILE",
        "Leaves the innermost WHILE.";
    "EXIT DO", "EXIT DO",
        "Leaves the innermost DO.";
    "EXIT SUB", "EXIT SUB",
        "Leaves the SUB.";
    "EXIT FUNCTION", "EXIT FUNCTION",
        "Leaves the FUNCTION.";
    "EXIT", "EXIT",
        "Ends the script.";
    "CONTINUE", "CONTINUE",
        "Goes on with the next round of the loop.";
    "END", "END",
        "Ends the script.";
    "SELECT CASE", "SELECT CASE value\n  CASE 1, 2\n    …\n  CASE 3 TO 9\n    …\n  CASE IS > 9\n    …\n  CASE ELSE\n    …\nEND SELECT",
        "Runs the first case that fits.";
    "SWITCH", "SWITCH value\n  CASE \"a\"\n    …\n  DEFAULT\n    …\nEND SWITCH",
        "Runs the first case that fits.";
    "CASE", "CASE value, low TO high, IS > value",
        "One case of a SELECT CASE; several values stand with commas between them.";
    "CASE ELSE", "CASE ELSE\n  …",
        "What runs when no case fits.";
    "END SELECT", "SELECT CASE value\n  …\nEND SELECT",
        "Ends a SELECT CASE.";
    "SUB", "SUB name(a, b)\n  …\nEND SUB",
        "Statements with a name. What only the SUB assigns is its own; other variables are the script's.";
    "END SUB", "SUB name(a, b)\n  …\nEND SUB",
        "Ends a SUB.";
    "FUNCTION", "FUNCTION name(a, b)\n  RETURN a + b\nEND FUNCTION",
        "Statements with a name that give a value back.";
    "END FUNCTION", "FUNCTION name(a)\n  …\nEND FUNCTION",
        "Ends a FUNCTION.";
    "RETURN", "RETURN value",
        "Leaves a SUB or FUNCTION, or ends the script; with a value, that is the result.";
    "CALL", "CALL name(a, b)\nCALL \"other-script\", a",
        "Runs a SUB of this script, or another script of the package, and goes on when it has ended.";
    "RUN", "RUN \"other-script\"",
        "Runs another script of the package.";
    "INCLUDE", "INCLUDE \"file.bas\"",
        "Brings the SUBs and FUNCTIONs of another script of the package.";
    "GOTO", "GOTO label",
        "Goes on at the line `label:`.";
    "GOSUB", "GOSUB label",
        "Runs from the line `label:` to the next RETURN, and goes on here.";
    "ON ERROR RESUME NEXT", "ON ERROR RESUME NEXT",
        "From here on an error does not stop the script: it is kept in `ERROR`, and the next statement runs.";
    "ON ERROR GOTO", "ON ERROR GOTO label\nON ERROR GOTO 0",
        "From here on an error goes to the label; with 0 errors stop the script again.";
    "RESUME", "RESUME\nRESUME NEXT\nRESUME label",
        "Ends an error handler: at the statement that failed, at the one after it, or at a label.";
    "TRY", "TRY\n  …\nCATCH e\n  TALK e.message\nFINALLY\n  …\nEND TRY",
        "Runs statements; an error in them is caught.";
    "CATCH", "TRY\n  …\nCATCH e\n  TALK e.message\nEND TRY",
        "What runs after an error; the name holds `message`, `code` and where it was.";
    "FINALLY", "TRY\n  …\nFINALLY\n  …\nEND TRY",
        "What runs in any case.";
    "END TRY", "TRY\n  …\nEND TRY",
        "Ends a TRY.";
    "THROW", "THROW \"message\"",
        "Makes an error.";
    "RAISE", "RAISE \"message\"",
        "Makes an error.";
    "ASSERT", "ASSERT condition, \"message\"",
        "Makes an error when the condition is not true.";
    "CLEAR ERROR", "CLEAR ERROR",
        "Forgets the error that was kept.";
    "HEAR", "HEAR answer\nHEAR answer AS EMAIL WITH \"Your e-mail?\"\nHEAR answer AS \"Yes\", \"No\"",
        "Waits for the person's answer. With a type the answer is checked and asked for again; with a list it is a menu.";
    "WITH", "WITH person\n  name = \"Ada\"\n  age = 36\nEND WITH",
        "Fills an object, a field a line.";
    "END WITH", "WITH person\n  …\nEND WITH",
        "Ends a WITH.";
    "BEGIN TALK", "BEGIN TALK\nHello, ${name}.\nEND TALK",
        "Says several lines as they stand; `${…}` puts a value in.";
    "BEGIN SYSTEM PROMPT", "BEGIN SYSTEM PROMPT\nYou are …\nEND SYSTEM PROMPT",
        "What the model is told about its task, as it stands.";
    "BEGIN MAIL", "BEGIN MAIL address\nSubject: …\n\n…\nEND MAIL",
        "A mail as it stands.";
    "PARAM", "PARAM name AS string LIKE \"Ada\" DESCRIPTION \"Who it is\"",
        "A value that whoever calls the script gives: a model, a button, another script. OPTIONAL and DEFAULT may follow.";
    "DESCRIPTION", "DESCRIPTION \"What this tool is for\"",
        "Tells a model what the script is for; a script with it can be offered as a tool.";
    "TABLE", "TABLE customers\n  id integer key\n  name string(80)\nEND TABLE",
        "Declares a table of the bot with its columns.";
    "END TABLE", "TABLE customers\n  …\nEND TABLE",
        "Ends a TABLE.";
    "CREATE INDEX", "CREATE INDEX name ON table(column)",
        "Makes looking for a column of a table fast.";
    "SET SCHEDULE", "SET SCHEDULE \"0 9 * * 1-5\"",
        "Runs the script at these times: a cron line, or words such as \"every day at 9\".";
    "WEBHOOK", "WEBHOOK \"name\"",
        "Runs the script when something is sent to its address.";
    "ALLOW ROLE", "ALLOW ROLE \"staff\"",
        "Only people with this role may run the script.";
    "ON INSERT OF", "ON INSERT OF \"table\"\n  …\nEND ON",
        "Runs when a row has been added; `new` is the row.";
    "ON UPDATE OF", "ON UPDATE OF \"table\"\n  …\nEND ON",
        "Runs when a row has changed; `old` and `new` are the row before and after.";
    "ON DELETE OF", "ON DELETE OF \"table\"\n  …\nEND ON",
        "Runs when a row has been removed; `old` is the row.";
    "END ON", "ON INSERT OF \"table\"\n  …\nEND ON",
        "Ends an event block.";
    "DIM", "DIM list(10), name",
        "Declares variables; with a number, a list up to that index.";
    "REDIM", "REDIM list(20)",
        "Changes the size of a list and keeps what fits.";
    "CONST", "CONST name = 5",
        "A name that keeps its value.";
    "LET", "LET name = value",
        "Gives a variable a value; LET may be left out.";
];

/// How a statement of the language itself is written and what it does; `None` for a word that begins none.
pub fn statement(phrase: &str) -> Option<(&'static str, &'static str)> {
    let found = CORE.iter().find(|own| own.phrase.eq_ignore_ascii_case(phrase.trim()))?;
    Some((found.syntax, found.doc))
}

/// The words that statements begin with.
pub fn statements() -> impl Iterator<Item = &'static str> {
    CORE.iter().map(|own| own.phrase)
}
