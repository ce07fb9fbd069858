//! What the pot has above its reserve, shared by the capacity of connections.

use super::fixture::*;
use crate::energy::*;
use crate::keys::DeviceKey;
use crate::orders::tests::fixture::signed;
use crate::{Event as Any, audit};
use proptest::prelude::*;

const TODAY: u32 = DAY / DAY_SLOTS;

fn sharing(world: &World) -> Sharing {
    SHARINGS.get(&mut world.memory.clone(), &(world.market, TODAY)).expect("decodes").expect("there")
}

fn pot(world: &World) -> (i128, u128) {
    let pot = purse(&mut world.memory.clone(), world.market, MODULE).expect("decodes");
    (pot.nano, pot.held_nano)
}

/// One meter more, of such a connection.
fn connect(world: &mut World, number: u8, import_max_wh: u32, export_max_wh: u32) {
    let market = world.market;
    let key = DeviceKey::P256([number + 1; 64]);
    let possession = signed(&possession_prehash(1, neighbour(number), market, &key));
    let action = RegisterMeter { market, zone: S, key, import_max_wh, export_max_wh, possession };
    world.act(neighbour(number), Action::from(action)).expect("registered");
    world.act(OPERATOR, Action::from(AttestMeter { meter: meter_id(&key), attested: true })).expect("attested");
    world.meters.push(meter_id(&key));
}

/// The pot has `nano`, and something happens on the day.
fn filled(mut world: World, nano: u64) -> World {
    // As if it had been forfeited: the supplier's purse has so much less.
    for (account, nano) in [(SUPPLIER, -i128::from(nano)), (MODULE, i128::from(nano))] {
        let mut purse = purse(&mut world.memory, world.market, account).expect("decodes");
        purse.nano += nano;
        let key = PURSES.key(&(world.market, account));
        world.memory.0.insert(key, borsh::to_vec(&purse).expect("encodes").into());
    }
    let auction = world.bid(DAY + 40, 1, &[orders(&[])]);
    world.wait_until(world.auction(auction).until_ms);
    world
}

/// As if the market had so many meters: the numbers beyond those registered are nobody's.
fn with_meters(world: &mut World, meters: u32) {
    let mut market = MARKETS.get(&mut world.memory, &world.market).expect("decodes").expect("there");
    market.meters = meters;
    world.memory.0.insert(MARKETS.key(&world.market), borsh::to_vec(&market).expect("encodes").into());
}

fn over(world: &mut World) {
    world.now_ms = shares_ms(&TERMS, TODAY);
    world.block();
}

fn a_second_later(world: &mut World) {
    world.now_ms += 1_000;
    world.block();
}

fn shared(world: &World) -> Option<(u64, u64)> {
    world.events.iter().find_map(|event| match event {
        Any::Energy(Event::RentShared { nano, capacity_wh, .. }) => Some((*nano, *capacity_wh)),
        _ => None,
    })
}

#[test]
fn above_the_reserve_the_terms_share_goes_by_capacity_and_the_largest_remainder() {
    let mut world = World::new(2);
    connect(&mut world, 2, 10_000, 0);
    let mut world = filled(world, 3_000_000_000);
    let before: Vec<i128> = (0..3).map(|number| world.nano(neighbour(number))).collect();
    over(&mut world);
    // 3 units, of which 1 is the reserve; half of the other two among 80, 80 and 10 kWh: 470,588,235.29 twice and 58,823,529.41.
    let gains: Vec<i128> = (0..3).zip(before).map(|(number, before)| world.nano(neighbour(number)) - before).collect();
    assert_eq!(gains, [470_588_235, 470_588_235, 58_823_530]);
    assert_eq!((shared(&world), pot(&world)), (Some((1_000_000_000, 170_000)), (2_000_000_000, 0)));
    let Sharing { progress, pool_nano, paid_nano, .. } = sharing(&world);
    assert_eq!((progress, pool_nano, paid_nano), (Progress::Settled, 1_000_000_000, 1_000_000_000));
    assert_eq!(world.refused(STRANGER, RunSharing { market: world.market, day: TODAY }), Refusal::AlreadyDone);
}

#[test]
fn trading_more_brings_no_more() {
    let gain = |bids: &[Bid]| {
        let mut world = filled(World::new(4), 3_000_000_000);
        let auction = world.bid(DAY + 60, 1, bids);
        world.wait_until(world.auction(auction).until_ms);
        world.now_ms = settles_ms(&TERMS, DAY + 60);
        world.block();
        let before: Vec<i128> = (0..4).map(|number| world.nano(neighbour(number))).collect();
        over(&mut world);
        (0..4).zip(before).map(|(number, before)| world.nano(neighbour(number)) - before).collect::<Vec<_>>()
    };
    let much = gain(&[orders(&[offer(0, 3_000, 20_000)]), orders(&[want(0, 3_000, 300_000)])]);
    assert!(much.iter().all(|gain| *gain == much[0]) && much[0] >= 250_000_000, "{much:?}");
}

