//! `dure home init`: the owner's key is on this machine.

use super::machine::Machine;
use crate::{
    args::{keys, remote::Remote},
    say::{Problem, line},
};
use alloy_primitives::{Address, B256};
use dure_gateways::{chain::Chain, home::setup};
use dure_rules::{
    bounds::DAY_MS,
    orders::{MandateTerms, Mode},
};
use serde_json::json;
use std::path::Path;

/// Money is in minor units of the credit.
#[derive(clap::Args)]
pub struct Init {
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    folder: keys::Folder,
    /// Whose device it is: a name from `dure keys list`, or test/0 to test/9.
    #[arg(long, value_name = "NAME")]
    owner: String,
    #[command(flatten)]
    machine: Machine,
    /// Dearest order.
    #[arg(long, value_name = "MINOR")]
    order_max: u128,
    /// Dearest for 1,000 of the unit; without it only --order-max limits the price.
    #[arg(long, value_name = "MINOR")]
    unit_price_max: Option<u128>,
    /// Most money in thirty days.
    #[arg(long, value_name = "MINOR")]
    month_max: u128,
    /// Most orders in thirty days.
    #[arg(long, default_value_t = 4)]
    month_count: u32,
    /// Only from these shops; any shop with a bond where none is given.
    #[arg(long, value_name = "ADDRESS")]
    shop: Vec<Address>,
    /// Whether the device orders by itself, asks you, or only tells.
    #[arg(long, value_enum, default_value_t = HowMuch::Auto)]
    mode: HowMuch,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum HowMuch {
    Auto,
    Confirm,
    Notify,
}

impl Init {
    pub async fn run(&self, file: &Path, json: bool) -> Result<(), Problem> {
        let owner = self.folder.open(&self.owner)?;
        let chain = Chain::connect(&self.remote.rpc).await?;
        let files = self.machine.files(file)?;
        let now_ms = chain.node.head().await?.time_ms;
        let plan = self.plan(files.address.commitment(), now_ms);
        let device = setup::set_up(&chain, &owner, &files.signer, &plan).await?;
        self.machine.write(file, &files, &self.remote.rpc, device)?;
        if json {
            line(&json!({ "device": device, "config": file }));
        } else {
            println!("device {device}\nwrote {}. Run it: dure home --config {}", file.display(), file.display());
        }
        Ok(())
    }

    fn plan(&self, address_commitment: B256, now_ms: u64) -> setup::Plan {
        let machine = &self.machine;
        setup::Plan {
            model: machine.model,
            slot: 0,
            unit: machine.unit.clone(),
            capacity: machine.capacity,
            threshold: machine.threshold,
            rearm: machine.rearm,
            mandate: MandateTerms {
                mode: match self.mode {
                    HowMuch::Auto => Mode::Auto,
                    HowMuch::Confirm => Mode::Confirm,
                    HowMuch::Notify => Mode::Notify,
                },
                credit: machine.credit(),
                shops: self.shop.clone(),
                gtins: machine.gtin.clone(),
                unit_price_max: self.unit_price_max.unwrap_or(dure_rules::bounds::AMOUNT_MAX),
                order_max: self.order_max,
                period_ms: 30 * DAY_MS,
                period_amount_max: self.month_max,
                period_count_max: self.month_count,
                interval_min_ms: 0,
                arbiters: machine.arbiter.clone(),
                default_refund_min_percent: 0,
                evidence_settles: true,
                address_commitment,
                expires_ms: now_ms.saturating_add(360 * DAY_MS),
            },
        }
    }
}
