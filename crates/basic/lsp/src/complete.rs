//! Completion: what fits at the cursor, as items of the protocol. The pages of keywords and functions are sent when an
//! item is looked at, because there are hundreds.

use lsp_types::{CompletionItem, CompletionItemKind as ItemKind, CompletionTextEdit, Documentation, TextEdit};
use serde::{Deserialize, Serialize};

use crate::{
    core_words::{CORE, CoreWord, NOT_BUILT},
    cursor::Cursor,
    language::{Language, core_page, function_page, keyword_page},
    line::Kind as PieceKind,
    pages,
    script::{Kind, Role, Script, stem},
    text::{Encoding, Lines},
    view::View,
    wants::{Want, Wanted, wanted},
};

/// What an item is about, for [`resolve`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum About {
    Keyword(usize),
    Function(usize),
    Core(usize),
}

/// The items at the cursor.
pub(crate) fn items(
    cursor: &Cursor<'_>,
    own: &Script,
    view: &View,
    lines: &Lines,
    encoding: Encoding,
) -> Vec<CompletionItem> {
    let wanted = wanted(cursor, view);
    let range = lines.range(cursor.text, wanted.from..cursor.offset, encoding);
    let written = cursor.text.get(wanted.from..cursor.offset).unwrap_or("");
    let mut list = List { items: Vec::new(), wanted: &wanted };
    for want in &wanted.wants {
        list.add(want, cursor, own, view);
    }
    let mut seen = std::collections::HashSet::new();
    list.items.retain(|item| seen.insert((item.label.to_lowercase(), item.kind.map(|kind| format!("{kind:?}")))));
    for item in &mut list.items {
        let text = item.insert_text.take().unwrap_or_else(|| item.label.clone());
        // Editors compare with what has been written, blanks or not.
        if written.contains('_') && item.label.contains(' ') {
            item.filter_text = Some(item.label.replace(' ', "_"));
        }
        item.text_edit = Some(CompletionTextEdit::Edit(TextEdit { range, new_text: text }));
    }
    list.items
}

struct List<'w> {
    items: Vec<CompletionItem>,
    wanted: &'w Wanted,
}

