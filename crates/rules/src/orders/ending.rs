//! How an order moves on and how it ends: what runs by itself, and where the money goes.

use super::*;
use crate::deadlines::{self, Due};
use crate::{Output, credits, disputes};

/// Why an order ended, as far as its slot is concerned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The shop failed: it is left out of this cycle, and the device may try another.
    Shop,
    /// The owner wanted no more: nothing is ordered until the slot is re-armed.
    Owner,
    /// None: the goods came.
    Delivered,
}

/// Puts the order into `to`, to end by itself after `wait_ms`, at its end at the latest.
pub(super) fn move_to(d: &mut Draft<'_>, mut order: Order, to: OrderState, wait_ms: u64) -> Result<Output, Failure> {
    let from = order.state;
    order.state = to;
    store(d, order, Some(from), wait_ms)?;
    Ok(Output::None)
}

/// Keeps an order that has just come into its state, with a deadline.
pub(super) fn store(d: &mut Draft<'_>, mut order: Order, from: Option<OrderState>, wait_ms: u64) -> Result<(), Failure> {
    let now = d.env.time_ms;
    order.since_ms = now;
    order.deadline_ms = now.saturating_add(wait_ms).min(order.ends_ms);
    let Order { id, state: to, deadline_ms, .. } = order;
    ORDERS.put(d, &id, &order);
    deadlines::schedule(d, deadline_ms, Due::Order(id))?;
    let by = d.env.caller;
    d.emit(Event::OrderMoved { order: id, from, to, by, deadline_ms });
    Ok(())
}

/// Upon delivery: the price to the shop; the return period begins.
pub(super) fn settle(d: &mut Draft<'_>, order: Order) -> Result<Output, Failure> {
    share(d, &order, 0)?;
    free_slot(d, &order, Fault::Delivered)?;
    SEALED.remove(d, &order.id);
    if order.return_ms == 0 {
        finish(d, order, OrderState::Closed, Fault::Delivered)?;
        return Ok(Output::None);
    }
    let wait_ms = order.return_ms;
    move_to(d, order, OrderState::Settled, wait_ms)
}

/// The whole escrow back to the owner, and a penalty out of the shop's bond.
pub(super) fn refund(
    d: &mut Draft<'_>,
    mut order: Order,
    to: OrderState,
    fault: Fault,
    penalty_percent: u8,
) -> Result<(), Failure> {
    give_dispute_bond(d, &mut order, false)?;
    let total = order.total;
    share(d, &order, total)?;
    from_bond(d, &order, percent_of(total, penalty_percent))?;
    give_back_allowance(d, &order)?;
    finish(d, order, to, fault)
}

/// Both sides named the same refund.
pub(super) fn agreed(d: &mut Draft<'_>, mut order: Order, refund: Amount) -> Result<(), Failure> {
    if order.state == OrderState::Arbitration {
        disputes::close(d, order.id);
    }
    give_dispute_bond(d, &mut order, false)?;
    share(d, &order, refund)?;
    if refund == order.total {
        give_back_allowance(d, &order)?;
    }
    finish(d, order, OrderState::Refunded, Fault::Owner)
}

/// The goods went back: the price out of the bond.
pub(super) fn returned(d: &mut Draft<'_>, order: Order) -> Result<(), Failure> {
    from_bond(d, &order, order.total)?;
    finish(d, order, OrderState::Returned, Fault::Delivered)
}

/// Upon a ruling, or the default share: `percent` of the total to the owner, out of the escrow, or of the bond for a
/// denied return.
///
/// # Errors
/// `OutOfBounds` for a share that is not one of [`SPLITS_PERCENT`]; a [`Stop`].
pub(crate) fn ruled(d: &mut Draft<'_>, order: OrderId, percent: u8, by_default: bool) -> Result<(), Failure> {
    let mut order = known_order(d, order)?;
    within(SPLITS_PERCENT.contains(&percent), Field::Percent)?;
    let to_owner = percent_of(order.total, percent);
    match order.state {
        OrderState::Arbitration => {
            give_dispute_bond(d, &mut order, percent == 0 && !by_default)?;
            share(d, &order, to_owner)?;
            let fault = if percent == 100 { Fault::Shop } else { Fault::Owner };
            finish(d, order, OrderState::Ruled, fault)
        }
        OrderState::ReturnDenied => {
            from_bond(d, &order, to_owner)?;
            finish(d, order, OrderState::Ruled, Fault::Delivered)
        }
        state => Err(Refusal::WrongState { state }.into()),
    }
}

