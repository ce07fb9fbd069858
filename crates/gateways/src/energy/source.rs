//! What a meter's reading head says over MQTT, as registers: pure.
//!
//! Two ways to say it: one JSON message with everything (Tasmota's `tele/NAME/SENSOR`, its script giving `Total_in`, `Total_out`, `Power_curr`), or a topic for
//! each register with a plain number (ESPHome's `NAME/sensor/ID/state`, Home Assistant's `mqtt_statestream`).
//!
//! This module never rounds up: of `1234.5678` kWh the meter has counted 1,234,567 Wh in full. It never takes a message apart that is longer than
//! [`PAYLOAD_MAX_BYTES`].

use serde::Deserialize;
use serde_json::Value;

/// Longest message that is looked at. A Tasmota head with three phases sends some 500 bytes.
pub const PAYLOAD_MAX_BYTES: usize = 8 << 10;
/// Digits before the point of a register, at most: far more than any meter has.
const DIGITS_MAX: usize = 12;

/// The unit of the registers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Unit {
    #[default]
    #[serde(rename = "kWh")]
    KiloWattHour,
    #[serde(rename = "Wh")]
    WattHour,
}

/// When a reading was taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimeOf {
    /// When its message came, by this machine's clock.
    #[default]
    Arrival,
    /// As the message says.
    Payload,
}

/// `[meter]` of the file: where the registers are found.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Of JSON messages with everything in them.
    pub topic: Option<String>,
    /// JSON pointers to the registers 1.8.0 and 2.8.0; an empty one: the meter has no such register, it stands at 0.
    #[serde(default = "default_import")]
    pub import: String,
    #[serde(default = "default_export")]
    pub export: String,
    /// JSON pointer to the power, W, drawn +; where nothing is there it is worked out from the registers.
    #[serde(default = "default_power")]
    pub power: String,
    /// In place of `topic`: one for each register, with plain numbers.
    pub import_topic: Option<String>,
    pub export_topic: Option<String>,
    pub power_topic: Option<String>,
    #[serde(default)]
    pub unit: Unit,
    #[serde(default)]
    pub time: TimeOf,
    /// JSON pointer to the time (ISO 8601), for `time = "payload"`.
    #[serde(default = "default_time")]
    pub time_field: String,
    /// What a time without a zone of its own is ahead of UTC by, `+01:00`.
    #[serde(default = "default_offset")]
    pub utc_offset: String,
}

fn default_import() -> String {
    "/SML/Total_in".into()
}
fn default_export() -> String {
    "/SML/Total_out".into()
}
fn default_power() -> String {
    "/SML/Power_curr".into()
}
fn default_time() -> String {
    "/Time".into()
}
fn default_offset() -> String {
    "+00:00".into()
}

/// What one message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Milliseconds since 1970-01-01 UTC.
    pub time_ms: u64,
    pub import_wh: Option<u64>,
    pub export_wh: Option<u64>,
    /// Drawn +, delivered −.
    pub power_w: Option<i64>,
}

/// Why a message says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("a message of {0} bytes is too long")]
    Long(usize),
    #[error("a message is no JSON: {0}")]
    Json(String),
    #[error("a message has nothing at {0}")]
    Missing(String),
    #[error("`{0}` is no number of a register")]
    Number(String),
    #[error("`{0}` is no time, as 2026-06-01T12:15:00")]
    Time(String),
}

