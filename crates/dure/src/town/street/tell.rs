//! What happens on the street, for the town's journal.

use super::{
    grid::{FEEDERS, ROOT},
    operator::market,
};
use crate::{say::Problem, town::Town};
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolEvent as _;
use dure_api::abi::energy::IEnergy;
use dure_gateways::chain::Chain;
use dure_rules::energy::{DAY_SLOTS, MODULE, SLOT_MS, auction_id};
use serde_json::json;
use std::{sync::Arc, time::Duration};

const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Tells until the task is dropped.
///
/// # Errors
/// Where the node does not answer.
pub async fn journal(town: Arc<Town>) -> Result<(), Problem> {
    let chain = Chain::connect(&town.rpc).await?;
    let mut next_height = chain.node.head().await?.height;
    loop {
        let head = chain.node.head().await?;
        if head.height >= next_height {
            let kinds = json!([[
                IEnergy::MarketOpened::SIGNATURE_HASH,
                IEnergy::CapsSet::SIGNATURE_HASH,
                IEnergy::Cleared::SIGNATURE_HASH,
                IEnergy::Redispatched::SIGNATURE_HASH,
                IEnergy::CertificateRefused::SIGNATURE_HASH
            ]]);
            for seen in chain.node.logs(MODULE, &kinds, next_height, head.height).await? {
                if let Some(sentence) = sentence(&town, head.time_ms, &seen.log) {
                    town.journal(head.time_ms, &sentence);
                }
            }
            next_height = head.height + 1;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Slots that are cleared are not told: there are ninety-six a day. Nor is an order of redispatch by which nothing was shifted.
fn sentence(town: &Town, now_ms: u64, log: &alloy_primitives::Log) -> Option<String> {
    let own = market(town);
    if let Ok(event) = IEnergy::MarketOpened::decode_log(log) {
        return (event.market == own).then(|| format!("{} is open: neighbours trade power", event.name));
    }
    if let Ok(event) = IEnergy::CapsSet::decode_log(log) {
        let zone = [ROOT, FEEDERS[0], FEEDERS[1]].get(usize::from(event.zone)).copied().unwrap_or("?");
        let (from, until) = (event.firstSlot, event.firstSlot + u32::from(event.slots));
        let hours = format!("{} to {}", hour(from), hour(until));
        let kw = f64::from(event.upWh) / 250.0;
        return (event.market == own).then(|| format!("works on the line of {zone}: it carries {kw} kW upwards, {hours}"));
    }
    if let Ok(event) = IEnergy::CertificateRefused::decode_log(log) {
        let who = town.people.name_of(event.solver);
        return Some(format!("{who} showed a clearing that is not the best one, and lost its bond"));
    }
    if let Ok(event) = IEnergy::Redispatched::decode_log(log) {
        let now = u32::try_from(now_ms / SLOT_MS).ok()?;
        let slot = (now..now + DAY_SLOTS).find(|slot| auction_id(own, *slot, 1) == event.auction).filter(|_| event.wh > 0)?;
        let (kwh, paid) = (f64::from(event.wh) / 1e3, money(event.nano));
        return Some(format!(
            "{kwh} kWh less flow over the line that is worked on, from {}: the operator paid {paid} TOWN for it",
            hour(slot)
        ));
    }
    let event =
        IEnergy::Cleared::decode_log(log).ok().filter(|event| event.market == own && u32::from(event.slots) == DAY_SLOTS)?;
    let day = super::super::hour(u64::from(event.firstSlot) * SLOT_MS);
    let sign = if event.welfareNano.is_negative() { "-" } else { "" };
    let worth = format!("{sign}{} TOWN", money(event.welfareNano.unsigned_abs()));
    let by = if event.by == Address::ZERO {
        "by the chain itself, as no solver showed one".to_owned()
    } else {
        format!("{} showed that nothing is better", town.people.name_of(event.by))
    };
    Some(format!("the power of the day from {day} is cleared, worth {worth} to the street: {by}"))
}

/// Nano-units in the credit's unit.
fn money(nano: U256) -> String {
    let minor = nano / U256::from(10_000_000);
    format!("{}.{:02}", minor / U256::from(100), minor % U256::from(100))
}

fn hour(slot: u32) -> String {
    let minutes = slot % DAY_SLOTS * 15;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}
