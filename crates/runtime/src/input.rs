//! What a person types: an expression or statements, compiled as a script of their own beside the scripts of a package,
//! so that procedures can be called and the variables that there are can be used. Knows no terminal and no debugger.

use std::{collections::BTreeMap, sync::Arc};

use botserver_basic_syntax::{
    Grammar, ParseOptions, Parsed,
    ast::{LValue, Loc, Name, StmtKind},
    parse_with,
};
use botserver_basic_types::{Diagnostic, Severity, Span};
use botserver_basic_vm::{Image, RESULT, Source, compile_input};

/// The name of the script that an input becomes.
pub const INPUT: &str = "(input)";
/// What stands before an expression while it is read.
const BEFORE: &str = "RETURN (";
/// Codes of what may only lack its end: a block, a text, a text block, a bracket.
const OPEN: [&str; 4] = ["B0200", "B0001", "B0004", "B0003"];

/// The scripts beside which inputs are compiled.
pub struct Beside {
    grammar: Arc<Grammar>,
    settings: Vec<String>,
    scripts: Vec<Parsed>,
    /// Inputs that declared procedures, the newest first.
    declared: Vec<Parsed>,
    inputs: usize,
}

/// An input that can run.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its scripts; the input is [`INPUT`].
    pub image: Arc<Image>,
    /// It is an expression, so it leaves a value.
    pub is_value: bool,
}

/// Why an input cannot run.
#[derive(Debug)]
pub enum Refused {
    /// It may go on with the next line.
    Open(Vec<Diagnostic>),
    /// It has mistakes.
    Wrong(Vec<Diagnostic>),
}

impl Refused {
    /// What is wrong.
    pub fn found(&self) -> &[Diagnostic] {
        match self {
            Self::Open(found) | Self::Wrong(found) => found,
        }
    }
}

impl Beside {
    /// The scripts among the texts of a package, and the names of its `param-…` settings.
    pub fn new(grammar: Arc<Grammar>, texts: &BTreeMap<Arc<str>, Arc<str>>, settings: Vec<String>) -> Self {
        let is_script = |name: &str| name.to_lowercase().ends_with(".bas");
        let scripts: Vec<_> = texts.iter().filter(|(name, _)| is_script(name)).collect();
        let parse = |procedures: &[String]| -> Vec<Parsed> {
            let options = ParseOptions { variables: settings.clone(), procedures: procedures.to_vec() };
            scripts.iter().map(|(name, text)| parse_with(name, text, &grammar, &options)).collect()
        };
        let alone = parse(&[]);
        // What an INCLUDE brings is known when all have been read once.
        let including = alone.iter().any(|own| !own.script.includes.is_empty());
        let scripts = if including { parse(&procedures(&alone)) } else { alone };
        Self { grammar, settings, scripts, declared: Vec::new(), inputs: 0 }
    }

    /// Reads and compiles an input that knows these variables. `near` is the script whose procedures come first.
    pub fn compile(&self, text: &str, names: &[Arc<str>], near: Option<&str>) -> Result<Input, Refused> {
        self.read(text, names).and_then(|(parsed, is_value)| {
            let image = self.link(parsed, names, near)?;
            Ok(Input { image, is_value })
        })
    }

    /// As [`Beside::compile`]; procedures that the input declares can be called by the next ones.
    pub fn take(&mut self, text: &str, names: &[Arc<str>]) -> Result<Input, Refused> {
        let (parsed, is_value) = self.read(text, names)?;
        let declares = !parsed.script.procedures.is_empty();
        let image = self.link(parsed, names, None)?;
        if declares && let Ok((mut kept, _)) = self.read(text, names) {
            self.inputs += 1;
            kept.script.file = format!("(input {})", self.inputs).into();
            // It has run; only what it declares is of use.
            kept.script.body.clear();
            self.declared.insert(0, kept);
        }
        Ok(Input { image, is_value })
    }

    /// As statements, or else as an expression.
    fn read(&self, text: &str, names: &[Arc<str>]) -> Result<(Parsed, bool), Refused> {
        let mut variables = self.settings.clone();
        variables.extend(names.iter().map(ToString::to_string));
        let mut known = procedures(&self.declared);
        known.extend(procedures(&self.scripts));
        let options = ParseOptions { variables, procedures: known };
        let statements = parse_with(INPUT, text, &self.grammar, &options);
        let may_be_value = statements.has_errors()
            || matches!(statements.script.body.as_slice(), [only] if self.may_be_value(&only.kind));
        if may_be_value && statements.script.procedures.is_empty() {
            let wrapped = format!("{BEFORE}{text}\n)");
            let expression = parse_with(INPUT, &wrapped, &self.grammar, &options);
            if !expression.has_errors()
                && let Some(expression) = as_value(expression)
            {
                return Ok((expression, true));
            }
        }
        if !statements.has_errors() {
            return Ok((statements, false));
        }
        let errors: Vec<Diagnostic> =
            statements.diagnostics.into_iter().filter(|own| own.severity == Severity::Error).collect();
        let joined = text.trim_end().ends_with(" _");
        if joined || errors.iter().any(|own| OPEN.contains(&&*own.code)) {
            return Err(Refused::Open(errors));
        }
        Err(Refused::Wrong(errors))
    }

    /// Whether a statement may stand for the value that it computes.
    fn may_be_value(&self, statement: &StmtKind) -> bool {
        match statement {
            StmtKind::Expr(_) | StmtKind::Keyword(_) => true,
            // A SUB has none.
            StmtKind::CallProcedure { name, .. } => {
                let mut all = self.declared.iter().chain(&self.scripts).flat_map(|own| &own.script.procedures);
                all.find(|own| own.name.key == name.key).is_some_and(|own| own.returns)
            }
            _ => false,
        }
    }

