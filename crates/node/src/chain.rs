//! What this node remembers of the newest blocks, and who is told of new ones.
//!
//! Upon a final block: its receipts, logs and changes enter a window of the last [`WINDOW_BLOCKS`] blocks, and subscribers
//! hear of it. The window also keeps what each changed key held before the block, so that a reader can stand at one height
//! while the database moves on under it. Everything here is rebuilt after a restart; nothing here is asked by consensus but
//! the hashes of the last blocks, which the archive of blocks gives again.

use crate::history::{FinalBlock, LogQuery, PlacedLog};
use alloy_primitives::{B256, Bytes};
use dure_execution::RECENT_HASHES;
use dure_rules::Key;
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};
use tokio::sync::{broadcast, watch};

/// Blocks whose receipts are answered from memory.
pub const WINDOW_BLOCKS: usize = 1_000;
/// Most transactions and changed keys in the window together; full blocks shorten it.
pub const WINDOW_ITEMS: usize = 1_000_000;
/// Blocks that a slow subscriber may fall behind before it is told that it missed some.
pub const SUBSCRIBER_BLOCKS: usize = 1_024;

/// Hashes of newest blocks that are kept: what a block may look at, from any block of the last as many.
pub const HASHES_KEPT: usize = 2 * RECENT_HASHES as usize;

/// What keys held before a block changed them.
pub type Before = HashMap<Key, Option<Bytes>>;

/// An executed block that is not final yet, or just became so.
#[derive(Clone, Debug)]
pub struct Executed {
    pub block: Arc<FinalBlock>,
    pub before: Arc<Before>,
}

/// The newest final block in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub height: u64,
    pub hash: B256,
    pub time_ms: u64,
}

/// The window.
pub struct Chain {
    window: RwLock<Window>,
    head: watch::Sender<Head>,
    blocks: broadcast::Sender<Arc<FinalBlock>>,
    genesis: Arc<FinalBlock>,
    genesis_records: HashMap<Key, Bytes>,
}

#[derive(Default)]
struct Window {
    blocks: VecDeque<Arc<FinalBlock>>,
    heights: HashMap<B256, u64>,
    transactions: HashMap<B256, (u64, u64)>,
    /// By height; the newest may be ahead of `blocks` while the database takes the block over.
    before: BTreeMap<u64, Arc<Before>>,
    items: usize,
    /// Hashes of the newest blocks up to the head, oldest first.
    hashes: VecDeque<B256>,
}

/// Where a reader at some height finds a key's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing in the window changed it since: the database has it.
    Current,
    /// A later block changed it from this.
    Before(Option<Bytes>),
    /// The height is older than the window.
    Older,
}

impl Chain {
    /// A chain that knows its genesis only. `genesis.changes` are its records.
    pub fn new(genesis: Arc<FinalBlock>) -> Self {
        let head = Head { height: 0, hash: genesis.hash, time_ms: genesis.time_ms };
        let genesis_records = genesis.changes.iter().filter_map(|(key, value)| Some((*key, value.clone()?))).collect();
        let window = Window { hashes: VecDeque::from([genesis.hash]), ..Window::default() };
        Self {
            window: RwLock::new(window),
            head: watch::Sender::new(head),
            blocks: broadcast::Sender::new(SUBSCRIBER_BLOCKS),
            genesis,
            genesis_records,
        }
    }

    /// Upon a restart: the last final block, and the hashes up to it, oldest first.
    pub fn come_up(&self, head: Head, hashes: Vec<B256>) {
        let mut window = self.write();
        *window = Window { hashes: hashes.into(), ..Window::default() };
        drop(window);
        self.head.send_replace(head);
    }

    pub fn head(&self) -> Head {
        *self.head.borrow()
    }

    pub fn genesis(&self) -> &Arc<FinalBlock> {
        &self.genesis
    }

    /// What genesis put under `key`.
    pub fn genesis_record(&self, key: &Key) -> Option<&Bytes> {
        self.genesis_records.get(key)
    }

    pub fn genesis_records(&self) -> &HashMap<Key, Bytes> {
        &self.genesis_records
    }

    /// Told of every new head; a slow listener sees the newest only.
    pub fn watch_head(&self) -> watch::Receiver<Head> {
        self.head.subscribe()
    }

