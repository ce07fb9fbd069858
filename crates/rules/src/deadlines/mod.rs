//! Deadlines that run by themselves: a contract executes itself, and nobody has to be paid to poke it.
//!
//! A two-level timing wheel in records. Due times are rounded up to whole seconds. Each second with entries has a count;
//! each span of [`SPAN_SECONDS`] seconds has a bitmap of its non-empty seconds, so that a month in which nothing is due
//! costs a few thousand reads, spread over blocks. A cursor says how far the wheel has turned.
//!
//! Upon `schedule(at, due)`: the entry is appended to its second, never before the cursor.
//! Upon a block at time t: every entry whose second is ≤ t is taken in order and handed to its institution, at most
//! [`RUN_MAX`] of work (the last entry may take it above that) and [`SPANS_MAX`] empty spans a block; the rest waits for the next block. An entry counts by what it can cost, its
//! [`Due::weight`]: the slots and auctions of all markets end at the same quarters of an hour.
//! Upon a handler that is refused or broken: its entry is dropped, an event tells, and the others go on.
//!
//! This module never runs a deadline early, never loses one, and never decides what a deadline means: an entry only names
//! a record, and the record's own deadline decides. Entries that came to nothing do nothing.
//!
//! # Always true
//! - DEADLINES-1: every count is the number of its entries; a bit is set exactly where a count stands.
//! - DEADLINES-2: no entry stands before the cursor.

#[cfg(test)]
mod tests;
mod wheel;

pub use wheel::{audit, run, schedule};

use crate::{Address, B256, Failure, Record, Table};
use borsh::{BorshDeserialize, BorshSerialize};

/// Where events of deadlines come from.
pub const MODULE: Address = crate::ids::address!("d00e000000000000000000000000000000000003");
/// Most deadlines that one block runs, by weight.
pub const RUN_MAX: u32 = 256;
/// Most empty spans that one block passes over: 12 days of silence.
pub const SPANS_MAX: u32 = 1_024;
/// Seconds in a span.
pub const SPAN_SECONDS: u64 = 1_024;
/// Most entries in one second; the next goes to the following second.
pub const SECOND_MAX: u32 = 4_096;
/// Most following seconds that are tried before a schedule is refused: a quarter of an hour.
pub const SHIFT_MAX: u32 = 900;

/// Whose deadline it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum Due {
    Order(B256),
    Dispute(B256),
    /// Of this account.
    Recovery(Address),
    /// Of the energy market.
    Auction(B256),
    /// Of a market: the readings of a quarter of an hour.
    Slot(B256, u32),
    /// Of a market: what its pot shares for a day.
    Sharing(B256, u32),
    /// Of a meter's reading.
    Challenge(B256),
}

impl Due {
    /// For how many of the light ones it counts, which read and write a few records: an auction clears up to 131,072 orders, a part of a slot settles 256 meters, a part
    /// of a day's sharing pays 256.
    pub const fn weight(&self) -> u32 {
        match self {
            Self::Order(_) | Self::Dispute(_) | Self::Recovery(_) | Self::Challenge(_) => 1,
            Self::Slot(..) | Self::Sharing(..) => RUN_MAX / 8,
            Self::Auction(_) => RUN_MAX / 4,
        }
    }
}

/// One entry of the wheel.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Entry {
    pub second: u64,
    pub index: u32,
    pub due: Due,
}

impl Record for Entry {
    const MAX_BYTES: u32 = 49;
}

/// A second with entries, those already run included until all are.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Second {
    pub second: u64,
    pub entries: u32,
}

impl Record for Second {
    const MAX_BYTES: u32 = 12;
}

/// Which seconds of a span have entries: bit `second % SPAN_SECONDS`.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Span {
    pub span: u64,
    pub seconds: [u64; 16],
}

impl Record for Span {
    const MAX_BYTES: u32 = 136;
}

/// The entry that is looked at next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Cursor {
    pub second: u64,
    pub index: u32,
}

impl Record for Cursor {
    const MAX_BYTES: u32 = 12;
}

pub const CURSOR: Table<(), Cursor> = Table::new(0x28, "deadline cursor");
pub const SPAN: Table<u64, Span> = Table::new(0x29, "deadline span");
pub const SECOND: Table<u64, Second> = Table::new(0x2a, "deadline second");
pub const ENTRY: Table<(u64, u32), Entry> = Table::new(0x2b, "deadline");

/// Nothing is asked of this module by a person; each institution has a `RunDeadline` of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A handler could not do what was due. A bug of an institution: the record's own exit is open to anyone.
    Failed { due: Due },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// More deadlines fall into this time than are kept.
    Full { at_ms: u64 },
}

/// What an institution does when one of its deadlines comes.
pub(crate) type Handler = fn(&mut crate::Draft<'_>, Due) -> Result<(), Failure>;
