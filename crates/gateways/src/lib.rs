//! Programs that stand between the chain and the world: what a household, a shop, a grid operator and a solver run on their own machines.
//!
//! Each has a pure part that decides (`filter`, `rules`) and a part that talks (`run`).
//!
//! This crate never holds a rule of an institution (it asks the node what the rules say), never holds an owner's key unless
//! the owner gave it one, and never replays an order after a break: it samples again.

pub mod chain;
pub mod config;
pub mod energy;
pub mod home;
pub mod key;
pub mod mqtt;
pub mod node;
pub mod seal;
pub mod shop;
mod watch;
