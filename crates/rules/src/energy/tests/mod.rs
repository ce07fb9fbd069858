//! The rules of energy against their own tables.

mod clearing;
pub(crate) mod fixture;
mod money;
mod readings;
mod sealed;
mod solvers;
mod table;
