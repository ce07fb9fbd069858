//! One signer's waiting transactions, and the line in which signers wait.

use super::{Room, SHARE};
use alloy_primitives::{Address, B256};
use dure_execution::{AccountRecord, Class, Quota, Transaction};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// A waiting transaction.
pub(super) struct Entry {
    pub transaction: Transaction,
    pub bytes: usize,
    /// Number of its arrival, so that ages differ.
    pub arrival: u64,
    pub arrived_ms: u64,
}

/// What one signer has waiting.
pub(super) struct Queue {
    pub entries: BTreeMap<u64, Entry>,
    /// The account's next nonce as far as final blocks say.
    pub next_nonce: u64,
    pub class: Class,
    pub quota: Quota,
    /// Gas limits of all entries together.
    pub gas: u64,
    /// Signers with a smaller turn are served first.
    pub turn: u64,
    /// Consensus time before which the allowance does not reach for the next entry.
    pub not_before_ms: u64,
}

/// Signers of one kind in the order in which they are served.
#[derive(Default)]
pub(super) struct Lane {
    pub transactions: usize,
    /// Turn and signer of those whose next nonce is there.
    pub waiting: BTreeSet<(u64, Address)>,
}

impl Queue {
    pub fn new(account: &AccountRecord, turn: u64) -> Self {
        Self {
            entries: BTreeMap::new(),
            next_nonce: account.nonce,
            class: account.class,
            quota: account.quota(),
            gas: 0,
            turn,
            not_before_ms: 0,
        }
    }

    pub fn is_ready(&self) -> bool {
        self.entries.contains_key(&self.next_nonce)
    }

    /// The entries of consecutive nonces from the account's next on.
    pub fn ready(&self) -> impl Iterator<Item = &Entry> {
        let consecutive = self.entries.range(self.next_nonce..).zip(self.next_nonce..);
        consecutive.take_while(|((nonce, _), expected)| *nonce == expected).map(|((_, entry), _)| entry)
    }

    /// The nonce after the last of [`Self::ready`].
    pub fn after_ready(&self) -> u64 {
        self.next_nonce + self.ready().count() as u64
    }
}

impl Lane {
    /// Adds to `chosen` what fits into `room`: in the first round a share of each signer, then the rest of each. Gives what
    /// of the room was used.
    pub fn choose(
        &self,
        queues: &BTreeMap<Address, Queue>,
        in_flight: &HashSet<B256>,
        time_ms: u64,
        room: Room,
        chosen: &mut Vec<Transaction>,
    ) -> Room {
        let mut used = Room { gas: 0, transactions: 0, bytes: 0 };
        let mut more = Vec::new();
        let queues = self.waiting.iter().filter_map(|(_, signer)| queues.get(signer));
        for queue in queues.filter(|queue| queue.not_before_ms <= time_ms) {
            let mut waiting = queue.ready().filter(|entry| !in_flight.contains(&entry.transaction.hash()));
            for entry in waiting.by_ref().take(SHARE) {
                if !used.takes(entry, room) {
                    return used;
                }
                chosen.push(entry.transaction.clone());
            }
            more.push(waiting);
        }
        for entry in more.into_iter().flatten() {
            if !used.takes(entry, room) {
                return used;
            }
            chosen.push(entry.transaction.clone());
        }
        used
    }
}

impl Room {
    /// Counts `entry` in where it fits below `limit`.
    fn takes(&mut self, entry: &Entry, limit: Room) -> bool {
        let next = Room {
            gas: self.gas.saturating_add(entry.transaction.gas_limit()),
            transactions: self.transactions + 1,
            bytes: self.bytes.saturating_add(entry.bytes + 4),
        };
        let fits = next.gas <= limit.gas && next.transactions <= limit.transactions && next.bytes <= limit.bytes;
        if fits {
            *self = next;
        }
        fits
    }
}
