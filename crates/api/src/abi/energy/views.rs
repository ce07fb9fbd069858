//! Questions, and records as Solidity sees them.

use super::IEnergy::{self, IEnergyCalls as C};
use crate::abi::View;
use crate::abi::keys::key_parts;
use alloy_primitives::{Bytes, I256, U256};
use alloy_sol_types::SolCall as _;
use alloy_sol_types::SolValue as _;
use dure_rules::energy::*;

/// The question, or `None` where the call asks for an action.
pub(super) fn decode(call: C) -> Option<View> {
    Some(match call {
        C::market(c) => Box::new(move |d| {
            let record = MARKETS.get(d, &c.id)?.ok_or(Refusal::UnknownMarket { market: c.id })?;
            let pot = purse(d, c.id, MODULE)?.nano;
            Ok(market(record, pot).abi_encode())
        }),
        C::meter(c) => Box::new(move |d| {
            let record = METERS.get(d, &c.id)?.ok_or(Refusal::UnknownMeter { meter: c.id })?;
            Ok(meter(&record).abi_encode())
        }),
        C::meterAt(c) => Box::new(move |d| {
            let listed = LISTED.get(d, &(c.market, c.number))?.ok_or(Refusal::UnknownMarket { market: c.market })?;
            Ok(listed.meter.abi_encode())
        }),
        C::purse(c) => Box::new(move |d| {
            let record = purse(d, c.market, c.account)?;
            let answer = IEnergy::purseReturn { nano: wide(record.nano), heldNano: U256::from(record.held_nano) };
            Ok(IEnergy::purseCall::abi_encode_returns(&answer))
        }),
        C::auction(c) => Box::new(move |d| {
            let record = AUCTIONS.get(d, &c.id)?.ok_or(Refusal::UnknownAuction { auction: c.id })?;
            Ok(auction(&record).abi_encode())
        }),
        C::auctionId(c) => Box::new(move |_| Ok(auction_id(c.market, c.firstSlot, c.slots).abi_encode())),
        C::redispatch(c) => Box::new(move |d| {
            let none = Redispatch { auction: c.auction, deficit: 0, surplus: 0, wh: 0, limit_micro: 0 };
            let Redispatch { deficit, surplus, wh, limit_micro, .. } = REDISPATCHES.get(d, &c.auction)?.unwrap_or(none);
            let answer = IEnergy::redispatchReturn { deficit, surplus, wh, limitMicro: limit_micro };
            Ok(IEnergy::redispatchCall::abi_encode_returns(&answer))
        }),
        C::book(c) => Box::new(move |d| Ok(Bytes::from(book(d, c.auction)?.to_bytes()).abi_encode())),
        C::slot(c) => Box::new(move |d| {
            let unknown = Refusal::UnknownSlot { market: c.market, slot: c.number };
            let record = SLOTS.get(d, &(c.market, c.number))?.ok_or(unknown)?;
            let answer = IEnergy::Slot {
                progress: record.progress as u8,
                priceMicro: record.price_micro,
                flowWh: record.flow_wh,
                supplierNano: wide(record.supplier_nano),
                longWh: record.long_wh,
                shortWh: record.short_wh,
                shiftedWh: record.shifted_wh,
                operatorNano: wide(record.operator_nano),
                shiftLimitMicro: record.shift_limit_micro,
            };
            Ok(answer.abi_encode())
        }),
        C::sharing(c) => Box::new(move |d| {
            let unknown = Refusal::UnknownDay { market: c.market, day: c.day };
            let record = SHARINGS.get(d, &(c.market, c.day))?.ok_or(unknown)?;
            let answer = IEnergy::sharingReturn {
                progress: record.progress as u8,
                poolNano: record.pool_nano,
                paidNano: record.paid_nano,
                capacityWh: record.capacity_wh,
            };
            Ok(IEnergy::sharingCall::abi_encode_returns(&answer))
        }),
        C::position(c) => Box::new(move |d| {
            let Position { net_wh, nano, .. } = position(d, c.meter, c.day)?;
            let answer = IEnergy::positionReturn { netWh: net_wh.to_vec(), nano: nano.to_vec() };
            Ok(IEnergy::positionCall::abi_encode_returns(&answer))
        }),
        C::metered(c) => Box::new(move |d| {
            let Metered { read, settled, challenged, net_wh, .. } = metered(d, c.meter, c.day)?;
            let answer = IEnergy::meteredReturn { netWh: net_wh.to_vec(), read, settled, challenged };
            Ok(IEnergy::meteredCall::abi_encode_returns(&answer))
        }),
        C::challenge(c) => Box::new(move |d| {
            let unknown = Refusal::UnknownChallenge { meter: c.meter, slot: c.slot };
            let record = CHALLENGES.get(d, &challenge_id(c.meter, c.slot))?.ok_or(unknown)?;
            let answer = IEnergy::challengeReturn {
                id: record.id,
                challenger: record.challenger,
                netWh: record.net_wh,
                stage: record.stage as u8,
                untilMs: record.until_ms,
            };
            Ok(IEnergy::challengeCall::abi_encode_returns(&answer))
        }),
        C::costOf(c) => Box::new(move |_| {
            let bid = Bid::from_bytes(&c.bid).ok_or(Refusal::BadBid)?;
            Ok(U256::from(cost_nano(&bid)).abi_encode())
        }),
        _ => return None,
    })
}

