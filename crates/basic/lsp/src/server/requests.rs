//! What each request is answered with. A file that is not open has no answer.

use std::{
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use lsp_server::{ErrorCode, Request};
use lsp_types::{
    CodeActionParams, CompletionParams, DocumentFormattingParams, DocumentHighlight, DocumentHighlightKind,
    DocumentSymbolParams, GotoDefinitionParams, Hover, HoverContents, HoverParams, Location, Position, ReferenceParams,
    RenameParams, SignatureHelpParams, TextDocumentPositionParams, TextEdit,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use super::Session;
use crate::{
    complete,
    cursor::Cursor,
    findings, fixes, layout, line,
    navigate::{self, Spot},
    pages, rename,
    resolve::{self, Target},
    script::{Role, Script},
    signature,
    text::Lines,
    uri,
    view::View,
};

type Answer = Result<Value, (ErrorCode, String)>;

/// An open file with everything that answers about a place in it need.
struct Scene {
    root: PathBuf,
    text: Arc<str>,
    lines: Arc<Lines>,
    offset: usize,
    own: Arc<Script>,
    around: Arc<Script>,
    view: View,
}

impl Session<'_> {
    pub(super) fn answer_to(&mut self, request: Request) -> Answer {
        let Request { method, params, .. } = request;
        match method.as_str() {
            "textDocument/completion" => self.completion(&read(params)?),
            "completionItem/resolve" => Ok(value(complete::resolve(&self.language, read(params)?))),
            "textDocument/hover" => self.hover(&read(params)?),
            "textDocument/signatureHelp" => self.signature(&read(params)?),
            "textDocument/definition" => self.definition(&read(params)?),
            "textDocument/references" => self.references(&read(params)?),
            "textDocument/documentHighlight" => self.highlight(&read(params)?),
            "textDocument/documentSymbol" => Ok(self.symbols(&read(params)?)),
            "textDocument/formatting" => Ok(self.formatting(&read(params)?)),
            "textDocument/prepareRename" => self.prepare_rename(&read(params)?),
            "textDocument/rename" => self.rename(&read(params)?),
            "textDocument/codeAction" => Ok(self.code_actions(&read(params)?)),
            _ => Err((ErrorCode::MethodNotFound, format!("`{method}` is not supported"))),
        }
    }

    /// An open file and a place in it.
    fn scene(&mut self, place: &TextDocumentPositionParams) -> Option<Scene> {
        let name = place.text_document.uri.as_str().to_owned();
        let language = self.language.clone();
        let document = self.documents.get(&name)?;
        let (root, text, lines) = (document.root.clone(), document.text.clone(), document.lines.clone());
        let offset = lines.offset(&text, place.position, self.client.encoding);
        let own = self.documents.script(&name, &language)?;
        let around = self.documents.around(&name, line::statement(&text, offset), &language)?;
        let view = self.documents.view(&root, &own, &language);
        Some(Scene { root, text, lines, offset, own, around, view })
    }

    /// As [`Self::scene`], for what is asked while somebody types: the unfinished text itself is not read.
    fn typing_scene(&mut self, place: &TextDocumentPositionParams) -> Option<Scene> {
        let name = place.text_document.uri.as_str().to_owned();
        let language = self.language.clone();
        let document = self.documents.get(&name)?;
        let (root, text, lines) = (document.root.clone(), document.text.clone(), document.lines.clone());
        let offset = lines.offset(&text, place.position, self.client.encoding);
        let around = self.documents.around(&name, line::statement(&text, offset), &language)?;
        let view = self.documents.view(&root, &around, &language);
        Some(Scene { root, text, lines, offset, own: around.clone(), around, view })
    }

    fn completion(&mut self, params: &CompletionParams) -> Answer {
        let Some(scene) = self.typing_scene(&params.text_document_position) else { return Ok(Value::Null) };
        let cursor = Cursor::new(&self.language, &scene.around, &scene.text, scene.offset);
        let items = complete::items(&cursor, &scene.own, &scene.view, &scene.lines, self.client.encoding);
        Ok(json!({ "isIncomplete": false, "items": items }))
    }

    fn signature(&mut self, params: &SignatureHelpParams) -> Answer {
        let Some(scene) = self.typing_scene(&params.text_document_position_params) else { return Ok(Value::Null) };
        let cursor = Cursor::new(&self.language, &scene.around, &scene.text, scene.offset);
        Ok(value(signature::help(&cursor, &scene.own, &scene.view)))
    }

    fn target(&self, scene: &Scene) -> Option<(Range<usize>, Target)> {
        let cursor = Cursor::new(&self.language, &scene.around, &scene.text, scene.offset);
        resolve::target(&cursor, &scene.own, &scene.view)
    }

    fn hover(&mut self, params: &HoverParams) -> Answer {
        let Some(scene) = self.scene(&params.text_document_position_params) else { return Ok(Value::Null) };
        let Some((place, target)) = self.target(&scene) else { return Ok(Value::Null) };
        let page = pages::page(&target, &self.language, &scene.own, &scene.view).filter(|page| !page.is_empty());
        Ok(value(page.map(|page| Hover {
            contents: HoverContents::Markup(pages::markdown(page)),
            range: Some(scene.lines.range(&scene.text, place, self.client.encoding)),
        })))
    }

    /// Where a spot is for the client.
    pub(super) fn location(&self, root: &Path, view: &View, spot: &Spot) -> Option<Location> {
        match spot {
            Spot::Script(path, range) => {
                let script = view.scripts.iter().find(|own| own.path() == path)?;
                let lines = self.documents.lines_of(root, script);
                let range = lines.range(script.text(), range.clone(), self.client.encoding);
                Some(Location { uri: uri::wire(&self.documents.uri_of(root, path)?)?, range })
            }
            Spot::Line(path, line) => {
                let place = Position { line: *line, character: 0 };
                let range = lsp_types::Range { start: place, end: place };
                Some(Location { uri: uri::wire(&self.documents.uri_of(root, path)?)?, range })
            }
        }
    }

    fn definition(&mut self, params: &GotoDefinitionParams) -> Answer {
        let Some(scene) = self.scene(&params.text_document_position_params) else { return Ok(Value::Null) };
        let Some((_, target)) = self.target(&scene) else { return Ok(Value::Null) };
        let spot = navigate::definition(&target, &scene.own, &scene.view);
        Ok(value(spot.and_then(|spot| self.location(&scene.root, &scene.view, &spot))))
    }

    fn references(&mut self, params: &ReferenceParams) -> Answer {
        let Some(scene) = self.scene(&params.text_document_position) else { return Ok(Value::Null) };
        let Some((_, target)) = self.target(&scene) else { return Ok(Value::Null) };
        let declaration = params.context.include_declaration;
        let found = navigate::references(&target, &scene.own, &scene.view, declaration);
        let places = found.iter().filter_map(|spot| self.location(&scene.root, &scene.view, spot));
        Ok(value(places.collect::<Vec<_>>()))
    }

    fn highlight(&mut self, params: &lsp_types::DocumentHighlightParams) -> Answer {
        let Some(scene) = self.scene(&params.text_document_position_params) else { return Ok(Value::Null) };
        let Some((_, Target::Name(found))) = self.target(&scene) else { return Ok(Value::Null) };
        let places = scene.own.same(&found).map(|at| DocumentHighlight {
            range: scene.lines.range(&scene.text, at.loc.start as usize..at.loc.end as usize, self.client.encoding),
            kind: Some(match at.role {
                Role::Reads => DocumentHighlightKind::READ,
                Role::Writes | Role::Declares => DocumentHighlightKind::WRITE,
            }),
        });
        Ok(value(places.collect::<Vec<_>>()))
    }

    fn symbols(&mut self, params: &DocumentSymbolParams) -> Value {
        let name = params.text_document.uri.as_str();
        let Some(own) = self.documents.script(name, &self.language) else { return Value::Null };
        let Some(lines) = self.documents.get(name).map(|document| document.lines.clone()) else { return Value::Null };
        let found = navigate::symbols(&own, &lines, self.client.encoding);
        if self.client.nested_symbols {
            return value(found);
        }
        let flat = found.iter().flat_map(|own| std::iter::once(own).chain(own.children.iter().flatten()));
        let places = flat.map(|own| {
            json!({ "name": own.name, "kind": own.kind, "location": { "uri": name, "range": own.selection_range } })
        });
        Value::Array(places.collect())
    }

    fn formatting(&mut self, params: &DocumentFormattingParams) -> Value {
        let name = params.text_document.uri.as_str();
        let language = self.language.clone();
        let Some(own) = self.documents.script(name, &language) else { return Value::Null };
        let Some((root, lines)) = self.documents.get(name).map(|own| (own.root.clone(), own.lines.clone())) else {
            return Value::Null;
        };
        let view = self.documents.view(&root, &own, &language);
        match layout::edits(&own, &lines, &view, &language) {
            Ok(edits) => value(self.edits(own.text(), &lines, edits)),
            Err(found) => {
                // The mistakes are in the editor already; here is why nothing happens.
                let first = found.first().map(|own| own.message.clone()).unwrap_or_default();
                let message = format!("{}: not laid out, because it has mistakes: {first}", own.path());
                self.notify("window/logMessage", json!({ "type": 3, "message": message }));
                Value::Null
            }
        }
    }

    fn edits(&self, text: &str, lines: &Lines, edits: Vec<(Range<usize>, String)>) -> Vec<TextEdit> {
        let edit = |(place, new_text)| TextEdit { range: lines.range(text, place, self.client.encoding), new_text };
        edits.into_iter().map(edit).collect()
    }

    fn prepare_rename(&mut self, place: &TextDocumentPositionParams) -> Answer {
        let Some(scene) = self.scene(place) else { return Ok(Value::Null) };
        let Some((range, target)) = self.target(&scene) else { return Ok(Value::Null) };
        rename::name_of(&target, &scene.own, &scene.view).map_err(|why| (ErrorCode::RequestFailed, why))?;
        let shown = scene.text.get(range.clone()).unwrap_or("");
        let range = scene.lines.range(&scene.text, range, self.client.encoding);
        Ok(json!({ "range": range, "placeholder": shown }))
    }

    fn rename(&mut self, params: &RenameParams) -> Answer {
        let Some(scene) = self.scene(&params.text_document_position) else { return Ok(Value::Null) };
        let Some((_, target)) = self.target(&scene) else {
            return Err((ErrorCode::RequestFailed, "there is no name here".to_owned()));
        };
        let new = params.new_name.trim();
        let changed = rename::rename(&target, new, &scene.own, &scene.view, &self.language);
        let changed = changed.map_err(|why| (ErrorCode::RequestFailed, why))?;
        let mut changes = Map::new();
        for edits in changed {
            let script = scene.view.scripts.iter().find(|own| *own.path() == edits.path);
            let (Some(script), Some(uri)) = (script, self.documents.uri_of(&scene.root, &edits.path)) else { continue };
            let lines = self.documents.lines_of(&scene.root, script);
            let places = edits.places.into_iter().map(|place| (place, new.to_owned())).collect();
            changes.insert(uri, value(self.edits(script.text(), &lines, places)));
        }
        Ok(json!({ "changes": changes }))
    }

    /// Corrections of what is wrong in a range.
    fn code_actions(&mut self, params: &CodeActionParams) -> Value {
        let name = params.text_document.uri.as_str();
        let encoding = self.client.encoding;
        let Some(own) = self.documents.script(name, &self.language) else { return Value::Null };
        let Some(document) = self.documents.get(name) else { return Value::Null };
        let (text, lines) = (document.text.clone(), document.lines.clone());
        let range = lines.offset(&text, params.range.start, encoding)..lines.offset(&text, params.range.end, encoding);
        let mut found = own.diagnostics.clone();
        if let Some((version, others)) = self.found.get(name)
            && *version == document.version
        {
            let more = others.iter().filter(|one| !own.diagnostics.contains(one));
            found.extend(more.cloned());
        }
        let mut actions = Vec::new();
        for one in &found {
            let bytes = findings::bytes(one, &text, &lines);
            if bytes.start > range.end || bytes.end < range.start {
                continue;
            }
            let Some(fix) = fixes::fix(one, &text) else { continue };
            let edits = self.edits(&text, &lines, vec![(fix.place, fix.text)]);
            let mut changes = Map::new();
            changes.insert(name.to_owned(), value(edits));
            actions.push(json!({
                "title": format!("Change to: {}", fix.line),
                "kind": "quickfix",
                "isPreferred": true,
                "diagnostics": [findings::wire(one, &text, &lines, encoding)],
                "edit": { "changes": changes },
            }));
        }
        Value::Array(actions)
    }
}

fn read<P: DeserializeOwned>(params: Value) -> Result<P, (ErrorCode, String)> {
    serde_json::from_value(params).map_err(|error| (ErrorCode::InvalidParams, error.to_string()))
}

fn value<T: Serialize>(answer: T) -> Value {
    serde_json::to_value(answer).unwrap_or_default()
}
