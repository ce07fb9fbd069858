//! Sealed bids: nobody sees them before the gate, and whoever seals pays for not opening.

use super::fixture::*;
use crate::B256;
use crate::energy::*;

#[test]
fn a_bid_that_is_not_opened_loses_its_deposit_and_no_more() {
    let mut world = World::new(2);
    let before = world.nano(neighbour(0));
    let auction = world.commit(0, DAY, 1, &orders(&[offer(0, 1_000, 1)]));
    assert_eq!(world.nano(neighbour(0)), before, "only set aside");
    world.wait_until(open_ms(&TERMS, DAY, 1).expect("an auction").1);
    world.wait_until(world.auction(auction).until_ms);
    assert_eq!(world.auction(auction).stage, Stage::Cleared);
    assert_eq!(world.nano(neighbour(0)), before - i128::from(TERMS.deposit_nano));
    assert_eq!(world.nano(MODULE), i128::from(TERMS.deposit_nano), "it is the pot's");
}

#[test]
fn a_chain_that_stood_still_leaves_half_of_the_time_to_open_and_takes_no_deposit_for_nothing() {
    let bid = orders(&[offer(0, 1_000, 1)]);
    let gate = open_ms(&TERMS, DAY, 1).expect("an auction").1;
    let sealed = || {
        let mut world = World::new(2);
        let auction = world.commit(0, DAY, 1, &bid);
        world.wait_until(gate);
        (world, auction)
    };
    let (free, half_ms) = (sealed().0.nano(neighbour(0)), TERMS.reveal_ms / 2);

    // From just after the gate until long after the time to open was over: the second half begins then.
    let (mut world, auction) = sealed();
    assert_eq!((world.auction(auction).half_ms, world.auction(auction).until_ms), (gate + half_ms, gate + TERMS.reveal_ms));
    let back_ms = gate + TERMS.reveal_ms + 60_000;
    world.now_ms = back_ms;
    world.block();
    assert_eq!((world.auction(auction).half_ms, world.auction(auction).until_ms), (0, back_ms + half_ms));
    let mut silent = world.clone();
    world.reveal(0, auction, &bid);
    world.wait_until(back_ms + half_ms);
    assert_eq!((world.auction(auction).stage, world.nano(neighbour(0))), (Stage::Cleared, free));
    silent.wait_until(back_ms + half_ms);
    assert_eq!(silent.nano(neighbour(0)), free - i128::from(TERMS.deposit_nano), "half of the time is enough");

    // In the second half: the first was there.
    let (mut world, auction) = sealed();
    world.wait_until(gate + half_ms);
    world.now_ms += 2 * TERMS.reveal_ms;
    world.block();
    assert_eq!((world.auction(auction).stage, world.nano(neighbour(0))), (Stage::Cleared, free - i128::from(TERMS.deposit_nano)));

    // Until the slot began: nothing is traded, and nobody loses anything.
    let (mut world, auction) = sealed();
    world.now_ms = slot_start_ms(DAY) + 1_000;
    world.block();
    world.now_ms = world.auction(auction).until_ms;
    world.block();
    assert_eq!((world.auction(auction).stage, world.nano(neighbour(0))), (Stage::Cleared, free));
    let told = crate::Event::from(Event::NotRevealed { auction, meter: world.meters[0] });
    assert!(world.events.contains(&told), "whoever counts bids has to know: {:?}", world.events);
}

#[test]
fn a_later_seal_takes_the_place_of_the_earlier_one_and_no_more_is_set_aside() {
    let mut world = World::new(2);
    let (dear, cheap) = (orders(&[want(0, 10_000, 300_000)]), orders(&[want(0, 10, 300_000)]));
    let auction = world.commit(0, DAY, 1, &dear);
    world.commit(0, DAY, 1, &cheap);
    world.wait_until(open_ms(&TERMS, DAY, 1).expect("an auction").1);
    let earlier = world.opened(0, auction, &dear);
    assert_eq!(world.refused(STRANGER, earlier), Refusal::SealDiffers);
    world.reveal(0, auction, &cheap);
    let again = world.opened(0, auction, &cheap);
    assert_eq!(world.refused(STRANGER, again), Refusal::AlreadyDone);
    assert_eq!(world.auction(auction).commitments, 1);
}

