//! How the documents of a library are: numbers, what could not be read with what to do about it, what is kept.

use std::path::Path;

use anyhow::Result;
use botserver_kernel::{PageRequest, Principal};
use botserver_knowledge::{Collection, CollectionId, CollectionView, Document, DocumentState, Knowledge, LibraryRow};
use serde_json::{Value as Json, json};

use crate::{
    command_line::{Common, Output},
    terminal,
};

/// Documents that are read from the table at once.
const TOGETHER: u32 = 200;
/// Documents of a collection that are named to people; programs get all.
const NAMED: usize = 20;

/// Everything about a library.
pub(in crate::commands) async fn status_of(
    knowledge: &Knowledge,
    principal: &Principal,
    library: LibraryRow,
) -> Result<Json> {
    let (library, all) = knowledge.collections(principal, library.bot_id).await?;
    let mut collections = Vec::with_capacity(all.len());
    for own in all {
        let failed = failed(knowledge, principal, &own).await?;
        let mut shown = serde_json::to_value(CollectionView::new(own, &library))?;
        shown["failed_documents"] = failed.into_iter().map(|own| as_json(&own)).collect();
        collections.push(shown);
    }
    Ok(json!({
        "name": library.name, "folder": library.folder, "rebuilding": library.rebuilding,
        "next_embedder": library.building.map(|own| own.embedder), "problems": library.problems,
        "collections": collections,
    }))
}

async fn failed(knowledge: &Knowledge, principal: &Principal, of: &Collection) -> Result<Vec<Document>> {
    let mut all = Vec::new();
    if of.failed == 0 {
        return Ok(all);
    }
    let id: CollectionId = of.id;
    let mut page = PageRequest { limit: TOGETHER, after: None };
    loop {
        let found = knowledge.documents(principal, id, Some(DocumentState::Failed), &page).await?;
        all.extend(found.items);
        match found.next_cursor {
            Some(next) => page.after = Some(next),
            None => return Ok(all),
        }
    }
}

fn as_json(own: &Document) -> Json {
    json!({"path": own.path, "error": own.error, "remedy": own.remedy()})
}

/// A command that may be pasted as it is: about the same installation, with quotes where a word needs them. `choice` is what
/// must still be chosen.
pub(super) fn pasted(common: &Common, words: &[&str], choice: &str) -> String {
    let path = |path: &Path| path.display().to_string();
    let data = common.data.as_deref().map(|data| ["--data".to_owned(), path(data)]);
    let config = common.config.as_deref().map(|config| ["--config".to_owned(), path(config)]);
    let options: Vec<String> = data.into_iter().chain(config).flatten().collect();
    let words = words.iter().copied().chain(options.iter().map(String::as_str)).map(quoted);
    let choice = (!choice.is_empty()).then(|| choice.to_owned());
    ["botserver".to_owned()].into_iter().chain(words).chain(choice).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:,@+=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// Writes it for people or programs.
pub(super) fn show(common: &Common, found: &Json, output: Output) -> Result<()> {
    if output == Output::Json {
        return Ok(terminal::print(&serde_json::to_string_pretty(found)?)?);
    }
    let name = text(found, "name");
    for own in list(found, "collections") {
        terminal::print(&line(own))?;
        let failed = list(own, "failed_documents");
        for document in failed.iter().take(NAMED) {
            let reason = format!("  {}: {}", text(document, "path"), text(document, "error"));
            terminal::print(&reason)?;
            if !text(document, "remedy").is_empty() {
                terminal::print(&format!("    → {}", text(document, "remedy")))?;
            }
        }
        if failed.len() > NAMED {
            let more = failed.len() - NAMED;
            let command = pasted(common, &["kb", "status", name], "-o json");
            terminal::print(&format!("  … and {more} more: {command}"))?;
        }
        if number(own, "missing") > 0 {
            let command = pasted(common, &["kb", "release", name, text(own, "name")], "");
            terminal::tell(&format!(
                "Most documents of {} vanished at once; they stay until you decide. If they shall go:\n  {command} \
                 remove\nIf they shall stay:\n  {command} keep",
                text(own, "name")
            ));
        }
        if number(own, "kept") > 0 {
            let command = pasted(common, &["kb", "release", name, text(own, "name")], "forget");
            terminal::tell(&format!("Not to keep them any more: {command}"));
        }
    }
    if found.get("rebuilding").and_then(Json::as_bool) == Some(true) {
        terminal::tell("The search index was damaged and is being built anew; searches find what is there already.");
    }
    for problem in list(found, "problems") {
        terminal::tell(problem.as_str().unwrap_or_default());
    }
    Ok(())
}

fn line(own: &Json) -> String {
    let mut line = format!(
        "{}: {}, {} documents, {} passages",
        text(own, "name"),
        text(own, "state"),
        number(own, "documents"),
        number(own, "passages")
    );
    let more = [
        ("waiting", "not finished"),
        ("failed", "failed"),
        ("missing", "vanished at once"),
        ("kept", "kept although their files are gone"),
    ];
    for (key, word) in more {
        if number(own, key) > 0 {
            line.extend([", ", &number(own, key).to_string(), " ", word]);
        }
    }
    line
}

fn text<'a>(own: &'a Json, key: &str) -> &'a str {
    own.get(key).and_then(Json::as_str).unwrap_or_default()
}

fn number(own: &Json, key: &str) -> i64 {
    own.get(key).and_then(Json::as_i64).unwrap_or_default()
}

fn list<'a>(own: &'a Json, key: &str) -> &'a [Json] {
    own.get(key).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_can_be_pasted() {
        let common = Common { data: Some("my data".into()), config: None };
        assert_eq!(
            pasted(&common, &["kb", "status", "it's"], "keep"),
            "botserver kb status 'it'\\''s' --data 'my data' keep"
        );
        let common = Common { data: None, config: None };
        assert_eq!(pasted(&common, &["kb", "status", "shop"], ""), "botserver kb status shop");
    }
}
