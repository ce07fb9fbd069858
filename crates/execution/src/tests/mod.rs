//! A small world to run blocks in, and what every test asks of it.

mod access;
mod batches;
mod blocks;
mod credits;
mod decoder;
mod recovered;
mod reverts;
mod views;

use crate::genesis::{Genesis, GenesisAccount};
use crate::modules::Law;
use crate::*;
use alloy_consensus::TxLegacy;
use alloy_primitives::{TxKind, hex};
use std::collections::BTreeMap;

pub const CHAIN: u64 = 7_777;
pub const T0_MS: u64 = 1_800_000_000_000;

/// How records reach the machine. The outcome must not depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Hints first, then each miss.
    Hinted,
    /// Each miss, nothing in advance.
    Starved,
    /// All records before the first step.
    Everything,
    /// A reader at once.
    Reader,
    /// Misses are supplied until the machine asks for a reader.
    Blocking,
}

pub const ARRIVALS: [Arrival; 5] = [Arrival::Hinted, Arrival::Starved, Arrival::Everything, Arrival::Reader, Arrival::Blocking];

#[derive(Clone, Debug, Default)]
pub struct Records(pub BTreeMap<Key, Bytes>);

impl StateReader for Records {
    fn read(&self, key: Key) -> Result<Option<Bytes>, Unavailable> {
        Ok(self.0.get(&key).cloned())
    }
}

impl Records {
    fn fetch(&self, keys: Vec<Key>) -> Vec<(Key, Option<Bytes>)> {
        keys.into_iter().map(|key| (key, self.0.get(&key).cloned())).collect()
    }
}

#[derive(Clone)]
pub struct World {
    pub law: Law,
    pub records: Records,
    pub env: BlockEnv,
}

impl World {
    pub fn new(law: Law, accounts: Vec<GenesisAccount>) -> Self {
        let records = Genesis { accounts, ..Default::default() }.records();
        let env = BlockEnv {
            chain_id: CHAIN,
            number: 1,
            time_ms: T0_MS,
            parent_hash: B256::repeat_byte(0xaa),
            gas_limit: gas::BLOCK_GAS,
            recent_hashes: vec![B256::repeat_byte(0xaa)],
            mode: Mode::Propose,
        };
        Self { law, records: Records(records.into_iter().collect()), env }
    }

    /// Executes without keeping the changes.
    pub fn execute(&self, transactions: &[Transaction], arrival: Arrival) -> Result<Outcome, Error> {
        let mut execution = Execution::under(self.law, self.env.clone(), transactions.to_vec());
        match arrival {
            Arrival::Hinted => execution.supply(self.records.fetch(execution.hints())),
            Arrival::Everything => execution.supply(self.records.0.iter().map(|(k, v)| (*k, Some(v.clone()))).collect()),
            Arrival::Starved | Arrival::Reader | Arrival::Blocking => {}
        }
        let mut step = if arrival == Arrival::Reader { execution.advance_with(&self.records)? } else { execution.advance()? };
        loop {
            step = match step {
                Step::Done => return Ok(execution.finish()),
                Step::NeedBlocking(_) if arrival == Arrival::Blocking => execution.advance_with(&self.records)?,
                Step::NeedBlocking(key) => {
                    execution.supply(self.records.fetch(vec![key]));
                    execution.advance()?
                }
                Step::Need(keys) => {
                    execution.supply(self.records.fetch(keys));
                    execution.advance()?
                }
            };
        }
    }

    /// Executes in every way of arrival, asks that all agree, and goes on to the next block, a second later.
    pub fn block(&mut self, transactions: &[Transaction]) -> Outcome {
        let outcome = self.execute(transactions, Arrival::Hinted).unwrap();
        for arrival in ARRIVALS {
            let again = self.execute(transactions, arrival).unwrap();
            assert!(again == outcome, "{arrival:?} gives another outcome: gas {} and {}", again.gas_used, outcome.gas_used);
        }
        self.keep(&outcome);
        outcome
    }

    /// As [`Self::block`], in one way of arrival: for blocks that are not what a test is about.
    pub fn pass(&mut self, transactions: &[Transaction]) -> Outcome {
        let outcome = self.execute(transactions, Arrival::Reader).unwrap();
        self.keep(&outcome);
        outcome
    }

    fn keep(&mut self, outcome: &Outcome) {
        for (key, value) in &outcome.changes {
            match value {
                Some(value) => self.records.0.insert(*key, value.clone()),
                None => self.records.0.remove(key),
            };
        }
        let header = header(&self.env, outcome, HeaderParts { state_root: B256::ZERO, commitment: B256::ZERO });
        self.env.parent_hash = header.hash_slow();
        self.env.recent_hashes.insert(0, self.env.parent_hash);
        self.env.number += 1;
        self.env.time_ms += 1_000;
    }

    pub fn account(&self, who: Address) -> AccountRecord {
        crate::views::account(&self.records, who).unwrap()
    }

    pub fn slot(&self, who: Address, index: U256) -> U256 {
        crate::views::storage(&self.records, who, index).unwrap().into()
    }
}

pub fn who(n: u8) -> Address {
    Address::repeat_byte(n)
}

/// An account that never runs out of allowance.
pub fn rich(address: Address) -> GenesisAccount {
    GenesisAccount {
        quota: Some(Quota { gas_per_ms: 1 << 40, cap_gas: 1 << 50 }),
        ..GenesisAccount::plain(address, Class::Member)
    }
}

pub fn contract(address: Address, code: Bytes) -> GenesisAccount {
    GenesisAccount { code, ..GenesisAccount::plain(address, Class::Newcomer) }
}

/// A call that `from` sends.
pub fn send(from: Address, nonce: u64, to: Address, input: impl Into<Bytes>, gas_limit: u64) -> Transaction {
    let body =
        TxLegacy { chain_id: Some(CHAIN), nonce, gas_limit, to: TxKind::Call(to), input: input.into(), ..Default::default() };
    Transaction::unsigned(body, from)
}

/// A contract that `from` makes.
pub fn create(from: Address, nonce: u64, code: impl Into<Bytes>, gas_limit: u64) -> Transaction {
    let body = TxLegacy { chain_id: Some(CHAIN), nonce, gas_limit, to: TxKind::Create, input: code.into(), ..Default::default() };
    Transaction::unsigned(body, from)
}

/// A field of a compiled contract: `bytecode` or `runtime`.
pub fn solidity(json: &str, field: &str) -> Bytes {
    let compiled: serde_json::Value = serde_json::from_str(json).unwrap();
    hex::decode(compiled[field].as_str().unwrap()).unwrap().into()
}

/// A small generator: the tests print its seed, and a seed repeats a run.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }
}
