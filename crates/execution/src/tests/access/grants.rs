//! What comes with a key authorisation, who may sign one, and what a recovery makes of keys.

use super::*;
use crate::tests::recovered;

#[test]
fn a_key_is_used_in_the_transaction_that_authorises_it() {
    let (key, terms) = (wallet(KEY).address(), limited(KeyKind::Secp256k1));
    for account in [None, Some(owner())] {
        let mut world = world(&[]);
        let grant = allowed(key, &terms, account, ROOT);
        let first = by(KEY, with(grant.clone(), batch(0, vec![pay(SHOP, 40)])));
        let outcome = world.block(&[first]);
        let receipt = &outcome.receipts[0].envelope;
        assert!(receipt.status());
        assert_eq!(receipt.logs().iter().map(|log| log.address).collect::<Vec<_>>(), [MODULE, WON], "it is told, and then used");
        assert!(ended(&mut world, by(KEY, batch(1, vec![pay(SHOP, 60)]))));
        assert!(!ended(&mut world, by(KEY, batch(2, vec![pay(SHOP, 1)]))), "both count");
        assert_eq!(refused(&world, &by(KEY, with(grant, batch(3, vec![pay(SHOP, 1)])))), Refusal::KeyKnown { key }, "once");
    }
    // By the owner's own key, for later; in a batch that makes a contract, whose address is that of the account's nonce.
    let mut world = world(&[]);
    let init = Call { to: TxKind::Create, value: U256::ZERO, input: alloy_primitives::bytes!("63602a5f555f526004601cf3") };
    let making = with(allowed(key, &terms, None, ROOT), batch(0, vec![init, pay(SHOP, 1)]));
    let outcome = world.block(&[signed(making, &wallet(ROOT))]);
    assert_eq!(outcome.receipts[0].contract_address, Some(owner().create(0)));
    assert_eq!(world.account(owner()).nonce, 1);
    assert!(ended(&mut world, by(KEY, batch(1, vec![pay(SHOP, 60)]))));
}

#[test]
fn a_key_authorisation_is_undone_with_the_calls_and_may_then_be_sent_again() {
    let (key, terms) = (wallet(KEY).address(), limited(KeyKind::Secp256k1));
    let mut world = world(&[]);
    let grant = allowed(key, &terms, None, ROOT);
    assert!(!ended(&mut world, by(KEY, with(grant.clone(), batch(0, vec![pay(SHOP, DAILY + 1)])))));
    assert_eq!(refused(&world, &by(KEY, batch(1, vec![pay(SHOP, 1)]))), Refusal::UnknownKey { account: owner(), key });
    assert!(ended(&mut world, by(KEY, with(grant, batch(1, vec![pay(SHOP, 1)])))));
}

#[test]
fn an_authorisation_that_was_not_used_is_good_for_nothing_once_its_key_is_revoked() {
    let (key, terms) = (wallet(KEY).address(), limited(KeyKind::Secp256k1));
    let mut world = world(&[]);
    let held = by(KEY, with(allowed(key, &terms, None, ROOT), batch(1, vec![pay(SHOP, 1)])));
    let mut unaware = world.clone();
    assert!(ended(&mut unaware, signed(batch(0, vec![pay(SHOP, 1)]), &wallet(ROOT))));
    assert!(ended(&mut unaware, held.clone()), "it stays good");
    assert!(ended(&mut world, signed(batch(0, vec![to(MODULE, revokeKeyCall { key })]), &wallet(ROOT))));
    assert_eq!(refused(&world, &held), Refusal::KeyKnown { key });
}

