//! Paired redispatch: the operator pays for less flowing over a line, and never more than it said.

use super::clearing::certificate;
use super::fixture::*;
use crate::energy::clearing::tests::model;
use crate::energy::*;
use crate::{B256, Event as Any};
use proptest::prelude::*;

/// The slot that is redispatched in the example.
const NOON: Slot = DAY + 48;

fn ordered(world: &World, wh: u32, limit_micro: i64) -> OrderRedispatch {
    OrderRedispatch { market: world.market, slot: NOON, deficit: S, surplus: N, wh, limit_micro }
}

/// The day is cleared: the wind (0, in N) sells 3,000 Wh to the house (1, in S), and the line is full. The operator has money.
fn sold() -> World {
    let mut world = World::new(4);
    let (market, amount) = (world.market, MONEY / 2);
    world.act(OPERATOR, Action::from(Deposit { market, amount })).expect("deposited");
    let day = [orders(&[offer(48, 9_000, 5_000)]), orders(&[want(48, 3_000, 300_000)])];
    let auction = world.bid(DAY, 96, &day);
    world.wait_until(world.auction(auction).until_ms);
    assert_eq!((world.slot(NOON).flow_wh, world.position(0, NOON).0), (vec![0, 3_000], 3_000));
    world
}

/// The wind would buy back at 0.01, the battery (2, in N) takes 600 at 0.10, the CHP (3, in S) has 2,000 at 0.15.
fn bids() -> [Bid; 4] {
    [orders(&[want(0, 3_000, 10_000)]), orders(&[]), orders(&[want(0, 600, 100_000)]), orders(&[offer(0, 2_000, 150_000)])]
}

/// Orders 1,000 Wh at most so dear; everybody bids; it is cleared.
fn redispatched(limit_micro: i64) -> (World, AuctionId) {
    let mut world = sold();
    let action = ordered(&world, 1_000, limit_micro);
    world.act(OPERATOR, Action::from(action)).expect("ordered");
    let auction = world.bid(NOON, 1, &bids());
    let book = world.book(auction);
    assert_eq!(book.free_wh, vec![vec![(100_000, 100_000), (0, 5_000)]], "the way back is kept for it");
    let (shown, alone) = (book.certified(&certificate(&book)).expect("the best"), book.by_slots());
    assert_eq!((shown.allotments, shown.price_micro), (alone.allotments, alone.price_micro));
    world.wait_until(world.auction(auction).until_ms);
    (world, auction)
}

#[test]
fn the_worked_example_shifts_what_costs_no_more_than_the_operator_said() {
    // (at most, shifted, price in S, in N, the operator pays)
    let cases = [
        (250_000, 1_000, 150_000, 10_000, 140_000_000u64),
        (120_000, 600, 150_000, 30_000, 72_000_000),
        (60_000, 600, 150_000, 90_000, 36_000_000),
        // Nothing is traded, so the day's prices stand.
        (40_000, 0, 190_000, 5_000, 0),
    ];
    for (limit, shifted, south, north, pays) in cases {
        let (mut world, _) = redispatched(limit);
        let book = world.slot(NOON);
        assert_eq!((book.shifted_wh, &book.price_micro[..]), (shifted, &[south, north][..]), "{limit}");
        assert_eq!((book.operator_nano, book.shift_limit_micro), (-i128::from(pays), limit));
        // So much less flows over the line than was cleared for the day.
        assert_eq!(book.flow_wh, vec![0, 3_000 - i64::from(shifted)]);
        let moved = i32::try_from(shifted).expect("little");
        assert_eq!((world.position(3, NOON).0, world.position(2, NOON).0), (moved, -moved.min(600)));
        assert_eq!(world.position(0, NOON).0, 3_000 - (moved - 600).max(0));
        let purse = purse(&mut world.memory, world.market, OPERATOR).expect("decodes");
        assert_eq!((purse.held_nano, purse.nano), (pays.into(), i128::from(MONEY as u64 / 2) * 10_000_000));
        // And pays when the slot is settled, to those who moved: the pot gets nothing of it.
        let all = |world: &World| [0, 1, 2, 3].map(|number| world.nano(neighbour(number))).iter().sum::<i128>();
        world.wait_until(settles_ms(&TERMS, NOON));
        let paid = purse.nano - world.nano(OPERATOR);
        assert_eq!((paid, world.slot(NOON).progress), (i128::from(pays), Progress::Settled));
        let before = i128::from(MONEY as u64 / 2) * 10_000_000;
        let fee = 3_000 * 10_000;
        // For the day the line's fee is the pot's; nobody was read, so nobody's deviation is paid for.
        assert_eq!(all(&world) + world.nano(SUPPLIER) + world.nano(MODULE), 5 * before + i128::from(pays));
        assert!(world.nano(MODULE) >= fee, "{}", world.nano(MODULE));
    }
}

