//! A home battery that follows a position: pure.
//!
//! What was traded for a slot is the energy that the meter is to show. Upon each sample: what is still to be delivered, over the time that is left, is the power that the meter
//! should show now; the battery takes the difference to what house and roof do now, within its power, its state of charge, and the connection.
//!
//! The same walk, slot by slot, forecasts what is in the battery later: [`Battery::walk`].

use dure_rules::energy::SLOT_MS;

/// The end of a slot is steered towards as if so much were left, so that the last seconds do not ask for everything.
const LEFT_MIN_MS: u64 = 10_000;
/// A set power must be possible for so long: near full and empty it becomes small instead of toggling.
const POSSIBLE_FOR_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;

/// What a battery can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Battery {
    /// At most, W.
    pub charge_w: u32,
    pub discharge_w: u32,
    pub capacity_wh: u32,
    /// What stays in it: it is not discharged below this.
    pub reserve_wh: u32,
    /// What is stored of 1,000 Wh that it takes; the rest is lost, and counts as its house's load.
    pub stored_permille: u32,
}

/// How a slot stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// What was sold (+) or bought (−) for it, Wh.
    pub position_wh: i64,
    /// What the meter has shown of it so far, delivered +, Wh; `None` where its begin was not seen.
    pub net_wh: Option<i64>,
    pub left_ms: u64,
    /// What house and roof do now, without the battery, delivered +, W.
    pub house_w: i64,
    pub stored_wh: u32,
    /// What may be drawn and delivered at the meter, W.
    pub import_w: u32,
    pub export_w: u32,
}

impl Battery {
    /// What to set the battery to: charging +, discharging −, W.
    pub fn setpoint_w(&self, moment: &Moment) -> i64 {
        let (missing_wh, over_ms) = match moment.net_wh {
            Some(net_wh) => (moment.position_wh - net_wh, moment.left_ms.clamp(LEFT_MIN_MS, SLOT_MS)),
            None => (moment.position_wh, SLOT_MS),
        };
        let meter_w = missing_wh.saturating_mul(HOUR_MS) / over_ms.cast_signed();
        self.towards_w(meter_w, moment)
    }

    /// What to set it to so that the meter shows `meter_w` (delivered +).
    pub fn towards_w(&self, meter_w: i64, moment: &Moment) -> i64 {
        let meter_w = meter_w.clamp(-i64::from(moment.import_w), moment.export_w.into());
        let (room_wh, stored_wh) = self.room_and_stored(moment.stored_wh.into());
        let most = |wh: i64, power_w: u32| (wh.saturating_mul(HOUR_MS) / POSSIBLE_FOR_MS).min(power_w.into());
        (moment.house_w - meter_w).clamp(-most(stored_wh, self.discharge_w), most(room_wh, self.charge_w))
    }

    /// What it can still take, and what it can still give, Wh.
    fn room_and_stored(&self, stored_wh: i64) -> (i64, i64) {
        ((i64::from(self.capacity_wh) - stored_wh).max(0), (stored_wh - i64::from(self.reserve_wh)).max(0))
    }

    /// What is in it after slots of (house and roof, position), Wh, and what the meter shows in the last one, where the battery follows each
    /// as well as it can.
    pub fn walk(&self, stored_wh: u32, slots: impl IntoIterator<Item = (i64, i64)>) -> (u32, i64) {
        let (mut stored, mut meter_wh) = (i64::from(stored_wh), 0);
        let (charge_wh, discharge_wh) = self.slot_wh((u32::MAX, u32::MAX));
        for (house_wh, position_wh) in slots {
            let (room_wh, give_wh) = self.room_and_stored(stored);
            let taken = (house_wh - position_wh).clamp(-give_wh.min(discharge_wh.into()), room_wh.min(charge_wh.into()));
            stored += taken;
            meter_wh = house_wh - taken;
        }
        (u32::try_from(stored).unwrap_or(0), meter_wh)
    }

