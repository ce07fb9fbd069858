//! What a default agent wants, for people who want to see no price: pure.
//!
//! A quarter of an hour that will probably need power: buy it, at anything below what the supplier takes. One that will probably have some: sell it, at
//! anything above what the supplier gives. Nobody is ever worse off than with the supplier alone. Who thinks otherwise says so ([`Limits`]).
//!
//! For a day it wants what house and roof will do by the forecast ([`super::history`]), and offers the battery beside it, so that the clearing says when that is
//! charged. For a slot it wants the rest between the newest forecast and what is traded, where that is worth a transaction, and beside it what the battery could take or give more,
//! at what that is worth ([`dure_solvers::value`]).

use dure_rules::energy::{Battery, Bid, DAY_SLOTS, Order, Slot, Terms};
use dure_solvers::value::{Step, Values};

/// Orders of a battery on one side of a slot, at most.
const STEPS_MAX: usize = 4;

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

/// The most that is paid and the least that is taken for a kWh, micro-units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub buy_to_micro: i64,
    pub sell_from_micro: i64,
    /// Every price stays between plus and minus this.
    pub technical_micro: i64,
}

impl Limits {
    /// Just better than with the supplier.
    pub const fn within(terms: &Terms) -> Self {
        Self {
            buy_to_micro: terms.retail_micro.saturating_sub(1),
            sell_from_micro: terms.feed_in_micro.saturating_add(1),
            technical_micro: terms.technical_micro,
        }
    }
}

/// What to want where `missing_wh` is not traded yet (delivered +), at most `most_wh`.
fn order(limits: Limits, slot: u8, missing_wh: i64, most_wh: u32) -> Option<Order> {
    let wh = u32::try_from(missing_wh.unsigned_abs()).unwrap_or(u32::MAX).min(most_wh);
    let buys = missing_wh < 0;
    let limit_micro = if buys { limits.buy_to_micro } else { limits.sell_from_micro };
    (wh > 0).then_some(Order { slot, buys, wh, limit_micro })
}

/// What is wanted of an auction of one slot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlotOrders {
    pub rest: Option<Order>,
    pub battery: Vec<Order>,
}

impl SlotOrders {
    pub fn bid(&self) -> Option<Bid> {
        let orders: Vec<Order> = self.rest.iter().chain(&self.battery).copied().collect();
        (!orders.is_empty()).then_some(Bid { orders, battery: None })
    }
}

/// What to want of an auction of one slot: the rest, where it is at least `least_wh`; and more or less in the battery. Where the rest is bought the battery sells nothing, and the other way
/// round, so that no two of the orders are ever filled by each other.
pub fn slot_orders(limits: Limits, missing_wh: i64, values: &Values, least_wh: u32, most_wh: u32) -> SlotOrders {
    let rest = order(limits, 0, missing_wh, most_wh).filter(|order| order.wh >= least_wh);
    let side = |buys: bool, steps: &[Step]| {
        let room_wh = most_wh - rest.filter(|rest| rest.buys == buys).map_or(0, |rest| rest.wh);
        let alone = rest.is_none_or(|rest| rest.buys == buys);
        if alone { battery_orders(limits, buys, steps, least_wh, room_wh) } else { Vec::new() }
    };
    SlotOrders { rest, battery: [side(true, &values.takes), side(false, &values.gives)].concat() }
}

/// The steps as orders that each win at least a micro-unit a kWh: what is less than `least_wh` goes with the next, at its worse price.
fn battery_orders(limits: Limits, buys: bool, steps: &[Step], least_wh: u32, mut room_wh: u32) -> Vec<Order> {
    let (mut orders, mut wh) = (Vec::new(), 0u32);
    for step in steps {
        let limit_micro = if buys {
            step.micro.saturating_sub(1).min(limits.buy_to_micro)
        } else {
            step.micro.saturating_add(1).max(limits.sell_from_micro)
        };
        let is_possible = limit_micro.saturating_abs() < limits.technical_micro;
        wh = wh.saturating_add(step.wh).min(room_wh);
        if !is_possible || orders.len() == STEPS_MAX {
            break;
        }
        if wh >= least_wh.max(1) {
            orders.push(Order { slot: 0, buys, wh, limit_micro });
            room_wh -= wh;
            wh = 0;
        }
    }
    orders
}

/// What to want of an auction of a day: what each slot will probably do, where anything is known of it, and the battery.
pub fn day_bid(limits: Limits, forecast_wh: &[Option<i64>], most_wh: u32, battery: Option<Battery>) -> Option<Bid> {
    let of = |(slot, wh): (u8, &Option<i64>)| order(limits, slot, (*wh)?, most_wh);
    let orders: Vec<Order> = (0..).zip(forecast_wh).filter_map(of).collect();
    (!orders.is_empty() || battery.is_some()).then_some(Bid { orders, battery })
}

/// What a kWh in the battery is worth at the end of a day where its owner says nothing: halfway between what the supplier gives and takes.
pub fn left_micro(terms: &Terms) -> i64 {
    terms.feed_in_micro.midpoint(terms.retail_micro)
}

