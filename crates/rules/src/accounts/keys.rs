//! Keys: given, taken back, asked for before a transaction, and charged for what leaves by them.

use super::*;
use crate::bounds::{AMOUNT_MAX, TIME_MAX_MS};
use crate::credits::CreditId;
use crate::{Source, Stop, is_module};

/// One call of a transaction, as far as a key's scope is concerned.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// `None`: a contract is made.
    pub to: Option<Address>,
    /// Whether coin goes with it.
    pub value: bool,
    pub data: &'a [u8],
}

/// Whether the key that `account`'s address is made from still stands: false once the account was recovered. Ask it before
/// anything that this key signed is taken: a transaction, an authorisation (EIP-7702), code that one installed.
///
/// # Errors
/// What the source says.
pub fn root_stands(s: &mut (impl Source + ?Sized), account: Address) -> Result<bool, Stop> {
    Ok(ring(s, account)?.epoch == 0)
}

/// Whether `key`, which signed as `kind`, may act for `account` and make all of `calls` now. Ask it before a transaction that
/// an access key signed is run; what leaves by the key is charged later, where it leaves. The answer is whether it is a full
/// key, as good as the root.
///
/// # Errors
/// `UnknownKey`, `KeyRevoked`, `KeyReplaced`, `KeyExpired`, `WrongKind`; for a limited key `CreationOutOfScope`,
/// `ValueOutOfScope`, `TargetOutOfScope`, `SelectorOutOfScope`; or a [`Stop`].
pub fn admit<'c>(
    s: &mut (impl Source + ?Sized),
    now_ms: u64,
    account: Address,
    key: Address,
    kind: KeyKind,
    calls: impl IntoIterator<Item = Call<'c>>,
) -> Result<bool, Failure> {
    let terms = standing(s, now_ms, account, key)?.terms;
    if terms.kind != kind {
        return Err(Refusal::WrongKind { have: kind as u8, want: terms.kind as u8 }.into());
    }
    if terms.admin {
        return Ok(true);
    }
    for call in calls {
        in_scope(&terms.scopes, &call)?;
    }
    Ok(false)
}

/// A call of this module is let through: what a limited key may do here is decided in [`super::apply`].
fn in_scope(scopes: &[Scope], call: &Call<'_>) -> Result<(), Refusal> {
    let target = call.to.ok_or(Refusal::CreationOutOfScope)?;
    if call.value {
        return Err(Refusal::ValueOutOfScope);
    }
    if target == MODULE {
        return Ok(());
    }
    let scope = scopes.iter().find(|scope| scope.target == target).ok_or(Refusal::TargetOutOfScope { target })?;
    let selector = call.data.first_chunk::<4>().copied();
    if scope.selectors.is_empty() || selector.is_some_and(|selector| scope.selectors.contains(&selector)) {
        return Ok(());
    }
    Err(Refusal::SelectorOutOfScope { target, selector: selector.unwrap_or_default() })
}

/// The key's record, where it may act for `account` now.
///
/// # Errors
/// `UnknownKey`, `KeyRevoked`, `KeyReplaced`, `KeyExpired`; or a [`Stop`].
pub(super) fn standing(
    s: &mut (impl Source + ?Sized),
    now_ms: u64,
    account: Address,
    key: Address,
) -> Result<AccessKey, Failure> {
    let record = KEYS.get(s, &(account, key))?.ok_or(Refusal::UnknownKey { account, key })?;
    let epoch = ring(s, account)?.epoch;
    match record.fallen(now_ms, epoch) {
        None => Ok(record),
        Some(refusal) => Err(refusal.into()),
    }
}

/// The caller acts with all the rights of its account: by its root key, by an admin key, or as the contract that it is.
///
/// # Errors
/// `RootReplaced`, `KeyMayNot`, those of [`standing`].
pub(super) fn require_full(d: &mut Draft<'_>) -> Result<(), Failure> {
    let (account, now) = (d.env.caller, d.env.time_ms);
    require_full_of(d, now, account, d.env.key)
}

fn require_full_of(s: &mut (impl Source + ?Sized), now_ms: u64, account: Address, by: Option<Address>) -> Result<(), Failure> {
    let Some(key) = by else {
        let stands = root_stands(s, account)?;
        return if stands { Ok(()) } else { Err(Refusal::RootReplaced { account }.into()) };
    };
    let admin = standing(s, now_ms, account, key)?.terms.admin;
    if admin { Ok(()) } else { Err(Refusal::KeyMayNot { key }.into()) }
}

/// Counts `amount` of `credit`, which leaves at the caller's word, against the key that the caller acts by. The one place
/// where limits are held: [`crate::credits`] asks it wherever money leaves.
///
/// # Errors
/// `LimitExceeded`, those of [`standing`].
pub(crate) fn spend(d: &mut Draft<'_>, credit: CreditId, amount: Amount) -> Result<(), Failure> {
    let Some(key) = d.env.key else { return Ok(()) };
    let (account, now) = (d.env.caller, d.env.time_ms);
    let mut record = standing(d, now, account, key)?;
    if record.terms.admin {
        return Ok(());
    }
    let place = record.terms.limits.iter().position(|limit| limit.credit == credit);
    let left = place.map_or(0, |place| record.left(place, now));
    if amount > left {
        return Err(Refusal::LimitExceeded { credit: credit.0, left, want: amount }.into());
    }
    if let Some(place) = place.filter(|_| amount > 0) {
        record.count(place, now, amount);
        KEYS.put(d, &(account, key), &record);
    }
    Ok(())
}

