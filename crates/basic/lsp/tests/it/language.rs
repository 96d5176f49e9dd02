//! A small language with keywords as the server declares them, and packages in memory.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use botserver_basic_lsp::{Checked, Language, Package, Packages, Setting, Unsaved};
use botserver_basic_syntax::{FunctionSig, Grammar, ParseOptions, lint, parse_with};
use botserver_basic_types::{Effect, KeywordDecl};
use botserver_basic_vm::{Source, compile};

pub(crate) fn keywords() -> Vec<KeywordDecl> {
    let new = KeywordDecl::new;
    vec![
        new("TALK", &["TALK text:expr"], Effect::Say, "Says something.", "TALK \"Hello\""),
        new(
            "ADD TOOL",
            &["ADD TOOL tool:script", "USE TOOL tool:script"],
            Effect::Say,
            "Lets the model call a script.",
            "",
        ),
        new(
            "USE KB",
            &["USE KB collection:expr"],
            Effect::Say,
            "Answers search this collection.",
            "USE KB \"policies\"",
        ),
        new("SET BOT MEMORY", &["SET BOT MEMORY key:word , value:expr"], Effect::Local, "Keeps a value.", ""),
        new("GET BOT MEMORY", &["GET BOT MEMORY key:word"], Effect::Read, "A value kept for the bot.", "").returning(),
        new(
            "FIND",
            &[
                "FIND table:word [, filter:filter] [WHERE where:cond] [ORDER BY order:order] [LIMIT limit:expr]",
                "FIND ONE one:word [, filter:filter] [WHERE where:cond]",
                "FIND question:word IN COLLECTION collection:expr [LIMIT limit:expr]",
            ],
            Effect::Read,
            "The rows of a table that fulfil a condition.",
            "order = FIND \"orders\" WHERE id = 7",
        )
        .returning(),
        new("SAVE", &["SAVE table:word , list:fields"], Effect::Local, "Keeps a row.", ""),
        new("NOW", &["NOW"], Effect::Read, "The moment.", "").returning(),
        new("GET TOOL PARAM", &["GET TOOL PARAM name:variable"], Effect::Say, "A parameter.", "").returning(),
        new("WHISPER", &["WHISPER text:expr"], Effect::Say, "Says it softly.", "").needs("a microphone"),
    ]
}

pub(crate) fn language() -> Language {
    Language::new(keywords(), botserver_basic_std::functions()).expect("forms")
}

/// Packages under `/bots`, as files by path.
pub(crate) struct InMemory {
    grammar: Grammar,
    files: Mutex<BTreeMap<String, String>>,
}

impl InMemory {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let signatures: Vec<FunctionSig> = botserver_basic_std::functions().iter().map(FunctionSig::from).collect();
        let grammar = Grammar::new(&keywords(), &signatures).expect("forms");
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Self { grammar, files: Mutex::new(files) }
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        self.files.lock().expect("files").insert(path.to_owned(), text.to_owned());
    }
}

impl Packages for InMemory {
    fn root(&self, file: &Path) -> PathBuf {
        file.ancestors().find(|folder| folder.extension().is_some_and(|end| end == "gbai")).unwrap_or(file).to_owned()
    }

    fn read(&self, root: &Path, unsaved: &Unsaved) -> Package {
        let files = self.files.lock().expect("files");
        let prefix = format!("{}/", root.display());
        let own = |path: &String| path.strip_prefix(&prefix).map(str::to_owned);
        let mut scripts: BTreeMap<Arc<str>, Arc<str>> = BTreeMap::new();
        let mut collections = Vec::new();
        for (path, text) in files.iter().filter_map(|(path, text)| Some((own(path)?, text))) {
            if Path::new(&path).extension().is_some_and(|end| end == "bas") {
                scripts.insert(path.into(), text.as_str().into());
            } else if let Some((_, inner)) = path.split_once(".gbkb/") {
                collections.extend(inner.split('/').next().map(str::to_owned));
            }
        }
        scripts.extend(unsaved.iter().map(|(path, text)| (path.clone(), text.clone())));
        let settings = vec![Setting { name: "shopkey".to_owned(), file: "config.csv".into(), line: 3 }];
        Package { loose: false, scripts: scripts.into_iter().collect(), collections, settings }
    }

    fn check(&self, root: &Path, unsaved: &Unsaved) -> Checked {
        let package = self.read(root, unsaved);
        assert!(!package.scripts.iter().any(|(_, text)| text.contains("BREAK THE CHECK")), "a bug of the host");
        let options = ParseOptions { variables: vec!["shopkey".to_owned()], procedures: Vec::new() };
        let parsed: Vec<_> =
            package.scripts.iter().map(|(path, text)| parse_with(path, text, &self.grammar, &options)).collect();
        let mut diagnostics: Vec<_> = parsed.iter().flat_map(|own| own.diagnostics.clone()).collect();
        let sources: Vec<_> =
            parsed.iter().map(|own| Source { script: &own.script, diagnostics: &own.diagnostics }).collect();
        diagnostics.extend(compile(&sources).diagnostics);
        let sound: Vec<_> = parsed.iter().filter(|own| !own.has_errors()).map(|own| &own.script).collect();
        diagnostics.extend(lint(&sound, &self.grammar, &options.variables));
        Checked { package, diagnostics, texts: BTreeMap::new() }
    }
}
