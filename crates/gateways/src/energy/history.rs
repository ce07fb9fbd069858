//! What house and roof did, and the forecast from it: simple and stated.
//!
//! The forecast of a slot is the middle of two figures, or the one of them that there is:
//! - the same time of day on the newest day that has it;
//! - the mean of the same time of day over the last [`DAYS_MAX`] days of the same kind (Saturday and Sunday, or the others; UTC), where there are at least two.
//!
//! Where neither is there, nothing is forecast. What is kept is what house and roof did without the battery. The file is a line a slot, `slot,net_wh`, and grows at
//! its end, so that one from elsewhere can be put in its place.

use dure_rules::energy::{DAY_SLOTS, Slot};
use std::{
    collections::BTreeMap,
    io::{self, Write as _},
    path::PathBuf,
};

/// Days of a kind that are looked at.
pub const DAYS_MAX: usize = 7;
/// Slots that are kept: 35 days, which have seven weekends' days and more.
pub const SLOTS_MAX: usize = 35 * DAY_SLOTS as usize;

/// Delivered (+) and drawn (−) by house and roof, Wh.
#[derive(Debug)]
pub struct History {
    path: Option<PathBuf>,
    net_wh: BTreeMap<Slot, i64>,
}

/// The days since 1970-01-01, a Thursday, that are Saturday or Sunday.
const fn weekend(day: u32) -> bool {
    matches!(day % 7, 2 | 3)
}

impl History {
    /// Nothing, and no file: for what is simulated.
    pub const fn none() -> Self {
        Self { path: None, net_wh: BTreeMap::new() }
    }

    /// Reads the file, where there is one, and writes it anew where it has become much longer than what is kept. Lines that are none are passed over.
    ///
    /// # Errors
    /// Where it cannot be read or written.
    pub fn open(path: PathBuf) -> io::Result<Self> {
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            other => other?,
        };
        let mut history = Self { path: None, net_wh: BTreeMap::new() };
        let mut lines = 0usize;
        for line in text.lines() {
            lines += 1;
            let pair = line.split_once(',').and_then(|(slot, wh)| Some((slot.trim().parse().ok()?, wh.trim().parse().ok()?)));
            if let Some((slot, wh)) = pair {
                history.put(slot, wh);
            }
        }
        if lines > 2 * SLOTS_MAX {
            let kept: String = history.net_wh.iter().map(|(slot, wh)| format!("{slot},{wh}\n")).collect();
            super::keep(&path, kept.as_bytes())?;
        }
        history.path = Some(path);
        Ok(history)
    }

    fn put(&mut self, slot: Slot, net_wh: i64) {
        self.net_wh.insert(slot, net_wh);
        if self.net_wh.len() > SLOTS_MAX {
            self.net_wh.pop_first();
        }
    }

    /// # Errors
    /// Where it cannot be written; it counts here all the same.
    pub fn add(&mut self, slot: Slot, net_wh: i64) -> io::Result<()> {
        self.put(slot, net_wh);
        let Some(path) = &self.path else { return Ok(()) };
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path)?;
        writeln!(file, "{slot},{net_wh}")
    }

    /// What house and roof will probably do in `slot`, delivered (+) or drawn (−), Wh.
    pub fn forecast_wh(&self, slot: Slot) -> Option<i64> {
        let (day, at) = (slot / DAY_SLOTS, slot % DAY_SLOTS);
        let kept_days = u32::try_from(SLOTS_MAX).unwrap_or(u32::MAX) / DAY_SLOTS;
        let earlier = || (1..=kept_days).filter_map(move |ago| day.checked_sub(ago));
        let of = |day: u32| self.net_wh.get(&(day * DAY_SLOTS + at)).copied();
        let newest = earlier().find_map(of);
        let same: Vec<i64> = earlier().filter(|other| weekend(*other) == weekend(day)).filter_map(of).take(DAYS_MAX).collect();
        let mean = (same.len() >= 2).then(|| same.iter().sum::<i64>() / same.len() as i64);
        match (newest, mean) {
            (Some(newest), Some(mean)) => Some((newest + mean) / 2),
            (newest, mean) => newest.or(mean),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Monday.
    const MONDAY: u32 = 4 + 7 * 2_400;

    fn history(days: &[(u32, i64)]) -> History {
        let mut history = History::none();
        for (day, wh) in days {
            history.add(day * DAY_SLOTS + 5, *wh).expect("no file");
        }
        history
    }

    #[test]
    fn the_forecast_is_the_middle_of_the_newest_day_and_of_days_of_the_same_kind() {
        let forecast = |days: &[(u32, i64)], day: u32| history(days).forecast_wh(day * DAY_SLOTS + 5);
        assert!(!weekend(MONDAY) && weekend(MONDAY - 1) && weekend(MONDAY - 2) && !weekend(MONDAY - 3));
        for (days, day, expected) in [
            (&[][..], MONDAY, None),
            (&[(MONDAY, 100)], MONDAY + 1, Some(100)),
            // Yesterday does not have this time of day yet: the day before does.
            (&[(MONDAY, 100)], MONDAY + 2, Some(100)),
            // Tuesday after a Monday and a Friday: the newest 100, the mean of both 150.
            (&[(MONDAY - 3, 200), (MONDAY, 100)], MONDAY + 1, Some(125)),
            // Monday after a Sunday: the newest is Sunday, the kind is Friday and Thursday.
            (&[(MONDAY - 4, 100), (MONDAY - 3, 200), (MONDAY - 1, 900)], MONDAY, Some(525)),
            // A single day of the kind is no mean.
            (&[(MONDAY - 3, 200), (MONDAY - 1, 900)], MONDAY, Some(900)),
            // Nothing of the future.
            (&[(MONDAY + 1, 100)], MONDAY, None),
        ] {
            assert_eq!(forecast(days, day), expected, "{days:?}");
        }
        // Of eight working days only seven count: the one of 8,000 does not.
        let days: Vec<(u32, i64)> = [11, 10, 7, 6, 5, 4, 3, 0]
            .iter()
            .enumerate()
            .map(|(n, ago)| (MONDAY - ago, if n == 0 { 8_000 } else { 70 }))
            .collect();
        assert_eq!(forecast(&days, MONDAY + 1), Some(70));
    }

    #[test]
    fn the_file_goes_on_where_it_was_and_stays_short() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("history.csv");
        let mut history = History::open(path.clone()).expect("opened");
        history.add(5, -30).expect("written");
        history.add(6, 40).expect("written");
        std::fs::OpenOptions::new().append(true).open(&path).and_then(|mut file| file.write_all(b"torn")).expect("written");
        assert_eq!(History::open(path.clone()).expect("opened").forecast_wh(96 + 5), Some(-30));
        let long: String = (0..2 * SLOTS_MAX + 2).map(|slot| format!("{slot},1\n")).collect();
        std::fs::write(&path, long).expect("written");
        assert_eq!(History::open(path.clone()).expect("opened").net_wh.len(), SLOTS_MAX);
        assert_eq!(std::fs::read_to_string(&path).expect("there").lines().count(), SLOTS_MAX);
    }
}
