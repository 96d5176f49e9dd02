//! What passages are made of which blocks.

use super::*;

fn heading(level: u8, text: &str) -> Block {
    Block::Heading { level, text: text.to_owned() }
}

fn text(text: &str) -> Block {
    Block::Text { text: text.to_owned() }
}

fn row(number: u32, cells: &[&str]) -> Block {
    Block::Row { cells: cells.iter().map(|cell| (*cell).to_owned()).collect(), number: Some(number) }
}

fn shown(blocks: &[Block], tokens: usize, overlap: usize) -> String {
    let mut lines = Vec::new();
    for passage in chunk(blocks, ChunkSize { tokens, overlap }, &about_tokens) {
        let at =
            [passage.page.map(|page| format!(" p{page}")), passage.row.map(|row| format!(" r{row}")), passage.sheet];
        let at: String = at.into_iter().flatten().collect();
        lines.push(format!("#{} [{}]{at} {}\n", passage.number, passage.place, passage.text));
    }
    lines.concat()
}

#[test]
fn passages_follow_headings_and_know_their_page() {
    let blocks = [
        Block::Page { number: 1 },
        heading(1, "Handbook"),
        text("Welcome."),
        heading(2, "Holidays"),
        text("Thirty days a year."),
        text("Ask in time."),
        Block::Page { number: 2 },
        heading(3, "Carry-over"),
        text("Until March."),
        heading(2, "Illness"),
        text("Call us."),
    ];
    assert_eq!(
        shown(&blocks, 100, 10),
        "#0 [Handbook] p1 Welcome.\n\
         #1 [Handbook › Holidays] p1 Thirty days a year.\nAsk in time.\n\
         #2 [Handbook › Holidays › Carry-over] p2 Until March.\n\
         #3 [Handbook › Illness] p2 Call us.\n"
    );
}

#[test]
fn sentences_stay_whole_and_the_last_one_is_repeated() {
    let long = text("The first sentence is here for all. The second one follows it closely. A third ends it.");
    assert_eq!(
        shown(&[long], 20, 9),
        "#0 [] The first sentence is here for all. The second one follows it closely.\n\
         #1 [] The second one follows it closely. A third ends it.\n"
    );
}

#[test]
fn every_sentence_of_a_long_text_is_in_a_passage() {
    let sentences: Vec<String> = (0..300).map(|number| format!("Sentence number {number} is said here.")).collect();
    let passages = chunk(&[text(&sentences.join(" "))], ChunkSize::default(), &about_tokens);
    for sentence in &sentences {
        assert!(passages.iter().any(|passage| passage.text.contains(sentence.as_str())), "{sentence}");
    }
    assert!(passages.iter().all(|passage| passage.tokens <= 512), "{passages:?}");
    assert!(passages.len() < 8, "{}", passages.len());
}

#[test]
fn rows_are_whole_and_carry_the_names_of_their_columns() {
    let blocks = [
        Block::Sheet { name: "Prices".to_owned() },
        Block::Columns { names: vec!["Tea".to_owned(), "Price".to_owned(), String::new()] },
        row(2, &["Sencha", "12.50", "new"]),
        row(3, &["Assam", "", ""]),
        row(4, &["A tea whose name is so long that it does not fit beside the others at all", "9", ""]),
        Block::Sheet { name: "Empty".to_owned() },
    ];
    assert_eq!(
        shown(&blocks, 64, 10),
        "#0 [] r2Prices Tea: Sencha; Price: 12.50; new\nTea: Assam\n\
         #1 [] r4Prices Tea: A tea whose name is so long that it does not fit beside the others at all; Price: 9\n"
    );
}

#[test]
fn a_text_without_an_end_is_cut_after_all() {
    let passages = chunk(&[text(&"x".repeat(100_000))], ChunkSize::default(), &about_tokens);
    assert!(passages.len() > 20 && passages.iter().all(|passage| passage.tokens <= 1_024), "{}", passages.len());
    let words = "word ".repeat(50_000);
    let passages = chunk(&[text(&words)], ChunkSize::default(), &about_tokens);
    assert!(passages.iter().all(|passage| passage.text.split(' ').all(|word| word == "word")));
}

#[test]
fn headings_alone_are_a_passage_and_nothing_is_none() {
    assert_eq!(shown(&[heading(1, "Agenda"), heading(2, "Budget")], 100, 10), "#0 [] Agenda\nBudget\n");
    assert_eq!(shown(&[], 100, 10), "");
    assert_eq!(shown(&[text("  \n ")], 100, 10), "");
}