/// What a kWh out of a battery has lost on its way in, at the same price: micro-units.
pub fn loss_micro(terms: &Terms, stored_permille: u32) -> i64 {
    let stored = i64::from(stored_permille.max(1));
    left_micro(terms).saturating_mul(1_000 - stored) / stored
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

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

    pub(in super::super) const TERMS: Terms = Terms {
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

    #[test]
    fn the_default_wants_the_rest_within_the_suppliers_prices() {
        let wants = |missing| {
            let orders = slot_orders(Limits::within(&TERMS), missing, &Values::default(), 50, 5_000);
            assert_eq!(orders.bid().map(|bid| bid.orders), orders.rest.map(|order| vec![order]));
            orders.rest
        };
        assert_eq!(wants(-500), Some(Order { slot: 0, buys: true, wh: 500, limit_micro: 319_999 }));
        assert_eq!(wants(200), Some(Order { slot: 0, buys: false, wh: 200, limit_micro: 80_001 }));
        assert_eq!(wants(-50).map(|order| order.wh), Some(50));
        assert_eq!((wants(49), wants(-49), wants(0)), (None, None, None));
        assert_eq!(wants(9_000).map(|order| order.wh), Some(5_000), "more than the connection turns round is refused");
    }

    const fn step(wh: u32, micro: i64) -> Step {
        Step { wh, micro }
    }

    #[test]
    fn a_battery_buys_a_little_below_what_it_is_worth_and_sells_a_little_above() {
        let values = Values {
            takes: vec![step(30, 250_000), step(300, 180_000), step(20, 90_000)],
            gives: vec![step(800, 200_000), step(100, 300_000), step(100, 4_000_000)],
        };
        let wants = |missing| {
            let orders = slot_orders(Limits::within(&TERMS), missing, &values, 50, 1_000);
            orders.battery.iter().map(|order| (order.buys, order.wh, order.limit_micro)).collect::<Vec<_>>()
        };
        // 30 Wh are no order of their own: they go with the next. What is left over is not worth one; what no price can bring is not wanted.
        let (buys, sells) = ((true, 330, 179_999), [(false, 800, 200_001), (false, 100, 300_001)]);
        assert_eq!(wants(0), [buys, sells[0], sells[1]]);
        // Where the rest is bought, nothing is sold to itself; both together are not more than the connection turns round.
        assert_eq!((wants(-500), wants(-800)), (vec![buys], vec![(true, 200, 179_999)]));
        assert_eq!(wants(700), [(false, 300, 200_001)]);
        assert_eq!(wants(-49).len(), 3, "too little to be an order");
        // The owner's own limits bind.
        let limits = Limits { buy_to_micro: 100_000, sell_from_micro: 290_000, ..Limits::within(&TERMS) };
        let orders = slot_orders(limits, 0, &values, 50, 1_000).battery;
        let prices: Vec<i64> = orders.iter().map(|order| order.limit_micro).collect();
        assert_eq!(prices, [100_000, 290_000, 300_001]);
    }

    proptest! {
        #[test]
        fn a_slots_bid_is_one_that_the_chain_opens_and_never_trades_with_itself(
            missing_wh in -4_000i64..4_000, least_wh in 0u32..200, most_wh in 0u32..3_000,
            mut prices in proptest::collection::vec(-5_000_000i64..5_000_000, 0..12), cut in 0usize..13,
            sizes in proptest::collection::vec(1u32..900, 12),
        ) {
            prices.sort_unstable_by(|a, b| b.cmp(a));
            let steps: Vec<Step> = prices.iter().zip(&sizes).map(|(micro, wh)| step(*wh, *micro)).collect();
            let (gives, takes) = steps.split_at(cut.min(steps.len()));
            let values = Values { takes: takes.to_vec(), gives: gives.iter().rev().copied().collect() };
            let orders = slot_orders(Limits::within(&TERMS), missing_wh, &values, least_wh, most_wh);
            let orders = orders.bid().map(|bid| bid.orders).unwrap_or_default();
            prop_assert!(orders.len() <= 1 + 2 * STEPS_MAX);
            for order in &orders {
                prop_assert!(order.slot == 0 && order.wh >= least_wh.max(1) && order.limit_micro.abs() < TERMS.technical_micro, "{:?}", order);
            }
            let of = |buys: bool| orders.iter().filter(move |order| order.buys == buys);
            for buys in [true, false] {
                prop_assert!(of(buys).map(|order| order.wh).sum::<u32>() <= most_wh);
            }
            let (dearest, cheapest) = (of(true).map(|o| o.limit_micro).max(), of(false).map(|o| o.limit_micro).min());
            prop_assert!(dearest.zip(cheapest).is_none_or(|(buys, sells)| buys < sells), "{:?}", orders);
        }
    }

    #[test]
    fn of_a_day_it_wants_what_is_forecast_and_offers_the_battery() {
        let forecast = [None, Some(0), Some(-300), Some(20)];
        let orders = vec![
            Order { slot: 2, buys: true, wh: 300, limit_micro: 319_999 },
            Order { slot: 3, buys: false, wh: 20, limit_micro: 80_001 },
        ];
        assert_eq!(day_bid(Limits::within(&TERMS), &forecast, 5_000, None), Some(Bid { orders, battery: None }));
        assert_eq!(day_bid(Limits::within(&TERMS), &[None, None], 5_000, None), None);
        let battery = Battery {
            charge_wh: 1_250,
            discharge_wh: 1_000,
            capacity_wh: 9_500,
            initial_wh: 4_000,
            wear_micro: 20_000,
            final_micro: left_micro(&TERMS),
        };
        assert_eq!(
            (battery.final_micro, loss_micro(&TERMS, 1_000), loss_micro(&TERMS, 950), loss_micro(&TERMS, 500)),
            (200_000, 0, 10_526, 200_000)
        );
        assert_eq!(
            day_bid(Limits::within(&TERMS), &[None], 5_000, Some(battery)),
            Some(Bid { orders: vec![], battery: Some(battery) })
        );
    }
}
