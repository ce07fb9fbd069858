//! Transactions that wait for a block.
//!
//! Protocol. Upon a transaction: its signer was recovered by whoever brings it, on that caller's thread, once; the pool checks
//! nonce, allowance and its own bounds, cheapest first, and queues it by signer and nonce. Upon a turn to propose: signers
//! are served in the order of their last turn, a few transactions each, then the rest; newcomers in a lane of their own, so
//! that no number of fresh keys delays a member. Upon a final block: what it included leaves, and what its nonces overtook.
//! Upon a replacement (same signer, same nonce): the newest wins, at most once in [`REPLACE_AFTER_MS`], because without fees
//! there is nothing else to outbid with. What waits too long expires.
//!
//! The pool decides nothing about validity: allowance and the newcomers' share are rules of consensus that execution holds.
//! Here they only keep out what could not be included anyway.

mod queue;
#[cfg(test)]
mod tests;

use alloy_primitives::{Address, B256};
use dure_execution::{AccountRecord, Class, Skip, Transaction, TransactionError, allowance_of, gas::NEWCOMERS_PERCENT};
use queue::{Entry, Lane, Queue};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{Notify, broadcast};

/// Most transactions of members and organisations together.
pub const MEMBERS_MAX: usize = 65_536;
/// Most transactions of newcomers together.
pub const NEWCOMERS_MAX: usize = 4_096;
/// Most transactions of one member or organisation, and furthest that a nonce may be ahead of the account's.
pub const PER_MEMBER_MAX: usize = 4_096;
/// The same for one newcomer.
pub const PER_NEWCOMER_MAX: usize = 16;
/// Transactions of one signer taken in the first round of a selection.
pub const SHARE: usize = 16;
/// Least wait between two replacements under one nonce, milliseconds of wall time.
pub const REPLACE_AFTER_MS: u64 = 1_000;
/// How long a transaction may wait, milliseconds of wall time.
pub const LIFETIME_MS: u64 = 600_000;
/// Renewal of the allowance that is counted on when the pool looks whether waiting transactions fit, milliseconds.
pub const PATIENCE_MS: u64 = 10_000;
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
    #[error("exceeds block gas limit: {found} above {limit}")]
    GasAboveBlock { found: u64, limit: u64 },
    #[error("gas limit {found} is above the account's allowance of at most {cap_gas}")]
    GasAboveAllowance { found: u64, cap_gas: u64 },
    #[error("insufficient funds for transfer: balance {balance}, value {value}")]
    Funds { balance: alloy_primitives::U256, value: alloy_primitives::U256 },
    #[error("replacement too soon: the last was {ago_ms} ms ago, at least {REPLACE_AFTER_MS} ms are asked for")]
    ReplacedTooSoon { ago_ms: u64 },
    #[error("allowance used up: {waiting_gas} gas waiting, {available_gas} available")]
    AllowanceUsedUp { waiting_gas: u64, available_gas: u64 },
    #[error("account limit reached: {limit} transactions waiting")]
    SignerFull { limit: usize },
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

#[derive(Default)]
struct Inner {
    by_hash: HashMap<B256, (Address, u64)>,
    queues: BTreeMap<Address, Queue>,
    members: Lane,
    newcomers: Lane,
    /// By arrival, to expire.
    by_age: BTreeMap<(u64, u64), (Address, u64)>,
    arrivals: u64,
}

impl Pool {
    pub fn new(block_gas_limit: u64) -> Self {
        Self { block_gas_limit, inner: Mutex::default(), work: Notify::new(), arrivals: broadcast::Sender::new(LISTENER_MAX) }
    }

    /// Takes a transaction in, or says why not. `account` is the signer's record now; `time_ms` consensus time (for the
    /// allowance), `wall_ms` wall time (for waits and expiry).
    ///
    /// # Errors
    /// [`PoolRefusal`], in the order of its variants.
    pub fn submit(
        &self,
        transaction: Transaction,
        account: &AccountRecord,
        time_ms: u64,
        wall_ms: u64,
    ) -> Result<B256, PoolRefusal> {
        let hash = transaction.hash();
        let mut inner = self.lock();
        inner.expire(wall_ms);
        inner.admit(&transaction, account, self.block_gas_limit, time_ms, wall_ms)?;
        inner.insert(transaction.clone(), account, wall_ms);
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
        let inner = self.lock();
        let mut chosen = Vec::new();
        inner.members.choose(&inner.queues, in_flight, time_ms, room, &mut chosen);
        inner.newcomers.choose(&inner.queues, in_flight, time_ms, room, &mut chosen);
        !chosen.is_empty()
    }

