//! The read side: an SQLite file beside the chain, made from final blocks alone.
//!
//! Protocol. Upon a final block: [`Index::apply`] writes its header, transactions, logs and changed keys in one SQL
//! transaction. Upon the same block again: nothing changes. Upon a block further ahead: [`HistoryError::Gap`], and the
//! [`Follower`] fetches what is missing. The file may be deleted at any time; blocks make it again, byte for byte the same
//! answers. What a key held at a height is the newest change of that key at or below the height (the change log).
//!
//! Module events need no tables of their own: they are logs, whose second topic is the id of what they are about (an order, a
//! shop, a device), and there is an index on it. What such a thing is *now* is the newest change of its record.
//!
//! The read side never decides anything, is never asked by consensus, and never holds it up: it is written by a thread of its
//! own from a bounded queue.

mod follow;
mod fresh;
mod queries;
mod tables;
#[cfg(test)]
mod tests;

pub use follow::{Blocks, Follower, QUEUE_BLOCKS};

use crate::history::{FinalBlock, History, HistoryError, LogQuery, PlacedLog};
use alloy_primitives::{B256, Bytes};
use dure_rules::Key;
use fresh::Fresh;
use rusqlite::Connection;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard},
};

/// Most connections that read at the same time and are kept open; further readers open and close their own.
pub const READERS_KEPT: usize = 8;

/// Pages that the writer keeps in memory, KiB: keys and hashes are scattered, so that every block touches pages all over the file.
const WRITER_CACHE_KIB: i64 = 65_536;
/// Pages in the log before they are carried over into the file, 4 KiB each: a page that many blocks touch is carried once.
const CHECKPOINT_PAGES: i64 = 8_192;

/// The file, and its connections.
pub struct Index {
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    fresh: RwLock<Fresh>,
    /// `None` where the index lives in memory and the writer reads too.
    path: Option<PathBuf>,
}

impl Index {
    /// Opens the index at `path`, making it where it does not exist.
    ///
    /// An index written by another version of the tables is emptied: blocks make it again.
    ///
    /// # Errors
    /// [`HistoryError::Store`] where the file cannot be opened or is no SQLite file.
    pub fn open(path: &Path) -> Result<Self, HistoryError> {
        let mut writer = Connection::open(path)?;
        // NORMAL: a commit does not wait for the disk, a checkpoint does. A power cut costs the newest blocks, which are
        // written again; with OFF it could leave a torn file.
        writer.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;")?;
        writer.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?; // negative: in KiB
        writer.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        tables::prepare(&mut writer)?;
        Self::of(writer, Some(path.to_owned()))
    }

    /// An index that ends with the process: for simulations and tests.
    ///
    /// # Errors
    /// [`HistoryError::Store`] where SQLite has no memory.
    pub fn in_memory() -> Result<Self, HistoryError> {
        let mut writer = Connection::open_in_memory()?;
        tables::prepare(&mut writer)?;
        Self::of(writer, None)
    }

    fn of(writer: Connection, path: Option<PathBuf>) -> Result<Self, HistoryError> {
        let mut fresh = Fresh::default();
        fresh.written(std::iter::empty(), queries::height(&writer)?);
        Ok(Self { writer: Mutex::new(writer), readers: Mutex::default(), fresh: RwLock::new(fresh), path })
    }

