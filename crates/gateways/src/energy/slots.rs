//! What a battery's orders in the auction of a slot need to know beyond the house: the prices of the slots after it, and what is still open of the auctions before it.
//!
//! - Upon the first bid after a day's auction is cleared: ask the prices of its slots, once.
//! - Upon a slot's bid: remember what the battery wants by it, until that auction is cleared.
//!
//! What the auctions before may still change is met by their extremes: more is taken at what it is worth if all of what they ask for comes in, and given at what it is worth if all of
//! it goes out. Each Wh is worth less than the one before, so whatever comes of them, nothing is traded at a loss.

use super::{audit::book, bids::SealedBids, house::House, lookout::Sight, meter::Desk, meter::Rules};
use crate::node::NodeError;
use dure_api::abi::energy::IEnergy;
use dure_rules::energy::{Bid, DAY_SLOTS, MarketId, Order, SLOT_MS, Slot, Stage, Terms, auction_id};
use dure_solvers::value::{Battery, Later, Moves, Values, values};
use std::collections::BTreeMap;

/// Days whose prices are kept: today, tomorrow, and one to spare.
const DAYS_MAX: usize = 3;
/// A bid waits for the auctions before it until so long before its gate, consensus time.
const LEAD_MS: u64 = 5 * 60_000;

/// A day's prices, as they were when so much of it was cleared; none where its auction was not.
struct DayPrices {
    cleared: u64,
    micro: BTreeMap<Slot, i64>,
}

#[derive(Default)]
pub(super) struct Slots {
    days: BTreeMap<u32, DayPrices>,
    /// What the battery may take and give by auctions that are not cleared yet, Wh. A bid that was opened before a restart, and is not cleared, is not known any more.
    open: BTreeMap<Slot, (u32, u32)>,
}

impl Slots {
    /// After a restart: the bids that wait to be opened. Which of their orders are the battery's is not kept, so at worst all are.
    pub fn resume(market: MarketId, bids: &SealedBids) -> Self {
        let mut slots = Self::default();
        for (id, sealed) in bids.all() {
            if id == auction_id(market, sealed.first_slot, 1) {
                slots.bid(sealed.first_slot, &Bid::from_bytes(&sealed.bid()).unwrap_or_default().orders);
            }
        }
        slots
    }

    /// Asks the prices of `day` where they are known to the chain and not here yet.
    pub async fn learn(&mut self, desk: &Desk, rules: &Rules, sight: &Sight, day: u32) -> Result<(), NodeError> {
        let (market, first) = (desk.file.market, day.saturating_mul(DAY_SLOTS));
        let cleared = sight.cleared(market, day);
        if self.days.get(&day).is_some_and(|known| !known.micro.is_empty() || known.cleared == cleared) {
            return Ok(());
        }
        let id = auction_id(market, first, 96);
        let stage = match sight.stage(&id) {
            Some(stage) => stage,
            None => match desk.view(IEnergy::auctionCall { id }).await {
                Ok(auction) => auction.stage,
                Err(NodeError::Reverted(_)) => Stage::Open as u8,
                Err(other) => return Err(other),
            },
        };
        let mut micro = BTreeMap::new();
        if stage == Stage::Cleared as u8 {
            for slot in first.max(now(sight))..first.saturating_add(DAY_SLOTS) {
                let of_slot = book(&desk.lookout.chain, market, slot).await?;
                if let Some(price) = of_slot.and_then(|of| of.priceMicro.get(usize::from(rules.zone)).copied()) {
                    micro.insert(slot, price);
                }
            }
        }
        self.days.insert(day, DayPrices { cleared, micro });
        if self.days.len() > DAYS_MAX {
            self.days.pop_first();
        }
        Ok(())
    }

    /// Forgets what the auctions that are cleared, or whose slot has begun, have left open.
    pub fn settle(&mut self, market: MarketId, sight: &Sight) {
        let now = now(sight);
        self.open.retain(|slot, _| *slot > now && sight.stage(&auction_id(market, *slot, 1)) != Some(Stage::Cleared as u8));
    }

    /// Whether a bid for `slot` had better wait: one of the auctions before it can be cleared long enough before its gate.
    pub fn waits(&self, terms: &Terms, slot: Slot, now_ms: u64) -> bool {
        let ahead_ms = |before: &Slot| u64::from(slot.saturating_sub(*before)) * SLOT_MS;
        let gate_ms = (u64::from(slot) * SLOT_MS).saturating_sub(terms.slot_gate_ms);
        let in_time = |before: &Slot| ahead_ms(before) >= terms.reveal_ms.saturating_add(LEAD_MS);
        now_ms.saturating_add(LEAD_MS) < gate_ms && self.open.range(..slot).any(|(before, _)| in_time(before))
    }

