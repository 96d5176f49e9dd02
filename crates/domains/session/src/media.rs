//! What kind of file an upload is. Believes the first bytes, then the sender, then the name.

/// The media type by the first bytes; what they do not tell is believed unless a browser could run it. Where nothing
/// is said, or only what programs say of any body, the file's name tells.
pub(crate) fn media_type(first: &[u8], declared: Option<&str>, filename: &str) -> String {
    let active = ["text/html", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml"];
    if let Some(kind) = infer::get(first).map(|kind| kind.mime_type()).filter(|kind| !active.contains(kind)) {
        return kind.to_owned();
    }
    let declared = declared.and_then(|text| text.split(';').next()).map(str::trim).unwrap_or_default().to_lowercase();
    let declared = match &*declared {
        "" | "application/x-www-form-urlencoded" => {
            mime_guess::from_path(filename).first_raw().unwrap_or_default().to_owned()
        }
        _ => declared,
    };
    let plain = declared.len() <= 100 && declared.split('/').count() == 2 && declared.is_ascii();
    if plain && !active.contains(&declared.as_str()) && !declared.contains("script") {
        return declared;
    }
    "application/octet-stream".to_owned()
}
