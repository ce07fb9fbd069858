//! Every bound that a person or a client can meet, by name.

/// Largest amount of a credit in one place, minor units. Sums of 2³² such amounts stay within u128.
pub const AMOUNT_MAX: u128 = 1 << 90;
/// Longest text field of a record, bytes of UTF-8.
pub const TEXT_MAX_BYTES: u32 = 64;
/// One day, milliseconds.
pub const DAY_MS: u64 = 86_400_000;
/// One hour, milliseconds.
pub const HOUR_MS: u64 = 3_600_000;
/// Latest time any record may name: 9999-12-31, milliseconds since 1970. Keeps sums of times far from overflow.
pub const TIME_MAX_MS: u64 = 253_402_300_799_000;
