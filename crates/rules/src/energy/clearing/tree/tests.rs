use super::super::tests::model;
use super::super::{Arc, Network, OUTSIDE, VALUE_MAX_MICRO, check};
use super::*;
use proptest::prelude::*;

/// Low, so that fees and given energy reach it.
pub(super) const TECHNICAL: i64 = 6;
/// More than all lines together carry in the random trees.
const FINER: i64 = 1_000;

pub(super) fn root() -> Zone {
    Zone { parent: 0, up_wh: 0, down_wh: 0, fee_micro: 0, given_wh: 0 }
}

pub(super) fn zone(parent: u32, up_wh: u32, down_wh: u32, fee_micro: i64) -> Zone {
    Zone { parent, up_wh, down_wh, fee_micro, given_wh: 0 }
}

pub(super) fn offer(zone: u32, wh: u32, limit_micro: i64) -> Order {
    Order { zone, buys: false, wh, limit_micro }
}

pub(super) fn bid(zone: u32, wh: u32, limit_micro: i64) -> Order {
    Order { zone, buys: true, wh, limit_micro }
}

/// The tree as a network: an arc for each order, two for each line, and for each zone what schedules take out and the two technical ones.
/// Every value is multiplied by `finer`, and a line costs `more` than that.
///
/// What is taken out is a bid above the technical price, which is always filled.
pub(super) fn network(zones: &[Zone], orders: &[Order], technical: i64, finer: i64, more: i64) -> Network {
    let mut network = Network { arcs: Vec::new(), given_wh: vec![0] };
    let mut arc = |tail, head, capacity_wh, value| {
        network.arcs.push(Arc { tail, head, capacity_wh, value_micro: value });
    };
    for Order { zone, buys, wh, limit_micro } in orders {
        if *buys { arc(zone + 1, OUTSIDE, *wh, limit_micro * finer) } else { arc(OUTSIDE, zone + 1, *wh, -limit_micro * finer) }
    }
    for (node, zone) in (1..).zip(zones).skip(1) {
        arc(node, zone.parent + 1, zone.up_wh, -zone.fee_micro * finer - more);
        arc(zone.parent + 1, node, zone.down_wh, -zone.fee_micro * finer - more);
    }
    for (node, zone) in (1..).zip(zones) {
        arc(node, OUTSIDE, taken_out(zone), (technical + 1) * finer);
        arc(OUTSIDE, node, 1_000_000, -technical * finer);
        arc(node, OUTSIDE, 1_000_000, -technical * finer);
    }
    let given = zones.iter().map(|zone| u32::try_from(zone.given_wh.max(0)).expect("little"));
    network.given_wh.extend(given);
    network
}

fn taken_out(zone: &Zone) -> u32 {
    u32::try_from(zone.given_wh.min(0).abs()).expect("little")
}

/// What the network's welfare has more, because what is taken out is a bid there.
pub(super) fn worth_taken_out(zones: &[Zone], technical: i64) -> i128 {
    zones.iter().map(|zone| i128::from(taken_out(zone)) * i128::from(technical + 1)).sum()
}

pub(super) fn flow(zones: &[Zone], cleared: &SlotCleared) -> Vec<u32> {
    let mut flow = cleared.fill_wh.clone();
    for number in 1..zones.len() {
        flow.extend([cleared.up_wh[number], cleared.down_wh[number]]);
    }
    for (number, zone) in zones.iter().enumerate() {
        let technical = |wh: u64| u32::try_from(wh).expect("little");
        flow.extend([taken_out(zone), technical(cleared.unserved_wh[number]), technical(cleared.spilled_wh[number])]);
    }
    flow
}

/// Clears it and has it checked as the best flow of the network, at the network's prices.
fn cleared(zones: &[Zone], orders: &[Order], technical: i64) -> SlotCleared {
    let cleared = clear(zones, orders, technical);
    let network = network(zones, orders, technical, 1, 0);
    let certificate = model::certify(&network, &flow(zones, &cleared));
    let checked = check(&network, &certificate).expect("the best flow");
    let micro = |extremes: &[super::super::Extreme]| extremes.iter().skip(1).map(|e| e.price_micro).collect::<Vec<_>>();
    assert_eq!(cleared.price_micro, checked.price_micro[1..]);
    assert_eq!(cleared.highest_micro, micro(&certificate.highest));
    assert_eq!(cleared.lowest_micro, micro(&certificate.lowest));
    assert_eq!(cleared.welfare_nano + worth_taken_out(zones, technical), checked.welfare_nano);
    for (up_wh, down_wh) in cleared.up_wh.iter().zip(&cleared.down_wh) {
        assert!(*up_wh == 0 || *down_wh == 0, "both ways at once");
    }
    cleared
}

