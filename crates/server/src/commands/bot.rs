//! `botserver bot`: making bots.

use anyhow::Result;

use super::Ending;
use crate::{
    command_line::{Common, NewBotOptions},
    installation::Installation,
    samples,
    settings::{self, Overrides},
    terminal,
};

pub(crate) async fn new(common: &Common, options: &NewBotOptions) -> Result<Ending> {
    let settings = settings::load(common, &Overrides::bots(options.bots.as_ref()))?;
    if options.bots.is_none() {
        // Otherwise the first start would find a folder that its owner arranged, and leave the samples out.
        samples::copy_at_first_start(&settings.bots.dir)?;
    }
    let installation = Installation::temporary(common).await?;
    let reserved = installation.assembled.reserved.clone();
    installation.close().await;
    let package = botserver_packages::new_package(&settings.bots.dir, &options.name, &|name| reserved.contains(name))?;
    terminal::print(&package.display().to_string())?;
    let shown = package.display();
    terminal::tell(&format!(
        "A new bot. Its first dialog is in the folder that ends with .gbdialog.\n\
         Look for mistakes:  botserver check {shown}\n\
         Talk with it:       botserver chat {}{}",
        options.name.to_lowercase(),
        options.bots.as_ref().map(|dir| format!(" --bots {}", dir.display())).unwrap_or_default(),
    ));
    Ok(Ending::Success)
}
