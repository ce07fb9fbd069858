//! Type 0x76: a batch of calls under one signature, in the encoding of Tempo's transaction envelope.
//!
//! A batch is signed by a secp256k1 or P-256 key, by a passkey (WebAuthn), or by an access key of the account; it takes a
//! nonce of one of the account's many sequences; it may name the seconds in which it is valid, and somebody who pays for its
//! gas. All of its calls happen or none. docs/transactions.md is the reference, field by field.
//!
//! It is a pinned subset: what Dure has no use for (a fee token, an authorisation list, expiring nonces) is refused by name and
//! never ignored, and one transaction has one encoding. This module never checks a signature and never runs a call: that is
//! execution's, whose tests try this codec too (`execution/src/batch/`). Whether an access key may act is a rule.

mod authorization;
mod codec;
mod signature;

pub use authorization::{
    AskedTerms, AuthorizationError, CallScope, KEY_AUTHORIZATION_MAX_BYTES, KeyAuthorization, SpendingLimit,
};
pub use codec::BatchError;
pub use dure_rules::accounts::KeyKind;
pub use signature::{KeySignature, P256Signature, SIGNATURE_MAX_BYTES, SenderSignature, SignatureError, WEBAUTHN_DATA_MAX_BYTES};

use alloy_eips::eip2930::AccessList;
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, keccak256};
use codec::FeePayerField;
use std::num::NonZeroU64;

/// EIP-2718 type of a batch.
pub const BATCH_TYPE: u8 = 0x76;
/// Most calls of one batch.
pub const CALLS_MAX: usize = 32;
/// Nonces stay below this (2⁵³), so that every client's numbers hold them.
pub const NONCE_END: u64 = 1 << 53;

/// What a fee payer's signature begins with instead of [`BATCH_TYPE`].
const FEE_PAYER_MAGIC: u8 = 0x78;
/// What an access key's signature covers first; also the type byte of such a signature.
const ACCESS_KEY_MAGIC: u8 = 0x04;

/// One call of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Only the first call may make a contract.
    pub to: TxKind,
    /// Wei; 0 where accounts have no coin.
    pub value: U256,
    pub input: Bytes,
}

/// What the sender signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    pub chain_id: u64,
    /// Tolerated and never charged.
    pub max_priority_fee_per_gas: u128,
    /// Tolerated and never charged.
    pub max_fee_per_gas: u128,
    /// Of the whole transaction.
    pub gas_limit: u64,
    /// 1 to [`CALLS_MAX`].
    pub calls: Vec<Call>,
    pub access_list: AccessList,
    /// Which sequence of the account's nonces; 0 is the account's own.
    pub nonce_key: U256,
    /// Next of that sequence, below [`NONCE_END`].
    pub nonce: u64,
    /// Consensus time at which it is too late, seconds since 1970-01-01 UTC.
    pub valid_before_s: Option<NonZeroU64>,
    /// Consensus time before which it is too early, seconds since 1970-01-01 UTC.
    pub valid_after_s: Option<NonZeroU64>,
    /// secp256k1, of whoever pays for the gas; the sender does where there is none.
    pub fee_payer_signature: Option<Signature>,
    /// An access key that a full key of the account allows before the calls run.
    pub key_authorization: Option<KeyAuthorization>,
}

/// A batch and its sender's signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedBatch {
    pub batch: Batch,
    pub signature: SenderSignature,
    /// keccak256 of the EIP-2718 form.
    pub hash: B256,
}

impl Batch {
    /// What the sender's key signs; with a fee payer it does not commit to which.
    pub fn sender_hash(&self) -> B256 {
        let field = if self.fee_payer_signature.is_some() { FeePayerField::Awaited } else { FeePayerField::Absent };
        keccak256(codec::encode(self, BATCH_TYPE, field, None))
    }

    /// What the fee payer's key signs: the whole batch and who sends it.
    pub fn fee_payer_hash(&self, sender: Address) -> B256 {
        keccak256(codec::encode(self, FEE_PAYER_MAGIC, FeePayerField::Sender(sender), None))
    }

    /// Wei of all calls together.
    pub fn value(&self) -> U256 {
        self.calls.iter().fold(U256::ZERO, |sum, call| sum.saturating_add(call.value))
    }

    /// Whether the block time is early enough and late enough.
    pub fn window_s(&self) -> (u64, u64) {
        (self.valid_after_s.map_or(0, NonZeroU64::get), self.valid_before_s.map_or(u64::MAX, NonZeroU64::get))
    }
}

impl SignedBatch {
    pub fn new(batch: Batch, signature: SenderSignature) -> Self {
        let mut signed = Self { batch, signature, hash: B256::ZERO };
        signed.hash = keccak256(signed.encoded());
        signed
    }

    /// Decodes the EIP-2718 form. Signatures are parsed and not checked.
    ///
    /// # Errors
    /// [`BatchError`], in the order of the fields and then of its variants.
    pub fn decode(raw: &[u8]) -> Result<Self, BatchError> {
        codec::decode(raw)
    }

    /// The EIP-2718 form.
    pub fn encoded(&self) -> Vec<u8> {
        let field = self.batch.fee_payer_signature.map_or(FeePayerField::Absent, FeePayerField::Signed);
        codec::encode(&self.batch, BATCH_TYPE, field, Some(&self.signature))
    }
}

/// What an access key signs: the hash, bound to the account that it acts for.
pub fn access_key_hash(hash: B256, account: Address) -> B256 {
    let mut bytes = [0u8; 53];
    bytes[0] = ACCESS_KEY_MAGIC;
    bytes[1..33].copy_from_slice(hash.as_slice());
    bytes[33..].copy_from_slice(account.as_slice());
    keccak256(bytes)
}
