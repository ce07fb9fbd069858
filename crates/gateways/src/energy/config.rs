//! `meter.toml`: whose meter it is, where its registers are found, what hangs behind it.

use super::{
    agent::{self, Limits},
    battery,
    market::{self, wh},
    source::{Source, TimeOf},
};
use crate::{
    config::{ConfigError, all_problems, read},
    mqtt::{Mqtt, address},
};
use alloy_primitives::B256;
use dure_rules::energy::{BATTERY_WH_MAX, MeterId, Terms};
use serde::Deserialize;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// The node that is asked where neither the file nor the command names one.
pub const RPC: &str = "http://localhost:8545";

/// The whole file. Paths in it are relative to it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeterFile {
    /// A node of the chain; what the command says goes before it.
    pub rpc: Option<String>,
    /// Key file of the owner's account.
    pub key: PathBuf,
    /// The meter's own key; made where there is none.
    pub meter_key: PathBuf,
    /// Folder of what must not be forgotten: sealed bids, readings on their way, what house and roof did.
    #[serde(default = "default_state")]
    pub state: PathBuf,
    pub market: B256,
    /// The zone's name.
    pub zone: String,
    /// What the connection draws and delivers at most, kW.
    pub import_kw: f64,
    pub export_kw: f64,
    /// The purse is filled up to this, minor units of the market's credit, when less than half is free.
    pub purse: u64,
    /// The most that is paid and the least that is taken for a kWh, in the credit's unit; the default is just better than with the supplier.
    pub buy_to: Option<f64>,
    pub sell_from: Option<f64>,
    /// An auction of a slot is only worth a bid from so much on.
    #[serde(default = "default_least")]
    pub trade_least_wh: u32,
    /// A day's profile for a simulated meter: 96 lines `import_wh,export_wh`. In place of `[mqtt]` and `[meter]`.
    pub profile: Option<PathBuf>,
    pub mqtt: Option<Mqtt>,
    pub meter: Option<Source>,
    pub battery: Option<BatteryFile>,
    /// Where no block comes for so long, the battery follows a rule of its own.
    #[serde(default = "default_fallback_minutes")]
    pub fallback_minutes: f64,
    #[serde(default)]
    pub fallback: Fallback,
    /// What may be delivered then, kW: what the operator's paper says; the default is what the connection carries.
    pub fallback_export_kw: Option<f64>,
    /// Where a number says what may be delivered now, W: for whatever can curtail the roof.
    pub limit_topic: Option<String>,
}

/// What the battery does while the chain is silent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// It evens out what house and roof do.
    #[default]
    OwnUse,
    /// It stands still, but for what may not be delivered.
    Hold,
}

/// A battery that is read and set by MQTT.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatteryFile {
    /// At most, W.
    pub charge_w: u32,
    pub discharge_w: u32,
    pub capacity_wh: u32,
    /// It is not discharged below this.
    #[serde(default)]
    pub reserve_wh: u32,
    /// What is in it, as a number or at a JSON pointer.
    pub soc_topic: Option<String>,
    pub soc_field: Option<String>,
    #[serde(default)]
    pub soc_unit: SocUnit,
    /// Where it is told what to do: a number, W, charging +, discharging −.
    pub set_topic: Option<String>,
    /// What it does, W, charging +; else it is taken to do what it was told.
    pub power_topic: Option<String>,
    pub power_field: Option<String>,
    /// In place of these topics: the root topic of an evcc that controls it.
    pub evcc: Option<String>,
    /// In place of these topics: `host:port` of its SunSpec inverter, and its unit there.
    pub sunspec: Option<String>,
    #[serde(default = "default_unit")]
    pub sunspec_unit: u8,
    /// The SunSpec inverter has nothing but the battery behind it, so its power is the battery's.
    #[serde(default)]
    pub ac_coupled: bool,
    /// What is stored of a kWh that it takes.
    #[serde(default = "default_efficiency")]
    pub efficiency: f64,
    /// In the credit's unit per kWh: what discharging costs it, but for what charging has lost.
    #[serde(default = "default_wear")]
    pub wear: f64,
    /// In the credit's unit per kWh: what is left at a day's end is worth so much; the default is halfway between feed-in and retail.
    pub left: Option<f64>,
}

