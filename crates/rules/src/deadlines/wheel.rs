//! The wheel: putting in, taking out, and what must hold.

use super::{
    CURSOR, Cursor, Due, ENTRY, Entry, Event, Handler, RUN_MAX, Refusal, SECOND, SECOND_MAX, SHIFT_MAX, SPAN, SPAN_SECONDS,
    SPANS_MAX, Second, Span,
};
use crate::ids::SYSTEM;
use crate::{Draft, Failure, Memory, Source, Stop, Violation};
use std::collections::BTreeMap;

/// Asks that `due` be looked at no sooner than `at_ms`, rounded up to a whole second; in the past: in the next block.
///
/// # Errors
/// `Full` where [`SHIFT_MAX`] seconds from there are full.
pub fn schedule(d: &mut Draft<'_>, at_ms: u64, due: Due) -> Result<(), Failure> {
    let first = at_ms.div_ceil(1_000).max(cursor(d)?.second);
    for second in first..=first.saturating_add(u64::from(SHIFT_MAX)) {
        let entries = SECOND.get(d, &second)?.map_or(0, |record| record.entries);
        if entries >= SECOND_MAX {
            continue;
        }
        if entries == 0 {
            set_bit(d, second, true)?;
        }
        SECOND.put(d, &second, &Second { second, entries: entries.saturating_add(1) });
        ENTRY.put(d, &(second, entries), &Entry { second, index: entries, due });
        return Ok(());
    }
    Err(Refusal::Full { at_ms }.into())
}

/// Runs what is due at `d.env.time_ms`, each entry in a draft of its own.
///
/// # Errors
/// Only a [`Stop`]; what a handler is refused is told by an event.
pub fn run(d: &mut Draft<'_>, handler: Handler) -> Result<(), Stop> {
    let now = d.env.time_ms / 1_000;
    let mut at = cursor(d)?;
    let before = at;
    let (mut handled, mut passed) = (0u32, 0);
    while at.second <= now && handled < RUN_MAX && passed < SPANS_MAX {
        let entries = SECOND.get(d, &at.second)?.map_or(0, |record| record.entries);
        if at.index < entries {
            let entry = ENTRY.get(d, &(at.second, at.index))?;
            handled = handled.saturating_add(entry.as_ref().map_or(1, |entry| entry.due.weight()));
            if let Some(entry) = entry {
                handle(d, entry.due, handler)?;
            }
            ENTRY.remove(d, &(at.second, at.index));
            at.index = at.index.saturating_add(1);
            // What a handler schedules goes into this second at the earliest.
            CURSOR.put(d, &(), &at);
            continue;
        }
        if entries > 0 {
            SECOND.remove(d, &at.second);
            set_bit(d, at.second, false)?;
        }
        let next = next_in_span(d, at.second)?;
        if next % SPAN_SECONDS == 0 {
            passed = passed.saturating_add(1);
        }
        // Not beyond the coming second: what is scheduled from now on may be due then.
        at = Cursor { second: next.min(now.saturating_add(1)), index: 0 };
    }
    if at != before {
        CURSOR.put(d, &(), &at);
    }
    Ok(())
}

fn handle(d: &mut Draft<'_>, due: Due, handler: Handler) -> Result<(), Stop> {
    let mut nested = d.nested(SYSTEM);
    match handler(&mut nested, due) {
        Ok(()) => {
            let effects = nested.into_effects();
            d.adopt(effects);
        }
        Err(Failure::Stopped(stop)) => return Err(stop),
        Err(Failure::Refused(_)) => d.emit(Event::Failed { due }),
    }
    Ok(())
}

/// A chain whose wheel has never turned begins at the present.
fn cursor(d: &mut Draft<'_>) -> Result<Cursor, Stop> {
    let now = d.env.time_ms / 1_000;
    match CURSOR.get(d, &())? {
        Some(cursor) => Ok(cursor),
        None => {
            let cursor = Cursor { second: now, index: 0 };
            CURSOR.put(d, &(), &cursor);
            Ok(cursor)
        }
    }
}

/// The first second after `second` in its span that has entries, else the first second of the next span.
fn next_in_span(s: &mut (impl Source + ?Sized), second: u64) -> Result<u64, Stop> {
    let span = second / SPAN_SECONDS;
    let next_span = span.saturating_add(1).saturating_mul(SPAN_SECONDS);
    let Some(record) = SPAN.get(s, &span)? else { return Ok(next_span) };
    Ok((second.saturating_add(1)..next_span).find(|second| bit(&record, *second)).unwrap_or(next_span))
}

fn bit(span: &Span, second: u64) -> bool {
    let place = second % SPAN_SECONDS;
    span.seconds.iter().zip(0u64..).any(|(word, i)| i == place / 64 && word & (1 << (place % 64)) != 0)
}

fn set_bit(d: &mut Draft<'_>, second: u64, on: bool) -> Result<(), Stop> {
    let (span, place) = (second / SPAN_SECONDS, second % SPAN_SECONDS);
    let mut record = SPAN.get(d, &span)?.unwrap_or(Span { span, seconds: [0; 16] });
    for (word, i) in record.seconds.iter_mut().zip(0u64..) {
        if i == place / 64 {
            let mask = 1 << (place % 64);
            *word = if on { *word | mask } else { *word & !mask };
        }
    }
    if record.seconds == [0; 16] {
        SPAN.remove(d, &span);
    } else {
        SPAN.put(d, &span, &record);
    }
    Ok(())
}

/// DEADLINES-1 and DEADLINES-2 over all records.
///
/// # Errors
/// A record that does not decode.
pub fn audit(all: &Memory) -> Result<Vec<Violation>, Stop> {
    let mut violations = Vec::new();
    let cursor = CURSOR.scan(all)?.pop().unwrap_or(Cursor { second: 0, index: 0 });
    let mut standing: BTreeMap<u64, u32> = BTreeMap::new();
    for entry in ENTRY.scan(all)? {
        let count = standing.entry(entry.second).or_default();
        *count = count.saturating_add(1);
        if (entry.second, entry.index) < (cursor.second, cursor.index) {
            violations.push(Violation::new("DEADLINES-2", format!("{entry:?} stands before {cursor:?}")));
        }
    }
    let spans = SPAN.scan(all)?;
    let seconds = SECOND.scan(all)?;
    for second in &seconds {
        let run = if second.second == cursor.second { cursor.index } else { 0 };
        let left = standing.remove(&second.second).unwrap_or_default();
        if left.saturating_add(run) != second.entries {
            violations.push(Violation::new("DEADLINES-1", format!("{second:?}: {left} entries stand, {run} have run")));
        }
        if !spans.iter().any(|span| span.span == second.second / SPAN_SECONDS && bit(span, second.second)) {
            violations.push(Violation::new("DEADLINES-1", format!("{second:?} has no bit")));
        }
    }
    let bits: u32 = spans.iter().flat_map(|span| span.seconds).map(u64::count_ones).sum();
    if u64::from(bits) != seconds.len() as u64 || !standing.is_empty() {
        violations.push(Violation::new("DEADLINES-1", format!("{bits} bits, {} seconds, {standing:?} uncounted", seconds.len())));
    }
    Ok(violations)
}
