//! A stolen access key tries everything, by transactions that it really signs: every function of every institution, directly,
//! through contracts and through code of the account; creations; EIP-7702; sponsoring; further keys.
//! `scripts/stolen-key` tells what it tried.

use super::everything::functions;
use super::*;
use alloy_consensus::{SignableTransaction as _, TxEip1559, TxEip7702};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_eips::eip7702::Authorization;
use alloy_network::TxSignerSync as _;
use dure_api::abi::accounts::IAccounts::reachOfCall;
use dure_api::abi::credits::ICredit::{permitCall, redeemCall};
use dure_rules::accounts::{GUARDIANSHIPS, KEYS, RINGS, SEALING_KEYS, SealingKind};
use dure_rules::credits::ALLOWANCE;
use dure_rules::roles::{self, Role};
use proptest::prelude::*;
use std::collections::BTreeSet;

const THIEF: Address = Address::repeat_byte(0x66);
/// Another account, which lets the owner take all it has.
const TRUSTING: u8 = 2;

/// The owner names guardians, grants roles, and has a key for every day; the thief gets another.
fn robbed(terms: KeyTerms) -> World {
    let mut world = world(&[(wallet(8).address(), admin(KeyKind::Secp256k1)), (wallet(KEY).address(), terms)]);
    let mut memory = Memory(world.records.0.clone());
    let env = Env { chain_id: CHAIN, height: 0, time_ms: T0_MS, caller: owner(), key: None };
    let mut draft = Draft::new(&mut memory, &Signatures, env);
    let guardians = accounts::Action::SetGuardians { commitment: B256::ZERO, threshold: 2, count: 3 };
    accounts::apply(&mut draft, guardians).unwrap();
    roles::recognise(&mut draft, Role::Carrier, owner());
    let carrier = roles::Action::Grant { role: Role::Carrier, to: SHOP, until_ms: T0_MS + DAY_MS };
    roles::apply(&mut draft, carrier).unwrap();
    let effects = draft.into_effects();
    memory.commit(&effects);
    world.records.0 = memory.0;
    let trust = to(WON, approveCall { spender: owner(), value: U256::MAX });
    world.pass(&[signed(batch(0, vec![trust]), &wallet(TRUSTING))]);
    world
}

/// Everything of the account that no limited key may ever touch, as bytes.
fn sacred(world: &World) -> Vec<(Key, Option<Bytes>)> {
    let kinds = [SealingKind::X25519, SealingKind::XWing];
    let keys = [wallet(8).address(), who(0x99), THIEF].map(|key| KEYS.key(&(owner(), key)));
    let mut all = vec![RINGS.key(&owner()), GUARDIANSHIPS.key(&owner())];
    all.extend(kinds.map(|kind| SEALING_KEYS.key(&(owner(), kind))));
    all.extend(keys);
    all.into_iter().map(|key| (key, world.records.0.get(&key).cloned())).collect()
}

/// What has left, or can be taken, of the owner's money and of that which others let the owner take.
fn exposure(world: &World) -> i128 {
    let purses: i128 =
        [owner(), wallet(TRUSTING).address()].map(|who| i128::from(PURSE) - i128::from(balance(world, who))).iter().sum();
    let memory =
        Memory(world.records.0.iter().filter(|(key, _)| key.0[0] == ALLOWANCE.tag).map(|(k, v)| (*k, v.clone())).collect());
    let given = ALLOWANCE.scan(&memory).unwrap().into_iter().filter(|given| given.owner == owner() && given.spender != owner());
    purses + given.map(|given| given.amount.min(1 << 90) as i128).sum::<i128>()
}

fn audited(world: &World) {
    let records = world.records.0.iter().filter(|(key, _)| key.0[0] >= 0x10).map(|(key, value)| (*key, value.clone()));
    assert_eq!(dure_rules::audit(&Memory(records.collect())), Ok(vec![]));
}

