//! Whoever is silent: every order ends, within 45 days, in the state that the second table names.

use super::fixture::*;
use crate::bounds::{DAY_MS, HOUR_MS};
use crate::orders::*;

/// (state, the state that its deadline leads to), from the table in the module's head.
pub fn table() -> Vec<(String, String)> {
    let head = include_str!("../mod.rs");
    let from = head.find("# The order: what happens when nobody").expect("the table");
    let to = head[from..].find("# Money").expect("the next part") + from;
    let rows = head[from..to].lines().filter_map(|line| line.strip_prefix("//! |"));
    let cells = rows.map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    cells
        .filter(|cells| cells[0] != "state" && !cells[0].starts_with('-'))
        .map(|cells| (cells[0].into(), cells[2].into()))
        .collect()
}

#[test]
fn every_state_ends_by_itself_as_the_table_says() {
    let table = table();
    assert_eq!(table.len(), OrderState::ALL.iter().filter(|state| !state.is_final()).count());
    for from in OrderState::ALL.into_iter().filter(|state| !state.is_final()) {
        let (mut world, order) = World::reach(from);
        let expected = &table.iter().find(|(state, _)| state == from.name()).expect("a row").1;
        while world.state(order) == from {
            world.block(HOUR_MS);
            assert!(world.now_ms - START_MS < 50 * DAY_MS, "{from:?} does not end");
        }
        assert_eq!(world.state(order).name(), expected, "{from:?}");
    }
}

#[test]
fn whatever_everybody_stops_doing_an_order_is_over_within_45_days() {
    for from in OrderState::ALL {
        let (mut world, order) = World::reach(from);
        while !world.state(order).is_final() {
            world.block(6 * HOUR_MS);
            assert!(world.now_ms - START_MS <= ORDER_MAX_MS + 6 * HOUR_MS, "{from:?} is not over");
        }
        // The books balance: everything is with somebody, nothing is left in the module but the free bond.
        let total = world.money(OWNER) + world.money(SHOP) + world.money(MODULE);
        assert_eq!(total, 2 * MONEY, "{from:?}");
        assert!(world.money(MODULE) <= BOND, "{from:?}: money is stuck in the module");
    }
}

#[test]
fn a_holiday_waits_and_never_longer_than_the_45_days() {
    let (mut world, order) = World::reach(OrderState::Claimed);
    world.order(OWNER, SetHoliday { until_ms: world.now_ms + HOLIDAY_MAX_MS }).expect("set");
    world.block(CONTEST_MS + HOUR_MS);
    assert_eq!(world.state(order), OrderState::Claimed, "it waits for the holiday");
    while !world.state(order).is_final() {
        world.block(DAY_MS);
        assert!(world.now_ms - START_MS <= ORDER_MAX_MS + DAY_MS);
    }
}
