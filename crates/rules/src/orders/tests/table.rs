//! State × action × role against the table in the module's head: docs and code cannot drift apart.

use super::fixture::*;
use crate::bounds::HOUR_MS;
use crate::disputes;
use crate::orders::*;
use crate::{Failure, Output};
use std::collections::BTreeMap;

const ROLES: [&str; 6] = ["owner", "shop", "device", "carrier", "arbiter", "stranger"];
const ACTIONS: [&str; 14] = [
    "ApproveOrder",
    "CancelOrder",
    "AcceptOrder",
    "ShipOrder",
    "ConfirmDelivery",
    "RevealCode",
    "ClaimDelivery",
    "DeviceEvidence",
    "OpenDispute",
    "AnswerDispute",
    "Rule",
    "PostReturn",
    "ConfirmReturn",
    "DenyReturn",
];

/// (from, action, role) → to, for orders that exist; and how many rows the table has.
fn table() -> (BTreeMap<(String, String, String), String>, usize) {
    let head = include_str!("../mod.rs");
    let from = head.find("# The order: who may do what").expect("the table");
    let to = head[from..].find("# The order: what happens").expect("the next one") + from;
    let mut all = BTreeMap::new();
    let mut count = 0;
    for line in head[from..to].lines().filter_map(|line| line.strip_prefix("//! |")) {
        let cells: Vec<&str> = line.trim_end_matches('|').split('|').map(str::trim).collect();
        let [from, action, who, to] = cells[..] else { continue };
        if from == "from" || from.starts_with('-') {
            continue;
        }
        count += 1;
        for role in who.split(", ") {
            all.insert((from.into(), action.into(), role.into()), to.into());
        }
    }
    (all, count)
}

/// (from, to) of every row.
pub fn moves() -> Vec<(String, String)> {
    table().0.into_iter().map(|((from, _, _), to)| (from, to)).collect()
}

fn attempt(world: &mut World, order: OrderId, action: &str, role: &str) -> Result<Output, Failure> {
    let statement = crate::B256::repeat_byte(6);
    let caller = match role {
        "owner" => OWNER,
        "shop" => SHOP,
        "carrier" => CARRIER,
        "arbiter" => ARBITER,
        _ => STRANGER,
    };
    match action {
        "ApproveOrder" => world.order(caller, ApproveOrder { order }),
        "CancelOrder" => world.order(caller, CancelOrder { order }),
        "AcceptOrder" => world.order(caller, AcceptOrder { order }),
        "ShipOrder" => world.order(caller, ShipOrder { order, carrier: None, sscc: None, tracking: String::new() }),
        "ConfirmDelivery" => world.order(caller, ConfirmDelivery { order }),
        "RevealCode" => world.order(caller, RevealCode { order, code: CODE }),
        "ClaimDelivery" => world.order(caller, ClaimDelivery { order }),
        "DeviceEvidence" => world.says(DeviceBody::Evidence { level: 1_900, order }, role == "device"),
        "OpenDispute" => world.order(caller, OpenDispute { order, statement }),
        "AnswerDispute" => world.order(caller, AnswerDispute { order, statement }),
        "Rule" => world.act(caller, disputes::Action::Rule { dispute: order, percent: 75 }),
        "PostReturn" => world.order(caller, PostReturn { order, proof: statement }),
        "ConfirmReturn" => world.order(caller, ConfirmReturn { order }),
        "DenyReturn" => world.order(caller, DenyReturn { order, statement }),
        other => unreachable!("{other}"),
    }
}

