//! Disputes: somebody pinned beforehand decides how a sum is shared, and if nobody does, a share agreed beforehand.
//!
//! An institution opens a dispute about one of its records, names the two sides, the pinned arbiter and fallback, and the
//! default share. The answer is a whole percent of what is contested that goes to the claimant; the institution moves the
//! money. This module holds no money, never chooses an arbiter, and never lets a dispute outlive its end.
//!
//! # The dispute: who may do what
//! The tests walk this very table: state × action × role.
//!
//! | from | action | who | to |
//! |---|---|---|---|
//! | Pinned | Rule | arbiter | gone |
//! | Fallback | Rule | fallback | gone |
//!
//! # What happens when nobody does anything
//! | state | deadline | to |
//! |---|---|---|
//! | Pinned | [`RULE_MS`] | Fallback |
//! | Fallback | [`RULE_MS`] | gone, ruled by the default share |
//!
//! Both deadlines are cut short at the dispute's end, which the institution names.
//!
//! # Always true
//! - DISPUTES-1: a dispute's deadline is not after its end.

use crate::bounds::DAY_MS;
use crate::deadlines::{self, Due};
use crate::{Address, B256, Draft, Failure, Memory, Output, Record, Stop, Table, Violation};
use borsh::{BorshDeserialize, BorshSerialize};

/// Where arbiters rule.
pub const MODULE: Address = crate::ids::address!("d00e000000000000000000000000000000000004");
/// Time of the pinned arbiter, and then of the fallback.
pub const RULE_MS: u64 = 7 * DAY_MS;
/// The whole, in percent.
pub const WHOLE_PERCENT: u8 = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Stage {
    /// The pinned arbiter decides.
    Pinned,
    /// The fallback decides.
    Fallback,
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Dispute {
    /// Id of the record that is contested.
    pub id: B256,
    /// The institution it belongs to.
    pub module: Address,
    pub claimant: Address,
    pub respondent: Address,
    pub arbiter: Address,
    pub fallback: Address,
    /// Percent to the claimant where nobody rules.
    pub default_percent: u8,
    pub stage: Stage,
    pub deadline_ms: u64,
    pub end_ms: u64,
}

impl Record for Dispute {
    const MAX_BYTES: u32 = 150;
}

pub const DISPUTE: Table<B256, Dispute> = Table::new(0x30, "dispute");

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Whose turn it is: `percent` of what is contested goes to the claimant, the rest to the respondent.
    Rule { dispute: B256, percent: u8 },
    /// Anyone: does what the dispute's deadline says, where it has passed.
    RunDeadline { dispute: B256 },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Opened {
        dispute: B256,
        module: Address,
        claimant: Address,
        respondent: Address,
        arbiter: Address,
        deadline_ms: u64,
    },
    /// The pinned arbiter was silent.
    PassedOn {
        dispute: B256,
        fallback: Address,
        deadline_ms: u64,
    },
    /// `by` is [`crate::ids::SYSTEM`], or whoever ran the deadline, where it was ruled by the default share.
    Ruled {
        dispute: B256,
        by: Address,
        percent: u8,
        by_default: bool,
    },
    /// The sides agreed, or the institution ended it.
    Closed {
        dispute: B256,
    },
}

/// In order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    UnknownDispute { dispute: B256 },
    NotYourTurn { caller: Address, turn: Address },
    BadPercent { percent: u8 },
    NotDue { deadline_ms: u64 },
}

/// What an institution does when its dispute is ruled: `percent` to the claimant, by an arbiter or by the default share.
pub(crate) type Ruled = fn(&mut Draft<'_>, &Dispute, percent: u8, by_default: bool) -> Result<(), Failure>;

/// What an institution knows when it opens a dispute.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    pub id: B256,
    pub module: Address,
    pub claimant: Address,
    pub respondent: Address,
    pub arbiter: Address,
    pub fallback: Address,
    pub default_percent: u8,
    /// The dispute is over by then, whoever is silent.
    pub end_ms: u64,
}

