//! Certificates under way: a hash and a bond, then the parts, and the verdict with the last one.

use super::book::{Book, Outcome};
use super::clearing::{Certificate, Flaw};
use super::*;

/// Gas for checking one arc of the network: building it from the book and looking at it three times. See `docs/energy.md` for the measurement.
const ARC_GAS: u64 = 12;

/// A flaw by its number, as in events: [`clearing::Flaw`] from 1 in the order of its variants; 0 where the bytes are no certificate.
pub fn flaw_number(flaw: Option<&Flaw>) -> u8 {
    match flaw {
        None => 0,
        Some(Flaw::Nodes { .. }) => 1,
        Some(Flaw::Outside) => 2,
        Some(Flaw::Price { .. }) => 3,
        Some(Flaw::Contradiction { .. }) => 4,
        Some(Flaw::OpenFlows { .. }) => 5,
        Some(Flaw::Capacity { .. }) => 6,
        Some(Flaw::Balance { .. }) => 7,
        Some(Flaw::Path { .. }) => 8,
        Some(Flaw::Order { .. }) => 9,
    }
}

pub(super) fn announce(d: &mut Draft<'_>, action: Announce) -> Result<Output, Failure> {
    let Announce { auction: id, hash, bytes } = action;
    let solver = d.env.caller;
    let mut auction = known_auction(d, id)?;
    within(bytes > 0 && bytes <= CERTIFICATE_MAX_BYTES, Field::Bytes)?;
    solving(&auction)?;
    if SUBMISSIONS.get(d, &(id, solver))?.is_some() {
        return Err(Refusal::AlreadyDone.into());
    }
    let number = auction.submissions;
    if number >= SUBMISSIONS_MAX {
        return Err(Refusal::Full { max: SUBMISSIONS_MAX }.into());
    }
    let bond_nano = known_market(d, auction.market)?.terms.bond_nano;
    set_aside(d, auction.market, solver, bond_nano.into())?;
    auction.submissions = number.saturating_add(1);
    AUCTIONS.put(d, &id, &auction);
    SOLVERS.put(d, &(id, number), &Solver { auction: id, number, solver });
    let height = d.env.height;
    let submission = Submission { auction: id, solver, hash, bytes, received: 0, parts: 0, height, over: false };
    SUBMISSIONS.put(d, &(id, solver), &submission);
    d.emit(Event::Announced { auction: id, solver, bytes });
    Ok(Output::None)
}

pub(super) fn submit(d: &mut Draft<'_>, action: Submit) -> Result<Output, Failure> {
    let Submit { auction: id, part } = action;
    let solver = d.env.caller;
    let auction = known_auction(d, id)?;
    let unknown = Refusal::UnknownSubmission { auction: id, solver };
    let mut submission = SUBMISSIONS.get(d, &(id, solver))?.filter(|submission| !submission.over).ok_or(unknown)?;
    let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
    within(length > 0 && length <= PART_MAX_BYTES, Field::Bytes)?;
    solving(&auction)?;
    let height = d.env.height;
    if height <= submission.height {
        return Err(Refusal::TooSoon { height: submission.height }.into());
    }
    let received = submission.received.saturating_add(length);
    if received > submission.bytes {
        return Err(Refusal::NotAsAnnounced.into());
    }
    let number = submission.parts;
    PARTS.put(d, &(id, solver, number), &Part { auction: id, solver, number, bytes: part });
    submission.parts = number.saturating_add(1);
    submission.received = received;
    SUBMISSIONS.put(d, &(id, solver), &submission);
    if received == submission.bytes { judge(d, auction, submission) } else { Ok(Output::None) }
}

