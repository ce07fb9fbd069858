//! Who gives and takes keys, and what a key is let through to.

use super::{fixture::*, recovery::rows_of};
use crate::accounts::*;
use crate::bounds::{AMOUNT_MAX, DAY_MS, HOUR_MS};
use crate::credits::CreditId;
use crate::{Address, Output, roles};

fn call(to: Address, data: &[u8]) -> Call<'_> {
    Call { to: Some(to), value: false, data }
}

#[test]
fn a_limited_key_may_do_nothing_here_but_revoke_itself() {
    let every = [
        authorize(NEW, limited()),
        authorize(NEW, admin()),
        Action::RevokeKey { key: ADMIN },
        Action::RevokeKey { key: NEW },
        Action::SetGuardians { commitment: commitment(), threshold: 1, count: 2 },
        Action::SetGuardians { commitment: commitment(), threshold: 0, count: 0 },
        name_key(NEW),
        Action::VetoRecovery,
        Action::RunDeadline { account: OWNER },
        Action::PublishSealingKey { kind: SealingKind::X25519, public_key: vec![1; 32], keep_ms: 0 },
        Action::WithdrawSealingKey { kind: SealingKind::X25519 },
    ];
    for stage in Stage::ALL {
        for action in &every {
            let mut town = Town::at(stage);
            let before = town.memory.clone();
            let outcome = town.act(OWNER, Some(LIMITED), action.clone());
            assert_eq!(outcome, refused(Refusal::KeyMayNot { key: LIMITED }), "{stage:?} {action:?}");
            assert!(town.memory == before);
        }
        let mut town = Town::at(stage);
        assert_eq!(town.act(OWNER, Some(LIMITED), Action::RevokeKey { key: LIMITED }), Ok(Output::None));
    }
    // Nor for somebody else, where its account is a guardian.
    let mut town = Town::new();
    let guardian = GUARDIANS[0];
    town.act(guardian, None, authorize(LIMITED, limited())).expect("a key of the guardian's");
    assert_eq!(town.act(guardian, Some(LIMITED), name_key(NEW)), refused(Refusal::KeyMayNot { key: LIMITED }));
}

#[test]
fn root_and_admin_keys_give_and_take_keys() {
    for by in [None, Some(ADMIN)] {
        let mut town = Town::new();
        town.act(OWNER, by, authorize(NEW, limited())).expect("given");
        town.act(OWNER, by, Action::RevokeKey { key: NEW }).expect("taken");
        town.act(OWNER, by, Action::RevokeKey { key: ADMIN }).expect("an admin key too, also by itself");
        let listed: Vec<_> = keys_of(&mut town.memory, OWNER).expect("read").iter().map(|record| record.key).collect();
        assert_eq!(listed, [LIMITED]);
    }
    let mut town = Town::new();
    town.act(STRANGER, None, Action::RevokeKey { key: LIMITED }).expect("each account its own");
    assert_eq!(town.admit(LIMITED, KeyKind::P256, &[]), Ok(()));
    assert_eq!(
        town.act(OWNER, Some(OTHER), authorize(NEW, limited())),
        refused(Refusal::UnknownKey { account: OWNER, key: OTHER })
    );
}

/// What a key is to its account. A key that a recovery replaced is out of the table: nothing but guardians can change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyState {
    Unknown,
    Stands,
    RanOut,
    Revoked,
    Replaced,
}

impl KeyState {
    const ALL: [Self; 5] = [Self::Unknown, Self::Stands, Self::RanOut, Self::Revoked, Self::Replaced];

    fn town(self) -> Town {
        let mut town = Town::new();
        if self != Self::Unknown {
            town.act(OWNER, None, authorize(NEW, KeyTerms { expires_ms: town.now_ms + DAY_MS, ..limited() })).expect("given");
        }
        match self {
            Self::RanOut => town.block(DAY_MS),
            Self::Revoked => {
                town.act(OWNER, None, Action::RevokeKey { key: NEW }).expect("revoked");
            }
            Self::Replaced => {
                town.named_by(0..2, OTHER);
                town.block(RECOVERY_DELAY_MS + 1_000);
            }
            Self::Unknown | Self::Stands => {}
        }
        town
    }

