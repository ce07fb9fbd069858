//! What is physically at a connection: a meter that counts, a roof, a battery that does what it is told. It speaks MQTT like the devices that
//! people have: a reading head with Tasmota, and a battery's soc and set point.

use super::grid::{Battery, Street};
use crate::{
    say::{self, Problem},
    town::{Town, broker},
};
use dure_rules::energy::{SLOT_MS, Slot};
use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, QoS};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

/// Between two messages, wall time.
const SAY_AGAIN: Duration = Duration::from_millis(300);
/// mWh in a Wh, and W × ms in a mWh.
const MILLI: u64 = 1_000;
const W_MS_PER_MWH: i64 = 3_600;
/// What a battery has in it at the first start, percent.
const BEGINS_PERCENT: u64 = 20;

/// Registers and battery, kept on the disk: no meter is turned back by a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    at_ms: u64,
    import_mwh: u64,
    export_mwh: u64,
    stored_mwh: u64,
}

impl State {
    fn new(at_ms: u64, battery: Option<Battery>) -> Self {
        let stored_mwh = battery.map_or(0, |battery| u64::from(battery.capacity_wh) * MILLI * BEGINS_PERCENT / 100);
        Self { at_ms, import_mwh: 0, export_mwh: 0, stored_mwh }
    }

    /// Lives until `until_ms`, within one slot. `charge_w` is what the battery was told, + charges. Gives the net power, + delivers.
    fn advance(&mut self, until_ms: u64, (sun_w, load_w): (u64, u64), battery: Option<Battery>, charge_w: i64) -> i64 {
        let ms = until_ms.saturating_sub(self.at_ms) as i64;
        self.at_ms = self.at_ms.max(until_ms);
        let moved_mwh = battery.map_or(0, |battery| {
            let most = i64::from(battery.power_w);
            let asked = charge_w.clamp(-most, most) * ms / W_MS_PER_MWH;
            let (stored, full) = (self.stored_mwh as i64, i64::from(battery.capacity_wh) * MILLI as i64);
            let efficiency = i64::from(battery.efficiency_permille);
            // All that is lost is lost on charging.
            let moved = if asked > 0 { asked.min((full - stored) * 1_000 / efficiency) } else { asked.max(-stored) };
            self.stored_mwh = (stored + if moved > 0 { moved * efficiency / 1_000 } else { moved }).clamp(0, full) as u64;
            moved
        });
        let net_mwh = (sun_w as i64 - load_w as i64) * ms / W_MS_PER_MWH - moved_mwh;
        let register = if net_mwh > 0 { &mut self.export_mwh } else { &mut self.import_mwh };
        *register += net_mwh.unsigned_abs();
        if ms > 0 { net_mwh * W_MS_PER_MWH / ms } else { 0 }
    }
}

/// A house's devices, until the task is dropped.
///
/// # Errors
/// Where its file cannot be read.
pub async fn live(town: Arc<Town>, street: Arc<Street>, number: usize, folder: PathBuf) -> Result<(), Problem> {
    let file = folder.join("devices.json");
    let battery = street.houses[number].battery;
    let told_w = Arc::new(AtomicI64::new(0));
    let mut options = MqttOptions::new(format!("devices-{number}"), town.broker.ip().to_string(), town.broker.port());
    options.set_credentials(broker::USER, &town.password);
    let (client, events) = AsyncClient::new(options, 256);
    let hears = hear(client.clone(), events, set_topic(number), told_w.clone());
    let speaks = async {
        while town.world.now_ms() == 0 {
            tokio::time::sleep(SAY_AGAIN).await;
        }
        let mut state = read(&file)?.unwrap_or_else(|| State::new(town.world.now_ms(), battery));
        loop {
            for (state, net_w) in until(&mut state, town.world.now_ms(), &street, number, told_w.load(Ordering::Relaxed)) {
                say(&client, number, &state, net_w, battery.is_some());
            }
            keep(&file, &state)?;
            tokio::time::sleep(SAY_AGAIN).await;
        }
    };
    tokio::select! {
        () = hears => Ok(()),
        ended = speaks => ended,
    }
}

/// Lives until now, and gives how it stood at the end of each slot on the way and now.
fn until(state: &mut State, now_ms: u64, street: &Street, number: usize, told_w: i64) -> Vec<(State, i64)> {
    let mut on_the_way = Vec::new();
    while state.at_ms < now_ms {
        let slot = Slot::try_from(state.at_ms / SLOT_MS).unwrap_or(Slot::MAX);
        let end_ms = now_ms.min((state.at_ms / SLOT_MS + 1) * SLOT_MS);
        let power = (street.sun_w(number, slot), street.load_w(number, slot));
        let net_w = state.advance(end_ms, power, street.houses[number].battery, told_w);
        on_the_way.push((*state, net_w));
    }
    on_the_way
}

