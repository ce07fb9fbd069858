//! `market.toml`: a grid, what its lines carry, and the terms of trading on it.

use crate::config::{ConfigError, all_problems, read};
use alloy_primitives::Address;
use dure_rules::credits::CreditId;
use dure_rules::energy::{OpenMarket, Terms, Zone};
use serde::Deserialize;
use std::path::Path;

/// The whole file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketFile {
    pub name: String,
    pub credit: Address,
    /// Who sells what is short and buys what is long.
    pub supplier: Address,
    /// What the supplier sells and buys at, in the credit's unit per kWh.
    pub retail: f64,
    pub feed_in: f64,
    /// Prices stay between plus and minus this.
    #[serde(default = "default_technical")]
    pub technical: f64,
    /// From the gate to the first slot: of an auction of a day, and of one of a quarter of an hour.
    #[serde(default = "default_day_gate")]
    pub day_gate_minutes: u32,
    #[serde(default = "default_slot_gate")]
    pub slot_gate_minutes: u32,
    #[serde(default = "default_stage")]
    pub reveal_minutes: u32,
    #[serde(default = "default_stage")]
    pub solve_minutes: u32,
    #[serde(default = "default_reading")]
    pub reading_minutes: u32,
    /// In the credit's unit: what a bid that is not opened costs; a solver's bond; the most that a solver earns by one clearing.
    #[serde(default = "default_deposit")]
    pub deposit: f64,
    #[serde(default = "default_bond")]
    pub bond: f64,
    #[serde(default = "default_bond")]
    pub reward_max: f64,
    /// Of what the pot has above the reserve (in the credit's unit) so many thousandths are shared at the end of each day, by the capacity of connections.
    #[serde(default)]
    pub share_permille: u16,
    #[serde(default)]
    pub reserve: f64,
    /// How long a reading may be challenged once it is settled (0: never), how long the operator has to answer, what it costs whoever is wrong (in the
    /// credit's unit), and who decides where the operator is silent.
    #[serde(default)]
    pub challenge_hours: u32,
    #[serde(default = "default_answer")]
    pub answer_hours: u32,
    #[serde(default = "default_deposit")]
    pub challenge: f64,
    #[serde(default)]
    pub arbiter: Address,
    #[serde(default)]
    pub fallback_arbiter: Address,
    /// The first is the root: its line is the connection to the grid outside.
    #[serde(rename = "zone")]
    pub zones: Vec<ZoneFile>,
}

/// A zone of the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZoneFile {
    pub name: String,
    /// The name of a zone before it; the root has none.
    pub parent: Option<String>,
    /// What the line to the parent carries, kW; at the root: to the grid and from it.
    pub up_kw: f64,
    pub down_kw: f64,
    /// Fees and levies for each kWh over the line.
    #[serde(default)]
    pub fee: f64,
}

const fn default_technical() -> f64 {
    4.0
}
const fn default_day_gate() -> u32 {
    12 * 60
}
const fn default_slot_gate() -> u32 {
    45
}
const fn default_stage() -> u32 {
    15
}
const fn default_reading() -> u32 {
    60
}
const fn default_answer() -> u32 {
    48
}
const fn default_deposit() -> f64 {
    0.1
}
const fn default_bond() -> f64 {
    5.0
}

impl MarketFile {
    /// Reads a file and turns it into what opens the market.
    ///
    /// # Errors
    /// [`ConfigError`]: every problem of the file.
    pub fn read(path: &Path) -> Result<OpenMarket, ConfigError> {
        let file: Self = read(path)?;
        let mut problems = Vec::new();
        let opening = file.opening(&mut problems);
        all_problems(path, problems)?;
        Ok(opening)
    }

