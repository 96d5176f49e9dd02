//! Word and PowerPoint, new and of 97-2003: the library's model as blocks. Slides are pages, their notes follow
//! them; footnotes follow the text; merged cells are laid out.

use std::{collections::HashMap, ops::ControlFlow, path::Path};

use botserver_ports::ExtractError;
use undoc::{
    Block, Cell, FormatType, ListType, Metadata, Paragraph, ParseEvent, Section, SectionStreamOptions, Table,
    model::RevisionType,
};

use crate::{
    output::Output,
    readers::notes,
    table::{self, Spanned},
};

/// Tables inside of cells inside of tables …
const DEEPEST: usize = 8;

pub(super) fn read(path: &Path, output: &mut Output<'_>) -> Result<(), ExtractError> {
    let format = undoc::detect_format_from_path(path).map_err(refused)?;
    let options = SectionStreamOptions { lenient: true, extract_resources: false };
    // The library takes the notes with the number of the slide's file, which may be those of another slide.
    let mut notes = if format == FormatType::Pptx { notes::of(path)? } else { HashMap::new() };
    let mut outcome = Ok(());
    let mut sections = 0;
    let mut has_pictures = false;
    let streamed = undoc::parse_file_streaming(path, options, |event| {
        let step = match event {
            ParseEvent::DocumentStart { metadata, section_count, image_map } => {
                has_pictures = !image_map.is_empty();
                sections = u32::try_from(section_count).unwrap_or(u32::MAX);
                start(format, metadata, sections, output)
            }
            ParseEvent::SectionParsed(section) => {
                let notes = match format {
                    FormatType::Pptx => notes.remove(&section.index).unwrap_or_default(),
                    _ => joined(section.notes.as_deref().unwrap_or_default()),
                };
                give(format, section, &notes, sections, output)
            }
            ParseEvent::SectionFailed { index, error } => {
                let text = error.to_string();
                if let limit @ ExtractError::Limit(_) = refused(error) {
                    Err(limit)
                } else {
                    output.warnings.push(format!("part {} could not be read: {text}", index + 1));
                    Ok(())
                }
            }
            _ => Ok(()),
        };
        match step {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                outcome = Err(error);
                ControlFlow::Break(())
            }
        }
    });
    outcome?;
    streamed.map_err(refused)?;
    if !output.has_text() {
        if has_pictures {
            return Err(ExtractError::NoText);
        }
        if !output.warnings.is_empty() {
            return Err(ExtractError::Damaged(output.warnings.join("; ")));
        }
        output.warnings.push("the document is empty".to_owned());
    }
    Ok(())
}

/// What the library's errors mean for the document's owner.
pub(super) fn refused(error: undoc::Error) -> ExtractError {
    match error {
        undoc::Error::Encrypted => ExtractError::Encrypted,
        undoc::Error::UnsupportedFormat(what) => ExtractError::Unsupported(format!("{what} is not read")),
        other => {
            let text = other.to_string();
            if text.contains("decompression bomb") || text.contains("expands") {
                ExtractError::Limit(format!("a part of the document unpacks to far more than documents do: {text}"))
            } else {
                ExtractError::Damaged(text)
            }
        }
    }
}

const fn is_slides(format: FormatType) -> bool {
    matches!(format, FormatType::Pptx | FormatType::Ppt)
}

fn start(format: FormatType, metadata: &Metadata, sections: u32, output: &mut Output<'_>) -> Result<(), ExtractError> {
    if let Some(title) = &metadata.title {
        output.title(title);
    }
    if is_slides(format) {
        output.pages(sections)?;
    }
    Ok(())
}

fn give(
    format: FormatType,
    section: &Section,
    notes: &str,
    of: u32,
    output: &mut Output<'_>,
) -> Result<(), ExtractError> {
    let number = u32::try_from(section.index).unwrap_or(u32::MAX).saturating_add(1);
    if is_slides(format) {
        output.page(number)?;
    }
    for block in &section.content {
        match block {
            Block::Paragraph(paragraph) => give_paragraph(paragraph, output)?,
            Block::Table(table) => give_table(table, 0, output)?,
            Block::Note { label, content } => {
                output.text(&format!("[{label}] {}", joined(content)))?;
            }
            _ => {}
        }
    }
    output.text(notes)?;
    if is_slides(format) {
        output.progress(number, Some(of))?;
    }
    Ok(())
}

fn give_paragraph(paragraph: &Paragraph, output: &mut Output<'_>) -> Result<(), ExtractError> {
    let text = text_of(paragraph);
    if let Some(level) = level_of(paragraph) {
        return output.heading(level, &text);
    }
    if text.trim().is_empty() {
        return Ok(());
    }
    match &paragraph.list_info {
        Some(list) if list.list_type != ListType::None => {
            let indent = "  ".repeat(usize::from(list.level.min(8)));
            let mark = match (list.list_type, list.number) {
                (ListType::Numbered, Some(number)) => format!("{number}. "),
                _ => "- ".to_owned(),
            };
            output.text(&format!("{indent}{mark}{}", text.trim()))
        }
        _ if has_style(paragraph, "list bullet") || has_style(paragraph, "list number") => {
            output.text(&format!("- {}", text.trim()))
        }
        _ => output.text(&text),
    }
}

/// The level of a heading: by its outline, or by its style, whose built-in names are English in every language.
fn level_of(paragraph: &Paragraph) -> Option<u8> {
    if paragraph.is_heading() {
        return Some(paragraph.heading.level());
    }
    let name = paragraph.style_name.as_deref()?.to_lowercase();
    if name == "title" {
        return Some(1);
    }
    name.strip_prefix("heading ")?.parse().ok().filter(|level| (1..=9).contains(level))
}

fn has_style(paragraph: &Paragraph, name: &str) -> bool {
    paragraph.style_name.as_ref().is_some_and(|style| style.to_lowercase().starts_with(name))
}

/// The words of a paragraph, without what a reviewer struck out; references to notes stand as `[1]`.
fn text_of(paragraph: &Paragraph) -> String {
    let mut text = String::new();
    for run in &paragraph.runs {
        if run.revision == RevisionType::Deleted {
            continue;
        }
        text.push_str(&run.text);
        if let Some(label) = &run.note {
            text.push('[');
            text.push_str(label);
            text.push(']');
        }
        if run.line_break || run.page_break {
            text.push('\n');
        }
    }
    text
}

/// The words of several paragraphs, a line each.
fn joined(paragraphs: &[Paragraph]) -> String {
    let texts: Vec<String> = paragraphs.iter().map(text_of).filter(|text| !text.trim().is_empty()).collect();
    texts.join("\n")
}

fn give_table(table: &Table, depth: usize, output: &mut Output<'_>) -> Result<(), ExtractError> {
    let spanned = table.rows.iter().map(|row| row.cells.iter().map(|cell| span(cell, row.is_header)).collect());
    table::give(&table::lay_out(spanned.collect()), output)?;
    if depth < DEEPEST {
        for inner in table.rows.iter().flat_map(|row| &row.cells).flat_map(|cell| &cell.nested_tables) {
            give_table(inner, depth + 1, output)?;
        }
    }
    Ok(())
}

fn span(cell: &Cell, in_header: bool) -> Spanned {
    Spanned {
        text: joined(&cell.content),
        columns: cell.col_span,
        rows: cell.row_span,
        is_header: in_header || cell.is_header,
    }
}
