//! The rules of orders against their own tables.

mod bounds;
mod conformance;
mod cycle;
mod devices;
mod edges;
pub(crate) mod fixture;
mod history;
mod invariants;
mod silent;
mod table;
mod thief;
