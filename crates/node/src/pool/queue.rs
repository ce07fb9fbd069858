//! The waiting transactions of one sequence of nonces, and the line in which sequences wait.

use super::{Room, SHARE, USED_MAX};
use alloy_primitives::{Address, B256, U256};
use dure_execution::{AccountRecord, Class, Quota, Transaction};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

/// One of a signer's sequences of nonces; key 0 is the account's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequence {
    pub signer: Address,
    pub key: U256,
}

impl Sequence {
    pub fn of(transaction: &Transaction) -> Self {
        Self { signer: transaction.signer(), key: transaction.nonce_key() }
    }

    /// The account's own.
    pub const fn own(signer: Address) -> Self {
        Self { signer, key: U256::ZERO }
    }
}

/// Next nonces of the sequences that final blocks used last. Whoever brings a transaction has read the index, which is some blocks
/// behind: without this, what follows a transaction that has just become final would wait for it for ever.
#[derive(Default)]
pub(super) struct Used {
    /// Next nonce, and the number of the note that says so.
    pub next: HashMap<Sequence, (u64, u64)>,
    /// Notes, oldest first; one that a newer one replaced says nothing.
    pub order: VecDeque<(u64, Sequence)>,
    notes: u64,
}

impl Used {
    /// The oldest note goes where there are [`USED_MAX`].
    pub fn note(&mut self, sequence: Sequence, next: u64) {
        if self.order.len() >= USED_MAX
            && let Some((number, oldest)) = self.order.pop_front()
            && self.next.get(&oldest).is_some_and(|(_, newest)| *newest == number)
        {
            self.next.remove(&oldest);
        }
        self.notes += 1;
        self.order.push_back((self.notes, sequence));
        let noted = self.next.entry(sequence).or_default();
        *noted = (noted.0.max(next), self.notes);
    }

    /// The next nonce of a sequence, 0 where nothing is noted.
    pub fn next(&self, sequence: Sequence) -> u64 {
        self.next.get(&sequence).map_or(0, |(next, _)| *next)
    }
}

/// A waiting transaction.
pub(super) struct Entry {
    pub transaction: Transaction,
    pub bytes: usize,
    /// Number of its arrival, so that ages differ.
    pub arrival: u64,
    pub arrived_ms: u64,
    /// Of whoever pays.
    pub class: Class,
    pub quota: Quota,
    pub valid_after_s: u64,
    pub valid_before_s: u64,
}

impl Entry {
    pub fn new(transaction: Transaction, payer: &AccountRecord, arrival: u64, arrived_ms: u64) -> Self {
        let (valid_after_s, valid_before_s) = transaction.envelope().window_s();
        let bytes = transaction.encoded().len();
        let (class, quota) = (payer.class, payer.quota());
        Self { transaction, bytes, arrival, arrived_ms, class, quota, valid_after_s, valid_before_s }
    }
}

/// What one sequence has waiting.
pub(super) struct Queue {
    pub entries: BTreeMap<u64, Entry>,
    /// The next nonce as far as final blocks say.
    pub next_nonce: u64,
    /// Of whoever pays for the first entry: in which lane the queue stands.
    pub class: Class,
    /// Queues with a smaller turn are served first.
    pub turn: u64,
    /// Consensus time before which the allowance does not reach for the next entry.
    pub not_before_ms: u64,
}

/// Queues of one kind in the order in which they are served.
#[derive(Default)]
pub(super) struct Lane {
    /// That payers of this kind pay for, in whichever queue.
    pub transactions: usize,
    /// Turn and sequence of those whose next nonce is there.
    pub waiting: BTreeSet<(u64, Sequence)>,
}

impl Queue {
    pub fn new(next_nonce: u64, turn: u64) -> Self {
        Self { entries: BTreeMap::new(), next_nonce, class: Class::Newcomer, turn, not_before_ms: 0 }
    }

    pub fn is_ready(&self) -> bool {
        self.entries.contains_key(&self.next_nonce)
    }

    /// The entries of consecutive nonces from the next on.
    pub fn consecutive(&self) -> impl Iterator<Item = &Entry> {
        let consecutive = self.entries.range(self.next_nonce..).zip(self.next_nonce..);
        consecutive.take_while(|((nonce, _), expected)| *nonce == expected).map(|((_, entry), _)| entry)
    }

    /// Those of [`Self::consecutive`] that a block at `time_ms` may include.
    fn ready(&self, time_ms: u64) -> impl Iterator<Item = &Entry> {
        let time_s = time_ms / 1_000;
        self.consecutive().take_while(move |entry| (entry.valid_after_s..entry.valid_before_s).contains(&time_s))
    }

    /// The nonce after the last of [`Self::consecutive`].
    pub fn after_consecutive(&self) -> u64 {
        self.next_nonce + self.consecutive().count() as u64
    }
}

impl Lane {
    /// Adds to `chosen` what fits into `room`: in the first round a share of each payer, then the rest of each queue. Gives
    /// what of the room was used.
    pub fn choose(
        &self,
        queues: &BTreeMap<Sequence, Queue>,
        in_flight: &HashSet<B256>,
        time_ms: u64,
        room: Room,
        chosen: &mut Vec<Transaction>,
    ) -> Room {
        let mut used = Room { gas: 0, transactions: 0, bytes: 0 };
        let mut shares: BTreeMap<Address, usize> = BTreeMap::new();
        let mut more = Vec::new();
        let queues = self.waiting.iter().filter_map(|(_, sequence)| queues.get(sequence));
        for queue in queues.filter(|queue| queue.not_before_ms <= time_ms) {
            let waiting = queue.ready(time_ms).filter(|entry| !in_flight.contains(&entry.transaction.hash()));
            let mut waiting = waiting.peekable();
            while let Some(entry) = waiting.next_if(|entry| {
                let share = shares.entry(entry.transaction.payer()).or_default();
                *share += 1;
                *share <= SHARE
            }) {
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
