//! What fits into a model's window: parts in a fixed order, each with its share, and a record of what was left out
//! and why.
//!
//! The instructions, the tools and the person's message are always there. Contexts may take a quarter of what is left,
//! what is remembered of the person an eighth, passages two fifths of it, and the history what remains, newest first. Earlier calls of tools may take half of what
//! the history leaves.

use serde::{Deserialize, Serialize};

/// What a part of the window is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartKind {
    /// The instructions.
    Prompt,
    /// A text of SET CONTEXT.
    Context,
    /// What is remembered of the person.
    Memory,
    /// A passage of a document.
    Passage,
    /// An earlier message.
    History,
    /// An earlier call of a tool with its result.
    Call,
    /// The description of a tool.
    Tool,
    /// The person's message.
    Message,
}

/// A part, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowPart {
    /// What it is.
    pub kind: PartKind,
    /// Which: the name of a context or tool, the place of a passage, who wrote a message.
    pub name: String,
    /// Its size.
    pub tokens: usize,
    /// Whether the model sees it.
    pub included: bool,
    /// Why not, or why not all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Its text.
    pub text: String,
}

/// The window of one answer: the trace that its owner may open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Tokens that the model takes, its answer included.
    pub window: usize,
    /// Of these, kept for the answer.
    pub reserved: usize,
    /// Tokens of all parts that are included.
    pub used: usize,
    /// What counted the tokens.
    pub counted_by: String,
    /// The parts in the order in which the model sees them; what was left out stands among its kind.
    pub parts: Vec<WindowPart>,
}

/// A named text that wants to be in the window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidate {
    /// See [`WindowPart::name`].
    pub name: String,
    /// Its text.
    pub text: String,
    /// Tokens besides its text: those of its pictures.
    pub more: usize,
}

/// What wants to be in the window.
#[derive(Clone, Debug, Default)]
pub struct WindowRequest {
    /// The instructions.
    pub prompt: String,
    /// Texts of SET CONTEXT.
    pub contexts: Vec<Candidate>,
    /// What is remembered of the person, the newest first.
    pub memory: Vec<Candidate>,
    /// Passages, best first.
    pub passages: Vec<Candidate>,
    /// Earlier messages, oldest first.
    pub history: Vec<Candidate>,
    /// Earlier calls of tools with their results, oldest first, each with how many of the messages come before it.
    pub calls: Vec<(usize, Candidate)>,
    /// Descriptions of tools.
    pub tools: Vec<Candidate>,
    /// What the person wrote.
    pub message: String,
    /// Tokens of it besides its text: those of its pictures.
    pub message_more: usize,
    /// Tokens that the model takes, its answer included.
    pub window: usize,
    /// Of these, kept for the answer.
    pub reserved: usize,
}

/// Tokens that a message costs besides its text: role and separators.
const PER_MESSAGE: usize = 4;
/// A passage or context of which less than this would be left is left out instead of being cut.
const WORTH_CUTTING: usize = 60;

/// Counts and cuts texts as the model does.
pub trait Tokens {
    /// How many tokens a text has.
    fn count(&self, text: &str) -> usize;

    /// The longest beginning with at most that many tokens.
    fn cut<'a>(&self, text: &'a str, most: usize) -> &'a str;

    /// What it is called, for the trace.
    fn name(&self) -> String;
}

impl Window {
    /// Chooses what the model sees.
    pub fn assemble(request: &WindowRequest, tokens: &dyn Tokens) -> Self {
        let budget = request.window.saturating_sub(request.reserved);
        let mut own = Self {
            window: request.window,
            reserved: request.reserved,
            used: 0,
            counted_by: tokens.name(),
            parts: Vec::new(),
        };
        own.always(PartKind::Prompt, "", &request.prompt, tokens, budget / 2);
        for tool in &request.tools {
            own.always(PartKind::Tool, &tool.name, &tool.text, tokens, usize::MAX);
        }
        // The message keeps its place at the end, and its size is known before the others get theirs.
        let most = budget.saturating_sub(own.used + request.message_more).max(budget / 4);
        let mut last = Self::default();
        last.always(PartKind::Message, "", &request.message, tokens, most);
        last.used += request.message_more;
        last.parts.iter_mut().for_each(|part| part.tokens += request.message_more);
        own.used += last.used;

        let left = budget.saturating_sub(own.used);
        own.share(PartKind::Context, &request.contexts, tokens, left / 4);
        own.share(PartKind::Memory, &request.memory, tokens, left / 8);
        let left_for_passages = left * 2 / 5;
        own.share(PartKind::Passage, &request.passages, tokens, left_for_passages);
        own.newest(&request.history, &request.calls, tokens, budget.saturating_sub(own.used));
        own.parts.append(&mut last.parts);
        own
    }

    /// The included parts of a kind with their places in the request.
    pub fn included(&self, kind: PartKind) -> impl Iterator<Item = (usize, &WindowPart)> {
        self.parts.iter().filter(move |part| part.kind == kind).enumerate().filter(|(_, part)| part.included)
    }