impl List<'_> {
    fn push(&mut self, order: char, label: &str, kind: ItemKind, detail: Option<String>) -> &mut CompletionItem {
        self.items.push(CompletionItem {
            label: label.to_owned(),
            kind: Some(kind),
            detail,
            sort_text: Some(format!("{order}{}", label.to_lowercase())),
            ..CompletionItem::default()
        });
        let last = self.items.len() - 1;
        &mut self.items[last]
    }

    /// A name that stands in quotes.
    fn named(&mut self, order: char, label: &str, kind: ItemKind, detail: Option<String>) {
        let text = match (self.wanted.in_quotes, self.wanted.unclosed) {
            (true, false) => label.to_owned(),
            (true, true) => format!("{label}\""),
            (false, _) => format!("\"{label}\""),
        };
        let item = self.push(order, label, kind, detail);
        item.insert_text = Some(text);
    }

    fn add(&mut self, want: &Want, cursor: &Cursor<'_>, own: &Script, view: &View) {
        match want {
            Want::Statements(begin) => self.statements(cursor.language, begin),
            Want::Values => {
                self.same_line(cursor);
                self.variables(cursor.around, own, view);
                self.procedures(cursor.around, own, view);
                self.values(cursor.language);
            }
            Want::Variables => self.variables(cursor.around, own, view),
            Want::Procedures => self.procedures(cursor.around, own, view),
            Want::Tables => {
                for (script, table) in view.tables() {
                    let columns: Vec<&str> = table.columns.iter().map(|column| &*column.name).collect();
                    let detail = format!("table of {}: {}", script.path(), columns.join(", "));
                    self.named('a', &table.name, ItemKind::STRUCT, Some(detail));
                }
            }
            Want::Columns(table) => {
                if let Some((_, table)) = view.table(table) {
                    for column in &table.columns {
                        self.push('a', &column.name, ItemKind::FIELD, Some(pages::column_type(column)));
                    }
                }
            }
            Want::Scripts => {
                for script in view.scripts.iter().filter(|script| script.path() != own.path()) {
                    let name = file_stem(script.path());
                    let order = if script.tree.is_tool() { 'a' } else { 'b' };
                    let detail = script.tree.description.as_deref().unwrap_or(script.path());
                    self.named(order, name, ItemKind::FILE, Some(detail.to_owned()));
                }
            }
            Want::Collections => {
                for name in &view.collections {
                    self.named('a', name, ItemKind::FOLDER, Some("documents".to_owned()));
                }
            }
            Want::Labels => {
                let labels = cursor.around.occurrences.iter().chain(&own.occurrences);
                for label in labels.filter(|own| own.kind == Kind::Label && own.role == Role::Declares) {
                    self.push('a', &label.key, ItemKind::REFERENCE, Some("label".to_owned()));
                }
            }
            Want::Fields(variable, depth) => self.fields(variable, *depth, cursor, own, view),
            Want::Words(words) => {
                for word in words {
                    self.push('b', word, ItemKind::KEYWORD, None);
                }
            }
        }
    }

    fn statements(&mut self, language: &Language, begin: &str) {
        let begins =
            |phrase: &str| begin.is_empty() || phrase.strip_prefix(begin).is_some_and(|rest| rest.starts_with(' '));
        for (phrase, keyword, _) in language.phrases().filter(|(phrase, _, _)| begins(phrase)) {
            let decl = &language.keywords[keyword];
            if decl.missing_capability.is_none() {
                self.push('c', phrase, ItemKind::KEYWORD, None).data = about(&About::Keyword(keyword));
            }
        }
        let built = |core: &CoreWord| begins(core.phrase) && !NOT_BUILT.contains(&core.phrase);
        for (index, core) in CORE.iter().enumerate().filter(|(_, core)| built(core)) {
            self.push('c', core.phrase, ItemKind::KEYWORD, None).data = about(&About::Core(index));
        }
    }

    fn values(&mut self, language: &Language) {
        let giving = |keyword: usize| {
            let decl = &language.keywords[keyword];
            decl.returns && decl.missing_capability.is_none()
        };
        for (phrase, keyword, _) in language.phrases().filter(|(_, keyword, _)| giving(*keyword)) {
            self.push('d', phrase, ItemKind::KEYWORD, None).data = about(&About::Keyword(keyword));
        }
        for (index, function) in language.functions.iter().enumerate() {
            for name in std::iter::once(&function.name).chain(function.aliases) {
                let detail = format!("{name}({})", function.params);
                self.push('d', name, ItemKind::FUNCTION, Some(detail)).data = about(&About::Function(index));
            }
        }
    }

    /// What the statement itself gives a value: `a = 1: TALK a`.
    fn same_line(&mut self, cursor: &Cursor<'_>) {
        for pair in cursor.pieces.windows(2) {
            let [name, sign] = pair else { continue };
            if name.kind == PieceKind::Word && sign.is(cursor.text, "=") && sign.end < cursor.offset {
                self.push('a', name.text(cursor.text), ItemKind::VARIABLE, None);
            }
        }
    }

    fn variables(&mut self, around: &Script, own: &Script, view: &View) {
        for script in [around, own] {
            for (key, spelling) in &script.spellings {
                // A name that is only read is a slip of the pen, or the word being typed.
                if script.written.contains(key) && (std::ptr::eq(script, around) || around.spellings.contains_key(key))
                {
                    let detail = script.shapes.get(key).and_then(|shape| shape.table.as_ref());
                    let detail = detail.map(|table| format!("rows of {table}"));
                    self.push('a', spelling, ItemKind::VARIABLE, detail);
                }
            }
        }
        for setting in &view.settings {
            self.push('b', &setting.name, ItemKind::CONSTANT, Some(format!("setting of {}", setting.file)));
        }
    }

    fn procedures(&mut self, around: &Script, own: &Script, view: &View) {
        for script in view.with_includes(around).into_iter().chain([own]) {
            for procedure in &script.tree.procedures {
                let detail = pages::procedure_line(procedure);
                self.push('a', &procedure.name.text, ItemKind::FUNCTION, Some(detail));
            }
        }
    }

    fn fields(&mut self, variable: &str, depth: usize, cursor: &Cursor<'_>, own: &Script, view: &View) {
        let key = variable.to_lowercase();
        let shapes = [cursor.around, own].into_iter().filter_map(|script| script.shapes.get(key.as_str()));
        for shape in shapes.filter(|_| depth == 0) {
            if let Some((_, table)) = shape.table.as_deref().and_then(|table| view.table(table)) {
                for column in &table.columns {
                    self.push('a', &column.name, ItemKind::FIELD, Some(pages::column_type(column)));
                }
            } else {
                let typed = cursor.text.get(self.wanted.from..cursor.offset).unwrap_or("");
                for field in shape.fields.iter().filter(|field| !field.eq_ignore_ascii_case(typed)) {
                    self.push('b', field, ItemKind::FIELD, None);
                }
            }
        }
        for (index, function) in cursor.language.functions.iter().enumerate().filter(|(_, own)| own.max > 0) {
            let detail = format!("{}({})", function.name, function.params);
            let item = self.push('d', &function.name.to_lowercase(), ItemKind::METHOD, Some(detail));
            item.data = about(&About::Function(index));
        }
    }
}

fn about(about: &About) -> Option<serde_json::Value> {
    serde_json::to_value(about).ok()
}

/// File name without folder and ending, as spelled.
fn file_stem(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    if stem(path).len() == file.len() { file } else { file.rsplit_once('.').map_or(file, |(stem, _)| stem) }
}

/// Adds the page to an item.
pub(crate) fn resolve(language: &Language, mut item: CompletionItem) -> CompletionItem {
    let about = item.data.clone().and_then(|data| serde_json::from_value::<About>(data).ok());
    let page = match about {
        Some(About::Keyword(index)) => language.keywords.get(index).map(keyword_page),
        Some(About::Function(index)) => language.functions.get(index).map(function_page),
        Some(About::Core(index)) => CORE.get(index).map(core_page),
        None => None,
    };
    item.documentation = page.map(|page| Documentation::MarkupContent(pages::markdown(page)));
    item
}
