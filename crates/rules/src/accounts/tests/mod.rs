//! The rules of accounts against their own tables.

mod conformance;
mod directory;
mod fixture;
mod invariants;
mod keys;
mod limits;
mod reach;
mod recovery;
mod thief;
