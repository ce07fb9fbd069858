//! What a block takes, what it leaves out, and what it makes.

use super::*;
use crate::law::LAW;
use alloy_consensus::{SignableTransaction as _, TxEip1559, TxEip7702};
use alloy_eips::eip7702::Authorization;
use alloy_network::TxSignerSync as _;
use alloy_primitives::{address, b256, bytes, keccak256};
use alloy_signer::SignerSync as _;
use alloy_signer_local::PrivateKeySigner;
use dure_rules::deadlines::CURSOR;
use dure_rules::recent::{RECENT, Recent};

const ALICE: Address = Address::repeat_byte(0xa1);
const BOB: Address = Address::repeat_byte(0xb0);
const CODE: Address = Address::repeat_byte(0xc0);

fn world(code: Bytes) -> World {
    World::new(LAW, vec![rich(ALICE), contract(CODE, code)])
}

/// What the transactions of a block changed: its parent and the wheel of deadlines stand in every block.
fn sent(outcome: &Outcome) -> impl Iterator<Item = &Key> {
    outcome.changes.iter().map(|(key, _)| key).filter(|key| ![RECENT.tag, CURSOR.tag].contains(&key.0[0]))
}

fn recent(height: u64, hash: B256) -> Bytes {
    borsh::to_vec(&Recent { height, hash }).unwrap().into()
}

/// Runs `code`, which leaves one word in slot 0, and answers that word.
fn word(code: Bytes, input: Bytes) -> U256 {
    let mut world = world(code);
    let outcome = world.block(&[send(ALICE, 0, CODE, input, 1_000_000)]);
    assert!(outcome.receipts[0].envelope.status());
    world.slot(CODE, U256::ZERO)
}

fn signed(key: u8, tip: u128, body: TxEip1559) -> Transaction {
    let signer = PrivateKeySigner::from_bytes(&B256::repeat_byte(key)).unwrap();
    let mut body = TxEip1559 { chain_id: CHAIN, max_fee_per_gas: tip, max_priority_fee_per_gas: tip, ..body };
    let signature = signer.sign_transaction_sync(&mut body).unwrap();
    Transaction::decode(&alloy_eips::eip2718::Encodable2718::encoded_2718(&TxEnvelope::from(body.into_signed(signature))), CHAIN)
        .unwrap()
}

#[test]
fn a_block_of_nothing_remembers_its_parent_and_no_more() {
    let outcome = world(Bytes::new()).block(&[]);
    assert_eq!((sent(&outcome).count(), outcome.gas_used), (0, 0));
    assert!(outcome.changes.contains(&(RECENT.key(&0), Some(recent(0, B256::repeat_byte(0xaa))))));
    assert_eq!(outcome.tx_root, alloy_trie::EMPTY_ROOT_HASH);
    assert_eq!(outcome.receipts_root, alloy_trie::EMPTY_ROOT_HASH);
}

#[test]
fn a_tip_is_tolerated_and_never_charged() {
    // GASPRICE PUSH0 SSTORE: what the contract sees as the price
    let code = bytes!("3a5f55");
    for tip in [0, 1, 1_000_000_000] {
        let mut world = world(code.clone());
        let body = TxEip1559 { gas_limit: 100_000, to: TxKind::Call(CODE), ..Default::default() };
        let transaction = signed(7, tip, body);
        let outcome = world.block(std::slice::from_ref(&transaction));
        assert!(outcome.receipts[0].envelope.status());
        assert_eq!(world.account(transaction.signer()).balance(), U256::ZERO);
        assert_eq!(world.slot(CODE, U256::ZERO), U256::ZERO, "tip {tip}");
    }
}

#[test]
fn a_value_above_the_balance_is_left_out_and_one_within_arrives() {
    let coin = |address, wei: u64| GenesisAccount { balance: U256::from(wei), ..rich(address) };
    let mut world = World::new(LAW, vec![coin(ALICE, 10)]);
    let pay = |nonce, wei: u64| {
        let body = TxLegacy {
            chain_id: Some(CHAIN),
            nonce,
            gas_limit: 21_000,
            gas_price: 5,
            to: TxKind::Call(BOB),
            value: U256::from(wei),
            ..Default::default()
        };
        Transaction::unsigned(body, ALICE)
    };
    let outcome = world.block(&[pay(0, 11), pay(0, 4)]);
    assert_eq!(outcome.skipped, [(0, Skip::Funds { balance: U256::from(10), value: U256::from(11) })]);
    assert_eq!(outcome.included, [1]);
    assert_eq!((world.account(ALICE).balance(), world.account(BOB).balance()), (U256::from(6), U256::from(4)));
}

