//! Stage × action × role against the table in the module's head.

use super::clearing::certificate;
use super::fixture::*;
use crate::energy::*;
use crate::{Address, Failure, Output};
use std::collections::BTreeSet;

type Acts = BTreeSet<(String, String, String)>;
type Waits = BTreeSet<(String, String)>;

/// (from, action, to) of the first table, and (stage, to) of the second.
fn tables() -> (Acts, Waits) {
    let head = include_str!("../mod.rs");
    let rows = |from: &str, to: &str| -> Vec<Vec<String>> {
        let begin = head.find(from).expect("the table");
        let end = head[begin..].find(to).expect("the next part") + begin;
        let lines = head[begin..end].lines().filter_map(|line| line.strip_prefix("//! |"));
        let cells = lines.map(|line| line.trim_end_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect());
        cells.filter(|row: &Vec<String>| !row[0].starts_with('-') && row[0] != "from" && row[0] != "stage").collect()
    };
    let acts = rows("# The auction: who may do what", "# The auction: what happens by itself");
    let waits = rows("# The auction: what happens by itself", "# Money");
    let acts = acts.into_iter().map(|row| (row[0].clone(), row[1].clone(), row[3].clone())).collect();
    (acts, waits.into_iter().map(|row| (row[0].clone(), row[2].clone())).collect())
}

const ACTIONS: [&str; 4] = ["Commit", "Reveal", "Announce", "Submit"];

fn attempt(world: &mut World, auction: AuctionId, action: &str, caller: Address) -> Result<Output, Failure> {
    let bids = example();
    match action {
        "Commit" => {
            let sealed = world.sealed(1, DAY, 96, &bids[1]);
            world.act(caller, Action::from(sealed))
        }
        "Reveal" => {
            let opened = world.opened(1, auction, &bids[1]);
            world.act(caller, Action::from(opened))
        }
        "Announce" => {
            let hash = certificate_hash(auction, caller, &[1]);
            world.act(caller, Action::from(Announce { auction, hash, bytes: 1 }))
        }
        _ => world.act(caller, Action::from(Submit { auction, part: vec![1] })),
    }
}

/// The example's auction in a stage; in the stage of solving the rival has announced something.
fn at(stage: &str) -> (World, AuctionId) {
    let mut world = World::new(6);
    let auction = auction_id(world.market, DAY, 96);
    if stage == "none" {
        return (world, auction);
    }
    for (number, bid) in (0u8..).zip(example()) {
        world.commit(number, DAY, 96, &bid);
    }
    if stage == "Open" {
        return (world, auction);
    }
    world.wait_until(open_ms(&TERMS, DAY, 96).expect("an auction").1);
    if stage == "Revealing" {
        return (world, auction);
    }
    for (number, bid) in (0u8..).zip(example()) {
        world.reveal(number, auction, &bid);
    }
    world.wait_until(world.auction(auction).until_ms);
    if stage == "Solving" {
        let hash = certificate_hash(auction, RIVAL, &[1]);
        world.act(RIVAL, Action::from(Announce { auction, hash, bytes: 1 })).expect("announced");
        return (world, auction);
    }
    world.wait_until(world.auction(auction).until_ms);
    (world, auction)
}

#[test]
fn what_the_table_allows_happens_and_nothing_else_does() {
    let (acts, _) = tables();
    assert_eq!(acts.len(), 5, "rows");
    // Who may, of those who might: the owner of the meter, whoever announced, anybody.
    let may = |action: &str, caller: Address| match action {
        "Commit" => caller == neighbour(1),
        "Submit" => caller == RIVAL,
        "Announce" => caller == SOLVER || caller == RIVAL || caller == neighbour(1),
        _ => true,
    };
    for stage in ["none", "Open", "Revealing", "Solving", "Cleared"] {
        let (world, auction) = at(stage);
        for action in ACTIONS {
            for caller in [neighbour(1), SOLVER, RIVAL, STRANGER] {
                let allowed = acts.iter().find(|(from, name, _)| from == stage && name == action);
                // The rival has announced already in that stage.
                let allowed = allowed.filter(|_| may(action, caller) && !(action == "Announce" && caller == RIVAL));
                let mut world = world.clone();
                let before = world.memory.clone();
                let ended = attempt(&mut world, auction, action, caller);
                assert_eq!(ended.is_ok(), allowed.is_some(), "{stage} {action} {caller}: {ended:?}");
                match allowed {
                    Some((_, _, to)) => assert_eq!(format!("{:?}", world.auction(auction).stage), *to, "{stage} {action}"),
                    None => assert_eq!(world.memory, before, "{stage} {action} {caller} left something"),
                }
            }
        }
    }
}

#[test]
fn every_stage_ends_by_itself_or_by_anybodys_call_as_the_table_says() {
    let (_, waits) = tables();
    assert_eq!(waits.len(), 4, "rows");
    for (stage, to) in &waits {
        // Without batteries nothing is to be solved.
        let without = stage == "Revealing" && to == "Cleared";
        let (mut world, auction) = if without {
            let mut world = World::new(2);
            let auction = world.commit(1, DAY, 96, &example()[1]);
            world.wait_until(open_ms(&TERMS, DAY, 96).expect("an auction").1);
            (world, auction)
        } else if stage == "Revealing" {
            let (mut world, auction) = at("Revealing");
            world.reveal(4, auction, &example()[4]);
            (world, auction)
        } else {
            at(stage)
        };
        // The time to open bids has two halves, the other stages none.
        world.wait_until(world.auction(auction).half_ms);
        let until = world.auction(auction).until_ms;
        world.now_ms = until - 1;
        assert_eq!(world.refused(STRANGER, RunAuction { auction }), Refusal::NotDue { until_ms: until });
        let mut by_hand = world.clone();
        by_hand.now_ms = until;
        by_hand.act(STRANGER, Action::from(RunAuction { auction })).expect("due");
        world.wait_until(until);
        for world in [&world, &by_hand] {
            assert_eq!(format!("{:?}", world.auction(auction).stage), *to, "from {stage}");
        }
        assert_eq!(world.auction(auction), by_hand.auction(auction), "both are the same transition");
    }
}

#[test]
fn an_accepted_certificate_ends_the_auction_within_a_second() {
    let (mut world, auction) = at("Solving");
    let bytes = certificate(&world.book(auction)).to_bytes();
    super::clearing::show(&mut world, SOLVER, auction, &bytes);
    assert_eq!(world.auction(auction).stage, Stage::Solving);
    world.second();
    assert_eq!(world.auction(auction).stage, Stage::Cleared);
}

#[test]
fn a_chain_that_stood_still_binds_nobody_to_what_can_no_longer_be_delivered() {
    let (mut world, auction) = at("Solving");
    world.now_ms = slot_start_ms(DAY);
    world.block();
    assert_eq!(world.auction(auction).stage, Stage::Cleared);
    assert_eq!((world.position(0, DAY), world.nano(RIVAL)), ((0, 0), i128::from(MONEY as u64 / 2) * 10_000_000));
}
