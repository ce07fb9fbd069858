//! What a node hands out to those that follow it: certified blocks as bytes, which prove themselves.

use crate::{app::Node, engine::Blocks, state::Digest};
use alloy_primitives::{B256, Bytes};
use commonware_codec::Encode as _;
use commonware_consensus::{marshal::Identifier, types::Height};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{Semaphore, broadcast},
    time::timeout,
};

/// Longest that a question for news is held back.
const NEWS_WAIT_MAX: Duration = Duration::from_secs(10);
/// Most that wait for news, and most blocks that are read at the same time.
const WAITING_MAX: usize = 256;
const READING_MAX: usize = 16;

/// Too many wait at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// Answers followers, on any thread.
#[derive(Clone)]
pub struct Relay {
    node: Arc<Node>,
    blocks: Blocks,
    waiting: Arc<Semaphore>,
    reading: Arc<Semaphore>,
}

impl Relay {
    pub fn new(node: Arc<Node>, blocks: Blocks) -> Self {
        let (waiting, reading) = (Arc::new(Semaphore::new(WAITING_MAX)), Arc::new(Semaphore::new(READING_MAX)));
        Self { node, blocks, waiting, reading }
    }

    /// Height of the newest block with a certificate of its own, as soon as that is above `above`; `None` where it takes too long.
    ///
    /// # Errors
    /// Too many wait.
    pub async fn head_above(&self, above: u64) -> Result<Option<u64>, Busy> {
        let _place = self.waiting.try_acquire().map_err(|_| Busy)?;
        let mut news = self.node.chain.subscribe();
        let waited = timeout(NEWS_WAIT_MAX, async {
            loop {
                if let Some((height, _)) = self.blocks.get_info(Identifier::Latest).await
                    && height.get() > above
                {
                    return Some(height.get());
                }
                if let Err(broadcast::error::RecvError::Closed) = news.recv().await {
                    return None;
                }
            }
        });
        Ok(waited.await.unwrap_or(None))
    }

    /// Certificate and block of `height`, where the block has a certificate of its own: most have, and the others are covered by the
    /// certificate of a later one.
    pub async fn finalized(&self, height: u64) -> Option<Bytes> {
        let _place = self.reading.acquire().await.ok()?;
        let certificate = self.blocks.get_finalization(Height::new(height)).await?;
        let block = self.blocks.get_block(Identifier::Height(Height::new(height))).await?;
        Some((certificate, block).encode().into())
    }

    /// The block with this hash.
    pub async fn block(&self, hash: B256) -> Option<Bytes> {
        let _place = self.reading.acquire().await.ok()?;
        Some(self.blocks.get_block(Identifier::Digest(Digest::from(hash.0))).await?.encode().into())
    }
}
