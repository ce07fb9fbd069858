//! SimBench's grid, and what a battery does with what is asked of it.

use crate::Failed;
use serde_json::Value;
use std::collections::BTreeMap;

pub const SLOTS: usize = 96;

pub struct Battery {
    pub power_w: i64,
    pub capacity_wh: i64,
    efficiency_permille: i64,
}

impl Battery {
    /// Takes (+) or gives (−) what it can of `wanted` Wh; all that is lost is lost on taking.
    pub fn take(&self, stored_mwh: &mut i64, wanted_wh: i64) -> i64 {
        let most = self.power_w / 4;
        let room_wh = (self.capacity_wh * 1_000 - *stored_mwh) / self.efficiency_permille;
        let moved = wanted_wh.clamp(-most, most).min(room_wh.max(0)).max(-*stored_mwh / 1_000);
        *stored_mwh += if moved > 0 { moved * self.efficiency_permille } else { moved * 1_000 };
        moved
    }
}

/// A load or a roof: its bus, its profile, its peak.
struct Unit {
    bus: String,
    profile: String,
    peak_w: i64,
}

pub struct Grid {
    pub batteries: Vec<Battery>,
    loads: Vec<Unit>,
    roofs: Vec<Unit>,
    /// For each battery the bus of the roof that it is given to.
    owners: Vec<String>,
    rows: Vec<BTreeMap<String, i64>>,
    times: Vec<String>,
}

impl Grid {
    pub fn read(folder: &str) -> Result<Self, Failed> {
        let grid: Value = serde_json::from_str(&std::fs::read_to_string(format!("{folder}/lv1.101.json"))?)?;
        let text = std::fs::read_to_string(format!("{folder}/profiles.csv"))?;
        let mut lines = text.lines();
        let heads: Vec<&str> = lines.next().ok_or("profiles.csv is empty")?.split(',').skip(1).collect();
        let (mut rows, mut times) = (Vec::new(), Vec::new());
        for line in lines {
            let (time, values) = line.split_once(',').ok_or("a line without values")?;
            let values = values.split(',').map(str::parse::<i64>);
            rows.push(
                heads.iter().zip(values).map(|(head, value)| Ok(((*head).to_owned(), value?))).collect::<Result<_, Failed>>()?,
            );
            times.push(time.to_owned());
        }
        let units = |list: &str, kind: &str| -> Result<Vec<Unit>, Failed> {
            let unit = |of: &Value| {
                Some(Unit {
                    bus: of["node"].as_str()?.to_owned(),
                    profile: format!("{kind}:{}", of["profile"].as_str()?),
                    peak_w: of["peak_w"].as_i64()?,
                })
            };
            grid[list].as_array().and_then(|all| all.iter().map(unit).collect()).ok_or_else(|| list.to_owned().into())
        };
        let (loads, roofs) = (units("loads", "load")?, units("generators", "gen")?);
        let battery = |of: &Value| {
            Some(Battery {
                power_w: of["charge_w"].as_i64()?,
                capacity_wh: of["capacity_wh"].as_i64()?,
                efficiency_permille: of["efficiency_permille"].as_i64()?,
            })
        };
        let mut batteries: Vec<Battery> =
            grid["batteries"].as_array().and_then(|all| all.iter().map(battery).collect()).ok_or("batteries")?;
        batteries.sort_by_key(|battery| -battery.capacity_wh);
        let mut largest: Vec<&Unit> = roofs.iter().collect();
        largest.sort_by_key(|roof| -roof.peak_w);
        let owners = largest.iter().take(batteries.len()).map(|roof| roof.bus.clone()).collect();
        Ok(Self { batteries, loads, roofs, owners, rows, times })
    }

    pub fn days(&self) -> usize {
        self.rows.len() / SLOTS
    }

    /// Whether the day before is the one before in the calendar: the data are of three seasons.
    pub fn follows(&self, day: usize) -> bool {
        let date =
            |day: usize| (self.times[day * SLOTS][..7].to_owned(), self.times[day * SLOTS][8..10].parse::<u32>().unwrap_or(0));
        let ((month, number), (month_before, number_before)) = (date(day), date(day - 1));
        month == month_before && number == number_before + 1
    }

    pub fn date(&self, day: usize) -> &str {
        &self.times[day * SLOTS][..10]
    }

    fn sum_w<'a>(&self, units: impl Iterator<Item = &'a Unit>, day: usize, slot: usize) -> i64 {
        let row = &self.rows[day * SLOTS + slot];
        units.map(|unit| unit.peak_w * row.get(&unit.profile).copied().unwrap_or(0) / 10_000).sum()
    }

    pub fn sun_w(&self, day: usize, slot: usize) -> i64 {
        self.sum_w(self.roofs.iter(), day, slot)
    }

    pub fn load_w(&self, day: usize, slot: usize) -> i64 {
        self.sum_w(self.loads.iter(), day, slot)
    }

    /// What the house of the battery's roof has too much (+) or too little (−), W.
    pub fn own_w(&self, battery: usize, day: usize, slot: usize) -> i64 {
        let own = |units: &'_ [Unit]| self.sum_w(units.iter().filter(|unit| unit.bus == self.owners[battery]), day, slot);
        own(&self.roofs) - own(&self.loads)
    }
}
