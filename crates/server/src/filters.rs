//! The polling family: `eth_newFilter`, `eth_newBlockFilter`, `eth_getFilterChanges`, `eth_getFilterLogs`, `eth_uninstallFilter`.
//!
//! A filter is a place in the chain that is remembered for a client. It is forgotten when nobody asks for it, and the oldest
//! goes where there are too many: a client that is told so makes a new one.

use crate::backend::{Backend, BackendError};
use alloy_primitives::B256;
use alloy_rpc_types_eth::{BlockId, BlockNumberOrTag, Filter, FilterBlockOption};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Filters of all clients together.
pub(crate) const FILTERS_MAX: usize = 1_000;
/// Without a question a filter is forgotten: as in Geth.
const LIFE_MAX: Duration = Duration::from_secs(300);
/// Block hashes of one answer.
const BLOCKS_MAX: u64 = 10_000;

enum Kind {
    Blocks,
    Logs(Box<Filter>),
}

struct Place {
    kind: Kind,
    /// The first height that the client has not heard of.
    next: u64,
    asked: Instant,
}

/// All filters of a port.
#[derive(Default)]
pub(crate) struct Filters(Mutex<State>);

#[derive(Default)]
struct State {
    last_id: u128,
    places: BTreeMap<u128, Place>,
}

impl Filters {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn blocks(&self, backend: &dyn Backend) -> Value {
        self.add(Kind::Blocks, backend.height() + 1)
    }

    /// From the filter's first block where it is still to come, else from the next block on.
    pub fn logs(&self, backend: &dyn Backend, filter: Filter) -> Value {
        let next = backend.height() + 1;
        let from = filter.get_from_block().map_or(next, |from| from.max(next));
        self.add(Kind::Logs(Box::new(filter)), from)
    }

    fn add(&self, kind: Kind, next: u64) -> Value {
        let mut state = self.state();
        state.places.retain(|_, place| place.asked.elapsed() < LIFE_MAX);
        if state.places.len() >= FILTERS_MAX {
            state.places.pop_first();
        }
        // A client cannot guess another's filter from its own.
        state.last_id = rand::random();
        let id = state.last_id;
        state.places.insert(id, Place { kind, next, asked: Instant::now() });
        json!(format!("0x{id:x}"))
    }

    /// What came since the last question.
    pub fn changes(&self, backend: &dyn Backend, id: &str) -> Result<Value, BackendError> {
        let height = backend.height();
        let (from, filter) = {
            let mut state = self.state();
            let place = state.places.get_mut(&number(id)?).ok_or_else(|| unknown(id))?;
            place.asked = Instant::now();
            let from = place.next;
            place.next = from.max(height + 1);
            match &place.kind {
                Kind::Blocks => (from, None),
                Kind::Logs(filter) => (from, Some(filter.clone())),
            }
        };
        if from > height {
            return Ok(json!([]));
        }
        match filter {
            None => hashes(backend, from.max(height.saturating_sub(BLOCKS_MAX)), height).map(|hashes| json!(hashes)),
            Some(mut filter) => {
                let to = filter.get_to_block().map_or(height, |to| to.min(height));
                if to < from {
                    return Ok(json!([]));
                }
                filter.block_option = FilterBlockOption::Range {
                    from_block: Some(BlockNumberOrTag::Number(from)),
                    to_block: Some(BlockNumberOrTag::Number(to)),
                };
                backend.logs(*filter).map(|logs| json!(logs))
            }
        }
    }

    /// Everything that matches, as `eth_getLogs` would say.
    pub fn all(&self, backend: &dyn Backend, id: &str) -> Result<Value, BackendError> {
        let filter = {
            let mut state = self.state();
            let place = state.places.get_mut(&number(id)?).ok_or_else(|| unknown(id))?;
            place.asked = Instant::now();
            match &place.kind {
                Kind::Blocks => return Err(BackendError::Refused(format!("filter {id} hears of blocks, not of logs"))),
                Kind::Logs(filter) => filter.clone(),
            }
        };
        backend.logs(*filter).map(|logs| json!(logs))
    }

    /// Whether there was such a filter.
    pub fn remove(&self, id: &str) -> bool {
        number(id).is_ok_and(|id| self.state().places.remove(&id).is_some())
    }
}

fn number(id: &str) -> Result<u128, BackendError> {
    id.strip_prefix("0x").and_then(|hex| u128::from_str_radix(hex, 16).ok()).ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> BackendError {
    BackendError::Refused(format!("filter not found: {id}; hint: filters are forgotten after {} s", LIFE_MAX.as_secs()))
}

fn hashes(backend: &dyn Backend, from: u64, to: u64) -> Result<Vec<B256>, BackendError> {
    let mut all = Vec::new();
    for height in from..=to {
        all.extend(backend.block(BlockId::number(height), false)?.map(|block| block.header.hash));
    }
    Ok(all)
}
