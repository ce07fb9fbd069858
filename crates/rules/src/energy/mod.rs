//! Energy: neighbours trade power, batteries buffer what the lines cannot carry, and the clearing is shown to be the best one.
//!
//! This module never trusts whoever computed a clearing, never moves money that is not in its till, never lets anybody see a bid before the gate, and
//! never waits for anybody: every stage ends by itself.
//!
//! # Words
//! - *Market*: a grid, its *operator*, its *supplier*, its zones as a tree, and its terms.
//! - *Slot*: a quarter of an hour by its number since 1970, UTC. *Day*: 96 of them.
//! - *Meter*: registers of what was drawn and delivered, signed by a key of its own; the operator attests it.
//! - *Auction*: of a day (with batteries) or of one slot. Its *book*: the bids that were opened and what the lines carry.
//! - *Certificate*: what a solver shows; see [`clearing`].
//! - *Position*: what a meter sold (+) and bought (−) for a slot. *Deviation*: what it delivered, less that.
//! - *Purse*: an account's money in a market. *Pot*: the module's own purse: fees, rents, forfeits, what rounding leaves.
//! - *Till*: all of a market's credits.
//!
//! # Units
//! Energy in Wh, prices in micro-units of the credit's unit per kWh, money in nano-units (Wh × micro-units per kWh). A purse is paid out in minor units; the rest
//! stays in it. Times in consensus milliseconds.
//!
//! # The auction: who may do what
//! The tests walk this very table: stage × action × role; what is not in it is refused.
//!
//! | from | action | who | to |
//! |---|---|---|---|
//! | none | Commit | meter's owner | Open |
//! | Open | Commit | meter's owner | Open |
//! | Revealing | Reveal | anyone with what was sealed | Revealing |
//! | Solving | Announce | anyone with the bond | Solving |
//! | Solving | Submit | whoever announced | Solving |
//!
//! # The auction: what happens by itself
//! | stage | ends | to |
//! |---|---|---|
//! | Open | at the gate | Revealing |
//! | Revealing | after the time to reveal; batteries were opened | Solving |
//! | Revealing | after the time to reveal; none were | Cleared |
//! | Solving | within a second of an accepted certificate, else after the time to solve | Cleared |
//!
//! `RunAuction` and `RunSlot` are the same transitions, open to anyone once they are due. Without a certificate the chain clears each slot by itself, exactly; batteries
//! then stand still, and only what they would have won between slots is lost.
//!
//! # Money
//! A sealed bid sets aside what it can cost and a deposit, which is lost to the pot where it is not opened. A cleared position sets aside what it costs.
//! When the readings of a slot are due, the operator pays for its redispatch, and every meter gets its position's money and that of its deviation: what neighbours at the same price deviated by the other way at that
//! price, the rest at the supplier's retail or feed-in or at the slot's price (within bounds: [`Rates`]), whichever is worse for it. A meter that says nothing is charged as if it had drawn all that it can, and corrected when it speaks,
//! up to [`GAP_SLOTS_MAX`] slots back. What is left is the pot's: fees, congestion rent, the difference where the grid's price is not the root's, rounding.
//! A purse below 0 is a debt: it bids no more until it is filled up.
//!
//! # Redispatch: who may do what
//! | from | action | who | to |
//! |---|---|---|---|
//! | none | OrderRedispatch | market's operator | Open |
//! | Open | OrderRedispatch | market's operator | Open |
//!
//! Of the auction of one slot: what was cleared before it is what the operator's order counts from. It says a zone to buy in (the *deficit*), one to sell
//! in (the *surplus*), how much, and the most that a kWh may cost; what that is at most is set aside. In the clearing it is one arc, so the operator pays the
//! difference of the two prices, no more than it said, and never gets any. A later order takes the place of the earlier; one of 0 Wh takes it back.
//!
//! # Challenges: who may do what
//! | from | action | who | to |
//! |---|---|---|---|
//! | none | ChallengeReading | neighbour | Asked |
//! | none | ChallengeReading | market's operator | Disputed |
//! | Asked | AnswerChallenge | market's operator | gone |
//! | Disputed | Rule | arbiter, then fallback | gone |
//!
//! # Challenges: what happens by itself
//! | stage | ends | to |
//! |---|---|---|
//! | Asked | after the time to answer | Disputed |
//! | Disputed | after the times of both arbiters | gone |
//!
//! A *neighbour* owns another attested meter of the market. Evidence counts in this order: the operator's value, which its transaction signs (it knows what
//! flowed through the feeder, and may have a second meter); then the word of those whom the market's terms name, by [`crate::disputes`]. The operator is no judge of its own challenge, nor of its own meter. Whoever is
//! farther from the operator's value, or lost the ruling, pays the bond to the other; at the same distance, at 50 %, and where both arbiters are silent, nobody does. A reading is
//! challenged when it is settled and for so long as the terms say, once by neighbours and then by the operator alone. What is corrected is that slot of that meter alone, with the supplier, as a late reading is.
//!
//! # Sharing: what happens by itself
//! | progress | ends | to |
//! |---|---|---|
//! | Running | when the readings of the day's last slot are due | Settling |
//! | Settling | 256 meters a block | Settled |
//!
//! The pot covers what is due from it first: solvers' rewards, and the reserve that the terms say. Of what it has above that at the end of a day the terms' share goes to
//! the owners of attested meters by what their connections can draw and deliver: parts of 256 meters add up to it, and in each the largest remainders get what
//! rounding leaves. `RunSharing` is the same transition, open to anyone once it is due. A share of 0 ‰: the pot keeps all.
//!
//! # Always true
//! - ENERGY-1: in each market, Σ purses (the pot's among them) = the till, to the nano-unit.
//! - ENERGY-2: what a purse holds = its sealed bids + bonds + the cost of its positions that are not settled + what a redispatch costs or can cost + its
//!   challenges; of the pot: what a day's sharing has not paid yet.
//! - ENERGY-3: every auction that is not cleared, every slot that is not settled, every day that is not shared and every challenge has a deadline.
//! - ENERGY-4: for each slot, Σ positions = what was cleared over the root's line.
//! - ENERGY-5: of a running slot, the sums of deviations are those of the readings.
//! - ENERGY-6: the pot owes nobody: it has what it holds, and no day's sharing pays more than its pool.
//! - ENERGY-7: for what is shifted the operator pays no more per kWh than it said, and is never paid.
//! - ENERGY-8: a market's capacity is that of its attested meters' connections.
//!
//! # Deviations from the source
//! Model: neighbourhood markets (Quartierstrom, Mengelkamp and others, *Applied Energy* 210, 2018) and the zonal day-ahead market of Europe. A uniform
//! price is not strategy-proof: whoever moves it can gain by bidding otherwise than it costs. A signature proves who reported, not that the meter is honest.