/// Upon `AuthorizeKey`: see [`authorize_signed`].
pub(super) fn authorize(d: &mut Draft<'_>, key: Address, terms: KeyTerms) -> Result<Output, Failure> {
    let account = d.env.caller;
    give(d, account, key, terms)?;
    Ok(Output::None)
}

/// Takes over an authorisation that the root key (`by` is `None`) or an admin key of `account` signed. The caller has checked
/// that signature, and that it was made for this chain.
///
/// # Errors
/// `RootReplaced`, `KeyMayNot`, those of a key that does not stand; `NotAKey`, `KeyKnown`, `OutOfBounds`, `TooManyKeys`.
pub fn authorize_signed(
    d: &mut Draft<'_>,
    account: Address,
    by: Option<Address>,
    key: Address,
    terms: KeyTerms,
) -> Result<(), Failure> {
    let now = d.env.time_ms;
    require_full_of(d, now, account, by)?;
    give(d, account, key, terms)
}

fn give(d: &mut Draft<'_>, account: Address, key: Address, terms: KeyTerms) -> Result<(), Failure> {
    check_key(account, key)?;
    if KEYS.get(d, &(account, key))?.is_some() {
        return Err(Refusal::KeyKnown { key }.into());
    }
    let now = d.env.time_ms;
    check_terms(&terms, account, now)?;
    let mut ring = ring(d, account)?;
    if !list_fits(&ring.keys, KEYS_MAX - 1) {
        drop_expired(d, &mut ring)?;
    }
    if !list_fits(&ring.keys, KEYS_MAX - 1) {
        return Err(Refusal::TooManyKeys { max: KEYS_MAX }.into());
    }
    put_key(d, ring, key, terms);
    Ok(())
}

/// Lists a key and tells. What stood under this address before is gone.
pub(super) fn put_key(d: &mut Draft<'_>, mut ring: Ring, key: Address, terms: KeyTerms) {
    let (account, epoch) = (ring.account, ring.epoch);
    ring.keys.push(key);
    RINGS.put(d, &account, &ring);
    let KeyTerms { kind, admin, expires_ms, .. } = terms;
    let used = vec![Used::default(); terms.limits.len()];
    let record = AccessKey { account, key, terms, epoch, since_ms: d.env.time_ms, revoked: false, used };
    KEYS.put(d, &(account, key), &record);
    d.emit(Event::KeyAuthorized { account, key, kind, admin, expires_ms });
}

/// The account may revoke any of its keys, a limited key itself. The account may also revoke a key that it never had, so that an
/// authorisation that somebody holds and has not used is good for nothing any more.
pub(super) fn revoke(d: &mut Draft<'_>, key: Address) -> Result<Output, Failure> {
    let (account, now) = (d.env.caller, d.env.time_ms);
    if d.env.key == Some(key) {
        standing(d, now, account, key)?;
    } else {
        require_full(d)?;
    }
    let mut ring = ring(d, account)?;
    let mut record = match KEYS.get(d, &(account, key))? {
        Some(record) => record,
        None => {
            check_key(account, key)?;
            AccessKey::that_never_was(account, key, ring.epoch, now)
        }
    };
    match record.fallen(now, ring.epoch) {
        // One that has run out may still be revoked: it makes room.
        None | Some(Refusal::KeyExpired { .. }) => {}
        Some(refusal) => return Err(refusal.into()),
    }
    if record.terms.admin && ring.epoch > 0 && !has_other_admin(d, &ring, key)? {
        return Err(Refusal::LastKey { key }.into());
    }
    record.revoked = true;
    // A revoked key needs no terms: only that it was revoked is kept for ever.
    record.terms.limits.clear();
    record.terms.scopes.clear();
    record.used.clear();
    KEYS.put(d, &(account, key), &record);
    if let Some(place) = ring.keys.iter().position(|listed| *listed == key) {
        ring.keys.remove(place);
        RINGS.put(d, &account, &ring);
    }
    d.emit(Event::KeyRevoked { account, key });
    Ok(Output::None)
}

