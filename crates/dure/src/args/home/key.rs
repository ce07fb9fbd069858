//! `dure home key`: the gateway's own key, and how an owner lets it bring what machines say in the owner's name.

use crate::picture;
use crate::say::{Problem, line};
use alloy_signer_local::PrivateKeySigner;
use dure_gateways::{
    chain::Chain,
    home::{HomeError, config, pairing},
    key,
};
use serde_json::json;

#[derive(clap::Args)]
pub struct Key {
    /// Make another key in place of this one, which ran out or was taken back: a key is let in once.
    #[arg(long)]
    new: bool,
    /// Where the owner's console is; the node where nothing is named.
    #[arg(long, value_name = "URL")]
    console: Option<String>,
}

impl Key {
    pub async fn run(&self, home: &config::Home, json: bool) -> Result<(), Problem> {
        let chain = Chain::connect(&home.rpc).await?;
        if self.new {
            key::replace_account(&home.relay, &PrivateKeySigner::random()).map_err(HomeError::from)?;
        }
        let key = key::read_account(&home.relay).map_err(HomeError::from)?.address();
        let console = self.console.as_deref().unwrap_or(&home.rpc);
        let link = pairing::invitation(console, chain.chain_id, key, home.client());
        if json {
            line(&json!({ "key": key, "link": link }));
        } else {
            println!(
                "{}\n\nThe gateway's key is {key}. To let it bring what your machines say in your name, scan this or open it where\n\
                 you have your key, and choose “A machine’s gateway or an app”:\n\n{link}{}",
                picture::of_link(&link)?,
                if self.new { "\n\nA gateway that runs has the old key: start it again." } else { "" }
            );
        }
        Ok(())
    }
}