/// What runs by itself. An entry that the order has moved past does nothing.
///
/// # Errors
/// A [`Stop`]; a refusal would be a bug.
pub(crate) fn due(d: &mut Draft<'_>, order: OrderId) -> Result<(), Failure> {
    match ORDERS.get(d, &order)? {
        Some(order) if !order.state.is_final() && d.env.time_ms >= order.deadline_ms => expire(d, order),
        _ => Ok(()),
    }
}

/// The same, asked for by anyone.
pub(super) fn run_deadline(d: &mut Draft<'_>, action: RunDeadline) -> Result<Output, Failure> {
    let order = known_order(d, action.order)?;
    if order.state.is_final() {
        return Err(Refusal::WrongState { state: order.state }.into());
    }
    if d.env.time_ms < order.deadline_ms {
        return Err(Refusal::NotDue { deadline_ms: order.deadline_ms }.into());
    }
    expire(d, order)?;
    Ok(Output::None)
}

/// Whoever's turn it is and stays silent loses.
fn expire(d: &mut Draft<'_>, order: Order) -> Result<(), Failure> {
    use OrderState as S;
    match order.state {
        S::PendingApproval => finish(d, order, S::Lapsed, Fault::Owner),
        S::Placed | S::Shipped | S::Disputed => refund(d, order, S::Refunded, Fault::Shop, 0),
        S::Accepted => refund(d, order, S::Refunded, Fault::Shop, LATE_PENALTY_PERCENT),
        S::Claimed => match holiday_until(d, &order)? {
            Some(until_ms) => postpone(d, order, until_ms),
            None => settle(d, order).map(|_| ()),
        },
        S::Arbitration | S::ReturnDenied => {
            disputes::close(d, order.id);
            ruled(d, order.id, order.default_refund_percent, true)
        }
        S::Settled => finish(d, order, S::Closed, Fault::Delivered),
        S::ReturnPosted => returned(d, order),
        S::Lapsed | S::Cancelled | S::Refunded | S::Ruled | S::Returned | S::Closed => Ok(()),
    }
}

/// Until when an owner who is away may still contest; leaves time for the dispute within the order's end. Evidence by the
/// owner's own device needs no owner at home.
fn holiday_until(d: &mut Draft<'_>, order: &Order) -> Result<Option<u64>, Failure> {
    if order.evidence_settles && order.evidence_ms.is_some() {
        return Ok(None);
    }
    let latest = order.ends_ms.saturating_sub(ANSWER_MS).saturating_sub(ARBITRATION_MS);
    let until_ms = HOLIDAYS.get(d, &order.owner)?.map_or(0, |holiday| holiday.until_ms.min(latest));
    Ok((until_ms > d.env.time_ms).then_some(until_ms))
}

fn postpone(d: &mut Draft<'_>, mut order: Order, until_ms: u64) -> Result<(), Failure> {
    order.deadline_ms = until_ms;
    ORDERS.put(d, &order.id, &order);
    deadlines::schedule(d, until_ms, Due::Order(order.id))
}

/// Ends the order: the bond is free again, a pack that never left goes back on the shelf.
pub(super) fn finish(d: &mut Draft<'_>, mut order: Order, to: OrderState, fault: Fault) -> Result<(), Failure> {
    let from = order.state;
    if from.has_bond() {
        let mut shop = shop_of(d, &order)?;
        shop.reserved = shop.reserved.saturating_sub(order.total); // reserved when the order was placed
        SHOPS.put(d, &shop.account, &shop);
        shop.tell_bond(d);
    }
    if matches!(from, OrderState::Placed | OrderState::Accepted)
        && let Some(mut offer) = OFFERS.get(d, &order.offer)?
    {
        offer.stock = offer.stock.saturating_add(1);
        offer.taken = offer.taken.saturating_sub(1);
        OFFERS.put(d, &offer.id, &offer);
    }
    free_slot(d, &order, fault)?;
    SEALED.remove(d, &order.id);
    order.state = to;
    order.since_ms = d.env.time_ms;
    order.deadline_ms = 0;
    ORDERS.put(d, &order.id, &order);
    let by = d.env.caller;
    d.emit(Event::OrderMoved { order: order.id, from: Some(from), to, by, deadline_ms: 0 });
    Ok(())
}

