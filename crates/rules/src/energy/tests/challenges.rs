//! Challenged readings against their tables: whoever is wrong pays, and one slot of one meter is corrected.

use super::fixture::*;
use crate::disputes::{self, RULE_MS};
use crate::energy::*;
use crate::{Address, Event as Any, Failure, Output};

const BOND: i128 = TERMS.challenge_nano as i128;

/// Slot `DAY` is settled: three meters say that nothing flowed, the fourth said nothing. The operator has money.
fn settled() -> World {
    let mut world = World::new(4);
    let market = world.market;
    world.act(OPERATOR, Action::from(Deposit { market, amount: MONEY / 2 })).expect("deposited");
    world.wait_until(slot_start_ms(DAY));
    world.read(3, DAY - 1, 100_000, 100_000);
    for slot in [DAY - 1, DAY] {
        world.now_ms = slot_start_ms(slot + 1);
        for number in 0..3 {
            world.read(number, slot, 100_000, 100_000);
        }
    }
    world.now_ms = settles_ms(&TERMS, DAY);
    world.block();
    assert_eq!(world.slot(DAY).progress, Progress::Settled);
    world
}

/// The first neighbour says that the second drew 3,000 Wh.
fn challenge(world: &World) -> ChallengeReading {
    ChallengeReading { meter: world.meters[1], slot: DAY, by: world.meters[0], net_wh: -3_000 }
}

fn answer(world: &World, net_wh: i32) -> AnswerChallenge {
    AnswerChallenge { meter: world.meters[1], slot: DAY, net_wh }
}

fn rule(world: &World, percent: u8) -> disputes::Action {
    disputes::Action::Rule { dispute: challenge_id(world.meters[1], DAY), percent }
}

fn stage(world: &World) -> Option<ChallengeStage> {
    let id = challenge_id(world.meters[1], DAY);
    CHALLENGES.get(&mut world.memory.clone(), &id).expect("decodes").map(|challenge| challenge.stage)
}

fn asked() -> World {
    let mut world = settled();
    let action = challenge(&world);
    world.act(neighbour(0), Action::from(action)).expect("challenged");
    assert_eq!(stage(&world), Some(ChallengeStage::Asked));
    world
}

fn disputed() -> World {
    let mut world = asked();
    world.now_ms += TERMS.answer_ms;
    world.block();
    assert_eq!(stage(&world), Some(ChallengeStage::Disputed));
    world
}

/// What the neighbours, the supplier and the operator have.
fn purses(world: &World) -> Vec<i128> {
    [neighbour(0), neighbour(1), neighbour(2), SUPPLIER, OPERATOR, MODULE].map(|account| world.nano(account)).into()
}

fn change(before: &[i128], world: &World) -> Vec<i128> {
    purses(world).iter().zip(before).map(|(now, before)| now - before).collect()
}

fn net_wh(world: &World) -> i32 {
    metered(&mut world.memory.clone(), world.meters[1], DAY / DAY_SLOTS).expect("decodes").net_wh[0]
}

#[test]
fn whoever_is_farther_from_the_operators_value_pays_and_the_supplier_gets_the_difference() {
    // (the operator's value, what the owner of the meter gets of the bond)
    let cases = [(-3_000, -BOND), (-2_000, -BOND), (-1_500, 0), (-1_000, BOND), (0, BOND), (-4_000, -BOND), (500, BOND)];
    for (value, owner) in cases {
        let mut world = asked();
        let before = purses(&world);
        let action = answer(&world, value);
        world.act(OPERATOR, Action::from(action)).expect("answered");
        // What it drew, at retail; what it delivered, at feed-in.
        let bill = i128::from(value) * i128::from(if value > 0 { TERMS.feed_in_micro } else { TERMS.retail_micro });
        assert_eq!(change(&before, &world), [-owner, owner + bill, 0, -bill, 0, 0], "{value}");
        assert_eq!((net_wh(&world), stage(&world)), (value, None));
        let ended = world.events.iter().find_map(|event| match event {
            Any::Energy(Event::ChallengeEnded { net_wh, owner_nano, .. }) => Some((*net_wh, *owner_nano)),
            _ => None,
        });
        assert_eq!(ended, Some((value, owner)));
        let corrected = |event: &&Any| matches!(event, Any::Energy(Event::Corrected { .. }));
        assert_eq!(world.events.iter().filter(corrected).count(), usize::from(value != 0));
    }
}

