//! From a package's files to a version: scripts compiled into one image, settings read, everything that is wrong
//! collected. The border to the language: nobody else here calls parser or compiler.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use botserver_basic_syntax::{FunctionSig, Grammar, GrammarError, ParseOptions, Parsed, lint, parse_with};
use botserver_basic_types::{Diagnostic, KeywordDecl, Severity, Span};
use botserver_basic_vm::{CompileOptions, Image, Source, compile_with};
use botserver_config::{BotConfig, BotDefaults, Finding, Level, Origin};

use crate::{
    FileRole, Listed, Look, PackageSource, SeedFile, SourceFile, not_run,
    source::{file_stem, is_folder_of},
};

/// The language of this build: its grammar, made once from the declarations of all rooms.
#[derive(Debug)]
pub struct Language {
    grammar: Arc<Grammar>,
    options: CompileOptions,
}

impl Language {
    /// From the keywords and functions of this build.
    pub fn new(keywords: &[KeywordDecl], functions: &[FunctionSig]) -> Result<Self, GrammarError> {
        Ok(Self { grammar: Arc::new(Grammar::new(keywords, functions)?), options: CompileOptions::default() })
    }

    /// The same, compiled in another way.
    #[must_use]
    pub fn compiled_with(self, options: CompileOptions) -> Self {
        Self { options, ..self }
    }

    /// The grammar, for what people type beside the scripts of a package.
    pub fn grammar(&self) -> Arc<Grammar> {
        self.grammar.clone()
    }
}

/// A package as it lies on disk, compiled; not yet a version that serves.
#[derive(Clone, Debug)]
pub struct PackageVersion {
    /// The bot's name.
    pub name: Arc<str>,
    /// blake3 over dialogs, `config.csv`, prompt and the compiled form: a new build compiles anew what it starts,
    /// while executions stay with the version they began with.
    pub hash: Arc<str>,
    /// The scripts.
    pub image: Arc<Image>,
    /// The settings.
    pub config: Arc<BotConfig>,
    /// The system prompt.
    pub prompt: Option<Arc<str>>,
    /// The path of the `config.csv` that counts.
    pub config_path: Option<Arc<str>>,
    /// The path of the prompt that counts.
    pub prompt_path: Option<Arc<str>>,
    /// How it looks.
    pub look: Look,
    /// Dialogs, `config.csv` and prompt by path.
    pub sources: BTreeMap<Arc<str>, Arc<str>>,
    /// Files of the theme by path inside it.
    pub theme: BTreeMap<Arc<str>, Arc<[u8]>>,
    /// Files with rows for tables.
    pub seeds: Arc<[SeedFile]>,
    /// What is wrong, errors first, each with its source line.
    pub diagnostics: Vec<Listed>,
    /// The paths that have errors.
    pub broken: BTreeSet<Arc<str>>,
    /// True if it cannot be used at all.
    pub unusable: bool,
}

impl PackageVersion {
    /// True if something is wrong that keeps a part from working.
    pub fn has_errors(&self) -> bool {
        self.unusable || !self.broken.is_empty()
    }

    /// Adds what was found after compiling.
    pub fn add(&mut self, found: Vec<Listed>) {
        let is_error = |own: &Listed| own.diagnostic.severity == Severity::Error;
        self.broken.extend(found.iter().filter(|own| is_error(own)).map(|own| own.diagnostic.span.file.clone()));
        self.diagnostics.extend(found);
        self.diagnostics.sort_by_key(|own| !is_error(own));
    }
}

