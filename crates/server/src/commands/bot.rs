//! `botserver bot`: making bots.

use std::path::Path;

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
    // The next commands look where this one did.
    let given = [("--data", &common.data), ("--config", &common.config), ("--bots", &options.bots)];
    let places = given.iter().filter_map(|(flag, path)| Some(format!(" {flag} {}", argument((*path).as_deref()?))));
    terminal::tell(&format!(
        "A new bot. Its first dialog is in the folder that ends with .gbdialog.\n\
         Look for mistakes:  botserver check {}\n\
         Talk with it:       botserver chat {}{}",
        argument(&package),
        options.name.to_lowercase(),
        places.collect::<String>(),
    ));
    Ok(Ending::Success)
}

/// A path as it can be typed into a shell.
fn argument(path: &Path) -> String {
    let path = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '+' | ',' | ':' | '@');
    if !path.is_empty() && path.chars().all(plain) { path } else { format!("'{}'", path.replace('\'', "'\\''")) }
}
