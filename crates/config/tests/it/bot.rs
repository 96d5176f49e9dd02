//! `config.csv` as authors write it, and as they should not.

use botserver_config::{BotConfig, BotDefaults, Level, Origin, ParamValue};

const FILE: &str = "shop.gbot/config.csv";

fn read(text: &str) -> BotConfig {
    let (config, mut findings) = BotConfig::parse(FILE, text.as_bytes(), &BotDefaults::default());
    // Many keys belong to parts of the server that do not exist yet.
    findings.retain(|found| found.code != "C0105");
    assert_eq!(findings, [], "{text}");
    config
}

fn findings(bytes: &[u8]) -> String {
    let (_, findings) = BotConfig::parse(FILE, bytes, &BotDefaults::default());
    findings
        .iter()
        .map(|found| {
            let help = found.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
            format!("{}:{} {:?} {} {}{help}", found.line, found.column, found.level, found.code, found.message)
        })
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_value_is_everything_after_the_first_comma() {
    let config = read(
        "\u{feff}name,value\r\n\r\n# a comment, with a comma\r\n  # another\r\nwelcome-message, Hello, friend \r\ntheme-title,\"Tea, coffee, \"\"more\"\"\"\r\nbot-description,\r\n",
    );
    assert_eq!(config.get("welcome-message"), Some("Hello, friend"));
    assert_eq!(config.get("theme-title"), Some("Tea, coffee, \"more\""));
    assert_eq!(config.get("bot-description"), Some(""));
    assert_eq!(config.text("bot-description"), None);
    assert_eq!(config.get("theme-logo"), None);
}

#[test]
fn a_header_is_optional_and_only_the_first_line() {
    assert_eq!(read("key,value\nbot-name,A\n").get("bot-name"), Some("A"));
    assert_eq!(read("Name,Value\nbot-name,A\n").get("bot-name"), Some("A"));
    assert_eq!(read("bot-name,A").get("bot-name"), Some("A"));
    assert!(findings(b"bot-name,A\nname,value\n").contains("`name` is not known"));
}

#[test]
fn an_empty_row_of_a_spreadsheet_says_nothing() {
    assert_eq!(findings(b"name,value\n,\nbot-name,Tea\n , \n,,,\n"), "");
}

#[test]
fn old_title_case_keys_are_the_same_keys() {
    let config = read("Answer Mode,sql\nStart Dialog,hello\nLLM Provider,local\nTheme Color,navy\nhistory_limit,7\n");
    assert_eq!(config.get("answer-mode"), Some("sql"));
    assert_eq!(config.get("Answer Mode"), Some("sql"));
    assert_eq!(config.get("start-dialog"), Some("hello"));
    assert_eq!(config.get("llm-provider"), Some("local"));
    assert_eq!(config.integer("history-limit"), Some(7));
}

#[test]
fn documented_defaults_stand_below_and_hear_has_no_timeout() {
    let config = BotConfig::default();
    assert_eq!(config.integer("history-limit"), Some(50));
    assert_eq!(config.bytes("package-max-size"), Some(100 << 20));
    assert_eq!(config.bytes("script-max-size"), Some(1 << 20));
    assert_eq!(config.seconds("website-expires"), Some(86_400));
    assert_eq!(config.seconds("session-timeout"), Some(1_800));
    assert_eq!(config.seconds("hear-timeout-secs"), None);
    assert_eq!(config.number("bm25-k1"), Some(1.2));
    assert_eq!(config.list("model-fallback-order"), ["quality", "fast", "local"]);
    assert!(!config.boolean("package-strict"));
    assert_eq!(config.origin("history-limit"), Origin::Default);
}

#[test]
fn parameters_are_typed_and_lower_case() {
    let config = read(
        "param-Limit,100\nparam-rate,0.25\nparam-debug,TRUE\nparam-blingClientID,abc\nparam-my_var,x\nparam-phone,00351912345678\nparam-minus,-3\nparam-empty,\nparam-plus,+5\nparam-version,1.2.3\nparam-huge,123456789012345678901234567890\n",
    );
    let text = |text: &str| ParamValue::Text(text.to_owned());
    assert_eq!(
        config.params(),
        [
            ("blingclientid".to_owned(), text("abc")),
            ("debug".to_owned(), ParamValue::Boolean(true)),
            ("empty".to_owned(), text("")),
            ("huge".to_owned(), ParamValue::Number(1.234_567_890_123_456_8e29)),
            ("limit".to_owned(), ParamValue::Integer(100)),
            ("minus".to_owned(), ParamValue::Integer(-3)),
            ("my_var".to_owned(), text("x")),
            ("phone".to_owned(), text("00351912345678")),
            ("plus".to_owned(), text("+5")),
            ("rate".to_owned(), ParamValue::Number(0.25)),
            ("version".to_owned(), text("1.2.3")),
        ]
    );
}

#[test]
fn the_operator_stands_below_and_above() {
    let operator = Origin::Environment { variable: "BOTSERVER_BOT_DEFAULTS__LLM_MODEL".into() };
    let mut defaults = BotDefaults::default();
    defaults.set("llm-model", "house", operator.clone());
    defaults.set("history-limit", "9", operator.clone());
    defaults.set("llm-key", "sk-house", operator.clone());
    defaults.lock("llm-*");
    let text = b"llm-model,mine\nllm-url,http://evil.example\nhistory-limit,3\n";
    let (config, findings) = BotConfig::parse(FILE, text, &defaults);
    assert_eq!(config.get("llm-model"), Some("house"));
    assert_eq!(config.get("llm-url"), None);
    assert_eq!(config.integer("history-limit"), Some(3));
    assert_eq!(config.origin("llm-model"), operator);
    assert_eq!(config.origin("history-limit"), Origin::File { path: FILE.into(), line: 3 });
    assert_eq!(
        findings.iter().map(|found| (found.code, found.level)).collect::<Vec<_>>(),
        [("C0102", Level::Warning), ("C0102", Level::Warning)]
    );
    let entries = config.entries("shop");
    let key = entries.iter().find(|entry| entry.key == "llm-key").unwrap();
    assert_eq!((key.value.as_deref(), key.secret, key.locked), (Some("••••"), true, true));
    assert!(!format!("{config:?}").contains("sk-house"));
    // A line that is gone is the default again.
    let (config, _) = BotConfig::parse(FILE, b"", &defaults);
    assert_eq!(config.integer("history-limit"), Some(9));
}

#[test]
fn secrets_are_masked_whatever_their_name() {
    let config =
        read("telegram-bot-token,s3cret\nconn-ERP-Password,s3cret\nparam-apikey,s3cret\nfacebook-page-token,s3cret\n");
    assert_eq!(config.get("conn-ERP-Password"), Some("s3cret"));
    let (unknown, _) = BotConfig::parse(FILE, b"acme-api-token,s3cret\n", &BotDefaults::default());
    assert!(!format!("{config:?}{unknown:?}{:?}{:?}", config.entries("b"), unknown.entries("b")).contains("s3cret"));
}

#[test]
fn mistakes_are_told_with_their_place() {
    insta::assert_snapshot!(findings(
        b"name,value\nllm-modle,x\nhistory-limit,many\nllm-temperature,  hot\nthing\nsemi;colon\n,nameless\nbot-name,A\nBot Name,B\nconn-erp-colour,red\ntheme-color1,url(x)\ntime-zone,Mars/Base\nserver-port,99999\nllm-cache-ttl,\nzzzzzz,1\n"
    ));
}

#[test]
fn what_nothing_uses_is_told_once_where_it_stands() {
    insta::assert_snapshot!(
        findings(b"bot-name,Shop\nllm-tpm-limit,20\nloop-max-iterations,10\nparam-x,1\nsession-timeout,60\nllm-cache,maybe\nscript-max-size,9 MB\n"),
        @r"
    2:1 Warning C0105 `llm-tpm-limit` is a known key, but nothing in this build uses it
    5:1 Warning C0105 `session-timeout` is a known key, but nothing in this build uses it (The operator sets `auth.session_idle_timeout` for the whole server.)
    6:1 Warning C0105 `llm-cache` is a known key, but nothing in this build uses it
    6:11 Error C0104 `llm-cache`: `maybe` is neither true nor false (The default is false.)
    7:1 Warning C0106 `script-max-size` has no effect here: a package cannot raise its own limits (The operator sets it in `[bot_defaults]` of the server's settings.)
    "
    );
}

#[test]
fn what_is_set_is_told_from_what_is_by_default() {
    let config = read("upload-max-size,1 MB\n");
    assert!(config.is_set("upload-max-size") && config.is_set("Upload Max Size"));
    assert!(!config.is_set("session-rate-limit"));
    assert_eq!(config.integer("session-rate-limit"), Some(60));
}

#[test]
fn garbage_is_told_and_the_rest_still_counts() {
    let (config, _) =
        BotConfig::parse(FILE, b"bot-name,A\n\xff\xfe\x00junk\nbot-description,B\n", &BotDefaults::default());
    assert_eq!((config.get("bot-name"), config.get("bot-description")), (Some("A"), Some("B")));
    insta::assert_snapshot!(findings(b"ok-\xc3\xa9,1\nbad\xff,1\nzero\0,1\n"), @r"
    1:1 Warning C0101 the key `ok-é` is not known
    2:4 Error C0001 the line is not UTF-8 (Save the file as UTF-8.)
    3:1 Error C0002 the line holds a zero byte: this is no text file
    ");
    insta::assert_snapshot!(findings(b"\xff\xfen\0a\0"), @"1:1 Error C0001 the file is UTF-16, not UTF-8 (Save the file as UTF-8.)");
    insta::assert_snapshot!(findings(b"\"unclosed,foo\n\"a,b\",c\n\",x\n\"bot-name\",Tea \"house\n"), @r"
    1:1 Error C0005 the quote before the name is not closed (A name needs no quotes, and holds no comma.)
    2:1 Error C0005 the quote before the name is not closed (A name needs no quotes, and holds no comma.)
    3:1 Error C0005 the quote before the name is not closed (A name needs no quotes, and holds no comma.)
    ");
    let noise: Vec<u8> = (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let (_, found) = BotConfig::parse(FILE, &noise, &BotDefaults::default());
    assert!(!found.is_empty() && found.len() < 400, "{}", found.len());
    assert_eq!(findings(b""), "");
}