/// Compiles a package. It never fails: what is wrong is in `diagnostics`, and what is sound works.
pub fn compile(source: &PackageSource, language: &Language, defaults: &BotDefaults) -> PackageVersion {
    let mut diagnostics = source.diagnostics.clone();
    let (config_path, config) = read_config(source, defaults, &mut diagnostics);
    let theme = theme(source);
    let look = look(&source.name, &config);
    diagnostics.extend(missing_logo(&look, &theme, &config));
    let scripts = parse_all(source, language, &config, &mut diagnostics);
    let sources: Vec<Source<'_>> =
        scripts.iter().map(|parsed| Source { script: &parsed.script, diagnostics: &parsed.diagnostics }).collect();
    let compiled = compile_with(&sources, language.options);
    diagnostics.extend(scripts.iter().flat_map(|parsed| parsed.diagnostics.iter().cloned()));
    diagnostics.extend(compiled.diagnostics);
    let sound: Vec<_> = scripts.iter().filter(|parsed| !parsed.has_errors()).map(|parsed| &parsed.script).collect();
    diagnostics.extend(lint(&sound, &language.grammar, &variables(&config)));
    diagnostics.extend(sound.iter().flat_map(|script| not_run::findings(script)));
    // What the scan found stands for its file in the compiler's input too.
    diagnostics.dedup();
    let mut seen = BTreeSet::new();
    diagnostics.retain(|found| {
        seen.insert((found.span.file.clone(), found.span.start, found.code.clone(), found.message.clone()))
    });
    diagnostics.sort_by_key(|found| {
        (found.severity == Severity::Warning, found.span.file.clone(), found.span.line, found.span.column)
    });
    let broken = diagnostics
        .iter()
        .filter(|found| found.severity == Severity::Error)
        .map(|found| found.span.file.clone())
        .collect();
    let texts: BTreeMap<Arc<str>, Arc<str>> = source
        .files
        .iter()
        .filter(|(_, file)| file.role.is_versioned())
        .filter_map(|(path, file)| Some((path.clone(), text_of(file)?)))
        .collect();
    let (prompt_path, prompt) = choose_prompt(source);
    let hash = hash_of(source, prompt_path, &compiled.image);
    PackageVersion {
        name: source.name.clone(),
        hash,
        look,
        image: compiled.image,
        config: Arc::new(config),
        prompt,
        config_path,
        prompt_path: prompt_path.cloned(),
        theme,
        seeds: seeds(source),
        diagnostics: diagnostics.into_iter().map(|found| listed(found, &texts)).collect(),
        sources: texts,
        broken,
        unusable: source.unusable,
    }
}

/// The scripts in the order in which they win a name: nearest to the root first.
fn dialogs(source: &PackageSource) -> Vec<(&Arc<str>, &SourceFile)> {
    let mut dialogs: Vec<_> = source.files.iter().filter(|(_, file)| file.role == FileRole::Dialog).collect();
    dialogs.sort_by_key(|(path, _)| (path.matches('/').count(), (*path).clone()));
    dialogs
}

/// The names of the `param-…` settings.
fn variables(config: &BotConfig) -> Vec<String> {
    config.params().into_iter().map(|(name, _)| name).collect()
}

fn parse_all(
    source: &PackageSource,
    language: &Language,
    config: &BotConfig,
    found: &mut Vec<Diagnostic>,
) -> Vec<Parsed> {
    let variables = variables(config);
    let dialogs = dialogs(source);
    let mut first: BTreeMap<String, &Arc<str>> = BTreeMap::new();
    for (path, _) in &dialogs {
        if let Some(winner) = first.insert(file_stem(path).to_lowercase(), path) {
            let message = format!("another script has the same name and stands nearer to the root: {winner}");
            found.push(at_start(path, "P0101", Severity::Warning, message));
            first.insert(file_stem(path).to_lowercase(), winner);
        }
    }
    let parse = |path: &Arc<str>, file: &SourceFile, procedures: Vec<String>| match text_of(file) {
        Some(text) => {
            parse_with(path, &text, &language.grammar, &ParseOptions { variables: variables.clone(), procedures })
        }
        // The scan has said why; the empty script with that error says it to whoever calls it.
        None => Parsed {
            script: botserver_basic_syntax::ast::Script { file: path.clone(), ..Default::default() },
            diagnostics: source.diagnostics.iter().filter(|own| own.span.file == *path).cloned().collect(),
        },
    };
    let mut parsed: Vec<Parsed> = dialogs.iter().map(|(path, file)| parse(path, file, Vec::new())).collect();
    let including: Vec<(usize, Vec<String>)> = (0..parsed.len())
        .filter(|index| !parsed[*index].script.includes.is_empty())
        .map(|index| (index, included_procedures(&parsed, index)))
        .collect();
    for (index, procedures) in including {
        let (path, file) = dialogs[index];
        parsed[index] = parse(path, file, procedures);
    }
    parsed
}

