//! Reads a page: which scripts belong to which expected dialogue. Knows nothing of how they are run.
//!
//! A ` ```basic ` fence is a script, with labels after the word: conformance items (`c019`), `file=other.bas` for a
//! script that another one calls, `bot=shop` for the name of its bot. Any other fence with `file=` is a file of the same
//! package; one that is `shared` belongs to every script behind it that has none of the same name. The next ` ```dialogue ` fence is what happens; a
//! ` ```json ` fence is the tool that the script declares.

/// A script with its files, and what comes of it.
#[derive(Clone, Debug, Default)]
pub struct Example {
    /// Page and line of its first fence.
    pub place: String,
    /// The heading above it.
    pub heading: String,
    /// Conformance items it shows.
    pub items: Vec<String>,
    /// The name of its bot, if it must have that one.
    pub bot: Option<String>,
    /// Name and text of its files; the script that runs is `start.bas`.
    pub files: Vec<(String, String)>,
    /// What must happen.
    pub expected: Expected,
}

/// What comes of a script.
#[derive(Clone, Debug)]
pub enum Expected {
    /// What is said, line by line.
    Dialogue(String),
    /// The tool that it declares, as JSON.
    Tool(String),
}

impl Default for Expected {
    fn default() -> Self {
        Self::Dialogue(String::new())
    }
}

const START: &str = "start.bas";

/// The words behind the language of a fence.
#[derive(Default)]
struct Labels<'p> {
    file: Option<&'p str>,
    bot: Option<&'p str>,
    shared: bool,
    items: Vec<String>,
}

impl<'p> Labels<'p> {
    fn read(words: impl Iterator<Item = &'p str>) -> Self {
        let mut labels = Self::default();
        for word in words {
            match word.split_once('=') {
                Some(("file", name)) => labels.file = Some(name),
                Some(("bot", name)) => labels.bot = Some(name),
                _ if word == "shared" => labels.shared = true,
                _ => labels.items.push(word.to_owned()),
            }
        }
        labels
    }
}

/// The examples of a page, in order; a sentence if a script has no expectation, or an expectation no script.
pub fn examples(file: &str, text: &str) -> Result<Vec<Example>, String> {
    let mut examples: Vec<Example> = Vec::new();
    let mut shared: Vec<(String, String)> = Vec::new();
    let mut open: Option<Example> = None;
    let mut heading = "";
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let place = format!("{file}:{}", number + 1);
        if line.starts_with('#') {
            if let Some(example) = &open {
                return Err(format!("{}: no dialogue before the next heading", example.place));
            }
            heading = line.trim_start_matches('#').trim();
        }
        let Some(info) = line.strip_prefix("```") else { continue };
        let body: Vec<&str> = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
        let body = body.join("\n");
        let mut words = info.split_whitespace();
        let Some(language) = words.next() else { return Err(format!("{place}: a fence without language")) };
        let labels = Labels::read(words);
        let name = match (labels.file, language) {
            (Some(name), _) => name,
            (None, "basic") => START,
            (None, "dialogue" | "json") => {
                let Some(mut example) = open.take() else { return Err(format!("{place}: no script before this")) };
                example.expected = if language == "json" { Expected::Tool(body) } else { Expected::Dialogue(body) };
                let own: Vec<&String> = example.files.iter().map(|(name, _)| name).collect();
                let shared: Vec<_> = shared.iter().filter(|(name, _)| !own.contains(&name)).cloned().collect();
                example.files.extend(shared);
                examples.push(example);
                continue;
            }
            (None, other) => return Err(format!("{place}: unknown fence {other}")),
        };
        if labels.shared {
            shared.push((name.to_owned(), body));
            continue;
        }
        let example = open.get_or_insert_with(|| Example { place, heading: heading.to_owned(), ..Example::default() });
        example.items.extend(labels.items);
        example.bot = labels.bot.map(str::to_owned).or(example.bot.take());
        example.files.push((name.to_owned(), body));
    }
    match open {
        Some(example) => Err(format!("{}: the last script has no dialogue", example.place)),
        None => Ok(examples),
    }
}