#[test]
fn below_the_reserve_and_where_nobody_is_attested_nothing_is_shared() {
    let mut world = filled(World::new(2), 1_000_000_000);
    over(&mut world);
    assert_eq!((shared(&world), pot(&world)), (Some((0, 160_000)), (1_000_000_000, 0)));
    let mut world = filled(World::new(1), 3_000_000_000);
    let meter = world.meters[0];
    world.act(OPERATOR, Action::from(AttestMeter { meter, attested: false })).expect("no longer");
    over(&mut world);
    assert_eq!((shared(&world), pot(&world)), (Some((0, 0)), (3_000_000_000, 0)));
}

#[test]
fn late_readings_of_many_days_share_nothing_for_days_that_are_over() {
    let mut world = filled(World::new(2), 9_000_000_000);
    over(&mut world);
    world.now_ms = slot_start_ms(DAY + 10 * DAY_SLOTS);
    world.block();
    let before = pot(&world);
    world.read(0, DAY + 10 * DAY_SLOTS - 1, 0, 0);
    let last = DAY + 20 * DAY_SLOTS - 1;
    world.now_ms = slot_start_ms(last + 1);
    world.read(0, last, 1, 0);
    let market = world.market;
    let of_day = |world: &World, day: u32| SHARINGS.get(&mut world.memory.clone(), &(market, TODAY + day)).expect("decodes");
    assert!((10..19).all(|day| of_day(&world, day).is_none()));
    assert_eq!(of_day(&world, 19).map(|sharing| sharing.progress), Some(Progress::Running), "the day that just ends");
    world.now_ms += 1_000;
    world.block();
    assert_eq!(pot(&world), before);
}

#[test]
fn a_market_that_shares_nothing_has_no_days() {
    let mut world = World::new(1);
    let Action::OpenMarket(opening) = World::opening(world.credit()) else { panic!("an opening") };
    let terms = Terms { share_permille: 0, ..TERMS };
    world.act(OPERATOR, Action::from(OpenMarket { name: "Keeps".into(), terms, ..opening.clone() })).expect("opened");
    let more = OpenMarket { name: "More".into(), terms: Terms { share_permille: 1_001, ..TERMS }, ..opening };
    assert_eq!(world.refused(OPERATOR, more), Refusal::OutOfBounds { field: Field::Terms });
    world.market = market_id(OPERATOR, world.credit(), "Keeps");
    world.meters.clear();
    connect(&mut world, 9, 1, 1);
    let meter = world.meters[0];
    world.now_ms = slot_start_ms(DAY);
    let reading = |slot, counter| {
        let reading = Reading { meter, slot, import_wh: 1, export_wh: 0, counter };
        SignedReading { reading, signature: signed(&reading_prehash(1, &DeviceKey::P256([10; 64]), &reading)) }
    };
    world.act(STRANGER, Action::from(RelayReadings { readings: vec![reading(DAY - 1, 1)] })).expect("read");
    world.now_ms = slot_start_ms(DAY + 1);
    world.act(STRANGER, Action::from(RelayReadings { readings: vec![reading(DAY, 2)] })).expect("read");
    assert_eq!(world.slot(DAY).progress, Progress::Running);
    let day = RunSharing { market: world.market, day: TODAY };
    assert_eq!(world.refused(STRANGER, day), Refusal::UnknownDay { market: world.market, day: TODAY });
}

#[test]
fn each_state_ends_by_itself_or_by_anybodys_call_as_the_table_says() {
    let head = include_str!("../mod.rs");
    let begin = head.find("# Sharing: what happens by itself").expect("the table");
    let table = &head[begin..begin + head[begin..].find("# Always true").expect("the next part")];
    let rows = [
        ("Running", "when the readings of the day's last slot are due", "Settling"),
        ("Settling", "256 meters a block", "Settled"),
    ];
    for (from, ends, to) in rows {
        assert!(table.contains(&format!("//! | {from} | {ends} | {to} |\n")), "{from}");
    }
    assert_eq!(table.matches("//! | ").count(), 1 + rows.len(), "every row is walked");

    let mut world = filled(World::new(3), 3_000_000_000);
    with_meters(&mut world, 600);
    assert_eq!(sharing(&world).progress, Progress::Running);
    let run = RunSharing { market: world.market, day: TODAY };
    let until_ms = shares_ms(&TERMS, TODAY);
    world.now_ms = until_ms - 1;
    assert_eq!(world.refused(STRANGER, run.clone()), Refusal::NotDue { until_ms });
    let mut by_hand = world.clone();
    by_hand.now_ms = until_ms;
    by_hand.act(STRANGER, Action::from(run.clone())).expect("due");
    over(&mut world);
    for world in [&mut world, &mut by_hand] {
        let now = sharing(world);
        assert_eq!((now.progress, now.cursor, now.paid_nano), (Progress::Settling, SETTLE_METERS_MAX, 1_000_000_000));
    }
    for _ in 0..2 {
        world.second();
        by_hand.act(STRANGER, Action::from(run.clone())).expect("due");
    }
    for world in [&world, &by_hand] {
        assert_eq!((sharing(world).progress, sharing(world).cursor), (Progress::Settled, 600));
    }
    assert_eq!(sharing(&world), sharing(&by_hand), "both are the same transition");
}