/// The names of all procedures that a script's INCLUDEs bring, also through other INCLUDEs.
fn included_procedures(parsed: &[Parsed], start: usize) -> Vec<String> {
    let find = |name: &str| {
        let wanted = file_stem(name).to_lowercase();
        parsed.iter().position(|other| file_stem(&other.script.file).to_lowercase() == wanted)
    };
    let mut seen = BTreeSet::from([start]);
    let mut waiting = vec![start];
    let mut names = Vec::new();
    while let Some(index) = waiting.pop() {
        for (file, _) in &parsed[index].script.includes {
            if let Some(other) = find(file).filter(|other| seen.insert(*other)) {
                names.extend(parsed[other].script.procedures.iter().map(|procedure| procedure.name.key.to_string()));
                waiting.push(other);
            }
        }
    }
    names
}

/// The `config.csv` of the `.gbot` folder, else the one at the root.
fn read_config(
    source: &PackageSource,
    defaults: &BotDefaults,
    found: &mut Vec<Diagnostic>,
) -> (Option<Arc<str>>, BotConfig) {
    let mut files: Vec<_> = source.files.iter().filter(|(_, file)| file.role == FileRole::Config).collect();
    files.sort_by_key(|(path, _)| (!path.contains('/'), (*path).clone()));
    let mut files = files.into_iter();
    let Some((path, file)) = files.next() else { return (None, BotConfig::from_defaults(defaults)) };
    for (other, _) in files {
        let message = format!("this file has no effect, because {path} is used");
        found.push(at_start(other, "P0102", Severity::Warning, message));
    }
    let Some(bytes) = &file.content else { return (None, BotConfig::from_defaults(defaults)) };
    let (config, findings) = BotConfig::parse(path, bytes, defaults);
    let findings = unknown_keys_together(findings);
    found.extend(findings.into_iter().map(|finding| Diagnostic {
        code: finding.code.into(),
        severity: if finding.level == Level::Error { Severity::Error } else { Severity::Warning },
        message: finding.message,
        span: Span {
            file: path.clone(),
            start: finding.start,
            end: finding.end,
            line: finding.line,
            column: finding.column,
        },
        help: finding.help,
    }));
    (Some(path.clone()), config)
}

/// Files of older servers have dozens of keys that mean nothing here: from the sixth on they are named in one finding.
fn unknown_keys_together(mut findings: Vec<Finding>) -> Vec<Finding> {
    const UNKNOWN: &str = "C0101";
    const SHOWN: usize = 5;
    let unknown = |own: &Finding| own.code == UNKNOWN && own.help.is_none();
    let key = |own: &Finding| own.message.split('`').nth(1).unwrap_or_default().to_owned();
    let keys: Vec<String> = findings.iter().filter(|own| unknown(own)).map(key).collect();
    if keys.len() <= SHOWN + 1 {
        return findings;
    }
    let mut number = 0;
    findings.retain_mut(|own| {
        number += usize::from(unknown(own));
        if unknown(own) && number == SHOWN + 1 {
            let rest = keys[SHOWN..].join("`, `");
            own.message = format!("{} more keys are not known: `{rest}`", keys.len() - SHOWN);
        }
        !unknown(own) || number <= SHOWN + 1
    });
    findings
}

/// The prompt of the `.gbot` folder, else the one at the root; Markdown before plain text.
fn choose_prompt(source: &PackageSource) -> (Option<&Arc<str>>, Option<Arc<str>>) {
    let mut files: Vec<_> = source.files.iter().filter(|(_, file)| file.role == FileRole::Prompt).collect();
    files.sort_by_key(|(path, _)| (!path.contains('/'), path.to_lowercase().ends_with(".txt"), (*path).clone()));
    match files.first() {
        Some((path, file)) => (Some(*path), text_of(file)),
        None => (None, None),
    }
}

fn text_of(file: &SourceFile) -> Option<Arc<str>> {
    let bytes = file.content.as_deref()?;
    Some(String::from_utf8_lossy(bytes).into())
}