#[test]
fn who_may_authorise_a_key_is_the_first_key_and_an_admin_key_that_names_the_account() {
    let (key, terms) = (wallet(KEY).address(), limited(KeyKind::Secp256k1));
    let (full, weak) = (wallet(8).address(), wallet(9).address());
    let mut weak_terms = limited(KeyKind::Secp256k1);
    weak_terms.scopes.truncate(1);
    let world = world(&[(full, admin(KeyKind::Secp256k1)), (weak, weak_terms)]);
    let first = |grant| by(KEY, with(grant, batch(0, vec![pay(SHOP, 40)])));
    assert!(ended(&mut world.clone(), first(allowed(key, &terms, Some(owner()), 8))), "an admin key");
    assert_eq!(refused(&world, &first(allowed(key, &terms, Some(owner()), 9))), Refusal::KeyMayNot { key: weak });
    let stranger = wallet(3).address();
    let unknown = Refusal::UnknownKey { account: owner(), key: stranger };
    assert_eq!(refused(&world, &first(allowed(key, &terms, Some(owner()), 3))), unknown);
    let refuses = |grant: KeyAuthorization, signer: u8, why: GrantError| {
        let transaction = try_by(signer, with(grant, batch(0, vec![pay(SHOP, 40)])));
        assert_eq!(transaction, Err(TransactionError::KeyAuthorization(why)));
    };
    let wallets = |hash: B256| KeySignature::Secp256k1(wallet(ROOT).sign_hash_sync(&hash).unwrap());
    refuses(allowed(key, &terms, None, 8), KEY, GrantError::Unbound { signer: full });
    refuses(allowed(key, &terms, Some(SHOP), ROOT), KEY, GrantError::OtherAccount { have: SHOP, want: owner() });
    refuses(allowed(key, &terms, None, ROOT), 8, GrantError::OtherKey { have: key, signer: full });
    for chain in [0, CHAIN + 1] {
        let other = authorization(chain, key, &asked(&terms), None, wallets);
        refuses(other, KEY, GrantError::OtherChain { have: chain, want: CHAIN });
    }
    type Opens = fn(&mut AskedTerms);
    let open: [(&'static str, Opens); 3] = [
        ("expiry", |asked| asked.expiry_s = None),
        ("limits", |asked| asked.limits = None),
        ("scopes", |asked| asked.scopes = None),
    ];
    for (missing, change) in open {
        let mut asked = asked(&terms);
        change(&mut asked);
        refuses(authorization(CHAIN, key, &asked, None, wallets), KEY, AuthorizationError::Unlimited { missing }.into());
    }
}

#[test]
fn what_a_key_authorisation_asks_beyond_the_rules_is_refused_before_it_runs() {
    use accounts::Field;
    let key = wallet(KEY).address();
    let world = world(&[]);
    type Changes = fn(&mut KeyTerms);
    let cases: [(Changes, Refusal); 6] = [
        (|terms| terms.expires_ms = T0_MS, Refusal::OutOfBounds { field: Field::Expiry }),
        (|terms| terms.limits[0].period_ms = HOUR_MS / 2, Refusal::OutOfBounds { field: Field::Period }),
        (|terms| terms.limits[0].amount = u128::MAX, Refusal::OutOfBounds { field: Field::Amount }),
        (|terms| terms.scopes.clear(), Refusal::OutOfBounds { field: Field::Scopes }),
        (|terms| terms.scopes[0].target = MODULE, Refusal::OutOfBounds { field: Field::Scopes }),
        (|terms| terms.scopes[0].target = owner(), Refusal::OutOfBounds { field: Field::Scopes }),
    ];
    for (change, refusal) in cases {
        let mut terms = limited(KeyKind::Secp256k1);
        change(&mut terms);
        let transaction = by(KEY, with(allowed(key, &terms, None, ROOT), batch(0, vec![pay(SHOP, 1)])));
        assert_eq!(refused(&world, &transaction), refusal);
    }
    let itself = signed(with(allowed(owner(), &limited(KeyKind::P256), None, ROOT), batch(0, vec![pay(SHOP, 1)])), &wallet(ROOT));
    assert_eq!(refused(&world, &itself), Refusal::NotAKey { key: owner() });
}

#[test]
fn after_a_recovery_the_new_key_acts_and_authorises_and_the_first_does_neither_whoever_carries_it() {
    let mut world = recovered::recovered_to(wallet(KEY).address(), KeyKind::Secp256k1);
    let nonce = world.account(owner()).nonce;
    let calls = || vec![raw(recovered::CODE, vec![])];
    let replaced = Refusal::RootReplaced { account: owner() };
    assert_eq!(refused(&world, &signed(batch(nonce, calls()), &wallet(ROOT))), replaced);
    let mut own_sponsor =
        Batch { fee_payer_signature: Some(alloy_primitives::Signature::test_signature()), ..batch(nonce, calls()) };
    own_sponsor.fee_payer_signature = Some(wallet(ROOT).sign_hash_sync(&own_sponsor.fee_payer_hash(owner())).unwrap());
    assert_eq!(refused(&world, &by(KEY, own_sponsor)), replaced, "not as the sponsor of its own account either");
    let mut terms = limited(KeyKind::Secp256k1);
    terms.expires_ms = world.env.time_ms + DAY_MS;
    terms.scopes[0].target = recovered::CODE;
    terms.scopes[0].selectors.clear();
    let granted = |by_whom| with(allowed(wallet(9).address(), &terms, Some(owner()), by_whom), batch(nonce, calls()));
    assert_eq!(refused(&world, &by(9, granted(ROOT))), replaced, "an authorisation that the first key signed");
    assert!(ended(&mut world.clone(), by(9, granted(KEY))), "one that the new key signed");
    // A question names no signer of its authorisation: it is answered as if the new key had signed.
    let asked = crate::views::Request {
        single: alloy_rpc_types_eth::TransactionRequest { from: Some(owner()), ..Default::default() },
        calls: calls(),
        key: Some((wallet(9).address(), KeyKind::Secp256k1)),
        grant: Some(Grant { by: None, key: wallet(9).address(), terms: terms.clone() }),
        ..Default::default()
    };
    let gas_limit = crate::views::estimate_gas(&world.records, &world.env, &asked, &Default::default()).unwrap();
    let outcome = world.clone().block(&[by(9, Batch { gas_limit, ..granted(KEY) })]);
    assert!(outcome.receipts[0].envelope.status() && outcome.gas_used > gas_limit * 98 / 100, "{gas_limit}: {outcome:?}");
    assert!(ended(&mut world, by(KEY, batch(nonce, calls()))));
}

#[test]
fn a_recovery_takes_the_code_away_although_a_limited_key_brings_it_about() {
    let (key, mut terms) = (wallet(KEY).address(), limited(KeyKind::Secp256k1));
    let mut world = recovered::ripe_with_code();
    terms.expires_ms = world.env.time_ms + DAY_MS;
    terms.scopes[1].target = recovered::CODE;
    let run = dure_api::abi::accounts::IAccounts::runDeadlineCall { account: owner() };
    let nonce = world.account(owner()).nonce;
    let calls = vec![raw(recovered::CODE, run.abi_encode())];
    assert_eq!(crate::views::code(&world.records, owner()).unwrap().len(), 23);
    assert!(ended(&mut world, by(KEY, with(allowed(key, &terms, None, ROOT), batch(nonce, calls)))));
    assert_eq!(crate::views::code(&world.records, owner()).unwrap().len(), 0);
}

#[test]
fn a_call_an_estimate_and_a_trace_by_a_named_key_say_what_a_block_would_do() {
    use crate::views::{Request, Trace, Tracer, ViewError, call, estimate_gas, trace_transaction};
    use alloy_rpc_types_eth::TransactionRequest;
    let key = wallet(KEY).address();
    let mut world = world(&[]);
    let single = TransactionRequest { from: Some(owner()), ..Default::default() };
    let grant = allowed(key, &limited(KeyKind::Secp256k1), None, ROOT);
    let asks = |calls: Vec<Call>, granted: bool| Request {
        single: single.clone(),
        calls,
        key: Some((key, KeyKind::Secp256k1)),
        grant: granted.then(|| Grant::of(&grant, CHAIN, owner(), None).unwrap()),
        ..Default::default()
    };
    let run = |world: &World, request: &Request| call(&world.records, &world.env, request, &Default::default());
    let unknown = ViewError::Signer(Refusal::UnknownKey { account: owner(), key }.into());
    assert_eq!(run(&world, &asks(vec![pay(SHOP, 1)], false)), Err(unknown));
    let target = ViewError::Signer(Refusal::TargetOutOfScope { target: OTHER }.into());
    assert_eq!(run(&world, &asks(vec![raw(OTHER, vec![])], true)), Err(target));
    let called = run(&world, &asks(vec![pay(SHOP, DAILY + 1)], true)).unwrap();
    let Err(crate::views::Failed::Reverted(why)) = called.result else { panic!("{called:?}") };
    let want = Refusal::LimitExceeded { credit: WON, left: DAILY.into(), want: u128::from(DAILY) + 1 };
    assert_eq!(why, dure_api::abi::refusal_to_error(&want.into()));
    let gas_limit = estimate_gas(&world.records, &world.env, &asks(vec![pay(SHOP, 1)], true), &Default::default()).unwrap();
    let first = by(KEY, with(grant.clone(), Batch { gas_limit, ..batch(0, vec![pay(SHOP, 1)]) }));
    let traced =
        trace_transaction(&world.records, &world.env, std::slice::from_ref(&first), 0, &Tracer::Call(Default::default()));
    let Ok(Trace::Call(frame)) = traced else { panic!("{traced:?}") };
    let inner: Vec<_> = frame.calls.iter().map(|call| (call.to, call.error.is_none())).collect();
    assert_eq!(inner, [(Some(MODULE), true), (Some(WON), true)]);
    let outcome = world.block(&[first]);
    assert!(outcome.receipts[0].envelope.status() && outcome.gas_used > gas_limit * 98 / 100, "{gas_limit}: {outcome:?}");
    let known = estimate_gas(&world.records, &world.env, &asks(vec![pay(SHOP, 1)], false), &Default::default()).unwrap();
    assert!(known + 30_000 < gas_limit, "the authorisation has its price: {known} and {gas_limit}");
}
