//! The layers of the server's settings, and what happens to mistakes in each.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use botserver_config::{Durability, Flag, Origin, ReadFile, Settings, SettingsError, Sources, SystemFiles};

#[derive(Default)]
struct Files(BTreeMap<PathBuf, String>);

impl ReadFile for Files {
    fn read(&self, path: &Path) -> io::Result<Option<String>> {
        if path.ends_with("unreadable") {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "permission denied"));
        }
        Ok(self.0.get(path).cloned())
    }
}

#[derive(Default)]
struct World {
    toml: Option<&'static str>,
    env: Vec<(&'static str, &'static str)>,
    files: Vec<(&'static str, &'static str)>,
    flags: Vec<Flag>,
    config: Option<&'static str>,
}

impl World {
    fn load(self) -> Result<Settings, SettingsError> {
        let mut files = Files::default();
        if let Some(text) = self.toml {
            files.0.insert("/data/config.toml".into(), text.to_owned());
        }
        files.0.extend(self.files.into_iter().map(|(path, text)| (path.into(), text.to_owned())));
        Settings::load(&Sources {
            data_dir: "/data".into(),
            config_file: self.config.map(Into::into),
            environment: self.env.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            flags: self.flags,
            files: &files,
        })
    }

    fn problems(self) -> String {
        let problems = self.load().unwrap_err().problems;
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }
}