#[test]
fn a_ruling_above_half_is_for_the_challenge_below_it_for_the_reading_and_at_half_for_neither() {
    for (percent, owner, value) in [(100, -BOND, -3_000), (51, -BOND, -3_000), (50, 0, 0), (49, BOND, 0), (0, BOND, 0)] {
        let mut world = disputed();
        let before = purses(&world);
        let action = rule(&world, percent);
        world.act(ARBITER, action).expect("ruled");
        let bill = value * i128::from(TERMS.retail_micro);
        assert_eq!(change(&before, &world), [-owner, owner + bill, 0, -bill, 0, 0], "{percent}");
        assert_eq!((i128::from(net_wh(&world)), stage(&world)), (value, None));
    }
}

/// The rows between two headings of the module's head.
fn rows(from: &str, to: &str) -> Vec<Vec<String>> {
    let head = include_str!("../mod.rs");
    let begin = head.find(from).expect("the table");
    let end = head[begin..].find(to).expect("the next part") + begin;
    let lines = head[begin..end].lines().filter_map(|line| line.strip_prefix("//! | "));
    let cells = lines.map(|line| line.trim_end_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect());
    cells.skip(1).collect()
}

#[test]
fn what_the_table_allows_happens_and_nothing_else_does() {
    let table = rows("# Challenges: who may do what", "# Challenges: what happens by itself");
    assert_eq!(table.len(), 4);
    let mut walked = 0;
    for (from, world) in [("none", settled()), ("Asked", asked()), ("Disputed", disputed())] {
        for action in ["ChallengeReading", "AnswerChallenge", "Rule"] {
            for (caller, role) in [
                (neighbour(0), "neighbour"),
                (neighbour(1), "challenged"),
                (OPERATOR, "market's operator"),
                (ARBITER, "arbiter, then fallback"),
                (FALLBACK, "fallback, too early"),
                (STRANGER, "stranger"),
            ] {
                let mut world = world.clone();
                let before = world.memory.clone();
                let ended: Result<Output, Failure> = match action {
                    "ChallengeReading" => {
                        let own = if caller == neighbour(1) { world.meters[1] } else { world.meters[0] };
                        let action = ChallengeReading { by: own, ..challenge(&world) };
                        world.act(caller, Action::from(action))
                    }
                    "AnswerChallenge" => {
                        let action = answer(&world, -3_000);
                        world.act(caller, Action::from(action))
                    }
                    _ => {
                        let action = rule(&world, 100);
                        world.act(caller, action)
                    }
                };
                let row = table.iter().find(|row| row[..3] == [from, action, role]);
                assert_eq!(ended.is_ok(), row.is_some(), "{from} {action} {role}: {ended:?}");
                match row {
                    Some(row) => {
                        let now = stage(&world).map_or("gone".to_owned(), |stage| format!("{stage:?}"));
                        assert_eq!(now, row[3], "{from} {action} {role}");
                        walked += 1;
                    }
                    None => assert_eq!(world.memory, before, "{from} {action} {role} left something"),
                }
            }
        }
    }
    assert_eq!(walked, table.len(), "every row was walked");
}

