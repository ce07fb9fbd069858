//! Credits through the EVM: by transactions, and from contracts that a user wrote in Solidity.

use super::*;
use crate::law::LAW;
use crate::modules::{DelegateCallNotAllowed, NotPayable, StaticCallNotAllowed, UnknownSelector};
use crate::views::{Failed, call};
use alloy_primitives::{address, b256};
use alloy_rpc_types_eth::{TransactionInput, TransactionRequest};
use alloy_sol_types::{SolCall, SolError as _, SolStruct as _, SolValue as _, sol};
use dure_rules::credits::{self, CreditId, Kind};
use dure_rules::{Draft, Env, Memory};

sol! {
    error Insufficient(uint256 have, uint256 want);
    error UnknownCredit(address credit);
    error TransferToModule(address module);
    function balanceOf(address owner) external view returns (uint256);
    function totalSupply() external view returns (uint256);
    function symbol() external view returns (string);
    function decimals() external view returns (uint8);
    function allowance(address owner, address spender) external view returns (uint256);
    function transfer(address to, uint256 value) external returns (bool);
    function approve(address spender, uint256 value) external returns (bool);
    function transferFrom(address from, address to, uint256 value) external returns (bool);
    function createReserve(string name, string symbol, uint8 decimals, bytes3 currency, address issuer) external returns (address);
    function issue(address to, uint256 value) external;
    struct Permit { address owner; address spender; uint256 value; uint256 nonce; uint256 deadline; }
    function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;
    function nonces(address owner) external view returns (uint256);
    function DOMAIN_SEPARATOR() external view returns (bytes32);
    error NotSignedBy(address owner);

    function join(uint256 amount) external;
    function buy() external;
    function buyAndRegret() external returns (bool regretted);
    function trespass(address to, uint256 amount) external returns (bytes memory statically, bytes memory delegated);
    error NotEnough(uint256 saved, uint256 price);
}

const ALICE: Address = Address::repeat_byte(0xa1);
const BOB: Address = Address::repeat_byte(0xb0);
const SHOP: Address = Address::repeat_byte(0x50);
const WON: Address = address!("d00ec00000000000000000000000000000000001");
const GAS: u64 = 300_000;

/// A reserve credit of which Alice and Bob have 1,000 each.
fn world() -> World {
    let mut memory = Memory::default();
    let env = Env { chain_id: CHAIN, height: 0, time_ms: T0_MS, caller: SHOP, key: None };
    let mut draft = Draft::new(&mut memory, &crate::modules::Signatures, env);
    let kind = Kind::Reserve { issuer: SHOP };
    let credit = credits::create(&mut draft, "Won of the village".into(), "WON".into(), 0, Some(*b"KRW"), kind).unwrap();
    assert_eq!(credit, CreditId(WON));
    for who in [ALICE, BOB] {
        credits::issue(&mut draft, credit, who, 1_000).unwrap();
    }
    let effects = draft.into_effects();
    memory.commit(&effects);
    let mut world = World::new(LAW, vec![rich(ALICE), rich(BOB), rich(SHOP)]);
    world.records.0.extend(memory.0);
    world
}

fn ask<C: SolCall>(world: &World, to: Address, question: C) -> C::Return {
    let input = TransactionInput::new(question.abi_encode().into());
    let request = TransactionRequest { from: Some(who(0x77)), to: Some(to.into()), input, ..Default::default() };
    let called = call(&world.records, &world.env, &request.into(), &Default::default()).unwrap();
    C::abi_decode_returns(&called.result.unwrap()).unwrap()
}

fn balance(world: &World, owner: Address) -> u64 {
    ask(world, WON, balanceOfCall { owner }).to()
}

fn act(from: Address, nonce: u64, to: Address, call: impl SolCall) -> Transaction {
    send(from, nonce, to, call.abi_encode(), GAS)
}

/// The revert data that this call ends in.
fn refused(world: &World, from: Address, to: Address, data: Vec<u8>) -> Bytes {
    let request = TransactionRequest {
        from: Some(from),
        to: Some(to.into()),
        input: TransactionInput::new(data.into()),
        ..Default::default()
    };
    match call(&world.records, &world.env, &request.into(), &Default::default()).unwrap().result {
        Err(Failed::Reverted(bytes)) => bytes,
        other => panic!("{other:?}"),
    }
}

