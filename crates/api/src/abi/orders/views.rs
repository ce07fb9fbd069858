//! Questions, and records as Solidity sees them.

use super::IOrders::{self, IOrdersCalls as C};
use crate::abi::View;
use crate::abi::keys::key_parts;
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolValue as _;
use dure_rules::orders::*;
use dure_rules::{Gtin, Sscc};

/// The question, or `None` where the call asks for an action.
pub(super) fn decode(call: C) -> Option<View> {
    Some(match call {
        C::device(c) => Box::new(move |d| {
            let record = DEVICES.get(d, &c.id)?.ok_or(Refusal::UnknownDevice { device: c.id })?;
            let (key_type, public_key) = key_parts(&record.key);
            let answer = IOrders::Device {
                owner: record.owner,
                model: record.model.get(),
                keyType: key_type,
                publicKey: public_key,
                keyEpoch: record.key_epoch,
                sequence: record.sequence,
                attestation: record.attestation,
                status: status(record.status),
            };
            Ok(answer.abi_encode())
        }),
        C::slotOf(c) => Box::new(move |d| {
            let record = SLOTS.get(d, &(c.device, c.slot))?;
            let record = record.ok_or(Refusal::UnknownSlot { device: c.device, slot: c.slot })?;
            Ok(slot(record).abi_encode())
        }),
        C::mandateOf(c) => Box::new(move |d| {
            let record = MANDATES.get(d, &(c.device, c.slot))?;
            let record = record.ok_or(Refusal::UnknownMandate { device: c.device, slot: c.slot })?;
            let answer = IOrders::Mandate {
                owner: record.owner,
                revision: record.revision,
                terms: mandate_terms(&record.terms),
                paused: record.paused,
                sinceMs: record.since_ms,
                period: record.period,
                spent: U256::from(record.spent),
                count: record.count,
                placedMs: record.placed_ms,
            };
            Ok(answer.abi_encode())
        }),
        C::shop(c) => Box::new(move |d| {
            let record = SHOPS.get(d, &c.account)?.ok_or(Refusal::UnknownShop { shop: c.account })?;
            let (free, payout) = (record.free_bond(), record.payout_at(d.env.time_ms));
            let answer = IOrders::Shop {
                gln: record.gln.get(),
                name: record.name,
                sealingKey: record.sealing_key,
                credit: record.credit.0,
                payout,
                bond: U256::from(record.bond),
                reserved: U256::from(record.reserved),
                free: U256::from(free),
                offers: record.offers,
            };
            Ok(answer.abi_encode())
        }),
        C::offer(c) => Box::new(move |d| {
            let record = OFFERS.get(d, &c.id)?.ok_or(Refusal::UnknownOffer { offer: c.id })?;
            let terms = offer_terms(&record.terms);
            let Offer { shop, version, stock, withdrawn, .. } = record;
            Ok(IOrders::Offer { shop, version, terms, stock, withdrawn }.abi_encode())
        }),
        C::order(c) => Box::new(move |d| {
            let record = ORDERS.get(d, &c.id)?.ok_or(Refusal::UnknownOrder { order: c.id })?;
            let sealed = SEALED.get(d, &c.id)?.map(|sealed| sealed.bytes).unwrap_or_default();
            Ok(order(record, sealed).abi_encode())
        }),
        C::previewDevice(c) => Box::new(move |d| {
            let placer = Placer::Device { level: c.level };
            let (env, wish) = (d.env, Wish { device: c.device, slot: c.slot, offer: c.offer, placer });
            Ok(preview(d, &env, &wish)?.0.abi_encode())
        }),
        C::previewOwner(c) => Box::new(move |d| {
            let (env, wish) = (d.env, Wish { device: c.device, slot: c.slot, offer: c.offer, placer: Placer::Owner });
            Ok(preview(d, &env, &wish)?.0.abi_encode())
        }),
        C::check(c) => Box::new(move |d| {
            let env = d.env;
            let reasons = check(d, &env, c.order)?.ok_or(Refusal::UnknownOrder { order: c.order })?;
            Ok(reasons.0.abi_encode())
        }),
        C::holidayOf(c) => Box::new(move |d| Ok(HOLIDAYS.get(d, &c.owner)?.map_or(0, |record| record.until_ms).abi_encode())),
        _ => return None,
    })
}

