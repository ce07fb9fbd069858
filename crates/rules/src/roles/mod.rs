//! Roles: who is recognised as what, by whom, until when.
//!
//! Issuers are named at genesis, each for one role. An issuer grants its role, always with an expiry, and takes it back; a
//! holder may give it up. This module never grants a role for ever, and never makes an issuer.
//!
//! # Units
//! Times in consensus milliseconds. A grant lasts at most [`GRANT_MAX_MS`].

use crate::bounds::DAY_MS;
use crate::{Address, Draft, Failure, Output, Record, Source, Stop, Table};
use borsh::{BorshDeserialize, BorshSerialize};

/// Where roles are granted.
pub const MODULE: Address = crate::ids::address!("d00e000000000000000000000000000000000002");
/// The longest that a grant lasts: three years.
pub const GRANT_MAX_MS: u64 = 3 * 366 * DAY_MS;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Role {
    /// A person of the community.
    Member = 1,
    /// Makes devices and attests their keys.
    Maker = 2,
    /// Rules in disputes.
    Arbiter = 3,
    /// Carries parcels and says that they arrived.
    Carrier = 4,
    /// Runs a grid.
    GridOperator = 5,
}

impl Role {
    pub const ALL: [Self; 5] = [Self::Member, Self::Maker, Self::Arbiter, Self::Carrier, Self::GridOperator];

    /// The role with this number, as in the ABI.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|role| *role as u8 == number)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Grant {
    pub role: Role,
    pub holder: Address,
    pub issuer: Address,
    /// The role is held before this time.
    pub until_ms: u64,
}

impl Record for Grant {
    const MAX_BYTES: u32 = 49;
}

/// That `issuer` may grant `role`. Written at genesis alone.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Issuer {
    pub role: Role,
    pub issuer: Address,
}

impl Record for Issuer {
    const MAX_BYTES: u32 = 21;
}

pub const GRANT: Table<(Role, Address), Grant> = Table::new(0x20, "grant");
pub const ISSUER: Table<(Role, Address), Issuer> = Table::new(0x21, "issuer");

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Issuer: grants or prolongs. Another issuer's grant that still lasts is not touched.
    Grant { role: Role, to: Address, until_ms: u64 },
    /// The issuer that granted it: takes it back at once.
    Revoke { role: Role, from: Address },
    /// Holder: gives it up.
    Renounce { role: Role },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Granted { role: Role, holder: Address, issuer: Address, until_ms: u64 },
    Ended { role: Role, holder: Address },
}

/// In order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    NotIssuerOfRole { role: Role, caller: Address },
    BadUntil { until_ms: u64, min_ms: u64, max_ms: u64 },
    HeldFromOther { issuer: Address },
    NotHeld { role: Role, holder: Address },
}

/// Whether `who` holds `role` at `now_ms`.
///
/// # Errors
/// What the source says.
pub fn has(s: &mut (impl Source + ?Sized), role: Role, who: Address, now_ms: u64) -> Result<bool, Stop> {
    Ok(GRANT.get(s, &(role, who))?.is_some_and(|grant| now_ms < grant.until_ms))
}

/// Names an issuer. For genesis.
pub fn recognise(d: &mut Draft<'_>, role: Role, issuer: Address) {
    ISSUER.put(d, &(role, issuer), &Issuer { role, issuer });
}

/// Carries out one action for `d.env.caller`.
///
/// # Errors
/// A [`Refusal`], or a [`Stop`].
pub fn apply(d: &mut Draft<'_>, action: Action) -> Result<Output, Failure> {
    let (caller, now) = (d.env.caller, d.env.time_ms);
    match action {
        Action::Grant { role, to, until_ms } => {
            if ISSUER.get(d, &(role, caller))?.is_none() {
                return Err(Refusal::NotIssuerOfRole { role, caller }.into());
            }
            let max_ms = now.saturating_add(GRANT_MAX_MS);
            if until_ms <= now || until_ms > max_ms {
                return Err(Refusal::BadUntil { until_ms, min_ms: now.saturating_add(1), max_ms }.into());
            }
            let other = GRANT.get(d, &(role, to))?.filter(|grant| grant.issuer != caller && now < grant.until_ms);
            if let Some(grant) = other {
                return Err(Refusal::HeldFromOther { issuer: grant.issuer }.into());
            }
            GRANT.put(d, &(role, to), &Grant { role, holder: to, issuer: caller, until_ms });
            d.emit(Event::Granted { role, holder: to, issuer: caller, until_ms });
        }
        Action::Revoke { role, from } => {
            let grant = GRANT.get(d, &(role, from))?.ok_or(Refusal::NotHeld { role, holder: from })?;
            if grant.issuer != caller {
                return Err(Refusal::NotIssuerOfRole { role, caller }.into());
            }
            end(d, role, from);
        }
        Action::Renounce { role } => {
            GRANT.get(d, &(role, caller))?.ok_or(Refusal::NotHeld { role, holder: caller })?;
            end(d, role, caller);
        }
    }
    Ok(Output::None)
}

fn end(d: &mut Draft<'_>, role: Role, holder: Address) {
    GRANT.remove(d, &(role, holder));
    d.emit(Event::Ended { role, holder });
}

#[cfg(test)]
mod tests;
