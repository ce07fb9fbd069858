//! Orders, shops and devices as JSON, from their records; the timeline of an order from its events.
//!
//! Amounts are decimal strings of minor units; levels and times are numbers in the units of `dure_rules::orders`.

use crate::backend::{Backend, BackendError};
use alloy_primitives::{Address, B256, Bytes};
use alloy_rpc_types_eth::Filter;
use alloy_sol_types::SolEventInterface as _;
use dure_api::abi::orders::IOrders::{self, IOrdersEvents as Event};
use dure_rules::orders::{DEVICES, Device, DeviceStatus, MODULE, ORDERS, Order, OrderState, SHOPS, SLOTS, Shop, Slot};
use dure_rules::{Memory, Record, Stop, Table, ids::SYSTEM};
use serde_json::{Value, json};
use std::cmp::Reverse;

/// Events of one order that are given; no order has so many.
const STEPS_MAX: usize = 1_000;

/// All orders, or those that `party` is owner or shop of; the newest first.
pub(crate) fn orders(backend: &dyn Backend, limit: usize, party: Option<Address>) -> Result<Vec<Value>, BackendError> {
    let mut all = scan(backend, &ORDERS)?;
    all.retain(|order| party.is_none_or(|party| order.owner == party || order.shop == party));
    let shops = scan(backend, &SHOPS)?;
    all.sort_by_key(|order| (Reverse(order.created_ms), order.id));
    Ok(all.iter().take(limit).map(|record| order(record, &shops)).collect())
}

pub(crate) fn one(backend: &dyn Backend, id: B256) -> Result<Option<Value>, BackendError> {
    let found = scan(backend, &ORDERS)?.into_iter().find(|record| record.id == id);
    let shops = scan(backend, &SHOPS)?;
    Ok(found.map(|record| order(&record, &shops)))
}

/// Every shop, by name.
pub(crate) fn shops(backend: &dyn Backend, limit: usize) -> Result<Vec<Value>, BackendError> {
    let mut all = scan(backend, &SHOPS)?;
    all.sort_by(|a, b| (&a.name, a.account).cmp(&(&b.name, b.account)));
    Ok(all.iter().take(limit).map(shop).collect())
}

/// Every device with its slots.
pub(crate) fn devices(backend: &dyn Backend, limit: usize) -> Result<Vec<Value>, BackendError> {
    let slots = scan(backend, &SLOTS)?;
    let all = scan(backend, &DEVICES)?;
    Ok(all.iter().take(limit).map(|record| device(record, &slots)).collect())
}

/// What happened to an order, the oldest first: events of the module that name it.
pub(crate) fn timeline(backend: &dyn Backend, order: B256) -> Result<Vec<Value>, BackendError> {
    let filter = Filter::new().address(MODULE).topic1(order).from_block(0u64);
    let mut logs = backend.newest_logs(filter, STEPS_MAX)?;
    logs.reverse();
    Ok(logs.iter().filter_map(step).collect())
}

/// One event of an order: what it is called, who did it, and what it says in words.
fn step(log: &alloy_rpc_types_eth::Log) -> Option<Value> {
    let event = Event::decode_log(&log.inner).ok()?.data;
    let facts = facts(&event);
    let (event, by, sentence) = match event {
        Event::OrderAsked(event) => ("OrderAsked", None, format!("asked for, {} minor units", event.total)),
        Event::OrderMoved(event) => ("OrderMoved", Some(event.by), moved(&event)),
        Event::ParcelNamed(event) if event.tracking.is_empty() => ("ParcelNamed", None, "parcel handed over".into()),
        Event::ParcelNamed(event) => ("ParcelNamed", None, format!("parcel handed over, tracking number {}", event.tracking)),
        Event::CodeWrong(event) => ("CodeWrong", None, format!("a wrong delivery code, {} tries left", event.triesLeft)),
        Event::EvidenceGiven(event) => ("EvidenceGiven", None, format!("the device's level rose to {}", event.level)),
        Event::RefundNamed(event) => ("RefundNamed", Some(event.by), format!("a refund of {} minor units named", event.refund)),
        Event::Stated(event) => ("Stated", Some(event.by), "a statement put on record".into()),
        _ => return None,
    };
    Some(json!({
        "event": event, "by": by, "sentence": sentence, "facts": facts, "timeMs": log.block_timestamp.unwrap_or(0) * 1_000,
        "height": log.block_number, "transaction": log.transaction_hash,
    }))
}

