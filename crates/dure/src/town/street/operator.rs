//! The grid's operator, simulated: opens the street's market, attests the meters that are put in, lowers what lines carry when somebody works on
//! them, and pays for less flowing where more was traded by then.
//!
//! What it has done is read from the chain's log, so that a kill neither repeats nor loses anything.

use super::grid::{FEEDERS, ROOT};
use crate::{say::Problem, town::Town};
use alloy_primitives::B256;
use alloy_sol_types::SolEvent as _;
use dure_api::abi::energy::{IEnergy, terms};
use dure_gateways::{
    chain::Chain,
    energy::{
        audit,
        chronicle::Chronicle,
        market::{self, MarketFile},
        redispatch::{self, Shift},
    },
    node::{Head, NodeError},
};
use dure_rules::{
    bounds::DAY_MS,
    credits::CreditId,
    energy::{Action, AttestMeter, DAY_SLOTS, Deposit, MODULE, OpenMarket, SLOT_MS, SetCaps, Slot, Terms, Zone, market_id},
};
use serde_json::json;
use std::{ops::Range, path::Path, sync::Arc, time::Duration};

const NAME: &str = "Example Street";
/// Between two looks, wall time.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
const HOUR_SLOTS: Slot = 4;
/// The zone behind the transformer: there neighbours on every line, and the supplier, sell what is bought.
const ROOT_ZONE: u8 = 0;
/// The most that it pays for a kWh less over a line, micro-units: about what a kWh is dearer from the supplier than to it.
const SHIFT_LIMIT_MICRO: i64 = 250_000;

/// The terms that an operator would have in its `market.toml`. Bids are opened within an hour and cleared within seventy-five minutes: at six
/// hundred times the wall's pace six seconds and seven and a half.
fn file(town: &Town) -> String {
    let (credit, supplier) = (CreditId::nth(crate::chain::CREDIT).0, town.people.supplier.address());
    let [mill, orchard] = FEEDERS;
    format!(
        "name = \"{NAME}\"\ncredit = \"{credit}\"\nsupplier = \"{supplier}\"\nretail = 0.32\nfeed_in = 0.08\n\
         day_gate_minutes = 360\nslot_gate_minutes = 150\nreveal_minutes = 60\nsolve_minutes = 75\nreading_minutes = 60\n\
         [[zone]]\nname = \"{ROOT}\"\nup_kw = 60\ndown_kw = 160\n\
         [[zone]]\nname = \"{mill}\"\nparent = \"{ROOT}\"\nup_kw = 120\ndown_kw = 120\n\
         [[zone]]\nname = \"{orchard}\"\nparent = \"{ROOT}\"\nup_kw = 120\ndown_kw = 160\n"
    )
}

/// The street's market.
pub fn market(town: &Town) -> B256 {
    market_id(town.people.operator.address(), CreditId::nth(crate::chain::CREDIT), NAME)
}

/// Works of a day: the number of the zone, what its line carries upwards meanwhile in kW, hours, and how long ahead it is known.
struct Works {
    zone: u8,
    up_kw: f64,
    from_hour: Slot,
    until_hour: Slot,
    known_ms: u64,
}

/// Every third day the connection to the grid is worked on, known before the day is traded; every third day the line of the first feeder, at three
/// and a half hours' notice.
fn works(day: u32) -> Option<Works> {
    match day % 3 {
        0 => Some(Works { zone: 0, up_kw: 20.0, from_hour: 10, until_hour: 15, known_ms: DAY_MS }),
        1 => Some(Works { zone: 1, up_kw: 40.0, from_hour: 12, until_hour: 14, known_ms: DAY_MS / 24 * 7 / 2 }),
        _ => None,
    }
}

impl Works {
    /// The slots of `day` that they last.
    fn slots(&self, day: u32) -> Range<Slot> {
        let of = |hour: Slot| day * DAY_SLOTS + hour * HOUR_SLOTS;
        of(self.from_hour)..of(self.until_hour)
    }
}

/// The market as its operator knows it.
struct Grid {
    chain: Chain,
    town: Arc<Town>,
    market: B256,
    zones: Vec<Zone>,
    terms: Terms,
    nano_per_minor: u64,
    /// Caps and orders of slots that have not begun.
    log: Chronicle,
}

