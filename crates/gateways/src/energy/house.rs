//! What the program knows of its house: the registers as they come, what was traded, what the battery is to do. It talks to nobody.
//!
//! - Upon a message of the head: a sample ([`super::registers`]), and with it a new setpoint of the battery.
//! - Upon the end of a slot: a signed reading into the outbox, and what house and roof did into the history.

use super::{
    agent::Profile,
    battery::{Battery, Moment},
    config::{BatteryFile, Fallback},
    history::History,
    outbox::Outbox,
    registers::{Registers, Sample, Track, end_ms},
    source::{Heard, Source, Unreadable, number},
};
use crate::key::DeviceSigner;
use dure_rules::energy::{DAY_SLOTS, MeterId, Reading, SLOT_MS, SignedReading, Slot, reading_prehash};
use std::{collections::BTreeMap, io};

/// Days whose positions are kept: yesterday, today, tomorrow, and one to spare.
const DAYS_MAX: usize = 4;

/// Where registers come from.
pub(super) enum Origin {
    Profile(Profile),
    Head(Source),
}

/// What was traded for a day, and how often something of it was cleared when that was asked.
struct DayPosition {
    cleared: u64,
    net_wh: Vec<i32>,
}

/// A battery as it stands.
pub(super) struct Pack {
    pub file: BatteryFile,
    pub limits: Battery,
    soc_topic: Option<String>,
    /// And whether charging is negative there.
    power_topic: Option<(String, bool)>,
    stored_wh: Option<u32>,
    /// Charging +: measured, else what it was told.
    power_w: i64,
}

impl Pack {
    pub fn new(file: BatteryFile) -> Self {
        let (limits, soc_topic, power_topic) = (file.limits(), file.soc(), file.power());
        Self { file, limits, soc_topic, power_topic, stored_wh: None, power_w: 0 }
    }

    /// Takes a message in where it is of the battery.
    fn message(&mut self, topic: &str, payload: &[u8]) -> Result<(), Unreadable> {
        if self.soc_topic.as_deref() == Some(topic) {
            self.stored_wh = Some(self.file.stored_wh(number(payload, self.file.soc_field.as_deref())?));
        }
        if let Some((_, turned)) = self.power_topic.as_ref().filter(|(known, _)| known == topic) {
            let said = number(payload, self.file.power_field.as_deref())?;
            self.power_w = if *turned { -said } else { said };
        }
        Ok(())
    }

    /// What an inverter says: thousandths of what the battery holds, and its own power, delivered +, where that is the battery's.
    pub fn read(&mut self, stored_permille: u32, ac_power_w: Option<i64>) {
        let stored_wh = u64::from(self.limits.capacity_wh) * u64::from(stored_permille) / 1_000;
        self.stored_wh = u32::try_from(stored_wh).ok();
        if let Some(power_w) = ac_power_w.filter(|_| self.file.ac_coupled) {
            self.power_w = -power_w;
        }
    }

    /// Whether its power is measured; else it is taken to do what it was told.
    fn is_measured(&self) -> bool {
        self.power_topic.is_some() || self.file.ac_coupled
    }

    pub fn topics(&self) -> impl Iterator<Item = &str> {
        self.soc_topic.iter().chain(self.power_topic.as_ref().map(|(topic, _)| topic)).map(String::as_str)
    }
}

/// By what the battery is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// The meter shows what was traded.
    Position,
    /// The chain is silent: a rule of its own, and so much may be delivered, W.
    Local { rule: Fallback, export_w: u32 },
}

/// What the battery is to do, charging +, and what house and roof do, delivered +, W.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    pub charge_w: i64,
    pub house_w: i64,
}

/// A slot that is over: where the registers stood, and what was in the battery.
#[derive(Clone, Copy)]
struct End {
    slot: Slot,
    registers: Registers,
    stored_wh: Option<u32>,
}

pub(super) struct House {
    pub meter: MeterId,
    pub chain_id: u64,
    pub signer: DeviceSigner,
    pub origin: Origin,
    pub limits_wh: (u32, u32),
    pub track: Track,
    pub outbox: Outbox,
    pub history: History,
    pub pack: Option<Pack>,
    positions: BTreeMap<u32, DayPosition>,
    /// The newest registers, and the slot that they are a reading of; where the slot that runs began.
    latest: Option<(Slot, Registers)>,
    begin: Option<(Slot, Registers)>,
    last: Option<End>,
    /// What house and roof did at the newest sample, delivered +, W.
    house_w: Option<i64>,
    /// The chain has taken messages up to this one.
    counter: u64,
}

