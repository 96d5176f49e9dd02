//! What the declarations of keywords must look like, and that the parser knows no service by name.

use std::{fs, path::Path};

use botserver_basic_syntax::Grammar;
use botserver_basic_types::{Effect, KeywordDecl};

fn refused(form: &'static str) -> String {
    match Grammar::new(&[KeywordDecl::new("K", &[form], Effect::Read, "", "")], &[]) {
        Ok(_) => "accepted".into(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn forms_that_cannot_be_read_are_refused() {
    assert_eq!(refused("FIND table:expr [, filter:expr] [WHERE where:cond]"), "accepted");
    assert_eq!(refused("value:expr"), "keyword K, form `value:expr`: a form begins with a word in upper case");
    assert_eq!(refused("A x:unknown"), "keyword K, form `A x:unknown`: unknown kind `unknown`");
    assert_eq!(refused("A [x:expr"), "keyword K, form `A [x:expr`: `[` has no `]`");
    assert_eq!(refused("A x"), "keyword K, form `A x`: `x` needs a kind, such as `x:expr`");
    assert_eq!(refused("A x:(B|)"), "keyword K, form `A x:(B|)`: a choice has an empty option");
    assert_eq!(refused("A x:(B"), "keyword K, form `A x:(B`: `(` has no `)`");
    assert_eq!(refused("A ]"), "keyword K, form `A ]`: `]` is not expected here");
}

/// Keywords come in as declarations; only text blocks name the three keywords that they are uses of.
#[test]
fn no_service_is_known_by_name() {
    let services = ["FIND", "SAVE", "LLM", "GET", "POST", "USE KB", "ADD TOOL", "SET CONTEXT", "BOT MEMORY", "UPLOAD"];
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for service in services {
                assert!(!text.contains(&format!("\"{service}\"")), "{} names {service}", path.display());
            }
        }
    }
}
