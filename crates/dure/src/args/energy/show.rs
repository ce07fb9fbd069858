//! `dure energy show`: a market, a meter or an auction.

use super::find::{self, Found};
use crate::say::{Problem, line, table, time};
use alloy_primitives::{Address, B256};
use dure_api::abi::energy::IEnergy;
use dure_gateways::chain::Chain;
use dure_rules::energy::{DAY_SLOTS, MODULE, SLOT_MS, Slot};
use serde_json::json;

/// Slots before and after now that are shown.
const SHOWN_SLOTS: Slot = 6;

/// Whatever has this id, or begins so.
///
/// # Errors
/// Where nothing does.
pub async fn show(chain: &Chain, id: &str, json: bool) -> Result<(), Problem> {
    match find::any(chain, id).await? {
        Found::Market(id) => market(chain, id, json).await,
        Found::Meter(id) => meter(chain, id, json).await,
        Found::Auction(id) => auction(chain, id, json).await,
    }
}

async fn meter(chain: &Chain, id: B256, json: bool) -> Result<(), Problem> {
    let meter = chain.view_at(MODULE, IEnergy::meterCall { id }).await?;
    let record = chain.view_at(MODULE, IEnergy::marketCall { id: meter.market }).await?;
    let (row, said) = meter_row(id, &meter, &record);
    if json {
        line(&said);
        return Ok(());
    }
    let names = METER.iter().zip(&row).map(|(name, value)| (*name, value.clone()));
    let more = [("owner", meter.owner.to_string()), ("market", format!("{} {}", record.name, meter.market))];
    names.chain(more).for_each(|(name, value)| println!("{name:<10} {value}"));
    Ok(())
}

async fn auction(chain: &Chain, id: B256, json: bool) -> Result<(), Problem> {
    let auction = chain.view_at(MODULE, IEnergy::auctionCall { id }).await?;
    let record = chain.view_at(MODULE, IEnergy::marketCall { id: auction.market }).await?;
    let (stage, begins_ms) = (usize::from(auction.stage), u64::from(auction.firstSlot) * SLOT_MS);
    let stage = STAGES.get(stage).copied().unwrap_or("?");
    if json {
        line(&json!({
            "auction": id, "market": auction.market, "firstSlot": auction.firstSlot, "slots": auction.slots, "beginsMs": begins_ms,
            "stage": stage, "untilMs": auction.untilMs, "commitments": auction.commitments, "orders": auction.orders,
            "batteries": auction.batteries, "accepted": auction.accepted, "welfareNano": auction.welfareNano.to_string(),
        }));
        return Ok(());
    }
    let of = if u32::from(auction.slots) == DAY_SLOTS { "a day" } else { "a quarter of an hour" };
    println!("{:<10} {id}\n{:<10} {} {}", "auction", "market", record.name, auction.market);
    println!(
        "{:<10} {of} from {}\n{:<10} {} sealed, of which {} orders and {} batteries were opened",
        "of",
        time(begins_ms),
        "bids",
        auction.commitments,
        auction.orders,
        auction.batteries
    );
    if stage == CLEARED {
        let by = if auction.accepted == Address::ZERO { "the chain itself".into() } else { auction.accepted.to_string() };
        let worth = auction.welfareNano.to_string().parse::<f64>().unwrap_or(0.0) / 1e9;
        println!("{:<10} {stage} by {by}, worth {worth:.4}", "stage");
    } else {
        println!("{:<10} {stage} until {}", "stage", time(auction.untilMs));
    }
    Ok(())
}

