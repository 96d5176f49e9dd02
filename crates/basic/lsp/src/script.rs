//! One script as an editor sees it: its tree, every place that names a variable, a procedure or a label, and what is
//! known of the values of variables. Made from the parser's tree, so that names mean what they mean when it runs.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use botserver_basic_syntax::{
    ParseOptions,
    ast::{self, ArgExpr, Expr, ExprKind, KeywordCall, Loc, Name, Step, Stmt, StmtKind},
    parse_with,
    walk::{self, Scope, Visit},
};
use botserver_basic_types::{Diagnostic, Severity, Value};

use crate::{
    language::Language,
    line::{self, Kind as PieceKind},
};

/// What a name is the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Variable,
    Procedure,
    Label,
}

/// What a place does with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// PARAM, DIM, CONST, SUB, `label:`, a parameter.
    Declares,
    /// Gives it a value.
    Writes,
    Reads,
}

/// A place where a name stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Occurrence {
    pub(crate) kind: Kind,
    /// Lower case.
    pub(crate) key: Arc<str>,
    pub(crate) loc: Loc,
    pub(crate) role: Role,
    /// The part of the script that it stands in.
    scope: Scope,
    /// The part of the script that the name belongs to: equal names of one owner are one thing.
    pub(crate) owner: Scope,
}

/// What is known of a variable's values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    /// The table whose rows it holds, lower case.
    pub(crate) table: Option<Arc<str>>,
    /// Fields that the script gives it or asks of it.
    pub(crate) fields: BTreeSet<Arc<str>>,
}

/// One script.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) tree: ast::Script,
    /// What the parser says.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// By place.
    pub(crate) occurrences: Vec<Occurrence>,
    /// By lower-case name.
    pub(crate) shapes: HashMap<Arc<str>, Shape>,
    /// Lower-case name to the author's spelling, of variables.
    pub(crate) spellings: BTreeMap<Arc<str>, Arc<str>>,
    /// The variables that something gives a value, also in statements that cannot be read.
    pub(crate) written: HashSet<Arc<str>>,
}

impl Script {
    /// Reads a script.
    pub(crate) fn read(language: &Language, path: &str, text: &str, options: &ParseOptions) -> Self {
        let parsed = parse_with(path, text, &language.grammar, options);
        let mut seen = Seen::default();
        walk::script(&parsed.script, &mut seen);
        let Seen { mut occurrences, shapes, .. } = seen;
        own(&parsed.script, &mut occurrences);
        occurrences.sort_by_key(|own| (own.loc.start, own.loc.end, own.kind, own.role));
        occurrences.dedup_by(|one, other| one.loc == other.loc && one.kind == other.kind);
        let text_of = |loc: Loc| text.get(loc.start as usize..loc.end as usize).unwrap_or("");
        let mut spellings = BTreeMap::new();
        for own in occurrences.iter().filter(|own| own.kind == Kind::Variable) {
            let spelling = text_of(own.loc);
            let spelling = if spelling.to_lowercase() == *own.key { spelling } else { &own.key };
            spellings.entry(own.key.clone()).or_insert_with(|| Arc::from(spelling));
        }
        let writes = occurrences.iter().filter(|own| own.kind == Kind::Variable && own.role != Role::Reads);
        let mut written: HashSet<Arc<str>> = writes.map(|own| own.key.clone()).collect();
        for name in unread_names(text, &parsed.diagnostics) {
            let key: Arc<str> = name.to_lowercase().into();
            spellings.entry(key.clone()).or_insert_with(|| Arc::from(name));
            written.insert(key);
        }
        Self { tree: parsed.script, diagnostics: parsed.diagnostics, occurrences, shapes, spellings, written }
    }

    /// The path inside the package.
    pub(crate) fn path(&self) -> &Arc<str> {
        &self.tree.file
    }

    pub(crate) fn text(&self) -> &str {
        &self.tree.source
    }

