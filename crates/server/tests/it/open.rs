//! `serve --open`: the desktop's own program for links is given the owner's link.

use std::{fs, os::unix::fs::PermissionsExt};

use crate::support::{Folder, Server, botserver};

#[test]
fn open_gives_the_owners_link_to_the_desktop() {
    let folder = Folder::new();
    let opened = folder.text("opened");
    for name in ["xdg-open", "open"] {
        let script = folder.write(
            &format!("bin/{name}"),
            &format!("#!/bin/sh\nprintf %s \"$1\" > '{opened}.part'\nmv '{opened}.part' '{opened}'\n"),
        );
        fs::set_permissions(script, fs::Permissions::from_mode(0o755)).expect("a program");
    }
    let path = format!("{}:{}", folder.text("bin"), std::env::var_os("PATH").unwrap_or_default().display());
    let server = Server::start_with(&folder.path("data"), |command| {
        command.env("PATH", path).arg("--open");
    });
    let link = loop {
        match fs::read_to_string(&opened) {
            Ok(link) => break link,
            Err(_) => std::thread::yield_now(),
        }
    };
    assert_eq!(link, server.owner);
}

#[test]
fn without_a_desktop_the_server_serves_all_the_same() {
    let folder = Folder::new();
    let server = Server::start_with(&folder.path("data"), |command| {
        command.arg("--open").env("PATH", folder.text("nowhere"));
    });
    let done = botserver(&["chat", "default", "--data", &folder.text("data")], "").expect(0);
    assert!(done.out.contains("welcome"), "{}", done.all());
    let (status, log) = server.terminate();
    assert!(status.success() && log.contains("the browser could not be opened"), "{log}");
}
