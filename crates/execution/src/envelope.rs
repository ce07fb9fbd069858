//! What a transaction is made of: one of Ethereum's, or a batch.

use crate::TransactionError;
use alloy_consensus::{Transaction as _, TxEnvelope};
use alloy_eips::eip2718::{Decodable2718 as _, Encodable2718 as _, Typed2718 as _};
use alloy_eips::eip2930::AccessList;
use alloy_primitives::{Address, B256, Bytes, U256};
use dure_api::batch::{BATCH_TYPE, SignedBatch};

/// A signed transaction of any type that the chain takes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "nearly every transaction is Ethereum's, and a box for it would cost each of them")]
pub enum Envelope {
    Ethereum(TxEnvelope),
    Batch(Box<SignedBatch>),
}

impl Envelope {
    /// Decodes the EIP-2718 form, which has to end where the transaction does.
    ///
    /// # Errors
    /// [`TransactionError::Malformed`], [`TransactionError::Batch`].
    pub fn decode(raw: &[u8]) -> Result<Self, TransactionError> {
        if raw.first() == Some(&BATCH_TYPE) {
            return Ok(Self::Batch(Box::new(SignedBatch::decode(raw)?)));
        }
        let decoded = TxEnvelope::decode_2718_exact(raw);
        decoded.map(Self::Ethereum).map_err(|error| TransactionError::Malformed(error.to_string()))
    }

    /// The EIP-2718 form: what was sent, and what the transactions root commits to.
    pub fn encoded(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.encode(&mut bytes);
        bytes
    }

    /// [`Self::encoded`] at the end of `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Ethereum(envelope) => envelope.encode_2718(out),
            Self::Batch(signed) => out.extend_from_slice(&signed.encoded()),
        }
    }

    pub fn hash(&self) -> B256 {
        match self {
            Self::Ethereum(envelope) => *envelope.tx_hash(),
            Self::Batch(signed) => signed.hash,
        }
    }

    /// EIP-2718 type, 0 where there is none.
    pub fn ty(&self) -> u8 {
        match self {
            Self::Ethereum(envelope) => envelope.ty(),
            Self::Batch(_) => BATCH_TYPE,
        }
    }

    pub fn chain_id(&self) -> Option<u64> {
        match self {
            Self::Ethereum(envelope) => envelope.chain_id(),
            Self::Batch(signed) => Some(signed.batch.chain_id),
        }
    }

    /// Which sequence of the account's nonces; 0 is the account's own.
    pub fn nonce_key(&self) -> U256 {
        match self {
            Self::Ethereum(_) => U256::ZERO,
            Self::Batch(signed) => signed.batch.nonce_key,
        }
    }

    pub fn nonce(&self) -> u64 {
        match self {
            Self::Ethereum(envelope) => envelope.nonce(),
            Self::Batch(signed) => signed.batch.nonce,
        }
    }

    pub fn gas_limit(&self) -> u64 {
        match self {
            Self::Ethereum(envelope) => envelope.gas_limit(),
            Self::Batch(signed) => signed.batch.gas_limit,
        }
    }

    /// Wei of all calls together.
    pub fn value(&self) -> U256 {
        match self {
            Self::Ethereum(envelope) => envelope.value(),
            Self::Batch(signed) => signed.batch.value(),
        }
    }

    pub fn access_list(&self) -> Option<&AccessList> {
        match self {
            Self::Ethereum(envelope) => envelope.access_list(),
            Self::Batch(signed) => Some(&signed.batch.access_list),
        }
    }

    /// Whom each call goes to, `None` where a contract is made, and what it says.
    pub fn calls(&self) -> impl Iterator<Item = (Option<Address>, &Bytes)> {
        let (one, many) = match self {
            Self::Ethereum(envelope) => (Some((envelope.to(), envelope.input())), &[][..]),
            Self::Batch(signed) => (None, &signed.batch.calls[..]),
        };
        one.into_iter().chain(many.iter().map(|call| (call.to.to().copied(), &call.input)))
    }

    /// The seconds of consensus time between which the transaction is valid: from the first, before the second.
    pub fn window_s(&self) -> (u64, u64) {
        match self {
            Self::Ethereum(_) => (0, u64::MAX),
            Self::Batch(signed) => signed.batch.window_s(),
        }
    }
}
