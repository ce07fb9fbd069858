//! What an event asks of the market: caps of zones, and orders of redispatch, slot by slot.
//!
//! A cap counts in every quarter of an hour that its interval touches, and is rounded down to the Wh: so the event's kW are never exceeded. An order of
//! redispatch counts in whole quarters alone, because there more would be shifted than was asked.
//!
//! This module never asks the time: slots that have begun are left out by whoever carries a plan out.

use super::wire::{Event, Interval, Period, Values, duration_ms, start_ms};
use crate::energy::redispatch::Shift;
use dure_rules::energy::{DAY_SLOTS, SLOT_MS, Slot, Zone};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What the line's cap towards the parent, and from it, is in kW: the standard's names.
pub const EXPORT_CAP: &str = "EXPORT_CAPACITY_LIMIT";
pub const IMPORT_CAP: &str = "IMPORT_CAPACITY_LIMIT";
/// Of an order of redispatch: power (kW) and the most that is paid for a kWh are the standard's, the two zones are private.
pub const SHIFT_POWER: &str = "DISPATCH_SETPOINT";
pub const SHIFT_LIMIT: &str = "PRICE";
pub const SHIFT_DEFICIT: &str = "DURE_DEFICIT";
pub const SHIFT_SURPLUS: &str = "DURE_SURPLUS";

/// Intervals of an event: seconds of a day would be more, and nobody means them.
const INTERVALS_MAX: usize = 1_440;
/// From the first to the last slot of an event.
const SLOTS_MAX: u32 = DAY_SLOTS;

/// What one event asks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Zones that the caps are of.
    pub zones: BTreeSet<u8>,
    pub caps: BTreeMap<Slot, Limit>,
    pub shifts: BTreeMap<Slot, Shift>,
    pub priority: Option<u32>,
}

/// Caps of a line in one slot, Wh, towards the parent and from it; none: the event does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    pub up_wh: Option<u32>,
    pub down_wh: Option<u32>,
}

/// Why an event is not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("not an OpenADR 3.1 event: {0}")]
    Form(String),
    #[error("it names no target; expected some of {known}")]
    NoTarget { known: String },
    #[error("`{name}` is no target of this market; known are {known}")]
    Target { name: String, known: String },
    #[error("{kind} is in {units}; expected {expected}")]
    Units { kind: String, units: String, expected: &'static str },
    #[error("{kind} in interval {interval}: expected one {expected}, and got {got}")]
    Value { kind: String, interval: i64, expected: &'static str, got: String },
    #[error(
        "interval {interval} has {what}; expected {EXPORT_CAP} or {IMPORT_CAP}, or all of {SHIFT_POWER}, {SHIFT_LIMIT}, {SHIFT_DEFICIT} and {SHIFT_SURPLUS}"
    )]
    Payload { interval: i64, what: String },
    #[error("interval {interval}: {why}")]
    Time { interval: i64, why: &'static str },
    #[error("it spans {slots} quarters of an hour; at most a day ({SLOTS_MAX}): send an event for each day")]
    Long { slots: u32 },
    #[error("it has {0} intervals; at most {INTERVALS_MAX}")]
    Intervals(usize),
    #[error("it repeats its intervals (`duration`); send them one by one")]
    Repeats,
}

/// What an event asks; `targets` says which target is which zone.
///
/// # Errors
/// [`Unfit`]: the first thing that is wrong. Nothing of such an event is carried out.
pub fn read(event: &Event, targets: &BTreeMap<String, u8>) -> Result<Ask, Unfit> {
    let mut ask = Ask { priority: event.priority, ..Ask::default() };
    let intervals = event.intervals.as_deref().unwrap_or_default();
    if intervals.len() > INTERVALS_MAX {
        return Err(Unfit::Intervals(intervals.len()));
    }
    if event.duration.is_some() {
        return Err(Unfit::Repeats);
    }
    units(event)?;
    let mut next_ms = None;
    for interval in intervals {
        let (from_ms, until_ms) = span(interval, event.interval_period.as_ref(), next_ms)?;
        next_ms = Some(until_ms);
        let (first, end) = (slot(from_ms), slot(until_ms.saturating_add(SLOT_MS - 1)));
        if end.saturating_sub(first) > SLOTS_MAX {
            return Err(Unfit::Long { slots: end.saturating_sub(first) });
        }
        if let Some(shift) = shift(interval, targets)? {
            if from_ms % SLOT_MS != 0 || until_ms % SLOT_MS != 0 {
                return Err(Unfit::Time {
                    interval: interval.id,
                    why: "an order of redispatch begins and ends on a quarter of an hour",
                });
            }
            for slot in first..end {
                if ask.shifts.insert(slot, shift).is_some_and(|other| other != shift) {
                    return Err(Unfit::Time {
                        interval: interval.id,
                        why: "another interval orders something else for the same quarter of an hour",
                    });
                }
            }
            continue;
        }
        let limit = limit(interval)?;
        for slot in first..end {
            let cap = ask.caps.entry(slot).or_default();
            *cap = Limit { up_wh: least(cap.up_wh, limit.up_wh), down_wh: least(cap.down_wh, limit.down_wh) };
        }
    }
    let slots = || ask.caps.keys().chain(ask.shifts.keys());
    if let (Some(first), Some(last)) = (slots().min(), slots().max())
        && last - first >= SLOTS_MAX
    {
        return Err(Unfit::Long { slots: last - first + 1 });
    }
    if !ask.caps.is_empty() {
        let named = event.targets.as_deref().unwrap_or_default();
        if named.is_empty() {
            return Err(Unfit::NoTarget { known: known(targets) });
        }
        ask.zones = named.iter().map(|name| zone(name, targets)).collect::<Result<_, _>>()?;
    }
    Ok(ask)
}

