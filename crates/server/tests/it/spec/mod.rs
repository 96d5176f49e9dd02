//! The pages about keywords: every script of them on a running server, with tables on both databases, a web service, a
//! language model that keeps to a script, and documents that are read. The example in the declaration of every keyword
//! stands in one of these scripts.

mod dialogue;
mod outside;
mod stage;

use std::collections::{BTreeMap, BTreeSet};

use botserver_basic_spec::{Example, Expected, KEYWORD_PAGES, PAGES, Page, examples};

use self::stage::Stage;
use crate::{live::Setup, support::botserver};

/// Items of the conformance list that wait for a room which does not exist: schedules, the drive, webhooks, mail, other
/// bots.
const NOT_BUILT: [u32; 7] = [89, 90, 118, 119, 128, 130, 135];
/// Items that no single dialogue shows; the tests that do stand in `docs/acceptance.md`.
const ELSEWHERE: [u32; 8] = [16, 73, 86, 87, 88, 94, 107, 134];

fn scripts(pages: &[Page]) -> Vec<Example> {
    let read = |page: &Page| examples(page.file, page.text).unwrap_or_else(|wrong| panic!("{wrong}"));
    pages.iter().flat_map(read).collect()
}

/// The keywords of this build with their examples, as the reference shows them: `None` where there is none.
fn declared() -> BTreeMap<String, Option<String>> {
    let reference = botserver(&["explain", "--reference"], "").expect(0).out;
    let (_, keywords) = reference.split_once("\n## Keywords\n").expect("the keywords");
    let (keywords, _) = keywords.split_once("\n## Functions").expect("functions behind them");
    let entries = keywords.split("\n### ").skip(1).map(|entry| {
        let (name, text) = entry.split_once('\n').expect("a name and a text");
        let example = text.split_once("```basic\n").and_then(|(_, code)| code.split_once("\n```"));
        (name.to_owned(), example.map(|(code, _)| code.to_owned()))
    });
    entries.collect()
}

/// Whether the lines of a script are among those of another, one behind the other; how far they are indented does not
/// count.
fn is_part(lines: &str, script: &str) -> bool {
    let trimmed = |text: &str| text.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>();
    let (lines, script) = (trimmed(lines), trimmed(script));
    script.windows(lines.len()).any(|part| part == lines)
}

/// A keyword without an example fails here, and so does an example that nothing runs.
#[test]
fn the_example_of_every_keyword_is_run() {
    let scripts = scripts(KEYWORD_PAGES);
    let mut wrong = Vec::new();
    for (name, example) in declared() {
        let Some(example) = example else {
            wrong.push(format!("{name} has no example"));
            continue;
        };
        let below = |script: &&Example| script.heading.split(", ").any(|word| word == name);
        if !scripts.iter().filter(below).any(|own| own.files.iter().any(|(_, text)| is_part(&example, text))) {
            wrong.push(format!("{name}: no script below its heading has the lines\n{example}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn headings_are_names_of_keywords() {
    let declared = declared();
    assert!(declared.len() > 70, "only {} keywords", declared.len());
    for script in scripts(KEYWORD_PAGES) {
        for name in script.heading.split(", ").filter(|name| name.chars().all(|c| !c.is_lowercase())) {
            assert!(declared.contains_key(name), "{}: there is no keyword {name}", script.place);
        }
        assert!(matches!(script.expected, Expected::Dialogue(_)), "{}", script.place);
    }
}

#[test]
fn every_item_of_the_conformance_list_is_an_example() {
    let shown: BTreeSet<String> =
        [PAGES, KEYWORD_PAGES].into_iter().flat_map(scripts).flat_map(|own| own.items).collect();
    let wanted = (1..=135).filter(|number| !NOT_BUILT.contains(number) && !ELSEWHERE.contains(number));
    let wanted: BTreeSet<String> = wanted.map(|number| format!("c{number:03}")).collect();
    let missing: Vec<_> = wanted.difference(&shown).collect();
    let unknown: Vec<_> = shown.difference(&wanted).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "no example shows {missing:?}; no item is {unknown:?}");
}

async fn does_what_it_says(page: &str, setup: Setup) {
    let scripts = scripts(&[page_of(page)]);
    let count = scripts.len();
    let stage = Stage::open(setup, scripts).await;
    let mut failures = Vec::new();
    for case in stage.cases() {
        if let Err(difference) = stage.play(case).await {
            failures.push(difference);
        }
    }
    assert!(failures.is_empty(), "{} of {count} scripts\n\n{}", failures.len(), failures.join("\n\n"));
}

fn page_of(name: &str) -> Page {
    let own = KEYWORD_PAGES.iter().find(|page| page.file.strip_suffix(".md") == Some(name));
    *own.unwrap_or_else(|| panic!("there is no page {name}"))
}

/// Each page is run on both databases, as it is compiled and without optimisations.
macro_rules! pages {
    ($($name:ident)+) => {
        const RUN: &[&str] = &[$(stringify!($name)),+];

        mod pages {
            use crate::live::{Setup, on_both};

            on_both! {
                $(async fn $name(setup: Setup) {
                    super::does_what_it_says(stringify!($name), setup).await;
                })+
            }
        }

        mod pages_without_the_optimiser {
            use crate::live::{Setup, on_both};

            on_both! {
                $(async fn $name(setup: Setup) {
                    super::does_what_it_says(stringify!($name), setup.set("BOTS__OPTIMIZE", "false")).await;
                })+
            }
        }
    };
}

pages! { conversation clock memory tables web models documents }

#[test]
fn every_page_is_run() {
    let files: Vec<String> = RUN.iter().map(|name| format!("{name}.md")).collect();
    assert_eq!(files, KEYWORD_PAGES.iter().map(|page| page.file).collect::<Vec<_>>());
}
