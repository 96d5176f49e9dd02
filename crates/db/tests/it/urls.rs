//! Addresses: what is understood, what is refused, and that no password is ever printed.

use std::path::PathBuf;

use botserver_db::{ConnectionTrait as _, Db, DbUrl};

#[test]
fn addresses_are_understood() {
    let postgres =
        |url: &str, schema: Option<&str>| DbUrl::Postgres { url: url.to_owned(), schema: schema.map(str::to_owned) };
    for (text, expected) in [
        ("sqlite://data/bot.db", DbUrl::Sqlite(PathBuf::from("data/bot.db"))),
        ("sqlite:///var/lib/100% & more?/bot.db", DbUrl::Sqlite(PathBuf::from("/var/lib/100% & more?/bot.db"))),
        ("postgres://u:p@h/db", postgres("postgres://u:p@h/db", None)),
        ("postgresql://u:p@h/db", postgres("postgres://u:p@h/db", None)),
        ("postgres://u:p@h/db?schema=bots", postgres("postgres://u:p@h/db", Some("bots"))),
        (
            "postgres://h/db?sslmode=require&schema=Bots_2&options=x",
            postgres("postgres://h/db?sslmode=require&options=x", Some("Bots_2")),
        ),
    ] {
        assert_eq!(DbUrl::parse(text).unwrap(), expected, "{text}");
    }
}

#[test]
fn other_addresses_are_refused_without_their_password() {
    for text in [
        "",
        "bot.db",
        "sqlite://",
        "mysql://me:secret@h/db",
        "postgres://",
        "me:secret@h",
        "postgres://me:secret@h/db?schema=",
        "postgres://me:secret@h/db?schema=a&schema=b",
        "postgres://me:secret@h/db?schema=x\"; DROP TABLE notes; --",
        "postgres://h/db?password=secret&schema=a-b",
        &format!("postgres://me:secret@h/db?schema={}", "x".repeat(64)),
    ] {
        let refusal = DbUrl::parse(text).unwrap_err().to_string();
        assert!(refusal.contains("is not a database address") && !refusal.contains("secret"), "{refusal}");
    }
}

#[test]
fn no_password_is_shown() {
    for (text, shown) in [
        ("postgres://me:se@cr:et@h:5432/db", "postgres://me:••••@h:5432/db"),
        ("postgres://me@h/db", "postgres://me@h/db"),
        (
            "postgres://h/db?user=me&password=secret&sslmode=disable",
            "postgres://h/db?user=me&password=••••&sslmode=disable",
        ),
        (
            "postgres://me:secret@h/db?sslmode=disable&schema=bots",
            "postgres://me:••••@h/db?sslmode=disable&schema=bots",
        ),
        ("sqlite:///var/bot.db", "sqlite:///var/bot.db"),
    ] {
        let url = DbUrl::parse(text).unwrap();
        assert_eq!(url.display(), shown);
        assert_eq!(format!("{url:?}"), shown);
    }
}

#[tokio::test]
async fn an_unreachable_server_is_named_without_its_password() {
    // Port 1 of this machine: nobody listens there.
    let url = DbUrl::parse("postgres://me:secret@127.0.0.1:1/db").unwrap();
    let error = anyhow::Error::from(Db::connect(&url).await.err().unwrap());
    let text = format!("{error:?}");
    assert!(text.contains("cannot open the database postgres://me:••••@127.0.0.1:1/db"), "{text}");
    assert!(!text.contains("secret"), "{text}");
}

#[tokio::test]
async fn any_file_name_will_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("100% mine? #1 & Ωλ.db");
    let db = Db::connect(&DbUrl::Sqlite(path.clone())).await.unwrap();
    db.read().execute_unprepared("SELECT 1").await.unwrap();
    db.close().await;
    assert!(path.is_file());
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.txt");
    let letter = "Dear Sir or Madam, ".repeat(100);
    std::fs::write(&path, &letter).unwrap();
    assert!(Db::connect(&DbUrl::Sqlite(path.clone())).await.is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), letter);
}
