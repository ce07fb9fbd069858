//! Solvers: the first that shows the best clearing earns a share; whoever shows anything else pays.

use super::clearing::{announce, certificate, show, solving};
use super::fixture::*;
use crate::energy::clearing::Certificate;
use crate::energy::*;
use crate::{Address, Event as Any};

fn flaw(world: &World) -> Option<u8> {
    world.events.iter().find_map(|event| match event {
        Any::Energy(Event::CertificateRefused { flaw, .. }) => Some(*flaw),
        _ => None,
    })
}

#[test]
fn a_worse_an_infeasible_and_a_price_shifted_clearing_are_refused_and_cost_the_bond() {
    let (world, auction) = solving();
    let good = certificate(&world.clone().book(auction));
    let node_of_n = 2; // outside, then S and N of the first slot
    let worse: &dyn Fn(&mut Certificate) = &|c| {
        for extremes in [&mut c.highest, &mut c.lowest] {
            extremes.iter_mut().skip(1).for_each(|extreme| extreme.price_micro = TERMS.technical_micro - 1);
        }
    };
    let infeasible: &dyn Fn(&mut Certificate) = &|c| *c.open_wh.first_mut().expect("one is open") += 1;
    let shifted: &dyn Fn(&mut Certificate) = &|c| c.highest[node_of_n].price_micro += 1;
    let cut: &dyn Fn(&mut Certificate) = &|c| c.lowest.truncate(3);
    for change in [worse, infeasible, shifted, cut] {
        let (mut world, mut wrong) = (world.clone(), good.clone());
        change(&mut wrong);
        let before = world.nano(SOLVER);
        show(&mut world, SOLVER, auction, &wrong.to_bytes());
        assert!(flaw(&world).is_some_and(|flaw| flaw > 0), "{:?}", world.events);
        assert_eq!(world.nano(SOLVER), before - i128::from(TERMS.bond_nano));
        assert_eq!((world.nano(MODULE), world.auction(auction).accepted), (i128::from(TERMS.bond_nano), None));
        // The race goes on: another one is accepted.
        let bytes = good.to_bytes();
        show(&mut world, RIVAL, auction, &bytes);
        assert_eq!(world.auction(auction).accepted, Some(RIVAL));
    }
    let mut world = world;
    show(&mut world, SOLVER, auction, &[7; 40]);
    assert_eq!(flaw(&world), Some(0), "no certificate at all");
}

#[test]
fn the_reward_is_a_share_of_what_was_won_and_never_more_than_the_pot_has() {
    let (mut world, auction) = solving();
    let bytes = certificate(&world.book(auction)).to_bytes();
    // The rival's bond fills the pot.
    show(&mut world, RIVAL, auction, &[7; 40]);
    let pot = world.nano(MODULE);
    let won = 2_235_000_000 - world.book(auction).by_slots().welfare_nano;
    assert!(won > 0);
    let before = world.nano(SOLVER);
    show(&mut world, SOLVER, auction, &bytes);
    world.second();
    let reward = won * i128::from(REWARD_PERCENT) / 100;
    assert!(reward > 0 && reward < pot);
    assert_eq!((world.nano(SOLVER) - before, pot - world.nano(MODULE)), (reward, reward));

    // With an empty pot there is nothing to share, and the clearing counts all the same.
    let (mut world, auction) = solving();
    show(&mut world, SOLVER, auction, &bytes);
    world.second();
    assert_eq!((world.auction(auction).accepted, world.nano(SOLVER)), (Some(SOLVER), before));
}

