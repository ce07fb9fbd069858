//! A recovery replaced the key that an account is made from: nothing that this key signs is taken any more, and code that it
//! took on for the account is gone.

use super::batches::{batch, signed, sponsored, wallet};
use super::*;
use crate::law::LAW;
use crate::views::{Request, ViewError, call, estimate_gas};
use alloy_consensus::{TxEip1559, TxEip2930, TxEip7702, TypedTransaction};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_eips::eip7702::{Authorization, SignedAuthorization};
use alloy_network::TxSignerSync as _;
use alloy_primitives::Signature;
use alloy_rpc_types_eth::{TransactionInput, TransactionRequest};
use alloy_signer::SignerSync as _;
use alloy_sol_types::SolCall as _;
use dure_api::abi::accounts::IAccounts::{nameKeyCall, rootStandsCall, runDeadlineCall, setGuardiansCall};
use dure_api::batch::{Call, KeyKind};
use dure_rules::accounts::{MODULE, RECOVERY_DELAY_MS, Refusal, guardians_commitment};

/// Whose account is recovered, and somebody else.
const OWNER: u8 = 1;
const OTHER: u8 = 2;
const GUARDIANS: [Address; 3] = [Address::repeat_byte(0x21), Address::repeat_byte(0x22), Address::repeat_byte(0x23)];
const NEW: (Address, KeyKind) = (Address::repeat_byte(0xa3), KeyKind::P256);
const SALT: B256 = B256::repeat_byte(9);
pub const CODE: Address = Address::repeat_byte(0xc0);
/// Hands its calldata on to the accounts module.
const RELAY: &str = "365f5f375f5f365f5f73d00e0000000000000000000000000000000000055af100";
const GAS: u64 = 300_000;

fn owner() -> Address {
    wallet(OWNER).address()
}

fn world() -> World {
    let mut accounts: Vec<_> = [OWNER, OTHER, 3].map(|n| rich(wallet(n).address())).into();
    accounts.extend(GUARDIANS.map(rich));
    accounts.push(contract(CODE, hex::decode(RELAY).unwrap().into()));
    World::new(LAW, accounts)
}

fn ran(world: &mut World, transactions: &[Transaction]) {
    let outcome = world.pass(transactions);
    assert!(outcome.skipped.is_empty(), "{:?}", outcome.skipped);
    assert!(outcome.receipts.iter().all(|receipt| receipt.envelope.status()), "{:?}", outcome.receipts);
}

/// Two of `account`'s three guardians name the new key; its guardians were set by a transaction of `by` to `to`.
fn name(world: &mut World, account: Address, by: Address, to: Address, new: (Address, KeyKind)) {
    let commitment = guardians_commitment(account, SALT, &GUARDIANS);
    let nonce = world.account(by).nonce;
    let set = setGuardiansCall { commitment, threshold: 2, count: 3 }.abi_encode();
    ran(world, &[send(by, nonce, to, set, GAS)]);
    let said = nameKeyCall { account, key: new.0, kind: new.1 as u8, salt: SALT, guardians: GUARDIANS.to_vec() }.abi_encode();
    let nonce = world.account(GUARDIANS[0]).nonce;
    ran(world, &[0, 1].map(|n| send(GUARDIANS[n], nonce, MODULE, said.clone(), GAS)));
}

/// Time goes by until what is due has run.
fn wait(world: &mut World, account: Address) {
    world.env.time_ms += RECOVERY_DELAY_MS;
    for _ in 0..4 {
        world.pass(&[]);
    }
    assert!(!stands(world, account));
}

fn stands(world: &World, account: Address) -> bool {
    let input = TransactionInput::new(rootStandsCall { account }.abi_encode().into());
    let request = TransactionRequest { from: Some(account), to: Some(MODULE.into()), input, ..Default::default() };
    let called = call(&world.records, &world.env, &request.into(), &Default::default()).unwrap();
    rootStandsCall::abi_decode_returns(&called.result.unwrap()).unwrap()
}

fn recovered() -> World {
    recovered_to(NEW.0, NEW.1)
}