/// Upon the last part: the best clearing is accepted and the auction ends with the next block; anything else costs the bond.
fn judge(d: &mut Draft<'_>, mut auction: Auction, mut submission: Submission) -> Result<Output, Failure> {
    let (id, solver) = (submission.auction, submission.solver);
    let bytes = assemble(d, &submission)?;
    if certificate_hash(id, solver, &bytes) != submission.hash {
        return Err(Refusal::NotAsAnnounced.into());
    }
    let book = auctions::book(d, id)?;
    let per_battery = u64::from(auction.batteries).saturating_mul(u64::from(auction.slots)).saturating_mul(5);
    let per_slot = (book.zones.len() as u64).saturating_mul(4).saturating_add(1).saturating_mul(u64::from(auction.slots));
    let arcs = u64::from(auction.orders).saturating_add(per_battery).saturating_add(per_slot);
    d.charge(arcs.saturating_mul(ARC_GAS))?;
    let verdict = Certificate::from_bytes(&bytes).ok_or(None).and_then(|c| book.certified(&c).map_err(Some));
    match verdict {
        Ok(Outcome { welfare_nano, .. }) => {
            auction.accepted = Some(solver);
            d.emit(Event::CertificateAccepted { auction: id, solver, welfare_nano });
            auctions::set_deadline(d, auction, 0)?;
        }
        Err(flaw) => {
            submission.over = true;
            SUBMISSIONS.put(d, &(id, solver), &submission);
            drop_parts(d, &submission);
            give_up_bond(d, auction.market, solver, book.terms.bond_nano)?;
            d.emit(Event::CertificateRefused { auction: id, solver, flaw: flaw_number(flaw.as_ref()) });
        }
    }
    Ok(Output::None)
}

fn solving(auction: &Auction) -> Result<(), Failure> {
    let open = auction.stage == Stage::Solving && auction.accepted.is_none();
    if open { Ok(()) } else { Err(Refusal::WrongStage { stage: auction.stage }.into()) }
}

/// The certificate that was accepted.
pub(super) fn accepted(d: &mut Draft<'_>, auction: &Auction, solver: Address) -> Result<Option<Vec<u8>>, Failure> {
    match SUBMISSIONS.get(d, &(auction.id, solver))? {
        Some(submission) => Ok(Some(assemble(d, &submission)?)),
        None => Ok(None),
    }
}

fn assemble(d: &mut Draft<'_>, submission: &Submission) -> Result<Vec<u8>, Stop> {
    let mut bytes = Vec::with_capacity(submission.received as usize);
    for number in 0..submission.parts {
        if let Some(part) = PARTS.get(d, &(submission.auction, submission.solver, number))? {
            bytes.extend(part.bytes);
        }
    }
    Ok(bytes)
}

fn drop_parts(d: &mut Draft<'_>, submission: &Submission) {
    for number in 0..submission.parts {
        PARTS.remove(d, &(submission.auction, submission.solver, number));
    }
}

fn give_up_bond(d: &mut Draft<'_>, market: MarketId, solver: Address, bond_nano: u64) -> Result<(), Stop> {
    reset_aside(d, market, solver, bond_nano.into(), 0)?;
    forfeit(d, market, solver, bond_nano.into())
}

/// Upon the end of the auction: bonds go back, but for those who announced and then showed nothing although nobody else did; whoever was accepted gets a share of what
/// it won over the clearing without a solver, out of the pot. Gives the reward, nano-units.
pub(super) fn close(d: &mut Draft<'_>, auction: &Auction, book: &Book, outcome: Option<&Outcome>) -> Result<u128, Failure> {
    let Terms { bond_nano, reward_max_nano, .. } = book.terms;
    for number in 0..auction.submissions {
        let Some(Solver { solver, .. }) = SOLVERS.get(d, &(auction.id, number))? else { continue };
        SOLVERS.remove(d, &(auction.id, number));
        let Some(submission) = SUBMISSIONS.get(d, &(auction.id, solver))? else { continue };
        SUBMISSIONS.remove(d, &(auction.id, solver));
        if submission.over {
            continue;
        }
        drop_parts(d, &submission);
        if auction.accepted.is_none() && outcome.is_some() {
            give_up_bond(d, auction.market, solver, bond_nano)?;
        } else {
            reset_aside(d, auction.market, solver, bond_nano.into(), 0)?;
        }
    }
    let (Some(solver), Some(outcome)) = (auction.accepted, outcome) else { return Ok(0) };
    let gain = outcome.welfare_nano.saturating_sub(book.by_slots().welfare_nano).max(0).unsigned_abs();
    let pot = purse(d, auction.market, MODULE)?.free_nano().max(0).unsigned_abs();
    let share = gain.saturating_mul(REWARD_PERCENT.into()) / 100;
    let reward = share.min(reward_max_nano.into()).min(pot);
    let nano = i128::try_from(reward).unwrap_or(0);
    pay(d, auction.market, MODULE, nano.saturating_neg())?;
    pay(d, auction.market, solver, nano)?;
    Ok(reward)
}