pub(super) fn status(status: DeviceStatus) -> u8 {
    match status {
        DeviceStatus::Active => 0,
        DeviceStatus::Suspended => 1,
        DeviceStatus::Retired => 2,
    }
}

/// As in [`OrderState::ALL`].
pub(super) fn state(state: OrderState) -> u8 {
    state as u8
}

pub(super) fn numbers(gtins: &[Gtin]) -> Vec<u64> {
    gtins.iter().map(|gtin| gtin.get()).collect()
}

pub(super) fn mandate_terms(t: &MandateTerms) -> IOrders::MandateTerms {
    IOrders::MandateTerms {
        mode: match t.mode {
            Mode::Auto => 0,
            Mode::Confirm => 1,
            Mode::Notify => 2,
        },
        credit: t.credit.0,
        shops: t.shops.clone(),
        gtins: numbers(&t.gtins),
        unitPriceMax: U256::from(t.unit_price_max),
        orderMax: U256::from(t.order_max),
        periodMs: t.period_ms,
        periodAmountMax: U256::from(t.period_amount_max),
        periodCountMax: t.period_count_max,
        intervalMinMs: t.interval_min_ms,
        arbiters: t.arbiters.clone(),
        defaultRefundMinPercent: t.default_refund_min_percent,
        evidenceSettles: t.evidence_settles,
        addressCommitment: t.address_commitment,
        expiresMs: t.expires_ms,
    }
}

/// What an offer promises, as Solidity sees it.
pub fn offer_terms(t: &OfferTerms) -> IOrders::OfferTerms {
    IOrders::OfferTerms {
        gtin: t.gtin.get(),
        content: t.content,
        unit: t.unit.clone(),
        price: U256::from(t.price),
        tax: U256::from(t.tax),
        shipping: U256::from(t.shipping),
        cancelMs: t.cancel_ms,
        shipByMs: t.ship_by_ms,
        deliverByMs: t.deliver_by_ms,
        returnMs: t.return_ms,
        arbiters: t.arbiters.clone(),
        defaultRefundPercent: t.default_refund_percent,
        validUntilMs: t.valid_until_ms,
    }
}

fn slot(r: Slot) -> IOrders::Slot {
    IOrders::Slot {
        unit: r.unit,
        capacity: r.capacity,
        threshold: r.threshold,
        rearm: r.rearm,
        gtins: numbers(&r.gtins),
        cycle: r.cycle,
        attempts: r.attempts,
        armed: r.armed,
        leftOut: r.left_out,
        packsAtHome: r.packs_at_home,
        level: r.level,
        levelMs: r.level_ms,
        openOrder: r.open_order.unwrap_or_default(),
    }
}

fn order(r: Order, sealed: Vec<u8>) -> IOrders::Order {
    let terms = IOrders::OrderTerms {
        offer: r.offer,
        gtin: r.gtin.get(),
        content: r.content,
        credit: r.credit.0,
        total: U256::from(r.total),
        cancelMs: r.cancel_ms,
        arbiter: r.arbiter,
        fallbackArbiter: r.fallback.unwrap_or(Address::ZERO),
        defaultRefundPercent: r.default_refund_percent,
        codeCommitment: r.code_commitment,
        addressCommitment: r.address_commitment,
    };
    IOrders::Order {
        device: r.device,
        slot: r.slot,
        cycle: r.cycle,
        attempt: r.attempt,
        owner: r.owner,
        shop: r.shop,
        terms,
        state: state(r.state),
        createdMs: r.created_ms,
        placedMs: r.placed_ms,
        shippedMs: r.shipped_ms,
        sinceMs: r.since_ms,
        deadlineMs: r.deadline_ms,
        endsMs: r.ends_ms,
        codeTries: r.code_tries,
        carrier: r.carrier.unwrap_or(Address::ZERO),
        sscc: r.sscc.map_or(0, Sscc::get),
        tracking: r.tracking,
        sealedAddress: sealed.into(),
    }
}
