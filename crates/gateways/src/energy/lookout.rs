//! One look at the chain for many programs: the newest block, what became of auctions, whose positions may have changed.
//!
//! Upon each new block: read the institution's events since the last one. Upon an outage: say so to whoever asks, and go on where it stopped.
//!
//! This module never asks about a single meter: the programs do, when something here tells them to.

use crate::{
    chain::Chain,
    node::{Head, NodeError},
};
use alloy_sol_types::SolEvent as _;
use dure_api::abi::energy::IEnergy;
use dure_rules::energy::{AuctionId, DAY_SLOTS, MODULE, MarketId, Stage};
use serde_json::json;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// Between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(150);
/// Auctions whose stage is remembered, the newest ones: far more than are under way.
const AUCTIONS_MAX: usize = 8_192;
/// Days of markets whose clearings are counted, the newest ones.
const DAYS_MAX: usize = 1_024;

/// What was seen.
#[derive(Clone, Debug)]
pub struct Sight {
    pub head: Head,
    /// When the newest block was first seen.
    pub since: Instant,
    /// Why the last look failed.
    pub away: Option<NodeError>,
    seen: Arc<Seen>,
}

#[derive(Clone, Debug, Default)]
struct Seen {
    stages: BTreeMap<AuctionId, u8>,
    /// In the order in which they were first seen.
    known: VecDeque<AuctionId>,
    /// How often something of a day (since 1970) was cleared; newest last.
    cleared: BTreeMap<(u32, MarketId), u64>,
    attestations: u64,
}

impl Sight {
    /// The stage of an auction, where it has changed since this look began.
    pub fn stage(&self, auction: &AuctionId) -> Option<u8> {
        self.seen.stages.get(auction).copied()
    }

    /// How often something of this day was cleared: where it has changed, so may have positions.
    pub fn cleared(&self, market: MarketId, day: u32) -> u64 {
        self.seen.cleared.get(&(day, market)).copied().unwrap_or(0)
    }

    /// How often an operator has said something about a meter.
    pub fn attestations(&self) -> u64 {
        self.seen.attestations
    }
}

impl Seen {
    fn stage(&mut self, auction: AuctionId, stage: u8) {
        if self.stages.insert(auction, stage).is_none() {
            self.known.push_back(auction);
            if self.known.len() > AUCTIONS_MAX
                && let Some(oldest) = self.known.pop_front()
            {
                self.stages.remove(&oldest);
            }
        }
    }

    fn clear(&mut self, market: MarketId, day: u32) {
        *self.cleared.entry((day, market)).or_default() += 1;
        if self.cleared.len() > DAYS_MAX {
            self.cleared.pop_first();
        }
    }
}

/// The look, which goes on until this is dropped.
pub struct Lookout {
    pub chain: Chain,
    sight: watch::Receiver<Sight>,
    looks: tokio::task::JoinHandle<()>,
}

impl Drop for Lookout {
    fn drop(&mut self) {
        self.looks.abort();
    }
}

impl Lookout {
    /// Begins at the newest block.
    ///
    /// # Errors
    /// Where no node answers.
    pub async fn start(chain: Chain) -> Result<Arc<Self>, NodeError> {
        let head = chain.node.head().await?;
        let first = Sight { head, since: Instant::now(), away: None, seen: Arc::default() };
        let (tell, sight) = watch::channel(first);
        let of = chain.clone();
        let looks = tokio::spawn(async move {
            let mut next_height = head.height.saturating_add(1);
            loop {
                tokio::time::sleep(LOOK_AGAIN).await;
                match look(&of, &tell, &mut next_height).await {
                    Ok(()) => {}
                    Err(error) => tell.send_modify(|sight| sight.away = Some(error)),
                }
            }
        });
        Ok(Arc::new(Self { chain, sight, looks }))
    }

    /// For waiting until something new was seen.
    pub fn sight(&self) -> watch::Receiver<Sight> {
        self.sight.clone()
    }
}

async fn look(chain: &Chain, tell: &watch::Sender<Sight>, next_height: &mut u64) -> Result<(), NodeError> {
    let head = chain.node.head().await?;
    if head.height < *next_height {
        tell.send_if_modified(|sight| sight.away.take().is_some());
        return Ok(());
    }
    let kinds = [IEnergy::StageBegan::SIGNATURE_HASH, IEnergy::Cleared::SIGNATURE_HASH, IEnergy::MeterAttested::SIGNATURE_HASH];
    let logs = chain.node.logs(MODULE, &json!([kinds]), *next_height, head.height).await?;
    *next_height = head.height.saturating_add(1);
    tell.send_modify(|sight| {
        (sight.head, sight.since, sight.away) = (head, Instant::now(), None);
        if logs.is_empty() {
            return;
        }
        let seen = Arc::make_mut(&mut sight.seen);
        for log in &logs {
            let log = &log.log;
            if let Ok(event) = IEnergy::StageBegan::decode_log(log) {
                seen.stage(event.auction, event.stage);
            } else if let Ok(event) = IEnergy::Cleared::decode_log(log) {
                seen.stage(event.auction, Stage::Cleared as u8);
                seen.clear(event.market, event.firstSlot / DAY_SLOTS);
            } else {
                seen.attestations += 1;
            }
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_bounded_and_the_newest_stays() {
        let mut seen = Seen::default();
        let id = |n: usize| AuctionId::left_padding_from(&(n as u32).to_be_bytes());
        for n in 0..=AUCTIONS_MAX {
            seen.stage(id(n), 1);
            seen.stage(id(n), 2);
        }
        assert_eq!((seen.stages.len(), seen.known.len()), (AUCTIONS_MAX, AUCTIONS_MAX));
        assert_eq!((seen.stages.get(&id(0)), seen.stages.get(&id(AUCTIONS_MAX))), (None, Some(&2)));
        for day in 0..=DAYS_MAX as u32 {
            seen.clear(MarketId::ZERO, day);
        }
        assert_eq!(seen.cleared.len(), DAYS_MAX);
        assert_eq!(seen.cleared.get(&(DAYS_MAX as u32, MarketId::ZERO)), Some(&1));
    }
}
