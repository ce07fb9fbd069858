//! The order's way: placing, and every row of the table that somebody asks for. Rows that run by themselves, and money at
//! the end, are in `ending`.

use super::ending::{self, Fault, finish, move_to, refund, settle};
use super::preview::{Scene, look, moves_money, period_at, total};
use super::*;
use crate::bounds::TEXT_MAX_BYTES;
use crate::roles::{self, Role};
use crate::{credits, disputes};

/// Gas of one round of a code's commitment: the EVM's price of a hash of one word.
const CODE_ROUND_GAS: u64 = 36;

/// Places, or asks for approval, or says everything that stands against it.
pub(super) fn place(d: &mut Draft<'_>, wish: Wish, code_commitment: B256, sealed: Vec<u8>) -> Result<Output, Failure> {
    within(sealed.len() as u64 <= u64::from(SEALED_MAX_BYTES), Field::SealedAddress)?;
    let env = d.env;
    let (reasons, scene) = look(d, &env, &wish)?;
    let Some(scene) = scene.filter(|_| reasons.is_empty()) else {
        return Err(Refusal::CannotPlace { reasons }.into());
    };
    let now = env.time_ms;
    let Scene { device, offer, mandate, arbiter, fallback, .. } = &scene;
    let mut slot = scene.slot.clone();
    slot.attempts = slot.attempts.saturating_add(1);
    let id = order_id(device.id, slot.slot, slot.cycle, slot.attempts);
    let terms = &offer.terms;
    let order = Order {
        id,
        device: device.id,
        slot: slot.slot,
        cycle: slot.cycle,
        attempt: slot.attempts,
        owner: device.owner,
        shop: offer.shop,
        offer: offer.id,
        gtin: terms.gtin,
        content: terms.content,
        credit: mandate.terms.credit,
        total: total(offer),
        state: OrderState::PendingApproval,
        created_ms: now,
        placed_ms: 0,
        shipped_ms: 0,
        since_ms: now,
        deadline_ms: 0,
        ends_ms: now.saturating_add(ORDER_MAX_MS),
        cancel_ms: terms.cancel_ms,
        ship_by_ms: terms.ship_by_ms,
        deliver_by_ms: terms.deliver_by_ms,
        return_ms: terms.return_ms,
        arbiter: *arbiter,
        fallback: *fallback,
        default_refund_percent: terms.default_refund_percent,
        evidence_settles: mandate.terms.evidence_settles,
        evidence_ms: None,
        code_commitment,
        code_tries: 0,
        address_commitment: mandate.terms.address_commitment,
        mandate_revision: mandate.revision,
        mandate_period: 0,
        owner_refund: None,
        shop_refund: None,
        carrier: None,
        sscc: None,
        tracking: String::new(),
        return_proof: B256::ZERO,
        dispute_bond: 0,
        dispute_bond_from_escrow: false,
    };
    slot.open_order = Some(id);
    slot.armed = false;
    // Before the first reading nothing is known that a rise could be measured from.
    slot.lowest = if slot.level_ms == 0 { LEVEL_MAX } else { slot.level };
    SLOTS.put(d, &(device.id, slot.slot), &slot);
    SEALED.put(d, &id, &SealedAddress { order: id, bytes: sealed });
    let Order { device, slot, owner, shop, offer, total, .. } = order;
    d.emit(Event::OrderAsked { order: id, device, slot, owner, shop, offer, total });
    if moves_money(wish.placer, scene.mandate.terms.mode) {
        return fund(d, order, scene);
    }
    enter(d, order, None, OrderState::PendingApproval, APPROVAL_MS)?;
    Ok(Output::Id(id))
}

