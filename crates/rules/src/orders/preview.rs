//! The two pure questions that anyone may ask, and that placing itself asks.

use super::{
    DEVICES, Device, DeviceStatus, MANDATES, Mandate, Mode, OFFERS, ORDERS, Offer, Order, OrderId, OrderState, Placer, Reason,
    Reasons, SHOPS, SLOTS, Shop, Slot, UNIT_PRICE_BASE, Wish, escrow,
};
use crate::{Address, Amount, Env, Source, Stop, credits};

/// Everything that a wish is about, as it stands.
pub(super) struct Scene {
    pub device: Device,
    pub slot: Slot,
    pub mandate: Mandate,
    pub offer: Offer,
    pub shop: Shop,
    /// The pinned arbiter and the fallback, where both sides name one.
    pub arbiter: Address,
    pub fallback: Option<Address>,
}

/// Why `wish` cannot be placed now by `env.caller`; empty: placing it succeeds on this state. A device in `Confirm` mode is
/// answered about asking: the owner's balance does not matter before the approval.
///
/// # Errors
/// What the source says.
pub fn preview(s: &mut (impl Source + ?Sized), env: &Env, wish: &Wish) -> Result<Reasons, Stop> {
    look(s, env, wish).map(|(reasons, _)| reasons)
}

/// What stands against an order that exists: it is over, overdue, or not backed as it says. Empty: it holds.
///
/// # Errors
/// What the source says.
pub fn check(s: &mut (impl Source + ?Sized), env: &Env, order: OrderId) -> Result<Option<Reasons>, Stop> {
    let Some(order) = ORDERS.get(s, &order)? else { return Ok(None) };
    let mut reasons = Reasons::default();
    reasons.add_if(order.state.is_final(), Reason::OrderFinal);
    reasons.add_if(!order.state.is_final() && env.time_ms >= order.deadline_ms, Reason::Overdue);
    if order.state.has_escrow() {
        let aside = if order.dispute_bond_from_escrow { order.dispute_bond } else { 0 };
        let held = credits::held(s, escrow(order.id))?.saturating_add(aside);
        reasons.add_if(held < order.total, Reason::EscrowShort);
    }
    if order.state.has_bond() {
        let shop = SHOPS.get(s, &order.shop)?;
        reasons.add_if(shop.is_none_or(|shop| shop.bond < order.total || shop.reserved < order.total), Reason::BondTooSmall);
    }
    Ok(Some(reasons))
}

/// [`preview`], with the records it looked at where they all stand.
pub(super) fn look(s: &mut (impl Source + ?Sized), env: &Env, wish: &Wish) -> Result<(Reasons, Option<Scene>), Stop> {
    let mut reasons = Reasons::default();
    let device = DEVICES.get(s, &wish.device)?;
    let slot = SLOTS.get(s, &(wish.device, wish.slot))?;
    let mandate = MANDATES.get(s, &(wish.device, wish.slot))?;
    let offer = OFFERS.get(s, &wish.offer)?;
    let shop = match &offer {
        Some(offer) => SHOPS.get(s, &offer.shop)?,
        None => None,
    };
    reasons.add_if(device.as_ref().is_none_or(|device| device.status != DeviceStatus::Active), Reason::DeviceInactive);
    reasons.add_if(slot.is_none(), Reason::NoSlot);
    reasons.add_if(mandate.is_none(), Reason::NoMandate);
    reasons.add_if(offer.is_none(), Reason::NoOffer);
    reasons.add_if(shop.is_none(), Reason::NoShop);
    let (Some(device), Some(slot), Some(mandate), Some(offer), Some(shop)) = (device, slot, mandate, offer, shop) else {
        return Ok((reasons, None));
    };
    let pending = match wish.placer {
        Placer::Approval { order } => ORDERS.get(s, &order)?,
        _ => None,
    };
    about_the_placer(&mut reasons, env, wish, &device, pending.as_ref());
    about_the_slot(&mut reasons, wish, &slot);
    about_the_offer(&mut reasons, env, &slot, &mandate, &offer, &shop);
    about_the_mandate(&mut reasons, env, wish, &mandate, &offer);
    let (arbiter, fallback) = arbiters(&mandate, &offer);
    reasons.add_if(arbiter.is_none(), Reason::NoCommonArbiter);
    if moves_money(wish.placer, mandate.terms.mode) {
        let have = credits::balance(s, mandate.terms.credit, device.owner)?;
        reasons.add_if(have < total(&offer), Reason::BalanceTooSmall);
    }
    let arbiter = arbiter.unwrap_or_default();
    Ok((reasons, Some(Scene { device, slot, mandate, offer, shop, arbiter, fallback })))
}

/// Whether the wish fills the escrow; else it makes a pending order.
pub(super) fn moves_money(placer: Placer, mode: Mode) -> bool {
    !matches!(placer, Placer::Device { .. }) || mode == Mode::Auto
}

/// Price, tax and shipping: bounded at publishing, so that the sum cannot overflow.
pub(super) fn total(offer: &Offer) -> Amount {
    offer.terms.price.saturating_add(offer.terms.tax).saturating_add(offer.terms.shipping)
}

