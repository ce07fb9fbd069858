//! Who signed a batch: signatures are checked here, by aws-lc-rs and libsecp256k1.

use super::webauthn::{self, WebAuthnError};
use crate::modules::Signatures;
use alloy_consensus::crypto::{RecoveryError, secp256k1};
use alloy_primitives::{Address, B256, Signature};
use dure_api::batch::{KeyKind, KeySignature, P256Signature, SignedBatch, access_key_hash};
use dure_rules::Verifier as _;

/// Why a signature is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignerError {
    #[error("the passkey's answer: {0}")]
    WebAuthn(#[from] WebAuthnError),
    #[error("it does not verify; hint: s must be in the lower half of the order")]
    NotVerified,
    #[error("the fee payer's recovers to no account")]
    FeePayer,
}

/// Whom the signatures of a batch name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signers {
    /// The account that acts.
    pub sender: Address,
    /// The account whose allowance is used.
    pub payer: Address,
    /// The access key by which the sender acts, and its kind; `None` where it is the account's own key.
    pub access_key: Option<(Address, KeyKind)>,
}

/// Checks the signatures of a batch: the sender's, then the fee payer's.
///
/// # Errors
/// [`SignerError`] of the one that does not verify.
pub(crate) fn recover(signed: &SignedBatch) -> Result<Signers, SignerError> {
    let SignedBatch { batch, signature, .. } = signed;
    let hash = batch.sender_hash();
    let (sender, access_key) = match signature.account {
        None => (signer(&signature.key, &hash)?, None),
        Some(account) => {
            let key = signer(&signature.key, &access_key_hash(hash, account))?;
            (account, Some((key, signature.key.kind())))
        }
    };
    let payer = match &batch.fee_payer_signature {
        None => sender,
        Some(signature) => recover_secp256k1(signature, batch.fee_payer_hash(sender)).map_err(|_| SignerError::FeePayer)?,
    };
    Ok(Signers { sender, payer, access_key })
}

/// The address of the key that signed `hash`.
///
/// # Errors
/// [`SignerError::WebAuthn`] where the passkey answered something else; [`SignerError::NotVerified`].
pub(crate) fn signer(signature: &KeySignature, hash: &B256) -> Result<Address, SignerError> {
    match signature {
        KeySignature::Secp256k1(signature) => recover_secp256k1(signature, *hash).map_err(|_| SignerError::NotVerified),
        KeySignature::P256 { signature, prehash: false } => p256_signer(signature, hash),
        KeySignature::P256 { signature, prehash: true } => p256_signer(signature, &sha256(&[hash.as_slice()])),
        KeySignature::WebAuthn { signature, data } => p256_signer(signature, &webauthn::signed_hash(data, hash)?),
    }
}

fn p256_signer(signature: &P256Signature, prehash: &B256) -> Result<Address, SignerError> {
    let verified = Signatures.p256(&signature.point, prehash, &signature.rs);
    if verified { Ok(signature.address()) } else { Err(SignerError::NotVerified) }
}

/// Refuses high s.
fn recover_secp256k1(signature: &Signature, hash: B256) -> Result<Address, RecoveryError> {
    secp256k1::recover_signer(signature, hash)
}

pub(super) fn sha256(parts: &[&[u8]]) -> B256 {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    for part in parts {
        context.update(part);
    }
    B256::from_slice(context.finish().as_ref())
}
