//! `dure home`: the gateway of a household.

mod init;
mod key;
mod machine;
mod pair;

use super::remote;
use crate::port::{self, stopped};
use crate::say::{Problem, help, line, time};
use clap::Subcommand;
use dure_api::abi::orders::IOrders;
use dure_gateways::{
    chain::Chain,
    home::{self, HomeError, Note, Standing, config},
    key::{DeviceSigner, read_account},
};
use init::Init;
use key::Key;
use pair::Pair;
use serde_json::json;
use std::path::PathBuf;

/// Run the gateway between your machines (MQTT) and the chain: it watches levels and orders inside your limits.
#[derive(clap::Args)]
#[command(
    after_help = help!(),
    after_long_help = help!("Examples:\n  dure home init --owner test/1 --topic washer/detergent --gtin 9521000000018 --address 'Example Street 1' \\\n      --arbiter 0x… --unit mL --capacity 2000 --threshold 300 --rearm 1200 --order-max 900 --month-max 3600\n  dure home pair --owner 0x… …         the same where the owner signs in a browser: shows a QR code\n  dure home                            runs what home.toml describes\n  dure home check                      reads home.toml and says what the chain knows of it\n  dure home key                        how an owner lets the gateway act in the owner's name\n\nHome Assistant finds the devices by itself (MQTT discovery). The delivery code of an order is shown on the broker:\ngive the broker a password.")
)]
pub struct Home {
    /// The gateway's file.
    #[arg(long, value_name = "FILE", default_value = "home.toml", global = true)]
    config: PathBuf,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Make a device known with the owner's key at hand: keys, slot, mandate, and the gateway's file.
    Init(Box<Init>),
    /// Make a device known whose owner signs elsewhere: keys and the gateway's file here, a QR code for the owner's console.
    Pair(Box<Pair>),
    /// Show the gateway's key and the link by which an owner lets it bring what machines say in the owner's name.
    Key(Key),
    /// Read the file and ask the chain about each device and slot.
    Check,
}

impl Home {
    pub fn run(self, json: bool) -> Result<(), Problem> {
        port::log();
        remote::block_on(async {
            match self.command {
                Some(Command::Init(init)) => init.run(&self.config, json).await,
                Some(Command::Pair(pair)) => pair.run(&self.config, json).await,
                Some(Command::Key(key)) => key.run(&config::Home::read(&self.config)?, json).await,
                Some(Command::Check) => check(&config::Home::read(&self.config)?, json).await,
                None => {
                    let say = move |note: Note| tell(&note, json);
                    let until = async {
                        let _ = stopped().await; // an error means that no signal can be heard: then nothing stops it but kill
                    };
                    Ok(home::run(config::Home::read(&self.config)?, until, &say).await?)
                }
            }
        })
    }
}

fn tell(note: &Note, json: bool) {
    if json {
        line(note);
    } else if note.device.is_empty() {
        println!("{}", note.what);
    } else {
        println!("{}: {}", note.device, note.what);
    }
}

/// Whose account brings what machines say.
fn by_whom(standing: Standing) -> String {
    let own = |why: &str, how: &str| format!("from the gateway's own account, {why}; hint: `dure home key{how}`");
    match standing {
        Standing::Stands { until_ms } => format!("in the owner's name, by the gateway's key, until {}", time(until_ms)),
        Standing::Stranger => own("because the owner has not let its key in", ""),
        Standing::RanOut => own("because its key ran out", " --new"),
        Standing::TakenBack => own("because its key was taken back", " --new"),
    }
}

async fn check(home: &config::Home, json: bool) -> Result<(), Problem> {
    let chain = Chain::connect(&home.rpc).await?;
    let key = read_account(&home.relay).map_err(HomeError::from)?.address();
    for device in &home.devices {
        DeviceSigner::read(&device.key).map_err(HomeError::from)?;
        home::read_address(&device.address)?;
        let owner = chain.view(IOrders::deviceCall { id: device.id }).await?.owner;
        let by = by_whom(home::standing(&chain, owner, key).await?);
        if json {
            line(&json!({ "device": device.name, "owner": owner, "key": key, "messages": by }));
        } else {
            println!("{}: its messages go {by}", device.name);
        }
        for slot in &device.slots {
            let known = home::check(&chain, device.id, slot.number).await?;
            if json {
                line(&json!({ "device": device.name, "slot": slot.number, "chain": known }));
            } else {
                println!("{} slot {} ({}): {known}", device.name, slot.number, slot.name);
            }
        }
    }
    Ok(())
}
