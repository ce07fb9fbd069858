//! What of OpenADR 3.1's messages a grid operator's port reads and writes. What it does not know is passed over, as the standard wants.

use crate::energy::source::time_ms;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    pub id: String,
    #[serde(rename = "programID")]
    pub program_id: String,
    pub event_name: Option<String>,
    /// Repeats the intervals for so long.
    pub duration: Option<String>,
    /// A lower number goes first; none is last.
    pub priority: Option<u32>,
    pub targets: Option<Vec<String>>,
    pub payload_descriptors: Option<Vec<Descriptor>>,
    pub interval_period: Option<Period>,
    pub intervals: Option<Vec<Interval>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    pub payload_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub units: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Period {
    pub start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub randomize_start: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Interval {
    pub id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval_period: Option<Period>,
    pub payloads: Vec<Values>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Values {
    #[serde(rename = "type")]
    pub kind: String,
    pub values: Vec<Value>,
}

impl Values {
    pub fn new(kind: &str, values: impl IntoIterator<Item = Value>) -> Self {
        Self { kind: kind.into(), values: values.into_iter().collect() }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Program {
    pub id: String,
    pub program_name: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub object_type: &'static str,
    #[serde(rename = "eventID")]
    pub event_id: String,
    pub client_name: String,
    pub report_name: String,
    pub payload_descriptors: Vec<Descriptor>,
    pub resources: Vec<Resource>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    pub resource_name: String,
    pub intervals: Vec<Interval>,
}

/// Milliseconds since 1970-01-01 of an RFC 3339 time; one without a zone is UTC.
pub fn start_ms(text: &str) -> Option<u64> {
    time_ms(text, "+00:00")
}

/// An RFC 3339 time in UTC, whole seconds (the date by Hinnant's `civil_from_days`).
pub fn rfc3339(time_ms: u64) -> String {
    let (days, seconds) = (time_ms / 86_400_000, time_ms / 1_000 % 86_400);
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let (date, month) = (of_year - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = year + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{date:02}T{:02}:{:02}:{:02}Z", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// Digits of one number of a duration.
const DIGITS_MAX: usize = 9;

/// An ISO 8601 duration of whole weeks, days, hours, minutes and seconds. Years and months have no length of their own, so they may only be 0.
pub fn duration_ms(text: &str) -> Option<u64> {
    let rest = text.strip_prefix('P').filter(|rest| !rest.is_empty() && !rest.ends_with('T'))?;
    let (date, time) = rest.split_once('T').unwrap_or((rest, ""));
    let mut total_s = 0u64;
    for (part, units) in [(date, CALENDAR), (time, CLOCK)] {
        let mut digits = String::new();
        for letter in part.chars() {
            if letter.is_ascii_digit() && digits.len() < DIGITS_MAX {
                digits.push(letter);
                continue;
            }
            let (_, seconds) = units.iter().find(|(unit, _)| *unit == letter)?;
            let count: u64 = std::mem::take(&mut digits).parse().ok()?;
            let seconds = seconds.or((count == 0).then_some(0))?;
            total_s += count * seconds;
        }
        if !digits.is_empty() {
            return None;
        }
    }
    Some(total_s * 1_000)
}

/// Letters of a duration, and the seconds of what has a length.
const CALENDAR: &[(char, Option<u64>)] = &[('Y', None), ('M', None), ('W', Some(604_800)), ('D', Some(86_400))];
const CLOCK: &[(char, Option<u64>)] = &[('H', Some(3_600)), ('M', Some(60)), ('S', Some(1))];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_durations_are_read_as_the_standard_writes_them() {
        for time_ms in [0, 951_782_400_000, 1_795_467_909_000, 1_709_164_800_000, 253_402_300_799_000] {
            assert_eq!(start_ms(&rfc3339(time_ms)), Some(time_ms), "{}", rfc3339(time_ms));
        }
        assert_eq!(rfc3339(1_795_467_909_000), "2026-11-23T21:05:09Z");
        for (text, expected) in [
            ("PT15M", Some(900_000)),
            ("P1DT2H3M4S", Some(93_784_000)),
            ("P0Y0M0DT0H30M0S", Some(1_800_000)),
            ("P1W", Some(604_800_000)),
            ("P9999Y", None),
            ("P1M", None),
            ("PT", None),
            ("P", None),
            ("PT15", None),
            ("15M", None),
            ("PT1.5H", None),
            ("PTM", None),
            ("PT99999999999H", None),
        ] {
            assert_eq!(duration_ms(text), expected, "{text}");
        }
    }
}
