//! `botserver explain`: what a diagnostic's code means, what a keyword or function of the language does, and
//! the reference of all of them.

mod files;
mod grammar;
mod reference;

use anyhow::{Result, bail};
use botserver_basic_syntax::CodeInfo;
use botserver_basic_types::KeywordDecl;

use super::Ending;
use crate::{
    command_line::{Common, ExplainOptions},
    installation::Installation,
    terminal,
};

pub(crate) async fn run(common: &Common, options: &ExplainOptions) -> Result<Ending> {
    let text = match options.word.join(" ").trim() {
        _ if options.grammar => grammar::page(&declarations(common).await?),
        _ if options.reference => reference::page(&declarations(common).await?),
        _ if options.codes => reference::codes_page(codes()),
        "" => codes().map(|info| [info.code, "  ", info.title, "\n"].concat()).collect(),
        wanted => match codes().find(|info| info.code.eq_ignore_ascii_case(wanted)) {
            Some(info) => format!("{}: {}\n\n{}\n", info.code, info.title, wrapped(info.explanation)),
            None => of_the_language(wanted, &declarations(common).await?)?,
        },
    };
    terminal::print(&text)?;
    Ok(Ending::Success)
}

/// The keywords of this build.
async fn declarations(common: &Common) -> Result<Vec<KeywordDecl>> {
    let installation = Installation::temporary(common).await?;
    let declarations = installation.assembled.turns.keywords.declarations();
    installation.close().await;
    Ok(declarations)
}

/// A keyword or a function by name.
fn of_the_language(wanted: &str, keywords: &[KeywordDecl]) -> Result<String> {
    let plain = wanted.replace('_', " ");
    let keyword = keywords.iter().find(|decl| {
        decl.name.eq_ignore_ascii_case(&plain)
            || decl.forms.iter().any(|form| reference::phrase(form) == plain.to_uppercase())
    });
    let function = botserver_basic_std::find(wanted).or_else(|| botserver_basic_std::find(&wanted.replace(' ', "_")));
    let statement = botserver_basic_lsp::statement(&plain);
    if keyword.is_none() && function.is_none() && statement.is_none() {
        let words = keywords.iter().map(|decl| &*decl.name);
        let known = words.chain(botserver_basic_lsp::statements().map(|own: &str| own));
        let known = known.chain(botserver_basic_std::functions().iter().map(|own| own.name));
        let near = botserver_config::nearest(&plain.to_uppercase(), known.chain(codes().map(|info| info.code)));
        let hint = near.map(|near| format!(" Did you mean {near}?")).unwrap_or_default();
        bail!("there is no explanation of `{wanted}`.{hint} `botserver explain` lists all codes.")
    }
    let statement =
        statement.map(|(syntax, doc)| format!("{}\n\n{syntax}\n\n{}\n", plain.to_uppercase(), wrapped(doc)));
    let parts = [statement, keyword.map(reference::keyword_text), function.map(reference::function_text)];
    Ok(parts.into_iter().flatten().collect::<Vec<_>>().join("\n"))
}

fn codes() -> impl Iterator<Item = &'static CodeInfo> {
    botserver_basic_syntax::CODES
        .iter()
        .chain(botserver_basic_vm::CODES)
        .chain(crate::tables::CODES)
        .chain(super::check::collections::CODES)
        .chain(botserver_bot_tests::CODES)
        .chain(files::CODES)
}

/// Broken into lines that every terminal shows whole.
fn wrapped(text: &str) -> String {
    const WIDTH: usize = 80;
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { continue };
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= WIDTH {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_stands_once_in_the_list() {
        let mut seen = std::collections::HashSet::new();
        for info in codes() {
            assert!(seen.insert(info.code), "{} twice", info.code);
            assert!(!info.explanation.is_empty(), "{}", info.code);
        }
    }

    /// Whatever reports a finding under a code, the code has its entry.
    #[test]
    fn every_code_of_the_sources_is_explained() {
        let known: std::collections::HashSet<&str> = codes().map(|info| info.code).collect();
        let crates = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        let mut waiting = vec![crates.to_owned()];
        while let Some(folder) = waiting.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if entry.is_dir() && entry.file_name().is_none_or(|name| name != "tests" && name != "target") {
                    waiting.push(entry);
                } else if entry.extension().is_some_and(|own| own == "rs") {
                    let text = std::fs::read_to_string(&entry).unwrap();
                    let looks = |own: &&str| {
                        own.len() == 5
                            && own.starts_with(['B', 'C', 'K', 'P', 'T'])
                            && own[1..].bytes().all(|b| b.is_ascii_digit())
                    };
                    for code in text.split('"').filter(looks).filter(|own| *own != "B0123" && *own != "B9999") {
                        assert!(known.contains(code), "{code} in {}", entry.display());
                    }
                }
            }
        }
    }

    #[test]
    fn long_explanations_are_broken() {
        assert_eq!(wrapped("a b"), "a b");
        assert!(wrapped(&"word ".repeat(60)).lines().all(|line| line.len() <= 80));
    }
}