/// CREDITS-1 and the others, over everything that stands.
fn audit(world: &World) {
    let records = world.records.0.iter().filter(|(key, _)| key.0[0] >= 0x10).map(|(key, value)| (*key, value.clone()));
    assert_eq!(dure_rules::audit(&Memory(records.collect())), Ok(vec![]));
}

#[test]
fn a_credit_is_an_erc20() {
    let mut world = world();
    assert_eq!(ask(&world, WON, symbolCall {}), "WON");
    assert_eq!(ask(&world, WON, decimalsCall {}), 0);
    assert_eq!(ask(&world, WON, totalSupplyCall {}), U256::from(2_000));
    let outcome = world.block(&[act(ALICE, 0, WON, transferCall { to: BOB, value: U256::from(30) })]);
    let log = &outcome.receipts[0].envelope.logs()[0];
    assert_eq!(log.address, WON);
    // keccak256("Transfer(address,address,uint256)"), as every wallet looks for it
    assert_eq!(log.topics()[0], b256!("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"));
    assert_eq!(log.topics()[1..], [ALICE.into_word(), BOB.into_word()]);
    assert_eq!(U256::abi_decode(&log.data.data), Ok(U256::from(30)));
    assert!(outcome.bloom.contains_input(alloy_primitives::BloomInput::Raw(WON.as_slice())));
    assert_eq!((balance(&world, ALICE), balance(&world, BOB)), (970, 1_030));
    world.block(&[
        act(ALICE, 1, WON, approveCall { spender: BOB, value: U256::MAX }),
        act(BOB, 0, WON, transferFromCall { from: ALICE, to: SHOP, value: U256::from(70) }),
    ]);
    assert_eq!((balance(&world, ALICE), balance(&world, SHOP)), (900, 70));
    assert_eq!(ask(&world, WON, allowanceCall { owner: ALICE, spender: BOB }), U256::MAX, "everything is not counted down");
    audit(&world);
}

#[test]
fn a_refusal_names_its_facts_and_changes_nothing() {
    let mut world = world();
    let data = |to, value: u64| transferCall { to, value: U256::from(value) }.abi_encode();
    let short = Insufficient { have: U256::from(1_000), want: U256::from(1_001) };
    assert_eq!(refused(&world, ALICE, WON, data(BOB, 1_001)), short.abi_encode());
    assert_eq!(refused(&world, ALICE, WON, data(WON, 1)), TransferToModule { module: WON }.abi_encode());
    let none = CreditId::nth(9).0;
    assert_eq!(refused(&world, ALICE, none, data(BOB, 1)), UnknownCredit { credit: none }.abi_encode());
    let unknown = UnknownSelector { selector: [1, 2, 3, 4].into() };
    assert_eq!(refused(&world, ALICE, WON, vec![1, 2, 3, 4]), unknown.abi_encode());
    let outcome = world.block(&[send(ALICE, 0, WON, data(BOB, 1_001), GAS)]);
    assert!(!outcome.receipts[0].envelope.status() && outcome.receipts[0].envelope.logs().is_empty());
    assert!(outcome.changes.iter().all(|(key, _)| key.0[0] != 0x11), "no balance was touched");
    assert_eq!((balance(&world, ALICE), balance(&world, BOB)), (1_000, 1_000));
}

#[test]
fn an_approval_that_its_owner_signed_counts_whoever_brings_it() {
    use alloy_signer::SignerSync as _;
    let mut world = world();
    let signer = alloy_signer_local::PrivateKeySigner::from_bytes(&B256::repeat_byte(0x2a)).unwrap();
    let owner = signer.address();
    let domain =
        alloy_sol_types::eip712_domain! { name: "Won of the village", version: "1", chain_id: CHAIN, verifying_contract: WON, };
    assert_eq!(ask(&world, WON, DOMAIN_SEPARATORCall {}), domain.separator());
    let (value, deadline) = (U256::from(70), U256::from(T0_MS));
    let signed = Permit { owner, spender: BOB, value, nonce: U256::ZERO, deadline };
    let signature = signer.sign_hash_sync(&signed.eip712_signing_hash(&domain)).unwrap();
    let (r, s, v) = (B256::from(signature.r()), B256::from(signature.s()), 27 + u8::from(signature.v()));
    let good = permitCall { owner, spender: BOB, value, deadline, v, r, s };
    // The same signature's other form, which Ethereum's own recovery takes.
    let order = U256::from_be_bytes(alloy_primitives::hex!("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"));
    let high = permitCall { v: 55 - v, s: B256::from(order - signature.s()), ..good.clone() };
    assert_eq!(refused(&world, BOB, WON, high.abi_encode()), NotSignedBy { owner }.abi_encode());
    let outcome = world.block(&[act(ALICE, 0, WON, good.clone()), act(ALICE, 1, WON, good)]);
    assert_eq!(outcome.receipts.iter().map(|receipt| receipt.envelope.status()).collect::<Vec<_>>(), [true, false], "once");
    assert_eq!(ask(&world, WON, allowanceCall { owner, spender: BOB }), value);
    assert_eq!(ask(&world, WON, noncesCall { owner }), U256::from(1));
}

