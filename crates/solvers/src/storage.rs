//! A storage schedule for batteries that lose energy, near enough to the best one to be proven. On the chain batteries lose nothing (docs/decisions/0021); this is the yardstick
//! of what that costs.
//!
//! 1. The linear programme of the whole book, by an interior point method (Clarabel): how much is in each battery after each slot, and what it is worth
//!    there. Both are floating point and only a suggestion.
//! 2. Rounded: in each slot a battery takes or gives the whole Wh that bring it nearest to what the programme suggests, within its bounds. What is
//!    rounded in one slot is made up for in the next.
//! 3. Repaired (`refine`): with each slot cleared exactly, a Wh more here and less there where that wins.
//! 4. The zones' prices are those of each slot cleared exactly with the batteries free to trade at the suggested prices: of all prices those with
//!    the least bound.
//!
//! [`dure_rules::energy::clearing::storage::check`] says whether it was near enough.

mod refine;

use crate::{Unsolved, certify, fits, solve};
use clarabel::algebra::CscMatrix;
use clarabel::solver::{DefaultSettingsBuilder, DefaultSolver, IPSolver, NonnegativeConeT, SolverStatus, ZeroConeT};
use dure_rules::energy::clearing::storage::{Battery, Book, Plan, sound};
use dure_rules::energy::clearing::{Arc, Certificate, Extreme, Node, OUTSIDE, VALUE_MAX_MICRO};
use refine::Margin;

/// The programme's own tolerance; the proof asks for 1e-5.
const TOLERANCE: f64 = 1e-10;
const ITERATIONS_MAX: u32 = 200;
/// The programme reckons in kWh and units per kWh, so that its numbers are near 1.
const PER_KWH: f64 = 1e3;
const PER_UNIT: f64 = 1e6;

/// Rounds of repair over all batteries, at most; each wins less than the one before.
const REPAIRS_MAX: u32 = 4;

/// A plan for `book`.
///
/// # Errors
/// [`Unsolved::Book`] where the book is not sound, [`Unsolved::Programme`] where the programme has no solution; what [`solve`] and [`certify`] say
/// of a slot.
pub fn plan(book: &Book) -> Result<Plan, Unsolved> {
    sound(book).map_err(|_| Unsolved::Book)?;
    for network in &book.slots {
        fits(network)?;
        if network.arcs.iter().any(|arc| !(-VALUE_MAX_MICRO..=VALUE_MAX_MICRO).contains(&arc.value_micro)) {
            return Err(Unsolved::Book);
        }
    }
    let suggested = suggest(book)?;
    let rounded = book.batteries.iter().zip(&suggested.stored_mwh).map(|(battery, stored)| rounded(battery, stored));
    let mut schedule = Schedule::new(book, rounded.collect())?;
    for _ in 0..REPAIRS_MAX {
        if !schedule.repair()? {
            break;
        }
    }
    let Schedule { moved_wh, cleared, .. } = schedule;
    let zone_millimicro: Result<_, _> =
        (0..book.slots.len()).map(|slot| with_prices(book, &suggested.millimicro, slot)).collect();
    Ok(Plan {
        moved_wh,
        flow_wh: cleared.into_iter().map(|slot| slot.flow_wh).collect(),
        zone_millimicro: zone_millimicro?,
        battery_millimicro: suggested.millimicro,
    })
}

/// The flows of each slot, cleared exactly with what each battery moves in it.
///
/// # Errors
/// What [`solve`] and [`certify`] say of a slot.
pub fn flows(book: &Book, moved_wh: &[Vec<i64>]) -> Result<Vec<Vec<u32>>, Unsolved> {
    (0..book.slots.len()).map(|slot| with_schedule(book, moved_wh, slot).map(|slot| slot.flow_wh)).collect()
}

/// What each battery moves in each slot, and each slot cleared with that.
struct Schedule<'a> {
    book: &'a Book,
    moved_wh: Vec<Vec<i64>>,
    cleared: Vec<Slot>,
}