/// The unit of a state of charge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum SocUnit {
    #[default]
    #[serde(rename = "%")]
    Percent,
    #[serde(rename = "Wh")]
    WattHour,
}

/// How a battery is read and told, by what the file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// A number on a topic.
    Number {
        set_topic: String,
    },
    /// One of evcc's modes.
    Evcc {
        set_topic: String,
    },
    SunSpec {
        address: String,
        unit: u8,
    },
}

const fn default_fallback_minutes() -> f64 {
    5.0
}
const fn default_unit() -> u8 {
    1
}
fn default_state() -> PathBuf {
    "meter-state".into()
}
const fn default_least() -> u32 {
    50
}
const fn default_wear() -> f64 {
    0.02
}
const fn default_efficiency() -> f64 {
    0.95
}

impl MeterFile {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`ConfigError`]: every problem of the file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let mut file: Self = read(path)?;
        all_problems(path, file.problems())?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for one in [&mut file.key, &mut file.meter_key, &mut file.state].into_iter().chain(&mut file.profile) {
            *one = folder.join(&*one);
        }
        Ok(file)
    }

    /// What is wrong with it, one sentence each.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        wh(self.import_kw, "import_kw", &mut problems);
        wh(self.export_kw, "export_kw", &mut problems);
        match (&self.profile, &self.mqtt, &self.meter) {
            (Some(_), None, None) => {
                if self.battery.is_some() {
                    problems.push("[battery]: a simulated meter (`profile`) has none".into());
                }
            }
            (None, Some(mqtt), Some(meter)) => {
                problems.extend(mqtt.problems());
                problems.extend(mqtt.discovery.as_ref().map(|_| "discovery: a meter announces nothing".into()));
                problems.extend(meter.problems());
            }
            _ => problems.push("write [mqtt] and [meter], or `profile` for a simulated meter".into()),
        }
        for (name, units) in [("buy_to", self.buy_to), ("sell_from", self.sell_from)] {
            if let Some(units) = units {
                market::micro(units, name, &mut problems);
            }
        }
        if !(0.0..=60.0 * 24.0).contains(&self.fallback_minutes) {
            problems.push(format!("fallback_minutes = {}: expected minutes, at most a day", self.fallback_minutes));
        }
        if let Some(kw) = self.fallback_export_kw {
            wh(kw, "fallback_export_kw", &mut problems);
        }
        if let Some(battery) = &self.battery {
            if battery.way().is_none() {
                problems.push("[battery]: name either `soc_topic` and `set_topic`, or `evcc`, or `sunspec`".into());
            }
            if battery.ac_coupled && battery.sunspec.is_none() {
                problems.push("[battery]: `ac_coupled` is about a `sunspec` inverter".into());
            }
            if battery.sunspec.as_deref().is_some_and(|address_of| address(address_of).is_none()) {
                problems.push("[battery]: `sunspec` is not HOST:PORT".into());
            }
            if battery.capacity_wh == 0 || battery.capacity_wh > BATTERY_WH_MAX || battery.reserve_wh >= battery.capacity_wh {
                problems.push(format!("[battery]: capacity_wh must be above reserve_wh, and at most {BATTERY_WH_MAX}"));
            }
            if !(0.5..=1.0).contains(&battery.efficiency) {
                let efficiency = battery.efficiency;
                problems
                    .push(format!("[battery]: efficiency = {efficiency}: expected what is stored of 1 kWh taken, from 0.5 to 1"));
            }
            for price in [Some(battery.wear), battery.left].into_iter().flatten() {
                if !(-1_000.0..=1_000.0).contains(&price) {
                    problems.push(format!("[battery]: {price}: expected a price per kWh, as 0.02"));
                }
            }
        }
        problems
    }

    /// What is paid and taken for a kWh, within the technical prices: a bid beyond them could not be opened, and its deposit would be lost.
    pub fn limits(&self, terms: &Terms) -> Limits {
        let Limits { buy_to_micro, sell_from_micro, technical_micro } = Limits::within(terms);
        // What is no number was told when the file was read.
        let micro = |units: Option<f64>, usual| units.map_or(usual, |units| market::micro(units, "", &mut Vec::new()));
        let possible = |micro: i64| micro.clamp(1 - terms.technical_micro, terms.technical_micro - 1);
        Limits {
            buy_to_micro: possible(micro(self.buy_to, buy_to_micro)),
            sell_from_micro: possible(micro(self.sell_from, sell_from_micro)),
            technical_micro,
        }
    }

    /// What the connection draws and delivers in a slot at most, Wh.
    pub fn limits_wh(&self) -> (u32, u32) {
        let mut checked_before = Vec::new();
        (wh(self.import_kw, "import_kw", &mut checked_before), wh(self.export_kw, "export_kw", &mut checked_before))
    }

    /// How long no block may come.
    pub fn silence_max(&self) -> Duration {
        Duration::try_from_secs_f64(self.fallback_minutes * 60.0).unwrap_or(Duration::MAX)
    }

    /// What may be delivered at the meter while the chain is silent, W.
    pub fn fallback_export_w(&self) -> u32 {
        let (mut checked_before, kw) = (Vec::new(), self.fallback_export_kw.unwrap_or(self.export_kw));
        wh(kw.min(self.export_kw), "fallback_export_kw", &mut checked_before).saturating_mul(4)
    }

    /// Whether the times of samples are the heads' own.
    pub fn time_of_payload(&self) -> bool {
        self.meter.as_ref().is_some_and(|meter| meter.time == TimeOf::Payload)
    }
}