#[test]
fn a_proposer_leaves_out_what_a_validator_refuses() {
    let poor =
        GenesisAccount { quota: Some(Quota { gas_per_ms: 1, cap_gas: 50_000 }), ..GenesisAccount::plain(BOB, Class::Member) };
    let mut world = World::new(LAW, vec![rich(ALICE), poor]);
    world.block(&[send(ALICE, 0, CODE, Bytes::new(), 21_000)]);
    let newcomers = world.env.gas_limit / 10;
    let lasting = GenesisAccount { class: Class::Newcomer, ..rich(who(0x0e)) };
    world.records.0.extend(Genesis { accounts: vec![lasting], ..Default::default() }.records());
    let cases = [
        (send(ALICE, 0, CODE, Bytes::new(), 21_000), Skip::NonceTooLow { have: 0, want: 1 }, false),
        (send(ALICE, 3, CODE, Bytes::new(), 21_000), Skip::NonceTooHigh { have: 3, want: 1 }, true),
        (send(BOB, 0, CODE, Bytes::new(), 50_001), Skip::Allowance { gas_limit: 50_001, available_gas: 50_000 }, true),
        (
            send(ALICE, 1, CODE, Bytes::new(), gas::BLOCK_GAS + 1),
            Skip::BlockFull { gas_limit: gas::BLOCK_GAS + 1, left_gas: gas::BLOCK_GAS },
            true,
        ),
        (
            send(who(0x0e), 0, CODE, Bytes::new(), newcomers + 1),
            Skip::NewcomersFull { gas_limit: newcomers + 1, left_gas: newcomers },
            true,
        ),
        (
            send(ALICE, 1, CODE, Bytes::new(), 20_999),
            Skip::Invalid("call gas cost (21000) exceeds the gas limit (20999)".into()),
            false,
        ),
        (
            send(ALICE, 1, CODE, Bytes::new(), (1 << 24) + 1),
            Skip::Invalid("transaction gas limit (16777217) is greater than the cap (16777216)".into()),
            false,
        ),
    ];
    for (transaction, reason, later) in cases {
        assert_eq!(reason.may_fit_later(), later, "{reason}");
        let outcome = world.execute(std::slice::from_ref(&transaction), Arrival::Hinted).unwrap();
        assert_eq!(sent(&outcome).count(), 0);
        assert_eq!((outcome.included, outcome.skipped), (vec![], vec![(0, reason.clone())]));
        // What no block would ever hold is refused at the door.
        let pool = crate::views::admit(&world.records, CHAIN, world.env.time_ms, &transaction);
        match &reason {
            Skip::Invalid(why) => assert_eq!(pool, Err(crate::views::ViewError::Unfit(why.clone()))),
            Skip::BlockFull { .. } => assert!(matches!(pool, Err(crate::views::ViewError::Unfit(_))), "{pool:?}"),
            _ => assert_eq!(pool, Ok(false), "{reason}"),
        }
        let verifier = World { env: BlockEnv { mode: Mode::Verify, ..world.env.clone() }, ..world.clone() };
        let hash = transaction.hash();
        assert_eq!(verifier.execute(&[transaction], Arrival::Hinted), Err(Error::InvalidBlock { index: 0, hash, reason }));
    }
}

#[test]
fn what_a_proposer_includes_a_validator_finds_the_same() {
    let mut world = world(bytes!("602a5f55"));
    let list = [
        send(ALICE, 0, CODE, Bytes::new(), 100_000),
        send(ALICE, 5, CODE, Bytes::new(), 100_000),
        create(ALICE, 1, bytes!("5f5ff3"), 100_000),
    ];
    let mut proposed = world.execute(&list, Arrival::Hinted).unwrap();
    assert_eq!(proposed.included, [0, 2]);
    world.env.mode = Mode::Verify;
    let verified = world.execute(&proposed.transactions, Arrival::Starved).unwrap();
    proposed.included = vec![0, 1];
    proposed.skipped.clear();
    assert_eq!(proposed, verified);
}

