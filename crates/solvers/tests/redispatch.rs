//! The operator's paired order: one arc more, for the solver as for the chain.

use dure_rules::energy::book::Book;
use dure_rules::energy::{Bid, OpenBid, Order, Redispatch, Terms, Zone};
use dure_rules::{Address, B256};
use dure_solvers::{certify, solve};
use proptest::prelude::*;

const TERMS: Terms = Terms {
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
    arbiter: Address::ZERO,
    fallback: Address::ZERO,
};

/// South and north of docs/energy.md: what is free on the line, in which zone who wants what, and what the operator asks of it.
fn book(line_wh: (u32, u32), orders: &[(u8, Order)], wh: u32, limit_micro: i64) -> Book {
    let zone = |name: &str, wh, fee_micro| Zone { name: name.into(), parent: 0, up_wh: wh, down_wh: wh, fee_micro };
    let open = |(number, (zone, order)): (u32, &(u8, Order))| OpenBid {
        auction: B256::ZERO,
        number,
        meter: B256::ZERO,
        account: Address::ZERO,
        zone: *zone,
        bid: Bid { orders: vec![*order], battery: None },
    };
    Book {
        terms: TERMS,
        zones: vec![zone("South", 100_000, 0), zone("North", 3_000, 10_000)],
        free_wh: vec![vec![(100_000, 100_000), line_wh]],
        root_wh: vec![0],
        redispatch: Some(Redispatch { auction: B256::ZERO, deficit: 0, surplus: 1, wh, limit_micro }),
        bids: (0..).zip(orders).map(open).collect(),
    }
}

fn order(zone: u8, buys: bool, wh: u32, limit_micro: i64) -> (u8, Order) {
    (zone, Order { slot: 0, buys, wh, limit_micro })
}

#[test]
fn the_worked_example_comes_out_as_without_a_solver() {
    let orders = [order(1, true, 3_000, 10_000), order(1, true, 600, 100_000), order(0, false, 2_000, 150_000)];
    for (limit, shifted, pays) in
        [(250_000, 1_000, 140_000_000), (120_000, 600, 72_000_000), (60_000, 600, 36_000_000), (40_000, 0, 0)]
    {
        let book = book((0, 5_000), &orders, 1_000, limit);
        let network = book.network();
        let certificate = certify(&network, &solve(&network).expect("solved")).expect("certified");
        let shown = book.certified(&certificate).expect("the best");
        assert_eq!(shown, book.by_slots());
        assert_eq!((shown.shifted_wh, shown.operator_nano), (shifted, -pays));
    }
}

proptest! {
    #[test]
    fn prices_and_worth_are_those_without_a_solver(
        line_wh in (0u32..4_000, 0u32..4_000), wh in 1u32..4_000, limit in 1i64..400_000,
        orders in prop::collection::vec((0u8..2, any::<bool>(), 1u32..5_000, -50_000i64..400_000), 0..30),
    ) {
        let orders: Vec<_> = orders.into_iter().map(|(zone, buys, wh, limit)| order(zone, buys, wh, limit)).collect();
        let book = book(line_wh, &orders, wh, limit);
        let network = book.network();
        let certificate = certify(&network, &solve(&network).expect("solved")).expect("certified");
        let (shown, alone) = (book.certified(&certificate).expect("the best"), book.by_slots());
        prop_assert_eq!((&shown.price_micro, shown.welfare_nano), (&alone.price_micro, alone.welfare_nano));
        prop_assert!(-shown.operator_nano <= i128::from(limit) * i128::from(shown.shifted_wh));
    }
}