/// What a message led to.
#[derive(Default)]
pub(super) struct Consequence {
    pub set: Option<Setting>,
    /// Something that a person may want to know.
    pub doubt: Option<String>,
    /// A reading was put into the outbox.
    pub read: bool,
}

impl House {
    pub fn new(
        meter: MeterId,
        chain_id: u64,
        signer: DeviceSigner,
        origin: Origin,
        limits_wh: (u32, u32),
        outbox: Outbox,
    ) -> Self {
        let has_export = match &origin {
            Origin::Profile(_) => true,
            Origin::Head(source) => source.has_export(),
        };
        Self {
            meter,
            chain_id,
            signer,
            origin,
            limits_wh,
            track: Track::new(limits_wh, has_export),
            outbox,
            history: History::none(),
            pack: None,
            positions: BTreeMap::new(),
            latest: None,
            begin: None,
            last: None,
            house_w: None,
            counter: 0,
        }
    }

    /// What the chain has of this meter, and what waits in the outbox for it.
    pub fn known(&mut self, read_until: Slot, registers: Registers, counter: u64) {
        if read_until > 0 {
            self.track.known(read_until, registers);
        }
        if let Some(newest) = self.outbox.newest() {
            let registers = Registers { import_wh: newest.import_wh, export_wh: newest.export_wh };
            self.track.known(newest.slot.saturating_add(1), registers);
            self.counter = newest.counter;
        }
        self.counter = self.counter.max(counter);
    }

    /// Takes a message in. `now_ms`: the chain's clock, where it is not standing still.
    pub fn message(
        &mut self,
        topic: &str,
        payload: &[u8],
        (arrived_ms, now_ms): (u64, Option<u64>),
        aim: Aim,
    ) -> io::Result<Consequence> {
        let mut consequence = Consequence::default();
        if let Some(Err(error)) = self.pack.as_mut().map(|pack| pack.message(topic, payload)) {
            consequence.doubt = Some(format!("{topic}: {error}"));
        }
        let heard = match &self.origin {
            Origin::Head(source) => source.heard(topic, payload, arrived_ms),
            Origin::Profile(_) => None,
        };
        match heard {
            None => {}
            Some(Err(error)) => consequence.doubt = Some(format!("{topic}: {error}")),
            Some(Ok(heard)) => match self.track.take(&heard, now_ms) {
                Err(doubt) => consequence.doubt = Some(doubt.to_string()),
                Ok(None) => {}
                Ok(Some(sample)) => {
                    self.note_begin(&sample);
                    let power_w = self.pack.as_ref().map_or(0, |pack| pack.power_w);
                    self.house_w = sample.net_w.map(|net_w| net_w.saturating_add(power_w));
                    consequence.read = self.close(now_ms)?;
                    consequence.set = self.set(&sample, aim);
                }
            },
        }
        Ok(consequence)
    }

    /// The registers of a simulated meter, at the end of the newest slot that is over.
    pub fn simulate(&mut self, now_ms: u64) -> io::Result<bool> {
        let Origin::Profile(profile) = &self.origin else { return Ok(false) };
        let Some(slot) = Slot::try_from(now_ms / SLOT_MS).ok().and_then(|now| now.checked_sub(1)) else { return Ok(false) };
        let (import_wh, export_wh) = profile.registers(slot);
        let heard = Heard { time_ms: end_ms(slot), import_wh: Some(import_wh), export_wh: Some(export_wh), power_w: None };
        match self.track.take(&heard, Some(now_ms)) {
            Ok(_) => self.close(Some(now_ms)),
            Err(doubt) => Err(io::Error::other(format!("the profile: {doubt}"))),
        }
    }

    /// Where the slot that runs began: the reading of the one before it.
    fn note_begin(&mut self, sample: &Sample) {
        let of = Slot::try_from(sample.time_ms.saturating_sub(1) / SLOT_MS).unwrap_or(Slot::MAX);
        if let Some((slot, registers)) = self.latest.filter(|(slot, _)| slot.saturating_add(1) == of) {
            self.begin = Some((slot.saturating_add(1), registers));
        }
        if sample.time_ms.is_multiple_of(SLOT_MS) {
            self.begin = Some((of.saturating_add(1), sample.registers));
        }
        self.latest = Some((of, sample.registers));
    }

