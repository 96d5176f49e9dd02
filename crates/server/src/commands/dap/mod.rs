//! `botserver dap`: the Debug Adapter Protocol for editors, over stdin and stdout or over a port of this machine. A
//! script or a package is run here, or a conversation of a running server for development is looked into.

mod adapter;
mod launch;
mod link;
mod paths;
mod references;
mod transport;

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use tokio::net::TcpListener;

use self::{adapter::Adapter, transport::Transport};
use super::Ending;
use crate::{
    command_line::{Common, DapOptions},
    terminal,
};

pub(crate) async fn run(common: &Common, options: &DapOptions) -> Result<Ending> {
    super::show_log("warn,botserver_runtime=info")?;
    match &options.listen {
        None => serve(common, Transport::new(transport::stdin(), tokio::io::stdout())).await?,
        Some(address) => listen(common, address).await?,
    }
    Ok(Ending::Success)
}

/// One editor after the other, until the process is ended.
async fn listen(common: &Common, address: &str) -> Result<()> {
    let address: SocketAddr = address.parse().with_context(|| format!("--listen: `{address}` is no ADDR:PORT"))?;
    if !address.ip().is_loopback() {
        bail!(
            "--listen: whoever reaches {address} could run anything; give an address of this machine, such as 127.0.0.1:4711"
        );
    }
    let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    terminal::tell(&format!("listening on {}", listener.local_addr()?));
    loop {
        let (stream, _) = listener.accept().await?;
        let (read, write) = stream.into_split();
        if let Err(error) = serve(common, Transport::new(read, write)).await {
            // The next editor may have more luck.
            terminal::tell(&format!("botserver: {error:#}"));
        }
    }
}

async fn serve(common: &Common, transport: Transport) -> Result<()> {
    Adapter::new(common.clone(), transport).serve().await
}