    /// Told of every new block in order; one that falls [`SUBSCRIBER_BLOCKS`] behind is told so.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<FinalBlock>> {
        self.blocks.subscribe()
    }

    /// Upon a block about to change the database: from now on readers of older heights look at what stood before it.
    pub fn begin(&self, executed: &Executed) {
        let mut window = self.write();
        window.before.insert(executed.block.height, executed.before.clone());
    }

    /// Upon a final block in the database. A block at or below the head changes nothing: it was delivered twice.
    pub fn push(&self, executed: &Executed) {
        let block = &executed.block;
        let head = self.head();
        if block.height <= head.height {
            return;
        }
        let mut window = self.write();
        if block.height != head.height + 1 {
            // Blocks that a state sync skipped: what stood before them is not known.
            *window = Window::default();
            window.before.insert(block.height, executed.before.clone());
        }
        window.take(block.clone());
        drop(window);
        self.head.send_replace(Head { height: block.height, hash: block.hash, time_ms: block.time_ms });
        // An error says that nobody listens.
        let _ = self.blocks.send(block.clone());
    }

    /// Hashes of the final blocks up to `height`, the newest first; fewer than [`RECENT_HASHES`] near the genesis.
    pub fn hashes_up_to(&self, height: u64) -> Vec<B256> {
        let window = self.read();
        let above = self.head().height.saturating_sub(height) as usize;
        window.hashes.iter().rev().skip(above).copied().collect()
    }

    pub fn block(&self, height: u64) -> Option<Arc<FinalBlock>> {
        if height == 0 {
            return Some(self.genesis.clone());
        }
        let window = self.read();
        let first = window.blocks.front()?.height;
        window.blocks.get(usize::try_from(height.checked_sub(first)?).ok()?).cloned()
    }

    pub fn height_of(&self, hash: B256) -> Option<u64> {
        if hash == self.genesis.hash { Some(0) } else { self.read().heights.get(&hash).copied() }
    }

    /// Height and index of a transaction in the window.
    pub fn place_of(&self, transaction: B256) -> Option<(u64, u64)> {
        self.read().transactions.get(&transaction).copied()
    }

    /// The oldest height from which on the window has every block up to the head.
    pub fn oldest(&self) -> u64 {
        self.read().blocks.front().map_or(self.head().height + 1, |block| block.height)
    }

    /// Logs of the blocks in the window that are asked for, at most `limit` and one.
    pub fn logs(&self, query: &LogQuery, limit: usize) -> Vec<PlacedLog> {
        let blocks: Vec<_> = {
            let window = self.read();
            window.blocks.iter().filter(|b| (query.from_height..=query.to_height).contains(&b.height)).cloned().collect()
        };
        blocks.iter().flat_map(|block| logs_of(block)).filter(|placed| query.matches(&placed.log)).take(limit + 1).collect()
    }

    /// Where the value that `key` had after the block of `height` is to be found.
    ///
    /// Ask after reading the database: a block that changed it in between has entered the window before it did.
    pub fn standing(&self, key: &Key, height: u64) -> Standing {
        let window = self.read();
        let newest = self.head().height;
        if height < newest && !window.before.contains_key(&(height + 1)) {
            return Standing::Older;
        }
        let changed = window.before.range(height + 1..).find_map(|(_, before)| before.get(key));
        changed.map_or(Standing::Current, |value| Standing::Before(value.clone()))
    }

    fn read(&self) -> RwLockReadGuard<'_, Window> {
        self.window.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Window> {
        self.window.write().unwrap_or_else(PoisonError::into_inner)
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

impl Window {
    fn take(&mut self, block: Arc<FinalBlock>) {
        self.items += items(&block);
        self.heights.insert(block.hash, block.height);
        for (index, transaction) in block.transactions.iter().enumerate() {
            self.transactions.insert(transaction.hash, (block.height, index as u64));
        }
        self.hashes.push_back(block.hash);
        while self.hashes.len() > HASHES_KEPT {
            self.hashes.pop_front();
        }
        self.blocks.push_back(block);
        while self.blocks.len() > 1 && (self.blocks.len() > WINDOW_BLOCKS || self.items > WINDOW_ITEMS) {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        let Some(oldest) = self.blocks.pop_front() else { return };
        self.items = self.items.saturating_sub(items(&oldest));
        self.heights.remove(&oldest.hash);
        self.before = self.before.split_off(&(oldest.height + 1));
        for transaction in &oldest.transactions {
            self.transactions.remove(&transaction.hash);
        }
    }
}

fn items(block: &FinalBlock) -> usize {
    block.transactions.len() + block.changes.len()
}