#[test]
fn the_unused_part_of_a_gas_limit_is_given_back() {
    let quota = Quota { gas_per_ms: 10, cap_gas: 100_000 };
    let mut world = World::new(LAW, vec![GenesisAccount { quota: Some(quota), ..GenesisAccount::plain(ALICE, Class::Member) }]);
    let list: Vec<_> = (0..3).map(|nonce| send(ALICE, nonce, BOB, Bytes::new(), 60_000)).collect();
    let outcome = world.block(&list);
    assert_eq!(outcome.included, [0, 1], "21,000 used of each 60,000: the third finds 58,000 left");
    assert_eq!(outcome.skipped, [(2, Skip::Allowance { gas_limit: 60_000, available_gas: 58_000 })]);
    let account = world.account(ALICE);
    assert_eq!(allowance_of(&account, T0_MS), 58_000);
    assert_eq!(allowance_of(&account, T0_MS + 1), 58_010);
    assert_eq!(allowance_of(&account, T0_MS + 4_200), 100_000);
}

#[test]
fn allowances_agree_with_a_plain_model_over_random_blocks() {
    let seed = 20_261_123;
    let mut dice = Dice(seed);
    let quota = |n: u8| Quota { gas_per_ms: 10 + u64::from(n), cap_gas: 120_000 + 10_000 * u64::from(n) };
    let class = |n: u8| [Class::Newcomer, Class::Member][usize::from(n) % 2];
    let accounts = (1..5).map(|n| GenesisAccount { quota: Some(quota(n)), ..GenesisAccount::plain(who(n), class(n)) });
    let mut world = World::new(LAW, accounts.collect());
    world.env.gas_limit = 2_000_000;
    let mut model: BTreeMap<u8, (u64, u64, u64)> = (1..5).map(|n| (n, (quota(n).cap_gas, world.env.time_ms, 0))).collect();
    let (mut included, mut skipped) = (0, 0);
    for block in 0..40 {
        let (now, mut newcomers) = (world.env.time_ms, 0);
        let (mut list, mut expected) = (vec![], vec![]);
        for index in 0..dice.below(12) as u32 {
            let (n, gas_limit) = (1 + dice.below(4) as u8, 21_000 + dice.below(90_000));
            let (left, at, nonce) = model[&n];
            let available = quota(n).cap_gas.min(left + (now - at) * quota(n).gas_per_ms);
            list.push(send(who(n), nonce, CODE, Bytes::new(), gas_limit));
            let newcomer = class(n) == Class::Newcomer;
            if gas_limit <= available && (!newcomer || newcomers + gas_limit <= 200_000) {
                model.insert(n, (available - 21_000, now, nonce + 1));
                newcomers += if newcomer { 21_000 } else { 0 };
                expected.push(index);
            }
        }
        let outcome = world.block(&list);
        assert_eq!(outcome.included, expected, "seed {seed}, block {block}");
        included += outcome.included.len();
        skipped += outcome.skipped.len();
        world.env.time_ms += dice.below(1_500);
    }
    assert!(included > 50 && skipped > 20, "{included} included, {skipped} skipped: the model must be tried");
}

#[test]
fn newcomers_together_get_a_tenth_of_a_block_and_members_the_rest() {
    let mut world = World::new(LAW, vec![rich(ALICE)]);
    world.env.gas_limit = 1_000_000;
    let mut list: Vec<_> = (1..=40).map(|n| send(who(n), 0, CODE, Bytes::new(), 21_000)).collect();
    list.extend((0..20).map(|nonce| send(ALICE, nonce, CODE, Bytes::new(), 21_000)));
    let outcome = world.block(&list);
    assert_eq!(outcome.included.iter().filter(|place| **place < 40).count(), 4, "100,000 gas are four transfers");
    assert_eq!(outcome.included.iter().filter(|place| **place >= 40).count(), 20);
    assert!(outcome.skipped.iter().all(|(_, reason)| matches!(reason, Skip::NewcomersFull { .. })));
}

