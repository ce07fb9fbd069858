//! What became of a slot: every meter's position and what it deviated by, in money.

use super::*;
use crate::deadlines::{self, Due};

/// Between two parts of a slot's settlement.
const PART_MS: u64 = 1_000;

/// What a deviation is paid at. Prices in micro-units per kWh, amounts in nano-units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Of the zone in the slot, but no further beyond the supplier's two prices than they are apart: one Wh that somebody trades with himself behind a full line
    /// may make any price, and others' deviations are not to be at his mercy.
    pub price_micro: i64,
    pub retail_micro: i64,
    pub feed_in_micro: i64,
    /// What all meters at that price delivered beyond their positions, and fell short by, Wh.
    pub long_wh: u64,
    pub short_wh: u64,
}

impl Rates {
    /// All as if no neighbour had deviated the other way.
    pub fn alone(terms: &Terms, price_micro: i64) -> Self {
        Self::of(terms, price_micro, 0, 0)
    }

    fn of(terms: &Terms, price_micro: i64, long_wh: u64, short_wh: u64) -> Self {
        let Terms { retail_micro, feed_in_micro, .. } = *terms;
        let apart = retail_micro.saturating_sub(feed_in_micro);
        let price_micro = price_micro.max(feed_in_micro.saturating_sub(apart)).min(retail_micro.saturating_add(apart));
        Self { price_micro, retail_micro, feed_in_micro, long_wh, short_wh }
    }

    /// What a deviation brings (+) or costs (−): what neighbours deviated by the other way at the slot's price, each with the same share of it; the rest
    /// at the supplier's price or the slot's, whichever is worse for the meter, so that where a line is full nobody gains by not trading. Rounded down; what is left by all that is the pot's.
    pub fn nano(&self, deviation_wh: i64) -> i128 {
        let (all_wh, rest_micro) = if deviation_wh > 0 {
            (self.long_wh, self.feed_in_micro.min(self.price_micro))
        } else {
            (self.short_wh, self.retail_micro.max(self.price_micro))
        };
        let deviation = i128::from(deviation_wh);
        let all = i128::from(all_wh);
        let inside = i128::from(self.long_wh.min(self.short_wh));
        if all == 0 {
            return deviation.saturating_mul(rest_micro.into());
        }
        let shared = inside.saturating_mul(self.price_micro.into());
        let rest = all.saturating_sub(inside).saturating_mul(rest_micro.into());
        deviation.saturating_mul(shared.saturating_add(rest)).div_euclid(all)
    }

    /// What the supplier gets (+) or gives (−) for what neighbours do not even out.
    pub fn supplier_nano(&self) -> i128 {
        let inside = self.long_wh.min(self.short_wh);
        let short = i128::from(self.short_wh.saturating_sub(inside)).saturating_mul(self.retail_micro.into());
        let long = i128::from(self.long_wh.saturating_sub(inside)).saturating_mul(self.feed_in_micro.into());
        short.saturating_sub(long)
    }
}

/// Counts what a meter of `zone` deviated by.
pub(super) fn count(book: &mut SlotBook, zone: u8, deviation_wh: i64) {
    let side = if deviation_wh > 0 { &mut book.long_wh } else { &mut book.short_wh };
    if let Some(sum) = side.get_mut(usize::from(zone)) {
        *sum = sum.saturating_add(deviation_wh.unsigned_abs());
    }
}

/// The deviation of a meter that says nothing: it drew all that it can.
pub(super) fn least_favourable(meter: &Meter, position_wh: i32) -> i64 {
    i64::from(meter.import_max_wh).saturating_add(position_wh.into()).saturating_neg()
}

/// Moves `nano` from the supplier to the meter's owner (below 0: the other way).
pub(super) fn with_supplier(d: &mut Draft<'_>, meter: &Meter, nano: i128) -> Result<(), Failure> {
    let supplier = known_market(d, meter.market)?.supplier;
    pay(d, meter.market, meter.owner, nano)?;
    Ok(pay(d, meter.market, supplier, nano.saturating_neg())?)
}

/// The record of a slot, made (with its deadline) where there is none.
pub(super) fn slot_book(d: &mut Draft<'_>, market: MarketId, slot: Slot) -> Result<SlotBook, Failure> {
    if let Some(book) = SLOTS.get(d, &(market, slot))? {
        return Ok(book);
    }
    let Market { zones, terms, .. } = known_market(d, market)?;
    let halfway = terms.feed_in_micro.saturating_add(terms.retail_micro).div_euclid(2);
    let zones = zones.len();
    let book = SlotBook {
        market,
        slot,
        progress: Progress::Running,
        cursor: 0,
        price_micro: vec![halfway; zones],
        flow_wh: vec![0; zones],
        supplier_nano: 0,
        shifted_wh: 0,
        operator_nano: 0,
        shift_limit_micro: 0,
        long_wh: vec![0; zones],
        short_wh: vec![0; zones],
        paid_nano: 0,
    };
    SLOTS.put(d, &(market, slot), &book);
    deadlines::schedule(d, settles_ms(&terms, slot), Due::Slot(market, slot))?;
    sharing::expect(d, market, &terms, slot / DAY_SLOTS)?;
    Ok(book)
}

/// When the readings of a slot are due, consensus milliseconds.
pub fn settles_ms(terms: &Terms, slot: Slot) -> u64 {
    auctions::slot_start_ms(slot.saturating_add(1)).saturating_add(terms.reading_ms)
}

