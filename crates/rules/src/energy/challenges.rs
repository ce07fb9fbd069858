//! Challenged readings: a neighbour or the operator says that a settled reading is wrong, and whoever is wrong pays.

use super::settlement::Rates;
use super::*;
use crate::deadlines::{self, Due};
use crate::disputes;
use crate::{Record, Table};
use alloy_primitives::keccak256;
use borsh::{BorshDeserialize, BorshSerialize};

/// Percent of a ruling from which on neither side has won: the reading stands, and the bond goes back.
pub const UNDECIDED_PERCENT: u8 = 50;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum ChallengeStage {
    /// The operator says what flowed.
    Asked = 0,
    /// The arbiter decides.
    Disputed = 1,
}

/// Somebody says that a meter delivered something else in a slot.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Challenge {
    /// See [`challenge_id`]; also that of its dispute.
    pub id: B256,
    pub meter: MeterId,
    pub slot: Slot,
    pub challenger: Address,
    /// What it says was delivered (+) or drawn (−), Wh.
    pub net_wh: i32,
    pub stage: ChallengeStage,
    /// Until when the operator may answer.
    pub until_ms: u64,
}

impl Record for Challenge {
    const MAX_BYTES: u32 = 101;
}

pub const CHALLENGES: Table<B256, Challenge> = Table::new(0x62, "energy.challenges");

/// keccak256("dure.challenge" ‖ meter ‖ slot, 4 bytes little-endian).
pub fn challenge_id(meter: MeterId, slot: Slot) -> B256 {
    let mut preimage = b"dure.challenge".to_vec();
    preimage.extend(borsh::to_vec(&(meter, slot)).unwrap_or_default());
    keccak256(preimage)
}

/// Who pays the bond, and to whom it goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrong {
    /// The meter's owner, to the challenger.
    Reading,
    /// The challenger, to the meter's owner.
    Challenge,
    Neither,
}

/// Upon a challenge: what it costs whoever is wrong is set aside. The operator answers; of its own challenge and its own meter it
/// is no judge, and the arbiter decides.
pub(super) fn challenge(d: &mut Draft<'_>, action: ChallengeReading) -> Result<Output, Failure> {
    let ChallengeReading { meter, slot, by, net_wh } = action;
    let (challenger, now) = (d.env.caller, d.env.time_ms);
    let of_meter = known_meter(d, meter)?;
    let market = known_market(d, of_meter.market)?;
    let operates = challenger == market.operator;
    let may = challenger != of_meter.owner && (operates || is_neighbour(d, &of_meter, by)?);
    if !may {
        return Err(Refusal::NotNeighbour { caller: challenger }.into());
    }
    let from_ms = settles_ms(&market.terms, slot);
    let until_ms = from_ms.saturating_add(market.terms.challenge_ms);
    if now < from_ms || now >= until_ms {
        return Err(Refusal::NotChallengeable { from_ms, until_ms }.into());
    }
    let (day, at) = (slot / DAY_SLOTS, slot % DAY_SLOTS);
    let bit = 1u128 << at;
    let mut metered = readings::metered(d, meter, day)?;
    if metered.read & metered.settled & bit == 0 {
        return Err(Refusal::NotRead { meter, slot }.into());
    }
    let id = challenge_id(meter, slot);
    // A friend's challenge must not shut out the operator's.
    if CHALLENGES.get(d, &id)?.is_some() || (metered.challenged & bit != 0 && !operates) {
        return Err(Refusal::AlreadyDone.into());
    }
    let read_wh = metered.net_wh.get(at as usize).copied().unwrap_or(0);
    within(carries(&of_meter, net_wh) && net_wh != read_wh, Field::Wh)?;
    set_aside(d, market.id, challenger, market.terms.challenge_nano.into())?;
    metered.challenged |= bit;
    METERED.put(d, &(meter, day), &metered);
    let stage = ChallengeStage::Asked;
    let until_ms = now.saturating_add(market.terms.answer_ms);
    let challenge = Challenge { id, meter, slot, challenger, net_wh, stage, until_ms };
    d.emit(Event::ReadingChallenged { meter, slot, by: challenger, net_wh });
    if operates || of_meter.owner == market.operator {
        dispute(d, challenge)?;
    } else {
        CHALLENGES.put(d, &id, &challenge);
        deadlines::schedule(d, until_ms, Due::Challenge(id))?;
    }
    Ok(Output::Id(id))
}

