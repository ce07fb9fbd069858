//! What a block is given, and the standard Ethereum header that it becomes.
//!
//! Mapping: what Ethereum's header has no field for (consensus context, milliseconds, the database's root of operations
//! and its range) is hashed by the node into the 32 bytes of `extraData`; `stateRoot` is the root of the authenticated
//! database and no Merkle Patricia root; the fields of proof of stake stand at the values of an empty Prague block.

use crate::Outcome;
use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header, constants::EMPTY_WITHDRAWALS};
use alloy_eips::eip7685::EMPTY_REQUESTS_HASH;
use alloy_primitives::{Address, B256, Bytes, U256};

/// What PREVRANDAO answers in every block, in ASCII: an order of blocks agreed by known validators has no randomness that
/// one of them could not steer, so none is pretended.
pub const PREVRANDAO: B256 = B256::new(*b"dure has no randomness in blocks");

/// How many earlier blocks BLOCKHASH knows (Yellow Paper, 9.4.2).
pub const RECENT_HASHES: u32 = 256;

/// Who asks for the block to be executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The proposer: a transaction that does not fit is left out, with a reason.
    Propose,
    /// A validator, or a replay: a transaction that does not fit makes the block invalid.
    Verify,
}

/// All that a block depends on besides records and transactions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockEnv {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Height.
    pub number: u64,
    /// Consensus time, milliseconds since 1970-01-01 UTC. TIMESTAMP answers whole seconds of it.
    pub time_ms: u64,
    pub parent_hash: B256,
    /// Most gas that the block's transactions may use together.
    pub gas_limit: u64,
    /// Hashes of the blocks before this one, the parent first; at most [`RECENT_HASHES`] are looked at.
    pub recent_hashes: Vec<B256>,
    pub mode: Mode,
}

/// What the node adds to an [`Outcome`] to make a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderParts {
    /// Root of the authenticated database after the block.
    pub state_root: B256,
    /// Hash over what the header has no field for; it becomes `extraData`.
    pub commitment: B256,
}

/// The header of an executed block. Its hash is `header.hash_slow()`: keccak256 of its RLP, as everywhere in Ethereum.
pub fn header(env: &BlockEnv, outcome: &Outcome, parts: HeaderParts) -> Header {
    Header {
        parent_hash: env.parent_hash,
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        beneficiary: Address::ZERO,
        state_root: parts.state_root,
        transactions_root: outcome.tx_root,
        receipts_root: outcome.receipts_root,
        logs_bloom: outcome.bloom,
        difficulty: U256::ZERO,
        number: env.number,
        gas_limit: env.gas_limit,
        gas_used: outcome.gas_used,
        timestamp: env.time_ms / 1_000,
        extra_data: Bytes::copy_from_slice(parts.commitment.as_slice()),
        mix_hash: PREVRANDAO,
        nonce: Default::default(),
        base_fee_per_gas: Some(0),
        withdrawals_root: Some(EMPTY_WITHDRAWALS),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        parent_beacon_block_root: Some(B256::ZERO),
        requests_hash: Some(EMPTY_REQUESTS_HASH),
        ..Default::default()
    }
}
