//! What older heights are asked from, and what a final block hands to it.
//!
//! The authenticated database knows only now. A [`History`] keeps what each block changed, so that balances, slots, records,
//! logs and traces of an older height can be answered, or refused by name; never the present in place of the past.
//!
//! Protocol. Upon start: the node asks [`History::height`] and hands over every final block above it, in order. Upon a final
//! block: the same. A block may be handed over twice (a crash between execution and its acknowledgement): the second time
//! changes nothing. The genesis is handed over as a block of height 0 whose changes are its records. A history never holds
//! consensus up: it follows the chain at its own pace and may be deleted and rebuilt from blocks at any time.

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes, Log};
use dure_execution::Envelope;
use dure_rules::Key;
use std::sync::Arc;

/// A block that can no longer change, with everything that its execution gave.
#[derive(Clone, Debug, PartialEq)]
pub struct FinalBlock {
    pub height: u64,
    /// keccak256 of the RLP of `header`.
    pub hash: B256,
    pub header: Header,
    /// Consensus time, milliseconds since 1970-01-01 UTC. `header.timestamp` is this in whole seconds.
    pub time_ms: u64,
    pub transactions: Vec<FinalTransaction>,
    /// Keys that the block changed, each once, with what they hold after it; `None` where the key was deleted.
    pub changes: Vec<(Key, Option<Bytes>)>,
    /// Size of the block in our own encoding, bytes.
    pub size_bytes: u64,
}

/// A transaction of a final block with its receipt.
#[derive(Clone, Debug, PartialEq)]
pub struct FinalTransaction {
    pub hash: B256,
    /// The account that acted; the system caller for the system transaction.
    pub from: Address,
    /// Who paid in its place.
    pub payer: Option<Address>,
    /// The access key by which it acted.
    pub access_key: Option<Address>,
    pub envelope: Envelope,
    pub success: bool,
    pub gas_used: u64,
    /// Gas of this and all earlier transactions of the block.
    pub cumulative_gas_used: u64,
    pub logs: Vec<Log>,
    /// Address of the contract that the transaction created.
    pub created: Option<Address>,
}

/// Which logs to give: heights inclusive; an empty list at a place allows everything there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogQuery {
    pub from_height: u64,
    pub to_height: u64,
    pub addresses: Vec<Address>,
    pub topics: [Vec<B256>; 4],
}

impl LogQuery {
    /// Whether a log (of a height in the range) is asked for.
    pub fn matches(&self, log: &Log) -> bool {
        (self.addresses.is_empty() || self.addresses.contains(&log.address))
            && self.topics.iter().enumerate().all(|(place, allowed)| {
                allowed.is_empty() || log.topics().get(place).is_some_and(|topic| allowed.contains(topic))
            })
    }
}

/// A log and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedLog {
    pub log: Log,
    pub height: u64,
    pub block_hash: B256,
    pub block_time_ms: u64,
    pub transaction_hash: B256,
    pub transaction_index: u64,
    /// Index among all logs of the block.
    pub log_index: u64,
}

/// Why a history does not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    #[error("state at height {asked} is no longer kept; the oldest kept height is {oldest}")]
    Pruned { asked: u64, oldest: u64 },
    #[error("height {asked} is not indexed yet; the newest indexed height is {newest}")]
    Ahead { asked: u64, newest: u64 },
    #[error("block {found} was handed over where {expected} was expected")]
    Gap { found: u64, expected: u64 },
    #[error("block {height} in the index is not the chain's")]
    Conflict { height: u64 },
    #[error("more than {limit} logs match; ask for fewer blocks")]
    TooManyLogs { limit: usize },
    #[error("the index cannot be read: {0}")]
    Store(String),
}

/// The read side as the node sees it. Calls are synchronous and may touch the disk: never from an async task directly.
pub trait History: Send + Sync + 'static {
    /// Newest height taken over; `None` where there is nothing yet, not even the genesis.
    fn height(&self) -> Result<Option<u64>, HistoryError>;

    /// Takes a final block over. A block at or below [`History::height`] changes nothing.
    ///
    /// # Errors
    /// [`HistoryError::Gap`] where blocks between are missing; [`HistoryError::Conflict`] where another block stands at that
    /// height; [`HistoryError::Store`] from the disk.
    fn apply(&self, block: &FinalBlock) -> Result<(), HistoryError>;

    /// What `key` held after the block of `height`.
    ///
    /// # Errors
    /// [`HistoryError::Pruned`] or [`HistoryError::Ahead`] where that height cannot be answered.
    fn value_at(&self, key: Key, height: u64) -> Result<Option<Bytes>, HistoryError>;

    /// The block without its `changes`, which are not given back.
    fn block(&self, height: u64) -> Result<Option<Arc<FinalBlock>>, HistoryError>;

    fn height_of(&self, block_hash: B256) -> Result<Option<u64>, HistoryError>;

    /// Height and index in the block.
    fn place_of(&self, transaction_hash: B256) -> Result<Option<(u64, u64)>, HistoryError>;

    /// In order of height and index.
    ///
    /// # Errors
    /// [`HistoryError::TooManyLogs`] where more than `limit` match.
    fn logs(&self, query: &LogQuery, limit: usize) -> Result<Vec<PlacedLog>, HistoryError>;
}