#[test]
fn where_the_line_has_room_the_room_is_taken_first_at_its_fee() {
    let mut world = World::new(2);
    let (market, amount) = (world.market, MONEY / 2);
    world.act(OPERATOR, Action::from(Deposit { market, amount })).expect("deposited");
    let action = ordered(&world, 1_000, 250_000);
    world.act(OPERATOR, Action::from(action)).expect("ordered");
    let auction = world.bid(NOON, 1, &[orders(&[offer(0, 2_500, 20_000)]), orders(&[want(0, 9_000, 200_000)])]);
    world.wait_until(world.auction(auction).until_ms);
    let book = world.slot(NOON);
    // 3,000 fit over the line, less what the operator has: 2,000. It has that at the price of the line's last place.
    assert_eq!((book.shifted_wh, book.flow_wh, world.position(0, NOON).0), (1_000, vec![0, 2_000], 2_000));
    assert_eq!(book.price_micro, vec![200_000, 20_000]);
    assert_eq!(book.operator_nano, -180_000_000);
}

#[test]
fn where_the_price_turns_the_other_way_the_operator_pays_nothing_and_gets_nothing() {
    let mut world = World::new(2);
    let (market, amount) = (world.market, MONEY / 2);
    world.act(OPERATOR, Action::from(Deposit { market, amount })).expect("deposited");
    // It buys where it is cheap and sells where it is dear, on the way that the line goes anyway.
    let action = OrderRedispatch { deficit: N, surplus: S, ..ordered(&world, 1_000, 1) };
    world.act(OPERATOR, Action::from(action)).expect("ordered");
    let auction = world.bid(NOON, 1, &[orders(&[offer(0, 9_000, 20_000)]), orders(&[want(0, 9_000, 200_000)])]);
    world.wait_until(world.auction(auction).until_ms);
    let book = world.slot(NOON);
    assert_eq!(
        (book.flow_wh, &book.price_micro[..]),
        (vec![0, 3_000], &[200_000, 20_000][..]),
        "the line carries what it can, not more"
    );
    assert_eq!((book.shifted_wh, book.operator_nano), (1_000, 0));
    world.wait_until(settles_ms(&TERMS, NOON));
    assert_eq!(world.nano(OPERATOR), i128::from(MONEY as u64 / 2) * 10_000_000);
    assert_eq!(world.nano(MODULE), 3_000 * 180_000, "the difference is the pot's, as on every line");
}

#[test]
fn what_the_table_allows_happens_and_nothing_else_does() {
    let head = include_str!("../mod.rs");
    let rows = head.lines().filter(|line| line.contains("| OrderRedispatch | market's operator | Open |")).count();
    assert_eq!(rows, 2, "rows");
    let mut allowed = 0;
    for stage in ["none", "Open", "Revealing", "Cleared"] {
        let mut world = sold();
        let auction = auction_id(world.market, NOON, 1);
        if stage != "none" {
            world.commit(0, NOON, 1, &bids()[0]);
        }
        let gate = open_ms(&TERMS, NOON, 1).expect("an auction").1;
        if stage == "Revealing" || stage == "Cleared" {
            world.wait_until(gate);
        }
        if stage == "Cleared" {
            world.wait_until(world.auction(auction).until_ms);
        }
        for caller in [OPERATOR, SUPPLIER, SOLVER, neighbour(0), STRANGER] {
            let mut world = world.clone();
            let before = world.memory.clone();
            let action = ordered(&world, 1_000, 250_000);
            let ended = world.act(caller, Action::from(action));
            let row = format!("//! | {stage} | OrderRedispatch | market's operator | Open |\n");
            assert_eq!(ended.is_ok(), caller == OPERATOR && head.contains(&row), "{stage} {caller}: {ended:?}");
            if ended.is_ok() {
                allowed += 1;
                assert_eq!(world.auction(auction).stage, Stage::Open);
            } else {
                assert_eq!(world.memory, before, "{stage} {caller} left something");
            }
        }
    }
    assert_eq!(allowed, rows, "every row was walked");
}

