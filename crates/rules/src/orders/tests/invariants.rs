//! Every invariant is tripped by the record that breaks it: an audit that never speaks says nothing.

use super::fixture::*;
use crate::credits::{self, BALANCE, CreditId, HOLD, HoldId};
use crate::deadlines::{self, Cursor};
use crate::orders::*;
use crate::{B256, Draft, Env, Memory, disputes};

type Spoiler = Box<dyn Fn(&mut Draft<'_>)>;

/// Does something to the records that no rule would do.
fn spoil(memory: &mut Memory, how: impl FnOnce(&mut Draft<'_>)) {
    let env = Env { chain_id: 1, height: 0, time_ms: START_MS, caller: OWNER, key: None };
    let mut draft = Draft::new(memory, &Echo, env);
    how(&mut draft);
    let effects = draft.into_effects();
    memory.commit(&effects);
}

#[test]
fn each_spoilt_record_trips_its_own_invariant() {
    let (world, id) = World::reach(OrderState::Arbitration);
    let (device, offer) = (world.device, world.offer);
    let order = |change: fn(&mut Order)| {
        Box::new(move |d: &mut Draft<'_>| {
            let mut order = ORDERS.get(d, &id).expect("read").expect("an order");
            change(&mut order);
            ORDERS.put(d, &id, &order);
        }) as Spoiler
    };
    let slot = |change: fn(&mut Slot)| {
        Box::new(move |d: &mut Draft<'_>| {
            let mut slot = SLOTS.get(d, &(device, 0)).expect("read").expect("a slot");
            change(&mut slot);
            SLOTS.put(d, &(device, 0), &slot);
        }) as Spoiler
    };
    let hold = |id: HoldId, more: u128| {
        Box::new(move |d: &mut Draft<'_>| {
            let mut hold = HOLD.get(d, &id).expect("read").expect("a hold");
            hold.amount += more;
            HOLD.put(d, &id, &hold);
        }) as Spoiler
    };
    let cases: Vec<(&str, Spoiler)> = vec![
        (
            "CREDITS-1",
            Box::new(|d: &mut Draft<'_>| {
                let key = (CreditId::nth(1), OWNER);
                let mut balance = BALANCE.get(d, &key).expect("read").expect("a balance");
                balance.amount += 1;
                BALANCE.put(d, &key, &balance);
            }),
        ),
        ("CREDITS-2", hold(bond_of(SHOP), 1)),
        (
            "DEADLINES-1",
            Box::new(|d: &mut Draft<'_>| {
                let second = START_MS / 1_000 + 1_000_000;
                deadlines::SECOND.put(d, &second, &deadlines::Second { second, entries: 1 });
            }),
        ),
        (
            "DEADLINES-2",
            Box::new(|d: &mut Draft<'_>| {
                deadlines::CURSOR.put(d, &(), &Cursor { second: u64::MAX, index: 0 });
            }),
        ),
        (
            "DISPUTES-1",
            Box::new(move |d: &mut Draft<'_>| {
                let mut dispute = disputes::DISPUTE.get(d, &id).expect("read").expect("a dispute");
                dispute.deadline_ms = dispute.end_ms + 1;
                disputes::DISPUTE.put(d, &id, &dispute);
            }),
        ),
        ("ORDERS-1", hold(escrow(id), 1)),
        (
            "ORDERS-1",
            Box::new(|d: &mut Draft<'_>| {
                let id = HoldId { module: MODULE, kind: 9, id: B256::ZERO };
                credits::move_hold(d, CreditId::nth(1), bond_of(SHOP), id, 1).expect("moved");
            }),
        ),
        ("ORDERS-2", order(|order| order.total += 1)),
        ("ORDERS-3", order(|order| order.total += 1)),
        (
            "ORDERS-4",
            Box::new(move |d: &mut Draft<'_>| {
                let mut mandate = MANDATES.get(d, &(device, 0)).expect("read").expect("a mandate");
                mandate.spent = mandate.terms.period_amount_max + 1;
                MANDATES.put(d, &(device, 0), &mandate);
            }),
        ),
        ("ORDERS-5", slot(|slot| slot.open_order = Some(B256::repeat_byte(1)))),
        ("ORDERS-6", order(|order| order.deadline_ms = order.ends_ms - 7_000_000)),
        ("ORDERS-7", order(|order| order.ends_ms += 1)),
        (
            "ORDERS-8",
            Box::new(move |d: &mut Draft<'_>| {
                let mut record = OFFERS.get(d, &offer).expect("read").expect("an offer");
                record.stock += 1;
                OFFERS.put(d, &offer, &record);
            }),
        ),
        ("ORDERS-9", slot(|slot| slot.attempts = ATTEMPTS_MAX + 1)),
    ];
    for (invariant, how) in cases {
        let mut memory = world.memory.clone();
        assert_eq!(crate::audit(&memory), Ok(Vec::new()));
        spoil(&mut memory, how);
        let named: Vec<_> = crate::audit(&memory).expect("decodes").into_iter().map(|violation| violation.invariant).collect();
        assert!(named.contains(&invariant), "{invariant} did not speak, {named:?} did");
    }
}

#[test]
fn a_record_that_does_not_decode_stops_the_audit() {
    let (mut world, id) = World::reach(OrderState::Placed);
    world.memory.0.insert(ORDERS.key(&id), vec![1, 2, 3].into());
    assert_eq!(crate::audit(&world.memory), Err(crate::Stop::Corrupt(ORDERS.key(&id))));
}
