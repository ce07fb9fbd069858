//! One slot in a tree of zones, cleared by the chain itself: exactly, and without a solver.
//!
//! # Protocol
//! A *curve* says how much a zone, with all that lies below it, puts in at each price; where bids take out more, it is negative. It only
//! rises, and it rises in steps: at its limit an offer begins to be put in, or a bid ceases to be taken out. Every zone has a technical
//! offer and a technical bid without end, so that each curve reaches every amount.
//!
//! *Up*, from the leaves to the root. Upon a zone whose children are done:
//! 1. Its steps are those of its orders and those that its children's lines let through. They are sorted by price and summed.
//! 2. The line to its parent lets through what lies between its caps. What is sent up costs the fee more at the parent than here; what is
//!    sent down brings the fee less there than here. So the steps of the part above 0 move up by the fee, those of the part below 0 move
//!    down by it, and between them the line is still.
//!
//! *Across*, at the root, which sends nothing anywhere: the price is where its curve crosses 0.
//!
//! *Down*, from the root to the leaves. Upon a zone of which it is known how much it sends up:
//! 1. Steps below the price at which its curve reaches that amount are done, those above are not. At that price its own come first (its
//!    offers are put in, its bids cease); what then is missing comes from its children in proportion to what each has at that price. So it
//!    is known what each sends up.
//! 2. Its highest price is the highest at which its curve has that amount, but no more than the parent's highest + the fee where more
//!    could be sent down, and − the fee where less could be sent up. Its lowest is the mirror of that. (They are the shortest paths to and
//!    from the outside of [`check`](super::check), found from the root outwards.)
//! 3. Its price is ⌊(highest + lowest) / 2⌋. Whatever is better than the price is filled whole; at the price offers and bids trade as much
//!    with each other as they can, and each side is filled [`pro_rata`].
//!
//! # Which of the best flows
//! Where prices differ by exactly a fee, a line may carry anything. Of all flows of greatest value this one has the least energy on
//! lines, summed over the lines: a line costs its fee and an infinitesimal more, which is kept as a number of lines beside each price and
//! never seen in one. This is the ε of Charnes (*Optimality and degeneracy in linear programming*, Econometrica 20, 1952). Among flows
//! that are equal in this too, it is decided as above, by numbers of zones and orders alone.
//!
//! # Cost
//! O(n log n + n · d) for n orders and d zones between the root and the farthest leaf: an order is sorted once, in its own zone, and merged
//! once in each zone above. No memory is asked for by single orders.
//!
//! # Source
//! Sums of curves along a tree are Rockafellar's characteristic curves in parallel and in series (*Network Flows and Monotropic
//! Optimization*, 1984). That the prices are those of the greatest value is complementary slackness (Ahuja, Magnanti, Orlin, *Network
//! Flows*, 1993, theorem 9.4). Deviations: amounts and prices are whole numbers, caps and fees belong to lines both ways, and the prices are
//! the middle of all that would do.

mod curve;
mod shift;
#[cfg(test)]
mod tests;

pub use shift::{Shift, clear_with};

use super::pro_rata::pro_rata;
use curve::{Curve, Rank, Steps};
use std::cmp::Ordering;

/// Most zones of a tree.
pub const ZONES_MAX: u32 = 1 << 12;
/// Most that a fixed schedule puts in or takes out in a zone and slot, Wh.
pub const GIVEN_MAX_WH: i64 = 1 << 44;

/// A zone in one slot, and its line to its parent.
///
/// The first of a slice of zones is the root, which has no line: its `parent` and what belongs to its line mean nothing. Every other's
/// parent comes before it; the line of one of which that is not so carries nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone {
    /// Its place in the slice.
    pub parent: u32,
    /// Most that the line carries to the parent, Wh.
    pub up_wh: u32,
    /// Most that the line carries from the parent, Wh.
    pub down_wh: u32,
    /// What the line costs either way, micro-units per kWh: 0 to [`VALUE_MAX_MICRO`](super::VALUE_MAX_MICRO).
    pub fee_micro: i64,
    /// What a fixed schedule puts in (+) or takes out (−) whatever the price, Wh: within ± [`GIVEN_MAX_WH`].
    pub given_wh: i64,
}

