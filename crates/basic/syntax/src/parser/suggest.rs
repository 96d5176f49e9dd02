//! "Did you mean …": the nearest known word.

use super::Parser;

/// Words that begin statements of the language itself, with their usual second word.
pub(super) const CORE: &[&str] = &[
    "IF",
    "ELSE",
    "ELSEIF",
    "END IF",
    "ENDIF",
    "FOR",
    "FOR EACH",
    "NEXT",
    "END FOR",
    "WHILE",
    "WEND",
    "END WHILE",
    "DO",
    "LOOP",
    "SELECT CASE",
    "SELECT",
    "CASE",
    "CASE ELSE",
    "DEFAULT",
    "END SELECT",
    "SWITCH",
    "END SWITCH",
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
    "CONTINUE",
    "END",
    "GOTO",
    "GOSUB",
    "ON ERROR RESUME NEXT",
    "ON ERROR",
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
    "BEGIN TALK",
    "END TALK",
    "BEGIN SYSTEM PROMPT",
    "END SYSTEM PROMPT",
    "BEGIN MAIL",
    "END MAIL",
    "PARAM",
    "DESCRIPTION",
    "SET SCHEDULE",
    "WEBHOOK",
    "ALLOW ROLE",
    "TABLE",
    "END TABLE",
    "END ON",
    "CREATE INDEX",
    "SET",
    "LET",
    "DIM",
    "REDIM",
    "CONST",
];

/// The candidate most like `word`, if any is near enough to be meant.
pub fn nearest<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> Option<String> {
    if word.len() > 64 {
        return None;
    }
    let upper = word.to_uppercase();
    let limit = match upper.chars().count() {
        0..=2 => return None,
        3..=5 => 1,
        6..=9 => 2,
        _ => 3,
    };
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(&upper, &candidate.to_uppercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by(|a, b| a.0.cmp(&b.0).then(a.1.cmp(b.1)))
        .map(|(_, candidate)| candidate.to_owned())
}

impl Parser<'_> {
    /// The statement that the words at the cursor look like, and how many of them.
    pub(super) fn nearest_statement(&self, at: usize) -> Option<String> {
        let mut words: Vec<&str> = Vec::new();
        while words.len() < 4 {
            match self.word_at(at + words.len()) {
                "" => break,
                word => words.push(word),
            }
        }
        // The more words agree the better the guess.
        (1..=words.len()).rev().find_map(|count| {
            let written = words[..count].join(" ").replace('_', " ");
            let same_length = |phrase: &&str| phrase.split(' ').count() == written.split(' ').count();
            let known = CORE.iter().copied().chain(self.grammar.phrases()).filter(same_length);
            nearest(&written, known)
        })
    }
}