/// The owner's account with this key as its only one.
pub fn recovered_to(key: Address, kind: KeyKind) -> World {
    let mut world = world();
    name(&mut world, owner(), owner(), MODULE, (key, kind));
    wait(&mut world, owner());
    world
}

/// The owner has taken code on, and the recovery waits for a call.
pub fn ripe_with_code() -> World {
    let mut world = world();
    ran(&mut world, &[carrying(OTHER, 0, vec![taking_on(CODE, 0, OWNER)])]);
    ripe(world)
}

fn sign(body: impl Into<TypedTransaction>, by: u8) -> Transaction {
    let mut body: TypedTransaction = body.into();
    let signature = wallet(by).sign_transaction_sync(&mut body).unwrap();
    Transaction::decode(&body.into_envelope(signature).encoded_2718(), CHAIN).unwrap()
}

fn taking_on(code: Address, nonce: u64, by: u8) -> SignedAuthorization {
    let authorization = Authorization { chain_id: U256::from(CHAIN), address: code, nonce };
    let signature = wallet(by).sign_hash_sync(&authorization.signature_hash()).unwrap();
    authorization.into_signed(signature)
}

#[test]
fn a_list_that_the_gas_limit_cannot_pay_for_is_not_even_looked_at() {
    // r = s = 1 recovers to somebody else for every text that is signed: nobody needs a key for a long list.
    let signature = Signature::new(U256::ONE, U256::ONE, false);
    let made_up = |n: u64| Authorization { chain_id: U256::ZERO, address: CODE, nonce: n }.into_signed(signature);
    let list: Vec<_> = (0..20).map(made_up).collect();
    let body = |gas_limit| {
        let to = Address::repeat_byte(0xee);
        TxEip7702 { chain_id: CHAIN, gas_limit, to, authorization_list: list.clone(), ..Default::default() }
    };
    let sent = |gas_limit| {
        let mut body: TypedTransaction = body(gas_limit).into();
        let signature = wallet(OTHER).sign_transaction_sync(&mut body).unwrap();
        Transaction::decode(&body.into_envelope(signature).encoded_2718(), CHAIN)
    };
    let want = 21_000 + 20 * 25_000;
    assert_eq!(sent(want - 1), Err(TransactionError::AuthorizationsUnpaid { count: 20, want, have: want - 1 }));
    assert_eq!(sent(want).unwrap().authorizations().len(), 20);
    let (from, to) = (Some(wallet(OTHER).address()), Some(CODE.into()));
    let asked =
        |gas| TransactionRequest { from, to, gas: Some(gas), authorization_list: Some(list.clone()), ..Default::default() };
    let ask = |gas| call(&world().records, &world().env, &asked(gas).into(), &Default::default());
    assert!(matches!(ask(want - 1), Err(ViewError::Invalid(why)) if why.contains("intrinsic gas too low")));
    assert!(ask(want).is_ok());
    // Everything that the list needs is asked for at once: a paid list costs no beginning anew.
    let world = world();
    let outcome = world.execute(&[sent(want + 100_000).unwrap()], Arrival::Hinted).unwrap();
    assert_eq!(outcome.included, [0]);
}

/// A transaction of type 4 by `by` that carries these authorisations.
fn carrying(by: u8, nonce: u64, authorization_list: Vec<SignedAuthorization>) -> Transaction {
    let to = Address::repeat_byte(0xee);
    sign(TxEip7702 { chain_id: CHAIN, nonce, gas_limit: GAS, to, authorization_list, ..Default::default() }, by)
}

