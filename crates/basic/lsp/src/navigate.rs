//! Where things are declared and where they stand: go to definition, references, the outline of a script.

use std::{ops::Range, sync::Arc};

use botserver_basic_syntax::ast::{Event, Loc, RowChange};
use lsp_types::{DocumentSymbol, SymbolKind};

use crate::{
    pages,
    resolve::Target,
    script::{Kind, Occurrence, Role, Script},
    text::{Encoding, Lines},
    view::View,
};

/// A place in a file of the package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Spot {
    /// Bytes of a script.
    Script(Arc<str>, Range<usize>),
    /// A line of another file, from 0.
    Line(Arc<str>, u32),
}

const fn bytes(loc: Loc) -> Range<usize> {
    loc.start as usize..loc.end as usize
}

/// Where a thing is declared.
pub(crate) fn definition(target: &Target, own: &Script, view: &View) -> Option<Spot> {
    let in_script = |script: &Script, loc: Loc| Spot::Script(script.path().clone(), bytes(loc));
    match target {
        Target::Name(found) => own.definition(found).map(|at| in_script(own, at.loc)),
        Target::Included(name) => {
            view.procedure(own, name).map(|(script, procedure)| in_script(script, procedure.name.loc))
        }
        Target::Table(name) => {
            let (script, table) = view.table(name)?;
            Some(Spot::Script(script.path().clone(), name_in(script, bytes(table.loc), &table.name)))
        }
        Target::Column { table, column } => {
            let (script, _, column) = view.column(table, column)?;
            Some(Spot::Script(script.path().clone(), name_in(script, bytes(column.loc), &column.name)))
        }
        Target::Script(name) => view.script(name).map(|script| Spot::Script(script.path().clone(), 0..0)),
        Target::Setting(name) => {
            view.setting(name).map(|setting| Spot::Line(setting.file.clone(), setting.line.saturating_sub(1)))
        }
        Target::Field { variable } => {
            let first = own.occurrences.iter().filter(|at| at.kind == Kind::Variable && at.key == *variable);
            first.min_by_key(|at| (at.role, at.loc.start)).map(|at| in_script(own, at.loc))
        }
        Target::Keyword(_) | Target::Core(_) | Target::Function(_) | Target::Collection(_) => None,
    }
}

/// The name in a declaration.
fn name_in(script: &Script, within: Range<usize>, name: &str) -> Range<usize> {
    let text = script.text().get(within.clone()).unwrap_or("");
    match text.to_lowercase().find(&name.to_lowercase()) {
        // Few letters change their length with their case; a place inside the declaration is good enough for those.
        Some(at) if text.is_char_boundary(at) => within.start + at..(within.start + at + name.len()).min(within.end),
        _ => within,
    }
}

/// Every place of a name of the script, and of a procedure in the scripts that include it.
pub(crate) fn references(target: &Target, own: &Script, view: &View, declaration: bool) -> Vec<Spot> {
    let spot = |script: &Script, at: &Occurrence| Spot::Script(script.path().clone(), bytes(at.loc));
    let key = match target {
        Target::Name(found) if found.kind != Kind::Procedure => {
            let all = own.same(found).filter(|at| declaration || at.role != Role::Declares);
            return all.map(|at| spot(own, at)).collect();
        }
        Target::Name(found) => found.key.to_string(),
        Target::Included(name) => name.clone(),
        _ => return Vec::new(),
    };
    let mut found = Vec::new();
    for script in with_procedure(own, view, &key) {
        let all = script.occurrences.iter().filter(|at| at.kind == Kind::Procedure && *at.key == *key);
        found.extend(all.filter(|at| declaration || at.role != Role::Declares).map(|at| spot(script, at)));
    }
    found
}

/// The scripts in which a procedure that `own` sees is the same procedure.
pub(crate) fn with_procedure<'a>(own: &'a Script, view: &'a View, key: &str) -> Vec<&'a Script> {
    let Some((home, _)) = view.procedure(own, key) else { return vec![own] };
    let sees = |script: &&Script| view.procedure(script, key).is_some_and(|(other, _)| other.path() == home.path());
    let all = view.scripts.iter().map(|script| &**script);
    all.filter(|script| script.path() != own.path()).chain([own]).filter(sees).collect()
}

/// The end of the line that ends a block which begins at a byte: the first line with one of these ends.
pub(crate) fn block_end(text: &str, start: usize, ends: &[&str]) -> usize {
    let mut at = start;
    while let Some(line) = text.get(at..).and_then(|rest| rest.split_inclusive('\n').next()) {
        let mut words = line.split([' ', '\t', '_', '\r', '\n', ';', '\'']).filter(|word| !word.is_empty());
        let is_end = words.next().is_some_and(|word| word.eq_ignore_ascii_case("end"))
            && words.next().is_some_and(|word| ends.iter().any(|end| word.eq_ignore_ascii_case(end)));
        if at > start && is_end {
            return at + line.trim_end().len();
        }
        at += line.len();
    }
    text.len()
}