#[test]
fn the_environment_that_contracts_see() {
    assert_eq!(word(bytes!("445f55"), Bytes::new()), U256::from_be_bytes(PREVRANDAO.0), "PREVRANDAO");
    assert_eq!(word(bytes!("425f55"), Bytes::new()), U256::from(T0_MS / 1_000), "TIMESTAMP");
    assert_eq!(word(bytes!("465f55"), Bytes::new()), U256::from(CHAIN), "CHAINID");
    assert_eq!(word(bytes!("485f55"), Bytes::new()), U256::ZERO, "BASEFEE");
    assert_eq!(word(bytes!("5f405f55"), Bytes::new()), U256::from_be_bytes([0xaa; 32]), "BLOCKHASH of the parent, 0");
    assert_eq!(word(bytes!("6001405f55"), Bytes::new()), U256::ZERO, "BLOCKHASH of this block");
}

#[test]
fn blockhash_knows_the_last_256_blocks() {
    // SSTORE(0, BLOCKHASH(calldata word))
    let mut world = world(bytes!("5f35405f55"));
    world.env.number = 1_000;
    world.env.recent_hashes = (0..300u64).map(|back| keccak256((999 - back).to_be_bytes())).collect();
    for (number, known) in [(999u64, true), (744, true), (743, false), (1_000, false)] {
        let mut world = world.clone();
        world.block(&[send(ALICE, 0, CODE, U256::from(number).to_be_bytes::<32>(), 100_000)]);
        let expected = if known { keccak256(number.to_be_bytes()).into() } else { U256::ZERO };
        assert_eq!(world.slot(CODE, U256::ZERO), expected, "{number}");
    }
}

#[test]
fn p256verify_answers_at_0x100() {
    use p256::ecdsa::{Signature, SigningKey, signature::hazmat::PrehashSigner as _};
    let key = SigningKey::from_slice(&[0x42; 32]).unwrap();
    let prehash = keccak256(b"a washing machine speaks");
    let signature: Signature = key.sign_prehash(prehash.as_slice()).unwrap();
    let point = key.verifying_key().to_sec1_point(false);
    let mut input = [prehash.as_slice(), &signature.to_bytes(), &point.as_bytes()[1..]].concat();
    // CALLDATACOPY(0, 0, 160); SSTORE(0, STATICCALL(gas, 0x100, 0, 160, 160, 32) & MLOAD(160))
    let code = bytes!("60a05f5f37602060a060a05f6101005afa60a051165f55");
    assert_eq!(word(code.clone(), input.clone().into()), U256::ONE);
    input[0] ^= 1;
    assert_eq!(word(code, input.into()), U256::ZERO);
}

#[test]
fn point_evaluation_costs_what_it_takes() {
    // EIP-4844 for the polynomial x at z = 1: commitment to x, proof the generator.
    let commitment = hex!("ad3eb50121139aa34db1d545093ac9374ab7bca2c0f3bf28e27c8dcd8fc7cb42d25926fc0c97b336e9f0fb35e5a04c81");
    let proof = hex!("97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb");
    let mut versioned = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &commitment).as_ref().to_vec();
    versioned[0] = 1;
    let one = B256::with_last_byte(1);
    let input = [&versioned[..], &one[..], &one[..], &commitment, &proof].concat();
    let precompile = address!("000000000000000000000000000000000000000a");
    let mut world = World::new(LAW, vec![rich(ALICE)]);
    let spent = |outcome: &Outcome| (outcome.receipts[0].envelope.status(), outcome.gas_used);
    let (good, used) = spent(&world.block(&[send(ALICE, 0, precompile, input.clone(), 400_000)]));
    assert!(good && used > 21_000 + gas::POINT_EVALUATION, "{used}");
    let (good, used) = spent(&world.block(&[send(ALICE, 1, precompile, input, 120_000)]));
    assert_eq!((good, used), (false, 120_000), "Ethereum's price does not suffice");
}

