//! From what a head says to readings: pure.
//!
//! - The reading of a slot is the newest registers at or before its end, taken within it.
//! - A slot in which the source was silent has none: the next reading repairs it, because registers are cumulative.
//! - A slot is over when a sample at or after its end came, or when the clock is [`GRACE_MS`] past it.
//! - Registers never fall and never rise by more than the connection carries. What says otherwise is doubted and no sample: heads send 0 when they start
//!   before the meter has spoken, and bits tip over.

use super::source::Heard;
use dure_rules::energy::{GAP_SLOTS_MAX, SLOT_MS, Slot};
use std::collections::BTreeMap;

/// How long after a slot's end a message of it may still come.
pub const GRACE_MS: u64 = 10 * 60_000;
/// How far ahead of the chain's newest block the clock of a head may be.
const AHEAD_MAX_MS: u64 = 2 * SLOT_MS;
/// Power is worked out from registers that are at least so far apart: in less, a single Wh is too much.
const POWER_OVER_MIN_MS: u64 = 60_000;

/// What a meter has counted since it was built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Registers {
    pub import_wh: u64,
    pub export_wh: u64,
}

impl Registers {
    /// Delivered (+) and drawn (−) since `before`, Wh.
    pub fn net_since(&self, before: &Self) -> i64 {
        let rise = |now: u64, before: u64| i64::try_from(now.saturating_sub(before)).unwrap_or(i64::MAX);
        rise(self.export_wh, before.export_wh).saturating_sub(rise(self.import_wh, before.import_wh))
    }
}

/// Registers at a time, and the power then where it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    pub time_ms: u64,
    pub registers: Registers,
    /// Delivered +, drawn −.
    pub net_w: Option<i64>,
}

/// Why something that was heard is no sample.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// A head that has just started says so before the meter has spoken.
    #[error("both registers are 0: is the head still waiting for the meter?")]
    Zero,
    #[error("a register fell from {from} to {to} Wh")]
    Fell { from: u64, to: u64 },
    #[error("a register rose by {by} Wh, and the connection carries {max} Wh in that time")]
    Rose { by: u64, max: u64 },
    #[error("the head's clock is {} min ahead of the chain's", .by_ms / 60_000)]
    Ahead { by_ms: u64 },
    #[error("the head's clock is {} h behind the chain's", .by_ms / 3_600_000)]
    Behind { by_ms: u64 },
}

/// The registers as they come.
#[derive(Clone, Debug)]
pub struct Track {
    limits_wh: (u32, u32),
    /// The newest of each, for heads that say them one by one.
    import_wh: Option<u64>,
    export_wh: Option<u64>,
    net_w: Option<i64>,
    newest: Option<Sample>,
    /// What power is worked out from.
    before: Option<Sample>,
    /// The newest sample of each slot that is not over: of times in (begin, end].
    samples: BTreeMap<Slot, Sample>,
    /// The first slot that is not over.
    next: Slot,
}

/// The slot that a sample at `time_ms` is a reading of: one at the end of a slot belongs to it.
fn slot_of(time_ms: u64) -> Slot {
    Slot::try_from(time_ms.saturating_sub(1) / SLOT_MS).unwrap_or(Slot::MAX)
}

/// When a slot ends.
pub fn end_ms(slot: Slot) -> u64 {
    u64::from(slot).saturating_add(1).saturating_mul(SLOT_MS)
}

impl Track {
    /// `limits_wh`: what the connection draws and delivers in a slot at most. `has_export`: whether the meter has such a register.
    pub fn new(limits_wh: (u32, u32), has_export: bool) -> Self {
        let export_wh = (!has_export).then_some(0);
        Self { limits_wh, import_wh: None, export_wh, net_w: None, newest: None, before: None, samples: BTreeMap::new(), next: 0 }
    }

    /// What the chain knows already: registers at the end of the slot before `until`. Nothing is said again.
    pub fn known(&mut self, until: Slot, registers: Registers) {
        if until <= self.next {
            return;
        }
        self.next = until;
        self.samples = self.samples.split_off(&until);
        let time_ms = u64::from(until).saturating_mul(SLOT_MS);
        if self.newest.is_none_or(|newest| newest.time_ms < time_ms) {
            self.newest = Some(Sample { time_ms, registers, net_w: None });
            self.import_wh = Some(registers.import_wh);
            self.export_wh = Some(registers.export_wh);
        }
    }

