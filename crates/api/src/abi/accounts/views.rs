//! Questions, and records as Solidity sees them.

use super::IAccounts::{self, IAccountsCalls as C};
use super::{powers, sol_scopes};
use crate::abi::View;
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolValue as _;
use dure_rules::accounts::*;
use dure_rules::{Draft, Failure};

/// The question, or `None` where the call asks for an action.
pub(super) fn decode(call: C) -> Option<View> {
    Some(match call {
        C::rootStands(c) => Box::new(move |d| Ok(root_stands(d, c.account)?.abi_encode())),
        C::keysOf(c) => Box::new(move |d| {
            let mut answer = Vec::new();
            for record in keys_of(d, c.account)? {
                answer.push(key(d, record)?);
            }
            Ok(answer.abi_encode())
        }),
        C::keyOf(c) => Box::new(move |d| {
            let (account, key_asked) = (c.account, c.key);
            let record = KEYS.get(d, &(account, key_asked))?.ok_or(Refusal::UnknownKey { account, key: key_asked })?;
            Ok(key(d, record)?.abi_encode())
        }),
        C::reachOf(c) => Box::new(move |d| {
            let now = d.env.time_ms;
            Ok(sol_reach(reach(d, now, c.account, c.key, powers)?).abi_encode())
        }),
        C::guardiansOf(c) => Box::new(move |d| Ok(guardians(known(d, c.account)?).abi_encode())),
        C::recoveryOf(c) => Box::new(move |d| {
            let now = d.env.time_ms;
            Ok(recovery(known(d, c.account)?, now).abi_encode())
        }),
        _ => return None,
    })
}

pub(super) fn sealing_key(account: Address, kind: SealingKind) -> View {
    Box::new(move |d| {
        let record = SEALING_KEYS.get(d, &(account, kind))?.ok_or(Refusal::NoSealingKey { account })?;
        let previous = record.previous.filter(|previous| d.env.time_ms < previous.until_ms);
        let (previous_key, until_ms) = previous.map_or((Vec::new(), 0), |previous| (previous.public_key, previous.until_ms));
        let answer = IAccounts::SealingKey {
            publicKey: record.public_key.into(),
            sinceMs: record.since_ms,
            previousKey: previous_key.into(),
            previousUntilMs: until_ms,
        };
        Ok(answer.abi_encode())
    })
}

fn known(d: &mut Draft<'_>, account: Address) -> Result<Guardianship, Failure> {
    let now = d.env.time_ms;
    Ok(guardianship(d, account, now)?.ok_or(Refusal::NoGuardians { account })?)
}

fn key(d: &mut Draft<'_>, record: AccessKey) -> Result<IAccounts::Key, Failure> {
    let now = d.env.time_ms;
    let epoch = RINGS.get(d, &record.account)?.map_or(0, |ring| ring.epoch);
    let left = |(place, limit): (usize, &Limit)| IAccounts::Left {
        credit: limit.credit.0,
        amount: U256::from(limit.amount),
        periodMs: limit.period_ms,
        left: U256::from(record.left(place, now)),
    };
    Ok(IAccounts::Key {
        key: record.key,
        kind: record.terms.kind as u8,
        admin: record.terms.admin,
        stands: record.fallen(now, epoch).is_none(),
        sinceMs: record.since_ms,
        expiresMs: record.terms.expires_ms,
        limits: record.terms.limits.iter().enumerate().map(left).collect(),
        scopes: sol_scopes(record.terms.scopes),
    })
}

/// A key that does not stand reaches nothing.
fn sol_reach(reach: Option<Reach>) -> IAccounts::Reach {
    let nothing = Reach { admin: false, until_ms: 0, credits: Vec::new(), scopes: Vec::new(), powers: Powers::default() };
    let Reach { admin, until_ms, credits, scopes, powers } = reach.unwrap_or(nothing);
    let credit = |credit: CreditReach| IAccounts::CreditReach {
        credit: credit.credit.0,
        now: U256::from(credit.now),
        periodMs: credit.period_ms,
        perPeriod: U256::from(credit.per_period),
        untilExpiry: U256::from(credit.until_expiry),
    };
    let credits = credits.into_iter().map(credit).collect();
    IAccounts::Reach { admin, untilMs: until_ms, credits, scopes: sol_scopes(scopes), powers: powers.0 }
}

fn guardians(record: Guardianship) -> IAccounts::Guardians {
    let GuardianSet { commitment, threshold, count } = record.set;
    let from_ms = record.next.map_or(0, |next| next.from_ms);
    let next = record.next.and_then(|next| next.set);
    IAccounts::Guardians {
        commitment,
        threshold,
        count,
        nextFromMs: from_ms,
        nextCommitment: next.map_or_else(Default::default, |set| set.commitment),
        nextThreshold: next.map_or(0, |set| set.threshold),
        nextCount: next.map_or(0, |set| set.count),
    }
}

fn recovery(record: Guardianship, now_ms: u64) -> IAccounts::Recovery {
    let naming = |n: &Naming| IAccounts::Naming { guardian: n.guardian, key: n.key, kind: n.kind as u8, atMs: n.at_ms };
    IAccounts::Recovery {
        stage: record.stage(now_ms) as u8,
        key: record.waiting.map_or(Address::ZERO, |waiting| waiting.key),
        kind: record.waiting.map_or(0, |waiting| waiting.kind as u8),
        deadlineMs: record.waiting.map_or(0, |waiting| waiting.deadline_ms),
        needed: record.needed(now_ms),
        vetoedMs: record.vetoed_ms,
        named: record.named.iter().map(naming).collect(),
    }
}