/// Fills the escrow, reserves the bond, takes a pack and counts the mandate's spend.
pub(super) fn fund(d: &mut Draft<'_>, mut order: Order, scene: Scene) -> Result<Output, Failure> {
    let Scene { mut mandate, mut offer, mut shop, arbiter, fallback, .. } = scene;
    let (now, id) = (d.env.time_ms, order.id);
    credits::hold(d, order.credit, order.owner, escrow(id), order.total)?;
    shop.reserved = shop.reserved.saturating_add(order.total);
    SHOPS.put(d, &shop.account, &shop);
    shop.tell_bond(d);
    offer.stock = offer.stock.saturating_sub(1);
    offer.taken = offer.taken.saturating_add(1);
    OFFERS.put(d, &offer.id, &offer);
    let (period, spent, count) = period_at(&mandate, now);
    mandate.period = period;
    mandate.spent = spent.saturating_add(order.total);
    mandate.count = count.saturating_add(1);
    mandate.placed_ms = now;
    MANDATES.put(d, &(order.device, order.slot), &mandate);
    // Who decides, and what the owner allows, is pinned at placing: the mandate may be another than at the asking.
    order.arbiter = arbiter;
    order.fallback = fallback;
    order.evidence_settles = mandate.terms.evidence_settles;
    order.mandate_revision = mandate.revision;
    order.mandate_period = period;
    order.placed_ms = now;
    let from = (order.deadline_ms > 0).then_some(order.state);
    enter(d, order, from, OrderState::Placed, ACCEPT_MS)?;
    Ok(Output::Id(id))
}

/// First entry into a state: an order that is new has no state that it came from.
fn enter(d: &mut Draft<'_>, mut order: Order, from: Option<OrderState>, to: OrderState, wait_ms: u64) -> Result<(), Failure> {
    order.state = to;
    ending::store(d, order, from, wait_ms)
}

pub(super) fn cancel(d: &mut Draft<'_>, action: CancelOrder) -> Result<Output, Failure> {
    let order = known_order(d, action.order)?;
    let caller = d.env.caller;
    if caller != order.owner && caller != order.shop {
        return Err(Refusal::NotParty { caller }.into());
    }
    let until_ms = order.placed_ms.saturating_add(order.cancel_ms);
    match (order.state, caller == order.owner) {
        (OrderState::PendingApproval, true) => finish(d, order, OrderState::Lapsed, Fault::Owner),
        (OrderState::Placed | OrderState::Accepted, true) if d.env.time_ms >= until_ms => {
            Err(Refusal::TooLate { until_ms }.into())
        }
        (OrderState::Placed | OrderState::Accepted, true) => refund(d, order, OrderState::Cancelled, Fault::Owner, 0),
        (OrderState::Placed, false) => refund(d, order, OrderState::Cancelled, Fault::Shop, 0),
        (OrderState::Accepted, false) => refund(d, order, OrderState::Cancelled, Fault::Shop, CANCEL_PENALTY_PERCENT),
        (state, _) => Err(Refusal::WrongState { state }.into()),
    }?;
    Ok(Output::None)
}

pub(super) fn accept(d: &mut Draft<'_>, action: AcceptOrder) -> Result<Output, Failure> {
    let order = known_order(d, action.order)?;
    require_shop(d, &order)?;
    require_state(&order, &[OrderState::Placed])?;
    let wait_ms = order.ship_by_ms;
    move_to(d, order, OrderState::Accepted, wait_ms)
}

pub(super) fn ship(d: &mut Draft<'_>, action: ShipOrder) -> Result<Output, Failure> {
    let ShipOrder { order, carrier, sscc, tracking } = action;
    let mut order = known_order(d, order)?;
    require_shop(d, &order)?;
    within(tracking.len() as u64 <= u64::from(TEXT_MAX_BYTES) && !tracking.chars().any(char::is_control), Field::Tracking)?;
    require_state(&order, &[OrderState::Accepted])?;
    let from_ms = order.placed_ms.saturating_add(order.cancel_ms);
    let now = d.env.time_ms;
    if now < from_ms {
        return Err(Refusal::TooEarly { from_ms }.into());
    }
    if let Some(carrier) = carrier
        && !roles::has(d, Role::Carrier, carrier, now)?
    {
        return Err(Refusal::NotACarrier { carrier }.into());
    }
    order.carrier = carrier;
    order.sscc = sscc;
    order.shipped_ms = now;
    order.tracking.clone_from(&tracking);
    d.emit(Event::ParcelNamed { order: order.id, carrier, sscc, tracking });
    let wait_ms = order.deliver_by_ms;
    move_to(d, order, OrderState::Shipped, wait_ms)
}

pub(super) fn confirm(d: &mut Draft<'_>, action: ConfirmDelivery) -> Result<Output, Failure> {
    let order = known_order(d, action.order)?;
    require_owner(d, order.owner)?;
    require_state(&order, &[OrderState::Shipped, OrderState::Claimed])?;
    settle(d, order)
}