    fn of(town: &mut Town) -> Self {
        let epoch = keys::ring(&mut town.memory, OWNER).expect("read").epoch;
        let Some(record) = KEYS.get(&mut town.memory, &(OWNER, NEW)).expect("read") else { return Self::Unknown };
        match record.fallen(town.now_ms, epoch) {
            None => Self::Stands,
            Some(Refusal::KeyExpired { .. }) => Self::RanOut,
            Some(Refusal::KeyRevoked { .. }) => Self::Revoked,
            Some(_) => Self::Replaced,
        }
    }
}

#[test]
fn a_key_goes_from_state_to_state_as_the_table_says_and_not_otherwise() {
    let table = rows_of(include_str!("../mod.rs"), "//! |", "# Keys", "An address is a key");
    assert_eq!(table.len(), 4, "a row was added or lost: the test must know it");
    let mut walked = 0;
    for state in KeyState::ALL {
        for (name, action) in [("AuthorizeKey", authorize(NEW, limited())), ("RevokeKey", Action::RevokeKey { key: NEW })] {
            for (who, by) in [("root", None), ("admin", Some(ADMIN)), ("limited", Some(LIMITED)), ("itself", Some(NEW))] {
                let mut town = state.town();
                assert_eq!(KeyState::of(&mut town), state);
                let outcome = town.act(OWNER, by, action.clone());
                let row = table
                    .iter()
                    .find(|row| row[0] == format!("{state:?}") && row[1] == name && row[2].split(", ").any(|one| one == who));
                let to = row.map_or(format!("{state:?}"), |row| row[3].clone());
                assert_eq!(format!("{:?}", KeyState::of(&mut town)), to, "{state:?} {name} {who}: {outcome:?}");
                assert_eq!(outcome.is_ok(), row.is_some(), "{state:?} {name} {who}: {outcome:?}");
                walked += usize::from(row.is_some());
            }
        }
    }
    assert_eq!(walked, 9);
}

#[test]
fn a_key_that_was_revoked_before_it_came_never_comes() {
    let mut town = Town::new();
    town.act(OWNER, None, Action::RevokeKey { key: NEW }).expect("revoked in advance");
    assert_eq!(town.events, [crate::Event::Accounts(Event::KeyRevoked { account: OWNER, key: NEW })]);
    let stolen = |town: &mut Town, by| town.draft(NEW, None, |d| authorize_signed(d, OWNER, by, NEW, limited()));
    assert_eq!(stolen(&mut town, None), refused(Refusal::KeyKnown { key: NEW }));
    assert_eq!(stolen(&mut town, Some(ADMIN)), refused(Refusal::KeyKnown { key: NEW }));
    assert_eq!(town.admit(NEW, KeyKind::P256, &[]), refused(Refusal::KeyRevoked { key: NEW }));
    assert_eq!(town.act(OWNER, None, Action::RevokeKey { key: NEW }), refused(Refusal::KeyRevoked { key: NEW }), "once");
    for key in [Address::ZERO, OWNER, roles::MODULE, MONEY.0] {
        assert_eq!(town.act(OWNER, None, Action::RevokeKey { key }), refused(Refusal::NotAKey { key }));
    }
    // It takes no place in the ring, needs none, and is no way to keep guardians from naming it.
    assert_eq!(keys_of(&mut town.memory, OWNER).expect("read").len(), 2);
    for n in 0..KEYS_MAX - 2 {
        let key = Address::from_word(crate::B256::left_padding_from(&(n + 1).to_be_bytes()));
        town.act(OWNER, None, authorize(key, limited())).expect("room");
    }
    town.act(OWNER, None, Action::RevokeKey { key: OTHER }).expect("with a full ring too");
    town.named_by(0..2, NEW);
    town.block(RECOVERY_DELAY_MS + 1_000);
    assert_eq!(town.admit(NEW, KeyKind::P256, &[]), Ok(()));
}

