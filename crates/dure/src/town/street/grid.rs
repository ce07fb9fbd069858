//! The street's grid: SimBench's LV1.101, in which 28 loads, 8 roofs and 5 batteries hang on 13 connections, each of which is a house here.
//! The data and their licence: `crates/dure/data/simbench`. Ours are the two feeders, the cloud front, and that a battery gives what power it takes.
//!
//! Pure integer arithmetic over given times.

use crate::{say::Problem, town::routine::Dice};
use dure_rules::energy::{DAY_SLOTS, Slot};
use serde::Deserialize;

const GRID: &str = include_str!("../../../data/simbench/lv1.101.json");
const PROFILES: &str = include_str!("../../../data/simbench/june.csv");

/// 1970-01-05 was a Monday, and so is the first day of the data.
const FIRST_MONDAY: u32 = 4;
/// Values are in so many parts of the peak.
const PARTS: u64 = 10_000;
/// What comes through the clouds of a front, percent.
const THROUGH_CLOUDS_PERCENT: u64 = 20;
/// A front needs so long from one feeder to the other, slots.
const FRONT_MOVES_SLOTS: u32 = 2;

/// The feeders, and the zone behind the transformer that both belong to.
pub const ROOT: &str = "Transformer";
pub const FEEDERS: [&str; 2] = ["Mill Lane", "Orchard Row"];
/// Buses up to this one hang on the first feeder.
const FIRST_FEEDER_UNTIL: u32 = 7;

#[derive(Deserialize)]
struct Grid {
    loads: Vec<Unit>,
    generators: Vec<Unit>,
    batteries: Vec<Storage>,
}

#[derive(Deserialize)]
struct Unit {
    node: String,
    profile: String,
    peak_w: u64,
}

#[derive(Deserialize)]
struct Storage {
    node: String,
    charge_w: u32,
    capacity_wh: u32,
    efficiency_permille: u32,
}

/// A battery as it is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Battery {
    /// Both ways, W.
    pub power_w: u32,
    pub capacity_wh: u32,
    pub efficiency_permille: u32,
}

/// A connection to the grid and what hangs on it.
#[derive(Clone, Debug)]
pub struct House {
    /// Which of [`FEEDERS`].
    pub feeder: usize,
    pub battery: Option<Battery>,
    /// Column of the profiles, peak W.
    loads: Vec<(usize, u64)>,
    roofs: Vec<(usize, u64)>,
}

impl House {
    /// What the connection must carry one way: the peaks of what draws, or of what gives, kW.
    pub fn connection_kw(&self) -> u64 {
        let sum = |of: &[(usize, u64)]| of.iter().map(|(_, peak_w)| peak_w).sum::<u64>();
        let battery_w = self.battery.map_or(0, |battery| u64::from(battery.power_w));
        (sum(&self.loads).max(sum(&self.roofs)) + battery_w).div_ceil(1_000).max(11)
    }
}

/// The street and its weather.
#[derive(Clone, Debug)]
pub struct Street {
    pub houses: Vec<House>,
    /// One row a quarter of an hour.
    rows: Vec<Vec<u64>>,
    seed: u64,
}

impl Street {
    /// # Errors
    /// A fault of this program: its own data do not fit together.
    pub fn new(seed: u64) -> Result<Self, Problem> {
        let wrong = |what: &str| Problem::fault(format!("the street's data: {what}"));
        let grid: Grid = serde_json::from_str(GRID).map_err(|error| wrong(&error.to_string()))?;
        let mut lines = PROFILES.lines();
        let heads: Vec<&str> = lines.next().unwrap_or_default().split(',').skip(1).collect();
        let row = |line: &str| line.split(',').skip(1).map(str::parse).collect::<Result<Vec<u64>, _>>();
        let rows = lines.map(row).collect::<Result<Vec<_>, _>>().map_err(|error| wrong(&error.to_string()))?;
        if rows.is_empty() || rows.len() % DAY_SLOTS as usize != 0 || rows.iter().any(|row| row.len() != heads.len()) {
            return Err(wrong("profiles are no whole days"));
        }
        let bus = |node: &str| node.rsplit(' ').next().and_then(|number| number.parse::<u32>().ok());
        let mut buses: Vec<u32> = grid.loads.iter().filter_map(|load| bus(&load.node)).collect();
        buses.sort_unstable();
        buses.dedup();
        let units = |of: &[Unit], kind: &str, at: u32| {
            let here = of.iter().filter(|unit| bus(&unit.node) == Some(at));
            let column = |unit: &Unit| {
                let head = format!("{kind}:{}", unit.profile);
                Some((heads.iter().position(|known| *known == head)?, unit.peak_w))
            };
            here.map(column).collect::<Option<Vec<_>>>().ok_or_else(|| wrong("a profile is missing"))
        };
        let mut houses = Vec::new();
        for at in buses {
            let battery = grid.batteries.iter().find(|battery| bus(&battery.node) == Some(at)).map(|battery| Battery {
                power_w: battery.charge_w,
                capacity_wh: battery.capacity_wh,
                efficiency_permille: battery.efficiency_permille,
            });
            let (loads, roofs) = (units(&grid.loads, "load", at)?, units(&grid.generators, "gen", at)?);
            houses.push(House { feeder: usize::from(at > FIRST_FEEDER_UNTIL), battery, loads, roofs });
        }
        Ok(Self { houses, rows, seed })
    }