/// Whether the caller owns `by`, an attested meter of the same market.
fn is_neighbour(d: &mut Draft<'_>, of_meter: &Meter, by: MeterId) -> Result<bool, Failure> {
    let own = METERS.get(d, &by)?.filter(|own| own.owner == d.env.caller);
    Ok(own.is_some_and(|own| own.attested && own.market == of_meter.market))
}

fn carries(meter: &Meter, net_wh: i32) -> bool {
    (-i64::from(meter.import_max_wh)..=i64::from(meter.export_max_wh)).contains(&net_wh.into())
}

/// Upon the operator's value, which counts: whoever is farther from it was wrong.
pub(super) fn answer(d: &mut Draft<'_>, action: AnswerChallenge) -> Result<Output, Failure> {
    let AnswerChallenge { meter, slot, net_wh } = action;
    let of_meter = known_meter(d, meter)?;
    let market = known_market(d, of_meter.market)?;
    let challenge = known_challenge(d, meter, slot)?;
    markets::require_operator(d, &market)?;
    let until_ms = challenge.until_ms;
    if challenge.stage != ChallengeStage::Asked || d.env.time_ms >= until_ms {
        return Err(Refusal::AnswerOver { until_ms }.into());
    }
    within(carries(&of_meter, net_wh), Field::Wh)?;
    let read_wh = read_wh(d, &challenge)?;
    let (reading, claim) = (net_wh.abs_diff(read_wh), net_wh.abs_diff(challenge.net_wh));
    let wrong = match reading.cmp(&claim) {
        std::cmp::Ordering::Greater => Wrong::Reading,
        std::cmp::Ordering::Less => Wrong::Challenge,
        std::cmp::Ordering::Equal => Wrong::Neither,
    };
    end(d, &challenge, net_wh, wrong)?;
    Ok(Output::None)
}

pub(super) fn run(d: &mut Draft<'_>, action: RunChallenge) -> Result<Output, Failure> {
    let RunChallenge { meter, slot } = action;
    let challenge = known_challenge(d, meter, slot)?;
    if challenge.stage != ChallengeStage::Asked {
        return Err(Refusal::AlreadyDone.into());
    }
    if d.env.time_ms < challenge.until_ms {
        return Err(Refusal::NotDue { until_ms: challenge.until_ms }.into());
    }
    dispute(d, challenge)?;
    Ok(Output::None)
}

/// What runs by itself. An entry that is stale does nothing.
pub(crate) fn due(d: &mut Draft<'_>, id: B256) -> Result<(), Failure> {
    match CHALLENGES.get(d, &id)? {
        Some(challenge) if challenge.stage == ChallengeStage::Asked => dispute(d, challenge),
        _ => Ok(()),
    }
}

/// Upon the operator's silence, or where it has challenged itself: those whom the market's terms name decide.
fn dispute(d: &mut Draft<'_>, mut challenge: Challenge) -> Result<(), Failure> {
    let meter = known_meter(d, challenge.meter)?;
    let Terms { arbiter, fallback, .. } = known_market(d, meter.market)?.terms;
    challenge.stage = ChallengeStage::Disputed;
    CHALLENGES.put(d, &challenge.id, &challenge);
    let opening = disputes::Opening {
        id: challenge.id,
        module: MODULE,
        claimant: challenge.challenger,
        respondent: meter.owner,
        arbiter,
        fallback,
        default_percent: UNDECIDED_PERCENT,
        end_ms: d.env.time_ms.saturating_add(disputes::RULE_MS.saturating_mul(2)),
    };
    disputes::open(d, opening)
}