#[test]
fn the_rules_verifiers_take_low_s_alone() {
    use crate::modules::Signatures;
    use dure_rules::Verifier as _;
    use p256::ecdsa::{Signature, SigningKey, signature::hazmat::PrehashSigner as _};
    let key = SigningKey::from_slice(&[0x42; 32]).unwrap();
    let point: [u8; 64] = key.verifying_key().to_sec1_point(false).as_bytes()[1..].try_into().unwrap();
    for n in 0..8u8 {
        let prehash = keccak256([n]);
        let signature: Signature = key.sign_prehash(prehash.as_slice()).unwrap();
        let low = signature.normalize_s();
        let high = Signature::from_scalars(low.r().to_bytes(), (-*low.s()).to_bytes()).unwrap();
        assert!(Signatures.p256(&point, &prehash, &low.to_bytes().into()));
        assert!(!Signatures.p256(&point, &prehash, &high.to_bytes().into()), "high s");
        assert!(!Signatures.p256(&point, &keccak256([n, 0]), &low.to_bytes().into()), "another message");
    }
    let signer = PrivateKeySigner::from_bytes(&B256::repeat_byte(7)).unwrap();
    let point: [u8; 64] = signer.public_key().0;
    let prehash = keccak256(b"k1");
    let signature = signer.sign_hash_sync(&prehash).unwrap();
    let low: [u8; 64] = signature.as_bytes()[..64].try_into().unwrap();
    assert!(Signatures.secp256k1(&point, &prehash, &low));
    assert!(!Signatures.secp256k1(&point, &keccak256(b"another"), &low));
    let mut high = low;
    let order = U256::from_be_bytes(hex!("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"));
    high[32..].copy_from_slice(&(order - signature.s()).to_be_bytes::<32>());
    assert!(!Signatures.secp256k1(&point, &prehash, &high), "high s");
}

#[test]
fn a_contract_is_made_found_and_called() {
    // Init code that returns the runtime 602a5f55 (SSTORE(0, 42)).
    let init = bytes!("63602a5f555f526004601cf3");
    let mut world = World::new(LAW, vec![rich(ALICE)]);
    let outcome = world.block(&[create(ALICE, 0, init.clone(), 200_000)]);
    let made = ALICE.create(0);
    assert_eq!(outcome.receipts[0].contract_address, Some(made));
    assert_eq!(crate::views::code(&world.records, made).unwrap(), bytes!("602a5f55"));
    world.block(&[send(ALICE, 1, made, Bytes::new(), 100_000)]);
    assert_eq!(world.slot(made, U256::ZERO), U256::from(42));
    let outcome = world.block(&[create(ALICE, 2, init, 200_000), send(ALICE, 3, ALICE.create(2), Bytes::new(), 100_000)]);
    assert!(outcome.receipts.iter().all(|receipt| receipt.envelope.status()));
    assert_eq!(world.slot(ALICE.create(2), U256::ZERO), U256::from(42), "made and called in one block");
}

#[test]
fn a_slot_set_to_zero_is_no_record() {
    // SSTORE(0, calldata word)
    let mut world = world(bytes!("5f355f55"));
    let set = |nonce, value: u64| send(ALICE, nonce, CODE, U256::from(value).to_be_bytes::<32>(), 100_000);
    world.block(&[set(0, 5)]);
    assert!(world.records.0.contains_key(&keys::slot(CODE, U256::ZERO)));
    let outcome = world.block(&[set(1, 0)]);
    assert!(outcome.changes.contains(&(keys::slot(CODE, U256::ZERO), None)));
    let outcome = world.block(&[set(2, 7), set(3, 0)]);
    assert!(sent(&outcome).all(|key| key.0[0] == keys::ACCOUNT), "set and unset within a block is no change");
}

