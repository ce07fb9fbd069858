//! Batteries that lose energy: a storage schedule, and what shows that no other is worth much more.
//!
//! With losses a network's corners are no whole numbers, so the best schedule in whole Wh need not be the best there is, and its prices do not
//! tell its flows. What can still be shown is a *gap*: for any prices no schedule is worth more than a bound D, as [`Network::bound_nano`]
//! without losses; this one is worth P; and D − P is at most one part in [`GAP_PARTS`] of D. That certifies the schedule. Once it is fixed,
//! each slot is a network without losses, cleared and priced exactly by itself.
//!
//! Energy in a battery is counted in mWh, because charging a Wh at an efficiency of 950 ‰ stores 950 mWh: all loss is on charging. Prices here
//! are thousandths of micro-units per kWh, so that rounding one costs little of the gap. D and P are in mWh × those, [`BOUND_PER_NANO`] of a nano-unit.

use super::network::{Network, Node, OUTSIDE, VALUE_MAX_MICRO};

/// D − P is at most D divided by this: 1e-5.
pub const GAP_PARTS: i128 = 100_000;
/// Parts of a nano-unit in which D and P are counted: 1000 mWh in a Wh, 1000 thousandths in a micro-unit.
pub const BOUND_PER_NANO: i128 = MILLI as i128 * MILLI as i128;
/// Slots of a plan, at most: a day of quarter-hours.
pub const SLOTS_MAX: usize = 96;
/// Efficiency of a battery without losses.
pub const LOSSLESS_PERMILLE: u16 = 1_000;

const MILLI: i64 = 1_000;
const PRICE_MAX_MILLIMICRO: i64 = VALUE_MAX_MICRO * MILLI;

/// A battery over all slots of a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Battery {
    /// Its zone's node, the same in every slot.
    pub zone: Node,
    /// Most that it takes in a slot, measured in the zone, Wh.
    pub charge_wh: u32,
    /// Most that it gives in a slot, Wh.
    pub discharge_wh: u32,
    pub capacity_wh: u32,
    /// At most the capacity.
    pub initial_wh: u32,
    /// mWh stored of each Wh taken, 1 to [`LOSSLESS_PERMILLE`].
    pub efficiency_permille: u16,
    /// Micro-units per kWh given, at least 1.
    pub wear_micro: i64,
    /// What is in it after the last slot is worth so much, micro-units per kWh.
    pub final_micro: i64,
}

impl Battery {
    /// What is in it, mWh, after it took `moved_wh` (or gave minus that) with `stored_mwh` in it; `None` where it does not hold that, or has not that much.
    ///
    /// The last Wh that is taken may not fit in whole: what does not is lost. So a battery can become full although losses leave fractions.
    pub fn stored_after_mwh(&self, stored_mwh: i64, moved_wh: i64) -> Option<i64> {
        let full = i64::from(self.capacity_wh).checked_mul(MILLI)?;
        let efficiency = i64::from(self.efficiency_permille);
        let after = stored_mwh.checked_add(moved_wh.checked_mul(if moved_wh > 0 { efficiency } else { MILLI })?)?;
        let lost = after.saturating_sub(full).max(0);
        (after >= 0 && (lost == 0 || (moved_wh > 0 && lost < efficiency))).then_some(after.min(full))
    }
}

/// What there is to clear: each slot without its batteries, and the batteries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    pub slots: Vec<Network>,
    pub batteries: Vec<Battery>,
}

/// What a solver hands in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Of each battery in each slot: Wh taken, or minus Wh given. One number, so that no battery does both at once.
    pub moved_wh: Vec<Vec<i64>>,
    /// Of each slot: Wh on each arc.
    pub flow_wh: Vec<Vec<u32>>,
    /// Of each slot: each node's price, thousandths of micro-units per kWh.
    pub zone_millimicro: Vec<Vec<i64>>,
    /// Of each battery in each slot: what a kWh in it is worth, in the same unit.
    pub battery_millimicro: Vec<Vec<i64>>,
}

/// Why a plan shows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The book has more slots than [`SLOTS_MAX`], or a battery that no bound of its fields allows.
    Book,
    /// A list of the plan is longer or shorter than the book asks for.
    Shape,
    /// A battery takes or gives more than it can in a slot.
    Power {
        battery: u32,
        slot: u32,
    },
    /// More is in a battery after a slot than it holds, or less than nothing.
    State {
        battery: u32,
        slot: u32,
    },
    /// A price of a zone is beyond ± [`VALUE_MAX_MICRO`], or that of the outside is not 0.
    ZonePrice {
        slot: u32,
        node: Node,
    },
    BatteryPrice {
        battery: u32,
        slot: u32,
    },
    Capacity {
        slot: u32,
        arc: u32,
    },
    /// What flows into a node is not what flows out, batteries included.
    Balance {
        slot: u32,
        node: Node,
    },
    /// The lines of a slot carry energy from dear to cheap zones, on the whole.
    LineIncome {
        slot: u32,
    },
    /// D and P are further apart than one part in [`GAP_PARTS`] of D.
    Gap {
        bound: i128,
        worth: i128,
    },
}

