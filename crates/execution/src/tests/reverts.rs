//! Records against a Solidity mapping, through random programs of nested, failing and starved frames.

use super::*;
use crate::modules::{End, StaticCallNotAllowed};
use alloy_primitives::{address, keccak256};
use alloy_sol_types::{SolCall as _, SolError as _, SolInterface as _, sol};
use dure_rules::{Draft, Effects, Source as _, Stop};
use std::cell::Cell;

sol! {
    interface ICells {
        function put(uint256 cell, uint256 value) external;
        function putThenRefuse(uint256 cell, uint256 value) external;
        function putThenStarve(uint256 cell, uint256 value) external;
        function expect(uint256 cell, uint256 value) external view;
    }
    function run(bytes calldata program) external;
}

const CELLS: Address = address!("d00e0000000000000000000000000000000000a1");
const FUZZ: Address = address!("00000000000000000000000000000000000f0220");
/// A cell's value stands twice, the second time this far away and written without being read.
const TWIN: u64 = 1_000;

thread_local! {
    static EXPECTED: Cell<u64> = const { Cell::new(0) };
    static DISAPPOINTED: Cell<u64> = const { Cell::new(0) };
}

/// The law of the test: one module of cells.
const LAW: Law = Law {
    is_module,
    call,
    due: |_, _, _, _| Ok(Effects::default()),
    due_hints: |_, _| {},
    log: |_| unreachable!("cells have no events"),
    hints: |_, _, _, _| {},
};

fn key(cell: U256) -> Key {
    let mut key = keccak256(cell.to_be_bytes::<32>());
    key.0[0] = 0x7f;
    key
}

/// Values of many lengths; 0 is no record.
fn encode(value: U256) -> Option<Bytes> {
    let padding = usize::try_from(value).unwrap() * 37 % 900;
    (!value.is_zero()).then(|| [&value.to_be_bytes::<32>()[..], &vec![0xab; padding]].concat().into())
}

fn decode(record: Option<Bytes>) -> U256 {
    record.map_or(U256::ZERO, |bytes| U256::from_be_slice(&bytes[..32]))
}

fn put(draft: &mut Draft<'_>, cell: U256, value: U256) -> Result<(), Stop> {
    draft.read(key(cell))?;
    draft.write(key(cell), encode(value));
    draft.write(key(cell + U256::from(TWIN)), encode(value));
    Ok(())
}

fn call(draft: &mut Draft<'_>, _to: Address, data: &[u8], is_static: bool) -> Result<Bytes, End> {
    use ICells::ICellsCalls as C;
    let call = C::abi_decode_validate(data).map_err(|_| End::Reverted(Bytes::new()))?;
    if is_static && !matches!(call, C::expect(_)) {
        return Err(End::Reverted(StaticCallNotAllowed {}.abi_encode().into()));
    }
    match call {
        C::put(a) => put(draft, a.cell, a.value)?,
        C::putThenRefuse(a) => {
            put(draft, a.cell, a.value)?;
            return Err(End::Reverted(Bytes::from_static(b"no")));
        }
        C::putThenStarve(a) => {
            put(draft, a.cell, a.value)?;
            return Err(End::Stopped(Stop::OutOfGas));
        }
        C::expect(a) => {
            let have = [decode(draft.read(key(a.cell))?), decode(draft.read(key(a.cell + U256::from(TWIN)))?)];
            EXPECTED.set(EXPECTED.get() + 1);
            DISAPPOINTED.set(DISAPPOINTED.get() + u64::from(have != [a.value; 2]));
        }
    }
    Ok(Bytes::new())
}

/// A random program: writes, checks, nested frames (some ending in a revert or an invalid opcode), starved calls.
fn program(dice: &mut Dice, depth: u32) -> Vec<u8> {
    let mut bytes = vec![];
    for _ in 0..1 + dice.below(7) {
        let (cell, value, byte) = (dice.below(6) as u8, dice.below(40) as u8, dice.below(256) as u8);
        match dice.below(17) {
            0..=4 => bytes.extend([0, cell, value]),
            5 => bytes.extend([5, cell, value]),
            6 => bytes.extend([6, cell, value]),
            7 => bytes.extend([7, cell, value]),
            8 => bytes.extend([8, cell, value]),
            9 | 10 => bytes.extend([9, cell, value, byte]),
            11 => bytes.extend([10, cell, value, byte]),
            12..=14 if depth < 4 => {
                let mut inner = program(dice, depth + 1);
                match dice.below(5) {
                    0 => inner.push(3),
                    1 => inner.push(4),
                    _ => {}
                }
                let share = if dice.below(4) == 0 { dice.below(12) as u8 } else { 250 };
                bytes.extend([2, (inner.len() >> 8) as u8, inner.len() as u8, share]);
                bytes.extend(inner);
            }
            _ => bytes.extend([1, cell]),
        }
    }
    bytes
}