#[test]
fn an_address_is_a_key_once() {
    let mut town = Town::new();
    assert_eq!(town.act(OWNER, None, authorize(LIMITED, limited())), refused(Refusal::KeyKnown { key: LIMITED }));
    town.act(OWNER, None, Action::RevokeKey { key: LIMITED }).expect("revoked");
    for (what, outcome) in [
        ("given again", town.act(OWNER, None, authorize(LIMITED, limited())).map(|_| ())),
        ("an old authorisation", town.draft(LIMITED, None, |d| authorize_signed(d, OWNER, None, LIMITED, limited()))),
    ] {
        assert_eq!(outcome, refused(Refusal::KeyKnown { key: LIMITED }), "{what}");
    }
    assert_eq!(town.act(OWNER, None, Action::RevokeKey { key: LIMITED }), refused(Refusal::KeyRevoked { key: LIMITED }));
    assert_eq!(town.admit(LIMITED, KeyKind::P256, &[]), refused(Refusal::KeyRevoked { key: LIMITED }));
    town.now_ms = limited().expires_ms;
    assert_eq!(town.act(OWNER, None, authorize(LIMITED, limited())), refused(Refusal::KeyKnown { key: LIMITED }));
}

#[test]
fn a_signed_authorisation_holds_as_the_one_who_signed_it_would() {
    let mut town = Town::new();
    town.draft(NEW, None, |d| authorize_signed(d, OWNER, None, NEW, limited())).expect("root signed");
    town.draft(NEW, None, |d| authorize_signed(d, OWNER, Some(ADMIN), OTHER, limited())).expect("an admin key signed");
    let key = Address::repeat_byte(0xa5);
    for (by, refusal) in
        [(LIMITED, Refusal::KeyMayNot { key: LIMITED }), (STRANGER, Refusal::UnknownKey { account: OWNER, key: STRANGER })]
    {
        assert_eq!(town.draft(NEW, None, |d| authorize_signed(d, OWNER, Some(by), key, limited())), refused(refusal));
    }
    let expired = KeyTerms { expires_ms: town.now_ms, ..limited() };
    let old = town.draft(NEW, None, |d| authorize_signed(d, OWNER, None, key, expired));
    assert_eq!(old, refused(Refusal::OutOfBounds { field: Field::Expiry }));
}

