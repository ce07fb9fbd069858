//! From what a sensor says to a level that may be acted upon.
//!
//! - Upon a level: three in a row that agree (within [`AGREE_PERCENT`] of the capacity) make a level; a single outlier makes
//!   none.
//! - Upon a drop faster than the machine can use: doubt it, until [`INSIST`] readings in a row say so (somebody spilt it).
//! - Upon a rising total of what was used: subtract what was added since the last one. A total that fell began anew. The same
//!   total twice, as MQTT may deliver it, subtracts nothing.
//! - Upon low / not low: three that agree.
//! - Low has hysteresis: it begins at the threshold and ends at the re-arm mark.

use serde::{Deserialize, Serialize};

/// Readings that must agree.
pub const AGREEING: usize = 3;
/// How far agreeing readings may lie apart, percent of the capacity.
pub const AGREE_PERCENT: u64 = 5;
/// Implausible readings in a row after which they are believed.
pub const INSIST: u32 = 12;
const HOUR_MS: u64 = 3_600_000;

/// How a level is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The sensor says the level.
    #[default]
    Level,
    /// The machine says the total of what it used.
    Usage,
    /// Both; a drop must be explained by usage.
    Both,
    /// The machine says `ON` when it is low, no more (Bosch i-Dos).
    BinaryLow,
}

/// What a message says, in the slot's unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    Level(u64),
    /// Total used, ever.
    Used(u64),
    Low(bool),
}

/// The slot, as the chain describes it, and how fast it may empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub capacity: u64,
    pub threshold: u64,
    pub rearm: u64,
    pub drop_per_hour_max: u64,
}

/// What is known after a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Not enough readings that agree.
    Waiting,
    /// Fell further than plausible; both in the slot's unit.
    Doubtful {
        dropped: u64,
        plausible: u64,
    },
    Level(u64),
}

/// What survives a restart: a counter's place. Levels are sampled again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counter {
    /// Last total, where one came.
    pub total: Option<u64>,
    /// What is left by usage, where it is known.
    pub left: Option<u64>,
}

/// One slot's filter.
#[derive(Clone, Debug)]
pub struct Filter {
    kind: Kind,
    shape: Shape,
    recent: Vec<u64>,
    stable: Option<(u64, u64)>,
    doubts: u32,
    low: bool,
    /// Used since the last stable level, for [`Kind::Both`].
    explained: u64,
    pub counter: Counter,
}

impl Filter {
    pub const fn new(kind: Kind, shape: Shape, counter: Counter) -> Self {
        Self { kind, shape, recent: Vec::new(), stable: None, doubts: 0, low: false, explained: 0, counter }
    }

    /// The owner described the slot anew.
    pub const fn reshape(&mut self, shape: Shape) {
        self.shape = shape;
    }

    /// After a break: what was seen before it counts no more.
    pub fn sample_again(&mut self) {
        self.recent.clear();
        self.stable = None;
        self.doubts = 0;
        self.explained = 0;
    }

    /// The last level that may be acted upon.
    pub fn level(&self) -> Option<u64> {
        self.stable.map(|(level, _)| level)
    }

    /// Low since the threshold was reached, until the re-arm mark is.
    pub const fn is_low(&self) -> bool {
        self.low
    }

    /// Somebody filled `amount` in; only usage needs to be told.
    pub fn filled(&mut self, amount: u64) {
        let left = self.counter.left.unwrap_or(0).saturating_add(amount).min(self.shape.capacity);
        self.counter.left = Some(left);
    }

    /// Takes a reading of `at_ms`, consensus time.
    pub fn take(&mut self, at_ms: u64, reading: Reading) -> Seen {
        match (self.kind, reading) {
            (Kind::Usage, Reading::Used(total)) => {
                let used = self.count(total);
                let left = self.counter.left.unwrap_or(self.shape.capacity).saturating_sub(used);
                self.counter.left = Some(left);
                self.settle(left, at_ms)
            }
            (Kind::Both, Reading::Used(total)) => {
                let used = self.count(total);
                self.explained = self.explained.saturating_add(used);
                Seen::Waiting
            }
            (Kind::Level | Kind::Both, Reading::Level(level)) => self.sample(level.min(self.shape.capacity), at_ms),
            (Kind::BinaryLow, Reading::Low(low)) => self.sample(if low { self.shape.threshold } else { self.shape.rearm }, at_ms),
            _ => Seen::Waiting,
        }
    }

    /// What was used since the last total. The first one says nothing.
    fn count(&mut self, total: u64) -> u64 {
        let last = self.counter.total.replace(total);
        last.map_or(0, |last| if total >= last { total - last } else { total })
    }

    fn sample(&mut self, level: u64, at_ms: u64) -> Seen {
        if self.recent.len() == AGREEING {
            self.recent.remove(0);
        }
        self.recent.push(level);
        let lowest = self.recent.iter().min().copied().unwrap_or(level);
        let highest = self.recent.iter().max().copied().unwrap_or(level);
        if self.recent.len() < AGREEING
            || (highest - lowest).saturating_mul(100) > self.shape.capacity.saturating_mul(AGREE_PERCENT)
        {
            return Seen::Waiting;
        }
        if let Some((dropped, plausible)) = self.implausible(level, at_ms) {
            self.doubts = self.doubts.saturating_add(1);
            if self.doubts < INSIST {
                return Seen::Doubtful { dropped, plausible };
            }
        }
        self.settle(level, at_ms)
    }