    /// A part that is there whatever it costs, cut when it is longer than `most`.
    fn always(&mut self, kind: PartKind, name: &str, text: &str, tokens: &dyn Tokens, most: usize) {
        if text.trim().is_empty() && kind != PartKind::Message {
            return;
        }
        let most = most.saturating_sub(PER_MESSAGE);
        let count = tokens.count(text);
        let (text, reason) = if count > most {
            (tokens.cut(text, most), Some(format!("cut from {count} tokens: it is too long for this model")))
        } else {
            (text, None)
        };
        let count = count.min(most) + PER_MESSAGE;
        self.push(kind, name, text, count, true, reason);
    }

    /// Parts in order until their share is used; the one that does not fit is cut if enough of it remains.
    fn share(&mut self, kind: PartKind, candidates: &[Candidate], tokens: &dyn Tokens, share: usize) {
        let mut left = share;
        for Candidate { name, text, more } in candidates {
            let count = tokens.count(text) + more + PER_MESSAGE;
            if count <= left {
                left -= count;
                self.push(kind, name, text, count, true, None);
            } else if left >= WORTH_CUTTING {
                let most = left - PER_MESSAGE;
                let reason = format!("cut from {count} tokens: the share of its kind is {share}");
                self.push(kind, name, tokens.cut(text, most), left, true, Some(reason));
                left = 0;
            } else {
                let reason = format!("left out: the {share} tokens for its kind are used");
                self.push(kind, name, text, count, false, Some(reason));
            }
        }
    }

    /// Messages from the newest back, as long as they fit; a gap would be misleading, so the first that does not fit
    /// ends it. Then calls of tools from the newest back, into half of what is left, so that new ones have room: those
    /// among messages that are there.
    fn newest(&mut self, history: &[Candidate], calls: &[(usize, Candidate)], tokens: &dyn Tokens, share: usize) {
        let mut left = share;
        let mut first = history.len();
        let mut counts = vec![0; history.len()];
        for (index, (message, counted)) in history.iter().zip(&mut counts).enumerate().rev() {
            *counted = tokens.count(&message.text) + message.more + PER_MESSAGE;
            if first == index + 1 && *counted <= left {
                left -= *counted;
                first = index;
            }
        }
        let mut room = left / 2;
        let mut called: Vec<_> = calls
            .iter()
            .rev()
            .map(|(after, call)| {
                let count = tokens.count(&call.text) + call.more;
                let reason = if *after <= first {
                    Some("left out: the messages around it are left out")
                } else if count > room {
                    Some("left out: the window is full, and messages come before calls of tools")
                } else {
                    room -= count;
                    None
                };
                (*after, call, count, reason.map(str::to_owned))
            })
            .collect();
        // The oldest is the last one now.
        let mut before = |own: &mut Self, index: usize| {
            while let Some((_, call, count, reason)) = called.pop_if(|(after, ..)| *after <= index) {
                own.push(PartKind::Call, &call.name, &call.text, count, reason.is_none(), reason);
            }
        };
        for (index, (message, count)) in history.iter().zip(counts).enumerate() {
            before(self, index);
            let included = index >= first;
            let reason = (!included).then(|| "left out: the window is full, and newer messages come first".to_owned());
            self.push(PartKind::History, &message.name, &message.text, count, included, reason);
        }
        before(self, usize::MAX);
    }

