//! Sealed bids that wait to be opened, in a file: what is sealed and lost costs its deposit.

use super::{keep, keep_for_sure};
use crate::key::random_bytes;
use alloy_primitives::{B256, hex};
use dure_rules::energy::{AuctionId, Bid, Slot};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::PathBuf,
};

/// Sealed bids that wait, at most; each waits for at most two days.
pub const SEALED_MAX: usize = 1_024;

/// A bid that was sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// The first slot that it is about.
    pub first_slot: Slot,
    pub salt: B256,
    /// borsh of the bid, hex.
    bid: String,
}

impl Sealed {
    pub fn bid(&self) -> Vec<u8> {
        hex::decode(&self.bid).unwrap_or_default()
    }
}

/// The sealed bids of one meter.
pub struct SealedBids {
    path: PathBuf,
    sealed: BTreeMap<AuctionId, Sealed>,
    /// Those that this run has seen on the chain; the others were sealed before a restart.
    committed: BTreeSet<AuctionId>,
}

impl SealedBids {
    /// # Errors
    /// Where the file cannot be read: it is never taken for an empty one.
    pub fn open(path: PathBuf) -> io::Result<Self> {
        let sealed = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error),
        };
        Ok(Self { path, sealed, committed: BTreeSet::new() })
    }

    pub fn all(&self) -> Vec<(AuctionId, Sealed)> {
        self.sealed.iter().map(|(id, sealed)| (*id, sealed.clone())).collect()
    }

    /// What is to be committed in an auction: `bid`, sealed and kept before anybody sees it; or what was sealed before a restart, unchanged, because the chain
    /// may have it and another salt would lose it. `None` where nothing is to be done.
    ///
    /// # Errors
    /// Where it cannot be kept.
    pub fn seal(&mut self, auction: AuctionId, first_slot: Slot, bid: Option<&Bid>) -> io::Result<Option<Sealed>> {
        if self.committed.contains(&auction) {
            return Ok(None);
        }
        if let Some(sealed) = self.sealed.get(&auction) {
            return Ok(Some(sealed.clone()));
        }
        let Some(bid) = bid.filter(|_| self.sealed.len() < SEALED_MAX) else { return Ok(None) };
        let sealed = Sealed { first_slot, salt: B256::from(random_bytes()), bid: hex::encode(bid.to_bytes()) };
        self.sealed.insert(auction, sealed.clone());
        keep_for_sure(&self.path, &serde_json::to_vec(&self.sealed)?)?;
        Ok(Some(sealed))
    }

    /// Whether this run has seen it on the chain.
    pub fn is_committed(&self, auction: &AuctionId) -> bool {
        self.committed.contains(auction)
    }

    /// The chain has it.
    pub fn committed(&mut self, auction: AuctionId) {
        self.committed.insert(auction);
    }

    /// It is over, or the chain did not take it.
    ///
    /// # Errors
    /// Where it cannot be kept.
    pub fn forget(&mut self, auction: &AuctionId) -> io::Result<()> {
        self.committed.remove(auction);
        if self.sealed.remove(auction).is_none() {
            return Ok(());
        }
        keep(&self.path, &serde_json::to_vec(&self.sealed)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dure_rules::energy::Order;

    #[test]
    fn a_bid_keeps_its_salt_over_a_restart_and_is_committed_once_a_run() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("sealed.json");
        let open = || SealedBids::open(path.clone()).expect("opened");
        let order = |wh| Bid { orders: vec![Order { slot: 0, buys: true, wh, limit_micro: 1 }], battery: None };
        let id = AuctionId::repeat_byte(1);
        let mut bids = open();
        let first = bids.seal(id, 9, Some(&order(5))).expect("kept").expect("sealed");
        assert_eq!(first.bid(), order(5).to_bytes());
        bids.committed(id);
        assert_eq!(bids.seal(id, 9, Some(&order(6))).expect("kept"), None);
        let mut again = open();
        assert_eq!(again.seal(id, 9, Some(&order(6))).expect("kept"), Some(first.clone()));
        assert_eq!(again.seal(id, 9, None).expect("kept"), Some(first), "also where nothing is wanted any more");
        again.forget(&id).expect("kept");
        assert!(open().all().is_empty());
        assert_eq!(open().seal(AuctionId::ZERO, 9, None).expect("kept"), None);
    }
}
