//! The RLP of a batch: Tempo's order of fields, one encoding for each transaction.
//!
//! `0x76 ‖ rlp([chainId, maxPriorityFeePerGas, maxFeePerGas, gas, [[to, value, input], …], accessList, nonceKey, nonce,
//! validBefore, validAfter, feeToken, feePayerSignature, authorizationList, keyAuthorization?, signature])`, where
//! an empty string stands for what is absent and `keyAuthorization` is left out.

use super::{
    AuthorizationError, BATCH_TYPE, Batch, CALLS_MAX, Call, KeyAuthorization, NONCE_END, SenderSignature, SignatureError,
    SignedBatch,
};
use alloy_eips::eip2930::AccessList;
use alloy_primitives::{Address, Signature, U256};
use alloy_rlp::{BufMut, Decodable, EMPTY_LIST_CODE, EMPTY_STRING_CODE, Encodable, Header};
use std::num::NonZeroU64;

/// RLP of the byte 0: the fee payer's place while its signature is awaited.
const AWAITED_CODE: u8 = 0x00;
/// A nonce key that stands for Tempo's expiring nonces.
const EXPIRING_KEY: U256 = U256::MAX;

/// Why bytes are not a batch that this chain takes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    #[error("its encoding is wrong: {0}")]
    Rlp(#[from] alloy_rlp::Error),
    #[error("it has no calls")]
    NoCalls,
    #[error("it has more than {CALLS_MAX} calls")]
    TooManyCalls,
    #[error("call {place} makes a contract: only the first call of a batch may")]
    CreateNotFirst { place: usize },
    #[error("nonce key 2^256 - 1 asks for an expiring nonce, which this chain does not have; hint: name a nonceKey and a nonce")]
    ExpiringNonce,
    #[error("nonce {nonce} is beyond 2^53 - 1")]
    NonceTooLarge { nonce: u64 },
    #[error("it is valid before {before_s} and from {after_s} on, which is never")]
    NeverValid { after_s: u64, before_s: u64 },
    #[error("it names a fee token: this chain has no fees; hint: leave feeToken out")]
    FeeToken,
    #[error("its fee payer has not signed yet")]
    FeePayerAwaited,
    #[error("it has an authorisation list, which batches of this chain do not; hint: send those in a transaction of type 4")]
    AuthorizationList,
    #[error("its key authorisation: {0}")]
    KeyAuthorization(#[from] AuthorizationError),
    #[error("its signature: {0}")]
    Signature(#[from] SignatureError),
    #[error("it can be encoded in another way, and one transaction has one encoding")]
    NotCanonical,
}

/// What stands in the fee payer's place.
pub(super) enum FeePayerField {
    /// The sender pays.
    Absent,
    /// Somebody else will sign.
    Awaited,
    /// In what the fee payer signs: for whom it pays.
    Sender(Address),
    Signed(Signature),
}

pub(super) fn encode(batch: &Batch, first: u8, fee_payer: FeePayerField, signature: Option<&SenderSignature>) -> Vec<u8> {
    let mut fields = Vec::with_capacity(256 + batch.calls.iter().map(|call| call.input.len() + 64).sum::<usize>());
    batch.chain_id.encode(&mut fields);
    batch.max_priority_fee_per_gas.encode(&mut fields);
    batch.max_fee_per_gas.encode(&mut fields);
    batch.gas_limit.encode(&mut fields);
    batch.calls.encode(&mut fields);
    batch.access_list.encode(&mut fields);
    batch.nonce_key.encode(&mut fields);
    batch.nonce.encode(&mut fields);
    batch.valid_before_s.map_or(0, NonZeroU64::get).encode(&mut fields);
    batch.valid_after_s.map_or(0, NonZeroU64::get).encode(&mut fields);
    fields.put_u8(EMPTY_STRING_CODE); // the fee token
    match fee_payer {
        FeePayerField::Absent => fields.put_u8(EMPTY_STRING_CODE),
        FeePayerField::Awaited => fields.put_u8(AWAITED_CODE),
        FeePayerField::Sender(sender) => sender.encode(&mut fields),
        FeePayerField::Signed(signature) => {
            Header { list: true, payload_length: signature.rlp_rs_len() + signature.v().length() }.encode(&mut fields);
            signature.write_rlp_vrs(&mut fields, signature.v());
        }
    }
    fields.put_u8(EMPTY_LIST_CODE); // the authorisation list
    if let Some(authorization) = &batch.key_authorization {
        fields.put_slice(&authorization.rlp);
    }
    if let Some(signature) = signature {
        signature.encoded().as_slice().encode(&mut fields);
    }
    let mut all = Vec::with_capacity(fields.len() + 10);
    all.put_u8(first);
    Header { list: true, payload_length: fields.len() }.encode(&mut all);
    all.put_slice(&fields);
    all
}

pub(super) fn decode(raw: &[u8]) -> Result<SignedBatch, BatchError> {
    let Some((&BATCH_TYPE, mut rest)) = raw.split_first() else {
        return Err(alloy_rlp::Error::Custom("it does not begin with 0x76").into());
    };
    let mut fields = Header::decode_bytes(&mut rest, true)?;
    if !rest.is_empty() {
        return Err(alloy_rlp::Error::UnexpectedLength.into());
    }
    let batch = decode_batch(&mut fields)?;
    let signature = SenderSignature::decode(Header::decode_bytes(&mut fields, false)?)?;
    if !fields.is_empty() {
        return Err(alloy_rlp::Error::UnexpectedLength.into());
    }
    let signed = SignedBatch { batch, signature, hash: alloy_primitives::keccak256(raw) };
    if signed.encoded() == raw { Ok(signed) } else { Err(BatchError::NotCanonical) }
}

/// All fields but the signature.
fn decode_batch(fields: &mut &[u8]) -> Result<Batch, BatchError> {
    let mut batch = Batch {
        chain_id: u64::decode(fields)?,
        max_priority_fee_per_gas: u128::decode(fields)?,
        max_fee_per_gas: u128::decode(fields)?,
        gas_limit: u64::decode(fields)?,
        calls: decode_calls(fields)?,
        access_list: AccessList::decode(fields)?,
        nonce_key: U256::decode(fields)?,
        nonce: u64::decode(fields)?,
        valid_before_s: NonZeroU64::new(u64::decode(fields)?),
        valid_after_s: NonZeroU64::new(u64::decode(fields)?),
        fee_payer_signature: None,
        key_authorization: None,
    };
    if batch.nonce_key == EXPIRING_KEY {
        return Err(BatchError::ExpiringNonce);
    }
    if batch.nonce >= NONCE_END {
        return Err(BatchError::NonceTooLarge { nonce: batch.nonce });
    }
    let (after_s, before_s) = batch.window_s();
    if before_s <= after_s {
        return Err(BatchError::NeverValid { after_s, before_s });
    }
    if !Header::decode_bytes(fields, false)?.is_empty() {
        return Err(BatchError::FeeToken);
    }
    batch.fee_payer_signature = decode_fee_payer(fields)?;
    if !Header::decode_bytes(fields, true)?.is_empty() {
        return Err(BatchError::AuthorizationList);
    }
    if fields.first().is_some_and(|first| *first >= EMPTY_LIST_CODE) {
        batch.key_authorization = Some(KeyAuthorization::decode(fields)?);
    }
    Ok(batch)
}

fn decode_calls(fields: &mut &[u8]) -> Result<Vec<Call>, BatchError> {
    let mut list = Header::decode_bytes(fields, true)?;
    let mut calls = Vec::new();
    while !list.is_empty() {
        if calls.len() == CALLS_MAX {
            return Err(BatchError::TooManyCalls);
        }
        let call = Call::decode(&mut list)?;
        if call.to.is_create() && !calls.is_empty() {
            return Err(BatchError::CreateNotFirst { place: calls.len() });
        }
        calls.push(call);
    }
    if calls.is_empty() { Err(BatchError::NoCalls) } else { Ok(calls) }
}

fn decode_fee_payer(fields: &mut &[u8]) -> Result<Option<Signature>, BatchError> {
    if fields.first().is_some_and(|first| *first >= EMPTY_LIST_CODE) {
        let mut parts = Header::decode_bytes(fields, true)?;
        let signature = Signature::decode_rlp_vrs(&mut parts, bool::decode)?;
        return if parts.is_empty() { Ok(Some(signature)) } else { Err(alloy_rlp::Error::UnexpectedLength.into()) };
    }
    if Header::decode_bytes(fields, false)?.is_empty() { Ok(None) } else { Err(BatchError::FeePayerAwaited) }
}

impl Encodable for Call {
    fn encode(&self, out: &mut dyn BufMut) {
        let payload_length = self.to.length() + self.value.length() + self.input.length();
        Header { list: true, payload_length }.encode(out);
        self.to.encode(out);
        self.value.encode(out);
        self.input.encode(out);
    }
}

impl Decodable for Call {
    fn decode(buf: &mut &[u8]) -> alloy_rlp::Result<Self> {
        let mut parts = Header::decode_bytes(buf, true)?;
        let call = Self {
            to: Decodable::decode(&mut parts)?,
            value: Decodable::decode(&mut parts)?,
            input: Decodable::decode(&mut parts)?,
        };
        if parts.is_empty() { Ok(call) } else { Err(alloy_rlp::Error::UnexpectedLength) }
    }
}
