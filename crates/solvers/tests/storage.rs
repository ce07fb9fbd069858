//! Storage schedules with losses: near enough to the best one, as the check says, and beside the exact one where nothing is lost.

use dure_rules::energy::clearing::storage::{BOUND_PER_NANO, Refused, check};
use dure_solvers::sample::{Market, Seed};
use dure_solvers::{plan, solve};

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
fn a_plan_of_another_day_is_refused() {
    let (book, other) = (MARKET.book(950, &mut Seed(1)), MARKET.book(900, &mut Seed(1)));
    let found = check(&other, &plan(&book).expect("planned"));
    assert!(matches!(found, Err(Refused::Gap { .. } | Refused::State { .. })), "{found:?}");
}
