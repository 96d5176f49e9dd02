//! What a line expects beside what there is: messages, buttons, questions and calls of tools.

use botserver_bot_tests::{Captures, Expected, Pattern, marked};
use botserver_ui_tree::ToolEvent;

use super::{
    play::{Checked, Play, Wrong, line_of, script_failed},
    tables,
    voice::{Heard, argument, call},
};

impl Play<'_> {
    /// Looks whether something is as expected.
    pub(super) async fn expect(&mut self, expected: &Expected) -> Checked {
        match expected {
            Expected::Amount { table, amount } => return tables::amount(self.stage, table, amount, &self.kept).await,
            Expected::Rows { table, wanted } => return tables::rows(self.stage, table, wanted, &mut self.kept).await,
            _ => {}
        }
        let at = self.voice().await?;
        if let Expected::Memory(scope, key, wanted) = expected {
            let principal = match self.voice_at(at) {
                Some(voice) => voice.principal.clone(),
                None => return Ok(Ok(())),
            };
            return tables::memory(self.stage, &principal, (*scope, key.as_str()), wanted.as_ref(), &mut self.kept)
                .await;
        }
        Ok(self.look(at, expected))
    }

    fn look(&mut self, at: usize, expected: &Expected) -> Result<(), Wrong> {
        let mut kept = std::mem::take(&mut self.kept);
        let looked = match expected {
            Expected::Anything => {
                if let Some(voice) = self.voice_at(at) {
                    voice.anything = true;
                    voice.unheard_greeting = false;
                }
                Ok(())
            }
            Expected::Says(pattern) | Expected::Sends(pattern) | Expected::Fails(pattern) => {
                self.next(at, expected, pattern, &mut kept)
            }
            Expected::Buttons(wanted) => {
                let buttons = self.voice_at(at).map(|voice| voice.buttons.as_slice()).unwrap_or_default();
                let there: Vec<String> = buttons.iter().map(|own| own.label.clone()).collect();
                labels("buttons", wanted, &there, &mut kept)
            }
            Expected::Choices(wanted) => {
                let input = self.voice_at(at).and_then(|voice| voice.input.as_ref());
                let there: Vec<String> = input.map(|input| input.options.clone()).unwrap_or_default();
                labels("choices", wanted, &there, &mut kept)
            }
            Expected::Asks(wanted) => {
                let there = self.voice_at(at).and_then(|voice| Some(voice.input.as_ref()?.kind.clone()));
                asks(wanted.as_deref(), there.as_deref())
            }
            Expected::Tool { name, with } => {
                let tools = self.voice_at(at).map(|voice| voice.tools.clone()).unwrap_or_default();
                tool(name, with, &tools, &mut kept)
            }
            Expected::Amount { .. } | Expected::Rows { .. } | Expected::Memory(..) => Ok(()),
        };
        self.kept = kept;
        looked
    }

    /// The next thing that the bot did, or, after a line of dots, the next that fits.
    fn next(&mut self, at: usize, expected: &Expected, pattern: &Pattern, kept: &mut Captures) -> Result<(), Wrong> {
        let Some(voice) = self.voice_at(at) else { return Ok(()) };
        voice.unheard_greeting = false;
        let anything = std::mem::take(&mut voice.anything);
        if anything && let Some(found) = voice.heard.iter().position(|heard| fits(expected, heard, &mut kept.clone())) {
            voice.heard.drain(..found);
        }
        let Some(heard) = voice.heard.pop_front() else {
            return Err(Wrong::with("the bot said nothing more", format!("expected   {}\n", pattern.written)));
        };
        if fits(expected, &heard, kept) {
            return Ok(());
        }
        if let (Heard::Failed { told, script }, false) = (&heard, matches!(expected, Expected::Fails(_))) {
            return Err(script_failed(told, script.as_ref()));
        }
        let same_kind = matches!(
            (expected, &heard),
            (Expected::Says(_), Heard::Said(_))
                | (Expected::Sends(_), Heard::Sent(_))
                | (Expected::Fails(_), Heard::Failed { .. })
        );
        let shown = line_of(&heard);
        let said =
            if same_kind { shown.split_once(": ").map_or(shown.as_str(), |(_, said)| said) } else { shown.as_str() };
        let message = match (anything, same_kind) {
            (true, _) => "nothing that the bot said fits",
            (false, true) => "the bot said something else",
            (false, false) => "the bot did something else",
        };
        Err(Wrong::with(message, marked(pattern, said, kept)))
    }
}

