//! What the pool takes, in which order it is offered, and what leaves.

use super::*;
use alloy_consensus::{SignableTransaction as _, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_network::TxSignerSync as _;
use alloy_primitives::{B256, TxKind};
use alloy_signer_local::PrivateKeySigner;
use dure_api::batch::{Batch, Call, KeySignature, SenderSignature, SignedBatch};
use std::num::NonZeroU64;

const CHAIN: u64 = 7;
const NOW_S: u64 = 1_800_000_000;
const NOW_MS: u64 = NOW_S * 1_000;
const GAS: u64 = 100_000;
const ROOM: Room = Room { gas: 30_000_000, transactions: 1_000, bytes: 1 << 20 };

fn key(n: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(n)).expect("a key")
}

/// Something that a signer sends.
#[derive(Clone, Copy)]
struct Sent {
    by: u8,
    sequence: u64,
    nonce: u64,
    after_s: u64,
    before_s: u64,
    payer: Option<u8>,
}

const PLAIN: Sent = Sent { by: 1, sequence: 0, nonce: 0, after_s: 0, before_s: 0, payer: None };

fn unsigned(sent: Sent) -> Batch {
    Batch {
        chain_id: CHAIN,
        max_priority_fee_per_gas: 0,
        max_fee_per_gas: 0,
        gas_limit: GAS,
        calls: vec![Call { to: TxKind::Call(Address::ZERO), value: U256::ZERO, input: Default::default() }],
        access_list: Default::default(),
        nonce_key: U256::from(sent.sequence),
        nonce: sent.nonce,
        valid_before_s: NonZeroU64::new(sent.before_s),
        valid_after_s: NonZeroU64::new(sent.after_s),
        fee_payer_signature: None,
        key_authorization: None,
    }
}

fn batch(sent: Sent) -> Transaction {
    let signer = key(sent.by);
    let mut batch = unsigned(sent);
    let sign = |key: &PrivateKeySigner, hash| alloy_signer::SignerSync::sign_hash_sync(key, &hash).expect("it signs");
    if let Some(payer) = sent.payer {
        batch.fee_payer_signature = Some(sign(&key(payer), batch.fee_payer_hash(signer.address())));
    }
    let signature = KeySignature::Secp256k1(sign(&signer, batch.sender_hash()));
    let signed = SignedBatch::new(batch, SenderSignature { account: None, key: signature });
    Transaction::decode(&signed.encoded(), CHAIN).expect("a good batch")
}

fn ethereum(by: u8, nonce: u64) -> Transaction {
    let mut body = TxEip1559 { chain_id: CHAIN, nonce, gas_limit: GAS, to: TxKind::Call(Address::ZERO), ..Default::default() };
    let signature = key(by).sign_transaction_sync(&mut body).expect("it signs");
    let raw = TxEnvelope::from(body.into_signed(signature)).encoded_2718();
    Transaction::decode(&raw, CHAIN).expect("a good transaction")
}

fn account(n: u8, class: Class) -> AccountRecord {
    AccountRecord { class, ..AccountRecord::unknown(key(n).address()) }
}

/// A pool where everyone below 100 is a member and begins at nonce 0.
struct World(Pool);

impl World {
    fn new() -> Self {
        Self(Pool::new(30_000_000))
    }

    fn send(&self, transaction: Transaction, wall_ms: u64) -> Result<B256, PoolRefusal> {
        let class = |who: Address| match (1..120).find(|n| key(*n).address() == who) {
            Some(n) if n < 100 => account(n, Class::Member),
            _ => AccountRecord::unknown(who),
        };
        let (sender, payer) = (class(transaction.signer()), class(transaction.payer()));
        self.0.submit(transaction, Facts { next_nonce: 0, sender: &sender, payer: &payer, limited: Ok(false) }, NOW_MS, wall_ms)
    }

    fn offered(&self, time_ms: u64) -> Vec<(Address, U256, u64)> {
        let offered = self.0.select(&HashSet::new(), time_ms, ROOM);
        offered.iter().map(|one| (one.signer(), one.nonce_key(), one.nonce())).collect()
    }
}

