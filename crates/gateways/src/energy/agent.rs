//! What a default agent wants, for people who want to see no price: pure.
//!
//! A quarter of an hour that will probably need power: buy it, at anything below what the supplier takes. One that will probably have some: sell it, at
//! anything above what the supplier gives. Nobody is ever worse off than with the supplier alone.
//!
//! The forecast is the naive one: as at the same time on the day before.

use dure_rules::energy::{Bid, DAY_SLOTS, Order, Slot, Terms};

/// Delivered (+) and drawn (−) in each quarter of an hour of a day, Wh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    pub import_wh: Vec<u32>,
    pub export_wh: Vec<u32>,
}

/// Why a profile is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    #[error("line {line}: expected `import_wh,export_wh`, found `{found}`")]
    Line { line: usize, found: String },
    #[error("{0} lines, expected 96: one for each quarter of an hour")]
    Length(usize),
}

impl Profile {
    /// 96 lines `import_wh,export_wh`, from midnight UTC; lines that begin with `#` and empty ones are passed over.
    ///
    /// # Errors
    /// [`ProfileError`].
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let (mut import_wh, mut export_wh) = (Vec::new(), Vec::new());
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
        for (number, line) in lines {
            let parts = line
                .split_once(',')
                .and_then(|(import, export)| Some((import.trim().parse().ok()?, export.trim().parse().ok()?)));
            let (import, export): (u32, u32) =
                parts.ok_or_else(|| ProfileError::Line { line: number + 1, found: line.into() })?;
            import_wh.push(import);
            export_wh.push(export);
        }
        if import_wh.len() != DAY_SLOTS as usize {
            return Err(ProfileError::Length(import_wh.len()));
        }
        Ok(Self { import_wh, export_wh })
    }

    /// Where registers that began at 0 with slot 0 stand at the end of `slot`: imported, exported, Wh.
    pub fn registers(&self, slot: Slot) -> (u64, u64) {
        let (days, rest) = (u64::from(slot / DAY_SLOTS), (slot % DAY_SLOTS) as usize);
        let sum = |of: &[u32]| of.iter().map(|wh| u64::from(*wh)).sum::<u64>();
        let until = |of: &[u32]| sum(of) * days + sum(&of[..=rest]);
        (until(&self.import_wh), until(&self.export_wh))
    }

    /// What is to be expected in `slot`: delivered (+) or drawn (−), Wh.
    pub fn forecast_wh(&self, slot: Slot) -> i64 {
        let at = (slot % DAY_SLOTS) as usize;
        i64::from(self.export_wh[at]) - i64::from(self.import_wh[at])
    }
}

/// What to want of an auction of one slot, where `position_wh` is traded already: the rest of the forecast.
pub fn bid(terms: &Terms, forecast_wh: i64, position_wh: i64) -> Option<Bid> {
    let missing = forecast_wh - position_wh;
    let wh = u32::try_from(missing.unsigned_abs()).ok().filter(|wh| *wh > 0)?;
    let buys = missing < 0;
    let limit_micro = if buys { terms.retail_micro - 1 } else { terms.feed_in_micro + 1 };
    Some(Bid { orders: vec![Order { slot: 0, buys, wh, limit_micro }], battery: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile() -> Profile {
        let lines: Vec<String> = (0..96).map(|slot| format!("{},{}", slot + 1, if slot == 50 { 500 } else { 0 })).collect();
        Profile::parse(&format!("# a day\n{}\n", lines.join("\n"))).expect("a day")
    }

    #[test]
    fn registers_only_rise_and_by_what_the_profile_says() {
        let profile = profile();
        assert_eq!(profile.registers(0), (1, 0));
        let day = (1..=96).sum::<u64>();
        assert_eq!(profile.registers(95), (day, 500));
        assert_eq!(profile.registers(96 * 3 + 1), (3 * day + 3, 1_500));
        assert_eq!((profile.forecast_wh(50), profile.forecast_wh(96 + 1)), (449, -2));
    }

    #[test]
    fn what_is_no_day_is_refused_by_line() {
        assert_eq!(Profile::parse("1,2\n3").err(), Some(ProfileError::Line { line: 2, found: "3".into() }));
        assert_eq!(Profile::parse("1,2\n").err(), Some(ProfileError::Length(1)));
    }

    #[test]
    fn the_default_wants_the_rest_of_the_forecast_within_the_suppliers_prices() {
        let terms = Terms {
            retail_micro: 320_000,
            feed_in_micro: 80_000,
            technical_micro: 4_000_000,
            day_gate_ms: 0,
            slot_gate_ms: 0,
            reveal_ms: 0,
            solve_ms: 0,
            reading_ms: 0,
            deposit_nano: 0,
            bond_nano: 0,
            reward_max_nano: 0,
            share_permille: 0,
            reserve_nano: 0,
            challenge_ms: 0,
            answer_ms: 0,
            challenge_nano: 0,
            arbiter: alloy_primitives::Address::ZERO,
            fallback: alloy_primitives::Address::ZERO,
        };
        let wants = |forecast, position| bid(&terms, forecast, position).map(|bid| bid.orders[0]);
        assert_eq!(wants(-500, 0), Some(Order { slot: 0, buys: true, wh: 500, limit_micro: 319_999 }));
        assert_eq!(wants(300, 100), Some(Order { slot: 0, buys: false, wh: 200, limit_micro: 80_001 }));
        assert_eq!(wants(-500, -700), Some(Order { slot: 0, buys: false, wh: 200, limit_micro: 80_001 }));
        assert_eq!(wants(7, 7), None);
    }
}
