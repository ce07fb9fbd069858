//! What is between people and not on a chain: the hour, a code said at the door, a parcel handed over.

use alloy_primitives::B256;
use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Codes that the doors remember.
const CODES_MAX: usize = 1_000;

/// The town's physical side.
#[derive(Debug, Default)]
pub struct World {
    now_ms: AtomicU64,
    doors: Mutex<Doors>,
}

#[derive(Debug, Default)]
struct Doors {
    codes: BTreeMap<B256, String>,
    parcels: BTreeMap<B256, u32>,
}

impl World {
    /// Consensus time as last seen, milliseconds.
    pub fn now_ms(&self) -> u64 {
        self.now_ms.load(Ordering::Relaxed)
    }

    pub fn tick(&self, now_ms: u64) {
        self.now_ms.fetch_max(now_ms, Ordering::Relaxed);
    }

    fn doors(&self) -> MutexGuard<'_, Doors> {
        self.doors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A household read its code.
    pub fn know_code(&self, order: B256, code: &str) {
        let mut doors = self.doors();
        if doors.codes.len() >= CODES_MAX {
            doors.codes.pop_first();
        }
        doors.codes.entry(order).or_insert_with(|| code.to_owned());
    }

    /// What the household says at the door.
    pub fn code(&self, order: B256) -> Option<String> {
        self.doors().codes.get(&order).cloned()
    }

    pub fn hand_over(&self, device: B256) {
        *self.doors().parcels.entry(device).or_default() += 1;
    }

    pub fn take_parcels(&self, device: B256) -> u32 {
        self.doors().parcels.remove(&device).unwrap_or(0)
    }
}
