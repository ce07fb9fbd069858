//! Ethereum transactions over Dure's records: the block loop, the module layer, the allowance, and the views.
//!
//! An [`Execution`] is a machine without input or output: it says which records it needs, the caller fetches them, and it
//! goes on. Modules are called at fixed addresses as precompiles; what they write follows the EVM's reverts, because each
//! written record is one journaled slot that points into the block's arena of values.
//!
//! This crate never does I/O, never asks the clock, never starts a thread, never decides a rule of an institution (that is
//! `dure-rules`) and never computes the state root (that is the node's database).

mod account;
pub mod batch;
mod block;
mod envelope;
mod executor;
pub mod gas;
pub mod genesis;
pub mod keys;
mod law;
mod ledger;
mod machine;
mod modules;
mod nonces;
mod outcome;
mod signers;
#[cfg(test)]
mod tests;
mod transaction;
pub mod views;

pub use account::{AccountRecord, Allowance, Class, Quota, allowance_of};
pub use block::{BlockEnv, HeaderParts, Mode, PREVRANDAO, RECENT_HASHES, header};
pub use envelope::Envelope;
pub use executor::{Execution, RESTARTS_MAX, Step};
pub use nonces::NonceRecord;
pub use outcome::{Error, Outcome, Receipt, Skip};
pub use signers::KeyRefused;
pub use transaction::{TRANSACTION_MAX_BYTES, Transaction, TransactionError};

pub use alloy_consensus::{Header, TxEnvelope};
pub use alloy_primitives::{Address, B256, Bloom, Bytes, U256};
/// A receipt of any type, as the receipts root commits to it.
pub use alloy_rpc_types_eth::AnyReceiptEnvelope as ReceiptEnvelope;
pub use dure_rules::{Key, is_module};

/// Where views, and a block that misses too often, read records from: now, or at an older height.
pub trait StateReader {
    /// The bytes stored under `key`, or `None` where no record stands.
    ///
    /// # Errors
    /// [`Unavailable`] where this reader cannot know: the height is older than what is kept, or its disk fails.
    fn read(&self, key: Key) -> Result<Option<Bytes>, Unavailable>;

    /// Asked between the runs of a view that runs more than once.
    ///
    /// # Errors
    /// [`Unavailable`] where whoever asks has waited long enough.
    fn patient(&self) -> Result<(), Unavailable> {
        Ok(())
    }
}

impl<R: StateReader + ?Sized> StateReader for &R {
    fn read(&self, key: Key) -> Result<Option<Bytes>, Unavailable> {
        (**self).read(key)
    }

    fn patient(&self) -> Result<(), Unavailable> {
        (**self).patient()
    }
}

/// Why a reader could not answer, in words for the person who asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(pub String);
