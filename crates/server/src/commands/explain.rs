//! `botserver explain`: what a diagnostic's code means and what to do.

use anyhow::{Result, bail};
use botserver_basic_syntax::CodeInfo;

use super::Ending;
use crate::terminal;

pub(crate) fn run(code: Option<&str>) -> Result<Ending> {
    let text = match code {
        None => codes().map(|info| [info.code, "  ", info.title, "\n"].concat()).collect(),
        Some(wanted) => explanation(wanted)?,
    };
    terminal::print(&text)?;
    Ok(Ending::Success)
}

fn explanation(wanted: &str) -> Result<String> {
    if let Some(info) = codes().find(|info| info.code.eq_ignore_ascii_case(wanted.trim())) {
        return Ok(format!("{}: {}\n\n{}\n", info.code, info.title, wrapped(info.explanation)));
    }
    let near = botserver_config::nearest(&wanted.trim().to_uppercase(), codes().map(|info| info.code));
    let hint = near.map(|near| format!(" Did you mean {near}?")).unwrap_or_default();
    bail!("there is no explanation of `{wanted}`.{hint} `botserver explain` lists all codes.")
}

fn codes() -> impl Iterator<Item = &'static CodeInfo> {
    botserver_basic_syntax::CODES.iter().chain(botserver_basic_vm::CODES).chain(crate::tables::CODES)
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

    #[test]
    fn long_explanations_are_broken() {
        assert_eq!(wrapped("a b"), "a b");
        assert!(wrapped(&"word ".repeat(60)).lines().all(|line| line.len() <= 80));
    }
}
