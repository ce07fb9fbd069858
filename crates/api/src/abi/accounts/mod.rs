//! Keys, guardians and sealing keys of accounts.

mod interface;
mod powers;
mod views;

pub use interface::IAccounts;
pub use powers::powers;

use super::{Ask, CallError, amount, logged, parse};
use alloy_primitives::{Bytes, FixedBytes, Log, U256};
use alloy_sol_types::{SolCall as _, SolError as _};
use dure_rules::accounts::{Action, Event, KeyKind, KeyTerms, Limit, MODULE, Refusal, Scope, SealingKind};
use dure_rules::credits::CreditId;

pub(super) fn decode(data: &[u8]) -> Result<Ask, CallError> {
    use IAccounts::IAccountsCalls as C;
    let kind = |number| KeyKind::from_number(number).ok_or(CallError::Malformed);
    let sealing = |number| SealingKind::from_number(number).ok_or(CallError::Malformed);
    let action = match parse::<C>(data)? {
        C::authorizeKey(c) => Action::AuthorizeKey { key: c.key, terms: terms(c.terms)? },
        C::revokeKey(c) => Action::RevokeKey { key: c.key },
        C::setGuardians(c) => Action::SetGuardians { commitment: c.commitment, threshold: c.threshold, count: c.count },
        C::nameKey(c) => {
            Action::NameKey { account: c.account, key: c.key, kind: kind(c.kind)?, salt: c.salt, guardians: c.guardians }
        }
        C::vetoRecovery(_) => Action::VetoRecovery,
        C::runDeadline(c) => Action::RunDeadline { account: c.account },
        C::publishSealingKey(c) => {
            Action::PublishSealingKey { kind: sealing(c.kind)?, public_key: c.publicKey.to_vec(), keep_ms: c.keepMs }
        }
        C::withdrawSealingKey(c) => Action::WithdrawSealingKey { kind: sealing(c.kind)? },
        C::sealingKeyOf(c) => return Ok(Ask::View(views::sealing_key(c.account, sealing(c.kind)?))),
        question => return views::decode(question).map(Ask::View).ok_or(CallError::Malformed),
    };
    Ok(Ask::Action(action.into()))
}

pub(super) fn encode(action: &Action) -> Bytes {
    match action.clone() {
        Action::AuthorizeKey { key, terms } => IAccounts::authorizeKeyCall { key, terms: sol_terms(terms) }.abi_encode(),
        Action::RevokeKey { key } => IAccounts::revokeKeyCall { key }.abi_encode(),
        Action::SetGuardians { commitment, threshold, count } => {
            IAccounts::setGuardiansCall { commitment, threshold, count }.abi_encode()
        }
        Action::NameKey { account, key, kind, salt, guardians } => {
            IAccounts::nameKeyCall { account, key, kind: kind as u8, salt, guardians }.abi_encode()
        }
        Action::VetoRecovery => IAccounts::vetoRecoveryCall {}.abi_encode(),
        Action::RunDeadline { account } => IAccounts::runDeadlineCall { account }.abi_encode(),
        Action::PublishSealingKey { kind, public_key, keep_ms } => {
            IAccounts::publishSealingKeyCall { kind: kind as u8, publicKey: public_key.into(), keepMs: keep_ms }.abi_encode()
        }
        Action::WithdrawSealingKey { kind } => IAccounts::withdrawSealingKeyCall { kind: kind as u8 }.abi_encode(),
    }
    .into()
}

/// What an account allows a key, as the rules have it.
///
/// # Errors
/// `Malformed` for a kind that does not exist.
fn terms(t: IAccounts::KeyTerms) -> Result<KeyTerms, CallError> {
    let limit = |l: IAccounts::Limit| Limit { credit: CreditId(l.credit), amount: amount(l.amount), period_ms: l.periodMs };
    let scope = |s: IAccounts::Scope| Scope { target: s.target, selectors: s.selectors.into_iter().map(|s| s.0).collect() };
    Ok(KeyTerms {
        kind: KeyKind::from_number(t.kind).ok_or(CallError::Malformed)?,
        admin: t.admin,
        expires_ms: t.expiresMs,
        limits: t.limits.into_iter().map(limit).collect(),
        scopes: t.scopes.into_iter().map(scope).collect(),
    })
}

fn sol_terms(t: KeyTerms) -> IAccounts::KeyTerms {
    let limit = |l: Limit| IAccounts::Limit { credit: l.credit.0, amount: U256::from(l.amount), periodMs: l.period_ms };
    IAccounts::KeyTerms {
        kind: t.kind as u8,
        admin: t.admin,
        expiresMs: t.expires_ms,
        limits: t.limits.into_iter().map(limit).collect(),
        scopes: sol_scopes(t.scopes),
    }
}

fn sol_scopes(scopes: Vec<Scope>) -> Vec<IAccounts::Scope> {
    let scope = |s: Scope| IAccounts::Scope { target: s.target, selectors: s.selectors.into_iter().map(FixedBytes).collect() };
    scopes.into_iter().map(scope).collect()
}

