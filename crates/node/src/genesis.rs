//! What a chain begins with.

use crate::{
    block::Block,
    state::{EMPTY_ROOT, empty_target},
};
use alloy_primitives::{Bytes, keccak256};
use commonware_runtime::Spawner;
use commonware_storage::Context;
use dure_rules::Key;

/// What block 0 commits to.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Genesis {
    pub chain_id: u64,
    /// Consensus time of block 0, milliseconds since 1970-01-01 UTC.
    pub time_ms: u64,
    pub gas_limit: u64,
    /// The seed of the validator's key. A chain of one has nobody to keep it from.
    pub seed: u64,
    pub records: Vec<(Key, Bytes)>,
}

impl Genesis {
    /// Block 0. It stands on the empty database, whose root it bears, and commits to the chain id and to the records that
    /// block 1 writes.
    pub fn block<E: Spawner + Context>(&self) -> Block {
        let mut committed = self.chain_id.to_be_bytes().to_vec();
        for (key, value) in &self.records {
            committed.extend(key.as_slice());
            committed.extend(keccak256(value));
        }
        Block::genesis(self.time_ms, self.gas_limit, keccak256(committed), &empty_target::<E>(), EMPTY_ROOT)
    }
}
