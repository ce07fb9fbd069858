//! Readings and what they are paid at.

use super::fixture::*;
use crate::Event as Any;
use crate::energy::*;

/// Two meters in S and one in N with their first readings before slot `DAY`; nobody has traded.
fn read_world() -> World {
    let mut world = World::new(4);
    world.wait_until(slot_start_ms(DAY));
    for number in 0..4 {
        world.read(number, DAY - 1, 100_000, 100_000);
    }
    world
}

fn settle(world: &mut World, slot: Slot) {
    world.wait_until(settles_ms(&TERMS, slot));
    assert_eq!(world.slot(slot).progress, Progress::Settled);
}

#[test]
fn neighbours_even_each_other_out_at_the_slots_price_and_the_rest_goes_to_the_supplier() {
    let mut world = read_world();
    world.now_ms = slot_start_ms(DAY + 1);
    let before: Vec<i128> = (0..4).map(|number| world.nano(neighbour(number))).collect();
    // One and three (in S) have 3,000 too much together, zero (in N) lacks 1,000; two says that nothing flowed.
    world.read(0, DAY, 101_000, 100_000);
    world.read(1, DAY, 100_000, 102_000);
    world.read(2, DAY, 100_000, 100_000);
    world.read(3, DAY, 100_000, 101_000);
    assert_eq!((world.slot(DAY).long_wh, world.slot(DAY).short_wh), (vec![3_000, 0], vec![0, 1_000]));
    settle(&mut world, DAY);
    // Nothing was cleared, so both zones are halfway between feed-in and retail, at 0.20, and are one place.
    let gain = |number: u8| world.nano(neighbour(number)) - before[usize::from(number)];
    assert_eq!(gain(0), -200_000_000);
    // A third of what is long is inside at 0.20, two thirds go out at 0.08: 0.12 each.
    assert_eq!((gain(1), gain(3), gain(2)), (240_000_000, 120_000_000, 0));
    let sold = -160_000_000;
    assert_eq!(world.nano(SUPPLIER), i128::from(MONEY as u64 / 2) * 10_000_000 + sold);
}

#[test]
fn a_meter_that_says_nothing_is_charged_for_all_it_can_draw_and_corrected_when_it_speaks() {
    let mut world = read_world();
    let (before, supplier) = (world.nano(neighbour(1)), world.nano(SUPPLIER));
    world.now_ms = slot_start_ms(DAY + 1);
    world.read(0, DAY, 100_000, 100_000);
    settle(&mut world, DAY);
    let most = 40_000 * 320_000;
    assert_eq!(before - world.nano(neighbour(1)), most);
    // Three of them were silent.
    assert_eq!(world.nano(SUPPLIER) - supplier, 3 * most);
    world.now_ms = slot_start_ms(DAY + 9);
    world.read(1, DAY, 101_500, 100_000);
    let corrected = world.events.iter().any(|event| matches!(event, Any::Energy(Event::Corrected { slot: DAY, .. })));
    assert!(corrected, "{:?}", world.events);
    assert_eq!(before - world.nano(neighbour(1)), 1_500 * 320_000, "what it drew, at retail");
}

#[test]
fn registers_fill_the_slots_that_were_missed_to_the_unit() {
    let mut world = read_world();
    world.now_ms = slot_start_ms(DAY + 4);
    // 10 Wh over four slots, more delivered than drawn: 2, 3, 2, 3.
    world.read(1, DAY + 3, 100_005, 100_015);
    let metered = metered(&mut world.memory.clone(), world.meters[1], DAY / DAY_SLOTS).expect("decodes");
    assert_eq!((&metered.net_wh[..5], metered.read), (&[2, 3, 2, 3, 0][..], 0b1111));
    // Fewer than the slots, and below 0.
    world.now_ms = slot_start_ms(DAY + 8);
    world.read(1, DAY + 7, 100_008, 100_015);
    let metered = super::super::metered(&mut world.memory.clone(), world.meters[1], DAY / DAY_SLOTS).expect("decodes");
    assert_eq!(metered.net_wh[4..8].iter().sum::<i32>(), -3);
}