#[test]
fn a_later_order_takes_the_place_of_the_earlier_and_one_of_nothing_takes_it_back() {
    let mut world = sold();
    let held = |world: &World| purse(&mut world.memory.clone(), world.market, OPERATOR).expect("decodes").held_nano;
    for (wh, limit) in [(1_000, 250_000), (10, 3), (2_000, 100_000)] {
        let action = ordered(&world, wh, limit);
        world.act(OPERATOR, Action::from(action)).expect("ordered");
        assert_eq!(held(&world), u128::from(wh) * u128::from(limit.unsigned_abs()));
    }
    let none = ordered(&world, 0, 1);
    world.act(OPERATOR, Action::from(none.clone())).expect("taken back");
    assert_eq!(held(&world), 0);
    assert_eq!(world.refused(OPERATOR, none), Refusal::OutOfBounds { field: Field::Wh });
    let auction = world.bid(NOON, 1, &bids());
    assert_eq!(world.book(auction).redispatch, None);
    world.wait_until(world.auction(auction).until_ms);
    assert_eq!(world.slot(NOON).shifted_wh, 0);
}

#[test]
fn every_way_to_order_wrongly_has_a_name_and_changes_nothing() {
    let mut world = sold();
    let good = ordered(&world, 1_000, 250_000);
    let unknown = B256::repeat_byte(9);
    assert_eq!(
        world.refused(OPERATOR, OrderRedispatch { market: unknown, ..good.clone() }),
        Refusal::UnknownMarket { market: unknown }
    );
    assert_eq!(world.refused(STRANGER, good.clone()), Refusal::NotOperator { caller: STRANGER, operator: OPERATOR });
    let cases = [
        (OrderRedispatch { deficit: 2, ..good.clone() }, Field::Zone),
        (OrderRedispatch { surplus: 2, ..good.clone() }, Field::Zone),
        (OrderRedispatch { surplus: S, ..good.clone() }, Field::Zone),
        (OrderRedispatch { wh: SLOT_WH_MAX + 1, ..good.clone() }, Field::Wh),
        (OrderRedispatch { wh: 0, ..good.clone() }, Field::Wh),
        (OrderRedispatch { limit_micro: 0, ..good.clone() }, Field::Price),
        (OrderRedispatch { limit_micro: TERMS.technical_micro, ..good.clone() }, Field::Price),
    ];
    for (action, field) in cases {
        assert_eq!(world.refused(OPERATOR, action), Refusal::OutOfBounds { field });
    }
    let dear = OrderRedispatch { wh: SLOT_WH_MAX, limit_micro: TERMS.technical_micro - 1, ..good.clone() };
    let (market, have_nano) = (world.market, 10_000_000);
    world.act(OPERATOR, Action::from(Withdraw { market, amount: MONEY / 2 - 1 })).expect("free");
    assert_eq!(world.refused(OPERATOR, dear), Refusal::PurseInsufficient { have_nano, want_nano: 1_000_000 * 3_999_999 });
    let (from_ms, until_ms) = open_ms(&TERMS, NOON, 1).expect("an auction");
    for now_ms in [from_ms - 1, until_ms] {
        let mut world = world.clone();
        world.now_ms = now_ms;
        assert_eq!(world.refused(OPERATOR, good.clone()), Refusal::NotOpen { from_ms, until_ms });
    }
}

#[test]
fn a_chain_that_stood_still_gives_the_operator_its_money_back() {
    let mut world = sold();
    let action = ordered(&world, 1_000, 250_000);
    world.act(OPERATOR, Action::from(action)).expect("ordered");
    world.now_ms = slot_start_ms(NOON);
    world.block();
    let auction = auction_id(world.market, NOON, 1);
    while world.auction(auction).stage == Stage::Open {
        world.block(); // what was due meanwhile comes first, a block's share at a time
    }
    world.wait_until(world.auction(auction).half_ms);
    world.now_ms = world.auction(auction).until_ms;
    world.block();
    assert_eq!(world.auction(auction).stage, Stage::Cleared);
    let told = |event: &Any| matches!(event, Any::Energy(Event::Redispatched { wh: 0, nano: 0, .. }));
    assert!(world.events.iter().any(told), "{:?}", world.events);
    assert_eq!(purse(&mut world.memory, world.market, OPERATOR).expect("decodes").held_nano, 0);
}

