//! What a server is told of an event: per line and slot the cap in force with the transaction that set it, and, once auctions have cleared, flow and
//! price with who showed the clearing to be the best one.

use super::{
    kept::KeptEvent,
    plan::{EXPORT_CAP, IMPORT_CAP},
    wire::{Descriptor, Interval, Period, Report, Resource, Values, rfc3339},
};
use crate::energy::{chronicle::Chronicle, redispatch::Shift};
use alloy_primitives::B256;
use dure_api::abi::energy::IEnergy;
use dure_rules::energy::{SLOT_MS, Slot, Zone};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Of the whole event: `CARRIED OUT`, `NOT CARRIED OUT` or `PARTLY`, and what there is to say in words.
pub const STATUS: &str = "DURE_STATUS";
pub const NOTE: &str = "DURE_NOTE";
/// The transaction that set the caps, and its block.
pub const TRANSACTION: &str = "DURE_TRANSACTION";
/// What was cleared over the line, kW, towards the parent; below 0 from it.
pub const FLOW: &str = "DURE_FLOW";
/// In the zone, in the credit's unit per kWh.
pub const PRICE: &str = "DURE_PRICE";
/// Id of the auction that cleared the slot last, the block, the solver's address (or `chain`), the welfare in the credit's unit.
pub const CLEARING: &str = "DURE_CLEARING";
/// What was shifted for the operator, kW, and what that costs it in the credit's unit.
pub const SHIFTED: &str = "DURE_SHIFTED";
pub const SHIFT_COST: &str = "DURE_SHIFT_COST";
/// The resource of what is about the whole event.
pub const WHOLE: &str = "AGGREGATED_REPORT";

/// Everything that a report is made of.
pub struct View<'a> {
    pub market: B256,
    pub client: &'a str,
    pub zones: &'a [Zone],
    pub chronicle: &'a Chronicle,
    pub books: &'a BTreeMap<Slot, (usize, IEnergy::Slot)>,
    /// Which event's order counts in a slot.
    pub ordered: &'a BTreeMap<Slot, String>,
    /// The target that each zone is named by.
    pub names: &'a BTreeMap<u8, String>,
    /// What the chain refused of this event's in the last round.
    pub refused: Option<&'a str>,
}

/// The report on an event as things are now.
pub fn report(id: &str, event: &KeptEvent, view: &View<'_>) -> Report {
    let mut zones: BTreeMap<u8, BTreeSet<Slot>> = BTreeMap::new();
    for zone in &event.ask.zones {
        zones.entry(*zone).or_default().extend(event.ask.caps.keys());
    }
    for (slot, shift) in &event.ask.shifts {
        for zone in [shift.deficit, shift.surplus] {
            zones.entry(zone).or_default().insert(*slot);
        }
    }
    let resource = |(zone, slots): (&u8, &BTreeSet<Slot>)| Resource {
        resource_name: view.names.get(zone).cloned().unwrap_or_default(),
        intervals: slots.iter().map(|slot| interval(*zone, *slot, event, view)).collect(),
    };
    let mut resources = vec![Resource { resource_name: WHOLE.into(), intervals: vec![whole(id, event, view)] }];
    resources.extend(zones.iter().map(resource));
    let unit = |kind: &str, units: &str| Descriptor { payload_type: kind.into(), units: Some(units.into()) };
    Report {
        object_type: "REPORT",
        event_id: id.to_owned(),
        client_name: view.client.to_owned(),
        report_name: format!("market {}", view.market),
        payload_descriptors: vec![unit(EXPORT_CAP, "KW"), unit(IMPORT_CAP, "KW"), unit(FLOW, "KW"), unit(SHIFTED, "KW")],
        resources,
    }
}