#[test]
fn every_way_to_seal_or_open_wrongly_has_a_name_and_changes_nothing() {
    let mut world = World::new(3);
    let bid = orders(&[want(0, 1_000, 300_000)]);
    let good = world.sealed(0, DAY, 1, &bid);
    let owner = neighbour(0);
    let unknown = B256::repeat_byte(9);
    assert_eq!(world.refused(owner, Commit { market: unknown, ..good.clone() }), Refusal::UnknownMarket { market: unknown });
    assert_eq!(world.refused(owner, Commit { meter: unknown, ..good.clone() }), Refusal::UnknownMeter { meter: unknown });
    assert_eq!(world.refused(STRANGER, good.clone()), Refusal::NotOwner { caller: STRANGER, owner });
    assert_eq!(world.refused(owner, Commit { slots: 2, ..good.clone() }), Refusal::OutOfBounds { field: Field::Slots });
    let not_a_day = Commit { slots: 96, first_slot: DAY + 1, ..good.clone() };
    assert_eq!(world.refused(owner, not_a_day), Refusal::OutOfBounds { field: Field::Slots });
    let deposit = u128::from(TERMS.deposit_nano);
    let small = Commit { held_nano: deposit - 1, ..good.clone() };
    assert_eq!(world.refused(owner, small), Refusal::HoldTooSmall { have_nano: deposit - 1, want_nano: deposit });
    let have_nano = world.nano(owner);
    let want_nano = have_nano.unsigned_abs() + 1;
    assert_eq!(
        world.refused(owner, Commit { held_nano: want_nano, ..good.clone() }),
        Refusal::PurseInsufficient { have_nano, want_nano }
    );
    let meter = world.meters[0];
    world.act(OPERATOR, Action::from(AttestMeter { meter, attested: false })).expect("set");
    assert_eq!(world.refused(owner, good.clone()), Refusal::NotAttested { meter });
    world.act(OPERATOR, Action::from(AttestMeter { meter, attested: true })).expect("set");
    let (from_ms, until_ms) = open_ms(&TERMS, DAY, 1).expect("an auction");
    for now_ms in [from_ms - 1, until_ms] {
        let mut world = world.clone();
        world.now_ms = now_ms;
        assert_eq!(world.refused(owner, good.clone()), Refusal::NotOpen { from_ms, until_ms });
    }

    // What may be sealed and not opened: the seal hides it, so it is looked at only now.
    let technical = TERMS.technical_micro;
    let battery = example()[4].battery;
    let cases = [
        (orders(&[want(0, 0, 1)]), Field::Wh),
        (orders(&[want(0, 80_001, 1)]), Field::Wh),
        (orders(&[want(0, 40_001, 1), want(0, 40_000, 2)]), Field::Wh),
        (orders(&[want(1, 1, 1)]), Field::Slots),
        (orders(&[want(0, 1, technical)]), Field::Price),
        (orders(&[want(0, 1, -technical)]), Field::Price),
        (Bid { orders: vec![want(0, 1, 1); 385], battery: None }, Field::Orders),
        (Bid { orders: vec![], battery }, Field::Battery),
    ];
    for (bid, field) in cases {
        let mut world = world.clone();
        let auction = world.commit(1, DAY, 1, &bid);
        world.wait_until(until_ms);
        let opened = world.opened(1, auction, &bid);
        assert_eq!(world.refused(STRANGER, opened), Refusal::OutOfBounds { field }, "{field:?}");
    }
    let mut cheap = world.sealed(0, DAY, 1, &bid);
    cheap.held_nano -= 1;
    let want_nano = cheap.held_nano + 1;
    world.act(owner, Action::from(cheap)).expect("sealed");
    let auction = auction_id(world.market, DAY, 1);
    world.wait_until(until_ms);
    let opened = world.opened(0, auction, &bid);
    assert_eq!(world.refused(owner, opened.clone()), Refusal::HoldTooSmall { have_nano: want_nano - 1, want_nano });
    let (meter, other) = (world.meters[1], world.meters[2]);
    assert_eq!(
        world.refused(owner, Reveal { meter: other, ..opened.clone() }),
        Refusal::UnknownCommitment { auction, meter: other }
    );
    assert_eq!(world.refused(owner, Reveal { meter, ..opened.clone() }), Refusal::UnknownCommitment { auction, meter });
    assert_eq!(world.refused(owner, Reveal { salt: unknown, ..opened }), Refusal::SealDiffers);
}

#[test]
fn a_battery_that_cannot_be_run_is_refused() {
    let good = example()[4].battery.expect("one");
    let wrong = [
        Battery { initial_wh: good.capacity_wh + 1, ..good },
        Battery { wear_micro: 0, ..good },
        Battery { final_micro: TERMS.technical_micro, ..good },
        Battery { charge_wh: 40_001, ..good },
        Battery { discharge_wh: 40_001, ..good },
        Battery { capacity_wh: BATTERY_WH_MAX + 1, ..good },
    ];
    for battery in wrong {
        let mut world = World::new(1);
        let bid = Bid { orders: Vec::new(), battery: Some(battery) };
        let mut sealed = world.sealed(0, DAY, 96, &bid);
        sealed.held_nano = u128::from(TERMS.deposit_nano);
        world.act(neighbour(0), Action::from(sealed)).expect("sealed");
        world.wait_until(open_ms(&TERMS, DAY, 96).expect("an auction").1);
        let opened = world.opened(0, auction_id(world.market, DAY, 96), &bid);
        assert_eq!(world.refused(STRANGER, opened), Refusal::OutOfBounds { field: Field::Battery }, "{battery:?}");
    }
}
