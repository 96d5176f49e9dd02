//! The codes of findings that are about a package's files and settings; those who report them know no such table.

use botserver_basic_syntax::CodeInfo;

/// One row of the table.
const fn row(code: &'static str, title: &'static str, explanation: &'static str) -> CodeInfo {
    CodeInfo { code, title, explanation }
}

/// `C…` settings of a package, `P…` its files.
pub(super) const CODES: &[CodeInfo] = &[
    row(
        "C0001",
        "A settings file that is not UTF-8",
        "config.csv must be saved as UTF-8. Spreadsheets offer it as *CSV UTF-8*.",
    ),
    row(
        "C0002",
        "A settings file that is no text",
        "The file holds zero bytes: it is a spreadsheet or a picture with the wrong name. Save it as CSV.",
    ),
    row(
        "C0003",
        "A line without a comma",
        "Each line of config.csv is `name,value`. A line that begins with `#` is a comment.",
    ),
    row("C0004", "A line without a name", "Before the comma stands the name of the setting."),
    row("C0005", "A quote that is not closed", "A name in quotes needs its second quote before the comma."),
    row(
        "C0006",
        "Too many errors in a settings file",
        "The rest of the file was not read. Correct the first errors and check again.",
    ),
    row(
        "C0101",
        "A setting that is not known",
        "Nothing reads this key. The keys are listed under *Packages* in the book; settings of a script of your own begin with `param-`. Files of older servers have many such keys; they do no harm.",
    ),
    row(
        "C0102",
        "A setting that the operator has fixed",
        "The operator of the server has locked this key for all packages. The line has no effect.",
    ),
    row("C0103", "A setting that stands twice", "The last line counts. Remove the other one."),
    row(
        "C0104",
        "A value that does not fit its setting",
        "The value is no number, no colour, no duration or whatever the setting needs. The default is used instead.",
    ),
    row(
        "C0105",
        "A setting that nothing uses yet",
        "The key is known from other servers, and no part of this build reads it. The line does no harm.",
    ),
    row(
        "C0106",
        "A setting for operators only",
        "A package cannot raise its own limits. The operator sets it for the whole server.",
    ),
    row(
        "P0001",
        "A file or folder that cannot be read",
        "The server may not read it, or it is gone. Check its permissions.",
    ),
    row(
        "P0002",
        "Too many files",
        "A package has a limit on the number of its files. Remove what the bot does not need.",
    ),
    row(
        "P0003",
        "A package that is too large",
        "The whole package is larger than `package-max-size`. Large documents belong into the .gbkb folder, whose limits are its own.",
    ),
    row("P0004", "Folders that are nested too deeply", "What lies deeper is not used. Move it up."),
    row(
        "P0005",
        "A file name that cannot be used",
        "The name holds characters that are no UTF-8 text or that control the terminal. Rename the file.",
    ),
    row(
        "P0006",
        "A link",
        "Links to folders, links that lead out of the package and links that lead nowhere are not followed. Copy what they point to into the package.",
    ),
    row("P0007", "No plain file", "Pipes, sockets and devices are not read."),
    row(
        "P0008",
        "A file that is too large",
        "The file is larger than its limit: `script-max-size` for scripts, `package-max-size` for the rest.",
    ),
    row("P0009", "A script that is not UTF-8", "Save the file as UTF-8. Editors offer it when saving."),
    row(
        "P0101",
        "Two scripts with one name",
        "Scripts are named by their file, wherever it lies. The one nearest to the root of the package is used.",
    ),
    row(
        "P0102",
        "A second settings file",
        "One config.csv counts: the one in the .gbot folder, else the one at the root.",
    ),
    row("P0103", "A logo that is not there", "`theme-logo` names a file of the .gbtheme folder or an https address."),
];
