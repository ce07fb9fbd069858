//! A stolen device key. `cargo test -p dure-rules stolen -- --nocapture` tells what the thief tried.

use super::fixture::*;
use crate::bounds::DAY_MS;
use crate::orders::*;
use crate::{Address, Amount, Failure, Refusal};
use std::collections::BTreeMap;

/// Days that nobody notices.
const DAYS: u64 = 90;
/// The mandate of the fixture: at most this much in thirty days.
const PERIOD_MAX: Amount = 2_100;

fn refusal(failure: &Failure) -> String {
    match failure {
        Failure::Refused(Refusal::Orders(crate::orders::Refusal::CannotPlace { reasons })) => {
            reasons.iter().map(Reason::name).collect::<Vec<_>>().join(", ")
        }
        Failure::Refused(other) => format!("{other:?}"),
        Failure::Stopped(stop) => panic!("{stop:?}"),
    }
}

/// The thief signs a low level, then a full one, then a low one, as often as it can. `colluding`: whether the shop takes the
/// money and sends nothing.
fn steal(colluding: bool) -> (World, u32, BTreeMap<String, u32>) {
    let mut world = World::new(Mode::Auto);
    let shop: Address = SHOP;
    let (mut placed, mut refused) = (0, BTreeMap::new());
    for _ in 0..DAYS {
        for level in [2_000, 200] {
            let said = world.says(DeviceBody::Level { level }, true);
            assert!(said.is_ok(), "{said:?}");
        }
        let (order, offer) = (world.next_order(), world.offer);
        match world.device_places(offer, true) {
            Ok(_) => placed += 1,
            Err(failure) => *refused.entry(refusal(&failure)).or_insert(0) += 1,
        }
        let known = ORDERS.get(&mut world.memory, &order).expect("read").is_some();
        if known && colluding {
            world.order(shop, AcceptOrder { order }).expect("accepted");
            world.block(DAY_MS / 2);
            world
                .order(shop, ShipOrder { order, carrier: None, sscc: None, tracking: String::new() })
                .expect("said to be shipped");
            // With the key, evidence is for the taking; the money follows a day later.
            world.says(DeviceBody::Evidence { level: 2_000, order }, true).expect("false evidence");
            world.block(DAY_MS / 2);
        } else {
            world.block(DAY_MS);
        }
    }
    world.block(46 * DAY_MS);
    (world, placed, refused)
}

#[test]
fn a_stolen_device_key_alone_takes_nothing() {
    let (mut world, placed, refused) = steal(false);
    println!("alone: {placed} orders in {DAYS} days, all refunded; refused: {refused:?}");
    assert!(placed > 0);
    assert_eq!(world.money(OWNER), MONEY, "nothing was delivered, so nothing is paid");
}

#[test]
fn a_stolen_device_key_and_a_colluding_shop_take_at_most_the_budget_of_each_period() {
    let (mut world, placed, refused) = steal(true);
    let lost = MONEY - world.money(OWNER);
    let bound = PERIOD_MAX * Amount::from(DAYS.div_ceil(30));
    println!("with a shop: {placed} orders in {DAYS} days, {lost} minor units lost, bound {bound}; refused: {refused:?}");
    assert!(lost > 0 && lost <= bound, "{lost} of at most {bound}");
    assert!(refused.keys().any(|reasons| reasons.contains("PeriodAmountSpent")), "{refused:?}");
}
