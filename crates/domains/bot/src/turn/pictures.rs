//! Files as a model reads them: pictures for one that sees, and for every model a mark in the text.

use botserver_llm::is_shown;
use botserver_ports::ModelPicture;
use botserver_ui_tree::{FilePart, Part, plain_text};
use bytes::Bytes;

/// A picture in a text.
pub(super) fn mark(file: &FilePart) -> String {
    let name = file.filename.replace(|c: char| c.is_control() || "[]".contains(c), " ");
    format!("[picture {}]", name.trim())
}

pub(super) fn is_picture(file: &FilePart) -> bool {
    is_shown(&file.mime_type, file.size)
}

/// The pictures among files.
pub(super) fn of_files<'f>(files: impl IntoIterator<Item = &'f FilePart>) -> Vec<ModelPicture> {
    let pictures = files.into_iter().filter(|file| is_picture(file)).map(|file| ModelPicture {
        id: file.url.rsplit('/').next().unwrap_or_default().to_owned(),
        name: file.filename.clone(),
        media_type: file.mime_type.clone(),
        data: Bytes::new(),
    });
    pictures.collect()
}

/// The pictures of a message.
pub(super) fn of_parts(parts: &[Part]) -> Vec<ModelPicture> {
    of_files(parts.iter().filter_map(|part| if let Part::File(file) = part { Some(file) } else { None }))
}

/// A message of the transcript as the model reads it.
pub(super) fn as_text(parts: &[Part]) -> String {
    let line = |part: &Part| match part {
        Part::File(file) if is_picture(file) => mark(file),
        other => plain_text(std::slice::from_ref(other)),
    };
    parts.iter().map(line).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}
