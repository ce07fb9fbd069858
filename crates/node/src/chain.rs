//! Where the chain stands, and who is told of new blocks.
//!
//! Upon a final block: its hash enters the ring of newest hashes, and subscribers hear of it with its receipts, logs and
//! changes. Upon a restart: the archive of blocks gives the ring again. Nothing here is asked by consensus but those hashes.

use crate::history::{FinalBlock, PlacedLog};
use alloy_primitives::{B256, Bytes};
use dure_execution::RECENT_HASHES;
use dure_rules::Key;
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, PoisonError, RwLock},
};
use tokio::sync::broadcast;

/// Blocks that a slow subscriber may fall behind before it is told that it missed some.
pub const SUBSCRIBER_BLOCKS: usize = 1_024;
/// Hashes of newest blocks that are kept: what a block may look at, from any block of the last as many.
pub const HASHES_KEPT: usize = 2 * RECENT_HASHES as usize;

/// The newest final block in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub height: u64,
    pub hash: B256,
    pub time_ms: u64,
}

/// The end of the chain.
pub struct Chain {
    newest: RwLock<Newest>,
    blocks: broadcast::Sender<Arc<FinalBlock>>,
    genesis: Arc<FinalBlock>,
    genesis_records: HashMap<Key, Bytes>,
}

struct Newest {
    head: Head,
    /// Hashes of the newest blocks up to the head, oldest first.
    hashes: VecDeque<B256>,
}

impl Chain {
    /// A chain that knows its genesis only. `genesis.changes` are its records.
    pub fn new(genesis: Arc<FinalBlock>) -> Self {
        let head = Head { height: 0, hash: genesis.hash, time_ms: genesis.time_ms };
        let genesis_records = genesis.changes.iter().filter_map(|(key, value)| Some((*key, value.clone()?))).collect();
        Self {
            newest: RwLock::new(Newest { head, hashes: VecDeque::from([genesis.hash]) }),
            blocks: broadcast::Sender::new(SUBSCRIBER_BLOCKS),
            genesis,
            genesis_records,
        }
    }

    /// Upon a restart: the last final block, and the hashes up to it, oldest first.
    pub fn come_up(&self, head: Head, hashes: Vec<B256>) {
        *self.newest.write().unwrap_or_else(PoisonError::into_inner) = Newest { head, hashes: hashes.into() };
    }

    pub fn head(&self) -> Head {
        self.newest.read().unwrap_or_else(PoisonError::into_inner).head
    }

    pub fn genesis(&self) -> &Arc<FinalBlock> {
        &self.genesis
    }

    pub fn genesis_records(&self) -> &HashMap<Key, Bytes> {
        &self.genesis_records
    }

    /// Told of every new block in order; one that falls [`SUBSCRIBER_BLOCKS`] behind is told so.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<FinalBlock>> {
        self.blocks.subscribe()
    }

    /// Upon a final block in the database. A block at or below the head changes nothing: it was delivered twice.
    pub fn push(&self, block: &Arc<FinalBlock>) {
        let mut newest = self.newest.write().unwrap_or_else(PoisonError::into_inner);
        if block.height <= newest.head.height {
            return;
        }
        if block.height != newest.head.height + 1 {
            newest.hashes.clear(); // blocks that a state sync skipped
        }
        newest.hashes.push_back(block.hash);
        while newest.hashes.len() > HASHES_KEPT {
            newest.hashes.pop_front();
        }
        newest.head = Head { height: block.height, hash: block.hash, time_ms: block.time_ms };
        drop(newest);
        // An error says that nobody listens.
        let _ = self.blocks.send(block.clone());
    }

    /// Hashes of the final blocks up to `height`, the newest first; fewer than [`RECENT_HASHES`] near the genesis.
    pub fn hashes_up_to(&self, height: u64) -> Vec<B256> {
        let newest = self.newest.read().unwrap_or_else(PoisonError::into_inner);
        let above = newest.head.height.saturating_sub(height) as usize;
        newest.hashes.iter().rev().skip(above).copied().collect()
    }
}

/// The logs of a block with their places.
pub fn logs_of(block: &FinalBlock) -> impl Iterator<Item = PlacedLog> + '_ {
    let all = block.transactions.iter().enumerate();
    let all = all.flat_map(|(index, transaction)| transaction.logs.iter().map(move |log| (index, transaction.hash, log)));
    all.enumerate().map(|(log_index, (index, hash, log))| PlacedLog {
        log: log.clone(),
        height: block.height,
        block_hash: block.hash,
        block_time_ms: block.time_ms,
        transaction_hash: hash,
        transaction_index: index as u64,
        log_index: log_index as u64,
    })
}