/// Books of one slot: three zones in a chain or a star, few different prices, a redispatch between any two, and what auctions before had put over the root's line.
fn books() -> impl Strategy<Value = book::Book> {
    let order = (0u8..3, any::<bool>(), 1u32..9, -3i64..9);
    let order = order.prop_map(|(zone, buys, wh, limit_micro)| (zone, Order { slot: 0, buys, wh, limit_micro }));
    let line = (0u32..9, 0u32..9, 0u32..3);
    let redispatch = (0u8..3, 1u8..3, 1u32..9, 1i64..10);
    (prop::collection::vec(order, 0..12), prop::collection::vec(line, 3), 0u8..2, redispatch, -6i64..7).prop_map(
        |(orders, lines, parent, order, root_wh)| {
            let (deficit, step, wh, limit_micro) = order;
            let zone = |(number, (up_wh, down_wh, fee_micro)): (u8, (u32, u32, u32))| Zone {
                name: format!("{number}"),
                parent: if number == 2 { parent } else { 0 },
                up_wh,
                down_wh,
                fee_micro: if number == 0 { 0 } else { fee_micro },
            };
            let zones: Vec<Zone> = (0..).zip(lines).map(zone).collect();
            let mut free: Vec<(u32, u32)> = zones.iter().map(|zone| (zone.up_wh, zone.down_wh)).collect();
            let beside = |wh: u32, used: i64| u32::try_from((i64::from(wh) - used).max(0)).expect("little");
            free[0] = (beside(free[0].0, root_wh), beside(free[0].1, -root_wh));
            let mut order = Redispatch { auction: B256::ZERO, deficit, surplus: (deficit + step) % 3, wh, limit_micro };
            super::super::redispatch::reserve(&zones, &mut order, &mut free);
            let open = |(number, (zone, order)): (u32, (u8, Order))| OpenBid {
                auction: B256::ZERO,
                number,
                meter: B256::ZERO,
                account: STRANGER,
                zone,
                bid: Bid { orders: vec![order], battery: None },
            };
            let bids = (0..).zip(orders).map(open).collect();
            let terms = Terms { retail_micro: 7, feed_in_micro: 2, technical_micro: 10, ..TERMS };
            book::Book { terms, zones, free_wh: vec![free], root_wh: vec![root_wh], redispatch: Some(order), bids }
        },
    )
}

proptest! {
    #[test]
    fn with_a_solver_and_without_it_is_the_best_and_nobody_pays_more_than_they_said(book in books()) {
        let network = book.network();
        let shown = book.certified(&model::certify(&network, &model::solve(&network))).expect("the best");
        let alone = book.by_slots();
        prop_assert_eq!(&shown.price_micro, &alone.price_micro);
        prop_assert_eq!(shown.welfare_nano, alone.welfare_nano);
        let node_prices: Vec<i64> = std::iter::once(0).chain(shown.price_micro[0].iter().copied()).collect();
        prop_assert_eq!(network.bound_nano(&node_prices), shown.welfare_nano, "P = D");
        let order = book.redispatch.expect("one");
        for outcome in [&shown, &alone] {
            prop_assert!(outcome.shifted_wh <= order.wh && outcome.operator_nano <= 0);
            prop_assert!(-outcome.operator_nano <= i128::from(order.limit_micro) * i128::from(outcome.shifted_wh));
            for (number, (flow, zone)) in outcome.flow_wh[0].iter().zip(&book.zones).enumerate() {
                let (up_wh, down_wh) = if number == 0 { book.free_wh[0][0] } else { (zone.up_wh, zone.down_wh) };
                prop_assert!(-i64::from(down_wh) <= *flow && *flow <= i64::from(up_wh), "no line carries more than it can");
            }
            let sold: i64 = outcome.allotments.iter().map(|allotment| allotment.net_wh[0]).sum();
            prop_assert_eq!(sold, outcome.flow_wh[0][0], "what is sold and not bought flows out at the root");
            let paid: i128 = outcome.allotments.iter().map(|allotment| allotment.nano[0]).sum();
            prop_assert!(paid + outcome.supplier_nano[0] + outcome.operator_nano <= 0, "the pot pays for nobody");
            for (open, allotment) in book.bids.iter().zip(&outcome.allotments) {
                let Order { buys, limit_micro, .. } = open.bid.orders[0];
                let (wh, nano) = (i128::from(allotment.net_wh[0]), allotment.nano[0]);
                prop_assert!(nano >= wh * i128::from(limit_micro), "{buys} at a loss");
            }
        }
    }
}
