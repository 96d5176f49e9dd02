//! What is wrong with a permissions file, with lines: for whoever looks before it matters. Knows what people of this
//! build can hold and which files there are.

use botserver_kernel::PersonId;

use super::{Named, Permissions, Rule};

/// The roles that a person can have; see [`crate::grants_of`].
const ROLES: [&str; 2] = ["owner", "system"];

/// Something in a permissions file that its owner should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermissionsFinding {
    /// From 1, where it is known.
    pub line: Option<usize>,
    /// What.
    pub message: String,
    /// True if the whole file cannot be used.
    pub unusable: bool,
}

impl Permissions {
    /// Looks at a file, and at the documents that it is about.
    pub fn examine(bytes: &[u8], documents: &[String]) -> Vec<PermissionsFinding> {
        let text = String::from_utf8_lossy(bytes);
        let own = match Self::parse(bytes) {
            Ok(own) => own,
            Err(message) => {
                let line = line_in(&message).or_else(|| line_of_message(&text, &message));
                return vec![PermissionsFinding { line, message, unusable: true }];
            }
        };
        let mut found = Vec::new();
        let mut tell = |line, message| found.push(PermissionsFinding { line, message, unusable: false });
        for warning in &own.warnings {
            tell(line_of_message(&text, warning), warning.clone());
        }
        for (at, named) in std::iter::once(("", &own.named)).chain(own.rules.iter().map(|own| (&*own.path, &own.named)))
        {
            for message in nobody(named) {
                tell(line_below(&text, at, &message.0), message.1);
            }
        }
        for rule in own.rules.iter().filter(|rule| !rule.path.is_empty()) {
            if !documents.iter().any(|path| rule.is_about(path)) {
                let message = format!("folders.{}: there is no such file or folder", rule.path);
                tell(line_of(&text, &rule.path), message);
            }
        }
        found.sort_by_key(|own| own.line);
        found
    }
}

impl Rule {
    fn is_about(&self, document: &str) -> bool {
        let lower = document.to_lowercase();
        let Some(rest) = lower.strip_prefix(&self.path) else { return false };
        // A folder, the file, or the file without its extension.
        rest.is_empty() || rest.starts_with('/') || (rest.starts_with('.') && !rest.contains('/'))
    }
}

/// The names that nobody can have, with what to say about each.
fn nobody(named: &Named) -> Vec<(String, String)> {
    let strange = named.roles.iter().filter(|role| !ROLES.contains(&role.as_str()));
    let roles = strange.map(|role| (role.clone(), format!("nobody has the role `{role}`; there is the role `owner`")));
    let groups = named
        .groups
        .iter()
        .map(|group| (group.clone(), format!("nobody is in the group `{group}`; there are none yet")));
    let strange = named.users.iter().filter(|user| user.parse::<PersonId>().is_err());
    let users = strange.map(|user| (user.clone(), format!("`{user}` is nobody; a person is named by their id")));
    roles.chain(groups).chain(users).collect()
}

/// `… line 3 …`, as the reader of YAML says it.
fn line_in(message: &str) -> Option<usize> {
    let (_, rest) = message.split_once("line ")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The line that a message of ours is about: it begins with the rule and names the key.
fn line_of_message(text: &str, message: &str) -> Option<usize> {
    let (rule, rest) = match message.strip_prefix("folders.").and_then(|rest| rest.split_once(": ")) {
        Some((rule, rest)) => (rule, rest),
        None => ("", message),
    };
    let key = rest.split('`').nth(1).map(|key| key.split(':').next().unwrap_or_default());
    match key {
        Some(key) => line_below(text, rule, key),
        None => line_of(text, rule),
    }
}

/// The first line from that of the rule on with this word.
fn line_below(text: &str, rule: &str, word: &str) -> Option<usize> {
    let from = if rule.is_empty() { 1 } else { line_of(text, rule)? };
    let own = !rule.is_empty();
    let found = (1..).zip(text.lines()).skip(from - 1).find(|(number, line)| {
        // The rule's own name may be the word too.
        let line = if own && *number == from { line.split_once(':').map_or("", |(_, rest)| rest) } else { line };
        has_word(line, word)
    });
    found.map(|(number, _)| number).or((!rule.is_empty()).then_some(from))
}

/// True if the line has the word, and not only as a part of another.
fn has_word(line: &str, word: &str) -> bool {
    let part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-');
    line.match_indices(word).any(|(at, _)| {
        !line[..at].chars().next_back().is_some_and(part) && !line[at + word.len()..].chars().next().is_some_and(part)
    })
}

/// The line on which a rule begins, as a key or as its `path`.
fn line_of(text: &str, rule: &str) -> Option<usize> {
    let begins = |line: &str| {
        let line = line.trim_start_matches(|letter: char| letter.is_whitespace() || letter == '-').to_lowercase();
        let line = line.strip_prefix("folders: {").unwrap_or(&line).trim_start();
        let line = ["path:", "folder:", "name:"].iter().find_map(|key| line.strip_prefix(key)).unwrap_or(line);
        let name = line.trim_start().trim_start_matches(['"', '\'', '/']);
        name.strip_prefix(&rule.to_lowercase()).is_some_and(|rest| {
            let rest = rest.trim_start_matches(['"', '\'', '/']);
            rest.is_empty() || rest.starts_with(':') || rest.starts_with(' ')
        })
    };
    (1..).zip(text.lines()).find(|(_, line)| begins(line)).map(|(number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examined(text: &str) -> Vec<(usize, String)> {
        let documents = ["public/faq.md".to_owned(), "hr/pay.md".to_owned(), "hr/board/plan.pdf".to_owned()];
        let found = Permissions::examine(text.as_bytes(), &documents);
        found.into_iter().map(|own| (own.line.unwrap_or_default(), own.message)).collect()
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let text = "version: 1\ndefault_access: all\nfolders:\n  public: { access: all }\n  hr:\n    access: role_based\n    \
            roles: [hr, owner]\n    colour: red\n  hr/board/plan: { access: user_based, users: [ceo@company.com] }\n  \
            gone: { access: none }\n  hr/bo: { access: group_based, groups: [board] }\n";
        assert_eq!(
            examined(text),
            [
                (7, "nobody has the role `hr`; there is the role `owner`".to_owned()),
                (8, "folders.hr: the key `colour` is not known and has no effect".to_owned()),
                (9, "`ceo@company.com` is nobody; a person is named by their id".to_owned()),
                (10, "folders.gone: there is no such file or folder".to_owned()),
                (11, "nobody is in the group `board`; there are none yet".to_owned()),
                (11, "folders.hr/bo: there is no such file or folder".to_owned()),
            ]
        );
        assert_eq!(
            examined("folders:\n  - path: /public/\n    access: all\n  - path: attic\n    access: all\n").len(),
            1
        );
        assert_eq!(examined("default_access: all\nfolders: { public: { access: role_based, roles: [owner] } }\n"), []);
    }

    #[test]
    fn a_file_that_cannot_be_used_says_where() {
        for (text, line) in [
            ("version: 1\ndefault_access: everyone\n", 2),
            ("version: 1\nfolders:\n  hr:\n    access: nobody\n", 4),
            ("version: 1\nfolders:\n  hr: { access: [\n", 3),
        ] {
            let found = Permissions::examine(text.as_bytes(), &[]);
            assert!(found.len() == 1 && found[0].unusable, "{found:?}");
            let told = found[0].line.unwrap_or_default();
            assert!(told == line || (line == 3 && told >= 3), "{text}: {found:?}");
        }
    }
}
