//! The reference of the language's words, made from their declarations: nothing here is written by hand, so
//! that it says what the parser reads.

use std::fmt::Write as _;

use botserver_basic_syntax::CodeInfo;
use botserver_basic_types::{ERRORS, Effect, FunctionDecl, FunctionKind, KeywordDecl};

const HEAD: &str = "\
# Keywords and functions

<!-- Made by `cargo xtask generate` from the declarations of the keywords; a test says when it is out of date. -->

How a keyword is written: words in capital letters stand as they are, in any case, and `_` may join them; `name:expr` is
a value; what stands in `[ ]` may be left out, and such parts may come in any order; `( | )` is a choice. The kinds of
values: `expr` one value, `exprs` and `fields` several with commas between, `word` and `path` a name or a value,
`variable` the name of a variable in quotes, `filter`
a condition in a text, `cond` a condition in which names on the left are columns, `values` and `assigns` a list
`a = x, b = y` (or `a AS x`), `order` a list `a DESC, b`, `columns` a list of columns with `AS`, `target` a variable that
takes the result.

`botserver explain WORD` shows one entry. Every example here is part of a whole script that the tests run; those stand, with
what comes of them, in the pages about the keywords of [a conversation](keywords/conversation.md), [clock and
dice](keywords/clock.md), [memory](keywords/memory.md), [tables](keywords/tables.md), [the web](keywords/web.md), [language
models](keywords/models.md) and [documents](keywords/documents.md).

## Keywords

";

const FUNCTIONS: &str = "\
## Functions

A function takes its values in brackets and changes nothing; those marked *changes its list* change the variable when
they are written as a statement or a method: `PUSH list, 5`, `list.push(5)`.

| function | what it gives | example |
|---|---|---|
";

const MISSING: &str = "\
## Known, but not part of this build

Scripts that use these compile with a warning; reaching one of them is an error that `ON ERROR` and `TRY` can trap.

| needs | keywords |
|---|---|
";

const CODES_HEAD: &str = "\
# Codes of check

<!-- Made by `cargo xtask generate` from the tables of codes; a test says when it is out of date. -->

`botserver check` and the owner's page name every finding with a code that never changes its meaning. `botserver explain
B0200` shows one entry of this page.

";

/// The page of all codes, in their order.
pub(super) fn codes_page<'c>(codes: impl Iterator<Item = &'c CodeInfo>) -> String {
    let mut codes: Vec<&CodeInfo> = codes.collect();
    codes.sort_by_key(|info| info.code);
    let mut page = CODES_HEAD.to_owned();
    for info in codes {
        let _ = writeln!(page, "## {}: {}\n\n{}\n", info.code, info.title, info.explanation);
    }
    page.trim_end().to_owned()
}

/// The page.
pub(super) fn page(keywords: &[KeywordDecl]) -> String {
    let mut page = HEAD.to_owned();
    for decl in keywords.iter().filter(|decl| decl.missing_capability.is_none()) {
        let _ = writeln!(page, "### {}\n\n{}\n", decl.name, decl.doc);
        let _ = writeln!(page, "{}", notes(decl));
        let _ = writeln!(page, "```text\n{}\n```\n", decl.forms.join("\n"));
        if !decl.errors.is_empty() {
            let _ = writeln!(page, "Errors: {}.\n", errors(decl));
        }
        if !decl.example.is_empty() {
            let _ = writeln!(page, "```basic\n{}\n```\n", decl.example.trim_end());
        }
    }
    page.push_str(FUNCTIONS);
    let mut functions: Vec<&FunctionDecl> = botserver_basic_std::functions().iter().collect();
    functions.sort_by_key(|own| own.name);
    for own in functions {
        let (call, result) = own.example.rsplit_once(" > ").unwrap_or((own.example, ""));
        let changes = if own.kind == FunctionKind::Mutating { " *Changes its list.*" } else { "" };
        let other =
            if own.aliases.is_empty() { String::new() } else { format!(" Also `{}`.", own.aliases.join("`, `")) };
        let _ = writeln!(
            page,
            "| `{}({})` | {}{changes}{other} | `{}` → `{}` |",
            own.name,
            cell(own.params),
            cell(own.doc),
            cell(call),
            cell(result)
        );
    }
    let _ = write!(page, "\n{MISSING}");
    let mut needs: Vec<(&str, Vec<&str>)> = Vec::new();
    for decl in keywords {
        let Some(capability) = decl.missing_capability.as_deref() else { continue };
        match needs.iter_mut().find(|(own, _)| *own == capability) {
            Some((_, names)) => names.push(&decl.name),
            None => needs.push((capability, vec![&decl.name])),
        }
    }
    needs.sort_unstable();
    for (capability, names) in needs {
        let _ = writeln!(page, "| {capability} | `{}` |", names.join("`, `"));
    }
    page
}

fn notes(decl: &KeywordDecl) -> String {
    let effect = match decl.effect {
        Effect::Read => "Looks at the world.",
        Effect::Local => "Changes the bot's own data, exactly once.",
        Effect::Write => "Changes the outside world.",
        Effect::Say => "Changes the conversation only.",
        Effect::Wait => "Waits.",
    };
    let returns = if decl.returns { " Gives a value." } else { "" };
    format!("{effect}{returns}\n")
}

/// The numbers of its errors and what they mean.
fn errors(decl: &KeywordDecl) -> String {
    let known = ERRORS.iter().filter(|(number, _)| decl.errors.contains(number));
    known.map(|(number, text)| format!("{number} {text}")).collect::<Vec<_>>().join("; ")
}

/// Text inside of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// The words that a form begins with.
pub(super) fn phrase(form: &str) -> String {
    let is_word = |word: &&str| word.chars().all(|c| c.is_uppercase() || c.is_numeric() || c == '_');
    form.split_whitespace().take_while(is_word).collect::<Vec<_>>().join(" ").replace('_', " ")
}

/// One keyword for the terminal.
pub(super) fn keyword_text(decl: &KeywordDecl) -> String {
    let mut text = format!("{}\n\n{}\n", decl.name, super::wrapped(&decl.doc));
    if let Some(capability) = &decl.missing_capability {
        let _ = writeln!(text, "It needs {capability}, not available in this build.");
    }
    let _ = writeln!(text, "\nWritten as");
    for form in &decl.forms {
        let _ = writeln!(text, "  {form}");
    }
    if !decl.errors.is_empty() {
        let _ = writeln!(text, "\n{}", super::wrapped(&format!("Errors: {}.", errors(decl))));
    }
    if !decl.example.is_empty() {
        let _ = writeln!(text, "\nExample");
        for line in decl.example.lines() {
            let _ = writeln!(text, "  {line}");
        }
    }
    text
}

/// One function for the terminal.
pub(super) fn function_text(own: &FunctionDecl) -> String {
    let aliases = if own.aliases.is_empty() { String::new() } else { format!("Also {}.\n", own.aliases.join(", ")) };
    format!("{}({})\n\n{}\n{aliases}\nExample\n  {}\n", own.name, own.params, super::wrapped(own.doc), own.example)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_end_before_the_first_argument() {
        assert_eq!(phrase("SET_BOT MEMORY key:word , value:expr"), "SET BOT MEMORY");
        assert_eq!(phrase("NOW"), "NOW");
    }
}