    /// The battery bids these orders of `slot`.
    pub fn bid(&mut self, slot: Slot, orders: &[Order]) {
        let sum = |buys| orders.iter().filter(|order| order.buys == buys).fold(0, |sum: u32, order| sum.saturating_add(order.wh));
        self.open.insert(slot, (sum(true), sum(false)));
    }

    /// What more or less in the battery is worth in `slot`; nothing where there is none, or not known what is in it.
    pub fn values(&self, house: &House, terms: &Terms, now: Slot, slot: Slot) -> Values {
        let Some((pack, stored_wh)) = house.pack.as_ref().zip(house.stored_at(now, slot)) else { return Values::default() };
        let limits = pack.limits;
        let size = |wh: i64| u32::try_from(wh.max(0)).unwrap_or(u32::MAX);
        let moves = |slot: Slot| {
            let (house_wh, (import_wh, export_wh)) = (house.forecast_wh(slot).unwrap_or(0), house.limits_wh);
            // An evcc cannot be told to discharge into the grid.
            let export_wh = if pack.file.evcc.is_some() { 0 } else { export_wh };
            let connection = (size(i64::from(import_wh) + house_wh), size(i64::from(export_wh) - house_wh));
            let (charge_wh, discharge_wh) = limits.slot_wh(connection);
            Moves { charge_wh, discharge_wh, planned_wh: house_wh - house.position_wh(slot).unwrap_or(0) }
        };
        let later = |slot: Slot| {
            let known = self.days.get(&(slot / DAY_SLOTS)).and_then(|day| day.micro.get(&slot).copied());
            let moves = moves(slot);
            // Without a price there is the supplier.
            let supplied = Later { moves, buy_micro: terms.retail_micro, sell_micro: terms.feed_in_micro };
            known.map_or(supplied, |micro| Later::at(micro, moves))
        };
        let later: Vec<Later> = (slot.saturating_add(1)..self.until(slot)).map(later).collect();
        let battery = |stored_wh: u32| Battery {
            stored_wh: stored_wh.saturating_sub(limits.reserve_wh),
            capacity_wh: limits.capacity_wh - limits.reserve_wh,
            wear_micro: pack.file.wear_micro(terms),
            left_micro: pack.file.left_micro(terms),
        };
        let (taken_wh, given_wh) =
            self.open.range(..slot).fold((0u32, 0u32), |sum, (_, of)| (sum.0.saturating_add(of.0), sum.1.saturating_add(of.1)));
        let moves = moves(slot).of(&battery(stored_wh));
        Values {
            takes: values(&battery(stored_wh.saturating_add(taken_wh)), moves, &later).takes,
            gives: values(&battery(stored_wh.saturating_sub(given_wh)), moves, &later).gives,
        }
    }

    /// The end of the days that are cleared, at least that of the slot's own: what is in the battery then is worth what its owner says.
    fn until(&self, slot: Slot) -> Slot {
        let day = slot / DAY_SLOTS;
        let next = self.days.get(&day.saturating_add(1)).is_some_and(|next| !next.micro.is_empty());
        (day + 1 + u32::from(next)).saturating_mul(DAY_SLOTS)
    }
}