    fn push(&mut self, kind: PartKind, name: &str, text: &str, tokens: usize, included: bool, reason: Option<String>) {
        if included {
            self.used += tokens;
        }
        self.parts.push(WindowPart { kind, name: name.to_owned(), tokens, included, reason, text: text.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A token is a word.
    struct Words;

    impl Tokens for Words {
        fn count(&self, text: &str) -> usize {
            text.split_whitespace().count()
        }

        fn cut<'a>(&self, text: &'a str, most: usize) -> &'a str {
            let end = text.match_indices(' ').nth(most.saturating_sub(1)).map_or(text.len(), |(index, _)| index);
            &text[..end]
        }

        fn name(&self) -> String {
            "words".to_owned()
        }
    }

    fn words(count: usize) -> String {
        vec!["word"; count].join(" ")
    }

    fn named(name: &str, count: usize) -> Candidate {
        Candidate { name: name.to_owned(), text: words(count), more: 0 }
    }

    fn request() -> WindowRequest {
        WindowRequest {
            prompt: words(50),
            contexts: vec![named("hours", 30)],
            memory: Vec::new(),
            passages: vec![named("p1", 100), named("p2", 100)],
            history: vec![named("person", 10), named("bot", 20), named("person", 5)],
            calls: Vec::new(),
            tools: vec![named("track", 20)],
            message: words(10),
            message_more: 0,
            window: 2_000,
            reserved: 500,
        }
    }

    fn names(window: &Window, kind: PartKind) -> Vec<String> {
        window.included(kind).map(|(_, part)| part.name.clone()).collect()
    }

    #[test]
    fn everything_is_in_when_there_is_room() {
        let window = Window::assemble(&request(), &Words);
        assert!(window.parts.iter().all(|part| part.included && part.reason.is_none()));
        assert_eq!(window.used, window.parts.iter().map(|part| part.tokens).sum::<usize>());
        assert_eq!(window.parts.last().map(|part| part.kind), Some(PartKind::Message));
        assert_eq!(window.parts.first().map(|part| part.kind), Some(PartKind::Prompt));
    }

    #[test]
    fn a_full_window_drops_the_oldest_messages_and_says_so() {
        let history = (0..100).map(|n| named(&format!("m{n}"), 20)).collect();
        let window = Window::assemble(&WindowRequest { history, ..request() }, &Words);
        assert!(window.used <= 1_500);
        let kept = names(&window, PartKind::History);
        assert_eq!(kept.last().map(String::as_str), Some("m99"));
        assert!(!kept.contains(&"m0".to_owned()));
        let dropped: Vec<_> = window.parts.iter().filter(|part| !part.included).collect();
        assert_eq!(dropped.len(), 100 - kept.len());
        assert!(dropped.iter().all(|part| part.reason.as_deref().is_some_and(|why| why.contains("newer"))));
    }

    #[test]
    fn passages_keep_to_their_share_and_the_one_on_the_edge_is_cut() {
        let passages = (0..20).map(|n| named(&format!("p{n}"), 90)).collect();
        let window = Window::assemble(&WindowRequest { passages, ..request() }, &Words);
        let taken: usize = window.included(PartKind::Passage).map(|(_, part)| part.tokens).sum();
        assert!(taken <= (1_500 - 54 - 24 - 14) * 2 / 5, "{taken}");
        let cut = window.included(PartKind::Passage).last().map(|(_, part)| part.reason.clone());
        assert!(cut.flatten().is_some_and(|why| why.starts_with("cut")));
        assert!(window.parts.iter().any(|part| part.kind == PartKind::Passage && !part.included));
    }

    #[test]
    fn a_message_that_is_too_long_is_cut_and_nothing_overflows() {
        let window =
            Window::assemble(&WindowRequest { message: words(100_000), prompt: words(5_000), ..request() }, &Words);
        let message = window.parts.last().unwrap();
        assert_eq!(message.kind, PartKind::Message);
        assert!(message.reason.is_some() && message.tokens < 1_500);
        assert!(names(&window, PartKind::History).is_empty());
        assert!(window.used <= 1_500, "{}", window.used);
    }

    #[test]
    fn pictures_take_their_part_of_the_window() {
        let mut request = request();
        let before = Window::assemble(&request, &Words).used;
        request.message_more = 300;
        request.history[1].more = 100;
        let window = Window::assemble(&request, &Words);
        assert_eq!(window.used, before + 400);
        assert_eq!(window.parts.last().map(|part| part.tokens), Some(10 + PER_MESSAGE + 300));
        // What does not fit with its picture is left out like a text that is too long.
        request.history[1].more = 5_000;
        let window = Window::assemble(&request, &Words);
        assert_eq!(names(&window, PartKind::History), ["person"]);
    }

    #[test]
    fn calls_stand_among_their_messages_and_go_before_them() {
        let calls = vec![(1, named("old", 30)), (1, named("long", 2_000)), (3, named("new", 30))];
        let window = Window::assemble(&WindowRequest { calls: calls.clone(), ..request() }, &Words);
        let told =
            |part: &WindowPart| matches!(part.kind, PartKind::History | PartKind::Call).then(|| part.name.clone());
        let order: Vec<_> = window.parts.iter().filter_map(told).collect();
        assert_eq!(order, ["person", "old", "long", "bot", "person", "new"]);
        assert_eq!(names(&window, PartKind::Call), ["old", "new"]);
        assert_eq!(
            window.used,
            window.parts.iter().filter(|part| part.included).map(|part| part.tokens).sum::<usize>()
        );
        // What the messages leave is not enough for the older call, then for none, and never at the cost of a message.
        let small = |window: usize| {
            let request = WindowRequest { calls: calls.clone(), window, passages: Vec::new(), ..request() };
            let window = Window::assemble(&request, &Words);
            assert!(window.used <= window.window - 500);
            let reasons: Vec<_> =
                window.parts.iter().filter(|part| !part.included).map(|part| part.reason.is_some()).collect();
            assert!(reasons.iter().all(|told| *told));
            (names(&window, PartKind::History).len(), names(&window, PartKind::Call))
        };
        assert_eq!(small(760), (3, vec!["new".to_owned()]));
        assert_eq!(small(690), (3, vec![]));
        let (messages, called) = small(630);
        assert!(messages < 3 && called.is_empty());
    }
}