/// A schedule that no other exceeds by more than the gap; both in [`BOUND_PER_NANO`] of a nano-unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proven {
    pub bound: i128,
    pub worth: i128,
}

/// Checks a plan in one pass over its arcs, batteries and slots.
///
/// # Errors
/// The first [`Refused`] met, in the order of its variants.
pub fn check(book: &Book, plan: &Plan) -> Result<Proven, Refused> {
    sound(book)?;
    shape(book, plan)?;
    let stored_mwh = stored(book, plan)?;
    priced(plan)?;
    for (slot, network) in (0..).zip(&book.slots) {
        feasible(book, plan, network, slot)?;
    }
    let (bound, worth) = (bound(book, plan), worth(book, plan, &stored_mwh));
    let gap = bound.saturating_sub(worth);
    // Where the product leaves i128 the gap is far too wide.
    if gap.saturating_mul(GAP_PARTS) <= bound { Ok(Proven { bound, worth }) } else { Err(Refused::Gap { bound, worth }) }
}

/// That each battery is within its bounds and stands in a zone of every slot.
///
/// # Errors
/// [`Refused::Book`].
pub fn sound(book: &Book) -> Result<(), Refused> {
    let battery = |of: &Battery| {
        let efficient = (1..=LOSSLESS_PERMILLE).contains(&of.efficiency_permille);
        let priced = (1..VALUE_MAX_MICRO).contains(&of.wear_micro) && (0..VALUE_MAX_MICRO).contains(&of.final_micro);
        let placed = of.zone != OUTSIDE && book.slots.iter().all(|network| of.zone < network.nodes());
        efficient && priced && placed && of.initial_wh <= of.capacity_wh
    };
    if book.slots.len() <= SLOTS_MAX && book.batteries.iter().all(battery) { Ok(()) } else { Err(Refused::Book) }
}

fn shape(book: &Book, plan: &Plan) -> Result<(), Refused> {
    let (slots, batteries) = (book.slots.len(), book.batteries.len());
    let by_battery = |lists: &Vec<Vec<i64>>| lists.len() == batteries && lists.iter().all(|list| list.len() == slots);
    let by_slot = plan.flow_wh.len() == slots && plan.zone_millimicro.len() == slots;
    let mut lists = book.slots.iter().zip(plan.flow_wh.iter().zip(&plan.zone_millimicro));
    let inner = |(network, (flow, price)): (&Network, (&Vec<u32>, &Vec<i64>))| {
        flow.len() == network.arcs.len() && price.len() == network.given_wh.len()
    };
    let fits = by_battery(&plan.moved_wh) && by_battery(&plan.battery_millimicro) && by_slot && lists.all(inner);
    if fits { Ok(()) } else { Err(Refused::Shape) }
}

/// What is in each battery at the end, mWh.
fn stored(book: &Book, plan: &Plan) -> Result<Vec<i64>, Refused> {
    let mut ends = Vec::with_capacity(book.batteries.len());
    for (battery, (of, moved_wh)) in (0..).zip(book.batteries.iter().zip(&plan.moved_wh)) {
        let mut stored = i64::from(of.initial_wh).saturating_mul(MILLI);
        for (slot, wh) in (0..).zip(moved_wh) {
            if !(-i64::from(of.discharge_wh)..=i64::from(of.charge_wh)).contains(wh) {
                return Err(Refused::Power { battery, slot });
            }
            stored = of.stored_after_mwh(stored, *wh).ok_or(Refused::State { battery, slot })?;
        }
        ends.push(stored);
    }
    Ok(ends)
}

fn priced(plan: &Plan) -> Result<(), Refused> {
    let within = |price: &i64| (-PRICE_MAX_MILLIMICRO..=PRICE_MAX_MILLIMICRO).contains(price);
    for (slot, prices) in (0..).zip(&plan.zone_millimicro) {
        if let Some((node, _)) = (0..).zip(prices).find(|(node, price)| !within(price) || (*node == OUTSIDE && **price != 0)) {
            return Err(Refused::ZonePrice { slot, node });
        }
    }
    for (battery, prices) in (0..).zip(&plan.battery_millimicro) {
        if let Some((slot, _)) = (0..).zip(prices).find(|(_, price)| !within(price)) {
            return Err(Refused::BatteryPrice { battery, slot });
        }
    }
    Ok(())
}

/// Number `at` of list `list`, 0 where there is none: [`shape`] saw to it that there is.
fn entry(lists: &[Vec<i64>], list: usize, at: usize) -> i64 {
    lists.get(list).and_then(|of| of.get(at)).copied().unwrap_or(0)
}

