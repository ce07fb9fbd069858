//! Batches in blocks: window, sequences of nonces, all or nothing, sponsors.

use super::*;
use crate::law::LAW;
use alloy_primitives::{TxKind, bytes, keccak256};
use alloy_signer::SignerSync as _;
use alloy_signer_local::PrivateKeySigner;
use dure_api::batch::{Batch, Call, KeySignature, P256Signature, SenderSignature, SignedBatch};
use std::num::NonZeroU64;

const CODE: Address = Address::repeat_byte(0xc0);
const T0_S: u64 = T0_MS / 1_000;
/// SSTORE(0, SLOAD(0) + calldata word); LOG0; a calldata word of 0 reverts.
const ADD: &str = "5f358015601157805f54015f555f5fa0005b5f5ffd";

pub fn wallet(n: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(n)).unwrap()
}

fn world() -> World {
    let code = hex::decode(ADD).unwrap().into();
    World::new(LAW, vec![rich(wallet(1).address()), rich(wallet(2).address()), contract(CODE, code)])
}

fn add(value: u64) -> Call {
    Call { to: TxKind::Call(CODE), value: U256::ZERO, input: U256::from(value).to_be_bytes::<32>().into() }
}

pub fn batch(nonce: u64, calls: Vec<Call>) -> Batch {
    Batch {
        chain_id: CHAIN,
        max_priority_fee_per_gas: 0,
        max_fee_per_gas: 0,
        gas_limit: 300_000,
        calls,
        access_list: Default::default(),
        nonce_key: U256::ZERO,
        nonce,
        valid_before_s: None,
        valid_after_s: None,
        fee_payer_signature: None,
        key_authorization: None,
    }
}

pub fn signed(batch: Batch, by: &PrivateKeySigner) -> Transaction {
    let signature = by.sign_hash_sync(&batch.sender_hash()).unwrap();
    let signature = SenderSignature { account: None, key: KeySignature::Secp256k1(signature) };
    Transaction::decode(&SignedBatch::new(batch, signature).encoded(), CHAIN).unwrap()
}

pub fn sponsored(mut batch: Batch, by: &PrivateKeySigner, payer: &PrivateKeySigner) -> Transaction {
    let hash = batch.fee_payer_hash(by.address());
    batch.fee_payer_signature = Some(payer.sign_hash_sync(&hash).unwrap());
    signed(batch, by)
}

fn total(world: &World) -> U256 {
    world.slot(CODE, U256::ZERO)
}

