//! What a block did, and why a transaction is left out of one.

use crate::{Bytes, Key, KeyRefused, ReceiptEnvelope, Transaction, Unavailable};
use alloy_consensus::Eip658Value;
use alloy_primitives::{Address, B256, Bloom, Log, U256};

/// Why a transaction is left out of a block, or makes a block invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Skip {
    #[error("the gas limit {gas_limit} is beyond the account's allowance of {available_gas} gas at this time")]
    Allowance { gas_limit: u64, available_gas: u64 },
    #[error("the gas limit {gas_limit} is beyond the {left_gas} gas that newcomers have left in this block")]
    NewcomersFull { gas_limit: u64, left_gas: u64 },
    #[error("the gas limit {gas_limit} is beyond the {left_gas} gas left in this block")]
    BlockFull { gas_limit: u64, left_gas: u64 },
    #[error("it is valid from {valid_after_s} on; the block's time is {time_s}")]
    NotValidYet { valid_after_s: u64, time_s: u64 },
    #[error("it was valid before {valid_before_s}; the block's time is {time_s}")]
    Expired { valid_before_s: u64, time_s: u64 },
    #[error("nonce {have} is too low: the account's next is {want}")]
    NonceTooLow { have: u64, want: u64 },
    #[error("nonce {have} is too high: the account's next is {want}")]
    NonceTooHigh { have: u64, want: u64 },
    #[error(transparent)]
    Signer(#[from] KeyRefused),
    #[error("the account has {balance} wei, less than the value {value}: this chain has no coin of its own")]
    Funds { balance: U256, value: U256 },
    #[error("no transaction of this chain: {0}")]
    Invalid(String),
}

impl Skip {
    /// Whether the same transaction may fit a later block; else the pool drops it.
    pub const fn may_fit_later(&self) -> bool {
        matches!(
            self,
            Self::Allowance { .. }
                | Self::NewcomersFull { .. }
                | Self::BlockFull { .. }
                | Self::NotValidYet { .. }
                | Self::NonceTooHigh { .. }
        )
    }
}

/// Why a block cannot be executed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Only in [`crate::Mode::Verify`]: whoever proposed this block broke a rule.
    #[error("transaction {index} ({hash}) does not fit the block: {reason}")]
    InvalidBlock { index: u32, hash: B256, reason: Skip },
    /// The record under this key does not decode: this node's storage is at fault and the node must stop.
    #[error("the record under {0} does not decode")]
    Corrupt(Key),
    /// The reader given to [`Execution::advance_with`] failed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The EVM ended in a way that no transaction can cause.
    #[error("the EVM failed: {0}")]
    Evm(String),
}

/// One transaction's receipt, and what the receipts root does not hold but clients ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Status, cumulative gas, bloom and logs, typed as the receipts root commits to them.
    pub envelope: ReceiptEnvelope,
    /// Gas of this transaction alone.
    pub gas_used: u64,
    /// The contract made, where one was.
    pub contract_address: Option<Address>,
}

/// What a block did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Every record written (`None` deletes), sorted by key, each key once.
    pub changes: Vec<(Key, Option<Bytes>)>,
    /// What the transactions root commits to: the system transaction, where the block did something by itself, then the
    /// included transactions.
    pub transactions: Vec<Transaction>,
    /// One for each of `transactions`.
    pub receipts: Vec<Receipt>,
    /// Places in the given list of the transactions that were included, in order.
    pub included: Vec<u32>,
    /// Places in the given list of those left out, and why. Empty in [`crate::Mode::Verify`].
    pub skipped: Vec<(u32, Skip)>,
    pub gas_used: u64,
    pub bloom: Bloom,
    pub tx_root: B256,
    pub receipts_root: B256,
}

pub(crate) fn receipt(
    tx_type: u8,
    success: bool,
    cumulative_gas_used: u64,
    gas_used: u64,
    logs: Vec<Log>,
    contract_address: Option<Address>,
) -> Receipt {
    let inner = alloy_consensus::Receipt { status: Eip658Value::Eip658(success), cumulative_gas_used, logs };
    Receipt { envelope: ReceiptEnvelope { inner: inner.into(), r#type: tx_type }, gas_used, contract_address }
}
