//! Reading a folder: every layout of old packages, and everything that does not belong into one.

use std::fs;

use botserver_packages::{FileRole, ScanLimits, scan};

use crate::support::{Bots, compiled, printed};

#[test]
fn scripts_are_found_wherever_they_stand_and_documents_are_left_alone() {
    let bots = Bots::new();
    for path in [
        "Shop.gbai/start.bas",
        "Shop.gbai/shop.gbdialog/tools/Find.BAS",
        "Shop.gbai/other.gbdialog/a.bas",
        "Shop.gbai/shop.gbai/nested.bas",
        "Shop.gbai/shop.gbdrive/users/1/evil.bas",
        "Shop.gbai/shop.gbkb/docs/evil.bas",
        "Shop.gbai/tests/order.bas",
        "Shop.gbai/.git/hooks/evil.bas",
        "Shop.gbai/shop.gbdialog/.start.bas.swp",
        "Shop.gbai/shop.gbdialog/start.bas~",
        "Shop.gbai/shop.gbdialog/#start.bas#",
    ] {
        bots.write(path, "TALK \"hi\"\n");
    }
    let source = scan(&bots.path("Shop.gbai"), &ScanLimits::default());
    assert_eq!(&*source.name, "shop");
    let dialogs: Vec<&str> =
        source.files.iter().filter(|(_, file)| file.role == FileRole::Dialog).map(|(path, _)| &**path).collect();
    assert_eq!(dialogs, ["other.gbdialog/a.bas", "shop.gbai/nested.bas", "shop.gbdialog/tools/Find.BAS", "start.bas"]);
    assert_eq!(source.diagnostics, []);
    assert!(!source.folders.iter().any(|folder| folder.to_string_lossy().contains("gbdrive")));
}

#[test]
fn garbage_is_named_and_the_rest_works() {
    let bots = Bots::new();
    bots.write("a.gbai/start.bas", "TALK \"hi\"\n");
    bots.write("a.gbai/binary.bas", b"TALK \"ol\xE1\"\n");
    bots.write("a.gbai/second.bas", b"TALK \"ok\"\nTALK \"\xFF\"\n");
    bots.write("a.gbai/large.bas", vec![b' '; (1 << 20) + 1]);
    bots.write("a.gbai/empty.bas", "");
    bots.write("a.gbai/a.gbtheme/huge.png", vec![0; (2 << 20) + 1]);
    bots.write("a.gbai/zero\u{7}.bas", "");
    let version = bots.compile("a.gbai");
    insta::assert_snapshot!(printed(&version));
    assert!(!version.unusable);
    assert!(version.image.script("start").unwrap().broken.is_none());
    assert_eq!(version.image.script("binary").unwrap().broken.as_ref().unwrap().message, "the file is not UTF-8 text");
}

#[cfg(unix)]
#[test]
fn links_and_pipes_lead_nowhere() {
    use std::os::unix::fs::symlink;
    let bots = Bots::new();
    bots.write("a.gbai/a.gbdialog/start.bas", "TALK \"hi\"\n");
    let secret = bots.outside().join("secret.bas");
    fs::write(&secret, "TALK \"secret\"\n").unwrap();
    let folder = bots.path("a.gbai/a.gbdialog");
    symlink(&secret, folder.join("absolute.bas")).unwrap();
    symlink("../../../secret.bas", folder.join("relative.bas")).unwrap();
    symlink("/etc", folder.join("etc")).unwrap();
    symlink("nowhere", folder.join("dangling.bas")).unwrap();
    symlink("start.bas", folder.join("alias.bas")).unwrap();
    symlink("..", folder.join("loop")).unwrap();
    std::process::Command::new("mkfifo").arg(folder.join("pipe.bas")).status().unwrap();
    let version = bots.compile("a.gbai");
    insta::assert_snapshot!(printed(&version));
    assert!(version.image.script("alias").is_some());
    assert!(version.sources.values().all(|text| !text.contains("secret")));
    // A package that the operator has linked from elsewhere is theirs to link.
    let elsewhere = bots.outside().join("work");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("start.bas"), "TALK \"hi\"\n").unwrap();
    symlink(&elsewhere, bots.path("b.gbai")).unwrap();
    assert!(compiled(&bots.path("b.gbai")).image.script("start").is_some());
}

#[cfg(unix)]
#[test]
fn a_name_that_is_no_text_is_told() {
    use std::os::unix::ffi::OsStrExt;
    let bots = Bots::new();
    bots.write("a.gbai/start.bas", "");
    fs::write(bots.path("a.gbai").join(std::ffi::OsStr::from_bytes(b"bad\xff.bas")), "").unwrap();
    fs::write(bots.path("a.gbai").join("..\\..\\up.bas"), "").unwrap();
    insta::assert_snapshot!(printed(&bots.compile("a.gbai")));
}

#[test]
fn too_much_is_refused_as_a_whole() {
    let bots = Bots::new();
    for number in 0..6 {
        bots.write(&format!("a.gbai/{number}.bas"), "TALK 1\n");
    }
    let limits = ScanLimits { files: 5, ..ScanLimits::default() };
    let source = scan(&bots.path("a.gbai"), &limits);
    assert!(source.unusable);
    assert_eq!(source.diagnostics[0].message, "the package has more than 5 files");
    let limits = ScanLimits { package_bytes: 20, ..ScanLimits::default() };
    assert!(scan(&bots.path("a.gbai"), &limits).unusable);
    assert!(scan(&bots.path("missing.gbai"), &limits).unusable);
    assert!(scan(&bots.path("a.gbai/0.bas"), &limits).unusable);
}