/// An offer or a bid in one slot. At most [`ARCS_MAX`](super::ARCS_MAX) of them are cleared together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its zone's place among the zones; one that there is not fills nothing.
    pub zone: u32,
    pub buys: bool,
    /// Wh, any.
    pub wh: u32,
    /// The least that an offer asks, the most that a bid pays, micro-units per kWh: strictly between the two technical prices.
    pub limit_micro: i64,
}

/// The clearing of greatest value of one slot, and the prices that show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlotCleared {
    /// For each order how much of it trades, Wh: at most its own.
    pub fill_wh: Vec<u32>,
    /// For each zone ⌊(highest + lowest) / 2⌋, micro-units per kWh, between the technical prices. No order trades at a loss.
    pub price_micro: Vec<i64>,
    /// For each zone the highest price at which the flow is the best.
    pub highest_micro: Vec<i64>,
    /// For each zone the lowest such price.
    pub lowest_micro: Vec<i64>,
    /// For each zone what its line carries to the parent, Wh. Where it is not 0, `down_wh` is.
    pub up_wh: Vec<u32>,
    /// For each zone what its line carries from the parent, Wh.
    pub down_wh: Vec<u32>,
    /// For each zone what the schedules take out and nobody can put in, Wh: bought at the upper technical price.
    pub unserved_wh: Vec<u64>,
    /// For each zone what the schedules put in and nobody can take out, Wh: sold at the lower technical price.
    pub spilled_wh: Vec<u64>,
    /// Σ bids' limit · fill − Σ offers' limit · fill − Σ fee · flow − technical price · (unserved + spilled), nano-units. No clearing
    /// has more.
    pub welfare_nano: i128,
}

/// Clears one slot; the module's head says how.
///
/// The grid's standing orders (import at retail, export at feed-in) are orders of the root like any other. `technical_micro` is above 0
/// and at most [`VALUE_MAX_MICRO`](super::VALUE_MAX_MICRO): at every zone anything can be had at that price, and anything got rid of at
/// minus it. There are at most [`ZONES_MAX`] zones.
///
/// Prices and welfare are those that [`check`](super::check) finds in a network with a node for each zone, an arc each way for each line,
/// one for each order, and two technical arcs at each node. Every zone is balanced to the Wh: given + offers + unserved + what lines bring
/// = bids + spilled + what lines take.
pub fn clear(zones: &[Zone], orders: &[Order], technical_micro: i64) -> SlotCleared {
    let curves = merged_upward(zones, orders, technical_micro);
    let settled = pushed_down(zones, &curves);
    let (fill_wh, rest_wh) = filled(zones, orders, &settled);
    let mut cleared = SlotCleared::default();
    for (zone, (settled, rest_wh)) in zones.iter().zip(settled.iter().zip(rest_wh)) {
        let Settled { flow_wh, lowest_micro, highest_micro, .. } = *settled;
        // Both prices are within ± the technical one.
        cleared.price_micro.push(highest_micro.saturating_add(lowest_micro).div_euclid(2));
        cleared.highest_micro.push(highest_micro);
        cleared.lowest_micro.push(lowest_micro);
        cleared.up_wh.push(u32::try_from(flow_wh.max(0)).unwrap_or(zone.up_wh));
        cleared.down_wh.push(u32::try_from(flow_wh.min(0).unsigned_abs()).unwrap_or(zone.down_wh));
        cleared.unserved_wh.push(rest_wh.max(0).unsigned_abs());
        cleared.spilled_wh.push(rest_wh.min(0).unsigned_abs());
        let fees = i128::from(zone.fee_micro) * i128::from(flow_wh.unsigned_abs());
        let technical = i128::from(technical_micro) * i128::from(rest_wh.unsigned_abs());
        cleared.welfare_nano -= fees + technical;
    }
    let value = |(order, fill): (&Order, &u32)| {
        let value = i128::from(order.limit_micro) * i128::from(*fill);
        if order.buys { value } else { -value }
    };
    cleared.welfare_nano += orders.iter().zip(&fill_wh).map(value).sum::<i128>();
    cleared.fill_wh = fill_wh;
    cleared
}

