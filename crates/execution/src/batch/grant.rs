//! A key authorisation in a batch: whom it is for, who signed it, and what it asks of the rules.

use super::recover::{SignerError, signer};
use alloy_primitives::{Address, Bytes};
use dure_api::batch::{AuthorizationError, KeyAuthorization, KeyKind};
use dure_rules::accounts::{self, KeyTerms};

/// Why a key authorisation is not taken. Checked in this order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    #[error("it is for chain {have}, this is chain {want}")]
    OtherChain { have: u64, want: u64 },
    #[error("it is for the account {have}, and {want} sends it")]
    OtherAccount { have: Address, want: Address },
    #[error(
        "it is for the key {have}, and the key {signer} signs the transaction; hint: sign by the new key or by the account's own"
    )]
    OtherKey { have: Address, signer: Address },
    #[error(transparent)]
    Terms(#[from] AuthorizationError),
    #[error("its signature: {0}")]
    Signature(#[from] SignerError),
    #[error("{signer} signed it, which is not the account's first key, and it names no account; hint: name the account in it")]
    Unbound { signer: Address },
}

/// A key authorisation whose signature was checked, in the words of the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The admin key that signed it, and its kind; `None`: the key that the account's address is made from.
    pub by: Option<(Address, KeyKind)>,
    pub key: Address,
    pub terms: KeyTerms,
}

impl Grant {
    /// What `signed` asks of the rules, sent by `account` in a transaction that `access_key` signed, where one did.
    ///
    /// # Errors
    /// [`GrantError`].
    pub(crate) fn of(
        signed: &KeyAuthorization,
        chain_id: u64,
        account: Address,
        access_key: Option<Address>,
    ) -> Result<Self, GrantError> {
        if signed.chain_id != chain_id {
            return Err(GrantError::OtherChain { have: signed.chain_id, want: chain_id });
        }
        if let Some(have) = signed.account.filter(|have| *have != account) {
            return Err(GrantError::OtherAccount { have, want: account });
        }
        if let Some(signer) = access_key.filter(|signer| *signer != signed.key) {
            return Err(GrantError::OtherKey { have: signed.key, signer });
        }
        let terms = signed.asked.terms()?;
        let signer = signer(&signed.signature, &signed.hash)?;
        // Only the first key belongs to one account by what it is.
        let by = match (signer == account, signed.account) {
            (true, _) => None,
            (false, Some(_)) => Some((signer, signed.signature.kind())),
            (false, None) => return Err(GrantError::Unbound { signer }),
        };
        Ok(Self { by, key: signed.key, terms })
    }

    /// The call that does the same: whom it goes to and what it says.
    pub(crate) fn as_call(&self) -> (Address, Bytes) {
        let Self { key, terms, .. } = self.clone();
        dure_api::abi::encode(&accounts::Action::AuthorizeKey { key, terms }.into())
    }
}