#[test]
fn sequences_wait_apart_and_a_gap_holds_back_its_own_only() {
    let world = World::new();
    for (sequence, nonce) in [(0, 0), (0, 2), (5, 0), (5, 1), (6, 1)] {
        world.send(batch(Sent { sequence, nonce, ..PLAIN }), 0).expect("taken");
    }
    let who = key(1).address();
    let at = |sequence: u64, nonce| (who, U256::from(sequence), nonce);
    let mut offered = world.offered(NOW_MS);
    offered.sort();
    assert_eq!(offered, [at(0, 0), at(5, 0), at(5, 1)]);
    assert_eq!(world.0.counts(), Counts { pending: 3, queued: 2 });
    assert_eq!(world.0.next_nonce(Sequence::own(who)), Some(1));
    assert_eq!(world.0.next_nonce(Sequence { signer: who, key: U256::from(5) }), Some(2));
    world.0.included([(Sequence { signer: who, key: U256::from(5) }, 0)], 0);
    let mut offered = world.offered(NOW_MS);
    offered.sort();
    assert_eq!(offered, [at(0, 0), at(5, 1)]);
}

#[test]
fn what_is_not_valid_yet_waits_and_what_is_over_leaves() {
    let world = World::new();
    let sent = |sequence, after_s, before_s| world.send(batch(Sent { sequence, after_s, before_s, ..PLAIN }), 0);
    assert_eq!(sent(1, 0, NOW_S), Err(PoolRefusal::Expired { valid_before_s: NOW_S, time_s: NOW_S }));
    let far = NOW_S + VALID_AFTER_MAX_S + 1;
    assert_eq!(sent(1, far, 0), Err(PoolRefusal::TooEarly { valid_after_s: far, time_s: NOW_S }));
    sent(2, NOW_S + 10, NOW_S + 20).expect("taken");
    sent(3, 0, NOW_S + 5).expect("taken");
    let sequences =
        |time_s: u64| world.offered(time_s * 1_000).into_iter().map(|(_, key, _)| key.to::<u64>()).collect::<Vec<_>>();
    assert_eq!(sequences(NOW_S), [3]);
    assert!(world.0.has_work(&HashSet::new(), NOW_MS));
    assert_eq!(sequences(NOW_S + 4), [3]);
    assert_eq!(sequences(NOW_S + 5), [0u64; 0], "the third is over");
    assert!(!world.0.has_work(&HashSet::new(), (NOW_S + 9) * 1_000), "nobody proposes early for what waits");
    assert_eq!(sequences(NOW_S + 10), [2]);
    assert_eq!(sequences(NOW_S + 20), [0u64; 0]);
    assert_eq!(world.0.counts(), Counts::default());
}

#[test]
fn a_transaction_counts_for_whoever_pays() {
    let world = World::new();
    let newcomer = 110;
    for sequence in 0..PER_NEWCOMER_MAX as u64 {
        world.send(batch(Sent { by: newcomer, sequence, ..PLAIN }), 0).expect("a newcomer's own");
    }
    let more = Sent { by: newcomer, sequence: 99, ..PLAIN };
    assert_eq!(world.send(batch(more), 0), Err(PoolRefusal::PayerFull { limit: PER_NEWCOMER_MAX }), "in whichever sequence");
    world.send(batch(Sent { payer: Some(1), ..more }), 0).expect("a member pays");
    let inner = world.0.lock();
    assert_eq!((inner.newcomers.transactions, inner.members.transactions), (PER_NEWCOMER_MAX, 1));
    assert_eq!(inner.payers[&key(1).address()].gas, GAS);
    drop(inner);
    world.0.included([(Sequence { signer: key(newcomer).address(), key: U256::from(99) }, 0)], 0);
    assert!(!world.0.lock().payers.contains_key(&key(1).address()), "and is forgotten when it leaves");
}