#[test]
fn modules_refuse_coin() {
    let mut world = world();
    let coin = GenesisAccount { balance: U256::from(5), ..rich(who(0x66)) };
    world.records.0.extend(Genesis { accounts: vec![coin], ..Default::default() }.records());
    let body = TxLegacy {
        chain_id: Some(CHAIN),
        gas_limit: GAS,
        to: TxKind::Call(WON),
        value: U256::from(5),
        input: totalSupplyCall {}.abi_encode().into(),
        ..Default::default()
    };
    let outcome = world.block(&[Transaction::unsigned(body.clone(), who(0x66))]);
    assert!(!outcome.receipts[0].envelope.status());
    assert_eq!(world.account(who(0x66)).balance(), U256::from(5));
    let request =
        TransactionRequest { from: Some(who(0x66)), to: Some(WON.into()), value: Some(U256::from(5)), ..Default::default() };
    let called = call(&world.records, &world.env, &request.into(), &Default::default()).unwrap();
    assert_eq!(called.result, Err(Failed::Reverted(NotPayable {}.abi_encode().into())));
}

#[test]
fn a_credit_made_by_a_transaction_is_there_at_once() {
    let mut world = world();
    let make = createReserveCall {
        name: "Euro of the valley".into(),
        symbol: "EUV".into(),
        decimals: 2,
        currency: (*b"EUR").into(),
        issuer: ALICE,
    };
    let euro = CreditId::nth(2).0;
    let outcome = world.block(&[
        act(ALICE, 0, address!("d00e000000000000000000000000000000000001"), make),
        act(ALICE, 1, euro, issueCall { to: BOB, value: U256::from(5) }),
    ]);
    assert!(outcome.receipts.iter().all(|receipt| receipt.envelope.status()));
    assert_eq!(ask(&world, euro, balanceOfCall { owner: BOB }), U256::from(5));
    audit(&world);
}

#[test]
fn a_block_of_transfers_misses_nothing_that_was_hinted() {
    let world = world();
    let list: Vec<_> =
        (0..5).map(|nonce| act(ALICE, nonce, WON, transferCall { to: who(nonce as u8 + 1), value: U256::ONE })).collect();
    let mut execution = Execution::new(world.env.clone(), list);
    execution.supply(execution.hints().into_iter().map(|key| (key, world.records.read(key).unwrap())).collect());
    assert_eq!(execution.advance(), Ok(Step::Done));
    assert_eq!(execution.finish().included.len(), 5);
}

#[test]
fn the_price_of_a_transfer() {
    let mut world = world();
    let gas =
        |world: &mut World, nonce, to| world.block(&[act(ALICE, nonce, WON, transferCall { to, value: U256::ONE })]).gas_used;
    assert_eq!((gas(&mut world, 0, who(1)), gas(&mut world, 1, who(1))), (42_950, 35_862), "a changed price is a decision");
}

