//! The web app at its addresses, byte for byte. `cargo xtask embedded` runs this in a build that has the app inside, where
//! there is no built app to be read.

use std::path::{Path, PathBuf};

use crate::support::TestSite;

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for path in std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("an entry").path()) {
        if path.is_dir() { list(&path, files) } else { files.push(path) }
    }
}

#[tokio::test]
async fn every_file_of_the_app_is_at_its_address() {
    let elsewhere = std::env::var_os("WEB_APP_TO_COMPARE");
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/dist");
    assert!(elsewhere.is_none() || !beside.exists(), "the app must come from nowhere else than the binary");
    let must_be_there = elsewhere.is_some();
    let app = elsewhere.map_or(beside, PathBuf::from);
    let mut files = Vec::new();
    list(&app, &mut files);
    let site = TestSite::new();
    let (mut pages, mut hashed, mut embed) = (0, 0, 0);
    for file in &files {
        let name = file.strip_prefix(&app).expect("below it").to_str().expect("a plain name");
        let address = match name {
            "index.html" => "/".to_owned(),
            "owner.html" => "/owner".to_owned(),
            name => format!("/{name}"),
        };
        let answer = site.get(&address).await;
        assert_eq!(answer.status.as_u16(), 200, "{address}");
        assert!(answer.body == std::fs::read(file).expect("the file"), "{address} is not the {name} that was built");
        pages += usize::from(name.ends_with("html"));
        hashed += usize::from(name.starts_with("assets/"));
        embed += usize::from(name == "embed.js");
    }
    assert!(!must_be_there || (pages == 2 && hashed > 2 && embed == 1), "{files:?} are not the whole app");
}
