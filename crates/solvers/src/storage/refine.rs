//! Repairs a rounded schedule: battery by battery, the best way to move one Wh more or less in any of its slots, all slots at once.
//!
//! What a Wh more or less costs its zone in a slot are that slot's extreme prices with the schedule as it is. A Wh more in one slot changes what is
//! stored in all later ones, so the choices are joined by dynamic programming over the slots; the state is by how many mWh the battery is off its
//! present course. That matters because losses leave fractions: charging at 950 ‰ fills a battery to a whole Wh only once in twenty Wh.

use dure_rules::energy::clearing::storage::Battery;

/// How far from its course a battery may be, mWh.
const OFF_MAX_MWH: i64 = 6_000;
/// Every state, from −[`OFF_MAX_MWH`] to it.
const STATES: usize = 2 * OFF_MAX_MWH as usize + 1;

/// Of a zone in a slot, micro-units per kWh: what one Wh more costs, and what one less saves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Margin {
    pub costs_micro: i64,
    pub saves_micro: i64,
}

/// A better schedule than `moved_wh` at these margins, one for each slot; `None` where there is none.
pub fn better(battery: &Battery, moved_wh: &[i64], margins: &[Margin]) -> Option<Vec<i64>> {
    let mut course = i64::from(battery.initial_wh) * 1_000;
    // What is won by being at each state, and for each slot the step that led there, and from where.
    let mut won: Vec<Option<i64>> = vec![None; STATES];
    won[at(0)?] = Some(0);
    let mut steps: Vec<Vec<(i8, i64)>> = Vec::with_capacity(moved_wh.len());
    for (wh, margin) in moved_wh.iter().zip(margins) {
        let (mut next, mut by) = (vec![None; STATES], vec![(0, 0); STATES]);
        let before = course;
        course = battery.stored_after_mwh(before, *wh)?;
        for (from, so_far) in (-OFF_MAX_MWH..).zip(&won).filter_map(|(from, so_far)| Some((from, (*so_far)?))) {
            for step in [0i8, -1, 1] {
                let moved = wh + i64::from(step);
                let within = (-i64::from(battery.discharge_wh)..=i64::from(battery.charge_wh)).contains(&moved);
                let stored = battery.stored_after_mwh(before + from, moved).filter(|_| within);
                let Some(to) = stored.and_then(|stored| at(stored - course)) else { continue };
                let sum = so_far + gain(battery, *wh, step, *margin);
                if next[to].is_none_or(|known| sum > known) {
                    (next[to], by[to]) = (Some(sum), (step, from));
                }
            }
        }
        won = next;
        steps.push(by);
    }
    let ends = (-OFF_MAX_MWH..).zip(&won).filter_map(|(off, sum)| Some(((*sum)? + off * battery.final_micro, off)));
    let (best, mut off) = ends.max()?;
    if best <= 0 {
        return None;
    }
    let mut found = Vec::with_capacity(moved_wh.len());
    for (by, wh) in steps.iter().zip(moved_wh).rev() {
        let (step, from) = by[at(off)?];
        found.push(wh + i64::from(step));
        off = from;
    }
    found.reverse();
    Some(found)
}

fn at(off_mwh: i64) -> Option<usize> {
    usize::try_from(off_mwh + OFF_MAX_MWH).ok().filter(|state| *state < STATES)
}

/// What is won by one Wh more or less than `wh`, in thousandths of a nano-unit.
fn gain(battery: &Battery, wh: i64, step: i8, margin: Margin) -> i64 {
    let zone = match step {
        0 => 0,
        1.. => -margin.costs_micro,
        _ => margin.saves_micro,
    };
    let given = (wh + i64::from(step)).min(0) - wh.min(0);
    1_000 * (zone + given * battery.wear_micro)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BATTERY: Battery = Battery {
        zone: 1,
        charge_wh: 100,
        discharge_wh: 100,
        capacity_wh: 20,
        initial_wh: 0,
        efficiency_permille: 950,
        wear_micro: 1,
        final_micro: 0,
    };

    fn flat(prices: &[i64]) -> Vec<Margin> {
        prices.iter().map(|price| Margin { costs_micro: *price, saves_micro: *price }).collect()
    }

    #[test]
    fn a_wh_moves_where_it_wins_and_bounds_hold() {
        for (moved, prices, expected) in [
            // 20 Wh store 19: all of it can be given. 19 store 18.05: the fraction is lost.
            (vec![19, -18], vec![10, 1_000], Some(vec![20, -19])),
            // Of the 22nd Wh only 50 mWh fit, and are worth it: 20 can be given.
            (vec![21, -19], vec![10, 1_000], Some(vec![22, -20])),
            // Nothing is given that is not there.
            (vec![22, -20], vec![10, 1_000], None),
            // Taking less in the dear slot and more in the cheap one.
            (vec![10, 10, -19], vec![500, 10, 1_000], Some(vec![9, 11, -19])),
            // Full is full.
            (vec![22, 0, -20], vec![-5, 10, 1_000], None),
        ] {
            assert_eq!(better(&BATTERY, &moved, &flat(&prices)), expected, "{moved:?} at {prices:?}");
        }
    }

    #[test]
    fn a_wh_whose_neighbour_costs_more_than_it_wins_stays() {
        let margins = [Margin { costs_micro: 2_000, saves_micro: 0 }, Margin { costs_micro: 1_000, saves_micro: 1_000 }];
        assert_eq!(better(&BATTERY, &[19, -18], &margins), None);
    }
}