fn table(settings: &Settings) -> String {
    settings
        .entries()
        .iter()
        .map(|entry| format!("{} = {} [{}]", entry.key, entry.value.as_deref().unwrap_or("(not set)"), entry.origin))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn every_default_is_read() {
    let settings = World::default().load().unwrap();
    insta::assert_snapshot!(table(&settings));
    assert_eq!(settings.server.listen.port(), 8080);
    assert_eq!(settings.server.max_connections, 20_000);
    assert_eq!(settings.server.max_body_bytes, 1 << 20);
    assert_eq!(settings.server.request_timeout_seconds, 75);
    assert_eq!(settings.limits.messages_per_minute, 60);
    assert_eq!(settings.limits.queued_messages, 20);
    assert_eq!(settings.limits.reads_per_minute, 1_000);
    assert_eq!(settings.limits.changes_per_minute, 100);
    assert_eq!(settings.limits.requests_per_address, 3_000);
    assert_eq!(settings.auth.session_idle_timeout, Duration::from_mins(30));
    assert_eq!(settings.auth.session_lifetime, Duration::from_hours(30 * 24));
    assert_eq!(settings.auth.owner_link_lifetime, Duration::from_hours(24));
    assert_eq!(settings.server.trusted_proxies, ["127.0.0.1", "::1"]);
    assert_eq!(settings.limits.upload_max_bytes, 10 << 20);
    assert_eq!(settings.bots.dir, Path::new("/data/bots"));
    assert!(settings.outbound.allow.is_empty());
    assert_eq!(settings.storage.durability, Durability::Full);
}

#[test]
fn durability_is_full_or_off() {
    let with = |word| World { env: vec![("BOTSERVER_STORAGE__DURABILITY", word)], ..World::default() };
    assert_eq!(with("off").load().unwrap().storage.durability, Durability::Off);
    assert_eq!(with("FULL").load().unwrap().storage.durability, Durability::Full);
    let refused = with("fast").problems();
    assert!(refused.contains("storage.durability") && refused.contains("full"), "{refused}");
}

#[test]
fn each_layer_covers_the_one_below() {
    let settings = World {
        toml: Some(
            "[server]\nlisten = \"0.0.0.0:1\"\nmax_connections = 5\ncors_allowed_origins = [\"https://a.example\", \"https://b.example\"]\n\n[log]\nlevel = \"debug\"\nformat = \"json\"\n",
        ),
        env: vec![("BOTSERVER_SERVER__LISTEN", "0.0.0.0:2"), ("BOTSERVER_LOG__LEVEL", "warn"), ("PATH", "/bin")],
        flags: vec![Flag { flag: "--listen", key: "server.listen", value: "[::1]:3".into() }],
        ..World::default()
    }
    .load()
    .unwrap();
    assert_eq!(settings.server.listen, "[::1]:3".parse().unwrap());
    assert_eq!(settings.log.level, "warn");
    assert_eq!(settings.server.cors_allowed_origins, ["https://a.example", "https://b.example"]);
    insta::assert_snapshot!(table(&settings));
}

#[test]
fn mistakes_are_all_told_with_their_place_and_the_nearest_name() {
    let problems = World {
        toml: Some(
            "listen = \"x\"\n[sever]\na = 1\n[server]\nlissten = \"0.0.0.0:80\"\nlisten = \"localhost\"\nmax_connections = 0\nmessages_per_minute = 3\ncolour = 1\nmax_body_bytes = { a = 1 }\ntrusted_proxies = [\"10.0.0.0/33\"]\n[log]\nformat = \"yaml\"\n[auth]\nsession_idle_timeout = \"soon\"\nsession_lifetime = 0\n[outbound]\nallow = [\"intranet\"]\n[locked]\nkeys = [\"llm-modle\", \"conn-*\"]\n[bot_defaults]\nllm-modle = \"x\"\nllm-temperature = 9\n",
        ),
        env: vec![
            ("BOTSERVER_SERVER__LISTNE", "1"),
            ("BOTSERVER_SERVER_LISTEN", "1"),
            ("BOTSERVER_SERVICE_HOST", "10.0.0.1"),
            ("BOTSERVER_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
            ("BOTSERVER_STORAGE__DATABASE", "mysql://root:hunter2@db/x"),
        ],
        ..World::default()
    }
    .problems();
    assert!(!problems.contains("hunter2"), "{problems}");
    insta::assert_snapshot!(problems);
}

#[test]
fn a_file_that_is_no_toml_is_refused_with_its_line() {
    insta::assert_snapshot!(World { toml: Some("[server]\nlisten = = 1\n"), ..World::default() }.problems(), @"/data/config.toml:2: extra `=`, expected nothing");
}

#[test]
fn a_named_file_must_exist() {
    insta::assert_snapshot!(World { config: Some("/etc/nowhere.toml"), ..World::default() }.problems(), @"/etc/nowhere.toml:1: there is no such file (Check --config.)");
    insta::assert_snapshot!(World { config: Some("/etc/unreadable"), ..World::default() }.problems(), @"/etc/unreadable:1: the file cannot be read: permission denied");
}

#[test]
fn secrets_come_from_files_and_are_never_shown() {
    let settings = World {
        env: vec![
            ("BOTSERVER_STORAGE__DATABASE_FILE", "/run/secrets/db"),
            ("BOTSERVER_BOT_DEFAULTS__LLM_KEY_FILE", "/run/secrets/llm"),
            ("BOTSERVER_BOT_DEFAULTS__LLM_MODEL", "small"),
        ],
        files: vec![("/run/secrets/db", "postgres://bot:hunter2@db/bots\n"), ("/run/secrets/llm", "sk-hunter2\n")],
        ..World::default()
    }
    .load()
    .unwrap();
    assert_eq!(settings.storage.database.expose(), "postgres://bot:hunter2@db/bots");
    let shown = format!("{}{settings:?}", table(&settings));
    assert!(!shown.contains("hunter2"), "{shown}");
    assert_eq!(settings.origin("storage.database").to_string(), "BOTSERVER_STORAGE__DATABASE_FILE (/run/secrets/db)");
    let keys: Vec<_> = settings.bot_defaults.entries().into_iter().map(|entry| (entry.key, entry.value)).collect();
    assert_eq!(
        keys,
        [("llm-key".to_owned(), Some("••••".to_owned())), ("llm-model".to_owned(), Some("small".to_owned()))]
    );
}

#[test]
fn a_secret_file_that_is_missing_or_given_twice_is_refused() {
    insta::assert_snapshot!(World {
        env: vec![
            ("BOTSERVER_STORAGE__DATABASE_FILE", "/run/secrets/db"),
            ("BOTSERVER_STORAGE__OBJECTS", "file:///x"),
            ("BOTSERVER_STORAGE__OBJECTS_FILE", "/run/secrets/o"),
            ("BOTSERVER_LOG__LEVEL_FILE", "/run/level"),
        ],
        ..World::default()
    }
    .problems(), @r"
    BOTSERVER_LOG__LEVEL_FILE: `log.level_file` is no setting of this server (`[log]` knows level, format.)
    BOTSERVER_STORAGE__DATABASE_FILE (/run/secrets/db): there is no such file
    BOTSERVER_STORAGE__OBJECTS_FILE: `storage.objects` is given directly and by a file (Set one of the two.)
    ");
}

#[test]
fn the_real_reader_reads_files() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("config.toml"), "[server]\nlisten = \"127.0.0.1:9\"\n").unwrap();
    let settings = Settings::load(&Sources {
        data_dir: dir.path().into(),
        config_file: None,
        environment: BTreeMap::new(),
        flags: Vec::new(),
        files: &SystemFiles,
    })
    .unwrap();
    assert_eq!(settings.server.listen.port(), 9);
    assert!(matches!(settings.origin("server.listen"), Origin::File { line: 2, .. }));
}