    /// Takes what was heard; gives the sample, where both registers are known. `now_ms`: the chain's clock, where it is not standing still.
    ///
    /// # Errors
    /// [`Doubt`]: then nothing has changed.
    pub fn take(&mut self, heard: &Heard, now_ms: Option<u64>) -> Result<Option<Sample>, Doubt> {
        let time_ms = heard.time_ms;
        if let Some(now_ms) = now_ms {
            if time_ms > now_ms.saturating_add(AHEAD_MAX_MS) {
                return Err(Doubt::Ahead { by_ms: time_ms - now_ms });
            }
            if time_ms.saturating_add(u64::from(GAP_SLOTS_MAX) * SLOT_MS) < now_ms {
                return Err(Doubt::Behind { by_ms: now_ms - time_ms });
            }
        }
        if heard.import_wh == Some(0) && heard.export_wh == Some(0) {
            return Err(Doubt::Zero);
        }
        let (import_wh, export_wh) = (heard.import_wh.or(self.import_wh), heard.export_wh.or(self.export_wh));
        let (Some(import), Some(export)) = (import_wh, export_wh) else {
            (self.import_wh, self.export_wh) = (import_wh, export_wh);
            self.net_w = heard.power_w.map(|drawn| -drawn).or(self.net_w);
            return Ok(None);
        };
        let registers = Registers { import_wh: import, export_wh: export };
        if let Some(newest) = self.newest {
            if time_ms < newest.time_ms {
                return Ok(None); // overtaken on its way
            }
            let slots = (time_ms - newest.time_ms) / SLOT_MS + 1;
            rose(newest.registers.import_wh, import, slots.saturating_mul(self.limits_wh.0.into()))?;
            rose(newest.registers.export_wh, export, slots.saturating_mul(self.limits_wh.1.into()))?;
        }
        (self.import_wh, self.export_wh) = (import_wh, export_wh);
        self.net_w = heard.power_w.map(|drawn| -drawn).or_else(|| self.net_w_since(time_ms, &registers)).or(self.net_w);
        let sample = Sample { time_ms, registers, net_w: self.net_w };
        self.newest = Some(sample);
        if self.before.is_none_or(|before| before.time_ms + POWER_OVER_MIN_MS <= time_ms) {
            self.before = Some(sample);
        }
        let slot = slot_of(time_ms);
        if slot >= self.next {
            self.samples.insert(slot, sample);
        }
        Ok(Some(sample))
    }

    /// Power as the registers say it, delivered +.
    fn net_w_since(&self, time_ms: u64, registers: &Registers) -> Option<i64> {
        let before = self.before?;
        let over_ms = time_ms.checked_sub(before.time_ms).filter(|over_ms| *over_ms >= POWER_OVER_MIN_MS)?;
        Some(registers.net_since(&before.registers).saturating_mul(3_600_000) / i64::try_from(over_ms).ok()?)
    }

    pub fn newest(&self) -> Option<&Sample> {
        self.newest.as_ref()
    }

    /// The readings of the slots that are over, oldest first. Each is given once.
    pub fn over(&mut self, now_ms: Option<u64>) -> Vec<(Slot, Registers)> {
        let newest_ms = self.newest.map_or(0, |newest| newest.time_ms);
        let is_over = |slot: Slot| {
            newest_ms >= end_ms(slot) || now_ms.is_some_and(|now_ms| now_ms >= end_ms(slot).saturating_add(GRACE_MS))
        };
        let mut readings = Vec::new();
        while let Some(entry) = self.samples.first_entry().filter(|entry| is_over(*entry.key())) {
            let (slot, sample) = entry.remove_entry();
            self.next = slot.saturating_add(1);
            readings.push((slot, sample.registers));
        }
        readings
    }
}

