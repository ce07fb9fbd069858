//! Calls, estimates and traces.

use super::*;
use crate::law::LAW;
use crate::views::{
    Failed, Request, Trace, Tracer, ViewError, call, create_access_list, estimate_gas, trace_call, trace_transaction,
};
use alloy_primitives::{address, bytes};
use alloy_rpc_types_eth::state::{AccountOverride, StateOverride};
use alloy_rpc_types_eth::{TransactionInput, TransactionRequest};
use alloy_rpc_types_trace::geth::{CallConfig, PreStateConfig, PreStateFrame};

const ALICE: Address = Address::repeat_byte(0xa1);
const CODE: Address = Address::repeat_byte(0xc0);
/// SSTORE(0, SLOAD(0) + 1); return slot 0
const COUNT: &str = "5f546001018060005560005260206000f3";

fn world(code: &str) -> World {
    World::new(LAW, vec![rich(ALICE), contract(CODE, hex::decode(code).unwrap().into())])
}

fn request(input: impl Into<Bytes>) -> Request {
    single(input).into()
}

fn single(input: impl Into<Bytes>) -> TransactionRequest {
    TransactionRequest {
        from: Some(ALICE),
        to: Some(CODE.into()),
        input: TransactionInput::new(input.into()),
        ..Default::default()
    }
}

#[test]
fn a_call_answers_and_changes_nothing() {
    let world = world(COUNT);
    let none = StateOverride::default();
    for _ in 0..2 {
        let called = call(&world.records, &world.env, &request(Bytes::new()), &none).unwrap();
        assert_eq!(called.result, Ok(U256::ONE.to_be_bytes_vec().into()));
    }
    let stranger = TransactionRequest { from: Some(who(0x77)), nonce: Some(99), ..single(Bytes::new()) }.into();
    assert!(call(&world.records, &world.env, &stranger, &none).unwrap().result.is_ok(), "nonce and allowance are not asked for");
    let paying = TransactionRequest { value: Some(U256::ONE), ..single(Bytes::new()) }.into();
    assert!(matches!(call(&world.records, &world.env, &paying, &none), Err(ViewError::Invalid(_))), "the balance is");
}

#[test]
fn an_override_counts_for_one_call_and_modules_take_none() {
    let world = world(COUNT);
    let seven = [(B256::ZERO, B256::with_last_byte(7))].into_iter().collect();
    let over = AccountOverride { state_diff: Some(seven), ..Default::default() };
    let overrides = StateOverride::from_iter([(CODE, over.clone())]);
    let called = call(&world.records, &world.env, &request(Bytes::new()), &overrides).unwrap();
    assert_eq!(called.result, Ok(U256::from(8).to_be_bytes_vec().into()));
    for module in [address!("d00e000000000000000000000000000000000001"), crate::ledger::RECORDS] {
        let overrides = StateOverride::from_iter([(module, over.clone())]);
        assert_eq!(call(&world.records, &world.env, &request(Bytes::new()), &overrides), Err(ViewError::ModuleOverride(module)));
    }
}

#[test]
fn an_estimate_suffices_and_little_less_does_not() {
    let mut world = world(COUNT);
    let estimate = estimate_gas(&world.records, &world.env, &request(Bytes::new()), &StateOverride::default()).unwrap();
    let short = send(ALICE, 0, CODE, Bytes::new(), estimate * 98 / 100);
    assert!(!world.execute(&[short], Arrival::Hinted).unwrap().receipts[0].envelope.status());
    let outcome = world.block(&[send(ALICE, 0, CODE, Bytes::new(), estimate)]);
    assert!(outcome.receipts[0].envelope.status());
}

#[test]
fn an_estimate_of_a_plain_transfer_is_exact() {
    let world = world(COUNT);
    let plain = TransactionRequest { to: Some(who(0x55).into()), ..single(Bytes::new()) }.into();
    assert_eq!(estimate_gas(&world.records, &world.env, &plain, &StateOverride::default()), Ok(21_000));
}

#[test]
fn an_estimate_of_what_always_fails_says_why() {
    // MSTORE(0, 0xdead); REVERT(30, 2)
    let world = world("61dead5f526002601efd");
    let failed = estimate_gas(&world.records, &world.env, &request(Bytes::new()), &StateOverride::default());
    assert_eq!(failed, Err(ViewError::Failed(Failed::Reverted(bytes!("dead")))));
}

#[test]
fn an_access_list_names_the_slots() {
    // SLOAD(5)
    let world = world("600554");
    let (list, called) = create_access_list(&world.records, &world.env, &request(Bytes::new())).unwrap();
    assert_eq!(list.0[0].storage_keys, [B256::with_last_byte(5)]);
    assert!(called.result.is_ok());
}

#[test]
fn a_traced_transaction_sees_those_before_it() {
    let world = world(COUNT);
    let list: Vec<_> = (0..3).map(|nonce| send(ALICE, nonce, CODE, Bytes::new(), 100_000)).collect();
    let tracer = Tracer::Call(CallConfig::default());
    let Trace::Call(frame) = trace_transaction(&world.records, &world.env, &list, 2, &tracer).unwrap() else { panic!() };
    assert_eq!((frame.to, frame.output), (Some(CODE), Some(U256::from(3).to_be_bytes_vec().into())));
    let tracer = Tracer::PreState(PreStateConfig::default());
    let Trace::PreState(PreStateFrame::Default(state)) =
        trace_transaction(&world.records, &world.env, &list, 2, &tracer).unwrap()
    else {
        panic!()
    };
    assert_eq!(state.0[&CODE].storage[&B256::ZERO], B256::with_last_byte(2));
    assert!(matches!(trace_transaction(&world.records, &world.env, &list, 3, &tracer), Err(ViewError::Invalid(_))));
    let system = [Transaction::system(CHAIN, 1)];
    assert!(matches!(trace_transaction(&world.records, &world.env, &system, 0, &tracer), Err(ViewError::Invalid(_))));
    assert!(trace_call(&world.records, &world.env, &request(Bytes::new()), &StateOverride::default(), &tracer).is_ok());
}

#[test]
fn a_reader_that_cannot_answer_is_no_empty_state() {
    struct Gone;
    impl StateReader for Gone {
        fn read(&self, _: Key) -> Result<Option<Bytes>, Unavailable> {
            Err(Unavailable("height 5 is older than what is kept".into()))
        }
    }
    let world = world(COUNT);
    let gone = ViewError::Unavailable(Unavailable("height 5 is older than what is kept".into()));
    assert_eq!(call(&Gone, &world.env, &request(Bytes::new()), &StateOverride::default()), Err(gone.clone()));
    assert_eq!(crate::views::account(&Gone, ALICE), Err(gone));
}
