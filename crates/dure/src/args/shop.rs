//! `dure shop`: the adapter of a shop.

use super::remote;
use crate::port::{self, stopped};
use crate::say::{Problem, help, line, table};
use alloy_primitives::{Address, B256};
use clap::Subcommand;
use dure_gateways::{
    chain::state,
    shop::{self, Desk, ShopNote, config, rules::Step},
};
use dure_rules::Sscc;
use serde_json::json;
use std::path::PathBuf;

/// Run a shop's side: offers, orders, parcels. Without a command it watches and acts by the rules of shop.toml.
#[derive(clap::Args)]
#[command(
    after_help = help!(),
    after_long_help = help!("Examples:\n  dure shop                            registers, publishes offers, accepts and ships as shop.toml says\n  dure shop list                       orders and what they stand at\n  dure shop address 0x…                where the parcel of an order goes\n  dure shop ship 0x… --tracking AB123\n  dure shop stock 0x… 20               twenty more packs of an offer")
)]
pub struct Shop {
    /// The shop's file.
    #[arg(long, value_name = "FILE", default_value = "shop.toml", global = true)]
    config: PathBuf,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// List the shop's orders.
    List,
    /// Accept an order.
    Accept { order: B256 },
    /// Say that the parcel is on its way. Not before the cancel time.
    Ship {
        order: B256,
        /// Who carries it, where the carrier has that role.
        #[arg(long, value_name = "ADDRESS")]
        carrier: Option<Address>,
        /// Serial Shipping Container Code, 18 digits.
        #[arg(long)]
        sscc: Option<Sscc>,
        /// For the household.
        #[arg(long, default_value = "")]
        tracking: String,
    },
    /// Cancel an order; after accepting it costs a penalty.
    Cancel { order: B256 },
    /// Say that an order was delivered, where nobody brought the code.
    Claim { order: B256 },
    /// Answer a dispute, so that the arbiter decides.
    Answer { order: B256 },
    /// Say that returned goods have arrived.
    Returned { order: B256 },
    /// Show where the parcel of an order goes.
    Address { order: B256 },
    /// Add packs to an offer.
    Stock { offer: B256, packs: u32 },
}

impl Shop {
    pub fn run(self, json: bool) -> Result<(), Problem> {
        port::log();
        let config = config::Shop::read(&self.config)?;
        remote::block_on(async {
            let desk = Desk::open(config).await?;
            let Some(command) = self.command else {
                let say = move |note: ShopNote| tell(&note, json);
                let until = async {
                    let _ = stopped().await; // an error means that no signal can be heard: then nothing stops it but kill
                };
                return Ok(shop::run(&desk, until, &say).await?);
            };
            match command {
                Command::List => return list(&desk, json).await,
                Command::Address { order } => {
                    let address = desk.address(order).await?;
                    if json {
                        line(&json!({ "order": order, "address": address.text }));
                    } else {
                        println!("{}", address.text);
                    }
                    return Ok(());
                }
                Command::Accept { order } => desk.step(order, Step::Accept).await?,
                Command::Claim { order } => desk.step(order, Step::Claim).await?,
                Command::Answer { order } => desk.step(order, Step::Answer).await?,
                Command::Returned { order } => desk.step(order, Step::ConfirmReturn).await?,
                Command::Ship { order, carrier, sscc, tracking } => desk.ship(order, carrier, sscc, tracking).await?,
                Command::Cancel { order } => desk.cancel(order).await?,
                Command::Stock { offer, packs } => desk.add_stock(offer, packs).await?,
            }
            if json {
                line(&json!({ "done": true }));
            } else {
                println!("done");
            }
            Ok(())
        })
    }
}

fn tell(note: &ShopNote, json: bool) {
    match note.order {
        _ if json => line(note),
        Some(order) => println!("{order}  {}", note.what),
        None => println!("{}", note.what),
    }
}

async fn list(desk: &Desk, json: bool) -> Result<(), Problem> {
    let mut rows = Vec::new();
    for (id, order) in desk.orders().await? {
        let state = state(order.state).map_or_else(|| order.state.to_string(), |state| state.name().to_owned());
        if json {
            line(&json!({
                "order": id, "state": state, "owner": order.owner, "total": order.terms.total.to_string(),
                "deadlineMs": order.deadlineMs, "tracking": order.tracking,
            }));
        }
        rows.push(vec![id.to_string(), state, order.terms.total.to_string(), order.tracking]);
    }
    if !json {
        print!("{}", table(&["order", "state", "minor units", "tracking"], &rows));
    }
    Ok(())
}
