//! Orders: a device that keeps its own cupboard full. Household, device, shop, carrier and arbiter trade with one another
//! without a trustee: money waits in an escrow, goods are backed by a bond, and every wait has an end.
//!
//! This module never moves money that is not in an escrow or bond it keeps (but for what an owner pays in), never sees an
//! address in clear, never asks what a thing is worth, and never leaves an order to somebody's good will:
//! **whoever's turn it is and stays silent loses**.
//!
//! # Words
//! - *Device*: a machine with a key of its own. It signs readings and orders; anyone may relay them; it holds no money.
//! - *Slot*: one thing that the device consumes. Levels are whole numbers of the slot's own UCUM unit (`mL`, `g`, `%`).
//! - *Cycle*: from one filling to the next. One low level, one order: order id = hash(device, slot, cycle, attempt).
//! - *Mandate*: what the owner allows the device to buy for one slot, at which price, from whom.
//! - *Offer*: immutable terms of a shop for one pack. Its stock alone changes.
//! - *Order*: one pack of one offer for one slot. The offer's terms are pinned when it is asked for, the arbiters when it is
//!   placed.
//! - *Escrow*: the price of a placed order. *Bond*: a shop's money; the total of each of its orders is reserved in it.
//!
//! # Units
//! Money: minor units of the shop's credit. Time: consensus milliseconds. Levels and contents: the slot's unit. Unit price:
//! minor units for 1,000 of the slot's unit. Shares: whole percent of a total, rounded down, the rest to the other side.
//!
//! # The order: who may do what
//! The tests walk this very table: state × action × role. `none` is an order that does not exist yet; an action of the
//! device is a signed message that anyone may relay; what is not in the table is refused.
//!
//! | from | action | who | to |
//! |---|---|---|---|
//! | none | DevicePlace (mandate: confirm) | device | PendingApproval |
//! | none | DevicePlace (mandate: auto) | device | Placed |
//! | none | PlaceOrder | owner | Placed |
//! | PendingApproval | ApproveOrder | owner | Placed |
//! | PendingApproval | CancelOrder | owner | Lapsed |
//! | Placed | AcceptOrder | shop | Accepted |
//! | Placed | CancelOrder | owner, shop | Cancelled |
//! | Placed | AgreeRefund | owner+shop | Refunded |
//! | Accepted | CancelOrder | owner, shop | Cancelled |
//! | Accepted | ShipOrder | shop | Shipped |
//! | Accepted | AgreeRefund | owner+shop | Refunded |
//! | Shipped | ConfirmDelivery | owner | Settled |
//! | Shipped | RevealCode | shop, carrier | Settled |
//! | Shipped | ClaimDelivery | shop, carrier | Claimed |
//! | Shipped | DeviceEvidence | device | Claimed |
//! | Shipped | OpenDispute | owner | Disputed |
//! | Shipped | AgreeRefund | owner+shop | Refunded |
//! | Claimed | ConfirmDelivery | owner | Settled |
//! | Claimed | RevealCode | shop, carrier | Settled |
//! | Claimed | DeviceEvidence | device | Claimed |
//! | Claimed | OpenDispute | owner | Disputed |
//! | Claimed | AgreeRefund | owner+shop | Refunded |
//! | Disputed | AnswerDispute | shop | Arbitration |
//! | Disputed | AgreeRefund | owner+shop | Refunded |
//! | Arbitration | Rule | arbiter | Ruled |
//! | Arbitration | AgreeRefund | owner+shop | Refunded |
//! | Settled | PostReturn | owner | ReturnPosted |
//! | ReturnPosted | ConfirmReturn | shop | Returned |
//! | ReturnPosted | DenyReturn | shop | ReturnDenied |
//! | ReturnDenied | ConfirmReturn | shop | Returned |
//! | ReturnDenied | Rule | arbiter | Ruled |
//!
//! The owner may cancel until the cancel time, a shop until it ships; a shop that cancels an Accepted order pays
//! [`CANCEL_PENALTY_PERCENT`] of the total out of its bond. A shop ships no sooner than the cancel time. `AgreeRefund`
//! takes effect when both have named the same amount. `Rule` is the disputes module's; the pinned arbiter has
//! [`crate::disputes`]' time, then the fallback, then the share agreed in the offer.
//!
//! # The order: what happens when nobody does anything
//! Deadlines run by themselves at the start of a block; `RunDeadline` is the same transition, open to anyone.
//!
//! | state | deadline | to | money |
//! |---|---|---|---|
//! | PendingApproval | 48 h | Lapsed | none was moved |
//! | Placed | 24 h | Refunded | escrow to the owner |
//! | Accepted | ship-by period from acceptance | Refunded | escrow and the late penalty out of the bond to the owner |
//! | Shipped | deliver-by period from shipping | Refunded | escrow to the owner |
//! | Claimed | 7 d, longer in the owner's holiday; 24 h after device evidence where the mandate allows it | Settled | escrow to the shop |
//! | Disputed | 3 d | Refunded | escrow to the owner |
//! | Arbitration | the arbiters' time, the order's end at the latest | Ruled | escrow by the share agreed in the offer |
//! | Settled | return period | Closed | bond released |
//! | ReturnPosted | 7 d | Returned | total out of the bond to the owner |
//! | ReturnDenied | the arbiters' time, the order's end at the latest | Ruled | total out of the bond by the share agreed in the offer |
//!
//! Lapsed, Cancelled, Refunded, Ruled, Returned and Closed are final. Every order is final within [`ORDER_MAX_MS`] (45 days)
//! of the day it was asked for, because an offer whose periods could add up to more is refused and a holiday is cut short.
//!
//! # Money
//! Placing holds the total in the order's escrow and reserves as much of the shop's bond, until the order is final. Refunded,
//! Cancelled: escrow to the owner. Settled: escrow to the shop's payout account. Ruled: by share. A return is paid out of the
//! bond. Everything is paid at once to its account: nothing waits to be claimed. A dispute bond ([`DISPUTE_BOND_PERCENT`]) is
//! taken from the owner, or set aside from the escrow where the owner has not got it; the owner has it back unless an arbiter
//! gives the owner nothing; then it goes to the shop.
//!
//! # Always true
//! - ORDERS-1: in each credit, what the module holds = escrows + bonds + dispute bonds of its records, to the unit.
//! - ORDERS-2: an order that is placed and not settled has its escrow: escrow + bond set aside = total; others have none.
//! - ORDERS-3: each shop's reserved bond = Σ total of its orders that are placed and not final, and reserved ≤ bond.
//! - ORDERS-4: no mandate is spent beyond its amount or count of the period, and no order beyond its amount per order.
//! - ORDERS-5: at most one open order a slot, and the slot names it.
//! - ORDERS-6: every order that is not final has a deadline, scheduled, not after its end.
//! - ORDERS-7: an order's end is 45 days from its asking, and no order is unfinished after it.
//! - ORDERS-8: stock and orders of an offer that took stock add up to what the shop put in.
//! - ORDERS-9: a slot's attempts in a cycle are at most three.
//!
//! # Deviations from the source
//! Model: ADEPT (IBM and Samsung, 2015). There a device negotiates freely; here it may only pick a pinned offer inside a
//! mandate. One order is one pack. A shop may deny a return (else an owner could post nothing and be refunded); the share agreed in the offer and
//! the same arbiters decide. Three agreeing readings, hysteresis and the highest plausible drop rate are the gateway's
//! filter: a stolen key could sign three readings as well as one, so the chain would learn nothing from them.

