//! A diagnostic as people read it: place, sentence, the line with the exact spot marked, and advice.

use std::fmt::Write;

use botserver_basic_types::{Diagnostic, Severity};
use unicode_segmentation::UnicodeSegmentation;

use crate::masked;

/// `path:line:column: error[B0103]: message`, the source line, a caret run under the span, and the help.
pub fn render(diagnostic: &Diagnostic, source: &str) -> String {
    let severity = match diagnostic.severity {
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    let span = &diagnostic.span;
    let mut text = format!(
        "{}:{}:{}: {severity}[{}]: {}\n",
        span.file, span.line, span.column, diagnostic.code, diagnostic.message
    );
    let start = (span.start as usize).min(source.len());
    let line_start = source.get(..start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let line = source.get(line_start..).unwrap_or("").lines().next().unwrap_or("");
    let before = source.get(line_start..start).unwrap_or("");
    let end = (span.end as usize).clamp(start, line_start + line.len().max(start - line_start));
    let marked = source.get(start..end).unwrap_or("");
    let number = span.line.to_string();
    let margin = " ".repeat(number.len());
    // Tabs are shown as one blank, so that the carets stand under what they mean.
    let shown = masked(line).replace('\t', " ");
    let _ = writeln!(text, "{number} | {shown}");
    let _ = writeln!(text, "{margin} | {}{}", " ".repeat(width(before)), "^".repeat(width(marked).max(1)));
    if let Some(help) = &diagnostic.help {
        let _ = writeln!(text, "{margin} = help: {}", masked(help));
    }
    text
}

/// Columns of a terminal: wide characters and emoji take two.
fn width(text: &str) -> usize {
    let wide = |cluster: &str| {
        let first = cluster.chars().next().unwrap_or(' ');
        matches!(first,
            '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
            | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{1f300}'..='\u{1faff}'
            | '\u{20000}'..='\u{3fffd}')
            || cluster.contains('\u{fe0f}')
    };
    text.graphemes(true).map(|cluster| if wide(cluster) { 2 } else { 1 }).sum()
}