    /// The name at a byte; a name that ends there counts too.
    pub(crate) fn occurrence_at(&self, offset: usize) -> Option<&Occurrence> {
        let after = self.occurrences.partition_point(|own| (own.loc.start as usize) <= offset);
        let near = self.occurrences.get(after.saturating_sub(4)..after)?;
        near.iter().rev().find(|own| offset <= own.loc.end as usize)
    }

    /// All places of what a name at a place means.
    pub(crate) fn same(&self, of: &Occurrence) -> impl Iterator<Item = &Occurrence> {
        let (kind, key, owner) = (of.kind, of.key.clone(), of.owner);
        self.occurrences.iter().filter(move |own| own.kind == kind && own.key == key && own.owner == owner)
    }

    /// Where a thing is declared, or else first given a value.
    pub(crate) fn definition(&self, of: &Occurrence) -> Option<&Occurrence> {
        self.same(of).filter(|own| own.role != Role::Reads).min_by_key(|own| (own.role, own.loc.start))
    }

    pub(crate) fn procedure(&self, name: &str) -> Option<&ast::Procedure> {
        let key = name.to_lowercase();
        self.tree.procedures.iter().find(|own| *own.name.key == *key)
    }

    pub(crate) fn param(&self, name: &str) -> Option<&ast::ParamDecl> {
        let key = name.to_lowercase();
        self.tree.params.iter().find(|own| *own.name.key == *key)
    }

    pub(crate) fn is_variable(&self, name: &str) -> bool {
        self.spellings.contains_key(name.to_lowercase().as_str())
    }
}

/// The names that statements with mistakes give a value: `total = (1 +`.
fn unread_names<'s>(text: &'s str, diagnostics: &[Diagnostic]) -> Vec<&'s str> {
    let errors = diagnostics.iter().filter(|found| found.severity == Severity::Error);
    let name = |found: &Diagnostic| {
        let start = line::line_start(text, (found.span.start as usize).min(text.len()));
        let end = text.get(start..)?.find('\n').map_or(text.len(), |at| start + at);
        let pieces = line::pieces(text, start..end);
        let first = pieces.first().filter(|first| first.kind == PieceKind::Word)?;
        pieces.get(1)?.is(text, "=").then(|| first.text(text))
    };
    errors.filter_map(name).collect()
}

/// File name without folder and ending, lower case: what CALL and tools name a script by.
pub(crate) fn stem(path: &str) -> String {
    let file = path.rsplit(['/', '\\']).next().unwrap_or(path).to_lowercase();
    file.rsplit_once('.').map_or(file.clone(), |(stem, _)| stem.to_owned())
}

/// Works out whose each variable is: what a script mentions outside of its procedures is the script's, what only a
/// procedure assigns is its own. Labels belong to the part of the script that they stand in.
fn own(script: &ast::Script, occurrences: &mut [Occurrence]) {
    let outside: HashSet<Arc<str>> = occurrences
        .iter()
        .filter(|own| own.kind == Kind::Variable && !matches!(own.scope, Scope::Procedure(_)))
        .map(|own| own.key.clone())
        .collect();
    let assigned: HashSet<(Scope, Arc<str>)> = occurrences
        .iter()
        .filter(|own| own.kind == Kind::Variable && own.role != Role::Reads)
        .map(|own| (own.scope, own.key.clone()))
        .collect();
    for own in occurrences {
        if let (Kind::Variable, Scope::Procedure(index)) = (own.kind, own.scope) {
            let procedure = script.procedures.get(index);
            let is_param = procedure.is_some_and(|own_one| own_one.params.iter().any(|param| param.key == own.key));
            // FUNCTION f … f = 1: the classic way to give the result.
            let is_result = procedure.is_some_and(|own_one| own_one.returns && own_one.name.key == own.key);
            if is_result && !is_param {
                own.kind = Kind::Procedure;
                own.owner = Scope::Body;
            } else if is_param || (assigned.contains(&(own.scope, own.key.clone())) && !outside.contains(&own.key)) {
                own.owner = own.scope;
            }
        } else if own.kind == Kind::Label {
            own.owner = own.scope;
        }
    }
}

