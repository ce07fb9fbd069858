//! What is solved and certified is accepted by the check, whose word is the only one that counts.

use dure_rules::energy::clearing::{Arc, Cleared, Flaw, Network, OUTSIDE, VALUE_MAX_MICRO, check};
use dure_solvers::sample::{Market, Seed, TECHNICAL_MICRO, tangle};
use dure_solvers::{Unsolved, certify, solve};
use proptest::prelude::*;

fn cleared(network: &Network) -> Cleared {
    let flow_wh = solve(network).expect("solved");
    let certificate = certify(network, &flow_wh).expect("certified");
    let cleared = check(network, &certificate).expect("the best");
    assert_eq!(cleared.flow_wh, flow_wh);
    assert_eq!(cleared.welfare_nano, network.bound_nano(&cleared.price_micro));
    cleared
}

fn arc(tail: u32, head: u32, capacity_wh: u32, value_micro: i64) -> Arc {
    Arc { tail, head, capacity_wh, value_micro }
}

/// The worked example of docs/energy.md: zones N and S, two slots, a line, a battery at N.
fn example(export_cap_wh: u32) -> Network {
    let (n1, s1, n2, s2, b1, b2) = (1, 2, 3, 4, 5, 6);
    let (orders, lines, grid, battery) = (
        [arc(0, n1, 9_000, 0), arc(n1, 0, 1_500, 250_000), arc(s1, 0, 2_000, 300_000), arc(0, n2, 1_000, 0)],
        [(n1, s1), (s1, n1), (n2, s2), (s2, n2)].map(|(tail, head)| arc(tail, head, 3_000, -10_000)),
        [
            arc(0, s1, 100_000, -320_000),
            arc(s1, 0, export_cap_wh, 80_000),
            arc(0, s2, 100_000, -320_000),
            arc(s2, 0, 100_000, 80_000),
        ],
        [arc(n1, b1, 3_000, 0), arc(b1, n1, 3_000, -20_000), arc(n2, b2, 3_000, 0), arc(b2, n2, 3_000, -20_000)],
    );
    let mut arcs = [orders, lines, grid, battery].concat();
    arcs.extend([arc(n2, 0, 500, 280_000), arc(s2, 0, 6_000, 310_000), arc(0, s2, 1_000, -150_000)]);
    arcs.extend([arc(b1, b2, 4_000, 0), arc(b2, 0, 4_000, 60_000)]);
    for node in 1..=6 {
        arcs.extend([arc(0, node, 1_000_000, -TECHNICAL_MICRO), arc(node, 0, 1_000_000, -TECHNICAL_MICRO)]);
    }
    Network { arcs, given_wh: vec![0, 0, 0, 0, 0, 500, 0] }
}

#[test]
fn the_worked_examples_come_out_to_the_unit() {
    for (export_cap_wh, price_s1) in [(100_000, 80_000), (1_000, 45_000)] {
        let Cleared { price_micro, welfare_nano, flow_wh } = cleared(&example(export_cap_wh));
        assert_eq!(price_micro, [0, 0, price_s1, 80_000, 310_000, 60_000, 60_000]);
        assert_eq!(welfare_nano, 2_235_000_000);
        let [wind, export, charge, discharge, left] = [0, 9, 12, 15, 20].map(|arc| flow_wh[arc]);
        assert_eq!((wind, export, charge, discharge, left), (7_500, 1_000, 3_000, 2_500, 1_000));
    }
}

#[test]
fn what_cannot_be_solved_has_a_name() {
    let mut network = example(1_000);
    network.arcs.retain(|arc| arc.tail != 5 || arc.head != OUTSIDE);
    assert_eq!(solve(&network), Err(Unsolved::NoWayOut { node: 5, given_wh: 500 }));
    let mut network = example(1_000);
    network.arcs[3].head = 7;
    assert_eq!(solve(&network), Err(Unsolved::NoSuchNode { arc: 3, node: 7, nodes: 7 }));
    network.arcs[3] = arc(0, 3, 1, i64::MIN);
    assert_eq!(solve(&network), Err(Unsolved::TooLarge { arcs: 33, nodes: 7, value_micro: 1 << 63 }));

    let network = example(1_000);
    let mut flow_wh = solve(&network).expect("solved");
    assert_eq!(certify(&network, &flow_wh[1..]), Err(Unsolved::Flows { arcs: 33, found: 32 }));
    flow_wh[0] -= 1; // A Wh less of wind, curtailed for nothing.
    flow_wh[22] += 1;
    assert!(matches!(certify(&network, &flow_wh), Err(Unsolved::NotBest { .. })));
    let only_out = Network { arcs: vec![arc(1, OUTSIDE, 5, -1)], given_wh: vec![0, 0] };
    assert_eq!(certify(&only_out, &[0]), Err(Unsolved::NoPrice { node: 1 }));
    assert_eq!(solve(&Network::default()), Ok(Vec::new()));
}

proptest! {
    #[test]
    fn the_best_flow_of_a_tangle_is_found_and_shown(seed in any::<u64>()) {
        cleared(&tangle(&mut Seed(seed)));
    }

    #[test]
    fn the_best_flow_of_a_market_is_found_and_shown(
        seed in any::<u64>(), zones in 1u32..6, slots in 1u32..6, batteries in 0u32..6, orders in 0u32..12, step_micro in prop::sample::select(vec![1u32, 10_000, 50_000]),
    ) {
        cleared(&Market { zones, slots, batteries, orders, step_micro }.draw(&mut Seed(seed)));
    }

    /// Whatever a network is: an answer that the check accepts, or a reason.
    #[test]
    fn nothing_panics(
        arcs in prop::collection::vec((0u32..5, 0u32..5, prop_oneof![0u32..9, any::<u32>()], prop_oneof![-9i64..9, -VALUE_MAX_MICRO..VALUE_MAX_MICRO]), 0..30),
        given in prop::collection::vec(prop_oneof![0u32..9, any::<u32>()], 0..5),
    ) {
        let arcs = arcs.into_iter().map(|(tail, head, capacity_wh, value_micro)| arc(tail, head, capacity_wh, value_micro)).collect();
        let network = Network { arcs, given_wh: std::iter::once(0).chain(given).collect() };
        match solve(&network).map(|flow_wh| certify(&network, &flow_wh)) {
            Ok(Ok(certificate)) => match check(&network, &certificate) {
                Ok(cleared) => prop_assert_eq!(cleared.welfare_nano, network.bound_nano(&cleared.price_micro)),
                Err(flaw) => prop_assert!(matches!(flaw, Flaw::Price { .. }), "{:?}", flaw),
            },
            Ok(Err(unsolved)) => prop_assert!(matches!(unsolved, Unsolved::NoPrice { .. }), "{}", unsolved),
            Err(unsolved) => prop_assert!(matches!(unsolved, Unsolved::NoWayOut { .. } | Unsolved::NoSuchNode { .. }), "{}", unsolved),
        }
    }
}