/// The curve of every zone.
fn merged_upward(zones: &[Zone], orders: &[Order], technical_micro: i64) -> Vec<Curve> {
    let mut gathered: Vec<Steps> = zones.iter().map(|zone| Steps::new(zone.given_wh, technical_micro)).collect();
    for order in orders {
        match gathered.get_mut(order.zone as usize) {
            Some(steps) if order.buys => steps.bid(order.limit_micro, i64::from(order.wh)),
            Some(steps) => steps.offer(order.limit_micro, i64::from(order.wh)),
            None => {}
        }
    }
    let mut curves = Vec::with_capacity(zones.len());
    // The last one's children are done, and only zones before it are left to be its parent.
    while let Some((steps, zone)) = gathered.pop().zip(zones.get(gathered.len())) {
        let curve = steps.summed();
        if let Some(parent) = gathered.get_mut(zone.parent as usize) {
            parent.join(zone, &curve);
        }
        curves.push(curve);
    }
    curves.reverse();
    curves
}

/// What is known of a zone on the way down.
struct Settled {
    /// What it sends up, Wh: negative where the parent sends down.
    flow_wh: i64,
    /// Its own offers below it and its own bids above it are filled whole; at it they are at the money.
    rank: Rank,
    /// What all that is its own puts in, Wh: schedule, orders and technical orders.
    own_wh: i64,
    lowest_micro: i64,
    highest_micro: i64,
}

fn pushed_down(zones: &[Zone], curves: &[Curve]) -> Vec<Settled> {
    let mut children: Vec<Vec<u32>> = vec![Vec::new(); zones.len()];
    for (number, zone) in (0..).zip(zones).filter(|(number, zone)| zone.parent < *number) {
        if let Some(siblings) = children.get_mut(zone.parent as usize) {
            siblings.push(number);
        }
    }
    let mut flows_wh = vec![0; zones.len()];
    let mut settled: Vec<Settled> = Vec::with_capacity(zones.len());
    for (zone, (curve, children)) in zones.iter().zip(curves.iter().zip(children)) {
        let flow_wh = flows_wh.get(settled.len()).copied().unwrap_or(0);
        let (lowest, highest) = curve.ranks_of(flow_wh);
        let lines = || children.iter().filter_map(|child| Some((zones.get(*child as usize)?, curves.get(*child as usize)?)));
        let (own_wh, sent_wh) = divided(curve, lowest, flow_wh, lines());
        for (child, sent_wh) in children.iter().zip(sent_wh) {
            if let Some(flow_wh) = flows_wh.get_mut(*child as usize) {
                *flow_wh = sent_wh;
            }
        }
        let (mut lowest_micro, mut highest_micro) = (lowest.micro(), highest.micro());
        if let Some(parent) = settled.get(zone.parent as usize) {
            lowest_micro = lowest_micro.max(least_micro(zone, flow_wh, parent.lowest_micro));
            highest_micro = highest_micro.min(most_micro(zone, flow_wh, parent.highest_micro));
        }
        settled.push(Settled { flow_wh, rank: lowest, own_wh, lowest_micro, highest_micro });
    }
    settled
}

/// Of `flow_wh`, which a zone puts in at `rank`, what is its own and what each of its children sends.
fn divided<'a>(curve: &Curve, rank: Rank, flow_wh: i64, lines: impl Iterator<Item = (&'a Zone, &'a Curve)>) -> (i64, Vec<i64>) {
    let (mut own_wh, mut own_most_wh) = (curve.before(rank), curve.after(rank));
    let mut missing_wh = flow_wh.saturating_sub(own_wh);
    let (mut sent_wh, mut more_wh) = (Vec::new(), Vec::new());
    for (line, far) in lines {
        let (least_wh, most_wh) = far.sent(line, rank);
        own_wh = own_wh.saturating_sub(least_wh);
        own_most_wh = own_most_wh.saturating_sub(most_wh);
        sent_wh.push(least_wh);
        // Up and down are a toll apart on either side, so that this is at most one of the two caps.
        more_wh.push(u32::try_from(most_wh.saturating_sub(least_wh)).unwrap_or(u32::MAX));
    }
    let own_more_wh = missing_wh.min(own_most_wh.saturating_sub(own_wh));
    own_wh = own_wh.saturating_add(own_more_wh);
    missing_wh = missing_wh.saturating_sub(own_more_wh);
    for (sent_wh, part_wh) in sent_wh.iter_mut().zip(pro_rata(missing_wh.unsigned_abs(), &more_wh)) {
        *sent_wh = sent_wh.saturating_add(i64::from(part_wh));
    }
    (own_wh, sent_wh)
}

