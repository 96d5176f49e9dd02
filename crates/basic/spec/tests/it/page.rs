//! Reads a page of the guide: which scripts belong to which expected dialogue.
//!
//! A ` ```basic ` fence is a script, with labels after the word: conformance items (`c019`) and
//! `file=other.bas` for a script that another one calls. The next ` ```dialogue ` fence is what
//! happens; a ` ```json ` fence is the tool that the script declares.

/// One example.
#[derive(Debug, Default)]
pub(crate) struct Example {
    /// Page and line of the script.
    pub(crate) place: String,
    /// Conformance items it shows.
    pub(crate) items: Vec<String>,
    /// File name and text of the scripts; the last one without `file=` is `start.bas` and runs.
    pub(crate) files: Vec<(String, String)>,
    /// What must happen.
    pub(crate) expected: Expected,
}

#[derive(Debug, Default)]
pub(crate) enum Expected {
    #[default]
    Missing,
    Dialogue(String),
    Tool(String),
}

/// The examples of a page, in order; panics when a script has no expectation.
pub(crate) fn examples(file: &str, text: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut open: Option<Example> = None;
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if line.starts_with('#')
            && let Some(example) = &open
        {
            panic!("{}: no dialogue before the next heading", example.place);
        }
        let Some(info) = line.strip_prefix("```") else { continue };
        let body: Vec<&str> = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
        let body = body.join("\n");
        let mut words = info.split_whitespace();
        let language = words.next().unwrap_or_else(|| panic!("{file}:{}: a fence without language", number + 1));
        match language {
            "basic" => {
                let example = open
                    .get_or_insert_with(|| Example { place: format!("{file}:{}", number + 1), ..Example::default() });
                let mut name = "start.bas";
                for word in words {
                    match word.strip_prefix("file=") {
                        Some(other) => name = other,
                        None => example.items.push(word.to_owned()),
                    }
                }
                example.files.push((name.to_owned(), body));
            }
            "dialogue" | "json" => {
                let mut example = open.take().unwrap_or_else(|| panic!("{file}:{}: no script before this", number + 1));
                example.expected = if language == "json" { Expected::Tool(body) } else { Expected::Dialogue(body) };
                examples.push(example);
            }
            other => panic!("{file}:{}: unknown fence {other}", number + 1),
        }
    }
    assert!(open.is_none(), "{file}: the last script has no dialogue");
    examples
}