#[test]
fn every_bound_of_a_key_is_kept() {
    let credit = |n| CreditId::nth(n);
    let limit = |amount, period_ms| vec![Limit { credit: MONEY, amount, period_ms }];
    let scopes =
        |targets: Vec<Address>| targets.into_iter().map(|target| Scope { target, selectors: vec![] }).collect::<Vec<_>>();
    let many = |n: u8| (1..=n).map(|byte| Address::repeat_byte(0x80 + byte)).collect::<Vec<_>>();
    let selectors = |n: u32| vec![Scope { target: CONTRACT, selectors: (0..n).map(u32::to_be_bytes).collect() }];
    let limits = |n: u32| (1..=n).map(|n| Limit { credit: credit(n), amount: 1, period_ms: 0 }).collect::<Vec<_>>();
    let (l, now) = (limited, START_MS + 1_000);
    let wrong = [
        (KeyTerms { expires_ms: 1, ..admin() }, Field::Admin),
        (KeyTerms { limits: limit(1, 0), ..admin() }, Field::Admin),
        (KeyTerms { scopes: scopes(vec![CONTRACT]), ..admin() }, Field::Admin),
        (KeyTerms { expires_ms: 0, ..l() }, Field::Expiry),
        (KeyTerms { expires_ms: now, ..l() }, Field::Expiry),
        (KeyTerms { expires_ms: now + KEY_MAX_MS + 1, ..l() }, Field::Expiry),
        (KeyTerms { limits: limits(LIMITS_MAX + 1), ..l() }, Field::Limits),
        (KeyTerms { limits: [limit(1, 0), limit(2, 0)].concat(), ..l() }, Field::Limits),
        (KeyTerms { limits: limit(AMOUNT_MAX + 1, 0), ..l() }, Field::Amount),
        (KeyTerms { limits: limit(1, HOUR_MS - 1), ..l() }, Field::Period),
        (KeyTerms { limits: limit(1, PERIOD_MAX_MS + 1), ..l() }, Field::Period),
        (KeyTerms { scopes: vec![], ..l() }, Field::Scopes),
        (KeyTerms { scopes: scopes(many(17)), ..l() }, Field::Scopes),
        (KeyTerms { scopes: scopes(vec![CONTRACT, CONTRACT]), ..l() }, Field::Scopes),
        (KeyTerms { scopes: scopes(vec![MODULE]), ..l() }, Field::Scopes),
        (KeyTerms { scopes: scopes(vec![OWNER]), ..l() }, Field::Scopes),
        (KeyTerms { scopes: selectors(SELECTORS_MAX + 1), ..l() }, Field::Selectors),
    ];
    let mut town = Town::empty();
    assert_eq!(town.now_ms, now);
    for (terms, field) in wrong {
        let outcome = town.act(OWNER, None, authorize(NEW, terms.clone()));
        assert_eq!(outcome, refused(Refusal::OutOfBounds { field }), "{terms:?}");
    }
    let largest: Vec<Scope> =
        many(16).into_iter().map(|target| Scope { target, selectors: selectors(SELECTORS_MAX)[0].selectors.clone() }).collect();
    let good = [
        KeyTerms { expires_ms: now + KEY_MAX_MS, limits: limits(LIMITS_MAX), scopes: largest, ..l() },
        KeyTerms { expires_ms: now + 1, limits: vec![], ..l() },
        KeyTerms { limits: limit(AMOUNT_MAX, PERIOD_MIN_MS), ..l() },
        admin(),
    ];
    for (terms, byte) in good.into_iter().zip(1..) {
        town.act(OWNER, None, authorize(Address::repeat_byte(byte), terms)).expect("within bounds");
    }
    for key in [Address::ZERO, OWNER, roles::MODULE, MONEY.0] {
        assert_eq!(town.act(OWNER, None, authorize(key, admin())), refused(Refusal::NotAKey { key }));
    }
}

#[test]
fn a_full_ring_makes_room_for_keys_that_have_run_out_alone() {
    let mut town = Town::empty();
    let key = |n: u32| Address::from_word(crate::B256::left_padding_from(&(n + 1).to_be_bytes()));
    let short = KeyTerms { expires_ms: START_MS + DAY_MS, ..limited() };
    for n in 0..KEYS_MAX {
        let terms = if n % 2 == 0 { short.clone() } else { limited() };
        town.act(OWNER, None, authorize(key(n), terms)).expect("room");
    }
    assert_eq!(town.act(OWNER, None, authorize(NEW, admin())), refused(Refusal::TooManyKeys { max: KEYS_MAX }));
    town.block(DAY_MS);
    town.act(OWNER, None, authorize(NEW, admin())).expect("room again");
    assert_eq!(keys_of(&mut town.memory, OWNER).expect("read").len(), 17);
    assert_eq!(town.act(OWNER, None, authorize(key(0), limited())), refused(Refusal::KeyKnown { key: key(0) }), "not even then");
    town.act(OWNER, None, Action::RevokeKey { key: key(0) }).expect("one that has run out may be revoked");
}