#[test]
fn the_first_slot_of_the_worked_example_with_its_battery_as_a_schedule() {
    let north = Zone { given_wh: -3_000, ..zone(0, 3_000, 3_000, 10_000) };
    for (export_cap_wh, south_micro) in [(100_000, 80_000), (1_000, 45_000)] {
        let orders = [
            offer(1, 9_000, 0),
            bid(1, 1_500, 250_000),
            bid(0, 2_000, 300_000),
            offer(0, 100_000, 320_000),
            bid(0, export_cap_wh, 80_000),
        ];
        let cleared = cleared(&[root(), north], &orders, 4_000_000);
        assert_eq!(cleared.fill_wh, [7_500, 1_500, 2_000, 0, 1_000]);
        assert_eq!(cleared.price_micro, [south_micro, 0]);
        assert_eq!((cleared.up_wh[1], cleared.down_wh[1]), (3_000, 0));
    }
}

#[test]
fn each_case_is_filled_as_a_person_would() {
    let line = |up_wh, down_wh, fee_micro| vec![root(), zone(0, up_wh, down_wh, fee_micro)];
    let star = |fee_micro| vec![root(), zone(0, 9, 9, fee_micro), zone(0, 9, 9, fee_micro)];
    let chain = || vec![root(), zone(0, 9, 9, 0), zone(1, 9, 9, 0)];
    let far = offer(1, 5, 1);
    type Case = (&'static str, Vec<Zone>, Vec<Order>, Vec<u32>, Vec<i64>, Vec<u32>);
    let table: Vec<Case> = vec![
        ("nobody", vec![root()], vec![], vec![], vec![0], vec![0]),
        ("apart", vec![root()], vec![offer(0, 5, 3), bid(0, 5, 2)], vec![0, 0], vec![2], vec![0]),
        ("scarce", vec![root()], vec![offer(0, 5, 1), bid(0, 9, 3)], vec![5, 5], vec![3], vec![0]),
        ("pro rata", vec![root()], vec![offer(0, 5, 3), offer(0, 5, 3), bid(0, 5, 4)], vec![3, 2, 5], vec![3], vec![0]),
        ("at the money all trade", vec![root()], vec![offer(0, 5, 3), bid(0, 9, 3)], vec![5, 5], vec![3], vec![0]),
        ("the fee is beaten", line(9, 9, 1), vec![far, bid(0, 9, 3)], vec![5, 5], vec![3, 2], vec![0, 5]),
        ("the fee is met", line(9, 9, 2), vec![far, bid(0, 9, 3)], vec![0, 0], vec![3, 1], vec![0, 0]),
        ("the fee is too high", line(9, 9, 3), vec![far, bid(0, 9, 3)], vec![0, 0], vec![3, 0], vec![0, 0]),
        ("the line is full", line(2, 9, 1), vec![far, bid(0, 9, 3)], vec![2, 2], vec![3, 1], vec![0, 2]),
        ("the line is closed", line(0, 9, 1), vec![far, bid(0, 9, 3)], vec![0, 0], vec![4, -3], vec![0, 0]),
        ("two share", star(1), vec![far, offer(2, 5, 1), bid(0, 5, 3)], vec![3, 2, 5], vec![2, 1, 1], vec![0, 3, 2]),
        ("nearer first", chain(), vec![offer(2, 5, 1), offer(1, 5, 1), bid(0, 6, 3)], vec![1, 5, 6], vec![1; 3], vec![0, 6, 1]),
        ("own offer first", chain(), vec![bid(1, 5, 3), offer(0, 5, 1), offer(2, 5, 1)], vec![5, 5, 0], vec![1; 3], vec![0; 3]),
        ("own bid last", chain(), vec![offer(1, 5, 1), bid(0, 5, 3), bid(2, 5, 3)], vec![5, 0, 5], vec![3; 3], vec![0; 3]),
    ];
    for (name, zones, orders, fill_wh, price_micro, up_wh) in table {
        let cleared = cleared(&zones, &orders, TECHNICAL);
        assert_eq!((cleared.fill_wh, cleared.price_micro, cleared.up_wh), (fill_wh, price_micro, up_wh), "{name}");
    }
}

#[test]
fn what_a_schedule_forces_and_nobody_can_do_is_said() {
    let alone = |given_wh| [root(), Zone { given_wh, ..zone(0, 2, 3, 0) }];
    let orders = [offer(0, 9, 1), bid(0, 1, 0), bid(1, 1, 2)];
    let short = cleared(&alone(-10), &orders, TECHNICAL);
    assert_eq!((short.unserved_wh, short.spilled_wh), (vec![0, 7], vec![0, 0]));
    assert_eq!((short.fill_wh, short.price_micro, short.down_wh), (vec![3, 0, 0], vec![1, TECHNICAL], vec![0, 3]));
    let long = cleared(&alone(10), &orders, TECHNICAL);
    assert_eq!((long.unserved_wh, long.spilled_wh), (vec![0, 0], vec![0, 8]));
    // What is left is got rid of where it is, though the line had room.
    assert_eq!((long.fill_wh, long.up_wh), (vec![0, 1, 1], vec![0, 1]));
    assert_eq!(long.price_micro, [-TECHNICAL, -TECHNICAL]);
}

#[test]
fn the_longest_chain_carries_one_price_from_end_to_end() {
    let mut zones = vec![root()];
    zones.extend((1..ZONES_MAX).map(|number| zone(number - 1, 20, 20, 0)));
    let last = ZONES_MAX - 1;
    for (offered, asked, price) in [(10, 20, 6), (20, 10, 5)] {
        for (from, to) in [(0, last), (last, 0)] {
            let cleared = clear(&zones, &[offer(from, offered, 5), bid(to, asked, 6)], VALUE_MAX_MICRO);
            assert_eq!(cleared.fill_wh, [10, 10]);
            assert_eq!(cleared.price_micro, vec![price; zones.len()]);
            assert_eq!(cleared.welfare_nano, 10);
        }
    }
}

#[test]
fn the_widest_numbers_stay_exact() {
    let wide = |parent, given_wh| Zone { parent, up_wh: u32::MAX, down_wh: u32::MAX, fee_micro: VALUE_MAX_MICRO, given_wh };
    let zones = [wide(0, -GIVEN_MAX_WH), wide(0, GIVEN_MAX_WH), wide(1, GIVEN_MAX_WH)];
    let orders: Vec<Order> =
        (0..3).flat_map(|zone| [offer(zone, u32::MAX, VALUE_MAX_MICRO - 1), bid(zone, u32::MAX, 1 - VALUE_MAX_MICRO)]).collect();
    let cleared = clear(&zones, &orders, VALUE_MAX_MICRO);
    let most = u64::from(u32::MAX);
    let given = GIVEN_MAX_WH.unsigned_abs();
    // What 1 has more is worth the fee at 0, twice over; 1 and 2 are both at the lower end.
    assert_eq!(cleared.fill_wh, [u32::MAX, 0, 0, u32::MAX, 0, u32::MAX]);
    assert_eq!(cleared.up_wh, [0, u32::MAX, 0]);
    assert_eq!(cleared.unserved_wh, [given - 2 * most, 0, 0]);
    assert_eq!(cleared.spilled_wh, [0, given - 2 * most, given - most]);
    assert_eq!(cleared.price_micro, [VALUE_MAX_MICRO, -VALUE_MAX_MICRO, -VALUE_MAX_MICRO]);
}

#[test]
fn a_zone_or_parent_that_there_is_not_trades_nothing() {
    let orders = [offer(1, 5, 1), bid(0, 5, 3), bid(7, 5, 3)];
    let cleared = clear(&[root(), zone(1, 9, 9, 0)], &orders, TECHNICAL);
    assert_eq!((cleared.fill_wh, cleared.up_wh), (vec![0, 0, 0], vec![0, 0]));
    assert_eq!(clear(&[], &orders, TECHNICAL).fill_wh, [0, 0, 0]);
}

/// Trees of every shape, among them chains and stars, with few different prices and many closed lines.
pub(super) fn trees() -> impl Strategy<Value = (Vec<Zone>, Vec<Order>)> {
    let line = (any::<prop::sample::Index>(), 0u32..7, 0u32..7, 0i64..3, prop_oneof![3 => Just(0i64), 1 => -7i64..8]);
    (0usize..4, prop::collection::vec(line, 1..9)).prop_flat_map(|(shape, lines)| {
        let zones: Vec<Zone> = (0..)
            .zip(lines)
            .map(|(number, (parent, up_wh, down_wh, fee_micro, given_wh))| {
                let parent = match shape {
                    0 => number - i32::from(number > 0), // a chain
                    1 => 0,                              // a star
                    _ if number == 0 => 0,
                    _ => i32::try_from(parent.index(usize::try_from(number).expect("few"))).expect("few"),
                };
                Zone { parent: u32::try_from(parent).expect("few"), up_wh, down_wh, fee_micro, given_wh }
            })
            .collect();
        let order = (0..u32::try_from(zones.len()).expect("few"), any::<bool>(), 0u32..9, 1 - TECHNICAL..TECHNICAL);
        let order = order.prop_map(|(zone, buys, wh, limit_micro)| Order { zone, buys, wh, limit_micro });
        (Just(zones), prop::collection::vec(order, 0..24))
    })
}

proptest! {
    #[test]
    fn prices_and_welfare_are_those_of_the_slow_model((zones, orders) in trees()) {
        let found = cleared(&zones, &orders, TECHNICAL);
        let network = network(&zones, &orders, TECHNICAL, 1, 0);
        let best = model::solve(&network);
        let checked = check(&network, &model::certify(&network, &best)).expect("the best");
        prop_assert_eq!(&found.price_micro, &checked.price_micro[1..]);
        prop_assert_eq!(found.welfare_nano + worth_taken_out(&zones, TECHNICAL), checked.welfare_nano);
    }

    #[test]
    fn nobody_trades_at_a_loss_and_nobody_misses_a_gain((zones, orders) in trees()) {
        let cleared = clear(&zones, &orders, TECHNICAL);
        for (order, fill_wh) in orders.iter().zip(&cleared.fill_wh) {
            let price = cleared.price_micro[order.zone as usize];
            let gain = if order.buys { order.limit_micro - price } else { price - order.limit_micro };
            prop_assert!(*fill_wh == 0 || gain >= 0);
            prop_assert!(*fill_wh == order.wh || gain <= 0);
        }
    }

    #[test]
    fn at_the_money_each_side_is_filled_in_proportion_and_one_side_whole((zones, orders) in trees()) {
        let cleared = clear(&zones, &orders, TECHNICAL);
        for (zone, price) in (0..).zip(&cleared.price_micro) {
            let mut left_wh = [0, 0];
            for (buys, left_wh) in [false, true].into_iter().zip(&mut left_wh) {
                let at_the_money = |order: &Order| (order.zone, order.buys, order.limit_micro) == (zone, buys, *price);
                let these = orders.iter().zip(&cleared.fill_wh).filter(|(order, _)| at_the_money(order));
                let (shares, fills): (Vec<u32>, Vec<u32>) = these.map(|(order, fill)| (order.wh, *fill)).unzip();
                let filled: u32 = fills.iter().sum();
                *left_wh = shares.iter().sum::<u32>() - filled;
                prop_assert_eq!(fills, pro_rata(u64::from(filled), &shares));
            }
            prop_assert!(left_wh.contains(&0), "an offer and a bid at the same price are left in zone {}", zone);
        }
    }

    /// With values that are `FINER` times as large and lines that cost 1 more, the best flow is the one with the least on lines.
    #[test]
    fn no_best_flow_has_less_on_lines((zones, orders) in trees()) {
        let cleared = clear(&zones, &orders, TECHNICAL);
        let network = network(&zones, &orders, TECHNICAL, FINER, 1);
        let best = network.welfare_nano(&model::solve(&network));
        let least = (cleared.welfare_nano + worth_taken_out(&zones, TECHNICAL)) * i128::from(FINER) - best;
        let on_lines: u32 = cleared.up_wh.iter().chain(&cleared.down_wh).sum();
        prop_assert_eq!(i128::from(on_lines), least);
    }
}