#[test]
fn while_it_is_shared_out_the_pot_keeps_it_and_who_comes_late_gets_what_is_left_at_most() {
    let mut world = filled(World::new(2), 3_000_000_000);
    with_meters(&mut world, 300);
    // The second stands behind the first 256.
    let listed = LISTED.get(&mut world.memory, &(world.market, 1)).expect("decodes").expect("there");
    world.memory.0.remove(&LISTED.key(&(world.market, 1)));
    world.memory.0.insert(LISTED.key(&(world.market, 299)), borsh::to_vec(&listed).expect("encodes").into());
    over(&mut world);
    assert_eq!((shared(&world), pot(&world)), (None, (2_500_000_000, 500_000_000)));
    let mut gone = world.clone();
    let meter = world.meters[1];
    gone.act(OPERATOR, Action::from(AttestMeter { meter, attested: false })).expect("no longer");
    a_second_later(&mut gone);
    assert_eq!((shared(&gone), pot(&gone)), (Some((500_000_000, 160_000)), (2_500_000_000, 0)), "the pot keeps it");
    let mut more = world.clone();
    with_meters(&mut more, 298);
    connect(&mut more, 5, 40_000, 40_000);
    with_meters(&mut more, 300);
    let before = [1, 5].map(|number| more.nano(neighbour(number)));
    a_second_later(&mut more);
    let gains: Vec<i128> = [1, 5].iter().zip(before).map(|(number, before)| more.nano(neighbour(*number)) - before).collect();
    assert_eq!((pot(&more), gains), ((2_000_000_000, 0), vec![250_000_000, 250_000_000]), "half of what is left each");
}

#[test]
fn each_invariant_of_it_trips_where_its_books_are_changed() {
    let world = filled(World::new(2), 3_000_000_000);
    let tripped = |memory: &crate::Memory| audit(memory).expect("decodes").into_iter().map(|v| v.invariant).collect::<Vec<_>>();
    let mut owing = world.memory.clone();
    for (account, nano) in [(MODULE, -3_000_000_001), (SUPPLIER, 3_000_000_001i128)] {
        let mut purse = purse(&mut owing, world.market, account).expect("decodes");
        purse.nano += nano;
        owing.0.insert(PURSES.key(&(world.market, account)), borsh::to_vec(&purse).expect("encodes").into());
    }
    assert_eq!(tripped(&owing), ["ENERGY-6"]);
    let mut capacity = world.memory.clone();
    let mut market = MARKETS.get(&mut capacity, &world.market).expect("decodes").expect("there");
    market.capacity_wh += 1;
    capacity.0.insert(MARKETS.key(&world.market), borsh::to_vec(&market).expect("encodes").into());
    assert_eq!(tripped(&capacity), ["ENERGY-8"]);
    let mut dear = world.memory.clone();
    let mut book = world.slot(DAY + 40);
    (book.progress, book.shifted_wh, book.operator_nano, book.shift_limit_micro) = (Progress::Settled, 10, -101, 10);
    dear.0.insert(SLOTS.key(&(world.market, DAY + 40)), borsh::to_vec(&book).expect("encodes").into());
    assert_eq!(tripped(&dear), ["ENERGY-7"]);
    let mut late = world.memory.clone();
    let mut record = sharing(&world);
    record.day += 1;
    late.0.insert(SHARINGS.key(&(world.market, record.day)), borsh::to_vec(&record).expect("encodes").into());
    assert_eq!(tripped(&late), ["ENERGY-3"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn all_of_it_is_paid_and_nobody_is_off_by_a_nano_unit(
        nano in 0u64..10_000_000_000, connections in prop::collection::vec((0u32..50, 0u32..50), 1..6),
    ) {
        let mut world = World::new(1);
        for (number, (import, export)) in (1u8..).zip(&connections) {
            connect(&mut world, number, *import, *export);
        }
        let mut world = filled(world, nano);
        let before: Vec<i128> = (0..6).map(|number| world.nano(neighbour(number))).collect();
        over(&mut world);
        let pool = nano.saturating_sub(TERMS.reserve_nano) / 2;
        let capacities: Vec<u64> = std::iter::once(80_000).chain(connections.iter().map(|(a, b)| u64::from(a + b))).collect();
        let sum: u64 = capacities.iter().sum();
        prop_assert_eq!(shared(&world), Some((pool, sum)));
        for ((number, before), capacity) in (0u8..).zip(before).zip(capacities) {
            let off = (world.nano(neighbour(number)) - before) * i128::from(sum) - i128::from(pool) * i128::from(capacity);
            prop_assert!(off.abs() < i128::from(sum));
        }
        prop_assert_eq!(pot(&world), (i128::from(nano - pool), 0));
    }
}