/// The highest price at which a line that carries `flow_wh` up suits the parent's.
fn most_micro(line: &Zone, flow_wh: i64, parent_micro: i64) -> i64 {
    if flow_wh > 0 {
        parent_micro.saturating_sub(line.fee_micro) // less could be sent up
    } else if flow_wh > -i64::from(line.down_wh) {
        parent_micro.saturating_add(line.fee_micro) // more could be sent down
    } else {
        i64::MAX
    }
}

/// The lowest price at which a line that carries `flow_wh` up suits the parent's.
fn least_micro(line: &Zone, flow_wh: i64, parent_micro: i64) -> i64 {
    if flow_wh < 0 {
        parent_micro.saturating_add(line.fee_micro) // less could be sent down
    } else if flow_wh < i64::from(line.up_wh) {
        parent_micro.saturating_sub(line.fee_micro) // more could be sent up
    } else {
        i64::MIN
    }
}

/// An order whose limit is the price: its zone, whether it buys, its number. Sorted, a zone's offers come before its bids.
type AtTheMoney = (u32, bool, u32);

/// How much of each order trades, and for each zone what is left to its technical orders, Wh: put in (+) or taken out (−).
fn filled(zones: &[Zone], orders: &[Order], settled: &[Settled]) -> (Vec<u32>, Vec<i64>) {
    let rest_wh = |(zone, settled): (&Zone, &Settled)| settled.own_wh.saturating_sub(zone.given_wh);
    let mut rest_wh: Vec<i64> = zones.iter().zip(settled).map(rest_wh).collect();
    let mut fill_wh = Vec::with_capacity(orders.len());
    let mut at_the_money: Vec<AtTheMoney> = Vec::new();
    for (number, order) in (0..).zip(orders) {
        let zone = order.zone as usize;
        let mut fill = 0;
        if let Some((settled, rest_wh)) = settled.get(zone).zip(rest_wh.get_mut(zone)) {
            match (Rank::of(order.limit_micro).cmp(&settled.rank), order.buys) {
                (Ordering::Less, false) => {
                    fill = order.wh;
                    *rest_wh = rest_wh.saturating_sub(i64::from(fill));
                }
                (Ordering::Greater, true) => {
                    fill = order.wh;
                    *rest_wh = rest_wh.saturating_add(i64::from(fill));
                }
                (Ordering::Equal, buys) => at_the_money.push((order.zone, buys, number)),
                _ => {}
            }
        }
        fill_wh.push(fill);
    }
    at_the_money.sort_unstable();
    for of_zone in at_the_money.chunk_by(|one, next| one.0 == next.0) {
        if let Some(rest_wh) = of_zone.first().and_then(|(zone, ..)| rest_wh.get_mut(*zone as usize)) {
            traded_at_the_money(orders, of_zone, rest_wh, &mut fill_wh);
        }
    }
    (fill_wh, rest_wh)
}

/// Of one zone's orders at the money as much trades as can, such that together they put in `rest_wh`; what they cannot is left there.
fn traded_at_the_money(orders: &[Order], of_zone: &[AtTheMoney], rest_wh: &mut i64, fill_wh: &mut [u32]) {
    let wh = |(_, _, number): &AtTheMoney| orders.get(*number as usize).map_or(0, |order| order.wh);
    let shares: Vec<u32> = of_zone.iter().map(wh).collect();
    let first_bid = of_zone.partition_point(|(_, buys, _)| !buys);
    let (offers, bids) = shares.split_at_checked(first_bid).unwrap_or_default();
    let sum = |shares: &[u32]| shares.iter().map(|wh| i64::from(*wh)).sum::<i64>();
    let sold_wh = sum(offers).min(sum(bids).saturating_add(*rest_wh)).max(0);
    let bought_wh = sum(bids).min(sold_wh.saturating_sub(*rest_wh)).max(0);
    *rest_wh = rest_wh.saturating_sub(sold_wh).saturating_add(bought_wh);
    let parts = pro_rata(sold_wh.unsigned_abs(), offers).into_iter().chain(pro_rata(bought_wh.unsigned_abs(), bids));
    for ((_, _, number), part) in of_zone.iter().zip(parts) {
        if let Some(fill) = fill_wh.get_mut(*number as usize) {
            *fill = part;
        }
    }
}