#[test]
fn a_gap_over_midnight_and_one_longer_than_a_month_are_taken() {
    let mut world = read_world();
    world.now_ms = slot_start_ms(DAY + 100);
    world.read(1, DAY + 99, 100_100, 100_000);
    let of =
        |world: &World, day: u32| metered(&mut world.memory.clone(), world.meters[1], DAY / DAY_SLOTS + day).expect("decodes");
    assert_eq!((of(&world, 0).read.count_ones(), of(&world, 1).read.count_ones()), (96, 4));
    assert!(of(&world, 0).net_wh.iter().all(|wh| *wh == -1));
    let later = DAY + 100 + GAP_SLOTS_MAX + 50;
    world.now_ms = slot_start_ms(later + 1);
    world.read(1, later, 100_100 + u64::from(GAP_SLOTS_MAX) + 51, 100_000);
    let days = (0..=GAP_SLOTS_MAX / DAY_SLOTS + 2).map(|day| of(&world, day).read.count_ones()).sum::<u32>();
    assert_eq!(days, 100 + GAP_SLOTS_MAX, "the oldest fifty and one stay as they were charged");
}

#[test]
fn wrong_readings_are_refused_by_name_and_nothing_of_the_batch_counts() {
    let mut world = read_world();
    world.now_ms = slot_start_ms(DAY + 1) + 1;
    let relay = |readings: Vec<SignedReading>| RelayReadings { readings };
    let good = world.reading(1, DAY, 100_001, 100_000);
    let refused = |reading: SignedReading| {
        // A good one goes before it: it is dropped with the other.
        world.clone().refused(STRANGER, relay(vec![world.reading(0, DAY, 100_000, 100_000), reading]))
    };
    let of = |reading: Reading| SignedReading { reading, ..good };
    let (meter, unknown) = (good.reading.meter, crate::B256::repeat_byte(1));
    assert_eq!(refused(of(Reading { meter: unknown, ..good.reading })), Refusal::UnknownMeter { meter: unknown });
    let last = u64::from(DAY - 1);
    assert_eq!(refused(of(Reading { counter: last, ..good.reading })), Refusal::StaleCounter { last, given: last });
    let turn = |slot| Refusal::SlotOutOfTurn { slot, read_until: DAY, now: DAY + 1 };
    assert_eq!(refused(of(Reading { slot: DAY + 1, ..good.reading })), turn(DAY + 1));
    assert_eq!(refused(of(Reading { slot: DAY - 1, ..good.reading })), turn(DAY - 1));
    let implausible = Refusal::Implausible { meter, max_wh: 40_000 };
    assert_eq!(refused(of(Reading { import_wh: 99_999, ..good.reading })), implausible);
    assert_eq!(refused(of(Reading { export_wh: 140_001, ..good.reading })), implausible);
    assert_eq!(refused(SignedReading { signature: [1; 64], ..good }), Refusal::BadSignature);
    assert_eq!(refused(of(Reading { import_wh: 100_002, ..good.reading })), Refusal::BadSignature);
    let none = world.clone().refused(STRANGER, relay(Vec::new()));
    assert_eq!(none, Refusal::OutOfBounds { field: Field::Readings });
    let many = world.clone().refused(STRANGER, relay(vec![good; 65]));
    assert_eq!(many, Refusal::OutOfBounds { field: Field::Readings });
}

#[test]
fn many_meters_are_settled_over_several_blocks_and_a_reading_waits_for_it() {
    let mut world = read_world();
    world.now_ms = slot_start_ms(DAY + 1);
    for number in 0..3 {
        world.read(number, DAY, 100_000, 100_000);
    }
    // As if the market had 600 meters: the numbers in between are nobody's.
    let mut market = MARKETS.get(&mut world.memory.clone(), &world.market).expect("decodes").expect("there");
    market.meters = 600;
    let mut effects = crate::Effects::default();
    effects.writes.insert(MARKETS.key(&world.market), Some(borsh::to_vec(&market).expect("encodes").into()));
    world.memory.commit(&effects);
    world.now_ms = settles_ms(&TERMS, DAY);
    world.block();
    assert_eq!((world.slot(DAY).progress, world.slot(DAY).cursor), (Progress::Settling, SETTLE_METERS_MAX));
    // The fourth was passed over and charged; it can be corrected at once. One that was not passed yet would have to wait.
    let mut waits = world.clone();
    let mut book = waits.slot(DAY);
    book.cursor = 0;
    let key = METERED.key(&(waits.meters[3], DAY / DAY_SLOTS));
    waits.memory.0.remove(&key);
    waits.memory.0.insert(SLOTS.key(&(waits.market, DAY)), borsh::to_vec(&book).expect("encodes").into());
    let readings = vec![waits.reading(3, DAY, 100_000, 100_000)];
    assert_eq!(waits.refused(STRANGER, RelayReadings { readings }), Refusal::BeingSettled { slot: DAY });
    for _ in 0..2 {
        world.second();
    }
    assert_eq!((world.slot(DAY).progress, world.slot(DAY).cursor), (Progress::Settled, 600));
    assert_eq!(world.refused(STRANGER, RunSlot { market: world.market, slot: DAY }), Refusal::AlreadyDone);
}

