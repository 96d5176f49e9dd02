//! Diagnostics as the protocol has them: the same codes and sentences as on the command line, the advice below, and the
//! places that they are about.

use std::{ops::Range, sync::Arc};

use botserver_basic_types::{Diagnostic, Severity};
use lsp_types::{self as wire, DiagnosticSeverity, NumberOrString};

use crate::{
    navigate::{Spot, definition},
    resolve::Target,
    script::{Kind, Role, Script},
    text::{Encoding, Lines},
    view::View,
};

/// The bytes of a finding; of a finding about a whole line, the line.
pub(crate) fn bytes(found: &Diagnostic, text: &str, lines: &Lines) -> Range<usize> {
    let (start, end) = (found.span.start as usize, found.span.end as usize);
    if start == 0 && end == 0 {
        return lines.line(text, (found.span.line as usize).saturating_sub(1));
    }
    start..end.max(start)
}

/// A finding in a text.
pub(crate) fn wire(found: &Diagnostic, text: &str, lines: &Lines, encoding: Encoding) -> wire::Diagnostic {
    let message = match &found.help {
        Some(help) => format!("{}\n{help}", found.message),
        None => found.message.clone(),
    };
    wire::Diagnostic {
        range: lines.range(text, bytes(found, text, lines), encoding),
        severity: Some(match found.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
        }),
        code: Some(NumberOrString::String(found.code.to_string())),
        source: Some("botserver".to_owned()),
        message,
        ..wire::Diagnostic::default()
    }
}

/// The other place that a finding is about, and what is there.
pub(crate) fn related(found: &Diagnostic, own: &Script, view: &View) -> Option<(Spot, &'static str)> {
    let place = found.span.start as usize..found.span.end as usize;
    let word = own.text().get(place).unwrap_or("").to_lowercase();
    let first = |kind: Kind| {
        let declares = own.occurrences.iter().filter(|at| at.kind == kind && at.role == Role::Declares);
        let at = declares.filter(|at| *at.key == *word).min_by_key(|at| at.loc.start)?;
        (at.loc.start != found.span.start)
            .then(|| Spot::Script(own.path().clone(), at.loc.start as usize..at.loc.end as usize))
    };
    let quoted = |number: usize| found.message.split('`').nth(2 * number + 1).map(str::to_owned);
    match &*found.code {
        "B0208" => first(Kind::Procedure).map(|spot| (spot, "first defined here")),
        "B0204" => first(Kind::Label).map(|spot| (spot, "first set here")),
        "B0110" => first(Kind::Variable).map(|spot| (spot, "declared here")),
        "B0254" => first(Kind::Variable).map(|spot| (spot, "the parameter")),
        "B0253" => definition(&Target::Table(quoted(0)?), own, view).map(|spot| (spot, "the table")),
        "P0101" => {
            let (_, path) = found.message.rsplit_once(": ")?;
            Some((Spot::Script(Arc::from(path), 0..0), "this one has the name"))
        }
        "T0001" => {
            let mut place = found.message.rsplit_once("first at ")?.1.rsplitn(3, ':');
            let (_column, line, path) = (place.next()?, place.next()?, place.next()?);
            Some((Spot::Line(Arc::from(path), line.parse::<u32>().ok()?.saturating_sub(1)), "first declared here"))
        }
        _ => None,
    }
}
