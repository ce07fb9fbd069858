//! What a chain begins with.

use crate::{
    app::{Public, Secret},
    block::Block,
    network::{VALIDATORS_MAX, public_of},
    state::{EMPTY_ROOT, empty_target},
};
use alloy_primitives::{B256, Bytes, keccak256};
use commonware_cryptography::Signer as _;
use commonware_runtime::{Spawner, tokio};
use commonware_storage::Context;
use commonware_utils::{TryCollect as _, ordered::Set};
use dure_rules::Key;

/// What block 0 commits to.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Genesis {
    pub chain_id: u64,
    /// Consensus time of block 0, milliseconds since 1970-01-01 UTC.
    pub time_ms: u64,
    pub gas_limit: u64,
    /// Public keys (ed25519) of those who vote from block 1 on, in ascending order.
    pub validators: Vec<B256>,
    /// The seed of the validators' keys, on a development chain: there is nobody to keep it from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    pub records: Vec<(Key, Bytes)>,
}

impl Genesis {
    /// Who votes.
    ///
    /// # Errors
    /// In words, where a key is none, is there twice, or there is none.
    pub fn committee(&self) -> Result<Set<Public>, String> {
        let decoded = self
            .validators
            .iter()
            .map(|key| public_of(*key).ok_or_else(|| format!("the genesis names {key} as a validator, which is no key")));
        let decoded = decoded.collect::<Result<Vec<_>, _>>()?;
        if decoded.is_empty() || decoded.len() > VALIDATORS_MAX.get() {
            return Err(format!("the genesis names {} validators; 1 to {VALIDATORS_MAX} are possible", decoded.len()));
        }
        decoded.into_iter().try_collect().map_err(|error| format!("the genesis names a validator twice: {error:?}"))
    }

    /// The hash of block 0: what the chain is known by.
    pub fn hash(&self) -> B256 {
        self.block::<tokio::Context>().hash()
    }

    /// Keys of `count` validators of a development chain, which everybody can make.
    pub fn development_keys(seed: u64, count: u64) -> Vec<Secret> {
        (0..count).map(|place| Secret::from_seed(seed.wrapping_add(place))).collect()
    }

    /// Block 0. It stands on the empty database, whose root it bears, and commits to the chain id, to who votes, and to
    /// the records that block 1 writes.
    pub fn block<E: Spawner + Context>(&self) -> Block {
        let mut committed = self.chain_id.to_be_bytes().to_vec();
        committed.extend((self.validators.len() as u64).to_be_bytes());
        committed.extend(self.validators.iter().flatten());
        for (key, value) in &self.records {
            committed.extend(key.as_slice());
            committed.extend(keccak256(value));
        }
        Block::genesis(self.time_ms, self.gas_limit, keccak256(committed), &empty_target::<E>(), EMPTY_ROOT)
    }
}