mod actions;
mod auctions;
pub mod book;
mod challenges;
pub mod clearing;
mod day;
mod events;
mod invariants;
mod markets;
mod purses;
mod readings;
mod records;
mod redispatch;
mod refusals;
mod settlement;
mod sharing;
mod submissions;
#[cfg(test)]
pub(crate) mod tests;

pub use actions::*;
pub(crate) use auctions::due as auction_due;
pub use auctions::{book, cost_nano, open_ms, position, slot_start_ms};
pub use challenges::{CHALLENGES, Challenge, ChallengeStage, UNDECIDED_PERCENT, challenge_id};
pub(crate) use challenges::{due as challenge_due, ruled};
pub use events::*;
pub use invariants::audit;
pub use markets::possession_prehash;
pub use purses::{purse, till};
pub use readings::{metered, reading_prehash};
pub use records::*;
pub use redispatch::{REDISPATCHES, Redispatch};
pub use refusals::*;
pub(crate) use settlement::due as slot_due;
pub use settlement::{Rates, settles_ms};
pub(crate) use sharing::due as sharing_due;
pub use sharing::{SHARINGS, Sharing, shares_ms};
pub use submissions::flaw_number;

use crate::credits::HoldId;
use crate::{Address, Amount, B256, Draft, Failure, Output, Source, Stop};
use purses::{forfeit, pay, reset_aside, set_aside};

/// Carries out one action for `d.env.caller`.
///
/// # Errors
/// A [`Refusal`] of this module or of credits; or a [`Stop`].
pub fn apply(d: &mut Draft<'_>, action: Action) -> Result<Output, Failure> {
    match action {
        Action::OpenMarket(action) => markets::open(d, action),
        Action::SetCaps(action) => markets::set_caps(d, action),
        Action::OrderRedispatch(action) => redispatch::order(d, action),
        Action::RegisterMeter(action) => markets::register_meter(d, action),
        Action::AttestMeter(action) => markets::attest_meter(d, action),
        Action::Deposit(action) => purses::deposit(d, action),
        Action::Withdraw(action) => purses::withdraw(d, action),
        Action::Commit(action) => auctions::commit(d, action),
        Action::Reveal(action) => auctions::reveal(d, action),
        Action::Announce(action) => submissions::announce(d, action),
        Action::Submit(action) => submissions::submit(d, action),
        Action::RelayReadings(action) => readings::relay(d, action),
        Action::ChallengeReading(action) => challenges::challenge(d, action),
        Action::AnswerChallenge(action) => challenges::answer(d, action),
        Action::RunAuction(action) => auctions::run(d, action),
        Action::RunSlot(action) => settlement::run(d, action),
        Action::RunSharing(action) => sharing::run(d, action),
        Action::RunChallenge(action) => challenges::run(d, action),
    }
}

fn known_market(d: &mut Draft<'_>, market: MarketId) -> Result<Market, Failure> {
    Ok(MARKETS.get(d, &market)?.ok_or(Refusal::UnknownMarket { market })?)
}

fn known_meter(d: &mut Draft<'_>, meter: MeterId) -> Result<Meter, Failure> {
    Ok(METERS.get(d, &meter)?.ok_or(Refusal::UnknownMeter { meter })?)
}

fn known_auction(d: &mut Draft<'_>, auction: AuctionId) -> Result<Auction, Failure> {
    Ok(AUCTIONS.get(d, &auction)?.ok_or(Refusal::UnknownAuction { auction })?)
}

fn require_owner(d: &Draft<'_>, meter: &Meter) -> Result<(), Failure> {
    let (caller, owner) = (d.env.caller, meter.owner);
    if caller == owner { Ok(()) } else { Err(Refusal::NotOwner { caller, owner }.into()) }
}

fn within(holds: bool, field: Field) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(Refusal::OutOfBounds { field }.into()) }
}