#[test]
fn what_is_in_scope_is_let_through_and_nothing_else() {
    let mut town = Town::new();
    let transfer = [&TRANSFER[..], &[0; 64]].concat();
    let other = [0x09, 0x5e, 0xa7, 0xb3];
    let good = [
        call(MONEY.0, &transfer),
        call(MONEY.0, &TRANSFER),
        call(CONTRACT, &[]),
        call(CONTRACT, &[1]),
        call(CONTRACT, &other),
        call(MODULE, &other),
    ];
    assert_eq!(town.admit(LIMITED, KeyKind::P256, &good), Ok(()));
    let creation = Call { to: None, value: false, data: &[] };
    let out_of = |selector| Refusal::SelectorOutOfScope { target: MONEY.0, selector };
    let wrong = [
        (creation, Refusal::CreationOutOfScope),
        (Call { value: true, ..call(CONTRACT, &[]) }, Refusal::ValueOutOfScope),
        (Call { value: true, ..call(MODULE, &[]) }, Refusal::ValueOutOfScope),
        (call(OTHER_MONEY.0, &transfer), Refusal::TargetOutOfScope { target: OTHER_MONEY.0 }),
        (call(OWNER, &[]), Refusal::TargetOutOfScope { target: OWNER }),
        (call(crate::orders::MODULE, &transfer), Refusal::TargetOutOfScope { target: crate::orders::MODULE }),
        (call(MONEY.0, &other), out_of(other)),
        (call(MONEY.0, &TRANSFER[..3]), out_of([0; 4])),
        (call(MONEY.0, &[]), out_of([0; 4])),
    ];
    for (call, refusal) in wrong {
        // One call out of scope refuses the whole, wherever it stands.
        for calls in [vec![call], vec![good[0], call], vec![call, good[1]]] {
            assert_eq!(town.admit(LIMITED, KeyKind::P256, &calls), refused(refusal), "{calls:?}");
        }
        assert_eq!(town.admit(ADMIN, KeyKind::WebAuthn, &[call]), Ok(()), "an admin key has no scope");
    }
}

#[test]
fn a_key_that_does_not_stand_is_let_through_to_nothing() {
    let mut town = Town::new();
    let want = KeyKind::P256 as u8;
    for kind in [KeyKind::Secp256k1, KeyKind::WebAuthn] {
        assert_eq!(town.admit(LIMITED, kind, &[]), refused(Refusal::WrongKind { have: kind as u8, want }));
    }
    assert_eq!(town.admit(NEW, KeyKind::P256, &[]), refused(Refusal::UnknownKey { account: OWNER, key: NEW }));
    let expires_ms = limited().expires_ms;
    town.now_ms = expires_ms - 1;
    assert_eq!(town.admit(LIMITED, KeyKind::P256, &[]), Ok(()));
    town.now_ms = expires_ms;
    assert_eq!(town.admit(LIMITED, KeyKind::P256, &[]), refused(Refusal::KeyExpired { expires_ms }));
    assert_eq!(town.admit(ADMIN, KeyKind::WebAuthn, &[]), Ok(()), "an admin key has no end");
}

#[test]
fn of_several_refusals_the_first_of_the_list_is_given() {
    let bad = KeyTerms { expires_ms: 0, ..limited() };
    let mut town = Town::new();
    for n in 0..KEYS_MAX - 2 {
        let key = Address::from_word(crate::B256::left_padding_from(&(n + 1).to_be_bytes()));
        town.act(OWNER, None, authorize(key, limited())).expect("room");
    }
    for (by, key, terms, refusal) in [
        (Some(LIMITED), OWNER, bad.clone(), Refusal::KeyMayNot { key: LIMITED }),
        (None, OWNER, bad.clone(), Refusal::NotAKey { key: OWNER }),
        (None, LIMITED, bad.clone(), Refusal::KeyKnown { key: LIMITED }),
        (None, NEW, bad, Refusal::OutOfBounds { field: Field::Expiry }),
        (None, NEW, limited(), Refusal::TooManyKeys { max: KEYS_MAX }),
    ] {
        assert_eq!(town.act(OWNER, by, authorize(key, terms)), refused(refusal));
    }
    let all_wrong = [Call { to: Some(OWNER), value: true, data: &[] }, Call { to: None, value: true, data: &[] }];
    let want = KeyKind::P256 as u8;
    assert_eq!(town.admit(LIMITED, KeyKind::WebAuthn, &all_wrong), refused(Refusal::WrongKind { have: 2, want }));
    assert_eq!(town.admit(LIMITED, KeyKind::P256, &all_wrong), refused(Refusal::ValueOutOfScope));
    assert_eq!(town.admit(LIMITED, KeyKind::P256, &all_wrong[1..]), refused(Refusal::CreationOutOfScope));
    town.now_ms = limited().expires_ms;
    let expired = Refusal::KeyExpired { expires_ms: town.now_ms };
    assert_eq!(town.admit(LIMITED, KeyKind::WebAuthn, &all_wrong), refused(expired));
}