#[test]
fn who_sees_a_certificate_cannot_hand_it_in_as_its_own() {
    let (mut world, auction) = solving();
    let bytes = certificate(&world.book(auction)).to_bytes();
    announce(&mut world, SOLVER, auction, &bytes);
    // The rival copies the hash: what it shows would have to be bound to the rival.
    let copied = Announce { auction, hash: certificate_hash(auction, SOLVER, &bytes), bytes: bytes.len() as u32 };
    world.act(RIVAL, Action::from(copied)).expect("nobody can know yet");
    let part = bytes.clone();
    assert_eq!(world.refused(RIVAL, Submit { auction, part }), Refusal::NotAsAnnounced);
    // In the block of an announcement nothing is taken, so what is seen in the pool comes too late.
    world.height -= 1;
    let mut same_block = world.clone();
    let late = Announce { auction, hash: certificate_hash(auction, STRANGER, &bytes), bytes: bytes.len() as u32 };
    same_block.act(OPERATOR, Action::from(late)).expect_err("no purse, no bond");
    world.act(SOLVER, Action::from(Submit { auction, part: bytes })).expect("the own one");
    assert_eq!(world.auction(auction).accepted, Some(SOLVER));
}

#[test]
fn a_certificate_comes_in_parts_and_not_before_the_next_block() {
    let (mut world, auction) = solving();
    let bytes = certificate(&world.book(auction)).to_bytes();
    announce(&mut world, SOLVER, auction, &bytes);
    let announced = world.height;
    world.height -= 1;
    let part = bytes[..100].to_vec();
    assert_eq!(world.refused(SOLVER, Submit { auction, part: part.clone() }), Refusal::TooSoon { height: announced });
    for part in bytes.chunks(1_000) {
        assert_eq!(world.auction(auction).accepted, None);
        world.act(SOLVER, Action::from(Submit { auction, part: part.to_vec() })).expect("a part");
    }
    assert_eq!(world.auction(auction).accepted, Some(SOLVER));
    assert_eq!(world.refused(SOLVER, Submit { auction, part }), Refusal::WrongStage { stage: Stage::Solving });

    let (mut world, auction) = solving();
    announce(&mut world, SOLVER, auction, &bytes[..10]);
    let part = bytes[..11].to_vec();
    assert_eq!(world.refused(SOLVER, Submit { auction, part }), Refusal::NotAsAnnounced);
    let big = Submit { auction, part: vec![0; PART_MAX_BYTES as usize + 1] };
    assert_eq!(world.refused(SOLVER, big), Refusal::OutOfBounds { field: Field::Bytes });
}

#[test]
fn who_announces_and_then_is_silent_pays_unless_somebody_else_was_first() {
    let silent = |other: bool| {
        let (mut world, auction) = solving();
        let bytes = certificate(&world.book(auction)).to_bytes();
        announce(&mut world, RIVAL, auction, &bytes);
        let before = world.nano(RIVAL);
        if other {
            show(&mut world, SOLVER, auction, &bytes);
        }
        world.wait_until(world.auction(auction).until_ms + 1_000);
        assert_eq!(world.auction(auction).stage, Stage::Cleared);
        before - world.nano(RIVAL)
    };
    assert_eq!((silent(false), silent(true)), (i128::from(TERMS.bond_nano), 0));
}

#[test]
fn no_more_than_so_many_race_at_once_and_each_once() {
    let (mut world, auction) = solving();
    let announced = |solver: Address| Announce { auction, hash: certificate_hash(auction, solver, &[1]), bytes: 1 };
    world.act(SOLVER, Action::from(announced(SOLVER))).expect("announced");
    assert_eq!(world.refused(SOLVER, announced(SOLVER)), Refusal::AlreadyDone);
    let mut record = world.auction(auction);
    record.submissions = SUBMISSIONS_MAX;
    let mut effects = crate::Effects::default();
    effects.writes.insert(AUCTIONS.key(&auction), Some(borsh::to_vec(&record).expect("encodes").into()));
    world.memory.commit(&effects);
    assert_eq!(world.refused(RIVAL, announced(RIVAL)), Refusal::Full { max: SUBMISSIONS_MAX });
}

#[test]
fn with_no_solver_at_all_every_slot_still_clears() {
    let (mut world, auction) = solving();
    world.wait_until(world.auction(auction).until_ms);
    for slot in DAY..DAY + DAY_SLOTS {
        let book = world.slot(slot);
        assert_eq!(book.price_micro.len(), 2, "slot {slot}");
    }
    assert!(world.auction(auction).welfare_nano > 0);
}