fn wide(nano: i128) -> I256 {
    I256::try_from(nano).unwrap_or_default()
}

fn market(record: Market, pot_nano: i128) -> IEnergy::Market {
    IEnergy::Market {
        name: record.name,
        operator: record.operator,
        supplier: record.supplier,
        credit: record.credit.0,
        nanoPerMinor: record.nano_per_minor,
        zones: zones(record.zones),
        terms: terms(&record.terms),
        meters: record.meters,
        potNano: wide(pot_nano),
        capacityWh: record.capacity_wh,
    }
}

pub(super) fn zones(zones: Vec<Zone>) -> Vec<IEnergy::Zone> {
    let zone =
        |z: Zone| IEnergy::Zone { name: z.name, parent: z.parent, upWh: z.up_wh, downWh: z.down_wh, feeMicro: z.fee_micro };
    zones.into_iter().map(zone).collect()
}

pub(super) fn terms(t: &Terms) -> IEnergy::Terms {
    IEnergy::Terms {
        retailMicro: t.retail_micro,
        feedInMicro: t.feed_in_micro,
        technicalMicro: t.technical_micro,
        dayGateMs: t.day_gate_ms,
        slotGateMs: t.slot_gate_ms,
        revealMs: t.reveal_ms,
        solveMs: t.solve_ms,
        readingMs: t.reading_ms,
        depositNano: t.deposit_nano,
        bondNano: t.bond_nano,
        rewardMaxNano: t.reward_max_nano,
        sharePermille: t.share_permille,
        reserveNano: t.reserve_nano,
        challengeMs: t.challenge_ms,
        answerMs: t.answer_ms,
        challengeNano: t.challenge_nano,
        arbiter: t.arbiter,
        fallbackArbiter: t.fallback,
    }
}

fn meter(record: &Meter) -> IEnergy::Meter {
    let (key_type, public_key) = key_parts(&record.key);
    IEnergy::Meter {
        market: record.market,
        number: record.number,
        owner: record.owner,
        keyType: key_type,
        publicKey: public_key,
        zone: record.zone,
        importMaxWh: record.import_max_wh,
        exportMaxWh: record.export_max_wh,
        attested: record.attested,
        counter: record.counter,
        readUntil: record.read_until,
        importWh: record.import_wh,
        exportWh: record.export_wh,
    }
}

fn auction(record: &Auction) -> IEnergy::Auction {
    IEnergy::Auction {
        market: record.market,
        firstSlot: record.first_slot,
        slots: record.slots,
        stage: record.stage as u8,
        untilMs: record.until_ms,
        commitments: record.commitments,
        orders: record.orders,
        batteries: record.batteries,
        accepted: record.accepted.unwrap_or_default(),
        welfareNano: wide(record.welfare_nano),
    }
}