/// A meter's name on the broker, where its file has none.
pub fn client(meter: MeterId) -> String {
    format!("dure-meter-{}", &meter.to_string()[2..14])
}

impl BatteryFile {
    pub fn limits(&self) -> battery::Battery {
        let Self { charge_w, discharge_w, capacity_wh, reserve_wh, .. } = *self;
        let stored_permille = (self.efficiency.clamp(0.5, 1.0) * 1_000.0).round() as u32;
        battery::Battery { charge_w, discharge_w, capacity_wh, reserve_wh, stored_permille }
    }

    /// What discharging a kWh costs in a bid: wear, and what was lost when it was charged ([`agent::loss_micro`]). At least 1, and within the technical prices: beyond them a
    /// bid could not be opened, and its deposit would be lost.
    pub fn wear_micro(&self, terms: &Terms) -> i64 {
        let wear_micro = market::micro(self.wear, "", &mut Vec::new());
        wear_micro.saturating_add(agent::loss_micro(terms, self.limits().stored_permille)).clamp(1, terms.technical_micro - 1)
    }

    /// What a kWh that is left is worth, within the technical prices.
    pub fn left_micro(&self, terms: &Terms) -> i64 {
        let said = self.left.map(|units| market::micro(units, "", &mut Vec::new()));
        said.map_or_else(|| agent::left_micro(terms), |micro| micro.clamp(1 - terms.technical_micro, terms.technical_micro - 1))
    }

    /// `None` where the file does not say one way, and only one.
    pub fn way(&self) -> Option<Way> {
        match (&self.soc_topic, &self.set_topic, &self.evcc, &self.sunspec) {
            (Some(_), Some(set_topic), None, None) => Some(Way::Number { set_topic: set_topic.clone() }),
            (_, None, Some(root), None) => Some(Way::Evcc { set_topic: format!("{root}/site/batteryMode/set") }),
            (None, None, None, Some(address)) => Some(Way::SunSpec { address: address.clone(), unit: self.sunspec_unit }),
            _ => None,
        }
    }

    /// Where what is in it is said.
    pub fn soc(&self) -> Option<String> {
        let of_evcc = || self.evcc.as_ref().map(|root| format!("{root}/site/battery/soc"));
        self.soc_topic.clone().or_else(of_evcc)
    }

    /// Where its power is said, and whether charging is negative there.
    pub fn power(&self) -> Option<(String, bool)> {
        let of_evcc = || self.evcc.as_ref().map(|root| format!("{root}/site/battery/power"));
        self.power_topic.clone().or_else(of_evcc).map(|topic| (topic, self.evcc.is_some()))
    }