/// Capacities, balance and line income of a slot.
fn feasible(book: &Book, plan: &Plan, network: &Network, slot: u32) -> Result<(), Refused> {
    let at = slot as usize;
    let mut excess: Vec<i64> = network.given_wh.iter().map(|wh| i64::from(*wh)).collect();
    let mut add = |node: Node, wh: i64| {
        if let Some(of) = excess.get_mut(node as usize) {
            *of = of.saturating_add(wh);
        }
    };
    let mut income = 0i128;
    for (number, (arc, flow)) in (0..).zip(network.arcs.iter().zip(plan.flow_wh.get(at).into_iter().flatten())) {
        if *flow > arc.capacity_wh {
            return Err(Refused::Capacity { slot, arc: number });
        }
        add(arc.tail, -i64::from(*flow));
        add(arc.head, i64::from(*flow));
        if arc.tail != OUTSIDE && arc.head != OUTSIDE {
            let price = |node: Node| i128::from(entry(&plan.zone_millimicro, at, node as usize));
            income += (price(arc.head) - price(arc.tail)) * i128::from(*flow);
        }
    }
    for (battery, of) in book.batteries.iter().enumerate() {
        add(of.zone, entry(&plan.moved_wh, battery, at).saturating_neg());
    }
    if let Some((node, _)) = (0..).zip(&excess).skip(1).find(|(_, excess)| **excess != 0) {
        return Err(Refused::Balance { slot, node });
    }
    if income < 0 { Err(Refused::LineIncome { slot }) } else { Ok(()) }
}

/// D: what no plan of the book exceeds, whatever the prices are.
///
/// As [`Network::bound_nano`], with four arcs more for each battery and slot. Taking a Wh at price z to store e mWh at price b wins e·b − 1000·z;
/// giving one wins 1000·(z − b − wear); keeping a mWh until the next slot wins the difference of its prices, after the last slot that to the final
/// value; losing one, at most e − 1, wins −b.
pub fn bound(book: &Book, plan: &Plan) -> i128 {
    let mut sum = 0i128;
    for (network, price) in book.slots.iter().zip(&plan.zone_millimicro) {
        let at = |node: Node| i128::from(price.get(node as usize).copied().unwrap_or(0));
        for arc in &network.arcs {
            let gains = milli(arc.value_micro) + at(arc.head) - at(arc.tail);
            sum += milli(i64::from(arc.capacity_wh)) * gains.max(0);
        }
        let given = network.given_wh.iter().zip(price).map(|(wh, price)| milli(i64::from(*wh)) * i128::from(*price));
        sum += given.sum::<i128>();
    }
    for (battery, of) in book.batteries.iter().enumerate() {
        let stored = |slot: usize| i128::from(entry(&plan.battery_millimicro, battery, slot));
        let full_mwh = milli(i64::from(of.capacity_wh));
        for slot in 0..book.slots.len() {
            let (zone, here) = (i128::from(entry(&plan.zone_millimicro, slot, of.zone as usize)), stored(slot));
            let next = slot.saturating_add(1);
            let later = if next < book.slots.len() { stored(next) } else { milli(of.final_micro) };
            let takes = i128::from(of.efficiency_permille) * here - i128::from(MILLI) * zone;
            let gives = i128::from(MILLI) * (zone - here - milli(of.wear_micro));
            sum += i128::from(of.charge_wh) * takes.max(0);
            sum += i128::from(of.discharge_wh) * gives.max(0);
            sum += full_mwh * (later - here).max(0);
            sum += i128::from(of.efficiency_permille.saturating_sub(1)) * here.saturating_neg().max(0);
        }
        sum += milli(i64::from(of.initial_wh)) * if book.slots.is_empty() { milli(of.final_micro) } else { stored(0) };
    }
    sum
}

/// P: what the plan's flows, the wear of what is given and what is left are worth.
fn worth(book: &Book, plan: &Plan, stored_mwh: &[i64]) -> i128 {
    let traded: i128 = book.slots.iter().zip(&plan.flow_wh).map(|(network, flow)| network.welfare_nano(flow)).sum();
    let of_battery = |((of, moved_wh), left_mwh): ((&Battery, &Vec<i64>), &i64)| {
        let given_wh: i128 = moved_wh.iter().map(|wh| i128::from((*wh).min(0))).sum();
        given_wh * i128::from(of.wear_micro) * BOUND_PER_NANO + milli(of.final_micro) * i128::from(*left_mwh)
    };
    traded * BOUND_PER_NANO + book.batteries.iter().zip(&plan.moved_wh).zip(stored_mwh).map(of_battery).sum::<i128>()
}

/// Wh as mWh, or micro-units as thousandths. Every factor of a sum here is below 2⁵⁴ and there are at most 2²⁴ terms, so none leaves i128.
fn milli(number: i64) -> i128 {
    i128::from(number) * i128::from(MILLI)
}

#[cfg(test)]
mod tests;
