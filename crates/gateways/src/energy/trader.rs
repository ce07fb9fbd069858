//! The chain's side of a meter's program: readings out of the outbox, sealed bids, their opening.
//!
//! - Upon a reading in the outbox whose slot is over on the chain: relay it. One that the chain will never take is told and left out.
//! - In the last hour before the gate of a day: a sealed bid for the forecast of each slot, with the battery.
//! - Before the gate of each slot: a sealed bid for the rest, where it is worth one, and for the battery ([`super::slots`]).
//! - Upon the gate: open it. What is sealed is kept in a file first, so that a restart loses no deposit.

use super::{
    EnergyError, EnergyNote, Tell, agent,
    bids::SealedBids,
    lookout::Sight,
    meter::{Desk, Rules},
    registers::end_ms,
    slots::Slots,
};
use crate::node::NodeError;
use crate::watch::watch;
use alloy_primitives::B256;
use alloy_sol_types::SolError as _;
use dure_api::abi::energy::IEnergy;
use dure_rules::energy::{
    AuctionId, Battery, Bid, Commit, DAY_SLOTS, Deposit, MarketId, RelayReadings, Reveal, SLOT_MS, SignedReading, Slot, Stage,
    auction_id, cost_nano, open_ms, seal, slot_start_ms,
};
use std::{collections::BTreeMap, time::Duration};

/// Between two rounds where nothing new was seen.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How long before its gate a day's bid is sealed.
const DAY_LEAD_MS: u64 = 60 * 60_000;
/// After a relay that the chain does not take yet, consensus time.
const RELAY_AGAIN_MS: u64 = 60_000;

pub(super) struct Trader {
    bids: SealedBids,
    /// What the chain said of auctions that were sealed before this run.
    asked: BTreeMap<AuctionId, u8>,
    /// The newest slot, and the newest day, that was bid for.
    slot_until: Slot,
    day_until: u32,
    /// The newest auction of a day in which the meter has a bid.
    day_auction: Option<AuctionId>,
    attested: bool,
    /// How often operators had said something when that was asked.
    attestations: Option<u64>,
    relay_again_ms: u64,
    slots: Slots,
}

impl Trader {
    pub fn new(bids: SealedBids, market: MarketId) -> Self {
        Self {
            slots: Slots::resume(market, &bids),
            bids,
            asked: BTreeMap::new(),
            slot_until: 0,
            day_until: 0,
            day_auction: None,
            attested: false,
            attestations: None,
            relay_again_ms: 0,
        }
    }