/// Works until the task is dropped.
///
/// # Errors
/// Where no node answers, or the market is refused.
pub async fn work(town: Arc<Town>, folder: &Path) -> Result<(), Problem> {
    let chain = Chain::connect(&town.rpc).await?;
    let market = open(&chain, &town, folder).await?;
    let record = chain.view_at(MODULE, IEnergy::marketCall { id: market }).await?;
    let now = slot_of(chain.node.head().await?.time_ms);
    let mut grid = Grid {
        market,
        zones: audit::zones(&record),
        terms: terms(&record.terms),
        nano_per_minor: record.nanoPerMinor,
        log: Chronicle::new(market, now..Slot::MAX),
        chain,
        town,
    };
    let mut next_height = 0;
    loop {
        let head = grid.chain.node.head().await?;
        if head.height >= next_height {
            grid.attest(next_height, &head).await?;
            next_height = head.height + 1;
        }
        grid.log.catch_up(&grid.chain, head.height).await?;
        grid.log.forget_before(slot_of(head.time_ms));
        let today = head.time_ms / DAY_MS;
        for day in (today..=today + 1).filter_map(|day| u32::try_from(day).ok()) {
            let Some(works) = works(day) else { continue };
            grid.lower(&works, day, &head).await?;
            grid.shift(&works, day, &head).await?;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

impl Grid {
    /// Knows the meters that were put in since.
    async fn attest(&self, from_height: u64, head: &Head) -> Result<(), Problem> {
        let put_in = json!([IEnergy::MeterRegistered::SIGNATURE_HASH, self.market]);
        for seen in self.chain.node.logs(MODULE, &put_in, from_height, head.height).await? {
            let Ok(event) = IEnergy::MeterRegistered::decode_log(&seen.log) else { continue };
            let meter = self.chain.view_at(MODULE, IEnergy::meterCall { id: event.meter }).await?;
            if !meter.attested {
                self.act(AttestMeter { meter: event.meter, attested: true }).await?;
            }
        }
        Ok(())
    }

    /// Sets the caps of works that have become known.
    async fn lower(&self, works: &Works, day: u32, head: &Head) -> Result<(), Problem> {
        let Some(own) = self.zones.get(usize::from(works.zone)) else { return Ok(()) };
        let Some(caps) = due(works, self.market, day, head.time_ms)? else { return Ok(()) };
        let is_set = |slot| self.log.cap(works.zone, slot, own) == (caps.up_wh, caps.down_wh);
        if works.slots(day).all(is_set) { Ok(()) } else { self.act(caps).await }
    }

    /// Orders redispatch for what was traded over the line beyond what it carries now.
    async fn shift(&self, works: &Works, day: u32, head: &Head) -> Result<(), Problem> {
        let Some(own) = self.zones.get(usize::from(works.zone)).filter(|_| works.zone != ROOT_ZONE) else { return Ok(()) };
        let mut orders = Vec::new();
        for slot in works.slots(day) {
            let is_open = redispatch::is_open(&self.terms, slot, head.time_ms);
            if !is_open || self.log.clearings(slot).is_empty() || self.log.caps(works.zone, slot).is_empty() {
                continue;
            }
            let Some(book) = audit::book(&self.chain, self.market, slot).await? else { continue };
            let flow_wh = book.flowWh.get(usize::from(works.zone)).copied().unwrap_or(0);
            let wanted = over(works.zone, flow_wh, self.log.cap(works.zone, slot, own).0);
            orders.extend(redispatch::change(wanted, self.log.orders(slot).last()).map(|order| (slot, order)));
        }
        if orders.is_empty() {
            return Ok(());
        }
        self.fill_purse(orders.iter().map(|(_, order)| order.most_nano()).sum()).await?;
        for (slot, order) in orders {
            let ordered = order.order(&self.chain, &self.town.people.operator, self.market, slot).await;
            self.told(ordered.map(|_| ()))?;
        }
        Ok(())
    }

    /// Puts so much into the purse that `need_nano` is free.
    async fn fill_purse(&self, need_nano: u128) -> Result<(), Problem> {
        let (market, account) = (self.market, self.town.people.operator.address());
        let purse = self.chain.view_at(MODULE, IEnergy::purseCall { market, account }).await?;
        let amount = missing(purse.nano.try_into().unwrap_or(0), purse.heldNano.saturating_to(), need_nano, self.nano_per_minor);
        if amount > 0 { self.act(Deposit { market, amount }).await } else { Ok(()) }
    }

    async fn act(&self, action: impl Into<Action>) -> Result<(), Problem> {
        let acted = self.chain.act(&self.town.people.operator, action.into()).await;
        self.told(acted.map(|_| ()))
    }

    /// What the chain refuses is told, and the rest goes on; the next look may find it otherwise.
    fn told(&self, done: Result<(), NodeError>) -> Result<(), Problem> {
        match done {
            Err(error @ NodeError::Reverted(_)) => {
                self.town.note("Grid operator", &error.to_string());
                Ok(())
            }
            other => Ok(other?),
        }
    }
}

fn slot_of(time_ms: u64) -> Slot {
    Slot::try_from(time_ms / SLOT_MS).unwrap_or(Slot::MAX)
}

/// What is to be ordered where `flow_wh` was cleared over a zone's line upwards and it carries `up_wh`.
fn over(zone: u8, flow_wh: i64, up_wh: u32) -> Option<Shift> {
    let wh = u32::try_from(flow_wh.saturating_sub(up_wh.into())).ok().filter(|wh| *wh > 0)?;
    Some(Shift { deficit: ROOT_ZONE, surplus: zone, wh, limit_micro: SHIFT_LIMIT_MICRO })
}

/// The minor units that a purse is short of.
fn missing(nano: i128, held_nano: u128, need_nano: u128, nano_per_minor: u64) -> u128 {
    let short = nano.saturating_sub_unsigned(held_nano).saturating_sub_unsigned(need_nano).min(0).unsigned_abs();
    short.div_ceil(nano_per_minor.max(1).into())
}

/// What is to be set now, where the works of `day` have become known and not begun.
fn due(works: &Works, market: B256, day: u32, now_ms: u64) -> Result<Option<SetCaps>, Problem> {
    let slots = works.slots(day);
    let begins_ms = u64::from(slots.start) * SLOT_MS;
    if !(begins_ms.saturating_sub(works.known_ms)..begins_ms).contains(&now_ms) {
        return Ok(None);
    }
    let mut problems = Vec::new();
    let (up_wh, down_wh) = (market::wh(works.up_kw, "up_kw", &mut problems), market::wh(120.0, "down_kw", &mut problems));
    if !problems.is_empty() {
        return Err(Problem::fault(problems.join("; ")));
    }
    let (first_slot, slots) = (slots.start, u8::try_from(slots.len()).map_err(Problem::fault)?);
    Ok(Some(SetCaps { market, zone: works.zone, first_slot, slots, up_wh, down_wh }))
}

async fn open(chain: &Chain, town: &Town, folder: &Path) -> Result<B256, Problem> {
    let market = market(town);
    match chain.view_at(MODULE, IEnergy::marketCall { id: market }).await {
        Ok(_) => return Ok(market),
        Err(NodeError::Reverted(_)) => {}
        Err(other) => return Err(other.into()),
    }
    let path = folder.join("market.toml");
    std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, file(town))).map_err(Problem::unreachable)?;
    let opening: OpenMarket = MarketFile::read(&path)?;
    chain.act(&town.people.operator, Action::from(opening)).await?;
    Ok(market)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn works_are_told_in_time_for_the_auctions_that_they_concern() {
        let day = 20_601; // a multiple of three
        let market = B256::repeat_byte(1);
        let told = |day: u32, hour: u64| {
            let now_ms = u64::from(day) * DAY_MS + hour * DAY_MS / 24;
            due(&works(day).expect("works"), market, day, now_ms).expect("good")
        };
        let ahead = due(&works(day).expect("works"), market, day, u64::from(day - 1) * DAY_MS + 11 * DAY_MS / 24);
        let ahead = ahead.expect("good").expect("known before the gate of the day, at 18:00");
        assert_eq!((ahead.zone, ahead.first_slot, ahead.slots, ahead.up_wh), (0, day * 96 + 40, 20, 5_000));
        assert_eq!(told(day, 10), None, "they have begun");
        assert_eq!(told(day + 1, 8), None);
        assert_eq!(
            told(day + 1, 9).map(|caps| (caps.zone, caps.first_slot % 96, caps.slots, caps.up_wh)),
            Some((1, 48, 8, 10_000))
        );
        assert!(works(day + 2).is_none());
    }
    #[test]
    fn what_was_traded_beyond_the_new_cap_is_ordered_and_paid_for_beforehand() {
        assert_eq!(over(1, 26_250, 10_000), Some(Shift { deficit: 0, surplus: 1, wh: 16_250, limit_micro: 250_000 }));
        for flow_wh in [10_000, 0, -26_250] {
            assert_eq!(over(1, flow_wh, 10_000), None, "{flow_wh}");
        }
        // 16.25 kWh at 0.25 are 4.0625 units, which the purse has or gets, a minor unit at a time.
        let need_nano = over(1, 26_250, 10_000).map_or(0, |order| order.most_nano());
        assert_eq!(need_nano, 4_062_500_000);
        for (nano, held_nano, amount) in [(0, 0, 407), (4_062_500_000, 0, 0), (5_000_000_000, 1_000_000_000, 7), (-1, 0, 407)] {
            assert_eq!(missing(nano, held_nano, need_nano, 10_000_000), amount, "{nano}, {held_nano}");
        }
    }
}