/// Upon a ruling: above half the challenge counts, below it the reading, and at half nobody was wrong.
pub(crate) fn ruled(d: &mut Draft<'_>, id: B256, percent: u8) -> Result<(), Failure> {
    // A dispute of this module ends with its challenge, so there is one.
    let Some(challenge) = CHALLENGES.get(d, &id)? else { return Ok(()) };
    let read_wh = read_wh(d, &challenge)?;
    match percent.cmp(&UNDECIDED_PERCENT) {
        std::cmp::Ordering::Greater => end(d, &challenge, challenge.net_wh, Wrong::Reading),
        std::cmp::Ordering::Less => end(d, &challenge, read_wh, Wrong::Challenge),
        std::cmp::Ordering::Equal => end(d, &challenge, read_wh, Wrong::Neither),
    }
}

fn known_challenge(d: &mut Draft<'_>, meter: MeterId, slot: Slot) -> Result<Challenge, Failure> {
    Ok(CHALLENGES.get(d, &challenge_id(meter, slot))?.ok_or(Refusal::UnknownChallenge { meter, slot })?)
}

fn read_wh(d: &mut Draft<'_>, challenge: &Challenge) -> Result<i32, Failure> {
    let metered = readings::metered(d, challenge.meter, challenge.slot / DAY_SLOTS)?;
    Ok(metered.net_wh.get((challenge.slot % DAY_SLOTS) as usize).copied().unwrap_or(0))
}

/// The slot's value is `net_wh` from now on, and the bond is settled.
fn end(d: &mut Draft<'_>, challenge: &Challenge, net_wh: i32, wrong: Wrong) -> Result<(), Failure> {
    let Challenge { id, meter, slot, challenger, .. } = *challenge;
    let of_meter = known_meter(d, meter)?;
    let terms = known_market(d, of_meter.market)?.terms;
    correct(d, &of_meter, &terms, slot, net_wh)?;
    CHALLENGES.remove(d, &id);
    let bond = i128::from(terms.challenge_nano);
    reset_aside(d, of_meter.market, challenger, terms.challenge_nano.into(), 0)?;
    let owner_nano = match wrong {
        Wrong::Reading => bond.saturating_neg(),
        Wrong::Challenge => bond,
        Wrong::Neither => 0,
    };
    pay(d, of_meter.market, of_meter.owner, owner_nano)?;
    pay(d, of_meter.market, challenger, owner_nano.saturating_neg())?;
    d.emit(Event::ChallengeEnded { meter, slot, net_wh, owner_nano });
    Ok(())
}

/// As a late reading: neighbours keep what they got, and the difference is paid with the supplier.
fn correct(d: &mut Draft<'_>, meter: &Meter, terms: &Terms, slot: Slot, net_wh: i32) -> Result<(), Failure> {
    let (day, at) = (slot / DAY_SLOTS, (slot % DAY_SLOTS) as usize);
    let mut metered = readings::metered(d, meter.id, day)?;
    let position = auctions::position(d, meter.id, day)?;
    let (Some(read), Some(sold_wh)) = (metered.net_wh.get_mut(at), position.net_wh.get(at)) else { return Ok(()) };
    if *read == net_wh {
        return Ok(());
    }
    let book = settlement::slot_book(d, meter.market, slot)?;
    let rates = Rates::alone(terms, settlement::price_micro(&book, meter.zone));
    let worth = |net_wh: i32| rates.nano(i64::from(net_wh).saturating_sub((*sold_wh).into()));
    let nano = worth(net_wh).saturating_sub(worth(*read));
    *read = net_wh;
    METERED.put(d, &(meter.id, day), &metered);
    settlement::with_supplier(d, meter, nano)?;
    d.emit(Event::Corrected { meter: meter.id, slot, nano });
    Ok(())
}