fn known(targets: &BTreeMap<String, u8>) -> String {
    targets.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn zone(name: &str, targets: &BTreeMap<String, u8>) -> Result<u8, Unfit> {
    targets.get(name).copied().ok_or_else(|| Unfit::Target { name: name.to_owned(), known: known(targets) })
}

fn units(event: &Event) -> Result<(), Unfit> {
    for descriptor in event.payload_descriptors.iter().flatten() {
        let expected = match descriptor.payload_type.as_str() {
            EXPORT_CAP | IMPORT_CAP | SHIFT_POWER => "KW",
            SHIFT_LIMIT => "KWH",
            _ => continue,
        };
        if let Some(units) = descriptor.units.as_ref().filter(|units| *units != expected) {
            return Err(Unfit::Units { kind: descriptor.payload_type.clone(), units: units.clone(), expected });
        }
    }
    Ok(())
}

/// From when to when an interval lasts: by its own words, else by the event's, one after the other.
fn span(interval: &Interval, of_event: Option<&Period>, next_ms: Option<u64>) -> Result<(u64, u64), Unfit> {
    let wrong = |why| Unfit::Time { interval: interval.id, why };
    let own = interval.interval_period.as_ref();
    if own
        .or(of_event)
        .is_some_and(|period| period.randomize_start.as_deref().is_some_and(|by| !by.is_empty() && duration_ms(by) != Some(0)))
    {
        return Err(wrong("its start is to be random (`randomizeStart`), and a cap has to hold for everybody at once"));
    }
    let start = |period: &Period| period.start.as_deref().map(start_ms);
    let started = own.and_then(start).or_else(|| next_ms.map(Some)).or_else(|| of_event.and_then(start));
    let from_ms = started.flatten().ok_or_else(|| wrong("`start` is no time; expected one as 2026-11-30T18:00:00Z"))?;
    let lasts = own.and_then(|period| period.duration.as_deref()).or(of_event.and_then(|period| period.duration.as_deref()));
    let lasts_ms = lasts.and_then(duration_ms).filter(|lasts_ms| *lasts_ms > 0);
    let lasts_ms = lasts_ms.ok_or_else(|| wrong("`duration` is none; expected one as PT15M, without years and months"))?;
    let until_ms = from_ms.saturating_add(lasts_ms);
    if until_ms / SLOT_MS >= u64::from(Slot::MAX) {
        return Err(wrong("it lies too far ahead"));
    }
    Ok((from_ms, until_ms))
}

/// Slot of a time, whose bound [`span`] has held.
fn slot(time_ms: u64) -> Slot {
    Slot::try_from(time_ms / SLOT_MS).unwrap_or(Slot::MAX)
}

fn least(a: Option<u32>, b: Option<u32>) -> Option<u32> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        _ => a.or(b),
    }
}

fn limit(interval: &Interval) -> Result<Limit, Unfit> {
    let mut limit = Limit::default();
    for payload in &interval.payloads {
        let wh = match payload.kind.as_str() {
            EXPORT_CAP => &mut limit.up_wh,
            IMPORT_CAP => &mut limit.down_wh,
            _ => return Err(Unfit::Payload { interval: interval.id, what: payload.kind.clone() }),
        };
        *wh = least(*wh, Some(wh_of(power(payload, interval)?)));
    }
    if limit == Limit::default() {
        return Err(Unfit::Payload { interval: interval.id, what: "nothing".into() });
    }
    Ok(limit)
}

