//! Transactions that wait for a block.
//!
//! Protocol. Upon a transaction: its signers were recovered by whoever brings it, on that caller's thread, once; the pool checks
//! nonce, signers, window of time, allowance and its own bounds, cheapest first, and queues it by [`Sequence`] and nonce. Upon a turn to
//! propose: sequences are served in the order of their last turn, a few transactions of each payer, then the rest; newcomers
//! in a lane of their own, so that no number of fresh keys delays a member. Upon a final block: what it included leaves, and
//! what its nonces overtook. Upon a replacement (same sequence, same nonce): the newest wins, at most once in
//! [`REPLACE_AFTER_MS`], because without fees there is nothing else to outbid with. What is not valid yet waits, what is not
//! valid any more leaves, and what waits too long expires.
//!
//! Whoever pays for a transaction is who it counts for: its allowance, its class, its share of the pool.
//!
//! The pool decides nothing about validity: allowance and the newcomers' share are rules of consensus that execution holds.
//! Here they only keep out what could not be included anyway.

mod queue;
#[cfg(test)]
mod tests;

pub use queue::Sequence;

use alloy_primitives::{Address, B256, U256};
use dure_execution::{
    AccountRecord, Class, KeyRefused, Skip, Transaction, TransactionError, allowance_of, gas::NEWCOMERS_PERCENT,
};
use queue::{Entry, Lane, Queue, Used};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{Notify, broadcast};

/// Most transactions of members and organisations together.
pub const MEMBERS_MAX: usize = 65_536;
/// Most transactions of newcomers together.
pub const NEWCOMERS_MAX: usize = 4_096;
/// Most transactions that one member or organisation pays for, and furthest that a nonce may be ahead of its sequence.
pub const PER_MEMBER_MAX: usize = 4_096;
/// The same for one newcomer.
pub const PER_NEWCOMER_MAX: usize = 16;
/// Most sequences whose next nonce is remembered after a final block: some forty blocks full of strangers. An index that is further
/// behind may make a sender wait.
pub const USED_MAX: usize = 65_536;
/// Transactions of one payer taken in the first round of a selection.
pub const SHARE: usize = 16;
/// Least wait between two replacements under one nonce, milliseconds of wall time.
pub const REPLACE_AFTER_MS: u64 = 1_000;
/// How long a transaction may wait, milliseconds of wall time.
pub const LIFETIME_MS: u64 = 600_000;
/// Furthest ahead that a transaction may begin to be valid, seconds of consensus time.
pub const VALID_AFTER_MAX_S: u64 = 300;
/// Renewal of the allowance that is counted on when the pool looks whether waiting transactions fit, milliseconds.
pub const PATIENCE_MS: u64 = 10_000;
/// How long a transaction waits that only a block which is not final yet speaks against, milliseconds of consensus time.
pub const DOUBT_MS: u64 = 50;
/// New transactions that a slow listener may fall behind.
pub const LISTENER_MAX: usize = 4_096;

/// Why the pool does not take a transaction. Checked in this order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PoolRefusal {
    #[error(transparent)]
    NoTransaction(#[from] TransactionError),
    #[error("already known")]
    AlreadyKnown,
    #[error("nonce too low: next nonce {expected}, tx nonce {found}")]
    NonceTooLow { expected: u64, found: u64 },
    #[error("nonce too high: next nonce {expected}, tx nonce {found}, at most {limit} ahead")]
    NonceTooHigh { expected: u64, found: u64, limit: u64 },
    #[error(transparent)]
    Signer(#[from] KeyRefused),
    #[error("expired: valid before {valid_before_s}, the time is {time_s}")]
    Expired { valid_before_s: u64, time_s: u64 },
    #[error("too early: valid from {valid_after_s} on, the time is {time_s}; at most {VALID_AFTER_MAX_S} s are waited")]
    TooEarly { valid_after_s: u64, time_s: u64 },
    #[error("exceeds block gas limit: {found} above {limit}")]
    GasAboveBlock { found: u64, limit: u64 },
    #[error("gas limit {found} is above the allowance of whoever pays, at most {cap_gas}")]
    GasAboveAllowance { found: u64, cap_gas: u64 },
    #[error("insufficient funds for transfer: balance {balance}, value {value}")]
    Funds { balance: U256, value: U256 },
    #[error(
        "another key of the account has a transaction waiting under nonce {nonce}, and a limited access key replaces its own only; \
         hint: take the next nonce, or a nonceKey of its own"
    )]
    ReplacesAnothers { nonce: u64 },
    #[error("replacement too soon: the last was {ago_ms} ms ago, at least {REPLACE_AFTER_MS} ms are asked for")]
    ReplacedTooSoon { ago_ms: u64 },
    #[error("allowance used up: {waiting_gas} gas waiting, {available_gas} available")]
    AllowanceUsedUp { waiting_gas: u64, available_gas: u64 },
    #[error("account limit reached: {limit} transactions waiting")]
    PayerFull { limit: usize },
    #[error("txpool is full: {limit} transactions waiting")]
    Full { limit: usize },
}