/// What a program needs to say the step in words of its own; numbers as decimal strings.
fn facts(event: &Event) -> Value {
    match event {
        Event::OrderAsked(event) => json!({ "total": event.total.to_string() }),
        Event::OrderMoved(event) => {
            let name = |state: u8| OrderState::ALL.get(usize::from(state)).map(|state| state.name());
            json!({ "from": name(event.from), "to": name(event.to), "deadlineMs": event.deadlineMs.to_string() })
        }
        Event::ParcelNamed(event) => json!({ "tracking": event.tracking, "sscc": event.sscc.to_string() }),
        Event::CodeWrong(event) => json!({ "triesLeft": event.triesLeft.to_string() }),
        Event::EvidenceGiven(event) => json!({ "level": event.level.to_string() }),
        Event::RefundNamed(event) => json!({ "refund": event.refund.to_string() }),
        _ => json!({}),
    }
}

fn moved(event: &IOrders::OrderMoved) -> String {
    let Some(to) = OrderState::ALL.get(usize::from(event.to)) else { return format!("moved to state {}", event.to) };
    let what = match to {
        OrderState::PendingApproval => "waits for the owner's approval",
        OrderState::Placed => "placed: the price lies in the escrow",
        OrderState::Accepted => "accepted by the shop",
        OrderState::Shipped => "shipped",
        OrderState::Claimed => "said to be delivered",
        OrderState::Disputed => "contested by the owner",
        OrderState::Arbitration => "the shop answered: an arbiter decides",
        OrderState::Settled => "settled: the shop is paid",
        OrderState::ReturnPosted => "the goods are on their way back",
        OrderState::ReturnDenied => "the shop denies the return: an arbiter decides",
        OrderState::Lapsed => "lapsed: no money was moved",
        OrderState::Cancelled => "cancelled: the money is back",
        OrderState::Refunded => "refunded: the money is back",
        OrderState::Ruled => "ruled",
        OrderState::Returned => "returned: the money is back",
        OrderState::Closed => "closed",
    };
    if event.by == SYSTEM { format!("{what} (by itself, at the deadline)") } else { what.to_owned() }
}

pub(crate) fn scan<K: borsh::BorshSerialize, V: Record>(
    backend: &dyn Backend,
    table: &Table<K, V>,
) -> Result<Vec<V>, BackendError> {
    let all: Vec<(B256, Bytes)> = backend.records(table.tag)?;
    table.scan(&Memory(all.into_iter().collect())).map_err(|stop: Stop| match stop {
        Stop::Corrupt(key) => BackendError::Fault(format!("the record under {key} does not decode")),
        Stop::Missing(_) | Stop::OutOfGas => BackendError::Fault(format!("the table {} cannot be read", table.name)),
    })
}

fn order(order: &Order, shops: &[Shop]) -> Value {
    let shop = shops.iter().find(|shop| shop.account == order.shop);
    json!({
        "shopName": shop.map(|shop| &shop.name),
        "id": order.id, "device": order.device, "slot": order.slot, "cycle": order.cycle, "attempt": order.attempt,
        "owner": order.owner, "shop": order.shop, "offer": order.offer, "gtin": order.gtin.to_string(),
        "credit": order.credit.0, "total": order.total.to_string(), "state": order.state.name(),
        "createdMs": order.created_ms, "placedMs": order.placed_ms, "sinceMs": order.since_ms,
        "deadlineMs": order.deadline_ms, "endsMs": order.ends_ms, "tracking": order.tracking,
    })
}

fn shop(shop: &Shop) -> Value {
    json!({
        "account": shop.account, "gln": shop.gln.to_string(), "name": shop.name, "credit": shop.credit.0, "payout": shop.payout,
        "bond": shop.bond.to_string(), "reserved": shop.reserved.to_string(), "offers": shop.offers,
    })
}

fn device(device: &Device, slots: &[Slot]) -> Value {
    let own = slots.iter().filter(|slot| slot.device == device.id);
    let own: Vec<Value> = own
        .map(|slot| {
            json!({
                "slot": slot.slot, "unit": slot.unit, "capacity": slot.capacity, "threshold": slot.threshold, "level": slot.level,
                "levelMs": slot.level_ms, "packsAtHome": slot.packs_at_home, "openOrder": slot.open_order,
            })
        })
        .collect();
    let status = match device.status {
        DeviceStatus::Active => "Active",
        DeviceStatus::Suspended => "Suspended",
        DeviceStatus::Retired => "Retired",
    };
    json!({
        "id": device.id, "owner": device.owner, "model": device.model.to_string(), "keyEpoch": device.key_epoch,
        "sequence": device.sequence, "status": status, "slots": own,
    })
}