#[test]
fn one_payer_gets_one_share_before_others_however_many_sequences_it_has() {
    let world = World::new();
    for sequence in 0..3 * SHARE as u64 {
        world.send(batch(Sent { by: 1, sequence, ..PLAIN }), 0).expect("taken");
    }
    world.send(ethereum(2, 0), 0).expect("taken");
    let place = world.offered(NOW_MS).iter().position(|(who, ..)| *who == key(2).address());
    assert_eq!(place, Some(SHARE));
}

#[test]
fn what_replaces_for_another_payer_has_to_find_a_place_like_anything_new() {
    let world = World::new();
    let newcomer = 110;
    for sequence in 1..=PER_NEWCOMER_MAX as u64 {
        world.send(batch(Sent { by: newcomer, sequence, ..PLAIN }), 0).expect("a newcomer's own");
    }
    let sponsored = Sent { by: newcomer, sequence: 99, payer: Some(1), ..PLAIN };
    world.send(batch(sponsored), 0).expect("a member pays");
    let own = batch(Sent { payer: None, ..sponsored });
    assert_eq!(world.send(own, REPLACE_AFTER_MS), Err(PoolRefusal::PayerFull { limit: PER_NEWCOMER_MAX }));
    let inner = world.0.lock();
    assert_eq!((inner.newcomers.transactions, inner.members.transactions), (PER_NEWCOMER_MAX, 1), "the sponsored one stays");
}

#[test]
fn the_same_nonce_of_the_same_sequence_replaces_after_a_while() {
    let world = World::new();
    world.send(ethereum(1, 0), 0).expect("taken");
    assert_eq!(world.send(batch(PLAIN), 10), Err(PoolRefusal::ReplacedTooSoon { ago_ms: 10 }));
    let hash = world.send(batch(PLAIN), REPLACE_AFTER_MS).expect("replaced");
    assert_eq!(world.0.counts(), Counts { pending: 1, queued: 0 });
    assert!(world.0.get(&hash).is_some());
    assert_eq!(world.send(batch(PLAIN), REPLACE_AFTER_MS), Err(PoolRefusal::AlreadyKnown));
    world.send(batch(Sent { sequence: 1, ..PLAIN }), REPLACE_AFTER_MS).expect("another sequence");
    world.0.included([], REPLACE_AFTER_MS + LIFETIME_MS + 1);
    assert_eq!(world.0.counts(), Counts::default(), "what waits too long expires");
}

#[test]
fn a_nonce_that_the_account_used_otherwise_moves_the_queue_on() {
    let world = World::new();
    let (first, second) = (ethereum(1, 0), ethereum(1, 1));
    world.send(first.clone(), 0).expect("taken");
    world.send(second, 0).expect("taken");
    let low = || [(first.clone(), Skip::NonceTooLow { have: 0, want: 1 })];
    world.0.skipped(low(), NOW_MS, false);
    assert_eq!(world.offered(NOW_MS), [], "a block that is not final spoke against it: it waits a moment");
    assert_eq!(world.offered(NOW_MS + DOUBT_MS).len(), 2, "and is tried again");
    world.0.skipped(low(), NOW_MS, true);
    assert_eq!(world.offered(NOW_MS + DOUBT_MS), [(key(1).address(), U256::ZERO, 1)]);
}

#[test]
fn what_follows_a_final_transaction_is_served_although_the_asker_read_an_older_state() {
    let world = World::new();
    world.send(ethereum(1, 0), 0).expect("taken");
    world.0.included([(Sequence::own(key(1).address()), 0)], 0);
    assert_eq!(world.0.next_nonce(Sequence::own(key(1).address())), Some(1), "a wallet that asks now is told the next one");
    // The facts still say 0: they come from the index, which has not got to that block.
    let next = world.send(ethereum(1, 1), 0).expect("taken");
    let chosen: Vec<B256> = world.0.select(&HashSet::new(), NOW_MS, ROOM).iter().map(Transaction::hash).collect();
    assert_eq!(chosen, [next]);
    let again = world.send(ethereum(1, 0), 0);
    assert_eq!(again, Err(PoolRefusal::NonceTooLow { expected: 1, found: 0 }), "what was used is used");
}

