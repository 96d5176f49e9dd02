//! The server's start and end.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
};

use crate::support::{Folder, Server, botserver};

fn get(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n").expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn a_second_server_on_the_directory_is_refused_with_the_first_ones_process() {
    let folder = Folder::new();
    let server = Server::start(&folder.path("data"));
    let data = folder.text("data");
    let second = botserver(&["serve", "--listen", "127.0.0.1:0", "--data", &data], "").expect(1);
    assert!(second.err.contains(&format!("process {}", server.pid())), "{}", second.all());
    assert!(second.err.contains("--data"), "{}", second.all());
    let script = folder.write("a.bas", "TALK 1\n");
    let run = botserver(&["run", &script, "--data", &data], "").expect(1);
    assert!(run.err.contains(&format!("process {}", server.pid())), "{}", run.all());
    assert!(get(server.port(), "/livez").starts_with("HTTP/1.1 200"));
}

#[test]
fn a_busy_port_is_named_with_its_owner_and_the_remedy() {
    let folder = Folder::new();
    let held = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = held.local_addr().expect("an address");
    let done = botserver(&["serve", "--listen", &address.to_string(), "--data", &folder.text("data")], "").expect(1);
    assert!(done.err.contains(&format!("the port {} is in use", address.port())), "{}", done.all());
    assert!(done.err.contains(&format!("process {}", std::process::id())), "{}", done.all());
    assert!(done.err.contains("--listen"), "{}", done.all());
    assert_eq!(done.out, "");
}

#[test]
fn sigterm_ends_the_server_in_order_and_the_directory_is_free() {
    let folder = Folder::new();
    let server = Server::start(&folder.path("data"));
    assert!(get(server.port(), "/readyz").starts_with("HTTP/1.1 200"));
    assert!(server.owner.starts_with(&*server.chat), "{} {}", server.owner, server.chat);
    let address = std::fs::read_to_string(folder.path("data/server.addr")).expect("written down");
    assert_eq!(address.trim(), format!("127.0.0.1:{}", server.port()));
    let (status, log) = server.terminate();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("stopped"), "{log}");
    assert!(!folder.path("data/server.addr").exists());
    let again = Server::start(&folder.path("data"));
    assert!(get(again.port(), "/default").starts_with("HTTP/1.1 200"));
}

#[test]
fn a_killed_server_does_not_block_the_next() {
    let folder = Folder::new();
    // Dropping kills without any goodbye.
    drop(Server::start(&folder.path("data")));
    assert!(folder.path("data/server.addr").exists());
    let done = botserver(&["chat", "default", "--data", &folder.text("data")], "").expect(0);
    assert!(done.out.contains("welcome"), "{}", done.all());
}
