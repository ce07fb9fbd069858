//! The clearing: which orders trade how much, and at which price, such that nothing better is possible.
//!
//! Offers, bids, lines and batteries are arcs of one [`Network`]; a clearing is a flow of greatest value in it. Whoever computed it
//! hands in a [`Certificate`], and [`check`] decides whether it is the best one. Nobody has to be trusted, and nothing here searches.
//! Where nobody did, [`tree::clear`] clears a single slot by itself.
//!
//! This module never knows whose an order is.

mod certificate;
mod network;
mod pro_rata;
pub mod storage;
#[cfg(test)]
pub(in crate::energy) mod tests;
pub mod tree;

pub use certificate::{Certificate, Cleared, Extreme, Flaw, check};
pub use network::{ARCS_MAX, Arc, CAPACITY_MAX_WH, Network, Node, OUTSIDE, VALUE_MAX_MICRO};
pub use pro_rata::{divided, pro_rata};