/// Which period of the mandate `now_ms` lies in, and what was spent and placed in it.
pub(super) fn period_at(mandate: &Mandate, now_ms: u64) -> (u32, Amount, u32) {
    let period = now_ms.saturating_sub(mandate.since_ms).checked_div(mandate.terms.period_ms).unwrap_or_default();
    let period = u32::try_from(period).unwrap_or(u32::MAX);
    if period == mandate.period { (period, mandate.spent, mandate.count) } else { (period, 0, 0) }
}

fn about_the_placer(reasons: &mut Reasons, env: &Env, wish: &Wish, device: &Device, pending: Option<&Order>) {
    match wish.placer {
        Placer::Device { .. } => {}
        Placer::Owner => reasons.add_if(env.caller != device.owner, Reason::NotOwner),
        Placer::Approval { .. } => {
            let fits = |order: &&Order| {
                order.state == OrderState::PendingApproval
                    && (order.device, order.slot, order.offer) == (wish.device, wish.slot, wish.offer)
            };
            reasons.add_if(pending.filter(fits).is_none(), Reason::NotPending);
            reasons.add_if(pending.is_none_or(|order| env.caller != order.owner), Reason::NotOwner);
        }
    }
}

fn about_the_slot(reasons: &mut Reasons, wish: &Wish, slot: &Slot) {
    if let Placer::Device { level } = wish.placer {
        reasons.add_if(level > slot.threshold, Reason::LevelNotLow);
        reasons.add_if(!slot.armed, Reason::NotArmed);
        reasons.add_if(slot.packs_at_home > 0, Reason::PackAtHome);
    }
    match wish.placer {
        Placer::Approval { order } => reasons.add_if(slot.open_order != Some(order), Reason::OrderOpen),
        _ => {
            reasons.add_if(slot.open_order.is_some(), Reason::OrderOpen);
            reasons.add_if(slot.attempts >= super::ATTEMPTS_MAX, Reason::AttemptsSpent);
        }
    }
}

fn about_the_offer(reasons: &mut Reasons, env: &Env, slot: &Slot, mandate: &Mandate, offer: &Offer, shop: &Shop) {
    let terms = &offer.terms;
    reasons.add_if(offer.withdrawn, Reason::OfferWithdrawn);
    reasons.add_if(env.time_ms >= terms.valid_until_ms, Reason::OfferExpired);
    reasons.add_if(offer.stock == 0, Reason::OutOfStock);
    reasons.add_if(!slot.gtins.contains(&terms.gtin), Reason::GtinNotAccepted);
    reasons.add_if(slot.unit != terms.unit, Reason::UnitDiffers);
    reasons.add_if(slot.left_out.contains(&offer.shop), Reason::ShopLeftOut);
    reasons.add_if(shop.credit != mandate.terms.credit, Reason::CreditDiffers);
    reasons.add_if(shop.free_bond() < total(offer), Reason::BondTooSmall);
}

fn about_the_mandate(reasons: &mut Reasons, env: &Env, wish: &Wish, mandate: &Mandate, offer: &Offer) {
    let (terms, total) = (&mandate.terms, total(offer));
    reasons.add_if(env.time_ms >= terms.expires_ms, Reason::MandateExpired);
    if matches!(wish.placer, Placer::Device { .. }) {
        reasons.add_if(mandate.paused, Reason::MandatePaused);
        reasons.add_if(terms.mode == Mode::Notify, Reason::NotifyOnly);
    }
    reasons.add_if(!terms.shops.is_empty() && !terms.shops.contains(&offer.shop), Reason::ShopNotAllowed);
    reasons.add_if(!terms.gtins.contains(&offer.terms.gtin), Reason::GtinNotAllowed);
    // price / content ≤ max / base, without a division that would round.
    let asked = offer.terms.price.saturating_add(offer.terms.tax).saturating_mul(u128::from(UNIT_PRICE_BASE));
    let allowed = terms.unit_price_max.saturating_mul(u128::from(offer.terms.content));
    reasons.add_if(asked > allowed, Reason::UnitPriceTooHigh);
    reasons.add_if(total > terms.order_max, Reason::OrderTooDear);
    let (_, spent, count) = period_at(mandate, env.time_ms);
    reasons.add_if(spent.saturating_add(total) > terms.period_amount_max, Reason::PeriodAmountSpent);
    reasons.add_if(count >= terms.period_count_max, Reason::PeriodCountSpent);
    let next_ms = mandate.placed_ms.saturating_add(terms.interval_min_ms);
    reasons.add_if(mandate.placed_ms > 0 && env.time_ms < next_ms, Reason::IntervalTooShort);
    reasons.add_if(offer.terms.default_refund_percent < terms.default_refund_min_percent, Reason::DefaultShareTooSmall);
}

/// The mandate's order decides: its first arbiter that the offer names too is pinned, its second is the fallback.
fn arbiters(mandate: &Mandate, offer: &Offer) -> (Option<Address>, Option<Address>) {
    let mut common = mandate.terms.arbiters.iter().copied().filter(|arbiter| offer.terms.arbiters.contains(arbiter));
    (common.next(), common.next())
}
