//! Storage schedules with losses: near enough to the best one, as the check says, and beside the exact one where nothing is lost.

use dure_rules::energy::clearing::storage::{BOUND_PER_NANO, Book, Refused, bound, check};
use dure_solvers::sample::{Market, Seed};
use dure_solvers::{Unsolved, plan, solve};

/// A day of a neighbourhood.
const MARKET: Market = Market { zones: 3, slots: 24, batteries: 4, orders: 20, step_micro: 10_000 };

#[test]
fn a_day_with_losses_is_within_the_gap() {
    for seed in 0..8 {
        let book = MARKET.book(950, &mut Seed(seed));
        let proven = check(&book, &plan(&book).expect("planned")).unwrap_or_else(|refused| panic!("seed {seed}: {refused:?}"));
        assert!(proven.worth > 0 && proven.worth <= proven.bound);
    }
}

#[test]
fn without_losses_the_exact_clearing_lies_between_worth_and_bound() {
    for seed in 0..8 {
        let (book, network) = (MARKET.book(1_000, &mut Seed(seed)), MARKET.draw(&mut Seed(seed)));
        let best = network.welfare_nano(&solve(&network).expect("solved")) * BOUND_PER_NANO;
        let proven = check(&book, &plan(&book).expect("planned")).unwrap_or_else(|refused| panic!("seed {seed}: {refused:?}"));
        assert!((proven.worth..=proven.bound).contains(&best), "seed {seed}: {} {best} {}", proven.worth, proven.bound);
    }
}

#[test]
fn no_prices_give_a_bound_below_what_a_plan_is_worth() {
    let small = Market { zones: 2, slots: 4, batteries: 2, orders: 6, step_micro: 50_000 };
    for number in 0..20 {
        let mut seed = Seed(number);
        let book = small.book(950, &mut seed);
        let mut plan = plan(&book).expect("planned");
        let worth = match check(&book, &plan) {
            Ok(proven) => proven.worth,
            Err(Refused::Gap { worth, .. }) => worth,
            Err(refused) => panic!("seed {number}: {refused:?}"),
        };
        for _ in 0..200 {
            // The outside's price, the first of each slot, stays 0.
            let zones = plan.zone_millimicro.iter_mut().flat_map(|prices| &mut prices[1..]);
            for price in zones.chain(plan.battery_millimicro.iter_mut().flatten()) {
                *price += i64::from(seed.below(40_000_001)) - 20_000_000;
            }
            assert!(bound(&book, &plan) >= worth, "seed {number}");
        }
    }
}

#[test]
fn a_plan_of_another_day_is_refused() {
    let (book, other) = (MARKET.book(950, &mut Seed(1)), MARKET.book(900, &mut Seed(1)));
    let found = check(&other, &plan(&book).expect("planned"));
    assert!(matches!(found, Err(Refused::Gap { .. } | Refused::State { .. })), "{found:?}");
}

#[test]
fn what_cannot_be_planned_has_a_name() {
    let book = MARKET.book(950, &mut Seed(1));
    let wrong = |change: &dyn Fn(&mut Book)| {
        let mut wrong = book.clone();
        change(&mut wrong);
        plan(&wrong).expect_err("wrong")
    };
    assert_eq!(wrong(&|book| book.batteries[0].zone = 4), Unsolved::Book);
    assert_eq!(wrong(&|book| book.slots[3].arcs[0].value_micro = 1 << 50), Unsolved::Book);
    assert_eq!(wrong(&|book| book.slots[3].arcs[0].head = 9), Unsolved::NoSuchNode { arc: 0, node: 9, nodes: 4 });
    let mut empty = book.clone();
    empty.batteries.clear();
    let proven = check(&empty, &plan(&empty).expect("no batteries")).expect("exact");
    assert_eq!(proven.worth, proven.bound);
    empty = Book { slots: Vec::new(), ..book.clone() };
    assert!(check(&empty, &plan(&empty).expect("no slots")).is_ok());
}