#[test]
fn a_buying_club_in_solidity_saves_and_buys() {
    let mut world = world();
    let code = solidity(include_str!("../../sol/BuyingClub.json"), "bytecode");
    let arguments = (WON, SHOP, U256::from(700), U256::from(u64::MAX)).abi_encode();
    let club = SHOP.create(0);
    let init: Vec<u8> = [&code[..], &arguments].concat();
    let outcome = world.block(&[create(SHOP, 0, init, 3_000_000)]);
    assert_eq!(outcome.receipts[0].contract_address, Some(club));
    let value = U256::MAX;
    let outcome = world.block(&[
        act(ALICE, 0, WON, approveCall { spender: club, value }),
        act(BOB, 0, WON, approveCall { spender: club, value }),
        act(ALICE, 1, club, joinCall { amount: U256::from(400) }),
        act(BOB, 1, club, joinCall { amount: U256::from(2_000) }), // more than Bob has
        act(BOB, 2, club, joinCall { amount: U256::from(200) }),
        act(BOB, 3, club, buyCall {}), // 600 of 700
    ]);
    let ends: Vec<bool> = outcome.receipts.iter().map(|receipt| receipt.envelope.status()).collect();
    assert_eq!(ends, [true, true, true, false, true, false]);
    assert_eq!((balance(&world, ALICE), balance(&world, BOB), balance(&world, club)), (600, 800, 600));
    // The module's refusal reaches the contract's caller with its facts.
    let have = Insufficient { have: U256::from(800), want: U256::from(2_000) };
    assert_eq!(refused(&world, BOB, club, joinCall { amount: U256::from(2_000) }.abi_encode()), have.abi_encode());
    world.block(&[act(BOB, 4, club, joinCall { amount: U256::from(100) }), act(BOB, 5, club, buyAndRegretCall {})]);
    assert_eq!((balance(&world, club), balance(&world, SHOP)), (700, 0), "a payment in a reverted frame is undone");
    let answer = ask(&world, club, trespassCall { to: BOB, amount: U256::ONE });
    assert_eq!(answer.statically, StaticCallNotAllowed {}.abi_encode());
    assert_eq!(answer.delegated, DelegateCallNotAllowed {}.abi_encode());
    let outcome = world.block(&[act(ALICE, 2, club, buyCall {})]);
    assert_eq!(outcome.receipts[0].envelope.logs().len(), 2, "the credit's event and the club's");
    assert_eq!((balance(&world, club), balance(&world, SHOP)), (0, 700));
    audit(&world);
}

#[test]
fn a_trace_of_a_module_shows_its_call_and_no_pointer() {
    use crate::views::{Trace, Tracer, trace_transaction};
    use alloy_rpc_types_trace::geth::{CallConfig, PreStateConfig, PreStateFrame};
    let world = world();
    let list = [
        act(ALICE, 0, WON, transferCall { to: BOB, value: U256::from(30) }),
        act(ALICE, 1, WON, transferCall { to: BOB, value: U256::ONE }),
    ];
    let with_log = CallConfig { with_log: Some(true), ..Default::default() };
    let Ok(Trace::Call(frame)) = trace_transaction(&world.records, &world.env, &list, 1, &Tracer::Call(with_log)) else {
        panic!()
    };
    assert_eq!((frame.from, frame.to), (ALICE, Some(WON)));
    assert_eq!(&frame.input, list[1].envelope().calls().next().unwrap().1);
    assert_eq!((frame.error, frame.logs.len()), (None, 1));
    for diff in [false, true] {
        let tracer = Tracer::PreState(PreStateConfig { diff_mode: Some(diff), ..Default::default() });
        let Ok(Trace::PreState(state)) = trace_transaction(&world.records, &world.env, &list, 1, &tracer) else { panic!() };
        let accounts: Vec<Address> = match state {
            PreStateFrame::Default(before) => before.0.keys().copied().collect(),
            PreStateFrame::Diff(diff) => diff.pre.keys().chain(diff.post.keys()).copied().collect(),
        };
        assert!(accounts.contains(&ALICE) && !accounts.contains(&crate::ledger::RECORDS), "{accounts:?}");
    }
}

#[test]
fn an_estimate_of_a_transfer_suffices_at_the_cost_of_a_new_record() {
    let mut world = world();
    let input = transferCall { to: who(9), value: U256::ONE }.abi_encode();
    let request = TransactionRequest {
        from: Some(ALICE),
        to: Some(WON.into()),
        input: TransactionInput::new(input.clone().into()),
        ..Default::default()
    };
    let estimate = crate::views::estimate_gas(&world.records, &world.env, &request.into(), &Default::default()).unwrap();
    let outcome = world.block(&[send(ALICE, 0, WON, input, estimate)]);
    assert!(outcome.receipts[0].envelope.status());
    assert!(estimate < outcome.gas_used * 102 / 100, "{estimate} estimated, {} used", outcome.gas_used);
}
