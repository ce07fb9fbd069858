use super::super::super::tests::model;
use super::super::super::{Arc, Cleared, Network, check};
use super::super::tests::{TECHNICAL, bid, flow, network, offer, root, trees, worth_taken_out, zone};
use super::*;
use proptest::prelude::*;

/// The tree's network with the shift as one arc more.
fn network_with(zones: &[Zone], orders: &[Order], technical: i64, shift: &Shift) -> Network {
    let mut network = network(zones, orders, technical, 1, 0);
    let Shift { tail, head, capacity_wh, value_micro } = *shift;
    network.arcs.push(Arc { tail: tail + 1, head: head + 1, capacity_wh, value_micro });
    network
}

/// Clears it and has it checked as the best flow of the network, at the network's prices.
fn cleared(zones: &[Zone], orders: &[Order], technical: i64, shift: &Shift) -> (SlotCleared, u32) {
    let (cleared, shifted) = clear_with(zones, orders, technical, shift);
    let network = network_with(zones, orders, technical, shift);
    let mut flow = flow(zones, &cleared);
    flow.push(shifted);
    let certificate = model::certify(&network, &flow);
    let Cleared { price_micro, welfare_nano, .. } = check(&network, &certificate).expect("the best flow");
    assert_eq!(cleared.price_micro, price_micro[1..]);
    let micro = |extremes: &[super::super::super::Extreme]| extremes.iter().skip(1).map(|e| e.price_micro).collect::<Vec<_>>();
    assert_eq!(cleared.highest_micro, micro(&certificate.highest));
    assert_eq!(cleared.lowest_micro, micro(&certificate.lowest));
    assert_eq!(cleared.welfare_nano + worth_taken_out(zones, technical), welfare_nano);
    (cleared, shifted)
}

/// A full line from 1 to 0: who is at 0 sells from 15 on, who is at 1 takes 6 at 10 and any at 1.
fn congested(value_micro: i64, up_wh: u32) -> (SlotCleared, u32) {
    let zones = [root(), zone(0, up_wh, 50, 2)];
    let orders = [offer(0, 20, 15), bid(1, 6, 10), bid(1, 30, 1)];
    cleared(&zones, &orders, 100, &Shift { tail: 0, head: 1, capacity_wh: 10, value_micro })
}

#[test]
fn so_much_is_shifted_as_costs_no_more_than_it_is_worth() {
    let found = [4, 5, 9, 13, 14, 30].map(|value| {
        let (cleared, shifted) = congested(value, 0);
        (value, shifted, cleared.price_micro[0], cleared.price_micro[1])
    });
    // Six cost 15 − 10, the next 15 − 1. Between them the prices are as far apart as it is worth.
    assert_eq!(found, [(4, 0, 14, 10), (5, 6, 15, 10), (9, 6, 15, 6), (13, 6, 15, 2), (14, 10, 15, 1), (30, 10, 15, 1)]);
}

#[test]
fn where_the_line_back_has_room_it_is_used_first_and_costs_its_fee() {
    let (cleared, shifted) = congested(3, 4);
    assert_eq!((shifted, cleared.up_wh[1], cleared.price_micro[0] - cleared.price_micro[1]), (4, 4, 3));
    let (cleared, shifted) = congested(30, 40);
    assert_eq!((shifted, cleared.up_wh[1], cleared.price_micro[0] - cleared.price_micro[1]), (10, 10, 2));
}

#[test]
fn between_zones_that_there_are_not_nothing_is_shifted() {
    let zones = [root(), zone(0, 5, 5, 0)];
    let orders = [offer(0, 9, 1), bid(1, 9, 4)];
    for (tail, head) in [(0, 2), (3, 1), (1, 1)] {
        let shift = Shift { tail, head, capacity_wh: 9, value_micro: 9 };
        assert_eq!(clear_with(&zones, &orders, TECHNICAL, &shift), (super::super::clear(&zones, &orders, TECHNICAL), 0));
    }
}

fn shifted_trees() -> impl Strategy<Value = (Vec<Zone>, Vec<Order>, Shift)> {
    let ends = (any::<prop::sample::Index>(), any::<prop::sample::Index>());
    (trees(), ends, 0u32..9, 0i64..12).prop_filter_map(
        "two zones",
        |((zones, orders), (tail, head), capacity_wh, value_micro)| {
            let place = |index: prop::sample::Index| u32::try_from(index.index(zones.len())).expect("few");
            let (tail, head) = (place(tail), place(head));
            (tail != head).then_some((zones, orders, Shift { tail, head, capacity_wh, value_micro }))
        },
    )
}

proptest! {
    #[test]
    fn prices_and_welfare_are_those_of_the_slow_model((zones, orders, shift) in shifted_trees()) {
        let technical = TECHNICAL + shift.value_micro;
        let (found, _) = cleared(&zones, &orders, technical, &shift);
        let network = network_with(&zones, &orders, technical, &shift);
        let best = model::solve(&network);
        let checked = check(&network, &model::certify(&network, &best)).expect("the best");
        prop_assert_eq!(&found.price_micro, &checked.price_micro[1..]);
        prop_assert_eq!(found.welfare_nano + worth_taken_out(&zones, technical), checked.welfare_nano);
    }

    #[test]
    fn it_never_costs_more_than_it_is_worth_and_is_never_less_than_it_could_be((zones, orders, shift) in shifted_trees()) {
        let technical = TECHNICAL + shift.value_micro;
        let (found, shifted) = clear_with(&zones, &orders, technical, &shift);
        let price = |zone: u32| found.price_micro[zone as usize];
        let costs = price(shift.tail) - price(shift.head);
        prop_assert!(shifted == 0 || costs <= shift.value_micro);
        prop_assert!(shifted == shift.capacity_wh || costs >= shift.value_micro);
        // One more would cost more than it is worth: with room for it, it is worth less than without.
        let more = Shift { capacity_wh: shifted + 1, ..shift };
        prop_assert!(shifted == shift.capacity_wh || clear_with(&zones, &orders, technical, &more).1 == shifted);
    }
}
