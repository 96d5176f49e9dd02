//! The stable codes of diagnostics: one row each with a title and an explanation for the reference.
//! Rows are never renumbered; a code that is no longer used keeps its row.

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct CodeInfo {
    /// `B0103`
    pub code: &'static str,
    /// One line.
    pub title: &'static str,
    /// What it means and what to do.
    pub explanation: &'static str,
}

macro_rules! codes {
    ($($name:ident = $code:literal, $title:literal, $explanation:literal;)*) => {
        /// A diagnostic's code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Code { $($name,)* }

        impl Code {
            /// The stable text.
            pub(crate) const fn id(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }

        /// Every code, in order.
        pub const CODES: &[CodeInfo] = &[
            $(CodeInfo { code: $code, title: $title, explanation: $explanation },)*
        ];
    };
}

codes! {
    UnclosedText = "B0001", "A text is not closed",
        "A text starts with `\"` and ends with the next `\"`. It may span lines, but the closing quote must come. \
         Write `\\\"` or `\"\"` for a quote inside.";
    UnknownCharacter = "B0002", "A character that BASIC does not know",
        "Outside of texts and comments only letters, digits, quotes and the operators of the language may stand. \
         Dashes, multiplication signs and the like from a word processor are a common cause. Curly quotes are quotes.";
    UnclosedBracket = "B0003", "A bracket is not closed",
        "Every `(`, `[` and `{` needs its partner. The place shown is the bracket that stays open.";
    UnclosedTextBlock = "B0004", "A text block is not closed",
        "`BEGIN TALK`, `BEGIN SYSTEM PROMPT` and `BEGIN MAIL` take every line as text until `END TALK` and so on.";
    TooDeep = "B0005", "Nested too deeply",
        "Blocks, brackets and long chains of operators have a limit, so that no script can exhaust the server. \
         Split the expression over several variables, or move inner blocks into a SUB.";
    TooManyErrors = "B0006", "Too many errors",
        "The rest of the file was not checked. Correct the first errors and check again.";
    BadNumber = "B0007", "A number that cannot be read",
        "Numbers look like `42`, `3.14`, `1e3` or `0x3C`.";
    UnclosedValue = "B0008", "A `${` that is not closed",
        "`${name}` in a text puts a value there. Without its `}` on the same line it is no more than these characters, and \
         people read them. Write the `}`; where the characters are meant, write `\\${`.";

    ForeignComment = "B0009", "A comment of another language",
        "A comment begins with `'` and ends with its line. At the beginning of a line `REM`, `//` and `#` begin one too.";

    Prose = "B0010", "A text that was saved as a script",
        "Hardly a line of the file could be read as BASIC. Files that end with `.bas` are scripts; instructions for the model \
         belong into `PROMPT.md`, or between BEGIN SYSTEM PROMPT and END SYSTEM PROMPT of a script.";

    ExpectedExpression = "B0100", "A value is missing",
        "Here a value was expected: a text, a number, a variable, or something in brackets.";
    ExpectedToken = "B0101", "Something is missing",
        "The statement is known but its next part is not what the language expects at this place.";
    UnexpectedToken = "B0102", "Something is left over",
        "The statement was complete, but the line goes on. Two statements cannot stand on one line.";
    UnknownStatement = "B0103", "An unknown word begins a statement",
        "A statement begins with a keyword, or with a variable followed by `=`. Check the spelling; \
         `CALL name` runs another dialog.";
    UnknownFunction = "B0104", "An unknown function",
        "The name before `(` is neither a function of the language, nor a SUB or FUNCTION of this script, nor an array.";
    WrongArgumentCount = "B0105", "Too few or too many arguments",
        "The function takes another number of arguments.";
    NoValue = "B0106", "The keyword gives no value",
        "This keyword does something but gives nothing back, so it cannot stand where a value is needed.";
    KeywordForm = "B0107", "The keyword is used in a way it does not know",
        "The keyword exists, but not with these parts. Its forms are in the keyword reference.";
    DuplicateClause = "B0108", "A part of the keyword is written twice",
        "Each clause of a keyword, such as WHERE or LIMIT, may stand once.";
    BadAssignmentTarget = "B0109", "This cannot be assigned to",
        "Left of `=` stands a variable, a field (`order.total`) or an element (`list[0]`).";
    ConstAssigned = "B0110", "A constant is changed",
        "A name declared with CONST keeps its value for the whole script. Use a plain variable instead.";
    NotBasicOperator = "B0111", "An operator of another language",
        "BASIC has no `+=`, `++` and the like: write `x = x + 1`.";

    MissingQuotes = "B0112", "A text without quotes",
        "Words that are said, stored or compared stand in quotes: `TALK \"Good morning\"`. A word without quotes is the \
         name of a variable.";
    MissingOperator = "B0113", "Two values without anything between them",
        "Values are joined with `+` and listed with `,`: `TALK \"Total: \" + total`, `MAX(a, b)`.";
    ForeignBlock = "B0114", "A block in braces",
        "Blocks have no `{ }`. They begin with their own word and end with their own: `IF … THEN` and `END IF`, \
         `FOR … ` and `NEXT`, `WHILE` and `WEND`, `SUB` and `END SUB`, `TRY`, `CATCH` and `END TRY`.";

    BlockNotClosed = "B0200", "A block is not closed",
        "The block that starts here has no end. IF ends with END IF, FOR with NEXT, WHILE with WEND, DO with LOOP, \
         SELECT with END SELECT, SUB with END SUB.";
    StrayEnd = "B0201", "The end of a block that was not opened",
        "This line closes a block, but no such block is open here.";
    StrayLoopEnd = "B0202", "One loop end too many",
        "There is no open FOR for this NEXT or END FOR. The line is ignored.";
    WrongEnd = "B0203", "A block is closed by the wrong end",
        "Blocks must be closed in the reverse order of their opening, each with its own end.";
    DuplicateLabel = "B0204", "The same label twice",
        "A label names one place; GOTO would not know which is meant.";
    MissingLabel = "B0205", "A label that does not exist",
        "GOTO, GOSUB, RESUME and ON ERROR GOTO need a line `label:` in the same script or procedure.";
    Unreachable = "B0206", "Lines that can never run",
        "RETURN, EXIT and END leave the script, so what follows on the same level is never reached.";
    NoLoop = "B0207", "EXIT or CONTINUE outside of a loop",
        "There is no enclosing loop of that kind to leave or to go on with.";
    DuplicateProcedure = "B0208", "The same procedure twice",
        "Two SUBs or FUNCTIONs of one script have the same name.";
    NestedDeclaration = "B0209", "A declaration inside a block",
        "PARAM, TABLE, SUB, FUNCTION, WEBHOOK and event blocks stand at the top level of a script.";
    StatementInSelect = "B0210", "A statement before the first CASE",
        "Between SELECT CASE and the first CASE nothing can run.";

    NeverAssigned = "B0250", "A name that nothing gives a value",
        "The script reads a variable that it never sets, so it is always empty. It is misspelled, or a line that set it \
         was removed. Values of config.csv (`param-…`) and parameters of the script count as set.";
    UnusedParam = "B0251", "A parameter that is never used",
        "Whoever calls the tool, a model or a person, is asked for the value of every PARAM. One that no line reads is \
         asked for in vain.";
    Shadowed = "B0252", "A word of the language is hidden",
        "Words of the language may be used as names, and then they mean the variable or the procedure in the whole script: \
         after `today = NOW()`, `TODAY` is that moment and no longer the day.";
    UnknownColumn = "B0253", "A column that the table does not have",
        "The package declares the table, and this column is not among its rows. Running the line fails. Correct the name, \
         or add the column to the TABLE: it is added when the package is loaded.";
    HearOfParam = "B0254", "A tool asks for what it was given",
        "A model that calls a tool gives it all parameters that are not OPTIONAL. Asking the person for one of them again \
         makes the model's value useless and the person answer twice.";
    Secret = "B0255", "A secret in a script",
        "Scripts are copied, kept in versions and shown to people. A password or key belongs into the settings: write \
         `param-shopkey` in config.csv, better with a reference to a file or variable, and `shopkey` in the script.";

    MereValue = "B0256", "A value where a comparison was meant",
        "`x = 1 OR 2` compares x with 1 only; 2 is a value of its own that always counts as true. Write `x = 1 OR x = 2`, \
         or `x IN (1, 2)`.";

    UnknownHearType = "B0300", "An unknown type after HEAR … AS",
        "HEAR accepts the types of the reference (EMAIL, INTEGER, DATE, …), a list of texts as a menu, or a variable.";
    BadHear = "B0301", "A HEAR that cannot be read",
        "Write `HEAR answer`, `HEAR answer AS EMAIL WITH \"Your e-mail?\"` or `HEAR answer AS \"Yes\", \"No\"`.";

    BadParam = "B0400", "A PARAM that cannot be read",
        "Write `PARAM name AS string LIKE \"example\" DESCRIPTION \"what it is\"`.";
    NotLiteral = "B0401", "A declaration needs a fixed value",
        "Declarations are read before the script runs, so their parts must be written out: no variables, no `${…}`.";
    BadWebhook = "B0402", "A webhook's name is not usable",
        "A webhook is named with letters, digits, `-` and `_`.";
    BadTable = "B0403", "A line of a TABLE that cannot be read",
        "Write `name type`, such as `Price number(10,2)`, with `key`, `references Other`, `NOT NULL` and so on after it.";
    BadEvent = "B0404", "An event that cannot be read",
        "Write `ON INSERT OF \"table\"`, `ON EMAIL \"address\"`, `ON CHANGE \"path\"`, `ON FORM SUBMIT \"form\"` or `ON \"event\"`.";
    MissingKeyword = "B0405", "The keyword of a text block is not part of this build",
        "The block is understood, but nothing here could carry it out.";

    MissingCapability = "B0500", "A keyword that this build cannot carry out",
        "The script is accepted; running this line is an error that ON ERROR can trap.";

    NotFormatted = "B0550", "A script that is left as it is laid out",
        "The formatter found that its own layout of this script would be read differently, and changes nothing. \
         The script works; tell the makers of BotServer which lines it has.";

    BadFilter = "B0600", "A filter that cannot be read",
        "A filter looks like `status = 'open' AND total > 100`: columns left, values right, joined by AND, OR, NOT.";
    BuiltFilter = "B0601", "A filter that is put together before it is used",
        "A filter text whose values are put in where it is used keeps them apart from the condition, whatever they \
         contain. Put together in a variable first, a value such as `x' OR name <> '` becomes part of the condition. \
         Write `FIND \"people\" WHERE name = name`, or put the text together in the keyword itself.";
}
