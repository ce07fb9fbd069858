//! The rules of orders against their own tables.

mod fixture;
mod silent;
mod table;
mod thief;
