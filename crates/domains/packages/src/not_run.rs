//! What scripts declare and no room of this build starts: schedules, webhooks and events. They are kept, and said once at
//! their place, so that nobody waits for a clock that does not tick. Whoever builds a room takes its line out.

use botserver_basic_syntax::ast::{Loc, Script};
use botserver_basic_types::{Diagnostic, Severity};

/// The code of keywords that this build cannot carry out.
const MISSING_CAPABILITY: &str = "B0500";

/// The findings of one script.
pub(crate) fn findings(script: &Script) -> Vec<Diagnostic> {
    let found = |what: &'static str, help: &'static str| {
        move |loc: Loc| Diagnostic {
            code: MISSING_CAPABILITY.into(),
            severity: Severity::Warning,
            message: format!("{what}, not available in this build"),
            span: script.span(loc),
            help: Some(help.to_owned()),
        }
    };
    let schedule = found("SET SCHEDULE needs schedules", "The script is kept; nothing starts it at that time.");
    let webhook = found("WEBHOOK needs webhooks", "The script is kept; no address starts it.");
    let event = found("ON needs events", "The lines are kept; nothing starts them.");
    let schedules = script.schedules.iter().map(|own| schedule(own.loc));
    let webhooks = script.webhooks.iter().map(|(_, loc)| webhook(*loc));
    let events = script.events.iter().map(|own| event(own.loc));
    schedules.chain(webhooks).chain(events).collect()
}