/// Whether what was heard is what a line expects; keeps what it keeps.
fn fits(expected: &Expected, heard: &Heard, kept: &mut Captures) -> bool {
    match (expected, heard) {
        (Expected::Says(pattern), Heard::Said(text)) | (Expected::Sends(pattern), Heard::Sent(text)) => {
            pattern.fits(text, kept)
        }
        (Expected::Fails(pattern), Heard::Failed { told, script }) => {
            script.as_ref().is_some_and(|script| pattern.fits(&script.message, kept)) || pattern.fits(told, kept)
        }
        _ => false,
    }
}

/// Labels in their order; `...` alone stands for any others.
fn labels(what: &str, wanted: &[Pattern], there: &[String], kept: &mut Captures) -> Result<(), Wrong> {
    if in_order(wanted, there, kept) {
        return Ok(());
    }
    let list = |labels: Vec<&str>| if labels.is_empty() { "none".to_owned() } else { labels.join(" | ") };
    let wanted = list(wanted.iter().map(|own| own.written.as_str()).collect());
    let shown = list(there.iter().map(String::as_str).collect());
    let message = format!("there are other {what}");
    Err(Wrong::with(message, format!("expected   {wanted}\nthere are  {shown}\n")))
}

fn in_order(wanted: &[Pattern], there: &[String], kept: &mut Captures) -> bool {
    match (wanted.split_first(), there.split_first()) {
        (None, None) => true,
        (Some((gap, rest)), _) if gap.written == "..." => {
            (0..=there.len()).any(|skip| in_order(rest, there.get(skip..).unwrap_or_default(), kept))
        }
        (Some((first, wanted)), Some((label, there))) => first.fits(label, kept) && in_order(wanted, there, kept),
        _ => false,
    }
}

fn asks(wanted: Option<&str>, there: Option<&str>) -> Result<(), Wrong> {
    if wanted == there {
        return Ok(());
    }
    let word = |kind: Option<&str>| kind.unwrap_or("nothing").to_owned();
    let message = "the bot asks for something else";
    Err(Wrong::with(message, format!("expected   {}\nasks for   {}\n", word(wanted), word(there))))
}

fn tool(name: &str, with: &[(String, Pattern)], tools: &[ToolEvent], kept: &mut Captures) -> Result<(), Wrong> {
    let fits = |tool: &&ToolEvent| {
        let given = |key: &str| tool.arguments.as_object()?.iter().find(|(own, _)| own.eq_ignore_ascii_case(key));
        tool.name.eq_ignore_ascii_case(name)
            && with.iter().all(|(key, pattern)| {
                given(key).is_some_and(|(_, value)| pattern.fits(&argument(value), &mut kept.clone()))
            })
    };
    if let Some(found) = tools.iter().find(fits) {
        let given = |key: &str| found.arguments.as_object()?.iter().find(|(own, _)| own.eq_ignore_ascii_case(key));
        for (key, pattern) in with {
            if let Some((_, value)) = given(key) {
                pattern.fits(&argument(value), kept);
            }
        }
        return Ok(());
    }
    let pairs: Vec<String> = with.iter().map(|(key, value)| format!("{key} = {}", value.written)).collect();
    let wanted = if pairs.is_empty() { name.to_owned() } else { format!("{name} with {}", pairs.join(", ")) };
    let calls: Vec<String> = tools.iter().map(call).collect();
    let calls = if calls.is_empty() { "no tool".to_owned() } else { calls.join("\n           ") };
    Err(Wrong::with("the model called something else", format!("expected   {wanted}\ncalled     {calls}\n")))
}
