//! What a clearing gives people: the design's worked example, with a solver and without.

use super::fixture::*;
use crate::energy::clearing::Certificate;
use crate::energy::clearing::tests::model;
use crate::energy::*;

/// What an honest solver shows.
pub fn certificate(book: &book::Book) -> Certificate {
    let network = book.network();
    model::certify(&network, &model::solve(&network))
}

/// Announces and, in the next block, submits.
pub fn show(world: &mut World, solver: crate::Address, auction: AuctionId, bytes: &[u8]) {
    announce(world, solver, auction, bytes);
    world.act(solver, Action::from(Submit { auction, part: bytes.to_vec() })).expect("handed in");
}

pub fn announce(world: &mut World, solver: crate::Address, auction: AuctionId, bytes: &[u8]) {
    let hash = certificate_hash(auction, solver, bytes);
    let size = u32::try_from(bytes.len()).expect("short");
    world.act(solver, Action::from(Announce { auction, hash, bytes: size })).expect("announced");
}

/// The example's auction in the stage of solving.
pub fn solving() -> (World, AuctionId) {
    let mut world = World::new(6);
    let auction = world.bid(DAY, 96, &example());
    let until = world.auction(auction).until_ms;
    world.wait_until(until);
    assert_eq!(world.auction(auction).stage, Stage::Solving);
    (world, auction)
}

#[test]
fn the_worked_example_clears_through_the_institution_to_the_unit() {
    let (mut world, auction) = solving();
    let bytes = certificate(&world.book(auction)).to_bytes();
    show(&mut world, SOLVER, auction, &bytes);
    assert_eq!(world.auction(auction).accepted, Some(SOLVER));
    world.second();
    let cleared = world.auction(auction);
    assert_eq!((cleared.stage, cleared.welfare_nano), (Stage::Cleared, 2_235_000_000));

    // Prices of S and N in both slots.
    assert_eq!((world.slot(DAY).price_micro, world.slot(DAY + 1).price_micro), (vec![80_000, 0], vec![310_000, 80_000]));
    // Wind used 7,500; the battery charges 3,000 and discharges 2,500; export 1,000 in the first slot; no import.
    let net = |number, slot| world.position(number, slot).0;
    assert_eq!((net(0, DAY), net(1, DAY), net(2, DAY), net(4, DAY)), (7_500, -2_000, -1_500, -3_000));
    assert_eq!(
        (net(0, DAY + 1), net(1, DAY + 1), net(2, DAY + 1), net(3, DAY + 1), net(4, DAY + 1)),
        (1_000, -4_000, -500, 1_000, 2_500)
    );
    assert_eq!((world.slot(DAY).flow_wh, world.slot(DAY + 1).flow_wh), (vec![1_000, 3_000], vec![0, 3_000]));
    // Money: the wind gets nothing in the first slot and 0.08 in the second; the house pays 0.31.
    assert_eq!((world.position(0, DAY + 1).1, world.position(1, DAY + 1).1), (80_000_000, -1_240_000_000));
    assert_eq!(world.slot(DAY).supplier_nano, -80_000_000, "it owes feed-in for what was exported");
}

#[test]
fn without_a_solver_each_slot_clears_by_itself_and_batteries_stand_still() {
    let (mut world, auction) = solving();
    let until = world.auction(auction).until_ms;
    world.wait_until(until);
    let cleared = world.auction(auction);
    assert_eq!((cleared.stage, cleared.accepted), (Stage::Cleared, None));
    // Wind N 4,500 of 9,000 (the heat pump, and 3,000 over the line), so N is at 0; S exports 1,000, so it is at 0.08.
    assert_eq!(world.slot(DAY).price_micro, vec![80_000, 0]);
    assert_eq!((world.position(0, DAY).0, world.position(4, DAY).0, world.position(4, DAY + 1).0), (4_500, 0, 0));
    // In the second slot S imports nothing at 0.32: the house gets the wind (worth 0.30 there, less the fee, and 0.28 to its
    // neighbour) and what the CHP has.
    assert_eq!((world.position(1, DAY + 1).0, world.position(2, DAY + 1).0), (-2_000, 0));
    assert!(cleared.welfare_nano < 2_235_000_000 && cleared.welfare_nano > 0);
}

#[test]
fn a_slot_without_batteries_needs_no_solver_and_is_the_best_there_is() {
    let mut world = World::new(4);
    let bids = [
        orders(&[offer(0, 5_000, 20_000)]),
        orders(&[want(0, 4_000, 300_000)]),
        orders(&[want(0, 1_000, 200_000)]),
        orders(&[offer(0, 1_000, 100_000)]),
    ];
    let slot = DAY + 40;
    let auction = world.bid(slot, 1, &bids);
    let best = certificate(&world.book(auction));
    let best = world.book(auction).certified(&best).expect("the best");
    let until = world.auction(auction).until_ms;
    world.wait_until(until);
    let cleared = world.auction(auction);
    assert_eq!((cleared.stage, cleared.batteries, cleared.welfare_nano), (Stage::Cleared, 0, best.welfare_nano));
    assert_eq!(world.slot(slot).price_micro, best.price_micro[0]);
    for (number, allotment) in (0u8..).zip(&best.allotments) {
        assert_eq!(i64::from(world.position(number, slot).0), allotment.net_wh[0], "{number}");
    }
}

