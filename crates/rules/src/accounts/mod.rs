//! Accounts: which keys act for an account, how far each of them reaches, who helps when all are lost, and what things are
//! sealed to.
//!
//! An account begins with one key, the *root*: its address is made from it. It may let further keys act for it: *admin* keys,
//! as good as the root, and *limited* keys, each with an expiry, limits in credits, and a list of what it may call.
//! **Whatever a limited key does, its scope holds**: a thief reaches no further than what [`reach()`] computes.
//!
//! This module never checks a signature (who signed is told by [`crate::Env::key`]), never holds or moves money, and never
//! gives a limited key anything to do here but to revoke itself.
//!
//! # Units
//! Amounts in minor units of the limit's credit. Times in consensus milliseconds. A limit's periods follow one another from
//! the time the key was authorised; two periods' worth may fall into a span that is as long as one.
//!
//! # Keys
//! The tests walk this table too.
//!
//! | from | action | who | to |
//! |---|---|---|---|
//! | Unknown | AuthorizeKey | root, admin | Stands |
//! | Unknown | RevokeKey | root, admin | Revoked |
//! | Stands | RevokeKey | root, admin, itself | Revoked |
//! | RanOut | RevokeKey | root, admin | Revoked |
//!
//! An address is a key of an account once. Revoked, or run out, it never is again, so that no old authorisation comes back;
//! only the guardians may name it anew. A key is a key of the *epoch* in which it came: each recovery begins another, and
//! the root key is of the first.
//!
//! # Recovery: who may do what
//! The tests walk this very table: stage × action × role. Guardians are t of n, t < n, known by a hash until one of them
//! opens it. Each names the key that the account should have; what one names counts for [`NAMING_MS`] (14 d).
//!
//! | from | action | who | to |
//! |---|---|---|---|
//! | Gathering | NameKey (fewer than t) | guardian | Gathering |
//! | Gathering | NameKey (t name it) | guardian | Waiting |
//! | Gathering | SetGuardians | root, admin | Gathering |
//! | Waiting | NameKey (t still name it) | guardian | Waiting |
//! | Waiting | NameKey (fewer than t are left) | guardian | Gathering |
//! | Waiting | VetoRecovery | root, admin | Vetoed |
//! | Vetoed | NameKey (fewer than t + 1) | guardian | Vetoed |
//! | Vetoed | NameKey (t + 1 name it) | guardian | WaitingAgain |
//! | WaitingAgain | NameKey (t + 1 still name it) | guardian | WaitingAgain |
//! | WaitingAgain | NameKey (fewer than t + 1 are left) | guardian | Vetoed |
//!
//! What is not in the table is refused; `RunDeadline` before its time too. Guardians that replace others begin
//! [`GUARDIANS_DELAY_MS`] (14 d) after they were named, and not while a recovery is on its way: a thief who names its own
//! guardians does not get rid of the old ones first.
//!
//! # Recovery: what happens when nobody does anything
//! | stage | deadline | to |
//! |---|---|---|
//! | Waiting | [`RECOVERY_DELAY_MS`], 7 d | Gathering, recovered |
//! | Vetoed | [`AGAIN_MS`], 30 d | Gathering |
//! | WaitingAgain | [`RECOVERY_DELAY_MS`], 7 d | Gathering, recovered |
//!
//! Recovered: the named key is an admin key and the only key; root and all others stand no more. The guardians stay.
//!
//! # Always true
//! - ACCOUNTS-1: a ring lists at most [`KEYS_MAX`] keys, each once, of its account and epoch and not revoked; every admin key
//!   that stands is listed.
//! - ACCOUNTS-2: no limited key has spent more in a period than its limit; an admin key has no expiry, limits or scopes.
//! - ACCOUNTS-3: no limited key's scope names this module or its own account.
//! - ACCOUNTS-4: guardians are 2 to 16, their threshold is at least 1 and below their count; each named at most one key.
//! - ACCOUNTS-5: a recovery that waits is named by as many guardians as it needs, and its deadline is scheduled.
//! - ACCOUNTS-6: an account that was recovered has an admin key.
//! - ACCOUNTS-7: a sealing key is as long as its kind says.

mod actions;
mod directory;
mod invariants;
mod keys;
mod reach;
mod records;
mod recovery;
mod refusals;
#[cfg(test)]
mod tests;

pub use actions::*;
pub use invariants::audit;
pub(crate) use keys::spend;
pub use keys::{Call, admit, authorize_signed, keys_of, root_stands};
pub use reach::{CreditReach, Power, Powers, Reach, reach};
pub use records::*;
pub(crate) use recovery::due;
pub use recovery::{Stage, guardianship};
pub use refusals::*;

use crate::{Address, Amount, B256, Draft, Failure, Output, Source, Stop};

/// Carries out one action for `d.env.caller`, who acts by `d.env.key`.
///
/// # Errors
/// A [`Refusal`], [`crate::deadlines::Refusal::Full`], or a [`Stop`].
pub fn apply(d: &mut Draft<'_>, action: Action) -> Result<Output, Failure> {
    if !matches!(action, Action::RevokeKey { .. }) {
        keys::require_full(d)?;
    }
    match action {
        Action::AuthorizeKey { key, terms } => keys::authorize(d, key, terms),
        Action::RevokeKey { key } => keys::revoke(d, key),
        Action::SetGuardians { commitment, threshold, count } => recovery::set_guardians(d, commitment, threshold, count),
        Action::NameKey { account, key, kind, salt, guardians } => {
            recovery::name_key(d, recovery::Said { account, key, kind, salt, guardians })
        }
        Action::VetoRecovery => recovery::veto(d),
        Action::RunDeadline { account } => recovery::run_deadline(d, account),
        Action::PublishSealingKey { kind, public_key, keep_ms } => directory::publish(d, kind, public_key, keep_ms),
        Action::WithdrawSealingKey { kind } => directory::withdraw(d, kind),
    }
}

fn within(holds: bool, field: Field) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(Refusal::OutOfBounds { field }.into()) }
}

fn list_fits<T>(list: &[T], max: u32) -> bool {
    list.len() as u64 <= u64::from(max)
}
