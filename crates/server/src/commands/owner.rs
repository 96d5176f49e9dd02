//! `botserver owner`: becoming the owner again, without a restart.

use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{Ending, show_log};
use crate::{
    command_line::{Common, Output, OwnerLinkOptions},
    control::{self, Link},
    data_dir::{HeldDir, Holder, Taken},
    installation::Installation,
    serve,
    settings::{self, Overrides},
    terminal,
};

/// How long a server may take from holding the directory to listening: it may have to migrate a database.
const STARTING: Duration = Duration::from_mins(1);

/// Prints a new one-time link: made by the server that runs on the data directory, or, when none runs, here.
pub(crate) async fn link(common: &Common, options: &OwnerLinkOptions) -> Result<Ending> {
    let settings = settings::load(common, &Overrides::default())?;
    let dir = settings.data_dir.clone();
    if !dir.is_dir() {
        bail!("there is no installation in {}; `botserver serve` makes one and prints a link", dir.display());
    }
    let since = Instant::now();
    let link = loop {
        match HeldDir::try_take(&dir)? {
            Taken::Held(held) => {
                show_log("error")?;
                let base = serve::base_url(&settings, settings.server.listen);
                let installation = Installation::open(settings, held).await?;
                let made = control::owner_link(&installation.assembled.auth, &base).await;
                installation.close().await;
                terminal::tell("No server runs on this data directory: the link works once one does.");
                break made?;
            }
            Taken::By(Holder { address: Some(_), .. }) => break control::ask_for_owner_link(&dir).await?,
            Taken::By(holder) if since.elapsed() > STARTING => {
                bail!("{} uses the data directory {} and does not listen", holder.name(), dir.display())
            }
            Taken::By(_) => sleep(Duration::from_millis(100)).await,
        }
    };
    show(&link, options.output)
}

fn show(link: &Link, output: Output) -> Result<Ending> {
    match output {
        Output::Json => terminal::print(&json!({"link": link.link, "expires_at": link.expires_at}).to_string())?,
        Output::Text => {
            terminal::print(&link.link)?;
            terminal::tell(&format!("It works once, until {}. Whoever opens it is the owner.", link.expires_at));
        }
    }
    Ok(Ending::Success)
}