    /// What a block at `time_ms` should try to include: each signer's in order of nonces, none that is `in_flight` in a block
    /// before it. Newcomers get at most their share of the gas.
    pub fn select(&self, in_flight: &HashSet<B256>, time_ms: u64, room: Room) -> Vec<Transaction> {
        let inner = self.lock();
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

    /// What execution left out of a block at `time_ms`: gone for good, or to be tried again when the allowance has renewed.
    pub fn skipped(&self, skips: impl IntoIterator<Item = (Transaction, Skip)>, time_ms: u64) {
        let mut inner = self.lock();
        for (transaction, reason) in skips {
            if !reason.may_fit_later() {
                inner.remove(transaction.signer(), transaction.nonce());
            } else if let Some(queue) = inner.queues.get_mut(&transaction.signer()) {
                match reason {
                    Skip::Allowance { gas_limit, available_gas } => {
                        let missing = gas_limit.saturating_sub(available_gas);
                        queue.not_before_ms = time_ms + missing / queue.quota.gas_per_ms.max(1) + 1;
                    }
                    // Another place gave this signer's earlier nonce; it comes with its block or not at all.
                    Skip::NonceTooHigh { .. } => queue.not_before_ms = time_ms + REPLACE_AFTER_MS,
                    _ => {}
                }
            }
        }
    }

    /// Upon a final block: signer and nonce of what it included.
    pub fn included(&self, transactions: impl IntoIterator<Item = (Address, u64)>, wall_ms: u64) {
        let mut inner = self.lock();
        for (signer, nonce) in transactions {
            inner.overtake(signer, nonce + 1);
        }
        inner.expire(wall_ms);
    }

    pub fn get(&self, hash: &B256) -> Option<Transaction> {
        let inner = self.lock();
        let (signer, nonce) = inner.by_hash.get(hash)?;
        Some(inner.queues.get(signer)?.entries.get(nonce)?.transaction.clone())
    }

    /// The nonce after the last consecutive waiting one of this account, where it has any waiting.
    pub fn next_nonce(&self, account: Address) -> Option<u64> {
        self.lock().queues.get(&account).map(Queue::after_ready)
    }

    pub fn counts(&self) -> Counts {
        let inner = self.lock();
        let pending = inner.queues.values().map(|queue| queue.ready().count()).sum();
        Counts { pending, queued: inner.by_hash.len() - pending }
    }

    /// Everything that waits, by signer and nonce, and whether it is pending.
    pub fn contents(&self) -> Vec<(Transaction, bool)> {
        let inner = self.lock();
        let of = |queue: &Queue| {
            let after = queue.after_ready();
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
        account: &AccountRecord,
        block_gas_limit: u64,
        time_ms: u64,
        wall_ms: u64,
    ) -> Result<(), PoolRefusal> {
        if self.by_hash.contains_key(&transaction.hash()) {
            return Err(PoolRefusal::AlreadyKnown);
        }
        let queue = self.queues.get(&transaction.signer());
        let expected = queue.map_or(0, |queue| queue.next_nonce).max(account.nonce);
        let found = transaction.nonce();
        if found < expected {
            return Err(PoolRefusal::NonceTooLow { expected, found });
        }
        let (signer_max, lane_max) = match account.class {
            Class::Newcomer => (PER_NEWCOMER_MAX, NEWCOMERS_MAX),
            Class::Member | Class::Organisation => (PER_MEMBER_MAX, MEMBERS_MAX),
        };
        if found - expected >= signer_max as u64 {
            return Err(PoolRefusal::NonceTooHigh { expected, found, limit: signer_max as u64 });
        }
        let gas = transaction.gas_limit();
        if gas > block_gas_limit {
            return Err(PoolRefusal::GasAboveBlock { found: gas, limit: block_gas_limit });
        }
        let quota = account.quota();
        if gas > quota.cap_gas {
            return Err(PoolRefusal::GasAboveAllowance { found: gas, cap_gas: quota.cap_gas });
        }
        if transaction.value() > account.balance() {
            return Err(PoolRefusal::Funds { balance: account.balance(), value: transaction.value() });
        }
        if let Some(replaced) = queue.and_then(|queue| queue.entries.get(&found)) {
            let ago_ms = wall_ms.saturating_sub(replaced.arrived_ms);
            return if ago_ms < REPLACE_AFTER_MS { Err(PoolRefusal::ReplacedTooSoon { ago_ms }) } else { Ok(()) };
        }
        let waiting_gas = queue.map_or(0, |queue| queue.gas).saturating_add(gas);
        let available_gas = allowance_of(account, time_ms).saturating_add(quota.gas_per_ms.saturating_mul(PATIENCE_MS));
        if waiting_gas > available_gas.max(quota.cap_gas) {
            return Err(PoolRefusal::AllowanceUsedUp { waiting_gas, available_gas });
        }
        if queue.is_some_and(|queue| queue.entries.len() >= signer_max) {
            return Err(PoolRefusal::SignerFull { limit: signer_max });
        }
        if self.lane(account.class).transactions >= lane_max {
            return Err(PoolRefusal::Full { limit: lane_max });
        }
        Ok(())
    }

    fn insert(&mut self, transaction: Transaction, account: &AccountRecord, wall_ms: u64) {
        let (signer, nonce) = (transaction.signer(), transaction.nonce());
        self.overtake(signer, account.nonce);
        self.remove(signer, nonce); // the one it replaces
        self.arrivals += 1;
        self.by_hash.insert(transaction.hash(), (signer, nonce));
        self.by_age.insert((wall_ms, self.arrivals), (signer, nonce));
        let mut queue = match self.take_queue(signer) {
            Some(queue) => queue,
            None => Queue::new(account, self.arrivals),
        };
        queue.class = account.class;
        queue.quota = account.quota();
        queue.gas = queue.gas.saturating_add(transaction.gas_limit());
        let bytes = transaction.encoded().len();
        queue.entries.insert(nonce, Entry { transaction, bytes, arrival: self.arrivals, arrived_ms: wall_ms });
        self.put_queue(signer, queue);
    }

    /// The account's next nonce is `next`: what is below it has no place any more, and the signer goes to the end of the line.
    fn overtake(&mut self, signer: Address, next: u64) {
        let Some(mut queue) = self.take_queue(signer) else { return };
        if next > queue.next_nonce {
            queue.next_nonce = next;
            self.arrivals += 1;
            queue.turn = self.arrivals;
            let rest = queue.entries.split_off(&next);
            for (_, entry) in std::mem::replace(&mut queue.entries, rest) {
                self.drop_entry(&mut queue, &entry);
            }
        }
        self.put_queue(signer, queue);
    }

    fn remove(&mut self, signer: Address, nonce: u64) {
        let Some(mut queue) = self.take_queue(signer) else { return };
        if let Some(entry) = queue.entries.remove(&nonce) {
            self.drop_entry(&mut queue, &entry);
        }
        self.put_queue(signer, queue);
    }

    fn drop_entry(&mut self, queue: &mut Queue, entry: &Entry) {
        queue.gas = queue.gas.saturating_sub(entry.transaction.gas_limit());
        self.by_hash.remove(&entry.transaction.hash());
        self.by_age.remove(&(entry.arrived_ms, entry.arrival));
    }

    fn expire(&mut self, wall_ms: u64) {
        let Some(latest) = wall_ms.checked_sub(LIFETIME_MS) else { return };
        while let Some((_, (signer, nonce))) = self.by_age.range(..(latest, 0)).next().map(|(age, place)| (*age, *place)) {
            self.remove(signer, nonce);
        }
    }

    /// Takes a queue out of its lane to be changed; [`Self::put_queue`] brings it back where it then belongs.
    fn take_queue(&mut self, signer: Address) -> Option<Queue> {
        let queue = self.queues.remove(&signer)?;
        let lane = self.lane_mut(queue.class);
        lane.transactions -= queue.entries.len();
        lane.waiting.remove(&(queue.turn, signer));
        Some(queue)
    }

    fn put_queue(&mut self, signer: Address, queue: Queue) {
        if queue.entries.is_empty() {
            return;
        }
        let lane = self.lane_mut(queue.class);
        lane.transactions += queue.entries.len();
        if queue.is_ready() {
            lane.waiting.insert((queue.turn, signer));
        }
        self.queues.insert(signer, queue);
    }

    fn lane(&self, class: Class) -> &Lane {
        if class == Class::Newcomer { &self.newcomers } else { &self.members }
    }

    fn lane_mut(&mut self, class: Class) -> &mut Lane {
        if class == Class::Newcomer { &mut self.newcomers } else { &mut self.members }
    }
}