/// How much a selection may take.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    pub gas: u64,
    pub transactions: usize,
    pub bytes: usize,
}

/// How many transactions wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Could be in the next block as far as nonces go.
    pub pending: usize,
    /// Wait for an earlier nonce.
    pub queued: usize,
}

/// The pool.
pub struct Pool {
    block_gas_limit: u64,
    inner: Mutex<Inner>,
    work: Notify,
    arrivals: broadcast::Sender<Transaction>,
}

/// What the chain says now about whom a transaction names.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Of the transaction's sequence.
    pub next_nonce: u64,
    pub sender: &'a AccountRecord,
    pub payer: &'a AccountRecord,
    /// Whether a limited access key signed, or why those who signed may not.
    pub limited: Result<bool, &'a KeyRefused>,
}

impl<'a> Facts<'a> {
    /// Of a transaction with the account's own nonce, which pays for itself.
    pub fn own(account: &'a AccountRecord) -> Self {
        Self { next_nonce: account.nonce, sender: account, payer: account, limited: Ok(false) }
    }
}

/// What one account pays for.
#[derive(Default)]
struct Paid {
    transactions: usize,
    /// Gas limits of all of them together.
    gas: u64,
}

#[derive(Default)]
struct Inner {
    by_hash: HashMap<B256, (Sequence, u64)>,
    queues: BTreeMap<Sequence, Queue>,
    payers: HashMap<Address, Paid>,
    members: Lane,
    newcomers: Lane,
    /// By wall time and number of arrival, to expire.
    by_age: BTreeMap<(u64, u64), (Sequence, u64)>,
    /// By the second before which they are valid, and number of arrival.
    by_end: BTreeMap<(u64, u64), (Sequence, u64)>,
    arrivals: u64,
    used: Used,
}

impl Pool {
    pub fn new(block_gas_limit: u64) -> Self {
        Self { block_gas_limit, inner: Mutex::default(), work: Notify::new(), arrivals: broadcast::Sender::new(LISTENER_MAX) }
    }

    /// Takes a transaction in, or says why not. `time_ms` is consensus time (for allowance and validity), `wall_ms` wall time
    /// (for waits and expiry).
    ///
    /// # Errors
    /// [`PoolRefusal`], in the order of its variants.
    pub fn submit(&self, transaction: Transaction, facts: Facts<'_>, time_ms: u64, wall_ms: u64) -> Result<B256, PoolRefusal> {
        let hash = transaction.hash();
        let mut inner = self.lock();
        inner.expire(wall_ms);
        inner.end(time_ms);
        inner.admit(&transaction, facts, self.block_gas_limit, time_ms, wall_ms)?;
        inner.insert(transaction.clone(), facts, wall_ms);
        drop(inner);
        self.work.notify_one();
        // An error says that nobody listens.
        let _ = self.arrivals.send(transaction);
        Ok(hash)
    }

    /// Resolves when something new has arrived since it was last awaited.
    pub async fn arrival(&self) {
        self.work.notified().await;
    }

    /// Told of every transaction taken in.
    pub fn subscribe(&self) -> broadcast::Receiver<Transaction> {
        self.arrivals.subscribe()
    }

    /// Whether a block at `time_ms` could include something that is not `in_flight` already.
    pub fn has_work(&self, in_flight: &HashSet<B256>, time_ms: u64) -> bool {
        let room = Room { gas: u64::MAX, transactions: 1, bytes: usize::MAX };
        let mut inner = self.lock();
        inner.end(time_ms);
        let mut chosen = Vec::new();
        inner.members.choose(&inner.queues, in_flight, time_ms, room, &mut chosen);
        inner.newcomers.choose(&inner.queues, in_flight, time_ms, room, &mut chosen);
        !chosen.is_empty()
    }

