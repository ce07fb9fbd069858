//! `dure init`.

use crate::{
    chain::Folder,
    say::{Problem, help, line},
};
use dure_node::network;
use serde_json::json;
use std::path::PathBuf;

/// Make the key of a validator, once, in the folder of its chain.
#[derive(clap::Args)]
#[command(
    after_help = help!(),
    after_long_help = help!("Examples:\n  dure init --data /var/lib/dure\n\nPrints the public key: it goes into the community's file (`dure genesis --example`), as `validator` of your organisation. The\nsecret stays in validator.key, which you alone can read. Never run it on two machines at once.")
)]
pub struct Init {
    /// Folder of the chain.
    #[arg(long, value_name = "DIR", default_value = "dure-data")]
    data: PathBuf,
}

impl Init {
    pub fn run(self, json: bool) -> Result<(), Problem> {
        let folder = Folder::open(&self.data)?;
        let made = !folder.has_validator();
        let public = if made { folder.make_validator()? } else { network::public_key(&folder.validator()?) };
        if json {
            line(&json!({ "validator": public, "made": made, "folder": self.data }));
        } else {
            println!("{public}");
            let what = if made { "made" } else { "found" };
            eprintln!("A validator's key was {what} in {}; above is its public half.", self.data.display());
        }
        Ok(())
    }
}