/// The slot that runs.
fn now(sight: &Sight) -> Slot {
    Slot::try_from(sight.head.time_ms / SLOT_MS).unwrap_or(Slot::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::{
        agent::tests::TERMS,
        config::Fallback,
        house::{Aim, tests as of_house},
    };
    use super::*;
    use dure_solvers::value::Step;

    const FIRST: Slot = of_house::DAY * DAY_SLOTS;

    fn order(buys: bool, wh: u32) -> Order {
        Order { slot: 0, buys, wh, limit_micro: 200_000 }
    }

    /// A battery of 10,000 Wh and 5 kW with 4,000 in it, at a house that does nothing and has traded nothing, and a day whose prices `micro` says.
    fn at_night(micro: impl Fn(Slot) -> i64) -> (tempfile::TempDir, House, Slots) {
        let folder = tempfile::tempdir().expect("folder");
        let mut house = of_house::house(folder.path());
        let aim = Aim::Local { rule: Fallback::Hold, export_w: 0 };
        house.message("soc", b"4000", (0, None), aim).expect("kept");
        house.put_position(of_house::DAY, 0, vec![0; 96]);
        let micro = (FIRST..FIRST + DAY_SLOTS).map(|slot| (slot, micro(slot - FIRST))).collect();
        let slots = Slots { days: [(of_house::DAY, DayPrices { cleared: 1, micro })].into(), ..Slots::default() };
        (folder, house, slots)
    }

    #[test]
    fn a_slots_values_are_those_of_the_days_prices_wear_and_losses() {
        // A kWh that is taken stores 950 Wh in a slot at most; giving one wears 0.02 and has lost 0.010526 (see the agent). The evening at 0.30 takes 3 × 1,250 Wh of the 4,000.
        let (_folder, house, slots) = at_night(|at| if (80..83).contains(&at) { 300_000 } else { 210_000 });
        let found = slots.values(&house, &TERMS, FIRST, FIRST + 1);
        // What is left over is worth 0.20 at the end. 250 Wh have no better use; the rest would have to be bought again, for 0.001 more than 0.21.
        assert_eq!(found.takes, [Step { wh: 1_187, micro: 200_000 }]);
        assert_eq!(found.gives, [Step { wh: 250, micro: 230_526 }, Step { wh: 1_000, micro: 241_526 }]);
        // Of a slot without a price there is the supplier's.
        let none = Slots::default().values(&house, &TERMS, FIRST, FIRST + 1);
        assert_eq!((none.takes[0].micro, none.gives[0].micro), (200_000, 230_526));
        // At the import limit nothing more is taken.
        let mut house = house;
        house.limits_wh = (0, 800);
        let found = slots.values(&house, &TERMS, FIRST, FIRST + 1);
        assert_eq!((found.takes.len(), found.gives.iter().map(|step| step.wh).sum::<u32>()), (0, 800));
        // Behind an evcc nothing is given that the house does not draw.
        house.pack.as_mut().expect("one").file.evcc = Some("evcc".into());
        assert_eq!(slots.values(&house, &TERMS, FIRST, FIRST + 1).gives, []);
    }

    #[test]
    fn what_is_still_open_counts_at_its_worst() {
        let (_folder, house, mut slots) = at_night(|_| 200_000);
        let sums = |slots: &Slots| {
            let found = slots.values(&house, &TERMS, FIRST, FIRST + 9);
            [found.takes, found.gives].map(|steps| steps.iter().map(|step| step.wh).sum::<u32>())
        };
        assert_eq!(sums(&slots), [1_187, 1_250]);
        // Of 6,000 Wh of room 5,500 may be taken before, of 4,000 Wh 3,800 may be gone.
        slots.bid(FIRST + 7, &[order(true, 3_000), order(false, 1_900)]);
        slots.bid(FIRST + 8, &[order(true, 2_000), order(true, 500), order(false, 1_900)]);
        assert_eq!(sums(&slots), [500, 200]);
    }

    #[test]
    fn a_bid_waits_for_what_can_be_cleared_before_its_gate() {
        let minutes = |minutes: u64| minutes * 60_000;
        let terms = |reveal_ms| Terms { slot_gate_ms: minutes(45), reveal_ms, ..TERMS };
        let mut slots = Slots::default();
        let slot = FIRST + 10;
        let gate_ms = u64::from(slot) * SLOT_MS - minutes(45);
        let waits = |slots: &Slots, reveal_ms, before_ms| slots.waits(&terms(reveal_ms), slot, gate_ms - before_ms);
        assert!(!waits(&slots, minutes(5), minutes(14)));
        slots.bid(slot - 1, &[]);
        // Its gate is a quarter of an hour before: opened within 5 minutes it is cleared in time, within 15 it is not.
        assert!(waits(&slots, minutes(5), minutes(14)) && !waits(&slots, minutes(5), minutes(4)));
        assert!(!waits(&slots, minutes(15), minutes(14)));
        slots.bid(slot - 2, &[]);
        assert!(waits(&slots, minutes(15), minutes(14)));
    }

    #[test]
    fn what_was_sealed_for_slots_before_a_restart_counts_in_full() {
        let (folder, market) = (tempfile::tempdir().expect("folder"), MarketId::repeat_byte(7));
        let open = || SealedBids::open(folder.path().join("sealed.json")).expect("opened");
        let bid = Bid { orders: vec![order(true, 300), order(false, 500), order(false, 200)], battery: None };
        for (first, slots) in [(FIRST, 96), (FIRST + 7, 1)] {
            open().seal(auction_id(market, first, slots), first, Some(&bid)).expect("kept").expect("sealed");
        }
        assert_eq!(Slots::resume(market, &open()).open, BTreeMap::from([(FIRST + 7, (300, 700))]));
        assert!(Slots::resume(MarketId::ZERO, &open()).open.is_empty(), "another market's");
    }
}