/// The outline of a script.
pub(crate) fn symbols(own: &Script, lines: &Lines, encoding: Encoding) -> Vec<DocumentSymbol> {
    let text = own.text();
    let outline = Outline { own, lines, encoding };
    let mut found = Vec::new();
    for param in &own.tree.params {
        let detail = param.description.as_deref().map(str::to_owned);
        found.push(outline.symbol(
            &param.name.text,
            detail,
            SymbolKind::PROPERTY,
            bytes(param.loc),
            bytes(param.name.loc),
        ));
    }
    for table in &own.tree.tables {
        let range = table.loc.start as usize..block_end(text, table.loc.start as usize, &["table"]);
        let mut symbol = outline.symbol(&table.name, None, SymbolKind::STRUCT, range, bytes(table.loc));
        let columns = table.columns.iter().map(|column| {
            let detail = Some(pages::column_type(column));
            outline.symbol(&column.name, detail, SymbolKind::FIELD, bytes(column.loc), bytes(column.loc))
        });
        symbol.children = Some(columns.collect());
        found.push(symbol);
    }
    for procedure in &own.tree.procedures {
        let start = procedure.loc.start as usize;
        let range = start..block_end(text, start, &["sub", "function"]);
        let detail = Some(pages::procedure_line(procedure));
        let name = bytes(procedure.name.loc);
        found.push(outline.symbol(&procedure.name.text, detail, SymbolKind::FUNCTION, range, name));
    }
    for event in &own.tree.events {
        let start = event.loc.start as usize;
        let end = if event.body.is_some() {
            block_end(text, start, &["on", "webhook", "event"])
        } else {
            event.loc.end as usize
        };
        found.push(outline.symbol(&event_name(&event.event), None, SymbolKind::EVENT, start..end, bytes(event.loc)));
    }
    for (name, loc) in &own.tree.webhooks {
        found.push(outline.symbol(&format!("WEBHOOK {name}"), None, SymbolKind::EVENT, bytes(*loc), bytes(*loc)));
    }
    for schedule in &own.tree.schedules {
        found.push(outline.symbol("SET SCHEDULE", None, SymbolKind::EVENT, bytes(schedule.loc), bytes(schedule.loc)));
    }
    let labels = own.occurrences.iter().filter(|at| at.kind == Kind::Label && at.role == Role::Declares);
    for label in labels {
        let name = text.get(bytes(label.loc)).unwrap_or(&label.key);
        found.push(outline.symbol(name, None, SymbolKind::KEY, bytes(label.loc), bytes(label.loc)));
    }
    let mut seen = std::collections::HashSet::new();
    let written = own.occurrences.iter().filter(|at| at.kind == Kind::Variable && at.role != Role::Reads);
    for variable in written.filter(|at| own.param(&at.key).is_none()) {
        if seen.insert((variable.key.clone(), variable.owner)) && is_outside(own, variable) {
            let name = text.get(bytes(variable.loc)).unwrap_or(&variable.key);
            found.push(outline.symbol(name, None, SymbolKind::VARIABLE, bytes(variable.loc), bytes(variable.loc)));
        }
    }
    found.sort_by_key(|symbol| (symbol.range.start.line, symbol.range.start.character));
    found
}

/// True for what belongs to the script and not to one of its procedures.
fn is_outside(own: &Script, at: &Occurrence) -> bool {
    at.owner == botserver_basic_syntax::walk::Scope::Body
        && own.text().get(bytes(at.loc)).is_some_and(|text| text.to_lowercase() == *at.key)
}

fn event_name(event: &Event) -> String {
    match event {
        Event::Row { change, table } => {
            let word = match change {
                RowChange::Insert => "INSERT",
                RowChange::Update => "UPDATE",
                RowChange::Delete => "DELETE",
            };
            format!("ON {word} OF {table}")
        }
        Event::Email { address, .. } => format!("ON EMAIL {address}"),
        Event::File { path, .. } => format!("ON CHANGE {path}"),
        Event::Form(form) => format!("ON FORM SUBMIT {form}"),
        Event::Named(name) => format!("ON {name}"),
    }
}

struct Outline<'a> {
    own: &'a Script,
    lines: &'a Lines,
    encoding: Encoding,
}

impl Outline<'_> {
    #[expect(deprecated, reason = "the type has the field")]
    fn symbol(
        &self,
        name: &str,
        detail: Option<String>,
        kind: SymbolKind,
        range: Range<usize>,
        selection: Range<usize>,
    ) -> DocumentSymbol {
        let text = self.own.text();
        // The protocol wants the name inside of the whole.
        let whole = range.start.min(selection.start)..range.end.max(selection.end);
        let name = if name.trim().is_empty() { "?" } else { name };
        DocumentSymbol {
            name: name.to_owned(),
            detail,
            kind,
            tags: None,
            deprecated: None,
            range: self.lines.range(text, whole, self.encoding),
            selection_range: self.lines.range(text, selection, self.encoding),
            children: None,
        }
    }
}
