//! Whether the keys that signed a transaction may: asked of the rules before it runs, the same in the pool, in a block that is
//! made and in one that is verified.
//!
//! A recovery replaces the key that an account's address is made from (`dure_rules::accounts`). Upon a transaction: the key of
//! whoever sends it must stand, then that of whoever pays. Each costs one read of a record, which the block's ledger keeps.
//! Upon an authorisation of EIP-7702 whose signer's key was replaced: it is passed over, its gas is charged, and the
//! transaction runs. The standard does so with every authorisation that is not valid, and refusing would let one person's
//! recovery stop the transaction of another, who only carries the authorisation.
//!
//! This module never checks a signature: the transaction names its signers.

use crate::Transaction;
use crate::machine::Work;
use alloy_eips::eip7702::{RecoveredAuthority, RecoveredAuthorization};
use alloy_primitives::Address;
use dure_rules::accounts::{self, Refusal};
use dure_rules::{Failure, Source, Stop};
use revm::context_interface::either::Either;
use std::fmt;

/// Why a key may not sign, in words for whoever sent the transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRefused(Box<Refusal>);

impl KeyRefused {
    /// What the rules say.
    pub fn refusal(&self) -> Refusal {
        *self.0
    }
}

impl From<Refusal> for KeyRefused {
    fn from(refusal: Refusal) -> Self {
        Self(Box::new(refusal))
    }
}

impl std::error::Error for KeyRefused {}

impl fmt::Display for KeyRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.refusal() {
            Refusal::RootReplaced { account } => write!(
                f,
                "the key that {account} is made from was replaced when the account was recovered and signs nothing any more; \
                 hint: sign by the account's new key"
            ),
            _ => f.write_str("the rules of accounts refuse the key"),
        }
    }
}

/// Whether those who signed `transaction` may.
///
/// # Errors
/// Refused: `RootReplaced`. Stopped: what the source says.
pub(crate) fn admit(s: &mut dyn Source, transaction: &Transaction) -> Result<(), Failure> {
    let (signer, payer) = (transaction.signer(), transaction.payer());
    require_root(s, signer)?;
    if payer == signer { Ok(()) } else { require_root(s, payer) }
}

/// The key that `account` is made from stands.
///
/// # Errors
/// As [`admit`].
pub(crate) fn require_root(s: &mut dyn Source, account: Address) -> Result<(), Failure> {
    if accounts::root_stands(s, account)? { Ok(()) } else { Err(Refusal::RootReplaced { account }.into()) }
}

/// What a failure of [`admit`] means to whoever sent the transaction.
///
/// # Errors
/// The stop, where the answer could not be found out.
pub(crate) fn refused(failure: Failure) -> Result<KeyRefused, Stop> {
    match failure {
        Failure::Refused(dure_rules::Refusal::Accounts(refusal)) => Ok(refusal.into()),
        Failure::Refused(_) => unreachable!("the rules of accounts refuse by their own names"),
        Failure::Stopped(stop) => Err(stop),
    }
}

/// Makes the EVM pass over every authorisation of EIP-7702 that a replaced key signed.
///
/// # Errors
/// What the source says.
pub(crate) fn pass_over_replaced(s: &mut dyn Source, work: &mut Work) -> Result<(), Stop> {
    for authorization in &mut work.tx_mut().authorization_list {
        let (inner, authority) = match authorization {
            Either::Left(signed) => (signed.inner().clone(), signed.recover_authority().ok()),
            Either::Right(recovered) => ((**recovered).clone(), recovered.authority()),
        };
        if let Some(authority) = authority
            && !accounts::root_stands(s, authority)?
        {
            let nobody = RecoveredAuthorization::new_unchecked(inner, RecoveredAuthority::Invalid);
            *authorization = Either::Right(nobody);
        }
    }
    Ok(())
}
