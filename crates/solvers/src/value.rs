//! What a Wh more or less in a battery is worth in one slot, to an owner who takes the later slots' prices as they are: exact, and pure.
//!
//! Let V(s) be what the later slots can still bring with s in the battery when they begin. After the last slot each Wh is worth the same, so V is a straight line. One slot
//! earlier V(s) is the greatest of V(s + m) − what moving m costs there, over all m within the slot's bounds. Both are concave and made of straight pieces, and the
//! greatest of such a sum has the pieces of both, the steepest first; what lies outside empty and full is then cut off. So V is a list of pieces (micro-units per kWh,
//! Wh), and each slot adds at most three.
//!
//! This is the battery's shortest residual path in the network of the clearing, where the zones' prices are known.

/// A battery when the slot that is traded begins. Wh are those above its reserve, and those that are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Battery {
    pub stored_wh: u32,
    pub capacity_wh: u32,
    /// What a kWh out of it costs, micro-units, at least 0.
    pub wear_micro: i64,
    /// What a kWh is worth that is left after the last slot, micro-units.
    pub left_micro: i64,
}

/// The most that it takes and gives in a slot, and what it does there by the plan, taking is positive, Wh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moves {
    pub charge_wh: u32,
    pub discharge_wh: u32,
    pub planned_wh: i64,
}

impl Moves {
    /// With what `battery` can do of the plan.
    pub fn of(self, battery: &Battery) -> Self {
        let stored_wh = battery.stored_wh.min(battery.capacity_wh);
        let (give_wh, take_wh) = (self.discharge_wh.min(stored_wh), self.charge_wh.min(battery.capacity_wh - stored_wh));
        Self { planned_wh: self.planned_wh.clamp(-i64::from(give_wh), take_wh.into()), ..self }
    }
}

/// A slot after the one that is traded: what it costs to take more than planned (or give less), and what giving more (or taking less) brings, micro-units per kWh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Later {
    pub moves: Moves,
    pub buy_micro: i64,
    /// Counts as the former where it is above that.
    pub sell_micro: i64,
}

/// What a price may be wrong by, that will only be found when its slot is traded.
const UNSURE_MICRO: i64 = 1_000;

impl Later {
    /// A slot that has a price by now. What is not planned counts as a little worse there, so that of two chances that are as good the one that is here is taken, and what is planned is
    /// left alone for nothing.
    pub const fn at(price_micro: i64, moves: Moves) -> Self {
        let (buy_micro, sell_micro) = (price_micro.saturating_add(UNSURE_MICRO), price_micro.saturating_sub(UNSURE_MICRO));
        Self { moves, buy_micro, sell_micro }
    }
}

/// So many Wh at this price per kWh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub wh: u32,
    pub micro: i64,
}

/// What a battery would do beyond the plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// To take more: what each kWh is worth, the dearest first.
    pub takes: Vec<Step>,
    /// To give more: what each kWh has to bring, the cheapest first, and none cheaper than the first of `takes`.
    pub gives: Vec<Step>,
}

/// The values of the slot in which `battery` does what `now` says, before the slots `later`. A plan that it cannot follow counts as what it can do of it.
pub fn values(battery: &Battery, now: Moves, later: &[Later]) -> Values {
    let wear_micro = battery.wear_micro.max(0);
    let after =
        later.iter().rev().fold(Pieces(vec![Step { wh: battery.capacity_wh, micro: battery.left_micro }]), |after, slot| {
            after.before(slot, wear_micro)
        });
    let stored_wh = battery.stored_wh.min(battery.capacity_wh);
    let discharge_wh = now.discharge_wh.min(stored_wh);
    let charge_wh = now.charge_wh.min(battery.capacity_wh - stored_wh);
    let planned_wh = now.of(battery).planned_wh;
    let size = |wh: i64| u32::try_from(wh.max(0)).unwrap_or(u32::MAX);
    // What it gives or takes by the plan can be left, and then more can be done.
    let (given_wh, taken_wh) = (size(-planned_wh), size(planned_wh));
    let (below, above) = after.split(size(i64::from(stored_wh) + planned_wh));
    let (left_wh, more_wh) = (given_wh, charge_wh - taken_wh);
    let takes = worn(above, left_wh, left_wh.saturating_add(more_wh), (wear_micro, 0));
    let gives = worn(below.into_iter().rev(), taken_wh, taken_wh.saturating_add(discharge_wh - given_wh), (0, wear_micro));
    Values { takes, gives }
}

