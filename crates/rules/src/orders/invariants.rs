//! What always holds: one function an invariant, over all records.

use super::*;
use crate::credits::{HOLD, Hold};
use crate::deadlines::{Due, ENTRY};
use crate::{Memory, Stop, Violation};
use std::collections::{BTreeMap, BTreeSet};

/// A dump of the institution's records.
struct All {
    devices: Vec<Device>,
    slots: Vec<Slot>,
    mandates: Vec<Mandate>,
    shops: Vec<Shop>,
    offers: Vec<Offer>,
    orders: Vec<Order>,
    holds: BTreeMap<credits::HoldId, Hold>,
    due: BTreeSet<(OrderId, u64)>,
}

/// ORDERS-1 to ORDERS-9.
///
/// # Errors
/// A record that does not decode.
pub fn audit(all: &Memory) -> Result<Vec<Violation>, Stop> {
    let entries = ENTRY.scan(all)?;
    let all = All {
        devices: DEVICES.scan(all)?,
        slots: SLOTS.scan(all)?,
        mandates: MANDATES.scan(all)?,
        shops: SHOPS.scan(all)?,
        offers: OFFERS.scan(all)?,
        orders: ORDERS.scan(all)?,
        holds: HOLD.scan(all)?.into_iter().filter(|hold| hold.id.module == MODULE).map(|hold| (hold.id, hold)).collect(),
        due: entries
            .iter()
            .filter_map(|entry| match entry.due {
                Due::Order(id) => Some((id, entry.second)),
                Due::Dispute(_) | Due::Recovery(_) | Due::Auction(_) | Due::Slot(..) | Due::Sharing(..) | Due::Challenge(_) => {
                    None
                }
            })
            .collect(),
    };
    let checks: [fn(&All) -> Vec<Violation>; 9] = [
        holds_are_escrows_and_bonds,
        placed_orders_have_their_escrow,
        reserved_bonds_are_the_orders_they_back,
        mandates_are_not_overspent,
        a_slot_has_one_open_order,
        orders_have_deadlines,
        orders_end,
        stock_adds_up,
        attempts_are_bounded,
    ];
    Ok(checks.iter().flat_map(|check| check(&all)).collect())
}

/// Escrow and dispute bond of an order, as its record says.
fn own_money(order: &Order) -> (Amount, Amount) {
    if !order.state.has_escrow() {
        return (0, 0);
    }
    let aside = if order.dispute_bond_from_escrow { order.dispute_bond } else { 0 };
    (order.total.saturating_sub(aside), order.dispute_bond)
}

fn holds_are_escrows_and_bonds(all: &All) -> Vec<Violation> {
    let mut expected: BTreeMap<credits::HoldId, Amount> = BTreeMap::new();
    for shop in &all.shops {
        expected.insert(bond_of(shop.account), shop.bond);
    }
    for order in &all.orders {
        let (escrowed, aside) = own_money(order);
        expected.insert(escrow(order.id), escrowed);
        expected.insert(dispute_bond(order.id), aside);
    }
    let mut wrong = Vec::new();
    for (id, amount) in &expected {
        let held = all.holds.get(id).map_or(0, |hold| hold.amount);
        if held != *amount {
            wrong.push(Violation::new("ORDERS-1", format!("{id:?}: {held} held, {amount} on record")));
        }
    }
    wrong.extend(
        all.holds
            .keys()
            .filter(|id| !expected.contains_key(*id))
            .map(|id| Violation::new("ORDERS-1", format!("{id:?} is nobody's"))),
    );
    wrong
}

fn placed_orders_have_their_escrow(all: &All) -> Vec<Violation> {
    let held = |id| all.holds.get(&id).map_or(0, |hold| hold.amount);
    let whole = |order: &Order| {
        let aside = if order.dispute_bond_from_escrow { held(dispute_bond(order.id)) } else { 0 };
        held(escrow(order.id)).saturating_add(aside) == if order.state.has_escrow() { order.total } else { 0 }
    };
    violations("ORDERS-2", &all.orders, |order| !whole(order))
}