    /// How far it fell and could have fallen, where it fell too far. Binary sensors jump; that is all they can do.
    fn implausible(&self, level: u64, at_ms: u64) -> Option<(u64, u64)> {
        let (before, since_ms) = self.stable.filter(|_| self.kind != Kind::BinaryLow)?;
        let dropped = before.saturating_sub(level);
        let noise = self.shape.capacity.saturating_mul(AGREE_PERCENT) / 100;
        let plausible = match self.kind {
            Kind::Both => self.explained,
            _ => {
                // A sensor that reports once an hour may show an hour's use at once.
                let elapsed_ms = at_ms.saturating_sub(since_ms).max(HOUR_MS);
                u64::try_from(u128::from(self.shape.drop_per_hour_max) * u128::from(elapsed_ms) / u128::from(HOUR_MS))
                    .unwrap_or(u64::MAX)
            }
        };
        let plausible = plausible.saturating_add(noise);
        (dropped > plausible).then_some((dropped, plausible))
    }

    fn settle(&mut self, level: u64, at_ms: u64) -> Seen {
        self.stable = Some((level, at_ms));
        self.doubts = 0;
        self.explained = 0;
        if level <= self.shape.threshold {
            self.low = true;
        } else if level >= self.shape.rearm {
            self.low = false;
        }
        Seen::Level(level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SHAPE: Shape = Shape { capacity: 1_000, threshold: 150, rearm: 600, drop_per_hour_max: 500 };

    fn of(kind: Kind) -> Filter {
        Filter::new(kind, SHAPE, Counter::default())
    }

    /// Readings a minute apart; what the filter said to the last.
    fn after(filter: &mut Filter, levels: &[u64]) -> Seen {
        let mut seen = Seen::Waiting;
        for (minute, level) in levels.iter().enumerate() {
            seen = filter.take(minute as u64 * 60_000, Reading::Level(*level));
        }
        seen
    }

    #[test]
    fn three_readings_that_agree_make_a_level_and_an_outlier_makes_none() {
        for (levels, expected) in [
            (&[800, 801][..], Seen::Waiting),
            (&[800, 801, 799], Seen::Level(799)),
            (&[800, 0, 800], Seen::Waiting),
            (&[800, 800, 800, 0, 800, 800], Seen::Waiting),
            (&[800, 800, 800, 0, 800, 800, 800], Seen::Level(800)),
            (&[800, 800, 800, 750, 750, 750], Seen::Level(750)),
            (&[2_000, 2_000, 2_000], Seen::Level(1_000)),
        ] {
            assert_eq!(after(&mut of(Kind::Level), levels), expected, "{levels:?}");
        }
    }

    #[test]
    fn a_drop_that_no_machine_makes_is_doubted_until_it_is_insisted_upon() {
        let mut filter = of(Kind::Level);
        after(&mut filter, &[900; 3]);
        assert_eq!(after(&mut filter, &[100; 4]), Seen::Doubtful { dropped: 800, plausible: 550 });
        assert!(!filter.is_low(), "a doubtful level orders nothing");
        assert_eq!(after(&mut filter, &[100; 14]), Seen::Level(100));
        assert!(filter.is_low());
    }

    #[test]
    fn low_begins_at_the_threshold_and_ends_at_the_rearm_mark() {
        let mut filter = of(Kind::Level);
        for (level, low) in [(600, false), (151, false), (150, true), (400, true), (599, true), (600, false)] {
            after(&mut filter, &[level; 16]);
            assert_eq!(filter.is_low(), low, "at {level}");
        }
    }

    #[test]
    fn usage_counts_a_repeated_total_once_and_a_reset_from_zero() {
        let mut filter = of(Kind::Usage);
        for (total, left) in [(5_000, 1_000), (5_100, 900), (5_100, 900), (5_100, 900), (50, 850), (50, 850)] {
            assert_eq!(filter.take(0, Reading::Used(total)), Seen::Level(left), "after {total}");
        }
        filter.filled(2_000);
        assert_eq!(filter.take(0, Reading::Used(60)), Seen::Level(990), "what is filled in never exceeds the capacity");
    }

    #[test]
    fn with_both_a_drop_needs_usage_to_explain_it() {
        let mut filter = of(Kind::Both);
        after(&mut filter, &[900; 3]);
        assert!(matches!(after(&mut filter, &[700; 3]), Seen::Doubtful { .. }));
        filter.take(0, Reading::Used(0));
        filter.take(0, Reading::Used(200));
        assert_eq!(after(&mut filter, &[700; 1]), Seen::Level(700));
    }

    #[test]
    fn a_binary_sensor_is_low_after_three() {
        let mut filter = of(Kind::BinaryLow);
        let said: Vec<Seen> = [true, true, true, false, false, false].map(|low| filter.take(0, Reading::Low(low))).to_vec();
        assert_eq!((said[2], said[5]), (Seen::Level(150), Seen::Level(600)));
        assert!(!filter.is_low());
    }

    #[test]
    fn after_a_break_it_takes_three_readings_again() {
        let mut filter = of(Kind::Level);
        after(&mut filter, &[100; 3]);
        filter.sample_again();
        assert_eq!(filter.level(), None);
        assert_eq!(after(&mut filter, &[100; 2]), Seen::Waiting);
    }

    proptest! {
        /// Whatever comes, a level lies within the capacity, and low never holds above the re-arm mark.
        #[test]
        fn whatever_a_sensor_says_the_level_stays_within_the_slot(readings in prop::collection::vec((0u64..3_000, 0u64..600_000), 0..200)) {
            let mut filter = of(Kind::Level);
            let mut now = 0;
            for (level, step) in readings {
                now += step;
                filter.take(now, Reading::Level(level));
                prop_assert!(filter.level().is_none_or(|level| level <= SHAPE.capacity));
                prop_assert!(!(filter.is_low() && filter.level().is_some_and(|level| level >= SHAPE.rearm)));
            }
        }
    }
}
