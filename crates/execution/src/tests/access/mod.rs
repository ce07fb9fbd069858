//! Access keys in blocks: an account, its keys, and what every test asks of them.

mod acting;
mod everything;
mod grants;
mod stolen;

use super::*;
use crate::batch::making::authorization;
use crate::batch::{Grant, GrantError};
use crate::law::LAW;
use crate::modules::Signatures;
use crate::tests::batches::{self, signed, wallet};
use alloy_primitives::{address, keccak256};
use alloy_signer::SignerSync as _;
use alloy_sol_types::SolCall;
use dure_api::abi::accounts::IAccounts::revokeKeyCall;
use dure_api::abi::credits::ICredit::{approveCall, balanceOfCall, transferCall, transferFromCall};
use dure_api::batch::{
    AskedTerms, AuthorizationError, Batch, Call, CallScope, KeyAuthorization, KeyKind, KeySignature, P256Signature,
    SenderSignature, SignedBatch, SpendingLimit, access_key_hash,
};
use dure_rules::accounts::{self, KeyTerms, Limit, MODULE, Refusal, Scope};
use dure_rules::bounds::{DAY_MS, HOUR_MS};
use dure_rules::credits::{self, CreditId, Kind};
use dure_rules::{Draft, Env, Memory};
use p256::ecdsa::{Signature, SigningKey, signature::hazmat::PrehashSigner as _};

pub const WON: Address = address!("d00ec00000000000000000000000000000000001");
pub const SHOP: Address = Address::repeat_byte(0x50);
/// A contract that the limited key may call, and one that it may not.
pub const AGENT: Address = Address::repeat_byte(0xc1);
pub const OTHER: Address = Address::repeat_byte(0xc2);
/// Calls the address in the first word of its calldata with the rest, and ends as that call does.
pub const AGENT_CODE: &str = "602036038060205f375f5f915f5f5f355af115601757005b3d5f5f3e3d5ffd";
pub const DAILY: u64 = 100;
pub const GAS: u64 = 1_000_000;
pub const PURSE: u64 = 10_000;
/// Its owner's wallet, and that of the access key.
pub const ROOT: u8 = 1;
pub const KEY: u8 = 7;

pub fn owner() -> Address {
    wallet(ROOT).address()
}

/// `transfer` and `approve` of one credit, everything of one contract, a hundred a day.
pub fn limited(kind: KeyKind) -> KeyTerms {
    KeyTerms {
        kind,
        admin: false,
        expires_ms: T0_MS + 30 * DAY_MS,
        limits: vec![Limit { credit: CreditId(WON), amount: DAILY.into(), period_ms: DAY_MS }],
        scopes: vec![
            Scope { target: WON, selectors: vec![transferCall::SELECTOR, approveCall::SELECTOR] },
            Scope { target: AGENT, selectors: vec![] },
        ],
    }
}

pub fn admin(kind: KeyKind) -> KeyTerms {
    KeyTerms { kind, admin: true, expires_ms: 0, limits: vec![], scopes: vec![] }
}

/// An owner, a shop and a second account with money of one credit; the agent and its like; the keys that are named.
pub fn world(keys: &[(Address, KeyTerms)]) -> World {
    let mut memory = Memory::default();
    let env = Env { chain_id: CHAIN, height: 0, time_ms: T0_MS, caller: SHOP, key: None };
    let mut draft = Draft::new(&mut memory, &Signatures, env);
    let kind = Kind::Reserve { issuer: SHOP };
    let credit = credits::create(&mut draft, "Won".into(), "WON".into(), 0, Some(*b"KRW"), kind).unwrap();
    for who in [owner(), SHOP, wallet(2).address()] {
        credits::issue(&mut draft, credit, who, PURSE.into()).unwrap();
    }
    for (key, terms) in keys {
        accounts::authorize_signed(&mut draft, owner(), None, *key, terms.clone()).unwrap();
    }
    let effects = draft.into_effects();
    memory.commit(&effects);
    let code: Bytes = hex::decode(AGENT_CODE).unwrap().into();
    let people = [owner(), SHOP, wallet(2).address(), wallet(KEY).address()].map(rich);
    let mut all: Vec<_> = people.into();
    all.extend([AGENT, OTHER].map(|address| contract(address, code.clone())));
    let mut world = World::new(LAW, all);
    world.records.0.extend(memory.0);
    world
}

pub fn to(target: Address, input: impl SolCall) -> Call {
    raw(target, input.abi_encode())
}

pub fn raw(target: Address, input: Vec<u8>) -> Call {
    Call { to: TxKind::Call(target), value: U256::ZERO, input: input.into() }
}

/// A call through a contract: what it is to call, and with what.
pub fn through(agent: Address, call: &Call) -> Call {
    raw(agent, [call.to.to().unwrap().into_word().as_slice(), &call.input].concat())
}

pub fn pay(to_whom: Address, value: u64) -> Call {
    to(WON, transferCall { to: to_whom, value: U256::from(value) })
}

pub fn batch(nonce: u64, calls: Vec<Call>) -> Batch {
    Batch { gas_limit: GAS, ..batches::batch(nonce, calls) }
}

/// Signs by a wallet that is an access key of the owner.
pub fn by(key: u8, batch: Batch) -> Transaction {
    try_by(key, batch).unwrap()
}

