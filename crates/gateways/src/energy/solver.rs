//! The solver's program: watches for auctions that wait for a clearing, and shows the best one.
//!
//! Upon an auction in the stage of solving: read its book, work out the clearing (the caller says how), announce its hash with the bond, hand it in
//! in parts. Upon a refusal because somebody else was first: go on to the next.
//!
//! This module never decides whether a clearing is the best: the chain does.

use super::{EnergyError, EnergyNote, Tell};
use crate::{
    chain::{Chain, words},
    node::{NodeError, Receipt, seen},
    watch::{every, watch},
};
use alloy_primitives::{Address, B256};
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::SolEvent as _;
use dure_api::abi::energy::IEnergy;
use dure_rules::energy::book::Book;
use dure_rules::energy::{self, Announce, Deposit, MODULE, PART_MAX_BYTES, Stage, Submit, certificate_hash};
use serde_json::json;
use std::{collections::BTreeSet, time::Duration};

/// Between two looks at the chain.
const LOOK_AGAIN: Duration = Duration::from_millis(300);
/// Between two looks for the next block.
const NEXT_BLOCK: Duration = Duration::from_millis(50);
/// How far back the first look goes, blocks: longer than any stage of solving lasts at a heartbeat.
const LOOK_BACK_BLOCKS: u64 = 100_000;

/// Works a clearing out: the bytes of a certificate, or why there is none.
pub type Find = fn(&Book) -> Result<Vec<u8>, String>;

/// A solver's account and its way to the chain.
pub struct Solver {
    pub chain: Chain,
    pub key: PrivateKeySigner,
    /// Only of this market; else of every one.
    pub market: Option<B256>,
    pub find: Find,
}

/// What came of an auction.
enum Verdict {
    Accepted {
        welfare_nano: String,
    },
    Refused {
        flaw: u8,
    },
    /// The chain takes no more: mostly because somebody else was first.
    NotTaken {
        why: String,
    },
}

impl Solver {
    /// Runs until `stop` ends. Outages of the node are told and waited out.
    ///
    /// # Errors
    /// Where no node answers at the start.
    pub async fn run(&self, stop: impl Future<Output = ()>, tell: Tell<'_>) -> Result<(), EnergyError> {
        let head = self.chain.node.head().await?;
        let mut next_height = head.height.saturating_sub(LOOK_BACK_BLOCKS);
        let mut waiting = BTreeSet::new();
        let look = async || self.round(&mut next_height, &mut waiting, tell).await;
        watch(every(LOOK_AGAIN), stop, look, |what| tell(EnergyNote { about: None, what })).await;
        Ok(())
    }

    async fn round(&self, next_height: &mut u64, waiting: &mut BTreeSet<B256>, tell: Tell<'_>) -> Result<(), EnergyError> {
        let head = self.chain.node.head().await?;
        if head.height >= *next_height {
            let kinds = json!([IEnergy::StageBegan::SIGNATURE_HASH]);
            for log in self.chain.node.logs(MODULE, &kinds, *next_height, head.height).await? {
                match IEnergy::StageBegan::decode_log(&log.log) {
                    Ok(event) if event.stage == Stage::Solving as u8 => waiting.insert(event.auction),
                    _ => false,
                };
            }
            *next_height = head.height.saturating_add(1);
        }
        while let Some(auction) = waiting.first().copied() {
            match self.solve(auction, tell).await {
                // Its turn comes again when the node is back.
                Err(EnergyError::Node(error)) if error.is_outage() => return Err(error.into()),
                Err(error) => tell(EnergyNote::of(auction, error.to_string())),
                Ok(()) => {}
            }
            waiting.remove(&auction);
        }
        Ok(())
    }

