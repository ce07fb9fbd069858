//! What always holds: one function an invariant, over all records.

use super::*;
use crate::credits::HOLD;
use crate::deadlines::{Due, ENTRY};
use crate::{Memory, Violation};
use std::collections::{BTreeMap, BTreeSet};

/// A dump of the institution's records.
struct All {
    markets: Vec<Market>,
    meters: BTreeMap<MeterId, Meter>,
    purses: Vec<Purse>,
    auctions: Vec<Auction>,
    commitments: Vec<Commitment>,
    redispatches: Vec<Redispatch>,
    submissions: Vec<Submission>,
    positions: Vec<Position>,
    metered: BTreeMap<(MeterId, u32), Metered>,
    slots: Vec<SlotBook>,
    sharings: Vec<Sharing>,
    challenges: Vec<Challenge>,
    tills: BTreeMap<MarketId, Amount>,
    due: BTreeSet<Due>,
}

/// ENERGY-1 to ENERGY-8.
///
/// # Errors
/// A record that does not decode.
pub fn audit(all: &Memory) -> Result<Vec<Violation>, Stop> {
    let all = All {
        markets: MARKETS.scan(all)?,
        meters: METERS.scan(all)?.into_iter().map(|meter| (meter.id, meter)).collect(),
        purses: PURSES.scan(all)?,
        auctions: AUCTIONS.scan(all)?,
        commitments: COMMITMENTS.scan(all)?,
        redispatches: REDISPATCHES.scan(all)?,
        submissions: SUBMISSIONS.scan(all)?,
        positions: POSITIONS.scan(all)?,
        metered: METERED.scan(all)?.into_iter().map(|metered| ((metered.meter, metered.day), metered)).collect(),
        slots: SLOTS.scan(all)?,
        sharings: SHARINGS.scan(all)?,
        challenges: CHALLENGES.scan(all)?,
        tills: HOLD
            .scan(all)?
            .into_iter()
            .filter(|hold| hold.id.module == MODULE)
            .map(|hold| (hold.id.id, hold.amount))
            .collect(),
        due: ENTRY.scan(all)?.into_iter().map(|entry| entry.due).collect(),
    };
    let checks: [fn(&All) -> Vec<Violation>; 8] = [
        purses_are_the_till,
        held_is_what_needs_it,
        everything_unfinished_has_a_deadline,
        positions_are_the_flow_at_the_root,
        sums_are_the_deviations,
        the_pot_owes_nobody,
        the_operator_pays_no_more_than_it_said,
        capacities_are_those_of_the_attested,
    ];
    Ok(checks.iter().flat_map(|check| check(&all)).collect())
}

/// ENERGY-1.
fn purses_are_the_till(all: &All) -> Vec<Violation> {
    let mut violations = Vec::new();
    for market in &all.markets {
        let till = i128::try_from(all.tills.get(&market.id).copied().unwrap_or(0)).unwrap_or(i128::MAX);
        let till = till.saturating_mul(market.nano_per_minor.into());
        let purses: i128 = all.purses.iter().filter(|purse| purse.market == market.id).map(|purse| purse.nano).sum();
        if till != purses {
            violations.push(Violation::new("ENERGY-1", format!("{}: {till} in the till, {purses} in purses", market.name)));
        }
    }
    violations
}

/// ENERGY-2.
fn held_is_what_needs_it(all: &All) -> Vec<Violation> {
    let mut needs: BTreeMap<(MarketId, Address), u128> = BTreeMap::new();
    let mut need = |market: MarketId, account: Address, nano: u128| {
        let sum = needs.entry((market, account)).or_default();
        *sum = sum.saturating_add(nano);
    };
    let market_of: BTreeMap<AuctionId, MarketId> = all.auctions.iter().map(|auction| (auction.id, auction.market)).collect();
    let bonds: BTreeMap<MarketId, u64> = all.markets.iter().map(|market| (market.id, market.terms.bond_nano)).collect();
    let operators: BTreeMap<MarketId, Address> = all.markets.iter().map(|market| (market.id, market.operator)).collect();
    for sealed in &all.commitments {
        need(market_of.get(&sealed.auction).copied().unwrap_or_default(), sealed.account, sealed.held_nano);
    }
    for order in &all.redispatches {
        let market = market_of.get(&order.auction).copied().unwrap_or_default();
        need(market, operators.get(&market).copied().unwrap_or_default(), redispatch::most_nano(order));
    }
    for book in all.slots.iter().filter(|book| book.progress != Progress::Settled) {
        let operator = operators.get(&book.market).copied().unwrap_or_default();
        need(book.market, operator, book.operator_nano.min(0).unsigned_abs());
    }
    for sharing in &all.sharings {
        need(sharing.market, MODULE, sharing.left_nano());
    }
    let challenge_nano: BTreeMap<MarketId, u64> = all.markets.iter().map(|of| (of.id, of.terms.challenge_nano)).collect();
    for challenge in &all.challenges {
        let market = all.meters.get(&challenge.meter).map(|meter| meter.market).unwrap_or_default();
        need(market, challenge.challenger, challenge_nano.get(&market).copied().unwrap_or_default().into());
    }
    for submission in all.submissions.iter().filter(|submission| !submission.over) {
        let market = market_of.get(&submission.auction).copied().unwrap_or_default();
        need(market, submission.solver, bonds.get(&market).copied().unwrap_or_default().into());
    }
    for position in &all.positions {
        let Some(meter) = all.meters.get(&position.meter) else { continue };
        let settled = all.metered.get(&(position.meter, position.day)).map_or(0, |metered| metered.settled);
        for (_, nano) in position.nano.iter().enumerate().filter(|(at, _)| settled & (1u128 << at) == 0) {
            need(meter.market, meter.owner, auctions::cost(*nano));
        }
    }
    let wrong = |purse: &&Purse| purse.held_nano != needs.get(&(purse.market, purse.account)).copied().unwrap_or(0);
    all.purses.iter().filter(wrong).map(|purse| Violation::new("ENERGY-2", format!("{purse:?}"))).collect()
}

