//! Guardians: named by the account, naming a new key for it, and what comes of it.

use super::keys::{check_key, put_key, ring};
use super::*;
use crate::deadlines::{self, Due};

/// Where an account's recovery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Too few guardians name the same key.
    Gathering,
    /// Enough do: the account may veto.
    Waiting,
    /// It did: one guardian more is needed.
    Vetoed,
    /// So many do: nothing but the guardians themselves can stop it.
    WaitingAgain,
}

impl Stage {
    pub const ALL: [Self; 4] = [Self::Gathering, Self::Waiting, Self::Vetoed, Self::WaitingAgain];
}

impl Guardianship {
    pub fn stage(&self, now_ms: u64) -> Stage {
        match self.waiting {
            Some(waiting) if waiting.again => Stage::WaitingAgain,
            Some(_) => Stage::Waiting,
            None if self.again(now_ms) => Stage::Vetoed,
            None => Stage::Gathering,
        }
    }

    /// Whether a request made now is the second one.
    fn again(&self, now_ms: u64) -> bool {
        self.vetoed_ms > 0 && now_ms < self.vetoed_ms.saturating_add(AGAIN_MS)
    }

    /// How many guardians must name the same key now.
    pub fn needed(&self, now_ms: u64) -> u8 {
        let again = self.waiting.map_or(self.again(now_ms), |waiting| waiting.again);
        self.set.threshold.saturating_add(u8::from(again))
    }

    /// How many name this key, of this kind.
    pub fn naming(&self, key: Address, kind: KeyKind) -> u8 {
        let same = self.named.iter().filter(|named| (named.key, named.kind) == (key, kind));
        u8::try_from(same.count()).unwrap_or(u8::MAX)
    }
}

/// The account's guardians as they are now, where it has any: others take over when their time has come, but not while a
/// recovery is on its way.
///
/// # Errors
/// What the source says.
pub fn guardianship(s: &mut (impl Source + ?Sized), account: Address, now_ms: u64) -> Result<Option<Guardianship>, Stop> {
    let Some(mut record) = GUARDIANSHIPS.get(s, &account)? else { return Ok(None) };
    if let Some(next) = record.next.filter(|next| now_ms >= next.from_ms && record.stage(now_ms) == Stage::Gathering) {
        let Some(set) = next.set else { return Ok(None) };
        record = Guardianship { account, set, next: None, named: Vec::new(), waiting: None, vetoed_ms: 0 };
    }
    record.named.retain(|named| record.waiting.is_some() || now_ms < named.at_ms.saturating_add(NAMING_MS));
    Ok(Some(record))
}

pub(super) fn set_guardians(d: &mut Draft<'_>, commitment: B256, threshold: u8, count: u8) -> Result<Output, Failure> {
    let (account, now) = (d.env.caller, d.env.time_ms);
    let set = match count {
        0 => {
            within(threshold == 0, Field::Threshold)?;
            None
        }
        _ => {
            within((GUARDIANS_MIN..=GUARDIANS_MAX).contains(&count), Field::Count)?;
            // Below the count, so that one more than the threshold exists: a veto is never for ever, and never worth nothing.
            within((1..count).contains(&threshold), Field::Threshold)?;
            Some(GuardianSet { commitment, threshold, count })
        }
    };
    let from_ms = match (guardianship(d, account, now)?, set) {
        (None, None) => return Err(Refusal::NoGuardians { account }.into()),
        (None, Some(set)) => {
            let first = Guardianship { account, set, next: None, named: Vec::new(), waiting: None, vetoed_ms: 0 };
            GUARDIANSHIPS.put(d, &account, &first);
            now
        }
        (Some(mut record), set) => {
            if let Some(until_ms) = stays_until(&record, now) {
                return Err(Refusal::GuardiansStay { until_ms }.into());
            }
            let from_ms = now.saturating_add(GUARDIANS_DELAY_MS);
            record.next = Some(NextGuardians { set, from_ms });
            GUARDIANSHIPS.put(d, &account, &record);
            from_ms
        }
    };
    d.emit(Event::GuardiansSet { account, commitment, threshold, count, from_ms });
    Ok(Output::None)
}

/// Until when a recovery keeps the guardians from being replaced, where one does.
fn stays_until(record: &Guardianship, now_ms: u64) -> Option<u64> {
    match record.waiting {
        Some(waiting) => Some(waiting.deadline_ms),
        None => record.again(now_ms).then(|| record.vetoed_ms.saturating_add(AGAIN_MS)),
    }
}

/// What a guardian says.
pub(super) struct Said {
    pub account: Address,
    pub key: Address,
    pub kind: KeyKind,
    pub salt: B256,
    pub guardians: Vec<Address>,
}