/// A wrong code is not a refusal: a refusal would leave no trace, and tries must be counted.
pub(super) fn reveal(d: &mut Draft<'_>, action: RevealCode) -> Result<Output, Failure> {
    let mut order = known_order(d, action.order)?;
    require_shop_or_carrier(d, &order)?;
    require_state(&order, &[OrderState::Shipped, OrderState::Claimed])?;
    if order.code_commitment == B256::ZERO {
        return Err(Refusal::NoCode.into());
    }
    if order.code_tries >= CODE_TRIES_MAX {
        return Err(Refusal::CodeSpent.into());
    }
    d.charge(CODE_ROUND_GAS.saturating_mul(u64::from(CODE_ROUNDS)))?;
    if code_commitment(order.id, &action.code) == order.code_commitment {
        settle(d, order)?;
        return Ok(Output::Yes(true));
    }
    order.code_tries = order.code_tries.saturating_add(1);
    ORDERS.put(d, &order.id, &order);
    d.emit(Event::CodeWrong { order: order.id, tries_left: CODE_TRIES_MAX.saturating_sub(order.code_tries) });
    Ok(Output::Yes(false))
}

pub(super) fn claim(d: &mut Draft<'_>, action: ClaimDelivery) -> Result<Output, Failure> {
    let order = known_order(d, action.order)?;
    require_shop_or_carrier(d, &order)?;
    require_state(&order, &[OrderState::Shipped])?;
    move_to(d, order, OrderState::Claimed, CONTEST_MS)
}

/// The order that a device may say something about: of this slot, and of whoever owns the device now. A machine that was
/// sold knows nothing about its former owner's parcel.
pub(super) fn order_of_device(d: &mut Draft<'_>, device: &Device, slot: u8, order: OrderId) -> Result<Order, Failure> {
    let record = known_order(d, order)?;
    if (record.device, record.slot, record.owner) != (device.id, slot, device.owner) {
        return Err(Refusal::UnknownOrder { order }.into());
    }
    Ok(record)
}

/// A rise in level is good evidence. No rise proves nothing, so nothing follows from it.
pub(super) fn evidence(d: &mut Draft<'_>, mut order: Order, level: u64) -> Result<Output, Failure> {
    require_state(&order, &[OrderState::Shipped, OrderState::Claimed])?;
    let from = SLOTS.get(d, &(order.device, order.slot))?.map_or(level, |slot| slot.lowest);
    let rise = level.saturating_sub(from);
    let needed = order.content.saturating_mul(u64::from(EVIDENCE_RISE_PERCENT)) / 100;
    if rise < needed {
        return Err(Refusal::RiseTooSmall { rise, needed }.into());
    }
    let now = d.env.time_ms;
    d.emit(Event::EvidenceGiven { order: order.id, level });
    let first = order.evidence_ms.is_none();
    order.evidence_ms = order.evidence_ms.or(Some(now));
    if order.evidence_settles && first {
        let wait_ms = match order.state {
            OrderState::Claimed => EVIDENCE_CONTEST_MS.min(order.deadline_ms.saturating_sub(now)),
            _ => EVIDENCE_CONTEST_MS,
        };
        return move_to(d, order, OrderState::Claimed, wait_ms);
    }
    if order.state == OrderState::Shipped {
        return move_to(d, order, OrderState::Claimed, CONTEST_MS);
    }
    ORDERS.put(d, &order.id, &order);
    Ok(Output::None)
}

/// The owner puts up a bond; who has not got it has it set aside from the escrow.
pub(super) fn dispute(d: &mut Draft<'_>, action: OpenDispute) -> Result<Output, Failure> {
    let mut order = known_order(d, action.order)?;
    require_owner(d, order.owner)?;
    require_state(&order, &[OrderState::Shipped, OrderState::Claimed])?;
    let bond = ending::percent_of(order.total, DISPUTE_BOND_PERCENT);
    let (id, credit, owner) = (order.id, order.credit, order.owner);
    order.dispute_bond = bond;
    order.dispute_bond_from_escrow = credits::balance(d, credit, owner)? < bond;
    if order.dispute_bond_from_escrow {
        credits::move_hold(d, credit, escrow(id), dispute_bond(id), bond)?;
    } else {
        credits::hold(d, credit, owner, dispute_bond(id), bond)?;
    }
    d.emit(Event::Stated { order: id, by: owner, statement: action.statement });
    move_to(d, order, OrderState::Disputed, ANSWER_MS)
}