/// The order of an interval that has anything of one.
fn shift(interval: &Interval, targets: &BTreeMap<String, u8>) -> Result<Option<Shift>, Unfit> {
    const PARTS: [&str; 4] = [SHIFT_POWER, SHIFT_LIMIT, SHIFT_DEFICIT, SHIFT_SURPLUS];
    if !interval.payloads.iter().any(|payload| PARTS.contains(&payload.kind.as_str())) {
        return Ok(None);
    }
    let incomplete = || {
        let kinds: Vec<&str> = interval.payloads.iter().map(|payload| payload.kind.as_str()).collect();
        Unfit::Payload { interval: interval.id, what: kinds.join(", ") }
    };
    if interval.payloads.len() != PARTS.len() {
        return Err(incomplete());
    }
    let part = |kind: &str| interval.payloads.iter().find(|payload| payload.kind == kind).ok_or_else(incomplete);
    let name = |kind: &str| {
        let payload = part(kind)?;
        match payload.values.as_slice() {
            [value] if value.is_string() => zone(value.as_str().unwrap_or_default(), targets),
            _ => Err(value_error(payload, interval, "target")),
        }
    };
    let (deficit, surplus) = (name(SHIFT_DEFICIT)?, name(SHIFT_SURPLUS)?);
    let wh = wh_of(power(part(SHIFT_POWER)?, interval)?);
    let limit = part(SHIFT_LIMIT)?;
    let limit_micro = (number(limit, interval, "price above 0")? * 1e6).floor();
    if !(1.0..1e15).contains(&limit_micro) {
        return Err(value_error(limit, interval, "price above 0"));
    }
    if deficit == surplus || wh == 0 {
        return Err(Unfit::Time { interval: interval.id, why: "it shifts nothing: the zones are the same, or the power is 0" });
    }
    Ok(Some(Shift { deficit, surplus, wh, limit_micro: limit_micro as i64 }))
}

fn power(payload: &Values, interval: &Interval) -> Result<f64, Unfit> {
    const EXPECTED: &str = "number of kW, 0 or more";
    number(payload, interval, EXPECTED)
        .and_then(|kw| if kw >= 0.0 { Ok(kw) } else { Err(value_error(payload, interval, EXPECTED)) })
}

fn number(payload: &Values, interval: &Interval, expected: &'static str) -> Result<f64, Unfit> {
    let one = if let [value] = payload.values.as_slice() { value.as_f64() } else { None };
    one.filter(|number| number.is_finite()).ok_or_else(|| value_error(payload, interval, expected))
}

fn value_error(payload: &Values, interval: &Interval, expected: &'static str) -> Unfit {
    let got: String = serde_json::to_string(&payload.values).unwrap_or_default().chars().take(80).collect();
    Unfit::Value { kind: payload.kind.clone(), interval: interval.id, expected, got }
}

/// Power to energy in a quarter of an hour, never more than that.
fn wh_of(kw: f64) -> u32 {
    let wh = (kw * 250.0).floor();
    // The product may have been rounded over the next Wh.
    let exact = [wh + 1.0, wh, wh - 1.0].into_iter().find(|wh| wh / 250.0 <= kw);
    exact.unwrap_or(0.0) as u32
}

/// What caps are wanted, each with the zone and the slot: the strictest of all events, and never more than the zone's own.
pub fn caps<'a>(asks: impl Iterator<Item = &'a Ask>, zones: &[Zone]) -> BTreeMap<(u8, Slot), (u32, u32)> {
    let mut wanted = BTreeMap::new();
    for ask in asks {
        for zone in &ask.zones {
            let Some(own) = zones.get(usize::from(*zone)) else { continue };
            for (slot, limit) in &ask.caps {
                let (up_wh, down_wh) = wanted.entry((*zone, *slot)).or_insert((own.up_wh, own.down_wh));
                *up_wh = limit.up_wh.unwrap_or(u32::MAX).min(*up_wh);
                *down_wh = limit.down_wh.unwrap_or(u32::MAX).min(*down_wh);
            }
        }
    }
    wanted
}

/// What is to be shifted, and by which event: one order fits into a slot, the one whose event goes first by its priority, else by its id.
pub fn shifts<'a>(asks: impl Iterator<Item = (&'a String, &'a Ask)>) -> BTreeMap<Slot, (&'a str, Shift)> {
    let mut ordered: Vec<(&String, &Ask)> = asks.collect();
    ordered.sort_by_key(|(id, ask)| (ask.priority.unwrap_or(u32::MAX), *id));
    let mut wanted = BTreeMap::new();
    for (id, ask) in ordered {
        for (slot, shift) in &ask.shifts {
            wanted.entry(*slot).or_insert((id.as_str(), *shift));
        }
    }
    wanted
}

/// Slots after one another, of one day, whose caps are set by one action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    pub zone: u8,
    pub first_slot: Slot,
    pub slots: u8,
    pub up_wh: u32,
    pub down_wh: u32,
}

/// The fewest actions that set these caps.
pub fn runs(caps: &BTreeMap<(u8, Slot), (u32, u32)>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (&(zone, slot), &(up_wh, down_wh)) in caps {
        let next = |run: &Run| {
            let end = run.first_slot + u32::from(run.slots);
            (run.zone, end, run.up_wh, run.down_wh) == (zone, slot, up_wh, down_wh) && slot % DAY_SLOTS != 0
        };
        match runs.last_mut() {
            Some(run) if next(run) => run.slots += 1,
            _ => runs.push(Run { zone, first_slot: slot, slots: 1, up_wh, down_wh }),
        }
    }
    runs
}

#[cfg(test)]
mod tests;
