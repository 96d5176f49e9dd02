//! Collections that scripts name and that the package does not have: a slip of the pen, most likely. Only names that
//! stand there as they are; what is put together at run time is nobody's mistake.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use botserver_basic_syntax::CodeInfo;
use botserver_basic_types::{Diagnostic, Severity, Span};
use botserver_config::nearest;
use botserver_knowledge::{FileSource as _, FolderFiles};
use botserver_packages::{Listed, PackageVersion};

const COLLECTION: &str = "K0001";

/// What `explain` tells.
pub(crate) const CODES: &[CodeInfo] = &[CodeInfo {
    code: COLLECTION,
    title: "no such collection",
    explanation: "A script names a collection of documents, and the package has no folder of that name with documents \
        in its .gbkb folder. The keyword works when the folder appears; until then nothing is found.",
}];

/// The words before a name of a collection.
const BEFORE: [&[&str]; 5] =
    [&["USE", "KB"], &["ADD", "KB"], &["CLEAR", "KB"], &["COLLECTION", "STATS"], &["IN", "COLLECTION"]];

/// The findings, each with its place.
pub(crate) async fn findings(package: &Path, version: &PackageVersion) -> Vec<Listed> {
    let mut found = Vec::new();
    let scripts = version.sources.iter().filter(|(path, _)| has_extension(path, "bas"));
    let named: Vec<_> =
        scripts.flat_map(|(path, text)| literals(text).into_iter().map(move |own| (path, own))).collect();
    if named.is_empty() {
        return found;
    }
    // What is wrong with the folder is told by whoever reads it.
    let listing = FolderFiles::package(package.to_owned()).list().await.unwrap_or_default();
    let own = version.name.to_lowercase();
    let folder = |path: &str| path.split_once('/').map_or_else(|| own.clone(), |(folder, _)| folder.to_lowercase());
    let known: BTreeSet<String> = listing.files.iter().map(|file| folder(&file.path)).collect();
    for (path, literal) in named {
        let name = literal.name.trim().trim_matches('/').to_lowercase();
        if name.is_empty() || name.contains("${") || has_extension(&name, "gbkb") || known.contains(&name) {
            continue;
        }
        let help = match nearest(&name, known.iter().map(String::as_str)) {
            Some(near) => format!("Did you mean `{near}`?"),
            None if known.is_empty() => {
                "The package has no documents: put files into a folder of its .gbkb.".to_owned()
            }
            None => {
                let all: Vec<&str> = known.iter().map(String::as_str).collect();
                format!("The package has: {}", all.join(", "))
            }
        };
        found.push(Listed { source: Some(literal.source.clone()), diagnostic: diagnostic(path, &literal, help) });
    }
    found
}

fn diagnostic(path: &Arc<str>, literal: &Literal, help: String) -> Diagnostic {
    Diagnostic {
        code: COLLECTION.into(),
        severity: Severity::Warning,
        message: format!("the package has no collection `{}`", literal.name),
        span: Span {
            file: path.clone(),
            start: literal.start,
            end: literal.end,
            line: literal.line,
            column: literal.column,
        },
        help: Some(help),
    }
}

fn has_extension(path: &str, wanted: &str) -> bool {
    Path::new(path).extension().is_some_and(|own| own.eq_ignore_ascii_case(wanted))
}

/// A name of a collection as it stands in a script.
struct Literal {
    name: String,
    /// Bytes from the beginning of the file, with the quotes.
    start: u32,
    end: u32,
    line: u32,
    column: u32,
    source: String,
}

fn literals(text: &str) -> Vec<Literal> {
    let mut found = Vec::new();
    let mut begin = 0;
    for (number, whole) in (1..).zip(text.split_inclusive('\n')) {
        let line = whole.trim_end_matches(['\n', '\r']);
        let mut words: Vec<String> = Vec::new();
        let mut rest = 0;
        while let Some(piece) = next_piece(line, rest) {
            rest = piece.end;
            let inner = &line[piece.start..piece.end];
            if piece.is_text {
                let named = BEFORE.iter().any(|before| {
                    words.len() >= before.len() && words[words.len() - before.len()..].iter().eq(before.iter())
                });
                if named {
                    found.push(Literal {
                        name: inner.trim_matches('"').to_owned(),
                        start: (begin + piece.start) as u32,
                        end: (begin + piece.end) as u32,
                        line: number,
                        column: line[..piece.start].chars().count() as u32 + 1,
                        source: line.to_owned(),
                    });
                }
                words.clear();
            } else {
                // Keywords may be written with underscores.
                words.extend(inner.to_uppercase().split('_').map(str::to_owned));
            }
        }
        begin += whole.len();
    }
    found
}

struct Piece {
    start: usize,
    end: usize,
    is_text: bool,
}

/// The next word or text of a line; nothing in a comment.
fn next_piece(line: &str, from: usize) -> Option<Piece> {
    let mut letters = line.char_indices().skip_while(|(at, _)| *at < from);
    let (start, first) = letters.find(|(_, letter)| letter.is_alphanumeric() || matches!(letter, '_' | '"' | '\''))?;
    match first {
        '\'' => None,
        '"' => {
            let close = line[start + 1..].find('"').map_or(line.len(), |at| start + 1 + at + 1);
            Some(Piece { start, end: close, is_text: true })
        }
        _ => {
            let stop = line[start..].find(|letter: char| !letter.is_alphanumeric() && letter != '_');
            let end = stop.map_or(line.len(), |at| start + at);
            (!line[start..end].eq_ignore_ascii_case("REM")).then_some(Piece { start, end, is_text: false })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_where_they_stand() {
        let text = "USE KB \"a\"\n  use_kb \"b\" ' USE KB \"c\"\nx = FIND \"what?\" IN COLLECTION \"dé\" LIMIT 3\nTALK \"USE KB\" + \
            \"e\"\nREM USE KB \"f\"\nUSE KB name\nKB COLLECTION STATS \"g\"\n";
        let found: Vec<(String, u32, u32)> =
            literals(text).into_iter().map(|own| (own.name, own.line, own.column)).collect();
        let wanted = [("a", 1, 8), ("b", 2, 10), ("dé", 3, 32), ("g", 7, 21)];
        assert_eq!(found, wanted.map(|(name, line, column)| (name.to_owned(), line, column)));
        let first = &literals(text)[0];
        assert_eq!(&text[first.start as usize..first.end as usize], "\"a\"");
    }
}