#[test]
fn a_stolen_access_key_of_one_function_tries_every_other_and_changes_nothing() {
    let terms =
        KeyTerms { scopes: vec![Scope { target: WON, selectors: vec![transferCall::SELECTOR] }], ..limited(KeyKind::Secp256k1) };
    let world = robbed(terms);
    let own = crate::keys::account(owner());
    let quiet: BTreeSet<Key> = world.execute(&[], Arrival::Reader).unwrap().changes.into_iter().map(|(key, _)| key).collect();
    let (mut refusals, mut ran) = (0, 0);
    for function in functions(THIEF) {
        let transaction = by(KEY, batch(0, vec![raw(function.target, function.data.clone())]));
        let outcome = world.execute(std::slice::from_ref(&transaction), Arrival::Reader).unwrap();
        if function.selector == transferCall::SELECTOR && function.target == WON {
            assert!(outcome.receipts[0].envelope.status());
        } else if function.target == MODULE {
            // Let through to the module that decides what a limited key may do there: nothing but to give itself up.
            assert!(!outcome.receipts[0].envelope.status() || function.view, "{}", function.name);
            let touched: Vec<_> = outcome.changes.iter().filter(|(key, _)| *key != own && !quiet.contains(key)).collect();
            assert!(touched.is_empty(), "{}: {touched:?}", function.name);
            ran += 1;
        } else {
            let refusal = refused(&world, &transaction);
            let selector = function.selector;
            let expected = match function.target {
                WON => Refusal::SelectorOutOfScope { target: WON, selector },
                target => Refusal::TargetOutOfScope { target },
            };
            assert_eq!(refusal, expected, "{}", function.name);
            refusals += 1;
        }
    }
    assert!(refusals >= 70 && ran >= 12, "{refusals} and {ran}: the interfaces have more");
    println!("a key of one function: {refusals} functions refused before they run, {ran} of the accounts module did nothing");
}

#[test]
fn a_stolen_access_key_that_may_call_everything_and_spend_nothing_spends_nothing_and_keeps_its_terms() {
    let mut targets: Vec<_> =
        functions(THIEF).iter().map(|function| function.target).filter(|target| *target != MODULE).collect();
    targets.sort();
    targets.dedup();
    targets.extend([AGENT, OTHER]);
    let scopes = targets.into_iter().map(|target| Scope { target, selectors: vec![] }).collect();
    let mut world = robbed(KeyTerms { scopes, limits: vec![], ..limited(KeyKind::Secp256k1) });
    let mut delegated = world.clone();
    let delegate = revm::bytecode::Bytecode::new_eip7702(OTHER).original_bytes();
    let mut record = delegated.account(owner());
    record.code_hash = keccak256(&delegate).0;
    delegated.records.0.insert(crate::keys::code(keccak256(&delegate)), delegate);
    delegated.records.0.insert(crate::keys::account(owner()), record.encode());
    let (before, spent) = (sacred(&world), exposure(&world));
    let (mut tried, mut done) = (0, BTreeSet::new());
    for someone in [THIEF, owner(), wallet(TRUSTING).address()] {
        for function in functions(someone) {
            let call = raw(function.target, function.data.clone());
            let ways = [call.clone(), through(AGENT, &call), through(AGENT, &through(owner(), &call))];
            for (place, way) in ways.into_iter().enumerate() {
                let world = if place == 2 { &mut delegated } else { &mut world };
                let nonce = world.account(owner()).nonce;
                let outcome = world.pass(&[by(KEY, batch(nonce, vec![way]))]);
                tried += 1;
                assert!(outcome.skipped.is_empty(), "{}: {:?}", function.name, outcome.skipped);
                if outcome.receipts.last().unwrap().envelope.status() && !function.view {
                    assert!(place < 2, "{} ran by the account's own code", function.name);
                    done.insert(function.name.clone());
                }
                assert!(sacred(world) == before, "{} touched what it must not", function.name);
                assert!(exposure(world) <= spent, "{} let money leave", function.name);
            }
        }
    }
    audited(&world);
    println!("a key that may call everything: {tried} tries, no unit left; done, within its scopes: {done:?}");
    assert!(done.len() >= 3, "{done:?}");
}