#[derive(Default)]
struct Seen {
    occurrences: Vec<Occurrence>,
    shapes: HashMap<Arc<str>, Shape>,
    scope: Scope,
}

impl Seen {
    fn note(&mut self, kind: Kind, name: &Name, role: Role) {
        let (key, loc, scope) = (name.key.clone(), name.loc, self.scope);
        self.occurrences.push(Occurrence { kind, key, loc, role, scope, owner: Scope::Body });
    }

    fn shape(&mut self, name: &Name) -> &mut Shape {
        self.shapes.entry(name.key.clone()).or_default()
    }

    /// A variable gets this value.
    fn value(&mut self, name: &Name, value: &Expr) {
        if let Some(table) = self.table_of(value) {
            self.shape(name).table = Some(table);
        }
        if let ExprKind::Object(fields) = &value.kind {
            self.shape(name).fields.extend(fields.iter().map(|(field, _)| field.clone()));
        }
    }

    /// The table whose rows a value is.
    fn table_of(&self, value: &Expr) -> Option<Arc<str>> {
        match &value.kind {
            ExprKind::Keyword(call) => table_of_call(call),
            ExprKind::Variable(name) => self.shapes.get(&name.key)?.table.clone(),
            ExprKind::Index { base, .. } | ExprKind::Method { base, .. } => self.table_of(base),
            ExprKind::Function { args, .. } => self.table_of(args.first()?),
            _ => None,
        }
    }
}

/// The table that a keyword gives rows of.
fn table_of_call(call: &KeywordCall) -> Option<Arc<str>> {
    call.args.iter().find_map(|(name, arg)| match (&**name, arg) {
        ("table" | "one" | "source" | "rows", ArgExpr::Expr(value)) => match &value.kind {
            ExprKind::Literal(Value::Text(table)) => Some(Arc::from(table.to_lowercase())),
            _ => None,
        },
        _ => None,
    })
}

impl<'a> Visit<'a> for Seen {
    fn enter(&mut self, scope: Scope) {
        self.scope = scope;
    }

    fn declared(&mut self, name: &'a Name) {
        self.note(Kind::Variable, name, Role::Declares);
    }

    fn assigned(&mut self, name: &'a Name) {
        self.note(Kind::Variable, name, Role::Writes);
    }

    fn procedure(&mut self, name: &'a Name, declares: bool) {
        self.note(Kind::Procedure, name, if declares { Role::Declares } else { Role::Reads });
    }

    fn label(&mut self, name: &'a Name, declares: bool) {
        self.note(Kind::Label, name, if declares { Role::Declares } else { Role::Reads });
    }

    fn expr(&mut self, expr: &'a Expr) {
        match &expr.kind {
            ExprKind::Variable(name) => self.note(Kind::Variable, name, Role::Reads),
            ExprKind::Member { base, name: field, .. } => {
                if let ExprKind::Variable(name) = &base.kind {
                    self.shape(name).fields.insert(field.clone());
                }
            }
            _ => {}
        }
    }

    fn stmt(&mut self, stmt: &'a Stmt) {
        match &stmt.kind {
            StmtKind::Assign { target, value } => match &target.path[..] {
                [] => self.value(&target.name, value),
                [Step::Member(field), ..] => {
                    self.shape(&target.name).fields.insert(field.clone());
                }
                _ => {}
            },
            StmtKind::Const { name, value } => self.value(name, value),
            StmtKind::ForEach { variable, collection, .. } => {
                if let Some(table) = self.table_of(collection) {
                    self.shape(variable).table = Some(table);
                }
            }
            _ => {}
        }
    }
}
