//! The rules of energy against their own tables.

mod challenges;
mod clearing;
pub(crate) mod fixture;
mod money;
mod readings;
mod redispatch;
mod sealed;
mod sharing;
mod solvers;
mod table;
