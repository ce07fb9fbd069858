//! A transaction whose signers are known: decoded and recovered once, shared from then on.

use crate::Envelope;
use crate::batch::{self, Grant, GrantError, SignerError, Signers};
use alloy_consensus::transaction::{RlpEcdsaEncodableTx, SignerRecoverable as _};
use alloy_consensus::{Signed, Transaction as _, TxEnvelope, TxLegacy, TxType};
use alloy_eips::eip7702::{RecoveredAuthorization, constants::PER_EMPTY_ACCOUNT_COST};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256};
use dure_api::batch::{BatchError, KeyKind};
use dure_rules::ids::SYSTEM;
use std::sync::Arc;

/// Longest transaction, bytes of its EIP-2718 form: room for initcode of EIP-3860's 49,152 bytes.
pub const TRANSACTION_MAX_BYTES: u32 = 65_536;

/// What every Ethereum transaction costs.
const TRANSACTION_GAS: u64 = 21_000;

/// A transaction and its signers. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction(Arc<Inner>);

#[derive(Debug, PartialEq, Eq)]
struct Inner {
    envelope: Envelope,
    signers: Signers,
    /// What the batch's key authorisation asks of the rules.
    grant: Option<Grant>,
    /// The list of EIP-7702, each with whoever signed it.
    authorizations: Vec<RecoveredAuthorization>,
}

/// Why bytes are not a transaction of this chain. Checked in this order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransactionError {
    #[error("the transaction has {bytes} bytes, at most {TRANSACTION_MAX_BYTES} are taken")]
    TooLong { bytes: u64 },
    #[error("these bytes are no transaction: {0}")]
    Malformed(String),
    #[error("this transaction of type 0x76 is not taken: {0}")]
    Batch(#[from] BatchError),
    #[error("blob transactions (EIP-4844) are not taken: this chain has no blobs")]
    Blob,
    #[error("the transaction names no chain id (EIP-155), so it could be repeated on another chain")]
    NoChainId,
    #[error("the transaction is for chain {have}, this is chain {want}")]
    WrongChain { have: u64, want: u64 },
    #[error("intrinsic gas too low: {count} authorisations (EIP-7702) need {want} gas, the limit is {have}")]
    AuthorizationsUnpaid { count: u64, want: u64, have: u64 },
    #[error("the signature recovers to no account")]
    BadSignature,
    #[error("a signature of this transaction is not taken: {0}")]
    BatchSignature(#[from] SignerError),
    #[error("this transaction's key authorisation is not taken: {0}")]
    KeyAuthorization(#[from] GrantError),
}

/// Each authorisation costs a recovery and a few reads before the EVM sees the gas limit: what cannot pay for its list is not looked at.
///
/// # Errors
/// [`TransactionError::AuthorizationsUnpaid`], where EIP-7702 asks for more gas than the limit.
pub(crate) fn authorizations_are_paid(count: usize, gas_limit: u64) -> Result<(), TransactionError> {
    let count = count as u64;
    let want = PER_EMPTY_ACCOUNT_COST.saturating_mul(count).saturating_add(TRANSACTION_GAS);
    if count > 0 && gas_limit < want {
        return Err(TransactionError::AuthorizationsUnpaid { count, want, have: gas_limit });
    }
    Ok(())
}

impl Transaction {
    /// Decodes a raw transaction and recovers its signers. This is where a node's time goes: do it once.
    ///
    /// # Errors
    /// [`TransactionError`], cheapest check first; the recovery comes last.
    pub fn decode(raw: &[u8], chain_id: u64) -> Result<Self, TransactionError> {
        if raw.len() > TRANSACTION_MAX_BYTES as usize {
            return Err(TransactionError::TooLong { bytes: raw.len() as u64 });
        }
        let envelope = Envelope::decode(raw)?;
        if envelope.ty() == TxType::Eip4844 as u8 {
            return Err(TransactionError::Blob);
        }
        match envelope.chain_id() {
            None => return Err(TransactionError::NoChainId),
            Some(have) if have != chain_id => return Err(TransactionError::WrongChain { have, want: chain_id }),
            Some(_) => {}
        }
        let mut authorizations = Vec::new();
        let (signers, grant) = match &envelope {
            Envelope::Ethereum(envelope) => {
                let list = envelope.authorization_list().unwrap_or_default();
                authorizations_are_paid(list.len(), envelope.gas_limit())?;
                let sender = envelope.recover_signer().map_err(|_| TransactionError::BadSignature)?;
                authorizations.extend(list.iter().map(|signed| signed.clone().into_recovered()));
                (Signers { sender, payer: sender, access_key: None }, None)
            }
            Envelope::Batch(signed) => {
                let signers = batch::recover(signed)?;
                let access_key = signers.access_key.map(|(key, _)| key);
                let grant = signed.batch.key_authorization.as_ref();
                (signers, grant.map(|grant| Grant::of(grant, chain_id, signers.sender, access_key)).transpose()?)
            }
        };
        Ok(Self(Arc::new(Inner { envelope, signers, grant, authorizations })))
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
        let envelope = Envelope::Ethereum(TxEnvelope::Legacy(Signed::new_unchecked(body, signature, hash)));
        let signers = Signers { sender: from, payer: from, access_key: None };
        Self(Arc::new(Inner { envelope, signers, grant: None, authorizations: Vec::new() }))
    }

    /// The account that acts.
    pub fn signer(&self) -> Address {
        self.0.signers.sender
    }

    /// The account whose allowance is used: the signer's, or the fee payer's.
    pub fn payer(&self) -> Address {
        self.0.signers.payer
    }

    /// The access key by which the signer acts; `None` where it is the account's own key.
    pub fn access_key(&self) -> Option<Address> {
        self.0.signers.access_key.map(|(key, _)| key)
    }

    /// As [`Self::access_key`], and the kind that it signed as.
    pub(crate) fn access_key_and_kind(&self) -> Option<(Address, KeyKind)> {
        self.0.signers.access_key
    }

    /// The access key that is allowed before the calls run.
    pub fn grant(&self) -> Option<&Grant> {
        self.0.grant.as_ref()
    }

    /// The list of EIP-7702, each with whoever signed it: recovered once, like the transaction's own signers.
    pub(crate) fn authorizations(&self) -> &[RecoveredAuthorization] {
        &self.0.authorizations
    }

    /// Whether somebody signed as fee payer, be it the sender itself.
    pub(crate) fn is_sponsored(&self) -> bool {
        matches!(&self.0.envelope, Envelope::Batch(signed) if signed.batch.fee_payer_signature.is_some())
    }

    pub fn hash(&self) -> B256 {
        self.0.envelope.hash()
    }

    pub fn envelope(&self) -> &Envelope {
        &self.0.envelope
    }

    /// Which sequence of the signer's nonces; 0 is the account's own.
    pub fn nonce_key(&self) -> U256 {
        self.0.envelope.nonce_key()
    }

    pub fn nonce(&self) -> u64 {
        self.0.envelope.nonce()
    }

    /// Gas that is reserved when the transaction is included.
    pub fn gas_limit(&self) -> u64 {
        self.0.envelope.gas_limit()
    }

    /// The account called first, `None` where a contract is made.
    pub fn to(&self) -> Option<Address> {
        self.0.envelope.calls().next().and_then(|(to, _)| to)
    }

    pub fn value(&self) -> U256 {
        self.0.envelope.value()
    }

    /// The EIP-2718 form: what was signed and sent, and what the transactions root commits to.
    pub fn encoded(&self) -> Bytes {
        self.0.envelope.encoded().into()
    }
}
