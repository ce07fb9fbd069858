//! Whether the keys that signed a transaction may: asked of the rules before it runs, the same in the pool, in a block that is
//! made and in one that is verified.
//!
//! Upon a transaction, in this order: a key authorisation that it carries has to be one that the rules take; an access key that
//! signed it has to stand and to have every call in its scope, the account's own key has to stand; then that of whoever pays. A
//! recovery replaces the key that an account's address is made from (`dure_rules::accounts`). Each signer costs one or two
//! reads of records, which the block's ledger keeps.
//! Upon an authorisation of EIP-7702 whose signer's key was replaced: it is passed over, its gas is charged, and the
//! transaction runs. The standard does so with every authorisation that is not valid, and refusing would let one person's
//! recovery stop the transaction of another, who only carries the authorisation.
//!
//! This module never checks a signature: the transaction names its signers. It never changes a record either: what a key
//! authorisation does is done by the first call of the batch.

use crate::batch::Grant;
use crate::ledger::Acting;
use crate::machine::Work;
use crate::modules::Signatures;
use crate::{Envelope, Transaction};
use alloy_eips::eip7702::{RecoveredAuthority, RecoveredAuthorization};
use alloy_primitives::{Address, U256};
use dure_api::batch::{Call, KeyKind};
use dure_rules::accounts::{self, Field, Refusal};
use dure_rules::{Draft, Env, Failure, Source, Stop};
use revm::context_interface::either::Either;
use std::fmt;

/// Whether those who signed `transaction` may, at the place and time of `env`; and the access key by which its account acts.
///
/// # Errors
/// Refused: those of `authorize_signed` and `admit` of the rules, `RootReplaced`. Stopped: what the source says.
pub(crate) fn admit(s: &mut dyn Source, env: Env, transaction: &Transaction) -> Result<Option<Acting>, Failure> {
    let account = transaction.signer();
    // A draft that nobody adopts: the key authorisation is there for whoever looks in here, and nowhere else.
    let mut draft = Draft::new(s, &Signatures, env);
    if let Some(grant) = transaction.grant() {
        take_over(&mut draft, account, grant)?;
    }
    let calls = match transaction.envelope() {
        Envelope::Ethereum(_) => &[],
        Envelope::Batch(signed) => &signed.batch.calls[..],
    };
    let acting = by_key(&mut draft, account, transaction.access_key_and_kind(), calls)?;
    if transaction.is_sponsored() {
        require_root(&mut draft, transaction.payer())?;
    }
    Ok(acting)
}

/// What the rules say of a key authorisation of `account`.
///
/// # Errors
/// As [`admit`].
pub(crate) fn take_over(draft: &mut Draft<'_>, account: Address, grant: &Grant) -> Result<(), Failure> {
    if let Some((key, kind)) = grant.by {
        let now_ms = draft.env.time_ms;
        accounts::admit(draft, now_ms, account, key, kind, [])?; // an admin key or not, this asks for its kind
    }
    accounts::authorize_signed(draft, account, grant.by.map(|(key, _)| key), grant.key, grant.terms.clone())
}

/// Whether `account` may make `calls` by the key that signed.
///
/// # Errors
/// As [`admit`].
pub(crate) fn by_key<'c>(
    draft: &mut Draft<'_>,
    account: Address,
    signed_by: Option<(Address, KeyKind)>,
    calls: &'c [Call],
) -> Result<Option<Acting>, Failure> {
    let Some((key, kind)) = signed_by else { return require_root(draft, account).map(|()| None) };
    let now_ms = draft.env.time_ms;
    let in_short = |call: &'c Call| accounts::Call { to: call.to.to().copied(), value: !call.value.is_zero(), data: &call.input };
    let full = accounts::admit(draft, now_ms, account, key, kind, calls.iter().map(in_short))?;
    Ok(Some(Acting { account, key, limited: !full }))
}