/// ENERGY-3.
fn everything_unfinished_has_a_deadline(all: &All) -> Vec<Violation> {
    let auctions = all.auctions.iter().filter(|auction| auction.stage != Stage::Cleared).map(|auction| Due::Auction(auction.id));
    let slots = all.slots.iter().filter(|book| book.progress != Progress::Settled).map(|book| Due::Slot(book.market, book.slot));
    let days = all.sharings.iter().filter(|sharing| sharing.progress != Progress::Settled);
    let days = days.map(|sharing| Due::Sharing(sharing.market, sharing.day));
    let challenges = all.challenges.iter().map(|challenge| match challenge.stage {
        ChallengeStage::Asked => Due::Challenge(challenge.id),
        ChallengeStage::Disputed => Due::Dispute(challenge.id),
    });
    let missing = auctions.chain(slots).chain(days).chain(challenges).filter(|due| !all.due.contains(due));
    missing.map(|due| Violation::new("ENERGY-3", format!("nothing is scheduled for {due:?}"))).collect()
}

/// ENERGY-4.
fn positions_are_the_flow_at_the_root(all: &All) -> Vec<Violation> {
    let mut sold: BTreeMap<(MarketId, Slot), i64> = BTreeMap::new();
    for position in &all.positions {
        let Some(meter) = all.meters.get(&position.meter) else { continue };
        for (slot, wh) in (position.day.saturating_mul(DAY_SLOTS)..).zip(&position.net_wh) {
            let sum = sold.entry((meter.market, slot)).or_default();
            *sum = sum.saturating_add((*wh).into());
        }
    }
    let wrong = |book: &&SlotBook| {
        book.flow_wh.first().copied().unwrap_or(0) != sold.get(&(book.market, book.slot)).copied().unwrap_or(0)
    };
    all.slots
        .iter()
        .filter(wrong)
        .map(|book| Violation::new("ENERGY-4", format!("slot {}: {:?}", book.slot, book.flow_wh)))
        .collect()
}

/// ENERGY-5.
fn sums_are_the_deviations(all: &All) -> Vec<Violation> {
    let positions: BTreeMap<(MeterId, u32), &Position> = all.positions.iter().map(|of| ((of.meter, of.day), of)).collect();
    let mut sums: BTreeMap<(MarketId, Slot), [i64; 2]> = BTreeMap::new();
    for metered in all.metered.values() {
        let Some(meter) = all.meters.get(&metered.meter) else { continue };
        let position = positions.get(&(metered.meter, metered.day));
        for (at, net_wh) in metered.net_wh.iter().enumerate().filter(|(at, _)| metered.read & (1u128 << at) != 0) {
            let sold = position.and_then(|of| of.net_wh.get(at)).copied().unwrap_or(0);
            let deviation = i64::from(*net_wh).saturating_sub(sold.into());
            let slot = metered.day.saturating_mul(DAY_SLOTS).saturating_add(u32::try_from(at).unwrap_or(0));
            let [long, short] = sums.entry((meter.market, slot)).or_default();
            let side = if deviation > 0 { long } else { short };
            *side = side.saturating_add(deviation.saturating_abs());
        }
    }
    let sum = |of: &[u64]| i64::try_from(of.iter().sum::<u64>()).unwrap_or(i64::MAX);
    // A reading that came too late changes what is read and not the sums.
    let running = all.slots.iter().filter(|book| book.progress == Progress::Running);
    let wrong = running.filter(|book| {
        sums.get(&(book.market, book.slot)).copied().unwrap_or_default() != [sum(&book.long_wh), sum(&book.short_wh)]
    });
    wrong.map(|book| Violation::new("ENERGY-5", format!("{book:?}"))).collect()
}

/// ENERGY-6.
fn the_pot_owes_nobody(all: &All) -> Vec<Violation> {
    let pots = all.purses.iter().filter(|purse| purse.account == MODULE);
    let owing = pots.filter(|pot| pot.free_nano() < 0);
    let shared = all.sharings.iter().filter(|sharing| sharing.paid_nano > sharing.pool_nano);
    let wrong = owing.map(|pot| format!("{pot:?}")).chain(shared.map(|sharing| format!("{sharing:?}")));
    wrong.map(|what| Violation::new("ENERGY-6", what)).collect()
}

/// ENERGY-7.
fn the_operator_pays_no_more_than_it_said(all: &All) -> Vec<Violation> {
    let wrong = |book: &&SlotBook| {
        let most = i128::from(book.shift_limit_micro).saturating_mul(book.shifted_wh.into());
        book.operator_nano > 0 || book.operator_nano < most.saturating_neg()
    };
    all.slots.iter().filter(wrong).map(|book| Violation::new("ENERGY-7", format!("{book:?}"))).collect()
}

/// ENERGY-8.
fn capacities_are_those_of_the_attested(all: &All) -> Vec<Violation> {
    let mut sums: BTreeMap<MarketId, u64> = BTreeMap::new();
    for meter in all.meters.values().filter(|meter| meter.attested) {
        let sum = sums.entry(meter.market).or_default();
        *sum = sum.saturating_add(meter.capacity_wh());
    }
    let wrong = all.markets.iter().filter(|market| market.capacity_wh != sums.get(&market.id).copied().unwrap_or(0));
    wrong.map(|market| Violation::new("ENERGY-8", format!("{}: {} Wh", market.name, market.capacity_wh))).collect()
}
