//! The rules of orders against their own tables.

mod fixture;
mod history;
mod invariants;
mod silent;
mod table;
mod thief;