fn mapping_slot(cell: u64) -> U256 {
    keccak256([U256::from(cell).to_be_bytes::<32>(), [0; 32]].concat()).into()
}

/// Runs `blocks` random blocks; the answer is how many transactions succeeded and failed.
fn check(seed: u64, blocks: u32, per_block: u64) -> (u64, u64) {
    let alice = who(0xa1);
    let fuzz = contract(FUZZ, solidity(include_str!("../../sol/Fuzz.json"), "runtime"));
    let mut world = World::new(LAW, vec![rich(alice), fuzz]);
    let (mut dice, mut nonce, mut ends) = (Dice(seed), 0, (0, 0));
    for block in 0..blocks {
        let transactions: Vec<Transaction> = (0..per_block)
            .map(|_| {
                let mut bytes = program(&mut dice, 0);
                if dice.below(6) == 0 {
                    bytes.push(3);
                }
                let gas = if dice.below(5) == 0 { 60_000 + dice.below(300_000) } else { 5_000_000 };
                nonce += 1;
                send(alice, nonce - 1, FUZZ, runCall { program: bytes.into() }.abi_encode(), gas)
            })
            .collect();
        let outcome = world.block(&transactions);
        assert!(outcome.skipped.is_empty(), "seed {seed}, block {block}: {:?}", outcome.skipped);
        for receipt in &outcome.receipts {
            if receipt.envelope.status() { ends.0 += 1 } else { ends.1 += 1 }
        }
        for cell in 0..6 {
            let mapped = world.slot(FUZZ, mapping_slot(cell));
            for place in [cell, cell + TWIN] {
                let record = decode(world.records.0.get(&key(U256::from(place))).cloned());
                assert_eq!(record, mapped, "seed {seed}, block {block}, cell {place}");
            }
        }
        let pointers = (0..6).filter(|cell| !world.slot(crate::ledger::RECORDS, key(U256::from(*cell)).into()).is_zero()).count();
        assert_eq!(pointers, 0, "pointers are no storage");
    }
    ends
}

#[test]
fn records_follow_every_revert_that_a_mapping_follows() {
    let seed = 0x9e37_79b9_7f4a_7c15;
    let (succeeded, failed) = check(seed, 60, 12);
    let (expected, disappointed) = (EXPECTED.get(), DISAPPOINTED.get());
    println!("seed {seed:#x}: {succeeded} transactions succeeded, {failed} failed; {expected} checks inside");
    assert_eq!(disappointed, 0);
    assert!(succeeded > 300 && failed > 50 && expected > 500, "the programs must do something");
}

#[test]
fn a_record_deleted_and_a_record_never_there_read_the_same() {
    let alice = who(0xa1);
    let mut world = World::new(LAW, vec![rich(alice)]);
    let put = |cell: u64, value: u64| ICells::putCall { cell: U256::from(cell), value: U256::from(value) }.abi_encode();
    let outcome = world.block(&[send(alice, 0, CELLS, put(1, 9), 200_000), send(alice, 1, CELLS, put(2, 9), 200_000)]);
    assert_eq!(outcome.changes.iter().filter(|(key, _)| key.0[0] == 0x7f).count(), 4);
    let outcome = world.block(&[send(alice, 2, CELLS, put(1, 0), 200_000), send(alice, 3, CELLS, put(3, 0), 200_000)]);
    let cells: Vec<_> = outcome.changes.iter().filter(|(key, _)| key.0[0] == 0x7f).collect();
    assert_eq!(cells.len(), 2, "what was never there is not deleted");
    assert!(cells.iter().all(|(_, value)| value.is_none()));
}

#[test]
fn bytes_written_are_paid_for_even_where_the_write_is_undone() {
    let alice = who(0xa1);
    let fuzz = contract(FUZZ, solidity(include_str!("../../sol/Fuzz.json"), "runtime"));
    let mut world = World::new(LAW, vec![rich(alice), fuzz]);
    let gas = |world: &mut World, nonce, program: Vec<u8>| {
        let call = runCall { program: program.into() }.abi_encode();
        world.block(&[send(alice, nonce, FUZZ, call, 1_000_000)]).gas_used
    };
    let kept = gas(&mut world, 0, vec![2, 0, 3, 250, 0, 1, 24]);
    let undone = gas(&mut world, 1, vec![2, 0, 4, 250, 0, 2, 24, 3]);
    let bytes = encode(U256::from(24)).unwrap().len() as u64;
    let price = 2 * (gas::RECORD_NEW + gas::RECORD_WRITE_BYTE * bytes);
    assert!(undone > price && kept > price, "{kept} kept, {undone} undone, {price} the price of the writes");
}