pub(super) fn log(event: &Event) -> Log {
    match *event {
        Event::KeyAuthorized { account, key, kind, admin, expires_ms } => {
            logged(MODULE, &IAccounts::KeyAuthorized { account, key, kind: kind as u8, admin, expiresMs: expires_ms })
        }
        Event::KeyRevoked { account, key } => logged(MODULE, &IAccounts::KeyRevoked { account, key }),
        Event::GuardiansSet { account, commitment, threshold, count, from_ms } => {
            logged(MODULE, &IAccounts::GuardiansSet { account, commitment, threshold, count, fromMs: from_ms })
        }
        Event::KeyNamed { account, guardian, key, named, needed } => {
            logged(MODULE, &IAccounts::KeyNamed { account, guardian, key, named, needed })
        }
        Event::RecoveryBegun { account, key, again, deadline_ms } => {
            logged(MODULE, &IAccounts::RecoveryBegun { account, key, again, deadlineMs: deadline_ms })
        }
        Event::RecoveryDropped { account, key } => logged(MODULE, &IAccounts::RecoveryDropped { account, key }),
        Event::RecoveryVetoed { account, key, again_ms } => {
            logged(MODULE, &IAccounts::RecoveryVetoed { account, key, againMs: again_ms })
        }
        Event::Recovered { account, key, epoch } => logged(MODULE, &IAccounts::Recovered { account, key, epoch }),
        Event::SealingKeySet { account, kind, key_hash, previous_until_ms } => {
            let kind = kind as u8;
            logged(MODULE, &IAccounts::SealingKeySet { account, kind, keyHash: key_hash, previousUntilMs: previous_until_ms })
        }
        Event::SealingKeyWithdrawn { account, kind } => {
            logged(MODULE, &IAccounts::SealingKeyWithdrawn { account, kind: kind as u8 })
        }
    }
}

pub(super) fn error(refusal: &Refusal) -> Vec<u8> {
    match *refusal {
        Refusal::RootReplaced { account } => IAccounts::RootReplaced { account }.abi_encode(),
        Refusal::UnknownKey { account, key } => IAccounts::UnknownKey { account, key }.abi_encode(),
        Refusal::KeyRevoked { key } => IAccounts::KeyIsRevoked { key }.abi_encode(),
        Refusal::KeyReplaced { key } => IAccounts::KeyReplaced { key }.abi_encode(),
        Refusal::KeyExpired { expires_ms } => IAccounts::KeyExpired { expiresMs: expires_ms }.abi_encode(),
        Refusal::WrongKind { have, want } => IAccounts::WrongKind { have, want }.abi_encode(),
        Refusal::CreationOutOfScope => IAccounts::CreationOutOfScope {}.abi_encode(),
        Refusal::ValueOutOfScope => IAccounts::ValueOutOfScope {}.abi_encode(),
        Refusal::TargetOutOfScope { target } => IAccounts::TargetOutOfScope { target }.abi_encode(),
        Refusal::SelectorOutOfScope { target, selector } => {
            IAccounts::SelectorOutOfScope { target, selector: FixedBytes(selector) }.abi_encode()
        }
        Refusal::LimitExceeded { credit, left, want } => {
            IAccounts::LimitExceeded { credit, left: U256::from(left), want: U256::from(want) }.abi_encode()
        }
        Refusal::KeyMayNot { key } => IAccounts::KeyMayNot { key }.abi_encode(),
        Refusal::NotAKey { key } => IAccounts::NotAKey { key }.abi_encode(),
        Refusal::KeyKnown { key } => IAccounts::KeyKnown { key }.abi_encode(),
        Refusal::OutOfBounds { field } => IAccounts::OutOfBounds { field: field as u8 }.abi_encode(),
        Refusal::TooManyKeys { max } => IAccounts::TooManyKeys { max }.abi_encode(),
        Refusal::LastKey { key } => IAccounts::LastKey { key }.abi_encode(),
        Refusal::NoGuardians { account } => IAccounts::NoGuardians { account }.abi_encode(),
        Refusal::GuardiansStay { until_ms } => IAccounts::GuardiansStay { untilMs: until_ms }.abi_encode(),
        Refusal::NotTheGuardians { commitment } => IAccounts::NotTheGuardians { commitment }.abi_encode(),
        Refusal::NotAGuardian { caller } => IAccounts::NotAGuardian { caller }.abi_encode(),
        Refusal::NothingWaits { account } => IAccounts::NothingWaits { account }.abi_encode(),
        Refusal::VetoedBefore { vetoed_ms } => IAccounts::VetoedBefore { vetoedMs: vetoed_ms }.abi_encode(),
        Refusal::NotDue { deadline_ms } => IAccounts::NotDue { deadlineMs: deadline_ms }.abi_encode(),
        Refusal::NoSealingKey { account } => IAccounts::NoSealingKey { account }.abi_encode(),
    }
}

#[cfg(test)]
mod tests;