    /// What a block at `time_ms` should try to include: each sequence's in order of nonces, none that is `in_flight` in a block
    /// before it. Newcomers get at most their share of the gas.
    pub fn select(&self, in_flight: &HashSet<B256>, time_ms: u64, room: Room) -> Vec<Transaction> {
        let mut inner = self.lock();
        inner.end(time_ms);
        let mut chosen = Vec::new();
        let share = Room { gas: room.gas / 100 * NEWCOMERS_PERCENT, transactions: room.transactions / 4, bytes: room.bytes / 4 };
        let used = inner.newcomers.choose(&inner.queues, in_flight, time_ms, share, &mut chosen);
        let room = Room {
            gas: room.gas - used.gas,
            transactions: room.transactions - used.transactions,
            bytes: room.bytes - used.bytes,
        };
        let mut members = Vec::new();
        inner.members.choose(&inner.queues, in_flight, time_ms, room, &mut members);
        members.append(&mut chosen);
        members
    }

    /// What execution left out of a block at `time_ms`: gone for good, or to be tried again when the allowance has renewed. Where
    /// the block's parent is not final it may never be, and nothing is gone for good on its word.
    pub fn skipped(&self, skips: impl IntoIterator<Item = (Transaction, Skip)>, time_ms: u64, parent_is_final: bool) {
        let mut inner = self.lock();
        for (transaction, reason) in skips {
            let sequence = Sequence::of(&transaction);
            if !parent_is_final && !reason.may_fit_later() {
                if let Some(queue) = inner.queues.get_mut(&sequence) {
                    queue.not_before_ms = time_ms + DOUBT_MS;
                }
            } else if let Skip::NonceTooLow { want, .. } = reason {
                // The account's nonce moved otherwise: by a contract that it made in a batch, or by what it delegated.
                inner.overtake(sequence, want);
            } else if !reason.may_fit_later() {
                inner.remove(sequence, transaction.nonce());
            } else if let Some(queue) = inner.queues.get_mut(&sequence) {
                match reason {
                    Skip::Allowance { gas_limit, available_gas } => {
                        let missing = gas_limit.saturating_sub(available_gas);
                        let renews = queue.entries.get(&transaction.nonce()).map_or(1, |entry| entry.quota.gas_per_ms.max(1));
                        queue.not_before_ms = time_ms + missing / renews + 1;
                    }
                    // Another place gave this sequence's earlier nonce; it comes with its block or not at all.
                    Skip::NonceTooHigh { .. } => queue.not_before_ms = time_ms + REPLACE_AFTER_MS,
                    _ => {}
                }
            }
        }
    }

    /// Upon a final block: sequence and nonce of what it included.
    pub fn included(&self, transactions: impl IntoIterator<Item = (Sequence, u64)>, wall_ms: u64) {
        let mut inner = self.lock();
        for (sequence, nonce) in transactions {
            inner.used.note(sequence, nonce + 1);
            inner.overtake(sequence, nonce + 1);
        }
        inner.expire(wall_ms);
    }

    pub fn knows(&self, hash: &B256) -> bool {
        self.lock().by_hash.contains_key(hash)
    }

    pub fn get(&self, hash: &B256) -> Option<Transaction> {
        let inner = self.lock();
        let (sequence, nonce) = inner.by_hash.get(hash)?;
        Some(inner.queues.get(sequence)?.entries.get(nonce)?.transaction.clone())
    }

    /// The nonce after the last consecutive waiting one of this sequence, or after its last final one; `None` where it has none
    /// waiting and used none lately.
    pub fn next_nonce(&self, sequence: Sequence) -> Option<u64> {
        let inner = self.lock();
        let waiting = inner.queues.get(&sequence).map(Queue::after_consecutive);
        waiting.max(inner.used.next.get(&sequence).map(|(next, _)| *next))
    }

    pub fn counts(&self) -> Counts {
        let inner = self.lock();
        let pending = inner.queues.values().map(|queue| queue.consecutive().count()).sum();
        Counts { pending, queued: inner.by_hash.len() - pending }
    }