    /// Does what is due upon each block, for ever. What fails is told once.
    pub async fn follow(&mut self, desk: &Desk, rules: &Rules, tell: Tell<'_>) {
        let (sights, mut seen) = (desk.lookout.sight(), desk.lookout.sight());
        let again = async || {
            tokio::select! {
                Ok(()) = seen.changed() => {}
                () = desk.wake.notified() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        };
        let look = async || {
            let sight = sights.borrow().clone();
            self.round(desk, rules, &sight, tell).await
        };
        watch(again, std::future::pending(), look, |what| tell(EnergyNote::of(desk.meter, what))).await;
    }

    async fn round(&mut self, desk: &Desk, rules: &Rules, sight: &Sight, tell: Tell<'_>) -> Result<(), EnergyError> {
        if let Some(away) = &sight.away {
            return Err(away.clone().into());
        }
        let now_ms = sight.head.time_ms;
        {
            let mut house = desk.house();
            house.simulate(now_ms).and_then(|_| house.close(Some(now_ms))).map_err(|error| desk.unkept(error))?;
        }
        // By how long each of them may wait; what stands against one does not stand against the others.
        let traded = self.trade(desk, rules, sight, tell).await;
        let opened = self.open_sealed(desk, sight, tell).await;
        let relayed = self.relay(desk, now_ms, tell).await;
        traded.and(opened).and(relayed)
    }

    async fn relay(&mut self, desk: &Desk, now_ms: u64, tell: Tell<'_>) -> Result<(), EnergyError> {
        while now_ms >= self.relay_again_ms {
            let mut waiting = desk.house().outbox.first();
            // A head's clock may be ahead of the chain's.
            waiting.retain(|signed| end_ms(signed.reading.slot) <= now_ms);
            let Some(last) = waiting.last().map(|signed| signed.reading.slot) else { return Ok(()) };
            match desk.act(RelayReadings { readings: waiting.clone() }).await {
                Ok(()) => desk.house().outbox.done(last).map_err(|error| desk.unkept(error))?,
                Err(NodeError::Reverted(_)) => self.relay_first(desk, waiting, now_ms, tell).await?,
                Err(other) => return Err(other.into()),
            }
        }
        Ok(())
    }

    /// Upon a refusal: what the chain has already is done; of the rest the first is tried by itself.
    async fn relay_first(
        &mut self,
        desk: &Desk,
        waiting: Vec<SignedReading>,
        now_ms: u64,
        tell: Tell<'_>,
    ) -> Result<(), EnergyError> {
        let done = |slot| desk.house().outbox.done(slot).map_err(|error| desk.unkept(error));
        let read_until = desk.view(IEnergy::meterCall { id: desk.meter }).await?.readUntil;
        let Some(first) = waiting.into_iter().find(|signed| signed.reading.slot >= read_until) else {
            return done(read_until.saturating_sub(1));
        };
        let slot = first.reading.slot;
        match desk.act(RelayReadings { readings: vec![first] }).await {
            Ok(()) => done(slot),
            Err(NodeError::Reverted(why)) if why.starts_with(&IEnergy::BeingSettled::SELECTOR) => {
                self.relay_again_ms = now_ms.saturating_add(RELAY_AGAIN_MS);
                Ok(())
            }
            Err(error @ NodeError::Reverted(_)) => {
                tell(EnergyNote::of(desk.meter, format!("the reading of slot {slot} was not taken: {error}")));
                done(slot)
            }
            Err(other) => Err(other.into()),
        }
    }

    async fn trade(&mut self, desk: &Desk, rules: &Rules, sight: &Sight, tell: Tell<'_>) -> Result<(), EnergyError> {
        if self.attestations != Some(sight.attestations()) {
            self.attested = desk.view(IEnergy::meterCall { id: desk.meter }).await?.attested;
            self.attestations = Some(sight.attestations());
        }
        let (market, now_ms) = (desk.file.market, sight.head.time_ms);
        let now = Slot::try_from(now_ms / SLOT_MS).unwrap_or(Slot::MAX);
        for day in [now / DAY_SLOTS, now / DAY_SLOTS + 1] {
            let cleared = sight.cleared(market, day);
            if desk.house().needs_position(day, cleared) {
                let position = desk.view(IEnergy::positionCall { meter: desk.meter, day }).await?;
                desk.house().put_position(day, cleared, position.netWh);
            }
        }
        if !self.attested {
            return Ok(());
        }
        let terms = &rules.terms;
        let day = u32::try_from(now_ms.saturating_add(terms.day_gate_ms) / day_ms()).unwrap_or(u32::MAX).saturating_add(1);
        let first = day.saturating_mul(DAY_SLOTS);
        let due = |slots: u8, first: Slot, lead_ms: u64| {
            open_ms(terms, first, slots)
                .is_some_and(|(from, until)| (from.max(until.saturating_sub(lead_ms))..until).contains(&now_ms))
        };
        if day > self.day_until && due(96, first, DAY_LEAD_MS) {
            let bid = day_bid(desk, rules, now, first);
            let told = |bid: &Bid| {
                let battery = if bid.battery.is_some() { " and the battery" } else { "" };
                format!("wants {} slots{battery} of day {day}, sealed", bid.orders.len())
            };
            let done = self.commit(desk, rules, (first, 96), bid.as_ref(), &told, tell).await;
            if !unsure(&done) {
                self.day_until = day;
                self.day_auction = Some(auction_id(market, first, 96)).filter(|auction| self.bids.is_committed(auction));
            }
            done?;
        }
        // The newest slot whose gate has not closed.
        let slot = Slot::try_from(now_ms.saturating_add(terms.slot_gate_ms) / SLOT_MS).unwrap_or(Slot::MAX).saturating_add(1);
        let of_day = slot / DAY_SLOTS;
        self.slots.settle(market, sight);
        let waits = self.waits_for_day(sight, market, of_day) || self.slots.waits(terms, slot, now_ms);
        if slot > self.slot_until && due(1, slot, u64::MAX) && of_day < day && !waits {
            self.trade_slot(desk, rules, sight, (now, slot), tell).await?;
        }
        Ok(())
    }

    async fn trade_slot(
        &mut self,
        desk: &Desk,
        rules: &Rules,
        sight: &Sight,
        (now, slot): (Slot, Slot),
        tell: Tell<'_>,
    ) -> Result<(), EnergyError> {
        let terms = &rules.terms;
        if desk.file.battery.is_some() {
            for day in [slot / DAY_SLOTS, slot / DAY_SLOTS + 1] {
                self.slots.learn(desk, rules, sight, day).await?;
            }
        }
        let wants = {
            let house = desk.house();
            let missing_wh = house.missing_wh(now, slot);
            let of = |wh| (wh, self.slots.values(&house, terms, now, slot));
            let orders =
                |(wh, values)| agent::slot_orders(desk.file.limits(terms), wh, &values, desk.file.trade_least_wh, most_wh(desk));
            missing_wh.map(of).map(orders).unwrap_or_default()
        };
        let bid = wants.bid();
        let told = |bid: &Bid| {
            let sum = |buys| bid.orders.iter().filter(|order| order.buys == buys).map(|order| u64::from(order.wh)).sum::<u64>();
            let sides = [("buys", sum(true)), ("sells", sum(false))].into_iter().filter(|(_, wh)| *wh > 0);
            let sides: Vec<String> = sides.map(|(what, wh)| format!("{what} up to {wh} Wh")).collect();
            format!("{} of slot {slot}, sealed", sides.join(" or "))
        };
        let done = self.commit(desk, rules, (slot, 1), bid.as_ref(), &told, tell).await;
        if !unsure(&done) {
            self.slot_until = slot;
        }
        if let Some(sealed) = done? {
            // What a round before this one has sealed is what counts.
            let own = bid.as_ref() == Some(&sealed);
            self.slots.bid(slot, if own { &wants.battery } else { &sealed.orders });
        }
        Ok(())
    }

    /// Whether an auction of this day, in which the meter has a bid, is not cleared yet: then the rest is not known.
    fn waits_for_day(&self, sight: &Sight, market: MarketId, day: u32) -> bool {
        let auction = auction_id(market, day.saturating_mul(DAY_SLOTS), 96);
        self.day_auction == Some(auction) && sight.stage(&auction) != Some(Stage::Cleared as u8)
    }

    /// Seals `bid` for the auction of these slots, or commits what was sealed for it before an outage or a restart. Gives what the chain has now, where it was
    /// this that brought it.
    async fn commit(
        &mut self,
        desk: &Desk,
        rules: &Rules,
        (first_slot, slots): (Slot, u8),
        bid: Option<&Bid>,
        told: &dyn Fn(&Bid) -> String,
        tell: Tell<'_>,
    ) -> Result<Option<Bid>, EnergyError> {
        let (market, meter, account) = (desk.file.market, desk.meter, desk.account());
        let auction = auction_id(market, first_slot, slots);
        let Some(sealed) = self.bids.seal(auction, first_slot, bid).map_err(|error| desk.unkept(error))? else { return Ok(None) };
        let bytes = sealed.bid();
        let bid = Bid::from_bytes(&bytes).unwrap_or_default();
        let held_nano = cost_nano(&bid).saturating_add(rules.terms.deposit_nano.into());
        fill_purse(desk, rules, held_nano, tell).await?;
        let seal = seal(auction, meter, account, sealed.salt, &bytes);
        match desk.act(Commit { market, first_slot, slots, meter, seal, held_nano }).await {
            Ok(()) => {
                self.bids.committed(auction);
                tell(EnergyNote::of(auction, told(&bid)));
                Ok(Some(bid))
            }
            // Refused, it is not on the chain; after an outage it may be.
            Err(error @ NodeError::Reverted(_)) => {
                self.bids.forget(&auction).map_err(|error| desk.unkept(error))?;
                Err(error.into())
            }
            Err(other) => Err(other.into()),
        }
    }

    /// Opens what may be opened; forgets what is over.
    async fn open_sealed(&mut self, desk: &Desk, sight: &Sight, tell: Tell<'_>) -> Result<(), EnergyError> {
        for (id, sealed) in self.bids.all() {
            let stage = match sight.stage(&id) {
                Some(stage) => stage,
                None if self.bids.is_committed(&id) => Stage::Open as u8,
                None => self.ask_stage(desk, id).await?,
            };
            let begun = slot_start_ms(sealed.first_slot) <= sight.head.time_ms;
            if stage == Stage::Open as u8 && !begun {
                continue;
            }
            if stage == Stage::Revealing as u8 {
                match desk.act(Reveal { auction: id, meter: desk.meter, salt: sealed.salt, bid: sealed.bid() }).await {
                    Err(error) if error.is_outage() => return Err(error.into()),
                    Err(error) => tell(EnergyNote::of(id, format!("not opened: {error}"))),
                    Ok(()) => {}
                }
            } else if stage != Stage::Open as u8 && self.bids.is_committed(&id) {
                tell(EnergyNote::of(
                    id,
                    "not opened in time: the deposit is lost, unless the chain stood still until the slot began",
                ));
            }
            self.asked.remove(&id);
            self.bids.forget(&id).map_err(|error| desk.unkept(error))?;
        }
        Ok(())
    }

    /// The stage of an auction that was sealed before this run. One that the chain does not know was never committed: it may be still.
    async fn ask_stage(&mut self, desk: &Desk, id: B256) -> Result<u8, EnergyError> {
        if let Some(stage) = self.asked.get(&id) {
            return Ok(*stage);
        }
        let stage = match desk.view(IEnergy::auctionCall { id }).await {
            Ok(auction) => auction.stage,
            Err(NodeError::Reverted(_)) => Stage::Open as u8,
            Err(other) => return Err(other.into()),
        };
        self.asked.insert(id, stage);
        Ok(stage)
    }
}

/// Whether another try may go better: after an outage. What was refused would be refused again.
fn unsure<T>(done: &Result<T, EnergyError>) -> bool {
    matches!(done, Err(EnergyError::Node(error)) if error.is_outage())
}

fn day_ms() -> u64 {
    u64::from(DAY_SLOTS) * SLOT_MS
}

/// What an order of a slot may be of at most: more than the connection turns round is refused.
fn most_wh(desk: &Desk) -> u32 {
    let (import_wh, export_wh) = desk.file.limits_wh();
    import_wh.saturating_add(export_wh)
}

/// What is wanted of the day that begins with slot `first`.
fn day_bid(desk: &Desk, rules: &Rules, now: Slot, first: Slot) -> Option<Bid> {
    let house = desk.house();
    let of = |slot| house.forecast_wh(slot).map(|wh| wh - house.position_wh(slot).unwrap_or(0));
    let forecast_wh: Vec<Option<i64>> = (first..first.saturating_add(DAY_SLOTS)).map(of).collect();
    let battery = house.pack.as_ref().zip(house.stored_at(now, first)).map(|(pack, stored_wh)| {
        let (charge_wh, discharge_wh) = pack.limits.slot_wh(house.limits_wh);
        Battery {
            charge_wh,
            discharge_wh,
            capacity_wh: pack.limits.capacity_wh - pack.limits.reserve_wh,
            initial_wh: stored_wh.saturating_sub(pack.limits.reserve_wh),
            wear_micro: pack.file.wear_micro(&rules.terms),
            final_micro: pack.file.left_micro(&rules.terms),
        }
    });
    agent::day_bid(desk.file.limits(&rules.terms), &forecast_wh, most_wh(desk), battery)
}

/// Fills the purse up to what the file says, where less than half of that is free, or less than `need_nano`.
async fn fill_purse(desk: &Desk, rules: &Rules, need_nano: u128, tell: Tell<'_>) -> Result<(), EnergyError> {
    let market = desk.file.market;
    let purse = desk.view(IEnergy::purseCall { market, account: desk.account() }).await?;
    let nano: i128 = purse.nano.try_into().unwrap_or(0);
    let free = nano.saturating_sub_unsigned(purse.heldNano.saturating_to());
    let per_minor = i128::from(rules.nano_per_minor);
    let wanted = i128::from(desk.file.purse).saturating_mul(per_minor);
    if free.saturating_mul(2) >= wanted && free >= i128::try_from(need_nano).unwrap_or(i128::MAX) {
        return Ok(());
    }
    let amount = u128::try_from(wanted.saturating_sub(free) / per_minor).unwrap_or(0);
    if amount == 0 {
        return Ok(()); // it is as full as its owner wants it: the chain says that it is not enough
    }
    desk.act(Deposit { market, amount }).await?;
    tell(EnergyNote::of(market, format!("put {amount} minor units into the purse")));
    Ok(())
}
