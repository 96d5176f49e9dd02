//! `serve --open`: the desktop's own program for links is given the owner's link.

use std::{fs, os::unix::fs::PermissionsExt};

use crate::support::{Folder, Server};

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
