//! Whatever happens, no unit is made and none is lost: the audit after every step is the test.

use super::fixture::*;
use crate::Address;
use crate::energy::*;
use proptest::prelude::*;

/// What befalls one meter in one slot.
#[derive(Clone, Copy, Debug)]
enum Fate {
    InTime,
    Late,
    Missing,
    /// Relayed with a wrong signature first, then rightly.
    Wrong,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![4 => Just(Fate::InTime), 2 => Just(Fate::Late), 1 => Just(Fate::Missing), 1 => Just(Fate::Wrong)]
}

#[derive(Clone, Debug)]
struct Day {
    bids: Vec<Bid>,
    /// Whether the operator buys in N, how much, and at most for how much.
    redispatch: Option<(bool, u32, i64)>,
    /// For each slot and in it each meter: imported, exported, and what becomes of the reading.
    slots: Vec<Vec<(u64, u64, Fate)>>,
}

const METERS: usize = 4;
const SLOTS_READ: usize = 4;

fn day() -> impl Strategy<Value = Day> {
    // Few prices, so that there are ties; one slot, so that no solver is needed.
    let order = (any::<bool>(), 1u32..9_000, -2i64..6).prop_map(|(buys, wh, price)| Order {
        slot: 0,
        buys,
        wh,
        limit_micro: price * 70_000,
    });
    let bid = prop::collection::vec(order, 0..3).prop_map(|orders| Bid { orders, battery: None });
    let reading = (0u64..9_000, 0u64..9_000, fate());
    let slots = prop::collection::vec(prop::collection::vec(reading, METERS), SLOTS_READ);
    let redispatch = prop::option::of((any::<bool>(), 1u32..4_000, 1i64..400_000));
    (prop::collection::vec(bid, METERS), redispatch, slots).prop_map(|(bids, redispatch, slots)| Day { bids, redispatch, slots })
}

fn run(day: &Day) -> World {
    let mut world = World::new(METERS as u8);
    let first = DAY + 1;
    let market = world.market;
    world.act(OPERATOR, Action::from(Deposit { market, amount: MONEY / 2 })).expect("deposited");
    if let Some((in_n, wh, limit_micro)) = day.redispatch {
        let (deficit, surplus) = if in_n { (N, S) } else { (S, N) };
        let order = OrderRedispatch { market, slot: first, deficit, surplus, wh, limit_micro };
        world.act(OPERATOR, Action::from(order)).expect("ordered");
    }
    let auction = world.bid(first, 1, &day.bids);
    world.wait_until(world.auction(auction).until_ms);
    world.wait_until(slot_start_ms(DAY));
    let mut registers = [(50_000u64, 50_000u64); METERS];
    for (number, (import, export)) in (0u8..).zip(registers) {
        world.read(number, DAY - 1, import, export);
    }
    let mut late: Vec<SignedReading> = Vec::new();
    for (slot, of_slot) in (DAY..).zip(&day.slots) {
        world.wait_until(slot_start_ms(slot + 1));
        for (number, (imported, exported, fate)) in (0u8..).zip(of_slot) {
            let register = &mut registers[usize::from(number)];
            register.0 += imported;
            register.1 += exported;
            let reading = world.reading(number, slot, register.0, register.1);
            match fate {
                Fate::InTime => drop(world.act(STRANGER, Action::from(RelayReadings { readings: vec![reading] }))),
                Fate::Late => late.push(reading),
                Fate::Missing => {}
                Fate::Wrong => {
                    let wrong = SignedReading { signature: [3; 64], ..reading };
                    world.refused(STRANGER, RelayReadings { readings: vec![wrong] });
                    drop(world.act(STRANGER, Action::from(RelayReadings { readings: vec![reading] })));
                }
            }
        }
    }
    let last = DAY + SLOTS_READ as u32 - 1;
    world.wait_until(settles_ms(&TERMS, last));
    for reading in late {
        // Some come after a later one: they are refused, the registers have repaired it.
        drop(world.act(STRANGER, Action::from(RelayReadings { readings: vec![reading] })));
    }
    world.second();
    let pot = world.nano(MODULE);
    world.now_ms = shares_ms(&TERMS, DAY / DAY_SLOTS);
    world.block();
    let above = (pot - i128::from(TERMS.reserve_nano)).max(0);
    assert_eq!(
        pot - world.nano(MODULE),
        above * i128::from(TERMS.share_permille) / 1_000,
        "what is shared at the end of the day"
    );
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn every_slot_sums_to_nothing_whatever_is_read_late_wrongly_or_never(day in day()) {
        let world = run(&day);
        // Nobody but the people, the supplier, the solvers and the pot has anything, and nothing was made or lost.
        let people: i128 = (0..METERS as u8).map(|number| world.nano(neighbour(number))).sum();
        let others: i128 = [OPERATOR, SUPPLIER, SOLVER, RIVAL, MODULE].map(|account| world.nano(account)).iter().sum();
        prop_assert_eq!(people + others, (METERS as i128 + 4) * (MONEY as i128 / 2) * 10_000_000);
        prop_assert!(world.nano(MODULE) >= 0, "the pot pays for nobody: {}", world.nano(MODULE));
        for slot in DAY..DAY + SLOTS_READ as u32 {
            prop_assert_eq!(world.slot(slot).progress, Progress::Settled);
        }
        let asked = day.redispatch.map_or(0, |(_, wh, limit)| i128::from(wh) * i128::from(limit));
        let paid = i128::from(MONEY as u64 / 2) * 10_000_000 - world.nano(OPERATOR);
        prop_assert!((0..=asked).contains(&paid), "the operator paid {} of {}", paid, asked);
        // Whatever was bought is covered, and nothing is set aside for what is over.
        for account in (0..METERS as u8).map(neighbour).chain([OPERATOR, MODULE]) {
            let purse = purse(&mut world.memory.clone(), world.market, account).expect("decodes");
            prop_assert_eq!(purse.held_nano, 0);
        }
    }
}

