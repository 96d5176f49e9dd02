//! `botserver chat`: a conversation in the terminal or through pipes, over the chat socket: that of the server that runs
//! on the data directory, or, when none runs, of the same router in this process.

mod connect;
mod said;
mod talk;

use std::time::Duration;

use anyhow::{Result, bail};
use botserver_config::Settings;
use tokio::time::{Instant, sleep};

use super::{Ending, show_log};
use crate::{
    command_line::{ChatOptions, Common},
    data_dir::{HeldDir, Holder, Taken},
    installation::Installation,
    settings::{self, Overrides},
    terminal,
};

/// How long a server may take from holding the directory to listening: it may have to migrate a database.
const STARTING: Duration = Duration::from_mins(1);

pub(crate) async fn run(common: &Common, options: &ChatOptions) -> Result<Ending> {
    let settings = settings::load(common, &Overrides::bots(options.bots.as_ref()))?;
    let mut waited = None;
    loop {
        match HeldDir::try_take(&settings.data_dir)? {
            Taken::Held(held) => return here(settings, held, options).await,
            Taken::By(Holder { address: Some(address), .. }) => {
                if options.bots.is_some() {
                    terminal::tell("A server runs on this data directory: it decides about --bots.");
                }
                let socket = connect::to_server(address, &options.bot).await?;
                return talk::talk(socket, options, &|_| Some("the owner's page and the log tell where".to_owned()))
                    .await;
            }
            Taken::By(holder) => wait_for(&holder, &settings, &mut waited).await?,
        }
    }
}

/// Somebody holds the directory and does not listen: a server that starts, or a command that will end.
async fn wait_for(holder: &Holder, settings: &Settings, waited: &mut Option<Instant>) -> Result<()> {
    let since = *waited.get_or_insert_with(|| {
        terminal::tell(&format!("Waiting for {}, which uses the data directory …", holder.name()));
        Instant::now()
    });
    if since.elapsed() > STARTING {
        bail!("{} uses the data directory {} and does not listen", holder.name(), settings.data_dir.display());
    }
    sleep(Duration::from_millis(100)).await;
    Ok(())
}

/// Opens the data directory in this process.
async fn here(settings: Settings, held: HeldDir, options: &ChatOptions) -> Result<Ending> {
    show_log("error")?;
    let mut installation = Installation::open(settings, held).await?;
    installation.start().await?;
    let packages = &installation.assembled.packages;
    let talked = if packages.find_by_name(&options.bot).is_some() {
        let (socket, serving) = connect::to_router(installation.assembled.router.clone(), &options.bot).await?;
        let problems = installation.problems.clone();
        let talked = talk::talk(socket, options, &move |reference| problems.explain(reference)).await;
        drop(serving);
        talked
    } else {
        let serving = packages.serving();
        let mut names: Vec<&str> = serving.iter().map(|(package, _)| &*package.name).collect();
        names.sort_unstable();
        let known = if names.is_empty() { "none serves".to_owned() } else { names.join(", ") };
        Err(anyhow::anyhow!(
            "there is no bot `{}` that serves (there is: {known}); `botserver check` tells what is wrong with a package",
            options.bot
        ))
    };
    installation.close().await;
    talked
}
