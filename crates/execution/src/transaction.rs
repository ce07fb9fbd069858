//! A transaction whose signer is known: decoded and recovered once, shared from then on.

use alloy_consensus::transaction::{Recovered, RlpEcdsaEncodableTx, SignerRecoverable as _};
use alloy_consensus::{Signed, Transaction as _, TxEnvelope, TxLegacy, TxType};
use alloy_eips::eip2718::{Decodable2718 as _, Encodable2718 as _};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256};
use dure_rules::ids::SYSTEM;
use std::sync::Arc;

/// Longest transaction, bytes of its EIP-2718 form: room for initcode of EIP-3860's 49,152 bytes.
pub const TRANSACTION_MAX_BYTES: u32 = 65_536;

/// An Ethereum transaction and its signer. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction(Arc<Recovered<TxEnvelope>>);

/// Why bytes are not a transaction of this chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransactionError {
    #[error("the transaction has {bytes} bytes, at most {TRANSACTION_MAX_BYTES} are taken")]
    TooLong { bytes: u64 },
    #[error("these bytes are no transaction: {0}")]
    Malformed(String),
    #[error("blob transactions (EIP-4844) are not taken: this chain has no blobs")]
    Blob,
    #[error("the transaction names no chain id (EIP-155), so it could be repeated on another chain")]
    NoChainId,
    #[error("the transaction is for chain {have}, this is chain {want}")]
    WrongChain { have: u64, want: u64 },
    #[error("the signature recovers to no account")]
    BadSignature,
}

impl Transaction {
    /// Decodes a raw transaction and recovers its signer. This is where a node's time goes: do it once.
    ///
    /// # Errors
    /// [`TransactionError`], cheapest check first; the recovery comes last.
    pub fn decode(raw: &[u8], chain_id: u64) -> Result<Self, TransactionError> {
        if raw.len() > TRANSACTION_MAX_BYTES as usize {
            return Err(TransactionError::TooLong { bytes: raw.len() as u64 });
        }
        let envelope = TxEnvelope::decode_2718_exact(raw).map_err(|e| TransactionError::Malformed(e.to_string()))?;
        if envelope.tx_type() == TxType::Eip4844 {
            return Err(TransactionError::Blob);
        }
        match envelope.chain_id() {
            None => return Err(TransactionError::NoChainId),
            Some(have) if have != chain_id => return Err(TransactionError::WrongChain { have, want: chain_id }),
            Some(_) => {}
        }
        let recovered = envelope.try_into_recovered().map_err(|_| TransactionError::BadSignature)?;
        Ok(Self(Arc::new(recovered)))
    }

    /// The transaction in whose receipt the events stand of what the block did by itself: legacy form, from
    /// [`SYSTEM`] to the deadlines module, its nonce the height, its signature zero. Never decoded from bytes: zero is no
    /// valid signature, so nobody can send it.
    pub fn system(chain_id: u64, height: u64) -> Self {
        let body = TxLegacy {
            chain_id: Some(chain_id),
            nonce: height,
            to: TxKind::Call(dure_rules::deadlines::MODULE),
            ..Default::default()
        };
        Self::unsigned(body, SYSTEM)
    }

    /// A transaction that nobody signed, as if `from` had sent it.
    pub(crate) fn unsigned(body: TxLegacy, from: Address) -> Self {
        let signature = Signature::new(U256::ZERO, U256::ZERO, false);
        let hash = RlpEcdsaEncodableTx::tx_hash(&body, &signature);
        let envelope = TxEnvelope::Legacy(Signed::new_unchecked(body, signature, hash));
        Self(Arc::new(Recovered::new_unchecked(envelope, from)))
    }

    pub fn signer(&self) -> Address {
        self.0.signer()
    }

    pub fn hash(&self) -> B256 {
        *self.0.tx_hash()
    }

    pub fn envelope(&self) -> &TxEnvelope {
        self.0.inner()
    }

    pub fn recovered(&self) -> &Recovered<TxEnvelope> {
        &self.0
    }

    pub fn nonce(&self) -> u64 {
        self.0.nonce()
    }

    /// Gas that is reserved when the transaction is included.
    pub fn gas_limit(&self) -> u64 {
        self.0.gas_limit()
    }

    /// The account called, `None` where a contract is made.
    pub fn to(&self) -> Option<Address> {
        self.0.to()
    }

    pub fn input(&self) -> &Bytes {
        self.0.input()
    }

    pub fn value(&self) -> U256 {
        self.0.value()
    }

    /// The EIP-2718 form: what was signed and sent, and what the transactions root commits to.
    pub fn encoded(&self) -> Bytes {
        self.0.encoded_2718().into()
    }
}
