//! What meters say.

use super::settlement::{Rates, slot_book};
use super::*;
use crate::keys::DeviceKey;

/// What a meter signs: "dure.meter.reading" ‖ borsh(chain id, module, [`Reading`]).
pub fn reading_prehash(chain_id: u64, key: &DeviceKey, reading: &Reading) -> B256 {
    let payload = borsh::to_vec(&(chain_id, MODULE, reading)).unwrap_or_default();
    key.prehash("dure.meter.reading", &payload)
}

pub(super) fn relay(d: &mut Draft<'_>, action: RelayReadings) -> Result<Output, Failure> {
    let readings = action.readings;
    within(!readings.is_empty() && readings.len() as u64 <= u64::from(READINGS_MAX), Field::Readings)?;
    for signed in &readings {
        take(d, signed)?;
    }
    Ok(Output::None)
}

/// Upon a reading: the first says where the registers begin. Each later one says what the slots since the one before it
/// have brought: a whole number of Wh to each, evenly, as registers tell no more. A slot that is still open counts it; one that is
/// settled is corrected with the supplier.
fn take(d: &mut Draft<'_>, signed: &SignedReading) -> Result<(), Failure> {
    let SignedReading { reading, signature } = signed;
    let Reading { meter: id, slot, import_wh, export_wh, counter } = *reading;
    let mut meter = known_meter(d, id)?;
    if counter <= meter.counter {
        return Err(Refusal::StaleCounter { last: meter.counter, given: counter }.into());
    }
    let now = u32::try_from(d.env.time_ms / SLOT_MS).unwrap_or(u32::MAX);
    let read_until = meter.read_until;
    let end = slot.saturating_add(1);
    if slot >= now || slot < read_until {
        return Err(Refusal::SlotOutOfTurn { slot, read_until, now }.into());
    }
    let slots = end.saturating_sub(read_until);
    let first = read_until == 0;
    let carries = |per_slot: u32| u64::from(per_slot).saturating_mul(slots.into());
    let rise = |now: u64, before: u64, max_wh: u64| match now.checked_sub(before) {
        Some(rise) if rise <= max_wh || first => Ok(rise),
        _ => Err(Refusal::Implausible { meter: id, max_wh }),
    };
    let drawn = rise(import_wh, meter.import_wh, carries(meter.import_max_wh))?;
    let delivered = rise(export_wh, meter.export_wh, carries(meter.export_max_wh))?;
    if !meter.key.verifies(d, &reading_prehash(d.env.chain_id, &meter.key, reading), signature)? {
        return Err(Refusal::BadSignature.into());
    }
    let from = if first { end } else { end.saturating_sub(slots.min(GAP_SLOTS_MAX)) };
    let net = i128::from(delivered).saturating_sub(i128::from(drawn));
    meter.counter = counter;
    meter.read_until = end;
    meter.import_wh = import_wh;
    meter.export_wh = export_wh;
    METERS.put(d, &id, &meter);
    let until = |slot: Slot| net.saturating_mul(slot.saturating_sub(read_until).into()).div_euclid(i128::from(slots.max(1)));
    let mut at = from;
    while at < end {
        let day_end = (at / DAY_SLOTS).saturating_add(1).saturating_mul(DAY_SLOTS).min(end);
        let shares = (at..day_end).map(|slot| (slot, until(slot.saturating_add(1)).saturating_sub(until(slot))));
        count_day(d, &meter, at / DAY_SLOTS, shares)?;
        at = day_end;
    }
    d.emit(Event::MeterRead { meter: id, slot });
    Ok(())
}

/// The shares of one day's slots.
fn count_day(d: &mut Draft<'_>, meter: &Meter, day: u32, shares: impl Iterator<Item = (Slot, i128)>) -> Result<(), Failure> {
    let terms = known_market(d, meter.market)?.terms;
    let position = auctions::position(d, meter.id, day)?;
    let mut metered = metered(d, meter.id, day)?;
    for (slot, net_wh) in shares {
        let at = (slot % DAY_SLOTS) as usize;
        let bit = 1u128 << at;
        let (Some(to), Some(sold)) = (metered.net_wh.get_mut(at), position.net_wh.get(at)) else { continue };
        let net = i32::try_from(net_wh).unwrap_or(0); // at most what the connection carries in a slot
        let deviation = i64::from(net).saturating_sub((*sold).into());
        if metered.settled & bit == 0 {
            if !meter.attested && *sold == 0 {
                continue;
            }
            let mut book = slot_book(d, meter.market, slot)?;
            match book.progress {
                Progress::Running => {}
                Progress::Settling => return Err(Refusal::BeingSettled { slot }.into()),
                // It took no part then.
                Progress::Settled => continue,
            }
            *to = net;
            metered.read |= bit;
            settlement::count(&mut book, meter.zone, deviation);
            SLOTS.put(d, &(meter.market, slot), &book);
            continue;
        }
        *to = net;
        metered.read |= bit;
        let book = slot_book(d, meter.market, slot)?;
        let rates = Rates::alone(&terms, settlement::price_micro(&book, meter.zone));
        let charged = rates.nano(settlement::least_favourable(meter, *sold));
        let nano = rates.nano(deviation).saturating_sub(charged);
        settlement::with_supplier(d, meter, nano)?;
        d.emit(Event::Corrected { meter: meter.id, slot, nano });
    }
    METERED.put(d, &(meter.id, day), &metered);
    Ok(())
}

/// What a meter delivered and drew on a day; nothing read where there is no record.
///
/// # Errors
/// What the source says.
pub fn metered(s: &mut (impl Source + ?Sized), meter: MeterId, day: u32) -> Result<Metered, Stop> {
    let none = Metered { meter, day, read: 0, settled: 0, challenged: 0, net_wh: [0; DAY_SLOTS as usize] };
    Ok(METERED.get(s, &(meter, day))?.unwrap_or(none))
}
