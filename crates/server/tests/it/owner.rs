//! Becoming the owner: the links, the command that prints one, and how long a sign-in lasts.

use std::{fs, os::unix::fs::PermissionsExt as _};

use botserver_kernel::{Clock as _, SystemClock, Timestamp};
use serde_json::{Value as Json, json};

use crate::{
    live::{Body, Live, Setup, on_both},
    support::{Folder, Server, botserver},
};

fn link(live: &Live) -> String {
    let done = botserver(&["owner", "link", "--data", &live.data().display().to_string()], "").expect(0);
    assert!(done.err.contains("It works once, until 20"), "{}", done.all());
    done.out.trim().to_owned()
}

on_both! {
    async fn a_link_comes_from_the_server_that_runs(setup: Setup) {
        let live = setup.start();
        let made = link(&live);
        assert!(made.starts_with(&format!("{}/owner/enter?token=", live.base)), "{made}");
        let (one, two) = (live.visitor().await, live.visitor().await);
        one.enter(&made).await.expect(303);
        assert_eq!(one.get("/api/v1/me").await.json()["kind"], "owner");
        two.enter(&made).await.expect(403);
        assert_eq!(two.get("/api/v1/me").await.json()["kind"], "visitor");
        // The one from the start still works, and so does one more.
        two.enter(&live.server().owner).await.expect(303);
        live.visitor().await.enter(&link(&live)).await.expect(303);
        let sessions = one.get("/api/v1/owner/sessions").await.expect(200).json();
        assert_eq!(sessions["items"].as_array().map(Vec::len), Some(3));
        let log = live.server().log();
        assert!(!log.contains("token="), "a link opens a door and stays out of the log");
    }
}

#[test]
fn a_link_is_made_in_the_directory_when_no_server_runs() {
    let folder = Folder::new();
    let data = folder.text("data");
    let none = botserver(&["owner", "link", "--data", &data], "").expect(1);
    assert!(none.err.contains("there is no installation"), "{}", none.all());
    assert!(!folder.path("data").exists(), "it makes none");
    drop(Server::start(&folder.path("data")));
    // The socket that a killed server left behind is nobody's.
    assert!(folder.path("data/control.sock").exists());
    let done = botserver(&["owner", "link", "--data", &data, "-o", "json"], "").expect(0);
    let made: Json = serde_json::from_str(&done.out).expect("JSON");
    assert!(
        made["link"].as_str().is_some_and(|link| link.starts_with("http://127.0.0.1:8080/owner/enter?token=")),
        "{made}"
    );
    assert!(made["expires_at"].as_str().is_some_and(|at| at.ends_with('Z')), "{made}");
    assert!(done.err.contains("No server runs"), "{}", done.all());
    let server = Server::start(&folder.path("data"));
    let mode = fs::metadata(folder.path("data/control.sock")).expect("the socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let (status, log) = server.terminate();
    assert!(status.success(), "{log}");
    assert!(!folder.path("data/control.sock").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_socket_of_commands_takes_nothing_else() {
    use std::{
        io::{Read as _, Write as _},
        os::unix::net::UnixStream,
    };
    let live = Setup::new().start();
    let socket = live.data().join("control.sock");
    let long = vec![b'x'; 100_000];
    for garbage in [b"\n".as_slice(), b"{}\n", b"{\"command\":\"dance\"}\n", b"\xff\xfe\n", &long] {
        let mut stream = UnixStream::connect(&socket).expect("open");
        // It may have had enough before the end.
        let _ = stream.write_all(garbage);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        assert!(answer.is_empty() || answer.contains("refused"), "{answer}");
    }
    assert!(link(&live).contains("token="));
    live.visitor().await.get("/api/v1/me").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_and_sign_ins_last_as_long_as_the_settings_say() {
    let live = Setup::new()
        .set("AUTH__SESSION_IDLE_TIMEOUT", "1")
        .set("AUTH__OWNER_LINK_LIFETIME", "7d")
        .set("AUTH__SESSION_LIFETIME", "2h")
        .start();
    let owner = live.visitor().await;
    let entered = owner.enter(&live.server().owner).await.expect(303);
    let cookie = entered.headers.get_all("set-cookie").iter().filter_map(|own| own.to_str().ok());
    let cookie = cookie.filter(|own| own.contains("owner")).collect::<String>();
    assert!(
        cookie.contains("Max-Age=7200") && cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    // It holds as long as somebody uses it, and ends without a request: each look waits longer than the last.
    let mut pause = std::time::Duration::from_millis(100);
    while owner.get("/api/v1/me").await.json()["kind"] == "owner" {
        tokio::time::sleep(pause).await;
        pause *= 2;
        assert!(pause.as_secs() < 30, "it does not end");
    }
    let done = botserver(&["owner", "link", "--data", &live.data().display().to_string(), "-o", "json"], "").expect(0);
    let made: Json = serde_json::from_str(&done.out).expect("JSON");
    let expires: Timestamp = made["expires_at"].as_str().unwrap().parse().expect("a time");
    let days = (expires.as_second() - SystemClock.now().as_second()) / 86_400;
    assert!((6..=7).contains(&days), "{made}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_is_ended_at_once_and_guessing_is_limited() {
    let live = Setup::new().start();
    let (one, two) = (live.owner().await, live.visitor().await);
    two.enter(&link(&live)).await.expect(303);
    let sessions = one.get("/api/v1/owner/sessions").await.expect(200).json();
    let other = sessions["items"].as_array().unwrap().iter().find(|own| own["current"] == false).expect("the other");
    let path = format!("/api/v1/owner/sessions/{}", other["id"].as_str().unwrap());
    one.call("DELETE", &path, Body::None).await.expect(204);
    one.call("DELETE", &path, Body::None).await.expect(404);
    two.get("/api/v1/system/overview").await.problem(403, "forbidden");
    one.call("POST", "/api/v1/owner/sign-out", Body::None).await.expect(204);
    one.get("/api/v1/system/overview").await.problem(403, "forbidden");
    let guess = live.visitor().await;
    let mut limited = None;
    for number in 0..25 {
        let answer = guess.enter(&format!("x?token=guess{number}")).await;
        if answer.status.as_u16() == 429 {
            limited = Some(answer);
            break;
        }
        answer.expect(403);
    }
    let limited = limited.expect("a limit");
    limited.problem(429, "rate_limited");
    assert!(limited.header("retry-after").parse::<u64>().is_ok());
    assert_eq!(json!(guess.get("/api/v1/me").await.json()["kind"]), json!("visitor"));
}
