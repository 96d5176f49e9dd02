//! Every example of the guide does what its dialogue says, and comes to the same in every way of running it: dialogue,
//! value, error with its place, variables, and every effect asked for.

use std::collections::BTreeSet;

use botserver_basic_spec::{Example, Expected, KEYWORD_PAGES, PAGES, Page, examples};
use botserver_basic_vm::CompileOptions;

use crate::host::{self, Way};

fn scripts(page: &Page) -> Vec<Example> {
    examples(page.file, page.text).unwrap_or_else(|wrong| panic!("{wrong}"))
}

#[test]
fn examples_do_what_the_guide_says() {
    let grammar = host::grammar();
    let mut failures = Vec::new();
    let mut count = 0;
    for page in PAGES {
        for example in scripts(page) {
            count += 1;
            match &example.expected {
                Expected::Dialogue(expected) => {
                    let plain = host::converse(&grammar, &example.files, expected, Way::Plain);
                    if plain.said != expected.trim_end() {
                        failures.push(format!(
                            "{} {:?}\n--- guide\n{expected}\n--- is\n{}\n",
                            example.place, example.items, plain.said
                        ));
                        continue;
                    }
                    for way in Way::OTHERS {
                        let other = host::converse(&grammar, &example.files, expected, way).seen_by(way);
                        let plain = plain.seen_by(way);
                        if other != plain {
                            failures.push(format!(
                                "{} {way:?}\n--- plain\n{plain:#?}\n--- is\n{other:#?}\n",
                                example.place
                            ));
                            break;
                        }
                    }
                }
                Expected::Tool(expected) => {
                    let package = host::build(&grammar, &example.files, CompileOptions::default());
                    let script = package.image.script("start").expect("a script");
                    let tool =
                        serde_json::json!({"description": script.description, "parameters": script.json_schema()});
                    let expected: serde_json::Value = serde_json::from_str(expected).expect("JSON");
                    if tool != expected {
                        failures.push(format!("{}\n--- is\n{tool:#}\n{:?}", example.place, package.diagnostics));
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} of {count} examples fail\n\n{}", failures.len(), failures.join("\n"));
    assert!(count > 100, "only {count} examples");
}

#[test]
fn the_lists_of_pages_are_the_folders() {
    for (folder, pages) in [("guide", PAGES), ("keywords", KEYWORD_PAGES)] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .expect("the pages")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
            .collect();
        assert_eq!(files, pages.iter().map(|page| page.file.to_owned()).collect());
    }
}

/// Items of the conformance checklist that need no service; the others are on the pages about keywords.
#[test]
fn conformance_items_without_a_service_are_covered() {
    let covered: BTreeSet<String> = PAGES.iter().flat_map(scripts).flat_map(|example| example.items).collect();
    for item in &covered {
        let number = item.strip_prefix('c').and_then(|digits| digits.parse::<u32>().ok());
        assert!(number.is_some_and(|number| item.len() == 4 && (1..=135).contains(&number)), "{item} is no item");
    }
    // 16 (CRLF) is one of the ways every example is run; 73 and 94 need two runs: see `runs.rs`.
    let elsewhere = [16, 73, 94];
    let wanted = (1..=85).chain(93..=106).chain([116, 131, 132, 133]).filter(|number| !elsewhere.contains(number));
    let missing: Vec<String> =
        wanted.map(|number| format!("c{number:03}")).filter(|item| !covered.contains(item)).collect();
    assert!(missing.is_empty(), "no example shows {missing:?}");
}