/// The first `first_wh` of the pieces, dearer by the one, and what comes then up to `until_wh` in all, dearer by the other.
fn worn(pieces: impl IntoIterator<Item = Step>, first_wh: u32, until_wh: u32, (first, then): (i64, i64)) -> Vec<Step> {
    let (mut steps, mut done_wh) = (Vec::<Step>::new(), 0u32);
    for piece in pieces {
        let before = piece.wh.min(first_wh.saturating_sub(done_wh));
        let after = (piece.wh - before).min(until_wh.saturating_sub(done_wh.saturating_add(before)));
        for (wh, more) in [(before, first), (after, then)].into_iter().filter(|(wh, _)| *wh > 0) {
            done_wh = done_wh.saturating_add(wh);
            push(&mut steps, Step { wh, micro: piece.micro.saturating_add(more) });
        }
    }
    steps
}

/// Adds a piece, to the one before where that is as steep.
fn push(pieces: &mut Vec<Step>, piece: Step) {
    match pieces.last_mut().filter(|last| last.micro == piece.micro) {
        Some(last) => last.wh = last.wh.saturating_add(piece.wh),
        None if piece.wh > 0 => pieces.push(piece),
        None => {}
    }
}

/// V from an empty battery to a full one, the steepest piece first.
struct Pieces(Vec<Step>);

impl Pieces {
    /// V when `slot` begins, where this is V after it.
    fn before(self, slot: &Later, wear_micro: i64) -> Self {
        let Later { moves: Moves { charge_wh, discharge_wh, planned_wh }, buy_micro, sell_micro } = *slot;
        let sell_micro = sell_micro.min(buy_micro);
        let size = |wh: i64| u32::try_from(wh.max(0)).unwrap_or(u32::MAX);
        let (taken_wh, given_wh) = (size(planned_wh).min(charge_wh), size(-planned_wh).min(discharge_wh));
        // With a Wh more at its begin, less is bought; then less of what is planned is taken; then more is given.
        let moves = [
            Step { wh: charge_wh - taken_wh, micro: buy_micro },
            Step { wh: taken_wh, micro: sell_micro },
            Step { wh: given_wh, micro: buy_micro.saturating_sub(wear_micro) },
            Step { wh: discharge_wh - given_wh, micro: sell_micro.saturating_sub(wear_micro) },
        ];
        let mut all: Vec<Step> = self.0.into_iter().chain(moves).filter(|piece| piece.wh > 0).collect();
        all.sort_by_key(|piece| std::cmp::Reverse(piece.micro));
        let whole: u64 = all.iter().map(|piece| u64::from(piece.wh)).sum();
        // What a battery below empty or above full would be worth is cut off.
        let (from, until) = (u64::from(charge_wh), whole - u64::from(discharge_wh));
        let (mut kept, mut at) = (Vec::with_capacity(all.len()), 0u64);
        for piece in all {
            let (begin, end) = (at.max(from), (at + u64::from(piece.wh)).min(until));
            push(&mut kept, Step { wh: u32::try_from(end.saturating_sub(begin)).unwrap_or(u32::MAX), micro: piece.micro });
            at += u64::from(piece.wh);
        }
        Self(kept)
    }