impl Source {
    /// What is wrong with the section, one sentence each.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.topic.is_some() == self.import_topic.is_some() {
            problems.push("[meter]: name either `topic` (JSON) or `import_topic` (plain numbers)".into());
        }
        if self.topic.is_some() && (self.export_topic.is_some() || self.power_topic.is_some()) {
            problems.push("[meter]: `export_topic` and `power_topic` go with `import_topic`".into());
        }
        if self.topic.is_none() && self.time == TimeOf::Payload {
            problems.push("[meter]: plain numbers have no time, so `time = \"payload\"` needs `topic`".into());
        }
        for (name, pointer) in [("import", &self.import), ("export", &self.export), ("power", &self.power)] {
            if !pointer.is_empty() && !pointer.starts_with('/') {
                problems.push(format!("[meter]: {name} = `{pointer}` is no JSON pointer, as /SML/Total_in"));
            }
        }
        if offset_ms(&self.utc_offset).is_none() {
            problems.push(format!("[meter]: utc_offset = `{}`: expected as +01:00", self.utc_offset));
        }
        problems
    }

    /// What to subscribe to.
    pub fn topics(&self) -> impl Iterator<Item = &str> {
        [&self.topic, &self.import_topic, &self.export_topic, &self.power_topic].into_iter().flatten().map(String::as_str)
    }

    /// Whether the meter has a register of what was delivered; else it stands at 0.
    pub fn has_export(&self) -> bool {
        if self.topic.is_some() { !self.export.is_empty() } else { self.export_topic.is_some() }
    }

    /// What a message that came at `arrived_ms` says; `None` where the topic is none of ours.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn heard(&self, topic: &str, payload: &[u8], arrived_ms: u64) -> Option<Result<Heard, Unreadable>> {
        let is = |of: &Option<String>| of.as_deref() == Some(topic);
        let (import, export, power) = (is(&self.import_topic), is(&self.export_topic), is(&self.power_topic));
        if is(&self.topic) {
            return Some(self.of_json(payload, arrived_ms));
        }
        if !import && !export && !power {
            return None;
        }
        Some(plain(payload).and_then(|text| {
            let wh = |wanted: bool| wanted.then(|| self.wh(text)).transpose();
            let power_w = power.then(|| watt(text)).transpose()?;
            Ok(Heard { time_ms: arrived_ms, import_wh: wh(import)?, export_wh: wh(export)?, power_w })
        }))
    }

    fn of_json(&self, payload: &[u8], arrived_ms: u64) -> Result<Heard, Unreadable> {
        let json: Value = serde_json::from_str(plain(payload)?).map_err(|error| Unreadable::Json(error.to_string()))?;
        let found = |pointer: &str| json.pointer(pointer).filter(|value| !value.is_null()).map(words);
        let needed = |pointer: &str| found(pointer).ok_or_else(|| Unreadable::Missing(pointer.to_owned()));
        let wh = |pointer: &str| if pointer.is_empty() { Ok(0) } else { self.wh(&needed(pointer)?) };
        let (import_wh, export_wh) = (Some(wh(&self.import)?), Some(wh(&self.export)?));
        let power_w = found(&self.power).filter(|_| !self.power.is_empty()).map(|text| watt(&text)).transpose()?;
        let time_ms = match self.time {
            TimeOf::Arrival => arrived_ms,
            TimeOf::Payload => {
                let text = needed(&self.time_field)?;
                time_ms(&text, &self.utc_offset).ok_or(Unreadable::Time(text))?
            }
        };
        Ok(Heard { time_ms, import_wh, export_wh, power_w })
    }

    fn wh(&self, text: &str) -> Result<u64, Unreadable> {
        let shift = if self.unit == Unit::KiloWattHour { 3 } else { 0 };
        scaled(text.trim(), shift).ok_or_else(|| Unreadable::Number(short(text)))
    }
}

/// A plain number of a topic: percent, Wh or W, rounded towards 0, at a JSON pointer where there is one.
///
/// # Errors
/// [`Unreadable`].
pub fn number(payload: &[u8], field: Option<&str>) -> Result<i64, Unreadable> {
    let text = plain(payload)?;
    let Some(pointer) = field else { return watt(text) };
    let json: Value = serde_json::from_str(text).map_err(|error| Unreadable::Json(error.to_string()))?;
    watt(&json.pointer(pointer).map(words).ok_or_else(|| Unreadable::Missing(pointer.to_owned()))?)
}

fn plain(payload: &[u8]) -> Result<&str, Unreadable> {
    if payload.len() > PAYLOAD_MAX_BYTES {
        return Err(Unreadable::Long(payload.len()));
    }
    std::str::from_utf8(payload).map(str::trim).map_err(|_| Unreadable::Number("bytes that are no text".into()))
}