#[test]
fn a_stolen_access_key_signs_for_itself_alone_what_is_no_batch_of_the_account() {
    let mut world = robbed(limited(KeyKind::Secp256k1));
    let (key, before, spent) = (wallet(KEY), sacred(&world), exposure(&world));
    let wire = |envelope: TxEnvelope| Transaction::decode(&envelope.encoded_2718(), CHAIN).unwrap();
    // An ordinary transaction is one of the account that the key itself makes.
    let mut body =
        TxEip1559 { chain_id: CHAIN, gas_limit: GAS, to: TxKind::Call(WON), input: pay(THIEF, 1).input, ..Default::default() };
    let signature = key.sign_transaction_sync(&mut body).unwrap();
    let plain = wire(body.into_signed(signature).into());
    // An authorisation of EIP-7702 gives code to whoever's first key signs it.
    let takes_on = Authorization { chain_id: U256::from(CHAIN), address: OTHER, nonce: 1 };
    let signature = key.sign_hash_sync(&takes_on.signature_hash()).unwrap();
    let authorization_list = vec![takes_on.into_signed(signature)];
    let mut body = TxEip7702 { chain_id: CHAIN, nonce: 1, gas_limit: GAS, to: AGENT, authorization_list, ..Default::default() };
    body.nonce = 0;
    let signature = wallet(8).sign_transaction_sync(&mut body).unwrap();
    let carried = wire(body.into_signed(signature).into());
    // As fee payer it pays by the allowance of its own account.
    let mut sponsored = batch(0, vec![pay(THIEF, 1)]);
    sponsored.fee_payer_signature = Some(key.sign_hash_sync(&sponsored.fee_payer_hash(wallet(9).address())).unwrap());
    let sponsored = signed(sponsored, &wallet(9));
    assert_eq!([plain.signer(), carried.signer(), sponsored.payer()], [key.address(), wallet(8).address(), key.address()]);
    let allowance = world.account(owner()).allowance;
    for transaction in [plain, sponsored, carried] {
        world.block(&[transaction]);
        assert_eq!((world.account(owner()).allowance, world.account(owner()).nonce), (allowance, 0));
        assert!(world.account(owner()).code_hash() == alloy_primitives::KECCAK256_EMPTY);
    }
    // Wider terms for itself, a key more, by its own signature or in the owner's name.
    let wide = KeyTerms { limits: vec![], scopes: vec![], expires_ms: 0, ..admin(KeyKind::Secp256k1) };
    for new in [key.address(), wallet(9).address()] {
        let grant = allowed(new, &wide, Some(owner()), KEY);
        let signer = if new == key.address() { KEY } else { 9 };
        let why = refused(&world, &by(signer, with(grant, batch(0, vec![pay(THIEF, 1)]))));
        assert_eq!(why, Refusal::KeyMayNot { key: key.address() });
        assert!(try_by(signer, with(allowed(new, &wide, None, KEY), batch(0, vec![pay(THIEF, 1)]))).is_err());
    }
    // What the owner once signed for another key is that key's to bring.
    let grant = allowed(wallet(9).address(), &wide, None, ROOT);
    assert!(try_by(KEY, with(grant, batch(0, vec![pay(THIEF, 1)]))).is_err());
    assert!(sacred(&world) == before && exposure(&world) == spent);
}

/// What the thief does next; the numbers pick whom, how much and in which way.
#[derive(Clone, Debug)]
enum Try {
    /// A batch of these calls by the key.
    Sends(Vec<(u8, u8, u64)>),
    /// Whoever was allowed to take the owner's money takes it.
    Takes(u64),
    Waits(u64),
}

fn tries() -> impl Strategy<Value = Vec<Try>> {
    let call = (0..16u8, 0..4u8, 0..160u64);
    let step = prop_oneof![
        6 => prop::collection::vec(call, 1..4).prop_map(Try::Sends),
        2 => (0..200u64).prop_map(Try::Takes),
        1 => (1..DAY_MS).prop_map(Try::Waits),
    ];
    prop::collection::vec(step, 1..24)
}

fn terms() -> impl Strategy<Value = KeyTerms> {
    let selectors = prop::sample::subsequence(
        vec![
            transferCall::SELECTOR,
            approveCall::SELECTOR,
            transferFromCall::SELECTOR,
            redeemCall::SELECTOR,
            permitCall::SELECTOR,
        ],
        0..5,
    );
    (0..3u64, selectors, any::<[bool; 3]>(), 1..6u64).prop_map(|(hundreds, selectors, targets, days)| {
        let mut scopes = vec![Scope { target: WON, selectors }];
        let all = [AGENT, THIEF, dure_rules::orders::MODULE].into_iter().zip(targets);
        scopes.extend(all.filter(|(_, there)| *there).map(|(target, _)| Scope { target, selectors: vec![] }));
        let limits = vec![Limit { credit: CreditId(WON), amount: (hundreds * 100).into(), period_ms: DAY_MS }];
        KeyTerms { scopes, limits, expires_ms: T0_MS + days * DAY_MS, ..limited(KeyKind::Secp256k1) }
    })
}