/// Upon a guardian's word: it counts in place of its last one. Enough of the same begin to wait; too few left end the wait.
pub(super) fn name_key(d: &mut Draft<'_>, said: Said) -> Result<Output, Failure> {
    let Said { account, key, kind, salt, guardians } = said;
    let (guardian, now) = (d.env.caller, d.env.time_ms);
    if key != Address::ZERO {
        check_key(account, key)?;
    }
    let mut record = guardianship(d, account, now)?.ok_or(Refusal::NoGuardians { account })?;
    check_guardians(&record, salt, &guardians)?;
    if !guardians.contains(&guardian) {
        return Err(Refusal::NotAGuardian { caller: guardian }.into());
    }
    record.named.retain(|named| named.guardian != guardian);
    if key != Address::ZERO {
        record.named.push(Naming { guardian, key, kind, at_ms: now });
    }
    let (named, needed) = (record.naming(key, kind), record.needed(now));
    d.emit(Event::KeyNamed { account, guardian, key, named, needed });
    match record.waiting {
        Some(waiting) if record.naming(waiting.key, waiting.kind) < needed => {
            record.waiting = None;
            d.emit(Event::RecoveryDropped { account, key: waiting.key });
        }
        None if key != Address::ZERO && named >= needed => {
            let again = record.again(now);
            let deadline_ms = now.saturating_add(RECOVERY_DELAY_MS);
            record.waiting = Some(Waiting { key, kind, deadline_ms, again });
            deadlines::schedule(d, deadline_ms, Due::Recovery(account))?;
            d.emit(Event::RecoveryBegun { account, key, again, deadline_ms });
        }
        _ => {}
    }
    GUARDIANSHIPS.put(d, &account, &record);
    Ok(Output::None)
}

fn check_guardians(record: &Guardianship, salt: B256, guardians: &[Address]) -> Result<(), Refusal> {
    let GuardianSet { commitment, count, .. } = record.set;
    let ascending = guardians.iter().zip(guardians.iter().skip(1)).all(|(one, next)| one < next);
    let fits = guardians.len() == usize::from(count) && ascending && !guardians.contains(&record.account);
    if fits && guardians_commitment(record.account, salt, guardians) == commitment {
        Ok(())
    } else {
        Err(Refusal::NotTheGuardians { commitment })
    }
}

/// A live key says no. The guardians' second request needs one of them more and hears no veto: else the thief of the only key
/// would veto for ever.
pub(super) fn veto(d: &mut Draft<'_>) -> Result<Output, Failure> {
    let (account, now) = (d.env.caller, d.env.time_ms);
    let mut record = guardianship(d, account, now)?.ok_or(Refusal::NoGuardians { account })?;
    let waiting = record.waiting.ok_or(Refusal::NothingWaits { account })?;
    if waiting.again {
        return Err(Refusal::VetoedBefore { vetoed_ms: record.vetoed_ms }.into());
    }
    if now >= waiting.deadline_ms {
        // It has happened; it only has not been carried out yet.
        return Err(Refusal::NothingWaits { account }.into());
    }
    record.waiting = None;
    record.named.clear();
    record.vetoed_ms = now;
    GUARDIANSHIPS.put(d, &account, &record);
    d.emit(Event::RecoveryVetoed { account, key: waiting.key, again_ms: now.saturating_add(AGAIN_MS) });
    Ok(Output::None)
}

pub(super) fn run_deadline(d: &mut Draft<'_>, account: Address) -> Result<Output, Failure> {
    let record = GUARDIANSHIPS.get(d, &account)?.ok_or(Refusal::NoGuardians { account })?;
    let waiting = record.waiting.ok_or(Refusal::NothingWaits { account })?;
    if d.env.time_ms < waiting.deadline_ms {
        return Err(Refusal::NotDue { deadline_ms: waiting.deadline_ms }.into());
    }
    recover(d, record, waiting)?;
    Ok(Output::None)
}

/// What runs by itself. An entry that the recovery has moved past does nothing.
///
/// # Errors
/// A [`Stop`]; nothing here is refused.
pub(crate) fn due(d: &mut Draft<'_>, account: Address) -> Result<(), Failure> {
    let Some(record) = GUARDIANSHIPS.get(d, &account)? else { return Ok(()) };
    match record.waiting {
        Some(waiting) if d.env.time_ms >= waiting.deadline_ms => recover(d, record, waiting),
        _ => Ok(()),
    }
}

/// A new epoch: whatever key was there stands no more, and the new one is the only one. Guardians that a thief may have named
/// meanwhile are forgotten; those who recovered the account stay.
fn recover(d: &mut Draft<'_>, record: Guardianship, waiting: Waiting) -> Result<(), Failure> {
    let (account, key, kind) = (record.account, waiting.key, waiting.kind);
    let kept = Guardianship { next: None, named: Vec::new(), waiting: None, vetoed_ms: 0, ..record };
    GUARDIANSHIPS.put(d, &account, &kept);
    let mut ring = ring(d, account)?;
    ring.epoch = ring.epoch.saturating_add(1);
    ring.keys.clear();
    let epoch = ring.epoch;
    // A record may stand under this key: a thief could authorise and revoke it, only to be in the way.
    put_key(d, ring, key, KeyTerms { kind, admin: true, expires_ms: 0, limits: Vec::new(), scopes: Vec::new() });
    d.emit(Event::Recovered { account, key, epoch });
    Ok(())
}