pub fn try_by(key: u8, batch: Batch) -> Result<Transaction, TransactionError> {
    let hash = access_key_hash(batch.sender_hash(), owner());
    sent(batch, KeySignature::Secp256k1(wallet(key).sign_hash_sync(&hash).unwrap()))
}

pub fn sent(batch: Batch, key: KeySignature) -> Result<Transaction, TransactionError> {
    let signature = SenderSignature { account: Some(owner()), key };
    Transaction::decode(&SignedBatch::new(batch, signature).encoded(), CHAIN)
}

/// A device: a P-256 key.
pub fn device() -> SigningKey {
    SigningKey::from_slice(&[0x42; 32]).unwrap()
}

pub fn sign_p256(prehash: B256) -> P256Signature {
    let signature: Signature = device().sign_prehash(prehash.as_slice()).unwrap();
    let point = device().verifying_key().to_sec1_point(false);
    P256Signature { rs: signature.normalize_s().to_bytes().into(), point: point.as_bytes()[1..].try_into().unwrap() }
}

/// The same key as a device's and as a passkey's.
pub fn p256(hash: B256) -> KeySignature {
    KeySignature::P256 { signature: sign_p256(hash), prehash: false }
}

pub fn passkey(hash: B256) -> KeySignature {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let client = format!(r#"{{"type":"webauthn.get","challenge":"{}"}}"#, URL_SAFE_NO_PAD.encode(hash));
    let authenticator = [&[7u8; 32][..], &[1], &[0; 4]].concat();
    let sha256 = |bytes: &[u8]| B256::from_slice(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref());
    let prehash = sha256(&[&authenticator[..], sha256(client.as_bytes()).as_slice()].concat());
    KeySignature::WebAuthn { signature: sign_p256(prehash), data: [&authenticator[..], client.as_bytes()].concat().into() }
}

pub fn balance(world: &World, who: Address) -> u64 {
    ask(world, WON, balanceOfCall { account: who }).to()
}

pub fn ask<C: SolCall>(world: &World, target: Address, question: C) -> C::Return {
    use alloy_rpc_types_eth::{TransactionInput, TransactionRequest};
    let input = TransactionInput::new(question.abi_encode().into());
    let request = TransactionRequest { to: Some(target.into()), input, ..Default::default() };
    let called = crate::views::call(&world.records, &world.env, &request.into(), &Default::default()).unwrap();
    C::abi_decode_returns(&called.result.unwrap()).unwrap()
}

/// Runs one transaction, asks that it is included, and says how it ended.
pub fn ended(world: &mut World, transaction: Transaction) -> bool {
    let outcome = world.block(&[transaction]);
    assert!(outcome.skipped.is_empty(), "{:?}", outcome.skipped);
    outcome.receipts[0].envelope.status()
}

/// Asks that the transaction is refused, everywhere in the same words, and that nothing is left of it.
pub fn refused(world: &World, transaction: &Transaction) -> Refusal {
    let list = std::slice::from_ref(transaction);
    let outcome = world.execute(list, Arrival::Hinted).unwrap();
    let [(0, Skip::Signer(refused))] = &outcome.skipped[..] else { panic!("{:?}", outcome.skipped) };
    assert_eq!(outcome.changes, world.execute(&[], Arrival::Reader).unwrap().changes, "nothing is left of it");
    let mut verifier = world.clone();
    verifier.env.mode = Mode::Verify;
    let reason = Skip::Signer(refused.clone());
    let invalid = Err(Error::InvalidBlock { index: 0, hash: transaction.hash(), reason });
    for arrival in ARRIVALS {
        assert_eq!(verifier.execute(list, arrival), invalid, "{arrival:?}");
    }
    let pool = crate::views::admit(&world.records, CHAIN, world.env.time_ms, transaction);
    assert_eq!(pool, Err(crate::views::ViewError::Signer(refused.clone())));
    assert!(refused.to_string().contains("key"), "{refused}");
    refused.refusal()
}

pub fn asked(terms: &KeyTerms) -> AskedTerms {
    let limit = |limit: &Limit| SpendingLimit {
        credit: limit.credit.0,
        amount: U256::from(limit.amount),
        period_s: limit.period_ms / 1_000,
    };
    let scope = |scope: &Scope| CallScope { target: scope.target, selectors: scope.selectors.clone() };
    AskedTerms {
        kind: terms.kind,
        expiry_s: Some(terms.expires_ms / 1_000).filter(|_| !terms.admin),
        limits: Some(terms.limits.iter().map(limit).collect()).filter(|_| !terms.admin),
        scopes: Some(terms.scopes.iter().map(scope).collect()).filter(|_| !terms.admin),
        admin: terms.admin,
    }
}

/// What the owner, or another wallet in its place, allows a key.
pub fn allowed(key: Address, terms: &KeyTerms, account: Option<Address>, by: u8) -> KeyAuthorization {
    authorization(CHAIN, key, &asked(terms), account, |hash| KeySignature::Secp256k1(wallet(by).sign_hash_sync(&hash).unwrap()))
}

pub fn with(key_authorization: KeyAuthorization, batch: Batch) -> Batch {
    Batch { key_authorization: Some(key_authorization), ..batch }
}