    fn share(&self, of: &[(usize, u64)], slot: Slot) -> u64 {
        let day = (slot / DAY_SLOTS).wrapping_sub(FIRST_MONDAY) as usize % (self.rows.len() / DAY_SLOTS as usize);
        let row = &self.rows[day * DAY_SLOTS as usize + (slot % DAY_SLOTS) as usize];
        of.iter().map(|(column, peak_w)| peak_w * row[*column] / PARTS).sum()
    }

    /// What everything in the house draws in `slot`, W.
    pub fn load_w(&self, house: usize, slot: Slot) -> u64 {
        self.share(&self.houses[house].loads, slot)
    }

    /// What the roof was promised to give by the weather report, W.
    pub fn promised_w(&self, house: usize, slot: Slot) -> u64 {
        self.share(&self.houses[house].roofs, slot)
    }

    /// What the roof gives in `slot`, W.
    pub fn sun_w(&self, house: usize, slot: Slot) -> u64 {
        let promised = self.promised_w(house, slot);
        if self.clouded(self.houses[house].feeder, slot) { promised * THROUGH_CLOUDS_PERCENT / 100 } else { promised }
    }

    /// Whether a front is above the feeder, of which no report knew: every second day, about noon, for an hour to an hour and a half.
    pub fn clouded(&self, feeder: usize, slot: Slot) -> bool {
        let (day, within_day) = (slot / DAY_SLOTS, slot % DAY_SLOTS);
        let mut dice = Dice::new(self.seed, 4_000 + u64::from(day));
        let (comes, stays) = (dice.between(44, 54) as u32, dice.between(4, 6) as u32);
        let from = comes + FRONT_MOVES_SLOTS * feeder as u32;
        day.is_multiple_of(2) && (from..from + stays).contains(&within_day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_street_is_the_grid_of_the_data() {
        let street = Street::new(1).expect("its data fit");
        assert_eq!(street.houses.len(), 13);
        let count = |of: fn(&House) -> usize| street.houses.iter().map(of).sum::<usize>();
        assert_eq!((count(|h| h.loads.len()), count(|h| h.roofs.len()), count(|h| h.battery.iter().count())), (28, 8, 5));
        // 2016-06-13, a Monday, of which SimBench has 1,696 kWh of sun and 491 kWh drawn; each quarter of an hour is rounded down here.
        let day = (FIRST_MONDAY + 7) * DAY_SLOTS;
        let kwh = |of: &dyn Fn(usize, Slot) -> u64| {
            let wh = (0..13).flat_map(|house| (day..day + DAY_SLOTS).map(move |slot| (house, slot)));
            wh.map(|(house, slot)| of(house, slot)).sum::<u64>() / 4_000
        };
        assert_eq!(
            (kwh(&|house, slot| street.promised_w(house, slot)), kwh(&|house, slot| street.load_w(house, slot))),
            (1_695, 490)
        );
        assert_eq!(
            street.load_w(3, day + 17),
            street.load_w(3, day + 17 + 14 * DAY_SLOTS),
            "two weeks later the data begin anew"
        );
    }

    #[test]
    fn a_front_takes_most_of_the_sun_and_moves_from_feeder_to_feeder() {
        let street = Street::new(1).expect("its data fit");
        let clouded = |day: u32, feeder| -> Vec<u32> {
            (0..DAY_SLOTS).filter(|slot| street.clouded(feeder, day * DAY_SLOTS + slot)).collect()
        };
        for day in [20_600, 20_602, 20_604] {
            let (first, second) = (clouded(day, 0), clouded(day, 1));
            assert!((4..=6).contains(&first.len()), "{first:?}");
            assert_eq!(first.iter().map(|slot| slot + FRONT_MOVES_SLOTS).collect::<Vec<_>>(), second);
            assert!(clouded(day + 1, 0).is_empty());
            let slot = day * DAY_SLOTS + first[0];
            assert_eq!(street.sun_w(0, slot), street.promised_w(0, slot) / 5);
        }
    }
}
