//! How a household washes: seeded, so that the same seed gives the same town; believable, so that the numbers mean something.
//!
//! Pure integer arithmetic over given times. A household of n people washes about 2 + n loads a week (measured households do
//! 3 to 6: Schmitz and Stamminger, *Usage behaviour and related energy consumption of European consumers for washing and
//! drying*, Energy Efficiency 7, 2014), more at weekends, between six and ten, and doses 35 to 75 ml of liquid detergent.

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// Chance of a load beginning in each hour of a day, relative to the others.
const BY_HOUR: [u32; 24] = [0, 0, 0, 0, 0, 0, 2, 4, 6, 8, 9, 8, 6, 6, 5, 5, 6, 7, 8, 8, 6, 3, 0, 0];
/// Saturday and Sunday against a working day, percent.
const WEEKEND_PERCENT: u64 = 160;

/// A stream of numbers that is the same for the same seed on every machine (SplitMix64; Steele, Lea, Flood, OOPSLA 2014).
/// For routines, never for keys.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Streams of different `lane`s are unrelated.
    pub fn new(seed: u64, lane: u64) -> Self {
        let mut dice = Self(seed ^ lane.wrapping_mul(0xd1342543de82ef95));
        dice.next();
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e3779b97f4a7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58476d1ce4e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d049bb133111eb);
        mixed ^ (mixed >> 31)
    }

    /// From `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    /// True in `percent` of a hundred cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.between(0, 99) < percent
    }
}

/// One household's habits.
#[derive(Clone, Debug)]
pub struct Routine {
    dice: Dice,
    people: u64,
}

/// A load of washing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// Town time, milliseconds since 1970-01-01 UTC.
    pub at_ms: u64,
    /// Detergent that it takes, millilitres.
    pub dose_ml: u64,
}

impl Routine {
    pub fn new(seed: u64, household: u64, people: u64) -> Self {
        Self { dice: Dice::new(seed, household), people }
    }

    /// The next load after `now_ms`.
    pub fn next_load(&mut self, now_ms: u64) -> Load {
        let mut hour_ms = now_ms - now_ms % HOUR_MS + HOUR_MS;
        while !self.dice.chance_in(self.weight(hour_ms), Self::scale()) {
            hour_ms += HOUR_MS;
        }
        Load { at_ms: hour_ms + self.dice.between(0, HOUR_MS - 1), dose_ml: self.dice.between(35, 75) }
    }

    /// Loads a week, in thousandths.
    fn weekly_milli(&self) -> u64 {
        (2 + self.people) * 1_000
    }

    /// Weight of the hour that begins at `hour_ms`, out of [`Self::scale`].
    fn weight(&self, hour_ms: u64) -> u64 {
        let hour = (hour_ms / HOUR_MS % 24) as usize;
        let weekday = (hour_ms / DAY_MS + 3) % 7; // 1970-01-01 was a Thursday; Monday is 0
        let percent = if weekday >= 5 { WEEKEND_PERCENT } else { 100 };
        u64::from(BY_HOUR[hour]) * percent * self.weekly_milli()
    }

    /// Sum of all hours' weights of a week for one load a week, so that a week brings as many loads as it should.
    fn scale() -> u64 {
        let day: u64 = BY_HOUR.iter().map(|weight| u64::from(*weight)).sum();
        day * (5 * 100 + 2 * WEEKEND_PERCENT) * 1_000
    }
}

impl Dice {
    fn chance_in(&mut self, weight: u64, scale: u64) -> bool {
        self.next() % scale < weight
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONDAY_MS: u64 = 4 * DAY_MS;

    fn loads(seed: u64, people: u64, weeks: u64) -> Vec<Load> {
        let mut routine = Routine::new(seed, 0, people);
        let mut now = MONDAY_MS;
        let next = || {
            let load = routine.next_load(now);
            now = load.at_ms;
            Some(load)
        };
        std::iter::from_fn(next).take_while(|load| load.at_ms < MONDAY_MS + weeks * 7 * DAY_MS).collect()
    }

    #[test]
    fn a_household_washes_about_as_often_as_its_people_need() {
        for people in 1..=5 {
            let count = loads(7, people, 200).len() as u64;
            let expected = 200 * (2 + people);
            assert!(count.abs_diff(expected) < expected / 10, "{people} people: {count} loads in 200 weeks, expected {expected}");
        }
    }

    #[test]
    fn nobody_washes_at_night_and_weekends_are_busier() {
        let all = loads(7, 3, 300);
        assert!(all.iter().all(|load| (6..22).contains(&(load.at_ms / HOUR_MS % 24))));
        assert!(all.iter().all(|load| (35..=75).contains(&load.dose_ml)));
        let weekend = all.iter().filter(|load| (load.at_ms / DAY_MS + 3) % 7 >= 5).count();
        let share = 100 * weekend / all.len();
        assert!((34..=44).contains(&share), "{share} % at weekends, expected about 39");
    }

    #[test]
    fn the_same_seed_gives_the_same_town() {
        assert_eq!(loads(42, 2, 4), loads(42, 2, 4));
        assert_ne!(loads(42, 2, 4), loads(43, 2, 4));
    }
}
