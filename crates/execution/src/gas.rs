//! What work costs, in gas, and how much of a block who may use.

/// Share of a block's gas that all newcomers together may use, percent.
pub const NEWCOMERS_PERCENT: u64 = 10;