fn reserved_bonds_are_the_orders_they_back(all: &All) -> Vec<Violation> {
    let mut reserved: BTreeMap<Address, Amount> = BTreeMap::new();
    for order in all.orders.iter().filter(|order| order.state.has_bond()) {
        let sum = reserved.entry(order.shop).or_default();
        *sum = sum.saturating_add(order.total);
    }
    violations("ORDERS-3", &all.shops, |shop| {
        let leaving = shop.withdrawal.map_or(0, |withdrawal| withdrawal.amount);
        shop.reserved != reserved.get(&shop.account).copied().unwrap_or_default()
            || shop.reserved.saturating_add(leaving) > shop.bond
    })
}

fn mandates_are_not_overspent(all: &All) -> Vec<Violation> {
    let mut wrong = violations("ORDERS-4", &all.mandates, |mandate| {
        mandate.spent > mandate.terms.period_amount_max || mandate.count > mandate.terms.period_count_max
    });
    let terms: BTreeMap<_, _> = all.mandates.iter().map(|m| ((m.device, m.slot, m.revision), &m.terms)).collect();
    wrong.extend(violations("ORDERS-4", &all.orders, |order| {
        order.placed_ms > 0
            && terms.get(&(order.device, order.slot, order.mandate_revision)).is_some_and(|terms| order.total > terms.order_max)
    }));
    wrong
}

/// An order that a former owner left open is not the slot's any more.
fn a_slot_has_one_open_order(all: &All) -> Vec<Violation> {
    let owners: BTreeMap<_, _> = all.devices.iter().map(|device| (device.id, device.owner)).collect();
    let named: BTreeSet<_> = all.slots.iter().filter_map(|slot| slot.open_order).collect();
    let orders: BTreeMap<_, _> = all.orders.iter().map(|order| (order.id, order)).collect();
    let mut open: BTreeMap<(DeviceId, u8), u32> = BTreeMap::new();
    for order in all.orders.iter().filter(|order| order.state.is_open() && owners.get(&order.device) == Some(&order.owner)) {
        if named.contains(&order.id) {
            let count = open.entry((order.device, order.slot)).or_default();
            *count = count.saturating_add(1);
        }
    }
    violations("ORDERS-5", &all.slots, |slot| {
        let order = slot.open_order.and_then(|id| orders.get(&id));
        let fits = |order: &&Order| order.state.is_open() && (order.device, order.slot) == (slot.device, slot.slot);
        let count = open.get(&(slot.device, slot.slot)).copied().unwrap_or_default();
        slot.open_order.is_some() != order.is_some_and(fits) || count > 1
    })
}

fn orders_have_deadlines(all: &All) -> Vec<Violation> {
    violations("ORDERS-6", &all.orders, |order| {
        let from = (order.id, order.deadline_ms.div_ceil(1_000));
        // An entry may have been shifted to a later second, or be due in this very block.
        let to = (order.id, from.1.saturating_add(u64::from(crate::deadlines::SHIFT_MAX)));
        !order.state.is_final() && (order.deadline_ms > order.ends_ms || all.due.range(from..=to).next().is_none())
    })
}

fn orders_end(all: &All) -> Vec<Violation> {
    violations("ORDERS-7", &all.orders, |order| {
        order.ends_ms != order.created_ms.saturating_add(ORDER_MAX_MS) || order.deadline_ms > order.ends_ms
    })
}

fn stock_adds_up(all: &All) -> Vec<Violation> {
    let mut taken: BTreeMap<OfferId, u64> = BTreeMap::new();
    for order in all.orders.iter().filter(|order| order.placed_ms > 0) {
        let shelved = order.state.is_final() && order.shipped_ms == 0;
        let count = taken.entry(order.offer).or_default();
        *count = count.saturating_add(u64::from(!shelved));
    }
    violations("ORDERS-8", &all.offers, |offer| {
        let orders = taken.get(&offer.id).copied().unwrap_or_default();
        offer.taken != orders || u64::from(offer.stock).saturating_add(offer.taken) != offer.stocked
    })
}

fn attempts_are_bounded(all: &All) -> Vec<Violation> {
    violations("ORDERS-9", &all.slots, |slot| slot.attempts > ATTEMPTS_MAX || slot.left_out.len() > usize::from(ATTEMPTS_MAX))
}

fn violations<T: std::fmt::Debug>(invariant: &'static str, records: &[T], wrong: impl Fn(&T) -> bool) -> Vec<Violation> {
    records.iter().filter(|record| wrong(record)).map(|record| Violation::new(invariant, format!("{record:?}"))).collect()
}