fn has_other_admin(s: &mut (impl Source + ?Sized), ring: &Ring, but: Address) -> Result<bool, Stop> {
    for key in ring.keys.iter().filter(|key| **key != but) {
        if KEYS.get(s, &(ring.account, *key))?.is_some_and(|record| record.terms.admin) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Keys that have run out need no place in the list.
fn drop_expired(d: &mut Draft<'_>, ring: &mut Ring) -> Result<(), Stop> {
    let now = d.env.time_ms;
    let mut kept = Vec::new();
    for key in &ring.keys {
        if KEYS.get(d, &(ring.account, *key))?.is_some_and(|record| record.fallen(now, ring.epoch).is_none()) {
            kept.push(*key);
        }
    }
    ring.keys = kept;
    Ok(())
}

/// The account's ring, empty for an account that never had a key beside its first.
pub(super) fn ring(s: &mut (impl Source + ?Sized), account: Address) -> Result<Ring, Stop> {
    Ok(RINGS.get(s, &account)?.unwrap_or(Ring { account, epoch: 0, keys: Vec::new() }))
}

/// Every listed key of `account`, those that have run out included.
///
/// # Errors
/// What the source says.
pub fn keys_of(s: &mut (impl Source + ?Sized), account: Address) -> Result<Vec<AccessKey>, Stop> {
    let mut keys = Vec::new();
    for key in ring(s, account)?.keys {
        keys.extend(KEYS.get(s, &(account, key))?);
    }
    Ok(keys)
}

/// An address that could be that of a key beside the account's first.
pub(super) fn check_key(account: Address, key: Address) -> Result<(), Refusal> {
    if key == Address::ZERO || key == account || is_module(&key) { Err(Refusal::NotAKey { key }) } else { Ok(()) }
}

fn check_terms(terms: &KeyTerms, account: Address, now_ms: u64) -> Result<(), Failure> {
    let KeyTerms { admin, expires_ms, limits, scopes, .. } = terms;
    if *admin {
        return within(*expires_ms == 0 && limits.is_empty() && scopes.is_empty(), Field::Admin);
    }
    let latest_ms = now_ms.saturating_add(KEY_MAX_MS).min(TIME_MAX_MS);
    within(*expires_ms > now_ms && *expires_ms <= latest_ms, Field::Expiry)?;
    within(list_fits(limits, LIMITS_MAX) && differ(limits.iter().map(|limit| limit.credit.0)), Field::Limits)?;
    within(limits.iter().all(|limit| limit.amount <= AMOUNT_MAX), Field::Amount)?;
    let period_fits = |ms| ms == 0 || (PERIOD_MIN_MS..=PERIOD_MAX_MS).contains(&ms);
    within(limits.iter().all(|limit| period_fits(limit.period_ms)), Field::Period)?;
    within(!scopes.is_empty() && list_fits(scopes, SCOPES_MAX), Field::Scopes)?;
    within(differ(scopes.iter().map(|scope| scope.target)), Field::Scopes)?;
    // Code that an account has taken on (EIP-7702) may do for the account itself whatever it is told to.
    within(scopes.iter().all(|scope| scope.target != MODULE && scope.target != account), Field::Scopes)?;
    within(scopes.iter().all(|scope| list_fits(&scope.selectors, SELECTORS_MAX)), Field::Selectors)
}

/// No address comes twice. Lists are bounded and short.
fn differ(addresses: impl Iterator<Item = Address>) -> bool {
    let mut seen = Vec::new();
    for address in addresses {
        if seen.contains(&address) {
            return false;
        }
        seen.push(address);
    }
    true
}

impl AccessKey {
    /// A key that runs out as it comes. Nobody has said of which kind it would be.
    fn that_never_was(account: Address, key: Address, epoch: u32, now_ms: u64) -> Self {
        let (limits, scopes) = (Vec::new(), Vec::new());
        let terms = KeyTerms { kind: KeyKind::Secp256k1, admin: false, expires_ms: now_ms, limits, scopes };
        Self { account, key, terms, epoch, since_ms: now_ms, revoked: false, used: Vec::new() }
    }

    /// Why this key may not act, where it may not; `epoch` is its account's.
    pub fn fallen(&self, now_ms: u64, epoch: u32) -> Option<Refusal> {
        let (key, expires_ms) = (self.key, self.terms.expires_ms);
        if self.revoked {
            Some(Refusal::KeyRevoked { key })
        } else if self.epoch != epoch {
            Some(Refusal::KeyReplaced { key })
        } else if !self.terms.admin && now_ms >= expires_ms {
            Some(Refusal::KeyExpired { expires_ms })
        } else {
            None
        }
    }

    /// Which period of the limit at `place` `now_ms` lies in.
    pub(super) fn period_at(&self, place: usize, now_ms: u64) -> u32 {
        let period_ms = self.terms.limits.get(place).map_or(0, |limit| limit.period_ms);
        let period = now_ms.saturating_sub(self.since_ms).checked_div(period_ms).unwrap_or_default();
        u32::try_from(period).unwrap_or(u32::MAX)
    }

    /// What may still leave by the limit at `place` in the period of `now_ms`.
    pub fn left(&self, place: usize, now_ms: u64) -> Amount {
        let (Some(limit), Some(used)) = (self.terms.limits.get(place), self.used.get(place)) else { return 0 };
        let spent = if used.period == self.period_at(place, now_ms) { used.spent } else { 0 };
        limit.amount.saturating_sub(spent)
    }

    fn count(&mut self, place: usize, now_ms: u64, amount: Amount) {
        let period = self.period_at(place, now_ms);
        if let Some(used) = self.used.get_mut(place) {
            let before = if used.period == period { used.spent } else { 0 };
            *used = Used { period, spent: before.saturating_add(amount) };
        }
    }
}
