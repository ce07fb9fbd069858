//! What a port must not forget, in a file: events as they were last read, and which caps and orders on the chain are its own.
//!
//! Caps and orders are written down before they are sent. What the chain then has is read from its log, so a cut between the two neither repeats nor
//! loses anything.

use super::{
    plan::{self, Ask},
    wire::Event,
};
use crate::energy::keep;
use alloy_primitives::{B256, keccak256};
use dure_rules::energy::Slot;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::PathBuf,
};

/// Events at once, at most.
pub const EVENTS_MAX: usize = 256;
/// Characters of an id or a name in the standard.
const NAME_MAX: usize = 128;

/// One event.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeptEvent {
    /// Of the version that was read last.
    pub version: B256,
    pub name: String,
    /// What is carried out: the last version that could be.
    pub ask: Ask,
    /// Why the last version cannot be.
    pub trouble: Option<String>,
    /// The report on it at the server, and what it last said.
    pub report: Option<String>,
    pub said: Option<B256>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct File {
    events: BTreeMap<String, KeptEvent>,
    /// As a list: keys of a JSON object are strings.
    caps: Vec<(CapAt, Cap)>,
    orders: BTreeSet<Slot>,
}

/// A zone and a slot.
pub type CapAt = (u8, Slot);
/// What a line carries towards the parent and from it, Wh.
pub type Cap = (u32, u32);

#[derive(Debug)]
pub struct Kept {
    path: PathBuf,
    pub events: BTreeMap<String, KeptEvent>,
    /// Zones and slots whose caps this port has set, and what they were before.
    pub caps: BTreeMap<CapAt, Cap>,
    /// Slots that this port has ordered redispatch for.
    pub orders: BTreeSet<Slot>,
}

impl Kept {
    /// # Errors
    /// Where the file cannot be read: it is never taken for an empty one.
    pub fn open(path: PathBuf) -> io::Result<Self> {
        let File { events, caps, orders } = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => File::default(),
            Err(error) => return Err(error),
        };
        Ok(Self { path, events, caps: caps.into_iter().collect(), orders })
    }

    /// # Errors
    /// Where it cannot be written.
    pub fn save(&self) -> io::Result<()> {
        let file = File {
            events: self.events.clone(),
            caps: self.caps.iter().map(|(at, cap)| (*at, *cap)).collect(),
            orders: self.orders.clone(),
        };
        keep(&self.path, &serde_json::to_vec(&file)?)
    }

    /// Takes in all the events that the server has now: new ones, changed ones, and those that are gone. What is there to say comes back.
    pub fn take(&mut self, listed: &[Value], targets: &BTreeMap<String, u8>) -> Vec<String> {
        let (mut notes, mut there) = (Vec::new(), BTreeSet::new());
        for value in listed {
            let Some(id) = value["id"].as_str().filter(|id| (1..=NAME_MAX).contains(&id.chars().count())) else {
                notes.push("an event without an id is passed over".into());
                continue;
            };
            if !there.insert(id.to_owned()) {
                notes.push(format!("event {id} is listed twice; the first counts"));
                continue;
            }
            let version = keccak256(value.to_string());
            let before = self.events.get(id);
            if before.is_some_and(|event| event.version == version) {
                continue;
            }
            let read = serde_json::from_value::<Event>(value.clone())
                .map_err(|error| plan::Unfit::Form(error.to_string()))
                .and_then(|event| plan::read(&event, targets));
            let name: String = value["eventName"].as_str().unwrap_or(id).chars().take(NAME_MAX).collect();
            let (report, earlier) = before.map_or((None, None), |event| (event.report.clone(), Some(event.ask.clone())));
            let (ask, trouble) = match read {
                Ok(ask) => {
                    notes.push(format!("event {id} ({name}): {}", said(&ask)));
                    (ask, None)
                }
                Err(unfit) => {
                    let rest = if earlier.is_some() { "; what it asked for before goes on" } else { "" };
                    notes.push(format!("event {id} ({name}) is not carried out: {unfit}{rest}"));
                    (earlier.unwrap_or_default(), Some(unfit.to_string()))
                }
            };
            self.events.insert(id.to_owned(), KeptEvent { version, name, ask, trouble, report, said: None });
        }
        let gone: Vec<String> = self.events.keys().filter(|id| !there.contains(*id)).cloned().collect();
        for id in gone {
            self.events.remove(&id);
            notes.push(format!("event {id} is gone: what it asked for is taken back where the time has not come"));
        }
        notes
    }
}

fn said(ask: &Ask) -> String {
    match (ask.caps.len(), ask.shifts.len()) {
        (0, 0) => "asks for nothing".into(),
        (caps, 0) => format!("caps {caps} quarters of an hour in {} zones", ask.zones.len()),
        (0, shifts) => format!("orders redispatch for {shifts} quarters of an hour"),
        (caps, shifts) => {
            format!("caps {caps} quarters of an hour in {} zones, and orders redispatch for {shifts}", ask.zones.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(id: &str, kw: Value) -> Value {
        json!({ "id": id, "programID": "p", "eventName": "evening", "targets": ["north"],
            "intervalPeriod": { "start": "2026-11-30T18:00:00Z", "duration": "PT30M" },
            "intervals": [{ "id": 0, "payloads": [{ "type": "EXPORT_CAPACITY_LIMIT", "values": [kw] }] }] })
    }

    #[test]
    fn an_event_counts_once_a_version_and_what_cannot_be_carried_out_leaves_what_was_there() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("port.json");
        let targets = BTreeMap::from([("north".into(), 1)]);
        let mut kept = Kept::open(path.clone()).expect("opened");
        let cap = |kept: &Kept, id: &str| kept.events[id].ask.caps.values().next().and_then(|limit| limit.up_wh);
        assert_eq!(kept.take(&[event("a", json!(8)), json!({ "id": 7 })], &targets).len(), 2);
        kept.events.get_mut("a").expect("there").report = Some("r1".into());
        kept.caps.insert((1, 7), (3, 4));
        kept.save().expect("saved");
        let mut kept = Kept::open(path.clone()).expect("opened");
        assert_eq!(kept.take(&[event("a", json!(8))], &targets), Vec::<String>::new());
        assert_eq!((cap(&kept, "a"), kept.caps.get(&(1, 7))), (Some(2_000), Some(&(3, 4))));
        let notes = kept.take(&[event("a", json!("8"))], &targets);
        assert!(notes[0].contains("goes on"), "{notes:?}");
        assert_eq!(cap(&kept, "a"), Some(2_000));
        kept.take(&[event("a", json!(4)), event("b", json!("rubbish"))], &targets);
        assert_eq!((cap(&kept, "a"), cap(&kept, "b")), (Some(1_000), None));
        assert_eq!((kept.events["a"].report.as_deref(), &kept.events["a"].trouble), (Some("r1"), &None));
        let notes = kept.take(&[event("b", json!(1))], &targets);
        assert!(notes.iter().any(|note| note.contains("event a is gone")), "{notes:?}");
        assert_eq!((kept.events.len(), cap(&kept, "b")), (1, Some(250)));
        std::fs::write(&path, "{").expect("written");
        assert!(Kept::open(path).is_err());
    }
}