mod actions;
mod devices;
mod ending;
mod events;
mod invariants;
mod lifecycle;
mod preview;
mod records;
mod refusals;
mod shops;
#[cfg(test)]
pub(crate) mod tests;

pub use actions::*;
pub use devices::{message_prehash, possession_prehash};
pub(crate) use ending::{due, ruled};
pub use events::*;
pub use invariants::audit;
pub use preview::{check, preview};
pub use records::*;
pub use refusals::*;

use crate::credits::{self, HoldId};
use crate::{Address, Amount, B256, Draft, Failure, Output, Source as _};

/// Carries out one action for `d.env.caller`.
///
/// # Errors
/// A [`Refusal`] of this module, of credits or of disputes; or a [`crate::Stop`].
pub fn apply(d: &mut Draft<'_>, action: Action) -> Result<Output, Failure> {
    match action {
        Action::RegisterDevice(action) => devices::register(d, action),
        Action::RotateDeviceKey(action) => devices::rotate_key(d, action),
        Action::SetDeviceStatus(action) => devices::set_status(d, action),
        Action::TransferDevice(action) => devices::transfer(d, action),
        Action::SetSlot(action) => devices::set_slot(d, action),
        Action::RearmSlot(action) => devices::rearm_slot(d, action),
        Action::SetMandate(action) => devices::set_mandate(d, action),
        Action::PauseMandate(action) => devices::pause_mandate(d, action),
        Action::RevokeMandate(action) => devices::revoke_mandate(d, action),
        Action::SetHoliday(action) => devices::set_holiday(d, action),
        Action::RegisterShop(action) => shops::register(d, action),
        Action::UpdateShop(action) => shops::update(d, action),
        Action::SetPayout(action) => shops::set_payout(d, action),
        Action::TopUpBond(action) => shops::top_up(d, action),
        Action::RequestBondWithdrawal(action) => shops::request_withdrawal(d, action),
        Action::WithdrawBond(WithdrawBond {}) => shops::withdraw(d),
        Action::PublishOffer(action) => shops::publish(d, action),
        Action::AddStock(action) => shops::add_stock(d, action),
        Action::WithdrawOffer(action) => shops::withdraw_offer(d, action),
        Action::RelayDevice(action) => devices::relay(d, action),
        Action::PlaceOrder(action) => devices::place_by_hand(d, action),
        Action::ApproveOrder(action) => devices::approve(d, action),
        Action::CancelOrder(action) => lifecycle::cancel(d, action),
        Action::AcceptOrder(action) => lifecycle::accept(d, action),
        Action::ShipOrder(action) => lifecycle::ship(d, action),
        Action::ConfirmDelivery(action) => lifecycle::confirm(d, action),
        Action::RevealCode(action) => lifecycle::reveal(d, action),
        Action::ClaimDelivery(action) => lifecycle::claim(d, action),
        Action::OpenDispute(action) => lifecycle::dispute(d, action),
        Action::AnswerDispute(action) => lifecycle::answer(d, action),
        Action::AgreeRefund(action) => lifecycle::agree(d, action),
        Action::PostReturn(action) => lifecycle::post_return(d, action),
        Action::ConfirmReturn(action) => lifecycle::confirm_return(d, action),
        Action::DenyReturn(action) => lifecycle::deny_return(d, action),
        Action::RunDeadline(action) => ending::run_deadline(d, action),
    }
}