/// Does nothing where the slot waits for another order or for none.
fn free_slot(d: &mut Draft<'_>, order: &Order, fault: Fault) -> Result<(), Failure> {
    let id = (order.device, order.slot);
    let Some(mut slot) = SLOTS.get(d, &id)?.filter(|slot| slot.open_order == Some(order.id)) else { return Ok(()) };
    slot.open_order = None;
    match fault {
        Fault::Shop if slot.cycle == order.cycle => {
            if !slot.left_out.contains(&order.shop) {
                slot.left_out.push(order.shop); // at most one an attempt
            }
            slot.armed = slot.attempts < ATTEMPTS_MAX;
        }
        // With device evidence the pack is in the slot, not in the cupboard.
        Fault::Delivered if order.evidence_ms.is_none() => {
            slot.packs_at_home = slot.packs_at_home.saturating_add(1).min(PACKS_MAX);
        }
        Fault::Shop | Fault::Owner | Fault::Delivered => {}
    }
    SLOTS.put(d, &id, &slot);
    Ok(())
}

/// The escrow: `to_owner` to the owner, the rest to the shop's payout account.
fn share(d: &mut Draft<'_>, order: &Order, to_owner: Amount) -> Result<(), Failure> {
    let to_shop = order.total.saturating_sub(to_owner);
    if to_owner > 0 {
        credits::pay(d, order.credit, escrow(order.id), order.owner, to_owner)?;
    }
    if to_shop > 0 {
        let payout = shop_of(d, order)?.payout_at(d.env.time_ms);
        credits::pay(d, order.credit, escrow(order.id), payout, to_shop)?;
    }
    Ok(())
}

/// A dispute bond goes back where it came from, or, where it was the owner's and the owner gets nothing, to the shop.
fn give_dispute_bond(d: &mut Draft<'_>, order: &mut Order, to_shop: bool) -> Result<(), Failure> {
    let bond = std::mem::take(&mut order.dispute_bond);
    if bond == 0 {
        return Ok(());
    }
    let (hold, credit) = (dispute_bond(order.id), order.credit);
    if order.dispute_bond_from_escrow {
        return credits::move_hold(d, credit, hold, escrow(order.id), bond);
    }
    let to = if to_shop { shop_of(d, order)?.payout_at(d.env.time_ms) } else { order.owner };
    credits::pay(d, credit, hold, to, bond)
}

/// Out of the shop's bond to the owner. The total is reserved there, and nothing here is more than the total.
fn from_bond(d: &mut Draft<'_>, order: &Order, amount: Amount) -> Result<(), Failure> {
    if amount == 0 {
        return Ok(());
    }
    let mut shop = shop_of(d, order)?;
    shop.bond = shop.bond.saturating_sub(amount);
    SHOPS.put(d, &shop.account, &shop);
    credits::pay(d, order.credit, bond_of(order.shop), order.owner, amount)
}

/// What was spent and came back whole may be spent again, in the same period of the same mandate.
fn give_back_allowance(d: &mut Draft<'_>, order: &Order) -> Result<(), Failure> {
    let id = (order.device, order.slot);
    let Some(mut mandate) = MANDATES.get(d, &id)? else { return Ok(()) };
    if (mandate.revision, mandate.period) != (order.mandate_revision, order.mandate_period) {
        return Ok(());
    }
    mandate.spent = mandate.spent.saturating_sub(order.total);
    mandate.count = mandate.count.saturating_sub(1);
    if mandate.placed_ms == order.placed_ms {
        mandate.placed_ms = 0;
    }
    MANDATES.put(d, &id, &mandate);
    Ok(())
}

/// Rounded down: what is left over goes to the other side.
pub(super) fn percent_of(total: Amount, percent: u8) -> Amount {
    total.saturating_mul(u128::from(percent)) / 100
}

fn shop_of(d: &mut Draft<'_>, order: &Order) -> Result<Shop, Failure> {
    Ok(SHOPS.get(d, &order.shop)?.ok_or(Refusal::UnknownShop { shop: order.shop })?)
}