/// What became of the event: in how many of its slots the log has what it asks, and what stands against the others.
fn whole(id: &str, event: &KeptEvent, view: &View<'_>) -> Interval {
    let capped = |zone: u8, slot: Slot| {
        let Some(own) = view.zones.get(usize::from(zone)) else { return false };
        let (up_wh, down_wh) = view.chronicle.cap(zone, slot, own);
        let limit = event.ask.caps.get(&slot).copied().unwrap_or_default();
        up_wh <= limit.up_wh.unwrap_or(u32::MAX) && down_wh <= limit.down_wh.unwrap_or(u32::MAX)
    };
    let ordered = |slot: &Slot, shift: &Shift| {
        let last = view.chronicle.orders(*slot).last();
        view.ordered.get(slot).is_some_and(|by| by == id) && last.is_some_and(|order| shift.is(order))
    };
    let slots = || event.ask.zones.iter().flat_map(|zone| event.ask.caps.keys().map(|slot| (*zone, *slot)));
    let (caps, orders) = (slots().count(), event.ask.shifts.len());
    let done = slots().filter(|(zone, slot)| capped(*zone, *slot)).count()
        + event.ask.shifts.iter().filter(|(slot, shift)| ordered(slot, shift)).count();
    let mut notes: Vec<String> = event.trouble.iter().cloned().chain(view.refused.map(Into::into)).collect();
    if done < caps + orders {
        notes.push(format!("{} of {} quarters of an hour have not what was asked: they had begun, their gate is over or more than two days away, or another event goes first", caps + orders - done, caps + orders));
    }
    let status = match done {
        _ if event.trouble.is_some() && done == 0 => "NOT CARRIED OUT",
        0 if caps + orders > 0 => "NOT CARRIED OUT",
        _ if notes.is_empty() => "CARRIED OUT",
        _ => "PARTLY",
    };
    let mut payloads = vec![Values::new(STATUS, [json!(status)])];
    if !notes.is_empty() {
        payloads.push(Values::new(NOTE, notes.into_iter().map(Value::from)));
    }
    Interval { id: 0, interval_period: None, payloads }
}

fn interval(zone: u8, slot: Slot, event: &KeptEvent, view: &View<'_>) -> Interval {
    let mut payloads = Vec::new();
    if let Some(own) = view.zones.get(usize::from(zone)) {
        let (up_wh, down_wh) = view.chronicle.cap(zone, slot, own);
        payloads.push(Values::new(EXPORT_CAP, [json!(kw(up_wh.into()))]));
        payloads.push(Values::new(IMPORT_CAP, [json!(kw(down_wh.into()))]));
    }
    let by = match event.ask.shifts.contains_key(&slot) {
        true => view.chronicle.orders(slot).last().map(|order| (order.transaction, order.block)),
        false => view.chronicle.caps(zone, slot).last().map(|change| (change.transaction, change.block)),
    };
    if let Some((transaction, block)) = by {
        let transaction = transaction.map_or_else(String::new, |hash| hash.to_string()); // the standard's values are never null
        payloads.push(Values::new(TRANSACTION, [json!(transaction), json!(block)]));
    }
    if let (Some(clearing), Some((_, book))) = (view.chronicle.clearings(slot).last(), view.books.get(&slot)) {
        let of = |all: &[i64]| all.get(usize::from(zone)).copied().unwrap_or(0);
        payloads.push(Values::new(FLOW, [json!(kw(of(&book.flowWh)))]));
        payloads.push(Values::new(PRICE, [json!(of(&book.priceMicro) as f64 / 1e6)]));
        let by = clearing.by.map_or_else(|| json!("chain"), |by| json!(by));
        payloads.push(Values::new(
            CLEARING,
            [json!(clearing.auction), json!(clearing.block), by, json!(units(&clearing.welfare_nano))],
        ));
        if event.ask.shifts.contains_key(&slot) {
            payloads.push(Values::new(SHIFTED, [json!(kw(book.shiftedWh.into()))]));
            payloads.push(Values::new(SHIFT_COST, [json!(-units(&book.operatorNano.to_string()))]));
        }
    }
    let period =
        Period { start: Some(rfc3339(u64::from(slot) * SLOT_MS)), duration: Some("PT15M".into()), randomize_start: None };
    Interval { id: slot.into(), interval_period: Some(period), payloads }
}

/// Energy of a quarter of an hour as power.
fn kw(wh: i64) -> f64 {
    wh as f64 / 250.0
}

/// Nano-units in the credit's unit.
fn units(nano: &str) -> f64 {
    nano.parse::<f64>().unwrap_or(0.0) / 1e9
}