/// Topics of house `number`: its reading head, its battery's state and its set point.
pub fn sensor_topic(number: usize) -> String {
    format!("tele/house-{number}/SENSOR")
}
pub fn soc_topic(number: usize) -> String {
    format!("house-{number}/battery/soc")
}
pub fn set_topic(number: usize) -> String {
    format!("house-{number}/battery/set")
}

fn say(client: &AsyncClient, number: usize, state: &State, net_w: i64, has_battery: bool) {
    let kwh = |mwh: u64| (mwh / MILLI) as f64 / 1e3;
    let time = say::time(state.at_ms).replace(' ', "T");
    let head = json!({ "Time": time, "SML": {
        "Total_in": kwh(state.import_mwh), "Total_out": kwh(state.export_mwh), "Power_curr": -net_w,
    }});
    // Full: the next one follows. The battery first, so that who hears the meter knows what is in it.
    if has_battery {
        let _ = client.try_publish(soc_topic(number), QoS::AtMostOnce, false, (state.stored_mwh / MILLI).to_string());
    }
    let _ = client.try_publish(sensor_topic(number), QoS::AtMostOnce, false, head.to_string());
}

/// Hears what the battery is told.
async fn hear(client: AsyncClient, mut events: EventLoop, topic: String, told_w: Arc<AtomicI64>) {
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                let _ = client.try_subscribe(topic.clone(), QoS::AtLeastOnce);
            }
            Ok(Event::Incoming(Packet::Publish(published))) => {
                let watt = std::str::from_utf8(&published.payload).ok().and_then(|text| text.trim().parse::<f64>().ok());
                if let Some(watt) = watt.filter(|watt| watt.is_finite()) {
                    told_w.store(watt as i64, Ordering::Relaxed);
                }
            }
            Ok(_) => {}
            Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
        }
    }
}

fn read(file: &Path) -> Result<Option<State>, Problem> {
    let wrong = |why: String| Problem::unreachable(format!("{}: {why}", file.display()));
    match std::fs::read(file) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| wrong(error.to_string())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(wrong(error.to_string())),
    }
}

/// Beside it and renamed, so that a cut leaves a whole file.
fn keep(file: &Path, state: &State) -> Result<(), Problem> {
    let beside = file.with_extension("part");
    let bytes = serde_json::to_vec(state).map_err(Problem::fault)?;
    let kept = std::fs::write(&beside, bytes).and_then(|()| std::fs::rename(&beside, file));
    kept.map_err(|error| Problem::unreachable(format!("{}: {error}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BATTERY: Battery = Battery { power_w: 4_000, capacity_wh: 10_000, efficiency_permille: 950 };
    const HOUR_MS: u64 = 3_600_000;

    #[test]
    fn an_hour_of_sun_fills_the_battery_and_the_rest_is_delivered() {
        let mut state = State::new(0, Some(BATTERY));
        assert_eq!(state.stored_mwh, 2_000_000);
        let net_w = state.advance(HOUR_MS, (6_000, 1_000), Some(BATTERY), 9_999);
        assert_eq!((net_w, state.export_mwh, state.import_mwh), (1_000, 1_000_000, 0), "4 kW at most go into it");
        assert_eq!(state.stored_mwh, 2_000_000 + 3_800_000, "of each kWh 950 Wh stay");
        let net_w = state.advance(3 * HOUR_MS, (0, 1_000), Some(BATTERY), -4_000);
        assert_eq!((net_w, state.stored_mwh), (1_900, 0), "5.8 kWh in two hours, then it is empty");
    }

    #[test]
    fn the_end_of_each_slot_is_told() {
        let street = Street::new(1).expect("its data fit");
        let mut state = State::new(20_600 * 96 * SLOT_MS + 1, None);
        let now_ms = state.at_ms + 2 * SLOT_MS;
        let told: Vec<u64> = until(&mut state, now_ms, &street, 0, 0).iter().map(|(state, _)| state.at_ms).collect();
        assert_eq!(told, [now_ms - SLOT_MS - 1, now_ms - 1, now_ms]);
    }

    proptest! {
        #[test]
        fn registers_only_rise_and_the_battery_keeps_its_bounds(
            steps in prop::collection::vec((0u64..SLOT_MS, 0u64..10_000, 0u64..10_000, -20_000i64..20_000), 1..50),
        ) {
            let mut state = State::new(0, Some(BATTERY));
            for (ms, sun_w, load_w, told_w) in steps {
                let before = state;
                state.advance(state.at_ms + ms, (sun_w, load_w), Some(BATTERY), told_w);
                prop_assert!(state.import_mwh >= before.import_mwh && state.export_mwh >= before.export_mwh);
                prop_assert!(state.stored_mwh <= u64::from(BATTERY.capacity_wh) * MILLI);
            }
        }
    }
}
