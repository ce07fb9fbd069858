//! The market: the auction of a day, and that of a slot after it. As the chain's, without losses.

use crate::grid::{Grid, SLOTS};
use crate::{BID_MICRO, CAP_W, FEED_IN_MICRO, Failed, LEFT_MICRO, RETAIL_MICRO, TECHNICAL_MICRO, WEAR_MICRO, Wanted};
use dure_rules::energy::clearing::{Arc, Network, OUTSIDE};
use dure_solvers::value::{Battery, Later, Moves, Step, Values, values};
use dure_solvers::{certify, solve};

/// What the line between root and street carries: more than there is.
const AMPLE_WH: u32 = 1_000_000;
/// Arcs of a slot before those of its batteries, and where among them is what comes in and goes out at the transformer, the sun, the load.
const BEFORE: usize = 6;
const IN: usize = 0;
const OUT: usize = 1;
const SUN: usize = 4;
const LOAD: usize = 5;

/// A clearing, of each slot: what the batteries do; what was sold of the sun, bought for the load and goes out at the transformer, Wh; the street's price.
#[derive(Default)]
pub struct Cleared {
    pub wanted: Vec<Wanted>,
    sun_wh: Vec<i64>,
    load_wh: Vec<i64>,
    out_wh: Vec<i64>,
    price_micro: Vec<i64>,
}

fn arc(tail: u32, head: u32, capacity_wh: u32, value_micro: i64) -> Arc {
    Arc { tail, head, capacity_wh, value_micro }
}

fn wh(wh: i64) -> Result<u32, Failed> {
    Ok(u32::try_from(wh.max(0))?)
}

/// The technical limits of a place.
fn technical(place: u32) -> [Arc; 2] {
    [(OUTSIDE, place), (place, OUTSIDE)].map(|(tail, head)| arc(tail, head, 1_000_000_000, -TECHNICAL_MICRO))
}

/// The best clearing of the slots from `first` on, if they are as `known` says (sun, load; W).
pub fn plan(
    grid: &Grid,
    stored_mwh: &[i64],
    fee_micro: i64,
    known: impl Fn(usize) -> (i64, i64),
    first: usize,
) -> Result<Cleared, Failed> {
    let (slots, batteries) = (SLOTS - first, grid.batteries.len());
    // Of each slot: the root, the street, then the batteries.
    let node = |slot: usize, place: usize| u32::try_from(1 + slot * (2 + batteries) + place);
    let (mut arcs, mut given_wh, mut begins) = (Vec::new(), vec![0; 1 + slots * (2 + batteries)], Vec::new());
    for slot in 0..slots {
        let (root, street) = (node(slot, 0)?, node(slot, 1)?);
        let (sun_w, load_w) = known(first + slot);
        begins.push(arcs.len());
        arcs.extend([
            arc(OUTSIDE, root, AMPLE_WH, -RETAIL_MICRO),
            arc(root, OUTSIDE, wh(CAP_W / 4)?, FEED_IN_MICRO),
            arc(root, street, AMPLE_WH, -fee_micro),
            arc(street, root, AMPLE_WH, -fee_micro),
            arc(OUTSIDE, street, wh(sun_w / 4)?, 0),
            arc(street, OUTSIDE, wh(load_w / 4)?, BID_MICRO),
        ]);
        for (number, battery) in grid.batteries.iter().enumerate() {
            let (own, power_wh) = (node(slot, 2 + number)?, wh(battery.power_w / 4)?);
            let (next, value_micro) = if slot + 1 < slots { (node(slot + 1, 2 + number)?, 0) } else { (OUTSIDE, LEFT_MICRO) };
            arcs.extend([
                arc(street, own, power_wh, 0),
                arc(own, street, power_wh, -WEAR_MICRO),
                arc(own, next, wh(battery.capacity_wh)?, value_micro),
            ]);
            if slot == 0 {
                given_wh[own as usize] = wh(stored_mwh[number] / 1_000)?;
            }
        }
        (root..root + u32::try_from(2 + batteries)?).for_each(|place| arcs.extend(technical(place)));
    }
    let network = Network { arcs, given_wh };
    let flow = solve(&network)?;
    let certificate = certify(&network, &flow)?;
    let flow = |at: usize| i64::from(flow[at]);
    let mut cleared = Cleared::default();
    for (slot, begin) in begins.into_iter().enumerate() {
        let street = node(slot, 1)? as usize;
        let moved = |number: usize| flow(begin + BEFORE + 3 * number) - flow(begin + BEFORE + 3 * number + 1);
        cleared.wanted.push((0..batteries).map(moved).collect());
        cleared.sun_wh.push(flow(begin + SUN));
        cleared.load_wh.push(flow(begin + LOAD));
        cleared.out_wh.push(flow(begin + OUT) - flow(begin + IN));
        let [highest, lowest] = [&certificate.highest, &certificate.lowest].map(|extremes| extremes[street].price_micro);
        cleared.price_micro.push((highest + lowest).div_euclid(2));
    }
    Ok(cleared)
}