    /// Everything that waits, by sequence and nonce, and whether it is pending.
    pub fn contents(&self) -> Vec<(Transaction, bool)> {
        let inner = self.lock();
        let of = |queue: &Queue| {
            let after = queue.after_consecutive();
            queue.entries.iter().map(|(nonce, entry)| (entry.transaction.clone(), *nonce < after)).collect::<Vec<_>>()
        };
        inner.queues.values().flat_map(of).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn admit(
        &self,
        transaction: &Transaction,
        facts: Facts<'_>,
        block_gas_limit: u64,
        time_ms: u64,
        wall_ms: u64,
    ) -> Result<(), PoolRefusal> {
        if self.by_hash.contains_key(&transaction.hash()) {
            return Err(PoolRefusal::AlreadyKnown);
        }
        let queue = self.queues.get(&Sequence::of(transaction));
        let expected = queue.map_or(0, |queue| queue.next_nonce).max(self.next_nonce(transaction, facts));
        let found = transaction.nonce();
        if found < expected {
            return Err(PoolRefusal::NonceTooLow { expected, found });
        }
        let (payer_max, lane_max) = match facts.payer.class {
            Class::Newcomer => (PER_NEWCOMER_MAX, NEWCOMERS_MAX),
            Class::Member | Class::Organisation => (PER_MEMBER_MAX, MEMBERS_MAX),
        };
        if found - expected >= payer_max as u64 {
            return Err(PoolRefusal::NonceTooHigh { expected, found, limit: payer_max as u64 });
        }
        let limited = facts.limited.map_err(|refused| refused.clone())?;
        let ((valid_after_s, valid_before_s), time_s) = (transaction.envelope().window_s(), time_ms / 1_000);
        if time_s >= valid_before_s {
            return Err(PoolRefusal::Expired { valid_before_s, time_s });
        }
        if valid_after_s.saturating_sub(time_s) > VALID_AFTER_MAX_S {
            return Err(PoolRefusal::TooEarly { valid_after_s, time_s });
        }
        let gas = transaction.gas_limit();
        if gas > block_gas_limit {
            return Err(PoolRefusal::GasAboveBlock { found: gas, limit: block_gas_limit });
        }
        let quota = facts.payer.quota();
        if gas > quota.cap_gas {
            return Err(PoolRefusal::GasAboveAllowance { found: gas, cap_gas: quota.cap_gas });
        }
        let (balance, value) = (facts.sender.balance(), transaction.value());
        if value > balance {
            return Err(PoolRefusal::Funds { balance, value });
        }
        if let Some(replaced) = queue.and_then(|queue| queue.entries.get(&found)) {
            if limited && replaced.transaction.access_key() != transaction.access_key() {
                return Err(PoolRefusal::ReplacesAnothers { nonce: found });
            }
            let ago_ms = wall_ms.saturating_sub(replaced.arrived_ms);
            if ago_ms < REPLACE_AFTER_MS {
                return Err(PoolRefusal::ReplacedTooSoon { ago_ms });
            }
            if replaced.transaction.payer() == transaction.payer() {
                return Ok(()); // it takes the place of what the same payer had there; another's has to find one
            }
        }
        let paid = self.payers.get(&transaction.payer());
        let waiting_gas = paid.map_or(0, |paid| paid.gas).saturating_add(gas);
        let available_gas = allowance_of(facts.payer, time_ms).saturating_add(quota.gas_per_ms.saturating_mul(PATIENCE_MS));
        if waiting_gas > available_gas.max(quota.cap_gas) {
            return Err(PoolRefusal::AllowanceUsedUp { waiting_gas, available_gas });
        }
        if paid.is_some_and(|paid| paid.transactions >= payer_max) {
            return Err(PoolRefusal::PayerFull { limit: payer_max });
        }
        if self.lane(facts.payer.class).transactions >= lane_max {
            return Err(PoolRefusal::Full { limit: lane_max });
        }
        Ok(())
    }

    /// As far as final blocks say, whichever of the two has seen more of them.
    fn next_nonce(&self, transaction: &Transaction, facts: Facts<'_>) -> u64 {
        self.used.next(Sequence::of(transaction)).max(facts.next_nonce)
    }

    fn insert(&mut self, transaction: Transaction, facts: Facts<'_>, wall_ms: u64) {
        let (sequence, nonce) = (Sequence::of(&transaction), transaction.nonce());
        let next_nonce = self.next_nonce(&transaction, facts);
        self.overtake(sequence, next_nonce);
        self.remove(sequence, nonce); // the one it replaces
        self.arrivals += 1;
        let place = (sequence, nonce);
        self.by_hash.insert(transaction.hash(), place);
        self.by_age.insert((wall_ms, self.arrivals), place);
        let entry = Entry::new(transaction, facts.payer, self.arrivals, wall_ms);
        if entry.valid_before_s < u64::MAX {
            self.by_end.insert((entry.valid_before_s, entry.arrival), place);
        }
        let paid = self.payers.entry(entry.transaction.payer()).or_default();
        paid.transactions += 1;
        paid.gas = paid.gas.saturating_add(entry.transaction.gas_limit());
        self.lane_mut(entry.class).transactions += 1;
        let mut queue = self.take_queue(sequence).unwrap_or_else(|| Queue::new(next_nonce, self.arrivals));
        queue.entries.insert(nonce, entry);
        self.put_queue(sequence, queue);
    }

    /// The sequence's next nonce is `next`: what is below it has no place any more, and it goes to the end of the line.
    fn overtake(&mut self, sequence: Sequence, next: u64) {
        let Some(mut queue) = self.take_queue(sequence) else { return };
        if next > queue.next_nonce {
            queue.next_nonce = next;
            self.arrivals += 1;
            queue.turn = self.arrivals;
            let rest = queue.entries.split_off(&next);
            for (_, entry) in std::mem::replace(&mut queue.entries, rest) {
                self.forget(&entry);
            }
        }
        self.put_queue(sequence, queue);
    }

    fn remove(&mut self, sequence: Sequence, nonce: u64) {
        let Some(mut queue) = self.take_queue(sequence) else { return };
        if let Some(entry) = queue.entries.remove(&nonce) {
            self.forget(&entry);
        }
        self.put_queue(sequence, queue);
    }

    /// An entry that is in no queue any more counts nowhere.
    fn forget(&mut self, entry: &Entry) {
        self.by_hash.remove(&entry.transaction.hash());
        self.by_age.remove(&(entry.arrived_ms, entry.arrival));
        self.by_end.remove(&(entry.valid_before_s, entry.arrival));
        self.lane_mut(entry.class).transactions -= 1;
        let payer = entry.transaction.payer();
        if let Some(paid) = self.payers.get_mut(&payer) {
            paid.transactions -= 1;
            paid.gas = paid.gas.saturating_sub(entry.transaction.gas_limit());
            if paid.transactions == 0 {
                self.payers.remove(&payer);
            }
        }
    }

    /// Drops what waited too long.
    fn expire(&mut self, wall_ms: u64) {
        let Some(latest) = wall_ms.checked_sub(LIFETIME_MS) else { return };
        while let Some((_, (sequence, nonce))) = self.by_age.range(..(latest, 0)).next().map(|(age, place)| (*age, *place)) {
            self.remove(sequence, nonce);
        }
    }

    /// Drops what is not valid any more at `time_ms`.
    fn end(&mut self, time_ms: u64) {
        let past = (time_ms / 1_000).saturating_add(1);
        while let Some((_, (sequence, nonce))) = self.by_end.range(..(past, 0)).next().map(|(end, place)| (*end, *place)) {
            self.remove(sequence, nonce);
        }
    }

    /// Takes a queue out of its lane to be changed; [`Self::put_queue`] brings it back where it then belongs.
    fn take_queue(&mut self, sequence: Sequence) -> Option<Queue> {
        let queue = self.queues.remove(&sequence)?;
        self.lane_mut(queue.class).waiting.remove(&(queue.turn, sequence));
        Some(queue)
    }

    fn put_queue(&mut self, sequence: Sequence, mut queue: Queue) {
        let Some((_, first)) = queue.entries.first_key_value() else { return };
        queue.class = first.class;
        if queue.is_ready() {
            self.lane_mut(queue.class).waiting.insert((queue.turn, sequence));
        }
        self.queues.insert(sequence, queue);
    }

    fn lane(&self, class: Class) -> &Lane {
        if class == Class::Newcomer { &self.newcomers } else { &self.members }
    }

    fn lane_mut(&mut self, class: Class) -> &mut Lane {
        if class == Class::Newcomer { &mut self.newcomers } else { &mut self.members }
    }
}