    /// What it stores and gives in a slot at most, Wh, where its connection draws so much and delivers so much.
    pub fn slot_wh(&self, (import_wh, export_wh): (u32, u32)) -> (u32, u32) {
        let stored_wh = u64::from((self.charge_w / 4).min(import_wh)) * u64::from(self.stored_permille) / 1_000;
        (u32::try_from(stored_wh).unwrap_or(u32::MAX), (self.discharge_w / 4).min(export_wh))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BATTERY: Battery =
        Battery { charge_w: 5_000, discharge_w: 4_000, capacity_wh: 10_000, reserve_wh: 500, stored_permille: 1_000 };

    /// A slot as a house has it: samples every `step_ms`, the battery does what it was last told. Gives what the meter shows, and what is left in the battery,
    /// in milliwatt-hours.
    fn live(house_w: &[i64], position_wh: i64, stored_wh: u32, step_ms: u64) -> (i64, i64) {
        let (mut net, mut stored) = (0i64, i64::from(stored_wh) * 1_000);
        let mut now_ms = 0;
        while now_ms < SLOT_MS {
            let house = house_w[(now_ms * house_w.len() as u64 / SLOT_MS) as usize];
            let moment = Moment {
                position_wh,
                net_wh: Some(net / 1_000),
                left_ms: SLOT_MS - now_ms,
                house_w: house,
                stored_wh: u32::try_from(stored / 1_000).expect("fits"),
                import_w: 11_000,
                export_w: 11_000,
            };
            let set = BATTERY.setpoint_w(&moment);
            let over = |power: i64| power * step_ms as i64 / 3_600;
            stored += over(set);
            net += over(house - set);
            now_ms += step_ms;
        }
        (net, stored)
    }

    #[test]
    fn the_meter_shows_the_position_where_the_battery_can() {
        // (power of house and roof in thirds of the slot, position, stored) -> what the meter shows, within 10 Wh
        for (house_w, position_wh, stored_wh, expected) in [
            (&[-600, -600, -600][..], 0, 5_000, 0),
            (&[-600, -3_000, -200], -200, 5_000, -200),
            (&[3_000, 3_000, 3_000], 0, 5_000, 0),
            (&[0, 0, 0], 900, 5_000, 900),
            (&[0, 0, 0], -1_000, 5_000, -1_000),
            // At most 4 kW out, 5 kW in.
            (&[0, 0, 0], 2_000, 5_000, 1_000),
            (&[0, 0, 0], -2_000, 5_000, -1_250),
            // 100 Wh above the reserve; full.
            (&[-600, -600, -600], 0, 600, -50),
            (&[3_000, 3_000, 3_000], 0, 10_000, 750),
        ] {
            let (net, stored) = live(house_w, position_wh, stored_wh, 10_000);
            assert!((net / 1_000 - expected).abs() <= 10, "{house_w:?} to {position_wh}: {net} mWh, expected {expected} Wh");
            assert!((499_000..=10_001_000).contains(&stored), "{stored}");
        }
    }

    #[test]
    fn what_one_sample_missed_is_made_up_until_the_end() {
        // Samples every five minutes: the load of a third is seen at its begin only.
        let (net, _) = live(&[-600, -3_000, -200], -200, 5_000, 300_000);
        assert_eq!(net / 1_000, -200);
    }

    #[test]
    fn a_slot_whose_begin_was_not_seen_is_followed_by_its_mean_power() {
        let moment = Moment {
            position_wh: -200,
            net_wh: None,
            left_ms: 60_000,
            house_w: -2_000,
            stored_wh: 5_000,
            import_w: 11_000,
            export_w: 11_000,
        };
        assert_eq!(BATTERY.setpoint_w(&moment), -1_200);
        // The connection binds before the position does.
        assert_eq!(BATTERY.setpoint_w(&Moment { position_wh: -2_000, house_w: 0, import_w: 3_000, ..moment }), 3_000);
        assert_eq!(BATTERY.setpoint_w(&Moment { position_wh: 0, house_w: 6_000, export_w: 0, ..moment }), 5_000);
    }

    #[test]
    fn a_walk_says_what_is_left_and_what_the_last_slot_shows() {
        assert_eq!(BATTERY.walk(5_000, []), (5_000, 0));
        assert_eq!(BATTERY.walk(5_000, [(-300, 0), (800, 0)]), (5_500, 0));
        assert_eq!(BATTERY.walk(600, [(-300, 0)]), (500, -200));
        assert_eq!(BATTERY.walk(9_900, [(-300, -300), (800, 0)]), (10_000, 700));
        assert_eq!(BATTERY.walk(5_000, [(0, -9_000)]), (6_250, -1_250));
        let lossy = Battery { stored_permille: 900, ..BATTERY };
        assert_eq!(lossy.walk(5_000, [(0, -9_000)]), (6_125, -1_125), "what it loses is in the forecast of its house");
        assert_eq!((lossy.slot_wh((1_000, 800)), lossy.slot_wh((9_000, 9_000))), ((900, 800), (1_125, 1_000)));
    }

    proptest! {
        #[test]
        fn no_setpoint_is_beyond_the_battery(
            position_wh in -20_000i64..20_000, net_wh in proptest::option::of(-5_000i64..5_000), left_ms in 0..SLOT_MS,
            house_w in -30_000i64..30_000, stored_wh in 0u32..12_000,
        ) {
            let moment = Moment { position_wh, net_wh, left_ms, house_w, stored_wh, import_w: 11_000, export_w: 11_000 };
            let set = BATTERY.setpoint_w(&moment);
            prop_assert!((-4_000..=5_000).contains(&set));
            prop_assert!(set <= 0 || stored_wh < 10_000);
            prop_assert!(set >= 0 || stored_wh > 500);
        }
    }
}