fn hash_of(source: &PackageSource, prompt: Option<&Arc<str>>, image: &Image) -> Arc<str> {
    let mut hasher = blake3::Hasher::new();
    let mut part = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    for (path, file) in source.files.iter().filter(|(_, file)| file.role.is_versioned()) {
        if file.role == FileRole::Prompt && Some(path) != prompt {
            continue;
        }
        part(path.as_bytes());
        part(file.content.as_deref().unwrap_or_default());
    }
    part(&image.to_bytes());
    hasher.finalize().to_hex().as_str().into()
}

/// What people see, from the settings.
pub(crate) fn look(name: &Arc<str>, config: &BotConfig) -> Look {
    let text = |key| config.text(key).map(Arc::from);
    Look {
        title: text("theme-title").or_else(|| text("bot-name")).unwrap_or_else(|| name.clone()),
        description: text("bot-description"),
        welcome: text("welcome-message"),
        accent: text("theme-color1").or_else(|| text("theme-color")),
        accent2: text("theme-color2"),
        logo: text("theme-logo").map(|logo: Arc<str>| logo.trim_start_matches(['.', '/']).into()),
    }
}

fn theme(source: &PackageSource) -> BTreeMap<Arc<str>, Arc<[u8]>> {
    let inside = |path: &str| {
        let mut rest = path;
        while let Some((folder, below)) = rest.split_once('/') {
            rest = below;
            if is_folder_of(folder, "gbtheme") {
                return Arc::from(below);
            }
        }
        Arc::from(rest)
    };
    source
        .files
        .iter()
        .filter(|(_, file)| file.role == FileRole::Theme)
        .filter_map(|(path, file)| Some((inside(path), file.content.clone()?)))
        .collect()
}

/// A logo of `config.csv` that no page can show. Pages take pictures of other sites by https only.
fn missing_logo(look: &Look, theme: &BTreeMap<Arc<str>, Arc<[u8]>>, config: &BotConfig) -> Option<Diagnostic> {
    let logo = look.logo.as_ref().filter(|logo| !logo.starts_with("https://") && !theme.contains_key(*logo))?;
    let Origin::File { path, line } = config.origin("theme-logo") else { return None };
    let shown: String = config.text("theme-logo")?.chars().take(100).collect();
    let near = theme.keys().find(|own| own.rsplit('/').next() == logo.rsplit('/').next());
    let help = near.map_or_else(
        || "Give the path of a file inside the .gbtheme folder, such as `logo.svg`, or an https address.".to_owned(),
        |near| format!("Did you mean `{near}`?"),
    );
    let message = format!("`theme-logo`: the theme of the package has no file `{shown}`, so no logo is shown");
    let found = at_start(&path, "P0103", Severity::Warning, message);
    Some(Diagnostic { span: Span { line, ..found.span }, help: Some(help), ..found })
}

fn seeds(source: &PackageSource) -> Arc<[SeedFile]> {
    source
        .files
        .iter()
        .filter(|(_, file)| file.role == FileRole::Seed)
        .map(|(path, file)| SeedFile {
            table: file_stem(path).into(),
            path: path.clone(),
            file: source.root.join(&**path),
            size: file.size,
            modified: file.modified,
        })
        .collect()
}

fn at_start(path: &Arc<str>, code: &'static str, severity: Severity, message: String) -> Diagnostic {
    let span = Span { file: path.clone(), start: 0, end: 0, line: 1, column: 1 };
    Diagnostic { code: code.into(), severity, message, span, help: None }
}

fn listed(diagnostic: Diagnostic, texts: &BTreeMap<Arc<str>, Arc<str>>) -> Listed {
    /// A line in a list of errors; scripts may have lines of any length.
    const LONGEST: usize = 400;
    let is_config = diagnostic.span.file.ends_with(".csv");
    // Lines of config.csv may hold secrets.
    let source = if is_config { None } else { texts.get(&diagnostic.span.file) }
        .and_then(|text| text.lines().nth((diagnostic.span.line as usize).checked_sub(1)?))
        .map(|line| botserver_basic_syntax::masked(line).chars().take(LONGEST).collect());
    Listed { diagnostic, source }
}