#[test]
fn all_calls_of_a_batch_happen_in_one_receipt() {
    let mut world = world();
    let outcome = world.block(&[signed(batch(0, vec![add(1), add(20), add(300)]), &wallet(1))]);
    let receipt = &outcome.receipts[0];
    assert_eq!((receipt.envelope.r#type, receipt.envelope.status(), receipt.envelope.logs().len()), (0x76, true, 3));
    assert_eq!(total(&world), U256::from(321));
    assert_eq!(world.account(wallet(1).address()).nonce, 1);
    let root = alloy_consensus::proofs::calculate_receipt_root(std::slice::from_ref(&receipt.envelope));
    assert_eq!(outcome.receipts_root, root);
    let leaf = outcome.transactions[0].encoded();
    let tx_root = alloy_consensus::proofs::ordered_trie_root_with_encoder(&[leaf], |raw, out| out.extend_from_slice(raw));
    assert_eq!(outcome.tx_root, tx_root);
}

#[test]
fn one_call_that_fails_undoes_them_all_and_the_nonce_is_used() {
    for key in [U256::ZERO, U256::from(9)] {
        let mut world = world();
        let failing = Batch { nonce_key: key, ..batch(0, vec![add(1), add(0), add(300)]) };
        let outcome = world.block(&[signed(failing, &wallet(1))]);
        let receipt = &outcome.receipts[0];
        assert_eq!((receipt.envelope.status(), receipt.envelope.logs().len()), (false, 0));
        assert_eq!(total(&world), U256::ZERO);
        assert!(receipt.gas_used > 21_000 + gas::BATCH_CALL * 2 && receipt.gas_used < 150_000, "{}", receipt.gas_used);
        let next = crate::views::next_nonce(&world.records, wallet(1).address(), key).unwrap();
        assert_eq!(next, 1, "the nonce is used");
        let left = world.account(wallet(1).address()).allowance.unwrap().left_gas;
        assert_eq!(left, (1 << 50) - receipt.gas_used, "gas is charged");
    }
}

#[test]
fn gas_is_that_of_the_whole_batch() {
    let world = world();
    let gas_of = |calls: Vec<Call>| world.execute(&[signed(batch(0, calls), &wallet(1))], Arrival::Reader).unwrap().gas_used;
    let (one, two) = (gas_of(vec![add(1)]), gas_of(vec![add(1), add(1)]));
    let ordinary = send(wallet(1).address(), 0, CODE, add(1).input, 300_000);
    assert_eq!(one, world.execute(&[ordinary], Arrival::Reader).unwrap().gas_used, "a batch of one costs what its call costs");
    assert!(two - one > gas::BATCH_CALL && two - one < 21_000, "a second call costs {}", two - one);
    let limited = |gas_limit| Batch { gas_limit, ..batch(0, vec![add(1), add(1)]) };
    let ran = |gas_limit| world.execute(&[signed(limited(gas_limit), &wallet(1))], Arrival::Reader).unwrap();
    assert!(ran(two + 2_300).receipts[0].envelope.status(), "SSTORE asks for 2,300 to be left (EIP-2200)");
    let starved = ran(two - 1);
    assert!(!starved.receipts[0].envelope.status());
    assert_eq!(starved.gas_used, two - 1, "out of gas takes it all");
    assert!(matches!(ran(22_000).skipped[..], [(0, Skip::Invalid(_))]), "less than the batch costs before it runs");
}

#[test]
fn a_batch_begins_with_a_contract_and_calls_it() {
    // Init code that returns the runtime 602a5f55 (SSTORE(0, 42)).
    let init = Call { to: TxKind::Create, value: U256::ZERO, input: bytes!("63602a5f555f526004601cf3") };
    let sender = wallet(1).address();
    let made = sender.create(0);
    let call = |to| Call { to: TxKind::Call(to), value: U256::ZERO, input: Bytes::new() };
    for (key, nonce) in [(U256::ZERO, 1), (U256::from(5), 1)] {
        let mut world = world();
        let with = |calls| signed(Batch { nonce_key: key, ..batch(0, calls) }, &wallet(1));
        let outcome = world.block(&[with(vec![init.clone(), call(made)])]);
        assert_eq!(outcome.receipts[0].contract_address, Some(made));
        assert_eq!(world.slot(made, U256::ZERO), U256::from(42));
        assert_eq!(world.account(sender).nonce, nonce, "the creation takes the account's nonce");
        assert_eq!(crate::views::next_nonce(&world.records, sender, key).unwrap(), 1);
    }
    let mut world = world();
    let outcome = world.block(&[signed(batch(0, vec![init.clone(), add(0)]), &wallet(1))]);
    assert_eq!((outcome.receipts[0].contract_address, outcome.receipts[0].envelope.status()), (None, false));
    assert_eq!((world.account(sender).nonce, world.account(made).nonce), (1, 0), "undone, and the nonce is used once");
    let long = Call { input: vec![0; 49_153].into(), ..init };
    let outcome = world.execute(&[signed(batch(1, vec![long]), &wallet(1))], Arrival::Reader).unwrap();
    assert!(matches!(outcome.skipped[..], [(0, Skip::Invalid(_))]), "initcode is bounded (EIP-3860)");
}

#[test]
fn memory_of_one_call_is_not_the_nexts() {
    let program = [
        &[0x36u8, 0x60, 0x0b, 0x57][..],                   // 00 with calldata go to 0b
        &[0x59, 0x60, 0x01, 0x01, 0x5f, 0x55, 0x00],       // 04 SSTORE(0, MSIZE + 1); STOP
        &[0x5b, 0x60, 0x01, 0x61, 0x01, 0x00, 0x52, 0x00], // 0b JUMPDEST; MSTORE(256, 1); STOP
    ]
    .concat();
    let mut world = World::new(LAW, vec![rich(wallet(1).address()), contract(CODE, program.into())]);
    let call = |input: Bytes| Call { to: TxKind::Call(CODE), value: U256::ZERO, input };
    let outcome = world.block(&[signed(batch(0, vec![call(bytes!("01")), call(Bytes::new())]), &wallet(1))]);
    assert!(outcome.receipts[0].envelope.status());
    assert_eq!(total(&world), U256::ONE, "the second call begins with no memory");
}

#[test]
fn a_batch_is_valid_from_its_first_second_to_before_its_last() {
    let world = world();
    let at = |after: u64, before: u64| {
        let window =
            Batch { valid_after_s: NonZeroU64::new(after), valid_before_s: NonZeroU64::new(before), ..batch(0, vec![add(1)]) };
        world.execute(&[signed(window, &wallet(1))], Arrival::Hinted).unwrap().skipped.pop().map(|(_, skip)| skip)
    };
    assert_eq!(at(T0_S, T0_S + 1), None);
    assert_eq!(at(0, T0_S), Some(Skip::Expired { valid_before_s: T0_S, time_s: T0_S }));
    assert_eq!(at(T0_S + 1, 0), Some(Skip::NotValidYet { valid_after_s: T0_S + 1, time_s: T0_S }));
    assert!(Skip::NotValidYet { valid_after_s: 1, time_s: 0 }.may_fit_later());
    assert!(!Skip::Expired { valid_before_s: 1, time_s: 1 }.may_fit_later());
    let mut verifier = world.clone();
    verifier.env.mode = Mode::Verify;
    let late = Batch { valid_before_s: NonZeroU64::new(T0_S), ..batch(0, vec![add(1)]) };
    let refused = verifier.execute(&[signed(late, &wallet(1))], Arrival::Hinted);
    assert!(matches!(refused, Err(Error::InvalidBlock { reason: Skip::Expired { .. }, .. })), "a rule of consensus");
}

#[test]
fn sequences_of_nonces_do_not_wait_for_each_other() {
    let mut world = world();
    let of = |key: u64, nonce, value| signed(Batch { nonce_key: U256::from(key), ..batch(nonce, vec![add(value)]) }, &wallet(1));
    let outcome =
        world.block(&[of(7, 0, 1), of(0, 0, 10), of(8, 0, 100), of(7, 1, 1_000), of(7, 3, 1), of(8, 0, 1), of(0, 1, 10_000)]);
    assert_eq!(outcome.included, [0, 1, 2, 3, 6]);
    let skips: Vec<_> = outcome.skipped.into_iter().map(|(_, skip)| skip).collect();
    assert_eq!(skips, [Skip::NonceTooHigh { have: 3, want: 2 }, Skip::NonceTooLow { have: 0, want: 1 }]);
    assert_eq!(total(&world), U256::from(11_111));
    let next = |key: u64| crate::views::next_nonce(&world.records, wallet(1).address(), U256::from(key)).unwrap();
    assert_eq!([next(0), next(7), next(8), next(9)], [2, 2, 1, 0]);
    let (new, known) = (outcome.receipts[0].gas_used, outcome.receipts[3].gas_used);
    assert!(new > known + gas::NONCE_NEW - gas::NONCE_KNOWN, "a new sequence pays for its record: {new} and {known}");
    world.block(&[of(7, 2, 1)]);
    assert_eq!(total(&world), U256::from(11_112), "across blocks");
}

#[test]
fn a_sponsors_allowance_and_class_are_used_and_the_senders_are_not() {
    let mut world = world();
    let newcomer = wallet(3);
    let outcome = world.block(&[sponsored(batch(0, vec![add(5)]), &newcomer, &wallet(2))]);
    assert!(outcome.receipts[0].envelope.status());
    assert_eq!(world.account(newcomer.address()).allowance, None, "untouched");
    assert_eq!(world.account(wallet(2).address()).allowance.unwrap().left_gas, (1 << 50) - outcome.gas_used);
    assert_eq!((world.account(newcomer.address()).nonce, world.account(wallet(2).address()).nonce), (1, 0));
    // Newcomers' share of the block is not touched by a sponsor's gas, and is by a newcomer that sponsors.
    world.env.gas_limit = 3_000_000;
    let mut list: Vec<_> = (1..=5).map(|nonce| sponsored(batch(nonce, vec![add(5)]), &newcomer, &wallet(2))).collect();
    list.push(sponsored(batch(0, vec![add(5)]), &wallet(1), &newcomer));
    list.push(sponsored(batch(1, vec![add(5)]), &wallet(1), &newcomer));
    let outcome = world.block(&list);
    assert_eq!(outcome.included, [0, 1, 2, 3, 4, 5]);
    let gas_limit = 300_000;
    assert!(matches!(outcome.skipped[..], [(6, Skip::NewcomersFull { gas_limit: limit, .. })] if limit == gas_limit));
    let poor = GenesisAccount {
        quota: Some(Quota { gas_per_ms: 1, cap_gas: 50_000 }),
        ..GenesisAccount::plain(wallet(4).address(), Class::Member)
    };
    world.records.0.extend(Genesis { accounts: vec![poor], ..Default::default() }.records());
    let outcome = world.block(&[sponsored(batch(1, vec![add(5)]), &wallet(1), &wallet(4))]);
    assert_eq!(outcome.skipped, [(0, Skip::Allowance { gas_limit, available_gas: 50_000 })], "the payer's, not the sender's");
}

#[test]
fn a_sponsor_pays_for_the_batch_and_the_sender_that_it_signed_for() {
    let (sender, other, payer) = (wallet(1), wallet(3), wallet(2));
    let good = sponsored(batch(0, vec![add(5)]), &sender, &payer);
    assert_eq!((good.signer(), good.payer()), (sender.address(), payer.address()));
    let mut stolen = batch(0, vec![add(5)]);
    stolen.fee_payer_signature = Some(payer.sign_hash_sync(&stolen.fee_payer_hash(sender.address())).unwrap());
    assert_ne!(signed(stolen.clone(), &other).payer(), payer.address(), "for another sender it is another's signature");
    stolen.nonce = 1;
    assert_ne!(signed(stolen, &sender).payer(), payer.address());
}

#[test]
fn a_device_key_is_an_account() {
    use p256::ecdsa::{Signature, SigningKey, signature::hazmat::PrehashSigner as _};
    let key = SigningKey::from_slice(&[0x42; 32]).unwrap();
    let point: [u8; 64] = key.verifying_key().to_sec1_point(false).as_bytes()[1..].try_into().unwrap();
    let who = Address::from_word(keccak256(point));
    let mut world = world();
    world.records.0.extend(Genesis { accounts: vec![rich(who)], ..Default::default() }.records());
    let batch = batch(0, vec![add(3)]);
    let signature: Signature = key.sign_prehash(batch.sender_hash().as_slice()).unwrap();
    let signature = P256Signature { rs: signature.normalize_s().to_bytes().into(), point };
    let signature = SenderSignature { account: None, key: KeySignature::P256 { signature, prehash: false } };
    let transaction = Transaction::decode(&SignedBatch::new(batch, signature).encoded(), CHAIN).unwrap();
    assert_eq!(transaction.signer(), who);
    world.block(&[transaction]);
    assert_eq!(total(&world), U256::from(3));
    assert_eq!(world.account(who).nonce, 1);
}

#[test]
fn a_batch_is_traced_as_one_call_with_its_calls_inside() {
    use crate::views::{Trace, Tracer, trace_transaction};
    use alloy_rpc_types_trace::geth::CallConfig;
    let world = world();
    let list = [signed(batch(0, vec![add(1)]), &wallet(1)), signed(batch(1, vec![add(1), add(0)]), &wallet(1))];
    let traced = trace_transaction(&world.records, &world.env, &list, 1, &Tracer::Call(CallConfig::default()));
    let Ok(Trace::Call(frame)) = traced else { panic!("{traced:?}") };
    let sender = wallet(1).address();
    assert_eq!((frame.from, frame.to, frame.error.is_some(), frame.calls.len()), (sender, Some(sender), true, 2));
    let inner: Vec<_> = frame.calls.iter().map(|call| (call.from, call.to, call.error.is_some())).collect();
    assert_eq!(inner, [(sender, Some(CODE), false), (sender, Some(CODE), true)]);
}

#[test]
fn an_estimate_of_a_batch_suffices() {
    use crate::views::{Request, call, estimate_gas};
    use alloy_rpc_types_eth::TransactionRequest;
    let world = world();
    let single = TransactionRequest { from: Some(wallet(1).address()), ..Default::default() };
    let request = Request { single, calls: vec![add(1), add(2)], nonce_key: U256::from(3), ..Default::default() };
    let gas_limit = estimate_gas(&world.records, &world.env, &request, &Default::default()).unwrap();
    let exact = Batch { gas_limit, nonce_key: U256::from(3), ..batch(0, vec![add(1), add(2)]) };
    assert!(world.execute(&[signed(exact, &wallet(1))], Arrival::Reader).unwrap().receipts[0].envelope.status());
    let failing = Request { calls: vec![add(1), add(0)], ..request };
    assert!(call(&world.records, &world.env, &failing, &Default::default()).unwrap().result.is_err());
}
