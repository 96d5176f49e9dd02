//! What becomes of the files: scripts, settings, look, tables, tools, and the hash over what counts.

use botserver_packages::BotState;

use crate::support::{Bots, printed};

fn full(bots: &Bots) {
    bots.write("shop.gbai/shop.gbdialog/start.bas", "TALK \"hi ${house}\"\n");
    bots.write(
        "shop.gbai/shop.gbdialog/price.bas",
        "PARAM item AS string\nDESCRIPTION \"Tells a price.\"\nTALK item\n",
    );
    bots.write("shop.gbai/shop.gbdialog/tables.bas", "TABLE goods\n  id integer key\n  title string(40)\nEND TABLE\n");
    bots.write(
        "shop.gbai/shop.gbot/config.csv",
        "name,value\ntheme-title,Shop\ntheme-color1,navy\ntheme-logo,/img/logo.svg\nwelcome-message,Hello, you\nparam-house,main\n",
    );
    bots.write("shop.gbai/shop.gbot/PROMPT.md", "Be kind.");
    bots.write("shop.gbai/shop.gbtheme/img/logo.svg", "<svg/>");
    bots.write("shop.gbai/shop.gbdata/goods.csv", "id,title\n1,Tea\n");
}

#[test]
fn a_package_is_compiled_whole() {
    let bots = Bots::new();
    full(&bots);
    let version = bots.compile("shop.gbai");
    assert_eq!(printed(&version), "");
    assert!(!version.has_errors());
    assert_eq!(version.prompt.as_deref(), Some("Be kind."));
    assert_eq!((&*version.look.title, version.look.accent.as_deref()), ("Shop", Some("navy")));
    assert_eq!(
        (version.look.logo.as_deref(), version.look.welcome.as_deref()),
        (Some("img/logo.svg"), Some("Hello, you"))
    );
    assert_eq!(version.theme.keys().map(|path| &**path).collect::<Vec<_>>(), ["img/logo.svg"]);
    assert_eq!((&*version.seeds[0].table, &*version.seeds[0].path), ("goods", "shop.gbdata/goods.csv"));
    assert_eq!(&*version.image.script("tables").unwrap().tables[0].name, "goods");
    assert!(version.image.script("price").unwrap().tool);
}

#[test]
fn a_logo_that_cannot_be_shown_is_told() {
    let bots = Bots::new();
    bots.write("shop.gbai/shop.gbtheme/img/logo.svg", "<svg/>");
    let told = |logo: &str| {
        bots.write("shop.gbai/config.csv", format!("name,value\ntheme-logo,{logo}\n"));
        printed(&bots.compile("shop.gbai"))
    };
    let place = "config.csv:2:1: Warning P0103 `theme-logo`: the theme of the package has no file";
    for wrong in ["../../../config.toml", "img", "http://a.example/logo.png", "data:image/png;base64,AA"] {
        assert!(told(wrong).starts_with(&format!("{place} `{wrong}`")), "{}", told(wrong));
    }
    assert!(told("logo.svg").contains("Did you mean `img/logo.svg`?"), "{}", told("logo.svg"));
    for right in ["img/logo.svg", "/img/logo.svg", "./img/logo.svg", "https://a.example/logo.png", ""] {
        assert_eq!(told(right), "", "{right}");
    }
}

/// Nobody waits for a clock that does not tick: each declaration that nothing starts is named, and so is a time that
/// nobody can read.
#[test]
fn what_nothing_starts_is_said() {
    let bots = Bots::new();
    bots.write("shop.gbai/start.bas", "TALK \"hi\"\n");
    bots.write("shop.gbai/night.bas", "SET SCHEDULE \"every day at 9am\"\nTALK \"report\"\n");
    bots.write("shop.gbai/never.bas", "SET SCHEDULE every banana\n");
    bots.write("shop.gbai/paid.bas", "WEBHOOK \"paid\"\n");
    bots.write("shop.gbai/rows.bas", "ON INSERT OF \"orders\"\n  TALK \"new\"\nEND ON\n");
    let version = bots.compile("shop.gbai");
    let told = printed(&version);
    for line in [
        "never.bas:1:1: Warning B0500 SET SCHEDULE needs schedules, not available in this build",
        "never.bas:1:1: Warning B0705 nobody can tell from this when it runs",
        "night.bas:1:1: Warning B0500 SET SCHEDULE needs schedules, not available in this build",
        "paid.bas:1:9: Warning B0500 WEBHOOK needs webhooks, not available in this build",
        "rows.bas:1:1: Warning B0500 ON needs events, not available in this build",
    ] {
        assert!(told.contains(line), "{line}\n{told}");
    }
    assert_eq!(told.matches("B0705").count(), 1, "{told}");
    assert_eq!(version.image.script("night").unwrap().schedules[0].cron().as_deref(), Some("0 9 * * *"));
    assert!(!version.has_errors());
}

