//! The notes of slides, by the slide that they belong to. Follows the package's own references, because the numbers in
//! the names of its parts mean nothing.

use std::{collections::HashMap, path::Path};

use botserver_ports::ExtractError;
use quick_xml::{Reader, events::Event};
use undoc::OoxmlContainer;

use super::office::refused;

/// The part that lists the slides.
const LIST: &str = "ppt/presentation.xml";

/// The notes by the index of their slide, in the order of the presentation.
pub(super) fn of(path: &Path) -> Result<HashMap<usize, String>, ExtractError> {
    let package = OoxmlContainer::open(path).map_err(refused)?;
    let Some(list) = package.read_xml_optional(LIST).map_err(refused)? else { return Ok(HashMap::new()) };
    let slides = package.read_relationships(LIST).map_err(refused)?;
    let mut notes = HashMap::new();
    for (index, id) in slide_ids(&list).into_iter().enumerate() {
        let Some(slide) = slides.get(&id) else { continue };
        let slide = OoxmlContainer::resolve_path(LIST, &slide.target);
        // A slide without references has no notes; a broken one is told by who reads the slide.
        let Ok(references) = package.read_optional_relationships_for_part(&slide) else { continue };
        let page = references.by_id.values().find(|reference| reference.rel_type.ends_with("/notesSlide"));
        let Some(page) = page else { continue };
        let page = OoxmlContainer::resolve_path(&slide, &page.target);
        if let Ok(Some(xml)) = package.read_xml_optional(&page) {
            notes.insert(index, text_of(&xml));
        }
    }
    Ok(notes)
}

/// The references to slides, in their order.
fn slide_ids(list: &str) -> Vec<String> {
    let mut reader = Reader::from_str(list);
    let mut ids = Vec::new();
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Eof => break,
            Event::Start(element) | Event::Empty(element) if element.local_name().as_ref() == "sldId" => {
                let id = element.attributes().flatten().find(|attribute| {
                    let key = attribute.key.as_ref();
                    key.starts_with("r:") && key.ends_with("id")
                });
                ids.extend(id.map(|id| id.value.into_owned()));
            }
            _ => {}
        }
    }
    ids
}

/// The words of a page of notes, without the number and the date that stand on every page.
fn text_of(xml: &str) -> String {
    let mut reader = Reader::from_str(xml);
    let mut text = String::new();
    let mut in_text = false;
    let mut is_furniture = false;
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Eof => break,
            Event::Start(element) | Event::Empty(element) => match element.local_name().as_ref() {
                "sp" => is_furniture = false,
                "ph" => {
                    let kind = element.attributes().flatten().find(|attribute| attribute.key.as_ref() == "type");
                    let kind = kind.map(|kind| kind.value.into_owned()).unwrap_or_default();
                    is_furniture = matches!(kind.as_str(), "sldNum" | "sldImg" | "dt" | "hdr" | "ftr");
                }
                "t" => in_text = !is_furniture,
                "br" => text.push('\n'),
                _ => {}
            },
            Event::Text(words) if in_text => text.push_str(&words),
            Event::GeneralRef(reference) if in_text => {
                let letter = match reference.resolve_char_ref() {
                    Ok(Some(letter)) => Some(letter),
                    _ => match reference.as_ref() {
                        "amp" => Some('&'),
                        "lt" => Some('<'),
                        "gt" => Some('>'),
                        "quot" => Some('"'),
                        "apos" => Some('\''),
                        _ => None,
                    },
                };
                text.extend(letter);
            }
            Event::End(element) => match element.local_name().as_ref() {
                "t" => in_text = false,
                "p" if !text.is_empty() && !text.ends_with('\n') => text.push('\n'),
                _ => {}
            },
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn furniture_is_no_note() {
        let xml = "<p:notes><p:sp><p:nvPr><p:ph type=\"sldNum\"/></p:nvPr><a:p><a:t>7</a:t></a:p></p:sp>\
                   <p:sp><p:nvPr><p:ph type=\"body\"/></p:nvPr><a:p><a:r><a:t>Fire &amp; water</a:t></a:r></a:p>\
                   <a:p><a:t>Second</a:t></a:p></p:sp></p:notes>";
        assert_eq!(text_of(xml), "Fire & water\nSecond\n");
    }

    #[test]
    fn slides_stand_in_the_order_of_the_list() {
        let xml = "<p:sldIdLst><p:sldId id=\"256\" r:id=\"rId9\"/><p:sldId id=\"257\" r:id=\"rId2\"/></p:sldIdLst>";
        assert_eq!(slide_ids(xml), ["rId9", "rId2"]);
    }
}