async fn market(chain: &Chain, market: B256, json: bool) -> Result<(), Problem> {
    let record = chain.view_at(MODULE, IEnergy::marketCall { id: market }).await?;
    let now_ms = chain.node.head().await?.time_ms;
    let now = Slot::try_from(now_ms / SLOT_MS).unwrap_or(Slot::MAX);
    let mut rows = Vec::new();
    for slot in now.saturating_sub(SHOWN_SLOTS)..=now.saturating_add(SHOWN_SLOTS) {
        // A slot of which nothing is known is no error: nobody has traded it and nothing was read.
        let Ok(book) = chain.view_at(MODULE, IEnergy::slotCall { market, number: slot }).await else { continue };
        let begins_ms = u64::from(slot) * SLOT_MS;
        if json {
            line(&json!({
                "slot": slot, "beginsMs": begins_ms, "progress": PROGRESS.get(usize::from(book.progress)),
                "priceMicro": book.priceMicro, "flowWh": book.flowWh,
            }));
            continue;
        }
        let prices: Vec<String> = record
            .zones
            .iter()
            .zip(&book.priceMicro)
            .map(|(zone, price)| format!("{} {:.4}", zone.name, *price as f64 / 1e6))
            .collect();
        let to_grid = book.flowWh.first().copied().unwrap_or(0);
        let state = PROGRESS.get(usize::from(book.progress)).copied().unwrap_or("?");
        rows.push(vec![time(begins_ms), prices.join("  "), to_grid.to_string(), state.into()]);
    }
    let meters = meters(chain, market, &record).await?;
    if json {
        meters.iter().for_each(|(_, said)| line(said));
        return Ok(());
    }
    let pot = record.potNano.to_string().parse::<f64>().unwrap_or(0.0) / 1e9;
    println!("{}: {} zones, {} meters, {pot:.4} in the pot", record.name, record.zones.len(), record.meters);
    if rows.is_empty() {
        println!("nothing was traded or read around now");
    } else {
        print!("{}", table(&["begins", "price per kWh", "Wh to the grid", "state"], &rows));
    }
    let rows: Vec<Vec<String>> = meters.into_iter().map(|(row, _)| row).collect();
    if !rows.is_empty() {
        print!("\n{}", table(&METER, &rows));
    }
    if record.meters > SHOWN_METERS {
        println!("and {} more", record.meters - SHOWN_METERS);
    }
    Ok(())
}

/// Meters of a market that are shown.
const SHOWN_METERS: u32 = 64;

/// The first of a market's meters, for people and for programs.
async fn meters(chain: &Chain, market: B256, record: &IEnergy::Market) -> Result<Vec<(Vec<String>, serde_json::Value)>, Problem> {
    let mut meters = Vec::new();
    for number in 0..record.meters.min(SHOWN_METERS) {
        let id = chain.view_at(MODULE, IEnergy::meterAtCall { market, number }).await?;
        let meter = chain.view_at(MODULE, IEnergy::meterCall { id }).await?;
        meters.push(meter_row(id, &meter, record));
    }
    Ok(meters)
}

fn meter_row(id: B256, meter: &IEnergy::Meter, record: &IEnergy::Market) -> (Vec<String>, serde_json::Value) {
    let zone = record.zones.get(usize::from(meter.zone)).map_or_else(String::new, |zone| zone.name.clone());
    let said = json!({
        "meter": id, "owner": meter.owner, "zone": zone, "attested": meter.attested, "readUntil": meter.readUntil,
        "importWh": meter.importWh, "exportWh": meter.exportWh,
    });
    let kwh = |wh: u64| format!("{:.3}", wh as f64 / 1e3);
    let until = if meter.readUntil == 0 { "never".into() } else { time(u64::from(meter.readUntil) * SLOT_MS) };
    let attested = if meter.attested { "yes" } else { "no" };
    let row = vec![id.to_string(), zone, attested.into(), until, kwh(meter.importWh), kwh(meter.exportWh)];
    (row, said)
}

const METER: [&str; 6] = ["meter", "zone", "attested", "read until", "drew kWh", "gave kWh"];
const CLEARED: &str = "cleared";
const STAGES: [&str; 4] = ["takes sealed bids", "opens bids", "waits for a certificate", CLEARED];
const PROGRESS: [&str; 3] = ["running", "settling", "settled"];