/// The key that `account` is made from stands.
///
/// # Errors
/// As [`admit`].
pub(crate) fn require_root(s: &mut (impl Source + ?Sized), account: Address) -> Result<(), Failure> {
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

/// Whoever signed an authorisation of EIP-7702 that this chain may look at.
pub(crate) fn authorities(transaction: &Transaction, chain_id: u64) -> impl Iterator<Item = Address> {
    let all = transaction.authorizations().iter().filter(move |one| is_for(one.chain_id(), chain_id));
    all.filter_map(RecoveredAuthorization::authority)
}

/// Whether an authorisation for `named` counts here: 0 is every chain. The EVM passes over all others.
fn is_for(named: &U256, chain_id: u64) -> bool {
    named.is_zero() || *named == U256::from(chain_id)
}

/// Makes the EVM pass over every authorisation of EIP-7702 that a replaced key signed.
///
/// # Errors
/// What the source says.
pub(crate) fn pass_over_replaced(s: &mut dyn Source, work: &mut Work, chain_id: u64) -> Result<(), Stop> {
    for authorization in &mut work.tx_mut().authorization_list {
        let (inner, authority) = match authorization {
            Either::Left(signed) => (signed.inner().clone(), signed.recover_authority().ok()),
            Either::Right(recovered) => ((**recovered).clone(), recovered.authority()),
        };
        if let Some(authority) = authority
            && is_for(inner.chain_id(), chain_id)
            && !accounts::root_stands(s, authority)?
        {
            let nobody = RecoveredAuthorization::new_unchecked(inner, RecoveredAuthority::Invalid);
            *authorization = Either::Right(nobody);
        }
    }
    Ok(())
}

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
        const WIDER: &str = "hint: sign by a full key of the account, or authorise a key whose scopes name it";
        match self.refusal() {
            Refusal::RootReplaced { account } => write!(
                f,
                "the key that {account} is made from was replaced when the account was recovered and signs nothing any more; \
                 hint: sign by the account's new key, as an access key"
            ),
            Refusal::UnknownKey { account, key } => write!(
                f,
                "{key} is no key of {account}; hint: let the account authorise it first, or send the key authorisation with it"
            ),
            Refusal::KeyRevoked { key } => write!(f, "the access key {key} was revoked; a revoked key never comes back"),
            Refusal::KeyReplaced { key } => write!(f, "the access key {key} ended when the account was recovered"),
            Refusal::KeyExpired { expires_ms } => {
                write!(f, "the access key ran out at {expires_ms} ms; hint: authorise another one")
            }
            Refusal::WrongKind { have, want } => {
                write!(f, "the access key signs as {}, and was authorised as {}", kind_name(have), kind_name(want))
            }
            Refusal::CreationOutOfScope => write!(f, "a limited access key makes no contract; {WIDER}"),
            Refusal::ValueOutOfScope => write!(f, "a limited access key sends no coin; {WIDER}"),
            Refusal::TargetOutOfScope { target } => write!(f, "the access key may not call {target}; {WIDER}"),
            Refusal::SelectorOutOfScope { target, selector } => {
                write!(f, "the access key may not call 0x{} of {target}; {WIDER}", alloy_primitives::hex::encode(selector))
            }
            Refusal::KeyMayNot { key } => write!(f, "the key {key} is limited and authorises no other"),
            Refusal::NotAKey { key } => {
                write!(f, "{key} can be no access key: it is zero, an institution, or the account itself")
            }
            Refusal::KeyKnown { key } => write!(
                f,
                "{key} is or was a key of the account or was revoked in advance, and an address is one once; hint: leave the key authorisation out, or make a new key"
            ),
            Refusal::OutOfBounds { field } => write!(f, "the key authorisation is outside the bounds: {}", bound_of(field)),
            Refusal::TooManyKeys { max } => write!(f, "the account has {max} access keys already; hint: revoke one"),
            _ => f.write_str("the rules of accounts refuse the key"),
        }
    }
}

const fn kind_name(number: u8) -> &'static str {
    match number {
        0 => "secp256k1",
        1 => "P-256",
        2 => "a passkey",
        _ => "an unknown kind",
    }
}

const fn bound_of(field: Field) -> &'static str {
    match field {
        Field::Admin => "an admin key has no expiry, limits or scopes",
        Field::Expiry => "a limited key runs out in the future, within 366 days",
        Field::Limits => "at most 8 limits, each of another credit",
        Field::Amount => "an amount is too large",
        Field::Period => "a limit's period is an hour to 366 days, or 0",
        Field::Scopes => "1 to 16 scopes, each of another target, none of them the accounts module or the account itself",
        Field::Selectors => "at most 16 functions of a target",
        Field::Threshold | Field::Count | Field::PublicKey | Field::Overlap => "a number",
    }
}
