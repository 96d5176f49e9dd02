//! Writes what the targets begin with: the scripts of the guide, their images, and snapshots of a dialog that waits.

use std::{fs, io, path::Path};

use botserver_fuzz::{content, image_of, waiting_image, waiting_machine};

fn main() -> io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let write = |target: &str, name: usize, bytes: &[u8]| {
        let folder = corpus.join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("seed-{name:03}")), bytes)
    };
    let guide: String = botserver_basic_spec::PAGES.iter().map(|page| page.text).collect();
    let scripts = guide.split("\n```basic").skip(1).filter_map(|rest| rest.split_once('\n')?.1.split("\n```").next());
    for (number, script) in scripts.enumerate() {
        write("compile", number, script.as_bytes())?;
        write("image", number, content(&image_of(script).to_bytes()))?;
    }
    let saved = waiting_machine(&waiting_image()).map(|machine| machine.snapshot()).unwrap_or_default();
    write("snapshot", 0, content(&saved))
}