pub(super) fn run(d: &mut Draft<'_>, action: RunSlot) -> Result<Output, Failure> {
    let RunSlot { market, slot } = action;
    let terms = known_market(d, market)?.terms;
    let book = SLOTS.get(d, &(market, slot))?.ok_or(Refusal::UnknownSlot { market, slot })?;
    let until_ms = settles_ms(&terms, slot);
    if d.env.time_ms < until_ms {
        return Err(Refusal::NotDue { until_ms }.into());
    }
    if book.progress == Progress::Settled {
        return Err(Refusal::AlreadyDone.into());
    }
    settle(d, book)?;
    Ok(Output::None)
}

/// What runs by itself. An entry that is stale does nothing.
pub(crate) fn due(d: &mut Draft<'_>, market: MarketId, slot: Slot) -> Result<(), Failure> {
    match SLOTS.get(d, &(market, slot))? {
        Some(book) if book.progress != Progress::Settled => settle(d, book),
        _ => Ok(()),
    }
}

/// Upon the time of a slot's readings: the sums stand from now on, and [`SETTLE_METERS_MAX`] meters are settled; the rest follows in the blocks after.
fn settle(d: &mut Draft<'_>, mut book: SlotBook) -> Result<(), Failure> {
    let market = known_market(d, book.market)?;
    book.progress = Progress::Settling;
    let end = book.cursor.saturating_add(SETTLE_METERS_MAX).min(market.meters);
    for number in book.cursor..end {
        let Some(listed) = LISTED.get(d, &(market.id, number))? else { continue };
        let meter = known_meter(d, listed.meter)?;
        let paid = settle_meter(d, &market.terms, &book, &meter)?;
        book.paid_nano = book.paid_nano.saturating_add(paid);
    }
    book.cursor = end;
    if end < market.meters {
        SLOTS.put(d, &(book.market, book.slot), &book);
        // Not at once: a block does one part, whatever is due beside it.
        let next_ms = d.env.time_ms.saturating_add(PART_MS);
        return deadlines::schedule(d, next_ms, Due::Slot(book.market, book.slot));
    }
    let mut supplier_nano = book.supplier_nano;
    let mut seen: Vec<i64> = Vec::new();
    for (zone, price) in (0u8..).zip(&book.price_micro) {
        if !seen.contains(price) {
            seen.push(*price);
            supplier_nano = supplier_nano.saturating_add(rates(&market.terms, &book, zone).supplier_nano());
        }
    }
    let operator_nano = book.operator_nano;
    let pot_nano = book.paid_nano.saturating_add(supplier_nano).saturating_add(operator_nano).saturating_neg();
    pay(d, market.id, market.supplier, supplier_nano)?;
    pay(d, market.id, market.operator, operator_nano)?;
    reset_aside(d, market.id, market.operator, operator_nano.unsigned_abs(), 0)?;
    pay(d, market.id, MODULE, pot_nano)?;
    book.progress = Progress::Settled;
    SLOTS.put(d, &(book.market, book.slot), &book);
    d.emit(Event::SlotSettled { market: market.id, slot: book.slot, supplier_nano, pot_nano });
    Ok(())
}

/// Pays one meter for the slot; gives what neighbours, the pot and the supplier's clearing have to bring up for it. What a meter that said nothing is
/// charged goes to the supplier at once.
fn settle_meter(d: &mut Draft<'_>, terms: &Terms, book: &SlotBook, meter: &Meter) -> Result<i128, Failure> {
    let (day, at) = (book.slot / DAY_SLOTS, (book.slot % DAY_SLOTS) as usize);
    let mut metered = readings::metered(d, meter.id, day)?;
    let position = auctions::position(d, meter.id, day)?;
    let (Some(net_wh), Some(sold_wh), Some(nano)) =
        (metered.net_wh.get(at), position.net_wh.get(at), position.nano.get(at).copied())
    else {
        return Ok(0);
    };
    let bit = 1u128 << at;
    let read = metered.read & bit != 0;
    let takes_part = meter.attested && meter.read_until > 0 && meter.read_until <= book.slot;
    if !read && *sold_wh == 0 && nano == 0 && !takes_part {
        return Ok(0);
    }
    let mut paid = i128::from(nano);
    if read {
        let deviation = i64::from(*net_wh).saturating_sub((*sold_wh).into());
        paid = paid.saturating_add(rates(terms, book, meter.zone).nano(deviation));
    } else {
        let charge = Rates::alone(terms, price_micro(book, meter.zone)).nano(least_favourable(meter, *sold_wh));
        with_supplier(d, meter, charge)?;
    }
    metered.settled |= bit;
    METERED.put(d, &(meter.id, day), &metered);
    pay(d, meter.market, meter.owner, paid)?;
    reset_aside(d, meter.market, meter.owner, auctions::cost(nano), 0)?;
    Ok(paid)
}

pub(super) fn price_micro(book: &SlotBook, zone: u8) -> i64 {
    book.price_micro.get(usize::from(zone)).copied().unwrap_or(0)
}

/// Zones at the same price are one place: their meters even each other out.
fn rates(terms: &Terms, book: &SlotBook, zone: u8) -> Rates {
    let price_micro = price_micro(book, zone);
    let same = |sums: &[u64]| -> u64 {
        sums.iter()
            .zip(&book.price_micro)
            .filter(|(_, price)| **price == price_micro)
            .map(|(sum, _)| *sum)
            .fold(0, u64::saturating_add)
    };
    Rates::of(terms, price_micro, same(&book.long_wh), same(&book.short_wh))
}