#[test]
fn every_stage_ends_by_itself_and_where_all_are_silent_nobody_pays() {
    let table = rows("# Challenges: what happens by itself", "A *neighbour*");
    assert_eq!(
        table,
        [["Asked", "after the time to answer", "Disputed"], ["Disputed", "after the times of both arbiters", "gone"]]
    );
    let mut world = asked();
    let run = RunChallenge { meter: world.meters[1], slot: DAY };
    let until_ms = world.now_ms + TERMS.answer_ms;
    world.now_ms = until_ms - 1;
    assert_eq!(world.refused(STRANGER, run.clone()), Refusal::NotDue { until_ms });
    let mut by_hand = world.clone();
    by_hand.now_ms = until_ms;
    by_hand.act(STRANGER, Action::from(run.clone())).expect("due");
    world.now_ms = until_ms;
    let late = answer(&world, -3_000);
    assert_eq!(world.refused(OPERATOR, late.clone()), Refusal::AnswerOver { until_ms });
    world.block();
    assert_eq!((stage(&world), stage(&by_hand)), (Some(ChallengeStage::Disputed), Some(ChallengeStage::Disputed)));
    assert_eq!(world.refused(OPERATOR, late), Refusal::AnswerOver { until_ms });
    assert_eq!(world.refused(STRANGER, run), Refusal::AlreadyDone);
    let before = purses(&world);
    world.now_ms += RULE_MS;
    world.block();
    assert_eq!(stage(&world), Some(ChallengeStage::Disputed), "the fallback's turn");
    let mut second = world.clone();
    let ruling = rule(&second, 0);
    second.act(FALLBACK, ruling).expect("its turn");
    assert_eq!(change(&before, &second), [-BOND, BOND, 0, 0, 0, 0]);
    world.now_ms += RULE_MS;
    world.block();
    assert_eq!((stage(&world), change(&before, &world)), (None, vec![0; 6]));
    assert_eq!(purse(&mut world.memory, world.market, neighbour(0)).expect("decodes").held_nano, 0);
}

#[test]
fn a_neighbour_challenges_once_and_the_operator_may_still() {
    let mut world = asked();
    let again = challenge(&world);
    assert_eq!(world.refused(neighbour(0), again.clone()), Refusal::AlreadyDone);
    let own = ChallengeReading { net_wh: -5_000, ..again.clone() };
    assert_eq!(world.refused(OPERATOR, own.clone()), Refusal::AlreadyDone, "one at a time");
    let said = answer(&world, 0);
    world.act(OPERATOR, Action::from(said)).expect("answered");
    let third = ChallengeReading { by: world.meters[2], ..again };
    assert_eq!(world.refused(neighbour(2), third), Refusal::AlreadyDone);
    let before = purses(&world);
    world.act(OPERATOR, Action::from(own)).expect("the operator's");
    assert_eq!(stage(&world), Some(ChallengeStage::Disputed), "it is no judge of its own");
    let ruling = rule(&world, 0);
    world.act(ARBITER, ruling).expect("ruled");
    assert_eq!(change(&before, &world), [0, BOND, 0, 0, -BOND, 0]);
}

#[test]
fn of_its_own_meter_the_operator_is_no_judge() {
    let mut world = settled();
    let mut meter = METERS.get(&mut world.memory, &world.meters[1]).expect("decodes").expect("there");
    meter.owner = OPERATOR;
    world.memory.0.insert(METERS.key(&meter.id), borsh::to_vec(&meter).expect("encodes").into());
    let action = challenge(&world);
    assert_eq!(world.refused(OPERATOR, action.clone()), Refusal::NotNeighbour { caller: OPERATOR });
    world.act(neighbour(0), Action::from(action)).expect("challenged");
    assert_eq!(stage(&world), Some(ChallengeStage::Disputed));
}

