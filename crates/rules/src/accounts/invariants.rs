//! What always holds: one function an invariant, over all records.

use super::*;
use crate::deadlines::{Due, ENTRY, SHIFT_MAX};
use crate::{Memory, Violation};
use std::collections::{BTreeMap, BTreeSet};

/// A dump of the institution's records.
struct All {
    keys: BTreeMap<(Address, Address), AccessKey>,
    rings: BTreeMap<Address, Ring>,
    guardianships: Vec<Guardianship>,
    sealing_keys: Vec<SealingKey>,
    due: BTreeSet<(Address, u64)>,
}

/// ACCOUNTS-1 to ACCOUNTS-7.
///
/// # Errors
/// A record that does not decode.
pub fn audit(all: &Memory) -> Result<Vec<Violation>, Stop> {
    let entries = ENTRY.scan(all)?;
    let all = All {
        keys: KEYS.scan(all)?.into_iter().map(|key| ((key.account, key.key), key)).collect(),
        rings: RINGS.scan(all)?.into_iter().map(|ring| (ring.account, ring)).collect(),
        guardianships: GUARDIANSHIPS.scan(all)?,
        sealing_keys: SEALING_KEYS.scan(all)?,
        due: entries
            .iter()
            .filter_map(|entry| match entry.due {
                Due::Recovery(account) => Some((account, entry.second)),
                Due::Order(_) | Due::Dispute(_) | Due::Auction(_) | Due::Slot(..) | Due::Sharing(..) | Due::Challenge(_) => None,
            })
            .collect(),
    };
    let checks: [fn(&All) -> Vec<Violation>; 7] = [
        rings_list_keys_that_stand,
        keys_keep_their_limits,
        scopes_leave_the_account_alone,
        guardians_are_within_their_bounds,
        recoveries_that_wait_have_guardians_and_deadlines,
        recovered_accounts_have_a_key,
        sealing_keys_have_their_length,
    ];
    Ok(checks.iter().flat_map(|check| check(&all)).collect())
}

fn rings_list_keys_that_stand(all: &All) -> Vec<Violation> {
    let stands = |ring: &Ring, key: &Address| {
        all.keys.get(&(ring.account, *key)).is_some_and(|record| !record.revoked && record.epoch == ring.epoch)
    };
    let mut wrong = violations("ACCOUNTS-1", all.rings.values(), |ring| {
        let once: BTreeSet<_> = ring.keys.iter().collect();
        !list_fits(&ring.keys, KEYS_MAX) || once.len() != ring.keys.len() || !ring.keys.iter().all(|key| stands(ring, key))
    });
    // A limited key that has run out may have made room.
    wrong.extend(violations("ACCOUNTS-1", all.keys.values(), |record| {
        let listed = |ring: &Ring| record.epoch != ring.epoch || ring.keys.contains(&record.key);
        record.terms.admin && !record.revoked && !all.rings.get(&record.account).is_some_and(listed)
    }));
    wrong
}

fn keys_keep_their_limits(all: &All) -> Vec<Violation> {
    violations("ACCOUNTS-2", all.keys.values(), |record| {
        let KeyTerms { admin, expires_ms, limits, scopes, .. } = &record.terms;
        let over = limits.iter().zip(&record.used).any(|(limit, used)| used.spent > limit.amount);
        let bounded = *expires_ms > 0 || !limits.is_empty() || !scopes.is_empty();
        over || limits.len() != record.used.len() || *admin == bounded
    })
}

fn scopes_leave_the_account_alone(all: &All) -> Vec<Violation> {
    violations("ACCOUNTS-3", all.keys.values(), |record| {
        record.terms.scopes.iter().any(|scope| scope.target == MODULE || scope.target == record.account)
    })
}

fn guardians_are_within_their_bounds(all: &All) -> Vec<Violation> {
    let fits = |set: &GuardianSet| {
        (GUARDIANS_MIN..=GUARDIANS_MAX).contains(&set.count) && set.threshold > 0 && set.threshold < set.count
    };
    violations("ACCOUNTS-4", all.guardianships.iter(), |record| {
        let each: BTreeSet<_> = record.named.iter().map(|named| named.guardian).collect();
        let next = record.next.and_then(|next| next.set);
        !fits(&record.set)
            || next.is_some_and(|set| !fits(&set))
            || each.len() != record.named.len()
            || each.len() > usize::from(record.set.count)
    })
}

fn recoveries_that_wait_have_guardians_and_deadlines(all: &All) -> Vec<Violation> {
    violations("ACCOUNTS-5", all.guardianships.iter(), |record| {
        record.waiting.is_some_and(|waiting| {
            let needed = record.set.threshold.saturating_add(u8::from(waiting.again));
            let from = (record.account, waiting.deadline_ms.div_ceil(1_000));
            // An entry may have been shifted to a later second, or be due in this very block.
            let to = (record.account, from.1.saturating_add(u64::from(SHIFT_MAX)));
            record.naming(waiting.key, waiting.kind) < needed || all.due.range(from..=to).next().is_none()
        })
    })
}

fn recovered_accounts_have_a_key(all: &All) -> Vec<Violation> {
    violations("ACCOUNTS-6", all.rings.values(), |ring| {
        let admin = |key: &Address| all.keys.get(&(ring.account, *key)).is_some_and(|record| record.terms.admin);
        ring.epoch > 0 && !ring.keys.iter().any(admin)
    })
}

fn sealing_keys_have_their_length(all: &All) -> Vec<Violation> {
    violations("ACCOUNTS-7", all.sealing_keys.iter(), |record| {
        let fits = |key: &Vec<u8>| key.len() as u64 == u64::from(record.kind.bytes());
        !fits(&record.public_key) || record.previous.as_ref().is_some_and(|previous| !fits(&previous.public_key))
    })
}

fn violations<'a, T: std::fmt::Debug + 'a>(
    invariant: &'static str,
    records: impl Iterator<Item = &'a T>,
    wrong: impl Fn(&T) -> bool,
) -> Vec<Violation> {
    records.filter(|record| wrong(record)).map(|record| Violation::new(invariant, format!("{record:?}"))).collect()
}