/// Call number `which` of those that the thief knows.
fn call_of((which, whom, amount): (u8, u8, u64), world: &World) -> Call {
    let to_whom = [THIEF, owner(), SHOP, AGENT][usize::from(whom)];
    let value = U256::from(amount);
    let from = [owner(), wallet(TRUSTING).address(), SHOP, THIEF][usize::from(whom)];
    match which {
        0..=2 => pay(to_whom, amount),
        3 => to(WON, approveCall { spender: to_whom, value }),
        4 => to(WON, approveCall { spender: AGENT, value }),
        5 => to(WON, approveCall { spender: THIEF, value: U256::MAX }),
        6 => to(WON, transferFromCall { from, to: THIEF, value }),
        7 => to(WON, redeemCall { value }),
        8 => through(AGENT, &to(WON, transferFromCall { from: owner(), to: THIEF, value })),
        9 => through(AGENT, &through(AGENT, &pay(THIEF, amount))),
        10 => through(AGENT, &through(owner(), &pay(THIEF, amount))),
        11 => to(WON, permitted(world, value)),
        12 => through(AGENT, &to(WON, permitted(world, value))),
        13 => {
            let gln = "9521000001039".parse().unwrap();
            let (credit, bond) = (CreditId(WON), amount.into());
            let shop =
                dure_rules::orders::RegisterShop { gln, name: "S".into(), sealing_key: B256::ZERO, credit, payout: THIEF, bond };
            let (target, input) = dure_api::abi::encode(&dure_rules::orders::Action::from(shop).into());
            raw(target, input.into())
        }
        14 => {
            let (target, input) = dure_api::abi::encode(
                &dure_rules::orders::Action::from(dure_rules::orders::TopUpBond { amount: amount.into() }).into(),
            );
            raw(target, input.into())
        }
        _ => {
            let all = functions(THIEF);
            let function = &all[(amount as usize * 4 + usize::from(whom)) % all.len()];
            raw(function.target, function.data.clone())
        }
    }
}

/// A permit that the key signs in the owner's name: it is not the owner's.
fn permitted(world: &World, value: U256) -> permitCall {
    let record = credits::CREDIT.get(&mut Memory(world.records.0.clone()), &CreditId(WON)).unwrap().unwrap();
    let deadline = U256::from(u64::MAX);
    let permit = credits::Permit { owner: owner(), spender: THIEF, value, deadline_s: deadline, v: 27, signature: [0; 64] };
    let signature = wallet(KEY).sign_hash_sync(&credits::permit_prehash(CHAIN, &record, &permit, 0)).unwrap();
    let (v, r, s) = (27 + u8::from(signature.v()), signature.r().into(), signature.s().into());
    permitCall { owner: owner(), spender: THIEF, value, deadline, v, r, s }
}

/// By the terms alone, with no code of the institution.
fn in_scope(terms: &KeyTerms, call: &Call) -> bool {
    let target = *call.to.to().unwrap();
    let fits = |scope: &Scope| {
        scope.selectors.is_empty() || call.input.get(..4).is_some_and(|have| scope.selectors.iter().any(|one| one == have))
    };
    target == MODULE || terms.scopes.iter().any(|scope| scope.target == target && fits(scope))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_stolen_access_key_moves_no_more_than_its_reach(terms in terms(), tries in tries()) {
        let mut world = robbed(terms.clone());
        let key = wallet(KEY).address();
        let reach = ask(&world, MODULE, reachOfCall { account: owner(), key });
        let (before, start) = (sacred(&world), exposure(&world));
        let limit = i128::from(terms.limits[0].amount as u64);
        let all: i128 = reach.credits[0].untilExpiry.to::<u64>().into();
        let (mut period, mut at_period) = (0, start);
        for one in tries {
            if (world.env.time_ms - T0_MS) / DAY_MS != period {
                (period, at_period) = ((world.env.time_ms - T0_MS) / DAY_MS, exposure(&world));
            }
            match one {
                Try::Waits(ms) => {
                    world.env.time_ms += ms;
                    continue;
                }
                Try::Takes(amount) => {
                    let nonce = world.account(SHOP).nonce;
                    let take = transferFromCall { from: owner(), to: SHOP, value: U256::from(amount) };
                    world.pass(&[send(SHOP, nonce, WON, take.abi_encode(), GAS)]);
                }
                Try::Sends(calls) => {
                    let calls: Vec<_> = calls.into_iter().map(|call| call_of(call, &world)).collect();
                    let nonce = world.account(owner()).nonce;
                    let stands = world.env.time_ms < terms.expires_ms && KEYS
                        .get(&mut Memory(world.records.0.clone()), &(owner(), key)).unwrap().is_some_and(|record| !record.revoked);
                    let allowed = stands && calls.iter().all(|call| in_scope(&terms, call));
                    let outcome = world.pass(&[by(KEY, batch(nonce, calls.clone()))]);
                    prop_assert_eq!(outcome.skipped.is_empty(), allowed, "{:?}: {:?}", calls, outcome.skipped);
                }
            }
            prop_assert!(sacred(&world) == before);
            let now = exposure(&world);
            prop_assert!(now - start <= all, "{} of at most {}", now - start, all);
            prop_assert!(now - at_period <= limit, "{} of at most {} in a period", now - at_period, limit);
        }
        audited(&world);
    }
}