    async fn solve(&self, id: B256, tell: Tell<'_>) -> Result<(), EnergyError> {
        let auction = self.chain.view_at(MODULE, IEnergy::auctionCall { id }).await?;
        let open = auction.stage == Stage::Solving as u8 && auction.accepted == Address::ZERO;
        if !open || self.market.is_some_and(|market| market != auction.market) {
            return Ok(());
        }
        let bytes = self.chain.view_at(MODULE, IEnergy::bookCall { auction: id }).await?;
        let Some(book) = Book::from_bytes(&bytes) else {
            tell(EnergyNote::of(id, "the node's book is none that this program knows: is it of the same version?"));
            return Ok(());
        };
        let find = self.find;
        let found = tokio::task::spawn_blocking(move || find(&book)).await.map_err(|error| error.to_string());
        let certificate = match found.and_then(|found| found) {
            Ok(certificate) => certificate,
            Err(why) => {
                tell(EnergyNote::of(id, format!("no clearing found: {why}")));
                return Ok(());
            }
        };
        self.cover_bond(auction.market).await?;
        let what = match self.show(id, &certificate).await? {
            Verdict::Accepted { welfare_nano } => {
                format!("accepted: {} bids, worth {welfare_nano} nano-units", auction.commitments)
            }
            Verdict::Refused { flaw } => format!("refused (flaw {flaw}): the bond is lost"),
            Verdict::NotTaken { why } => format!("not taken, somebody else may have been first: {why}"),
        };
        tell(EnergyNote::of(id, what));
        Ok(())
    }

    /// Puts so much into the purse that the bond can be set aside.
    async fn cover_bond(&self, market: B256) -> Result<(), EnergyError> {
        let account = self.key.address();
        let purse = self.chain.view_at(MODULE, IEnergy::purseCall { market, account }).await?;
        let record = self.chain.view_at(MODULE, IEnergy::marketCall { id: market }).await?;
        let nano: i128 = purse.nano.try_into().unwrap_or(0);
        let held = i128::try_from(purse.heldNano.saturating_to::<u128>()).unwrap_or(i128::MAX);
        let missing = i128::from(record.terms.bondNano).saturating_add(held).saturating_sub(nano);
        if missing > 0 {
            let amount = missing.unsigned_abs().div_ceil(u128::from(record.nanoPerMinor.max(1)));
            self.act(Deposit { market, amount }).await?;
        }
        Ok(())
    }

    async fn show(&self, auction: B256, certificate: &[u8]) -> Result<Verdict, EnergyError> {
        let hash = certificate_hash(auction, self.key.address(), certificate);
        let bytes = u32::try_from(certificate.len()).unwrap_or(u32::MAX);
        let announced = match self.act(Announce { auction, hash, bytes }).await {
            Err(NodeError::Reverted(why)) => return Ok(Verdict::NotTaken { why: words(&why) }),
            other => other?,
        };
        // Parts count in later blocks than the announcement, and a node tries a transaction on the newest one before it takes it.
        while self.chain.node.head().await?.height <= announced.height {
            tokio::time::sleep(NEXT_BLOCK).await;
        }
        for part in certificate.chunks(PART_MAX_BYTES as usize) {
            let receipt = match self.act(Submit { auction, part: part.to_vec() }).await {
                Err(NodeError::Reverted(why)) => return Ok(Verdict::NotTaken { why: words(&why) }),
                other => other?,
            };
            if let Some(verdict) = verdict(&receipt) {
                return Ok(verdict);
            }
        }
        Ok(Verdict::NotTaken { why: "it was empty".into() })
    }

    async fn act(&self, action: impl Into<energy::Action>) -> Result<Receipt, NodeError> {
        self.chain.act(&self.key, action.into()).await
    }
}

/// What the logs of the last part say.
fn verdict(receipt: &Receipt) -> Option<Verdict> {
    let logs = receipt.logs.as_array()?.iter().filter_map(seen);
    logs.filter(|log| log.log.address == MODULE).find_map(|log| {
        if let Ok(event) = IEnergy::CertificateAccepted::decode_log(&log.log) {
            return Some(Verdict::Accepted { welfare_nano: event.welfareNano.to_string() });
        }
        IEnergy::CertificateRefused::decode_log(&log.log).ok().map(|event| Verdict::Refused { flaw: event.flaw })
    })
}