pub(super) fn answer(d: &mut Draft<'_>, action: AnswerDispute) -> Result<Output, Failure> {
    let order = known_order(d, action.order)?;
    require_shop(d, &order)?;
    require_state(&order, &[OrderState::Disputed])?;
    arbitrate(d, order, OrderState::Arbitration, action.statement)
}

/// Hands the order to its pinned arbiter, then the fallback, within the arbiters' time and the order's end.
fn arbitrate(d: &mut Draft<'_>, order: Order, to: OrderState, statement: B256) -> Result<Output, Failure> {
    d.emit(Event::Stated { order: order.id, by: order.shop, statement });
    disputes::open(
        d,
        disputes::Opening {
            id: order.id,
            module: MODULE,
            claimant: order.owner,
            respondent: order.shop,
            arbiter: order.arbiter,
            fallback: order.fallback.unwrap_or(order.arbiter),
            default_percent: order.default_refund_percent,
            end_ms: d.env.time_ms.saturating_add(ARBITRATION_MS).min(order.ends_ms),
        },
    )?;
    move_to(d, order, to, ARBITRATION_MS)
}

pub(super) fn agree(d: &mut Draft<'_>, action: AgreeRefund) -> Result<Output, Failure> {
    let mut order = known_order(d, action.order)?;
    let (by, refund) = (d.env.caller, action.refund);
    if by != order.owner && by != order.shop {
        return Err(Refusal::NotParty { caller: by }.into());
    }
    within(refund <= order.total, Field::Amount)?;
    if !order.state.has_escrow() {
        return Err(Refusal::WrongState { state: order.state }.into());
    }
    if by == order.owner {
        order.owner_refund = Some(refund);
    }
    if by == order.shop {
        order.shop_refund = Some(refund);
    }
    d.emit(Event::RefundNamed { order: order.id, by, refund });
    if order.owner_refund == order.shop_refund {
        ending::agreed(d, order, refund)?;
    } else {
        ORDERS.put(d, &order.id, &order);
    }
    Ok(Output::None)
}

pub(super) fn post_return(d: &mut Draft<'_>, action: PostReturn) -> Result<Output, Failure> {
    let mut order = known_order(d, action.order)?;
    require_owner(d, order.owner)?;
    require_state(&order, &[OrderState::Settled])?;
    if d.env.time_ms >= order.deadline_ms {
        return Err(Refusal::TooLate { until_ms: order.deadline_ms }.into());
    }
    order.return_proof = action.proof;
    d.emit(Event::Stated { order: order.id, by: order.owner, statement: action.proof });
    move_to(d, order, OrderState::ReturnPosted, RETURN_ANSWER_MS)
}

pub(super) fn confirm_return(d: &mut Draft<'_>, action: ConfirmReturn) -> Result<Output, Failure> {
    let order = known_order(d, action.order)?;
    require_shop(d, &order)?;
    require_state(&order, &[OrderState::ReturnPosted, OrderState::ReturnDenied])?;
    if order.state == OrderState::ReturnDenied {
        disputes::close(d, order.id);
    }
    ending::returned(d, order)?;
    Ok(Output::None)
}

pub(super) fn deny_return(d: &mut Draft<'_>, action: DenyReturn) -> Result<Output, Failure> {
    let order = known_order(d, action.order)?;
    require_shop(d, &order)?;
    require_state(&order, &[OrderState::ReturnPosted])?;
    arbitrate(d, order, OrderState::ReturnDenied, action.statement)
}

fn require_shop(d: &Draft<'_>, order: &Order) -> Result<(), Failure> {
    let (caller, shop) = (d.env.caller, order.shop);
    if caller == shop { Ok(()) } else { Err(Refusal::NotShop { caller, shop }.into()) }
}

fn require_shop_or_carrier(d: &Draft<'_>, order: &Order) -> Result<(), Failure> {
    let caller = d.env.caller;
    if caller == order.shop || Some(caller) == order.carrier { Ok(()) } else { Err(Refusal::NotParty { caller }.into()) }
}

fn require_state(order: &Order, allowed: &[OrderState]) -> Result<(), Failure> {
    if allowed.contains(&order.state) { Ok(()) } else { Err(Refusal::WrongState { state: order.state }.into()) }
}