    /// Forgets everything, so that blocks can make it again.
    ///
    /// # Errors
    /// [`HistoryError::Store`].
    pub fn clear(&self) -> Result<(), HistoryError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        tables::clear(&mut writer)?;
        *self.fresh.write().unwrap_or_else(PoisonError::into_inner) = Fresh::default();
        Ok(())
    }

    /// Takes several blocks over in one SQL transaction, up to the first that does not follow.
    ///
    /// # Errors
    /// As [`History::apply`].
    pub fn apply_all(&self, blocks: &[Arc<FinalBlock>]) -> Result<(), HistoryError> {
        self.take(blocks.iter().map(AsRef::as_ref))
    }

    fn take<'a>(&self, blocks: impl Iterator<Item = &'a FinalBlock> + Clone) -> Result<(), HistoryError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let applied = tables::apply(&mut writer, blocks.clone());
        // Some may be taken over although the last was not.
        let height = queries::height(&writer)?;
        self.fresh.write().unwrap_or_else(PoisonError::into_inner).written(blocks, height);
        applied
    }

    fn fresh(&self) -> RwLockReadGuard<'_, Fresh> {
        self.fresh.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest value of every key that begins with `tag`, in key order, at most `limit`: all records of one table.
    ///
    /// # Errors
    /// [`HistoryError::Store`].
    pub fn records(&self, tag: u8, limit: usize) -> Result<Vec<(Key, Bytes)>, HistoryError> {
        self.read(|connection| queries::records(connection, tag, limit))
    }

    /// What some keys that begin with `tag` hold, or held once, at most `limit`: what records of one table look like, on a chain of any length.
    ///
    /// # Errors
    /// [`HistoryError::Store`].
    pub fn some_records(&self, tag: u8, limit: usize) -> Result<Vec<(Key, Bytes)>, HistoryError> {
        self.read(|connection| queries::some_records(connection, tag, limit))
    }

    /// The newest logs that match, newest first, at most `limit`: a page never grows too large to answer.
    ///
    /// # Errors
    /// [`HistoryError::Store`].
    pub fn newest_logs(&self, query: &LogQuery, limit: usize) -> Result<Vec<PlacedLog>, HistoryError> {
        self.read(|connection| queries::logs(connection, query, limit, queries::Order::NewestFirst))
    }

    /// Hash of the block of `height`.
    ///
    /// # Errors
    /// [`HistoryError::Store`].
    pub fn hash(&self, height: u64) -> Result<Option<B256>, HistoryError> {
        self.read(|connection| queries::hash_at(connection, height))
    }

    /// Hashes of the blocks from `first` up to, not including, `end`, the newest first.
    ///
    /// # Errors
    /// [`HistoryError::Store`].
    pub fn hashes(&self, first: u64, end: u64) -> Result<Vec<B256>, HistoryError> {
        self.read(|connection| queries::hashes(connection, first, end))
    }

    fn read<T>(&self, ask: impl FnOnce(&Connection) -> Result<T, HistoryError>) -> Result<T, HistoryError> {
        let Some(path) = &self.path else {
            return ask(&self.writer.lock().unwrap_or_else(PoisonError::into_inner));
        };
        let kept = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match kept {
            Some(connection) => connection,
            None => Connection::open(path)?,
        };
        let answer = ask(&connection);
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < READERS_KEPT {
            readers.push(connection);
        }
        answer
    }
}

impl History for Index {
    fn height(&self) -> Result<Option<u64>, HistoryError> {
        Ok(self.fresh().height())
    }

    fn apply(&self, block: &FinalBlock) -> Result<(), HistoryError> {
        self.take(std::iter::once(block))
    }

    fn value_at(&self, key: Key, height: u64) -> Result<Option<Bytes>, HistoryError> {
        let (newest, known) = {
            let fresh = self.fresh();
            (fresh.height().unwrap_or(0), fresh.value_at(&key, height))
        };
        if height > newest {
            return Err(HistoryError::Ahead { asked: height, newest });
        }
        if let Some(known) = known {
            return Ok(known);
        }
        let value = self.read(|connection| queries::value_at(connection, key, height))?;
        self.fresh.write().unwrap_or_else(PoisonError::into_inner).learn(key, height, value.clone());
        Ok(value)
    }

    fn block(&self, height: u64) -> Result<Option<Arc<FinalBlock>>, HistoryError> {
        self.read(|connection| queries::block(connection, height)).map(|block| block.map(Arc::new))
    }

    fn height_of(&self, block_hash: B256) -> Result<Option<u64>, HistoryError> {
        self.read(|connection| queries::height_of(connection, block_hash))
    }

    fn place_of(&self, transaction_hash: B256) -> Result<Option<(u64, u64)>, HistoryError> {
        self.read(|connection| queries::place_of(connection, transaction_hash))
    }

    fn logs(&self, query: &LogQuery, limit: usize) -> Result<Vec<PlacedLog>, HistoryError> {
        let found =
            self.read(|connection| queries::logs(connection, query, limit.saturating_add(1), queries::Order::OldestFirst))?;
        if found.len() > limit { Err(HistoryError::TooManyLogs { limit }) } else { Ok(found) }
    }
}

impl From<rusqlite::Error> for HistoryError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.to_string())
    }
}
