//! The law of each institution: records, actions, refusals, events, invariants.
//!
//! A transition reads records through a [`Source`], and gives back [`Effects`] or a named refusal. Nothing is half done: a
//! refused action has written nothing, because writes live in a [`Draft`] that is dropped with it.
//!
//! This crate never does I/O, never asks the clock, never iterates in hash-map order, never uses floats, and never imports
//! another crate of ours. The same functions run on the chain, in a device gateway, in a shop's adapter and in the console.

pub mod accounts;
pub mod bounds;
pub mod credits;
pub mod deadlines;
pub mod disputes;
pub mod draft;
pub mod energy;
pub mod ids;
pub mod keys;
pub mod law;
pub mod orders;
pub mod powers;
pub mod recent;
pub mod roles;
pub mod table;
#[cfg(test)]
mod testing;

pub use draft::{Draft, Effects, Env, Failure, Memory, Source, Stop, Verifier};
pub use ids::{Address, Amount, B256, Gln, Gtin, Key, Sscc, is_module};
pub use law::{Action, Event, Output, Refusal, Violation, apply, audit, run_due};
pub use table::{Record, Table};