    fn link(&self, mut parsed: Parsed, names: &[Arc<str>], near: Option<&str>) -> Result<Arc<Image>, Refused> {
        let sound = |own: &&Parsed| !own.has_errors() && !own.script.procedures.is_empty();
        let is_near = |own: &&Parsed| near.is_some_and(|near| *own.script.file == *near);
        let brought = self.scripts.iter().filter(sound);
        let mut includes: Vec<Arc<str>> = self.declared.iter().map(|own| own.script.file.clone()).collect();
        includes.extend(brought.clone().filter(is_near).map(|own| own.script.file.clone()));
        includes.extend(brought.filter(|own| !is_near(own)).map(|own| own.script.file.clone()));
        // The first one that brings a name has it.
        parsed.script.includes.extend(includes.into_iter().map(|file| (file, Loc::default())));
        let all = std::iter::once(&parsed).chain(&self.declared).chain(&self.scripts);
        let sources: Vec<Source<'_>> =
            all.map(|own| Source { script: &own.script, diagnostics: &own.diagnostics }).collect();
        let compiled = compile_input(&sources, names);
        let wrong = |own: &Diagnostic| own.severity == Severity::Error && *own.span.file == *INPUT;
        let found: Vec<Diagnostic> = compiled.diagnostics.into_iter().filter(wrong).collect();
        if found.is_empty() { Ok(compiled.image) } else { Err(Refused::Wrong(found)) }
    }
}

/// The names of procedures.
fn procedures(parsed: &[Parsed]) -> Vec<String> {
    let all = parsed.iter().filter(|own| !own.has_errors()).flat_map(|own| &own.script.procedures);
    all.map(|procedure| procedure.name.key.to_string()).collect()
}

/// `RETURN (e)` as the value that an input leaves.
fn as_value(mut parsed: Parsed) -> Option<Parsed> {
    let [only] = parsed.script.body.as_mut_slice() else { return None };
    let StmtKind::Return(value) = &mut only.kind else { return None };
    let value = value.take()?;
    let name: Arc<str> = RESULT.into();
    let name = Name { key: name.clone(), text: name, loc: value.loc };
    only.loc = value.loc;
    only.kind = StmtKind::Assign { target: LValue { loc: value.loc, name, path: Vec::new() }, value };
    // Columns count from where the person began.
    if let Some(first) = parsed.script.line_starts.first_mut() {
        *first = BEFORE.len() as u32;
    }
    Some(parsed)
}

/// A place in an input, as the person typed it; of one in another script the place itself.
pub fn place_in_input(mut span: Span, input: &Input) -> Span {
    if *span.file == *INPUT && input.is_value {
        let before = BEFORE.len() as u32;
        span.start = span.start.saturating_sub(before);
        span.end = span.end.saturating_sub(before);
    }
    span
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beside(texts: &[(&str, &str)]) -> Beside {
        let keywords = crate::conversation_keywords(&(Arc::new(botserver_kernel::RandomIds) as _));
        let declarations: Vec<_> = keywords.into_iter().map(|keyword| keyword.decl).collect();
        let grammar = Grammar::new(&declarations, &crate::function_signatures()).unwrap();
        let texts = texts.iter().map(|(name, text)| (Arc::from(*name), Arc::from(*text))).collect();
        Beside::new(Arc::new(grammar), &texts, vec!["city".to_owned()])
    }

    /// `value`, `statements`, `open` or the first message.
    fn read(beside: &Beside, text: &str) -> String {
        match beside.compile(text, &[Arc::from("x")], None) {
            Ok(Input { is_value: true, .. }) => "value".to_owned(),
            Ok(_) => "statements".to_owned(),
            Err(Refused::Open(_)) => "open".to_owned(),
            Err(Refused::Wrong(found)) => format!("{}: {}", found[0].span.column, found[0].message),
        }
    }

    #[test]
    fn expressions_are_told_from_statements_and_both_from_half_ones() {
        let beside = beside(&[("lib.bas", "FUNCTION Twice(n)\n  RETURN n * 2\nEND FUNCTION\n")]);
        for text in ["1 + 2", "x", "X.name", "\"a\" + city", "Twice(4)", "[1, 2]", "UPPER(\"a\")", "x > 3 AND x < 5"] {
            assert_eq!(read(&beside, text), "value", "{text}");
        }
        for text in ["x = 5", "TALK \"hello\"", "FOR i = 1 TO 3\nTALK i\nNEXT", "SUB a()\nEND SUB", "' nothing", ""] {
            assert_eq!(read(&beside, text), "statements", "{text}");
        }
        for text in
            ["IF x THEN", "FOR i = 1 TO 3\nTALK i", "SUB a()", "x = \"one", "x = [1,", "BEGIN TALK\nHello", "x = 1 + _"]
        {
            assert_eq!(read(&beside, text), "open", "{text}");
        }
        assert!(read(&beside, "TAKL \"x\"").starts_with("1: "), "{}", read(&beside, "TAKL \"x\""));
    }

    #[test]
    fn what_is_declared_can_be_called_later_and_the_newest_wins() {
        let mut beside = beside(&[("lib.bas", "FUNCTION Twice(n)\n  RETURN n * 2\nEND FUNCTION\n")]);
        for factor in [3, 4] {
            let text = format!("FUNCTION Twice(n)\n  RETURN n * {factor}\nEND FUNCTION");
            beside.take(&text, &[]).unwrap();
        }
        let input = beside.compile("Twice(10)", &[], None).unwrap();
        let mut machine =
            botserver_basic_vm::Machine::new(input.image, INPUT, Vec::new(), botserver_basic_vm::Limits::default())
                .unwrap();
        machine.run(10_000);
        assert_eq!(machine.show_result().unwrap().value, "40");
    }
}