    fn opening(self, problems: &mut Vec<String>) -> OpenMarket {
        let mut zones = Vec::new();
        for (number, zone) in self.zones.iter().enumerate() {
            let parent = match &zone.parent {
                None if number == 0 => Some(0),
                Some(name) => self.zones.iter().take(number).position(|other| other.name == *name),
                None => None,
            };
            if parent.is_none() || (number == 0 && zone.parent.is_some()) {
                problems.push(format!("zone {}: `parent` must name a zone before it, and the first zone has none", zone.name));
            }
            zones.push(Zone {
                name: zone.name.clone(),
                parent: u8::try_from(parent.unwrap_or(0)).unwrap_or(u8::MAX),
                up_wh: wh(zone.up_kw, "up_kw", problems),
                down_wh: wh(zone.down_kw, "down_kw", problems),
                fee_micro: u32::try_from(micro(zone.fee, "fee", problems)).unwrap_or(u32::MAX),
            });
        }
        let ms = |minutes: u32| u64::from(minutes) * 60_000;
        let hours = |hours: u32| u64::from(hours) * 3_600_000;
        let mut nano = |units: f64, name: &str| u64::try_from(micro(units, name, problems)).unwrap_or(0).saturating_mul(1_000);
        let (deposit_nano, bond_nano) = (nano(self.deposit, "deposit"), nano(self.bond, "bond"));
        let (reward_max_nano, reserve_nano) = (nano(self.reward_max, "reward_max"), nano(self.reserve, "reserve"));
        let challenge_nano = nano(self.challenge, "challenge");
        let terms = Terms {
            retail_micro: micro(self.retail, "retail", problems),
            feed_in_micro: micro(self.feed_in, "feed_in", problems),
            technical_micro: micro(self.technical, "technical", problems),
            day_gate_ms: ms(self.day_gate_minutes),
            slot_gate_ms: ms(self.slot_gate_minutes),
            reveal_ms: ms(self.reveal_minutes),
            solve_ms: ms(self.solve_minutes),
            reading_ms: ms(self.reading_minutes),
            deposit_nano,
            bond_nano,
            reward_max_nano,
            share_permille: self.share_permille,
            reserve_nano,
            challenge_ms: hours(self.challenge_hours),
            answer_ms: hours(self.answer_hours),
            challenge_nano,
            arbiter: self.arbiter,
            fallback: self.fallback_arbiter,
        };
        OpenMarket { name: self.name, credit: CreditId(self.credit), supplier: self.supplier, zones, terms }
    }
}

/// Units to micro-units, to the nearest.
pub fn micro(units: f64, name: &str, problems: &mut Vec<String>) -> i64 {
    let micro = (units * 1e6).round();
    if !micro.is_finite() || micro.abs() > 1e15 {
        problems.push(format!("{name} = {units}: expected a number of the credit's unit, as 0.32"));
        return 0;
    }
    micro as i64
}

/// Power to energy in a quarter of an hour, to the nearest Wh.
pub fn wh(kw: f64, name: &str, problems: &mut Vec<String>) -> u32 {
    let wh = (kw * 250.0).round();
    if !(0.0..=f64::from(dure_rules::energy::SLOT_WH_MAX)).contains(&wh) {
        problems.push(format!("{name} = {kw}: expected kW from 0 to {}", dure_rules::energy::SLOT_WH_MAX / 250));
        return 0;
    }
    wh as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
name = "Maple Street"
credit = "0xd00ec00000000000000000000000000000000001"
supplier = "0x00000000000000000000000000000000000000aa"
retail = 0.32
feed_in = 0.08
[[zone]]
name = "South"
up_kw = 60
down_kw = 160
[[zone]]
name = "North"
parent = "South"
up_kw = 12
down_kw = 12.5
fee = 0.01
"#;

    fn read(text: &str) -> Result<OpenMarket, ConfigError> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("written");
        MarketFile::read(file.path())
    }

    #[test]
    fn a_market_is_read_in_the_units_of_the_chain() {
        let OpenMarket { zones, terms, .. } = read(GOOD).expect("good");
        assert_eq!((zones[1].parent, zones[1].up_wh, zones[1].down_wh, zones[1].fee_micro), (0, 3_000, 3_125, 10_000));
        assert_eq!((terms.retail_micro, terms.feed_in_micro, terms.deposit_nano), (320_000, 80_000, 100_000_000));
        assert_eq!((terms.day_gate_ms, terms.reveal_ms), (43_200_000, 900_000));
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let wrong = GOOD.replace("parent = \"South\"", "parent = \"West\"").replace("up_kw = 12", "up_kw = -1");
        let said = read(&wrong).expect_err("wrong").to_string();
        assert!(said.contains("zone North") && said.contains("up_kw = -1"), "{said}");
        let said = read(&GOOD.replace("retail", "retial")).expect_err("wrong");
        assert_eq!(said.hint.as_deref(), Some("is it `retail`?"));
    }
}