#[test]
fn who_is_just_at_the_price_gets_the_same_share_as_the_others_whatever_the_solver_wants() {
    // Three offers at the same price for a want that takes half of them.
    let mut bids = vec![orders(&[offer(0, 2_000, 100_000)]), orders(&[want(0, 500, 300_000)])];
    bids.push(orders(&[offer(0, 1_000, 100_000)]));
    bids.push(orders(&[want(0, 1_000, 310_000)]));
    bids.push(Bid { orders: Vec::new(), battery: example()[4].battery.map(|battery| Battery { charge_wh: 0, ..battery }) });
    let mut world = World::new(6);
    let auction = world.bid(DAY, 96, &bids);
    let book = world.book(auction);
    let network = book.network();
    let flow = model::solve(&network);
    let mut other = flow.clone();
    // Another optimum: what the first has sold, the third sells.
    let (first, third) = (0, 2);
    let moved = other[first].min(network.arcs[third].capacity_wh - other[third]);
    other[first] -= moved;
    other[third] += moved;
    let a = book.certified(&model::certify(&network, &flow)).expect("best");
    let b = book.certified(&model::certify(&network, &other)).expect("as good");
    assert_eq!(a.allotments, b.allotments);
    assert!(moved > 0 || flow[first] == 0);
}

#[test]
fn a_lowered_cap_lowers_the_price_where_power_is_left_and_the_battery_charges() {
    let bids = vec![orders(&[offer(0, 3_000, 10_000)]), orders(&[want(0, 3_000, 300_000)])];
    let price = |cap: Option<u32>| {
        let mut world = World::new(2);
        if let Some(wh) = cap {
            let action = SetCaps { market: world.market, zone: N, first_slot: DAY + 40, slots: 1, up_wh: wh, down_wh: wh };
            assert_eq!(world.refused(STRANGER, action.clone()), Refusal::NotOperator { caller: STRANGER, operator: OPERATOR });
            world.act(OPERATOR, Action::from(action)).expect("set");
        }
        let auction = world.bid(DAY + 40, 1, &bids);
        let until = world.auction(auction).until_ms;
        world.wait_until(until);
        (world.slot(DAY + 40).price_micro[usize::from(N)], world.position(0, DAY + 40).0)
    };
    // The line is just enough: anything between the wind's 0.01 and what the house would pay less the fee.
    assert!(price(None).0 > 10_000);
    assert_eq!(price(Some(1_000)), (10_000, 1_000));
    assert_eq!(price(Some(0)).1, 0);
}

#[test]
fn a_price_stands_until_something_is_traded_there_again() {
    let mut world = World::new(3);
    let slot = DAY + 40;
    // Too much for the line; the wind has it all at its own price.
    let bids = vec![orders(&[offer(40, 9_000, 10_000)]), orders(&[want(40, 1_000, 300_000)])];
    let day = world.bid(DAY, 96, &bids);
    world.wait_until(world.auction(day).until_ms);
    let before = world.slot(slot);
    assert_eq!(before.price_micro, vec![80_000, 10_000]);
    // More wind than was forecast, which nobody can take any more: between its price and the lowest technical one any would do.
    let again = world.bid(slot, 1, &[orders(&[offer(0, 500, 0)])]);
    let alone = world.book(again).by_slots();
    assert!(alone.price_micro[0][usize::from(N)] < -1_000_000 && !alone.traded[0][usize::from(N)]);
    world.wait_until(world.auction(again).until_ms);
    assert_eq!(world.slot(slot).price_micro, before.price_micro);
    assert_eq!(world.slot(DAY + 41).price_micro, vec![200_000, 200_000], "halfway, where there was never a trade");
}

#[test]
fn what_the_grid_was_sold_it_sells_back_at_the_same_price_and_the_other_way_round() {
    let slot = DAY + 40;
    let supplier = i128::from(MONEY as u64 / 2) * 10_000_000;
    // (what 0 in S sells (+) or buys for the day; what it wants back; the price of that, and what is over the root's line then, in all)
    let cases = [
        (offer(40, 2_000, 10_000), want(0, 500, 100_000), 80_000, 1_500),
        (want(40, 2_000, 400_000), offer(0, 500, 300_000), 320_000, -1_500),
        // More than it had sold comes at retail.
        (offer(40, 2_000, 10_000), want(0, 2_300, 350_000), 320_000, -300),
        (want(40, 2_000, 400_000), offer(0, 2_300, 10_000), 80_000, 300),
    ];
    for (first, back, price, left) in cases {
        let mut world = World::new(2);
        let bids = |order: Order| vec![orders(&[]), orders(&[order])];
        let day = world.bid(DAY, 96, &bids(first));
        world.wait_until(world.auction(day).until_ms);
        let again = world.bid(slot, 1, &bids(back));
        let book = world.book(again);
        let (shown, alone) = (book.certified(&certificate(&book)).expect("the best"), book.by_slots());
        assert_eq!((&shown.price_micro, &shown.allotments), (&alone.price_micro, &alone.allotments));
        world.wait_until(world.auction(again).until_ms);
        let record = world.slot(slot);
        assert_eq!((record.price_micro[usize::from(S)], record.flow_wh[usize::from(S)]), (price, left), "{back:?}");
        // As if there had been one trade of what is left.
        let whole = i128::from(left) * i128::from(if left > 0 { -80_000 } else { -320_000 });
        assert_eq!((record.supplier_nano, world.nano(SUPPLIER)), (whole, supplier), "not settled yet");
    }
}