    /// The pieces below `wh` and those above.
    fn split(self, wh: u32) -> (Vec<Step>, Vec<Step>) {
        let (mut below, mut above, mut at) = (Vec::new(), Vec::new(), 0u32);
        for piece in self.0 {
            let here = piece.wh.min(wh.saturating_sub(at));
            push(&mut below, Step { wh: here, ..piece });
            push(&mut above, Step { wh: piece.wh - here, ..piece });
            at = at.saturating_add(piece.wh);
        }
        (below, above)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BATTERY: Battery = Battery { stored_wh: 4_000, capacity_wh: 10_000, wear_micro: 20_000, left_micro: 100_000 };
    const POWER: Moves = Moves { charge_wh: 1_000, discharge_wh: 1_000, planned_wh: 0 };

    const fn at(micro: i64) -> Later {
        Later { moves: POWER, buy_micro: micro, sell_micro: micro }
    }

    fn check(now: Moves, later: &[Later], takes: &[(u32, i64)], gives: &[(u32, i64)]) {
        let steps = |list: &[(u32, i64)]| list.iter().map(|(wh, micro)| Step { wh: *wh, micro: *micro }).collect::<Vec<_>>();
        assert_eq!(values(&BATTERY, now, later), Values { takes: steps(takes), gives: steps(gives) }, "{now:?} {later:?}");
    }

    #[test]
    fn with_nothing_to_come_a_kwh_is_worth_what_is_left() {
        check(POWER, &[], &[(1_000, 100_000)], &[(1_000, 120_000)]);
    }

    #[test]
    fn what_is_planned_can_be_left() {
        // It was to give 300: taking 300 more saves their wear, and then it can charge.
        check(Moves { planned_wh: -300, ..POWER }, &[], &[(300, 120_000), (1_000, 100_000)], &[(700, 120_000)]);
        // It was to take 300: giving 300 is only to take less.
        check(Moves { planned_wh: 300, ..POWER }, &[], &[(700, 100_000)], &[(300, 100_000), (1_000, 120_000)]);
    }

    #[test]
    fn the_best_later_use_says_what_more_is_worth_and_the_cheapest_later_way_what_less_costs() {
        // An evening at 0.30 takes 1,000 Wh, and there are 4,000 in it: one more is only left over.
        check(POWER, &[at(300_000)], &[(1_000, 100_000)], &[(1_000, 120_000)]);
        // With four such slots all 4,000 go, but one more still finds no use; one less is missing there.
        let evening = [at(300_000); 4];
        check(POWER, &evening, &[(1_000, 100_000)], &[(1_000, 300_000)]);
        // With five it finds one: 0.30 less wear.
        check(POWER, &[at(300_000); 5], &[(1_000, 280_000)], &[(1_000, 300_000)]);
        // A cheap slot between, and six such ones: there is a use for all that can be had.
        check(POWER, &[[at(50_000)].as_slice(), &[at(300_000); 6]].concat(), &[(1_000, 280_000)], &[(1_000, 300_000)]);
        // Five need 1,000 Wh of the 1,500 that can be had at 0.15 before: what is taken now need not be had there, what is given now can be, up to 500.
        let quiet = Later { moves: Moves { charge_wh: 1_500, ..POWER }, ..at(150_000) };
        check(POWER, &[[quiet].as_slice(), &[at(300_000); 5]].concat(), &[(1_000, 150_000)], &[(500, 170_000), (500, 300_000)]);
    }

    #[test]
    fn a_full_battery_in_between_stops_what_would_pay() {
        // Six slots for nothing fill it whatever is taken now.
        check(POWER, &[[at(0); 6].as_slice(), &[at(300_000); 10]].concat(), &[(1_000, 0)], &[(1_000, 300_000)]);
        check(POWER, &[[at(0); 7].as_slice(), &[at(300_000); 10]].concat(), &[(1_000, 0)], &[(1_000, 20_000)]);
    }

    #[test]
    fn a_slot_without_a_price_counts_by_the_suppliers_two() {
        // 600 Wh of the house's own evening: worth 0.32 less wear there; what is beyond it only 0.08 less wear, which leaving it in beats.
        let own = Later { moves: Moves { planned_wh: -600, ..POWER }, buy_micro: 320_000, sell_micro: 80_000 };
        let battery = Battery { stored_wh: 500, ..BATTERY };
        let found = values(&battery, POWER, &[own]);
        assert_eq!(found.takes, [Step { wh: 100, micro: 300_000 }, Step { wh: 900, micro: 100_000 }]);
        assert_eq!(found.gives, [Step { wh: 500, micro: 320_000 }]);
    }

    /// What the slots from the first of `later` on can bring, by trying everything.
    fn brute(battery: &Battery, stored_wh: i64, later: &[Later]) -> i64 {
        let Some((slot, rest)) = later.split_first() else { return battery.left_micro * stored_wh };
        let moves = slot.moves;
        let sell_micro = slot.sell_micro.min(slot.buy_micro);
        (-i64::from(moves.discharge_wh)..=moves.charge_wh.into())
            .filter(|wh| (0..=battery.capacity_wh.into()).contains(&(stored_wh + wh)))
            .map(|wh| {
                let planned = moves.planned_wh.clamp(-i64::from(moves.discharge_wh), moves.charge_wh.into());
                let more = wh - planned;
                let paid = if more > 0 { slot.buy_micro * more } else { sell_micro * more };
                brute(battery, stored_wh + wh, rest) - paid + battery.wear_micro * wh.min(0)
            })
            .max()
            .expect("standing still is possible")
    }

    fn moves() -> impl Strategy<Value = Moves> {
        (0u32..4, 0u32..4, -4i64..5).prop_map(|(charge_wh, discharge_wh, planned_wh)| Moves {
            charge_wh,
            discharge_wh,
            planned_wh,
        })
    }

    proptest! {
        #[test]
        fn each_wh_is_priced_at_exactly_what_the_best_of_all_schedules_wins_or_loses_by_it(
            (stored_wh, room_wh) in (0u32..5, 0u32..4), wear_micro in 0i64..4, left_micro in -3i64..12, now in moves(),
            later in proptest::collection::vec((moves(), -3i64..12, 0i64..6), 0..5),
        ) {
            let battery = Battery { stored_wh, capacity_wh: stored_wh + room_wh, wear_micro, left_micro };
            let later: Vec<Later> = later.into_iter()
                .map(|(moves, buy_micro, less)| Later { moves, buy_micro, sell_micro: buy_micro - less }).collect();
            let found = values(&battery, now, &later);
            let (stored, least) = (i64::from(stored_wh), -i64::from(now.discharge_wh.min(stored_wh)));
            let most = i64::from(now.charge_wh.min(room_wh));
            let planned = now.planned_wh.clamp(least, most);
            let worth = |wh: i64| brute(&battery, stored + wh, &later) + wear_micro * wh.min(0);
            let single = |steps: &[Step]| -> Vec<i64> {
                steps.iter().flat_map(|step| std::iter::repeat_n(step.micro, step.wh as usize)).collect()
            };
            let takes: Vec<i64> = (planned..most).map(|wh| worth(wh + 1) - worth(wh)).collect();
            let gives: Vec<i64> = (least..planned).rev().map(|wh| worth(wh + 1) - worth(wh)).collect();
            prop_assert_eq!(single(&found.takes), takes);
            prop_assert_eq!(single(&found.gives), gives);
        }

        #[test]
        fn nothing_that_is_bought_is_dearer_than_what_is_sold(
            stored_wh in 0u32..10_000, now in moves(), prices in proptest::collection::vec(-100_000i64..400_000, 0..192),
        ) {
            let now = Moves { charge_wh: now.charge_wh * 500, discharge_wh: now.discharge_wh * 500, planned_wh: now.planned_wh * 400 };
            let later: Vec<Later> = prices.into_iter().map(at).collect();
            let Values { takes, gives } = values(&Battery { stored_wh, ..BATTERY }, now, &later);
            let prices: Vec<i64> = gives.iter().rev().chain(&takes).map(|step| step.micro).collect();
            prop_assert!(prices.is_sorted_by(|dearer, cheaper| dearer >= cheaper), "{:?}", prices);
        }
    }
}