#[test]
fn settings_of_older_servers_are_named_together() {
    let bots = Bots::new();
    let keys: Vec<String> = (0..30).map(|number| format!("Antique Thing {number},1\n")).collect();
    bots.write("shop.gbai/config.csv", format!("name,value\n{}", keys.concat()));
    let told = printed(&bots.compile("shop.gbai"));
    assert_eq!(told.matches("C0101").count(), 6, "{told}");
    assert!(told.contains("25 more keys are not known: `Antique Thing 5`, `Antique Thing 6`"), "{told}");
}

#[test]
fn the_hash_covers_dialogs_settings_and_prompt_and_nothing_else() {
    let bots = Bots::new();
    full(&bots);
    let first = bots.compile("shop.gbai").hash;
    assert_eq!(first, bots.compile("shop.gbai").hash, "the same files give the same version");
    bots.write("shop.gbai/shop.gbtheme/img/logo.svg", "<svg></svg>");
    bots.write("shop.gbai/shop.gbdata/goods.csv", "id,title\n");
    bots.write("shop.gbai/shop.gbkb/docs/a.md", "text");
    bots.write("shop.gbai/README.md", "text");
    assert_eq!(first, bots.compile("shop.gbai").hash);
    let mut seen = vec![first];
    for (path, text) in [
        ("shop.gbai/shop.gbdialog/start.bas", "TALK \"ho\"\n"),
        ("shop.gbai/shop.gbdialog/start.bas", "TALK \"ho\" ' a comment\n"),
        ("shop.gbai/shop.gbot/config.csv", "theme-title,Other\n"),
        ("shop.gbai/shop.gbot/PROMPT.md", "Be brief."),
        ("shop.gbai/new.bas", ""),
    ] {
        bots.write(path, text);
        let hash = bots.compile("shop.gbai").hash;
        assert!(!seen.contains(&hash), "{path}");
        seen.push(hash);
    }
}

#[test]
fn mistakes_are_told_with_line_and_source_and_secrets_are_not() {
    let bots = Bots::new();
    bots.write("a.gbai/a.gbdialog/start.bas", "TALK \"hi\"\nIF x THEN\n  TALK \"ho\"\n");
    bots.write("a.gbai/a.gbdialog/loop.bas", "FOR i = 1 TO 3\nTALK i\n");
    bots.write("a.gbai/a.gbot/config.csv", "history-limit,s3cret\nllm-modle,x\nopenai-key,s3cret\n");
    bots.write("a.gbai/config.csv", "bot-name,Other\n");
    bots.write("a.gbai/deep/er/start.bas", "TALK \"shadowed\"\n");
    let version = bots.compile("a.gbai");
    insta::assert_snapshot!(printed(&version));
    assert_eq!(&*version.image.script("start").unwrap().file, "a.gbdialog/start.bas");
    assert_eq!(version.config.get("bot-name"), None);
}

#[test]
fn included_procedures_are_known_through_other_includes_and_round_in_circles() {
    let bots = Bots::new();
    bots.write("a.gbai/start.bas", "INCLUDE \"one.bas\"\nTALK twice(2)\n");
    bots.write("a.gbai/one.bas", "INCLUDE \"two.bas\"\nFUNCTION twice(n)\nRETURN double(n)\nEND FUNCTION\n");
    bots.write("a.gbai/two.bas", "INCLUDE \"one.bas\"\nFUNCTION double(n)\nRETURN n * 2\nEND FUNCTION\n");
    let version = bots.compile("a.gbai");
    assert_eq!(printed(&version), "");
}

#[test]
fn an_empty_folder_is_a_bot_without_words() {
    let bots = Bots::new();
    std::fs::create_dir(bots.path("a.gbai")).unwrap();
    let version = bots.compile("a.gbai");
    assert!(!version.has_errors());
    assert_eq!(&*version.look.title, "a");
}

#[test]
fn states_read_back() {
    for state in [BotState::Serving, BotState::Refused, BotState::Removed] {
        assert_eq!(BotState::from_stored(state.as_str()), state);
    }
}