struct Slot {
    flow_wh: Vec<u32>,
    /// Of each node.
    margins: Vec<Margin>,
}

impl<'a> Schedule<'a> {
    fn new(book: &'a Book, moved_wh: Vec<Vec<i64>>) -> Result<Self, Unsolved> {
        let cleared: Result<_, _> = (0..book.slots.len()).map(|slot| with_schedule(book, &moved_wh, slot)).collect();
        cleared.map(|cleared| Self { book, moved_wh, cleared })
    }

    /// Whether any battery's schedule became better.
    fn repair(&mut self) -> Result<bool, Unsolved> {
        let mut repaired = false;
        for (number, battery) in self.book.batteries.iter().enumerate() {
            let margins: Vec<Margin> = self.cleared.iter().map(|slot| slot.margins[battery.zone as usize]).collect();
            let Some(better) = refine::better(battery, &self.moved_wh[number], &margins) else { continue };
            repaired = true;
            let before = std::mem::replace(&mut self.moved_wh[number], better);
            for slot in (0..before.len()).filter(|slot| before[*slot] != self.moved_wh[number][*slot]).collect::<Vec<_>>() {
                self.cleared[slot] = with_schedule(self.book, &self.moved_wh, slot)?;
            }
        }
        Ok(repaired)
    }
}

/// Whole Wh in each slot that follow `suggested`, what is in the battery after each slot.
pub fn rounded(battery: &Battery, suggested_mwh: &[f64]) -> Vec<i64> {
    let (full, efficiency) = (i64::from(battery.capacity_wh) * 1_000, i64::from(battery.efficiency_permille));
    let mut stored = i64::from(battery.initial_wh) * 1_000;
    let mut moved_wh = Vec::with_capacity(suggested_mwh.len());
    for suggested in suggested_mwh {
        let wanted = (suggested.round() as i64).clamp(0, full) - stored;
        let wh = if wanted > 0 {
            nearest(wanted, efficiency).min((full - stored) / efficiency).min(i64::from(battery.charge_wh))
        } else {
            -nearest(-wanted, 1_000).min(stored / 1_000).min(i64::from(battery.discharge_wh))
        };
        stored = battery.stored_after_mwh(stored, wh).unwrap_or(stored);
        moved_wh.push(wh);
    }
    moved_wh
}

fn nearest(number: i64, by: i64) -> i64 {
    (number + by / 2) / by
}

/// A slot in which each battery takes or gives what `moved_wh` says.
fn with_schedule(book: &Book, moved_wh: &[Vec<i64>], slot: usize) -> Result<Slot, Unsolved> {
    let network = &book.slots[slot];
    let mut fixed = network.clone();
    let dearest = network.arcs.iter().map(|arc| arc.value_micro.abs()).max().unwrap_or(0);
    let mut taken = vec![0i64; network.given_wh.len()];
    for (battery, moved_wh) in book.batteries.iter().zip(moved_wh) {
        taken[battery.zone as usize] += moved_wh[slot];
    }
    for (node, wh) in (0..).zip(taken) {
        let size = u32::try_from(wh.abs()).map_err(|_| Unsolved::Programme { said: format!("{wh} Wh at node {node}") })?;
        if wh < 0 {
            fixed.given_wh[node as usize] = fixed.given_wh[node as usize].saturating_add(size);
        } else if wh > 0 {
            // Worth more than anything could cost, so it is always served.
            fixed.arcs.push(Arc { tail: node, head: OUTSIDE, capacity_wh: size, value_micro: dearest + 1 });
        }
    }
    let mut flow_wh = solve(&fixed)?;
    let Certificate { highest, lowest, .. } = certify(&fixed, &flow_wh)?;
    let margin = |(high, low): (&Extreme, &Extreme)| Margin { costs_micro: high.price_micro, saves_micro: low.price_micro };
    let margins = highest.iter().zip(&lowest).map(margin).collect();
    flow_wh.truncate(network.arcs.len());
    Ok(Slot { flow_wh, margins })
}

