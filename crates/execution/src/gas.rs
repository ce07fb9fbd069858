//! What work costs, in gas, and how much of a block who may use.
//!
//! The prices are such that a block of [`BLOCK_GAS`] takes less than a second whatever it does; the example `worst_block`
//! measures it. The EVM's own prices are Ethereum's (Osaka), but for one: see [`POINT_EVALUATION`].

/// Gas of a block that stays under a second on one 2-core machine; what a chain's genesis names unless it knows better.
pub const BLOCK_GAS: u64 = 30_000_000;
/// Share of a block's gas that all newcomers together may use, percent.
pub const NEWCOMERS_PERCENT: u64 = 10;

/// The precompile at 0x0a (EIP-4844). Ethereum's 50,000 gas buy 1.3 ms of it, twice what any other precompile gives; a chain
/// without blobs has no use for it that would justify a slow block.
pub const POINT_EVALUATION: u64 = 150_000;

/// Any call of a module, for finding and decoding it.
pub const CALL: u64 = 500;
/// A word of calldata of such a call: decoding it.
pub const CALL_WORD: u64 = 6;
/// A record read that this transaction has seen before.
pub const RECORD_WARM: u64 = 100;
/// What the first read of a record in a transaction costs on top (as EIP-2929 has it for a slot).
pub const RECORD_COLD: u64 = 2_000;
/// A word of a record that is read: copying and decoding it.
pub const RECORD_READ_WORD: u64 = 6;
/// A record changed or deleted, on top of reading it; charged whether or not the change is reverted later.
pub const RECORD_CHANGE: u64 = 2_900;
/// A record that did not exist, on top of reading it.
pub const RECORD_NEW: u64 = 10_000;
/// A byte of a record that is written.
pub const RECORD_WRITE_BYTE: u64 = 16;
/// Looking for code that a recovered account has taken on, and taking it away: a cold account and a change.
pub const END_DELEGATION: u64 = 2_600 + RECORD_CHANGE;
/// An event, and each of its topics (Ethereum's price).
pub const LOG: u64 = 375;
/// A byte of an event's data (Ethereum's price).
pub const LOG_BYTE: u64 = 8;

/// Each call of a batch after the first: finding its target (Ethereum's price of a cold account).
pub const BATCH_CALL: u64 = 2_600;
/// Bytes of a passkey's answer that are paid with the transaction, as other signatures are; usual answers have 170 to 280.
pub const WEBAUTHN_FREE_BYTES: u64 = 512;
/// A further byte of it (the floor price of calldata, EIP-7623).
pub const WEBAUTHN_BYTE: u64 = 40;
/// The signature of a key authorisation: P256VERIFY's price (EIP-7951) and a word. What the authorisation does is paid as a call.
pub const KEY_AUTHORIZATION: u64 = 7_000;
/// Bytes of the record that a sequence of nonces is.
pub const NONCE_RECORD_BYTES: u64 = 60;
/// A batch of a sequence that exists, and the first of a new one: reading and writing its record.
pub const NONCE_KNOWN: u64 = RECORD_WARM + RECORD_COLD + RECORD_CHANGE + RECORD_WRITE_BYTE * NONCE_RECORD_BYTES;
pub const NONCE_NEW: u64 = RECORD_WARM + RECORD_COLD + RECORD_NEW + RECORD_WRITE_BYTE * NONCE_RECORD_BYTES;

/// A passkey's answer of so many bytes.
pub(crate) const fn webauthn(bytes: u64) -> u64 {
    bytes.saturating_sub(WEBAUTHN_FREE_BYTES).saturating_mul(WEBAUTHN_BYTE)
}

/// Words of 32 bytes, rounded up.
pub(crate) const fn words(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(32)
}
