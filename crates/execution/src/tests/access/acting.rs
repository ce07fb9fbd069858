//! What a key of each kind signs, what is refused before it runs, and what is counted while it runs.

use super::*;

#[test]
fn a_key_of_each_kind_acts_for_its_account() {
    let device = sign_p256(B256::ZERO).address();
    type Sign = fn(B256) -> KeySignature;
    let wallets: Sign = |hash| KeySignature::Secp256k1(wallet(KEY).sign_hash_sync(&hash).unwrap());
    let cases: [(KeyKind, Address, Sign); 3] = [
        (KeyKind::Secp256k1, wallet(KEY).address(), wallets),
        (KeyKind::P256, device, p256),
        (KeyKind::WebAuthn, device, passkey),
    ];
    for (kind, key, sign) in cases {
        let mut world = world(&[(key, limited(kind))]);
        let batch = Batch { nonce_key: U256::from(3), ..batch(0, vec![pay(SHOP, 30)]) };
        let hash = access_key_hash(batch.sender_hash(), owner());
        let transaction = sent(batch, sign(hash)).unwrap();
        assert_eq!((transaction.signer(), transaction.access_key()), (owner(), Some(key)));
        assert!(ended(&mut world, transaction.clone()), "{kind:?}");
        assert_eq!((balance(&world, owner()), balance(&world, SHOP)), (PURSE - 30, PURSE + 30));
        assert_eq!(crate::views::next_nonce(&world.records, owner(), U256::from(3)), Ok(1), "the account's sequence");
        // The same point as another kind of key is another key than was authorised.
        let other = KeyKind::ALL[(kind as usize + 1) % 3];
        let wrong = super::world(&[(key, limited(other))]);
        assert_eq!(refused(&wrong, &transaction), Refusal::WrongKind { have: kind as u8, want: other as u8 });
    }
}

#[test]
fn what_a_limited_key_may_not_is_refused_before_it_runs() {
    let key = wallet(KEY).address();
    let keys = [(key, limited(KeyKind::Secp256k1))];
    let world = world(&keys);
    let creation = Call { to: TxKind::Create, value: U256::ZERO, input: Bytes::new() };
    let coin = Call { value: U256::ONE, ..pay(SHOP, 1) };
    let from = transferFromCall { from: SHOP, to: owner(), value: U256::ONE };
    let selector = transferFromCall::SELECTOR;
    let cases: Vec<(Vec<Call>, Refusal)> = vec![
        (vec![creation], Refusal::CreationOutOfScope),
        (vec![coin], Refusal::ValueOutOfScope),
        (vec![raw(OTHER, vec![])], Refusal::TargetOutOfScope { target: OTHER }),
        (vec![raw(owner(), vec![])], Refusal::TargetOutOfScope { target: owner() }),
        (vec![to(WON, from)], Refusal::SelectorOutOfScope { target: WON, selector }),
        (vec![raw(WON, vec![1])], Refusal::SelectorOutOfScope { target: WON, selector: [0; 4] }),
        (vec![pay(SHOP, 1), raw(OTHER, vec![])], Refusal::TargetOutOfScope { target: OTHER }),
    ];
    for (calls, refusal) in cases {
        assert_eq!(refused(&world, &by(KEY, batch(0, calls))), refusal);
    }
    let good = by(KEY, batch(0, vec![pay(SHOP, 1)]));
    let stranger = by(9, batch(0, vec![pay(SHOP, 1)]));
    assert_eq!(refused(&world, &stranger), Refusal::UnknownKey { account: owner(), key: wallet(9).address() });
    let mut late = world.clone();
    late.env.time_ms = keys[0].1.expires_ms;
    assert_eq!(refused(&late, &good), Refusal::KeyExpired { expires_ms: late.env.time_ms });
    let mut revoked = world.clone();
    revoked.pass(&[signed(batch(0, vec![to(MODULE, revokeKeyCall { key })]), &wallet(ROOT))]);
    assert_eq!(refused(&revoked, &by(KEY, batch(1, vec![pay(SHOP, 1)]))), Refusal::KeyRevoked { key });
    let mut itself = world.clone();
    assert!(ended(&mut itself, by(KEY, batch(0, vec![to(MODULE, revokeKeyCall { key })]))), "it may give itself up");
    assert_eq!(refused(&itself, &by(KEY, batch(1, vec![pay(SHOP, 1)]))), Refusal::KeyRevoked { key });
    // Within one block too: what the transaction before did counts.
    let list = [signed(batch(0, vec![to(MODULE, revokeKeyCall { key })]), &wallet(ROOT)), by(KEY, batch(1, vec![pay(SHOP, 1)]))];
    let outcome = world.execute(&list, Arrival::Hinted).unwrap();
    assert_eq!(outcome.skipped, [(1, Skip::Signer(Refusal::KeyRevoked { key }.into()))]);
}

