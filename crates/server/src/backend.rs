//! What the server asks of a node. The node implements it; tests put something small in its place.
//!
//! Calls are synchronous and may touch the disk: the server makes them on threads that may wait.

use crate::transaction::{CallRequest, RpcReceipt, RpcTransaction};
use alloy_primitives::{Address, B256, Bytes, U8, U256};
use alloy_rpc_types_eth::{AccessListResult, Block, BlockId, Filter, Header, Log, state::StateOverride};
use alloy_rpc_types_trace::geth::{GethDebugTracingOptions, GethTrace};
use alloy_sol_types::{Panic, Revert, SolError as _};
use std::sync::Arc;
use tokio::sync::broadcast;

/// Most logs that one answer carries.
pub const LOGS_MAX: usize = 10_000;
/// Most records of one kind that one answer carries.
pub const RECORDS_MAX: usize = 10_000;

/// Most characters of a contract's own words that are repeated.
const REASON_MAX: usize = 1_000;

/// Why a node does not answer, in words for the person who asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackendError {
    /// The request itself cannot be done: a nonce too low, a limit exceeded, a height that is not kept.
    #[error("{0}")]
    Refused(String),
    /// The call ran and refused; the bytes say why.
    #[error("execution reverted{}", reason(.0))]
    Reverted(Bytes),
    /// This node is at fault.
    #[error("{0}")]
    Fault(String),
}

/// Words in a Solidity `Error(string)` or `Panic(uint256)`, as other nodes add them; other errors are told by their bytes.
fn reason(bytes: &Bytes) -> String {
    if let Ok(revert) = Revert::abi_decode(bytes) {
        return format!(": {}", revert.reason.chars().take(REASON_MAX).collect::<String>());
    }
    Panic::abi_decode(bytes).map_or_else(|_| String::new(), |panic| format!(": {panic}"))
}

/// A final block as subscribers hear of it.
#[derive(Clone, Debug)]
pub struct NewBlock {
    pub header: Header,
    pub logs: Vec<Log>,
}

/// An account as the chain knows it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    pub address: Address,
    pub nonce: u64,
    /// `newcomer`, `member` or `organisation`.
    pub class: &'static str,
    /// Gas that the account may use now.
    pub allowance_gas: u64,
    /// Most gas that it can save up.
    pub allowance_cap_gas: u64,
}

/// What a proof is asked about.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum ProofRequest {
    /// The record of an account, or that there is none.
    Account(Address),
    /// A slot of a contract's storage.
    Slot { address: Address, index: U256 },
    /// A record of a table, by the identity that its key is made of (docs/proofs.md), or that there is none.
    Record { tag: U8, id: Bytes },
    /// A final transaction and what it did.
    Receipt(B256),
    /// One of the logs of a final transaction, counted within it.
    Log { transaction: B256, index: u32 },
}

/// What a reader of proofs trusts: the hash of block 0, and who votes, in the order of their keys.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Anchor {
    pub genesis: B256,
    pub validators: Vec<B256>,
}

/// How a node and its network are.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Network {
    pub height: u64,
    /// Who votes.
    pub validators: Vec<Validator>,
    /// Other validators that this node is connected with.
    pub connected: usize,
    /// Transactions that could be in the next block, that wait for an earlier nonce, and most that may wait.
    pub pending: usize,
    pub queued: usize,
    pub pool_max: usize,
    pub gas_limit: u64,
    /// Longest wait for work before a block is made without any, milliseconds.
    pub heartbeat_ms: u64,
    /// Times the wall's pace that the chain's clock runs at.
    pub speed: u32,
    /// Nothing until a block was made since this node came up.
    pub finality: Option<Finality>,
    /// Only of a node without a vote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follows: Option<Follows>,
}

/// How far a node without a vote is behind those that it follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Follows {
    /// The newest certified block that they tell of.
    pub newest: u64,
    /// Blocks up to it that are not here yet.
    pub behind: u64,
}

/// A validator.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Validator {
    /// Ed25519.
    pub public_key: B256,
    /// It is this node.
    pub here: bool,
}

/// From a block's time until this node could be asked about it, milliseconds of the wall, over the newest blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finality {
    pub blocks: usize,
    pub median_ms: u64,
    pub slow_ms: u64,
}

/// A node.
pub trait Backend: Send + Sync + 'static {
    fn chain_id(&self) -> u64;

    /// Height of the newest final block.
    fn height(&self) -> u64;

    /// Most gas of a block.
    fn gas_limit(&self) -> u64;

    /// Told of every final block.
    fn subscribe(&self) -> broadcast::Receiver<Arc<NewBlock>>;

    /// With whole transactions where `full`, else with their hashes.
    fn block(&self, id: BlockId, full: bool) -> Result<Option<Block<RpcTransaction>>, BackendError>;

    /// Final, or waiting in the pool.
    fn transaction(&self, hash: B256) -> Result<Option<RpcTransaction>, BackendError>;

    fn receipt(&self, hash: B256) -> Result<Option<RpcReceipt>, BackendError>;

    fn receipts(&self, id: BlockId) -> Result<Option<Vec<RpcReceipt>>, BackendError>;

    /// At most [`LOGS_MAX`].
    fn logs(&self, filter: Filter) -> Result<Vec<Log>, BackendError>;

    /// The newest logs that match, newest first.
    fn newest_logs(&self, filter: Filter, limit: usize) -> Result<Vec<Log>, BackendError>;

    fn network(&self) -> Result<Network, BackendError>;

    /// How far the node is, where it has no vote and follows others.
    fn follows(&self) -> Option<Follows> {
        None
    }

    fn account(&self, address: Address) -> Result<Account, BackendError>;

    fn balance(&self, address: Address, at: BlockId) -> Result<U256, BackendError>;

    /// `pending` counts what waits in the pool.
    fn nonce(&self, address: Address, at: BlockId) -> Result<u64, BackendError>;

    /// The next nonce of one of the account's sequences as the newest block has it; key 0 is its own.
    fn nonce_of(&self, address: Address, nonce_key: U256) -> Result<u64, BackendError>;

    fn code(&self, address: Address, at: BlockId) -> Result<Bytes, BackendError>;

    fn storage(&self, address: Address, slot: U256, at: BlockId) -> Result<B256, BackendError>;

    fn call(&self, request: CallRequest, at: BlockId, overrides: StateOverride) -> Result<Bytes, BackendError>;

    fn estimate_gas(&self, request: CallRequest, at: BlockId, overrides: StateOverride) -> Result<u64, BackendError>;

    fn access_list(&self, request: CallRequest, at: BlockId) -> Result<AccessListResult, BackendError>;

    fn trace_transaction(&self, hash: B256, options: GethDebugTracingOptions) -> Result<GethTrace, BackendError>;

    fn trace_call(&self, request: CallRequest, at: BlockId, options: GethDebugTracingOptions) -> Result<GethTrace, BackendError>;

    /// Takes a raw transaction into the pool; gives its hash.
    fn send(&self, raw: Bytes) -> Result<B256, BackendError>;

    /// A file that proves what is asked about, which `dure verify` checks without a node.
    fn prove(&self, asked: ProofRequest) -> Result<Bytes, BackendError>;

    /// What proofs of this chain are checked against.
    fn anchor(&self) -> Anchor;

    /// Every live record whose key begins with `tag`, with its key; at most [`RECORDS_MAX`].
    fn records(&self, tag: u8) -> Result<Vec<(B256, Bytes)>, BackendError>;
}
