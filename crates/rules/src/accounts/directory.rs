//! The directory: which public keys things are sealed to.

use super::*;
use alloy_primitives::keccak256;

pub(super) fn publish(d: &mut Draft<'_>, kind: SealingKind, public_key: Vec<u8>, keep_ms: u64) -> Result<Output, Failure> {
    within(public_key.len() as u64 == u64::from(kind.bytes()), Field::PublicKey)?;
    within(keep_ms <= OVERLAP_MAX_MS, Field::Overlap)?;
    let (account, now) = (d.env.caller, d.env.time_ms);
    let previous = SEALING_KEYS
        .get(d, &(account, kind))?
        .filter(|_| keep_ms > 0)
        .map(|old| PreviousKey { public_key: old.public_key, until_ms: now.saturating_add(keep_ms) });
    let key_hash = keccak256(&public_key);
    let previous_until_ms = previous.as_ref().map_or(0, |previous| previous.until_ms);
    SEALING_KEYS.put(d, &(account, kind), &SealingKey { account, kind, public_key, since_ms: now, previous });
    d.emit(Event::SealingKeySet { account, kind, key_hash, previous_until_ms });
    Ok(Output::None)
}

pub(super) fn withdraw(d: &mut Draft<'_>, kind: SealingKind) -> Result<Output, Failure> {
    let account = d.env.caller;
    SEALING_KEYS.get(d, &(account, kind))?.ok_or(Refusal::NoSealingKey { account })?;
    SEALING_KEYS.remove(d, &(account, kind));
    d.emit(Event::SealingKeyWithdrawn { account, kind });
    Ok(Output::None)
}