#[test]
fn what_leaves_is_counted_in_every_frame_of_the_account_and_in_no_other() {
    let mut world = world(&[(wallet(KEY).address(), limited(KeyKind::Secp256k1))]);
    let take = |value: u64| transferFromCall { from: owner(), to: SHOP, value: U256::from(value) };
    let approve = |spender, value: u64| to(WON, approveCall { spender, value: U256::from(value) });
    let mut nonce = 0;
    let mut tries = |world: &mut World, calls: Vec<Call>| {
        nonce += 1;
        ended(world, by(KEY, batch(nonce - 1, calls)))
    };
    assert!(!tries(&mut world, vec![pay(SHOP, DAILY + 1)]), "more than the limit");
    assert!(!tries(&mut world, vec![pay(SHOP, 60), pay(SHOP, 41)]), "in sum more than the limit");
    assert!(tries(&mut world, vec![pay(SHOP, 30), approve(AGENT, 50), through(AGENT, &to(WON, take(50)))]));
    assert_eq!(balance(&world, owner()), PURSE - 80, "an approval counts, and taking what was approved does not count again");
    assert!(!tries(&mut world, vec![through(AGENT, &to(WON, take(1)))]), "nothing is approved any more");
    assert!(!tries(&mut world, vec![approve(AGENT, 21)]));
    assert!(tries(&mut world, vec![through(AGENT, &pay(SHOP, 0))]), "a contract acts as itself");
    assert!(tries(&mut world, vec![pay(SHOP, 20)]));
    assert!(!tries(&mut world, vec![pay(SHOP, 1)]));
    world.env.time_ms = T0_MS + DAY_MS;
    assert!(tries(&mut world, vec![pay(SHOP, 100)]), "another day");
    assert_eq!(balance(&world, owner()), PURSE - 200);
    // The account by its own key, and others, are not bounded by it.
    assert!(ended(&mut world, signed(batch(nonce, vec![pay(SHOP, 5_000)]), &wallet(ROOT))));
}

#[test]
fn code_that_the_account_took_on_does_not_run_while_a_limited_key_acts_and_does_for_a_full_key() {
    let (key, full) = (wallet(KEY).address(), wallet(8).address());
    let mut world = world(&[(key, limited(KeyKind::Secp256k1)), (full, admin(KeyKind::Secp256k1))]);
    let plain = world.clone();
    let delegate = revm::bytecode::Bytecode::new_eip7702(OTHER).original_bytes();
    world.records.0.insert(crate::keys::code(keccak256(&delegate)), delegate.clone());
    let mut record = world.account(owner());
    record.code_hash = keccak256(&delegate).0;
    world.records.0.insert(crate::keys::account(owner()), record.encode());
    // A contract in scope tells the account's own code to pay, to call what is out of scope, to make the key a full one.
    let told = |call: &Call| through(AGENT, &through(owner(), call));
    let terms = KeyTerms { limits: vec![], scopes: vec![], expires_ms: 0, admin: true, ..limited(KeyKind::P256) };
    let (to_module, input) = dure_api::abi::encode(&accounts::Action::AuthorizeKey { key: who(0x99), terms }.into());
    for call in [pay(SHOP, 1), raw(OTHER, SHOP.into_word().to_vec()), raw(to_module, input.into())] {
        for (by_whom, runs) in [(KEY, false), (8, true)] {
            let outcome = world.execute(&[by(by_whom, batch(0, vec![told(&call)]))], Arrival::Hinted).unwrap();
            assert_eq!(outcome.receipts[0].envelope.status(), runs, "{call:?} by {by_whom}");
        }
    }
    assert_eq!(balance(&world, SHOP), PURSE);
    let nothing = told(&pay(SHOP, 1));
    let outcome = plain.execute(&[by(KEY, batch(0, vec![nothing]))], Arrival::Hinted).unwrap();
    assert!(outcome.receipts[0].envelope.status(), "an account without code answers nothing, as always");
}

#[test]
fn a_full_key_is_as_good_as_the_first() {
    let mut world = world(&[(wallet(KEY).address(), admin(KeyKind::Secp256k1))]);
    let action = accounts::Action::AuthorizeKey { key: who(0x99), terms: limited(KeyKind::P256) };
    let (module, authorize) = dure_api::abi::encode(&action.into());
    let init = Call { to: TxKind::Create, value: U256::ZERO, input: alloy_primitives::bytes!("5f5ff3") };
    let calls = vec![init, raw(module, authorize.into()), pay(SHOP, 9_000), raw(OTHER, vec![0; 32])];
    assert!(ended(&mut world, by(KEY, batch(0, calls))));
    assert_eq!(balance(&world, owner()), PURSE - 9_000);
}
