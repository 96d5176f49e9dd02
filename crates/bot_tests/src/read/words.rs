//! The words that lines of a test begin with. The only list of them.

use botserver_config::nearest;

use crate::MemoryScope;

/// What a line is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Test,
    Config,
    Clock,
    Random,
    Language,
    Given(String),
    GivenMemory(MemoryScope),
    As,
    You,
    Press,
    Attach,
    Wait,
    Bot,
    BotMatches,
    BotSends,
    Anything,
    Buttons,
    Choices,
    AsksFor,
    Error,
    Tool,
    Table(String),
    Memory(MemoryScope),
}

/// As people are told them.
const KNOWN: [&str; 23] = [
    "Test",
    "Config",
    "Clock",
    "Random",
    "Language",
    "Given TABLE",
    "Given memory",
    "Given bot memory",
    "Given user memory",
    "As",
    "You",
    "Press",
    "Attach",
    "Wait",
    "Bot",
    "Bot matches",
    "Bot sends",
    "Buttons",
    "Choices",
    "Asks for",
    "Error",
    "Tool",
    "Table NAME",
];
const MEMORIES: [&str; 3] = ["Memory", "Bot memory", "User memory"];

impl Word {
    /// The word that stands before the colon.
    pub(super) fn of(written: &str) -> Option<Self> {
        let words: Vec<&str> = written.split_whitespace().collect();
        let lower = words.join(" ").to_lowercase();
        Some(match lower.as_str() {
            "test" => Self::Test,
            "config" => Self::Config,
            "clock" => Self::Clock,
            "random" => Self::Random,
            "language" => Self::Language,
            "as" => Self::As,
            "you" => Self::You,
            "press" => Self::Press,
            "attach" => Self::Attach,
            "wait" => Self::Wait,
            "bot" => Self::Bot,
            "bot matches" => Self::BotMatches,
            "bot sends" => Self::BotSends,
            "..." => Self::Anything,
            "buttons" => Self::Buttons,
            "choices" => Self::Choices,
            "asks for" => Self::AsksFor,
            "error" => Self::Error,
            "tool" => Self::Tool,
            _ => return Self::of_two(&words, &lower),
        })
    }

    /// Those with the name of a table or of a memory.
    fn of_two(words: &[&str], lower: &str) -> Option<Self> {
        if let Some(rest) = lower.strip_prefix("given ") {
            return match (memory(rest), words) {
                (Some(scope), _) => Some(Self::GivenMemory(scope)),
                (None, [_, table]) => Some(Self::Given((*table).to_owned())),
                _ => None,
            };
        }
        match (memory(lower), words) {
            (Some(scope), _) => Some(Self::Memory(scope)),
            (None, [first, table]) if first.eq_ignore_ascii_case("table") => Some(Self::Table((*table).to_owned())),
            _ => None,
        }
    }

    /// What a line of this word looks like.
    pub(super) const fn help(&self) -> Option<&'static str> {
        Some(match self {
            Self::Test => "Give the test a name of its own, such as `Test: A ticket is opened`.",
            Self::Config => "Write `Config: llm-model = small`.",
            Self::Clock => "Write a date and a time, such as `Clock: 2026-03-02 09:00`.",
            Self::Random => "Write a whole number, such as `Random: 7`.",
            Self::Language => "Write a language, such as `Language: pt-BR`.",
            Self::Given(_) => {
                "Write the columns and the rows below it, each line between `|`, or `empty` for a table without rows."
            }
            Self::GivenMemory(_) => "Write a key and a value, such as `Given user memory: size = XL`.",
            Self::As => "Write a name, such as `As: Ada`, `As: Ada, owner` or `As: Ada, again`.",
            Self::You | Self::Press => "Only what a line above has kept can be used: `Bot: Your number is {{code}}.`",
            Self::Attach => "Write the path of a file in the folder of the tests, such as `Attach: files/bill.pdf`.",
            Self::Wait => "Write a time, such as `Wait: 2 days` or `Wait: 1 hour 30 minutes`.",
            Self::Bot => "Write what the bot says; `...` stands for anything.",
            Self::BotMatches => "Write a regular expression, such as `Bot matches: HD-[0-9A-F]{6}`.",
            Self::BotSends => "Write the name of the file, such as `Bot sends: bill-....pdf`.",
            Self::Buttons | Self::Choices => "Write the labels with `|` between them, or `none`.",
            Self::AsksFor => "Write what HEAR asks for, such as `Asks for: email`, or `nothing`.",
            Self::Error => "Write what the error says; `...` stands for anything.",
            Self::Tool => "Write `Tool: find-product` or `Tool: find-product with what = green`.",
            Self::Table(_) => "Write `2 rows`, `1 row where state = open`, `no rows`, or rows below it between `|`.",
            Self::Memory(_) => "Write a key and a value, such as `User memory: size = XL`, or `size = nothing`.",
            Self::Anything => return None,
        })
    }
}

fn memory(lower: &str) -> Option<MemoryScope> {
    match lower {
        "memory" => Some(MemoryScope::Remembered),
        "bot memory" => Some(MemoryScope::Bot),
        "user memory" => Some(MemoryScope::User),
        _ => None,
    }
}

/// What somebody may have meant.
pub(super) fn advice(written: &str) -> String {
    let all = || KNOWN.into_iter().chain(MEMORIES);
    let lower = written.to_lowercase();
    let plain: Vec<(String, &str)> = all().map(|known| (known.to_lowercase(), known)).collect();
    let near = nearest(&lower, plain.iter().map(|(lower, _)| lower.as_str()));
    match near.and_then(|near| plain.iter().find(|(lower, _)| lower == near)) {
        Some((_, known)) => format!("Did you mean `{known}:`?"),
        None => format!("Lines begin with {}.", all().collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_however_they_are_written() {
        assert_eq!(Word::of("BOT  Matches"), Some(Word::BotMatches));
        assert_eq!(Word::of("given Orders"), Some(Word::Given("Orders".to_owned())));
        assert_eq!(Word::of("Given user memory"), Some(Word::GivenMemory(MemoryScope::User)));
        assert_eq!(Word::of("Table orders"), Some(Word::Table("orders".to_owned())));
        assert_eq!(Word::of("memory"), Some(Word::Memory(MemoryScope::Remembered)));
        for unknown in ["", "table", "given", "given a b c", "Ada", "http"] {
            assert_eq!(Word::of(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn every_known_word_is_read() {
        for known in KNOWN.into_iter().chain(MEMORIES) {
            let word = Word::of(known).unwrap_or_else(|| panic!("{known}"));
            assert!(word.help().is_some(), "{known}");
        }
        assert_eq!(advice("Botton"), "Did you mean `Buttons:`?");
    }
}