#[test]
fn what_the_table_allows_happens_and_nothing_else_does() {
    let (table, _) = table();
    let (mut allowed, mut refused) = (0, 0);
    for from in OrderState::ALL {
        let (world, order) = World::reach(from);
        for action in ACTIONS {
            for role in ROLES {
                let mut world = world.clone();
                if action == "ShipOrder" && from == OrderState::Accepted {
                    world.block(2 * HOUR_MS); // past the cancel time
                }
                let before = world.memory.clone();
                let outcome = attempt(&mut world, order, action, role);
                match table.get(&(from.name().into(), action.into(), role.into())) {
                    Some(to) => {
                        assert!(outcome.is_ok(), "{from:?} {action} {role}: {outcome:?}");
                        assert_eq!(world.state(order).name(), to, "{from:?} {action} {role}");
                        assert_eq!(crate::audit(&world.memory), Ok(Vec::new()), "{from:?} {action} {role}");
                        allowed += 1;
                    }
                    None => {
                        assert!(matches!(outcome, Err(Failure::Refused(_))), "{from:?} {action} {role}: {outcome:?}");
                        assert!(world.memory == before, "{from:?} {action} {role}: refused, and something changed");
                        refused += 1;
                    }
                }
            }
        }
    }
    assert_eq!(allowed + refused, OrderState::ALL.len() * ACTIONS.len() * ROLES.len());
    let rows = table.keys().filter(|(from, action, _)| from != "none" && action != "AgreeRefund").count();
    assert_eq!(allowed, rows, "every row of the table was walked");
}

#[test]
fn a_refund_is_agreed_when_both_name_the_same_where_the_table_says_so() {
    let (table, count) = table();
    assert_eq!(count, 31, "a row was added or lost: the tests above and below must know it");
    for from in OrderState::ALL {
        let (world, order) = World::reach(from);
        let row = table.get(&(from.name().into(), "AgreeRefund".into(), "owner+shop".into()));
        for (first, second) in [(OWNER, SHOP), (SHOP, OWNER)] {
            let mut world = world.clone();
            for other in [CARRIER, ARBITER, STRANGER] {
                assert!(world.order(other, AgreeRefund { order, refund: 300 }).is_err(), "{from:?}");
            }
            let (owner, shop) = (world.money(OWNER), world.money(SHOP));
            let named = world.order(first, AgreeRefund { order, refund: 300 });
            assert_eq!(named.is_ok(), row.is_some(), "{from:?}: {named:?}");
            let Some(to) = row else { continue };
            assert_eq!(world.state(order), from, "one alone moves nothing");
            world.order(second, AgreeRefund { order, refund: 299 }).expect("another sum");
            assert_eq!(world.state(order), from, "two sums are no agreement");
            world.order(second, AgreeRefund { order, refund: 300 }).expect("the same sum");
            assert_eq!(world.state(order).name(), to);
            assert_eq!(crate::audit(&world.memory), Ok(Vec::new()), "{from:?}");
            let aside = if matches!(from, OrderState::Disputed | OrderState::Arbitration) { PRICE / 10 } else { 0 };
            assert_eq!(world.money(OWNER), owner + 300 + aside, "{from:?}");
            assert_eq!(world.money(SHOP), shop + PRICE - 300, "{from:?}");
        }
    }
}

#[test]
fn an_order_is_made_by_the_device_or_the_owner_alone() {
    let (table, _) = table();
    for (mode, row) in [(Mode::Auto, "DevicePlace (mandate: auto)"), (Mode::Confirm, "DevicePlace (mandate: confirm)")] {
        let mut world = World::new(mode);
        let (order, offer) = (world.next_order(), world.offer);
        assert!(world.device_places(offer, false).is_err(), "without the key");
        world.device_places(offer, true).expect("with the key");
        let to = &table[&("none".to_owned(), row.to_owned(), "device".to_owned())];
        assert_eq!(world.state(order).name(), to);
        assert!(world.device_places(offer, true).is_err(), "one low level, one order");
    }
    let mut world = World::new(Mode::Notify);
    let (device, order, offer) = (world.device, world.next_order(), world.offer);
    assert!(world.device_places(offer, true).is_err(), "a device that may only notify");
    let by_hand = PlaceOrder { device, slot: 0, offer, code_commitment: crate::B256::ZERO, sealed_address: Vec::new() };
    for other in [SHOP, CARRIER, ARBITER, STRANGER] {
        assert!(world.order(other, by_hand.clone()).is_err());
    }
    world.order(OWNER, by_hand).expect("the owner");
    assert_eq!(world.state(order).name(), table[&("none".to_owned(), "PlaceOrder".to_owned(), "owner".to_owned())]);
}