    /// Signs the readings of the slots that are over. Gives whether there were any.
    pub fn close(&mut self, now_ms: Option<u64>) -> io::Result<bool> {
        let over = self.track.over(now_ms);
        let stored_wh = self.pack.as_ref().and_then(|pack| pack.stored_wh);
        for (slot, registers) in &over {
            let (slot, registers) = (*slot, *registers);
            let counter = u64::from(slot).max(self.counter.saturating_add(1));
            let Registers { import_wh, export_wh } = registers;
            let reading = Reading { meter: self.meter, slot, import_wh, export_wh, counter };
            let signature = self.signer.sign(&reading_prehash(self.chain_id, &self.signer.public(), &reading));
            self.counter = counter;
            self.outbox.push(&SignedReading { reading, signature })?;
            if let Some(last) = self.last.filter(|last| last.slot.saturating_add(1) == slot) {
                let given_wh = |from: u32, to: u32| i64::from(from) - i64::from(to);
                let by_battery = last.stored_wh.zip(stored_wh).map_or(0, |(from, to)| given_wh(from, to));
                if self.pack.is_none() || (last.stored_wh.is_some() && stored_wh.is_some()) {
                    self.history.add(slot, registers.net_since(&last.registers) - by_battery)?;
                }
            }
            self.last = Some(End { slot, registers, stored_wh });
        }
        Ok(!over.is_empty())
    }

    /// What the battery is to do by the newest sample.
    pub fn set_again(&mut self, aim: Aim) -> Option<Setting> {
        let sample = *self.track.newest()?;
        self.set(&sample, aim)
    }

    /// What the battery is to do now; `None` where something that it takes is not known.
    fn set(&mut self, sample: &Sample, aim: Aim) -> Option<Setting> {
        let slot = Slot::try_from(sample.time_ms / SLOT_MS).ok()?;
        let position_wh = self.position_wh(slot);
        let begin = self.begin.filter(|(of, _)| *of == slot).map(|(_, registers)| registers);
        let (import_wh, export_wh) = self.limits_wh;
        let (pack, house_w) = (self.pack.as_mut()?, self.house_w?);
        let moment = Moment {
            position_wh: position_wh.unwrap_or(0),
            net_wh: begin.map(|begin| sample.registers.net_since(&begin)),
            left_ms: end_ms(slot).saturating_sub(sample.time_ms),
            house_w,
            stored_wh: pack.stored_wh?,
            import_w: import_wh.saturating_mul(4),
            export_w: export_wh.saturating_mul(4),
        };
        let charge_w = match aim {
            Aim::Position => position_wh.map(|_| pack.limits.setpoint_w(&moment))?,
            Aim::Local { rule, export_w } => {
                let meter_w = if rule == Fallback::OwnUse { 0 } else { house_w };
                pack.limits.towards_w(meter_w, &Moment { export_w: export_w.min(moment.export_w), ..moment })
            }
        };
        if !pack.is_measured() {
            pack.power_w = charge_w;
        }
        Some(Setting { charge_w, house_w })
    }

    /// The battery was told something else than what was worked out here.
    pub fn told(&mut self, charge_w: i64) {
        if let Some(pack) = self.pack.as_mut().filter(|pack| !pack.is_measured()) {
            pack.power_w = charge_w;
        }
    }

    /// Whether what was traded for `day` has to be asked again.
    pub fn needs_position(&self, day: u32, cleared: u64) -> bool {
        self.positions.get(&day).is_none_or(|known| known.cleared != cleared)
    }

    pub fn put_position(&mut self, day: u32, cleared: u64, net_wh: Vec<i32>) {
        self.positions.insert(day, DayPosition { cleared, net_wh });
        if self.positions.len() > DAYS_MAX {
            self.positions.pop_first();
        }
    }

    /// Sold (+) or bought (−) for a slot; `None` where it was not asked yet.
    pub fn position_wh(&self, slot: Slot) -> Option<i64> {
        let day = self.positions.get(&(slot / DAY_SLOTS))?;
        day.net_wh.get((slot % DAY_SLOTS) as usize).map(|wh| i64::from(*wh))
    }