/// A case is a hundred blocks with an audit after each: a few of them in every run, many in the long one.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse::<u32>().ok()).map_or(24, |cases| cases.div_ceil(100))
}

#[test]
fn money_goes_in_and_out_in_minor_units_and_no_further_than_it_is_free() {
    let mut world = World::new(1);
    let (market, person) = (world.market, neighbour(0));
    let all = MONEY / 2;
    let credit = world.credit();
    let have = |world: &World| crate::credits::balance(&mut world.memory.clone(), credit, person).expect("decodes");
    assert_eq!((have(&world), world.nano(person)), (MONEY - all, i128::from(all as u64) * 10_000_000));
    world.commit(0, DAY, 1, &orders(&[want(0, 1_000, 300_000)]));
    let held = u128::from(TERMS.deposit_nano) + 300_000_000;
    let have_nano = i128::try_from(all * 10_000_000 - held).expect("fits");
    let want_nano = all * 10_000_000;
    assert_eq!(world.refused(person, Withdraw { market, amount: all }), Refusal::PurseInsufficient { have_nano, want_nano });
    let free = have_nano.unsigned_abs() / 10_000_000;
    world.act(person, Action::from(Withdraw { market, amount: free })).expect("free");
    assert_eq!(have(&world), MONEY - all + free);
    for action in [Action::from(Deposit { market, amount: 0 }), Action::from(Withdraw { market, amount: 0 })] {
        assert_eq!(world.refused(person, action), Refusal::OutOfBounds { field: Field::Amount });
    }
    let too_much = world.act(person, Action::from(Deposit { market, amount: MONEY })).expect_err("has not got it");
    assert!(matches!(too_much, crate::Failure::Refused(crate::Refusal::Credits(_))), "{too_much:?}");
}

