//! The thread that keeps the index level with the chain.
//!
//! Upon a final block: it is put into a queue of [`QUEUE_BLOCKS`] without waiting; where the queue is full it is let go. Upon a
//! block that does not follow the newest one in the index: the missing ones are asked of [`Blocks`], oldest first. Upon a
//! block other than the one that the index has at its height (the file is of another chain, or a copy of it went its own
//! way): the index is emptied and made again. So a slow disk costs the reader freshness and never the chain its pace, and the
//! index may be behind the chain and never says anything else than the chain.

use super::Index;
use crate::history::{FinalBlock, History as _, HistoryError};
use alloy_primitives::B256;
use std::sync::{
    Arc,
    mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel},
};
use std::thread::JoinHandle;

/// Blocks that wait to be written. Where more wait, the newest are let go and fetched again later.
pub const QUEUE_BLOCKS: usize = 256;
/// Most blocks written in one SQL transaction.
const BATCH_BLOCKS: usize = 64;

/// Where final blocks are fetched again: the node, which runs its stored block once more over what the index knows.
pub trait Blocks: Send + 'static {
    /// The hash of the final block of `height`, or `None` where the node does not have it (yet).
    fn hash(&self, height: u64) -> Option<B256>;

    /// The final block of `height` with its changes, or `None` where the node does not have it (yet).
    ///
    /// # Errors
    /// What reading or running it says.
    fn block(&self, height: u64) -> Result<Option<Arc<FinalBlock>>, HistoryError>;

    /// Told of every block that the index has just taken over: from now on it can be asked about.
    fn written(&self, _block: &Arc<FinalBlock>) {}
}

/// The hand that feeds the thread. Dropping it ends the thread after what is queued is written.
pub struct Follower {
    sender: Option<SyncSender<Arc<FinalBlock>>>,
    thread: Option<JoinHandle<()>>,
}

impl Follower {
    /// Starts the thread. It first fetches every final block that the index lacks.
    ///
    /// # Errors
    /// [`HistoryError::Store`] where the system gives no thread.
    pub fn start(index: Arc<Index>, blocks: impl Blocks) -> Result<Self, HistoryError> {
        let (sender, receiver) = sync_channel(QUEUE_BLOCKS);
        let thread = std::thread::Builder::new()
            .name("dure-index".into())
            .spawn(move || follow(&index, &blocks, &receiver))
            .map_err(|error| HistoryError::Store(error.to_string()))?;
        Ok(Self { sender: Some(sender), thread: Some(thread) })
    }

    /// Hands a final block over. Never waits.
    pub fn push(&self, block: Arc<FinalBlock>) {
        let Some(sender) = &self.sender else { return };
        match sender.try_send(block) {
            Ok(()) => {}
            Err(TrySendError::Full(block)) => tracing::debug!(height = block.height, "the index is behind; fetched again later"),
            Err(TrySendError::Disconnected(block)) => tracing::warn!(height = block.height, "the index has stopped"),
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.sender.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // a panic there has been reported by its own hook
        }
    }
}

fn follow(index: &Index, blocks: &impl Blocks, queue: &Receiver<Arc<FinalBlock>>) {
    if let Err(error) = begin(index, blocks) {
        return stopped(&error);
    }
    while let Ok(first) = queue.recv() {
        let batch = drain(first, queue);
        if let Err(error) = take(index, blocks, &batch) {
            return stopped(&error);
        }
    }
}

/// What the index has at its newest height must be the chain's; then it is brought level.
fn begin(index: &Index, blocks: &impl Blocks) -> Result<(), HistoryError> {
    if let Some(height) = index.height()?
        && let (Some(kept), Some(hash)) = (index.hash(height)?, blocks.hash(height))
        && kept != hash
    {
        tracing::warn!(height, "the index is another chain's and is made again");
        index.clear()?;
    }
    catch_up(index, blocks, None)
}

fn take(index: &Index, blocks: &impl Blocks, batch: &[Arc<FinalBlock>]) -> Result<(), HistoryError> {
    let had = index.height()?;
    match index.apply_all(batch) {
        Ok(()) => return tell(index, blocks, batch, had),
        Err(HistoryError::Gap { found, expected }) => {
            tracing::debug!(found, expected, "the index fetches what was let go");
            tell(index, blocks, batch, had)?;
            catch_up(index, blocks, Some(found - 1))?;
        }
        Err(HistoryError::Conflict { height }) => {
            tracing::warn!(height, "the index has another block than the chain and is made again");
            index.clear()?;
            catch_up(index, blocks, None)?;
        }
        Err(error) => return Err(error),
    }
    let had = index.height()?;
    match index.apply_all(batch) {
        // A block that is not to be had yet comes with a later gap.
        Ok(()) | Err(HistoryError::Gap { .. }) => tell(index, blocks, batch, had),
        Err(error) => Err(error),
    }
}

/// Tells of the blocks of `batch` that the index has and did not have at `had`.
fn tell(index: &Index, blocks: &impl Blocks, batch: &[Arc<FinalBlock>], had: Option<u64>) -> Result<(), HistoryError> {
    let has = index.height()?;
    let new = batch.iter().filter(|block| had.is_none_or(|had| block.height > had) && has.is_some_and(|has| block.height <= has));
    new.for_each(|block| blocks.written(block));
    Ok(())
}

fn stopped(error: &HistoryError) {
    tracing::error!("the index stops here, the chain goes on: {error}");
}

fn drain(first: Arc<FinalBlock>, queue: &Receiver<Arc<FinalBlock>>) -> Vec<Arc<FinalBlock>> {
    let mut batch = vec![first];
    while batch.len() < BATCH_BLOCKS {
        match queue.try_recv() {
            Ok(block) => batch.push(block),
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
        }
    }
    batch
}

/// Fetches and writes blocks until there is none left, or up to `last`.
fn catch_up(index: &Index, blocks: &impl Blocks, last: Option<u64>) -> Result<(), HistoryError> {
    let mut next = index.height()?.map_or(0, |height| height + 1);
    while last.is_none_or(|last| next <= last) {
        let Some(block) = blocks.block(next)? else { break };
        index.apply_all(std::slice::from_ref(&block))?;
        blocks.written(&block);
        next += 1;
    }
    Ok(())
}
