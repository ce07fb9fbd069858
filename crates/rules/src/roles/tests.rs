//! Roles: granted by recognised issuers, for a time.

use super::*;
use crate::{Memory, testing::transact};

const ISSUER: Address = Address::repeat_byte(1);
const OTHER: Address = Address::repeat_byte(2);
const ANN: Address = Address::repeat_byte(3);
const NOW_MS: u64 = 1_000_000;
const DAY: u64 = NOW_MS + DAY_MS;

fn town() -> Memory {
    let mut memory = Memory::default();
    transact(&mut memory, NOW_MS, ANN, |d| {
        recognise(d, Role::Carrier, ISSUER);
        recognise(d, Role::Carrier, OTHER);
        Ok(())
    })
    .expect("recognised");
    memory
}

fn act(memory: &mut Memory, now_ms: u64, caller: Address, action: Action) -> Result<(), Failure> {
    let before = memory.clone();
    let outcome = transact(memory, now_ms, caller, |d| apply(d, action)).map(|_| ());
    assert!(outcome.is_ok() || *memory == before);
    outcome
}

fn grant(until_ms: u64) -> Action {
    Action::Grant { role: Role::Carrier, to: ANN, until_ms }
}

#[test]
fn a_role_is_held_before_its_end_and_not_at_it() {
    let mut memory = town();
    act(&mut memory, NOW_MS, ISSUER, grant(DAY)).expect("granted");
    for (now_ms, held) in [(NOW_MS, true), (DAY - 1, true), (DAY, false)] {
        assert_eq!(has(&mut memory, Role::Carrier, ANN, now_ms), Ok(held));
    }
    assert_eq!(has(&mut memory, Role::Arbiter, ANN, NOW_MS), Ok(false), "one role is not another");
}

#[test]
fn only_issuers_of_the_role_grant_it_and_never_for_ever() {
    let mut memory = town();
    let role = Role::Carrier;
    let not_issuer = |caller| Err(Refusal::NotIssuerOfRole { role, caller }.into());
    assert_eq!(act(&mut memory, NOW_MS, ANN, grant(DAY)), not_issuer(ANN));
    let arbiter = Action::Grant { role: Role::Arbiter, to: ANN, until_ms: DAY };
    assert!(act(&mut memory, NOW_MS, ISSUER, arbiter).is_err(), "an issuer of one role grants no other");
    let (min_ms, max_ms) = (NOW_MS + 1, NOW_MS + GRANT_MAX_MS);
    for until_ms in [NOW_MS, max_ms + 1] {
        assert_eq!(act(&mut memory, NOW_MS, ISSUER, grant(until_ms)), Err(Refusal::BadUntil { until_ms, min_ms, max_ms }.into()));
    }
    act(&mut memory, NOW_MS, ISSUER, grant(max_ms)).expect("the longest");
}

#[test]
fn an_issuer_touches_its_own_grants_alone_and_a_holder_gives_up_what_it_has() {
    let mut memory = town();
    act(&mut memory, NOW_MS, ISSUER, grant(DAY)).expect("granted");
    assert_eq!(act(&mut memory, NOW_MS, OTHER, grant(DAY)), Err(Refusal::HeldFromOther { issuer: ISSUER }.into()));
    let revoke = Action::Revoke { role: Role::Carrier, from: ANN };
    let refused = Err(Refusal::NotIssuerOfRole { role: Role::Carrier, caller: OTHER }.into());
    assert_eq!(act(&mut memory, NOW_MS, OTHER, revoke.clone()), refused);
    act(&mut memory, DAY, OTHER, grant(DAY + 1)).expect("what has run out is free to grant");
    act(&mut memory, DAY, OTHER, revoke.clone()).expect("revoked");
    let not_held = Err(Refusal::NotHeld { role: Role::Carrier, holder: ANN }.into());
    assert_eq!(act(&mut memory, DAY, OTHER, revoke), not_held);
    act(&mut memory, DAY, ISSUER, grant(DAY + 1)).expect("granted");
    let renounce = Action::Renounce { role: Role::Carrier };
    act(&mut memory, DAY, ANN, renounce.clone()).expect("given up");
    assert_eq!(act(&mut memory, DAY, ANN, renounce), not_held);
}

#[test]
fn every_role_has_its_own_number() {
    for role in Role::ALL {
        assert_eq!(Role::from_number(role as u8), Some(role));
    }
    assert_eq!((Role::from_number(0), Role::from_number(6)), (None, None));
}