#[test]
fn only_who_runs_a_grid_opens_a_market_and_its_tree_and_terms_must_fit() {
    let mut world = World::new(0);
    let credit = world.credit();
    let Action::OpenMarket(good) = World::opening(credit) else { panic!("an opening") };
    assert_eq!(world.refused(STRANGER, good.clone()), Refusal::NotGridOperator { caller: STRANGER });
    assert_eq!(world.refused(OPERATOR, good.clone()), Refusal::AlreadyRegistered);
    let good = OpenMarket { name: "Other".into(), ..good };
    let zones = good.zones.clone();
    let with = |change: &dyn Fn(&mut Vec<Zone>)| {
        let mut zones = zones.clone();
        change(&mut zones);
        OpenMarket { zones, ..good.clone() }
    };
    let terms = |terms: Terms| OpenMarket { terms, ..good.clone() };
    let cases = [
        (OpenMarket { name: String::new(), ..good.clone() }, Field::Name),
        (OpenMarket { name: "a\nb".into(), ..good.clone() }, Field::Name),
        (OpenMarket { credit: crate::credits::CreditId::nth(9), ..good.clone() }, Field::Credit),
        (OpenMarket { supplier: MODULE, ..good.clone() }, Field::Supplier),
        (with(&|zones| zones.clear()), Field::Zones),
        (with(&|zones| zones[1].parent = 1), Field::Zones),
        (with(&|zones| zones[0].fee_micro = 1), Field::Zones),
        (with(&|zones| zones[1].up_wh = SLOT_WH_MAX + 1), Field::Zones),
        (with(&|zones| zones[1].fee_micro = u32::MAX), Field::Zones),
        (with(&|zones| zones.extend(vec![zones[1].clone(); 31])), Field::Zones),
        (terms(Terms { feed_in_micro: 320_000, ..TERMS }), Field::Terms),
        (terms(Terms { technical_micro: 320_000, ..TERMS }), Field::Terms),
        (terms(Terms { technical_micro: TECHNICAL_MAX_MICRO + 1, ..TERMS }), Field::Terms),
        (terms(Terms { slot_gate_ms: TERMS.reveal_ms + TERMS.solve_ms, ..TERMS }), Field::Terms),
        (terms(Terms { reveal_ms: STAGE_MIN_MS - 1, ..TERMS }), Field::Terms),
        (terms(Terms { reading_ms: READING_MAX_MS + 1, ..TERMS }), Field::Terms),
        (terms(Terms { challenge_ms: CHALLENGE_MAX_MS + 1, ..TERMS }), Field::Terms),
        (terms(Terms { answer_ms: ANSWER_MIN_MS - 1, ..TERMS }), Field::Terms),
        (terms(Terms { arbiter: OPERATOR, ..TERMS }), Field::Arbiter),
        (terms(Terms { fallback: Address::ZERO, ..TERMS }), Field::Arbiter),
    ];
    for (action, field) in cases {
        assert_eq!(world.refused(OPERATOR, action.clone()), Refusal::OutOfBounds { field }, "{action:?}");
    }
    world.act(OPERATOR, Action::from(good)).expect("fits");
}

#[test]
fn each_invariant_trips_where_its_books_are_changed() {
    use crate::{Memory, audit};
    let mut world = World::new(2);
    let bids = [orders(&[offer(0, 1_000, 10_000)]), orders(&[want(0, 1_000, 300_000)])];
    let auction = world.bid(DAY, 1, &bids);
    let open = world.clone();
    world.wait_until(world.auction(auction).until_ms);
    let tripped = |memory: &Memory| audit(memory).expect("decodes").first().map(|violation| violation.invariant);
    let mut memory = world.memory.clone();
    let purse_key = (world.market, neighbour(0));
    let mut purse = PURSES.get(&mut memory, &purse_key).expect("decodes").expect("there");
    purse.nano += 1;
    memory.0.insert(PURSES.key(&purse_key), borsh::to_vec(&purse).expect("encodes").into());
    assert_eq!(tripped(&memory), Some("ENERGY-1"));
    (purse.nano, purse.held_nano) = (purse.nano - 1, purse.held_nano + 1);
    memory.0.insert(PURSES.key(&purse_key), borsh::to_vec(&purse).expect("encodes").into());
    assert_eq!(tripped(&memory), Some("ENERGY-2"));

    let mut memory = open.memory.clone();
    let mut record = open.auction(auction);
    record.id = crate::B256::repeat_byte(1);
    memory.0.insert(AUCTIONS.key(&record.id), borsh::to_vec(&record).expect("encodes").into());
    assert_eq!(tripped(&memory), Some("ENERGY-3"));

    let mut memory = world.memory.clone();
    let mut book = world.slot(DAY);
    book.flow_wh[0] += 1;
    let key = SLOTS.key(&(world.market, DAY));
    memory.0.insert(key, borsh::to_vec(&book).expect("encodes").into());
    assert_eq!(tripped(&memory), Some("ENERGY-4"));
    book.flow_wh[0] -= 1;
    book.long_wh[0] += 1;
    memory.0.insert(key, borsh::to_vec(&book).expect("encodes").into());
    assert_eq!(tripped(&memory), Some("ENERGY-5"));
}
