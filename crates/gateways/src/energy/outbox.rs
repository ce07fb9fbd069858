//! Signed readings that wait for the chain, in a file: an outage or a restart loses none.

use super::keep;
use alloy_primitives::hex;
use dure_rules::energy::{GAP_SLOTS_MAX, MeterId, READINGS_MAX, Reading, SignedReading, Slot};
use serde::{Deserialize, Serialize};
use std::{collections::VecDeque, io, path::PathBuf};

/// Readings that wait, at most: as many as the chain repairs. Beyond that the oldest goes, and the next one has what it said.
pub const WAITING_MAX: usize = GAP_SLOTS_MAX as usize;

/// A reading in the file.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Waiting {
    slot: Slot,
    import_wh: u64,
    export_wh: u64,
    counter: u64,
    /// r ‖ s, hex.
    signature: String,
}

impl Waiting {
    const fn reading(&self, meter: MeterId) -> Reading {
        let Self { slot, import_wh, export_wh, counter, .. } = *self;
        Reading { meter, slot, import_wh, export_wh, counter }
    }
}

/// The readings of one meter that the chain does not have yet, oldest first.
#[derive(Debug)]
pub struct Outbox {
    path: PathBuf,
    meter: MeterId,
    waiting: VecDeque<Waiting>,
}

impl Outbox {
    /// # Errors
    /// Where the file cannot be read: it is never taken for an empty one.
    pub fn open(path: PathBuf, meter: MeterId) -> io::Result<Self> {
        let waiting = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => VecDeque::new(),
            Err(error) => return Err(error),
        };
        Ok(Self { path, meter, waiting })
    }

    /// What the newest one says.
    pub fn newest(&self) -> Option<Reading> {
        self.waiting.back().map(|last| last.reading(self.meter))
    }

    /// # Errors
    /// Where it cannot be written.
    pub fn push(&mut self, signed: &SignedReading) -> io::Result<()> {
        let Reading { slot, import_wh, export_wh, counter, .. } = signed.reading;
        if self.waiting.len() >= WAITING_MAX {
            self.waiting.pop_front();
        }
        self.waiting.push_back(Waiting { slot, import_wh, export_wh, counter, signature: hex::encode(signed.signature) });
        self.save()
    }

    /// The oldest, as many as one relay takes. One whose signature is no longer readable is not among them.
    pub fn first(&self) -> Vec<SignedReading> {
        let signed = |waiting: &Waiting| {
            let signature = hex::decode_to_array(&waiting.signature).ok()?;
            Some(SignedReading { reading: waiting.reading(self.meter), signature })
        };
        self.waiting.iter().take(READINGS_MAX as usize).filter_map(signed).collect()
    }

    /// Those up to `slot` need not be said any more.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn done(&mut self, slot: Slot) -> io::Result<()> {
        let before = self.waiting.len();
        self.waiting.retain(|waiting| waiting.slot > slot);
        if self.waiting.len() == before { Ok(()) } else { self.save() }
    }

    fn save(&self) -> io::Result<()> {
        keep(&self.path, &serde_json::to_vec(&self.waiting)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(slot: Slot) -> SignedReading {
        let reading =
            Reading { meter: MeterId::repeat_byte(1), slot, import_wh: slot.into(), export_wh: 7, counter: slot.into() };
        SignedReading { reading, signature: [9; 64] }
    }

    #[test]
    fn what_waits_is_there_after_a_restart_until_it_is_done() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("outbox.json");
        let open = || Outbox::open(path.clone(), MeterId::repeat_byte(1)).expect("opened");
        let mut outbox = open();
        assert_eq!((outbox.newest(), outbox.first()), (None, vec![]));
        for slot in 1..=70 {
            outbox.push(&reading(slot)).expect("kept");
        }
        let mut outbox = open();
        assert_eq!(outbox.newest(), Some(reading(70).reading));
        assert_eq!(outbox.first(), (1..=64).map(reading).collect::<Vec<_>>());
        outbox.done(64).expect("kept");
        assert_eq!(open().first(), (65..=70).map(reading).collect::<Vec<_>>());
        std::fs::write(&path, "[{").expect("written");
        assert!(Outbox::open(path.clone(), MeterId::repeat_byte(1)).is_err());
    }

    #[test]
    fn of_too_many_the_oldest_go() {
        let folder = tempfile::tempdir().expect("folder");
        let mut outbox = Outbox::open(folder.path().join("outbox.json"), MeterId::repeat_byte(1)).expect("opened");
        let bound = Slot::try_from(WAITING_MAX).expect("fits");
        outbox.waiting =
            (1..=bound).map(|slot| Waiting { slot, import_wh: 0, export_wh: 0, counter: 0, signature: String::new() }).collect();
        outbox.push(&reading(bound + 1)).expect("kept");
        assert_eq!((outbox.waiting.len(), outbox.waiting[0].slot), (WAITING_MAX, 2));
    }
}