fn rose(from: u64, to: u64, max: u64) -> Result<(), Doubt> {
    match to.checked_sub(from) {
        None => Err(Doubt::Fell { from, to }),
        Some(by) if by > max => Err(Doubt::Rose { by, max }),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: u64 = 1_000 * SLOT_MS;

    fn heard(time_ms: u64, import: u64, export: u64) -> Heard {
        Heard { time_ms, import_wh: Some(import), export_wh: Some(export), power_w: None }
    }

    fn track() -> Track {
        Track::new((2_750, 2_750), true)
    }

    /// Samples (minutes after slot 1,000 began, import, export), then what is over by their times alone.
    fn readings(samples: &[(u64, u64, u64)]) -> Vec<(Slot, u64, u64)> {
        let mut track = track();
        for (minutes, import, export) in samples {
            track.take(&heard(BEGIN + minutes * 60_000, *import, *export), None).expect("taken");
        }
        track.over(None).into_iter().map(|(slot, at)| (slot, at.import_wh, at.export_wh)).collect()
    }

    #[test]
    fn a_reading_is_the_newest_registers_at_or_before_the_end() {
        for (samples, expected) in [
            (&[(5, 100, 0), (10, 120, 1)][..], vec![]),
            (&[(5, 100, 0), (15, 130, 1)], vec![(1_000, 130, 1)]),
            (&[(5, 100, 0), (14, 120, 1), (16, 140, 1)], vec![(1_000, 120, 1)]),
            // Silent in slots 1,001 and 1,002: nothing is said of them.
            (&[(15, 100, 0), (50, 400, 0), (60, 420, 0)], vec![(1_000, 100, 0), (1_003, 420, 0)]),
            (&[(15, 100, 0), (30, 150, 0), (31, 151, 0)], vec![(1_000, 100, 0), (1_001, 150, 0)]),
        ] {
            assert_eq!(readings(samples), expected, "{samples:?}");
        }
    }

    #[test]
    fn a_slot_without_a_later_sample_is_over_by_the_clock_and_said_once() {
        let mut track = track();
        track.take(&heard(BEGIN + 14 * 60_000, 100, 0), Some(BEGIN)).expect("taken");
        let end = end_ms(1_000);
        assert_eq!(track.over(Some(end + GRACE_MS - 1)), vec![]);
        assert_eq!(track.over(Some(end + GRACE_MS)), vec![(1_000, Registers { import_wh: 100, export_wh: 0 })]);
        // What comes for it afterwards is not said, and is not lost: the next reading has it.
        track.take(&heard(end, 105, 0), Some(end + GRACE_MS)).expect("taken");
        assert_eq!(track.over(Some(end + 2 * GRACE_MS)), vec![]);
    }

    #[test]
    fn what_cannot_be_is_doubted_and_changes_nothing() {
        let mut track = track();
        let now = Some(BEGIN + 60_000);
        assert_eq!(track.take(&heard(BEGIN, 0, 0), now), Err(Doubt::Zero));
        track.take(&heard(BEGIN, 500, 70), now).expect("taken");
        let at = BEGIN + 60_000;
        assert_eq!(track.take(&heard(at, 0, 0), now), Err(Doubt::Zero));
        assert_eq!(track.take(&heard(at, 500, 69), now), Err(Doubt::Fell { from: 70, to: 69 }));
        assert_eq!(track.take(&heard(at, 3_251, 70), now), Err(Doubt::Rose { by: 2_751, max: 2_750 }));
        assert_eq!(track.take(&heard(at + 3 * SLOT_MS, 501, 70), now), Err(Doubt::Ahead { by_ms: 3 * SLOT_MS }));
        let behind = track.take(&heard(0, 501, 70), Some(3_000 * SLOT_MS));
        assert_eq!(behind, Err(Doubt::Behind { by_ms: 3_000 * SLOT_MS }));
        assert_eq!(track.newest().expect("one").registers, Registers { import_wh: 500, export_wh: 70 });
        assert_eq!(track.take(&heard(BEGIN - 1, 499, 70), now), Ok(None), "overtaken");
    }

    #[test]
    fn registers_that_come_one_by_one_make_a_sample_when_both_are_known() {
        let mut track = track();
        let of =
            |minutes: u64, import_wh, export_wh| Heard { time_ms: BEGIN + minutes * 60_000, import_wh, export_wh, power_w: None };
        assert_eq!(track.take(&of(1, Some(100), None), None), Ok(None));
        assert!(track.take(&of(2, None, Some(5)), None).expect("taken").is_some());
        track.take(&of(16, Some(110), None), None).expect("taken");
        assert_eq!(track.over(None), vec![(1_000, Registers { import_wh: 100, export_wh: 5 })]);
    }

    #[test]
    fn after_a_restart_the_chain_says_where_it_goes_on() {
        let mut track = track();
        track.known(1_001, Registers { import_wh: 100, export_wh: 5 });
        assert_eq!(track.take(&heard(BEGIN + 20 * 60_000, 90, 5), None), Err(Doubt::Fell { from: 100, to: 90 }));
        track.take(&heard(BEGIN + 30 * 60_000, 110, 5), None).expect("taken");
        assert_eq!(track.over(None), vec![(1_001, Registers { import_wh: 110, export_wh: 5 })]);
    }

    #[test]
    fn power_is_said_or_worked_out() {
        let mut track = track();
        let said = Heard { power_w: Some(-400), ..heard(BEGIN, 100, 0) };
        assert_eq!(track.take(&said, None).expect("taken").expect("a sample").net_w, Some(400));
        let mut silent = Track::new((2_750, 2_750), true);
        assert_eq!(silent.take(&heard(BEGIN, 100, 0), None).expect("taken").expect("a sample").net_w, None);
        let later = silent.take(&heard(BEGIN + 360_000, 150, 0), None).expect("taken").expect("a sample");
        assert_eq!(later.net_w, Some(-500), "50 Wh in a tenth of an hour");
    }
}
