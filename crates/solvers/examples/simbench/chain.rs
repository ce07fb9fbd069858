//! What the chain would have the batteries do, and what that is worth with their losses: on the chain they have none, and what they lose is their houses' load.

use crate::Failed;
use dure_rules::energy::clearing::storage::{BOUND_PER_NANO, Book};
use dure_rules::energy::clearing::{Arc, Network, Node, OUTSIDE};
use dure_solvers::{flows, rounded, solve};

const TECHNICAL_MICRO: i64 = 4_000_000;
/// A house pays this for what its battery loses: more than it ever costs.
const LOAD_MICRO: i64 = 400_000;

/// What the batteries move in each slot, Wh at the connection, if each stores what the best clearing without losses has it store. `loss_micro` is what a kWh costs that is lost
/// in charging, as a bid reckons it; `before_wh` is a schedule whose losses the houses expect as load.
pub fn schedule(book: &Book, loss_micro: i64, before_wh: &[Vec<i64>]) -> Result<Vec<Vec<i64>>, Failed> {
    let (zones, batteries) = (book.slots[0].given_wh.len() - 1, book.batteries.len());
    let node = |slot: usize, place: usize| u32::try_from(1 + slot * (zones + batteries) + place);
    let (mut arcs, mut given_wh) = (Vec::new(), vec![0; 1 + book.slots.len() * (zones + batteries)]);
    let mut keeps = vec![Vec::new(); batteries];
    for (slot, network) in book.slots.iter().enumerate() {
        let zone = |of: Node| if of == OUTSIDE { Ok(OUTSIDE) } else { node(slot, of as usize - 1) };
        for arc in &network.arcs {
            arcs.push(Arc { tail: zone(arc.tail)?, head: zone(arc.head)?, ..*arc });
        }
        for (number, of) in book.batteries.iter().enumerate() {
            let (own, street) = (node(slot, zones + number)?, zone(of.zone)?);
            let stored_wh = of.charge_wh * u32::from(of.efficiency_permille) / 1_000;
            let efficiency = i64::from(of.efficiency_permille);
            let lost_wh = before_wh[number][slot].max(0) * (1_000 - efficiency) / 1_000;
            arcs.push(Arc { tail: street, head: OUTSIDE, capacity_wh: u32::try_from(lost_wh)?, value_micro: LOAD_MICRO });
            let wear_micro = of.wear_micro + loss_micro * (1_000 - efficiency) / efficiency;
            let last = slot + 1 == book.slots.len();
            let (next, value_micro) = if last { (OUTSIDE, of.final_micro) } else { (node(slot + 1, zones + number)?, 0) };
            keeps[number].push(arcs.len() + 2);
            let arc = |tail, head, capacity_wh, value_micro| Arc { tail, head, capacity_wh, value_micro };
            arcs.extend([
                arc(street, own, stored_wh, 0),
                arc(own, street, of.discharge_wh, -wear_micro),
                arc(own, next, of.capacity_wh, value_micro),
                arc(OUTSIDE, own, 1_000_000_000, -TECHNICAL_MICRO),
                arc(own, OUTSIDE, 1_000_000_000, -TECHNICAL_MICRO),
            ]);
            if slot == 0 {
                given_wh[own as usize] = of.initial_wh;
            }
        }
    }
    let flow = solve(&Network { arcs, given_wh })?;
    let stored = |keeps: &Vec<usize>| keeps.iter().map(|keep| f64::from(flow[*keep]) * 1e3).collect::<Vec<_>>();
    Ok(book.batteries.iter().zip(&keeps).map(|(of, keeps)| rounded(of, &stored(keeps))).collect())
}

/// What a schedule is worth with its losses, each slot cleared exactly: in [`BOUND_PER_NANO`] of a nano-unit, as a proven bound is.
pub fn worth(book: &Book, moved_wh: &[Vec<i64>]) -> Result<i128, Failed> {
    let traded: i128 = book.slots.iter().zip(flows(book, moved_wh)?).map(|(network, flow)| network.welfare_nano(&flow)).sum();
    let mut worth = traded * BOUND_PER_NANO;
    for (of, moved_wh) in book.batteries.iter().zip(moved_wh) {
        let mut stored_mwh = i64::from(of.initial_wh) * 1_000;
        for wh in moved_wh {
            stored_mwh = of.stored_after_mwh(stored_mwh, *wh).ok_or("a battery holds no such thing")?;
            worth += i128::from(wh.min(&0) * of.wear_micro) * BOUND_PER_NANO;
        }
        worth += i128::from(of.final_micro) * 1_000 * i128::from(stored_mwh);
    }
    Ok(worth)
}