/// One of each type of transaction that the owner's first key signs, and one that it pays for.
fn by_the_first_key(world: &World) -> Vec<(&'static str, Transaction)> {
    let nonce = world.account(owner()).nonce;
    let to = TxKind::Call(CODE);
    let legacy = TxLegacy { chain_id: Some(CHAIN), nonce, gas_limit: GAS, to, ..Default::default() };
    let listed = TxEip2930 { chain_id: CHAIN, nonce, gas_limit: GAS, to, ..Default::default() };
    let priced = TxEip1559 { chain_id: CHAIN, nonce, gas_limit: GAS, to, ..Default::default() };
    let nothing = vec![Call { to, value: U256::ZERO, input: Bytes::new() }];
    let other = world.account(wallet(OTHER).address()).nonce;
    vec![
        ("legacy", sign(legacy, OWNER)),
        ("type 1", sign(listed, OWNER)),
        ("type 2", sign(priced, OWNER)),
        ("type 4", carrying(OWNER, nonce, vec![taking_on(CODE, 7, 3)])),
        ("a batch", signed(batch(nonce, nothing.clone()), &wallet(OWNER))),
        ("a batch that another pays for", sponsored(batch(nonce, nothing.clone()), &wallet(OWNER), &wallet(OTHER))),
        ("a sponsor", sponsored(batch(other, nothing), &wallet(OTHER), &wallet(OWNER))),
    ]
}

#[test]
fn a_first_key_that_was_replaced_signs_no_transaction_of_any_type_and_pays_for_none() {
    let (before, after) = (world(), recovered());
    let refused = KeyRefused::from(Refusal::RootReplaced { account: owner() });
    assert!(refused.to_string().contains("replaced when the account was recovered"), "{refused}");
    assert!(!Skip::Signer(refused.clone()).may_fit_later(), "the pool drops it");
    for (what, transaction) in by_the_first_key(&before) {
        let outcome = before.execute(&[transaction], Arrival::Hinted).unwrap();
        assert!(outcome.receipts[0].envelope.status(), "{what}: it stood before");
    }
    for (what, transaction) in by_the_first_key(&after) {
        for arrival in ARRIVALS {
            let outcome = after.execute(std::slice::from_ref(&transaction), arrival).unwrap();
            assert_eq!(outcome.skipped, [(0, Skip::Signer(refused.clone()))], "{what}");
        }
        let nothing = after.execute(&[], Arrival::Reader).unwrap();
        let proposed = after.execute(std::slice::from_ref(&transaction), Arrival::Reader).unwrap();
        assert_eq!(proposed.changes, nothing.changes, "{what}: refused, and nothing is left of it");
        let mut verifier = after.clone();
        verifier.env.mode = Mode::Verify;
        let verified = verifier.execute(std::slice::from_ref(&transaction), Arrival::Hinted);
        let reason = Skip::Signer(refused.clone());
        assert_eq!(verified, Err(Error::InvalidBlock { index: 0, hash: transaction.hash(), reason }), "{what}");
        let pool = crate::views::admit(&after.records, CHAIN, after.env.time_ms, &transaction);
        assert_eq!(pool, Err(ViewError::Signer(refused.clone())), "{what}: as the pool asks");
    }
}

/// A recovery that may be run by a call now, and runs by itself at the next whole second.
fn ripe(mut world: World) -> World {
    world.env.time_ms += 500;
    name(&mut world, owner(), owner(), MODULE, NEW);
    world.env.time_ms += RECOVERY_DELAY_MS - 1_000;
    assert!(world.env.time_ms % 1_000 == 500 && stands(&world, owner()));
    world
}

fn run_deadline() -> Call {
    let input = runDeadlineCall { account: owner() }.abi_encode().into();
    Call { to: TxKind::Call(MODULE), value: U256::ZERO, input }
}

#[test]
fn the_key_is_refused_from_the_transaction_on_that_recovers_the_account() {
    let world = ripe(world());
    let nonce = world.account(owner()).nonce;
    let own = |nonce| send(owner(), nonce, CODE, vec![], GAS);
    let list = [own(nonce), signed(batch(0, vec![run_deadline()]), &wallet(OTHER)), own(nonce + 1)];
    let outcome = world.execute(&list, Arrival::Hinted).unwrap();
    let refused = KeyRefused::from(Refusal::RootReplaced { account: owner() });
    assert_eq!(outcome.skipped, [(2, Skip::Signer(refused.clone()))]);
}

