//! The address to listen on, and the server that runs.

use std::io::ErrorKind;

use botserver_config::Settings;
use tokio::net::TcpListener;

use super::Finding;
use crate::{data_dir::Holder, serve};

const SERVER: &str = "server";
const PORT: &str = "port";

/// Is a server running here, and if none is, could it listen?
pub(super) async fn examine(settings: &Settings, holder: Option<&Holder>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let listen = settings.server.listen;
    match holder {
        Some(holder) => {
            let (name, dir) = (holder.name(), settings.data_dir.display());
            findings.push(match holder.address {
                Some(address) => Finding::ok(SERVER, format!("runs ({name}) and listens on {address}")),
                None => Finding::ok(SERVER, format!("{name} uses {dir}, and does not listen")),
            });
        }
        None => findings.push(Finding::ok(SERVER, "none runs on this data directory")),
    }
    let ours = holder.and_then(|own| own.address).is_some_and(|own| own.port() == listen.port());
    if !ours {
        findings.push(match TcpListener::bind(listen).await {
            Ok(_) => Finding::ok(PORT, format!("{listen} is free")),
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                let owner = serve::owner_of(listen.port()).unwrap_or_else(|| "another program".to_owned());
                Finding::problem(
                    PORT,
                    format!("{listen} is in use by {owner}"),
                    format!("Stop that program, or choose another address: --listen {}:PORT", listen.ip()),
                )
            }
            Err(error) if error.kind() == ErrorKind::PermissionDenied => Finding::problem(
                PORT,
                format!("this user may not listen on {listen}"),
                "Choose a port from 1024 up, behind a proxy that has the other; or allow it: setcap cap_net_bind_service.",
            ),
            Err(error) => Finding::problem(
                PORT,
                format!("{listen} cannot be used: {error}"),
                "Choose an address of this machine with --listen or server.listen.",
            ),
        });
    }
    if !listen.ip().is_loopback() && settings.server.public_url.is_none() {
        findings.push(Finding::warning(
            PORT,
            format!("{listen} can be reached from other machines, and server.public_url is not set"),
            "Put a proxy with https in front and set server.public_url to its address, so that cookies are safe.",
        ));
    }
    findings
}