/// The canonical prices of a slot in which each battery takes and gives at what its energy is worth, in thousandths of micro-units.
fn with_prices(book: &Book, millimicro: &[Vec<i64>], slot: usize) -> Result<Vec<i64>, Unsolved> {
    let mut free = book.slots[slot].clone();
    free.arcs.iter_mut().for_each(|arc| arc.value_micro *= 1_000);
    for (battery, millimicro) in book.batteries.iter().zip(millimicro) {
        let (zone, price) = (battery.zone, millimicro[slot]);
        // Rounded up by less than a thousandth of a micro-unit.
        let takes = -(-price * i64::from(battery.efficiency_permille)).div_euclid(1_000);
        let gives = -price - battery.wear_micro * 1_000;
        free.arcs.push(Arc { tail: zone, head: OUTSIDE, capacity_wh: battery.charge_wh, value_micro: takes });
        free.arcs.push(Arc { tail: OUTSIDE, head: zone, capacity_wh: battery.discharge_wh, value_micro: gives });
    }
    let Certificate { highest, lowest, .. } = certify(&free, &solve(&free)?)?;
    Ok(highest.iter().zip(&lowest).map(|(high, low)| (high.price_micro + low.price_micro).div_euclid(2)).collect())
}

/// What the programme says: of each battery after each slot.
struct Suggested {
    stored_mwh: Vec<Vec<f64>>,
    millimicro: Vec<Vec<i64>>,
}

/// Σ value × x at its greatest, where 0 ≤ x ≤ upper, and each row's Σ factor × x is its right-hand side.
#[derive(Default)]
struct Programme {
    value: Vec<f64>,
    upper: Vec<f64>,
    right: Vec<f64>,
    rows: Vec<usize>,
    columns: Vec<usize>,
    factors: Vec<f64>,
}

impl Programme {
    fn column(&mut self, value: f64, upper: f64, entries: &[(usize, f64)]) -> usize {
        let column = self.value.len();
        self.value.push(value);
        self.upper.push(upper);
        for (row, factor) in entries {
            self.rows.push(*row);
            self.columns.push(column);
            self.factors.push(*factor);
        }
        column
    }

    /// Each x, and each row's price.
    fn solve(mut self) -> Result<(Vec<f64>, Vec<f64>), Unsolved> {
        let (rows, columns) = (self.right.len(), self.value.len());
        for column in 0..columns {
            self.rows.extend([rows + column, rows + columns + column]);
            self.columns.extend([column, column]);
            self.factors.extend([-1.0, 1.0]);
        }
        let all = rows + 2 * columns;
        let matrix = CscMatrix::new_from_triplets(all, columns, self.rows, self.columns, self.factors);
        let right: Vec<f64> = self.right.into_iter().chain(vec![0.0; columns]).chain(self.upper).collect();
        let costs: Vec<f64> = self.value.iter().map(|value| -value).collect();
        let settings = DefaultSettingsBuilder::default()
            .verbose(false)
            .max_iter(ITERATIONS_MAX)
            .tol_gap_abs(TOLERANCE)
            .tol_gap_rel(TOLERANCE)
            .tol_feas(TOLERANCE)
            .build();
        let said = |error: String| Unsolved::Programme { said: error };
        let settings = settings.map_err(|error| said(error.to_string()))?;
        let cones = [ZeroConeT(rows), NonnegativeConeT(2 * columns)];
        let mut solver = DefaultSolver::new(&CscMatrix::zeros((columns, columns)), &costs, &matrix, &right, &cones, settings)
            .map_err(|error| said(error.to_string()))?;
        solver.solve();
        let solution = solver.solution;
        match solution.status {
            // Nearly solved is good enough to be tried: the proof decides.
            SolverStatus::Solved | SolverStatus::AlmostSolved | SolverStatus::InsufficientProgress => {
                Ok((solution.x, solution.z[..rows].iter().map(|price| -price).collect()))
            }
            status => Err(said(format!("{status:?}"))),
        }
    }
}