    /// What house and roof will probably do.
    pub fn forecast_wh(&self, slot: Slot) -> Option<i64> {
        match &self.origin {
            Origin::Profile(profile) => Some(profile.forecast_wh(slot)),
            Origin::Head(_) => self.history.forecast_wh(slot),
        }
    }

    /// What will probably be in the battery when `until` begins, and what the meter will probably show in the slot before it, where the battery follows what was traded from `from` on.
    fn walk(&self, from: Slot, until: Slot) -> Option<(u32, i64)> {
        let pack = self.pack.as_ref()?;
        let of = |slot| (self.forecast_wh(slot).unwrap_or(0), self.position_wh(slot).unwrap_or(0));
        Some(pack.limits.walk(pack.stored_wh?, (from..until).map(of)))
    }

    /// What will probably be in the battery when `slot` begins, Wh.
    pub fn stored_at(&self, now: Slot, slot: Slot) -> Option<u32> {
        self.walk(now.saturating_add(1), slot).map(|(stored_wh, _)| stored_wh)
    }

    /// What of `slot` is not traded yet, delivered +, by the newest forecast, Wh.
    pub fn missing_wh(&self, now: Slot, slot: Slot) -> Option<i64> {
        let position_wh = self.position_wh(slot)?;
        let forecast_wh = self.forecast_wh(slot)?;
        let shown_wh = self.walk(now.saturating_add(1), slot.saturating_add(1)).map_or(forecast_wh, |(_, shown_wh)| shown_wh);
        Some(shown_wh - position_wh)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) const DAY: u32 = 20_000;
    const FIRST: Slot = DAY * DAY_SLOTS;

    pub(in super::super) fn house(folder: &std::path::Path) -> House {
        let source: Source = toml::from_str("topic = \"m\"\ntime = \"payload\"").expect("a section");
        let file: BatteryFile = toml::from_str(
            "charge_w = 5000\ndischarge_w = 5000\ncapacity_wh = 10000\nsoc_topic = \"soc\"\nsoc_unit = \"Wh\"\nset_topic = \"set\"",
        )
        .expect("a section");
        let outbox = Outbox::open(folder.join("outbox.json"), MeterId::ZERO).expect("opened");
        let mut house = House::new(MeterId::ZERO, 1, DeviceSigner::random(), Origin::Head(source), (2_750, 2_750), outbox);
        house.pack = Some(Pack::new(file));
        house
    }

    /// What house 7 says at `minutes` of the day 20,000 (2024-10-04).
    fn say(house: &mut House, minutes: u32, import_wh: u32, export_wh: u32, drawn_w: i64) -> Consequence {
        let kwh = |wh: u32| f64::from(wh) / 1_000.0;
        let json = serde_json::json!({
            "Time": format!("2024-10-04T{:02}:{:02}:00", minutes / 60, minutes % 60),
            "SML": { "Total_in": kwh(import_wh), "Total_out": kwh(export_wh), "Power_curr": drawn_w },
        });
        house.message("m", json.to_string().as_bytes(), (0, None), Aim::Position).expect("kept")
    }

    #[test]
    fn the_battery_is_set_upon_a_sample_once_position_and_charge_are_known() {
        let folder = tempfile::tempdir().expect("folder");
        let mut house = house(folder.path());
        assert_eq!(say(&mut house, 0, 1_000, 0, 400).set, None);
        house.put_position(DAY, 0, vec![-50; 96]);
        assert_eq!(say(&mut house, 1, 1_006, 0, 400).set, None, "what is in the battery is not known");
        house.message("soc", b"5000", (0, None), Aim::Position).expect("kept");
        let set = |charge_w| Some(Setting { charge_w, house_w: -400 });
        // 400 W are drawn, 6 of 50 Wh were drawn in a minute: 44 Wh in 14 minutes are 188 W.
        assert_eq!(say(&mut house, 1, 1_006, 0, 400).set, set(-212));
        // It does what it was told: now 188 W are drawn, so the house still draws 400.
        assert_eq!(say(&mut house, 2, 1_010, 0, 188).set, set(-216));
        let doubt = house.message("soc", b"unavailable", (0, None), Aim::Position).expect("kept").doubt.expect("told");
        assert!(doubt.contains("unavailable"), "{doubt}");
    }