/// Opens a dispute. For institutions; one record has at most one dispute at a time.
///
/// # Errors
/// A [`Stop`], or [`deadlines::Refusal::Full`].
pub fn open(d: &mut Draft<'_>, opening: Opening) -> Result<(), Failure> {
    let Opening { id, module, claimant, respondent, arbiter, fallback, default_percent, end_ms } = opening;
    let deadline_ms = d.env.time_ms.saturating_add(RULE_MS).min(end_ms);
    let stage = Stage::Pinned;
    let dispute = Dispute { id, module, claimant, respondent, arbiter, fallback, default_percent, stage, deadline_ms, end_ms };
    DISPUTE.put(d, &id, &dispute);
    deadlines::schedule(d, deadline_ms, Due::Dispute(id))?;
    d.emit(Event::Opened { dispute: id, module, claimant, respondent, arbiter, deadline_ms });
    Ok(())
}

/// Ends a dispute without a ruling. For institutions.
pub fn close(d: &mut Draft<'_>, dispute: B256) {
    DISPUTE.remove(d, &dispute);
    d.emit(Event::Closed { dispute });
}

/// Carries out one action for `d.env.caller`.
///
/// # Errors
/// A [`Refusal`], what the institution is refused, or a [`Stop`].
pub(crate) fn apply(d: &mut Draft<'_>, action: Action, ruled: Ruled) -> Result<Output, Failure> {
    let caller = d.env.caller;
    match action {
        Action::Rule { dispute, percent } => {
            let record = DISPUTE.get(d, &dispute)?.ok_or(Refusal::UnknownDispute { dispute })?;
            let turn = match record.stage {
                Stage::Pinned => record.arbiter,
                Stage::Fallback => record.fallback,
            };
            if caller != turn {
                return Err(Refusal::NotYourTurn { caller, turn }.into());
            }
            if percent > WHOLE_PERCENT {
                return Err(Refusal::BadPercent { percent }.into());
            }
            rule(d, &record, percent, false, ruled)?;
        }
        Action::RunDeadline { dispute } => {
            let record = DISPUTE.get(d, &dispute)?.ok_or(Refusal::UnknownDispute { dispute })?;
            if d.env.time_ms < record.deadline_ms {
                return Err(Refusal::NotDue { deadline_ms: record.deadline_ms }.into());
            }
            pass_on(d, record, ruled)?;
        }
    }
    Ok(Output::None)
}

/// What runs by itself. An entry that is stale does nothing.
///
/// # Errors
/// What the institution is refused, or a [`Stop`].
pub(crate) fn due(d: &mut Draft<'_>, dispute: B256, ruled: Ruled) -> Result<(), Failure> {
    match DISPUTE.get(d, &dispute)? {
        Some(record) if d.env.time_ms >= record.deadline_ms => pass_on(d, record, ruled),
        _ => Ok(()),
    }
}

fn pass_on(d: &mut Draft<'_>, mut record: Dispute, ruled: Ruled) -> Result<(), Failure> {
    let now = d.env.time_ms;
    if record.stage == Stage::Fallback || now >= record.end_ms {
        let percent = record.default_percent;
        return rule(d, &record, percent, true, ruled);
    }
    record.stage = Stage::Fallback;
    record.deadline_ms = now.saturating_add(RULE_MS).min(record.end_ms);
    DISPUTE.put(d, &record.id, &record);
    deadlines::schedule(d, record.deadline_ms, Due::Dispute(record.id))?;
    d.emit(Event::PassedOn { dispute: record.id, fallback: record.fallback, deadline_ms: record.deadline_ms });
    Ok(())
}

fn rule(d: &mut Draft<'_>, record: &Dispute, percent: u8, by_default: bool, ruled: Ruled) -> Result<(), Failure> {
    DISPUTE.remove(d, &record.id);
    let by = d.env.caller;
    d.emit(Event::Ruled { dispute: record.id, by, percent, by_default });
    ruled(d, record, percent, by_default)
}

/// DISPUTES-1 over all records.
///
/// # Errors
/// A record that does not decode.
pub fn audit(all: &Memory) -> Result<Vec<Violation>, Stop> {
    let late = |dispute: &Dispute| dispute.deadline_ms > dispute.end_ms;
    let disputes = DISPUTE.scan(all)?;
    Ok(disputes.iter().filter(|d| late(d)).map(|d| Violation::new("DISPUTES-1", format!("{d:?}"))).collect())
}

#[cfg(test)]
mod tests;
