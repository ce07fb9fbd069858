//! Hashes of recent blocks, so that a device without a clock can sign something that could not have been signed before.
//!
//! This module never keeps more than [`WINDOW`] blocks.

use crate::{B256, Draft, Record, Source, Stop, Table};
use borsh::{BorshDeserialize, BorshSerialize};

/// How many of the last blocks are remembered: 80 s of a chain so busy that it makes a hundred a second, 55 minutes of an idle one.
/// A message must outlive the way from the device to the block; how often it counts, its sequence number bounds.
pub const WINDOW: u64 = 8_192;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Recent {
    pub height: u64,
    pub hash: B256,
}

impl Record for Recent {
    const MAX_BYTES: u32 = 40;
}

/// A ring: the block at `height` stands at `height % WINDOW`.
pub const RECENT: Table<u64, Recent> = Table::new(0x2e, "recent block");

/// Hash of the block at `height`, or `None` where it is no longer, or not yet, remembered.
///
/// # Errors
/// What the source says.
pub fn hash_at(s: &mut (impl Source + ?Sized), height: u64) -> Result<Option<B256>, Stop> {
    Ok(RECENT.get(s, &(height % WINDOW))?.filter(|recent| recent.height == height).map(|recent| recent.hash))
}

/// Remembers the parent of the block being executed.
pub fn remember(d: &mut Draft<'_>, parent: B256) {
    let Some(height) = d.env.height.checked_sub(1) else { return };
    RECENT.put(d, &(height % WINDOW), &Recent { height, hash: parent });
}
