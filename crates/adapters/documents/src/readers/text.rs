//! Plain text: a paragraph ends at an empty line. Nothing is taken for a heading.

use botserver_ports::ExtractError;

use crate::{encoding, output::Output};

pub(super) fn read(bytes: &[u8], output: &mut Output<'_>) -> Result<(), ExtractError> {
    let text = encoding::decode(bytes, None);
    let mut paragraph = String::new();
    for line in text.lines().flat_map(|line| line.split('\r')) {
        if line.trim().is_empty() {
            output.text(&paragraph)?;
            paragraph.clear();
        } else {
            if !paragraph.is_empty() {
                paragraph.push('\n');
            }
            paragraph.push_str(line);
        }
    }
    output.text(&paragraph)
}