/// What the batteries do in `slot`, which turns out as `known` says, after an auction of what `day` has not traded of it: roofs and loads trade the rest, batteries what they
/// cannot do of what was traded, and more or less of it at what that is worth to them by the day's prices.
pub fn trade_slot(
    grid: &Grid,
    day: &Cleared,
    takes_back: bool,
    stored_mwh: &[i64],
    slot: usize,
    (sun_w, load_w): (i64, i64),
) -> Result<Wanted, Failed> {
    let (root, street) = (1, 2);
    let out_wh = day.out_wh[slot];
    let mut arcs = vec![
        arc(OUTSIDE, root, wh(i64::from(AMPLE_WH) + out_wh)?, -RETAIL_MICRO),
        arc(root, OUTSIDE, wh(CAP_W / 4 - out_wh)?, FEED_IN_MICRO),
        arc(root, street, AMPLE_WH, 0),
        arc(street, root, AMPLE_WH, 0),
    ];
    if takes_back {
        let (tail, head, value_micro) = if out_wh > 0 { (OUTSIDE, root, -FEED_IN_MICRO) } else { (root, OUTSIDE, RETAIL_MICRO) };
        arcs.push(arc(tail, head, wh(out_wh.abs())?, value_micro));
    }
    let mut rest = |wh_more: i64| -> Result<(), Failed> {
        let size = wh(wh_more.abs())?;
        arcs.push(if wh_more > 0 { arc(OUTSIDE, street, size, 0) } else { arc(street, OUTSIDE, size, BID_MICRO) });
        Ok(())
    };
    rest(sun_w / 4 - day.sun_wh[slot])?;
    rest(day.load_wh[slot] - load_w / 4)?;
    let mut base = Vec::new();
    for (number, battery) in grid.batteries.iter().enumerate() {
        let (planned, most) = (day.wanted[slot][number], battery.power_w / 4);
        let stored_wh = stored_mwh[number] / 1_000;
        let possible = planned.clamp(-most.min(stored_wh), most.min(battery.capacity_wh - stored_wh).max(0));
        rest(planned - possible)?;
        base.push(possible);
    }
    let mut orders = Vec::new();
    for (number, battery) in grid.batteries.iter().enumerate() {
        let power_wh = wh(battery.power_w / 4)?;
        let moves = |at: usize| Moves { charge_wh: power_wh, discharge_wh: power_wh, planned_wh: day.wanted[at][number] };
        let later = |at: usize| Later::at(day.price_micro[at], moves(at));
        let later: Vec<Later> = (slot + 1..SLOTS).map(later).collect();
        let stored_wh = wh(stored_mwh[number] / 1_000)?;
        let of = Battery { stored_wh, capacity_wh: wh(battery.capacity_wh)?, wear_micro: WEAR_MICRO, left_micro: LEFT_MICRO };
        let Values { takes, gives } = values(&of, moves(slot), &later);
        for (sign, Step { wh, micro }) in takes.iter().map(|step| (1, step)).chain(gives.iter().map(|step| (-1, step))) {
            orders.push((number, sign, arcs.len()));
            // A micro-unit has to be won.
            arcs.push(if sign > 0 { arc(street, OUTSIDE, *wh, micro - 1) } else { arc(OUTSIDE, street, *wh, -micro - 1) });
        }
    }
    [root, street].into_iter().for_each(|place| arcs.extend(technical(place)));
    let flow = solve(&Network { arcs, given_wh: vec![0; 3] })?;
    for (number, sign, at) in orders {
        base[number] += sign * i64::from(flow[at]);
    }
    Ok(base)
}
