//! The records that a chain is born with.

use crate::{AccountRecord, Address, B256, Bytes, Class, Key, Quota, U256, keys};
use alloy_primitives::{KECCAK256_EMPTY, keccak256};
use std::collections::BTreeMap;

/// Accounts and module records of block 0. The node reads it from its genesis file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Genesis {
    pub accounts: Vec<GenesisAccount>,
    /// What the modules start with (credits, roles, …), as their rules wrote it.
    pub records: BTreeMap<Key, Bytes>,
}

/// One account of block 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenesisAccount {
    pub address: Address,
    pub class: Class,
    /// An allowance of its own; `None` is that of the class.
    pub quota: Option<Quota>,
    /// Wei; 0 outside test mode.
    pub balance: U256,
    /// Runtime code; empty for a person's account.
    pub code: Bytes,
    /// Storage of the contract.
    pub storage: BTreeMap<U256, U256>,
}

impl GenesisAccount {
    /// A person's or an organisation's account without coin.
    pub const fn plain(address: Address, class: Class) -> Self {
        Self { address, class, quota: None, balance: U256::ZERO, code: Bytes::new(), storage: BTreeMap::new() }
    }
}

impl Genesis {
    /// Every record of block 0, sorted by key. Where two accounts have the same address the later one stands.
    pub fn records(&self) -> Vec<(Key, Bytes)> {
        let mut all = self.records.clone();
        for account in &self.accounts {
            let contract = !account.code.is_empty();
            let code_hash = if contract { keccak256(&account.code) } else { KECCAK256_EMPTY };
            let record = AccountRecord {
                nonce: u64::from(contract), // EIP-161: a contract begins at nonce 1
                balance: account.balance.to_be_bytes(),
                code_hash: code_hash.0,
                class: account.class,
                quota: account.quota,
                ..AccountRecord::unknown(account.address)
            };
            all.insert(keys::account(account.address), record.encode());
            if contract {
                all.insert(keys::code(code_hash), account.code.clone());
            }
            for (index, value) in account.storage.iter().filter(|(_, value)| !value.is_zero()) {
                all.insert(keys::slot(account.address, *index), slot_bytes(*value));
            }
        }
        all.into_iter().collect()
    }
}

/// A storage slot's value as it is stored.
pub(crate) fn slot_bytes(value: U256) -> Bytes {
    B256::from(value).into()
}
