//! `botserver bot new`.

use botserver_config::BotDefaults;
use botserver_packages::{Error, check, new_package};

use crate::support::{Bots, language, printed};

#[test]
fn a_new_package_is_sound_and_lies_there_whole() {
    let bots = Bots::new();
    let package = new_package(&bots.dir(), "Coffee-Bar", &|_| false).unwrap();
    assert_eq!(package, bots.path("coffee-bar.gbai"));
    let version = check(&package, &language(), &BotDefaults::default(), &|_| false).unwrap();
    assert_eq!(printed(&version), "");
    assert!(version.image.script("order-coffee").unwrap().tool);
    assert!(version.sources.values().all(|text| !text.contains("NAME")));
    assert!(package.join("tests/order-coffee.test").exists());
    assert_eq!(std::fs::read_dir(bots.dir()).unwrap().count(), 1);
    assert!(matches!(new_package(&bots.dir(), "coffee-bar", &|_| false), Err(Error::Exists(_))));
}

#[test]
fn names_that_cannot_be_an_address_are_refused() {
    let bots = Bots::new();
    let reserved = |name: &str| name == "api";
    for name in ["", "api", "API", "../x", "a/b", "a b", "é", "-x", ".x", "a.b", "x\0", &"x".repeat(65)] {
        assert!(matches!(new_package(&bots.dir(), name, &reserved), Err(Error::BadName { .. })), "{name}");
    }
    assert_eq!(std::fs::read_dir(bots.dir()).unwrap().count(), 0);
}

#[test]
fn check_needs_a_package() {
    let bots = Bots::new();
    std::fs::create_dir(bots.path("plain")).unwrap();
    bots.write("file.gbai", "");
    for path in ["plain", "missing.gbai", "file.gbai"] {
        let checked = check(&bots.path(path), &language(), &BotDefaults::default(), &|_| false);
        assert!(matches!(checked, Err(Error::NotAPackage(_))), "{path}");
    }
}
