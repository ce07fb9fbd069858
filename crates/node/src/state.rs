//! The one authenticated database: accounts, EVM slots, code and records, each under its 32-byte key.
//!
//! The index is ordered: each record bears the next key, so that a proof can show that a key holds nothing. It is one alias,
//! [`State`]; nothing else but [`crate::prove`] needs to know the kind.

use alloy_primitives::{B256, b256};
use bytes::{BufMut, Bytes};
use commonware_codec::{Buf, EncodeSize, Error, RangeCfg, Read, Write};
use commonware_cryptography::{Sha256, sha256};
use commonware_glue::stateful::db::{DatabaseSet, Reader, Shared};
use commonware_parallel::Sequential;
use commonware_runtime::{
    BLOB_PAGE_SIZE, Spawner,
    buffer::paged::{CacheRef, page_size},
};
use commonware_storage::{
    Context,
    journal::contiguous::variable::Config as LogConfig,
    merkle::full::Config as MerkleConfig,
    mmr,
    qmdb::{current, sync::Target},
    translator::EightCap,
};
use commonware_utils::{NZU64, NZUsize};
use dure_rules::Key;
use std::num::NonZeroUsize;

/// A 32-byte digest as commonware holds it. A block's is keccak256 of its header; the database's are SHA-256.
pub type Digest = sha256::Digest;
/// How the database's operations are committed to.
pub type Family = mmr::Family;
/// The database.
pub type State<E> = current::ordered::variable::Db<Family, E, Digest, Value, Sha256, EightCap, STATUS_BYTES, Sequential>;
/// The database as the block loop shares it.
pub type Databases<E> = Shared<State<E>>;
/// A handle that can only read.
pub type StateReader<E> = Reader<State<E>>;
/// A batch of changes over the state after some block.
pub type Batch<E> = <Databases<E> as DatabaseSet<E>>::Unmerkleized;
/// A sealed batch with its roots.
pub type Sealed<E> = <Databases<E> as DatabaseSet<E>>::Merkleized;
/// What state sync aims at: root of the operations and their range.
pub type SyncTarget = Target<Family, Digest>;
/// Settings of the database.
pub type StateConfig = current::VariableConfig<EightCap, ((), ()), Sequential>;

/// Largest value of one key, bytes: above the largest contract (24,576) and every record.
pub const VALUE_MAX_BYTES: usize = 64 << 10;
/// Canonical root of a database that nothing was written to: the state root of block 0.
pub const EMPTY_ROOT: B256 = b256!("0x0000000000000000000000000000000000000000000000000000000000000000");
/// Bytes of activity bits that one leaf of the status tree commits to; larger makes a smaller tree and larger proofs.
const STATUS_BYTES: usize = 32;

/// What a key holds. Opaque here; bounded so that a corrupt length is refused before memory is taken for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Value(pub Bytes);

impl Write for Value {
    fn write(&self, buf: &mut impl BufMut) {
        self.0.write(buf);
    }
}

impl EncodeSize for Value {
    fn encode_size(&self) -> usize {
        self.0.encode_size()
    }
}

impl Read for Value {
    type Cfg = ();

    fn read_cfg(buf: &mut impl Buf, _: &()) -> Result<Self, Error> {
        Ok(Self(Bytes::read_cfg(buf, &RangeCfg::from(0..=VALUE_MAX_BYTES))?))
    }
}

/// A record's key as the database takes it.
pub fn digest_of(key: Key) -> Digest {
    Digest::from(key.0)
}

/// A digest as the Ethereum types take it.
pub fn hash_of(digest: &Digest) -> B256 {
    B256::from_slice(digest)
}

/// How much memory and disk the database may take at once.
#[derive(Clone, Copy, Debug)]
pub struct StateSizes {
    /// Pages of [`BLOB_PAGE_SIZE`] kept in memory; a miss costs four to five times a hit.
    pub cache_pages: NonZeroUsize,
    /// Keys read ahead at a restart; below the number of live keys a restart takes several times as long.
    pub restart_keys: NonZeroUsize,
}

impl StateSizes {
    /// 64 MiB of pages, taken at the start, and 2¹⁷ keys at a restart: a chain of one on a small machine.
    pub const ALONE: Self = Self { cache_pages: NZUsize!(1 << 14), restart_keys: NZUsize!(1 << 17) };
    /// For a simulation of several nodes in one process.
    pub const SIMULATION: Self = Self { cache_pages: NZUsize!(1 << 10), restart_keys: NZUsize!(1 << 12) };
}

/// The page cache that the database and the archives share.
pub fn page_cache(sizes: StateSizes) -> CacheRef {
    CacheRef::new(page_size(BLOB_PAGE_SIZE), sizes.cache_pages)
}

/// Settings of the database under partitions that begin with `prefix`.
pub fn config(prefix: &str, cache: CacheRef, sizes: StateSizes) -> StateConfig {
    const BUFFER: NonZeroUsize = NZUsize!(2 << 20);
    StateConfig {
        merkle_config: MerkleConfig {
            journal_partition: format!("{prefix}-state-merkle"),
            metadata_partition: format!("{prefix}-state-peaks"),
            items_per_blob: NZU64!(1 << 20),
            write_buffer: BUFFER,
            replay_buffer: BUFFER,
            strategy: Sequential,
            page_cache: cache.clone(),
        },
        journal_config: LogConfig {
            partition: format!("{prefix}-state-log"),
            items_per_section: NZU64!(1 << 16),
            compression: None,
            codec_config: ((), ()),
            page_cache: cache,
            write_buffer: BUFFER,
            replay_buffer: BUFFER,
        },
        grafted_metadata_partition: format!("{prefix}-state-status"),
        translator: EightCap,
        init_cache: Some(sizes.restart_keys),
        init_buffer: BUFFER,
        init_concurrency: (),
    }
}

/// What an empty database is to sync to: the state of the genesis block, whose records the first block writes.
pub fn empty_target<E: Spawner + Context>() -> SyncTarget {
    <Databases<E> as DatabaseSet<E>>::initial_sync_targets()
}
