//! Scopes by the selectors of the true interfaces, and what they reach beyond the limits.

use super::*;
use crate::abi::energy::IEnergy;
use crate::abi::orders::IOrders;
use crate::abi::tests::actions;
use crate::abi::{decode as decode_call, encode as encode_action};
use alloy_primitives::{Address, B256, address};
use alloy_sol_types::private::alloy_json_abi::StateMutability;
use dure_rules::accounts::{Call, Power, Powers, admit, authorize_signed};
use dure_rules::{Draft, Env, Failure, Memory, Verifier, disputes, energy, orders, roles};
use std::collections::BTreeSet;

const OWNER: Address = address!("00000000000000000000000000000000000a11ce");
const KEY: Address = address!("000000000000000000000000000000000000beef");
const NOW_MS: u64 = 1_800_000_000_000;

struct NoKeys;

impl Verifier for NoKeys {
    fn p256(&self, _: &[u8; 64], _: &B256, _: &[u8; 64]) -> bool {
        false
    }

    fn secp256k1(&self, _: &[u8; 64], _: &B256, _: &[u8; 64]) -> bool {
        false
    }
}

fn env() -> Env {
    Env { chain_id: 1, height: 1, time_ms: NOW_MS, caller: OWNER, key: None }
}

/// An account with a key of this scope.
fn with_scope(target: Address, selectors: Vec<[u8; 4]>) -> Memory {
    let (mut memory, limits) = (Memory::default(), Vec::new());
    let (kind, scopes) = (KeyKind::P256, vec![Scope { target, selectors }]);
    let terms = KeyTerms { kind, admin: false, expires_ms: NOW_MS + 1, limits, scopes };
    let mut draft = Draft::new(&mut memory, &NoKeys, env());
    authorize_signed(&mut draft, OWNER, None, KEY, terms).expect("within bounds");
    let effects = draft.into_effects();
    memory.commit(&effects);
    memory
}

#[test]
fn a_scope_of_one_function_lets_that_function_through_and_no_other() {
    let calls: Vec<_> = actions().iter().map(encode_action).filter(|(to, _)| *to != MODULE).collect();
    let mut let_through = 0;
    for (target, allowed) in &calls {
        let selector = *allowed.first_chunk::<4>().expect("a selector");
        let mut memory = with_scope(*target, vec![selector]);
        for (to, data) in &calls {
            let call = Call { to: Some(*to), value: false, data };
            let outcome = admit(&mut memory, NOW_MS, OWNER, KEY, KeyKind::P256, [call]);
            let same = to == target && data.starts_with(&selector);
            assert_eq!(outcome.is_ok(), same, "{to} {data} by a key for {target} {allowed}");
            assert!(same || matches!(outcome, Err(Failure::Refused(dure_rules::Refusal::Accounts(_)))));
            let_through += u32::from(same);
        }
    }
    assert!(let_through >= calls.len() as u32);
}

fn view<C: alloy_sol_types::SolCall>(memory: &mut Memory, call: C) -> C::Return {
    let Ok(Ask::View(question)) = decode_call(MODULE, &call.abi_encode()) else { panic!("not a question") };
    let mut draft = Draft::new(memory, &NoKeys, env());
    let answer = question(&mut draft).expect("an answer");
    C::abi_decode_returns_validate(&answer).expect("its encoding")
}

#[test]
fn what_a_key_may_and_reaches_can_be_asked() {
    let selector = [1, 2, 3, 4];
    let mut memory = with_scope(orders::MODULE, vec![selector]);
    let account = OWNER;
    assert!(view(&mut memory, IAccounts::rootStandsCall { account }));
    let keys = view(&mut memory, IAccounts::keysOfCall { account });
    let key = view(&mut memory, IAccounts::keyOfCall { account, key: KEY });
    assert_eq!((keys.len(), keys[0].key, keys[0].stands, key.expiresMs), (1, KEY, true, NOW_MS + 1));
    assert_eq!(key.scopes[0].selectors, [FixedBytes(selector)]);
    let reach = view(&mut memory, IAccounts::reachOfCall { account, key: KEY });
    assert_eq!((reach.admin, reach.untilMs, reach.powers, reach.scopes.len()), (false, NOW_MS + 1, 0, 1));
    let nothing = view(&mut memory, IAccounts::reachOfCall { account, key: OWNER });
    assert_eq!((nothing.admin, nothing.untilMs, nothing.scopes.len()), (false, 0, 0));
}

#[test]
fn the_powers_of_a_scope_are_those_of_its_functions() {
    let none = Powers::default();
    let all = [Power::Mandates, Power::Orders, Power::Shop].into_iter().fold(none, Powers::with);
    let credit = CreditId::nth(1).0;
    let of = |selector: [u8; 4]| vec![selector];
    for (target, selectors, expected) in [
        (orders::MODULE, vec![], all),
        (orders::MODULE, of(IOrders::setMandateCall::SELECTOR), none.with(Power::Mandates)),
        (orders::MODULE, of(IOrders::confirmDeliveryCall::SELECTOR), none.with(Power::Orders)),
        (orders::MODULE, of(IOrders::setPayoutCall::SELECTOR), none.with(Power::Shop)),
        (orders::MODULE, of(IOrders::placeOrderCall::SELECTOR), none),
        (disputes::MODULE, vec![], none.with(Power::Rulings)),
        (disputes::MODULE, of([0; 4]), none),
        (energy::MODULE, vec![], none.with(Power::Energy)),
        (energy::MODULE, of(IEnergy::commitCall::SELECTOR), none.with(Power::Energy)),
        (energy::MODULE, of(IEnergy::depositCall::SELECTOR), none),
        (roles::MODULE, vec![], none.with(Power::Roles)),
        (credit, vec![], none.with(Power::Other)),
        (credit, of(crate::abi::credits::ICredit::transferCall::SELECTOR), none),
        (dure_rules::credits::REGISTRY, vec![], none.with(Power::Other)),
        (KEY, vec![], none.with(Power::Contracts)),
        (KEY, of([0; 4]), none.with(Power::Contracts)),
    ] {
        assert_eq!(powers(&Scope { target, selectors: selectors.clone() }), expected, "{target} {selectors:?}");
    }
}

/// A function that is new must be weighed: does it spend within the limits, or reach beyond them?
#[test]
fn every_function_of_an_institution_is_known_to_reach_beyond_the_limits_or_not_to() {
    let of_orders: BTreeSet<_> = ["placeOrder", "approveOrder", "relayDevice", "runDeadline"].into();
    let of_energy: BTreeSet<_> =
        ["deposit", "withdraw", "reveal", "relayReadings", "runAuction", "runSlot", "runSharing", "runChallenge"].into();
    let all = [(orders::MODULE, IOrders::abi::contract(), of_orders), (energy::MODULE, IEnergy::abi::contract(), of_energy)];
    for (target, contract, known) in all {
        for function in contract.functions() {
            let beyond = powers(&Scope { target, selectors: vec![function.selector().0] }) != Powers::default();
            let asks = function.state_mutability == StateMutability::View;
            let within = known.contains(function.name.as_str());
            assert_eq!(u8::from(beyond) + u8::from(asks) + u8::from(within), 1, "{}", function.name);
        }
    }
}
