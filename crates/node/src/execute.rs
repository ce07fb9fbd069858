//! One block against the database: the staged executor's requests are fetched, its changes become a sealed batch.
//!
//! Protocol. Stage the keys that the execution hints at in one read; run until a record is missing, expand the stage by it, go
//! on; stage what is changed without having been read; merkleize. The root and the trace
//! are the same on disk and in simulation, because nothing depends on when a read comes back.
//!
//! The first block writes the genesis records too: until it stands the database is empty, and a record that the database does
//! not have is looked up in genesis.

use crate::state::{Batch, Digest, Sealed, Value, digest_of};
use alloy_primitives::Bytes;
use commonware_runtime::Spawner;
use commonware_storage::{Context, qmdb::current::batch::Slot};
use dure_execution::{BlockEnv, Error, Execution, Outcome, StateReader, Step, Transaction, Unavailable};
use dure_rules::Key;
use std::{cell::RefCell, collections::HashMap, future::Future};

/// How a task waits for the disk where it cannot be suspended.
#[derive(Clone, Debug)]
pub enum Disk {
    /// Other threads go on meanwhile.
    Threads(tokio::runtime::Handle),
    /// There is one thread: a missing record is fetched by beginning the transaction anew.
    Simulated,
}

/// An executed block that nobody has named yet.
pub struct Work<E: Spawner + Context> {
    pub sealed: Sealed<E>,
    pub outcome: Outcome,
}

/// Executes `transactions` on the state that `batch` stands on.
///
/// # Errors
/// What [`Execution`] says: in verification that the block breaks a rule, else that a record is corrupt.
///
/// # Panics
/// Where the database cannot be read: this node must stop.
pub async fn execute<E: Spawner + Context>(
    env: BlockEnv,
    transactions: Vec<Transaction>,
    batch: Batch<E>,
    genesis: &HashMap<Key, Bytes>,
    disk: &Disk,
) -> Result<Work<E>, Error> {
    let born = if env.number == 1 { Some(genesis) } else { None };
    let mut execution = Execution::new(env, transactions);
    let mut known = Known { keys: execution.hints(), values: HashMap::new(), born };
    let hinted = digests(&known.keys);
    let (values, mut staged) = batch.stage(&refs(&hinted)).await.expect("the database can be read");
    let hints = known.keys.clone();
    execution.supply(known.learn(&hints, values));
    let mut step = execution.advance()?;
    loop {
        let missing = match (step, disk) {
            (Step::Done, _) => break,
            (Step::Need(missing), _) => missing,
            (Step::NeedBlocking(key), Disk::Simulated) => vec![key],
            (Step::NeedBlocking(_), Disk::Threads(runtime)) => {
                let misses = RefCell::new((Some(staged), &mut known));
                let reader = ReadWith(|key: Key| {
                    let (stage, known) = &mut *misses.borrow_mut();
                    if let Some(value) = known.values.get(&key) {
                        return value.clone();
                    }
                    let digest = digest_of(key);
                    let one = [&digest];
                    let read = stage.take().expect("put back after each read").expand(&one);
                    let (_, values, next) = wait(runtime, read).expect("the database can be read");
                    *stage = Some(next);
                    known.keys.push(key);
                    known.learn(&[key], values).pop().and_then(|(_, value)| value)
                });
                step = execution.advance_with(&reader)?;
                staged = misses.into_inner().0.expect("put back after each read");
                continue;
            }
        };
        let (_, values, next) = staged.expand(&refs(&digests(&missing))).await.expect("the database can be read");
        staged = next;
        known.keys.extend(&missing);
        execution.supply(known.learn(&missing, values));
        step = execution.advance()?;
    }
    let outcome = execution.finish();

    let mut writes: HashMap<Key, Option<Bytes>> =
        born.into_iter().flatten().map(|(key, value)| (*key, Some(value.clone()))).collect();
    writes.extend(outcome.changes.iter().cloned());
    let mut unread: Vec<Key> = writes.keys().filter(|key| !known.values.contains_key(*key)).copied().collect();
    unread.sort(); // the order of a hash map is nobody's business
    let (_, _, staged) = staged.expand(&refs(&digests(&unread))).await.expect("the database can be read");
    known.keys.extend(&unread);
    let slots = known.keys.iter().map(|key| match writes.remove(key) {
        None => Slot::Keep,
        Some(None) => Slot::Delete,
        Some(Some(value)) => Slot::Put(Value(value.0)),
    });
    let sealed = staged.merkleize(slots.collect(), Vec::new()).await.expect("the database can be read");
    Ok(Work { sealed, outcome })
}

/// What was read, in the order of the stage's slots.
struct Known<'a> {
    keys: Vec<Key>,
    values: HashMap<Key, Option<Bytes>>,
    born: Option<&'a HashMap<Key, Bytes>>,
}

impl Known<'_> {
    /// Remembers what the database holds under `keys` and gives it as the execution takes it.
    fn learn(&mut self, keys: &[Key], values: Vec<Option<Value>>) -> Vec<(Key, Option<Bytes>)> {
        let born = |key: &Key| self.born.and_then(|genesis| genesis.get(key).cloned());
        let learned: Vec<_> =
            keys.iter().zip(values).map(|(key, value)| (*key, value.map(|value| Bytes(value.0)).or_else(|| born(key)))).collect();
        self.values.extend(learned.iter().cloned());
        learned
    }
}

/// A reader made of a function.
struct ReadWith<F>(F);

impl<F: Fn(Key) -> Option<Bytes>> StateReader for ReadWith<F> {
    fn read(&self, key: Key) -> Result<Option<Bytes>, Unavailable> {
        Ok(self.0(key))
    }
}

/// Waits on this thread and lets another one take over its other tasks.
fn wait<T>(runtime: &tokio::runtime::Handle, future: impl Future<Output = T>) -> T {
    tokio::task::block_in_place(|| runtime.block_on(future))
}

fn digests(keys: &[Key]) -> Vec<Digest> {
    keys.iter().copied().map(digest_of).collect()
}

fn refs(digests: &[Digest]) -> Vec<&Digest> {
    digests.iter().collect()
}