/// A JSON number as it was written (to 17 digits), a string without its quotes.
fn words(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Of a message that is not understood, what fits into a sentence.
fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

/// `text`, a decimal number that is not below 0, times 10^`shift`, rounded down. Decimals are taken digit by digit: 0.29 kWh are 290 Wh, which binary
/// floating point does not say.
fn scaled(text: &str, shift: usize) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > DIGITS_MAX || !digits(whole) || !digits(part) {
        return None;
    }
    let part = part.bytes().chain(std::iter::repeat(b'0')).take(shift);
    whole.bytes().chain(part).try_fold(0u64, |sum, digit| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0')))
}

/// Whole watts, rounded towards 0.
fn watt(text: &str) -> Result<i64, Unreadable> {
    let text = text.trim();
    let (below, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let whole = scaled(rest, 0).and_then(|whole| i64::try_from(whole).ok());
    let whole = whole.ok_or_else(|| Unreadable::Number(short(text)))?;
    Ok(if below { -whole } else { whole })
}

/// Milliseconds since 1970-01-01 UTC of `2026-06-01T12:15:00`, with decimals or not; with `Z` or an offset, else at `offset`.
pub(super) fn time_ms(text: &str, offset: &str) -> Option<u64> {
    let (date, time) = text.trim().split_once(['T', ' '])?;
    let zone = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (clock, own) = time.split_at(zone);
    let ahead_ms = offset_ms(if own.is_empty() { offset } else { own })?;
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let fits = year.len() == 4 && month.len() == 2 && day.len() == 2 && parts.next().is_none();
    let days = days(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).filter(|_| fits)?;
    let (clock, part) = clock.split_once('.').unwrap_or((clock, ""));
    let mut parts = clock.split(':');
    let (hour, minute, second) = (two(parts.next()?, 24)?, two(parts.next()?, 60)?, two(parts.next()?, 61)?);
    let milli = scaled(&format!("0.{part}"), 3).filter(|_| parts.next().is_none())?;
    let local_ms = ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1_000 + i64::try_from(milli).ok()?;
    u64::try_from(local_ms - ahead_ms).ok()
}

fn two(text: &str, below: i64) -> Option<i64> {
    let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number < below)
}

/// `Z`, `+01:00` or `-0330`.
fn offset_ms(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let (sign, rest) = text.strip_prefix('+').map(|rest| (1, rest)).or_else(|| Some((-1, text.strip_prefix('-')?)))?;
    let (hours, minutes) = rest.split_once(':').or_else(|| rest.split_at_checked(2))?;
    Some(sign * (two(hours, 15)? * 60 + two(minutes, 60)?) * 60_000)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar (Fliegel and Van Flandern, CACM 11(10), 1968).
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let julian = |year: i64, month: i64, day: i64| {
        let early = (month - 14) / 12;
        (1_461 * (year + 4_800 + early)) / 4 + (367 * (month - 2 - 12 * early)) / 12 - (3 * ((year + 4_900 + early) / 100)) / 4
            + day
            - 32_075
    };
    let (next_year, next_month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    let length = julian(next_year, next_month, 1) - julian(year, month.clamp(1, 12), 1);
    ((1..=12).contains(&month) && (1..=length).contains(&day)).then(|| julian(year, month, day) - julian(1970, 1, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        toml::from_str(text).expect("a section")
    }

    fn say(source: &Source, topic: &str, payload: &str) -> Result<Heard, Unreadable> {
        source.heard(topic, payload.as_bytes(), 7).expect("one of its topics")
    }

    #[test]
    fn what_tasmota_heads_send_is_read() {
        let tasmota = source("topic = \"tele/meter/SENSOR\"");
        let all = r#"{"Time":"2026-06-01T12:15:00","SML":{"Total_in":30291.7543,"Total_out":0.29,"Power_curr":-1250.6,"Meter_Id":"0a014954520003541a1b"}}"#;
        let heard = Heard { time_ms: 7, import_wh: Some(30_291_754), export_wh: Some(290), power_w: Some(-1_250) };
        assert_eq!(say(&tasmota, "tele/meter/SENSOR", all), Ok(heard));
        assert!(tasmota.heard("tele/meter/STATE", b"{}", 7).is_none());
        // A head whose script names the meter, without a register of deliveries and without power.
        let named = source("topic = \"t\"\nimport = \"/MT175/Total_in\"\nexport = \"\"");
        let heard = Heard { time_ms: 7, import_wh: Some(1_066_000), export_wh: Some(0), power_w: None };
        assert_eq!(say(&named, "t", r#"{"Time":"2024-01-14T18:03:15","MT175":{"Total_in":1066.0}}"#), Ok(heard));
        // As a string, and in Wh.
        let wh = source("topic = \"t\"\nimport = \"/e/in\"\nexport = \"/e/out\"\nunit = \"Wh\"");
        let heard = Heard { time_ms: 7, import_wh: Some(1_066), export_wh: Some(3), power_w: None };
        assert_eq!(say(&wh, "t", r#"{"e":{"in":"1066.9","out":3}}"#), Ok(heard));
    }

    #[test]
    fn what_esphome_and_home_assistant_send_is_read() {
        let esphome = source(
            "import_topic = \"m/sensor/in/state\"\nexport_topic = \"m/sensor/out/state\"\npower_topic = \"m/sensor/p/state\"",
        );
        let none = Heard { time_ms: 7, import_wh: None, export_wh: None, power_w: None };
        assert_eq!(say(&esphome, "m/sensor/in/state", "12345.6"), Ok(Heard { import_wh: Some(12_345_600), ..none }));
        assert_eq!(say(&esphome, "m/sensor/out/state", " 0.007\n"), Ok(Heard { export_wh: Some(7), ..none }));
        assert_eq!(say(&esphome, "m/sensor/p/state", "-430"), Ok(Heard { power_w: Some(-430), ..none }));
        for unknown in ["unavailable", "nan", "", "-1", "1e5", "1,5", "9999999999999"] {
            assert!(matches!(say(&esphome, "m/sensor/in/state", unknown), Err(Unreadable::Number(_))), "{unknown}");
        }
    }

    #[test]
    fn what_says_nothing_is_told_apart() {
        let tasmota = source("topic = \"t\"");
        assert_eq!(say(&tasmota, "t", r#"{"Time":"x","ENERGY":{}}"#), Err(Unreadable::Missing("/SML/Total_in".into())));
        assert_eq!(
            say(&tasmota, "t", r#"{"SML":{"Total_in":1,"Total_out":null}}"#),
            Err(Unreadable::Missing("/SML/Total_out".into()))
        );
        assert!(matches!(say(&tasmota, "t", "{"), Err(Unreadable::Json(_))));
        assert!(matches!(say(&tasmota, "t", &"[".repeat(5_000)), Err(Unreadable::Json(_))));
        assert_eq!(say(&tasmota, "t", &" ".repeat(PAYLOAD_MAX_BYTES + 1)), Err(Unreadable::Long(PAYLOAD_MAX_BYTES + 1)));
    }

    #[test]
    fn the_time_of_a_message_is_read_with_and_without_a_zone() {
        for (text, offset, expected) in [
            ("1970-01-01T00:00:00", "+00:00", Some(0)),
            ("2016-06-01T12:15:00", "+00:00", Some(1_464_783_300_000)),
            ("2016-06-01T14:15:00", "+02:00", Some(1_464_783_300_000)),
            ("2016-06-01T14:15:00.25+0200", "-03:30", Some(1_464_783_300_250)),
            ("2016-06-01T12:15:00Z", "+02:00", Some(1_464_783_300_000)),
            ("2024-02-29T00:00:00", "+00:00", Some(1_709_164_800_000)),
            ("2023-02-29T00:00:00", "+00:00", None),
            ("2016-13-01T00:00:00", "+00:00", None),
            ("2016-06-01T24:00:00", "+00:00", None),
            ("2016-06-01", "+00:00", None),
            ("1969-12-31T23:59:59", "+00:00", None),
        ] {
            assert_eq!(time_ms(text, offset), expected, "{text} at {offset}");
        }
        let town = source("topic = \"t\"\ntime = \"payload\"");
        let said = r#"{"Time":"2016-06-01T12:15:00","SML":{"Total_in":1234.567,"Total_out":0.123,"Power_curr":350}}"#;
        let heard = say(&town, "t", said).expect("read");
        assert_eq!((heard.time_ms, heard.import_wh, heard.power_w), (1_464_783_300_000, Some(1_234_567), Some(350)));
    }

    #[test]
    fn sections_that_contradict_themselves_are_told() {
        for (text, word) in [
            ("", "topic"),
            ("topic = \"a\"\nimport_topic = \"b\"", "either"),
            ("import_topic = \"b\"\ntime = \"payload\"", "no time"),
            ("topic = \"a\"\nimport = \"SML.Total_in\"", "pointer"),
            ("topic = \"a\"\nutc_offset = \"Berlin\"", "utc_offset"),
        ] {
            let problems = source(text).problems();
            assert!(problems.len() == 1 && problems[0].contains(word), "{text}: {problems:?}");
        }
        assert!(source("topic = \"a\"").problems().is_empty());
    }
}