fn suggest(book: &Book) -> Result<Suggested, Unsolved> {
    if book.slots.is_empty() || book.batteries.is_empty() {
        let batteries = book.batteries.len();
        return Ok(Suggested { stored_mwh: vec![Vec::new(); batteries], millimicro: vec![Vec::new(); batteries] });
    }
    let mut programme = Programme::default();
    // A row for each zone in each slot, then one for each battery in each slot.
    let mut begins = Vec::with_capacity(book.slots.len());
    for network in &book.slots {
        begins.push(programme.right.len());
        programme.right.extend(network.given_wh.iter().skip(1).map(|wh| -f64::from(*wh) / PER_KWH));
    }
    let zone = |slot: usize, node: Node| (node != OUTSIDE).then(|| begins[slot] + node as usize - 1);
    for (slot, network) in book.slots.iter().enumerate() {
        // The technical arcs have the lowest value of all and never carry anything; their ample capacities would only blur the others.
        let lowest = network.arcs.iter().map(|arc| arc.value_micro).min().unwrap_or(0);
        for arc in network.arcs.iter().filter(|arc| arc.value_micro > lowest && arc.capacity_wh > 0) {
            let ends = [(arc.tail, -1.0), (arc.head, 1.0)].into_iter();
            let ends: Vec<_> = ends.filter_map(|(node, sign)| Some((zone(slot, node)?, sign))).collect();
            programme.column(arc.value_micro as f64 / PER_UNIT, f64::from(arc.capacity_wh) / PER_KWH, &ends);
        }
    }
    let mut rows = Vec::with_capacity(book.batteries.len());
    let mut kept = Vec::with_capacity(book.batteries.len());
    for battery in &book.batteries {
        let first = programme.right.len();
        programme.right.extend((0..book.slots.len()).map(|slot| -f64::from(battery.initial_wh) / PER_KWH * f64::from(slot == 0)));
        rows.push(first);
        kept.push(of_battery(&mut programme, battery, first, book.slots.len(), |slot| zone(slot, battery.zone)));
    }
    let (x, prices) = programme.solve()?;
    let mwh = |columns: Vec<usize>| columns.into_iter().map(|column| x[column] * PER_KWH * 1e3).collect();
    let most = VALUE_MAX_MICRO * 1_000;
    let millimicro = |price: &f64| ((price * PER_UNIT * 1e3).round() as i64).clamp(-most, most);
    let price = |first: usize| prices[first..first + book.slots.len()].iter().map(millimicro);
    Ok(Suggested {
        stored_mwh: kept.into_iter().map(mwh).collect(),
        millimicro: rows.into_iter().map(|first| price(first).collect()).collect(),
    })
}

/// What a battery takes, gives and keeps in each slot; the columns of what it keeps.
fn of_battery(
    programme: &mut Programme,
    battery: &Battery,
    first: usize,
    slots: usize,
    zone: impl Fn(usize) -> Option<usize>,
) -> Vec<usize> {
    let kwh = |wh: u32| f64::from(wh) / PER_KWH;
    let mut kept = Vec::with_capacity(slots);
    for slot in 0..slots {
        let (here, Some(zone)) = (first + slot, zone(slot)) else { continue };
        let stored = f64::from(battery.efficiency_permille) / 1e3;
        programme.column(0.0, kwh(battery.charge_wh), &[(zone, -1.0), (here, stored)]);
        programme.column(-(battery.wear_micro as f64) / PER_UNIT, kwh(battery.discharge_wh), &[(zone, 1.0), (here, -1.0)]);
        let last = slot + 1 == slots;
        let (value, entries) = if last {
            (battery.final_micro as f64 / PER_UNIT, vec![(here, -1.0)])
        } else {
            (0.0, vec![(here, -1.0), (here + 1, 1.0)])
        };
        kept.push(programme.column(value, kwh(battery.capacity_wh), &entries));
    }
    kept
}