#[test]
fn an_authorisation_by_a_replaced_key_is_passed_over_and_the_transaction_that_carries_it_runs() {
    let carried = |world: &World, owners_nonce| {
        let list = vec![taking_on(CODE, owners_nonce, OWNER), taking_on(CODE, 0, 3)];
        carrying(OTHER, world.account(wallet(OTHER).address()).nonce, list)
    };
    let delegated = |world: &World, n| crate::views::code(&world.records, wallet(n).address()).unwrap().len() == 23;
    let mut before = world();
    let transaction = carried(&before, 0);
    ran(&mut before, &[transaction]);
    assert!(delegated(&before, OWNER) && delegated(&before, 3));
    let mut after = recovered();
    let transaction = carried(&after, after.account(owner()).nonce);
    ran(&mut after, &[transaction]);
    assert!(!delegated(&after, OWNER) && delegated(&after, 3));
    assert_eq!(after.account(owner()).nonce, recovered().account(owner()).nonce, "its nonce is not used");
    // A view runs it the same way: where the authorisation counts, code runs and costs something.
    let gas = |world: &World| {
        let list = vec![taking_on(CODE, world.account(owner()).nonce, OWNER)];
        let input = TransactionInput::new(rootStandsCall { account: owner() }.abi_encode().into());
        let (from, to) = (Some(wallet(OTHER).address()), Some(owner().into()));
        let request = TransactionRequest { from, to, input, authorization_list: Some(list), ..Default::default() };
        call(&world.records, &world.env, &request.into(), &Default::default()).unwrap().gas_used
    };
    assert!(gas(&world()) > gas(&after) + 500, "{} and {}", gas(&world()), gas(&after));
}

#[test]
fn code_that_a_replaced_key_took_on_is_gone_upon_the_recovery_and_a_contracts_own_code_stays() {
    let code = |world: &World, who| crate::views::code(&world.records, who).unwrap().len();
    let mut by_itself = world();
    ran(&mut by_itself, &[carrying(OTHER, 0, vec![taking_on(CODE, 0, OWNER)])]);
    name(&mut by_itself, owner(), owner(), MODULE, NEW);
    assert_eq!(code(&by_itself, owner()), 23);
    wait(&mut by_itself, owner());
    assert_eq!(code(&by_itself, owner()), 0, "at the start of a block");

    let mut by_call = ripe_with_code();
    let fails = Call { input: Bytes::from_static(&[1, 2, 3, 4]), ..run_deadline() };
    let undone = signed(batch(1, vec![run_deadline(), fails]), &wallet(OTHER));
    let outcome = by_call.execute(&[undone], Arrival::Hinted).unwrap();
    assert!(!outcome.receipts[0].envelope.status());
    let account = crate::keys::account(owner());
    assert!(!outcome.changes.iter().any(|(key, _)| *key == account), "what is undone leaves the code where it was");
    ran(&mut by_call, &[signed(batch(1, vec![run_deadline()]), &wallet(OTHER))]);
    assert_eq!((stands(&by_call, owner()), code(&by_call, owner())), (false, 0), "by a call");

    let mut relay = world();
    name(&mut relay, CODE, wallet(OTHER).address(), CODE, NEW);
    let before = code(&relay, CODE);
    wait(&mut relay, CODE);
    assert_eq!(code(&relay, CODE), before, "a contract is no person's code");
}

#[test]
fn questions_from_a_recovered_account_are_answered_and_an_estimate_says_that_nobody_could_send_it() {
    let ask = |world: &World| {
        let request: Request = TransactionRequest { from: Some(owner()), to: Some(CODE.into()), ..Default::default() }.into();
        let called = call(&world.records, &world.env, &request, &Default::default()).unwrap();
        (called.result.is_ok(), estimate_gas(&world.records, &world.env, &request, &Default::default()))
    };
    assert!(matches!(ask(&world()), (true, Ok(_))));
    let refused = ViewError::Signer(KeyRefused::from(Refusal::RootReplaced { account: owner() }));
    assert_eq!(ask(&recovered()), (true, Err(refused)));
}