#[test]
fn the_nonces_that_are_remembered_are_bounded_and_the_oldest_go() {
    let mut used = Used::default();
    let sequence = |n: usize| Sequence { signer: Address::ZERO, key: U256::from(n) };
    used.note(sequence(0), 1);
    (1..USED_MAX).for_each(|n| used.note(sequence(n), 1));
    used.note(sequence(0), 2); // used again: it is the newest now
    used.note(sequence(USED_MAX), 1);
    assert_eq!((used.next(sequence(0)), used.next(sequence(1)), used.next(sequence(USED_MAX))), (2, 0, 1));
    assert!(used.next.len() <= USED_MAX && used.order.len() <= USED_MAX);
}

#[test]
fn what_a_replaced_key_signed_is_not_taken_and_leaves_when_a_block_would_not_have_it() {
    use dure_rules::accounts::Refusal;
    let world = World::new();
    let refused = KeyRefused::from(Refusal::RootReplaced { account: key(1).address() });
    let own = account(1, Class::Member);
    let facts = Facts { limited: Err(&refused), ..Facts::own(&own) };
    assert_eq!(world.0.submit(ethereum(1, 0), facts, NOW_MS, 0), Err(PoolRefusal::Signer(refused.clone())));
    world.send(ethereum(1, 0), 0).expect("taken before the recovery");
    world.0.skipped([(ethereum(1, 0), Skip::Signer(refused))], NOW_MS, true);
    assert_eq!(world.0.counts(), Counts::default());
}

#[test]
fn a_limited_access_key_replaces_its_own_transactions_and_nobody_elses_of_the_account() {
    let world = World::new();
    let own = account(1, Class::Member);
    let by_key = |n: u8, gas_limit: u64| {
        let batch = Batch { gas_limit, ..unsigned(PLAIN) };
        // What an access key signs: 0x04, the hash, the account.
        let hash =
            alloy_primitives::keccak256([&[4u8][..], batch.sender_hash().as_slice(), key(1).address().as_slice()].concat());
        let signature = alloy_signer::SignerSync::sign_hash_sync(&key(n), &hash).expect("it signs");
        let signature = SenderSignature { account: Some(key(1).address()), key: KeySignature::Secp256k1(signature) };
        let transaction = Transaction::decode(&SignedBatch::new(batch, signature).encoded(), CHAIN).expect("a good batch");
        assert_eq!((transaction.signer(), transaction.access_key()), (key(1).address(), Some(key(n).address())));
        transaction
    };
    let send = |transaction, limited, wall_ms| {
        world.0.submit(transaction, Facts { limited: Ok(limited), ..Facts::own(&own) }, NOW_MS, wall_ms)
    };
    let (first, second, third) = (REPLACE_AFTER_MS, 2 * REPLACE_AFTER_MS, 3 * REPLACE_AFTER_MS);
    send(ethereum(1, 0), false, 0).expect("by the account's own key");
    assert_eq!(send(by_key(7, GAS), true, first), Err(PoolRefusal::ReplacesAnothers { nonce: 0 }));
    send(by_key(8, GAS), false, first).expect("a full key replaces");
    assert_eq!(send(by_key(7, GAS), true, second), Err(PoolRefusal::ReplacesAnothers { nonce: 0 }));
    send(ethereum(1, 0), false, second).expect("so does the account's own");
    world.0.included([(Sequence::own(key(1).address()), 0)], third);
    let later = World::new();
    let send =
        |transaction, wall_ms| later.0.submit(transaction, Facts { limited: Ok(true), ..Facts::own(&own) }, NOW_MS, wall_ms);
    send(by_key(7, GAS), 0).expect("taken");
    send(by_key(7, GAS + 1), first).expect("its own");
    assert_eq!(send(by_key(9, GAS), second), Err(PoolRefusal::ReplacesAnothers { nonce: 0 }));
}