#[test]
fn every_way_to_challenge_or_answer_wrongly_has_a_name_and_changes_nothing() {
    let mut world = settled();
    let good = challenge(&world);
    let unknown = crate::B256::repeat_byte(9);
    let refused = |caller: Address, action: ChallengeReading| world.clone().refused(caller, action);
    assert_eq!(
        refused(neighbour(0), ChallengeReading { meter: unknown, ..good.clone() }),
        Refusal::UnknownMeter { meter: unknown }
    );
    let stranger = |caller| Refusal::NotNeighbour { caller };
    assert_eq!(refused(STRANGER, good.clone()), stranger(STRANGER), "by another's meter");
    assert_eq!(refused(STRANGER, ChallengeReading { by: unknown, ..good.clone() }), stranger(STRANGER));
    let of_itself = ChallengeReading { by: good.meter, ..good.clone() };
    assert_eq!(refused(neighbour(1), of_itself), stranger(neighbour(1)));
    for net_wh in [0, -40_001, 40_001] {
        let action = ChallengeReading { net_wh, ..good.clone() };
        assert_eq!(refused(neighbour(0), action), Refusal::OutOfBounds { field: Field::Wh }, "{net_wh}");
    }
    // The fourth said nothing.
    let silent = ChallengeReading { meter: world.meters[3], ..good.clone() };
    assert_eq!(refused(neighbour(0), silent.clone()), Refusal::NotRead { meter: silent.meter, slot: DAY });
    let meter = world.meters[0];
    let mut unattested = world.clone();
    unattested.act(OPERATOR, Action::from(AttestMeter { meter, attested: false })).expect("no longer");
    assert_eq!(unattested.refused(neighbour(0), good.clone()), stranger(neighbour(0)));
    let from_ms = settles_ms(&TERMS, DAY);
    let until_ms = from_ms + TERMS.challenge_ms;
    for now_ms in [from_ms - 1, until_ms] {
        let mut world = world.clone();
        world.now_ms = now_ms;
        assert_eq!(world.refused(neighbour(0), good.clone()), Refusal::NotChallengeable { from_ms, until_ms });
    }
    let mut poor = world.clone();
    poor.act(neighbour(0), Action::from(Withdraw { market: world.market, amount: MONEY / 2 - 100 })).expect("free");
    let short = Refusal::PurseInsufficient { have_nano: 1_000_000_000, want_nano: BOND.unsigned_abs() };
    assert_eq!(poor.refused(neighbour(0), good.clone()), short);

    let nothing = answer(&world, 0);
    assert_eq!(world.refused(OPERATOR, nothing.clone()), Refusal::UnknownChallenge { meter: good.meter, slot: DAY });
    let run = RunChallenge { meter: good.meter, slot: DAY };
    assert_eq!(world.refused(STRANGER, run), Refusal::UnknownChallenge { meter: good.meter, slot: DAY });
    let mut world = asked();
    let not = Refusal::NotOperator { caller: neighbour(1), operator: OPERATOR };
    assert_eq!(world.refused(neighbour(1), nothing), not);
    let wild = answer(&world, 40_001);
    assert_eq!(world.refused(OPERATOR, wild), Refusal::OutOfBounds { field: Field::Wh });
}

#[test]
fn a_market_that_says_so_takes_no_challenges() {
    let mut world = settled();
    let mut market = MARKETS.get(&mut world.memory, &world.market).expect("decodes").expect("there");
    market.terms.challenge_ms = 0;
    world.memory.0.insert(MARKETS.key(&world.market), borsh::to_vec(&market).expect("encodes").into());
    let at = settles_ms(&TERMS, DAY);
    let action = challenge(&world);
    assert_eq!(world.refused(neighbour(0), action), Refusal::NotChallengeable { from_ms: at, until_ms: at });
}

#[test]
fn a_late_reading_can_be_challenged_as_well_and_is_corrected_from_where_it_stands() {
    let mut world = settled();
    world.now_ms = slot_start_ms(DAY + 9);
    world.read(3, DAY, 101_000, 100_000);
    let (meter, by, before) = (world.meters[3], world.meters[0], world.nano(neighbour(3)));
    world.act(neighbour(0), Action::from(ChallengeReading { meter, slot: DAY, by, net_wh: -3_000 })).expect("challenged");
    world.act(OPERATOR, Action::from(AnswerChallenge { meter, slot: DAY, net_wh: -2_500 })).expect("answered");
    assert_eq!(world.nano(neighbour(3)) - before, -BOND - 1_500 * i128::from(TERMS.retail_micro));
}

#[test]
fn a_challenge_without_its_deadline_trips_the_audit() {
    let world = asked();
    let mut memory = world.memory.clone();
    let id = challenge_id(world.meters[1], DAY);
    let mut record = CHALLENGES.get(&mut memory, &id).expect("decodes").expect("there");
    record.stage = ChallengeStage::Disputed;
    memory.0.insert(CHALLENGES.key(&id), borsh::to_vec(&record).expect("encodes").into());
    let tripped: Vec<_> = crate::audit(&memory).expect("decodes").into_iter().map(|violation| violation.invariant).collect();
    assert_eq!(tripped, ["ENERGY-3"]);
    memory.0.remove(&CHALLENGES.key(&id));
    let tripped: Vec<_> = crate::audit(&memory).expect("decodes").into_iter().map(|violation| violation.invariant).collect();
    assert_eq!(tripped, ["ENERGY-2"]);
}
