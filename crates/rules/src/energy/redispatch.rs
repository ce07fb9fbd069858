//! Redispatch: the operator pays for less flowing between two zones.

use super::book::Outcome;
use super::*;
use crate::deadlines::{self, Due};
use crate::{Record, Table};
use borsh::{BorshDeserialize, BorshSerialize};

/// What the operator asks of the auction of a slot: it buys in the one zone and sells as much in the other, so that less flows from there to here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Redispatch {
    pub auction: AuctionId,
    /// Where it buys: what lies beyond the lines that are too full.
    pub deficit: u8,
    /// Where it sells.
    pub surplus: u8,
    /// At most, Wh.
    pub wh: u32,
    /// The most that the price of the one zone may be above that of the other, micro-units per kWh: what it pays, and never more.
    pub limit_micro: i64,
}

impl Record for Redispatch {
    const MAX_BYTES: u32 = 46;
}

pub const REDISPATCHES: Table<AuctionId, Redispatch> = Table::new(0x60, "energy.redispatches");

/// Upon the operator's order: what it can cost at most is set aside.
pub(super) fn order(d: &mut Draft<'_>, action: OrderRedispatch) -> Result<Output, Failure> {
    let OrderRedispatch { market, slot, deficit, surplus, wh, limit_micro } = action;
    let record = known_market(d, market)?;
    markets::require_operator(d, &record)?;
    let zone = |zone: u8| usize::from(zone) < record.zones.len();
    within(zone(deficit) && zone(surplus) && deficit != surplus, Field::Zone)?;
    let earlier = REDISPATCHES.get(d, &auction_id(market, slot, 1))?;
    within(wh <= SLOT_WH_MAX && (wh > 0 || earlier.is_some()), Field::Wh)?;
    within(limit_micro > 0 && limit_micro < record.terms.technical_micro, Field::Price)?;
    let Some((from_ms, until_ms)) = auctions::open_ms(&record.terms, slot, 1) else {
        return Err(Refusal::OutOfBounds { field: Field::Slots }.into());
    };
    let now = d.env.time_ms;
    if now < from_ms || now >= until_ms {
        return Err(Refusal::NotOpen { from_ms, until_ms }.into());
    }
    let (auction, new) = auctions::opened(d, market, slot, 1, until_ms)?;
    let id = auction.id;
    reset_aside(d, market, record.operator, earlier.as_ref().map_or(0, most_nano), 0)?;
    let order = Redispatch { auction: id, deficit, surplus, wh, limit_micro };
    set_aside(d, market, record.operator, most_nano(&order))?;
    if wh == 0 {
        REDISPATCHES.remove(d, &id);
    } else {
        REDISPATCHES.put(d, &id, &order);
    }
    if new {
        deadlines::schedule(d, until_ms, Due::Auction(id))?;
        AUCTIONS.put(d, &id, &auction);
    }
    d.emit(Event::RedispatchOrdered { auction: id, market, slot, deficit, surplus, wh, limit_micro });
    Ok(Output::Id(id))
}

/// The most that an order can cost, nano-units.
pub(super) fn most_nano(order: &Redispatch) -> u128 {
    u128::from(order.limit_micro.max(0).unsigned_abs()).saturating_mul(order.wh.into())
}

/// Upon the end of the auction: what the order could have cost is free again but for what it does cost.
pub(super) fn close(d: &mut Draft<'_>, auction: &Auction, outcome: Option<&Outcome>) -> Result<(), Failure> {
    let Some(order) = REDISPATCHES.get(d, &auction.id)? else { return Ok(()) };
    REDISPATCHES.remove(d, &auction.id);
    let operator = known_market(d, auction.market)?.operator;
    let (wh, nano) = outcome.map_or((0, 0), |outcome| (outcome.shifted_wh, outcome.operator_nano.unsigned_abs()));
    reset_aside(d, auction.market, operator, most_nano(&order), nano)?;
    d.emit(Event::Redispatched { auction: auction.id, wh, nano });
    Ok(())
}

/// What is shifted goes the way from the deficit to the surplus, so as much of each line on that way is kept for it, and it is at most what the narrowest has.
pub(super) fn reserve(zones: &[Zone], order: &mut Redispatch, free_wh: &mut [(u32, u32)]) {
    let way = way(zones, order.deficit, order.surplus);
    for step in &way {
        let (up, down) = free_wh.get(step.zone).copied().unwrap_or_default();
        order.wh = order.wh.min(if step.up { up } else { down });
    }
    for step in &way {
        if let Some((up, down)) = free_wh.get_mut(step.zone) {
            let side = if step.up { up } else { down };
            *side = side.saturating_sub(order.wh);
        }
    }
}

/// Adds what is shifted to what flows over the lines on its way.
pub(super) fn carry(zones: &[Zone], order: &Redispatch, shifted_wh: u32, flow_wh: &mut [i64]) {
    let wh = i64::from(shifted_wh);
    for step in way(zones, order.deficit, order.surplus) {
        if let Some(flow) = flow_wh.get_mut(step.zone) {
            *flow = flow.saturating_add(if step.up { wh } else { wh.saturating_neg() });
        }
    }
}

/// A line by its lower zone, and whether it is gone towards the parent.
struct Step {
    zone: usize,
    up: bool,
}

/// The lines from one zone to another. The farther from the root of two is not a parent of the other, and a parent has the lower number.
fn way(zones: &[Zone], from: u8, to: u8) -> Vec<Step> {
    let (mut here, mut there) = (usize::from(from), usize::from(to));
    let mut steps = Vec::new();
    for _ in zones {
        let up = here > there;
        let lower = here.max(there);
        let Some(zone) = zones.get(lower).filter(|zone| here != there && usize::from(zone.parent) < lower) else { break };
        steps.push(Step { zone: lower, up });
        *(if up { &mut here } else { &mut there }) = zone.parent.into();
    }
    steps
}