/// The price of a placed order.
pub fn escrow(order: OrderId) -> HoldId {
    HoldId { module: MODULE, kind: 1, id: order }
}

/// All of a shop's bond.
pub fn bond_of(shop: Address) -> HoldId {
    HoldId { module: MODULE, kind: 2, id: shop.into_word() }
}

/// What was set aside for a dispute.
pub fn dispute_bond(order: OrderId) -> HoldId {
    HoldId { module: MODULE, kind: 3, id: order }
}

fn known_order(d: &mut Draft<'_>, order: OrderId) -> Result<Order, Failure> {
    Ok(ORDERS.get(d, &order)?.ok_or(Refusal::UnknownOrder { order })?)
}

fn require_owner(d: &Draft<'_>, owner: Address) -> Result<(), Failure> {
    let caller = d.env.caller;
    if caller == owner { Ok(()) } else { Err(Refusal::NotOwner { caller, owner }.into()) }
}

fn within(holds: bool, field: Field) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(Refusal::OutOfBounds { field }.into()) }
}

/// Not empty, no longer than `max_bytes` of UTF-8, no control characters.
fn text_fits(text: &str, max_bytes: u32) -> bool {
    !text.is_empty() && text.len() as u64 <= u64::from(max_bytes) && !text.chars().any(char::is_control)
}

fn list_fits<T>(list: &[T], max: u32) -> bool {
    list.len() as u64 <= u64::from(max)
}