    /// A state of charge as it was said, in Wh.
    pub fn stored_wh(&self, said: i64) -> u32 {
        let wh = match self.soc_unit {
            SocUnit::WattHour => said,
            SocUnit::Percent => said.clamp(0, 100) * i64::from(self.capacity_wh) / 100,
        };
        u32::try_from(wh.max(0)).unwrap_or(u32::MAX).min(self.capacity_wh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIMULATED: &str = r#"
key = "owner.key"
meter_key = "meter.key"
market = "0x0101010101010101010101010101010101010101010101010101010101010101"
zone = "North"
import_kw = 11
export_kw = 11
purse = 1000
profile = "day.csv"
"#;
    const REAL: &str = r#"
[mqtt]
broker = "localhost:1883"
[meter]
topic = "tele/meter/SENSOR"
[battery]
charge_w = 5000
discharge_w = 4000
capacity_wh = 10000
soc_topic = "battery/soc"
set_topic = "battery/set"
"#;

    fn of(text: &str) -> Result<MeterFile, ConfigError> {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("meter.toml");
        std::fs::write(&path, text).expect("written");
        MeterFile::read(&path)
    }

    #[test]
    fn a_simulated_and_a_real_meter_are_read_with_their_defaults() {
        let file = of(SIMULATED).expect("good");
        assert!(file.state.is_absolute() && file.profile.is_some_and(|path| path.ends_with("day.csv")));
        assert_eq!((file.trade_least_wh, file.rpc), (50, None));
        let real = of(&format!("{}{REAL}", SIMULATED.replace("profile = \"day.csv\"\n", ""))).expect("good");
        assert_eq!((real.fallback, real.fallback_export_w(), real.silence_max().as_secs()), (Fallback::OwnUse, 11_000, 300));
        let battery = real.battery.expect("one");
        assert_eq!((battery.limits().stored_permille, battery.limits().slot_wh((2_750, 900))), (950, (1_187, 900)));
        assert_eq!((battery.stored_wh(50), battery.stored_wh(130), battery.stored_wh(-3)), (5_000, 10_000, 0));
        assert_eq!(battery.way(), Some(Way::Number { set_topic: "battery/set".into() }));
        let login = real.mqtt.expect("one").login(&client(MeterId::repeat_byte(0xab)));
        assert_eq!((login.client.as_str(), login.port), ("dure-meter-abababababab", 1883));
    }

    #[test]
    fn what_is_wrong_is_said_at_once_and_all_of_it() {
        let both = of(&format!("{SIMULATED}{REAL}")).expect_err("refused").to_string();
        assert!(both.contains("or `profile`"), "{both}");
        let real = format!("{}{REAL}", SIMULATED.replace("profile = \"day.csv\"\n", ""));
        let wrong = real.replace("localhost:1883", "nowhere").replace("import_kw = 11", "import_kw = -1").replace("10000", "0");
        let said = of(&wrong).expect_err("refused").to_string();
        assert!(said.contains("broker `nowhere`") && said.contains("import_kw") && said.contains("capacity_wh"), "{said}");
        let said =
            of(&real.replace("[meter]", "client = \"a/b\"\ndiscovery = \"ha\"\n[meter]")).expect_err("refused").to_string();
        assert!(said.contains("client `a/b`") && said.contains("announces nothing"), "{said}");
        let none = of(&real.replace("set_topic = \"battery/set\"\n", "")).expect_err("refused").to_string();
        assert!(none.contains("`evcc`, or `sunspec`"), "{none}");
        let lossy = |efficiency: &str| of(&format!("{real}efficiency = {efficiency}\n"));
        assert!(lossy("0.5").is_ok() && lossy("1").is_ok());
        let said = lossy("95").expect_err("refused").to_string();
        assert!(said.contains("efficiency = 95: expected what is stored of 1 kWh"), "{said}");
        assert!(lossy("nan").is_err());
        let evcc = real.replace("set_topic = \"battery/set\"", "evcc = \"evcc\"").replace("soc_topic = \"battery/soc\"\n", "");
        let battery = of(&evcc).expect("good").battery.expect("one");
        assert_eq!(battery.way(), Some(Way::Evcc { set_topic: "evcc/site/batteryMode/set".into() }));
        assert_eq!(battery.soc().as_deref(), Some("evcc/site/battery/soc"));
        assert_eq!(battery.power(), Some(("evcc/site/battery/power".into(), true)));
        let error = of(&real.replace("soc_topic", "soc_topics")).expect_err("refused");
        assert_eq!(error.hint.as_deref(), Some("is it `soc_topic`?"));
    }
}