#[test]
fn a_purse_below_nothing_bids_no_more_until_it_is_filled() {
    let mut world = World::new(2);
    let all = MONEY / 2;
    world.act(neighbour(1), Action::from(Withdraw { market: world.market, amount: all - 1_000 })).expect("free");
    world.wait_until(slot_start_ms(DAY));
    world.read(1, DAY - 1, 0, 0);
    world.now_ms = slot_start_ms(DAY + 1);
    world.read(1, DAY, 40_000, 0);
    settle(&mut world, DAY);
    let have_nano = world.nano(neighbour(1));
    assert_eq!(have_nano, 1_000 * 10_000_000 - 40_000 * 320_000);
    assert!(have_nano < 0);
    let sealed = world.sealed(1, DAY + 96, 1, &orders(&[]));
    let want_nano = u128::from(TERMS.deposit_nano);
    assert_eq!(world.refused(neighbour(1), sealed.clone()), Refusal::PurseInsufficient { have_nano, want_nano });
    world.act(neighbour(1), Action::from(Deposit { market: world.market, amount: 1_000 })).expect("filled");
    world.act(neighbour(1), Action::from(sealed)).expect("again");
}

#[test]
fn behind_a_full_line_nobody_gains_by_delivering_what_was_not_traded() {
    let mut world = World::new(4);
    let wind = orders(&[offer(0, 9_000, 10_000)]);
    // N's line is full with 3,000 of the wind's 9,000 Wh, so N is at the wind's price of 0.01 and S at feed-in.
    let auction = world.bid(DAY, 1, std::slice::from_ref(&wind));
    world.wait_until(world.auction(auction).until_ms);
    let (n, s) = (usize::from(N), usize::from(S));
    assert_eq!((world.slot(DAY).price_micro[n], world.slot(DAY).price_micro[s]), (10_000, 80_000));
    world.wait_until(slot_start_ms(DAY));
    for number in 0..4 {
        world.read(number, DAY - 1, 100_000, 100_000);
    }
    world.now_ms = slot_start_ms(DAY + 1);
    let before: Vec<i128> = (0..4).map(|number| world.nano(neighbour(number))).collect();
    // The wind delivers 2,000 more than it sold, one (in S) 1,000 that it never sold.
    world.read(0, DAY, 100_000, 105_000);
    world.read(1, DAY, 100_000, 101_000);
    for number in 2..4 {
        world.read(number, DAY, 100_000, 100_000);
    }
    settle(&mut world, DAY);
    let gain = |number: u8| world.nano(neighbour(number)) - before[usize::from(number)];
    assert_eq!(gain(0), 3_000 * 10_000 + 2_000 * 10_000, "not at feed-in, which is eight times as much");
    assert_eq!(gain(1), 1_000 * 80_000);

    // What is missing costs no less than the slot's price, and what came late is paid alike.
    let rates = |price_micro| Rates { long_wh: 100, short_wh: 300, ..Rates::alone(&TERMS, price_micro) };
    assert_eq!(rates(500_000).nano(-300), -300 * 500_000);
    assert_eq!(rates(200_000).nano(-300), -(100 * 200_000 + 200 * 320_000));
    assert_eq!((Rates::alone(&TERMS, 10_000).nano(7), Rates::alone(&TERMS, 500_000).nano(-7)), (70_000, -3_500_000));
    // Whatever price somebody makes: no further beyond the supplier's 80,000 and 320,000 than these are apart.
    assert_eq!(
        (Rates::alone(&TERMS, -90_000_000).nano(7), Rates::alone(&TERMS, 90_000_000).nano(-7)),
        (-7 * 160_000, -7 * 560_000)
    );
    assert_eq!((rates(-90_000_000).nano(100), rates(90_000_000).nano(-300)), (-100 * 160_000, -300 * 560_000));
    assert_eq!((Rates::alone(&TERMS, 200_000).nano(7), Rates::alone(&TERMS, 200_000).nano(-7)), (560_000, -2_240_000));
}
