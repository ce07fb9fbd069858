//! Every invariant speaks when what it watches is spoilt.

use super::fixture::*;
use crate::accounts::*;
use crate::{Draft, deadlines};

type Spoiler = Box<dyn Fn(&mut Draft<'_>)>;

fn key(name: Address, change: fn(&mut AccessKey)) -> Spoiler {
    Box::new(move |d| {
        let mut record = KEYS.get(d, &(OWNER, name)).expect("read").expect("a key");
        change(&mut record);
        KEYS.put(d, &(OWNER, name), &record);
    })
}

fn ring(change: fn(&mut Ring)) -> Spoiler {
    Box::new(move |d| {
        let mut record = RINGS.get(d, &OWNER).expect("read").expect("a ring");
        change(&mut record);
        RINGS.put(d, &OWNER, &record);
    })
}

fn guardians(change: fn(&mut Guardianship)) -> Spoiler {
    Box::new(move |d| {
        let mut record = GUARDIANSHIPS.get(d, &OWNER).expect("read").expect("guardians");
        change(&mut record);
        GUARDIANSHIPS.put(d, &OWNER, &record);
    })
}

#[test]
fn each_spoilt_record_trips_its_own_invariant() {
    let mut world = Town::at(Stage::Waiting);
    let publish = Action::PublishSealingKey { kind: SealingKind::X25519, public_key: vec![1; 32], keep_ms: 0 };
    world.act(OWNER, None, publish).expect("published");
    let cases: Vec<(&str, Spoiler)> = vec![
        ("ACCOUNTS-1", key(LIMITED, |key| key.revoked = true)),
        ("ACCOUNTS-1", key(LIMITED, |key| key.epoch = 1)),
        ("ACCOUNTS-1", ring(|ring| ring.keys.push(ring.keys[0]))),
        ("ACCOUNTS-1", ring(|ring| ring.keys.push(STRANGER))),
        ("ACCOUNTS-1", ring(|ring| ring.keys.retain(|key| *key != ADMIN))),
        ("ACCOUNTS-2", key(LIMITED, |key| key.used[0].spent = DAILY + 1)),
        ("ACCOUNTS-2", key(LIMITED, |key| key.used.clear())),
        ("ACCOUNTS-2", key(LIMITED, |key| key.terms.admin = true)),
        ("ACCOUNTS-2", key(ADMIN, |key| key.terms.admin = false)),
        ("ACCOUNTS-3", key(LIMITED, |key| key.terms.scopes[0].target = MODULE)),
        ("ACCOUNTS-3", key(LIMITED, |key| key.terms.scopes[0].target = OWNER)),
        ("ACCOUNTS-4", guardians(|record| record.set.threshold = record.set.count)),
        ("ACCOUNTS-4", guardians(|record| record.named.push(record.named[0]))),
        ("ACCOUNTS-5", guardians(|record| record.named.truncate(1))),
        ("ACCOUNTS-5", guardians(|record| record.waiting = record.waiting.map(|w| Waiting { deadline_ms: 0, ..w }))),
        (
            "ACCOUNTS-6",
            ring(|ring| {
                ring.epoch = 1;
                ring.keys.clear();
            }),
        ),
        (
            "ACCOUNTS-7",
            Box::new(|d| {
                let mut record = SEALING_KEYS.get(d, &(OWNER, SealingKind::X25519)).expect("read").expect("a key");
                record.public_key.push(0);
                SEALING_KEYS.put(d, &(OWNER, SealingKind::X25519), &record);
            }),
        ),
    ];
    for (invariant, spoil) in cases {
        let mut memory = world.memory.clone();
        assert_eq!(crate::audit(&memory), Ok(Vec::new()));
        let env = crate::Env { chain_id: 1, height: 0, time_ms: START_MS, caller: OWNER, key: None };
        let mut draft = Draft::new(&mut memory, &crate::testing::NoKeys, env);
        spoil(&mut draft);
        let effects = draft.into_effects();
        memory.commit(&effects);
        let named: Vec<_> = crate::audit(&memory).expect("decodes").into_iter().map(|violation| violation.invariant).collect();
        assert!(named.contains(&invariant), "{invariant} did not speak, {named:?} did");
    }
    assert_eq!(deadlines::audit(&world.memory), Ok(Vec::new()));
}
