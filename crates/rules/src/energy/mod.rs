//! Energy: neighbours trade power, batteries buffer what the lines cannot carry.

pub mod clearing;
