//! `dure home pair`: the owner's key is elsewhere, in a browser or a wallet; the gateway shows a link and waits.

use super::machine::Machine;
use crate::{
    args::remote::Remote,
    picture,
    say::{Problem, line},
};
use alloy_primitives::{Address, B256};
use dure_api::abi::orders::IOrders;
use dure_gateways::{chain::Chain, home::pairing::Pairing, node::NodeError};
use serde_json::json;
use std::{path::Path, time::Duration};

/// Between two looks whether the owner has signed.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

#[derive(clap::Args)]
pub struct Pair {
    #[command(flatten)]
    remote: Remote,
    /// Whose device it will be: the address that the console shows.
    #[arg(long, value_name = "ADDRESS")]
    owner: Address,
    #[command(flatten)]
    machine: Machine,
    /// Where the owner's console is; the node where nothing is named.
    #[arg(long, value_name = "URL")]
    console: Option<String>,
}

impl Pair {
    pub async fn run(&self, file: &Path, json: bool) -> Result<(), Problem> {
        let chain = Chain::connect(&self.remote.rpc).await?;
        let files = self.machine.files(file)?;
        let machine = self.machine.for_pairing(&files.address);
        let pairing = Pairing::new(machine, &files.signer, &files.relay, chain.chain_id, self.owner);
        self.machine.write(file, &files, &self.remote.rpc, pairing.device())?;
        let link = pairing.link(self.console.as_deref().unwrap_or(&self.remote.rpc));
        if json {
            line(&json!({ "link": link, "device": pairing.device(), "config": file }));
        } else {
            println!(
                "{}\n\nScan this, or open it where you have your key:\n\n{link}\n\n\
                 There you choose what the device may buy, and sign once. Waiting for it; Ctrl-C is fine: {} is written, and\n\
                 `dure home --config {}` begins to work as soon as you have signed.",
                picture::of_link(&link)?,
                file.display(),
                file.display()
            );
        }
        while !paired(&chain, pairing.device()).await? {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        if json {
            line(&json!({ "paired": pairing.device() }));
        } else {
            println!("\nPaired. Run it: dure home --config {}", file.display());
        }
        Ok(())
    }
}

/// Whether the device may buy something for its slot.
async fn paired(chain: &Chain, device: B256) -> Result<bool, Problem> {
    match chain.view(IOrders::mandateOfCall { device, slot: 0 }).await {
        Ok(_) => Ok(true),
        Err(NodeError::Reverted(_)) => Ok(false),
        Err(error) if error.is_outage() => Ok(false),
        Err(error) => Err(error.into()),
    }
}
