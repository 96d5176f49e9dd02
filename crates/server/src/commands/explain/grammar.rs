//! The grammar by which editors colour scripts: its rules are beside this file, its words come from the declarations.

use botserver_basic_types::KeywordDecl;

use super::reference::phrase;

const RULES: &str = include_str!("grammar.json");

/// Words of the language itself, with a blank where one or `_` may stand.
const CONTROL: &[&str] = &[
    "IF",
    "THEN",
    "ELSE",
    "ELSEIF",
    "ELSE IF",
    "END IF",
    "ENDIF",
    "FOR",
    "FOR EACH",
    "TO",
    "STEP",
    "NEXT",
    "END FOR",
    "WHILE",
    "WEND",
    "END WHILE",
    "DO",
    "LOOP",
    "UNTIL",
    "SELECT CASE",
    "SELECT",
    "CASE",
    "CASE ELSE",
    "END SELECT",
    "SWITCH",
    "END SWITCH",
    "DEFAULT",
    "SUB",
    "END SUB",
    "FUNCTION",
    "END FUNCTION",
    "CALL",
    "RUN",
    "INCLUDE",
    "RETURN",
    "EXIT",
    "EXIT FOR",
    "EXIT DO",
    "EXIT WHILE",
    "EXIT SUB",
    "EXIT FUNCTION",
    "CONTINUE",
    "END",
    "GOTO",
    "GOSUB",
    "ON ERROR RESUME NEXT",
    "ON ERROR GOTO",
    "RESUME",
    "RESUME NEXT",
    "TRY",
    "CATCH",
    "FINALLY",
    "END TRY",
    "THROW",
    "RAISE",
    "ASSERT",
    "CLEAR ERROR",
    "HEAR",
    "WITH",
    "END WITH",
    "PARAM",
    "DESCRIPTION",
    "OPTIONAL",
    "LIKE",
    "ENUM",
    "WEBHOOK",
    "ALLOW ROLE",
    "END TABLE",
    "CREATE INDEX",
    "CREATE UNIQUE INDEX",
    "END ON",
    "ON INSERT OF",
    "ON UPDATE OF",
    "ON DELETE OF",
    "SET",
    "LET",
    "DIM",
    "REDIM",
    "CONST",
    "AS",
    "WHERE",
    "ORDER BY",
    "LIMIT",
    "OFFSET",
    "GROUP BY",
    "JOIN",
];

/// The grammar with the words of this build.
pub(super) fn page(keywords: &[KeywordDecl]) -> String {
    let mut phrases: Vec<String> =
        keywords.iter().flat_map(|decl| decl.forms.iter().map(|form| phrase(form))).collect();
    phrases.sort_unstable();
    phrases.dedup();
    let is_long = |phrase: &&String| phrase.contains(' ');
    let long: Vec<&str> = phrases.iter().filter(is_long).map(String::as_str).collect();
    let short: Vec<&str> = phrases.iter().filter(|own| !is_long(own)).map(String::as_str).collect();
    let functions = botserver_basic_std::functions().iter();
    let functions: Vec<&str> =
        functions.flat_map(|own| std::iter::once(own.name).chain(own.aliases.iter().copied())).collect();
    // Keywords are no reserved words: one alone counts at the beginning of a statement, or in capitals.
    let short = choice(&short);
    let rules = [
        ("@CONTROL@", format!("(?i)(?<![\\\\w.$])(?:{})(?![\\\\w$])", choice(CONTROL))),
        ("@PHRASES@", format!("(?i)(?<![\\\\w.$])(?:{})(?![\\\\w$])", choice(&long))),
        ("@STATEMENTS@", format!("(?i)^\\\\s*({short})(?![\\\\w$])(?!\\\\s*[=.\\\\[:])")),
        ("@CAPITALS@", format!("(?<![\\\\w.$])(?:{short})(?![\\\\w$.])")),
        ("@FUNCTIONS@", format!("(?i)(?<![\\\\w$])(?:{})\\\\$?(?=\\\\s*\\\\()", choice(&functions))),
    ];
    rules.iter().fold(RULES.to_owned(), |made, (mark, rule)| made.replace(mark, rule))
}

/// Any of these words, the longest first, with blanks as they may be written; inside of a JSON text.
fn choice(words: &[&str]) -> String {
    let mut words: Vec<&str> = words.to_vec();
    words.sort_by_key(|word| (std::cmp::Reverse(word.len()), *word));
    words.iter().map(|word| word.replace(' ', "[ _]+")).collect::<Vec<_>>().join("|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_json_without_holes() {
        let page = page(&[]);
        serde_json::from_str::<serde_json::Value>(&page).expect("JSON");
        assert!(!page.contains('@'), "{page}");
    }
}