    #[test]
    fn while_the_chain_is_silent_the_battery_follows_the_local_rule_and_the_cap() {
        let folder = tempfile::tempdir().expect("folder");
        let mut house = house(folder.path());
        house.message("soc", b"5000", (0, None), Aim::Position).expect("kept");
        say(&mut house, 1, 1_006, 0, 400);
        let mut by = |rule, export_w| house.set_again(Aim::Local { rule, export_w }).map(|set| set.charge_w);
        assert_eq!((by(Fallback::OwnUse, 3_000), by(Fallback::OwnUse, 3_000)), (Some(-400), Some(-400)), "by the same sample");
        let mut sunny = self::house(folder.path());
        sunny.message("soc", b"5000", (0, None), Aim::Position).expect("kept");
        say(&mut sunny, 1, 1_006, 0, -4_000);
        let mut by = |rule, export_w| sunny.set_again(Aim::Local { rule, export_w }).map(|set| set.charge_w);
        assert_eq!(by(Fallback::OwnUse, 3_000), Some(4_000));
        assert_eq!(by(Fallback::Hold, 3_000), Some(1_000), "what may not be delivered is kept");
        assert_eq!(by(Fallback::Hold, 11_000), Some(0));
        assert_eq!(sunny.set_again(Aim::Position), None, "what was traded is not known");
    }

    #[test]
    fn a_slot_that_is_over_is_signed_and_remembered_without_the_battery() {
        let folder = tempfile::tempdir().expect("folder");
        let mut house = house(folder.path());
        house.message("soc", b"5000", (0, None), Aim::Position).expect("kept");
        assert!(!say(&mut house, 10, 1_000, 0, 400).read);
        assert!(say(&mut house, 15, 1_020, 0, 400).read);
        // In the next slot the battery gives 60 of the 100 Wh.
        house.message("soc", b"4940", (0, None), Aim::Position).expect("kept");
        assert!(say(&mut house, 30, 1_060, 0, 160).read);
        let said: Vec<Reading> = house.outbox.first().into_iter().map(|signed| signed.reading).collect();
        let reading = |slot, import_wh| Reading { meter: MeterId::ZERO, slot, import_wh, export_wh: 0, counter: slot.into() };
        assert_eq!(said, [reading(FIRST, 1_020), reading(FIRST + 1, 1_060)]);
        assert_eq!(house.forecast_wh(FIRST + 1 + DAY_SLOTS), Some(-100));
        assert_eq!(house.forecast_wh(FIRST + DAY_SLOTS), None, "where it began was not seen");
    }

    #[test]
    fn what_is_missing_counts_what_the_battery_will_do() {
        let folder = tempfile::tempdir().expect("folder");
        let mut house = house(folder.path());
        house.put_position(DAY, 0, vec![0; 96]);
        for slot in FIRST - DAY_SLOTS..FIRST {
            house.history.add(slot, -800).expect("no file");
        }
        house.message("soc", b"2000", (0, None), Aim::Position).expect("kept");
        assert_eq!(house.missing_wh(FIRST, FIRST + 1), Some(0), "the battery has it");
        assert_eq!(house.missing_wh(FIRST, FIRST + 3), Some(-400));
        assert_eq!(house.missing_wh(FIRST, FIRST + 4), Some(-800));
        assert_eq!((house.stored_at(FIRST, FIRST + 3), house.stored_at(FIRST, FIRST + 5)), (Some(400), Some(0)));
        assert_eq!(house.missing_wh(FIRST, FIRST + DAY_SLOTS), None, "what is traded of tomorrow is not known");
        house.pack = None;
        assert_eq!(house.missing_wh(FIRST, FIRST + 1), Some(-800));
    }

    #[test]
    fn a_restart_goes_on_where_chain_and_outbox_are() {
        let folder = tempfile::tempdir().expect("folder");
        let mut first = house(folder.path());
        say(&mut first, 14, 1_000, 0, 0);
        assert!(say(&mut first, 16, 1_010, 0, 0).read);
        let mut again = house(folder.path());
        again.known(FIRST - 3, Registers { import_wh: 900, export_wh: 0 }, 3);
        assert!(say(&mut again, 14, 1_000, 0, 0).set.is_none());
        assert!(!say(&mut again, 16, 1_010, 0, 0).read, "slot 0 is in the outbox");
        assert!(say(&mut again, 31, 1_030, 0, 0).read);
        assert_eq!(again.outbox.newest().map(|reading| reading.slot), Some(FIRST + 1));
    }
}