#[test]
fn a_pointer_chase_asks_for_a_reader_after_eight_beginnings() {
    // x = SLOAD(x) until x is 20, over slots that each hold their place + 1.
    // PUSH0; JUMPDEST; SLOAD; DUP1; PUSH1 20; GT; PUSH1 1; JUMPI; STOP
    let storage = (0..20u64).map(|n| (U256::from(n), U256::from(n + 1))).collect();
    let account = GenesisAccount { storage, ..contract(CODE, bytes!("5f5b548060141160015700")) };
    let mut world = World::new(LAW, vec![rich(ALICE), account]);
    let transaction = send(ALICE, 0, CODE, Bytes::new(), 200_000);
    let mut execution = Execution::new(world.env.clone(), vec![transaction.clone()]);
    execution.supply(execution.hints().into_iter().map(|key| (key, world.records.read(key).unwrap())).collect());
    let mut needs = 0;
    loop {
        match execution.advance().unwrap() {
            Step::Need(keys) => {
                needs += 1;
                execution.supply(keys.into_iter().map(|key| (key, world.records.read(key).unwrap())).collect());
            }
            Step::NeedBlocking(_) => break,
            Step::Done => panic!("20 unknown slots in a row"),
        }
    }
    assert_eq!(needs, 1 + RESTARTS_MAX, "the code once, then a slot each");
    assert_eq!(execution.advance_with(&world.records), Ok(Step::Done));
    assert_eq!(execution.finish(), world.block(&[transaction]));
}

#[test]
fn bytes_that_are_no_record_stop_the_node() {
    let mut world = world(bytes!("5f54"));
    for (key, bytes) in [(keys::account(ALICE), "00"), (keys::slot(CODE, U256::ZERO), "01")] {
        let good = world.records.0.insert(key, bytes.as_bytes().to_vec().into());
        let transaction = send(ALICE, 0, CODE, Bytes::new(), 100_000);
        assert_eq!(world.execute(&[transaction], Arrival::Starved), Err(Error::Corrupt(key)));
        match good {
            Some(good) => world.records.0.insert(key, good),
            None => world.records.0.remove(&key),
        };
    }
}

#[test]
fn modules_have_code_take_no_coin_and_cannot_be_borrowed() {
    let module = address!("d00e000000000000000000000000000000000010");
    // SSTORE(0, EXTCODESIZE(module))
    let code = [&bytes!("73")[..], module.as_slice(), &bytes!("3b5f55")].concat();
    assert_eq!(word(code.into(), Bytes::new()), U256::ONE);
    // An account that delegates its code to a module (EIP-7702) runs 0xfe.
    let signer = PrivateKeySigner::from_bytes(&B256::repeat_byte(9)).unwrap();
    let authorization = Authorization { chain_id: U256::from(CHAIN), address: module, nonce: 1 };
    let signature = signer.sign_hash_sync(&authorization.signature_hash()).unwrap();
    let mut body = TxEip7702 {
        chain_id: CHAIN,
        gas_limit: 200_000,
        to: signer.address(),
        authorization_list: vec![authorization.into_signed(signature)],
        ..Default::default()
    };
    let signature = signer.sign_transaction_sync(&mut body).unwrap();
    let raw = alloy_eips::eip2718::Encodable2718::encoded_2718(&TxEnvelope::from(body.into_signed(signature)));
    let transaction = Transaction::decode(&raw, CHAIN).unwrap();
    assert_eq!(transaction.envelope().ty(), 4);
    let mut world = World::new(LAW, vec![rich(signer.address())]);
    let outcome = world.block(&[transaction]);
    assert!(!outcome.receipts[0].envelope.status(), "borrowed code is INVALID");
    assert_eq!(crate::views::code(&world.records, signer.address()).unwrap().len(), 23, "the delegation itself stands");
}

#[test]
fn addresses_of_modules_are_fixed_but_for_a_number() {
    for (address, module) in [
        (address!("d00e000000000000000000000000000000000001"), true),
        (address!("d00e00000000000000000000000000000000ffff"), true),
        (address!("d00ec00000000000000000000000000000000001"), true),
        (address!("d00ec000000000000000000000000000ffffffff"), true),
        (address!("d00e000000000000000000000000000000010001"), false),
        (address!("d00ec00000000000000000000000000100000001"), false),
        (address!("d00ec10000000000000000000000000000000001"), false),
        (address!("0000000000000000000000000000000000000001"), false),
    ] {
        assert_eq!(is_module(&address), module, "{address}");
    }
}

#[test]
fn roots_and_header_are_ethereums() {
    let mut world = world(bytes!("602a5f5560205f5fa1"));
    world.env.gas_limit = 60_000_000;
    let env = world.env.clone();
    let list = [send(ALICE, 0, CODE, Bytes::new(), 100_000), create(ALICE, 1, bytes!("5f5ff3"), 100_000)];
    let outcome = world.block(&list);
    let envelopes = outcome.transactions.iter().map(|transaction| match transaction.envelope() {
        Envelope::Ethereum(envelope) => envelope.clone(),
        Envelope::Batch(_) => unreachable!("none was sent"),
    });
    let envelopes: Vec<TxEnvelope> = envelopes.collect();
    let receipts: Vec<_> = outcome.receipts.iter().map(|receipt| receipt.envelope.clone()).collect();
    assert_eq!(outcome.tx_root, alloy_consensus::proofs::calculate_transaction_root(&envelopes));
    assert_eq!(outcome.receipts_root, alloy_consensus::proofs::calculate_receipt_root(&receipts));
    assert_eq!(receipts[1].cumulative_gas_used(), outcome.gas_used);
    let parts = HeaderParts { state_root: B256::repeat_byte(1), commitment: B256::repeat_byte(2) };
    let header = header(&env, &outcome, parts);
    assert_eq!(header.extra_data.len(), 32);
    assert_eq!(header.hash_slow(), keccak256(alloy_rlp::encode(&header)));
    assert_eq!(
        header.hash_slow(),
        b256!("46e99274e6d772435e409fb98bbdacedbd8cfd378ff11f22e70a29be643f2030"),
        "a changed hash is a decision"
    );
}

#[test]
fn bytes_that_are_no_transaction_of_this_chain_are_named() {
    let good = signed(7, 0, TxEip1559 { gas_limit: 21_000, ..Default::default() }).encoded();
    assert!(matches!(Transaction::decode(&good[1..], CHAIN), Err(TransactionError::Malformed(_))));
    assert_eq!(Transaction::decode(&good, 1), Err(TransactionError::WrongChain { have: CHAIN, want: 1 }));
    let long = vec![0; TRANSACTION_MAX_BYTES as usize + 1];
    assert_eq!(Transaction::decode(&long, CHAIN), Err(TransactionError::TooLong { bytes: 65_537 }));
    let system = Transaction::system(CHAIN, 5).encoded();
    assert_eq!(Transaction::decode(&system, CHAIN), Err(TransactionError::BadSignature), "nobody sends the system transaction");
}

#[test]
fn what_a_block_does_by_itself_stands_in_the_system_transaction() {
    use crate::modules::{Due, Law};
    use dure_rules::credits::{CreditId, Event};
    use dure_rules::{Effects, ids::SYSTEM};
    // A law whose deadline moves a credit: it reads a record, writes one and tells of it.
    let place = Key::repeat_byte(0x7e);
    let due: Due = |source, _, env, _| {
        let place = Key::repeat_byte(0x7e);
        let seen = source.read(place)?.unwrap_or_default().len() as u128;
        let mut effects = Effects::default();
        effects.writes.insert(place, Some(vec![1; seen as usize + 1].into()));
        effects.events.push(Event::Transferred { credit: CreditId::nth(1), from: env.caller, to: BOB, amount: seen }.into());
        Ok(effects)
    };
    let mut world = World { law: Law { due, ..LAW }, ..world(Bytes::new()) };
    world.records.0.insert(place, vec![1; 5].into());
    let outcome = world.block(&[send(ALICE, 0, BOB, Bytes::new(), 21_000)]);
    assert_eq!((outcome.transactions.len(), outcome.receipts.len(), outcome.included), (2, 2, vec![0]));
    let system = &outcome.transactions[0];
    assert_eq!((system.signer(), system.nonce(), system.gas_limit()), (SYSTEM, 1, 0));
    assert_eq!(system.to(), Some(dure_rules::deadlines::MODULE));
    let receipt = &outcome.receipts[0];
    assert_eq!((receipt.gas_used, receipt.envelope.cumulative_gas_used(), receipt.envelope.logs().len()), (0, 0, 1));
    assert_eq!(outcome.gas_used, 21_000);
    assert_eq!(world.records.0[&place].len(), 6);
}

#[test]
fn a_block_may_be_executed_on_any_thread() {
    fn sent<T: Send>() {}
    sent::<Execution>();
    sent::<Outcome>();
}
